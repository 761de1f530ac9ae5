"""Planted faults in the exit status after a signal that the command has handled."""

from .signals import GraceOf300Ms
from .sound import TYPE_CHECKING, Launcher, signal

if TYPE_CHECKING:
    from typing import NoReturn


class exit_7_last_signal(Launcher):
    """Dies of the last signal it was sent, although the command handled it and exited with a code of its own.

    Supervisors that set their status in the signal handler.
    """

    breaks = "EXIT-7"
    # when the case looks at the status after a signal that its command handled
    may_break = ("EXIT-1", "SIG-5", "SIG-7", "TTY-1", "TTY-4", "TREE-6")

    fatal = 0

    def on_signal(self, info: "signal.struct_siginfo") -> None:
        if info.si_signo in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            self.fatal = info.si_signo
        super().on_signal(info)

    def finish(self, status: int) -> "NoReturn":
        super().finish(self.fatal or status)


class exit_7_late_signal_kills(Launcher):
    """Dies of a signal that it takes after the command has ended, when there is no child to forward it to.

    Handlers that fall back to the default action without a child. Shown without a race: SIGSTOP to the launcher, the
    command exits 3, SIGTERM, SIGCONT.
    """

    breaks = "EXIT-7"
    # SIG-7 sweeps the same moments; the others if a signal is still pending at the end
    may_break = ("SIG-5", "SIG-7", "SIG-10")

    def on_signal(self, info: "signal.struct_siginfo") -> None:
        self.on_children()
        if self.status is not None and info.si_signo in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            self.finish(info.si_signo)
        super().on_signal(info)


class exit_7_gives_up_after_300_ms(GraceOf300Ms):
    """Gives the signal's status when the command has not ended 300 ms after SIGTERM, whatever its own one is then.

    firejail says 143 for a command that needs a while to stop and exits with 7.
    """

    breaks = "EXIT-7"
    # when the case sends a SIGTERM to a command that goes on
    may_break = ("EXIT-1", "SIG-5", "SIG-7", "SIG-10", "TTY-1", "TTY-4", "TREE-6")

    given_up = 0

    def grace_is_over(self) -> None:
        self.given_up = signal.SIGTERM

    def finish(self, status: int) -> "NoReturn":
        super().finish(self.given_up or status)


class exit_7_zero_is_143(Launcher):
    """Dies of the signal it was sent, although the command handled it and exited with 0.

    A service that stops cleanly on SIGTERM is recorded as killed. Launchers that look at the code only if it is not 0.
    """

    breaks = "EXIT-7"
    # when the case looks at the status after a signal that its command handled
    may_break = ("EXIT-1", "SIG-5", "SIG-7", "TTY-1", "TTY-4", "TREE-6")

    def finish(self, status: int) -> "NoReturn":
        sent = self.seen & {signal.SIGHUP, signal.SIGINT, signal.SIGTERM}
        super().finish(max(sent) if status == 0 and sent else status)
