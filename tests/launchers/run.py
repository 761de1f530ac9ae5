"""Installs the launchers of pip and npm at the versions that targets/ names, and runs the suite on all that are there.

usage: python tests/launchers/run.py DIRECTORY [PYTEST WORDS...]      installs into DIRECTORY, once

The results are kept in DIRECTORY, as results.json and as a page, matrix.html. What is not there is named with how to
get it. That real launchers fail requirements is the news, not an error here: the exit status is that of the harness, 2
for a launcher that starts nothing and 3 where the harness itself failed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

from proctor.conformance.versions.installing import PROGRAMS, install_target
from proctor.conformance.versions.managers import MANAGERS
from proctor.conformance.versions.packages import named_in
from proctor.harness.errors import UsageError
from proctor.harness.strict import convert
from proctor.harness.target import Target, known_targets, load_toml

ROOT = Path(__file__).resolve().parents[2]


def install_all(directory: Path) -> Path:
    """Install what targets/ names; return one directory with those programs alone."""
    for path in known_targets().values():
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        described = convert({"name": path.stem, **data}, Target, str(path))
        package = named_in(described.install)
        if package and package.version and MANAGERS[package.source].is_there():
            install_target(described, directory)
    return directory / PROGRAMS


def main() -> None:
    """Run as a program."""
    named, *words = sys.argv[1:] or [str(ROOT / "build" / "launchers")]
    directory = Path(named).resolve()
    os.environ["PATH"] = f"{install_all(directory)}:{os.environ['PATH']}"
    there = []
    for name, path in known_targets().items():
        try:
            load_toml(path)
        except UsageError as missing:
            print(f"not here: {missing}")
        else:
            there.append(f"--target={name}")
    results, page = directory / "results.json", directory / "matrix.html"
    suite = [sys.executable, "-m", "pytest", "conformance/", "-p", "no:cacheprovider", "--tb=no", "-q"]
    status = subprocess.run([*suite, *there, f"--results={results}", *words], cwd=ROOT, check=False).returncode
    if status in (0, 1):
        report = [
            sys.executable,
            "-m",
            "proctor.conformance.cli.main",
            "report",
            str(results),
            "--format",
            "html",
            "-o",
            str(page),
        ]
        subprocess.run(report, cwd=ROOT, check=True)
        print(f"the matrix: {page}")
    sys.exit(0 if status == 1 else status)


if __name__ == "__main__":
    main()
