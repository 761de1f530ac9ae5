"""Is the reference launcher fast enough? Ratios and differences measured within one run.

usage: python benchmarks/launcher.py [--runs N]

The compared commands alternate, so that disturbances affect all alike. The minimum time counts, because disturbances
only add time. The exit status is 1 if a limit is missed. Figures from a busy machine are worthless, so the load is
printed first.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PYTHON = [getattr(sys, "_base_executable", sys.executable), "-I", "-S"]
REFERENCE = ROOT / "targets" / "reference"
LAUNCHER = [str(REFERENCE / "bin" / "launcher"), f"--interpreter={PYTHON[0]}"]
WITHOUT_FRONT = [*PYTHON, str(REFERENCE / "launcher")]
EXEC = [*PYTHON, "-c", "import os, sys; os.execv(sys.argv[1], sys.argv[1:])"]
ENVIRONMENTS, LEASED, FILES = 1000, 100, 10


class Figure(NamedTuple):
    """One figure and its upper limit."""

    name: str
    figure: float
    limit: float
    unit: str
    how: str

    def __str__(self) -> str:
        verdict = "met   " if self.figure <= self.limit else "MISSED"
        return f"{verdict} {self.name}: {self.figure:.2f} {self.unit} (limit {self.limit:g}); {self.how}"


def alternate(count: int, *runs: Callable[[], object]) -> list[float]:
    """Run each in turn, once for warm-up and then `count` times; return the minimum of each in milliseconds."""
    least = [float("inf")] * len(runs)
    for turn in range(count + 1):
        for number, run in enumerate(runs):
            start = time.perf_counter()
            run()
            if turn:
                least[number] = min(least[number], (time.perf_counter() - start) * 1e3)
    return least


def plain(runs: int) -> list[Figure]:
    """Measure exec and supervise mode, compared with a Python script that only calls exec."""
    true = shutil.which("true") or "/bin/true"

    def run(*words: str) -> Callable[[], object]:
        return lambda: subprocess.run(words, check=True)

    bare, replace, stay, direct = alternate(
        runs, run(*EXEC, true), run(*LAUNCHER, "run", "--exec", true), run(*LAUNCHER, "run", true),
        run(*WITHOUT_FRONT, "run", "--exec", true),
    )  # fmt: skip
    how = f"exec alone {bare:.1f} ms"
    return [
        Figure("exec mode, more than exec alone", replace - bare, 5, "ms", f"{how}, exec mode {replace:.1f} ms"),
        Figure("exec mode, times the same without bin/launcher", replace / direct, 1.2, "times", f"{direct:.1f} ms"),
        Figure("supervise mode, more than exec alone", stay - bare, 10, "ms", f"{how}, supervise mode {stay:.1f} ms"),
    ]


def with_environment(top: Path, runs: int) -> list[Figure]:
    """Measure the start of a command with a cached wheel up to its first line, compared with making an empty
    environment."""
    write_wheel(top)
    more = {"HOME": str(top), "XDG_CACHE_HOME": str(top / "cache"), "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(top)}
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PIP_")} | more
    venv = top / "venv"

    def make() -> None:
        subprocess.run([PYTHON[0], "-m", "venv", "--without-pip", venv], check=True, env=environment)

    def start(mode: str) -> Callable[[], None]:
        words = [*LAUNCHER, "run", "--with", "small", mode, "echo"]

        def run() -> None:
            with subprocess.Popen(words, env=environment, stdout=subprocess.PIPE) as process:
                assert process.stdout
                process.stdout.readline()  # the command has started; the rest is not measured

        return run

    def again() -> None:
        shutil.rmtree(venv, ignore_errors=True)

    theirs, _, replace, stay = alternate(runs, make, again, start("--exec"), start("--supervise"))
    how = f"venv --without-pip {theirs:.1f} ms"
    return [
        Figure("run --with --exec, times venv", replace / theirs, 3, "times", f"{how}, ours {replace:.1f} ms"),
        Figure("run --with --supervise, times venv", stay / theirs, 3, "times", f"{how}, ours {stay:.1f} ms"),
    ]


def write_wheel(top: Path) -> None:
    """Write a wheel with one empty module."""
    with zipfile.ZipFile(top / "small-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("small.py", "")
        wheel.writestr("small-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: small\nVersion: 1.0\n")
        wheel.writestr("small-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr("small-1.0.dist-info/RECORD", "")


def prune(top: Path) -> Figure:
    """Measure the prune of a full cache of which a part is in use."""
    places = [top / "prune" / "environments" / f"key{number}-x" for number in range(ENVIRONMENTS)]
    for place in places:
        inside = place / "lib" / "python" / "site-packages" / "package"
        inside.mkdir(parents=True)
        for number in range(FILES):
            (inside / str(number)).write_text("x" * 100)
    leases = [os.open(place, os.O_RDONLY) for place in places[:: ENVIRONMENTS // LEASED]]
    for lease in leases:
        fcntl.flock(lease, fcntl.LOCK_SH)
    start = time.perf_counter()
    subprocess.run([*LAUNCHER, "cache", "prune", "--cache-dir", top / "prune"], check=True, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - start
    left = len(os.listdir(top / "prune" / "environments"))
    assert left == LEASED, f"{left} environments are left"
    for lease in leases:
        os.close(lease)
    return Figure(f"prune of {ENVIRONMENTS}, {LEASED} leased", seconds, 2, "s", f"{FILES} files in 5 directories each")


def main() -> int:
    """Measure and print; return 0 if all limits are met, else 1."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=40, help="how often each is run (default: 40)")
    runs = parser.parse_args().runs
    print("load", *os.getloadavg())
    with tempfile.TemporaryDirectory(prefix="proctor-") as name:
        lines = [*plain(runs), *with_environment(Path(name), runs), prune(Path(name))]
    for line in lines:
        print(line)
    return 0 if all(line.figure <= line.limit for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
