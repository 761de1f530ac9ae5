"""Leases: a directory is in use for as long as a process holds a lock on it. None of it is a fault.

A lease is a flock(2) on the directory itself, so it needs no file of its own, is gone with the last process that
holds it however that ended, and says nothing of PIDs. Between the moment a directory is opened and the moment it is
locked it may have been removed; so after that it is looked whether the path still leads to what is locked.
"""

import os
from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, LOCK_UN, flock

__all__ = ["LOCK_EX", "LOCK_NB", "LOCK_SH", "LOCK_UN", "Leases", "flock"]

A_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


class Leases:
    """What launchers do with such directories."""

    def unique(self) -> str:
        return os.urandom(6).hex()

    def make_directory(self, path: str) -> None:
        os.mkdir(path)

    def make(self, parent: str, prefix: str = "") -> tuple[str, int]:
        """Make a directory of our own; return its path and the lease."""
        while True:
            path = f"{parent}/{prefix}{self.unique()}"
            self.make_directory(path)
            lease = self.take(path, LOCK_EX)
            if lease >= 0:
                return path, lease

    def take(self, path: str, how: int) -> int:
        """Return a lease of a directory, -1 where it is gone, or another's and we do not wait."""
        try:
            lease = os.open(path, A_DIRECTORY)
        except OSError:
            return -1
        try:
            self.lock(lease, how)
            if self.is_still_there(path, lease):
                return lease
        except BlockingIOError:
            pass
        os.close(lease)
        return -1

    def lock(self, lease: int, how: int) -> None:
        flock(lease, how)

    def is_still_there(self, path: str, lease: int) -> bool:
        try:
            return os.path.samestat(os.lstat(path), os.fstat(lease))
        except FileNotFoundError:
            return False

    def names_in(self, parent: str) -> list[str]:
        try:
            return os.listdir(parent)
        except FileNotFoundError:
            return []

    def discard(self, path: str) -> None:
        """Remove a directory that no launcher will look for, unless it is in use."""
        lease = self.take(path, LOCK_EX | LOCK_NB)
        if lease >= 0:
            self.remove(path, lease)
            os.close(lease)

    def retire(self, path: str) -> None:
        """Remove a directory that others look for, unless it is in use: first its name, so that none is seen half."""
        lease = self.take(path, LOCK_EX | LOCK_NB)
        if lease >= 0:
            gone = f"{os.path.dirname(path)}/.gone-{self.unique()}"
            os.rename(path, gone)
            self.remove(gone, lease)
            os.close(lease)

    def remove(self, path: str, lease: int) -> None:
        """Remove a directory that we hold. What a process of the command still writes there may be in the way: the
        next run or prune removes it."""
        try:
            self.empty(lease)
            os.rmdir(path)
        except OSError:
            pass

    def empty(self, directory: int) -> None:
        """Remove all that is in a directory. By descriptors: no link is followed, even if one changes meanwhile."""
        with os.scandir(directory) as entries:
            found = list(entries)
        for entry in found:
            if entry.is_dir(follow_symlinks=False):
                inner = os.open(entry.name, A_DIRECTORY, dir_fd=directory)
                self.empty(inner)
                os.close(inner)
                os.rmdir(entry.name, dir_fd=directory)
            else:
                os.unlink(entry.name, dir_fd=directory)
