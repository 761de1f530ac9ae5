"""Part `races`: the sweep compared with the usual method: start, sleep a random time, send TERM, look at the result."""

from __future__ import annotations

import os
import random
import select
import shlex
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from benchmarks.table import Options, TableRow, installed, median, uv_run
from proctor.conformance.exploring.campaign import Campaign
from proctor.conformance.exploring.campaigns import campaign_named
from proctor.conformance.exploring.worker_pool import explorer_for, survey_of
from proctor.harness.execute import stop
from proctor.harness.explorer.explore import REPLAYS
from proctor.harness.target import Target

HANGS_AFTER = 0.1
"""Seconds after which a launcher counts as hanging although its command should have ended. This is most of the cost of
a hit by random timing. The explorer uses the same limit."""
WARM_UP = 5
WINDOWS = Path(__file__).resolve().parent.parent / "targets" / "faulty" / "windows"
MARK = "EXPLORER_BENCHMARK"


class Hit(NamedTuple):
    """The first hit, with the runs and seconds up to it. outcome: "" if there was no hit."""

    runs: int
    seconds: float
    outcome: str


def by_sweep(target: Target, campaign: Campaign) -> tuple[Hit, int]:
    """Sweep in the normal order up to the first finding. Return it, and the number of replays that reproduced it. The
    time includes the start of the runner and the survey."""
    stop()
    began = time.perf_counter()
    explorer = explorer_for(target, campaign, REPLAYS)
    survey = survey_of(target, campaign)
    runs = 1 + survey.executions
    for planned in campaign.plan(survey, "sweep", exhaustive=False).planned:
        played = explorer.play_one(planned)
        runs += 1
        if played.evaluation.objections:
            hit = Hit(runs, time.perf_counter() - began, played.evaluation.label)
            return hit, explorer.confirm(played).returned
    return Hit(runs, time.perf_counter() - began, ""), 0


class RandomTiming:
    """Starts a launcher repeatedly, without tracing or containment. latest: the longest time in seconds before TERM is
    sent; None for a command that ends without a signal."""

    def __init__(self, target: Target, latest: float | None, source: random.Random) -> None:
        self._latest, self._source = latest, source
        command = ["/bin/true"] if latest is None else ["/bin/sleep", "60"]
        self._argv = [*target.command, *command]
        self._environment = {**os.environ, **target.environment, MARK: str(os.getpid())}

    def once(self) -> str:
        """Start it once. Return the fault: "hangs", "orphan", or "" for none."""
        read_end, write_end = os.pipe()
        null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        # launcher and command inherit the write end: the pipe is at EOF when the last of them has ended
        actions = [(os.POSIX_SPAWN_DUP2, write_end if fd == 3 else null, fd) for fd in range(4)]
        pid = os.posix_spawn(self._argv[0], self._argv, self._environment, file_actions=actions, setsid=True)
        os.close(write_end)
        os.close(null)
        if self._latest is not None:
            time.sleep(self._source.random() * self._latest)
            os.kill(pid, signal.SIGTERM)
        outcome = _outcome(pid, read_end)
        os.close(read_end)
        if outcome:
            self._end_leftovers(pid)
        return outcome

    def _end_leftovers(self, launcher: int) -> None:
        """Kill the remaining processes. They are found by a variable in their environment."""
        mark = f"{MARK}={os.getpid()}".encode()
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    if mark in (entry / "environ").read_bytes().split(b"\0"):
                        os.kill(int(entry.name), signal.SIGKILL)
                except OSError:
                    pass  # it has ended, or belongs to another user
        try:
            os.waitpid(launcher, 0)
        except ChildProcessError:
            pass  # the launcher had ended before; only its command was left


def _outcome(pid: int, read_end: int) -> str:
    ends = os.pidfd_open(pid)
    ended = select.select([ends], [], [], HANGS_AFTER)[0]
    os.close(ends)
    if not ended:
        return "hangs"
    os.waitpid(pid, 0)
    # a command that was also killed takes a moment to end
    return "" if select.select([read_end], [], [], 0.02)[0] else "orphan"


def start_up(target: Target) -> float:
    """Return the median seconds in which the launcher runs /bin/true."""
    timing, times = RandomTiming(target, None, random.Random()), []
    for _ in range(20 + WARM_UP):
        began = time.perf_counter()
        timing.once()
        times.append(time.perf_counter() - began)
    return median(times[WARM_UP:])


