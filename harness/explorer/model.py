"""A small model of launcher, command, terminal and job, from which the possible next steps follow.

It does not model the launcher's behaviour, only what the script has ordered of the command and the terminal.
"""

from __future__ import annotations

import signal

from proctor.harness.scenario import Stage

NEVER_CAUGHT = frozenset(
    (signal.SIGKILL, signal.SIGSTOP, signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL)
)  # fmt: skip
"""Signals that the witness leaves at their default."""
SHELLS = ("bash", "dash", "zsh")


class Model:
    """The state after the steps so far."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.is_over = False
        """Whether the script is at its end: the command was ordered to end, or the launcher has ended."""
        self.settled = False
        self.pending: list[int] = []
        """Signals sent to the launcher or its process group whose effect the script has not waited for."""
        self.ignored: set[int] = set()
        self.ends_on: dict[int, int] = {}
        """By signal, the exit code with which the command ends on its receipt."""
        self.ended_by_default: set[int] = set()
        """Signals that end the command by their default action."""
        self.launcher_stopped = False
        self.command_stopped = False
        self.job_stopped = False
        self.in_background = False
        self.is_traced = False
        self.was_held = False
        self.children: list[str] = []
        self.children_made = 0
        self.is_raw = False
        self.typed_ahead = bool(stage.type_ahead)
        """Whether input typed before the command started is still unread."""
        self.rows, self.columns = stage.rows, stage.columns

    @property
    def has_terminal(self) -> bool:
        """Whether there is a terminal, so that keys can be pressed."""
        return self.stage.terminal

    @property
    def has_shell(self) -> bool:
        """Whether a shell does the job control."""
        return self.stage.parent in SHELLS

    @property
    def is_free(self) -> bool:
        """Whether no process is stopped, so that signals are handled at once."""
        return not (self.is_over or self.launcher_stopped or self.command_stopped or self.job_stopped)

    @property
    def is_at_rest(self) -> bool:
        """Whether the script has waited for the effect of all steps."""
        return self.settled and not self.pending

    def catches(self, number: int) -> bool:
        """Whether the command catches a signal, reports it and continues."""
        return number not in self.ignored and not self.ends(number) and number not in NEVER_CAUGHT

    def ends(self, number: int) -> bool:
        """Whether a signal ends the command."""
        return number in self.ends_on or number in self.ended_by_default

    def sent(self, number: int, awaited: bool) -> None:
        """Record that a signal was sent that the command catches."""
        if awaited:
            self.rest()
        else:
            self.pending.append(number)
            self.settled = False

    def rest(self) -> None:
        """Record that all effects have occurred."""
        self.pending.clear()
        self.settled = True
