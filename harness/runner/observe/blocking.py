"""What a blocked task waits for, and whether that can only come from what we watch.

A wait is endless only where that is proven: in a call that we know, through the system call table that we know, without
a timeout, on objects whose other ends we watch or hold. All else is an open wait: something may end it that we do not
see. proc_pid_syscall(5).
"""

from __future__ import annotations

import os
import platform
import re
import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

from proctor.harness.calls import CALLS, Call, by_number
from proctor.harness.history import OpenWait, WhyOpen
from proctor.harness.runner import processes
from proctor.harness.runner.observe import timers
from proctor.harness.runner.observe.descriptors import Inside, Use

_NAMES = by_number()
_INSTRUCTION = {"x86_64": b"\x0f\x05", "aarch64": b"\x01\x00\x00\xd4"}.get(platform.machine(), b"")
"""The instruction by which a program makes a call of this machine's own table: syscall, svc #0. On x86-64 a 32-bit
program, or one that uses int 0x80, calls by the numbers of i386."""
_FUTEX_PRIVATE = 128
_LOCK_AND_WAIT = (7, 38)
"""F_SETLKW and F_OFD_SETLKW; fcntl(2)."""
_LOCK_LINE = re.compile(rb"^(\d+): *(->)? *(\w+) +\w+ +\w+ +(-?\d+) (\S+) ", re.MULTILINE)
"""A line of /proc/locks: its number, which those that wait for it share; whether it waits, the kind of lock,
whose it is, of which file; proc_locks(5)."""
_RECEIVING = frozenset(("read", "readv", "accept", "accept4", "recvfrom", "recvmsg", "recvmmsg"))
_POLLFD = struct.Struct("<ihh")
_MOST_POLLED = 4096


class Blocked(NamedTuple):
    """A blocked task. within: seconds after which its call returns by itself at the latest, FOREVER for never. open:
    why something that we do not see may end its wait, None where that is impossible."""

    within: float
    open: OpenWait | None


class _Waiting(NamedTuple):
    """A task in a call: the task, the call's name and properties, and its arguments."""

    task: processes.TaskState
    name: str
    call: Call
    arguments: tuple[int, ...]

    def open(self, why: WhyOpen, link: str = "") -> OpenWait:
        # a path may hold any bytes, and an event only text
        return OpenWait(self.task.pid, why, self.name, os.fsencode(link).decode("utf-8", "backslashreplace"))


def blocked(task: processes.TaskState, inside: Inside) -> Blocked:
    """Say what a task in state S waits for. inside: what may end its wait without being outside."""
    pid = task.pid
    if task.call is None:
        return Blocked(timers.FOREVER, OpenWait(pid, "unreadable"))
    words = task.call.split()
    if not words or words[0] == "running":
        return Blocked(timers.FOREVER, None)  # it ran again before we looked: the next look shows that
    if not _NAMES or words[0] == "-1":
        return Blocked(timers.FOREVER, OpenWait(pid, "no-call" if _NAMES else "unknown-call"))
    number, *arguments = int(words[0]), *(int(word, 16) for word in words[1:7])
    if not _is_native(pid, int(words[8], 16)):
        return Blocked(timers.FOREVER, OpenWait(pid, "other-table"))
    number = timers.resumed(task.tid, number, tuple(arguments))
    name = _NAMES.get(number, str(number))
    waiting = _Waiting(task, name, CALLS.get(name, Call(None, None)), tuple(arguments))
    within = timers.timeout_of(pid, waiting.call.timeout, arguments)
    if within == timers.UNKNOWN:
        return Blocked(timers.FOREVER, waiting.open("unknown-timeout"))
    how = _ENDED_BY.get(waiting.call.waits_for or "")
    return Blocked(within, how(waiting, inside) if how else waiting.open("unknown-call"))


def _is_native(pid: int, after: int) -> bool:
    """Whether the instruction before this address makes a call of the table that we have."""
    code = timers.memory(pid, after - len(_INSTRUCTION), len(_INSTRUCTION))
    return code == _INSTRUCTION


def _not_outside(waiting: _Waiting, inside: Inside) -> None:
    """Children, signals and time: nobody outside has a part in these."""
    del waiting, inside


