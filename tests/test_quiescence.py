"""Quiescence: what a launcher does late is waited for, and one that does nothing late costs no wait."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from proctor.conformance.checks import signals as checks
from proctor.conformance.checks.tree import nothing_left
from proctor.conformance.scenarios.signals import LONG_REST, finish, send
from proctor.harness.execute import execute
from proctor.harness.history import Ended, History, Received, Sent, SettleEnded, WaitFailed
from proctor.harness.runner.observe import timers
from proctor.harness.runner.play.observer import SETTLE_LIMIT
from proctor.harness.scenario import Scenario, Settle
from proctor.harness.target import BARE, Target
from tests.conftest import ROOT
from tests.planted import LAUNCH

LATE = ROOT / "tests" / "launchers_for_tests" / "late.py"
ONE_TERM = Scenario((Settle(), *send(signal.SIGTERM), *finish(3)), within=30.0)

ARMED = (
    "thread",
    "futex",
    "helper",
    "timer_create",
    "select",
    "poll",
    "epoll_wait",
    "ppoll",
    "timerfd",
    "sigtimedwait",
)
SECOND_COPY = (
    *ARMED,
    "polling",
    "setitimer",
)


def play(*words: object, script: Scenario = ONE_TERM) -> History:
    """Play a script on a launcher in Python; without one on the bare command."""
    command = (sys.executable, "-I", "-S", *map(str, words)) if words else ()
    return execute(Target(" ".join(map(str, words[-2:])), command) if words else BARE, script)


@pytest.fixture(scope="module")
def bare() -> History:
    return play()


def settled_after_the_signal(history: History) -> tuple[list[SettleEnded], int]:
    """Return the settlings after the signal was sent, and how often it came until the end of the first."""
    sent = next(event.index for event, _ in history.all(Sent))
    settled = [(event.index, fact) for event, fact in history.all(SettleEnded) if event.index > sent]
    before = [event for event, _ in history.all(Received) if event.index < settled[0][0]]
    return [fact for _, fact in settled], len(before)


def found_twice(history: History, bare: History) -> bool:
    """Whether SIG-2 is violated; the second may come from a helper, which has no role."""
    return [v.code for v in checks.once_if_at_all(history, bare)] == ["delivered-twice"]


@pytest.mark.parametrize("how", SECOND_COPY)
def test_second_copy_after_300_ms_is_seen(how: str, bare: History) -> None:
    history = play(LATE, how)
    settled, copies = settled_after_the_signal(history)
    assert copies == 2, settled
    assert found_twice(history, bare)


@pytest.mark.parametrize("how", [how for how in ARMED if how != "timer_create" or timers.hidden() is not None])
def test_timer_that_can_be_read_is_waited_for_exactly(how: str) -> None:
    """Three times at the most: on a busy machine the limit may be reached before."""
    assert "quiescent" in (settled_after_the_signal(play(LATE, how))[0][0].how for _ in range(3))


@pytest.mark.parametrize("how", ["helper", "thread", "timer"])
def test_planted_second_copy_is_seen(how: str, bare: History) -> None:
    history = play(LAUNCH, f"sig_2_again_{how}")
    assert settled_after_the_signal(history)[1] == 2
    assert found_twice(history, bare)


LATE_FORWARDERS = ARMED


@pytest.mark.parametrize("how", LATE_FORWARDERS)
def test_launcher_that_forwards_late_is_late_and_loses_nothing(how: str, bare: History) -> None:
    history = play(LATE, how, "once")
    assert checks.exactly_once(history, bare) == []
    assert [v.code for v in checks.forwarded_in_time(history, bare)] == ["delivered-late"]


def test_launcher_that_ends_late_by_an_interval_timer_is_waited_for() -> None:
    history = play(LATE, "ends", script=Scenario((Settle(), *finish(3)), within=30.0))
    assert history.facts(WaitFailed) == []
    assert [fact.code for fact in history.facts(Ended) if fact.process == "launcher"] == [3]


def test_planted_late_forwarding_is_seen(bare: History) -> None:
    history = play(LAUNCH, "sig_9_late")
    assert checks.exactly_once(history, bare) == []
    assert [v.code for v in checks.forwarded_in_time(history, bare)] == ["delivered-late"]


def test_launcher_with_nothing_armed_is_not_waited_for(bare: History) -> None:
    """The quickest of some: how long it takes until a launcher is at rest is up to the machine as well."""
    for target in ((LATE, "never"), (LAUNCH, "sound")):
        histories = [play(*target) for _ in range(3)]
        settled = [fact for history in histories for fact in settled_after_the_signal(history)[0]]
        assert {fact.how for fact in settled} == {"quiescent"}, settled
        assert min(fact.seconds for fact in settled) < 0.5 * SETTLE_LIMIT
        assert [checks.exactly_once(history, bare) for history in histories] == [[], [], []]


def test_launcher_that_polls_is_waited_for_and_the_history_says_so() -> None:
    settled, _ = settled_after_the_signal(play(LATE, "polling"))
    assert (settled[0].how, "a timer goes off" in settled[0].reason) == ("waited", True)
    assert settled[0].seconds >= SETTLE_LIMIT


WATCHER = """#!/bin/sh
(while kill -0 $$ 2>/dev/null; do sleep {}; done) </dev/null >/dev/null 2>&1 &
exec "$@"
"""


@pytest.mark.parametrize(("seconds", "found"), [(1, []), (30, ["process-left", "process-left"])])
def test_a_watcher_that_soon_ends_by_itself_is_not_left(seconds: int, found: list[str], tmp_path: Path) -> None:
    """As that of busybox timeout, which looks once a second whether the command is still there."""
    program = tmp_path / "watcher"
    program.write_text(WATCHER.format(seconds))
    program.chmod(0o755)
    script = Scenario((Settle(), *finish(), LONG_REST))
    history = execute(Target("watcher", (str(program),)), script)
    assert [one.short_code for one in nothing_left(history, execute(BARE, script))] == found


@pytest.mark.slow
def test_launcher_that_never_rests_is_taken_as_it_is(bare: History) -> None:
    history = play(LATE, "busy")
    settled, copies = settled_after_the_signal(history)
    assert (settled[0].how, copies) == ("waited", 1)
    assert "running at every look" in settled[0].reason
    assert checks.exactly_once(history, bare) == []
