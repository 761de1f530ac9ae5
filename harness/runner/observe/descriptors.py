"""What the descriptors of watched processes refer to, and whether the other end is watched as well.

A wait is endless only if nobody outside can end it. For a descriptor that means: who could make it ready is one of the
processes that we watch, or we ourselves.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from proctor.harness.runner import processes
from proctor.harness.runner.observe import timers
from proctor.harness.runner.observe.unix_sockets import socket_timeout, unix_socket

FOREVER = timers.FOREVER
_NEVER_OUTSIDE = frozenset((
    "anon_inode:[signalfd]", "anon_inode:[timerfd]",
    "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom",
))  # fmt: skip
"""What only those who hold it can make ready; a timer, whose time is known; and what never blocks."""
_PSEUDO_TERMINALS = ("/dev/ptmx", "/dev/pts/ptmx")
_EPOLL_ENTRY = re.compile(rb"^tfd: *(\d+) events: *([0-9a-f]+)", re.MULTILINE)
_EPOLL_MODES = 0xF0000000
"""Bits of an entry's events that ask for nothing: EPOLLET, EPOLLONESHOT, EPOLLWAKEUP, EPOLLEXCLUSIVE. EPOLLERR and
EPOLLHUP are reported though not asked for, and the kernel adds them: an entry without them is one of EPOLLONESHOT
that has gone off. epoll_ctl(2)."""
_TTY_INDEX = re.compile(rb"^tty-index:\t(\d+)", re.MULTILINE)
_DEEPEST = 5
"""How deep epoll instances may watch each other; epoll_ctl(2), ELOOP."""

Use = Literal["poll", "receive", "other"]
"""How a call waits for a descriptor: it polls it; it waits for what comes in, connections too; else for room, or until
it is connected."""


class DescriptorTable:
    """The descriptors of one process. links: what each refers to, by its number. timer: seconds until its next timerfd
    goes off, FOREVER for none. relays: those that are a pseudo-terminal of its own, with its number.
    is_known: whether all this may be read."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.links: dict[int, str] = {}
        self.is_known = True
        self.timer = FOREVER
        self.relays: dict[int, int] = {}
        try:
            with os.scandir(f"/proc/{pid}/fd") as entries:
                for entry in entries:
                    self._take(int(entry.name), os.readlink(entry.path))
        except FileNotFoundError:
            pass  # the process has gone, or the descriptor
        except OSError:
            self.is_known = False

    def _take(self, fd: int, link: str) -> None:
        self.links[fd] = link
        if link == "anon_inode:[timerfd]":
            self.timer = min(self.timer, _timerfd(f"/proc/{self.pid}/fdinfo/{fd}"))
        if link in _PSEUDO_TERMINALS:
            number = _TTY_INDEX.search(self.info(fd))
            self.relays[fd] = int(number[1]) if number else -1

    def info(self, fd: int) -> bytes:
        """Return the contents of /proc/PID/fdinfo/FD; b"" if it has gone."""
        try:
            return processes.contents(f"/proc/{self.pid}/fdinfo/{fd}")
        except OSError:
            return b""


def _timerfd(path: str) -> float:
    try:
        match = re.search(rb"it_value: \((\d+), (\d+)\)", processes.contents(path))
    except OSError:
        return FOREVER
    seconds = int(match[1]) + int(match[2]) / 1e9 if match else 0.0
    return seconds or FOREVER


class GivenTerminal(NamedTuple):
    """The terminal that the launcher was given. at: where it is, as (st_dev, st_ino); device: its number; timeout:
    seconds after which reading from it returns, as its modes say (VTIME); FOREVER for none."""

    at: tuple[int, int]
    device: int
    timeout: float


class Given(NamedTuple):
    """What the execution has given the launcher, and nobody outside knows or holds. places: its directories. terminal:
    None for pipes."""

    places: tuple[str, ...] = ()
    terminal: GivenTerminal | None = None


class Outside(NamedTuple):
    """A descriptor that somebody outside may make ready: its number and what it refers to."""

    fd: int
    link: str


