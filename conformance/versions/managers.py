"""The differences between pip and npm: how versions are listed, ordered and installed."""

from __future__ import annotations

import contextlib
import importlib.util
import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

import msgspec
from packaging.version import InvalidVersion, Version

from proctor.harness.errors import UsageError

Source = Literal["pip", "npm"]
_NO_SUCH_VERSION = "0.0.0.dev99999"
_SEMVER = re.compile(r"v?(\d+)\.(\d+)\.(\d+)(?:-(?P<pre>[0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?")


class PackageRelease(NamedTuple):
    """One version of a package. key: its place in the order of its source."""

    text: str
    key: Any
    is_pre: bool


class Manager(Protocol):
    """A package manager.

    programs: where an installation has its programs. own: names in there that do not belong to the package. without:
    why a version may be missing from the list.
    """

    source: Source
    programs: str
    own: re.Pattern[str]
    without: str

    def is_there(self) -> bool:
        """Whether it is installed here."""

    def place(self, name: str, version: str) -> str:
        """Return the path of an installation, relative to the directory of all installations."""

    def works(self, place: Path) -> bool:
        """Whether an installation still works."""

    def list_command(self, name: str, withdrawn: bool) -> list[str]:
        """Return the command that lists versions; with `withdrawn` it may fail and name them in its error message."""

    def releases(self, output: str) -> list[PackageRelease]:
        """Return the versions in the output of that command."""

    def release(self, text: str) -> PackageRelease | None:
        """Return a version by its text; None if it is not a version."""

    def is_unknown(self, output: str) -> bool:
        """Whether the output says that there is no such package."""

    def install_commands(self, name: str, version: str, place: Path) -> list[list[str]]:
        """Return the commands that install into an empty directory."""

    def complaint(self, output: str) -> str:
        """Return the line of the output that says why the installation failed."""


class Pip:
    """Python packages, each in a virtual environment of the running Python."""

    source: Source = "pip"
    programs = "bin"
    own = re.compile(r"python[\d.]*|pypy[\d.]*|[Aa]ctivate.*")
    without = (
        "pip lists versions with a file for this Python; --pre includes pre-releases and withdrawn (yanked) versions"
    )

    def is_there(self) -> bool:
        """Whether it is installed here."""
        return bool(importlib.util.find_spec("pip") or shutil.which("pip"))

    def place(self, name: str, version: str) -> str:
        """Return the path of an installation, relative to the directory of all installations."""
        return f"{name}-{version}"

    def works(self, place: Path) -> bool:
        """Whether the Python of the virtual environment still exists."""
        return (place / "bin" / "python").exists()

    def list_command(self, name: str, withdrawn: bool) -> list[str]:
        """Return the command that lists versions. pip names withdrawn ones only when it finds no other."""
        name = name.partition("[")[0]
        if withdrawn:
            return [*_pip(), "install", "--dry-run", "--pre", "--no-deps", f"{name}=={_NO_SUCH_VERSION}"]
        return [*_pip(), "index", "versions", "--pre", name]

    def releases(self, output: str) -> list[PackageRelease]:
        """Return the versions in the output. Those that do not follow PEP 440 have no order, and are left out."""
        lists = re.findall(
            r"Available versions: (.*)|\(from versions: (.*?)\)|the following yanked versions: (.*)", output
        )
        texts = {text.strip() for parts in lists for part in parts for text in part.split(",")}
        return [release for text in texts if (release := self.release(text))]

    def release(self, text: str) -> PackageRelease | None:
        """Return a version by its text; None if it is not a version."""
        try:
            version = Version(text)
        except InvalidVersion:
            return None
        return PackageRelease(text, version, version.is_prerelease)

    def is_unknown(self, output: str) -> bool:
        """Whether the output says that there is no such package."""
        return "No matching distribution found" in output

    def install_commands(self, name: str, version: str, place: Path) -> list[list[str]]:
        """Return the commands that install into an empty directory. They use our pip, so the environment has none."""
        python = place / "bin" / "python"
        return [
            [sys.executable, "-m", "venv", "--without-pip", str(place)],
            [*_pip(str(python)), "install", "--quiet", f"{name}=={version}"],
        ]

    def complaint(self, output: str) -> str:
        """Return the line of the output that says why it failed."""
        lines = [line.strip() for line in output.splitlines() if re.match(r"\s*(ERROR|error): ", line)]
        # the last line names the reason; the line before it lists the versions
        return lines[-1].partition(": ")[2][:200] if lines else ""


