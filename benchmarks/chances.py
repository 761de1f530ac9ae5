"""Part `races`: the sweep beside what people do today, which is to spawn, sleep a random time, send TERM and look."""

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

from benchmarks.table import Asked, Row, installed, median, uv_run
from proctor.conformance.exploring.campaigns import Campaign, campaign_named
from proctor.conformance.exploring.worker_pool import explorer_for, survey_of
from proctor.harness.execute import stop
from proctor.harness.explorer.explore import REPLAYS
from proctor.harness.target import Target

HANGS_AFTER = 0.1
"""Seconds after which a launcher whose command had no reason to stay is taken to hang. It is the better half of what a
hit costs by chance; the explorer gives its launchers as much."""
WARM_UP = 5
WINDOWS = Path(__file__).resolve().parent.parent / "targets" / "faulty" / "windows"
MARK = "EXPLORER_BENCHMARK"


class Hit(NamedTuple):
    """The first hit. runs and seconds up to it; what: what came of it, "" where there was none."""

    runs: int
    seconds: float
    what: str


def by_sweep(target: Target, campaign: Campaign) -> tuple[Hit, int]:
    """Sweep in the normal order up to the first finding; return it and in how many replays it came back. All that this
    takes is counted: the runner is started, and the launcher surveyed."""
    stop()
    began = time.perf_counter()
    explorer = explorer_for(target, campaign, REPLAYS)
    survey = survey_of(target, campaign)
    runs = 1 + survey.executions
    for planned in campaign.plan(survey, "sweep", exhaustive=False).planned:
        played = explorer.try_one(planned)
        runs += 1
        if played.opinion.objections:
            hit = Hit(runs, time.perf_counter() - began, played.opinion.label)
            return hit, explorer.confirm(played).returned
    return Hit(runs, time.perf_counter() - began, ""), 0


class Chance:
    """Starts a launcher again and again, untraced and with nothing around it. late: the longest time after which
    TERM is sent, in seconds; None for a command that ends by itself, and no signal."""

    def __init__(self, target: Target, late: float | None, source: random.Random) -> None:
        self._late, self._source = late, source
        command = ["/bin/true"] if late is None else ["/bin/sleep", "60"]
        self._argv = [*target.command, *command]
        self._environment = {**os.environ, **target.environment, MARK: str(os.getpid())}

    def once(self) -> str:
        """Start it once; return what went wrong, "" for nothing."""
        held, holds = os.pipe()
        null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        # what the launcher and its command hold open until the last of them has ended: the one cheap way to see that
        actions = [(os.POSIX_SPAWN_DUP2, holds if fd == 3 else null, fd) for fd in range(4)]
        pid = os.posix_spawn(self._argv[0], self._argv, self._environment, file_actions=actions, setsid=True)
        os.close(holds)
        os.close(null)
        if self._late is not None:
            time.sleep(self._source.random() * self._late)
            os.kill(pid, signal.SIGTERM)
        what = _look(pid, held)
        os.close(held)
        if what:
            self._clear(pid)
        return what

    def _clear(self, launcher: int) -> None:
        """End what is left, wherever it went: it carries our mark."""
        mark = f"{MARK}={os.getpid()}".encode()
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    if mark in (entry / "environ").read_bytes().split(b"\0"):
                        os.kill(int(entry.name), signal.SIGKILL)
                except OSError:
                    pass  # it has ended meanwhile, or is somebody else's
        try:
            os.waitpid(launcher, 0)
        except ChildProcessError:
            pass  # it had ended before: its command was the one left


def _look(pid: int, held: int) -> str:
    ends = os.pidfd_open(pid)
    ended = select.select([ends], [], [], HANGS_AFTER)[0]
    os.close(ends)
    if not ended:
        return "hangs"
    os.waitpid(pid, 0)
    # a command that was killed as well takes a moment to go
    return "" if select.select([held], [], [], 0.02)[0] else "orphan"


def start_up(target: Target) -> float:
    """Return the median of the seconds that the launcher takes to start /bin/true and end."""
    chance, times = Chance(target, None, random.Random()), []
    for _ in range(20 + WARM_UP):
        began = time.perf_counter()
        chance.once()
        times.append(time.perf_counter() - began)
    return median(times[WARM_UP:])


