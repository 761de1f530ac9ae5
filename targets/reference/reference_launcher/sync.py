"""`sync`: the .venv of the project in the working directory, replaced in one step.

It is built aside, in the cache, with the final path in its programs, and put in place by one rename or exchange.
So at any moment .venv is not there, or the previous one whole, or the new one whole; there is no state between
that somebody would have to recognise. An interrupted sync leaves nothing, a killed one leaves what the next
launcher collects, because there is no lease on it any more.

The project is installed as a copy, not editable: a build backend writes `build` and `*.egg-info` beside the
sources, and an editable install keeps needing them. The backend gets a copy of the project to write into. What
changes in the project is seen: the stamp has the size and time of every file in it.
"""

import hashlib
import json
import os
import stat
import tomllib

from reference_launcher import janitor, scripts
from reference_launcher.building import await_answer
from reference_launcher.command import complain
from reference_launcher.environment import install_into
from reference_launcher.exchange import put_in_place
from reference_launcher.installing import is_utf8
from reference_launcher.interpreter import Interpreter, ask, find, own
from reference_launcher.lease import Lease
from reference_launcher.places import Failure, Root, cache_root
from reference_launcher.programs import last_lines
from reference_launcher.removing import collect, discard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from reference_launcher.janitor import Work
    from reference_launcher.run_with import Options

NAME = ".venv"
STAMP = "launcher-sync.json"
LEFTOVER = ".venv-making"
# Written by Python, tools and ourselves, and no part of what is installed.
NOT_THE_PROJECT = frozenset({NAME, "__pycache__", ".git", ".hg", ".tox", ".mypy_cache", ".ruff_cache", ".pytest_cache"})


def sync(options: "Options", mask: set[int]) -> None:
    try:
        project = os.getcwd()
        keeper = janitor.start(lambda work: build(work, options, project), mask)
        answer = await_answer(keeper, mask)
        keeper.end(60)
    except FileNotFoundError:
        complain(b"the working directory has been removed")
        os._exit(125)
    except Failure as failure:
        complain(os.fsencode(failure.message))
        os._exit(failure.status)
    if os.isatty(2):
        complain(os.fsencode(str(answer["said"])))


def build(work: "Work", options: "Options", project: str) -> "dict[str, Any]":
    """Bring .venv up to date. Runs in the janitor."""
    settings = read_settings(project)
    target = f"{project}/{NAME}"
    refuse_what_is_no_environment(target)
    cache = cache_root(options.cache)
    cache.check()
    for entry in os.listdir(project):
        if entry.startswith(LEFTOVER):
            discard(f"{project}/{entry}", cache)
    collect(cache, work.is_over)
    work.doing("asking the interpreter")
    interpreter = ask(find(options.python), work.programs) if options.python else own()
    stamp = {"interpreter": interpreter.identity, "project": fingerprint(project, NOT_THE_PROJECT, times=True)}
    if is_up_to_date(target, stamp):
        return {"said": f"{NAME} is up to date"}
    lease = work.make(cache.building if same_device(cache.path, project) else f"{project}/{LEFTOVER}")
    try:
        made = make(work, lease, project, settings, interpreter, stamp, cache)
        work.programs.check()  # the last moment at which an interruption changes nothing
        put_in_place(made, target, lease.path + "/old")
    except OSError as error:
        raise Failure(f"cannot put the environment in place as '{target}': {os.strerror(error.errno or 0)}") from error
    work.remove(lease)
    return {"said": f"{NAME} is new (python {interpreter.text})"}


def make(
    work: "Work",
    lease: Lease,
    project: str,
    settings: "dict[str, Any]",
    interpreter: Interpreter,
    stamp: "dict[str, Any]",
    cache: Root,
) -> str:
    """Make the environment, for the place it is going to have, in the leased directory; return where."""
    place, target = lease.path + "/env", f"{project}/{NAME}"
    work.doing("making the environment")
    words = [interpreter.executable, "-I", "-m", "venv", "--without-pip", "--symlinks"]
    words += ["--prompt", os.path.basename(project) or "/", place]
    code, written = work.programs.run(words, dict(os.environb), "the interpreter")
    if code:
        raise Failure(
            f"cannot make an environment: {interpreter.executable} -m venv ended with {code}{last_lines(written)}"
        )
    wanted = [str(requirement) for requirement in settings.get("project", {}).get("dependencies", [])]
    source = None
    if "build-system" in settings:
        name = os.path.basename(project)
        source = lease.path + "/" + (name if name and is_utf8(name) else "project")
        work.doing("copying the project")
        copy(work, project, source)
        wanted.append(source)
    if wanted:
        work.doing("installing the project and what it needs")
        install_into(work, place, interpreter, wanted, lease.path + "/scratch", cache)
    work.doing("finishing")
    if source:
        name_the_project(f"{place}/{interpreter.site}", source, project)
    scripts.move_environment(place, place, target)
    stamp["environment"] = fingerprint(place, frozenset({"__pycache__", STAMP}), times=False)
    with open(f"{place}/{STAMP}", "w", encoding="ascii") as file:
        json.dump(stamp, file)
    return place


