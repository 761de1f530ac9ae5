"""Repeats the suite on a loaded machine. The verdicts must be the same in each run.

usage: python tests/soak.py [PYTEST ARGUMENTS...]       SOAK_RUNS=100 sets the number of runs

Differences are printed with the numbers of their runs, and the exit status is 1. Whether a verdict is right is not
checked here.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
TARGETS = ("tini", "launcher", "dumb-init")
SLOWEST_RUN = 1800
"""Seconds after which a run counts as hanging."""

Key = tuple[str, str]
"""A target and a requirement."""


class Outcome(NamedTuple):
    """The result of one run for one requirement: the verdict, and the cases with violations."""

    verdict: str
    cases: tuple[str, ...]
    reason: str

    @property
    def stable_part(self) -> tuple[str, tuple[str, ...]]:
        """The part that must be the same in each run. Reasons may contain PIDs and times."""
        return self.verdict, self.cases


@contextlib.contextmanager
def load(hogs: int = 4) -> Iterator[None]:
    """Put load on the machine."""
    if not shutil.which("stress-ng"):
        sys.exit("soak: stress-ng is not installed; install it with: apt-get install stress-ng")
    stress = subprocess.Popen(["stress-ng", "--cpu", str(hogs), "--quiet"], start_new_session=True)
    try:
        yield
    finally:
        stress.terminate()  # stress-ng ends its own workers
        stress.wait()


def run_once(targets: tuple[str, ...], arguments: list[str]) -> dict[Key, Outcome]:
    """Run the suite; return the outcome by target and requirement."""
    with tempfile.TemporaryDirectory() as directory:
        results = Path(directory) / "results.json"
        command = [sys.executable, "-m", "pytest", "conformance/", "-p", "no:cacheprovider", "-q"]
        command += [*(f"--target={target}" for target in targets), f"--results={results}", *arguments]
        nothing = subprocess.DEVNULL
        done = subprocess.run(
            command, cwd=ROOT, stdin=nothing, capture_output=True, text=True, timeout=SLOWEST_RUN, check=False
        )
        if not results.exists():
            sys.exit(f"soak: the suite wrote no results (exit status {done.returncode}):\n{done.stdout}{done.stderr}")
        documents = json.loads(results.read_text())
    found = {}
    for document in documents if isinstance(documents, list) else [documents]:
        for name, row in document["requirements"].items():
            cases = tuple(sorted({violation["case"] for violation in row["violations"]}))
            found[document["target"]["name"], name] = Outcome(row["verdict"], cases, row["reason"])
    return found


def differences(runs: list[dict[Key, Outcome]]) -> list[str]:
    """Return a line for each requirement whose outcome is not the same in all runs."""
    lines = []
    for key in sorted({key for run in runs for key in run}):
        outcomes = [run.get(key, Outcome("missing", (), "")) for run in runs]
        counts = Counter(outcome.stable_part for outcome in outcomes)
        if len(counts) == 1:
            continue
        (usual, times), *others = counts.most_common()
        lines.append(f"{key[0]} {key[1]}: {usual[0]} in {times} of {len(runs)} runs")
        for stable_part, _ in others:
            at = [n for n, outcome in enumerate(outcomes, 1) if outcome.stable_part == stable_part]
            cases = ", ".join(sorted(set(stable_part[1]) ^ set(usual[1]))) or "-"
            lines.append(
                f"    {stable_part[0]} in run {', '.join(map(str, at))}; cases: {cases}; {outcomes[at[0] - 1].reason}"
            )
    return lines


def soak(count: int, targets: tuple[str, ...] = TARGETS, arguments: list[str] | None = None) -> list[str]:
    """Run the suite `count` times under load; return the differences."""
    runs = []
    with load():
        for number in range(1, count + 1):
            start = time.monotonic()
            runs.append(run_once(targets, arguments or []))
            changed = "".join(f"\n  {line}" for line in differences([runs[0], runs[-1]]))
            print(f"run {number} of {count}: {time.monotonic() - start:.1f} s{changed}", flush=True)
    return differences(runs)


def main() -> None:
    """Run as a program."""
    count = int(os.environ.get("SOAK_RUNS", "100"))
    found = soak(count, arguments=sys.argv[1:] or ["-n", "auto"])
    print("\n".join(found) if found else f"the same verdicts in {count} of {count} runs on {', '.join(TARGETS)}")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
