"""A wait counts as endless only where that is proven: each kind of wait from both sides."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from proctor.harness.runner.observe import timers
from proctor.harness.runner.observe.blocking import blocked, lock_holders
from proctor.harness.runner.observe.descriptors import Given, GivenTerminal, Inside
from proctor.harness.runner.processes import TaskState
from tests.blocked_for_tests import CHILD, blocked_in, only_x86_64, until_in, what_blocks

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
        232,
        ("s = socket.socket(2, 2); s.bind(('127.0.0.1', 0)); e = watching(s.fileno(), 1 | select.EPOLLONESHOT); "
        "s.sendto(b'.', s.getsockname()); kept[0].poll(); call(232, e, bytes(12), 1, -1)"),
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
    "the end of a connection, polled": (
        7, "s = socket.create_server(('127.0.0.1', 0)); call(7, polled(s.fileno(), events=0), 1, -1)", "outside",
    ),
    "the end of a connection in epoll": (
        232, "s = socket.create_server(('127.0.0.1', 0)); call(232, watching(s.fileno(), 0), bytes(12), 1, -1)",
        "outside",
    ),
    "a change of the mount table": (
        7, "f = os.open('/proc/self/mountinfo', 0); call(7, polled(f, events=select.POLLPRI), 1, -1)", "outside",
    ),
    "an event counter, with asynchronous I/O": (
        0,
        ("c = ctypes.c_ulong(0); libc.syscall(206, 1, ctypes.byref(c)) and exit(); "
        "call(0, libc.eventfd(0, 0), bytes(8), 8)"),
        "outside",
    ),
    "a changed file": (0, "call(0, libc.inotify_init(), bytes(99), 99)", "outside"),
    "a fifo of others": (0, "os.mkfifo(path); f = os.open(path, 2); call(0, f, bytes(8), 8)", "outside"),
    "a lock of others": (73, "f = os.open(held, 2); call(73, f, 2)", "outside"),
    "a lock of others, beside one of its child": (
        73, ("f = os.open(held, 2); import fcntl; c = os.fork()\n"
            "if not c: fcntl.lockf(f, 2, 1, 9); os.kill(os.getppid(), 10); signal.pause()\n"
            "signal.sigwait([10]); call(73, f, 2)"), "outside",
    ),
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
def polled(*fds, events=1): return (ctypes.c_int * (2 * len(fds)))(*(word for fd in fds for word in (fd, events)))
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


def lock(path: Path) -> str:
    """Return code that holds one lock of each kind on a file."""
    return f"import fcntl; f = open({str(path)!r}, 'w'); fcntl.flock(f, 2); fcntl.lockf(f, 2, 1); call(34)"


def children_of(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.parametrize(("number", "code"), PROVEN.values(), ids=PROVEN.keys())
def test_a_wait_for_what_is_inside_is_endless(number: int, code: str, setting: str) -> None:
    with blocked_in(number, TOOLS + setting + code) as (pid, _):
        assert what_blocks(pid, *children_of(pid)) == (timers.FOREVER, None)


@pytest.mark.parametrize(("number", "code", "why"), OPEN.values(), ids=OPEN.keys())
def test_a_wait_that_others_may_end_is_open(number: int, code: str, why: str, setting: str, tmp_path: Path) -> None:
    with blocked_in(34, lock(tmp_path / "held")), blocked_in(number, TOOLS + setting + code) as (pid, _):
        found = what_blocks(pid, *children_of(pid)).open
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


LOCKS = b"""\
1: FLOCK  ADVISORY  WRITE 11 fe:00:7 0 EOF
1: -> FLOCK  ADVISORY  READ 20 fe:00:7 0 EOF
1:  -> FLOCK  ADVISORY  WRITE 21 fe:00:7 0 EOF
2: POSIX  ADVISORY  WRITE 12 fe:00:7 0 9
2: -> POSIX  ADVISORY  WRITE 20 fe:00:7 0 EOF
3: OFDLCK ADVISORY  READ  -1 fe:00:8 0 EOF
4: a line of a later kernel
4: -> FLOCK  ADVISORY  WRITE 22 fe:00:7 0 EOF
"""


def test_the_holder_of_a_lock_is_the_one_that_its_waiter_stands_below() -> None:
    assert lock_holders(LOCKS, b"FLOCK", 20, b"fe:00:7") == [11]
    assert lock_holders(LOCKS, b"FLOCK", 21, b"fe:00:7") == [11]
    assert lock_holders(LOCKS, b"POSIX", 20, b"fe:00:7") == [12]
    assert lock_holders(LOCKS, b"POSIX", 21, b"fe:00:7") == []
    assert lock_holders(LOCKS, b"FLOCK", 20, b"fe:00:8") == []
    assert lock_holders(LOCKS, b"FLOCK", 22, b"fe:00:7") == [-1]


def test_a_lock_is_found_in_a_long_list_of_locks(setting: str, tmp_path: Path) -> None:
    """The list of each CPU begins with its newest lock, and one read(2) of it gives 4 KiB at most. These locks are
    of another kind, for which no process waits."""
    number, code = PROVEN["a lock that its child holds"]
    cpus = os.sched_getaffinity(0)
    with blocked_in(number, TOOLS + setting + code) as (pid, _), (tmp_path / "path").open("r+") as file:
        try:
            for cpu in cpus:
                os.sched_setaffinity(0, {cpu})
                for n in range(100):
                    fcntl.lockf(file, fcntl.LOCK_EX, 1, 1000 * cpu + 2 * n)
        finally:
            os.sched_setaffinity(0, cpus)
        assert what_blocks(pid, *children_of(pid)) == (timers.FOREVER, None)


RING = "r = libc.syscall(425, 4, bytes(120)); r < 0 and exit(); "


def test_an_event_counter_may_be_that_of_a_ring() -> None:
    command = [sys.executable, "-I", "-S", "-c", CHILD + RING + "print('there')"]
    if not subprocess.run(command, stdout=subprocess.PIPE, check=False).stdout:
        pytest.skip("no io_uring here")
    with blocked_in(0, RING + "call(0, libc.eventfd(0, 0), bytes(8), 8)") as (pid, _):
        assert what_blocks(pid).open


def test_a_name_that_is_no_text_can_be_recorded(tmp_path: Path) -> None:
    path = f"{str(tmp_path)!r} + '/\\udcff'"
    with blocked_in(0, f"os.mkfifo({path}); f = os.open({path}, 2); call(0, f, bytes(8), 8)") as (pid, _):
        found = what_blocks(pid).open
    assert found
    assert found.link == f"{tmp_path}/\\xff"
    assert msgspec.msgpack.encode(found)
