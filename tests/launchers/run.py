"""Installs the launchers of pip and npm at the versions that targets/ names, and runs the suite on all that are there.

usage: python tests/launchers/run.py DIRECTORY [PYTEST WORDS...]      installs into DIRECTORY, once

What is not there is named with how to get it. That real launchers fail requirements is the news, not an error here: the
exit status is that of the harness, 2 for a launcher that starts nothing and 3 where the harness itself failed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from harness.errors import WrongCall
from harness.target import known_targets, load_toml

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = re.compile(
    r"\b(?P<kind>pip|npm) install (?:--global )?(?P<quote>'?)"
    r"(?P<name>[\w-]+)(?P<extra>\[[\w,-]+\])?(?:==|@)(?P<version>\w+(?:\.\w+)*)(?P=quote)(?!\S)"
)
"""One package, with an extra where the launcher does not work without it (pdm, with libraries that it does not pin)."""


def install(kind: str, name: str, version: str, directory: Path, extra: str = "") -> Path:
    """Install one package by itself, unless it is there; return the directory of its programs."""
    place = directory / f"{name}-{version}"
    programs = place / ("bin" if kind == "pip" else "node_modules/.bin")
    if (place / "complete").exists():
        return programs
    shutil.rmtree(place, ignore_errors=True)  # an installation that was interrupted
    place.mkdir(parents=True)
    if kind == "pip":
        commands = [
            [sys.executable, "-m", "venv", str(place)],
            [str(programs / "python"), "-m", "pip", "install", "--quiet", f"{name}{extra}=={version}"],
        ]
    else:
        npm = ["npm", "install", "--silent", "--no-audit", "--no-fund"]
        commands = [[*npm, "--prefix", str(place), f"{name}@{version}"]]
    for command in commands:
        subprocess.run(command, check=True)
    (place / "complete").touch()
    return programs


def install_all(directory: Path) -> Path:
    """Install what targets/ names; return one directory with those programs alone: no other python gets onto PATH."""
    only = directory / "programs"
    only.mkdir(parents=True, exist_ok=True)
    for path in known_targets().values():
        described = tomllib.loads(path.read_text(encoding="utf-8"))
        found = PACKAGE.search(described.get("install", ""))
        if not found or (found["kind"] == "npm" and not shutil.which("npm")):
            continue
        programs = install(found["kind"], found["name"], found["version"], directory, found["extra"] or "")
        # those of `sync` and `prune` may be others: uvx is cleaned up after by uv
        for name in {described[key][0] for key in ("command", "sync", "prune") if key in described}:
            link = only / name
            link.unlink(missing_ok=True)
            link.symlink_to(programs / name)
    return only


def main() -> None:
    """Run as a program."""
    directory, *words = sys.argv[1:] or [str(ROOT / "build" / "launchers")]
    os.environ["PATH"] = f"{install_all(Path(directory).resolve())}:{os.environ['PATH']}"
    there = []
    for name, path in known_targets().items():
        try:
            load_toml(path)
        except WrongCall as missing:
            print(f"not here: {missing}")
        else:
            there.append(f"--target={name}")
    suite = [sys.executable, "-m", "pytest", "conformance/", "-p", "no:cacheprovider", "--tb=no", "-q"]
    status = subprocess.run([*suite, *there, *words], cwd=ROOT, check=False).returncode
    sys.exit(0 if status == 1 else status)


if __name__ == "__main__":
    main()
