"""Planted faults of launchers that replace themselves by the command (`run --exec`)."""

import os

from .sound_with_environments import TYPE_CHECKING, Launcher, signal

if TYPE_CHECKING:
    from typing import NoReturn


class exec_1_stays(Launcher):
    """Stays as the command's parent."""

    breaks = "EXEC-1"
    also_breaks = ("EXEC-2",)
    mode = "exec"

    def replace(self, command: list[str]) -> "NoReturn":
        self.supervise(command)


class exec_2_janitor_dies(Launcher):
    """Has its janitor in the command's process group, where Ctrl-C kills it."""

    breaks = "EXEC-2"
    also_breaks = ("ENV-1",)
    may_break = ("ENV-3",)
    mode = "exec"

    def leave(self) -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])


class exec_2_no_janitor(Launcher):
    """Replaces itself and leaves no process that could remove the environment."""

    breaks = "EXEC-2"
    also_breaks = ("ENV-1", "ENV-5", "CACHE-1")
    may_break = ("ENV-2", "ENV-3", "ENV-4")
    mode = "exec"

    def replace(self, command: list[str]) -> "NoReturn":
        self.become(command)


class exec_3_child(Launcher):
    """Leaves the command its janitor as a child."""

    breaks = "EXEC-3"
    mode = "exec"

    def start_janitor(self, watched: list[int], unneeded: int = -1, adopted: bool = False) -> int:
        return super().start_janitor(watched, unneeded)


class exec_3_descriptor(Launcher):
    """Leaves the command a descriptor, its lease."""

    breaks = "EXEC-3"
    may_break = ("ENV-1",)
    mode = "exec"

    def become(self, command: list[str]) -> "NoReturn":
        os.set_inheritable(self.lease, True)
        super().become(command)


class exec_3_sigchld(Launcher):
    """Leaves the command a pending SIGCHLD, if the caller has it blocked.

    It waits for the process that started its janitor, but does not take the signal.
    """

    breaks = "EXEC-3"
    mode = "exec"

    def forget_maker(self, pid: int) -> None:
        os.waitpid(pid, 0)
        if self.inherited_sigchld == signal.SIG_DFL:  # to set that again would discard what is pending
            self.inherited_sigchld = None


class exec_3_term_blocked(Launcher):
    """Leaves SIGTERM blocked in the command."""

    breaks = "EXEC-3"
    may_break = ("EXEC-2", "ENV-1", "ENV-2", "ENV-3")
    mode = "exec"

    def restore_mask(self) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, {*self.inherited_mask, signal.SIGTERM})


class exec_3_zombie(Launcher):
    """Leaves the command a zombie: the process that started its janitor is not waited for."""

    breaks = "EXEC-3"
    mode = "exec"

    def forget_maker(self, pid: int) -> None:
        pass
