"""Chapter ENV: its checks on literal histories."""

from __future__ import annotations

import signal

import msgspec
import pytest

from proctor.conformance.checks import environments as checks
from proctor.conformance.checks.files import LATER, NEXT, PRUNED, RUNNING
from proctor.harness.history import DirectiveApplied, Ended, History, NotReached, Sent
from proctor.harness.schedule import CallLauncher, Deliver, Directive, HoldTask, Point
from tests.unit.first_run_histories import EXAMPLES as FIRST_RUNS
from tests.unit.histories import (
    COMMAND,
    LAUNCHER,
    Example,
    answered,
    bad,
    beside,
    called,
    changed,
    ended,
    good,
    greeted,
    history,
    looked,
    looks,
    missed,
    not_started,
    over,
    replaced,
    sent,
    settings,
    started,
    supervised,
    there,
    titles,
    too_many,
    traced,
    unseen,
    untraced,
    used,
    verify,
)

TERM, KILL = signal.SIGTERM, signal.SIGKILL
HERE = there("HOME/.cache/x/run-1", kind="directory")
INSIDE = there("HOME/.cache/x/run-1/pyvenv.cfg")
MAKES = changed(RUNNING, HERE, INSIDE)
GONE = changed(LATER)
STILL = changed(LATER, HERE, INSIDE)
ANEW = there("HOME/.cache/x/one/pyvenv.cfg", "changed")
AT = Point("launcher", "mkdir")
UNSENT = NotReached(Directive(AT, Deliver(TERM)))
UNCALLED = NotReached(Directive(AT, CallLauncher("run")))
HELD, LET_GO = (DirectiveApplied(Directive(AT, HoldTask("beside")), how) for how in ("held", "let go"))
UNHELD = NotReached(Directive(AT, HoldTask("child1")))
STEPPED_IN = too_many()
NO_COMMAND = history(started(), missed("command starts"), looked("end"))
NEVER_STARTED = history(started(), not_started(), looked("end"))
ALONE = replaced(*over())
OTHER_RUNS = started("other", 30), greeted(settings(pid=31), "other-command")
KILLED = sent(KILL), ended("launcher", signal=KILL), sent(KILL, "command"), ended("command", signal=KILL)
NEXT_FAILS = started("next", 30), ended("next", 1), missed("next-command starts")
NEXT_WAITS = started("next", 30), missed("next-command starts")
MANY = tuple(there(f"HOME/.cache/x/{n:03}", "removed") for n in range(3))


def cut(*facts: msgspec.Struct) -> History:
    """Return a history in which the launcher ended before it started its command: interrupted."""
    return history(started(), sent(TERM), ended("launcher", signal=TERM), *facts, looked("end"))  # type: ignore[arg-type]


# -- ENV-1, ENV-2

