"""`sync`: make the .venv of the project in the working directory, and replace the previous one in one step.

The environment is built in the cache, with its final path in its programs, and then renamed to .venv or exchanged with
it. So at any moment .venv is absent, or complete and old, or complete and new. An interrupted sync leaves nothing
behind. A killed one leaves a directory without a lease, which the next launcher removes.

The project is installed as a copy, not editable. A build backend writes `build` and `*.egg-info` beside the sources,
and an editable install needs them later. So the backend gets a copy of the project to write into. A change in the
project is noticed, because the stamp in .venv has the size and time of every file of the project.
"""

import hashlib
import json
import os
import stat
import tomllib

from reference_launcher import janitor, scripts
from reference_launcher.command import print_error
from reference_launcher.directories import Failure, Root, cache_root
from reference_launcher.environment import install_into
from reference_launcher.exchange import replace_directory
from reference_launcher.installing import is_utf8
from reference_launcher.interpreter import Interpreter, choose_interpreter
from reference_launcher.lease import Lease
from reference_launcher.programs import last_lines
from reference_launcher.removing import remove_leftovers, remove_unused
from reference_launcher.waiting import wait_for_result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from reference_launcher.janitor import JobContext
    from reference_launcher.run_with import Options

NAME = ".venv"
STAMP = "launcher-sync.json"
BUILD_PREFIX = ".venv-making"  # of a build directory in the project, if the cache is on another file system
# Written by Python, by tools and by the launcher: not installed.
NOT_PROJECT = frozenset({NAME, "__pycache__", ".git", ".hg", ".tox", ".mypy_cache", ".ruff_cache", ".pytest_cache"})
NOT_ENVIRONMENT = frozenset({"__pycache__", STAMP})


def sync(options: "Options", mask: set[int]) -> None:
    """Bring .venv up to date. `mask` is the set of signals that were blocked when the launcher was started."""
    try:
        project = os.getcwd()
        keeper = janitor.start(lambda context: update(context, options, project), mask)
        result = wait_for_result(keeper, mask)
        keeper.dismiss(60)
    except FileNotFoundError:
        print_error(b"the working directory has been removed")
        os._exit(125)
    except Failure as failure:
        print_error(os.fsencode(failure.message))
        os._exit(failure.status)
    if os.isatty(2):
        print_error(os.fsencode(str(result["message"])))


def update(context: "JobContext", options: "Options", project: str) -> "dict[str, Any]":
    """Bring .venv up to date; return what to tell the user. Runs in the janitor."""
    settings = read_settings(project)
    target = f"{project}/{NAME}"
    require_environment(target)
    cache = cache_root(options.cache)
    cache.check_owner()
    for entry in os.listdir(project):
        if entry.startswith(BUILD_PREFIX):
            remove_unused(f"{project}/{entry}", cache)
    remove_leftovers(cache, context.check_interrupted)
    context.progress("asking the interpreter")
    interpreter = choose_interpreter(options.python, context.programs)
    stamp = {"interpreter": interpreter.identity, "project": fingerprint(project, NOT_PROJECT, times=True)}
    if is_up_to_date(target, stamp):
        return {"message": f"{NAME} is up to date"}
    lease = context.make_directory(cache.building if same_device(cache.path, project) else f"{project}/{BUILD_PREFIX}")
    try:
        path = build(context, lease, project, settings, interpreter, stamp, cache)
        context.programs.check_orders()  # the last moment at which an interruption leaves .venv as it was
        replace_directory(path, target, lease.path + "/old")
    except OSError as error:
        raise Failure(f"cannot put the environment in place as '{target}': {os.strerror(error.errno or 0)}") from error
    context.remove(lease)
    return {"message": f"{NAME} is new (python {interpreter.full_version})"}


def build(
    context: "JobContext",
    lease: Lease,
    project: str,
    settings: "dict[str, Any]",
    interpreter: Interpreter,
    stamp: "dict[str, Any]",
    cache: Root,
) -> str:
    """Make the environment in the leased directory, with .venv as the path in its files; return where it is."""
    path, target = lease.path + "/env", f"{project}/{NAME}"
    context.progress("making the environment")
    argv = [interpreter.executable, "-I", "-m", "venv", "--without-pip", "--symlinks"]
    argv += ["--prompt", os.path.basename(project) or "/", path]
    code, output = context.programs.run(argv, dict(os.environb), "the interpreter")
    if code:
        raise Failure(
            f"cannot make an environment: {interpreter.executable} -m venv exited with {code}{last_lines(output)}"
        )
    requirements = [str(requirement) for requirement in settings.get("project", {}).get("dependencies", [])]
    source = None
    if "build-system" in settings:
        name = os.path.basename(project)
        source = lease.path + "/" + (name if name and is_utf8(name) else "project")
        context.progress("copying the project")
        copy_project(context, project, source)
        requirements.append(source)
    if requirements:
        context.progress("installing the project and its dependencies")
        install_into(context, path, interpreter, requirements, lease.path + "/scratch", cache)
    context.progress("finishing")
    if source:
        record_project_path(f"{path}/{interpreter.site_packages}", source, project)
    scripts.relocate_environment(path, path, target)
    stamp["environment"] = fingerprint(path, NOT_ENVIRONMENT, times=False)
    with open(f"{path}/{STAMP}", "w", encoding="ascii") as file:
        json.dump(stamp, file)
    return path


