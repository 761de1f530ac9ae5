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
from typing import NamedTuple

from proctor.harness.calls import CALLS, Timeout, by_number
from proctor.harness.runner import processes

FOREVER = float("inf")
UNKNOWN = -1.0
"""A timeout that is there but cannot be read."""


_NAMES = by_number()
_TIMEOUTS = {number: CALLS[name].timeout for number, name in _NAMES.items()}

_FUTEX_WAIT, _FUTEX_WAIT_BITSET, _FUTEX_LOCK_PI, _FUTEX_REALTIME = 0, 9, 6, 256
_TIMER_ABSTIME = 1

_COMPLETES = frozenset(number for number, name in _NAMES.items() if CALLS[name].completes)

_before_stop: dict[int, tuple[int, ...]] = {}
"""The last call seen of each task. A call that a stop interrupted goes on as restart_syscall(2), with the arguments
of the call that it restarts but not its number; so the number is remembered from before."""


def forget() -> None:
    """Forget the calls seen so far: tids will be used again."""
    _before_stop.clear()


def completes_by_itself(call: str) -> bool:
    """Whether a task that is blocked in this call goes on without anything that another process does."""
    number = call.partition(" ")[0]
    return number.isdigit() and int(number) in _COMPLETES


def timeout_of(pid: int, tid: int, call: str) -> float:
    """Return the seconds after which the call in this line returns by itself at the latest; FOREVER, UNKNOWN."""
    if not _NAMES:
        return UNKNOWN
    words = call.split()
    if not words or words[0] in ("running", "-1"):
        return FOREVER
    number, *arguments = int(words[0]), *(int(word, 16) for word in words[1:7])
    rule = _TIMEOUTS.get(number)
    if rule and rule.kind == "restart":
        before = _before_stop.get(tid)
        if not before or before[1:] != tuple(arguments):
            return UNKNOWN
        number, rule = before[0], _TIMEOUTS.get(before[0])
    _before_stop[tid] = (number, *arguments)
    return _read(pid, rule, arguments) if rule else FOREVER


def _read(pid: int, rule: Timeout, arguments: list[int]) -> float:
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
        if operation not in (_FUTEX_WAIT, _FUTEX_WAIT_BITSET, _FUTEX_LOCK_PI):
            return FOREVER  # its fourth argument is not a timeout; futex(2)
        if operation != _FUTEX_WAIT:
            absolute_on = time.CLOCK_REALTIME if arguments[1] & _FUTEX_REALTIME else time.CLOCK_MONOTONIC
    if rule.kind == "clock" and arguments[1] & _TIMER_ABSTIME:
        absolute_on = arguments[0]
    seconds = _timespec(pid, value, 1e6 if rule.kind == "tv" else 1e9)
    if seconds is None:
        return UNKNOWN
    return max(0.0, seconds - time.clock_gettime(absolute_on)) if absolute_on is not None else seconds


def _timespec(pid: int, address: int, unit: float) -> float | None:
    try:
        fd = os.open(f"/proc/{pid}/mem", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        seconds, fraction = struct.unpack("<qq", os.pread(fd, 16, address))
    except (OSError, struct.error, OverflowError):
        return None
    finally:
        os.close(fd)
    return float(seconds + fraction / unit)


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


class Open(NamedTuple):
    """What the descriptors of a process show. timer: seconds until its next timerfd goes off, FOREVER where there is
    none. relays: whether it holds a pseudo-terminal of its own, on which bytes may be on their way though all are
    blocked: a kernel work queue carries them."""

    timer: float
    relays: bool


def descriptors_of(pid: int) -> Open:
    """Look through the open descriptors of a process."""
    timer, relays = FOREVER, False
    try:
        with os.scandir(f"/proc/{pid}/fd") as entries:
            for entry in entries:
                what = os.readlink(entry.path)
                if what == "anon_inode:[timerfd]":
                    timer = min(timer, _timerfd(f"/proc/{pid}/fdinfo/{entry.name}"))
                relays |= what in ("/dev/ptmx", "/dev/pts/ptmx")
    except OSError:
        pass  # it has gone, or may not be read: then /proc/PID/syscall may not be read either, and that is said
    return Open(timer, relays)


def _timerfd(path: str) -> float:
    match = re.search(rb"it_value: \((\d+), (\d+)\)", processes.contents(path))
    seconds = int(match[1]) + int(match[2]) / 1e9 if match else 0.0
    return seconds or FOREVER
