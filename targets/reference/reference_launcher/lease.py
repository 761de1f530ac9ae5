"""Leases: who uses a directory keeps it from being removed, and nobody ever waits.

A lease is a flock(2) on the directory itself, opened read-only. So there is no lock file that could be left
over or be removed under somebody's feet, and the kernel ends the lease with its holder, by whatever he ends.
No PID is written down: a number can be used again, a lock cannot.

    shared      whoever uses or makes the directory
    exclusive   whoever removes it, and he only tries (LOCK_NB)

Making needs no exclusive lease: what is not whole has a name that nobody looks up. So a lease never changes
from one kind to the other, which flock(2) does not do in one step.
"""

import errno
import fcntl
import os

from reference_launcher.places import Failure, explained, random_name

# EBADF: where flock is emulated by fcntl(2) locks, LOCK_EX needs a descriptor for writing, and a directory has none.
# Linux does so for files on NFS, flock(2); the locks of directories there, and on SMB and FUSE, it keeps to itself.
NO_LOCKS = (errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOLCK, errno.EBADF)
ATTEMPTS = 1000


class Lease:
    """A lease that is held, until `end` or the end of the process."""

    def __init__(self, path: str, descriptor: int) -> None:
        self.path = path
        self.descriptor = descriptor

    def end(self) -> None:
        os.close(self.descriptor)

    def is_here(self) -> bool:
        """Whether the directory we hold is the one at the path: it may have been removed before we had it."""
        try:
            there = os.stat(self.path, follow_symlinks=False)
        except OSError:
            return False
        return os.path.samestat(there, os.fstat(self.descriptor))


def use(path: str) -> Lease | None:
    """Take a shared lease; None when there is no such directory or somebody removes it."""
    return take(path, fcntl.LOCK_SH)


def claim(path: str) -> Lease | None:
    """Take an exclusive lease in order to remove; None when there is no such directory or somebody uses it."""
    return take(path, fcntl.LOCK_EX)


def take(path: str, how: int) -> Lease | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EACCES):
            return None
        raise
    lease = Lease(path, descriptor)
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        lease.end()
        return None
    except OSError as error:
        lease.end()
        if error.errno not in NO_LOCKS:
            raise
        raise Failure(
            f"the file system of '{path}' has no flock(2) on directories ({os.strerror(error.errno or 0)}), and "
            "without it nobody would know what is in use. Name a local one with --cache-dir or LAUNCHER_CACHE_DIR"
        ) from error
    if not lease.is_here():
        lease.end()
        return None
    return lease


def make(parent: str) -> Lease:
    """Make a directory with a name of its own in `parent`, leased from the first moment that counts.

    Between mkdir and flock a collector may take it for a leftover. Then it is his, and we make another one.
    """
    for _ in range(ATTEMPTS):
        path = f"{parent}/{random_name()}"
        try:
            os.makedirs(parent, mode=0o700, exist_ok=True)
            os.mkdir(path, 0o700)
        except FileNotFoundError:  # an empty `parent` was tidied away in between
            continue
        except OSError as error:
            raise explained(error, "make a directory for the environment") from error
        try:
            # First as one who removes it: what cannot be leased so should be refused now, not found when it is in use.
            if alone := claim(path):
                alone.end()
            lease = use(path)
        except Failure:
            os.rmdir(path)
            raise
        if lease:
            return lease
    raise Failure(f"cannot make a directory in '{parent}': it disappears each time")
