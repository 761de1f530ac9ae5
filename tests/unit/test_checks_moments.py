"""What speaks of ANY moment: its checks on literal histories of executions under a schedule."""

from __future__ import annotations

import os
import signal

import pytest

from proctor.conformance.checks import moments as checks
from proctor.harness.history import Fact, History, NotReached, Pressed, Sent, TempFilesLeft
from proctor.harness.schedule import Deliver, Directive, HoldTask, Point
from tests.unit.histories import (
    COMMAND,
    Example,
    bad,
    by_key,
    ended,
    good,
    greeted,
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
    titles,
    too_many,
    unseen,
    untraced,
    verify,
    waits_outside,
)

TERM, INT, HUP = signal.SIGTERM, signal.SIGINT, signal.SIGHUP
BARE = replaced(*over(7))
AT = Point("launcher", "clone")
UNSENT = NotReached(Directive(AT, Deliver(TERM)))
UNHELD = NotReached(Directive(AT, HoldTask("child1")))


def early(*facts: Fact, left: bool = False) -> History:
    """The launcher has not started its command when this happens."""
    return history(started(), *facts, looked("end", *([process("helper")] if left else [])))


WATCHER = looked("end", process("", name="watcher"))
LEAVES_A_WATCHER = replaced(*over(7), end=WATCHER)
KILLED = (sent(TERM), ended("launcher", signal=TERM), missed("command starts"))
LATE = (sent(TERM), ended("launcher", signal=TERM), greeted(), ended("command", 7))

