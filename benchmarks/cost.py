"""Part `cost`: a traced execution compared with a C program that stops the launcher at the same calls (tracer.c)."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.table import Options, TableRow, installed, median
from proctor.conformance.checks.files import CODE
from proctor.conformance.exploring.campaigns import whole_run
from proctor.harness.execute import execute, stop
from proctor.harness.history import Ended
from proctor.harness.runner.start import spawn
from proctor.harness.runner.trace.seccomp import program
from proctor.harness.scenario import PIPES, Scenario
from proctor.harness.schedule import Schedule
from proctor.harness.target import Target

SOURCE = Path(__file__).with_name("tracer.c")
LIMITS = {"tini": 3.0, "timeout": 3.0, "dumb-init": 3.0, "./launcher": 1.3}


def compiled(directory: str) -> str:
    """Compile the comparator; return its path."""
    out = f"{directory}/tracer"
    compiler = shlex.split(os.environ.get("CC", "cc"))
    subprocess.run([*compiler, "-std=gnu11", "-O2", "-Wall", "-Wextra", "-o", out, str(SOURCE)], check=True)
    return out


class Comparator:
    """The comparator for one launcher. It keeps running, so that its own start is not measured."""

    def __init__(self, path: str, target: Target, directory: str) -> None:
        place = spawn.Place(Path(directory), Path(directory), Path(directory))
        line = spawn.command_line(target, Scenario(()), place)
        core = min(os.sched_getaffinity(0))  # the core of the first worker
        self._process = subprocess.Popen(
            [path, str(core), program().hex(), place.socket, *map(os.fsdecode, line)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=directory,
            env=dict(spawn.environment(target, PIPES, place)),
        )  # fmt: skip
        self.stops = 0

    def run(self) -> float:
        """Run the launcher once; return the milliseconds that the comparator measured."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline().split()
        if not line or os.waitstatus_to_exitcode(int(line[2])) != CODE:
            sys.exit(f"explorer: the comparator failed: {line or self._process.wait()}")
        self.stops = int(line[1])
        return float(line[0]) / 1e3

    def close(self) -> None:
        """End the comparator."""
        self._process.communicate()


@contextmanager
def tracer_for(path: str, target: Target) -> Iterator[Comparator]:
    """Start the comparator for one launcher, and end it afterwards."""
    with tempfile.TemporaryDirectory() as directory:
        (Path(directory) / "work").mkdir()
        tracer = Comparator(path, target, f"{directory}/work")
        try:
            yield tracer
        finally:
            tracer.close()


def ours(target: Target) -> float:
    """Run one execution of Proctor; return the milliseconds that execute() took."""
    start = time.perf_counter()
    history = execute(target, whole_run(PIPES), Schedule())
    taken = (time.perf_counter() - start) * 1e3
    ends = [fact.code for fact in history.facts(Ended) if fact.process == "launcher"]
    if ends != [CODE]:
        sys.exit(f"explorer: {target.name} ended with {ends}, not with {CODE}")
    return taken


def cost(options: Options) -> Iterator[TableRow]:
    """Measure each launcher in pairs, so that disturbances affect both alike."""
    os.environ["PROCTOR_WORKER"] = "0"
    stop()
    count = 50 if options.quick else 300
    with tempfile.TemporaryDirectory() as directory:
        path = compiled(directory)
        for name, limit in LIMITS.items():
            targets, missing = installed(name)
            yield from missing
            for target in targets:
                with tracer_for(path, target) as tracer:
                    pairs = [(ours(target), tracer.run()) for _ in range(count + 3)][3:]
                    stops = tracer.stops
                mine, theirs = (median(list(times)) for times in zip(*pairs, strict=True))
                ratio = mine / theirs
                measured = f"{ratio:.2f}: {mine:.2f} ms, in C {theirs:.2f} ms ({stops} stops; medians of {count})"
                yield TableRow(f"one execution on {name}", measured, f"<= {limit}", ratio <= limit)