def by_random_timing(target: Target, latest: float | None, seed: int, bound: float) -> Hit:
    """Try random times up to the first hit, for at most `bound` seconds."""
    timing = RandomTiming(target, latest, random.Random(seed))
    began = time.perf_counter()
    runs = 0
    while time.perf_counter() - began < bound:
        runs += 1
        if outcome := timing.once():
            return Hit(runs, time.perf_counter() - began, outcome)
    return Hit(runs, time.perf_counter() - began, "")


@contextmanager
def planted() -> Iterator[list[Target]]:
    """Compile the launchers with a planted race window."""
    with tempfile.TemporaryDirectory() as directory:
        compiler = shlex.split(os.environ.get("CC", "cc"))
        for source in WINDOWS.glob("*.c"):
            out = f"{directory}/{source.stem}"
            subprocess.run([*compiler, "-std=gnu11", "-O2", "-DFAULT=1", "-o", out, str(source)], check=True)
        yield [Target(path.name, (str(path),)) for path in sorted(Path(directory).iterdir())]


def races(options: Options) -> Iterator[TableRow]:
    """Compare both methods on each launcher in which the explorer finds something, and on the planted windows."""
    os.environ["PROCTOR_WORKER"] = "0"
    targets, missing = installed("timeout", "dumb-init", *options.launchers)
    yield from missing
    uv = uv_run(options)
    with planted() as windows:
        yield from _races([*targets, *([uv] if uv else []), *windows], options.quick)


def _races(targets: list[Target], quick: bool) -> Iterator[TableRow]:
    for target in targets:
        name = _short(target.name)
        found = False
        for kind, campaign, latest in (
            ("TERM", campaign_named("start", (signal.SIGTERM,)), start_up(target)),
            ("order", campaign_named("order"), None),
        ):
            if by_sweep(target, campaign)[0].outcome:
                found = True
                yield from _compare(f"{name}, {kind}", target, campaign, latest, quick)
        if not found:
            yield TableRow(name, "nothing found, neither by TERM at the start nor by process order")


def _short(name: str) -> str:
    """Return the part of a path that distinguishes versions."""
    *above, last = (part for part in Path(name).parts if part != "bin")
    return above[-1] if above and above[-1].startswith(last) else last


def _compare(name: str, target: Target, campaign: Campaign, latest: float | None, quick: bool) -> Iterator[TableRow]:
    rounds, bound = (2, 5.0) if quick else (5, 20.0)
    pairs = [(by_sweep(target, campaign), by_random_timing(target, latest, seed, bound)) for seed in range(rounds)]
    swept, replayed = [hit for (hit, _), _ in pairs], min(returned for (_, returned), _ in pairs)
    timed = [hit for _, hit in pairs]
    yield TableRow(f"{name}: sweep", f"{_summary(swept)}; reproduced in {replayed} of {REPLAYS} replays")
    window = f"TERM within {latest * 1e3:.1f} ms" if latest is not None else "no signal, started repeatedly"
    yield TableRow(f"{name}: random timing", f"{_summary(timed)}; {window}, at most {bound:.0f} s a time")
    if all(hit.outcome for hit in timed):
        factor = median([hit.seconds for hit in swept]) / median([hit.seconds for hit in timed])
        faster = f"random timing, {factor:.1f} times" if factor > 1 else f"the sweep, {1 / factor:.1f} times"
        yield TableRow(f"{name}: faster", faster)


def _summary(hits: list[Hit]) -> str:
    got = [hit for hit in hits if hit.outcome]
    if not got:
        return f"never in {sum(hit.runs for hit in hits)} runs"
    runs, seconds = [hit.runs for hit in got], [hit.seconds for hit in got]
    spread = "" if min(runs) == max(runs) else f" ({min(runs)} to {max(runs)})"
    missed = (
        f"; {len(hits) - len(got)} of {len(hits)} times never, in {sum(hit.runs for hit in hits)} runs"
        if len(got) < len(hits)
        else ""
    )
    outcome = "/".join(sorted({hit.outcome for hit in got}))
    return f"{outcome} after {median([float(n) for n in runs]):.0f} runs{spread}, {median(seconds):.2f} s{missed}"
