"""Supervise mode: stay as the parent of the command and let nobody notice.

One process, one thread, one loop. All signals are blocked from the first line of the launcher to its end and
taken one at a time by sigwaitinfo(2). So there is no handler, hence nothing that can run between two lines, and
each signal comes with its siginfo, which a handler in Python would not get to see: who sent it decides what is
done with it. The command is in the launcher's own process group and session; it reads from the terminal, is
stopped and continued by the shell, and dies of the hang-up because it is a member, not because we arrange it.
"""

import _signal as signal
import os

from reference_launcher.command import LAUNCHER_FAILED, become, complain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

ALL = signal.valid_signals()

# What the kernel itself sends on behalf of a terminal, and always to a whole process group: tty_ioctl(4), termios(3).
FROM_TERMINAL = frozenset(
    (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU, signal.SIGWINCH)
    + (signal.SIGHUP, signal.SIGCONT)
)

PR_SET_PDEATHSIG = 1  # linux/prctl.h
PR_SET_DUMPABLE = 4


def supervise(words: list[bytes], mask: set[int]) -> None:
    # An ignored SIGCHLD makes the kernel reap the children by itself, and their status is lost: wait(2).
    inherited = signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    prctl = load_prctl()  # before the fork, so that the child has nothing left to do that takes time or fails
    launcher = os.getpid()
    gate, hold = os.pipe()
    try:
        pid = os.fork()
    except OSError as error:
        complain(b"cannot start a process: " + os.strerror(error.errno or 0).encode())
        os._exit(LAUNCHER_FAILED)
    if pid == 0:
        os.close(hold)
        signal.signal(signal.SIGCHLD, inherited)
        # If the launcher is killed by SIGKILL, nobody is left to hand on a signal. So the kernel tells the command.
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != launcher:
            os._exit(LAUNCHER_FAILED)  # killed before it was set: the kernel will not tell us any more
        os.read(gate, 1)
        os.close(gate)
        become(words, mask)
    os.close(gate)
    command = Command(words[0], pid)
    command.hand_on_pending()
    os.close(hold)
    end_like(command.wait(), prctl)


