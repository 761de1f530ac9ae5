"""What the launcher's directories hold: snapshots, what differs between two of them, and how to go back to one."""

from __future__ import annotations

import fnmatch
import glob
import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from proctor.harness.history import Difference, FileChange, FilesChanged
from proctor.harness.runner.start.removal import remove
from proctor.harness.runner.start.spawn import Place, fill_in
from proctor.harness.target import Target

MOST_CHANGES = 5000
"""Changes that are recorded: an environment with pip has 2000 files. A launcher may leave a million."""
MARK = "pyvenv.cfg"
"""The file that marks a directory as a Python environment; PEP 405."""
WRITTEN_BY_PYTHON = "__pycache__"
"""Python itself writes there when a module is imported, whatever the launcher does."""


class Entry(NamedTuple):
    """One file as far as it is compared. Of a directory only what it is and may be: its times change with all in it."""

    kind: str
    mode: int
    size: int = 0
    time: int = 0
    link: str = ""


Tree = dict[str, Entry]
"""Entries by path, the paths beginning with the name of a place."""


def tree_of(place: Place) -> Tree:
    """Return what is in HOME, the working directory and TMPDIR now."""
    roots = {"HOME": place.home, "WORK": place.work, "TMPDIR": place.temporary}
    return {path: entry for name, root in roots.items() for path, entry in _below(str(root), name)}


def _below(root: str, name: str) -> Iterator[tuple[str, Entry]]:
    waiting = [(root, name)]  # no recursion: a launcher may nest directories deeper than that goes
    while waiting:
        directory, shown = waiting.pop()
        for path, entry, deeper in _in(directory, shown):
            yield path, entry
            if deeper:
                waiting.append((deeper, path))


def _in(directory: str, name: str) -> Iterator[tuple[str, Entry, str]]:
    """Yield what is in one directory; for each that is one itself, where it is."""
    try:
        with os.scandir(directory) as entries:
            found = list(entries)
    except OSError:
        return  # gone meanwhile, or closed to us
    for one in found:
        path = f"{name}/{one.name}"
        try:
            status = one.stat(follow_symlinks=False)
            link = os.readlink(one.path) if one.is_symlink() else ""
        except OSError:
            continue
        mode = stat.S_IMODE(status.st_mode)
        if stat.S_ISDIR(status.st_mode):
            if one.name == WRITTEN_BY_PYTHON:
                continue
            yield path, Entry("directory", mode), one.path
        elif link:
            yield path, Entry("link", 0, link=link), ""
        else:
            kind = "file" if stat.S_ISREG(status.st_mode) else "other"
            yield path, Entry(kind, mode, status.st_size, status.st_mtime_ns), ""


def differences(before: Tree, now: Tree) -> Iterator[tuple[str, str, Difference]]:
    """Yield path, kind and how, by path, for each that is not as it was."""
    for path in sorted(before.keys() | now.keys()):
        old, new = before.get(path), now.get(path)
        if new is None and old:
            yield path, old.kind, "removed"
        elif old is None and new:
            yield path, new.kind, "created"
        elif old != new and new:
            yield path, new.kind, "changed"


class Watched:
    """The directories of one execution, and what they held when this was created."""

    def __init__(self, target: Target, place: Place) -> None:
        self._place = place
        shown = {"HOME": place.home, "WORK": place.work, "TMPDIR": place.temporary}
        own = [os.path.normpath(fill_in(directory, place)) for directory in target.own]  # with a slash at the end, say
        self._own = [_shown(directory, shown) for directory in own]
        self._keeps = [f"{glob.escape(directory)}/{pattern}" for directory in self._own for pattern in target.keeps]
        self._project = target.environment_pattern
        self._before = tree_of(place)

    def _changes(self, now: Tree) -> Iterator[FileChange]:
        for path, kind, how in differences(self._before, now):
            own = any(path == directory or path.startswith(f"{directory}/") for directory in self._own)
            # a directory on the way to one of the launcher's own is made along with it
            on_the_way = kind == "directory" and any(directory.startswith(f"{path}/") for directory in self._own)
            kept = any(fnmatch.fnmatchcase(path, pattern) for pattern in self._keeps)
            yield FileChange(_safe(path), kind, how, own or on_the_way, kept)

    def compare(self, when: str) -> FilesChanged:
        """Return how the directories differ from what they were."""
        now = tree_of(self._place)
        found = list(self._changes(now))
        environments = [_safe(path.removesuffix(f"/{MARK}")) for path in now if path.endswith(f"/{MARK}")]
        return FilesChanged(
            when, tuple(found[:MOST_CHANGES]), len(found), tuple(environments[:MOST_CHANGES]), self._project
        )


def _shown(directory: str, places: dict[str, Path]) -> str:
    for name, root in places.items():
        if directory == str(root) or directory.startswith(f"{root}/"):
            return name + directory[len(str(root)) :]
    return directory


def _safe(path: str) -> str:
    return path.encode("utf-8", "backslashreplace").decode()


class Template:
    """A copy of HOME and the working directory, to go back to."""

    def __init__(self, place: Place, directory: Path) -> None:
        self._place, self._directory = place, directory
        directory.mkdir(parents=True)
        self._tree = tree_of(place)
        for part in (place.home, place.work):
            _copy(part, directory / part.name)

    def restore(self) -> None:
        """Restore the directories to what they were when the copy was made."""
        found = list(differences(self._tree, tree_of(self._place)))
        if not found:
            return
        if all(how == "created" for _, _, how in found):
            for path, _, _ in found:
                remove(self._place_of(path))
            return
        for part in (self._place.home, self._place.work):
            remove(part)
            _copy(self._directory / part.name, part)

    def _place_of(self, path: str) -> Path:
        name, _, rest = path.partition("/")
        return {"HOME": self._place.home, "WORK": self._place.work, "TMPDIR": self._place.temporary}[name] / rest


def _copy(source: Path, target: Path) -> None:
    """Copy with all attributes, and files that have several names as such: uv links its environments to its cache."""
    subprocess.run(["cp", "-a", "--", str(source), str(target)], check=True, capture_output=True)
