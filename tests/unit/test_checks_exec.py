"""Chapter EXEC: its checks on literal histories."""

from __future__ import annotations

import signal
from os import CLD_EXITED

import msgspec
import pytest

from proctor.conformance.checks import exec as checks
from proctor.conformance.checks.files import LATER, RUNNING
from proctor.harness.history import Descriptor, Executed, History, Process
from tests.unit.histories import (
    COMMAND,
    INHERITED,
    LAUNCHER,
    LEADER,
    STDIO,
    Example,
    answered,
    bad,
    beside,
    changed,
    good,
    greeted,
    history,
    looked,
    looks,
    missed,
    not_started,
    notified,
    over,
    process,
    received,
    replaced,
    sent,
    settings,
    started,
    supervised,
    there,
    titles,
    unseen,
    verify,
)

TERM, CHLD = signal.SIGTERM, signal.SIGCHLD
MAKES = changed(RUNNING, there("HOME/.cache/x/run-1", kind="directory"))
GONE, STILL = changed(LATER), changed(LATER, there("HOME/.cache/x/run-1", kind="directory"))
NO_COMMAND = history(started(), missed("command starts"), looked("end"))
NEVER_STARTED = history(started(), not_started(), looked("end"))
ALONE = replaced(*over())
IS_MAIN = process("launcher")
CHILD = process("", pid=20, ppid=LAUNCHER, name="janitor")
LEASE = settings(fds=(*STDIO, Descriptor(7, 20, 77)))


def at_rest(*processes: Process, first: bool = False, last: bool = False) -> History:
    """Return the history of a command that has the launcher's pid, with these processes at one of the looks."""
    there, nobody = (IS_MAIN, *processes), (IS_MAIN,)
    mine = msgspec.structs.replace(INHERITED, pid=LAUNCHER, ppid=LEADER)
    return history(
        started(),
        greeted(mine),
        looked("start", *(there if first else nobody)),
        looked("step", *(nobody if first or last else there)),
        *over(),
        looked("end", *(processes if last else ())),
    )


