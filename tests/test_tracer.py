"""Tracing and holding: two signals back to back are two, a reap is a moment, nobody notices being held."""

from __future__ import annotations

import signal
import sys

import pytest

from proctor.conformance.checks import exit as exit_checks
from proctor.conformance.checks import signals as checks
from proctor.conformance.checks.common import NotObservable
from proctor.conformance.checks.exit import said
from proctor.conformance.scenarios.signals import STOP_AND_CONTINUE, finish, send
from proctor.harness import orders
from proctor.harness.execute import execute
from proctor.harness.history import (
    Ended,
    Held,
    History,
    Reaped,
    Received,
    Sent,
    SignalCall,
    Stopped,
    TraceStarted,
    Unobserved,
)
from proctor.harness.scenario import JOB, Hold, Order, Release, Scenario, Settle, Signal, Stage, Trace
from proctor.harness.target import BARE, Target
from proctor.harness.words import describe
from tests.conftest import ROOT
from tests.planted import LAUNCH

SENDS = ROOT / "tests" / "launchers_for_tests" / "sends.py"
SOUND = (LAUNCH, "sound")
TERM, INT = signal.SIGTERM, signal.SIGINT
WITHIN = 60.0
ONE_TERM = Scenario((Settle(), Trace(), *send(TERM), *finish(3)), within=WITHIN)


def play(script: Scenario, *words: object) -> History:
    """Play a script on a launcher in Python; without one on the bare command."""
    command = (sys.executable, "-I", "-S", *map(str, words)) if words else ()
    history = execute(Target(" ".join(map(str, words[-2:])), command) if words else BARE, script)
    for fact in history.facts(Unobserved):
        pytest.skip(describe(fact))
    return history


@pytest.fixture(scope="module")
def bare() -> History:
    return play(ONE_TERM)


def deliveries(history: History, number: int) -> int:
    return len([fact for fact in history.facts(Received) if (fact.process, fact.signal) == ("command", number)])


@pytest.mark.parametrize("how", ["kill+kill", "kill+tgkill", "group+kill"])
def test_two_signals_back_to_back_are_two_each_time(how: str, bare: History) -> None:
    histories = [play(ONE_TERM, SENDS, how) for _ in range(20)]
    assert [deliveries(history, TERM) for history in histories] == [2] * 20
    assert all(checks.each_one_taken_once(history, bare) for history in histories)
    calls = [(fact.call, fact.signal, fact.result) for fact in histories[0].facts(SignalCall)]
    assert calls == [("kill", TERM, 0), ("tgkill" if how == "kill+tgkill" else "kill", TERM, 0)]


def test_one_signal_is_one_each_time(bare: History) -> None:
    for _ in range(5):
        history = play(ONE_TERM, SENDS, "once")
        assert checks.each_one_taken_once(history, bare) == []
        assert [fact.signal for fact in history.facts(SignalCall)] == [TERM]


def test_thread_that_is_started_while_traced_is_traced(bare: History) -> None:
    for _ in range(5):
        history = play(ONE_TERM, SENDS, "thread")
        assert checks.each_one_taken_once(history, bare) == []
        assert [(fact.call, fact.signal) for fact in history.facts(SignalCall)] == [("kill", TERM)]
        assert exit_checks.same_status(history, bare) == []


def test_launcher_that_stops_and_goes_on_while_traced() -> None:
    script = Scenario((Settle(), Trace(), *STOP_AND_CONTINUE, *send(TERM), *finish(3)), JOB, within=WITHIN)
    history, alone = play(script, *SOUND), play(script)
    assert checks.launcher_survives(history, alone) == []
    assert exit_checks.same_status(history, alone) == []
    assert {"launcher", "command"} <= {fact.process for fact in history.facts(Stopped)}
    assert deliveries(history, TERM) == 1


@pytest.mark.parametrize("number", [0, TERM, INT])
def test_at_reap_is_the_very_return_of_the_reaping_call(number: int) -> None:
    script = Scenario((Settle(), Trace(at_reap=number), *finish(7)), within=WITHIN)
    history = play(script, *SOUND)
    reaped = next(event.index for event, fact in history.all(Reaped) if fact.process == "command")
    ended = next(event.index for event, fact in history.all(Ended) if fact.process == "launcher")
    assert reaped < ended
    assert [(event.index, fact.signal, fact.errno) for event, fact in history.all(Sent)] == (
        [(reaped + 1, number, 0)] if number else []
    )
    assert exit_checks.status_after_late_signal(history, play(script)) == []


def test_reaping_by_a_process_in_between_is_not_the_launchers() -> None:
    """As npm: it waits for a shell, and the shell for the command."""
    in_between = Target("in between", ("/bin/sh", "-c", """sh -c '"$@"; exit $?' sh "$@"; exit $?""", "sh"))
    script = Scenario((Settle(), Trace(at_reap=TERM), *finish(7)), within=WITHIN)
    for _ in range(5):
        history = execute(in_between, script)
        for fact in history.facts(Unobserved):
            pytest.skip(describe(fact))
        assert len(history.facts(TraceStarted)[0].pids) == 2
        assert history.facts(Reaped) == []
        assert history.facts(Sent) == []
        for check in (exit_checks.status_after_late_signal, checks.never_signals_reaped):
            with pytest.raises(NotObservable, match="not seen to reap"):
                check(history, play(script))


def test_nothing_is_traced_of_a_bare_command(bare: History) -> None:
    assert [fact.pids for fact in bare.facts(TraceStarted)] == [()]
    assert not bare.facts(SignalCall)
    assert not bare.facts(Reaped)


# -- holding

HELD = (Hold(), Settle(), Release(), Settle())


CALLS = ("poll", "epoll_wait", "sigwaitinfo")


@pytest.mark.parametrize("stage", [Stage(), JOB], ids=["pipes", "job"])
@pytest.mark.parametrize("call", CALLS)
def test_being_held_is_not_noticed(call: str, stage: Stage) -> None:
    """The launcher notices the command's end, and nothing before: no signal, no call that was interrupted."""
    quiet, held = (
        play(Scenario((Settle(), *steps, *finish(3)), stage, within=WITHIN), SENDS, f"watches:{call}")
        for steps in ((), HELD * 3)
    )
    assert {fact.how for fact in held.facts(Held)} == {"ptrace"}
    assert held.facts(Stopped) == []
    assert said(held) == said(quiet)
    assert "SIGCHLD" in said(quiet)


def test_what_is_sent_meanwhile_arrives_afterwards() -> None:
    steps = (Settle(), Hold(), Signal(TERM), Settle(), Order(orders.ReportView()), Release(), Settle(), *finish(3))
    history = play(Scenario(steps, within=WITHIN), SENDS, "once")
    received = [event.index for event, _ in history.all(Received)]
    looked = next(event.index for event, fact in history.all(Held))
    assert len(received) == 1
    assert received[0] > looked
    assert exit_checks.same_status(history, play(Scenario(steps, within=WITHIN))) == []


def test_being_held_is_not_seen_by_the_parent() -> None:
    """A group stop would be reported to the parent, as job control reports it."""
    history = play(Scenario((Settle(), *HELD, *finish(3)), JOB, within=WITHIN), *SOUND)
    assert history.facts(Stopped) == []
    assert [fact.code for fact in history.facts(Ended) if fact.process == "launcher"] == [3]
