"""How system calls fail on a loaded system: the errors of each, with the reasons. The one table of the chapter FAULT.

An error is in the table if the manual page of the call names it, and a launcher that does nothing wrong can meet it:
for a lack of memory, processes or descriptors, on a full, broken or read-only file system, or because a signal came.
What is only in the state of the caller, so that the injected error would be a lie, is not: setsid(2) fails with EPERM
for the leader of a group and for nobody else; wait(2) fails with ECHILD without a child. Nor are calls whose failure
leaves a launcher no way to do what it has to: kill(2), and unlink(2), whose file stays then.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from proctor.harness.calls import VISIBLE
from proctor.harness.history import PointReached
from proctor.harness.schedule import Fail, Failure, ShortWrite

How = Literal["errors", "interruptions"]
"""errors: the call is not carried out. interruptions: a signal, or a device that is full, cuts it short; what is left
is to be done again."""

_NO_PROCESS = ("EAGAIN", "ENOMEM")
_NO_DESCRIPTOR = ("EMFILE", "ENFILE")
_NO_SPACE = ("ENOSPC", "EDQUOT", "EROFS", "EACCES")
OF_FILES = ("EIO", "EROFS", "ENOSPC", "EDQUOT")
"""Errors of a file system: a call fails with them only if it is about a file; open(2) only if it makes one."""
ERRORS: dict[str, tuple[str, ...]] = {
    # fork(2), clone(2): RLIMIT_NPROC, pids.max, kernel.threads-max; page tables
    "fork": _NO_PROCESS,
    "vfork": _NO_PROCESS,
    "clone": _NO_PROCESS,
    "clone3": _NO_PROCESS,
    # execve(2): argument pages, the limit of open files, the file system of the program
    "execve": ("ENOMEM", "ENFILE", "EIO"),
    "execveat": ("ENOMEM", "ENFILE", "EIO"),
    # pipe(2), signalfd(2), pidfd_open(2), socket(2), dup(2), F_DUPFD of fcntl(2): a new descriptor. Not dup2(2): its
    # descriptor is mostly open already, and then nothing is needed
    "pipe": _NO_DESCRIPTOR,
    "pipe2": _NO_DESCRIPTOR,
    "signalfd": (*_NO_DESCRIPTOR, "ENOMEM"),
    "signalfd4": (*_NO_DESCRIPTOR, "ENOMEM"),
    "pidfd_open": (*_NO_DESCRIPTOR, "ENOMEM"),
    "socket": (*_NO_DESCRIPTOR, "ENOMEM"),
    "dup": ("EMFILE",),
    "fcntl": ("EMFILE",),
    # mkdir(2), rename(2), link(2), symlink(2), ftruncate(2): a full, broken or read-only file system
    **dict.fromkeys(("mkdir", "mkdirat", "symlink", "symlinkat", "link", "linkat"), _NO_SPACE),
    **dict.fromkeys(("rename", "renameat", "renameat2"), _NO_SPACE),
    "ftruncate": ("EIO",),
    "creat": (*_NO_DESCRIPTOR, *_NO_SPACE),
    "open": (*_NO_DESCRIPTOR, "ENOMEM"),
    "openat": (*_NO_DESCRIPTOR, "ENOMEM"),
    "write": ("ENOSPC", "EDQUOT", "EIO"),  # of files; a pipe gives none of these
    "read": ("EIO",),
    "mmap": ("ENOMEM",),
}
"""The errors of each call, with what comes most often first; errno(3). The order of the calls is that of interest."""

NEVER_RESTARTED = (
    "rt_sigsuspend", "pause", "rt_sigtimedwait", "poll", "ppoll", "select", "pselect6", "epoll_wait", "epoll_pwait",
    "epoll_pwait2", "nanosleep", "clock_nanosleep",
)  # fmt: skip
"""Calls that fail with EINTR after any handler; signal(7), "Interruption of system calls"."""
RESTARTED = ("wait4", "waitid", "flock", "read", "write")
"""Calls that do so only after a handler that was set without SA_RESTART."""
MADE_BY_RUNTIMES = ("mmap", "open", "openat", "read", "fcntl")
"""Calls that the dynamic loader, the C library and an interpreter make before the launcher's own first line: what is
printed then, and with which status the launcher ends, is theirs to say."""

_O_CREAT = 0o100
_NO_FILES = ("/dev/", "/proc/", "/sys/", "/memfd:")
SYNCHRONOUS = sum(1 << (number - 1) for number in (4, 5, 7, 8, 11))
"""SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV: they come of an instruction, not while a call waits. Linux."""


def failures(point: PointReached, how: How, has_waited: bool) -> Iterator[Failure]:
    """Yield how a call can fail at whose entry a point is. has_waited: whether anything happened while it was made."""
    if how == "errors":
        yield from map(Fail, _errors(point))
        return
    if has_waited and _is_interruptible(point):
        yield Fail("EINTR")
    if point.at.call == "write" and _is_file(point) and point.argument > 1:
        yield ShortWrite(1)


def _errors(point: PointReached) -> tuple[str, ...]:
    call = point.at.call
    if call in ("read", "write") and not _is_file(point):
        return ()
    return ERRORS.get(call, ()) + (_NO_SPACE if creates(point) and call != "creat" else ())


def creates(point: PointReached) -> bool:
    """Whether a call opens a file that it may make."""
    return point.at.call in ("open", "openat") and makes_file(point.argument)


def makes_file(flags: int) -> bool:
    """Whether open(2) with these flags may make a file."""
    return bool(flags & _O_CREAT)


def is_visible(point: PointReached) -> bool:
    """Whether a call changes something for others, and not only fails."""
    return creates(point) if point.at.call in ("open", "openat") else point.at.call in VISIBLE


def _is_file(point: PointReached) -> bool:
    """Whether a descriptor is that of a file on a file system: the kernel cuts no write to a pipe short that is no
    longer than PIPE_BUF, and a read of a file waits for no signal."""
    return point.path.startswith("/") and not point.path.startswith(_NO_FILES)


def _is_interruptible(point: PointReached) -> bool:
    """Whether a signal can come whose handler makes the call fail: it is caught and not blocked."""
    caught = point.caught & ~point.blocked & ~SYNCHRONOUS
    if point.at.call in NEVER_RESTARTED:
        return bool(caught)
    return point.at.call in RESTARTED and not _is_file(point) and bool(caught & ~point.restarted)
