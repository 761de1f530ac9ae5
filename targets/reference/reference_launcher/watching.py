"""Whose end the janitor waits for: by pidfds, which mean a process and not a number."""

import os
import select

from reference_launcher.process import PR_SET_NAME
from reference_launcher.programs import DISMISSED, GO_ON, PAUSE, Programs


class Watched:
    """Whose end the janitor waits for."""

    def __init__(self, programs: Programs, launcher: int) -> None:
        self.programs = programs
        self.poll = select.poll()
        self.poll.register(launcher, select.POLLIN)
        self.poll.register(programs.orders, select.POLLIN)
        self.running = {launcher}
        self.heard = b""
        self.dismissed = False
        name(programs, programs.launcher)

    def is_over(self, timeout: float | None) -> bool:
        if not self.dismissed and self.running:
            for descriptor, _ in self.poll.poll(timeout):
                if descriptor in self.running:
                    self.listen()  # a last order of one that was killed: his command is to be watched
                    self.running.remove(descriptor)
                    self.poll.unregister(descriptor)
                else:
                    self.listen()
        return self.dismissed or not self.running

    def listen(self) -> None:
        try:
            more = os.read(self.programs.orders, 4096)
        except BlockingIOError:
            return
        if not more:  # the launcher has become the command, or was killed: its pidfd says which
            try:
                self.poll.unregister(self.programs.orders)
            except KeyError:
                pass
            return
        # It may have been stopped and continued while we were making the last of the environment.
        self.heard += more.translate(None, PAUSE + GO_ON)
        self.dismissed = DISMISSED in self.heard
        while b"\n" in self.heard:
            line, _, self.heard = self.heard.partition(b"\n")
            self.watch(int(line))

    def watch(self, pid: int) -> None:
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:  # it has ended, and its parent has been killed
            return
        self.running.add(descriptor)
        self.poll.register(descriptor, select.POLLIN)
        name(self.programs, pid)


def name(programs: Programs, pid: int) -> None:
    """Be called `janitor PID` in ps(1), for people and for `cache list`. The 15 bytes just hold it."""
    programs.prctl(PR_SET_NAME, b"janitor %d" % pid)
