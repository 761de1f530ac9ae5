"""How the janitor waits for processes to end: by pidfds, because a PID can be reused."""

import os
import select

from reference_launcher.process import PR_SET_NAME
from reference_launcher.programs import CONTINUE, DISMISS, PAUSE, ProgramRunner


class ProcessWatch:
    """Waits for the end of the launcher and of each PID that arrives on the orders pipe, or for DISMISS.

    `launcher` is a pidfd of the launcher. In exec mode that process becomes the command.
    """

    def __init__(self, programs: ProgramRunner, launcher: int) -> None:
        self.programs = programs
        self.poll = select.poll()
        self.poll.register(launcher, select.POLLIN)
        self.poll.register(programs.orders, select.POLLIN)
        self.pidfds = {launcher}
        self.unparsed = b""
        self.dismissed = False
        set_janitor_name(programs, programs.launcher)

    def is_over(self, timeout: float | None) -> bool:
        """Wait up to `timeout` milliseconds (None: without limit) for an event. Return whether the wait is over."""
        if not self.dismissed and self.pidfds:
            for descriptor, _ in self.poll.poll(timeout):
                self.read_orders()  # also when a process has ended: a killed launcher may have written a last order
                if descriptor in self.pidfds:
                    self.pidfds.remove(descriptor)
                    self.poll.unregister(descriptor)
        return self.dismissed or not self.pidfds

    def read_orders(self) -> None:
        try:
            data = os.read(self.programs.orders, 4096)
        except BlockingIOError:
            return
        if not data:  # the launcher has become the command or has ended; its pidfd tells which
            try:
                self.poll.unregister(self.programs.orders)
            except KeyError:
                pass
            return
        # PAUSE and CONTINUE can still arrive from the time when the environment was made.
        self.unparsed += data.translate(None, PAUSE + CONTINUE)
        self.dismissed = DISMISS in self.unparsed
        while b"\n" in self.unparsed:
            line, _, self.unparsed = self.unparsed.partition(b"\n")
            self.watch(int(line))

    def watch(self, pid: int) -> None:
        try:
            pidfd = os.pidfd_open(pid)
        except ProcessLookupError:  # it has ended, and so has its parent
            return
        self.pidfds.add(pidfd)
        self.poll.register(pidfd, select.POLLIN)
        set_janitor_name(self.programs, pid)


def set_janitor_name(programs: ProgramRunner, pid: int) -> None:
    """Set the process name to `janitor PID`, for ps(1) and `cache list`. 15 bytes, the maximum, are just enough."""
    programs.prctl(PR_SET_NAME, b"janitor %d" % pid)
