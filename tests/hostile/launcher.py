"""Harmful launchers: python launcher.py HARM COMMAND ARGS...

It imports nothing of Proctor. Launchers that signal all processes may only run in a PID namespace.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import sys
import termios
import time
from collections.abc import Callable

MAX_FORKS = 3000
"""Limit of the fork bomb, in case it is not contained."""
ESCAPES = b"\x1b[31mred\x1b]0;title\x07\x1b[2J\x9b1m\x00\xff\xfe\xc2\x9b5m\r\n\x08\x7f\xe2\x80\xae"
PR_SET_DUMPABLE = 4
PTRACE_SEIZE, PTRACE_CONT = 0x4206, 7

Command = list[str]


def supervise(command: Command) -> int:
    """Run the command as a child and return its exit code, as a simple launcher does."""
    pid = os.fork()
    if pid == 0:
        become(command)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) & 0xFF


def become(command: Command) -> None:
    os.execv(command[0], command)


def exits(command: Command) -> int:  # noqa: ARG001  (same signature for all)
    return 3


def hangs(command: Command) -> int:  # noqa: ARG001  (same signature for all)
    while True:
        signal.pause()


def execs_itself(command: Command) -> int:  # noqa: ARG001  (same signature for all)
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def stops_itself(command: Command) -> int:
    os.kill(os.getpid(), signal.SIGSTOP)
    return supervise(command)


def floods(command: Command) -> int:
    chunk = b"flood " * 10_000
    for _ in range(100_000_000 // len(chunk)):
        os.write(1, chunk)
    return supervise(command)


def floods_for_ever(command: Command) -> int:
    pid = os.fork()
    if pid == 0:
        become(command)
    signal.signal(signal.SIGCHLD, lambda *_: os._exit(0))
    while True:
        os.write(1, b"flood " * 10_000)


def fork_bomb(command: Command) -> int:
    if os.fork() == 0:
        become(command)
    for _ in range(12):  # 2 ** 12 processes, if not contained
        os.fork()
    return hangs(command)


def threads(command: Command) -> int:
    import threading

    threading.stack_size(65536)
    for _ in range(MAX_FORKS * 2):
        threading.Thread(target=signal.pause, daemon=True).start()
    return supervise(command)


def forks_and_ends(command: Command) -> int:
    """Start a process that changes its PID all the time, by fork and exit."""
    if os.fork() == 0:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if os.fork():
                os._exit(0)
        os._exit(0)
    become(command)
    return 1


def runs_away(command: Command) -> int:
    if os.fork() == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        os.chdir("/")
        os.closerange(0, 1024)
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            try:
                signal.signal(number, signal.SIG_IGN)
            except OSError:
                pass
        hangs(command)
    return supervise(command)


def kills_group(command: Command) -> int:
    if os.fork() == 0:
        become(command)
    os.killpg(0, signal.SIGKILL)
    return 1


def kills_parent(command: Command) -> int:
    os.kill(os.getppid(), signal.SIGKILL)
    return supervise(command)


def kills_all(command: Command) -> int:
    if os.getppid() != 1:
        return 99  # not in a PID namespace of the runner: this would end all processes of the machine
    if os.fork() == 0:
        become(command)
    os.kill(-1, signal.SIGKILL)
    os.wait()
    return 1


def prints_escapes(command: Command) -> int:
    for fd in (1, 2):
        os.write(fd, ESCAPES)
    with open("/proc/self/comm", "wb") as file:
        file.write(b"\x1b[31m\xff\x07")
    supervise(command)
    return 77


def sparse_file(command: Command) -> int:
    with open(os.environ["TMPDIR"] + "/sparse", "wb") as file:
        file.truncate(1 << 30)
    return supervise(command)


def odd_files(command: Command) -> int:
    """Leave names that are not text, directories deeper than PATH_MAX, and one without permissions."""
    base = os.fsencode(os.environ["TMPDIR"])
    open(base + b"/\xff\x1b[31m", "wb").close()
    os.chdir(base)
    for _ in range(1100):
        os.mkdir("d")
        os.chdir("d")
    os.mkdir(base + b"/closed")
    os.mkdir(base + b"/closed/inner")
    os.chmod(base + b"/closed", 0)
    os.chdir("/")
    return supervise(command)


def fills_directory(command: Command) -> int:
    try:
        with open(os.environ["TMPDIR"] + "/full", "wb") as file:
            file.write(bytes(64 << 20))
    except OSError:
        pass
    return supervise(command)


def removes_everything(command: Command) -> int:
    import shutil

    shutil.rmtree(os.path.dirname(command[1]), ignore_errors=True)
    return 0


def steals_socket(command: Command) -> int:
    os.unlink(command[1])
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(command[1])
    listener.listen()
    return supervise(command)


def blocks_socket(command: Command) -> int:
    """Replace the socket by a directory."""
    os.unlink(command[1])
    os.mkdir(command[1])
    os.mkdir(command[1] + "/inner")
    return 0


def _connect(command: Command) -> socket.socket:
    end = socket.socket(socket.AF_UNIX)
    end.connect(command[1])
    return end


def sends_garbage(command: Command) -> int:
    for data in (
        b"garbage\n", b"\xff\x00{]\n", b"[1]\n", b"1\n", b'{"type":"hello"}\n', b'{"type":7,"at":"x"}\n',
        b'{"type":"signal","at":1,"signal":99999,"code":0,"sender":"x","value":0}\n',
        b'{"type":"done","at":1,"order":"exit","count":0,"crc":0,"error":0}\n', b"x" * 40_000_000,
        b"[" * 100_000 + b"\n", b'{"type":"join","name":"backend","at":1' + b"0" * 400 + b"}\n", b"",
    ):  # fmt: skip
        try:
            _connect(command).sendall(data)
        except OSError:
            pass
    return supervise(command)


def holds_connections(command: Command) -> int:
    """Connect often, and say nothing."""
    ends = [_connect(command) for _ in range(200)]
    return supervise(command) if len(ends) == 200 else 1


def pretends(command: Command) -> int:
    """Send the greeting of the command, and never start the command."""
    hello: dict[str, object] = {"type": "hello", "name": "command", "at": time.monotonic_ns(), "cwd": "2f"}
    hello |= dict.fromkeys(("pid", "ppid", "pgid", "sid", "uid", "gid", "umask", "nice"), 1)
    hello |= {key: [] for key in ("groups", "blocked", "ignored", "fds", "limits", "args", "environ")}
    hello["terminal"] = {"isatty": [False] * 3, "modes": [], "dev_tty": 6, "rows": 0, "columns": 0, "foreground": -1}
    end = _connect(command)
    end.sendall(json.dumps(hello).encode() + b"\n")
    end.recv(100)
    return 3


def spoils_terminal(command: Command) -> int:
    modes = termios.tcgetattr(0)
    modes[3] &= ~(termios.ECHO | termios.ICANON | termios.ISIG)
    modes[1] &= ~termios.OPOST
    status = supervise(command)
    termios.tcsetattr(0, termios.TCSANOW, modes)
    return status


def is_traced(command: Command) -> int:
    """Be traced by a child, so that no other process can trace it."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
    reader, writer = os.pipe()
    launcher = os.getpid()
    if os.fork() == 0:
        os.write(writer, b"y" if libc.ptrace(PTRACE_SEIZE, launcher, None, None) == 0 else b"n")
        while True:
            try:
                _, status = os.waitpid(launcher, 0x40000000)
            except ChildProcessError:
                os._exit(0)
            if not os.WIFSTOPPED(status):
                os._exit(0)
            number = 0 if status >> 16 else os.WSTOPSIG(status)
            libc.ptrace(PTRACE_CONT, launcher, None, number)
    os.read(reader, 1)
    return supervise(command)


def drops_privileges(command: Command) -> int:
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
    return supervise(command)


def hides(command: Command) -> int:
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    return supervise(command)


def unmounts_proc(command: Command) -> int:
    libc = ctypes.CDLL(None)
    return supervise(command) if libc.umount2(b"/proc", 2) == 0 else 98


def main() -> None:
    harm: Callable[[Command], int] = globals()[sys.argv[1]]
    os._exit(harm(sys.argv[2:]))


if __name__ == "__main__":
    main()
