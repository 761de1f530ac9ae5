"""What the moments of the making of an environment are about. Of thousands of moments few can be tried, so one of each
kind comes before two of any, and what breaks environments most often comes first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from proctor.harness.calls import BIRTH, VISIBLE
from proctor.harness.explorer.survey import SurveyedPoint
from proctor.harness.schedule import Point

_PACKAGE = re.compile(r"/(?:site-packages|node_modules)/((?:@[^/]+/)?[^/]+)/")
"""A package in an environment, with a file or directory of it."""
_NODE = re.compile(r"/node_modules/")
_METADATA = re.compile(r"\.(?:dist|egg)-info/(?:METADATA|PKG-INFO)$|/node_modules/(?:@[^/]+/)?[^/]+/package\.json$")
_RECORD = re.compile(r"\.(?:dist|egg)-info/(?:RECORD|SOURCES\.txt|installed-files\.txt)$|/\.package-lock\.json$")
_MARK = re.compile(
    r"/(?:pyvenv\.cfg|INSTALLER|REQUESTED|direct_url\.json|CACHEDIR\.TAG|\.modules\.yaml|\.yarn-integrity)$"
    r"|(?:complete|\.done|\.ok|\.stamp|\.json|\.toml|-lock\.yaml)$",
    re.IGNORECASE,
)
_INTERPRETER = re.compile(r"/(?:bin|Scripts)/(?:python|pypy|node)[\d.]*(?:\.exe)?$")
_PROGRAM = re.compile(r"/(?:bin|Scripts|\.bin)/(?!python|pypy|node$|activate)[^/]+$")
_LOCK = re.compile(r"\.lock$|/lock$|\.lck$", re.IGNORECASE)
OURS = "proctor"
"""In the names of the packages that are installed: at these is looked afterwards."""


Fits = Callable[[SurveyedPoint, str], bool]
"""Whether a point is of a kind. The path: of the file that has just been finished there, "" for none."""


class Kind(NamedTuple):
    """A kind of moments. why: what may go wrong if it ends there; fits: whether a point is one."""

    name: str
    why: str
    fits: Fits


def _finished(pattern: re.Pattern[str]) -> Fits:
    """Return whether such a file has just been finished."""
    return lambda _, path: bool(pattern.search(path))


def _exit_of(*calls: str) -> Fits:
    return lambda site, _: _after(site, calls)


def _after(site: SurveyedPoint, calls: tuple[str, ...]) -> bool:
    return site.point.when == "exit" and site.point.call in calls


def _is_lock(site: SurveyedPoint, _: str) -> bool:
    """Whether a lock has just been taken or released, or its file made or removed."""
    return _after(site, ("flock",)) or (site.point.when == "exit" and bool(_LOCK.search(site.passed.path)))


_LINKS = ("link", "linkat", "symlink", "symlinkat")
_RENAMES = ("rename", "renameat", "renameat2")
_OPENS = ("open", "openat", "creat")
_REMOVES = ("unlink", "unlinkat", "rmdir")
_DIRECTORIES = ("mkdir", "mkdirat")
FIRST, LAST = "first file of a package", "last file of a package"

KINDS = (
    Kind("metadata", "installers take a package for installed as soon as its metadata is there", _finished(_METADATA)),
    Kind("list of files", "without it a package can be neither checked nor removed", _finished(_RECORD)),
    Kind("program", "the package may count as installed without its programs", _finished(_PROGRAM)),
    Kind("mark", "by it the next run knows that the environment is complete, or whose it is", _finished(_MARK)),
    Kind(FIRST, "a directory that is there may count as the whole package", lambda *_: False),
    Kind(LAST, "all files are there, but nothing says so yet", lambda *_: False),
    Kind("interpreter", "with it an environment may count as made", _finished(_INTERPRETER)),
    Kind("lock", "the next run may wait for it, or take what is half made for whole", _is_lock),
    Kind("rename", "what was made elsewhere has taken its place", _exit_of(*_RENAMES)),
    Kind("link", "files of a cache are shared with the environment", _exit_of(*_LINKS)),
    Kind("removal", "what was whole is being taken away", _exit_of(*_REMOVES)),
    Kind("directory", "an empty directory may count as made", _exit_of(*_DIRECTORIES)),
    Kind("file", "a file is there, but not yet what belongs in it", _exit_of(*_OPENS)),
    Kind("process", "an installer or a build has begun or ended",
         lambda site, _: site.point.call == BIRTH or VISIBLE[site.point.call].effect == "process"),
    Kind("other", "nothing has changed on disk", lambda *_: True),
)  # fmt: skip
"""In the order in which they are tried."""


class Moments:
    """The points of a part of a script, by kind."""

    def __init__(self, sites: Iterable[SurveyedPoint]) -> None:
        some = list(sites)
        self._finished = _finished_at(some)
        self._environments = _environments(self._finished.values())
        ends = _ends_of_packages(self._finished)
        self._kinds = {site.point: self._index(site, ends.get(site.point, "")) for site in some}

    def kind_of(self, point: Point) -> int:
        """Return the index in KINDS of a point."""
        return self._kinds[point]

    def name_of(self, point: Point) -> str:
        """Return the kind of a point by its name."""
        return KINDS[self.kind_of(point)].name

    def rank_of(self, site: SurveyedPoint) -> int:
        """Return how soon a point is tried among those of its kind: first what is done to our packages in an
        environment, then to what else an environment has outside of packages, such as marks, then to our packages
        elsewhere."""
        path = self._finished.get(site.point, site.passed.path)
        is_ours, package = OURS in path.rpartition("/home/")[2].rpartition("/work/")[2], _PACKAGE.search(path)
        if is_ours and package:
            return 0
        if not package and path.startswith(self._environments):
            return 1
        return 2 if is_ours else 3

    def _index(self, site: SurveyedPoint, end: str) -> int:
        path = self._finished.get(site.point, "")
        return next(n for n, kind in enumerate(KINDS) if kind.name == end or kind.fits(site, path))


def _finished_at(sites: Iterable[SurveyedPoint]) -> dict[Point, str]:
    """Return the files that are finished, by the first point at which they are. A link or a renamed file is as soon as
    it is there; what a task has opened it has written before its next visible call."""
    found: dict[Point, str] = {}
    opened: dict[str, str] = {}
    for site in sites:
        if path := opened.pop(site.point.task, ""):
            found[site.point] = path
        if _after(site, (*_LINKS, *_RENAMES)):
            found[site.point] = site.passed.path
        elif _after(site, _OPENS):
            opened[site.point.task] = site.passed.path
    return found


def _environments(finished: Iterable[str]) -> tuple[str, ...]:
    """Return the paths, each with a slash, of the environments that are made: those of venv have this file (PEP 405),
    and for npm all is one directory."""
    made = (path.removesuffix("pyvenv.cfg") for path in finished if path.endswith("/pyvenv.cfg"))
    node = (path[: found.end()] for path in finished if (found := _NODE.search(path)))
    return tuple(dict.fromkeys((*made, *node)))


def _ends_of_packages(finished: dict[Point, str]) -> dict[Point, str]:
    """Return the points after the first and after the last file of each package was finished."""
    files: dict[str, list[Point]] = {}
    for point, path in finished.items():
        if found := _PACKAGE.search(path):
            files.setdefault(path[: found.end(1)], []).append(point)
    return {points[0]: FIRST for points in files.values()} | {points[-1]: LAST for points in files.values()}
