"""Programs that the janitor runs to make an environment: an interpreter that is asked, pip, what pip starts.

They are ended with everything below them. The janitor is a subreaper, so a process whose parent has ended
becomes its child (a build backend, when pip is killed); it has no other children, and kills and reaps until it
has none. Nothing is looked up by a PID that could be somebody else's: what is not reaped keeps its number.
"""

import errno
import os
import select
import time

from reference_launcher.command import restore_dispositions
from reference_launcher.places import Failure
from reference_launcher.process import PR_SET_PDEATHSIG, signal_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Iterator
    from typing import Any
else:
    import _signal as signal

MOST_OUTPUT = 1 << 16
SHOWN_LINES = 12
PAUSE, GO_ON, DISMISSED = b"z", b"c", b"."


class Interrupted(Exception):
    """The launcher has ended, or wants to: stop, and leave nothing."""


class Programs:
    """Runs one program at a time. `orders` is the pipe from the launcher; its end is the order to stop."""

    def __init__(self, orders: int, mask: set[int], inherited_sigchld: "Any", prctl: "Callable[..., int]"):
        self.orders = orders
        self.mask = mask
        self.inherited_sigchld = inherited_sigchld
        self.prctl = prctl
        self.launcher = os.getpid()  # this is made before the janitor is
        self.first: int | None = None  # the program, which may have started others

    def check(self) -> None:
        """Look whether the launcher still wants what we do."""
        try:
            order = os.read(self.orders, 1)
        except BlockingIOError:
            return
        if order in (b"", DISMISSED):
            raise Interrupted
        if order == PAUSE:
            self.signal_all(signal.SIGSTOP)
        elif order == GO_ON:
            self.signal_all(signal.SIGCONT)

    def run(
        self, words: list[str], environment: dict[bytes, bytes], name: str, seconds: float | None = None
    ) -> tuple[int, bytes]:
        """Run `words` without a terminal or input; return the exit code and the last of what it wrote.

        Dying of a signal is a failure with 128+N that names the program and the signal, whichever program it
        is: nobody but the system or its administrator can have sent it.
        """
        output, there = os.pipe()
        try:
            os.set_blocking(output, False)
            pid = self.start(words, environment, there, name)
            os.close(there)
            there = -1
            written = self.follow(pid, output, f"{name} '{words[0]}'", seconds)
        finally:
            if there >= 0:
                os.close(there)
            code = self.end_all()
            os.close(output)
        if code < 0:
            raise died(words[0], name, -code)
        return code, written

    def start(self, words: list[str], environment: dict[bytes, bytes], output: int, name: str) -> int:
        report, failed = os.pipe()
        self.first = None
        pid = os.fork()
        if pid:
            self.first = pid
            os.close(failed)
            reason = os.read(report, 16)
            os.close(report)
            if reason:
                self.end_all()
                raise not_started(words[0], name, int(reason))
            return pid
        try:
            self.become(words, environment, output)
        except OSError as error:
            os.write(failed, b"%d" % (error.errno or 0))
        finally:
            os._exit(127)

    def become(self, words: list[str], environment: dict[bytes, bytes], output: int) -> None:
        self.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # when the janitor itself is killed
        os.setpgid(0, 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        signal.signal(signal.SIGCHLD, self.inherited_sigchld)
        restore_dispositions()
        signal.pthread_sigmask(signal.SIG_SETMASK, self.mask)
        os.execve(os.fsencode(words[0]), [os.fsencode(word) for word in words], environment)

    def follow(self, pid: int, output: int, name: str, seconds: float | None) -> bytes:
        """Read what it writes until it ends. Not until the pipe does: something it has started may hold that."""
        end = os.pidfd_open(pid)
        deadline = seconds and time.monotonic() + seconds
        written = b""
        poll = select.poll()
        for descriptor in (self.orders, output, end):
            poll.register(descriptor, select.POLLIN)
        try:
            while True:
                left = deadline and max(0, deadline - time.monotonic()) * 1000
                ready = [descriptor for descriptor, _ in poll.poll(left)]
                if not ready:
                    raise Failure(f"{name} did not answer within {seconds:g} s and was ended")
                if self.orders in ready:
                    self.check()
                if output in ready:
                    more = self.read(output)
                    written = (written + more)[-MOST_OUTPUT:]
                    if not more:
                        poll.unregister(output)
                if end in ready:
                    return (written + self.read(output))[-MOST_OUTPUT:]
        finally:
            os.close(end)

    def read(self, output: int) -> bytes:
        try:
            return os.read(output, MOST_OUTPUT)
        except BlockingIOError:
            return b""

    def end_all(self) -> int:
        """Kill and reap until there is no child. Return how the program ended, negative for a signal."""
        status = 0
        while True:
            # First take what has ended, so that its own end is reported, not ours.
            try:
                pid, how = os.waitpid(-1, os.WNOHANG)
                if not pid:
                    self.signal_all(signal.SIGKILL)
                    pid, how = os.waitpid(-1, 0)
            except ChildProcessError:
                return status
            if pid == self.first:
                status = os.waitstatus_to_exitcode(how)

    def signal_all(self, signo: int) -> None:
        for pid in list(descendants(os.getpid())):
            try:
                os.kill(pid, signo)
            except (ProcessLookupError, PermissionError):
                pass


def descendants(pid: int) -> "Iterator[int]":
    """All processes below `pid`. One that is made meanwhile is found the next time: its parent's end makes it ours."""
    for child in children(pid):
        yield child
        yield from descendants(child)


def children(pid: int) -> list[int]:
    try:
        with open(f"/proc/{pid}/task/{pid}/children", "rb", buffering=0) as file:
            found = [int(word) for word in file.readall().split()]
        if pid == os.getpid():
            return found
        # Children belong to the thread that made them.
        for thread in os.listdir(f"/proc/{pid}/task"):
            if int(thread) != pid:
                with open(f"/proc/{pid}/task/{thread}/children", "rb", buffering=0) as file:
                    found += [int(word) for word in file.readall().split()]
        return found
    except OSError:
        return children_by_stat(pid) if os.path.exists(f"/proc/{pid}/stat") else []


def children_by_stat(pid: int) -> list[int]:
    """For kernels without CONFIG_PROC_CHILDREN."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb", buffering=0) as file:
                    parent = int(file.readall().rpartition(b")")[2].split()[1])
            except OSError:
                continue
            if parent == pid:
                found.append(int(name))
    return found


def not_started(path: str, name: str, reason: int) -> Failure:
    status = 127 if reason in (errno.ENOENT, errno.ENOTDIR) else 126
    return Failure(f"cannot run {name} '{path}': {os.strerror(reason)}", status)


def died(path: str, name: str, signo: int) -> Failure:
    import sys

    hint = "ended by the system or an administrator"
    if signo == signal.SIGKILL:
        hint = "most often the system is out of memory (dmesg, journalctl -k)"
        if sys.platform == "darwin":
            hint = (
                "on macOS most often its code signature is no longer valid after an update; "
                f"mend it with: codesign --force --sign - '{path}', or install this interpreter again"
            )
    return Failure(f"{name} '{path}' died of {signal_name(signo).decode()}: {hint}", 128 + signo)


def last_lines(written: bytes) -> str:
    """Return the end of what a program has said, harmless to a terminal: no escapes, no bell, no return."""
    lines = [line for line in written.decode("utf-8", "replace").splitlines() if line.strip()][-SHOWN_LINES:]
    plain = ["".join(letter if letter.isprintable() or letter == "\t" else "?" for letter in line) for line in lines]
    return "".join(f"\n  | {line[:500]}" for line in plain)
