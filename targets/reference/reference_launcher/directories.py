"""The directories of the launcher: the cache, the place for temporary environments, and what is in them.

A root has four subdirectories. The one that a directory is in says what it is:

    environments/KEY-RANDOM   complete; any process may use it under a shared lease
    building/RANDOM           being made; without a lease it is a leftover
    temporary/RANDOM          for one run; without a lease it is a leftover
    trash/RANDOM              being removed; without a lease it is a leftover

The location of the cache is that of platformdirs' `user_cache_dir`. The launcher runs without site-packages (-S), so
it cannot import platformdirs.
"""

import os
import sys

NAME = "proctor-reference-launcher"


class Failure(Exception):
    """The launcher cannot do what was asked. `message` says what was asked, what was found, and what to do.

    `status` is the exit status of the launcher.
    """

    def __init__(self, message: str, status: int = 125) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


class Root:
    """A directory with the four subdirectories. The launcher touches nothing else in it."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.environments = path + "/environments"
        self.building = path + "/building"
        self.temporary = path + "/temporary"
        self.trash = path + "/trash"

    def check_owner(self) -> None:
        """Raise Failure if another user owns the directory: programs from there would run as this user."""
        try:
            found = os.stat(self.path)
        except FileNotFoundError:
            return
        except OSError as error:
            raise system_failure(error, f"use the cache '{self.path}'") from error
        if found.st_uid not in (0, os.geteuid()):
            raise Failure(
                f"the cache '{self.path}' belongs to another user (uid {found.st_uid}, this is uid {os.geteuid()}): "
                "programs from there would run as you. Name another one with --cache-dir or LAUNCHER_CACHE_DIR"
            )

    def remove_empty(self) -> None:
        """Remove the subdirectories that are empty, except `environments`. They are made again when needed."""
        for path in (self.building, self.temporary, self.trash):
            try:
                os.rmdir(path)
            except OSError:  # not empty, not there, or of another user
                pass


def cache_root(option: str | None = None) -> Root:
    """Return the cache: the one that `option` names, else that of the environment variables, else the user's."""
    path: str | None = option or first_path(os.environ.get("CACHE_DIRECTORY"))
    if path and not option:
        path += "/" + NAME  # the service has files of its own in $CACHE_DIRECTORY
    path = path or os.environ.get("LAUNCHER_CACHE_DIR")
    if path:
        return Root(os.path.abspath(path))
    home = os.path.expanduser("~")
    if sys.platform == "darwin":
        return Root(f"{home}/Library/Caches/{NAME}")
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):  # the XDG specification says to ignore a relative path
        base = home + "/.cache"
    return Root(f"{base}/{NAME}")


def temporary_root(cache: Root) -> Root:
    """Return where temporary environments go: in RuntimeDirectory= of systemd.exec(5) if it is set, else in `cache`."""
    path = first_path(os.environ.get("RUNTIME_DIRECTORY"))
    return Root(os.path.abspath(path) + "/" + NAME) if path else cache


def first_path(paths: str | None) -> str:
    """Return the first path of a list with colons. systemd sets such a list if there are several directories."""
    return (paths or "").split(":")[0]


def random_name() -> str:
    return os.urandom(8).hex()


def system_failure(error: OSError, action: str) -> Failure:
    """Return a Failure for a failed system call, with advice for the errors that users meet."""
    import errno

    advice = {
        errno.EROFS: "the file system is read-only; name another directory with --cache-dir or LAUNCHER_CACHE_DIR",
        errno.EACCES: "this user may not write there; name another directory with --cache-dir or LAUNCHER_CACHE_DIR",
        errno.ENOSPC: "the file system is full; free some space ('launcher cache prune' may help), or name another "
        "directory with --cache-dir or LAUNCHER_CACHE_DIR",
        errno.EDQUOT: "the quota is used up; free some space ('launcher cache prune' may help)",
        errno.ENAMETOOLONG: "the path is too long; name a shorter one with --cache-dir or LAUNCHER_CACHE_DIR",
        errno.ENOTDIR: "a part of the path is a file; name another directory with --cache-dir or LAUNCHER_CACHE_DIR",
    }.get(error.errno or 0, "")
    where = f" ('{os.fsdecode(error.filename)}')" if error.filename and not isinstance(error.filename, int) else ""
    return Failure(f"cannot {action}{where}: {os.strerror(error.errno or 0)}" + (f": {advice}" if advice else ""))
