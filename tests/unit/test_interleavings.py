"""The oracle of generated scripts on literal histories: each law breaks for what it is about, and for nothing else."""

from __future__ import annotations

import signal

import msgspec
import pytest

from proctor.conformance.checks.common import NotObservable
from proctor.conformance.checks.interleavings import broken_by, transparent
from proctor.harness import orders, signals
from proctor.harness.history import (
    DirectiveApplied,
    Fact,
    History,
    HungUp,
    NotReached,
    OpenWait,
    Ordered,
    Output,
    Pressed,
    Process,
    Reaped,
    Released,
    SettleEnded,
    SignalCall,
    TraceStarted,
)
from proctor.harness.scenario import (
    HangUp,
    Hold,
    Order,
    Press,
    Release,
    Scenario,
    Settle,
    Signal,
    Stage,
    Step,
    WaitEnds,
    WaitReceived,
)
from proctor.harness.schedule import Deliver, Directive, Point
from tests.unit.histories import (
    BEFORE,
    COMMAND,
    LAUNCHER,
    by_key,
    ended,
    history,
    looked,
    missed,
    over,
    process,
    received,
    replaced,
    sent,
    started,
    supervised,
    waited,
)

TERM, INT, KILL, STOP, HUP = signal.SIGTERM, signal.SIGINT, signal.SIGKILL, signal.SIGSTOP, signal.SIGHUP
ENDS: tuple[Step, ...] = (WaitEnds("command"), WaitEnds())
FINISH: tuple[Step, ...] = (Order(orders.Exit(0)), *ENDS)
SEND: tuple[Step, ...] = (Settle(), Signal(TERM), WaitReceived(TERM), Settle())
KEY: tuple[Step, ...] = (Settle(), Press("ctrl-c"), WaitReceived(INT), Settle())
PIPES, JOB, INIT = Stage(), Stage(terminal=True, parent="job"), Stage(parent="init")


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


def test_real_time_signals_queue() -> None:
    number = signals.realtime()[0]
    steps = (Settle(), Signal(number), Signal(number), Settle(), *FINISH)
    its = replaced(*(sent(number),) * 2, *(received(number, sender=1),) * 2, *over())
    assert breaks(steps, supervised(*(sent(number),) * 2, received(number), *over()), its) == ["SIG-4"]
    assert breaks(steps, supervised(*(sent(number),) * 2, *(received(number),) * 2, *over()), its) == []


def test_a_launcher_that_ends_first() -> None:
    gone = supervised(sent(TERM), received(TERM), ended("launcher", None, TERM), ended("command"))
    assert breaks((*SEND, *FINISH), gone, SENT_TO_BARE)[0] == "SIG-5"
    key = supervised(Pressed("ctrl-c"), by_key(INT), ended("launcher", 130), ended("command"), terminal=True)
    bare = replaced(Pressed("ctrl-c"), by_key(INT), *over(), terminal=True)
    assert breaks((*KEY, *FINISH), key, bare, JOB)[0] == "TTY-1"


UNSEEN_END = replaced(HungUp(), ended("command", None, HUP), ended("launcher", None), terminal=True)


def test_who_has_become_the_command_does_not_end_before_it() -> None:
    steps = (Settle(), HangUp(), Settle())
    both_orders = [ended("launcher", None), ended("command", None, HUP)]
    for order in (both_orders, both_orders[::-1]):
        assert breaks(steps, replaced(HungUp(), *order, terminal=True), UNSEEN_END, JOB) == []


def test_a_launcher_that_we_end_may_end_first_and_tell_its_command() -> None:
    steps = (Settle(), Signal(KILL), WaitEnds(), Settle())
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
    assert breaks((Order(orders.Exit(3)), *ENDS), supervised(*mine), replaced(*its)) == [requirement]


UNSEEN = replaced(ended("command", None), ended("launcher", None))


def test_a_status_that_nobody_has_seen_is_none() -> None:
    assert breaks((HangUp(), Settle()), supervised(HungUp(), *over(None, HUP)), UNSEEN) == []


def test_a_daemon_is_sent_nothing() -> None:
    steps = (Order(orders.Spawn("child1", orphan=True, session=True, null=True)), *FINISH)
    alone = replaced(Ordered("command", orders.Spawn("child1", orphan=True, session=True, null=True)), *over())
    told = supervised(
        Ordered("command", orders.Spawn("child1", orphan=True, session=True, null=True)),
        *over(),
        received(TERM, role="child1"),
    )
    assert breaks(steps, told, alone) == ["TREE-7"]


