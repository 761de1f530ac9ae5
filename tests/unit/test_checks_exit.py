"""Chapter EXIT: its checks on literal histories."""

from __future__ import annotations

import signal

import pytest

from proctor.conformance.checks import exit as checks
from proctor.harness.history import Fact, Output, Outputs, Reaped, Received, Sent
from tests.unit.histories import (
    COMMAND,
    Example,
    bad,
    beside,
    ended,
    good,
    greeted,
    history,
    looked,
    missed,
    not_started,
    over,
    process,
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

TERM, KILL, SEGV = signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV


def killed(number: int, *says: str) -> tuple[Fact, ...]:
    """The command dies of a signal that we sent to it, and the launcher says this."""
    lines = tuple(Output("stderr", text.encode()) for text in says)
    return (sent(number, "command"), ended("command", signal=number), *lines, ended("launcher", 128 + number))


def died(number: int) -> tuple[Fact, ...]:
    return sent(number, "command"), ended("command", signal=number), ended("launcher", signal=number)


REAPED = Reaped("command", COMMAND)
REACHED: tuple[Sent | Received, ...] = (sent(TERM), received(TERM))
SLOW = replaced(*REACHED, *over(7))
REFUSED = history(started(), Output("stderr", b"no-such-command: not found\n"), ended("launcher", 127), looked("end"))

EXAMPLES: tuple[Example, ...] = (
    good("the same code", checks.same_status, supervised(*over(42))),
    good("128+N for a death", checks.same_status, supervised(*over(143)), replaced(*over(signal=15))),
    good("dies of N itself", checks.same_status, supervised(*over(signal=15)), replaced(*over(signal=15))),
    bad(
        "another code",
        checks.same_status,
        supervised(*over(1)),
        replaced(*over(42)),
        "wrong-status status=42 end=1",
        "status 42",
    ),
    bad(
        "0 for a death",
        checks.same_status,
        supervised(*over(0)),
        replaced(*over(signal=9)),
        "wrong-status status=137 end=0",
        "status 137",
    ),
    bad(
        "dies of another signal",
        checks.same_status,
        supervised(*over(signal=9)),
        replaced(*over(signal=15)),
        "wrong-status status=143 end=SIGKILL",
        "143",
    ),
    bad(
        "never ends",
        checks.same_status,
        supervised(ended("command"), missed()),
        replaced(*over()),
        "timed-out wait=ends process=launcher",
        "launcher ends",
    ),
    bad(
        "cannot be started",
        checks.same_status,
        history(started(), not_started(), looked("end")),
        replaced(*over()),
        "not-started step=exec errno=8",
        "8",
    ),
    unseen(
        "nobody can tell the status",
        checks.same_status,
        supervised(*over(None)),
        replaced(*over(3)),
        "could not be observed",
    ),
    good("the command's status", checks.status_despite_signal, supervised(*REACHED, *over(9))),
    bad(
        "the signal's status",
        checks.status_despite_signal,
        supervised(*REACHED, *over(signal=15)),
        replaced(*REACHED, *over(9)),
        "wrong-status status=9 end=SIGTERM",
        "status 9",
    ),
    bad(
        "ends of it before its status is known",
        checks.status_despite_signal,
        supervised(*REACHED, ended("launcher", signal=15), ended("command")),
        replaced(*REACHED, *over(9)),
        "wrong-status status=9 end=SIGTERM",
        "status 9",
    ),
    unseen(
        "the signal did not come through",
        checks.status_despite_signal,
        supervised(sent(TERM), missed("command ends")),
        replaced(*REACHED, *over(9)),
        "SIG-1",
    ),
    good("a status of its own, after a while", checks.status_after_slow_end, supervised(*REACHED, *over(7)), SLOW),
    bad(
        "the signal's status, after a while",
        checks.status_after_slow_end,
        supervised(*REACHED, *over(143)),
        SLOW,
        "wrong-status status=7 end=143",
        "status 7",
    ),
    bad(
        "has ended when the command does",
        checks.status_after_slow_end,
        supervised(*REACHED, ended("launcher", 143), ended("command")),
        SLOW,
        "wrong-status status=7 end=143",
        "status 7",
    ),
    unseen(
        "another signal came through",
        checks.status_after_slow_end,
        supervised(sent(TERM), received(signal.SIGINT), missed("command receives SIGTERM")),
        SLOW,
        "SIG-1",
    ),
    unseen(
        "the launcher has killed the command",
        checks.status_after_slow_end,
        supervised(*REACHED, *over(137), missed("command takes exit 7")),
        SLOW,
        "SIG-5",
    ),
    good("late signal changes nothing", checks.status_after_late_signal, supervised(REAPED, *over(7))),
    bad(
        "late signal kills",
        checks.status_after_late_signal,
        supervised(REAPED, *over(signal=15)),
        replaced(*over(7)),
        "wrong-status status=7 end=SIGTERM",
        "status 7",
    ),
    unseen(
        "somebody in between reaps",
        checks.status_after_late_signal,
        supervised(*over(143)),
        replaced(*over(7)),
        "not seen to reap",
    ),
    beside(
        "nobody reaps",
        checks.status_after_late_signal,
        replaced(*over(7)),
        replaced(*over(7)),
        "replaced itself",
    ),
    unseen(
        "ptrace is refused",
        checks.status_after_late_signal,
        supervised(untraced()),
        replaced(*over(7)),
        "ptrace",
    ),
    good("waits", checks.not_before_command, supervised(*over())),
    good("is the command", checks.not_before_command, replaced(*over())),
    good("nobody has ended yet", checks.not_before_command, supervised()),
    bad(
        "ends first",
        checks.not_before_command,
        supervised(ended("launcher"), ended("command")),
        replaced(*over()),
        "ended-before-command end=0",
        "with exit code 0",
    ),
    bad(
        "the command runs on",
        checks.not_before_command,
        supervised(ended("launcher"), end=looked("end", process("command"))),
        replaced(*over()),
        "ended-before-command end=0",
        "stays",
    ),
    bad(
        "had ended when the command started",
        checks.not_before_command,
        history(started(), ended("launcher"), greeted(), looked("start"), looked("end")),
        replaced(*over()),
        "ended-before-command end=0",
        "stays",
    ),
    bad(
        "starts no command",
        checks.not_before_command,
        history(started(), ended("launcher", 1), missed("command starts"), looked("end")),
        replaced(*over()),
        "timed-out wait=ready process=command",
        "exit code 1",
    ),
    unseen(
        "the command never stopped",
        checks.not_before_command,
        supervised(missed("command stops")),
        replaced(*over()),
        "did not get that far",
    ),
    good("127 and the name", checks.not_found, REFUSED, REFUSED),
    bad(
        "1 and the name",
        checks.not_found,
        history(started(), Output("stderr", b"no-such-command?\n"), ended("launcher", 1), looked("end")),
        REFUSED,
        "wrong-status status=127 end=1",
        "127",
    ),
    bad(
        "127 and no name",
        checks.not_found,
        history(started(), Output("stderr", b"\xff\x1b[0m\n"), ended("launcher", 127), looked("end")),
        REFUSED,
        "command-not-named command=no-such-command",
        "names",
    ),
    bad(
        "hangs",
        checks.not_found,
        history(started(), missed(), looked("end")),
        REFUSED,
        "timed-out wait=ends process=launcher",
        "launcher ends",
    ),
    good(
        "126 and the name",
        checks.not_executable,
        history(started(), Output("stderr", b"forbidden-command: no\n"), ended("launcher", 126), looked("end")),
        REFUSED,
    ),
    bad(
        "127 for what is there",
        checks.not_executable,
        history(started(), Output("stderr", b"forbidden-command\n"), ended("launcher", 127), looked("end")),
        REFUSED,
        "wrong-status status=126 end=127",
        "126",
    ),
    good(
        "by name",
        checks.names_the_death,
        supervised(*killed(SEGV, "witness died of SIGSEGV")),
        replaced(*died(SEGV)),
    ),
    good(
        "by number",
        checks.names_the_death,
        supervised(*killed(SEGV, "witness: signal: 11")),
        replaced(*died(SEGV)),
    ),
    good(
        "as a shell does",
        checks.names_the_death,
        supervised(*killed(SEGV, "Segmentation fault (core dumped) ", "/bin/witness a\n")),
        replaced(*died(SEGV)),
    ),
    good(
        "killed",
        checks.names_the_death,
        supervised(*killed(KILL, "Killed  witness\n")),
        replaced(*died(KILL)),
    ),
    bad(
        "says nothing",
        checks.names_the_death,
        supervised(*killed(KILL)),
        replaced(*died(KILL)),
        "death-not-named what=command signal=SIGKILL; program-not-named program=witness",
        "died of SIGKILL",
    ),
    unseen(
        "more output than is kept",
        checks.names_the_death,
        supervised(*killed(KILL, "much"), Outputs("stderr", 300_000, 1)),
        replaced(*died(KILL)),
        "in the rest of it",
    ),
    bad(
        "does not say who",
        checks.names_the_death,
        supervised(*killed(SEGV, "SIGSEGV\n")),
        replaced(*died(SEGV)),
        "program-not-named program=witness",
        "program",
    ),
    bad(
        "another number",
        checks.names_the_death,
        supervised(*killed(SEGV, "witness: signal: 115")),
        replaced(*died(SEGV)),
        "death-not-named what=command signal=SIGSEGV",
        "died of SIGSEGV",
    ),
    bad(
        "said it before the command ran",
        checks.names_the_death,
        history(
            started(),
            Output("stderr", b"witness SIGKILL"),
            greeted(),
            looked("start"),
            *killed(KILL),
            looked("end"),
        ),
        replaced(*died(KILL)),
        "death-not-named what=command signal=SIGKILL; program-not-named program=witness",
        "it printed ''",
    ),
    bad(
        "a message but 1",
        checks.names_the_death,
        supervised(sent(KILL, "command"), Output("stderr", b"witness: SIGKILL"), *over(1)),
        replaced(*died(KILL)),
        "wrong-status status=137 end=1",
        "137",
    ),
    beside(
        "nobody is left to say it",
        checks.names_the_death,
        replaced(*died(KILL)),
        replaced(*died(KILL)),
        "replaced",
    ),
    good(
        "names the interpreter and the signal",
        checks.names_the_interpreter,
        history(started(), Output("stderr", b"killed-python died of SIGKILL\n"), ended("launcher", 137), looked("end")),
        replaced(),
    ),
    bad(
        "a status of its own",
        checks.names_the_interpreter,
        history(started(), Output("stderr", b"killed-python: signal: 9\n"), ended("launcher", 2), looked("end")),
        replaced(),
        "wrong-status status=137 end=2",
        "status 137",
    ),
    bad(
        "says nothing of the interpreter",
        checks.names_the_interpreter,
        history(started(), Output("stderr", b"failed\n"), ended("launcher", 137), looked("end")),
        replaced(),
        "death-not-named what=interpreter signal=SIGKILL; program-not-named program=killed-python",
        "killed-python",
    ),
    bad(
        "its name alone is no signal",
        checks.names_the_interpreter,
        history(started(), Output("stderr", b"killed-python failed\n"), ended("launcher", 137), looked("end")),
        replaced(),
        "death-not-named what=interpreter signal=SIGKILL",
        "died of SIGKILL",
    ),
    bad(
        "hangs",
        checks.names_the_interpreter,
        history(started(), missed(), looked("end")),
        replaced(),
        "timed-out wait=ends process=launcher",
        "launcher ends",
    ),
    beside(
        "another interpreter was taken",
        checks.names_the_interpreter,
        history(started(), ended("launcher", 0), looked("end")),
        replaced(),
        "did not use",
    ),
    beside("no death", checks.names_the_death, supervised(*over()), replaced(*over()), "did not die"),
    good(
        "ends though a grandchild holds stdout",
        checks.ends_with_command,
        supervised(*over(3), end=looked("end", process("grandchild", pid=12))),
        replaced(*over(3)),
    ),
    bad(
        "waits for the grandchild",
        checks.ends_with_command,
        supervised(ended("command"), missed()),
        replaced(*over(3)),
        "timed-out wait=ends process=launcher",
        "all processes were idle",
    ),
    good(
        "ends in time, though with another status", checks.ends_with_command, supervised(*over(0)), replaced(*over(3))
    ),
)


@pytest.mark.parametrize("example", EXAMPLES, ids=titles(EXAMPLES))
def test_exit(example: Example) -> None:
    verify(example)


def test_what_was_printed_is_read_as_text() -> None:
    printed = history(started(), Output("terminal", b"caf\xc3"), Output("terminal", b"\xa9\xff\r\n"))
    assert checks.said(printed) == "caf\u00e9\\xff\n"
    assert checks.said(printed, after=2) == ""