EXAMPLES = (
    good("ends, nothing left", checks.any_moment_of_start, early(*KILLED), BARE),
    good("reaches the command", checks.any_moment_of_start, supervised(sent(TERM), received(TERM), *over(7)), BARE),
    good("a key", checks.any_moment_of_start, supervised(Pressed("ctrl-c"), by_key(INT), *over(7)), BARE),
    good(
        "the command dies of it",
        checks.any_moment_of_start,
        supervised(sent(TERM), ended("command", signal=TERM), ended("launcher", signal=TERM)),
        BARE,
    ),
    good("an order not needed", checks.any_moment_of_start, early(*KILLED, UNHELD), BARE),
    bad(
        "orphan",
        checks.any_moment_of_start,
        early(*LATE),
        BARE,
        "command-outlives",
        "the launcher ended by SIGTERM; the command keeps running",
    ),
    good(
        "the kernel ends the command with the launcher",
        checks.any_moment_of_start,
        early(sent(TERM), greeted(), ended("launcher", signal=TERM), ended("command", None, signal.SIGKILL)),
        BARE,
    ),
    good(
        "the same, seen the other way round",
        checks.any_moment_of_start,
        early(sent(TERM), greeted(), ended("command", None, signal.SIGKILL), ended("launcher", signal=TERM)),
        BARE,
    ),
    good("a watcher as ever", checks.any_moment_of_start, history(started(), *KILLED, WATCHER), LEAVES_A_WATCHER),
    bad(
        "a watcher",
        checks.any_moment_of_start,
        history(started(), *KILLED, WATCHER),
        BARE,
        "process-outlives",
        "the launcher ended by SIGTERM; still there: 'watcher' (pid 20, state S)",
    ),
    bad(
        "a changed terminal",
        checks.any_moment_of_start,
        history(started(), *KILLED, looked("end", modes=(9, 9, 9, 9))),
        BARE,
        "terminal-changed what=modes",
        "canonical mode off",
    ),
    bad(
        "a terminal in non-blocking mode",
        checks.any_moment_of_start,
        history(started(), *KILLED, looked("end", flags=os.O_NONBLOCK)),
        BARE,
        "terminal-changed what=status flags",
        "O_NONBLOCK off",
    ),
    bad(
        "helper left",
        checks.any_moment_of_start,
        early(*KILLED, left=True),
        BARE,
        "process-outlives",
        "still there: helper",
    ),
    bad(
        "lost",
        checks.any_moment_of_start,
        supervised(sent(TERM), *over(7)),
        BARE,
        "signal-lost signal=SIGTERM",
        "the command did not receive it and ran to its end; the launcher ended with exit code 7",
    ),
    bad(
        "another came",
        checks.any_moment_of_start,
        supervised(sent(TERM), received(HUP), *over(7)),
        BARE,
        "signal-lost signal=SIGTERM",
        "SIGTERM",
    ),
    bad(
        "the second lost",
        checks.any_moment_of_start,
        supervised(sent(TERM), sent(HUP), received(TERM), *over(7)),
        BARE,
        "signal-lost signal=SIGHUP",
        "SIGHUP ends the launcher",
    ),
    good(
        "two that merge",
        checks.any_moment_of_start,
        supervised(sent(TERM), sent(TERM), received(TERM), *over(7)),
        BARE,
    ),
    good(
        "the second was too late",
        checks.any_moment_of_start,
        supervised(sent(TERM), received(TERM), *over(7), Sent(HUP, "launcher", 10, 3)),
        BARE,
    ),
    unseen(
        "to the command only",
        checks.any_moment_of_start,
        supervised(Sent(TERM, "command", 11), *over(7)),
        BARE,
        "no signal",
    ),
    bad("hangs", checks.any_moment_of_start, early(sent(TERM), missed("command starts")), BARE, "hangs", "hangs"),
    bad("a file", checks.any_moment_of_start, early(*KILLED, TempFilesLeft(("part-1",))), BARE, "file-left", "part-1"),
    unseen("not sent", checks.any_moment_of_start, supervised(UNSENT, *over(7)), BARE, "did not come by"),
    unseen("too late", checks.any_moment_of_start, supervised(Sent(TERM, "launcher", 10, 3), *over(7)), BARE, "ended"),
    unseen("not traced", checks.any_moment_of_start, supervised(untraced(), sent(TERM)), BARE, "ptrace"),
    unseen("stepped in", checks.any_moment_of_start, supervised(sent(TERM), too_many(), *over(7)), BARE, "limit"),
    unseen("nothing done", checks.any_moment_of_start, supervised(*over(7)), BARE, "no signal"),
    good("changes nothing", checks.any_moment_of_end, supervised(ended("command", 7), sent(TERM), *over(7)), BARE),
    bad(
        "dies of it",
        checks.any_moment_of_end,
        supervised(ended("command", 7), sent(TERM), ended("launcher", signal=TERM)),
        BARE,
        "wrong-status status=7 end=SIGTERM",
        "status 7",
    ),
    unseen(
        "waits for a daemon",
        checks.any_moment_of_start,
        early(sent(TERM), waits_outside("command starts")),
        BARE,
        "may still",
    ),
    bad("hangs at the end", checks.any_moment_of_end, supervised(sent(TERM), missed()), BARE, "hangs", "hangs"),
    bad(
        "leaves somebody",
        checks.any_moment_of_end,
        supervised(sent(TERM), *over(7), end=looked("end", process("helper"))),
        BARE,
        "process-outlives",
        "still there",
    ),
    unseen("nothing sent at the end", checks.any_moment_of_end, supervised(UNSENT, *over(7)), BARE, "did not come by"),
    good("whoever runs first", checks.order_changes_nothing, supervised(*over(7)), BARE),
    bad(
        "another status",
        checks.order_changes_nothing,
        supervised(*over(129)),
        BARE,
        "wrong-status status=7 end=129",
        "status 7",
    ),
    bad(
        "never ends",
        checks.order_changes_nothing,
        supervised(missed()),
        BARE,
        "timed-out wait=ends process=launcher",
        "all processes were idle",
    ),
    bad(
        "a stray signal",
        checks.order_changes_nothing,
        supervised(received(HUP), *over(7)),
        BARE,
        "unexpected-signal signal=SIGHUP",
        "received once, from launcher",
    ),
    unseen("not traced either", checks.order_changes_nothing, supervised(untraced(), *over(7)), BARE, "ptrace"),
)


@pytest.mark.parametrize("example", EXAMPLES, ids=titles(EXAMPLES))
def test_example(example: Example) -> None:
    verify(example)


@pytest.mark.parametrize(
    ("played", "label"),
    [
        (early(*KILLED), "ends, nothing left"),
        (early(*LATE), "orphan"),
        (early(*KILLED, left=True), "left behind"),
        (early(sent(TERM), missed()), "hangs"),
        (supervised(received(TERM), *over(7)), "reaches the command"),
        (supervised(received(signal.SIGCHLD), *over(7)), checks.UNDISTURBED),
        (supervised(*over(7)), checks.UNDISTURBED),
    ],
)
def test_outcome_in_a_word(played: History, label: str) -> None:
    assert checks.outcome(played, BARE) == label


def test_pid_of_the_command_is_as_assumed_here() -> None:
    assert ended("command").pid == COMMAND