def test_another_status_after_a_signal_that_was_handled() -> None:
    steps = (*SEND, Order(orders.Exit(3)), *ENDS)
    told = Ordered("command", orders.Exit(3))
    mine, its = supervised(*FORWARDED, told, *over(None, TERM)), replaced(*DIRECT, told, *over(3))
    assert breaks(steps, mine, its) == ["EXIT-7"]


def test_a_launcher_that_stays_for_ever() -> None:
    mine = supervised(ended("command"), missed("launcher ends"))
    assert breaks(FINISH, mine, replaced(*over())) == ["EXIT-1"]
    spawned = (Order(orders.Spawn("child1")), *FINISH)
    assert breaks(spawned, mine, replaced(*over())) == ["EXIT-6"]
    daemon = (Order(orders.Spawn("child1", orphan=True, session=True, null=True)), *FINISH)
    assert breaks(daemon, mine, replaced(*over())) == ["TREE-7"]


def test_somebody_is_left() -> None:
    left = looked("end", Process(12, 1, 12, 12, "S", "helper"))
    assert breaks(FINISH, supervised(*over(), end=left), replaced(*over())) == ["TREE-1"]


def test_late() -> None:
    late = waited("command receives SIGTERM", 0.2, 0.19)
    assert breaks((*SEND, *FINISH), supervised(*FORWARDED, late, *over()), SENT_TO_BARE) == ["SIG-9"]


def test_a_signal_to_who_was_reaped() -> None:
    reaped = (TraceStarted((LAUNCHER,)), Reaped("command", COMMAND), SignalCall("kill", COMMAND, TERM, -3), *over())
    assert breaks(FINISH, supervised(*reaped), replaced(*over())) == ["SIG-8"]


def test_a_key_that_comes_twice() -> None:
    bare = replaced(Pressed("ctrl-c"), by_key(INT), *over(), terminal=True)
    twice = supervised(Pressed("ctrl-c"), by_key(INT), received(INT), *over(), terminal=True)
    assert breaks((*KEY, *FINISH), twice, bare, JOB) == ["TTY-1"]


def test_what_was_sent_to_a_stopped_launcher() -> None:
    steps = (Settle(), Signal(STOP), Signal(TERM), Signal(signal.SIGCONT), Settle(), *FINISH)
    its = replaced(sent(STOP), sent(TERM), sent(signal.SIGCONT), received(TERM, sender=1), *over())
    assert breaks(steps, supervised(sent(STOP), sent(TERM), sent(signal.SIGCONT), *over()), its) == ["SIG-10"]


# -- under a schedule


def at_point(number: int, errno: int = 0) -> tuple[Fact, ...]:
    point = Point("launcher", "clone")
    return DirectiveApplied(Directive(point, Deliver(number)), "done"), sent(number, errno=errno, cause=BEFORE)


SETTLED = SettleEnded("quiescent", 0.01)
LEFT = looked("end", process("command", ppid=1))


def test_a_signal_at_a_point_may_end_the_launcher_before_there_is_a_command() -> None:
    at_start = history(
        started(), *at_point(TERM), ended("launcher", None, TERM), missed("command starts"), looked("end")
    )
    assert breaks(FINISH, at_start, replaced(*over())) == []
    left = history(started(), *at_point(TERM), ended("launcher", None, TERM), missed("command starts"), LEFT)
    assert breaks(FINISH, left, replaced(*over())) == ["SIG-6"]
    hangs = history(started(), *at_point(TERM), missed("command starts"), looked("end", process("launcher")))
    assert breaks(FINISH, hangs, replaced(*over())) == ["SIG-6"]


def test_a_signal_at_a_point_is_not_lost() -> None:
    reached = supervised(*at_point(TERM), received(TERM), SETTLED, *over())
    assert breaks((Settle(), *FINISH), reached, replaced(SETTLED, *over())) == []
    lost = supervised(*at_point(TERM), SETTLED, *over())
    assert breaks((Settle(), *FINISH), lost, replaced(SETTLED, *over())) == ["SIG-6"]
    later = supervised(SETTLED, *at_point(TERM), SETTLED, *over())
    assert breaks((Settle(), *FINISH), later, replaced(SETTLED, *over())) == ["SIG-1"]


