"""Supervise mode: stay as the parent of the command and let nobody notice.

One process, one thread, one loop. All signals are blocked from the first line of the launcher to its end and
taken one at a time by sigwaitinfo(2). So there is no handler, hence nothing that can run between two lines;
and each signal comes with its siginfo, which a handler in Python does not get to see: who sent it decides
what is done with it. The command is in the launcher's own process group and session. It may read from the
terminal, it is stopped by Ctrl-Z and gets the hang-up because it is a member, not because we arrange it.
"""

import os

from reference_launcher.command import LAUNCHER_FAILED, become, complain
from reference_launcher.process import ALL_SIGNALS, PR_SET_PDEATHSIG, die_of_signal, load_prctl, signal_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Callable

    from reference_launcher.janitor import Janitor
else:
    import _signal as signal  # the same without enum, which costs 4 ms

# What the kernel sends on behalf of a terminal: for its keys, for access from the background, for a new size.
# It goes to a whole process group, but for the last: the hang-up has two rounds, see `lacks`.
KEYS = frozenset({signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP})
ACCESS = frozenset({signal.SIGTTIN, signal.SIGTTOU})
HANG_UP = frozenset({signal.SIGHUP, signal.SIGCONT})
FROM_TERMINAL = KEYS | ACCESS | {signal.SIGWINCH} | HANG_UP

REMOVED_WITHIN = 10.0  # seconds that the end may be held up by a slow disk when there is an environment to remove


def supervise(words: list[bytes], mask: set[int], janitor: "Janitor | None" = None) -> None:
    """Start the command `words`, stay until it has ended, and end likewise. `janitor` keeps its environment."""
    if not hasattr(signal, "sigwaitinfo"):  # macOS. A launcher that cannot tell a Ctrl-C from a kill is none.
        complain(b"this system has no sigwaitinfo(2); use --exec")
        os._exit(LAUNCHER_FAILED)
    # With SIGCHLD ignored the kernel itself reaps the children, and their wait status is lost: wait(2).
    inherited = signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    prctl = load_prctl()  # here, so that the child has nothing left to do that takes time or can fail
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
        # When the launcher is killed by SIGKILL nobody is left to tell the command. So the kernel does.
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != launcher:
            os._exit(LAUNCHER_FAILED)  # it was killed before that line, and the kernel will not tell us again
        os.read(gate, 1)
        os.close(gate)
        become(words, mask)  # an exec that fails needs no report: the child itself says why and ends with 127
    os.close(gate)
    command = Command(words[0], pid)
    command.hand_on_pending()
    if janitor:
        janitor.watch(pid)  # before the command starts: if we are killed it still needs its environment
    os.close(hold)
    end = command.wait()
    if janitor:
        janitor.end(REMOVED_WITHIN)
    end_like(end, prctl)