def _of_futex(waiting: _Waiting, inside: Inside) -> OpenWait | None:
    """A futex in memory that is shared with others through a file may be woken by somebody outside; futex(2)."""
    del inside
    if waiting.arguments[1] & _FUTEX_PRIVATE:
        return None
    link = timers.mapped_file(waiting.task.pid, waiting.arguments[0])
    return waiting.open("outside", link) if link else None


def _of_descriptors(waiting: _Waiting, inside: Inside) -> OpenWait | None:
    use: Use = "receive" if waiting.name in _RECEIVING else "other"
    return _of(waiting, inside, (waiting.arguments[at] for at in waiting.call.fds), use)


def _of(waiting: _Waiting, inside: Inside, fds: Iterator[int], use: Use = "poll") -> OpenWait | None:
    if not inside.table(waiting.task.pid).is_known:
        return waiting.open("unreadable")
    found = inside.outside(waiting.task.pid, fds, use)
    return waiting.open("outside", found.link) if found else None


def _of_poll(waiting: _Waiting, inside: Inside) -> OpenWait | None:
    address, count = waiting.arguments[0], waiting.arguments[1]
    size = min(count, _MOST_POLLED) * _POLLFD.size
    data = timers.memory(waiting.task.pid, address, size) if size else b""
    if data is None or len(data) < size or count > _MOST_POLLED:
        return waiting.open("unreadable")
    # an entry without events reports errors and hang-ups; poll(2)
    return _of(waiting, inside, (fd for fd, _, _ in _POLLFD.iter_unpack(data) if fd >= 0))


def _of_select(waiting: _Waiting, inside: Inside) -> OpenWait | None:
    """The sets of select(2) are bit fields, read as the kernel found them: it changes them only when it returns."""
    count = min(waiting.arguments[0], _MOST_POLLED)
    size = -(-count // 64) * 8
    bits = 0
    for address in filter(None, waiting.arguments[1:4]):
        data = timers.memory(waiting.task.pid, address, size) if size else b""
        if data is None or len(data) < size:
            return waiting.open("unreadable")
        bits |= int.from_bytes(data, "little")
    return _of(waiting, inside, (fd for fd in range(count) if bits >> fd & 1))


def _of_epoll(waiting: _Waiting, inside: Inside) -> OpenWait | None:
    return _of(waiting, inside, iter(waiting.arguments[:1]))


def _of_lock(waiting: _Waiting, inside: Inside) -> OpenWait | None:
    """A lock that a process inside holds: /proc/locks shows a PID namespace its own only. Of an open file description
    (F_OFD_SETLKW) neither who holds its lock nor who waits for it is shown; proc_locks(5)."""
    if waiting.name == "fcntl" and waiting.arguments[1] not in _LOCK_AND_WAIT:
        return waiting.open("unknown-call")
    pid, fd = waiting.task.pid, waiting.arguments[0]
    link = inside.table(pid).links.get(fd, "")
    try:
        found = os.stat(f"/proc/{pid}/fd/{fd}")
        with open("/proc/locks", "rb") as locks:
            lines = locks.read()  # to the end: one read(2) of this file gives a page of it at most
    except OSError:
        return waiting.open("unreadable", link)
    file = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}".encode()
    holders = lock_holders(lines, b"FLOCK" if waiting.name == "flock" else b"POSIX", pid, file)
    is_inside = bool(holders) and all(map(inside.watches, holders))
    return None if is_inside else waiting.open("outside", link)


def lock_holders(lines: bytes, kind: bytes, pid: int, file: bytes) -> list[int]:
    """Return the holders of the locks for which a process waits, by /proc/locks: it shows each lock with those that
    wait for it below. kind: FLOCK, POSIX; file: its device and inode, as shown."""
    found, held, holder = [], b"", -1
    for number, waits, its_kind, whose, its_file in _LOCK_LINE.findall(lines):
        if not waits:
            held, holder = number, int(whose)
        elif (its_kind, int(whose), its_file) == (kind, pid, file):
            found.append(holder if number == held else -1)
    return found


_ENDED_BY: dict[str, Callable[[_Waiting, Inside], OpenWait | None]] = {
    "children": _not_outside, "signals": _not_outside, "time": _not_outside, "futex": _of_futex,
    "descriptors": _of_descriptors, "poll": _of_poll, "select": _of_select, "epoll": _of_epoll, "lock": _of_lock,
}  # fmt: skip
