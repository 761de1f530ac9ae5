"""How long a blocked task may at most stay blocked: the timeout of its system call, timers of its process.

The call and its arguments are in /proc/PID/task/TID/syscall; where an argument points to a timespec it is read from
/proc/PID/mem. That a process has a POSIX timer is in /proc/PID/timers, but not for when; an interval timer
(setitimer(2), alarm(2)) is in no file of its process at all. Root sees when either goes off in /proc/timer_list, though
not whose timer it is: one of an unrelated process can make us wait in vain, but not judge wrongly.
"""

from __future__ import annotations

import os
import re
import struct
import time
from collections.abc import Sequence

from proctor.harness.calls import CALLS, Timeout, by_number
from proctor.harness.runner import processes

FOREVER = float("inf")
UNKNOWN = -1.0
"""A timeout that is there but cannot be read."""


_NAMES = by_number()
_NUMBERS = {name: number for number, name in _NAMES.items()}
_RESTARTED = frozenset(number for number, name in _NAMES.items() if name == "restart_syscall")
_COMPLETES = frozenset(number for number, name in _NAMES.items() if CALLS[name].completes)

_FUTEX_WAIT, _FUTEX_LOCK_PI, _FUTEX_REALTIME = 0, 6, 256
_FUTEX_BY_FLAG = (9, 11, 13)
"""FUTEX_WAIT_BITSET, FUTEX_WAIT_REQUEUE_PI, FUTEX_LOCK_PI2: an absolute time, on the clock that the flag says."""
_FUTEX_WITHOUT = (1, 3, 4, 5, 7, 8, 10, 12)
"""Operations that wake or try, whose fourth argument is not a timeout; linux/futex.h."""
_FUTEX_PRIVATE_WAITS = (128, 128 | 9)
"""FUTEX_WAIT_PRIVATE, and FUTEX_WAIT_BITSET with FUTEX_PRIVATE_FLAG: what C libraries and Rust wait in."""
_TIMER_ABSTIME = 1
_CLOCKS = (time.CLOCK_REALTIME, time.CLOCK_MONOTONIC, time.CLOCK_BOOTTIME, time.CLOCK_TAI)
"""Clocks that go on at our pace and are the same for all processes, as those of CPU time are not."""

_before_stop: dict[int, tuple[int, ...]] = {}
"""The last call seen of each task. A call that a stop interrupted goes on as restart_syscall(2), with the arguments
of the call that it restarts but not its number; so the number is remembered from before. Also a signal that another
thread of the process has taken interrupts a call."""


def forget() -> None:
    """Forget the calls seen so far: tids will be used again."""
    _before_stop.clear()


def completes_by_itself(call: str) -> bool:
    """Whether a task that is blocked in this call goes on without anything that another process does."""
    number = call.partition(" ")[0]
    return number.isdigit() and int(number) in _COMPLETES


def resumed(tid: int, number: int, arguments: tuple[int, ...]) -> int:
    """Return the number of a task's call; of one that was interrupted, that of the call that is restarted, or
    restart_syscall's own if it is not known."""
    if number in _RESTARTED:
        before = _before_stop.get(tid)
        return before[0] if before and before[1:] == arguments else _NUMBERS.get(_restarts(tid, arguments), number)
    _before_stop[tid] = (number, *arguments)
    return number


def _restarts(tid: int, arguments: tuple[int, ...]) -> str:
    """Return which call is restarted, by its arguments; "" if they do not say. Only nanosleep, clock_nanosleep, poll
    and futex are restarted in this way (restart_block in the kernel). Those of poll are a pointer, a count and a
    number."""
    first, second, third, fourth, *_ = arguments
    if second & ~_FUTEX_REALTIME in _FUTEX_PRIVATE_WAITS and first and first % 4 == 0 and _is_time(tid, fourth):
        return "futex"
    if first in _CLOCKS and second == 0 and _is_time(tid, third):
        return "clock_nanosleep"
    return ""


def _is_time(tid: int, address: int) -> bool:
    """Whether there is a timespec at an address."""
    data = memory(tid, address, 16)
    if data is None or len(data) < 16:
        return False
    seconds, nanoseconds = struct.unpack("<qq", data)
    return seconds >= 0 and 0 <= nanoseconds < 1_000_000_000 and bool(seconds or nanoseconds)


def timeout_of(pid: int, rule: Timeout | None, arguments: Sequence[int]) -> float:
    """Return the seconds after which a call with this rule and these arguments returns by itself at the latest;
    FOREVER, UNKNOWN. rule: None for a call that has no timeout."""
    return _read(pid, rule, arguments) if rule else FOREVER