def by_chance(target: Target, late: float | None, seed: int, bound: float) -> Hit:
    """Try at random up to the first hit, for so many seconds."""
    chance = Chance(target, late, random.Random(seed))
    began = time.perf_counter()
    runs = 0
    while time.perf_counter() - began < bound:
        runs += 1
        if what := chance.once():
            return Hit(runs, time.perf_counter() - began, what)
    return Hit(runs, time.perf_counter() - began, "")


@contextmanager
def planted() -> Iterator[list[Target]]:
    """Compile the launchers with one planted window each."""
    with tempfile.TemporaryDirectory() as directory:
        compiler = shlex.split(os.environ.get("CC", "cc"))
        for source in WINDOWS.glob("*.c"):
            out = f"{directory}/{source.stem}"
            subprocess.run([*compiler, "-std=gnu11", "-O2", "-DFAULT=1", "-o", out, str(source)], check=True)
        yield [Target(path.name, (str(path),)) for path in sorted(Path(directory).iterdir())]


def races(asked: Asked) -> Iterator[Row]:
    """Compare the two on each launcher in which the explorer finds something, and on the planted windows."""
    os.environ["PROCTOR_WORKER"] = "0"
    targets, missing = installed("timeout", "dumb-init", *asked.launchers)
    yield from missing
    uv = uv_run(asked)
    with planted() as windows:
        yield from _races([*targets, *([uv] if uv else []), *windows], asked.quick)


def _races(targets: list[Target], quick: bool) -> Iterator[Row]:
    for target in targets:
        name = _short(target.name)
        found = False
        for kind, campaign, late in (
            ("TERM", campaign_named("start", (signal.SIGTERM,)), start_up(target)),
            ("order", campaign_named("order"), None),
        ):
            if by_sweep(target, campaign)[0].what:
                found = True
                yield from _compare(f"{name}, {kind}", target, campaign, late, quick)
        if not found:
            yield Row(name, "no TERM at the start and no order shows anything here")


def _short(name: str) -> str:
    """Return what tells one version's path from another's."""
    *above, last = (part for part in Path(name).parts if part != "bin")
    return above[-1] if above and above[-1].startswith(last) else last


def _compare(name: str, target: Target, campaign: Campaign, late: float | None, quick: bool) -> Iterator[Row]:
    rounds, bound = (2, 5.0) if quick else (5, 20.0)
    pairs = [(by_sweep(target, campaign), by_chance(target, late, seed, bound)) for seed in range(rounds)]
    swept, replayed = [hit for (hit, _), _ in pairs], min(returned for (_, returned), _ in pairs)
    drawn = [hit for _, hit in pairs]
    yield Row(f"{name}: sweep", f"{_said(swept)}; comes back in {replayed} of {REPLAYS} replays")
    window = f"TERM within {late * 1e3:.1f} ms" if late is not None else "no signal, spawned again and again"
    yield Row(f"{name}: random timing", f"{_said(drawn)}; {window}, at most {bound:.0f} s a time")
    if all(hit.what for hit in drawn):
        factor = median([hit.seconds for hit in swept]) / median([hit.seconds for hit in drawn])
        faster = f"random timing, {factor:.1f} times" if factor > 1 else f"the sweep, {1 / factor:.1f} times"
        yield Row(f"{name}: what is faster", faster)


def _said(hits: list[Hit]) -> str:
    got = [hit for hit in hits if hit.what]
    if not got:
        return f"never in {sum(hit.runs for hit in hits)} runs"
    runs, seconds = [hit.runs for hit in got], [hit.seconds for hit in got]
    spread = "" if min(runs) == max(runs) else f" ({min(runs)} to {max(runs)})"
    missed = (
        f"; {len(hits) - len(got)} of {len(hits)} times never, in {sum(hit.runs for hit in hits)} runs"
        if len(got) < len(hits)
        else ""
    )
    what = "/".join(sorted({hit.what for hit in got}))
    return f"{what} after {median([float(n) for n in runs]):.0f} runs{spread}, {median(seconds):.2f} s{missed}"
