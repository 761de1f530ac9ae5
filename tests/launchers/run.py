"""Installs the launchers of pip and npm at the versions that targets/ names, and runs the suite on all that are there.

usage: python tests/launchers/run.py DIRECTORY [PYTEST WORDS...]      installs into DIRECTORY, once

The results are kept in DIRECTORY, as results.json and as a page, matrix.html. All launchers take an hour or more, so
each is judged by a run of its own, and a run that was interrupted goes on: what it has judged is in DIRECTORY/judged,
until all are. Remove that to begin anew, as after a change of Proctor. What is not there is named with how to get it.
That real launchers fail requirements is the news, not an error here: the exit status is that of the harness, 2 for a
launcher that starts nothing and 3 where the harness itself failed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

from proctor.conformance.versions.installing import PROGRAMS, install_target
from proctor.conformance.versions.managers import MANAGERS
from proctor.conformance.versions.packages import named_in
from proctor.harness.descriptions import known_targets, load_toml
from proctor.harness.errors import UsageError
from proctor.harness.strict import convert
from proctor.harness.target import Target

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


def there() -> Iterator[str]:
    """Yield the names of the targets whose launchers are here; print how to get the others."""
    for name, path in known_targets().items():
        try:
            load_toml(path)
        except UsageError as missing:
            print(f"not here: {missing}", flush=True)
        else:
            yield name


def judge(name: str, kept: Path, words: list[str]) -> int:
    """Run the suite on a target, and keep its results once it has ended; return the exit status of pytest."""
    unfinished = kept.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    suite = [sys.executable, "-m", "pytest", "conformance/", "-p", "no:cacheprovider", "--tb=no", "-q"]
    start = time.monotonic()
    done = subprocess.run([*suite, f"--target={name}", f"--results={unfinished}", *words], cwd=ROOT, check=False)
    print(f"{name}: {time.monotonic() - start:.0f} s", flush=True)
    if done.returncode in (0, 1):
        unfinished.rename(kept)
    return done.returncode


def main() -> None:
    """Run as a program."""
    named, *words = sys.argv[1:] or [str(ROOT / "build" / "launchers")]
    directory = Path(named).resolve()
    judged, results, page = directory / "judged", directory / "results.json", directory / "matrix.html"
    judged.mkdir(parents=True, exist_ok=True)
    os.environ["PATH"] = f"{install_all(directory)}:{os.environ['PATH']}"
    files = {name: judged / f"{name}.json" for name in there()}
    failed = {status for name, path in files.items() if not path.exists() and (status := judge(name, path, words)) > 1}
    documents = [json.loads(path.read_text()) for path in files.values() if path.exists()]
    if not documents:
        sys.exit(max(failed, default=2))
    results.write_text(json.dumps(documents))
    report = ["report", str(results), "--format", "html", "-o", str(page)]
    subprocess.run([sys.executable, "-m", "proctor.conformance.cli.main", *report], cwd=ROOT, check=True)
    print(f"the matrix: {page}")
    if not failed:
        shutil.rmtree(judged)
    sys.exit(max(failed, default=0))


if __name__ == "__main__":
    main()
