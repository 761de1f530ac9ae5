"""A hunt with several workers, each a process with its own runner; and the state that a hunt leaves for the next."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
from hypothesis.database import DirectoryBasedExampleDatabase

from proctor.conformance.exploring.hunter import Hunter, HuntStats, ScriptFailure, hunt
from proctor.conformance.exploring.worker_pool import LOOK_AGAIN, begin_worker, end_workers, submit_to
from proctor.conformance.judging import casefile
from proctor.conformance.judging.casefile import SCHEMA, CaseFile, kept_objections
from proctor.conformance.judging.probe import probe
from proctor.harness import execute as door
from proctor.harness import settings
from proctor.harness.bounds import check_utf8
from proctor.harness.errors import HarnessError, UsageError
from proctor.harness.schedule import Schedule
from proctor.harness.strict import parse_json
from proctor.harness.target import Target

CHECK = "interleavings.transparent"


class HuntState(msgspec.Struct):
    """The saved state of a hunt on one launcher. found: a case file for each requirement that was broken; plain: the
    requirements whose scenario is short enough. The state is written after each seed; a case file as soon as it is
    found, and again when it gets shorter."""

    next_seed: int = 1
    found: dict[str, str] = {}
    plain: list[str] = []
    directory: str = ""

    @classmethod
    def at(cls, directory: Path, target: Target, resumes: bool) -> HuntState:
        """Return the state of the last hunt on this launcher; UsageError if it cannot be read, or not be written."""
        check_utf8(str(directory), f"--state={directory}")
        own = directory / casefile.slug(target.name)
        file = own / "state.json"
        try:
            own.mkdir(parents=True, exist_ok=True)
            kept = parse_json(file.read_bytes(), HuntState, str(file)) if resumes and file.exists() else HuntState()
        except OSError as error:
            raise UsageError(f"--state={directory}: {error.strerror}; name a directory that can be made") from None
        kept.directory = str(own)
        kept.found |= _kept_cases(own) if resumes else {}
        return kept

    def write(self) -> None:
        """Write the state, completely or not at all; HarnessError if that fails."""
        file = Path(self.directory) / "state.json"
        unfinished = file.with_name(file.name + ".part")
        try:
            unfinished.write_bytes(msgspec.json.encode(self))
            os.replace(unfinished, file)
        except OSError as error:
            raise _unwritten(self.directory, error) from None


def _unwritten(directory: str | Path, error: OSError) -> HarnessError:
    return HarnessError(
        f"--state: {directory} cannot be written: {error.strerror}. This says nothing about the launcher. Make room "
        "there, or name another directory"
    )


def _kept_cases(directory: Path) -> dict[str, str]:
    """Return the case files in a directory, by requirement, also those that a hunt wrote just before it was ended."""
    found = {}
    for path in sorted(directory.glob("*.json")):
        with contextlib.suppress(UsageError):  # state.json is not a case
            found[casefile.read(path).requirement] = str(path)
    return found


class ScriptBatch(msgspec.Struct):
    """The results of one seed: counts, case files by requirement, and the texts of the failures."""

    account: HuntStats
    cases: dict[str, str] = {}
    said: dict[str, str] = {}
    plain: list[str] = []


class _HuntWorker:
    """The state of one worker: its hunter. It writes case files at once."""

    def __init__(self, target: Target, directory: str) -> None:
        self._target, self._directory = target, Path(directory)
        self._versions = casefile.versions(probe(target).version)
        self._database = DirectoryBasedExampleDatabase(self._directory / "examples")
        self._hunter = Hunter(target, door.execute, told=self._keep)

    def _keep(self, objection: ScriptFailure) -> None:
        """Write a case file at once, so that a hunt that is ended loses no finding. Do not replace one that is
        as short: it may be from another worker or an earlier hunt."""
        script = objection.script
        case = CaseFile(
            schema=SCHEMA, requirement=objection.requirement, check=CHECK, target=self._target,
            scenario=script.scenario, schedule=script.schedule or Schedule(), versions=self._versions,
            objections=kept_objections([objection.broken.violation.of(objection.requirement)]),
            programs=casefile.programs_at_points(objection.history, script.schedule or Schedule()),
            containment=settings.containment(),
        )  # fmt: skip
        name = objection.requirement.lower()
        with contextlib.suppress(UsageError):  # there is no file yet
            if casefile.read(self._directory / f"{name}.json").length <= case.length:
                return
        try:
            casefile.write(case, self._directory, name)
        except OSError as error:
            raise _unwritten(self._directory, error) from None

    def play(self, seed: int, known: frozenset[str]) -> ScriptBatch:
        """Play the scenarios of one seed."""
        hunter = self._hunter
        hunter.account = HuntStats()
        hunter.leave_out(known | hunter.plain)
        hunt(hunter, seed, self._database)
        cases = {name: str(self._directory / f"{name.lower()}.json") for name in hunter.found}
        said = {name: str(one) for name, one in hunter.found.items()}
        return ScriptBatch(hunter.account, cases, said, sorted(hunter.plain))


_worker: _HuntWorker | None = None


def _play(target: Target, directory: str, seed: int, known: frozenset[str]) -> ScriptBatch:
    global _worker
    _worker = _worker or _HuntWorker(target, directory)
    return _worker.play(seed, known)


class Hunt:
    """Gives seeds to workers, and collects their results."""

    def __init__(self, target: Target, state: HuntState, workers: int) -> None:
        self.target, self.state, self._workers = target, state, workers
        self.account = HuntStats()
        self.said: dict[str, str] = {}
        self._start, self._began = time.monotonic(), time.time()
        self._seeds: dict[Future[ScriptBatch], int] = {}
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(workers, context, begin_worker, (context.Value("i", 0),))

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._start

    def chunks(self, until: float) -> Iterator[ScriptBatch]:
        """Yield the results of each seed, until that time."""
        running: set[Future[ScriptBatch]] = {self._next() for _ in range(self._workers)}
        while running:
            done, running = wait(running, LOOK_AGAIN, FIRST_COMPLETED)
            for future in done:
                chunk = future.result()
                del self._seeds[future]
                self._take(chunk)
                if time.monotonic() < until:
                    running.add(self._next())
                yield chunk

    def _next(self) -> Future[ScriptBatch]:
        seed = self.state.next_seed
        self.state.next_seed += 1
        known = frozenset(self.state.plain)
        future = submit_to(self._pool, _play, self.target, self.state.directory, seed, known)
        self._seeds[future] = seed
        return future

    def _take(self, chunk: ScriptBatch) -> None:
        self.account.add(chunk.account)
        self.said |= chunk.said
        self.state.found |= chunk.cases
        self.state.plain = sorted({*self.state.plain, *chunk.plain})
        self.state.write()

    def __enter__(self) -> Self:
        return self

    def interrupt(self) -> None:
        """End the workers at once. Their findings are already in case files; the next hunt plays these seeds again."""
        end_workers()
        kept = _kept_cases(Path(self.state.directory))
        self.state.found |= {name: path for name, path in kept.items() if os.stat(path).st_mtime >= self._began}
        self.state.next_seed = min(self._seeds.values(), default=self.state.next_seed)
        with contextlib.suppress(HarnessError):  # after Ctrl-C, a full disk is not reported
            self.state.write()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error:
            end_workers()
        self._pool.shutdown(cancel_futures=True)
