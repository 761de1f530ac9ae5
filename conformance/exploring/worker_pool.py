"""Plays campaigns on several workers. Each is a process with its own runner, on its own core."""

from __future__ import annotations

import contextlib
import functools
import itertools
import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, wait
from functools import partial
from multiprocessing.process import BaseProcess
from multiprocessing.sharedctypes import Synchronized
from typing import NamedTuple, ParamSpec, Protocol, TypeVar

import msgspec

from proctor.conformance.checks.common import NotObservable, needs_freedom, needs_tracing, needs_watched_command
from proctor.conformance.exploring.campaign import Campaign
from proctor.conformance.exploring.campaign_verdict import predicate_for
from proctor.conformance.exploring.surveys import measure_of
from proctor.conformance.judging.judge import Bare, needs_stage
from proctor.harness import execute as door
from proctor.harness.errors import HarnessError
from proctor.harness.explorer.explore import Exploration, Explorer, Finding, PlayedSchedule, select_suspects
from proctor.harness.explorer.survey import Survey, survey
from proctor.harness.explorer.sweep import PlannedSchedule
from proctor.harness.history import History
from proctor.harness.scenario import Scenario
from proctor.harness.schedule import Schedule
from proctor.harness.target import Target

T = TypeVar("T")
R = TypeVar("R")
P = ParamSpec("P")
CHUNK = 8
"""Schedules that a worker gets at a time: some hundredths of a second of work."""
AHEAD = 4
"""How many chunks are given out for each worker. Results are taken in order, so a worker that has finished early needs
another chunk."""
LOOK_AGAIN = 1.0
"""Seconds. Python does not see a signal that comes just before it blocks in a system call, until that call returns."""


def explorer_for(target: Target, campaign: Campaign, replays: int) -> Explorer:
    """Return an explorer of this campaign on this target. HarnessError if the harness fails."""
    play = partial(play_traced, target)
    measure = measure_of(campaign, target, Bare(door.execute), play)
    return Explorer(play, campaign.scenario, predicate_for(campaign, target, measure), replays)


class CannotTrace(HarnessError):
    """The system refuses to trace a launcher, or to set up its stage."""


def survey_of(target: Target, campaign: Campaign) -> Survey:
    """Return the points of a campaign on a target. HarnessError if it cannot be traced."""
    return survey(partial(play_traced, target), campaign.scenario, bool(campaign.failing))


def play_traced(target: Target, scenario: Scenario, schedule: Schedule, uncontained: bool = False) -> History:
    """Return the history of an execution under a schedule; HarnessError if it cannot be traced."""
    history = door.execute(target, scenario, schedule, uncontained)
    try:
        needs_stage(history)
        needs_watched_command(history)
        needs_tracing(history)
        if not schedule.disturbs:
            needs_freedom(history)  # what is undisturbed is the measure of all others
    except NotObservable as reason:
        raise CannotTrace(
            f"{target.name} cannot be explored here: {reason}. This is not the launcher's fault"
        ) from None
    return history


class Assignment(NamedTuple):
    """What a worker needs to know to play schedules: the target, and how often it replays a finding."""

    target: Target
    replays: int


@functools.lru_cache(maxsize=1)
def _explorers(_: bytes) -> dict[str, Explorer]:
    """Return the explorers that this process has made for an assignment, by campaign. It forgets those of another
    one."""
    return {}


def _explorer(assignment: Assignment, campaign: Campaign) -> Explorer:
    """Return the explorer of a campaign; it is made at the first call in this process."""
    known = _explorers(msgspec.json.encode(assignment))
    if campaign.name not in known:
        known[campaign.name] = explorer_for(assignment.target, campaign, assignment.replays)
    return known[campaign.name]


def begin_worker(number: Synchronized[int]) -> None:
    """Set up a worker process. Its number selects the core of its runner."""
    if parent := multiprocessing.parent_process():
        with _held(signal.SIGTERM):  # the thread inherits the mask, so the main thread gets the signal
            threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles Ctrl-C
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # see submit_to(); launchers inherit the mask
        signal.signal(signal.SIGTERM, _end_at_once)
    with number.get_lock():
        os.environ["PROCTOR_WORKER"] = str(number.value)
        number.value += 1


@contextlib.contextmanager
def _held(number: signal.Signals) -> Iterator[None]:
    """Block a signal in this thread, and in the threads and processes that it starts meanwhile."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {number})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def submit_to(pool: ProcessPoolExecutor, work: Callable[P, R], *args: P.args, **named: P.kwargs) -> Future[R]:
    """Submit work to a pool whose workers call begin_worker().

    The pool may start a worker and threads for it. They start with SIGINT blocked: Ctrl-C goes to the whole process
    group, and a worker that is still importing its modules would print a traceback. The threads keep it blocked, so
    that this thread gets the signal.
    """
    with _held(signal.SIGINT):
        return pool.submit(work, *args, **named)


def _end_at_once(number: int, frame: object) -> None:  # noqa: ARG001  (signal.signal's signature)
    """End this worker in the middle of its work, after its runner has ended all processes of the execution."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # end_workers() may send it again
    try:
        door.abandon()
    finally:
        os._exit(1)


