"""FAULT: its checks on literal histories of executions in which one call of the launcher fails."""

from __future__ import annotations

import signal
import zlib

import pytest

from proctor.conformance.checks import fault as checks
from proctor.harness.history import (
    Descriptor,
    DirectiveApplied,
    Fact,
    History,
    NotReached,
    Output,
    Outputs,
    TempFilesLeft,
)
from proctor.harness.schedule import Directive, Fail, Point, ShortWrite
from tests.unit.histories import (
    STDIO,
    Example,
    bad,
    ended,
    good,
    history,
    looked,
    missed,
    over,
    process,
    received,
    sent,
    settings,
    started,
    supervised,
    titles,
    unseen,
    untraced,
    verify,
)

TERM = signal.SIGTERM
SIGNALLED = (sent(TERM), received(TERM))
UNDISTURBED = supervised(*SIGNALLED, *over(7))
FORK = Directive(Point("launcher", "clone", 1, "entry"), Fail("EAGAIN"))
MAP = Directive(Point("launcher", "mmap", 3, "entry"), Fail("ENOMEM"))
WAIT = Directive(Point("launcher", "wait4", 1, "entry"), Fail("EINTR"))
WRITE = Directive(Point("launcher", "write", 1, "entry"), ShortWrite())
NOT_STARTED = missed("command starts")


def failed(directive: Directive = FORK) -> DirectiveApplied:
    return DirectiveApplied(directive, "done")


def says(text: bytes) -> tuple[Fact, ...]:
    return Output("stderr", text), Outputs("stderr", len(text), zlib.crc32(text))


def alone(*facts: Fact, left: bool = False) -> History:
    """The launcher has not started its command."""
    return history(started(), *facts, looked("end", *([process("helper")] if left else [])))


def goes_on(*facts: Fact, directive: Directive = FORK, end: tuple[Fact, ...] = over(7)) -> History:
    return supervised(failed(directive), *facts, *end)


REFUSED = (failed(), NOT_STARTED, ended("launcher", 125))
SAID = says(b"launcher: clone: Resource temporarily unavailable\n")
GONE_EARLY = (failed(), ended("launcher", 125), ended("command", 7))
FOREVER = missed("launcher ends")

