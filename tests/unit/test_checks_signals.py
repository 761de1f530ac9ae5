"""Chapter SIG: its checks on literal histories."""

from __future__ import annotations

import signal

import pytest

from proctor.conformance.checks import signals as checks
from proctor.harness.history import Ended, Fact, Reaped, SignalCall, TraceStarted, WaitEnded
from tests.unit.histories import (
    COMMAND,
    LAUNCHER,
    Example,
    awaited,
    bad,
    beside,
    by_key,
    ended,
    good,
    history,
    looked,
    missed,
    not_started,
    over,
    received,
    replaced,
    sent,
    started,
    supervised,
    titles,
    unseen,
    untraced,
    verify,
)

INT, TERM, USR1, HUP = signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP
STOP, CONT = signal.SIGSTOP, signal.SIGCONT


def passed_on(*numbers: int) -> tuple[Fact, ...]:
    return tuple(fact for number in numbers for fact in (sent(number), received(number)))


def direct(*numbers: int) -> tuple[Fact, ...]:
    """The bare command receives it from us."""
    return tuple(fact for number in numbers for fact in (sent(number), received(number, sender=1)))


ONE = replaced(*direct(TERM), *over())
TWO = replaced(*direct(TERM, TERM), *over())
MIXED = replaced(*direct(TERM, HUP), *over())
STOPPED = replaced(sent(STOP), sent(TERM), sent(CONT), received(CONT, 1), received(TERM, 1), *direct(TERM), *over())
NONE_CAME = supervised(sent(TERM), missed("command receives SIGTERM"))
NEVER_STARTED = history(started(), not_started(), looked("end"))
TWICE = supervised(sent(TERM), received(TERM), received(TERM), *over())
TRACED, REAPED = TraceStarted((LAUNCHER,)), Reaped("command", COMMAND)
TO_COMMAND = SignalCall("kill", COMMAND, TERM, 0)


def waited(seconds: float, idle: float, what: str = "command receives SIGTERM") -> WaitEnded:
    return WaitEnded(awaited(what), seconds, idle)


