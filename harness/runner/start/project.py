"""The project for which a launcher creates an environment: its metadata, its only module, and its build backend. That
of a launcher of Node is in npm_project.py."""

from __future__ import annotations

import glob
import os
from pathlib import Path

from proctor.harness import several
from proctor.harness.runner.start import npm_project
from proctor.harness.runner.start.removal import remove
from proctor.harness.runner.start.spawn import TOOL, Place, fill_in, lines_of_commands
from proctor.harness.scenario import Scenario
from proctor.harness.target import NODE_MODULES, Target

SOURCE = Path(__file__).resolve().parents[2] / "witness" / "project"


BYSTANDER = "bystander/file"
"""A file in the working directory that a launcher has no reason to touch."""
BUILD_SOCKET = "backend/build-socket"
"""Where the build backend of the project reads at which socket it asks for permission to continue, if at any."""
OLD, NEW = 'version = "1.0"', 'version = "1.1"'


def lay_out_bystander(work: Path) -> None:
    """Write a file into the working directory that does not concern a launcher."""
    path = work / BYSTANDER
    path.parent.mkdir(exist_ok=True)
    path.write_text("the user's own\n")


def change(target: Target, work: Path) -> None:
    """Give the project another version, so that its environment has to be made anew."""
    if target.is_of_node:
        npm_project.change(work)
        return
    path = work / "pyproject.toml"
    path.write_text(path.read_text(encoding="utf-8").replace(OLD, NEW), encoding="utf-8")


def let_build_wait(place: Place, waits: bool) -> None:
    """Write the file that tells the project's build backend where to ask for permission, or remove it. It is no
    variable, because some launchers (tox) pass on only a few."""
    path = place.work / BUILD_SOCKET
    if os.path.lexists(path):
        remove(path)
    if waits and path.parent.is_dir():
        path.write_text(place.socket, encoding="utf-8")


def environment_of(target: Target, place: Place) -> Path:
    """Return the project's environment: of those that fit the pattern, the one that was changed last. Where none fits,
    the pattern itself, which nothing can be started from."""
    name, _, pattern = target.environment_pattern.partition("/")
    root = {"HOME": place.home, "WORK": place.work}[name]
    found = [root / path for path in sorted(glob.glob(pattern, root_dir=root, include_hidden=True))]
    return max(found, key=lambda path: os.lstat(path).st_mtime_ns, default=root / pattern)


def tool_of(environment: Path) -> Path:
    """Return where the tool is in an environment of Python, or in one of Node: npm-install(1)."""
    return environment / (".bin" if environment.name == NODE_MODULES else "bin") / TOOL


def lay_out(target: Target, place: Place) -> None:
    """Put the target's files into the working directory, but for those that name its commands; for a launcher that
    makes environments, a project before."""
    work = place.work
    if target.is_of_node:
        npm_project.lay_out(work, place.tarball)
    elif target.has_project:
        for source in sorted(SOURCE.rglob("*")):
            if source.is_file() and "__pycache__" not in source.parts:
                path = work / source.relative_to(SOURCE)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(source.read_bytes())
    for name, text in target.files.items():
        if several.names_commands(target, text):
            continue
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text(fill_in(text, place), encoding="utf-8")


def lay_out_commands(target: Target, scenario: Scenario, place: Place) -> None:
    """Write the files in which a launcher of several commands finds them."""
    if not target.starts_several:
        return
    for name, text in several.files(target, lines_of_commands(target, scenario, place)).items():
        path = place.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(fill_in(text, place), encoding="utf-8", errors="surrogateescape")
