"""Where things are: the cache, the directory for temporary environments, and what is in them.

A root has four directories, and where a directory is says what may be done with it:

    environments/KEY-RANDOM   whole, may be used by whoever gets a shared lease on it
    building/RANDOM           being made; without a lease it is a leftover
    temporary/RANDOM          of one run; without a lease it is a leftover
    trash/RANDOM              being removed; without a lease it is a leftover

Which directory is the cache follows platformdirs' `user_cache_dir`, without importing it: the launcher runs
without site-packages (-S), and the rule is two lines.
"""

import os
import sys

NAME = "proctor-reference-launcher"


class Failure(Exception):
    """The launcher cannot do what it was asked. The message says what, what was found, and what to do."""

    def __init__(self, message: str, status: int = 125) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


class Root:
    """A directory with the four in it. Nothing else in there is touched."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.environments = path + "/environments"
        self.building = path + "/building"
        self.temporary = path + "/temporary"
        self.trash = path + "/trash"

    def check(self) -> None:
        """Refuse a cache that somebody else can write: we would run programs that he has put there."""
        try:
            found = os.stat(self.path)
        except FileNotFoundError:
            return
        except OSError as error:
            raise explained(error, f"use the cache '{self.path}'") from error
        if found.st_uid not in (0, os.geteuid()):
            raise Failure(
                f"the cache '{self.path}' belongs to another user (uid {found.st_uid}, this is uid {os.geteuid()}): "
                "programs from there would run as you. Name another one with --cache-dir or LAUNCHER_CACHE_DIR"
            )

    def tidy(self) -> None:
        """Remove the three that hold nothing for long, when they are empty. Whoever needs one makes it again."""
        for path in (self.building, self.temporary, self.trash):
            try:
                os.rmdir(path)
            except OSError:  # not empty, not there, not ours
                pass


def cache_root(option: str | None = None) -> Root:
    """Return the cache: as told, else systemd's, else the user's."""
    given: str | None = option or first(os.environ.get("CACHE_DIRECTORY"))
    if given and not option:
        given += "/" + NAME  # the service keeps its own things there as well
    given = given or os.environ.get("LAUNCHER_CACHE_DIR")
    if given:
        return Root(os.path.abspath(given))
    home = os.path.expanduser("~")
    if sys.platform == "darwin":
        return Root(f"{home}/Library/Caches/{NAME}")
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):  # the XDG specification: a relative path is to be ignored
        base = home + "/.cache"
    return Root(f"{base}/{NAME}")


def temporary_root(cache: Root) -> Root:
    """Return where environments of one run go: RuntimeDirectory= of systemd.exec(5) if there is one."""
    given = first(os.environ.get("RUNTIME_DIRECTORY"))
    return Root(os.path.abspath(given) + "/" + NAME) if given else cache


def first(paths: str | None) -> str:
    """Return the first of a list with colons, as systemd passes several directories."""
    return (paths or "").split(":")[0]


def random_name() -> str:
    return os.urandom(8).hex()


def explained(error: OSError, what: str) -> Failure:
    """Turn an error of the system into a message that says what to do about it."""
    import errno

    advice = {
        errno.EROFS: "the file system is read-only; name another place with --cache-dir or LAUNCHER_CACHE_DIR",
        errno.EACCES: "it may not be written by this user; name another place with --cache-dir or LAUNCHER_CACHE_DIR",
        errno.ENOSPC: "the file system is full; make room ('launcher cache prune' may help), or name another place "
        "with --cache-dir or LAUNCHER_CACHE_DIR",
        errno.EDQUOT: "the quota is used up; make room ('launcher cache prune' may help)",
        errno.ENAMETOOLONG: "the path is too long; name a shorter place with --cache-dir or LAUNCHER_CACHE_DIR",
        errno.ENOTDIR: "a part of the path is a file; name another place with --cache-dir or LAUNCHER_CACHE_DIR",
    }.get(error.errno or 0, "")
    where = f" ('{os.fsdecode(error.filename)}')" if error.filename and not isinstance(error.filename, int) else ""
    return Failure(f"cannot {what}{where}: {os.strerror(error.errno or 0)}" + (f": {advice}" if advice else ""))
