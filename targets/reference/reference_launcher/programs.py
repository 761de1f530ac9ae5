"""The programs that the janitor runs to make an environment: an interpreter, pip, and the processes that pip starts.

When a program ends, all its descendants are killed. The janitor is a subreaper: a process whose parent has ended (a
build backend when pip is killed) becomes its child. It has no other children, so it kills and reaps until it has no
child. No signal can hit a foreign process: the PID of a process that is not reaped is not reused.
"""

import errno
import os
import select
import time

from reference_launcher.command import restore_dispositions
from reference_launcher.directories import Failure
from reference_launcher.process import PR_SET_PDEATHSIG, signal_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Iterator
    from typing import Any
else:
    import _signal as signal

MAX_OUTPUT = 1 << 16  # bytes
SHOWN_LINES = 12
# Orders of the launcher to the janitor, one byte each. A line with a PID is an order, too: see `watching`.
PAUSE, CONTINUE, DISMISS = b"z", b"c", b"."


class Interrupted(Exception):
    """The launcher has ended or is about to: stop, and leave nothing behind."""


class ProgramRunner:
    """Runs one program at a time.

    `orders` is the pipe from the launcher; its end is the order to stop. `mask` and `inherited_sigchld` are the
    signal mask and the disposition of SIGCHLD for the programs.
    """

    def __init__(self, orders: int, mask: set[int], inherited_sigchld: "Any", prctl: "Callable[..., int]"):
        self.orders = orders
        self.mask = mask
        self.inherited_sigchld = inherited_sigchld
        self.prctl = prctl
        self.launcher = os.getpid()  # the launcher creates this object and then forks the janitor
        self.pid: int | None = None  # of the program that runs

    def check_orders(self) -> None:
        """Read an order, if there is one, and follow it. Raise Interrupted if it is the order to stop."""
        try:
            order = os.read(self.orders, 1)
        except BlockingIOError:
            return
        if order in (b"", DISMISS):
            raise Interrupted
        if order == PAUSE:
            self.signal_descendants(signal.SIGSTOP)
        elif order == CONTINUE:
            self.signal_descendants(signal.SIGCONT)

    def run(
        self, argv: list[str], environment: dict[bytes, bytes], name: str, timeout: float | None = None
    ) -> tuple[int, bytes]:
        """Run `argv` without terminal and input; return its exit code and the end of its output.

        `name` is for messages; `timeout` is in seconds. Raise Failure if the program cannot be started, exceeds the
        timeout, or dies of a signal (status 128+N; only the system or its administrator can have sent it).
        """
        output, program_output = os.pipe()
        try:
            os.set_blocking(output, False)
            pid = self.start(argv, environment, program_output, name)
            os.close(program_output)
            program_output = -1
            text = self.read_until_exit(pid, output, f"{name} '{argv[0]}'", timeout)
        finally:
            if program_output >= 0:
                os.close(program_output)
            code = self.kill_descendants()
            os.close(output)
        if code < 0:
            raise signal_failure(argv[0], name, -code)
        return code, text

    def start(self, argv: list[str], environment: dict[bytes, bytes], output: int, name: str) -> int:
        """Fork and exec; return the PID. A pipe that closes on exec reports the errno of a failed exec."""
        exec_result, exec_error = os.pipe()
        self.pid = None
        pid = os.fork()
        if pid:
            self.pid = pid
            os.close(exec_error)
            error_number = os.read(exec_result, 16)
            os.close(exec_result)
            if error_number:
                self.kill_descendants()
                raise exec_failure(argv[0], name, int(error_number))
            return pid
        try:
            self.exec_program(argv, environment, output)
        except OSError as error:
            os.write(exec_error, b"%d" % (error.errno or 0))
        finally:
            os._exit(127)

    def exec_program(self, argv: list[str], environment: dict[bytes, bytes], output: int) -> None:
        self.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # in case the janitor is killed
        os.setpgid(0, 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        signal.signal(signal.SIGCHLD, self.inherited_sigchld)
        restore_dispositions()
        signal.pthread_sigmask(signal.SIG_SETMASK, self.mask)
        os.execve(os.fsencode(argv[0]), [os.fsencode(argument) for argument in argv], environment)

    def read_until_exit(self, pid: int, output: int, name: str, timeout: float | None) -> bytes:
        """Return the end of the output of process `pid`.

        Read until the process ends, not until end of file: a descendant may keep the pipe open.
        """
        pidfd = os.pidfd_open(pid)
        deadline = timeout and time.monotonic() + timeout
        text = b""
        poll = select.poll()
        for descriptor in (self.orders, output, pidfd):
            poll.register(descriptor, select.POLLIN)
        try:
            while True:
                remaining = deadline and max(0, deadline - time.monotonic()) * 1000
                ready = [descriptor for descriptor, _ in poll.poll(remaining)]
                if not ready:
                    raise Failure(f"{name} did not answer within {timeout:g} s and was ended")
                if self.orders in ready:
                    self.check_orders()
                if output in ready:
                    data = read_available(output)
                    text = (text + data)[-MAX_OUTPUT:]
                    if not data:
                        poll.unregister(output)
                if pidfd in ready:
                    return (text + read_available(output))[-MAX_OUTPUT:]
        finally:
            os.close(pidfd)

    def kill_descendants(self) -> int:
        """Kill and reap until there is no child. Return the exit code of the program, -N if signal N terminated it."""
        code = 0
        while True:
            # Reap before killing, so that a program that has ended is reported with its own status.
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if not pid:
                    self.signal_descendants(signal.SIGKILL)
                    pid, status = os.waitpid(-1, 0)
            except ChildProcessError:
                return code
            if pid == self.pid:
                code = os.waitstatus_to_exitcode(status)

    def signal_descendants(self, signo: int) -> None:
        for pid in list(descendants(os.getpid())):
            try:
                os.kill(pid, signo)
            except (ProcessLookupError, PermissionError):
                pass


def read_available(descriptor: int) -> bytes:
    """Return what a non-blocking descriptor has, and nothing if it has nothing yet or is at its end."""
    try:
        return os.read(descriptor, MAX_OUTPUT)
    except BlockingIOError:
        return b""


def descendants(pid: int) -> "Iterator[int]":
    """Yield the descendants of `pid`.

    A process that is created meanwhile can be missed. The next call finds it: when its parent is killed, it becomes a
    child of the janitor.
    """
    for child in children(pid):
        yield child
        yield from descendants(child)


def children(pid: int) -> list[int]:
    try:
        with open(f"/proc/{pid}/task/{pid}/children", "rb", buffering=0) as file:
            found = [int(word) for word in file.readall().split()]
        if pid == os.getpid():
            return found  # the janitor has one thread
        # The kernel lists children by the thread that created them.
        for thread in os.listdir(f"/proc/{pid}/task"):
            if int(thread) != pid:
                with open(f"/proc/{pid}/task/{thread}/children", "rb", buffering=0) as file:
                    found += [int(word) for word in file.readall().split()]
        return found
    except OSError:
        return children_by_stat(pid) if os.path.exists(f"/proc/{pid}/stat") else []


def children_by_stat(pid: int) -> list[int]:
    """Return the children of `pid` on a kernel without CONFIG_PROC_CHILDREN."""
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


def exec_failure(path: str, name: str, error_number: int) -> Failure:
    status = 127 if error_number in (errno.ENOENT, errno.ENOTDIR) else 126
    return Failure(f"cannot run {name} '{path}': {os.strerror(error_number)}", status)


def signal_failure(path: str, name: str, signo: int) -> Failure:
    import sys

    hint = "ended by the system or an administrator"
    if signo == signal.SIGKILL:
        hint = "most often the system is out of memory (see dmesg or journalctl -k)"
        if sys.platform == "darwin":
            hint = (
                "on macOS most often its code signature became invalid in an update; repair it with: "
                f"codesign --force --sign - '{path}', or install this interpreter again"
            )
    return Failure(f"{name} '{path}' died of {signal_name(signo).decode()}: {hint}", 128 + signo)


def last_lines(output: bytes) -> str:
    """Return the last lines of a program's output, each on a line of its own, without control characters."""
    lines = [line for line in output.decode("utf-8", "replace").splitlines() if line.strip()][-SHOWN_LINES:]
    plain = ["".join(letter if letter.isprintable() or letter == "\t" else "?" for letter in line) for line in lines]
    return "".join(f"\n  | {line[:500]}" for line in plain)
