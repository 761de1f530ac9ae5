"""Supervise mode: stay as the parent of the command, forward signals to it, reap it and exit with its status.

One thread, one loop; a second process only tells what the whole group was sent (group_probe.py). All signals are
blocked from the first line of the launcher to its exit, and sigwaitinfo(2) accepts them one at a time. So there are no
signal handlers, and nothing runs between two statements.
Each signal comes with its siginfo, which Python does not pass to handlers: the sender decides whether the signal is
forwarded. The command is in the launcher's own process group and session. As a member it may read from the terminal,
Ctrl-Z stops it, and a hang-up reaches it.
"""

import os

from reference_launcher.command import LAUNCHER_FAILED, exec_command, print_error
from reference_launcher.group_probe import GroupProbe
from reference_launcher.process import ALL_SIGNALS, PR_SET_PDEATHSIG, die_of_signal, load_prctl, signal_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Callable

    from reference_launcher.janitor import Janitor
else:
    import _signal as signal  # without enum, which takes 4 ms

# Signals that the kernel generates for a terminal: for keys, for terminal access from the background, for a new
# window size. It sends them to a whole process group. The hang-up is the exception, see `must_forward`.
KEY_SIGNALS = frozenset({signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP})
ACCESS_SIGNALS = frozenset({signal.SIGTTIN, signal.SIGTTOU})
HANGUP_SIGNALS = frozenset({signal.SIGHUP, signal.SIGCONT})
TERMINAL_SIGNALS = KEY_SIGNALS | ACCESS_SIGNALS | {signal.SIGWINCH} | HANGUP_SIGNALS


def supervise(argv: list[bytes], mask: set[int], janitor: "Janitor | None" = None) -> None:
    """Run the command `argv` as a child and exit with its status.

    `mask` is the signal mask that the command inherits. `janitor` keeps the command's environment, if it has one.
    """
    if not hasattr(signal, "sigwaitinfo"):  # macOS. Without it a Ctrl-C and a kill(2) look the same.
        print_error(b"this system has no sigwaitinfo(2); use --exec")
        os._exit(LAUNCHER_FAILED)
    # If SIGCHLD is ignored, the kernel reaps the children and discards their wait status: wait(2).
    inherited = signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    prctl = load_prctl()  # before the fork, so that the child has nothing to do that takes time or can fail
    launcher = os.getpid()
    try:
        start_reader, start_writer = os.pipe()  # the child starts the command when the launcher closes this pipe
        pid = os.fork()
    except OSError as error:
        print_error(b"cannot start a process: " + os.strerror(error.errno or 0).encode())
        os._exit(LAUNCHER_FAILED)
    if pid == 0:
        os.close(start_writer)
        signal.signal(signal.SIGCHLD, inherited)
        # If SIGKILL ends the launcher, the kernel sends SIGTERM to the command: the launcher cannot.
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != launcher:
            os._exit(LAUNCHER_FAILED)  # the launcher ended before the prctl(2), so no signal will come
        os.read(start_reader, 1)
        os.close(start_reader)
        exec_command(argv, mask)  # if it fails, the child prints why and exits with 126 or 127
    os.close(start_reader)
    command = Command(argv[0], pid, GroupProbe(prctl))
    command.forward_pending()
    if janitor:
        janitor.watch(pid)  # before the command starts, so that its environment stays if the launcher is killed
    os.close(start_writer)
    status = command.wait()
    command.probe.end()
    if janitor:
        janitor.dismiss()
    exit_like(status, prctl)


