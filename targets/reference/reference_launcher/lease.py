"""Leases: a directory that a process uses is not removed, and no process ever waits for another.

A lease is a flock(2) on the directory itself, opened read-only. So there is no lock file that could be left over or be
removed while it is in use, and the kernel releases the lease when its holder ends for any reason. No PID is stored: a
PID can be reused, a lock cannot.

    shared      for using or making the directory
    exclusive   for removing it; taken only if that is possible at once (LOCK_NB)

Making needs no exclusive lease, because an unfinished directory has a name that no other process looks up. So a lease
never changes from one kind to the other, which flock(2) does not do atomically.
"""

import errno
import fcntl
import os

from reference_launcher.directories import Failure, random_name, system_failure

# EBADF: where flock is emulated by fcntl(2) locks, LOCK_EX needs a descriptor for writing, and a directory has none.
# Linux does so for files on NFS, flock(2). It keeps locks of directories there, and on SMB and FUSE, local.
UNSUPPORTED = (errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOLCK, errno.EBADF)
ATTEMPTS = 1000


class Lease:
    """A lease, held until `release` or the end of the process."""

    def __init__(self, path: str, descriptor: int) -> None:
        self.path = path
        self.descriptor = descriptor

    def release(self) -> None:
        os.close(self.descriptor)

    def is_at_path(self) -> bool:
        """Return whether the path still leads to the locked directory, which may have been removed before the lock."""
        try:
            found = os.stat(self.path, follow_symlinks=False)
        except OSError:
            return False
        return os.path.samestat(found, os.fstat(self.descriptor))


def lease_shared(path: str) -> Lease | None:
    """Take a shared lease; return None if there is no such directory or it is being removed."""
    return take_lease(path, fcntl.LOCK_SH)


def lease_exclusive(path: str) -> Lease | None:
    """Take an exclusive lease, for removing; return None if there is no such directory or it is in use."""
    return take_lease(path, fcntl.LOCK_EX)


def take_lease(path: str, operation: int) -> Lease | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EACCES):
            return None
        raise
    lease = Lease(path, descriptor)
    try:
        fcntl.flock(descriptor, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        lease.release()
        return None
    except OSError as error:
        lease.release()
        if error.errno not in UNSUPPORTED:
            raise
        raise Failure(
            f"the file system of '{path}' has no flock(2) on directories ({os.strerror(error.errno or 0)}), which is "
            "needed to know what is in use. Name a local directory with --cache-dir or LAUNCHER_CACHE_DIR"
        ) from error
    if not lease.is_at_path():
        lease.release()
        return None
    return lease


def make_leased_directory(parent: str) -> Lease:
    """Make a directory with a random name in `parent`, and lease it.

    Between mkdir and flock another process may take the directory for a leftover and remove it. Then make another one.
    """
    for _ in range(ATTEMPTS):
        path = f"{parent}/{random_name()}"
        try:
            os.makedirs(parent, mode=0o700, exist_ok=True)
            os.mkdir(path, 0o700)
        except FileNotFoundError:  # `parent` was empty, and another process removed it
            continue
        except OSError as error:
            raise system_failure(error, "make a directory for the environment") from error
        try:
            # Try an exclusive lease first: fail now if the file system has none, not when the directory is in use.
            if exclusive := lease_exclusive(path):
                exclusive.release()
            lease = lease_shared(path)
        except Failure:
            os.rmdir(path)
            raise
        if lease:
            return lease
    raise Failure(f"cannot make a directory in '{parent}': another process removed it {ATTEMPTS} times")
