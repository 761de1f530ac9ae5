"""--scheduler: a real scheduler and real workers, each a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from proctor.conformance.exploring import cluster as clusters
from proctor.conformance.exploring.campaigns import campaign_named
from proctor.conformance.exploring.cluster import Cluster, ClusterCrew
from proctor.conformance.exploring.worker_pool import WorkerPool, survey_of
from proctor.harness.descriptions import load
from proctor.harness.errors import UsageError
from proctor.harness.explorer.explore import Exploration

pytest.importorskip("distributed")

PROCTOR = [sys.executable, "-m", "proctor"]
WITHIN = 60
"""Seconds for a process of dask to begin or to end."""
QUIET = ["--no-dashboard"]


class Started(NamedTuple):
    """A cluster on this machine. start_worker: add a worker with these variables; return its process."""

    address: str
    start_worker: Callable[..., subprocess.Popen[str]]


def _say(process: subprocess.Popen[str], pattern: str) -> str:
    """Read what a process of dask logs until it has said this; return the match."""
    assert process.stderr
    for line in process.stderr:
        if match := re.search(pattern, line):
            return match[1]
    raise AssertionError(f"dask ended: {process.wait(WITHIN)}")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    scratch = tmp_path_factory.mktemp("dask")
    with contextlib.ExitStack() as ends:

        def start(*words: str, **variables: str) -> subprocess.Popen[str]:
            command = [sys.executable, "-m", "dask", *words, *QUIET]
            process = subprocess.Popen(
                command, cwd=scratch, env=os.environ | variables, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
                text=True,
            )  # fmt: skip
            ends.callback(process.communicate, timeout=WITHIN)
            ends.callback(process.terminate)
            return process

        scheduler = start("scheduler", "--host", "127.0.0.1", "--port", "0")
        address = _say(scheduler, r"Scheduler at: +(tcp://\S+)")

        def start_worker(*words: str, **variables: str) -> subprocess.Popen[str]:
            here = ["--no-nanny", "--local-directory", str(scratch)]
            worker = start("worker", address, *(words or ("--nthreads", "1")), *here, **variables)
            _say(worker, r"Registered to: +(\S+)")
            return worker

        yield Started(address, start_worker)


@pytest.fixture
def workers(cluster: Started) -> Iterator[list[subprocess.Popen[str]]]:
    """Two workers, which end after the test."""
    started = [cluster.start_worker(), cluster.start_worker()]
    yield started
    left = [one for worker in started for one in _children(worker)]
    for worker in started:
        worker.terminate()
        worker.wait(WITHIN)
    _, alive = psutil.wait_procs(left, WITHIN)
    assert not alive, "a worker has left processes"


def _children(worker: subprocess.Popen[str]) -> list[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(worker.pid).children(recursive=True)
    return []


def explored(address: str = "", when: Callable[[int], None] = lambda count: None) -> Exploration:
    """Explore GNU timeout, which leaves an orphan, on a cluster or in this process."""
    target, campaign = load("timeout"), campaign_named("start", (signal.SIGTERM,))
    plan = campaign.plan(survey_of(target, campaign), "sweep", exhaustive=False)
    crew = WorkerPool(target, 1, 2, ClusterCrew(Cluster(address), target) if address else None)
    found, interrupted = crew.explore(campaign, iter(plan.planned), 120.0, when)
    crew.close()
    assert not interrupted
    return found


def told(found: Exploration) -> object:
    """Return what must be the same wherever it was played."""
    played = [(str(one.planned.schedule), one.evaluation.label, one.reached) for one in found.played]
    return played, [(str(one.schedule), one.evaluation.label, one.returned) for one in found.findings]


@pytest.mark.usefixtures("workers", "no_runner_is_left")
def test_a_cluster_plays_what_one_process_does_in_the_same_order(cluster: Started) -> None:
    here, there = explored(), explored(cluster.address)
    assert told(here) == told(there)
    assert {finding.evaluation.label for finding in there.findings} == {"orphan"}


@pytest.mark.usefixtures("no_runner_is_left")
def test_a_worker_that_dies_costs_nothing_but_time(
    cluster: Started, workers: list[subprocess.Popen[str]]
) -> None:  # fmt: skip
    below: list[psutil.Process] = []

    def kill_one(_: int) -> None:
        if not below:
            below.extend(_children(workers[0]))
            assert below, "it plays something"
            workers[0].kill()

    there = explored(cluster.address, kill_one)
    assert told(there) == told(explored())
    _, alive = psutil.wait_procs(below, WITHIN)
    assert not alive, "it left its runner"


@pytest.mark.usefixtures("workers")
def test_a_suite_of_several_launchers_has_the_results_of_one_machine(cluster: Started, tmp_path: Path) -> None:
    results = []
    for words in ([], ["--scheduler", cluster.address]):
        file = tmp_path / f"{len(words)}.json"
        command = [*PROCTOR, "check", "tini", "dumb-init", "-q", "-k", "EXIT-4 or SIG-3", f"--results={file}"]
        command += ["--containment=subreaper", *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode in (0, 1), done.stderr
        documents = json.loads(file.read_text())
        rows = {(one["target"]["name"], name, row["verdict"]) for one in documents
                for name, row in one["requirements"].items()}  # fmt: skip
        results.append((done.returncode, [one["target"]["name"] for one in documents], rows))
    assert results[0] == results[1]


def test_a_worker_with_another_launcher_refuses(cluster: Started, tmp_path: Path) -> None:
    description = tmp_path / "mine.toml"
    description.write_text('command = ["tini", "--"]\nversion = ["sh", "-c", "echo mine $MY_VERSION"]\n')
    worker = cluster.start_worker(MY_VERSION="1")
    command = [*PROCTOR, "explore", str(description), "--scheduler", cluster.address]
    done = subprocess.run(
        command, env=os.environ | {"MY_VERSION": "2"}, capture_output=True, text=True, timeout=120, check=False
    )
    worker.terminate()
    worker.wait(WITHIN)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "a worker refused: its launcher is another one: mine 1" in done.stderr and "Traceback" not in done.stderr


def test_what_is_no_cluster_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "CONNECT_WITHIN", 1.0)
    with pytest.raises(UsageError, match="no scheduler answers there"):
        Cluster("tcp://127.0.0.1:9")


def test_a_cluster_without_usable_workers_is_said(cluster: Started) -> None:
    with pytest.raises(UsageError, match="no worker is connected to it; start some: dask worker tcp"):
        Cluster(cluster.address)
    worker = cluster.start_worker("--nthreads", "2")
    with pytest.raises(UsageError, match="more than one thread"):
        Cluster(cluster.address)
    worker.terminate()
    worker.wait(WITHIN)