EXAMPLES: tuple[Example, ...] = (
    # EXEC-1
    good("the same", checks.has_the_callers_pid, replaced(*over())),
    good("whatever becomes of it", checks.has_the_callers_pid, replaced(missed())),
    good(
        "another's is none of its matter",
        checks.has_the_callers_pid,
        history(started("next", 30), started(), greeted(settings(pid=31), "next-command"), greeted(settings(pid=10))),
    ),
    bad("another", checks.has_the_callers_pid, supervised(*over()), ALONE, "other-pid", "it has 11"),
    unseen("no command", checks.has_the_callers_pid, NO_COMMAND, says="did not start its command"),
    unseen("no launcher", checks.has_the_callers_pid, NEVER_STARTED, says="did not start its command"),
    unseen("nobody knows the launcher", checks.has_the_callers_pid, history(greeted()), says="is not known"),
    good("accepted", checks.is_accepted_as_main, replaced(notified(), *over())),
    good(
        "a helper says something else",
        checks.is_accepted_as_main,
        replaced(notified(20, "STATUS=READY=1 soon"), notified(), *over()),
    ),
    bad(
        "from another",
        checks.is_accepted_as_main,
        supervised(notified(COMMAND), *over()),
        ALONE,
        "notified-by-other",
        "it comes from 11",
    ),
    bad(
        "one of two",
        checks.is_accepted_as_main,
        replaced(notified(), notified(20, "STATUS=up\nREADY=1"), *over()),
        ALONE,
        "notified-by-other",
        "it comes from 20",
    ),
    unseen("no message", checks.is_accepted_as_main, replaced(*over()), says="no message"),
    unseen(
        "no such message", checks.is_accepted_as_main, replaced(notified(20, "STOPPING=1"), *over()), says="no mess"
    ),
    unseen("cut short", checks.is_accepted_as_main, replaced(notified(COMMAND), missed()), says="launcher ends"),
    unseen("nobody to speak", checks.is_accepted_as_main, NO_COMMAND, says="did not start its command"),
    # EXEC-2
    good("gone", checks.replaced_and_gone, replaced(MAKES, *over(), GONE)),
    bad(
        "still there",
        checks.replaced_and_gone,
        replaced(MAKES, *over(), STILL),
        ALONE,
        "environment-left",
        "HOME/.cache/x/run-1",
    ),
    bad("not replaced", checks.replaced_and_gone, supervised(MAKES, *over(), GONE), ALONE, "other-pid", "it has 11"),
    unseen("the command stays", checks.replaced_and_gone, replaced(MAKES, missed(), STILL), says="did not end"),
    unseen("nothing started", checks.replaced_and_gone, NO_COMMAND, says="did not start its command"),
    beside("nothing made", checks.replaced_and_gone, replaced(changed(RUNNING), *over(), GONE), says="no temporary"),
    good("whole", checks.replaced_and_whole, replaced(MAKES, *looks(), sent(TERM), *looks(), *over())),
    bad(
        "taken by the janitor too early",
        checks.replaced_and_whole,
        replaced(MAKES, *looks(), sent(TERM), answered(count=7, text="g"), *over()),
        ALONE,
        "files-missing process=command",
        "7 of its files",
    ),
    bad(
        "not replaced, if whole",
        checks.replaced_and_whole,
        supervised(MAKES, *looks(), *over()),
        ALONE,
        "other-pid",
        "it has 11",
    ),
    unseen(
        "it looks once and not again",
        checks.replaced_and_whole,
        replaced(MAKES, *looks(), sent(TERM), *over(signal=TERM), missed("command takes whole")),
        says="takes the order",
    ),
    beside("from the cache", checks.replaced_and_whole, replaced(changed(RUNNING), *looks()), says="no temporary"),
    # EXEC-3
    good("nothing", checks.nothing_visible, at_rest()),
    good("others have children", checks.nothing_visible, at_rest(process("", pid=21, ppid=20))),
    good("what it leaves itself", checks.nothing_visible, at_rest(CHILD, last=True)),
    good("a janitor elsewhere", checks.nothing_visible, at_rest(msgspec.structs.replace(CHILD, ppid=1))),
    good(
        "blocked as at the start",
        checks.nothing_visible,
        replaced(inherited=settings(blocked=(TERM,))),
        replaced(inherited=settings(blocked=(TERM,))),
    ),
    bad(
        "its signal settings changed by a shim",
        checks.nothing_visible,
        replaced(
            Executed("launcher", LAUNCHER, (b"env", b"python3", b"app")),
            Executed("launcher", LAUNCHER, (b"bash", b"/shims/python3")),
            Executed("child1", 99, (b"elsewhere",)),
            Executed("launcher", LAUNCHER, (b"/usr/bin/python3", b"app")),
            inherited=settings(blocked=()),
        ),
        replaced(inherited=settings(blocked=(TERM,))),
        "signals-not-blocked signals=SIGTERM",
        "not blocked in the command; the same process executed before: 'env python3 app'; 'bash /shims/python3'",
    ),
    bad("a child", checks.nothing_visible, at_rest(CHILD), ALONE, "foreign-child", "'janitor' (pid 20, state S)"),
    bad(
        "a child at its start",
        checks.nothing_visible,
        at_rest(CHILD, first=True),
        ALONE,
        "foreign-child",
        "'janitor' (pid 20",
    ),
    bad(
        "a zombie",
        checks.nothing_visible,
        at_rest(msgspec.structs.replace(CHILD, state="Z")),
        ALONE,
        "foreign-child",
        "(pid 20, state Z)",
    ),
    bad(
        "a descriptor",
        checks.nothing_visible,
        replaced(*over(), inherited=LEASE),
        ALONE,
        "descriptors-leaked",
        "open: 7",
    ),
    bad(
        "a closed one",
        checks.nothing_visible,
        replaced(inherited=settings(fds=STDIO[1:])),
        ALONE,
        "descriptor-closed fd=0",
        "0 is open",
    ),
    bad(
        "TERM blocked",
        checks.nothing_visible,
        replaced(inherited=settings(blocked=(TERM,))),
        ALONE,
        "signals-blocked signals=SIGTERM",
        "SIGTERM not bl",
    ),
    bad(
        "PIPE ignored",
        checks.nothing_visible,
        replaced(inherited=settings(ignored=(13,))),
        ALONE,
        "signals-ignored signals=SIGPIPE",
        "SIGPIPE not ign",
    ),
    bad(
        "HUP not ignored any more",
        checks.nothing_visible,
        replaced(*over()),
        replaced(inherited=settings(ignored=(1,))),
        "signals-not-ignored signals=SIGHUP",
        "SIGHUP ignored, as at the start",
    ),
    good("others receive it", checks.nothing_visible, replaced(received(CHLD, 20, "other", CLD_EXITED), *over())),
    good(
        "one that comes without the launcher as well",
        checks.nothing_visible,
        replaced(received(CHLD, 20, code=CLD_EXITED), *over()),
        replaced(received(CHLD, 20, code=CLD_EXITED), *over()),
    ),
    bad(
        "a child that has come and gone",
        checks.nothing_visible,
        replaced(received(CHLD, 20, code=CLD_EXITED), *over()),
        ALONE,
        "foreign-child-ended",
        "it received one, for pid 20",
    ),
    unseen("no command to see it", checks.nothing_visible, NO_COMMAND, says="did not start its command"),
)


@pytest.mark.parametrize("example", EXAMPLES, ids=titles(EXAMPLES))
def test_exec(example: Example) -> None:
    verify(example)
