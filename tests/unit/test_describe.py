"""A fact in words: one line, safe to print."""

from __future__ import annotations

import signal

import pytest

from proctor.harness import history as facts
from proctor.harness import orders, signals
from proctor.harness.history import Fact
from proctor.harness.scenario import WaitEnds, WaitOutput
from proctor.harness.words import describe
from tests.unit.histories import INHERITED, TERMINAL, looked, process
from tests.unit.test_data import ALL_FACTS, HOSTILE


@pytest.mark.parametrize("fact", ALL_FACTS, ids=lambda fact: type(fact).__name__)
def test_every_fact_is_described_in_one_line(fact: Fact) -> None:
    told = describe(fact)
    assert told
    assert told.isprintable()
    assert len(told) < 300


FROM_OUTSIDE: tuple[Fact, ...] = (
    facts.Output("terminal", HOSTILE.encode()),
    facts.Output("terminal", b"\x9b\xff" * 1000),
    facts.Ordered("command", orders.Say(HOSTILE)),
    facts.TempFilesLeft((HOSTILE,)),
    facts.ProcessDetails(7, HOSTILE, "", (HOSTILE,), 0.5, (HOSTILE,), (HOSTILE,)),
    facts.Started("launcher", 10, (HOSTILE.encode(), b"\x9b\xff")),
)
NAMES: tuple[Fact, ...] = (
    facts.Pressed(HOSTILE),
    facts.WaitFailed(WaitEnds(), 5.0, False, ran=4.9),
    facts.WaitFailed(WaitOutput(HOSTILE), 1.0, True, (process("", name=HOSTILE),)),
    facts.WitnessReady(HOSTILE, 11, INHERITED),
    facts.Stopped(HOSTILE),
    facts.Continued(HOSTILE),
    facts.Ended(HOSTILE, 11),
    facts.Received(HOSTILE, 15, 0, 0, 0.0, HOSTILE),
    facts.Answered(HOSTILE, HOSTILE),
    facts.Sent(15, HOSTILE, 0),
    facts.SignalCall(HOSTILE, 1, 15, 0),
    facts.Reaped(HOSTILE, 1),
    facts.Unobserved("ptrace-refused", detail=HOSTILE),
    facts.NotStarted(HOSTILE, 1),
    facts.Held((1,), HOSTILE),
    facts.WaitEnded(WaitEnds(HOSTILE), 1.0),
    facts.SettleEnded("waited", 1.0, HOSTILE),
    facts.TerminalState(HOSTILE, 1, 1, TERMINAL),
    looked("end", process("", name=HOSTILE)),
)


@pytest.mark.parametrize("fact", FROM_OUTSIDE, ids=lambda fact: type(fact).__name__)
def test_output_is_safe_to_print(fact: Fact) -> None:
    assert describe(fact).isprintable()


def test_names_are_safe_to_print() -> None:
    """A launcher chooses its own name and its files' names, and can speak on the witnesses' socket."""
    assert [type(fact).__name__ for fact in NAMES if not describe(fact).isprintable()] == []


@pytest.mark.parametrize(
    ("fact", "told"),
    [
        (facts.Sent(15, "launcher", 10), "we sent SIGTERM to launcher"),
        (facts.Sent(15, "launcher", 10, 3), "we sent SIGTERM to launcher (refused, errno 3)"),
        (facts.Received("command", 2, signals.SI_KERNEL, 0, 0.0), "command received SIGINT from the kernel"),
        (
            facts.Received("command", 2, signals.SI_USER, 10, 0.0, "launcher"),
            "command received SIGINT from launcher",
        ),
        (facts.Received("command", 2, signals.SI_USER, 77, 0.0), "command received SIGINT from pid 77"),
        (facts.Ended("launcher", 10, code=3), "launcher ended with exit code 3"),
        (facts.Ended("launcher", 10, code=0), "launcher ended with exit code 0"),
        (facts.Ended("launcher", 10, signal=9), "launcher ended by SIGKILL"),
        (facts.Ended("command", 11), "command ended"),
        (facts.SignalCall("kill", -11, 15, -3), "launcher called kill for pid -11 with SIGTERM, errno 3"),
    ],
)
def test_description(fact: Fact, told: str) -> None:
    assert describe(fact) == told


def test_signals_have_names() -> None:
    assert [signals.name(number) for number in (15, 9, 0, 200)] == [
        "SIGTERM",
        "SIGKILL",
        "signal 0",
        "signal 200",
    ]
    assert signals.name(signal.SIGRTMIN + 2) == "SIGRTMIN+2"
    assert signals.name(signal.SIGRTMIN) == "SIGRTMIN"
    assert len(signals.realtime()) == signal.SIGRTMAX - signal.SIGRTMIN + 1