EXAMPLES = (
    good("ends with a status of its own", checks.ends_or_goes_on, alone(*REFUSED), UNDISTURBED),
    good("goes on", checks.ends_or_goes_on, goes_on(*SIGNALLED), UNDISTURBED),
    good("dies of a signal", checks.ends_or_goes_on, alone(failed(MAP), ended("launcher", signal=6)), UNDISTURBED),
    bad(
        "nothing was run, and that is success",
        checks.ends_or_goes_on,
        alone(failed(), NOT_STARTED, ended("launcher", 0)),
        UNDISTURBED,
        "success-despite-failure call=clone",
        "clone failed, the command was not run",
    ),
    bad(
        "success of a command that failed",
        checks.ends_or_goes_on,
        supervised(failed(), ended("command", 7), ended("launcher", 0)),
        UNDISTURBED,
        "success-despite-failure call=clone",
        "the command ended otherwise",
    ),
    bad("waits for ever", checks.ends_or_goes_on, alone(failed(), FOREVER), UNDISTURBED, "hangs", "the launcher hangs"),
    unseen(
        "waits, perhaps not for ever",
        checks.ends_or_goes_on,
        alone(failed(), missed("launcher ends", sure=False)),
        UNDISTURBED,
        says="may still",
    ),
    unseen(
        "another way",
        checks.ends_or_goes_on,
        alone(NotReached(FORK), ended("launcher", 7)),
        UNDISTURBED,
        says="did not come by",
    ),
    unseen("nothing was made to fail", checks.ends_or_goes_on, UNDISTURBED, UNDISTURBED, says="no call"),
    unseen("cannot be traced", checks.ends_or_goes_on, supervised(untraced()), UNDISTURBED, says="ptrace"),
    good("nothing is left", checks.nothing_left, alone(*REFUSED), UNDISTURBED),
    good("does not end, which is another's", checks.nothing_left, alone(failed(), FOREVER), UNDISTURBED),
    good(
        "an allocator gave up",
        checks.nothing_left,
        supervised(failed(MAP), ended("launcher", signal=6), ended("command", 7)),
        UNDISTURBED,
    ),
    good(
        "it leaves the command in any case",
        checks.nothing_left,
        supervised(*GONE_EARLY),
        supervised(ended("launcher", 0), ended("command", 7)),
    ),
    bad(
        "the command is left",
        checks.nothing_left,
        supervised(*GONE_EARLY),
        UNDISTURBED,
        "command-outlives",
        "keeps running",
    ),
    bad("a helper is left", checks.nothing_left, alone(*REFUSED, left=True), UNDISTURBED, "process-outlives", "helper"),
    bad(
        "a file is left",
        checks.nothing_left,
        alone(*REFUSED, TempFilesLeft(("state",))),
        UNDISTURBED,
        "file-left",
        "state",
    ),
    good("says why", checks.says_what_failed, alone(*REFUSED, *SAID), UNDISTURBED),
    good("says the name of the error", checks.says_what_failed, alone(*REFUSED, *says(b"spawn EAGAIN")), UNDISTURBED),
    good("says its number", checks.says_what_failed, alone(*REFUSED, *says(b"(os error 11)")), UNDISTURBED),
    good("it is the loader's", checks.says_what_failed, alone(failed(MAP), ended("launcher", 1)), UNDISTURBED),
    good("the command runs", checks.says_what_failed, goes_on(), UNDISTURBED),
    bad(
        "says nothing",
        checks.says_what_failed,
        alone(*REFUSED),
        UNDISTURBED,
        "failure-not-named call=clone error=EAGAIN",
        "it printed nothing",
    ),
    bad(
        "says not why",
        checks.says_what_failed,
        alone(*REFUSED, *says(b"unable to fork 110")),
        UNDISTURBED,
        "failure-not-named call=clone error=EAGAIN",
        "why clone failed (EAGAIN)",
    ),
    bad(
        "ends as a command may",
        checks.says_what_failed,
        alone(failed(), NOT_STARTED, ended("launcher", 1), *SAID),
        UNDISTURBED,
        "failure-status call=clone end=1",
        "125, 126 or 127",
    ),
    good("all is as usual", checks.state_is_kept, goes_on(*SIGNALLED), UNDISTURBED),
    good("nothing is run", checks.state_is_kept, alone(*REFUSED), UNDISTURBED),
    good(
        "another state, and it says so",
        checks.state_is_kept,
        supervised(failed(), *says(b"warning"), *SIGNALLED, *over(7), inherited=settings(blocked=(15,))),
        UNDISTURBED,
    ),
    bad(
        "still blocked",
        checks.state_is_kept,
        supervised(failed(), *SIGNALLED, *over(7), inherited=settings(blocked=(15,))),
        UNDISTURBED,
        "state-after-failure what=blocked signals call=clone",
        "blocked signals of the command: none",
    ),
    good(
        "one leaked descriptor less",
        checks.state_is_kept,
        goes_on(*SIGNALLED),
        supervised(*SIGNALLED, *over(7), inherited=settings(fds=(*STDIO, Descriptor(3, 1, 1)))),
    ),
    bad(
        "a descriptor more",
        checks.state_is_kept,
        supervised(failed(), *SIGNALLED, *over(7), inherited=settings(fds=(*STDIO, Descriptor(3, 1, 1)))),
        UNDISTURBED,
        "state-after-failure what=descriptor 3 call=clone",
        "it is open",
    ),
    bad(
        "without stderr",
        checks.state_is_kept,
        supervised(failed(), *SIGNALLED, *over(7), inherited=settings(fds=STDIO[:2])),
        UNDISTURBED,
        "state-after-failure what=descriptor 2 call=clone",
        "it is closed",
    ),
    bad(
        "a variable less",
        checks.state_is_kept,
        supervised(failed(), *SIGNALLED, *over(7), inherited=settings(environ=(b"A=1", b"PATH=/bin"))),
        UNDISTURBED,
        "state-after-failure what=variable EMPTY call=clone",
        "it is not set",
    ),
    bad(
        "in a group of its own",
        checks.state_is_kept,
        supervised(failed(), *SIGNALLED, *over(7), inherited=settings(pgid=11)),
        UNDISTURBED,
        "state-after-failure what=process group call=clone",
        "process group",
    ),
    bad(
        "forwards nothing",
        checks.state_is_kept,
        goes_on(sent(TERM)),
        UNDISTURBED,
        "signal-after-failure signal=SIGTERM call=clone",
        "does not receive it",
    ),
    good(
        "the signal came too late",
        checks.state_is_kept,
        supervised(failed(), ended("command", 7), ended("launcher", 7), sent(TERM)),
        UNDISTURBED,
    ),
    good("waits again", checks.interruption_changes_nothing, goes_on(*SIGNALLED, directive=WAIT), UNDISTURBED),
    bad(
        "ends when it is interrupted",
        checks.interruption_changes_nothing,
        supervised(failed(WAIT), ended("launcher", 1), ended("command", 7)),
        UNDISTURBED,
        "wrong-status status=7 end=1",
        "status 7",
    ),
    bad(
        "waits for ever after an interruption",
        checks.interruption_changes_nothing,
        alone(failed(WAIT), FOREVER),
        UNDISTURBED,
        "hangs",
        "the launcher hangs",
    ),
    bad(
        "half an argument",
        checks.interruption_changes_nothing,
        supervised(failed(WRITE), *SIGNALLED, *over(7), inherited=settings(args=(b"a",))),
        UNDISTURBED,
        "state-after-failure what=arguments call=write",
        "arguments of the command: 2",
    ),
    bad(
        "a signal is lost",
        checks.interruption_changes_nothing,
        goes_on(sent(TERM), directive=WAIT),
        UNDISTURBED,
        "signal-after-failure signal=SIGTERM call=wait4",
        "does not receive it",
    ),
)


@pytest.mark.parametrize("example", EXAMPLES, ids=titles(EXAMPLES))
def test_verdict(example: Example) -> None:
    verify(example)


def test_outcomes_are_told_apart() -> None:
    assert checks.outcome(goes_on(*SIGNALLED), UNDISTURBED) == "goes on"
    assert checks.outcome(alone(*REFUSED), UNDISTURBED) == "ended with exit code 125"
    assert checks.outcome(alone(failed(), FOREVER), UNDISTURBED) == "does not end"
