"""Plays on the workers of a dask.distributed cluster, which may be on other machines.

An execution needs nothing of another, so it does not matter where it runs. Each worker has the launcher installed, and
compares it and its own Proctor with those of the caller before it plays anything.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import itertools
import os
import pickle
import shutil
from collections import Counter, deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import msgspec

import proctor
from proctor.conformance.judging.probe import version_of
from proctor.harness import execute as door
from proctor.harness.errors import HarnessError, UsageError
from proctor.harness.settings import CONTAINMENT, PATIENCE, START_WITHIN
from proctor.harness.target import Target

if TYPE_CHECKING:
    from distributed import Client, Future

T = TypeVar("T")
R = TypeVar("R")
INSTALL = "pip install 'launch-proctor[cluster]'"
START = "dask worker {address} --nthreads 1 --nworkers -1"
AHEAD = 4
"""How many pieces of work are given out for each worker. Results are taken in order."""
CONNECT_WITHIN = 10.0
"""Seconds in which the scheduler has to answer."""
LOOK_AGAIN = 2.0
"""Seconds until it is looked whether there are workers left."""
WORKERS_WITHIN = 60.0
"""Seconds in which another worker has to come when the last one has gone."""
SETTINGS = (CONTAINMENT, PATIENCE, START_WITHIN)
CORE = "PROCTOR_WORKER"
"""The variable that chooses the core of a runner; see runner/__main__.py."""


class Versions(NamedTuple):
    """What must be the same everywhere. proctor: a digest of its code. launcher: what it says of its version, and a
    digest of its program."""

    proctor: str
    launcher: str


@functools.cache
def _digest_of_code() -> str:
    """Return a digest of all files of the package that decide what is played and judged, and of its version."""
    found = hashlib.sha256()
    top = Path(proctor.__file__).parent
    for room in ("harness", "conformance"):
        for path in sorted((top / room).resolve().rglob("*")):
            if path.suffix in (".py", ".c", ".h", ".toml", ".md") and path.is_file():
                found.update(path.name.encode() + b"\0" + path.read_bytes())
    return found.hexdigest()[:12]


def versions_for(target: Target) -> Versions:
    """Return the versions on this machine."""
    return Versions(_digest_of_code(), f"{version_of(target)} ({_digest_of_program(target)})")


def _digest_of_program(target: Target) -> str:
    program = shutil.which(target.command[0]) if target.command else None
    if not program:
        return "not installed"
    with open(program, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]


@functools.lru_cache(maxsize=4)
def _why_not_here(target: bytes, wanted: Versions) -> str:
    """Return why this process must not play for a caller with these versions; "" if it may."""
    here = versions_for(msgspec.json.decode(target, type=Target))
    if here.proctor != wanted.proctor:
        return f"its Proctor is another one (code {here.proctor}, not {wanted.proctor}); install the same version"
    if here.launcher != wanted.launcher:
        return f"its launcher is another one: {here.launcher}, not {wanted.launcher}; install the same version"
    return ""


class Refused(Exception):
    """A worker does not have the versions of the caller."""


class Caller(NamedTuple):
    """What a worker must know besides its piece of work. target: as JSON. settings: the caller's variables of
    harness/settings.py; "" for those that are not set."""

    target: bytes
    versions: Versions
    settings: dict[str, str]


def caller_for(target: Target) -> Caller:
    """Return what workers must know of this target and of this machine."""
    here = {name: os.environ.get(name, "") for name in SETTINGS}
    return Caller(msgspec.json.encode(target), versions_for(target), here)


def is_wanted() -> bool:
    """Whether the caller still waits for the piece of work in which this worker is."""
    from distributed import get_worker

    worker = get_worker()
    task = worker.state.tasks.get(worker.get_current_task())
    return task is not None and task.state != "cancelled"


def _on_worker(caller: Caller, work_and_item: bytes) -> Any:
    """Do one piece of work in a worker. It is unpacked only here: another Proctor could not read it."""
    if why := _why_not_here(caller.target, caller.versions):
        raise Refused(why)
    if any(os.environ.get(name, "") != value for name, value in caller.settings.items()):
        door.stop()  # the runner was started with other settings
        os.environ.update(caller.settings)
    work, item = pickle.loads(work_and_item)
    return work(item)


def _use_core(number: int) -> None:
    """Have the runner of this worker use the core with this number."""
    os.environ[CORE] = str(number)


class Cluster:
    """The workers of a scheduler. Raises UsageError if none can be used."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._client = _connect(address)
        try:
            self._settle_workers()
        except BaseException:
            self._client.close()
            raise

    def _workers(self) -> dict[str, dict[str, object]]:
        found: dict[str, dict[str, object]] = self._client.scheduler_info(n_workers=-1)["workers"]
        return found

    def _settle_workers(self) -> None:
        """Check the workers, and give each that is on one machine a core of its own."""
        workers = self._workers()
        start = START.format(address=self._address)
        if not workers:
            raise UsageError(f"--scheduler={self._address}: no worker is connected to it; start some: {start}")
        if several := sorted(str(one["name"]) for one in workers.values() if one["nthreads"] != 1):
            raise UsageError(
                f"--scheduler={self._address}: these workers have more than one thread: {', '.join(several[:5])}; a "
                f"runner plays one execution at a time; start them so: {start}"
            )
        used: Counter[str] = Counter()
        for address, worker in sorted(workers.items()):
            host = str(worker["host"])
            self._client.run(_use_core, used[host], workers=[address])
            used[host] += 1

    def each(self, work: Callable[[T], R], items: Iterator[tuple[Caller, T]]) -> Iterator[R]:
        """Yield the result of each item, in the order of the items. What a worker had in hand when it died is given to
        another one. UsageError if a worker refuses; HarnessError if none is left, or if a piece of work has ended one
        worker after the other."""
        running: deque[Future] = deque()
        try:
            while True:
                room = AHEAD * max(1, len(self._workers())) - len(running)
                # pure: two executions of one schedule are two executions
                running += [
                    self._client.submit(_on_worker, caller, pickle.dumps((work, item)), pure=False)
                    for caller, item in itertools.islice(items, max(0, room))
                ]
                if not running:
                    return
                found: R = self._result(running.popleft())
                yield found
        finally:
            self._client.cancel(list(running))

    def _result(self, future: Future) -> Any:
        from distributed import KilledWorker

        without = 0.0
        while True:
            try:
                return future.result(timeout=LOOK_AGAIN)
            except TimeoutError:
                without = 0.0 if self._workers() else without + LOOK_AGAIN
                if without >= WORKERS_WITHIN:
                    raise HarnessError(
                        f"--scheduler={self._address}: no worker is left. This says nothing about the launcher. Start "
                        f"others: {START.format(address=self._address)}"
                    ) from None
            except Refused as refusal:
                raise UsageError(f"--scheduler={self._address}: a worker refused: {refusal}") from None
            except KilledWorker as error:
                raise HarnessError(
                    f"--scheduler={self._address}: one worker after the other died in the same piece of work: {error}. "
                    "This says nothing about the launcher"
                ) from None
            except RuntimeError as error:
                if "deserialization" not in str(error):
                    raise
                raise UsageError(
                    f"--scheduler={self._address}: the scheduler cannot read what it is given; install this version of "
                    "Proctor where it runs, and start it again"
                ) from None
            except BaseException:  # Ctrl-C too: no result of this one is wanted
                future.cancel()
                raise

    def close(self) -> None:
        """Leave the cluster. What was given out is taken back. The workers stay, and so do their runners, for the next
        caller."""
        self._client.close()


class ClusterCrew:
    """The workers of a cluster, playing for one target. See worker_pool.Crew."""

    def __init__(self, cluster: Cluster, target: Target) -> None:
        self._cluster, self._caller = cluster, caller_for(target)

    def each(self, work: Callable[[T], R], items: Iterator[T]) -> Iterator[R]:
        """Yield the result of each item, in the order of the items; see Cluster.each()."""
        return self._cluster.each(work, ((self._caller, item) for item in items))

    def end_at_once(self) -> None:
        """Take back the work that no worker has begun; each ends the execution that it is in by itself."""
        self.close()

    def close(self) -> None:
        """Leave the cluster."""
        self._cluster.close()


def _connect(address: str) -> Client:
    try:
        from distributed import Client
    except ImportError:
        raise UsageError(f"--scheduler needs dask.distributed, which is not installed; install it: {INSTALL}") from None
    try:
        with contextlib.redirect_stderr(None):
            return Client(address, timeout=CONNECT_WITHIN, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise UsageError(
            f"--scheduler={address}: no scheduler answers there ({type(error).__name__}); give the address that `dask "
            "scheduler` prints, such as tcp://127.0.0.1:8786"
        ) from None
