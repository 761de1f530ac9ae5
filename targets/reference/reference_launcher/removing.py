"""Removing a directory tree, and nothing outside it.

shutil.rmtree is not used: importing it takes 8 ms, as long as all of exec mode, and it fails on a directory without
write permission. Every step is relative to an open directory and follows no link. So nothing outside the tree is
removed if an entry is replaced by a symbolic link meanwhile (`shutil.rmtree.avoids_symlink_attacks` does the same).
"""

import errno
import os

from reference_launcher.directories import Root, random_name
from reference_launcher.lease import lease_exclusive

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

OPEN_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
ATTEMPTS = 100


def remove(path: str) -> None:
    """Remove the directory `path` and all that is in it. It is no error if it is gone."""
    parent, name = os.path.split(path)
    try:
        parent_descriptor = os.open(parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        remove_at(parent_descriptor, name)
    finally:
        os.close(parent_descriptor)


def remove_at(parent: int, name: str) -> None:
    for _ in range(ATTEMPTS):
        try:
            directory = open_directory(parent, name)
            try:
                remove_entries(directory)
            finally:
                os.close(directory)
            os.rmdir(name, dir_fd=parent)
        except FileNotFoundError:
            return
        except OSError as error:
            # A process that the command left behind may still write there, for example bytecode. Try again.
            if error.errno != errno.ENOTEMPTY:
                raise
        else:
            return


def remove_entries(directory: int) -> None:
    with os.scandir(directory) as found:
        entries = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in found]
    for name, is_directory in entries:
        if is_directory:
            remove_at(directory, name)
            continue
        try:
            os.unlink(name, dir_fd=directory)
        except FileNotFoundError:
            pass
        except PermissionError:
            os.fchmod(directory, 0o700)  # packages and build tools make directories without write permission
            os.unlink(name, dir_fd=directory)


def open_directory(parent: int, name: str) -> int:
    """Open a directory and make sure that its owner may read, search and write it."""
    try:
        directory = os.open(name, OPEN_DIRECTORY, dir_fd=parent)
    except PermissionError:
        chmod_no_follow(parent, name)
        directory = os.open(name, OPEN_DIRECTORY, dir_fd=parent)
    if not os.fstat(directory).st_mode & 0o200 or not os.fstat(directory).st_mode & 0o100:
        os.fchmod(directory, 0o700)
    return directory


def chmod_no_follow(parent: int, name: str) -> None:
    """Set mode 0700 without following a link, through an O_PATH descriptor, which needs no read permission."""
    if not hasattr(os, "O_PATH"):
        os.chmod(name, 0o700, dir_fd=parent, follow_symlinks=False)
        return
    descriptor = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=parent)
    try:
        os.chmod(f"/proc/self/fd/{descriptor}", 0o700)
    finally:
        os.close(descriptor)


def remove_unused(path: str, root: Root) -> bool:
    """Remove a directory of `root` unless it is in use or is being removed; return whether it was removed.

    An environment is first renamed into the trash, so no run finds it half removed. If this process is killed
    meanwhile, the next one finds it in the trash without a lease.
    """
    lease = lease_exclusive(path)
    if not lease:
        return False
    try:
        if os.path.dirname(path) == root.environments:
            path = move_to_trash(path, root)
        remove(path)
    finally:
        lease.release()
    return True


def move_to_trash(path: str, root: Root) -> str:
    for _ in range(ATTEMPTS):
        target = f"{root.trash}/{random_name()}"
        os.makedirs(root.trash, mode=0o700, exist_ok=True)
        try:
            os.rename(path, target)
        except FileNotFoundError:  # the trash was empty, and another process removed it
            continue
        return target
    return path


def remove_leftovers(root: Root, stop: "Callable[[], bool]" = lambda: False) -> int:
    """Remove what killed launchers have left, until `stop` returns true; return the number of leftovers removed.

    Complete environments stay.
    """
    count = 0
    for parent in (root.temporary, root.building, root.trash):
        for path in list_paths(parent):
            if stop():
                return count
            try:
                count += remove_unused(path, root)
            except OSError:  # this user may not remove it; that must not prevent a run
                continue
    return count


def list_paths(parent: str) -> list[str]:
    """Return the paths of the entries of `parent`, none if it cannot be read."""
    try:
        return [f"{parent}/{name}" for name in os.listdir(parent)]
    except OSError:
        return []
