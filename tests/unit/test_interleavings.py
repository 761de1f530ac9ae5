"""The oracle of generated scripts on literal histories: each law breaks for what it is about, and for nothing else."""

from __future__ import annotations

import signal

import msgspec
import pytest

from conformance.checks.interleavings import broken_by, transparent
from harness.history import Called, Fact, History, Pressed, Process, Reaped, Traced, Waited
from harness.scenario import Ends, Order, Press, Receives, Scenario, Settle, Signal, Stage, Step
from tests.unit.histories import (
    COMMAND,
    LAUNCHER,
    by_key,
    ended,
    looked,
    missed,
    over,
    process,
    received,
    replaced,
    sent,
    supervised,
)

TERM, INT, KILL, STOP = signal.SIGTERM, signal.SIGINT, signal.SIGKILL, signal.SIGSTOP
ENDS: tuple[Step, ...] = (Ends("command"), Ends())
FINISH: tuple[Step, ...] = (Order("exit 0"), *ENDS)
SEND: tuple[Step, ...] = (Settle(), Signal(TERM), Receives(TERM), Settle())
KEY: tuple[Step, ...] = (Settle(), Press("ctrl-c"), Receives(INT), Settle())
PIPES, JOB, INIT = Stage(), Stage(terminal=True, under="job"), Stage(under="init")


def of(steps: tuple[Step, ...], history: History, stage: Stage = PIPES) -> History:
    return msgspec.structs.replace(history, scenario=Scenario(steps, stage))


def breaks(steps: tuple[Step, ...], mine: History, its: History, stage: Stage = PIPES) -> list[str]:
    return [one.requirement for one in broken_by(of(steps, mine, stage), of(steps, its, stage))]


FORWARDED: tuple[Fact, ...] = (sent(TERM), received(TERM))
DIRECT: tuple[Fact, ...] = (sent(TERM), received(TERM, sender=1))
SENT_TO_BARE = replaced(*DIRECT, *over())


def test_a_launcher_that_nobody_notices_breaks_nothing() -> None:
    assert breaks((*SEND, *FINISH), supervised(*FORWARDED, *over()), SENT_TO_BARE) == []
    assert breaks((*SEND, *FINISH), SENT_TO_BARE, SENT_TO_BARE) == []
    assert transparent(of((*SEND, *FINISH), SENT_TO_BARE), of((*SEND, *FINISH), SENT_TO_BARE)) == []


def test_a_signal_that_is_lost() -> None:
    lost = supervised(sent(TERM), missed("command receives SIGTERM"))
    assert breaks((*SEND, *FINISH), lost, SENT_TO_BARE)[0] == "SIG-1"
    assert breaks((*SEND, *FINISH), lost, SENT_TO_BARE, INIT)[0] == "TREE-6"


def test_a_signal_that_comes_twice() -> None:
    assert breaks((*SEND, *FINISH), supervised(*FORWARDED, received(TERM), *over()), SENT_TO_BARE) == ["SIG-2"]


def test_a_signal_that_nobody_sent() -> None:
    assert breaks((*SEND, *FINISH), supervised(*FORWARDED, received(INT), *over()), SENT_TO_BARE) == ["SIG-2"]


def test_two_at_once_may_merge_or_not() -> None:
    steps = (Settle(), Signal(TERM), Signal(TERM), Settle(), *FINISH)
    once = replaced(sent(TERM), sent(TERM), received(TERM, sender=1), *over())
    assert breaks(steps, supervised(sent(TERM), sent(TERM), received(TERM), received(TERM), *over()), once) == []
    assert breaks(steps, supervised(sent(TERM), sent(TERM), received(TERM), *over()), once) == []
    assert breaks(steps, supervised(sent(TERM), sent(TERM), *over()), once) == ["SIG-1"]


