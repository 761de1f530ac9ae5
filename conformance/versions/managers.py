"""What differs between pip and npm: how versions are asked for and ordered, and how one is installed by itself."""

from __future__ import annotations

import contextlib
import importlib.util
import re
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
    """What installs packages of one source.

    programs: where an installation has its programs. own: names in there which are not the package's. without: why a
    version may be missing in the list.
    """

    source: Source
    programs: str
    own: re.Pattern[str]
    without: str

    def is_there(self) -> bool:
        """Whether it is installed here."""

    def place(self, name: str, version: str) -> str:
        """Return the path of an installation, below that of all of them."""

    def works(self, place: Path) -> bool:
        """Whether what an installation needs beside itself is still there."""

    def list_command(self, name: str, withdrawn: bool) -> list[str]:
        """Return the command that lists versions; with `withdrawn` it may fail, and says them in its complaint."""

    def releases(self, said: str) -> list[PackageRelease]:
        """Return the versions that the list has."""

    def release(self, text: str) -> PackageRelease | None:
        """Return a version by its text; None where it is none."""

    def knows_not(self, said: str) -> bool:
        """Whether it says that there is no such package."""

    def install_commands(self, name: str, version: str, place: Path) -> list[list[str]]:
        """Return the commands that install into an empty directory."""

    def complaint(self, said: str) -> str:
        """Return the line that says why it did not install."""


class Pip:
    """Python packages, each in a virtual environment of the running Python."""

    source: Source = "pip"
    programs = "bin"
    own = re.compile(r"python[\d.]*|pypy[\d.]*|[Aa]ctivate.*")
    without = (
        "pip names those that have a file for this Python; withdrawn (yanked) ones and pre-releases are among them "
        "with --pre"
    )

    def is_there(self) -> bool:
        """Whether it is installed here."""
        return bool(importlib.util.find_spec("pip") or shutil.which("pip"))

    def place(self, name: str, version: str) -> str:
        """Return the path of an installation, below that of all of them."""
        return f"{name}-{version}"

    def works(self, place: Path) -> bool:
        """Whether the Python is still there of which the virtual environment was made."""
        return (place / "bin" / "python").exists()

    def list_command(self, name: str, withdrawn: bool) -> list[str]:
        """Return the command that lists versions. What is withdrawn pip names only where it fails to find another."""
        name = name.partition("[")[0]
        if withdrawn:
            return [*_pip(), "install", "--dry-run", "--pre", "--no-deps", f"{name}=={_NO_SUCH_VERSION}"]
        return [*_pip(), "index", "versions", "--pre", name]

    def releases(self, said: str) -> list[PackageRelease]:
        """Return the versions that the list has, but for those from before PEP 440, which have no order."""
        lists = re.findall(
            r"Available versions: (.*)|\(from versions: (.*?)\)|the following yanked versions: (.*)", said
        )
        texts = {text.strip() for parts in lists for part in parts for text in part.split(",")}
        return [release for text in texts if (release := self.release(text))]

    def release(self, text: str) -> PackageRelease | None:
        """Return a version by its text; None where it is none."""
        try:
            version = Version(text)
        except InvalidVersion:
            return None
        return PackageRelease(text, version, version.is_prerelease)

    def knows_not(self, said: str) -> bool:
        """Whether it says that there is no such package."""
        return "No matching distribution found" in said

    def install_commands(self, name: str, version: str, place: Path) -> list[list[str]]:
        """Return the commands that install into an empty directory. The environment needs no pip: ours is used."""
        python = place / "bin" / "python"
        return [
            [sys.executable, "-m", "venv", "--without-pip", str(place)],
            [*_pip(str(python)), "install", "--quiet", f"{name}=={version}"],
        ]

    def complaint(self, said: str) -> str:
        """Return the line that says why it did not install."""
        lines = [line.strip() for line in said.splitlines() if re.match(r"\s*(ERROR|error): ", line)]
        # the one before names what was looked for, and which of it there is
        return lines[-1].partition(": ")[2][:200] if lines else ""


class Npm:
    """Packages of npm, each below a prefix of its own."""

    source: Source = "npm"
    programs = "node_modules/.bin"
    own = re.compile(r"(?!)")
    without = "what is withdrawn (unpublished) is no longer there; pre-releases are among them with --pre"

    def is_there(self) -> bool:
        """Whether it is installed here."""
        return bool(shutil.which("npm"))

    def place(self, name: str, version: str) -> str:
        """Return the path of an installation, below that of all of them: pip may have a package of that name."""
        return f"npm/{name}-{version}"

    def works(self, place: Path) -> bool:
        """Whether its programs are there; a package may have none."""
        return (place / "node_modules").is_dir()

    def list_command(self, name: str, withdrawn: bool) -> list[str]:  # noqa: ARG002  (what is withdrawn is gone)
        """Return the command that lists versions."""
        return [*_npm(), "view", name, "versions", "--json"]

    def releases(self, said: str) -> list[PackageRelease]:
        """Return the versions that the list has; a single one comes without a list around it."""
        listed: Any = None
        with contextlib.suppress(msgspec.DecodeError):
            listed = msgspec.json.decode(said)
        texts = [listed] if isinstance(listed, str) else listed if isinstance(listed, list) else []
        return [release for text in texts if (release := self.release(text))]

    def release(self, text: str) -> PackageRelease | None:
        """Return a version by its text; None where it is none. The order is that of semver.org, 11."""
        found = _SEMVER.fullmatch(text)
        if not found:
            return None
        words = found["pre"].split(".") if found["pre"] else []
        pre = tuple((0, int(word), "") if word.isdigit() else (1, 0, word) for word in words)
        return PackageRelease(text, (*map(int, found.group(1, 2, 3)), not pre, pre), bool(pre))

    def knows_not(self, said: str) -> bool:
        """Whether it says that there is no such package."""
        return "E404" in said

    def install_commands(self, name: str, version: str, place: Path) -> list[list[str]]:
        """Return the commands that install into an empty directory."""
        return [[*_npm(), "install", "--no-audit", "--no-fund", "--prefix", str(place), f"{name}@{version}"]]

    def complaint(self, said: str) -> str:
        """Return the line that says why it did not install; npm says a code and a path before it."""
        lines = re.findall(r"^npm (?:error|ERR!) (?!code |A complete log|path |command )(.+)", said, re.MULTILINE)
        return lines[0][:200] if lines else ""


MANAGERS: dict[Source, Manager] = {"pip": Pip(), "npm": Npm()}


def _pip(python: str = "") -> list[str]:
    """Return how pip is called, for an environment or for the running Python."""
    quiet = ["--no-input", "--disable-pip-version-check", "--retries", "2"]
    if importlib.util.find_spec("pip"):
        # -P: no module that lies where the user stands is meant
        return [sys.executable, "-P", "-m", "pip", *quiet, *(("--python", python) if python else ())]
    if found := shutil.which("pip"):
        return [found, *quiet, "--python", python or sys.executable]
    raise UsageError(f"pip is not installed; install it with: {sys.executable} -m ensurepip")


def _npm() -> list[str]:
    found = shutil.which("npm")
    if not found:
        raise UsageError("npm is not installed; install it with: apt-get install nodejs npm")
    return [found, "--loglevel=error", "--no-update-notifier", "--fetch-retries=1", "--fetch-retry-mintimeout=1000"]