class Command:
    """The command while it runs: what it is told, and what it tells."""

    def __init__(self, name: bytes, pid: int) -> None:
        self.name = name
        self.pid = pid  # valid until `reap` has seen its end, and not used afterwards
        self.end: os.waitid_result | None = None
        self.came_through: set[int] = set()  # signals the launcher has seen, hence can explain the end

    def hand_on_pending(self) -> None:
        """Hand on what came before there was a command, whoever sent it.

        A Ctrl-C that came just before the fork reached the launcher only, one that came just after it reached both,
        and they look the same. But as long as the child waits at the gate it has every signal blocked, and a signal
        that is pending already is not added a second time. So here, and only here, all of them can be sent.
        """
        while info := signal.sigtimedwait(ALL, 0):
            if info.si_signo != signal.SIGCHLD:
                self.send(info.si_signo)

    def wait(self) -> os.waitid_result:
        while True:
            info = signal.sigwaitinfo(ALL)
            if info.si_signo == signal.SIGCHLD:
                self.reap()
                if self.end:
                    return self.end
            if self.is_for_command(info):
                self.send(info.si_signo)
            else:
                self.came_through.add(info.si_signo)

    def is_for_command(self, info: signal.struct_siginfo) -> bool:
        """Whether only the launcher got this signal, so that the command must be given it."""
        if info.si_pid == os.getpid():
            return False  # SIGPIPE of a write of our own
        if info.si_code <= 0:
            return True  # kill(2), sigqueue(3), tgkill(2): sigaction(2)
        if info.si_signo == signal.SIGCHLD:
            return False
        if info.si_signo not in FROM_TERMINAL:
            return True  # a timer or limit that the caller had set and that exec(2) has left with the launcher
        if info.si_signo in (signal.SIGHUP, signal.SIGCONT) and os.getsid(0) == os.getpid():
            # A hang-up goes to the session leader alone. Its group gets it only when the leader ends, but the leader
            # is us, and we end after the command.
            return True
        return os.getpgid(self.pid) != os.getpgrp()  # the command has left the group that the terminal signals

    def send(self, signo: int) -> None:
        """kill(2). Safe: the command is reaped in `reap` and nowhere else, and then `wait` is over."""
        self.came_through.add(signo)
        try:
            os.kill(self.pid, signo)
        except PermissionError:  # a set-user-ID command: then who signalled us could not have signalled it either
            pass

    def reap(self) -> None:
        """Take all that SIGCHLD can stand for: signals merge, and as PID 1 or subreaper we adopt strangers."""
        while not self.end:
            try:
                change = os.waitid(os.P_ALL, 0, os.WEXITED | os.WSTOPPED | os.WCONTINUED | os.WNOHANG)
            except ChildProcessError:
                return
            if change is None:
                return
            if change.si_pid != self.pid:
                continue
            if change.si_code in (os.CLD_EXITED, os.CLD_KILLED, os.CLD_DUMPED):
                self.end = change
                self.explain(change)
            elif change.si_code == os.CLD_STOPPED:
                self.stop_as_well(change.si_status)

    def stop_as_well(self, signo: int) -> None:
        """Stop of the signal that the command has stopped of, so that the shell sees a stopped job (Ctrl-Z).

        The order matters: SIGCONT can come at any moment, from `fg` for both or from somebody for one of us. Its
        arrival takes pending stop signals away, and theirs takes a pending SIGCONT away: signal(7).
        """
        if signal.SIGCONT in signal.sigpending() or self.has_changed():
            return
        if signo == signal.SIGSTOP:
            os.kill(os.getpid(), signo)  # stopped here
        else:
            signal.signal(signo, signal.SIG_DFL)  # the caller may have had it ignored
            os.kill(os.getpid(), signo)  # pending, because it is blocked
            if self.has_changed():
                signal.sigtimedwait({signo}, 0)  # continued in between: take it back
                return
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signo})  # stopped here
            signal.pthread_sigmask(signal.SIG_BLOCK, {signo})
        # What has continued us is pending still; nothing is if we were never stopped (orphaned process group).
        # A SIGCONT for the whole group has continued the command too, and it must not get a second one.
        if signal.sigtimedwait({signal.SIGCONT}, 0) and not self.has_changed():
            self.send(signal.SIGCONT)

    def has_changed(self) -> bool:
        """Whether the command has been continued or has ended since `reap` saw it stop."""
        events = os.WEXITED | os.WSTOPPED | os.WCONTINUED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self.pid, events) is not None

    def explain(self, end: os.waitid_result) -> None:
        """Say which signal it was when nobody here has sent it. The shell does so too, but of the launcher."""
        if end.si_code == os.CLD_EXITED or end.si_status in self.came_through:
            return
        if end.si_status in (signal.SIGINT, signal.SIGPIPE):
            return  # Ctrl-C, and `| head`: everyday ends, about which shells say nothing either
        complain(b"command '%s' (pid %d) died of %s" % (self.name, self.pid, signal_name(end.si_status).encode()))


def end_like(end: os.waitid_result, prctl: "Callable[[int, int], int]") -> None:
    """End with the exit code of the command, or of the signal that it died of.

    Of the signal, not with 128+N: `$?` is the same for both, but a shell loop is left on Ctrl-C only when it sees
    that its child died of SIGINT. See https://www.cons.org/cracauer/sigint.html.
    """
    if end.si_code == os.CLD_EXITED:
        os._exit(end.si_status)
    prctl(PR_SET_DUMPABLE, 0)  # the command's core is the one that is of interest; do not write it over
    try:
        signal.signal(end.si_status, signal.SIG_DFL)
    except (OSError, ValueError):  # SIGKILL has no disposition to set; 32 and 33 glibc keeps for itself
        pass
    os.kill(os.getpid(), end.si_status)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {end.si_status})
    # Still here: PID 1 of a namespace does not die of a signal that comes from inside it.
    os._exit(128 + end.si_status)


def load_prctl() -> "Callable[[int, int], int]":
    import ctypes  # 2 ms

    function: Callable[[int, int], int] = ctypes.CDLL(None).prctl
    return function


def signal_name(signo: int) -> str:
    names = [name for name in dir(signal) if name.startswith("SIG") and name[3] != "_"]
    named = {getattr(signal, name): name for name in reversed(names)}  # of two names the first: ABRT, not IOT
    return named.get(signo, f"SIGRTMIN+{signo - signal.SIGRTMIN}" if signo > signal.SIGRTMIN else f"signal {signo}")