EXAMPLES: tuple[Example, ...] = (
    good("passed on", checks.reaches_command, supervised(*passed_on(TERM), *over()), ONE),
    good("is the command", checks.reaches_command, ONE, ONE),
    good("twice is another requirement", checks.reaches_command, TWICE, ONE),
    bad("swallowed", checks.reaches_command, NONE_CAME, ONE, "not-delivered signal=SIGTERM", "not received"),
    bad(
        "another signal instead",
        checks.reaches_command,
        supervised(sent(TERM), received(INT), missed("command receives SIGTERM")),
        ONE,
        "not-delivered signal=SIGTERM",
        "not received",
    ),
    bad(
        "received by a child of the command only",
        checks.reaches_command,
        supervised(sent(TERM), received(TERM, role="grandchild"), *over()),
        ONE,
        "not-delivered signal=SIGTERM",
        "not received",
    ),
    bad(
        "dies of it",
        checks.reaches_command,
        supervised(sent(TERM), ended("launcher", signal=TERM), missed("command receives SIGTERM")),
        ONE,
        "ended-before-command end=SIGTERM; not-delivered signal=SIGTERM",
        "the launcher ended by SIGTERM",
    ),
    bad(
        "passes it on and ends",
        checks.reaches_command,
        supervised(*passed_on(TERM), ended("launcher"), Ended("command", COMMAND)),
        ONE,
        "ended-before-command end=0",
        "stays",
    ),
    bad(
        "kills the command instead",
        checks.reaches_command,
        supervised(sent(TERM), *over(137), missed("command receives SIGTERM")),
        ONE,
        "not-delivered signal=SIGTERM",
        "not received",
    ),
    bad("cannot be started", checks.reaches_command, NEVER_STARTED, ONE, "not-started step=exec errno=8", "errno 8"),
    good("once", checks.exactly_once, supervised(*passed_on(TERM), *over()), ONE),
    good("two in order", checks.exactly_once, supervised(*passed_on(TERM, HUP), *over()), MIXED),
    bad(
        "twice",
        checks.exactly_once,
        TWICE,
        ONE,
        "delivered-twice signal=SIGTERM",
        "received twice, from launcher, launcher",
    ),
    bad("not at all", checks.exactly_once, NONE_CAME, ONE, "not-delivered signal=SIGTERM", "not received"),
    bad(
        "from the terminal as well",
        checks.exactly_once,
        supervised(sent(TERM), by_key(TERM), received(TERM), *over()),
        ONE,
        "delivered-twice signal=SIGTERM",
        "from kernel, launcher",
    ),
    bad(
        "in another order",
        checks.exactly_once,
        supervised(sent(TERM), sent(HUP), received(HUP), received(TERM), *over()),
        MIXED,
        "out-of-order order=SIGTERM, SIGHUP",
        "in the order SIGHUP, SIGTERM",
    ),
    bad(
        "never ends",
        checks.exactly_once,
        supervised(*passed_on(TERM), ended("command"), missed()),
        ONE,
        "timed-out wait=ends process=launcher",
        "launcher ends",
    ),
    good("once, if at all", checks.once_if_at_all, supervised(*passed_on(TERM, TERM), *over()), TWO),
    bad(
        "twice, if at all",
        checks.once_if_at_all,
        TWICE,
        ONE,
        "delivered-twice signal=SIGTERM",
        "received twice, from launcher, launcher",
    ),
    bad(
        "the second is lost",
        checks.once_if_at_all,
        supervised(*passed_on(TERM), sent(TERM), missed("command receives SIGTERM")),
        TWO,
        "delivered-too-rarely signal=SIGTERM",
        "received once, from launcher",
    ),
    bad(
        "another comes with it",
        checks.once_if_at_all,
        supervised(*passed_on(TERM), received(HUP), *over()),
        ONE,
        "unexpected-signal signal=SIGHUP",
        "received once, from launcher",
    ),
    good(
        "the shell continues the job",
        checks.once_if_at_all,
        supervised(*passed_on(TERM), received(CONT), *over()),
        ONE,
    ),
    good(
        "a child of another's is EXEC-3's matter",
        checks.once_if_at_all,
        supervised(*passed_on(TERM), received(signal.SIGCHLD), *over()),
        ONE,
    ),
    unseen("not at all is SIG-1's matter", checks.once_if_at_all, NONE_CAME, ONE, "SIG-1"),
    good("nothing comes of itself", checks.none_unasked, supervised(*over())),
    bad(
        "a signal that nobody sent",
        checks.none_unasked,
        supervised(received(TERM), *over()),
        replaced(*over()),
        "unexpected-signal signal=SIGTERM",
        "received once",
    ),
    bad(
        "the command is killed",
        checks.none_unasked,
        supervised(*over(137), missed("command takes exit 0")),
        replaced(*over()),
        "ended-unasked",
        "nobody asked",
    ),
    unseen(
        "the launcher has ended",
        checks.none_unasked,
        supervised(ended("launcher"), received(TERM), *over()[:1]),
        replaced(*over()),
        "EXIT-3",
    ),
    unseen(
        "something else does not come",
        checks.none_unasked,
        supervised(missed("command ends")),
        replaced(*over()),
        "did not get that far",
    ),
    good("traced, once", checks.each_one_taken_once, supervised(TRACED, *passed_on(TERM), *over()), ONE),
    bad(
        "traced, twice",
        checks.each_one_taken_once,
        supervised(TRACED, sent(TERM), received(TERM), TO_COMMAND, received(TERM), TO_COMMAND, *over()),
        ONE,
        "delivered-twice signal=SIGTERM",
        "received twice, from launcher, launcher",
    ),
    unseen("not traced", checks.each_one_taken_once, supervised(untraced()), ONE, "ptrace"),
    good("ignored", checks.launcher_survives, supervised(sent(TERM), sent(TERM), *over()), ONE),
    bad(
        "ends of the second",
        checks.launcher_survives,
        supervised(sent(TERM), sent(TERM), ended("launcher", 1), ended("command")),
        ONE,
        "ended-before-command end=1",
        "exit code 1",
    ),
    bad(
        "ends the command",
        checks.launcher_survives,
        supervised(sent(TERM), *over(1), missed("command takes exit 0")),
        ONE,
        "timed-out wait=order-taken process=command order=exit 0",
        "the order",
    ),
    good("nobody is signalled", checks.never_signals_reaped, supervised(TRACED, REAPED, *over()), ONE),
    good("signalled before", checks.never_signals_reaped, supervised(TRACED, TO_COMMAND, REAPED, *over()), ONE),
    good(
        "a probe, its group, itself, a descriptor",
        checks.never_signals_reaped,
        supervised(
            TRACED,
            REAPED,
            SignalCall("kill", COMMAND, 0, -3),
            SignalCall("kill", -COMMAND, TERM, -3),
            SignalCall("kill", LAUNCHER, TERM, 0),
            SignalCall("pidfd_send_signal", 0, TERM, -3),
            *over(),
        ),
        ONE,
    ),
    bad(
        "passed on after the reap",
        checks.never_signals_reaped,
        supervised(TRACED, REAPED, sent(TERM), SignalCall("kill", COMMAND, TERM, -3), *over()),
        ONE,
        "signalled-after-reaping call=kill signal=SIGTERM",
        "kill sent SIGTERM",
    ),
    unseen("not traced", checks.never_signals_reaped, supervised(untraced()), ONE, "ptrace"),
    unseen("reaps unseen", checks.never_signals_reaped, supervised(TRACED, *over()), ONE, "reap"),
    beside("is the command", checks.never_signals_reaped, replaced(*over()), ONE, "replaced"),
    good(
        "at once",
        checks.forwarded_in_time,
        supervised(sent(TERM), received(TERM), waited(0.001, 0.0005), *over()),
        ONE,
    ),
    good("slow machine", checks.forwarded_in_time, supervised(sent(TERM), waited(3.0, 0.049), *over()), ONE),
    good(
        "something else took its time",
        checks.forwarded_in_time,
        supervised(waited(1, 1, "command ends"), *over()),
        ONE,
    ),
    bad(
        "at the next tick",
        checks.forwarded_in_time,
        supervised(sent(TERM), waited(0.2, 0.19), *over()),
        ONE,
        "delivered-late signal=SIGTERM process=command",
        "190 ms",
    ),
    unseen("not forwarded at all", checks.forwarded_in_time, NONE_CAME, ONE, "timed out"),
    unseen("not started", checks.forwarded_in_time, NEVER_STARTED, ONE, "errno 8"),
    good(
        "comes after the stop",
        checks.nothing_lost_while_stopped,
        supervised(sent(STOP), sent(TERM), sent(CONT), received(CONT), received(TERM), *passed_on(TERM), *over()),
        STOPPED,
    ),
    good(
        "SIGCONT itself is SIG-4's matter",
        checks.nothing_lost_while_stopped,
        supervised(sent(STOP), sent(TERM), sent(CONT), received(TERM), *passed_on(TERM), *over()),
        STOPPED,
    ),
    bad(
        "lost in the stop",
        checks.nothing_lost_while_stopped,
        supervised(sent(STOP), sent(TERM), sent(CONT), received(CONT), missed("command receives SIGTERM")),
        STOPPED,
        "not-delivered signal=SIGTERM",
        "not received",
    ),
    bad(
        "one of two lost",
        checks.nothing_lost_while_stopped,
        supervised(sent(STOP), sent(TERM), sent(CONT), received(CONT), *passed_on(TERM), *over()),
        STOPPED,
        "delivered-too-rarely signal=SIGTERM",
        "received once, from launcher",
    ),
    bad(
        "does not go on",
        checks.nothing_lost_while_stopped,
        supervised(sent(STOP), sent(TERM), sent(CONT), ended("launcher", 1), missed("command receives SIGTERM")),
        STOPPED,
        "ended-before-command end=1; not-delivered signal=SIGTERM",
        "stays",
    ),
)


@pytest.mark.parametrize("example", EXAMPLES, ids=titles(EXAMPLES))
def test_signals(example: Example) -> None:
    verify(example)


def test_a_stop_is_not_passed_on() -> None:
    script = supervised(sent(STOP), sent(USR1), sent(TERM, "command"), sent(TERM, "group"))
    assert checks.sent_to_launcher(script) == [USR1]
