"""A launcher that only computes is given up before its time to start is over; one that does anything else is not."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from proctor.harness import execute as door
from proctor.harness import words
from proctor.harness.history import Ended, History, WaitFailed
from proctor.harness.orders import Exit
from proctor.harness.scenario import JOB, Order, Scenario, WaitEnds
from proctor.harness.target import Target

WITHIN = 9
"""Seconds in which the command has to be started: it is given up after a third of that in CPU time."""
ON_A_TERMINAL = "import os, sys, time\nif os.isatty(0):\n    {}\nos.execvp(sys.argv[1], sys.argv[1:])\n"
FOR_EVER = "while True: pass"
COMPUTES = "end = time.process_time() + {}\n    while time.process_time() < end: {}"
SLEEPS = f"import threading; threading.Thread(target=time.sleep, args=({WITHIN},), daemon=True).start()\n    "


@pytest.fixture(autouse=True)
def short_time_to_start(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let a runner start that gives launchers little time to start their command."""
    door.stop()
    monkeypatch.setenv("PROCTOR_START_WITHIN", str(WITHIN))
    yield
    door.stop()


def on_a_terminal(does: str) -> History:
    target = Target("computes", (sys.executable, "-I", "-S", "-c", ON_A_TERMINAL.format(does)))
    return door.execute(target, Scenario((Order(Exit(7)), WaitEnds()), JOB))


def test_it_is_given_up() -> None:
    (failed,) = on_a_terminal(FOR_EVER).facts(WaitFailed)
    assert failed.spins and WITHIN / 3 <= failed.ran < WITHIN - 1
    assert "given up, because something only computed" in words.timed_out(failed)


@pytest.mark.parametrize(
    "does",
    [
        COMPUTES.format(WITHIN / 3 - 1, "pass"),
        "zero = os.open('/dev/zero', 0); " + COMPUTES.format(WITHIN / 3 + 1, "os.read(zero, 1)"),
        SLEEPS + COMPUTES.format(WITHIN / 3 + 1, "pass"),
    ],
    ids=["it computes for less", "it reads", "another thread sleeps"],
)
def test_what_may_go_on_is_waited_for(does: str) -> None:
    history = on_a_terminal(does)
    assert not list(history.facts(WaitFailed))
    assert [end.code for end in history.facts(Ended) if end.process == "launcher"] == [7]
