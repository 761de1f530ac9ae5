"""Chapter GROUP: its checks on literal histories of a launcher with the commands a (pid 11) and b (pid 12)."""

from __future__ import annotations

import functools
import signal

import pytest

from proctor.conformance.checks import group as checks
from proctor.harness.history import (
    Descriptor,
    Ended,
    Fact,
    History,
    HungUp,
    Ordered,
    Output,
    Pressed,
    Process,
    SettleEnded,
    Snapshot,
)
from proctor.harness.orders import Die, Exit, Lines, OrderToWitness
from proctor.harness.signals import SI_KERNEL
from tests.unit.histories import (
    Example,
    bad,
    beside,
    ended,
    good,
    greeted,
    history,
    looked,
    missed,
    process,
    received,
    sent,
    settings,
    started,
    titles,
    unseen,
    verify,
)

A, B = "command-a", "command-b"
TERM, INT, HUP, KILL = signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL
NONE = history()
"""There is no bare command to compare with."""
REST, WAITED = SettleEnded("quiescent", 0.1), SettleEnded("waited", 1.0)
CTRL_C = Pressed("ctrl-c")
OVER = (Ended(A, 11), Ended(B, 12), ended("launcher"))
LEFT = looked("end", process(B, pid=12))


def two(*facts: Fact, end: Snapshot | None = None, own_stdout: bool = True) -> History:
    """Return the history of a launcher that has started both; own_stdout: whether each has a stdout of its own."""
    fds = (Descriptor(1, dev=40, ino=1),) if own_stdout else settings().fds
    ready = (greeted(settings(pid=11, fds=fds), A), greeted(settings(pid=12, fds=fds), B))
    return history(started(), *ready, looked("start"), *facts, end or looked("end"))


def each(number: int) -> tuple[Fact, Fact]:
    return received(number, role=A), received(number, role=B)


def told(name: str, order: OrderToWitness) -> Ordered:
    return Ordered(name, order)


def left(role: str) -> Process:
    return process(role, pid=13)


ends_all = {ends: functools.partial(checks.ends_all, ends=ends) for ends in ("never", "any", "failure")}
of_command = functools.partial(checks.status_of_all, status="command")
of_task = functools.partial(checks.status_of_all, status=201)
first = functools.partial(checks.status_of_all, counts="first")
last = functools.partial(checks.status_of_all, counts="last")
of_start = checks.at_any_moment_of_the_start
IN_TURN = history(started(), greeted(role=A), REST, Ended(A, 11), greeted(role="command-a-2"), REST, looked("end"))
"""What a launcher does that runs one command at a time, undisturbed."""
waits = functools.partial(checks.none_of_those_that_wait, limit=("-m", "1"))
grace = functools.partial(checks.ends_after_grace, grace=2.0)
FAILED = (told(A, Exit(3)), Ended(A, 11), told(B, Exit(0)), Ended(B, 12))

ORDER_A, ORDER_B = Lines("a", 2, 40), Lines("b", 2, 40)
BLOCKS = Lines("a", 2, 40, 60)
A0, A1 = ORDER_A.lines()
B0, B1 = ORDER_B.lines()


def printed(*lines: bytes, order: Lines = ORDER_A, own_stdout: bool = True) -> History:
    """Return the history of commands that have written these lines to stdout."""
    data = b"".join(line + b"\n" for line in lines)
    return two(told(A, order), told(B, ORDER_B), Output("stdout", data), *OVER, own_stdout=own_stdout)