def test_a_launcher_that_ends_first() -> None:
    gone = supervised(sent(TERM), received(TERM), ended("launcher", None, TERM), ended("command"))
    assert breaks((*SEND, *FINISH), gone, SENT_TO_BARE)[0] == "SIG-5"
    key = supervised(Pressed("ctrl-c"), by_key(INT), ended("launcher", 130), ended("command"), terminal=True)
    bare = replaced(Pressed("ctrl-c"), by_key(INT), *over(), terminal=True)
    assert breaks((*KEY, *FINISH), key, bare, JOB)[0] == "TTY-1"


def test_a_launcher_that_we_end_may_end_first_and_tell_its_command() -> None:
    steps = (Settle(), Signal(KILL), Ends(), Settle())
    bare = replaced(sent(KILL), ended("launcher", None, KILL))
    told = supervised(sent(KILL), ended("launcher", None, KILL), received(TERM), ended("command"))
    assert breaks(steps, told, bare) == []
    alone = supervised(
        sent(KILL), ended("launcher", None, KILL), end=looked("end", process("command", ppid=1))
    )  # fmt: skip
    assert breaks(steps, alone, bare) == ["TREE-3"]


@pytest.mark.parametrize(
    ("its", "mine", "requirement"),
    [(over(3), over(1), "EXIT-1"), (over(None, TERM), over(1), "EXIT-2")],
    ids=["code", "death"],
)
def test_another_status(its: tuple[Fact, ...], mine: tuple[Fact, ...], requirement: str) -> None:
    assert breaks((Order("exit 3"), *ENDS), supervised(*mine), replaced(*its)) == [requirement]


def test_another_status_after_a_signal_that_was_handled() -> None:
    steps = (*SEND, Order("exit 3"), *ENDS)
    mine, its = supervised(*FORWARDED, *over(None, TERM)), replaced(*DIRECT, *over(3))
    assert breaks(steps, mine, its) == ["EXIT-7"]


def test_a_launcher_that_stays_for_ever() -> None:
    mine = supervised(ended("command"), missed("launcher ends"))
    assert breaks(FINISH, mine, replaced(*over())) == ["EXIT-1"]
    spawned = (Order("spawn child1 c"), *FINISH)
    assert breaks(spawned, mine, replaced(*over())) == ["EXIT-6"]
    daemon = (Order("spawn child1 osn"), *FINISH)
    assert breaks(daemon, mine, replaced(*over())) == ["TREE-7"]


def test_somebody_is_left() -> None:
    left = looked("end", Process(12, 1, 12, 12, "S", "helper"))
    assert breaks(FINISH, supervised(*over(), end=left), replaced(*over())) == ["TREE-1"]


def test_late() -> None:
    late = Waited("command receives SIGTERM", 0.2, 0.19)
    assert breaks((*SEND, *FINISH), supervised(*FORWARDED, late, *over()), SENT_TO_BARE) == ["SIG-9"]


def test_a_signal_to_who_was_reaped() -> None:
    reaped = (Traced((LAUNCHER,)), Reaped("command", COMMAND), Called("kill", COMMAND, TERM, -3), *over())
    assert breaks(FINISH, supervised(*reaped), replaced(*over())) == ["SIG-8"]


def test_a_key_that_comes_twice() -> None:
    bare = replaced(Pressed("ctrl-c"), by_key(INT), *over(), terminal=True)
    twice = supervised(Pressed("ctrl-c"), by_key(INT), received(INT), *over(), terminal=True)
    assert breaks((*KEY, *FINISH), twice, bare, JOB) == ["TTY-1"]


def test_what_was_sent_to_a_stopped_launcher() -> None:
    steps = (Settle(), Signal(STOP), Signal(TERM), Signal(signal.SIGCONT), Settle(), *FINISH)
    its = replaced(sent(STOP), sent(TERM), sent(signal.SIGCONT), received(TERM, sender=1), *over())
    assert breaks(steps, supervised(sent(STOP), sent(TERM), sent(signal.SIGCONT), *over()), its) == ["SIG-10"]
