"""A wait counts as endless only where that is proven: each kind of wait from both sides."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest

from proctor.harness.runner.observe import timers
from proctor.harness.runner.observe.blocking import blocked
from proctor.harness.runner.observe.descriptors import Given, GivenTerminal, Inside
from proctor.harness.runner.observe.unix_sockets import socket_timeout
from proctor.harness.runner.processes import TaskState
from tests.blocked_for_tests import blocked_in, only_x86_64, until_in, what_blocks

pytestmark = only_x86_64

POLL = "(ctypes.c_int * 2)"
PROVEN = {
    "children": (61, "os.fork() or signal.pause(); call(61, -1, none, 0, none)"),
    "a signal": (130, "call(130, bytes(8), 8)"),
    "a private futex": (202, "call(202, word, 128, 0, none, none, 0)"),
    "a futex in memory of its own": (202, "call(202, word, 0, 0, none, none, 0)"),
    "a pipe of its own": (0, "r, w = os.pipe(); call(0, r, bytes(8), 8)"),
    "room in a pipe": (1, "r, w = os.pipe(); b = bytes(1 << 20); call(1, w, b, len(b))"),
    "a pair of sockets": (45, "a, b = socket.socketpair(); call(45, a.fileno(), bytes(8), 8, 0, none, none)"),
    "a pair of sockets, polled": (7, "a, b = socket.socketpair(); call(7, polled(a.fileno(), 1), 2, -1)"),
    "select of a pipe": (23, "r, w = os.pipe(); call(23, 64, bits(r), none, none, none)"),
    "an event counter": (0, "call(0, libc.eventfd(0, 0), bytes(8), 8)"),
    "the end of a child": (7, "p = os.fork() or signal.pause(); call(7, polled(os.pidfd_open(p)), 1, -1)"),
    "epoll of a pipe": (232, "r, w = os.pipe(); call(232, watching(r), bytes(12), 1, -1)"),
    "epoll of an epoll": (232, "r, w = os.pipe(); call(232, watching(watching(r)), bytes(12), 1, -1)"),
    "epoll of a socket that is switched off": (
        232, "s = socket.create_server(('127.0.0.1', 0)); call(232, watching(s.fileno(), events=0), bytes(12), 1, -1)",
    ),
    "a lock that its child holds": (
        73,
        ("f = os.open(path, 66); c = os.fork()\n"
        "if not c: g = os.open(path, 2); libc.flock(g, 2); os.kill(os.getppid(), 10); signal.pause()\n"
        "signal.sigwait([10]); call(73, f, 2)"),
    ),
}  # fmt: skip
OPEN = {
    "a server socket": (43, "s = socket.create_server(('127.0.0.1', 0)); call(43, s.fileno(), none, none)", "outside"),
    "a server socket, polled": (
        7, "s = socket.create_server(('127.0.0.1', 0)); call(7, polled(s.fileno()), 1, -1)", "outside",
    ),
    "a datagram": (45, ("s = socket.socket(2, 2); s.bind(('127.0.0.1', 0)); "
                       "call(45, s.fileno(), bytes(8), 8, 0, none, none)"), "outside"),
    "a server socket in epoll in epoll": (
        232, "s = socket.create_server(('127.0.0.1', 0)); call(232, watching(watching(s.fileno())), bytes(12), 1, -1)",
        "outside",
    ),
    "select of a server socket": (
        23, "s = socket.create_server(('127.0.0.1', 0)); call(23, 64, bits(s.fileno()), none, none, none)", "outside",
    ),
    "a changed file": (0, "call(0, libc.inotify_init(), bytes(99), 99)", "outside"),
    "a fifo of others": (0, "os.mkfifo(path); f = os.open(path, 2); call(0, f, bytes(8), 8)", "outside"),
    "a lock of others": (73, "f = os.open(held, 2); call(73, f, 2)", "outside"),
    "a lock of a range": (72, "f = os.open(held, 2); call(72, f, 38, bytes(32))", "outside"),
    "a message queue": (
        243,
        ("q = libc.mq_open(b'/proctor-test', 0o102, 0o600, none); libc.mq_unlink(b'/proctor-test'); "
        "b = ctypes.create_string_buffer(9000); call(243, q, b, 9000, none, none)"),
        "unknown-call",
    ),
    "a futex in a file": (
        202,
        ("import mmap; f = os.open(path, 66); os.ftruncate(f, 4096); m = mmap.mmap(f, 4096); "
        "w = ctypes.c_int.from_buffer(m); call(202, ctypes.byref(w), 0, 0, none, none, 0)"),
        "outside",
    ),
    "futexes, with a timeout that is not read": (
        449, ("v = (ctypes.c_long * 3)(0, ctypes.addressof(word._obj), 2); "
             "t = spec(mono); call(449, v, 1, 0, t, 1)"), "unknown-timeout",
    ),
}  # fmt: skip
TOOLS = """
import select
def polled(*fds): return (ctypes.c_int * (2 * len(fds)))(*(word for fd in fds for word in (fd, 1)))
def bits(fd): return (1 << fd).to_bytes(8, "little")
def watching(fd, events=1):
    e = select.epoll(); e.register(fd, events); kept.append(e); return e.fileno()