def test_what_may_still_come_from_outside_is_no_rest() -> None:
    """It looks whether there is a signal whenever a daemon says so."""
    ticks, relays = (SettleEnded("waited", 1.0, open=(OpenWait(LAUNCHER, why),)) for why in ("outside", "relays"))
    for rest, found in ((ticks, []), (relays, ["SIG-6"])):
        lost = supervised(*at_point(TERM), rest, *over())
        assert breaks((Settle(), *FINISH), lost, replaced(SETTLED, *over())) == found
    sent_only = (Settle(), Signal(TERM), Settle())
    for rest, found in ((ticks, []), (relays, ["SIG-1"])):
        mine = supervised(SETTLED, sent(TERM), rest, *over())
        assert breaks((*sent_only, *FINISH), mine, replaced(SETTLED, sent(TERM), received(TERM, 1), *over())) == found


@pytest.mark.parametrize(
    "facts",
    [
        (*at_point(TERM), *over()),
        (*at_point(TERM, errno=3), SETTLED, *over()),
        (Ordered("command", orders.Ignore(int(TERM))), *at_point(TERM), SETTLED, *over()),
    ],
    ids=["all was not at rest before the end", "the launcher had ended", "the command ignores it"],
)  # fmt: skip
def test_a_signal_at_a_point_that_need_not_arrive(facts: tuple[Fact, ...]) -> None:
    assert breaks((Settle(), *FINISH), supervised(*facts), replaced(SETTLED, *over())) == []


def test_a_signal_at_a_point_comes_once_and_may_merge() -> None:
    steps = (Settle(), *SEND, *FINISH)
    merged = supervised(sent(TERM), *at_point(TERM), received(TERM), SETTLED, *over())
    both = supervised(sent(TERM), received(TERM), *at_point(TERM), received(TERM), SETTLED, *over())
    assert breaks(steps, merged, SENT_TO_BARE) == breaks(steps, both, SENT_TO_BARE) == []
    twice = supervised(sent(TERM), *at_point(TERM), *[received(TERM)] * 3, SETTLED, *over())
    assert breaks(steps, twice, SENT_TO_BARE) == ["SIG-2"]


def test_a_launcher_that_goes_another_way_is_not_judged() -> None:
    missed_it = supervised(NotReached(Directive(Point("launcher", "clone"), Deliver(TERM))), *over(1))
    with pytest.raises(NotObservable, match="did not come by"):
        breaks(FINISH, missed_it, replaced(*over()))


def test_the_status_after_a_signal_at_the_end() -> None:
    late = supervised(SETTLED, ended("command"), *at_point(TERM), ended("launcher", None, TERM))
    assert breaks((Settle(), *FINISH), late, replaced(SETTLED, *over())) == ["SIG-7"]


def test_a_zombie_that_the_bare_command_leaves_need_not_live_on() -> None:
    zombie = looked("end", process("command"), process("child1", "Z"))
    steps = (Order(orders.Spawn("child1")), HangUp(), Settle())
    assert breaks(steps, supervised(HungUp(), end=zombie), replaced(HungUp(), end=zombie), JOB) == []


def test_a_hang_up_is_counted_where_all_between_was_held() -> None:
    """One that the launcher hands on as well comes twice then; otherwise the two may merge, or another be meant."""
    its, both = by_key(HUP), (by_key(HUP), received(HUP))
    held: tuple[Step, ...] = (Hold(), HangUp(), Settle(), Release(), Settle())
    once, twice = replaced(HungUp(), its, terminal=True), supervised(HungUp(), Released(()), *both, terminal=True)
    assert breaks(held, twice, once, JOB) == ["TTY-5"]
    assert breaks((HangUp(), Settle()), supervised(HungUp(), *both, terminal=True), once, JOB) == []
    assert breaks((Signal(HUP), *held), twice, once, JOB) == []


# -- whom a missing end is held against


def test_a_launcher_that_ends_of_a_signal_breaks_what_speaks_of_it() -> None:
    swallowed = supervised(sent(TERM), ended("launcher", None, TERM), missed("command ends"), end=LEFT)
    assert breaks((*SEND, *FINISH), swallowed, SENT_TO_BARE)[0] == "SIG-1"
    forwarded = supervised(*FORWARDED, ended("launcher", None, TERM), missed("command ends"), end=LEFT)
    assert breaks((*SEND, *FINISH), forwarded, SENT_TO_BARE)[0] == "SIG-5"


