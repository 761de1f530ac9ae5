"""Repeats the suite quiet, on a loaded machine, and on one core. Cases and verdicts must be the same each time.

usage: python tests/soak.py [PYTEST ARGUMENTS...]
    SOAK_RUNS=30    in the environment sets the number of runs in each of the three
    SOAK_SECONDS=N  begins no run after so many seconds (default: all are run)
    SOAK_FILE=FILE  keeps the outcome of each run; a soak that was interrupted goes on from there

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
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from proctor.conformance.suite.case_results import PROPERTY

ROOT = Path(__file__).resolve().parent.parent
TARGETS = ("tini", "./launcher", "uv-run")
POLLS = ROOT / "tests" / "launchers_for_tests" / "polls.c"
"""The source of a launcher that polls: it is judged as well."""
SLOWEST_RUN = 3600
"""Seconds after which a run counts as hanging."""

Key = tuple[str, str]
"""A target and a requirement."""


class Outcome(NamedTuple):
    """The result of one run for one requirement: the verdict, the cases with violations, and how many were played."""

    verdict: str
    cases: tuple[str, ...]
    reason: str
    played: int = 0

    @property
    def stable_part(self) -> tuple[str, tuple[str, ...], int]:
        """The part that must be the same in each run. Reasons may contain PIDs and times."""
        return self.verdict, self.cases, self.played


Run = tuple[str, dict[Key, Outcome]]
"""The setting of a run, and the outcomes."""


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Leave the machine as it is."""
    yield


@contextlib.contextmanager
def loaded() -> Iterator[None]:
    """Put load on the machine: processors, disk and memory."""
    if not shutil.which("stress-ng"):
        sys.exit("soak: stress-ng is not installed; install it with: apt-get install stress-ng")
    with tempfile.TemporaryDirectory() as directory:
        words = ["--cpu", "4", "--io", "2", "--vm", "1", "--quiet", "--temp-path", directory]
        stress = subprocess.Popen(["stress-ng", *words], start_new_session=True)
        try:
            yield
        finally:
            stress.terminate()  # stress-ng ends its own workers
            stress.wait()


@contextlib.contextmanager
def on_one_core() -> Iterator[None]:
    """Let this process, and what it starts, run on one core."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


SETTINGS = {"quiet": quiet, "loaded": loaded, "on one core": on_one_core}


def run_once(targets: tuple[str, ...], arguments: list[str]) -> dict[Key, Outcome]:
    """Run the suite; return the outcome by target and requirement."""
    with tempfile.TemporaryDirectory() as directory:
        results, played = Path(directory) / "results.json", Path(directory) / "played.xml"
        command = [sys.executable, "-m", "pytest", "conformance/", "-p", "no:cacheprovider", "-q"]
        command += [*(f"--target={target}" for target in targets), f"--results={results}", *arguments]
        command.append(f"--junit-xml={played}")
        nothing = subprocess.DEVNULL
        done = subprocess.run(
            command, cwd=ROOT, stdin=nothing, capture_output=True, text=True, timeout=SLOWEST_RUN, check=False
        )
        if not results.exists():
            sys.exit(f"soak: the suite wrote no results (exit status {done.returncode}):\n{done.stdout}{done.stderr}")
        documents = json.loads(results.read_text())
        cases_of = Counter(_properties(played))
    found = {}
    for document in documents if isinstance(documents, list) else [documents]:
        for name, row in document["requirements"].items():
            cases = tuple(sorted({violation["case"] for violation in row["violations"]}))
            found[document["target"]["name"], name] = Outcome(
                row["verdict"], cases, row["reason"], cases_of[document["target"]["name"], name]
            )
    return found


def _properties(played: Path) -> Iterator[Key]:
    """Yield the target and requirement of each case that was played."""
    for case in ElementTree.parse(played).iter("testcase"):
        for one in case.iter("property"):
            if one.get("name") == PROPERTY:
                result = json.loads(one.get("value", ""))
                yield result["target"], result["requirement"]


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


def soak(
    count: int,
    targets: tuple[str, ...],
    settings: Iterable[str] = SETTINGS,
    arguments: list[str] | None = None,
    kept: Path | None = None,
    within: float = float("inf"),
) -> tuple[int, list[str]]:
    """Run the suite `count` times in each of these settings; return how many runs there are then, and the differences
    between them. kept: a file with the outcomes of earlier runs, which count; those of the others are added. within:
    seconds after which no run is begun."""
    began = time.monotonic()
    runs = read_runs(kept) if kept and kept.exists() else []
    done = Counter(setting for setting, _ in runs)
    # all settings in each round, so that of an interrupted soak there are as many runs of each
    for number in range(1, count + 1):
        for setting in settings:
            if done[setting] >= number or time.monotonic() - began >= within:
                continue
            start = time.monotonic()
            with SETTINGS[setting]():
                runs.append((setting, run_once(targets, arguments or [])))
            if kept:
                keep(runs[-1], kept)
            changed = "".join(f"\n  {line}" for line in differences([runs[0][1], runs[-1][1]]))
            print(f"{setting}, run {number} of {count}: {time.monotonic() - start:.1f} s{changed}", flush=True)
    return len(runs), differences([outcomes for _, outcomes in runs])


def keep(run: Run, path: Path) -> None:
    """Append the outcomes of a run to a file, as one line."""
    setting, outcomes = run
    rows = [[*key, *outcome] for key, outcome in outcomes.items()]
    with path.open("a") as file:
        file.write(json.dumps([setting, rows]) + "\n")


def read_runs(path: Path) -> list[Run]:
    """Return the runs that a file holds."""
    found = []
    for setting, rows in map(json.loads, path.read_text().splitlines()):
        outcomes = {
            (target, name): Outcome(verdict, tuple(cases), *others) for target, name, verdict, cases, *others in rows
        }
        found.append((setting, outcomes))
    return found


def polling_launcher(directory: Path) -> str:
    """Return the description of a launcher that looks for signals every 0.2 s; its name is always the same."""
    program, description = directory / "polls", directory / "polls.toml"
    subprocess.run(["cc", "-O2", "-o", program, POLLS], check=True)
    description.write_text(f"command = {json.dumps([str(program), 'nanosleep'])}\n")
    return str(description)


def main() -> None:
    """Run as a program."""
    count, kept = int(os.environ.get("SOAK_RUNS", "30")), os.environ.get("SOAK_FILE", "")
    within = float(os.environ.get("SOAK_SECONDS", "inf"))
    with tempfile.TemporaryDirectory() as directory:
        targets = (*TARGETS, polling_launcher(Path(directory)))
        arguments = sys.argv[1:] or ["-n", "auto"]
        file = Path(kept).resolve() if kept else None
        runs, found = soak(count, targets, arguments=arguments, kept=file, within=within)
    print("\n".join(found) if found else f"the same cases and verdicts in {runs} of {count * len(SETTINGS)} runs")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
