"""A launcher without a fault: `launch.py sound COMMAND ARGS...`.

It supervises: it starts the command as its child, in its own session and process group, passes on what is
sent to it, stops and continues with the command and ends as the command did. The faults of exit.py, signals.py,
terminal.py, tree.py and inherit.py each override some of the small methods of `Launcher`.

How it knows what the command received already. Of a Ctrl-C, and of a kill to the process group, the command
has had its own; of a kill to the launcher it has not. si_code tells the terminal from a kill, but not a kill
of the group from a kill of one process. So a second child, the guard, sits in the group with every signal
blocked: what is pending there was sent to all. The kernel signals the newest member of a group first, so by
the time the launcher sees a signal the guard has it. The guard also sees, as the end of a pipe, that the
launcher was killed by SIGKILL, and ends the command with SIGTERM.

What it cannot do: CPython ignores SIGPIPE and SIGXFSZ before the first line here, so whether the caller had
them ignored is not known, and the command gets the default. One signal sent to the launcher and to the guard by
their pids, but not to the command (`pkill -f launch.py`), is taken for a signal to the group.
"""

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    import signal
    from typing import NoReturn
else:
    # the public modules cost 1 ms and 4 ms of start-up, for their mappings and enums
    import _signal as signal
    import posix as os

__all__ = ["EVERY", "FROM_KERNEL", "TYPE_CHECKING", "Guard", "Launcher", "os", "signal", "signal_name"]

EVERY = frozenset(signal.valid_signals())
FROM_KERNEL = 0x80  # SI_KERNEL, which the standard library does not name


def signal_name(number: int) -> str:
    names = [name for name, value in vars(signal).items() if name.startswith("SIG") and value == number]
    return next((name for name in names if "_" not in name), f"signal {number}")