def test_the_signal_that_ended_the_launcher_is_judged_not_the_last_one() -> None:
    steps: tuple[Step, ...] = (Settle(), Signal(signal.SIGSYS), Signal(TERM, "group"), *ENDS)
    both = (sent(signal.SIGSYS), sent(TERM, "group"))
    died = supervised(*both, ended("launcher", None, signal.SIGSYS), received(TERM, sender=1), *over()[:1])
    bare = replaced(*both, ended("command", None, signal.SIGSYS), ended("launcher", None, signal.SIGSYS))
    assert breaks(steps, died, bare)[0] == "SIG-4"
    key = supervised(Pressed("ctrl-c"), sent(TERM), ended("launcher", None, INT), *over()[:1], terminal=True)
    assert breaks((Settle(), Press("ctrl-c"), Signal(TERM), *ENDS), key, bare, JOB)[0] == "TTY-1"


def test_a_command_that_does_not_end_of_its_signal() -> None:
    steps: tuple[Step, ...] = (Order(orders.Inherit(int(TERM))), Settle(), Signal(TERM), *ENDS)
    lost = supervised(sent(TERM), missed("command ends"), end=LEFT)
    assert breaks(steps, lost, replaced(sent(TERM), *over(None, TERM)))[0] == "SIG-1"
    direct = supervised(sent(TERM, "command"), missed("command ends"), end=LEFT)
    assert breaks(steps, direct, replaced(sent(TERM, "command"), *over(None, TERM)))[0] == "INHERIT-1"


def test_who_is_left_tells_what_a_launcher_waits_for() -> None:
    stays = supervised(ended("command"), missed("launcher ends"))
    for flags, requirement in (("c", "EXIT-6"), ("osn", "TREE-7")):
        steps = (Order(orders.parse(f"spawn child1 {flags}")), *FINISH)
        assert breaks(steps, stays, replaced(*over()))[0] == requirement
    both = (Order(orders.Spawn("child1")), Order(orders.Spawn("child2", orphan=True, session=True)), *FINISH)
    assert breaks(both, stays, replaced(*over()))[0] == "EXIT-6"


def test_a_signal_that_nobody_sent_beside_a_key() -> None:
    bare = replaced(Pressed("ctrl-c"), by_key(INT), *over(), terminal=True)
    as_well = supervised(Pressed("ctrl-c"), by_key(INT), received(TERM), *over(), terminal=True)
    assert breaks((*KEY, *FINISH), as_well, bare, JOB) == ["TTY-1"]
    beside = supervised(sent(TERM), received(TERM), received(signal.SIGUSR1), *over())
    assert breaks((*SEND, *FINISH), beside, SENT_TO_BARE) == ["SIG-2"]


@pytest.mark.parametrize("first", ["launcher", "command"])
@pytest.mark.parametrize("wait", ["command answers read-line", "command ends"])
@pytest.mark.parametrize("killed", [signal.SIGKILL, None])
def test_a_launcher_that_takes_its_command_with_it_is_blamed_for_its_death_in_either_order(
    first: str, wait: str, killed: int | None
) -> None:
    """bwrap --die-with-parent: which of the two ends is seen first is chance."""
    ends = [ended("launcher", None, signal.SIGINT), ended("command", None, killed)]
    mine = supervised(
        Pressed("ctrl-c"), by_key(signal.SIGINT), *(ends if first == "launcher" else ends[::-1]), missed(wait),
        terminal=True,
    )  # fmt: skip
    bare = replaced(Pressed("ctrl-c"), by_key(signal.SIGINT), *over(), terminal=True)
    found = {one.requirement for one in broken_by(mine, bare)}
    assert "TTY-1" in found
    assert "TTY-8" not in found


@pytest.mark.parametrize(
    ("first", "requirements"),
    [
        (sent(TERM), ["TTY-10"]),
        (Pressed("ctrl-z"), ["TTY-10"]),
        (sent(signal.SIGKILL), []),
        (Pressed("ctrl-z", cause=0), []),
    ],
    ids=["signal", "key", "killed", "key-at-a-point"],
)
def test_a_cursor_that_is_left_hidden(first: Fact, requirements: list[str]) -> None:
    """A key at a point of a schedule discards what is just being written."""
    mine = supervised(Output("terminal", b"\x1b[?25l"), first, received(TERM), *over(), terminal=True)
    bare = replaced(first, received(TERM, sender=1), *over(), terminal=True)
    found = breaks((*SEND, *FINISH), mine, bare, JOB)
    assert [one for one in found if one == "TTY-10"] == requirements
