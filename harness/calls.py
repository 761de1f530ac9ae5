"""The system calls that the harness knows: their numbers and their properties. No other file has such a table.

A visible call is one by which a launcher changes what other processes can see, or waits for them. Between two visible
calls a signal has the same effect at every instruction, so the explorer stops a launcher only at these.

Numbers are the kernel's for x86-64 (arch/x86/entry/syscalls/syscall_64.tbl) and for arm64
(include/uapi/asm-generic/unistd.h); None where an architecture has no such call.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable
from typing import Literal, NamedTuple

Effect = Literal["signals", "mask", "process", "place", "terminal", "file", "sends", "waits", "descriptor"]
"""What a call changes, or waits for. signals: dispositions. mask: what is blocked. process: one is made, replaced,
ended. place: session, process group, ids. terminal. file: created, changed, removed. sends: a signal. waits: for
another process, or for time. descriptor: pipes and copies, by which processes wait for each other."""


class Only(NamedTuple):
    """The call is visible only if an argument is not zero, has one of these bits, or is one of these values."""

    argument: int
    nonzero: bool = False
    bits: int = 0
    values: tuple[int, ...] = ()


class Timeout(NamedTuple):
    """Which argument of a blocking call holds its timeout, and what that is.

    ms: milliseconds, an int; negative for none. ts: a pointer to a struct timespec. tv: a pointer to a struct timeval.
    futex: a timespec whose meaning depends on the operation. clock: a timespec, absolute where TIMER_ABSTIME is set.
    restart: that of the interrupted call that is restarted. unknown: it cannot be read.
    """

    argument: int
    kind: Literal["ms", "ts", "tv", "futex", "clock", "restart", "unknown"]


class Path(NamedTuple):
    """Which arguments name a file: a path, and the descriptor of the directory to which it is relative; None where
    there is no such argument. Without a path it is the file of the descriptor itself."""

    name: int | None
    directory: int | None = None


WaitsFor = Literal["children", "signals", "time", "futex", "descriptors", "poll", "select", "epoll", "lock"]
"""What can end a blocking call, besides its timeout and a signal. children: wait(2) and the like. time: nothing else.
descriptors: those in `fds`. poll, select, epoll: the descriptors in the set that an argument points to. lock: the
holder of a file lock."""


class Call(NamedTuple):
    """One system call: its numbers; of a visible one its effect, and, where only some of its uses are visible, which;
    of a blocking one its timeout.

    may_sleep: it may block although its effect does not say so. completes: a task that is blocked in it goes on without
    anything that another process does. waits_for: what ends it; None where this is not known, and then no wait in this
    call is taken to last for ever. fds: which of its arguments are the descriptors that it waits for. path: which
    arguments name the file that it makes, changes or removes.
    """

    x86_64: int | None
    aarch64: int | None
    effect: Effect | None = None
    only: Only | None = None
    timeout: Timeout | None = None
    may_sleep: bool = False
    completes: bool = False
    waits_for: WaitsFor | None = None
    fds: tuple[int, ...] = ()
    path: Path | None = None

    @property
    def leaves(self) -> bool:
        """Whether something may be left of it when its caller ends: a file, a changed terminal. What happens to
        processes is seen at their births."""
        return self.effect in ("file", "terminal")


_O_CREAT = 0o100
_GIVEN = Only(1, nonzero=True)
_TERMINAL_CHANGES = Only(
    1,
    values=(
        0x5402, 0x5403, 0x5404, 0x5406, 0x5407, 0x5408,  # TCSETS, TCSETSW, TCSETSF, TCSETA, TCSETAW, TCSETAF
        0x540B, 0x540E, 0x5410, 0x5412, 0x5414, 0x5422,  # TCFLSH, TIOCSCTTY, TIOCSPGRP, TIOCSTI, TIOCSWINSZ, TIOCNOTTY
        0x402C542B, 0x402C542C, 0x402C542D,  # TCSETS2, TCSETSW2, TCSETSF2
    ),
)  # fmt: skip
"""The requests of ioctl(2) that change a terminal; those that only read are not visible. ioctl_tty(2)."""

VISIBLE: dict[str, Call] = {
    # with a null pointer as the new action or mask it only reads; PyOS_getsig does so 64 times when Python starts
    "rt_sigaction": Call(13, 134, "signals", _GIVEN),
    "rt_sigprocmask": Call(14, 135, "mask", _GIVEN),
    "signalfd4": Call(289, 74, "signals"),
    "signalfd": Call(282, None, "signals"),
    "timer_settime": Call(223, 110, "signals"),
    "setitimer": Call(38, 103, "signals"),
    "alarm": Call(37, None, "signals"),
    "rt_sigsuspend": Call(130, 133, "waits", waits_for="signals"),
    "rt_sigtimedwait": Call(128, 137, "waits", timeout=Timeout(2, "ts"), waits_for="signals"),
    "pause": Call(34, None, "waits", waits_for="signals"),
    "wait4": Call(61, 260, "waits", waits_for="children"),
    "waitid": Call(247, 95, "waits", waits_for="children"),
    "poll": Call(7, None, "waits", timeout=Timeout(2, "ms"), waits_for="poll"),
    "ppoll": Call(271, 73, "waits", timeout=Timeout(2, "ts"), waits_for="poll"),
    "select": Call(23, None, "waits", timeout=Timeout(4, "tv"), waits_for="select"),
    "pselect6": Call(270, 72, "waits", timeout=Timeout(4, "ts"), waits_for="select"),
    "epoll_wait": Call(232, None, "waits", timeout=Timeout(3, "ms"), waits_for="epoll"),
    "epoll_pwait": Call(281, 22, "waits", timeout=Timeout(3, "ms"), waits_for="epoll"),
    "epoll_pwait2": Call(441, 441, "waits", timeout=Timeout(3, "ts"), waits_for="epoll"),
    "nanosleep": Call(35, 101, "waits", timeout=Timeout(0, "ts"), waits_for="time"),
    "clock_nanosleep": Call(230, 115, "waits", timeout=Timeout(2, "clock"), waits_for="time"),
    "fork": Call(57, None, "process"),
    "vfork": Call(58, None, "process"),
    "clone": Call(56, 220, "process"),
    "clone3": Call(435, 435, "process"),
    "execve": Call(59, 221, "process", completes=True),
    "execveat": Call(322, 281, "process", completes=True),
    "exit_group": Call(231, 94, "process", completes=True),
    "kill": Call(62, 129, "sends"),
    "tkill": Call(200, 130, "sends"),
    "tgkill": Call(234, 131, "sends"),
    "rt_sigqueueinfo": Call(129, 138, "sends"),
    "pidfd_send_signal": Call(424, 424, "sends"),
    "pidfd_open": Call(434, 434, "descriptor"),
    "prctl": Call(157, 167, "place", Only(0, values=(1, 36))),  # PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER
    "ptrace": Call(101, 117, "place"),
    "setsid": Call(112, 157, "place"),
    "setpgid": Call(109, 154, "place"),
    "ioctl": Call(16, 29, "terminal", _TERMINAL_CHANGES, waits_for="descriptors", fds=(0,)),
    "pipe": Call(22, None, "descriptor"),
    "pipe2": Call(293, 59, "descriptor"),
    "dup2": Call(33, None, "descriptor"),
    "dup3": Call(292, 24, "descriptor"),
    "open": Call(2, None, "file", Only(1, bits=_O_CREAT), may_sleep=True, path=Path(0)),
    "openat": Call(257, 56, "file", Only(2, bits=_O_CREAT), may_sleep=True, path=Path(1, 0)),
    "creat": Call(85, None, "file", may_sleep=True, path=Path(0)),
    "mkdir": Call(83, None, "file", path=Path(0)),
    "mkdirat": Call(258, 34, "file", path=Path(1, 0)),
    "rmdir": Call(84, None, "file", path=Path(0)),
    "unlink": Call(87, None, "file", path=Path(0)),
    "unlinkat": Call(263, 35, "file", path=Path(1, 0)),
    "rename": Call(82, None, "file", path=Path(1)),  # of two names the one that is new
    "renameat": Call(264, 38, "file", path=Path(3, 2)),
    "renameat2": Call(316, 276, "file", path=Path(3, 2)),
    "link": Call(86, None, "file", path=Path(1)),
    "linkat": Call(265, 37, "file", path=Path(3, 2)),
    "symlink": Call(88, None, "file", path=Path(1)),
    "symlinkat": Call(266, 36, "file", path=Path(2, 1)),
    "ftruncate": Call(77, 46, "file", path=Path(None, 0)),
    "flock": Call(73, 32, "file", may_sleep=True, waits_for="lock", fds=(0,), path=Path(None, 0)),
}
"""The calls at which the explorer stops a launcher, by name."""

OTHERS: dict[str, Call] = {
    "rt_tgsigqueueinfo": Call(297, 240, "sends"),
    "futex": Call(202, 98, timeout=Timeout(3, "futex"), waits_for="futex"),
    # its timeout is absolute, on the clock that the next argument names: not read
    "futex_waitv": Call(449, 449, timeout=Timeout(3, "unknown")),
    "io_getevents": Call(208, 4, timeout=Timeout(4, "ts")),
    "recvmmsg": Call(299, 243, timeout=Timeout(4, "ts"), waits_for="descriptors", fds=(0,)),
    "semtimedop": Call(220, 192, timeout=Timeout(3, "ts")),
    "restart_syscall": Call(219, 128, timeout=Timeout(0, "restart")),
    **{
        name: Call(x86_64, aarch64, waits_for="descriptors", fds=(0,), path=Path(None, 0))
        for name, x86_64, aarch64 in (
            ("read", 0, 63),
            ("readv", 19, 65),
            ("write", 1, 64),
            ("writev", 20, 66),
            ("accept", 43, 202),
            ("accept4", 288, 242),
            ("connect", 42, 203),
            ("recvfrom", 45, 207),
            ("recvmsg", 47, 212),
            ("sendto", 44, 206),
            ("sendmsg", 46, 211),
            ("sendmmsg", 307, 269),
        )
    },
    "close": Call(3, 57),
    "pidfd_getfd": Call(438, 438),
    "splice": Call(275, 76, waits_for="descriptors", fds=(0, 2)),
    "fcntl": Call(72, 25, waits_for="lock", fds=(0,)),
    "sched_yield": Call(24, 124),
    "mmap": Call(9, 222),
    "dup": Call(32, 23),
    "socket": Call(41, 198),
    # PID 1 of a namespace stays in its exit until the last of its processes has gone (zap_pid_ns_processes), and that
    # can be when /proc shows none any more
    "exit": Call(60, 93, completes=True),
}
"""Calls that are not visible, but have a property that the harness asks for."""

CALLS = VISIBLE | OTHERS
FLAG_CHANGES = {"fcntl": Only(1, values=(4,)), "ioctl": Only(1, values=(0x5421, 0x5452))}
"""The calls that change the flags of an open file description: F_SETFL; FIONBIO, FIOASYNC. They are visible only to who
shares it, so a launcher is stopped at them only where that is what a case is about."""
ONLY_FAIL: dict[str, Only | None] = {
    "open": None,
    "openat": None,
    "read": None,
    "write": None,
    "mmap": None,
    "dup": None,
    "socket": None,
    "fcntl": Only(1, values=(0, 1030)),  # F_DUPFD, F_DUPFD_CLOEXEC
}
"""The calls, or uses of calls, that change nothing for others, but can fail, and when. A launcher is stopped at them
only by schedules that make calls fail (`Schedule.stops_where_calls_fail`); a Python launcher makes 2,000 of them."""
TELLS = {"write": 2, "open": 1, "openat": 2}
"""Of some calls the argument that says how they can fail: the number of bytes, the flags."""
STREAM_CALLS = (
    "close",
    *(name for name, call in OTHERS.items() if call.waits_for == "descriptors" and call.fds == (0,)),
)
"""The calls by which processes wait for each other on pipes, sockets and the like. A launcher is stopped at them only
under an order; most of them are about files."""
SENDS = tuple(name for name, call in CALLS.items() if call.effect == "sends")
"""The calls that send signals."""
REAPS = ("wait4", "waitid")
OPTIONS = {"wait4": 2, "waitid": 3}
"""Of the calls that wait for children the argument with the options, such as WNOHANG."""
YIELDS = "sched_yield"
"""The call of a task that spins until another has done something; sched_yield(2)."""
SETS_TIMER = ("setitimer", "alarm", "timer_settime")
"""The calls that set an interval or POSIX timer."""

BIRTH = "birth"
"""The name of the first schedule point of a process or thread, before its first instruction."""


def returns_at_once(name: str) -> bool:
    """Whether a call never blocks until another process does something. Then nothing that others do can come
    between its entry and its exit."""
    call = CALLS[name]
    waits = call.effect in ("process", "sends", "waits", "terminal") or call.waits_for is not None
    return not waits and not call.may_sleep


def by_number(calls: Iterable[str] = CALLS) -> dict[int, str]:
    """Return the names of these calls by their numbers on this machine; empty for a machine without a table."""
    machine = platform.machine()
    if machine not in ("x86_64", "aarch64"):
        return {}
    found = {name: getattr(CALLS[name], machine) for name in calls}
    return {number: name for name, number in found.items() if number is not None}


def number_of(name: str) -> int | None:
    """Return the number of a call on this machine; None if it has none, or the machine has no table."""
    machine = platform.machine()
    number: int | None = getattr(CALLS[name], machine, None)
    return number