class Command:
    """The command while it runs: what it is told, and what it tells."""

    def __init__(self, name: bytes, pid: int) -> None:
        self.name = name
        self.pid = pid  # valid until `reap` has seen its end, and not used afterwards
        self.end: os.waitid_result | None = None
        self.came_through: set[int] = set()  # signals that the launcher has seen: they explain an end

    def hand_on_pending(self) -> None:
        """Hand on what came before there was a command, whoever sent it.

        A Ctrl-C just before the fork has reached the launcher only, one just after it has reached both, and
        they look the same. But while the child waits at the gate it has every signal blocked, and a signal
        that is pending already is not added a second time. So here, and only here, all of them can be sent.
        """
        while info := signal.sigtimedwait(ALL_SIGNALS, 0):
            if info.si_signo != signal.SIGCHLD:
                self.send(info.si_signo)

    def wait(self) -> "os.waitid_result":
        while True:
            info = signal.sigwaitinfo(ALL_SIGNALS)
            self.came_through.add(info.si_signo)
            if info.si_signo == signal.SIGCHLD:
                self.reap()
                if self.end:
                    return self.end
            if self.lacks(info):
                self.send(info.si_signo)

    def lacks(self, info: "signal.struct_siginfo") -> bool:
        """Whether the command is meant to have this signal and has not got it itself."""
        if info.si_code <= 0:  # somebody's kill(2), sigqueue(3), tgkill(2): sigaction(2)
            return not self.is_from_inside(info.si_pid)
        if info.si_signo == signal.SIGCHLD:
            return False
        if info.si_signo not in FROM_TERMINAL:
            return True  # a timer of the caller's, say: exec(2) keeps it, fork(2) does not
        if info.si_signo in HANG_UP and os.getsid(0) == os.getpid():
            # The hang-up goes to the session leader alone. The foreground process group gets it when the
            # leader ends, but the leader is us, and we end after the command.
            return True
        # Otherwise the group has got it, and all there is to ask is whether the command has left that group.
        return os.getpgid(self.pid) != os.getpgrp()

    def is_from_inside(self, sender: int) -> bool:
        """Whether we or the command sent it.

        Of our own there is SIGPIPE. The command means its process group, and has the signal already, or its
        parent, and would be surprised to get it back (sudo does likewise). Not so when we are PID 1: without
        us that would be the command, so `kill 1` means the command.
        """
        return sender == os.getpid() or (sender == self.pid and os.getpid() != 1)

    def send(self, signo: int) -> None:
        """kill(2). The PID is the command's still: it is reaped in `reap` only, and then `wait` is over."""
        self.came_through.add(signo)
        try:
            os.kill(self.pid, signo)
        except PermissionError:  # a set-user-ID command, which the sender could not have signalled either
            pass

    def reap(self) -> None:
        """Take all that one SIGCHLD can stand for. PID 1 and subreapers have children they never made."""
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

        SIGCONT can come at any moment, from `fg` for both or from somebody for one of us. When generated it
        takes pending stop signals away, and they take a pending SIGCONT away. So for this once SIGCONT is not
        blocked but caught: what has been caught cannot be taken away. (There remains the microsecond between
        its generation on another processor and its delivery here; that leaves no trace.)
        """
        continued: list[int] = []
        signal.signal(signal.SIGCONT, lambda number, frame: continued.append(number))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCONT})
        if signo == signal.SIGSTOP:
            # How some commands stop themselves when they have caught Ctrl-Z; then a shell waits for us to
            # stop. Without one, whoever stops the command may continue it alone, and we would not notice.
            if parent_controls_jobs() and not continued and not self.has_changed():
                os.kill(os.getpid(), signo)  # stopped here
        else:
            signal.signal(signo, signal.SIG_DFL)  # the caller may have had it ignored
            os.kill(os.getpid(), signo)  # pending, because it is blocked
            if continued or self.has_changed():
                signal.sigtimedwait({signo}, 0)  # overtaken: take it back
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signo})  # stopped here (orphaned group: not)
            signal.pthread_sigmask(signal.SIG_BLOCK, {signo})
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCONT})
        # A SIGCONT for the whole group has continued the command too, and it must not get a second one.
        if continued and not self.has_changed():
            self.send(signal.SIGCONT)

    def has_changed(self) -> bool:
        """Whether the command has been continued or has ended since `reap` saw it stop."""
        events = os.WEXITED | os.WSTOPPED | os.WCONTINUED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self.pid, events) is not None

    def explain(self, end: "os.waitid_result") -> None:
        """Say which signal it was when nobody has sent it through us. A shell would only know of our end."""
        if end.si_code == os.CLD_EXITED or end.si_status in self.came_through:
            return
        if end.si_status in (signal.SIGINT, signal.SIGPIPE):
            return  # Ctrl-C and `| head`: everyday ends, about which shells say nothing either
        complain(b"command '%s' (pid %d) died of %s" % (self.name, self.pid, signal_name(end.si_status)))


def end_like(end: "os.waitid_result", prctl: "Callable[..., int]") -> None:
    """End with the exit code of the command, or of the signal that it died of.

    Of the signal rather than with 128+N: `$?` is the same for both, but a loop in a shell script ends on
    Ctrl-C only if the shell sees its child die of SIGINT: https://www.cons.org/cracauer/sigint.html
    """
    if end.si_code == os.CLD_EXITED:
        os._exit(end.si_status)
    die_of_signal(end.si_status, prctl)


def parent_controls_jobs() -> bool:
    """In the same session, in another process group: so somebody there put us into one of our own."""
    parent = os.getppid()
    try:
        return os.getsid(parent) == os.getsid(0) and os.getpgid(parent) != os.getpgrp()
    except OSError:  # it is outside our PID namespace, or has just ended
        return False