def read_settings(project: str) -> "dict[str, Any]":
    """Return the content of pyproject.toml."""
    path = project + "/pyproject.toml"
    try:
        with open(path, "rb") as file:
            settings = tomllib.load(file)
    except FileNotFoundError:
        raise Failure(f"there is no pyproject.toml in '{project}': change to the directory of the project") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Failure(f"'{path}' is not valid TOML: {error}") from None
    except OSError as error:
        raise Failure(f"cannot read '{path}': {os.strerror(error.errno or 0)}") from None
    table = settings.get("project", {})
    found = table.get("dependencies", []) if isinstance(table, dict) else None
    if not isinstance(found, list) or not all(isinstance(item, str) and not item.startswith("-") for item in found):
        raise Failure(f"'{path}': [project] dependencies has to be a list of requirements (PEP 621)")
    return settings


def require_environment(target: str) -> None:
    """Raise Failure if `target` exists and is not a virtual environment: it is a file of the user."""
    try:
        found = os.lstat(target)
    except FileNotFoundError:
        return
    if stat.S_ISDIR(found.st_mode):
        entries = os.listdir(target)
        if not entries or "pyvenv.cfg" in entries or {"bin", "lib"} <= set(entries):
            return
    raise Failure(f"'{target}' exists and is not a virtual environment: move it away")


def is_up_to_date(target: str, stamp: "dict[str, Any]") -> bool:
    """Return whether .venv was made from this interpreter and project, and has not been changed since then."""
    try:
        with open(f"{target}/{STAMP}", encoding="ascii") as file:
            found = json.load(file)
        if {key: found.get(key) for key in stamp} != stamp:
            return False
        return bool(found["environment"] == fingerprint(target, NOT_ENVIRONMENT, times=False))
    except (OSError, ValueError, KeyError, AttributeError):
        return False


def fingerprint(directory: str, excluded: frozenset[str], times: bool) -> str:
    """Return a hash of the names, types, sizes and link targets of all files, with `times` also of their mtimes."""
    result = hashlib.sha256()
    for path, entry in sorted(walk(os.fsencode(directory), excluded)):
        status = entry.stat(follow_symlinks=False)
        link = os.readlink(entry.path) if entry.is_symlink() else b""
        size = status.st_size if stat.S_ISREG(status.st_mode) else 0
        mtime = status.st_mtime_ns if times and not stat.S_ISDIR(status.st_mode) else 0
        result.update(repr((path, stat.S_IFMT(status.st_mode), size, link, mtime)).encode())
    return result.hexdigest()


def walk(
    directory: bytes, excluded: frozenset[str], prefix: bytes = b""
) -> "Iterator[tuple[bytes, os.DirEntry[bytes]]]":
    """Yield the path of each entry below `directory`, relative to it, and the entry."""
    with os.scandir(directory) as entries:
        for entry in entries:
            if os.fsdecode(entry.name) in excluded or entry.name.startswith(os.fsencode(BUILD_PREFIX)):
                continue
            yield prefix + entry.name, entry
            if entry.is_dir(follow_symlinks=False):
                yield from walk(entry.path, excluded, prefix + entry.name + b"/")


def copy_project(context: "JobContext", project: str, target: str) -> None:
    """Copy the project, so that the build backend can write into it. Some backends take the version from .git."""
    import shutil

    def ignore(directory: str, names: list[str]) -> set[str]:
        context.programs.check_orders()
        special = {name for name in names if not is_copyable(f"{directory}/{name}")}
        return special | {
            name for name in names if name in NOT_PROJECT - {".git", ".hg"} or name.startswith(BUILD_PREFIX)
        }

    shutil.copytree(project, target, symlinks=True, ignore=ignore)


def is_copyable(path: str) -> bool:
    """Return false for a FIFO, a socket or a device: reading it could block forever."""
    mode = os.lstat(path).st_mode
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode)


def record_project_path(site_packages: str, source: str, project: str) -> None:
    """Replace the path of the copy, which pip recorded in direct_url.json (PEP 610), by that of the project."""
    from urllib.parse import quote

    for entry in os.listdir(site_packages):
        path = f"{site_packages}/{entry}/direct_url.json"
        if entry.endswith(".dist-info") and os.path.exists(path):
            text = scripts.read_small_file(path)
            changed = text.replace(quote(os.fsencode(source)).encode(), quote(os.fsencode(project)).encode())
            if changed != text:
                scripts.overwrite(path, changed)


def same_device(cache: str, project: str) -> bool:
    """Return whether both paths are on the same file system. `cache` need not exist yet."""
    while not os.path.exists(cache):
        cache = os.path.dirname(cache)
    return os.stat(cache).st_dev == os.stat(project).st_dev