WHILE_IT_RUNS: tuple[Example, ...] = (
    good("gone", checks.gone_after_the_end, supervised(MAKES, *over(), GONE)),
    good(
        "what is declared to stay, and what is no making",
        checks.gone_after_the_end,
        supervised(
            MAKES, *over(), changed(LATER, there("HOME/.cache/x/log", kept=True), there("HOME/.cache/x/db", "changed"))
        ),
    ),
    good(
        "what is elsewhere is ENV-6's matter",
        checks.gone_after_the_end,
        supervised(MAKES, *over(), changed(LATER, there("HOME/x", own=False))),
    ),
    good(
        "not looked at while it ran",
        checks.gone_after_the_end,
        supervised(*over(), GONE),
    ),
    bad(
        "still there",
        checks.gone_after_the_end,
        supervised(MAKES, *over(), STILL),
        ALONE,
        "environment-left",
        "still there: HOME/.cache/x/run-1",
    ),
    bad(
        "in TMPDIR, which no target declares",
        checks.gone_after_the_end,
        supervised(
            changed(RUNNING, there("TMPDIR/e", own=False)), *over(), changed(LATER, there("TMPDIR/e", own=False))
        ),
        ALONE,
        "environment-left",
        "still there: TMPDIR/e",
    ),
    bad(
        "only a lock",
        checks.gone_after_the_end,
        supervised(MAKES, *over(), changed(LATER, there("HOME/.cache/x/lock"))),
        ALONE,
        "environment-left",
        "x/lock",
    ),
    bad(
        "more than can be shown",
        checks.gone_after_the_end,
        supervised(MAKES, *over(), changed(LATER, *(there(f"TMPDIR/{n}") for n in range(7)))),
        ALONE,
        "environment-left",
        "TMPDIR/4 and 2 more",
    ),
    bad(
        "the launcher is the command",
        checks.gone_after_the_end,
        replaced(MAKES, *over(), STILL),
        ALONE,
        "environment-left",
        "run-1",
    ),
    unseen(
        "the command runs on in it: ENV-2 wants it there",
        checks.gone_after_the_end,
        supervised(MAKES, sent(TERM), ended("launcher", signal=TERM), STILL),
        says="may need",
    ),
    unseen(
        "the command ended only afterwards",
        checks.gone_after_the_end,
        supervised(MAKES, ended("launcher", signal=TERM), STILL, ended("command")),
        says="may need",
    ),
    unseen(
        "the launcher stays",
        checks.gone_after_the_end,
        supervised(MAKES, ended("command"), missed(), STILL),
        says="did not end",
    ),
    unseen("not compared", checks.gone_after_the_end, supervised(MAKES, *over()), says="not compared (later)"),
    unseen("never starts the command", checks.gone_after_the_end, NO_COMMAND, says="did not start its command"),
    unseen("cannot be started", checks.gone_after_the_end, NEVER_STARTED, says="errno 8"),
    beside(
        "runs from the cache",
        checks.gone_after_the_end,
        supervised(changed(RUNNING), *over(), GONE),
        says="no temporary environment",
    ),
    beside(
        "makes only what is declared to stay",
        checks.gone_after_the_end,
        supervised(changed(RUNNING, there("HOME/l", kept=True), there("HOME/d", "changed")), *over(), STILL),
        says="no temporary environment",
    ),
    good("whole", checks.whole_while_it_runs, supervised(MAKES, *looks(), *over())),
    good(
        "whole, though the launcher never ends",
        checks.whole_while_it_runs,
        supervised(MAKES, *looks(), ended("command"), missed()),
    ),
    good(
        "another finds damage",
        checks.whole_while_it_runs,
        supervised(MAKES, *looks(), answered(process="other-command", count=3), *over()),
    ),
    bad(
        "files are gone",
        checks.whole_while_it_runs,
        supervised(MAKES, answered(count=3, text="/x/late.py"), *over()),
        ALONE,
        "files-missing process=command",
        "3 of its files are gone",
    ),
    bad(
        "a late import fails",
        checks.whole_while_it_runs,
        supervised(MAKES, answered(), answered("import", error=2, text="No module"), *over()),
        ALONE,
        "import-failed process=command",
        "the import failed: No module",
    ),
    bad(
        "only the second look shows it",
        checks.whole_while_it_runs,
        supervised(MAKES, *looks(), sent(TERM), answered(count=1, text="a"), *over()),
        ALONE,
        "files-missing process=command",
        "1 of its files",
    ),
    unseen(
        "the command is taken away before it looks",
        checks.whole_while_it_runs,
        supervised(MAKES, sent(TERM), *over(signal=9), missed("command takes whole")),
        says="takes the order",
    ),
    unseen(
        "and before it looks again",
        checks.whole_while_it_runs,
        supervised(MAKES, *looks(), *over(signal=9), missed("command does whole")),
        says="carries out the order 'whole'",
    ),
    unseen(
        "it never came to a look",
        checks.whole_while_it_runs,
        supervised(MAKES, missed("other-command starts")),
        says="did not look",
    ),
    unseen("no command to look", checks.whole_while_it_runs, NO_COMMAND, says="did not start"),
    beside(
        "killed, and the command with it, which is the same",
        checks.whole_while_it_runs,
        replaced(MAKES, sent(KILL), ended("launcher", signal=KILL), missed("command takes whole")),
        says="does not outlive it",
    ),
    bad(
        "whoever killed it, it had seen damage",
        checks.whole_while_it_runs,
        replaced(MAKES, answered(count=1, text="h"), sent(KILL), ended("launcher", signal=KILL)),
        ALONE,
        "files-missing process=command",
        "1 of its files",
    ),
    beside(
        "nothing temporary",
        checks.whole_while_it_runs,
        supervised(changed(RUNNING), answered(count=3), *over()),
        says="no temporary environment",
    ),
)

# -- ENV-3, ENV-4