class Command:
    """The running command. `name` is its argv[0], for messages. `probe` is in the launcher's process group."""

    def __init__(self, name: bytes, pid: int, probe: GroupProbe) -> None:
        self.name = name
        self.probe = probe
        self.pid = pid  # not used after `reap` has reaped the command
        self.status: os.waitid_result | None = None
        self.seen_signals: set[int] = set()  # received or forwarded: a death by one of them needs no message

    def forward_pending(self) -> None:
        """Forward all signals that arrived before the command started, from any sender.

        A Ctrl-C just before the fork reaches only the launcher, just after it both processes, and the launcher cannot
        tell these apart. But the child has all signals blocked until the launcher closes the pipe, and a standard
        signal that is already pending is not added again. So at this point every signal can be forwarded.
        """
        while info := signal.sigtimedwait(ALL_SIGNALS, 0):
            if info.si_signo != signal.SIGCHLD:
                self.send(info.si_signo)
                self.probe.take(info.si_signo)

    def wait(self) -> "os.waitid_result":
        """Forward signals until the command has ended; return how it ended."""
        while True:
            info = signal.sigwaitinfo(ALL_SIGNALS)
            self.seen_signals.add(info.si_signo)
            if info.si_signo == signal.SIGCHLD:
                self.reap()
                if self.status:
                    return self.status
            if self.must_forward(info):
                self.send(info.si_signo)

    def must_forward(self, info: "signal.struct_siginfo") -> bool:
        """Return whether the signal is meant for the command and did not reach it directly."""
        if info.si_signo == signal.SIGCHLD and info.si_code > 0:
            return False
        of_group = self.probe.take(info.si_signo)
        if info.si_code <= 0:  # from kill(2), sigqueue(3) or tgkill(2): sigaction(2)
            if self.is_from_launcher_or_command(info.si_pid):
                return False
            return of_group != (info.si_pid, info.si_code) or self.has_left_group()
        if info.si_signo not in TERMINAL_SIGNALS:
            return True  # for example from a timer of the caller: exec(2) preserves it, fork(2) does not
        if info.si_signo in HANGUP_SIGNALS and os.getsid(0) == os.getpid():
            # The kernel sends the hang-up to the session leader only, and to the foreground process group when the
            # leader ends. Here the launcher is the leader, and it ends after the command.
            return True
        # The kernel sent the signal to the whole group. Forward it only if the command has left the group.
        return self.has_left_group()

    def has_left_group(self) -> bool:
        """Return whether what the launcher's group is sent does not reach the command."""
        return os.getpgid(self.pid) != os.getpgrp()

    def is_from_launcher_or_command(self, sender: int) -> bool:
        """Return whether `sender` is the launcher (SIGPIPE, for example) or the command.

        The command either signalled its process group, and has the signal already, or its parent, and does not expect
        the signal back (sudo decides likewise). As PID 1 the launcher stands where the command would be without it,
        so a signal of the command to PID 1 is forwarded.
        """
        return sender == os.getpid() or (sender == self.pid and os.getpid() != 1)

    def send(self, signo: int) -> None:
        """Send a signal to the command. The PID is valid: only `reap` reaps, and `wait` returns directly after that."""
        self.seen_signals.add(signo)
        try:
            os.kill(self.pid, signo)
        except PermissionError:  # a set-user-ID command; the sender could not have signalled it either
            pass

    def reap(self) -> None:
        """Handle all state changes that one SIGCHLD can stand for.

        As PID 1 or as a subreaper the launcher has children that it did not start: it reaps them, too.
        """
        while not self.status:
            try:
                change = os.waitid(os.P_ALL, 0, os.WEXITED | os.WSTOPPED | os.WCONTINUED | os.WNOHANG)
            except ChildProcessError:
                return
            if change is None:
                return
            if change.si_pid == self.probe.pid and change.si_code != os.CLD_STOPPED:
                self.probe.pid = -1
            if change.si_pid != self.pid:
                continue
            if change.si_code in (os.CLD_EXITED, os.CLD_KILLED, os.CLD_DUMPED):
                self.status = change
                self.report_death(change)
            elif change.si_code == os.CLD_STOPPED:
                self.stop_too(change.si_status)

    def stop_too(self, signo: int) -> None:
        """Stop by the signal that stopped the command, so that the shell sees a stopped job (Ctrl-Z).

        A SIGCONT can come at any moment, for the process group (`fg`) or for one process. Generating SIGCONT discards
        pending stop signals and vice versa. So SIGCONT is caught here instead of blocked: a signal that was caught
        cannot be discarded. (A SIGCONT generated on another processor just before its delivery here can still be
        lost; that leaves no trace.)
        """
        continued: list[int] = []
        signal.signal(signal.SIGCONT, lambda number, frame: continued.append(number))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCONT})
        if signo == signal.SIGSTOP:
            # Some commands catch Ctrl-Z and then stop themselves like this; a shell waits for the launcher to stop.
            # Without a shell, a process that stopped the command may continue the command alone. A stopped launcher
            # would not notice that, so it keeps running.
            if parent_has_job_control() and not continued and not self.has_changed():
                os.kill(os.getpid(), signo)  # stops here
        else:
            signal.signal(signo, signal.SIG_DFL)  # the caller may have ignored it
            os.kill(os.getpid(), signo)  # pending, because it is blocked
            if continued or self.has_changed():
                signal.sigtimedwait({signo}, 0)  # the command runs again: discard the pending stop signal
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signo})  # stops here, except in an orphaned process group
            signal.pthread_sigmask(signal.SIG_BLOCK, {signo})
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCONT})
        for number in (signo, signal.SIGCONT):  # what was caught here is over for the probe, too
            self.probe.take(number)
        # A SIGCONT for the whole group has continued the command, too. Forward it only if it has not.
        if continued and not self.has_changed():
            self.send(signal.SIGCONT)

    def has_changed(self) -> bool:
        """Return whether the command was continued or has ended since `reap` saw it stop."""
        events = os.WEXITED | os.WSTOPPED | os.WCONTINUED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self.pid, events) is not None

    def report_death(self, status: "os.waitid_result") -> None:
        """Print which signal terminated the command, if it did not come through the launcher.

        A shell would report only the launcher.
        """
        if status.si_code == os.CLD_EXITED or status.si_status in self.seen_signals:
            return
        if status.si_status in (signal.SIGINT, signal.SIGPIPE):
            return  # Ctrl-C and `| head` are normal; shells do not report them either
        print_error(b"command '%s' (pid %d) died of %s" % (self.name, self.pid, signal_name(status.si_status)))


def exit_like(status: "os.waitid_result", prctl: "Callable[..., int]") -> None:
    """Exit with the exit code of the command, or die of the signal that terminated it.

    `$?` in a shell is 128+N either way. But Ctrl-C ends a loop in a shell script only if the shell sees that SIGINT
    terminated its child: https://www.cons.org/cracauer/sigint.html
    """
    if status.si_code == os.CLD_EXITED:
        os._exit(status.si_status)
    die_of_signal(status.si_status, prctl)


def parent_has_job_control() -> bool:
    """Return whether the parent is in the same session but another process group, as a shell with job control is."""
    parent = os.getppid()
    try:
        return os.getsid(parent) == os.getsid(0) and os.getpgid(parent) != os.getpgrp()
    except OSError:  # the parent is outside the PID namespace, or has just ended
        return False
