"""Is Proctor fast enough? Ratios measured within one run, so that they are comparable between machines.

usage: python benchmarks/bench.py [--quick] [--only NAMES] [--uv COMMAND] [--dumb-init-tests DIRECTORY]

Prints a line per comparison: what was measured, what it was compared with, the ratio, and the limit. The exit status is
1 if a limit is missed. Launchers that are not installed are reported. Figures from a busy machine are worthless, so the
load is printed first.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pexpect

from proctor.harness import orders
from proctor.harness.descriptions import load
from proctor.harness.execute import execute, stop
from proctor.harness.history import Ended
from proctor.harness.runner.start.spawn import WITNESS
from proctor.harness.scenario import Order, Scenario, Signal, Stage, WaitEnds

ROOT = Path(__file__).resolve().parent.parent
RECORDED_DUMB_INIT = 11.0
"""Seconds of dumb-init's own 182 tests on the machine where the limit was set; used if the tests are not given."""


class Comparison(NamedTuple):
    """One comparison. limit: the maximum ratio, or the minimum with at_least."""

    name: str
    ours: str
    theirs: str
    ratio: float
    limit: float
    at_least: bool = False

    @property
    def met(self) -> bool:
        """Whether the limit is met."""
        return self.ratio >= self.limit if self.at_least else self.ratio <= self.limit

    def __str__(self) -> str:
        sign = ">=" if self.at_least else "<="
        return (
            f"{'met   ' if self.met else 'MISSED'} {self.name}: {self.ours}; {self.theirs}; "
            f"ratio {self.ratio:.2f} (limit {sign} {self.limit})"
        )


def alternate(count: int, *runs: Callable[[], object]) -> list[list[float]]:
    """Run each in turn, `count` times; return their times in milliseconds. Disturbances then affect all alike."""
    times: list[list[float]] = [[] for _ in runs]
    for run in runs:
        run()
    for _ in range(count):
        for run, taken in zip(runs, times, strict=True):
            start = time.perf_counter()
            run()
            taken.append((time.perf_counter() - start) * 1e3)
    return times


class Durations(NamedTuple):
    """The milliseconds of many runs. The minimum is compared, because disturbances only add time."""

    minimum: float
    median: float

    def __str__(self) -> str:
        return f"{self.minimum:.2f} ms (median {self.median:.2f})"


def summary(times: list[float]) -> Durations:
    """Return the minimum and the median."""
    return Durations(min(times), statistics.median(times))


class WithoutHarness:
    """The same execution without a harness: nothing is observed but the end."""

    def __init__(self, launcher: list[str], directory: str) -> None:
        self._path = f"{directory}/s"
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self._path)
        self._listener.listen()
        self._argv = [*launcher, str(WITNESS), self._path]

    def spawn_and_wait(self) -> None:
        """posix_spawn, one TERM, wait: the same command line, the same command, the same events.

        The command reports that it is ready and ends on TERM, as in our scenario: otherwise the signal could arrive too
        early. Nothing is recorded, inspected, contained or cleaned up.
        """
        pid = os.posix_spawn(self._argv[0], self._argv, os.environ)
        end, _ = self._listener.accept()
        with end:
            while b"\n" not in end.recv(1 << 16):
                pass
            end.sendall(b"exit-on 15 0\n")
            end.recv(1 << 12)
            os.kill(pid, signal.SIGTERM)
            os.waitpid(pid, 0)

    def close(self) -> None:
        """Close the socket."""
        self._listener.close()


def with_pexpect(launcher: list[str]) -> None:
    """Do the same with pexpect.spawn at its defaults, and a shell that prints when it is ready."""
    command = ["sh", "-c", 'trap "exit 0" TERM; echo ready; while :; do sleep 60 & wait; done']
    child = pexpect.spawn(launcher[0], [*launcher[1:], *command])
    child.expect("ready")
    child.kill(signal.SIGTERM)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0, child.exitstatus