def end_workers() -> None:
    """End the workers of this process and all that they started, without waiting for their work."""
    workers = multiprocessing.active_children()
    for worker in workers:
        worker.terminate()
    for worker in workers:
        worker.join(LOOK_AGAIN)
        while worker.is_alive():
            worker.terminate()
            worker.join(LOOK_AGAIN)


def _end_with(parent: BaseProcess) -> None:
    """End when the parent has ended, even by SIGKILL. The guardian of this worker's runner sees that, and ends the
    runner."""
    parent.join()
    os._exit(1)


def _try(assignment: Assignment, campaign: Campaign, chunk: list[PlannedSchedule]) -> list[PlayedSchedule]:
    return [_explorer(assignment, campaign).play_one(planned) for planned in chunk]


def _confirm(assignment: Assignment, campaign: Campaign, suspect: PlayedSchedule) -> Finding:
    return _explorer(assignment, campaign).confirm(suspect)


class Crew(Protocol):
    """Who plays: this process, several processes, or a cluster."""

    def each(self, work: Callable[[T], R], items: Iterator[T]) -> Iterator[R]:
        """Yield the result of each item, in the order of the items."""

    def end_at_once(self) -> None:
        """Do not wait for the work that has begun: it takes seconds with a slow launcher."""

    def close(self) -> None:
        """End the workers and all that they started."""


class Alone:
    """One worker: the process that calls it."""

    def each(self, work: Callable[[T], R], items: Iterator[T]) -> Iterator[R]:
        """See Crew."""
        return map(work, items)

    def end_at_once(self) -> None:
        """There is nothing to end: Ctrl-C has ended the execution."""

    def close(self) -> None:
        """There is nothing to close: the runner ends with this process."""


class Processes:
    """Processes on this machine, each with a runner on a core of its own."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(workers, context, begin_worker, (context.Value("i", 0),))

    def each(self, work: Callable[[T], R], items: Iterator[T]) -> Iterator[R]:
        """See Crew."""
        running: deque[Future[R]] = deque()
        while True:
            ahead = itertools.islice(items, AHEAD * self._workers - len(running))
            running += [submit_to(self._pool, work, item) for item in ahead]
            if not running:
                return
            while not wait([running[0]], LOOK_AGAIN).done:
                pass
            yield running.popleft().result()

    def end_at_once(self) -> None:
        """See Crew."""
        end_workers()

    def close(self) -> None:
        """See Crew."""
        self._pool.shutdown(cancel_futures=True)


class WorkerPool:
    """Plays campaigns on one target. crew: who plays; by default this process, or so many processes."""

    def __init__(self, target: Target, workers: int, replays: int, crew: Crew | None = None) -> None:
        self._assignment = Assignment(target, replays)
        self._crew = crew or (Processes(workers) if workers > 1 else Alone())

    def explore(
        self, campaign: Campaign, planned: Iterator[PlannedSchedule], seconds: float, tell: Callable[[int], None]
    ) -> tuple[Exploration, bool]:
        """Play the planned schedules for at most `seconds`; `tell` gets the number played so far. Return the results,
        and whether Ctrl-C ended it early."""
        start = time.monotonic()
        played: list[PlayedSchedule] = []
        findings: list[Finding] = []
        interrupted = out_of_time = False
        in_time = itertools.takewhile(lambda _: time.monotonic() < start + seconds, _chunks(planned))
        try:
            for some in self._crew.each(partial(_try, self._assignment, campaign), in_time):
                played += some
                tell(len(played))
            out_of_time = time.monotonic() >= start + seconds
            findings += self._crew.each(partial(_confirm, self._assignment, campaign), iter(select_suspects(played)))
        except KeyboardInterrupt:
            interrupted = True
            self.end_at_once()
        executions = len(played) + sum(finding.replays for finding in findings)  # without those that shortened them
        return Exploration(played, findings, executions, time.monotonic() - start, out_of_time), interrupted

    def end_at_once(self) -> None:
        """End the workers without waiting for their work, which takes seconds with a slow launcher."""
        self._crew.end_at_once()

    def close(self) -> None:
        """End the workers and all that they started."""
        self._crew.close()


def _chunks(planned: Iterator[PlannedSchedule]) -> Iterator[list[PlannedSchedule]]:
    while chunk := list(itertools.islice(planned, CHUNK)):
        yield chunk
