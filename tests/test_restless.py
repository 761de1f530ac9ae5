"""A launcher that never rests, or that waits before it ends: a case takes seconds, so fewer are played."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from proctor.conformance.judging.probe import Probe, probe
from proctor.conformance.suite.confirmed import Confirmed
from proctor.conformance.suite.suite import MOST_WITH_LONG_WAITS, spread
from proctor.conformance.suite.thinning import WORKERS_WHERE_ALL_WAIT, use_idle_cores
from proctor.harness import execute as door
from proctor.harness import orders
from proctor.harness.history import SettleEnded
from proctor.harness.runner.__main__ import RESTLESS_AFTER
from proctor.harness.runner.play.observer import SETTLE_LIMIT
from proctor.harness.runner.play.steps import POLLING_REST
from proctor.harness.runner.play.waiting import BUSY_LIMIT
from proctor.harness.scenario import Order, Scenario, Settle, Signal, WaitEnds
from proctor.harness.schedule import Schedule
from proctor.harness.target import BARE, Target
from proctor.reports.results import read
from tests.conftest import ROOT, Run

# what script(1) does: the sleep is the launcher's, and is what the probe measures
WAITS_BEFORE_IT_ENDS = """
import os, signal, sys, time
command = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
def end(*_):
    os.kill(command, signal.SIGTERM)
    time.sleep(2)
    os._exit(0)
signal.signal(signal.SIGTERM, end)
os.waitpid(command, 0)
"""
SOURCE = ROOT / "tests" / "launchers_for_tests" / "polls.c"
THREADS = SOURCE.with_name("polls_in_threads.py")


@pytest.fixture(scope="module")
def polls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    program = tmp_path_factory.mktemp("polls") / "polls"
    subprocess.run(["gcc", "-O2", "-o", program, SOURCE], check=True)
    return program


def test_a_launcher_that_polls_is_known_to_be_restless(polls: Path) -> None:
    assert probe(Target("polls", (str(polls), "nanosleep"))).restless
    assert not probe(Target("env", ("/usr/bin/env",))).restless
    assert not probe(BARE).restless


def test_a_launcher_that_waits_before_it_ends_is_known() -> None:
    found = probe(Target("waits", (sys.executable, "-I", "-S", "-c", WAITS_BEFORE_IT_ENDS)))
    assert (found.restless, found.rests_before_end, found.waits) == (False, 2, 2)
    assert probe(Target("env", ("/usr/bin/env",))).waits == 0


def test_the_start_of_a_launcher_that_is_known_to_poll_is_waited_for_less_long(polls: Path) -> None:
    target = Target("polls, again and again", (str(polls), "nanosleep"))
    script = Scenario((Settle(), Signal(signal.SIGTERM), Settle(), Order(orders.Exit(0)), WaitEnds("command")))
    histories = [door.execute(one, script) for _ in range(RESTLESS_AFTER + 1) for one in (target, BARE)][::2]
    starts, others = zip(*(history.facts(SettleEnded)[:2] for history in histories), strict=True)
    assert {rest.how for rest in (*starts, *others)} == {"waited"}
    assert all(rest.seconds >= SETTLE_LIMIT for rest in (*starts[:-1], *others))
    assert POLLING_REST <= starts[-1].seconds < SETTLE_LIMIT


def test_a_start_of_which_something_was_done_before_is_waited_for_as_long(polls: Path) -> None:
    target = Target("polls, again and again", (str(polls), "nanosleep"))
    end = (Settle(), Order(orders.Exit(0)), WaitEnds("command"))
    ignored, closed = Order(orders.Ignore(int(signal.SIGTERM))), Order(orders.Close(0))
    scripts = [Scenario(steps) for steps in (*[end] * RESTLESS_AFTER, (ignored, *end), (closed, *end), end)]
    starts = [door.execute(target, script).facts(SettleEnded)[0].seconds for script in scripts][RESTLESS_AFTER:]
    assert [start < SETTLE_LIMIT for start in starts] == [True, False, True]


@pytest.mark.parametrize("seconds", ["0.002", "0.01", "0.2"])
def test_traced_threads_that_poll_are_waited_for_no_longer(seconds: str) -> None:
    """Each wakes the tracer, and waits for its turn: neither is work, nor does the machine take their time away."""
    target = Target("polls in threads", (sys.executable, "-I", "-S", str(THREADS), seconds))
    script = Scenario((Settle(), Order(orders.Exit(0)), WaitEnds("command")))
    history = door.execute(target, script, Schedule((), record=True))
    assert history.facts(SettleEnded)[0].seconds < BUSY_LIMIT / 2


def test_values_are_spread_evenly() -> None:
    assert spread((1, 2, 3), 3) == (1, 2, 3)
    assert spread(tuple(range(21)), 3) == (0, 10, 20)


def test_fewer_cases_are_played_on_it_and_the_verdict_says_so(polls: Path, proctor: Run, tmp_path: Path) -> None:
    written = tmp_path / "results.json"
    done = proctor("check", f"{polls} nanosleep", "-k", "EXIT-1 and not order", "--results", str(written))
    assert done.returncode == 0, done.stdout + done.stderr
    row = read(written)[0].requirements["EXIT-1"]
    assert row.verdict == "partial"
    assert f"a sample of {MOST_WITH_LONG_WAITS} of 256" in row.reason


def test_fewer_stages_are_played_on_it_too(polls: Path, proctor: Run, tmp_path: Path) -> None:
    written = tmp_path / "results.json"
    selected = "test_signal_reaches_the_command and not once"
    done = proctor("check", f"{polls} nanosleep", "-k", selected, "-n", "1", "--results", str(written))
    assert done.returncode == 0, done.stdout + done.stderr
    row = read(written)[0].requirements["SIG-1"]
    assert row.verdict == "partial"
    assert f"a sample of {MOST_WITH_LONG_WAITS} of 21 cases" in row.reason


def test_workers_share_what_is_confirmed() -> None:
    first = Confirmed()
    second = Confirmed(first.path)
    first.add("tini", "SIG-1")
    second.add("uv", "SIG-1")
    assert [second.has("tini", "SIG-1"), first.has("uv", "SIG-1"), first.has("uv", "SIG-2")] == [True, True, False]
    alone = Confirmed("/no/such/file")
    alone.add("tini", "SIG-1")
    assert [alone.has("tini", "SIG-1"), alone.has("uv", "SIG-1"), alone.path] == [True, False, ""]


class Option:
    """The options of a run with two workers."""

    def __init__(self) -> None:
        self.numprocesses, self.tx = 2, ["popen"] * 2


@pytest.mark.parametrize(("restless", "workers"), [(False, 2), (True, 2 * WORKERS_WHERE_ALL_WAIT)])
def test_idle_cores_are_used(restless: bool, workers: int) -> None:
    suite = SimpleNamespace(judged=[BARE], probes={BARE.name: Probe("", False, None, restless=restless)})
    option = Option()
    use_idle_cores(suite, option)  # type: ignore[arg-type]
    assert len(option.tx) == workers