def _read(pid: int, rule: Timeout, arguments: Sequence[int]) -> float:
    if rule.kind == "restart":
        return UNKNOWN
    value = arguments[rule.argument]
    if rule.kind == "unknown":
        return UNKNOWN if value else FOREVER
    if rule.kind == "ms":
        milliseconds = struct.unpack("<i", struct.pack("<I", value & 0xFFFFFFFF))[0]
        return FOREVER if milliseconds < 0 else milliseconds / 1000
    if not value:
        return FOREVER
    absolute_on = None
    if rule.kind == "futex":
        operation = arguments[1] & 0x7F
        if operation in _FUTEX_WITHOUT:
            return FOREVER
        if operation not in (_FUTEX_WAIT, _FUTEX_LOCK_PI, *_FUTEX_BY_FLAG):
            return UNKNOWN
        absolute_on = _futex_clock(operation, bool(arguments[1] & _FUTEX_REALTIME))
    if rule.kind == "clock":
        clock = arguments[0] & 0xFFFFFFFF
        if clock not in _CLOCKS:
            return UNKNOWN
        absolute_on = clock if arguments[1] & _TIMER_ABSTIME else None
    seconds = _timespec(pid, value, 1e6 if rule.kind == "tv" else 1e9)
    if seconds is None:
        return UNKNOWN
    return max(0.0, seconds - time.clock_gettime(absolute_on)) if absolute_on is not None else seconds


def _futex_clock(operation: int, is_realtime: bool) -> int | None:
    """Return the clock of a futex operation's timeout, None for a relative one; futex(2)."""
    if operation == _FUTEX_WAIT:
        return None
    return time.CLOCK_REALTIME if is_realtime or operation == _FUTEX_LOCK_PI else time.CLOCK_MONOTONIC


def _timespec(pid: int, address: int, unit: float) -> float | None:
    data = memory(pid, address, 16)
    if data is None or len(data) < 16:
        return None
    seconds, fraction = struct.unpack("<qq", data)
    return float(seconds + fraction / unit)


def memory(pid: int, address: int, size: int) -> bytes | None:
    """Return so many bytes of a process' memory, or fewer at the end of a mapping; None where it may not be read."""
    try:
        fd = os.open(f"/proc/{pid}/mem", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return os.pread(fd, size, address)
    except (OSError, OverflowError):
        return None
    finally:
        os.close(fd)


def mapped_file(pid: int, address: int) -> str:
    """Return the path of the file that is mapped at an address and shared with whoever else maps it; "" for memory that
    is not shared, or only with descendants of those who made it; proc_pid_maps(5)."""
    for line in maps(pid) or ():
        where, mode, _, _, inode, *path = line.rstrip(b"\n").split(maxsplit=5)
        start, end = (int(word, 16) for word in where.split(b"-"))
        if start <= address < end:
            return os.fsdecode(path[0]) if path and mode.endswith(b"s") and inode != b"0" else ""
    return ""


def has_completions(pid: int) -> bool:
    """Whether a process has mapped a ring of io_uring(7), or has a context of io_setup(2), which is always mapped. Also
    where that may not be looked at."""
    lines = maps(pid)
    return lines is None or any(b"[io_uring]" in line or b"/[aio]" in line for line in lines)


def maps(pid: int) -> list[bytes] | None:
    """Return the lines of /proc/PID/maps, None where it may not be read, none if the process has gone;
    proc_pid_maps(5)."""
    try:
        with open(f"/proc/{pid}/maps", "rb") as file:
            return file.readlines()  # one read(2) of this file gives a page of it at most
    except (FileNotFoundError, ProcessLookupError):
        return []
    except OSError:
        return None


def has_posix_timer(pid: int) -> bool:
    """Whether a process has made a timer with timer_create(2)."""
    try:
        return bool(processes.contents(f"/proc/{pid}/timers"))
    except OSError:
        return False  # a kernel without CONFIG_CHECKPOINT_RESTORE, or the process has gone


_LIST = re.compile(rb"\.offset: +(\d+) nsecs\nactive timers:\n((?: #.*\n)*)")
_ENTRY = re.compile(rb" #\d+: <(\w+)>, (\w+).*\n # expires at (\d+)-")
_HIDDEN = frozenset((b"it_real_fn", b"posix_timer_fn", b"alarm_handle_timer"))
_READINGS = 100
_Entry = tuple[bytes, bytes, int]


def hidden() -> float | None:
    """Return the seconds until the next interval or POSIX timer of any process goes off; None where that is not shown.

    The kernel prints each list entry by entry, found by its number, and lets go of the list in between: where an entry
    already printed leaves it meanwhile, the next one is left out (in 10 of 1,000,000 readings, measured). So a list is
    believed only when the reading after it still has all its entries.
    """
    before: list[frozenset[_Entry]] = []
    doubtful: set[int] | None = None
    at = FOREVER
    for _ in range(_READINGS):
        lists = _timer_lists()
        if lists is None:
            return None
        if doubtful is None:
            doubtful = set(range(len(lists)))
        else:
            doubtful = {n for n in doubtful if n >= len(lists) or not before[n] <= lists[n]}
        before = lists
        at = min([at, *(when for entries in lists for _, kind, when in entries if kind in _HIDDEN)])
        if not doubtful:
            break
    else:
        return None
    return max(0.0, at - time.clock_gettime_ns(time.CLOCK_MONOTONIC)) / 1e9


def _timer_lists() -> list[frozenset[_Entry]] | None:
    """Return the timers of each CPU and clock: address, what is done when it goes off, and when, in nanoseconds of the
    monotonic clock: what a clock is ahead of that one is its offset."""
    try:
        with open("/proc/timer_list", "rb") as file:
            text = file.read()
    except OSError:
        return None
    return [
        frozenset((address, kind, int(at) - int(found[1])) for address, kind, at in _ENTRY.findall(found[2]))
        for found in _LIST.finditer(text)
    ]