class Npm:
    """Packages of npm, each below a prefix of its own."""

    source: Source = "npm"
    programs = "node_modules/.bin"
    own = re.compile(r"(?!)")
    without = "npm does not list withdrawn (unpublished) versions; --pre includes pre-releases"

    def is_there(self) -> bool:
        """Whether it is installed here."""
        return bool(shutil.which("npm"))

    def place(self, name: str, version: str) -> str:
        """Return the path of an installation. It differs from pip's, which may have a package of the same name."""
        return f"npm/{name}-{version}"

    def works(self, place: Path) -> bool:
        """Whether the package directory exists; a package may have no programs."""
        return (place / "node_modules").is_dir()

    def list_command(self, name: str, withdrawn: bool) -> list[str]:  # noqa: ARG002  (npm lists no withdrawn ones)
        """Return the command that lists versions."""
        return [*_npm(), "view", name, "versions", "--json"]

    def releases(self, output: str) -> list[PackageRelease]:
        """Return the versions in the output. npm prints a single one as a string, not as a list."""
        listed: Any = None
        with contextlib.suppress(msgspec.DecodeError):
            listed = msgspec.json.decode(output)
        texts = [listed] if isinstance(listed, str) else listed if isinstance(listed, list) else []
        return [release for text in texts if (release := self.release(text))]

    def release(self, text: str) -> PackageRelease | None:
        """Return a version by its text; None if it is not a version. The order is that of semver.org, 11."""
        found = _SEMVER.fullmatch(text)
        if not found:
            return None
        words = found["pre"].split(".") if found["pre"] else []
        pre = tuple((0, int(word), "") if word.isdigit() else (1, 0, word) for word in words)
        return PackageRelease(text, (*map(int, found.group(1, 2, 3)), not pre, pre), bool(pre))

    def is_unknown(self, output: str) -> bool:
        """Whether the output says that there is no such package."""
        return "E404" in output

    def install_commands(self, name: str, version: str, place: Path) -> list[list[str]]:
        """Return the commands that install into an empty directory."""
        return [[*_npm(), "install", "--no-audit", "--no-fund", "--prefix", str(place), f"{name}@{version}"]]

    def complaint(self, output: str) -> str:
        """Return the line of the output that says why it failed; npm prints a code and a path before it."""
        lines = re.findall(r"^npm (?:error|ERR!) (?!code |A complete log|path |command )(.+)", output, re.MULTILINE)
        return lines[0][:200] if lines else ""


MANAGERS: dict[Source, Manager] = {"pip": Pip(), "npm": Npm()}


def _pip(python: str = "") -> list[str]:
    """Return how pip is called, for an environment or for the running Python."""
    quiet = ["--no-input", "--disable-pip-version-check", "--retries", "2"]
    if importlib.util.find_spec("pip"):
        # -P: do not import modules from the working directory
        return [sys.executable, "-P", "-m", "pip", *quiet, *(("--python", python) if python else ())]
    if found := shutil.which("pip"):
        return [found, *quiet, "--python", python or sys.executable]
    raise UsageError(f"pip is not installed; install it with: {shlex.quote(sys.executable)} -m ensurepip")


def _npm() -> list[str]:
    found = shutil.which("npm")
    if not found:
        raise UsageError("npm is not installed; install it with: apt-get install nodejs npm")
    return [found, "--loglevel=error", "--no-update-notifier", "--fetch-retries=1", "--fetch-retry-mintimeout=1000"]
