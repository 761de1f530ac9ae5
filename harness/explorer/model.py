"""A small model of launcher, command, terminal and job: enough to know which step makes sense next.

It says nothing about what a launcher does: it holds what was asked of the command and of the terminal.
"""

from __future__ import annotations

import signal

from proctor.harness.scenario import Stage

NEVER_CAUGHT = frozenset(
    (signal.SIGKILL, signal.SIGSTOP, signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL)
)  # fmt: skip
"""What the witness leaves at its default."""
SHELLS = ("bash", "dash", "zsh")


class Model:
    """What is so after the steps taken up to now."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.over = False
        """Whether the script has come to its end: the command is told to end, or the launcher is gone."""
        self.settled = False
        self.pending: list[int] = []
        """Signals sent to the launcher or its group, of which nobody has waited for the effect."""
        self.ignored: set[int] = set()
        self.ends_on: dict[int, int] = {}
        """The exit codes with which signals end the command."""
        self.by_default: set[int] = set()
        """Signals that end the command, of themselves."""
        self.launcher_stopped = False
        self.command_stopped = False
        self.job_stopped = False
        self.in_background = False
        self.traced = False
        self.was_held = False
        self.children: list[str] = []
        self.children_made = 0
        self.is_raw = False
        self.typed_ahead = bool(stage.type_ahead)
        """Whether what was typed before the command started is still to be read."""
        self.rows, self.columns = stage.rows, stage.columns

    @property
    def has_terminal(self) -> bool:
        """Whether there are keys to press."""
        return self.stage.terminal

    @property
    def has_shell(self) -> bool:
        """Whether a real shell does the job control."""
        return self.stage.under in SHELLS

    @property
    def is_free(self) -> bool:
        """Whether nobody is stopped, so that what is sent is taken."""
        return not (self.over or self.launcher_stopped or self.command_stopped or self.job_stopped)

    @property
    def is_at_rest(self) -> bool:
        """Whether the effect of all that was done has been waited for."""
        return self.settled and not self.pending

    def catches(self, number: int) -> bool:
        """Whether the command catches a signal, tells of it and goes on."""
        return number not in self.ignored and not self.ends(number) and number not in NEVER_CAUGHT

    def ends(self, number: int) -> bool:
        """Whether a signal ends the command."""
        return number in self.ends_on or number in self.by_default

    def sent(self, number: int, awaited: bool) -> None:
        """Take in that a signal was sent that the command catches."""
        if awaited:
            self.rest()
        else:
            self.pending.append(number)
            self.settled = False

    def rest(self) -> None:
        """Take in that everything has come to rest."""
        self.pending.clear()
        self.settled = True