class Guard:
    """A child in our process group that says which signals were sent to the whole group."""

    def __init__(self, launcher: "Launcher") -> None:
        requests, self.requests = os.pipe()
        self.answers, answers = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self.requests)
            try:
                self.watch(requests, answers)
                launcher.launcher_gone()
            finally:
                os._exit(0)
        os.close(requests)
        os.close(answers)

    def watch(self, requests: int, answers: int) -> None:
        """In the child: until the launcher is gone."""
        while os.read(requests, 1):
            seen = bytearray(65)
            while info := signal.sigtimedwait(EVERY, 0):
                seen[info.si_signo] = 1
            os.write(answers, seen)

    def ask(self) -> set[int]:
        """Return the signals that the group got since the last call."""
        try:
            os.write(self.requests, b"?")
            return {number for number, seen in enumerate(os.read(self.answers, 65)) if seen}
        except BrokenPipeError:  # the guard was killed; on_other_child replaces it
            return set()

    def end(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        self.forget()

    def forget(self) -> None:
        os.close(self.requests)
        os.close(self.answers)


class Launcher:
    """One run of one command."""

    name = "sound"
    taken = EVERY  # the signals that wait until we fetch them

    def __init__(self, command: list[bytes]) -> None:
        self.command = command
        self.child = 0  # its pid until it is reaped, then 0
        self.child_handle = -1  # its pidfd, for the guard
        self.status: int | None = None  # its wait status once it has ended
        self.stopped_by = 0
        self.seen: set[int] = set()  # every signal that came by
        self.sent_to_group: set[int] = set()  # seen by the guard, not yet by us
        self.guard: Guard | None = None

    def run(self) -> "NoReturn":
        try:
            self.prepare()
            self.start()
        except OSError as error:
            self.say(f"cannot start the command: {error.strerror}")
            os._exit(125)
        while self.status is None:
            self.on_signal(self.next_signal())
        self.finish(self.status)

    # ---- before the command

    def prepare(self) -> None:
        """Block everything, for the rest of our life."""
        self.inherited_mask = signal.pthread_sigmask(signal.SIG_BLOCK, self.taken)
        # With SIGCHLD ignored, as some callers leave it, the kernel would reap the command itself.
        self.inherited_sigchld = signal.signal(signal.SIGCHLD, signal.SIG_DFL)

    def start(self) -> None:
        gate, opener = os.pipe()
        self.child = self.fork()
        if self.child == 0:
            try:
                os.close(opener)
                if os.read(gate, 1):  # nothing: the launcher was killed before there was a command
                    self.become_command()
            finally:
                os._exit(126)
        os.close(gate)
        self.after_fork()
        self.child_handle = os.pidfd_open(self.child)
        self.guard = Guard(self)
        self.hand_on_pending()
        try:
            os.write(opener, b"!")
        except BrokenPipeError:  # killed already
            pass
        os.close(opener)

    def hand_on_pending(self) -> None:
        """Send the child all that came so far. A Ctrl-C before the fork has reached only us, one after it both; but
        the child still has everything blocked, and what it has already is not added a second time."""
        while info := signal.sigtimedwait(self.taken, 0):
            if info.si_signo == signal.SIGCHLD:
                self.on_children()
            else:
                self.seen.add(info.si_signo)
                self.forward(info.si_signo)
        if self.guard:
            self.guard.ask()  # of what it has seen as well, nothing is left to do

    def fork(self) -> int:
        return os.fork()

    def after_fork(self) -> None:
        """In the launcher, while the child waits at the gate."""

    # ---- in the child

    def become_command(self) -> None:
        self.before_exec()
        self.restore_signals()
        try:
            self.execute(self.arguments(), self.environment())
        except FileNotFoundError as error:
            self.cannot_execute(error, 127)
        except OSError as error:
            self.cannot_execute(error, 126)

    def before_exec(self) -> None:
        """Nothing to do, in a sound launcher: all else is inherited as it is."""

    def restore_signals(self) -> None:
        for number in self.set_to_default():
            signal.signal(number, signal.SIG_DFL)
        # By their handlers: None is one that is not Python's, and cannot be set.
        if self.inherited_sigchld is not None:
            signal.signal(signal.SIGCHLD, self.inherited_sigchld)
        self.restore_mask()

    def set_to_default(self) -> list[int]:
        """The dispositions that CPython changed when it started. An ignored SIGINT it leaves alone."""
        changed: list[int] = [signal.SIGPIPE, signal.SIGXFSZ]
        if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
            changed.append(signal.SIGINT)
        return changed

    def restore_mask(self) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, self.inherited_mask)

    def arguments(self) -> list[bytes]:
        return self.command

    def environment(self) -> dict[bytes, bytes]:
        """The caller's. Not os.environb: CPython adds LC_CTYPE to that when the locale is C (PEP 538)."""
        try:
            with open("/proc/self/environ", "rb") as file:
                entries = file.read().split(b"\0")
        except OSError:
            from os import environb  # here and below, as most runs do without

            return dict(environb)
        environment: dict[bytes, bytes] = {}
        for entry in entries:
            key, equals, value = entry.partition(b"=")
            if equals:
                environment.setdefault(key, value)  # of two the first counts, as for getenv(3)
        return environment

    def execute(self, arguments: list[bytes], environment: dict[bytes, bytes]) -> None:
        if b"/" in arguments[0]:
            os.execve(arguments[0], arguments, environment)
        from os import execvpe  # it searches PATH

        execvpe(arguments[0], arguments, environment)

    def cannot_execute(self, error: OSError, code: int) -> None:
        self.say(f"cannot run {self.command_name()}: {error.strerror}")
        os._exit(code)

    # ---- while the command runs

    def next_signal(self) -> "signal.struct_siginfo":
        return signal.sigwaitinfo(self.taken)

    def on_signal(self, info: "signal.struct_siginfo") -> None:
        number = info.si_signo
        if number == signal.SIGCHLD:
            self.on_children()
            return
        self.seen.add(number)
        if self.guard:
            self.sent_to_group |= self.guard.ask()
        reached = self.reached_command(info)
        self.sent_to_group.discard(number)
        if not reached and self.child:
            self.forward(number)

    def reached_command(self, info: "signal.struct_siginfo") -> bool:
        """Say whether the command got its own of this one. With a group of its own it did not."""
        if os.getpgid(self.child) != os.getpgrp():
            return False
        return self.from_terminal(info) or info.si_signo in self.sent_to_group

    def from_terminal(self, info: "signal.struct_siginfo") -> bool:
        """A key, a resize, a read in the background. Of a hang-up only the session's leader is told."""
        return info.si_code == FROM_KERNEL and info.si_signo not in (signal.SIGHUP, signal.SIGCONT)

    def forward(self, number: int) -> None:
        try:
            os.kill(self.child, number)
        except PermissionError:  # the command has become another user
            pass

    def on_children(self) -> None:
        """Take every report that is waiting: SIGCHLD merges. Adopted children are reaped like our own."""
        flags = os.WNOHANG | os.WUNTRACED | os.WCONTINUED
        while report := self.wait_for_child(flags):
            pid, status = report
            if pid != self.child:
                self.on_other_child(pid, status)
            elif os.WIFSTOPPED(status):
                self.stopped_by = os.WSTOPSIG(status)
            elif os.WIFCONTINUED(status):
                self.stopped_by = 0
            else:
                self.on_child_end(status)
        if self.stopped_by and self.status is None:
            self.on_child_stop(self.stopped_by)

    def wait_for_child(self, flags: int) -> tuple[int, int] | None:
        try:
            pid, status = os.waitpid(-1, flags)
        except ChildProcessError:
            return None
        return (pid, status) if pid else None

    def on_other_child(self, pid: int, status: int) -> None:
        if self.guard and pid == self.guard.pid and not os.WIFCONTINUED(status):
            # Killed, or stopped with the group while only we were continued: it could not answer.
            if os.WIFSTOPPED(status):
                self.guard.end()
            else:
                self.guard.forget()
            self.guard = Guard(self)

    def on_child_end(self, status: int) -> None:
        self.child = 0
        self.status = status

    def on_child_stop(self, number: int) -> None:
        """Stop as the command did, so that our shell sees it."""
        self.stopped_by = 0
        if signal.SIGCONT not in signal.sigpending():
            self.stop(number)

    def under_job_control(self) -> bool:
        """SIGTSTP does nothing without a shell that could continue us; of SIGSTOP we have to see to it."""
        parent = os.getppid()
        return os.getsid(parent) == os.getsid(0) and os.getpgid(parent) != os.getpgrp()

    def stop(self, number: int) -> None:
        if number == signal.SIGSTOP:
            if self.under_job_control():
                os.kill(os.getpid(), number)
            return
        previous = signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})  # we stop here, until SIGCONT
        signal.pthread_sigmask(signal.SIG_BLOCK, {number})
        if previous is not None:
            signal.signal(number, previous)

    def launcher_gone(self) -> None:
        """In the guard: the launcher was killed by SIGKILL. The pidfd cannot mean another process."""
        signal.pidfd_send_signal(self.child_handle, signal.SIGTERM)

    # ---- after the command

    def finish(self, status: int) -> "NoReturn":
        if self.guard:
            self.guard.end()
        if os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            # that the reader of its output has gone is no failure: `yes | head`
            if number not in {signal.SIGPIPE, *self.seen} and number not in signal.sigpending():
                self.report_death(number)
            self.die_of(number)
        self.exit(self.code(os.WEXITSTATUS(status)))

    def code(self, code: int) -> int:
        """Return our exit code for the command's."""
        return code

    def report_death(self, number: int) -> None:
        self.say(f"command {self.command_name()} died of {signal_name(number)}")

    def die_of(self, number: int) -> "NoReturn":
        import resource  # here, as most runs need no limit changed

        # The command's core file is the useful one, and has the same name as ours would.
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
        try:
            signal.signal(number, signal.SIG_DFL)
        except (OSError, ValueError):  # SIGKILL, and the two that the C library keeps to itself
            pass
        os.kill(os.getpid(), number)
        try:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
        except ValueError:
            pass
        self.exit(128 + number)  # as PID 1, for whom there is no default action

    def exit(self, code: int) -> "NoReturn":
        """With everything still blocked, so that a signal that comes this late changes nothing."""
        os._exit(code)

    def command_name(self) -> str:
        from os import fsdecode

        return repr(fsdecode(self.command[0]))

    def say(self, text: str) -> None:
        from os import fsencode

        if sys.stderr is not None:
            os.write(2, fsencode(f"{self.name}: {text}\n"))

    @classmethod
    def main(cls) -> "NoReturn":
        encoding = sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()
        command = [argument.encode(*encoding) for argument in sys.argv[1:]]
        launcher = cls(command)
        if not command:
            launcher.say("usage: COMMAND ARGS...")
            os._exit(2)
        launcher.run()


class sound(Launcher):
    """Has no fault."""

    # Only for a caller that leaves SIGPIPE or SIGXFSZ ignored; so it is with every fault that derives from Launcher.
    # CPython sets both before the first line of any program: what they were is not known, the command gets the default.
    may_break = ("INHERIT-1",)