class Inside:
    """What the processes that we watch, and we ourselves, hold. Read anew at each look, and only what is asked for."""

    def __init__(self, pids: Iterable[int], given: Given) -> None:
        self._pids = frozenset((*pids, os.getpid()))
        self._places, self._terminal = given
        self._tables: dict[int, DescriptorTable] = {}
        self._holders: Mapping[str, int] | None = None
        self._kernel_counts: bool | None = None
        self.timeout = FOREVER
        """The shortest time after which a descriptor that was asked for lets go by itself."""

    def table(self, pid: int) -> DescriptorTable:
        """Return the descriptors of a process."""
        if pid not in self._tables:
            self._tables[pid] = DescriptorTable(pid)
        return self._tables[pid]

    def watches(self, pid: int) -> bool:
        """Whether this process is inside."""
        return pid in self._pids

    def holders_of(self, link: str) -> list[tuple[int, int]]:
        """Return one descriptor that refers to this, with its process: of several any will do; else none."""
        for pid in self._pids:
            for fd, its in self.table(pid).links.items():
                if its == link:
                    return [(pid, fd)]
        return []

    def outside(self, pid: int, fds: Iterable[int], use: Use) -> Outside | None:
        """Return the first of these descriptors of a process that somebody outside may make ready, None if there is
        none. use: how the process waits for them."""
        return next(filter(None, (self._outside(self.table(pid), fd, use, 0) for fd in fds)), None)

    def _outside(self, table: DescriptorTable, fd: int, use: Use, depth: int) -> Outside | None:
        """Return what somebody outside may make ready: this descriptor, or one of those that an epoll instance
        watches. What was closed here, but is open elsewhere, is still watched, and cannot be told."""
        link = table.links.get(fd, "")
        if link != "anon_inode:[eventpoll]":
            return None if self._is_inside(table, fd, link, use) else Outside(fd, link)
        if depth == _DEEPEST:
            return Outside(fd, link)
        for entry in _EPOLL_ENTRY.finditer(table.info(fd)):
            watched, events = int(entry[1]), int(entry[2], 16)
            if events & ~_EPOLL_MODES and (found := self._outside(table, watched, "poll", depth + 1)):
                return found
        return None

    def _is_inside(self, table: DescriptorTable, fd: int, link: str, use: Use) -> bool:
        kind, _, rest = link.partition(":")
        if link in _NEVER_OUTSIDE or link in _PSEUDO_TERMINALS:
            return True
        if link == "anon_inode:[eventfd]":
            return not self._may_kernel_count()
        if kind == "pipe":
            return self._has_other_end(table.pid, fd, link)
        if kind == "socket":
            return self._is_socket_inside(table.pid, fd, int(rest.strip("[]")), use)
        if link == "anon_inode:[pidfd]" or kind == "pidfd":
            return self._is_process_inside(table.info(fd))
        return link.startswith("/") and self._is_path_inside(table.pid, fd, link, use)

    def _may_kernel_count(self) -> bool:
        """Whether the kernel may add to an event counter, for a process inside that uses io_uring or asynchronous I/O:
        when a request is done, such as a timeout. io_uring_register(2), io_submit(2). We use neither."""
        if self._kernel_counts is None:
            others = self._pids - {os.getpid()}
            self._kernel_counts = any(
                "anon_inode:[io_uring]" in self.table(pid).links.values() or timers.has_completions(pid)
                for pid in others
            )
        return self._kernel_counts

    def _has_other_end(self, pid: int, fd: int, link: str) -> bool:
        """Whether the other end of a pipe is held by someone inside."""
        if self._holders is None:
            self._holders = self._pipe_ends()
        return bool(self._holders.get(link, 0) & ~_direction(pid, fd) & (stat.S_IRUSR | stat.S_IWUSR))

    def _pipe_ends(self) -> dict[str, int]:
        """Return by pipe which of its ends someone inside holds: S_IRUSR, S_IWUSR."""
        held: dict[str, int] = {}
        for pid in self._pids:
            for fd, link in self.table(pid).links.items():
                if link.startswith("pipe:"):
                    held[link] = held.get(link, 0) | _direction(pid, fd)
        return held

    def _is_socket_inside(self, pid: int, fd: int, inode: int, use: Use) -> bool:
        """Whether the peer of a unix socket is inside; of one without a peer, whether only those inside can send to it.
        To whom it sends itself, or connects, is not known."""
        found = unix_socket(inode)
        if not found:
            return False
        if found.listens or not found.peer:
            if use == "other" or not self._is_own(os.fsdecode(found.name)):
                return False
        elif not self._is_held(f"socket:[{found.peer}]"):
            return False
        if use == "poll":
            return True
        timeout = socket_timeout(pid, fd)
        if timeout is None:
            return False
        self.timeout = min(self.timeout, timeout)
        return True

    def _is_held(self, link: str) -> bool:
        return any(link in self.table(pid).links.values() for pid in self._pids)

    def _is_process_inside(self, info: bytes) -> bool:
        found = re.search(rb"^Pid:\t(-?\d+)", info, re.MULTILINE)
        return found is not None and int(found[1]) in (*self._pids, -1)

    def _is_path_inside(self, pid: int, fd: int, link: str, use: Use) -> bool:
        """Whether a file is the launcher's terminal, or a fifo that only this execution knows. A regular file that
        keeps a poll waiting is a special one: a message queue, a file of /proc or of a control group."""
        try:
            found = os.stat(f"/proc/{pid}/fd/{fd}")
        except OSError:
            return True  # it has gone: the next look shows what is now
        if stat.S_ISFIFO(found.st_mode):
            return self._is_own(link)
        if link == "/dev/tty":
            is_ours = self._terminal is not None and _controlling_terminal(pid) == self._terminal.device
        else:
            is_ours = self._terminal is not None and (found.st_dev, found.st_ino) == self._terminal.at
        if is_ours and self._terminal and use != "poll":
            self.timeout = min(self.timeout, self._terminal.timeout)
        return is_ours or (use == "poll" and self._is_relayed(link))

    def _is_relayed(self, link: str) -> bool:
        """Whether the other end of this pseudo-terminal is held by someone inside. Its modes, and so how long a read of
        it waits (VTIME), are not looked at."""
        ends = {f"/dev/pts/{number}" for pid in self._pids for number in self.table(pid).relays.values()}
        return link in ends

    def _is_own(self, path: str) -> bool:
        return any(path.startswith(f"{place}/") for place in self._places)


def _direction(pid: int, fd: int) -> int:
    """Return how a descriptor is open: the link in /proc has these bits of its mode, S_IRUSR and S_IWUSR."""
    try:
        return os.lstat(f"/proc/{pid}/fd/{fd}").st_mode & (stat.S_IRUSR | stat.S_IWUSR)
    except OSError:
        return 0


def _controlling_terminal(pid: int) -> int:
    """Return the device number of a process' controlling terminal, as proc_pid_stat(5) gives it; 0 for none."""
    try:
        line = processes.contents(f"/proc/{pid}/stat")
    except OSError:
        return 0
    return int(line.rpartition(b") ")[2].split()[4])
