"""Why a violation did not come back: what histories show of it, and what is said where they show nothing."""

from __future__ import annotations

import signal

import pytest

from proctor.conformance.judging.instability import Instability, cause
from proctor.harness.history import History
from tests.unit.histories import ended, history, missed, over, received, sent, started, supervised, waits_outside

TERM, INT = int(signal.SIGTERM), int(signal.SIGINT)
SEEN = supervised(sent(TERM), received(TERM), *over(0))


@pytest.mark.parametrize(
    ("seen", "without", "kind", "says"),
    [
        (history(started(), waits_outside()), [SEEN], "open-wait", "it depends on a wait that may end at any time: "),
        (history(started(), missed(sure=False)), [SEEN], "still-running", "at the deadline: the machine is busy"),
        (SEEN, [history(started(), missed(sure=False))], "still-running", "processes were still running"),
        (
            supervised(sent(TERM), ended("launcher", signal=TERM), received(TERM), ended("command")),
            [supervised(sent(TERM), received(TERM), ended("launcher", signal=TERM), ended("command"))],
            "order", "events: 'launcher ended by SIGTERM' came before 'command received SIGTERM from launcher', and in",
        ),
        (
            supervised(sent(TERM), received(TERM), received(TERM), *over(0)),
            [SEEN],
            "other-events", "a replay has no 'command received SIGTERM from launcher'",
        ),
        (SEEN, [SEEN, supervised(sent(TERM), *over(0))], "other-events", "a replay has no 'command received SIGTERM"),
        (supervised(*over(1)), [supervised(*over(0))], "other-events", "no 'launcher ended with exit code 1'"),
        (SEEN, [SEEN], "unknown", "the histories do not show why"),
        (SEEN, [], "unknown", "the histories do not show why"),
        (SEEN, [supervised(sent(TERM), received(TERM), received(INT), *over(0))], "unknown", "do not show why"),
    ],
)  # fmt: skip
def test_the_cause_is_what_the_histories_show(seen: History, without: list[History], kind: str, says: str) -> None:
    found = cause(seen, without)
    assert (found.kind, says in str(found)) == (kind, True), str(found)


def test_the_cause_is_data() -> None:
    found = cause(history(started(), waits_outside()))
    assert found.waits and found.waits == history(started(), waits_outside()).events[-1].fact.open  # type: ignore[union-attr]
    assert Instability("order", events=("a", "b")) != Instability("order", events=("b", "a"))