def read_settings(project: str) -> "dict[str, Any]":
    path = project + "/pyproject.toml"
    try:
        with open(path, "rb") as file:
            settings = tomllib.load(file)
    except FileNotFoundError:
        raise Failure(f"there is no pyproject.toml in '{project}': go to the directory of the project") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Failure(f"'{path}' is not valid TOML: {error}") from None
    except OSError as error:
        raise Failure(f"cannot read '{path}': {os.strerror(error.errno or 0)}") from None
    table = settings.get("project", {})
    needs = table.get("dependencies", []) if isinstance(table, dict) else None
    if not isinstance(needs, list) or not all(isinstance(need, str) and not need.startswith("-") for need in needs):
        raise Failure(f"'{path}': [project] dependencies has to be a list of requirements (PEP 621)")
    return settings


def refuse_what_is_no_environment(target: str) -> None:
    """Something else of that name is the user's, and not ours to remove."""
    try:
        found = os.lstat(target)
    except FileNotFoundError:
        return
    if stat.S_ISDIR(found.st_mode):
        inside = os.listdir(target)
        if not inside or "pyvenv.cfg" in inside or {"bin", "lib"} <= set(inside):
            return
    raise Failure(f"'{target}' is there and is no virtual environment: move it away")


def is_up_to_date(target: str, stamp: "dict[str, Any]") -> bool:
    """Whether .venv was made from this, and has every file it had then: whoever has changed it wants it mended."""
    try:
        with open(f"{target}/{STAMP}", encoding="ascii") as file:
            found = json.load(file)
        if {key: found.get(key) for key in stamp} != stamp:
            return False
        return bool(found["environment"] == fingerprint(target, frozenset({"__pycache__", STAMP}), times=False))
    except (OSError, ValueError, KeyError, AttributeError):
        return False


def fingerprint(top: str, left_out: frozenset[str], times: bool) -> str:
    """Return one number for all names, kinds, sizes, link targets and, if wanted, times of change below `top`."""
    found = hashlib.sha256()
    for path, entry in sorted(walk(os.fsencode(top), left_out)):
        status = entry.stat(follow_symlinks=False)
        link = os.readlink(entry.path) if entry.is_symlink() else b""
        size = status.st_size if stat.S_ISREG(status.st_mode) else 0
        when = status.st_mtime_ns if times and not stat.S_ISDIR(status.st_mode) else 0
        found.update(repr((path, stat.S_IFMT(status.st_mode), size, link, when)).encode())
    return found.hexdigest()


def walk(top: bytes, left_out: frozenset[str], below: bytes = b"") -> "Iterator[tuple[bytes, os.DirEntry[bytes]]]":
    with os.scandir(top) as entries:
        for entry in entries:
            if os.fsdecode(entry.name) in left_out or entry.name.startswith(os.fsencode(LEFTOVER)):
                continue
            yield below + entry.name, entry
            if entry.is_dir(follow_symlinks=False):
                yield from walk(entry.path, left_out, below + entry.name + b"/")


def copy(work: "Work", project: str, target: str) -> None:
    """Copy the project for the build backend to write into. With .git: some take the version from there."""
    import shutil

    def left_out(directory: str, names: list[str]) -> set[str]:
        work.programs.check()
        special = {name for name in names if not is_ordinary(f"{directory}/{name}")}
        return special | {
            name for name in names if name in NOT_THE_PROJECT - {".git", ".hg"} or name.startswith(LEFTOVER)
        }

    shutil.copytree(project, target, symlinks=True, ignore=left_out)


def is_ordinary(path: str) -> bool:
    """A pipe, a socket or a device is not copied: reading it could wait for ever."""
    mode = os.lstat(path).st_mode
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)


def name_the_project(site: str, source: str, project: str) -> None:
    """pip has noted where the project was built, which is gone; note where it is (PEP 610)."""
    from urllib.parse import quote

    for entry in os.listdir(site):
        path = f"{site}/{entry}/direct_url.json"
        if entry.endswith(".dist-info") and os.path.exists(path):
            text = scripts.read(path)
            new = text.replace(quote(os.fsencode(source)).encode(), quote(os.fsencode(project)).encode())
            if new != text:
                scripts.rewrite(path, new)


def same_device(cache: str, project: str) -> bool:
    while not os.path.exists(cache):
        cache = os.path.dirname(cache)
    return os.stat(cache).st_dev == os.stat(project).st_dev