INTERRUPTED: tuple[Example, ...] = (
    good("nothing left", checks.interrupted_creation, cut(GONE, *used("next"))),
    good("reaches the command", checks.interrupted_creation, supervised(sent(TERM), *over(143), GONE, *used("next"))),
    good("an order not needed", checks.interrupted_creation, cut(GONE, *used("next"), UNHELD)),
    bad(
        "a directory",
        checks.interrupted_creation,
        cut(STILL, *used("next")),
        ALONE,
        "partial-environment-left",
        "still there: HOME/.cache/x/run-1",
    ),
    bad(
        "a temporary file",
        checks.interrupted_creation,
        cut(changed(LATER, there("TMPDIR/a", own=False)), *used("next")),
        ALONE,
        "partial-environment-left",
        "TMPDIR/a",
    ),
    bad(
        "a lock that the next run waits for",
        checks.interrupted_creation,
        cut(GONE, *NEXT_WAITS),
        ALONE,
        "call-failed call=next wait=ready process=next-command",
        "timed out: next-command starts: all processes were idle; left: launcher (pid 10) S",
    ),
    bad(
        "the next run gives up",
        checks.interrupted_creation,
        cut(GONE, *NEXT_FAILS),
        ALONE,
        "call-failed call=next wait=ready process=next-command",
        "timed out: next-command starts: it ended with exit code 1; all processes were idle; left: launcher (pid 10) S",
    ),
    bad(
        "the next run takes for ever",
        checks.interrupted_creation,
        cut(GONE, started("next"), missed("next-command starts", sure=False)),
        ALONE,
        "call-failed call=next wait=ready process=next-command",
        "not within 5.0 s",
    ),
    bad(
        "the next run ends otherwise",
        checks.interrupted_creation,
        cut(GONE, *used("next", 1)),
        ALONE,
        "call-status call=next status=0 end=1",
        "exit code 1",
    ),
    bad(
        "the next run's environment is not whole",
        checks.interrupted_creation,
        cut(GONE, *used("next"), answered(process="next-command", count=2, text="b")),
        ALONE,
        "files-missing process=next-command",
        "2 of its files",
    ),
    unseen(
        "the command runs on in it, an orphan",
        checks.interrupted_creation,
        history(started(), sent(TERM), ended("launcher", signal=TERM), greeted(), STILL, looked("end")),
        says="may need",
    ),
    unseen("hangs", checks.interrupted_creation, history(started(), sent(TERM), missed(), STILL), says="SIG-6"),
    unseen("not sent", checks.interrupted_creation, cut(UNSENT, STILL), says="did not come by"),
    unseen("not traced", checks.interrupted_creation, history(started(), untraced(), STILL), says="ptrace"),
    unseen("the harness stepped in", checks.interrupted_creation, cut(STEPPED_IN, STILL), says="more than 400"),
    unseen("directories not compared", checks.interrupted_creation, cut(), says="not compared"),
    unseen("the next run was not played", checks.interrupted_creation, cut(GONE), says="next call"),
    unseen(
        "how the next one ended nobody told",
        checks.interrupted_creation,
        cut(GONE, *used("next")[:-2], Ended("next", 30)),
        says="not known",
    ),
    unseen(
        "the next launcher traces its command",
        checks.interrupted_creation,
        cut(GONE, started("next"), missed("next-command starts", hidden=traced("it"))),
        says="it is traced",
    ),
    *FIRST_RUNS,
    good("the next run collects it", checks.killed, supervised(*KILLED, STILL, *used("next"), changed(NEXT)), ALONE),
    good(
        "prune collects it",
        checks.killed,
        supervised(*KILLED, STILL, *used("next"), changed(NEXT, HERE), *called("prune"), changed(PRUNED)),
        ALONE,
    ),
    good(
        "nothing was left, and what the next run keeps is its own",
        checks.killed,
        supervised(*KILLED, GONE, *used("next"), changed(NEXT, HERE)),
        ALONE,
    ),
    good(
        "prune collects it and leaves a note",
        checks.killed,
        supervised(
            *KILLED,
            STILL,
            *used("next"),
            changed(NEXT, HERE),
            *called("prune"),
            changed(PRUNED, there("HOME/.cache/x/pruned-at")),
        ),
        ALONE,
    ),
    bad(
        "it stays",
        checks.killed,
        supervised(*KILLED, STILL, *used("next"), changed(NEXT, HERE, INSIDE)),
        ALONE,
        "remains-of-kill",
        "still there: HOME/.cache/x/run-1",
    ),
    bad(
        "it stays, after prune too",
        checks.killed,
        supervised(*KILLED, STILL, *used("next"), changed(NEXT, HERE), *called("prune"), changed(PRUNED, HERE)),
        ALONE,
        "remains-of-kill",
        "run-1",
    ),
    bad(
        "it is in the way",
        checks.killed,
        supervised(*KILLED, STILL, *NEXT_FAILS),
        ALONE,
        "call-failed call=next wait=ready process=next-command",
        "exit code 1",
    ),
    unseen("never compared", checks.killed, supervised(*KILLED, *used("next")), says="not compared"),
    unseen(
        "what was left was not looked for",
        checks.killed,
        supervised(*KILLED, *used("next"), changed(NEXT, HERE)),
        says="(later)",
    ),
    unseen("no next run", checks.killed, supervised(*KILLED, STILL), says="next call"),
    good(
        "each run leaves its environment under one name, and the next makes it anew: ENV-1's matter",
        checks.killed,
        supervised(*KILLED, changed(LATER, ANEW), *used("next"), changed(NEXT, ANEW)),
        supervised(*over(), changed(LATER, ANEW), *used("next"), changed(NEXT, ANEW)),
    ),
    bad(
        "beside what each run leaves there is what SIGKILL left",
        checks.killed,
        supervised(*KILLED, changed(LATER, ANEW, HERE), *used("next"), changed(NEXT, ANEW, HERE)),
        supervised(*over(), changed(LATER, ANEW), *used("next"), changed(NEXT, ANEW)),
        "remains-of-kill",
        "still there: HOME/.cache/x/run-1",
    ),
    *(
        unseen(
            "nothing but held",
            check,
            supervised(HELD, LET_GO, *over(7), sent(KILL, "command", errno=3), STILL, *NEXT_FAILS, changed(NEXT, HERE)),
            says="no signal was sent to the launcher",
        )
        for check in (checks.interrupted_creation, checks.killed_first_creation, checks.killed)
    ),
    unseen(
        "sent when it had ended",
        checks.killed,
        supervised(*over(7), sent(KILL, errno=3), STILL, *used("next"), changed(NEXT, HERE)),
        says="no signal was sent to the launcher",
    ),
    unseen("not killed there", checks.killed, supervised(UNSENT, *over(), STILL), says="did not come by"),
)