EXAMPLES: tuple[Example, ...] = (
    # -- GROUP-1
    good("TERM ends both", checks.reaches_each, two(sent(TERM), *each(TERM), *OVER)),
    good("Ctrl-C ends both", checks.reaches_each, two(CTRL_C, *each(INT), *OVER)),
    good("a hang-up ends both, from the kernel", checks.reaches_each, two(HungUp(), *each(HUP), *OVER)),
    good("twice: that is for others", checks.reaches_each, two(sent(TERM), *each(TERM), *each(TERM), *OVER)),
    bad(
        "b is not told, and killed",
        checks.reaches_each,
        two(sent(TERM), received(TERM, role=A), *OVER),
        NONE,
        "group-not-delivered process=command-b signal=SIGTERM",
        "command-b receives SIGTERM; actual: it receives none",
    ),
    bad(
        "the launcher dies of it",
        checks.reaches_each,
        two(sent(HUP), ended("launcher", signal=1), end=looked("end", process(A, pid=11), process(B, pid=12))),
        NONE,
        "group-not-delivered process=command-a signal=SIGHUP; group-not-delivered process=command-b signal=SIGHUP; "
        "process-left process=command-a; process-left process=command-b",
        "it receives none",
    ),
    bad(
        "SIGTERM instead",
        checks.reaches_each,
        two(CTRL_C, received(INT, role=A), received(TERM, role=B), *OVER),
        NONE,
        "group-another-signal process=command-b signal=SIGINT others=SIGTERM",
        "it receives SIGTERM instead",
    ),
    bad(
        "SIGTERM instead, which they do not heed",
        checks.reaches_each,
        two(sent(INT), *each(TERM), missed("launcher ends")),
        NONE,
        "group-another-signal process=command-a signal=SIGINT others=SIGTERM; "
        "group-another-signal process=command-b signal=SIGINT others=SIGTERM",
        "it receives SIGTERM instead",
    ),
    good("SIGHUP of the kernel before it", checks.reaches_each, two(CTRL_C, *each(HUP), *each(INT), *OVER)),
    bad(
        "something else is left",
        checks.reaches_each,
        two(sent(TERM), *each(TERM), *OVER, end=looked("end", left("sh"))),
        NONE,
        "process-left process=sh",
        "still there",
    ),
    bad(
        "the launcher stays",
        checks.reaches_each,
        two(sent(TERM), *each(TERM), *OVER[:2], missed("launcher ends")),
        NONE,
        "timed-out wait=ends process=launcher",
        "the launcher ends",
    ),
    unseen("nothing was done", checks.reaches_each, two(missed("command-a does spawn x c")), says="that far"),
    good("each once", checks.reaches_each_once, two(sent(TERM), *each(TERM), REST)),
    good("not at all: that is for others", checks.reaches_each_once, two(sent(TERM), REST)),
    good("another one follows", checks.reaches_each_once, two(sent(INT), *each(INT), *each(TERM), REST)),
    bad(
        "from the terminal and from the launcher",
        checks.reaches_each_once,
        two(CTRL_C, received(INT, role=A), received(INT, 0, B, SI_KERNEL), received(INT, role=B), REST),
        NONE,
        "group-delivered-twice process=command-b signal=SIGINT",
        "received twice",
    ),
    unseen(
        "b was never told", checks.reaches_each_once, two(sent(TERM), missed("command-b receives SIGTERM")), says="far"
    ),
    # -- GROUP-2
    good("one has ended, and all", ends_all["any"], two(told(A, Exit(0)), *OVER)),
    good("one has failed, and all ended", ends_all["failure"], two(told(B, Exit(3)), *OVER)),
    good("one was killed, and all ended", ends_all["failure"], two(told(B, Die(9)), *OVER)),
    beside("it does not say so", ends_all["never"], two(told(A, Exit(3)), missed()), says="does not say"),
    beside("no failure", ends_all["failure"], two(told(A, Exit(0)), missed()), says="does not say"),
    bad(
        "the others run on",
        ends_all["any"],
        two(told(A, Exit(0)), Ended(A, 11), missed("launcher ends"), end=LEFT),
        NONE,
        "timed-out wait=ends process=launcher",
        "the launcher ends",
    ),
    bad(
        "one is left",
        ends_all["failure"],
        two(told(A, Exit(3)), Ended(A, 11), ended("launcher", 3), end=LEFT),
        NONE,
        "process-left process=command-b",
        "still there",
    ),
    # -- GROUP-3
    good("all with 0", checks.status_of_all, two(told(A, Exit(0)), told(B, Exit(0)), ended("launcher"))),
    good("any but 0", checks.status_of_all, two(*FAILED, ended("launcher", 1))),
    good("that of the command", of_command, two(*FAILED, ended("launcher", 3))),
    good("the documented one", of_task, two(*FAILED, ended("launcher", 201))),
    good("the first counts", first, two(told(A, Exit(0)), told(B, Exit(3)), ended("launcher"))),
    good("the last counts", last, two(*FAILED, ended("launcher"))),
    good("of a killed one any but 0", of_command, two(told(A, Die(9)), ended("launcher", 1))),
    good("dies of the signal itself", of_command, two(told(A, Die(9)), ended("launcher", signal=9))),
    bad(
        "0 though one has failed",
        checks.status_of_all,
        two(*FAILED, ended("launcher")),
        NONE,
        "group-status status=not 0 end=0",
        "command-a ended with 3; actual: status 0",
    ),
    bad(
        "0 though one was killed",
        checks.status_of_all,
        two(told(B, Die(9)), ended("launcher")),
        NONE,
        "group-status status=not 0 end=0",
        "command-b died of a signal",
    ),
    bad(
        "another one than that of the command",
        of_command,
        two(*FAILED, ended("launcher", 1)),
        NONE,
        "group-status status=3 end=1",
        "status 1",
    ),
    bad(
        "another one than the documented",
        of_task,
        two(*FAILED, ended("launcher", 3)),
        NONE,
        "group-status status=201 end=3",
        "status 3",
    ),
    bad(
        "1 though all ended with 0",
        checks.status_of_all,
        two(told(A, Exit(0)), ended("launcher", 1)),
        NONE,
        "group-status status=0 end=1",
        "all commands that count ended with 0",
    ),
    unseen("it did not end", checks.status_of_all, two(*FAILED, missed("launcher ends")), says="that far"),
    unseen("nobody waited for it", checks.status_of_all, two(*FAILED, ended("launcher", None)), says="status"),
    beside(
        "it has ended the others",
        functools.partial(checks.status_of_all, ends="any"),
        two(told(A, Exit(0)), ended("launcher", 1)),
        says="may count that",
    ),
    good(
        "the first counts, the others it has ended",
        functools.partial(checks.status_of_all, ends="any", counts="first"),
        two(told(A, Exit(0)), ended("launcher")),
    ),
    beside(
        "which is last is not known",
        functools.partial(checks.status_of_all, counts="last", ends="any"),
        two(*FAILED, ended("launcher")),
        says="the launcher's choice",
    ),
    # -- GROUP-4
    good("none is started", checks.none_started_later, two(REST, sent(INT), *each(INT), *OVER, REST)),
    good(
        "while it was starting them",
        checks.none_started_later,
        history(started(), greeted(role=A), sent(INT), greeted(role=B), REST, looked("end")),
    ),
    good(
        "whether all rested is not certain",
        checks.none_started_later,
        history(started(), greeted(role=A), sent(INT), WAITED, greeted(role=B), looked("end")),
    ),
    bad(
        "one is started again",
        checks.none_started_later,
        two(REST, sent(INT), *each(INT), greeted(role="command-a-2"), *OVER, REST),
        NONE,
        "group-started-later process=command-a-2",
        "command-a-2 was started",
    ),
    bad(
        "when all had come to rest",
        checks.none_started_later,
        history(started(), greeted(role=A), sent(INT), REST, greeted(role=B), looked("end")),
        NONE,
        "group-started-later process=command-b",
        "command-b was started",
    ),
    unseen("a does not end", checks.none_started_later, two(REST, sent(INT), missed("command-a ends")), says="far"),
    good("what waits is not started", waits, history(started(), greeted(role=A), REST, sent(INT), *OVER, REST)),
    bad(
        "the next one is started",
        waits,
        history(started(), greeted(role=A), WAITED, sent(INT), Ended(A, 11), greeted(role=B), REST),
        NONE,
        "group-started-later process=command-b",
        "command-b was started",
    ),
    beside("all run at once", checks.none_of_those_that_wait, two(REST, sent(INT)), says="one command at a time"),
    good("interrupted before it starts one", of_start, history(started(), sent(INT), ended("launcher")), IN_TURN),
    good(
        "interrupted while it starts the first",
        of_start,
        history(started(), sent(INT), greeted(role=A), REST, Ended(A, 11), ended("launcher")),
        IN_TURN,
    ),
    bad(
        "the interrupt is forgotten",
        of_start,
        history(started(), sent(INT), greeted(role=A), REST, Ended(A, 11), greeted(role="command-a-2"), REST),
        IN_TURN,
        "group-started-later process=command-a-2",
        "command-a-2 was started",
    ),
    bad(
        "it waits for the first no longer",
        of_start,
        history(started(), sent(INT), greeted(role=A), greeted(role="command-a-2"), Ended(A, 11), REST),
        IN_TURN,
        "group-started-later process=command-a-2",
        "command-a-2 was started",
    ),
    unseen("it was not interrupted", of_start, history(started(), greeted(role=A), REST), IN_TURN, says="nothing was"),
    unseen(
        "it hangs",
        of_start,
        history(started(), sent(INT), missed("command-a starts")),
        IN_TURN,
        says="far",
    ),
    unseen(
        "the first had ended",
        of_start,
        history(started(), greeted(role=A), Ended(A, 11), sent(INT), greeted(role="command-a-2"), REST),
        IN_TURN,
        says="had ended before",
    ),
    unseen(
        "it starts both at once",
        of_start,
        history(started(), sent(INT), greeted(role=A), greeted(role=B), REST),
        two(REST, *OVER),
        says="one command at a time",
    ),
    # -- GROUP-5
    good("a second Ctrl-C", checks.ends_what_is_left, two(CTRL_C, REST, CTRL_C, *OVER)),
    bad(
        "it waits for ever",
        checks.ends_what_is_left,
        two(CTRL_C, REST, CTRL_C, missed("launcher ends")),
        NONE,
        "timed-out wait=ends process=launcher",
        "the launcher ends",
    ),
    bad(
        "a grandchild is left",
        checks.ends_what_is_left,
        two(CTRL_C, REST, CTRL_C, *OVER, end=looked("end", left("child-a"))),
        NONE,
        "process-left process=child-a",
        "still there",
    ),
    good("the period is over", grace, two(sent(TERM), *OVER)),
    bad(
        "after the period it is left",
        grace,
        two(sent(TERM), *OVER, end=LEFT),
        NONE,
        "process-left process=command-b",
        "still there",
    ),
    beside("it states none", checks.ends_after_grace, two(sent(TERM), missed()), says="after how long"),
    # -- GROUP-6
    good("as they were written", checks.lines_are_whole, printed(A0, B0, A1, B1)),
    good("with names and ends of another kind", checks.lines_are_whole, printed(b"a | " + A0 + b"\r", B0, A1, B1)),
    bad(
        "torn by another one",
        checks.lines_are_whole,
        printed(A0, A1[:20] + B0, B1, A1[20:]),
        NONE,
        "line-torn process=command-a",
        "1 of 2 are torn",
    ),
    bad(
        "lost",
        checks.lines_are_whole,
        printed(A0, B0, A1),
        NONE,
        "line-lost process=command-b",
        "1 of 2 are missing, such as '<b00001 ",
    ),
    bad(
        "twice",
        checks.lines_are_whole,
        printed(A0, A0, B0, A1, B1),
        NONE,
        "line-doubled process=command-a",
        "1 of 2 are there more than once",
    ),
    bad(
        "the launcher hangs",
        checks.lines_are_whole,
        two(told(A, ORDER_A), missed("command-a answers lines")),
        NONE,
        "timed-out wait=answer process=command-a order=lines",
        "timed out",
    ),
    beside(
        "in blocks, to the launcher's own stdout",
        checks.lines_are_whole,
        printed(A0[:10] + B0, A0[10:], A1, B1, order=BLOCKS, own_stdout=False),
        says="the kernel mixes",
    ),
    bad(
        "by lines, to the launcher's own stdout",
        checks.lines_are_whole,
        printed(A0, A1, B0, own_stdout=False),
        NONE,
        "line-lost process=command-b",
        "missing",
    ),
)


@pytest.mark.parametrize("example", EXAMPLES, ids=titles(EXAMPLES))
def test_group(example: Example) -> None:
    verify(example)