def one_execution(count: int) -> list[Comparison]:
    """Measure (a) and (b): start, one TERM, end, on tini."""
    target = load("tini")
    steps = (Order(orders.ExitOn(int(signal.SIGTERM))), Signal(signal.SIGTERM), WaitEnds())
    on_pipes, on_terminal = Scenario(steps), Scenario(steps, Stage(terminal=True))

    def ours(scenario: Scenario) -> None:
        ended = [fact for fact in execute(target, scenario).facts(Ended) if fact.process == "launcher"]
        assert [fact.code for fact in ended] == [0], ended

    with tempfile.TemporaryDirectory() as directory:
        bare = WithoutHarness(list(target.command), directory)
        pipes, theirs = map(summary, alternate(count, lambda: ours(on_pipes), bare.spawn_and_wait))
        bare.close()
    few = max(3, count // 10)
    argv = list(target.command)
    terminal, pexpects = map(summary, alternate(few, lambda: ours(on_terminal), lambda: with_pexpect(argv)))
    stop()
    against = f"posix_spawn, TERM, wait {theirs}"
    return [
        Comparison("one execution on tini, pipes", str(pipes), against, pipes.minimum / theirs.minimum, 3),
        Comparison(
            "the same, terminal", str(terminal), f"pexpect {pexpects}", terminal.minimum / pexpects.minimum, 0.25
        ),
    ]


def suite(target: str, workers: int) -> float:
    """Return the seconds of the whole suite, including the start of pytest."""
    command = [sys.executable, "-m", "pytest", "conformance/", "-p", "no:cacheprovider", "-q", f"--target={target}"]
    command += ["-n", str(workers)] if workers > 1 else []
    start = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode not in (0, 1):
        sys.exit(f"bench: the suite failed on {target}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return time.perf_counter() - start


def dumb_init_tests(directory: str) -> tuple[float, str]:
    """Run dumb-init's own tests; return the seconds and the last line of their output."""
    own = Path(directory) / ".venv" / "bin" / "python"
    python = str(own) if own.exists() else sys.executable
    start = time.perf_counter()
    done = subprocess.run(
        [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"], cwd=directory,
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return time.perf_counter() - start, done.stdout.strip().splitlines()[-1]


def on_dumb_init(tests: str | None, repeats: int) -> list[Comparison]:
    """Measure (c) the whole suite with one worker against dumb-init's own tests, and (e) two workers against one."""
    one, two, theirs = [], [], []
    theirs_text = f"its own 182 tests {RECORDED_DUMB_INIT:.0f} s (recorded)"
    for _ in range(repeats):
        one.append(suite("dumb-init", 1))
        two.append(suite("dumb-init", 2))
        if tests:
            seconds, last = dumb_init_tests(tests)
            theirs.append(seconds)
            theirs_text = f"its own tests {min(theirs):.1f} s ({last})"
    measure = min(theirs, default=RECORDED_DUMB_INIT)
    alone = f"{min(one):.1f} s"
    return [
        Comparison("suite on dumb-init, 1 worker", alone, theirs_text, min(one) / measure, 1),
        Comparison(
            "2 workers for 1", f"{min(two):.1f} s", f"1 worker {alone}", min(one) / min(two), 1.7, at_least=True
        ),
    ]


def on_uv(command: str, repeats: int) -> list[Comparison]:
    """Measure (d) the whole suite on uv with two workers."""
    seconds = min(suite(command, 2) for _ in range(repeats))
    return [Comparison("suite on uv run, 2 workers", f"{seconds:.1f} s", "limit 60 s", seconds / 60, 1)]


def seconds_to_stop(workers: int) -> float:
    """Return the seconds from a Ctrl-C to the end of a running suite."""
    command = [sys.executable, "-m", "pytest", "conformance/", "-p", "no:cacheprovider", "-q", "--target=dumb-init"]
    command += ["-n", str(workers)] if workers > 1 else []
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, start_new_session=True) as running:
        assert running.stdout
        while running.stdout.read(1) != b".":
            pass
        start = time.perf_counter()
        os.killpg(running.pid, signal.SIGINT)
        running.stdout.read()
        running.wait()
        return time.perf_counter() - start


def on_ctrl_c(repeats: int) -> list[Comparison]:
    """Measure (f) Ctrl-C with one worker and with two."""
    lines = []
    for workers in (1, 2):
        times = [seconds_to_stop(workers) for _ in range(repeats)]
        measured = f"{min(times):.2f} s (maximum {max(times):.2f})"
        lines.append(Comparison(f"Ctrl-C to the suite, {workers} worker(s)", measured, "limit 1 s", min(times), 1))
    return lines


def main() -> None:
    """Run as a program."""
    parser = argparse.ArgumentParser(description="is Proctor fast enough?")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    parser.add_argument(
        "--only", default="execution,dumb-init,uv,ctrl-c", help="some of: execution,dumb-init,uv,ctrl-c"
    )
    parser.add_argument("--uv", default="uv run --no-project --", help="how to start uv")
    parser.add_argument(
        "--dumb-init-tests",
        metavar="DIRECTORY",
        help="dumb-init's sources with tests/; their .venv is used if there is one",
    )
    arguments = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    repeats = 1 if arguments.quick else 3
    parts: dict[str, tuple[str, Callable[[], list[Comparison]]]] = {
        "execution": ("tini", lambda: one_execution(30 if arguments.quick else 200)),
        "dumb-init": ("dumb-init", lambda: on_dumb_init(arguments.dumb_init_tests, repeats)),
        "ctrl-c": ("dumb-init", lambda: on_ctrl_c(3 * repeats)),
        "uv": (arguments.uv.split()[0], lambda: on_uv(arguments.uv, repeats)),
    }
    missed = False
    for name in arguments.only.split(","):
        program, measure = parts[name]
        if not shutil.which(program):
            print(f"not measured: {program} is not installed")
            continue
        for line in measure():
            print(line, flush=True)
            missed |= not line.met
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
