"""Removing a directory with all that is in it, and nothing else.

Not shutil.rmtree: importing it takes 8 ms, as long as exec mode as a whole, and it stops at a directory that may
not be written. Every step is relative to an open directory and follows no link, so that what is exchanged for
a symbolic link meanwhile does not lead out (`shutil.rmtree.avoids_symlink_attacks` does the same).
"""

import errno
import os

from reference_launcher.lease import claim
from reference_launcher.places import Root, random_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
ATTEMPTS = 100


def remove(path: str) -> None:
    """Remove `path`, a directory; it is no error if it is gone."""
    parent, name = os.path.split(path)
    try:
        there = os.open(parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        remove_in(there, name)
    finally:
        os.close(there)


def remove_in(parent: int, name: str) -> None:
    for _ in range(ATTEMPTS):
        try:
            here = open_directory(parent, name)
            try:
                empty(here)
            finally:
                os.close(here)
            os.rmdir(name, dir_fd=parent)
        except FileNotFoundError:
            return
        except OSError as error:
            # A process that the command has left behind may still write there, its bytecode for one.
            if error.errno != errno.ENOTEMPTY:
                raise
        else:
            return


def empty(here: int) -> None:
    with os.scandir(here) as found:
        entries = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in found]
    for name, is_directory in entries:
        if is_directory:
            remove_in(here, name)
            continue
        try:
            os.unlink(name, dir_fd=here)
        except FileNotFoundError:
            pass
        except PermissionError:
            os.fchmod(here, 0o700)  # a directory that may not be written: packages and build tools make some
            os.unlink(name, dir_fd=here)


def open_directory(parent: int, name: str) -> int:
    try:
        here = os.open(name, DIRECTORY, dir_fd=parent)
    except PermissionError:
        allow(parent, name)
        here = os.open(name, DIRECTORY, dir_fd=parent)
    if not os.fstat(here).st_mode & 0o200 or not os.fstat(here).st_mode & 0o100:
        os.fchmod(here, 0o700)
    return here


def allow(parent: int, name: str) -> None:
    """chmod(2) that follows no link: by way of a descriptor that opens even what may not be read."""
    if not hasattr(os, "O_PATH"):
        os.chmod(name, 0o700, dir_fd=parent, follow_symlinks=False)
        return
    handle = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=parent)
    try:
        os.chmod(f"/proc/self/fd/{handle}", 0o700)
    finally:
        os.close(handle)


def discard(path: str, root: Root) -> bool:
    """Remove what nobody uses; False when somebody does, or somebody else is removing it.

    What others look up by its name loses it first, in one step. So nobody finds it half removed, and when we
    are killed while removing, it lies in the trash without a lease, for the next one to collect.
    """
    lease = claim(path)
    if not lease:
        return False
    try:
        if os.path.dirname(path) == root.environments:
            path = to_trash(path, root)
        remove(path)
    finally:
        lease.end()
    return True


def to_trash(path: str, root: Root) -> str:
    for _ in range(ATTEMPTS):
        target = f"{root.trash}/{random_name()}"
        os.makedirs(root.trash, mode=0o700, exist_ok=True)
        try:
            os.rename(path, target)
        except FileNotFoundError:  # the empty trash was tidied away in between
            continue
        return target
    return path


def collect(root: Root, stop: "Callable[[], bool]" = lambda: False) -> int:
    """Remove what killed launchers have left, and say how many there were. Whole environments are not looked at."""
    count = 0
    for parent in (root.temporary, root.building, root.trash):
        for path in entries(parent):
            if stop():
                return count
            try:
                count += discard(path, root)
            except OSError:  # not ours to remove: that must not keep a run from starting
                continue
    return count


def entries(parent: str) -> list[str]:
    try:
        return [f"{parent}/{name}" for name in os.listdir(parent)]
    except OSError:
        return []