kept = []; signal.pthread_sigmask(0, [10])
"""


@pytest.fixture
def setting(tmp_path: Path) -> str:
    """Return code that names a path that does not exist, and a file whose lock we hold."""
    held = tmp_path / "held"
    held.touch()
    return f"path, held = {str(tmp_path / 'path')!r}, {str(held)!r}\n"


@pytest.mark.parametrize(("number", "code"), PROVEN.values(), ids=PROVEN.keys())
def test_a_wait_for_what_is_inside_is_endless(number: int, code: str, setting: str) -> None:
    with blocked_in(number, TOOLS + setting + code) as (pid, _):
        children = [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        assert what_blocks(pid, *children) == (timers.FOREVER, None)


@pytest.mark.parametrize(("number", "code", "why"), OPEN.values(), ids=OPEN.keys())
def test_a_wait_that_others_may_end_is_open(number: int, code: str, why: str, setting: str, tmp_path: Path) -> None:
    lock = f"import fcntl; f = open({str(tmp_path / 'held')!r}, 'w'); fcntl.flock(f, 2); fcntl.lockf(f, 2); call(34)"
    with blocked_in(34, lock), blocked_in(number, TOOLS + setting + code) as (pid, _):
        found = what_blocks(pid).open
    assert found
    assert found.why == why


INT80 = r"""
int main(void) {
    long result = 29; /* pause(2) in the table of i386, shmget(2) in ours */
    write(1, "!", 1);
    __asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
    return 0;
}
"""


def test_a_call_of_another_table_is_open(tmp_path: Path) -> None:
    source, program = tmp_path / "int80.c", tmp_path / "int80"
    source.write_text(f"#include <unistd.h>\n{INT80}")
    subprocess.run(["gcc", "-o", program, source], check=True)
    with subprocess.Popen([program], stdout=subprocess.PIPE) as child:
        assert child.stdout
        assert child.stdout.read(1) == b"!"
        until_in(child.pid, 29)
        found = what_blocks(child.pid).open
        child.kill()
    assert found
    assert found.why == "other-table"


def test_a_socket_that_gives_up_has_a_timeout() -> None:
    code = "a, b = socket.socketpair(); a.setsockopt(1, socket.SO_RCVTIMEO, bytes((200, 0) + (0,) * 14)); "
    with blocked_in(45, code + "call(45, a.fileno(), bytes(8), 8, 0, none, none)") as (pid, _):
        found = what_blocks(pid)
    assert found == (200.0, None) or (found.open and not may_copy_descriptors())


def may_copy_descriptors() -> bool:
    """Whether pidfd_getfd(2) is there and allowed."""
    return socket_timeout(os.getpid(), socket.socket().fileno()) is not None


def test_a_fifo_in_a_place_that_nobody_else_knows_is_inside(tmp_path: Path) -> None:
    code = f"os.mkfifo({str(tmp_path / 'fifo')!r}); f = os.open({str(tmp_path / 'fifo')!r}, 2); call(0, f, bytes(8), 8)"
    with blocked_in(0, code) as (pid, _):
        assert what_blocks(pid).open
        assert what_blocks(pid, given=Given((str(tmp_path),))) == (timers.FOREVER, None)


def test_a_terminal_is_inside_if_it_is_the_one_that_was_given() -> None:
    master, slave = os.openpty()
    found = os.fstat(slave)
    given = GivenTerminal((found.st_dev, found.st_ino), found.st_rdev, 0.7)
    with blocked_in(0, f"f = os.open({os.ttyname(slave)!r}, 2 | os.O_NOCTTY); call(0, f, bytes(8), 8)") as (pid, _):
        assert what_blocks(pid).open
        assert what_blocks(pid, given=Given((), given)) == (0.7, None)
    os.close(master)
    os.close(slave)


def test_what_may_not_be_looked_at_is_open() -> None:
    task = TaskState(1, 1, "S", (0, 0), False, False, None)
    found = blocked(task, Inside((), Given())).open
    assert found
    assert found.why == "unreadable"