# -- ENV-5, ENV-6

OTHERS: tuple[Example, ...] = (
    good("the other ends", checks.side_by_side, supervised(MAKES, *used("next"), *looks(), *over())),
    good("the first one ends", checks.side_by_side, supervised(MAKES, *OTHER_RUNS, *over(), *looks("other-command"))),
    good(
        "the other is killed by us",
        checks.side_by_side,
        supervised(MAKES, *OTHER_RUNS, Sent(KILL, "other", 30), ended("other", signal=KILL), *used("next"), *looks()),
    ),
    bad(
        "what ends takes the other's along",
        checks.side_by_side,
        supervised(MAKES, *used("next"), answered(count=9, text="c"), *over()),
        ALONE,
        "files-missing process=command",
        "9 of its files",
    ),
    bad(
        "the other is hurt",
        checks.side_by_side,
        supervised(MAKES, *OTHER_RUNS, *over(), answered("import", "other-command", error=2, text="No module")),
        ALONE,
        "import-failed process=other-command",
        "No module",
    ),
    bad(
        "the next is hurt",
        checks.side_by_side,
        supervised(MAKES, *used("next")[:2], answered(process="next-command", count=1, text="d"), *over()),
        ALONE,
        "files-missing process=next-command",
        "1 of its files",
    ),
    bad(
        "the next breaks",
        checks.side_by_side,
        supervised(MAKES, *NEXT_FAILS),
        ALONE,
        "call-failed call=next wait=ready process=next-command",
        "exit code 1",
    ),
    bad(
        "the other ends otherwise",
        checks.side_by_side,
        supervised(MAKES, *OTHER_RUNS, *over(), ended("other", 1)),
        ALONE,
        "call-status call=other status=0 end=1",
        "it ended with exit code 1",
    ),
    unseen(
        "the next waits for the first", checks.side_by_side, supervised(MAKES, *NEXT_WAITS), says="next-command starts"
    ),
    unseen("no first run", checks.side_by_side, NO_COMMAND, says="did not start"),
    beside(
        "both run from the cache",
        checks.side_by_side,
        supervised(changed(RUNNING), answered(count=1), *over()),
        says="no temporary environment",
    ),
    good("begins beside it", checks.start_beside_a_run, supervised(*looks(), *over(7), *used("beside"))),
    bad(
        "hurts the first",
        checks.start_beside_a_run,
        supervised(answered(count=1, text="e"), *over(7), *used("beside")),
        ALONE,
        "files-missing process=command",
        "1 of its files",
    ),
    bad(
        "breaks the first before it has a command",
        checks.start_beside_a_run,
        history(started(), ended("launcher", 1), missed("command starts"), *used("beside"), looked("end")),
        ALONE,
        "run-disturbed end=1",
        "it ended with exit code 1",
    ),
    bad(
        "the first ends otherwise",
        checks.start_beside_a_run,
        supervised(*over(1), *used("beside")),
        ALONE,
        "run-disturbed end=1",
        "with its status, 7",
    ),
    bad(
        "is hurt itself",
        checks.start_beside_a_run,
        supervised(*over(7), *used("beside"), answered("import", "beside-command", error=2, text="gone")),
        ALONE,
        "import-failed process=beside-command",
        "the import failed: gone",
    ),
    bad(
        "cannot be started beside it",
        checks.start_beside_a_run,
        supervised(*over(7), *called("beside", 1), missed("beside-command starts")),
        ALONE,
        "call-failed call=beside wait=ready process=beside-command",
        "beside-command starts",
    ),
    unseen(
        "the first waits for it",
        checks.start_beside_a_run,
        history(started(), missed("command starts"), *used("beside"), looked("end")),
        says="did not end",
    ),
    unseen(
        "how the first ended nobody told",
        checks.start_beside_a_run,
        supervised(ended("command", 7), Ended("launcher", LAUNCHER), *used("beside")),
        says="not known",
    ),
    unseen("it was not called", checks.start_beside_a_run, supervised(UNCALLED, *over(7)), says="did not come by"),
    unseen(
        "nothing but held, so nobody waits for a command of it",
        checks.start_beside_a_run,
        supervised(HELD, LET_GO, *over(7), missed("beside-command starts")),
        says="no other call made beside it",
    ),
    good("only its own", checks.only_its_own, supervised(*over(), changed(LATER, HERE, there("HOME/d", "removed")))),
    good(
        "at the last look",
        checks.only_its_own,
        supervised(changed(RUNNING, there("WORK/a", own=False)), *over(), changed(LATER)),
    ),
    good(
        "what SIGKILL leaves in TMPDIR is ENV-4's matter",
        checks.only_its_own,
        supervised(*KILLED, changed(LATER, there("TMPDIR/a", own=False))),
    ),
    good(
        "the link that the command makes",
        checks.only_its_own,
        supervised(*over(), changed(LATER, there("HOME/.local/proctor-link", own=False, kind="link"))),
    ),
    bad(
        "creates",
        checks.only_its_own,
        supervised(*over(), changed(LATER, HERE, there("HOME/log", own=False))),
        ALONE,
        "touched-outside",
        "created: HOME/log",
    ),
    bad(
        "removes what a link leads to",
        checks.only_its_own,
        supervised(*over(), changed(LATER, there("WORK/bystander/file", "removed", own=False))),
        ALONE,
        "touched-outside",
        "removed: WORK/bystander/file",
    ),
    bad(
        "does all of it",
        checks.only_its_own,
        supervised(
            changed(
                LATER,
                there("WORK/a", own=False),
                there("WORK/b", "changed", own=False),
                there("WORK/c", "removed", own=False),
            )
        ),
        ALONE,
        "touched-outside",
        "created: WORK/a; changed: WORK/b; removed: WORK/c",
    ),
    bad(
        "removes from TMPDIR what it has not made",
        checks.only_its_own,
        supervised(changed(LATER, there("TMPDIR/a", "removed", own=False))),
        ALONE,
        "touched-outside",
        "removed: TMPDIR/a",
    ),
    bad(
        "seen though not all are told",
        checks.only_its_own,
        supervised(changed(LATER, there("HOME/a", own=False), count=9)),
        ALONE,
        "touched-outside",
        "HOME/a",
    ),
    unseen("not all are told", checks.only_its_own, supervised(changed(LATER, *MANY, count=9)), says="only 3 are told"),
    unseen("no look", checks.only_its_own, supervised(*over()), says="not compared"),
)

EXAMPLES = (*WHILE_IT_RUNS, *INTERRUPTED, *OTHERS)


@pytest.mark.parametrize("example", EXAMPLES, ids=titles(EXAMPLES))
def test_environments(example: Example) -> None:
    verify(example)


def test_pid_of_the_command_is_as_assumed_here() -> None:
    assert over()[0].pid == COMMAND
