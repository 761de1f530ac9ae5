"""Chapter CACHE: its checks on literal histories."""

from __future__ import annotations

import signal

import pytest

from proctor.conformance.checks import cache as checks
from proctor.conformance.checks.files import LATER, PRUNED
from proctor.harness.history import DirectiveApplied, Ended, Fact, History, NotReached
from proctor.harness.schedule import CallLauncher, Deliver, Directive, HoldTask, Point
from tests.unit.histories import (
    LAUNCHER,
    Example,
    answered,
    bad,
    called,
    changed,
    ended,
    good,
    history,
    looked,
    looks,
    missed,
    not_started,
    over,
    printed,
    replaced,
    sent,
    staged,
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
    waited,
)

TERM, KILL = signal.SIGTERM, signal.SIGKILL
AT = Point("launcher", "unlinkat", 4)
UNSENT, UNCALLED = NotReached(Directive(AT, Deliver(TERM))), NotReached(Directive(AT, CallLauncher("run")))
NO_COMMAND = history(started(), missed("command starts"), looked("end"))
NEVER_STARTED = history(started(), not_started(), looked("end"))
ALONE = replaced(*over())
PRUNES, BESIDE = called("prune"), called("beside")
HELD, LET_GO = (DirectiveApplied(Directive(AT, HoldTask("launcher")), how) for how in ("held", "let go"))
HANGS = started("prune", 30), missed("prune ends")
HIDDEN = missed("prune ends", hidden=traced("prune"))
ENVIRONMENT = "HOME/.cache/x/tool"
BUSY = started("prune", 30), missed("prune ends", sure=False)


def after_a_run(*facts: Fact, cold: bool = False) -> History:
    """The command and the launcher have ended, and this comes."""
    return staged(supervised(*over(), *facts), "cold" if cold else "warm")


def pruning(*facts: Fact) -> History:
    """The launcher is called to prune, and this comes."""
    return history(started(), looked("start"), *facts, looked("end"))


PARTS = there("HOME/.cache/x/wheels", "removed", kind="directory"), there("HOME/.cache/x/wheels/a", "removed")
USUAL = after_a_run(changed(LATER), *PRUNES, changed(PRUNED, *PARTS))
"""A run that came to its end, and a prune after it."""


EXAMPLES: tuple[Example, ...] = (
    # CACHE-1
    good("nothing gone", checks.command_keeps_its_files, supervised(*PRUNES, *looks(), *over())),
    good("prune waits", checks.command_keeps_its_files, supervised(started("prune", 30), *looks(), *over())),
    good("and does so for ever", checks.command_keeps_its_files, supervised(*looks(), *HANGS)),
    bad(
        "files gone",
        checks.command_keeps_its_files,
        supervised(*PRUNES, answered(count=40, text="/c/late.py"), *over()),
        ALONE,
        "files-missing process=command",
        "40 of its files are gone or changed, such as /c/late.py",
    ),
    bad(
        "a late import fails",
        checks.command_keeps_its_files,
        supervised(*PRUNES, answered(), answered("import", error=2, text="No module named late"), *over()),
        ALONE,
        "import-failed process=command",
        "No module named late",
    ),
    unseen("no command", checks.command_keeps_its_files, NO_COMMAND, says="did not start its command"),
    unseen("no launcher", checks.command_keeps_its_files, NEVER_STARTED, says="errno 8"),
    unseen(
        "the command did not look",
        checks.command_keeps_its_files,
        supervised(*PRUNES, *over(signal=9), missed("command takes whole")),
        says="takes the order",
    ),
    unseen("it was not asked to", checks.command_keeps_its_files, supervised(*PRUNES, *over()), says="did not look"),
    good("beside a start", checks.start_beside_a_prune, supervised(*BESIDE, *looks(), *over(7))),
    bad(
        "takes a file",
        checks.start_beside_a_prune,
        supervised(*BESIDE, answered(count=1, text="f"), *over(7)),
        ALONE,
        "files-missing process=command",
        "1 of",
    ),
    bad(
        "takes what was to be started",
        checks.start_beside_a_prune,
        history(started(), *BESIDE, ended("launcher", 127), missed("command starts")),
        ALONE,
        "run-disturbed end=127",
        "it ended with exit code 127",
    ),
    bad(
        "ends otherwise",
        checks.start_beside_a_prune,
        supervised(*BESIDE, *looks(), *over(1)),
        ALONE,
        "run-disturbed end=1",
        "with its status, 7",
    ),
    bad(
        "with 7, but without its command",
        checks.start_beside_a_prune,
        history(started(), *BESIDE, ended("launcher", 7), missed("command starts")),
        ALONE,
        "run-disturbed end=7",
        "starts its command",
    ),
    bad(
        "hangs",
        checks.start_beside_a_prune,
        history(started(), *BESIDE, missed("command starts")),
        ALONE,
        "run-disturbed",
        "all processes were idle",
    ),
    unseen("no prune there", checks.start_beside_a_prune, supervised(UNCALLED, *over(1)), says="did not come by"),
    unseen("not traced", checks.start_beside_a_prune, supervised(untraced(), *over(1)), says="ptrace"),
    unseen("stepped in", checks.start_beside_a_prune, supervised(too_many(), *over(1)), says="limit"),
    unseen("no end, and no word of it", checks.start_beside_a_prune, supervised(*BESIDE, *looks()), says="did not end"),
    unseen(
        "the launcher traces its command",
        checks.start_beside_a_prune,
        supervised(*BESIDE, missed(hidden=traced("command"))),
        says="cannot be observed",
    ),
    unseen(
        "how it ended nobody told",
        checks.start_beside_a_prune,
        supervised(*BESIDE, *looks(), ended("command", 7), Ended("launcher", LAUNCHER)),
        says="not known",
    ),
    unseen(
        "nothing but held",
        checks.start_beside_a_prune,
        supervised(HELD, LET_GO, *over(1)),
        says="no other call made beside it",
    ),
    # CACHE-2
    good("ends", checks.prune_does_not_wait, supervised(*PRUNES, waited("prune ends"), *over())),
    good("refuses", checks.prune_does_not_wait, supervised(*called("prune", 1), waited("prune ends"), *over())),
    good("a slow machine", checks.prune_does_not_wait, supervised(*PRUNES, waited("prune ends", 9.0, 4.9), *over())),
    good("the launcher hangs", checks.prune_does_not_wait, supervised(*PRUNES, ended("command"), missed())),
    good("another waits", checks.prune_does_not_wait, supervised(waited("command ends", 9.0, 9.0), *PRUNES)),
    bad(
        "waits",
        checks.prune_does_not_wait,
        supervised(*HANGS),
        ALONE,
        "prune-waits",
        "timed out: all processes were idle; left: launcher (pid 10) S",
    ),
    bad(
        "looks again and again", checks.prune_does_not_wait, supervised(*BUSY), ALONE, "prune-waits", "not within 5.0 s"
    ),
    bad(
        "gives up after a while",
        checks.prune_does_not_wait,
        supervised(*PRUNES, waited("prune ends", 10.25, 10.0), *over()),
        ALONE,
        "prune-waits",
        "after 10.2 s, of which nothing ran for 10.0 s",
    ),
    unseen("nobody runs", checks.prune_does_not_wait, NO_COMMAND, says="did not start its command"),
    unseen("not pruned", checks.prune_does_not_wait, supervised(*over()), says="prune did not end"),
    unseen("prune traces", checks.prune_does_not_wait, supervised(started("prune", 30), HIDDEN), says="is traced"),
    # CACHE-3
    good("all gone", checks.removes_what_nobody_uses, after_a_run(*PRUNES, changed(PRUNED))),
    good(
        "what it takes away is no matter",
        checks.removes_what_nobody_uses,
        after_a_run(*PRUNES, changed(PRUNED, there("HOME/.cache/x", "removed"), there("HOME/y", "changed"))),
    ),
    good(
        "the project's own stays",
        checks.removes_what_nobody_uses,
        after_a_run(*PRUNES, changed(PRUNED, environments=("WORK/.venv",))),
    ),
    good(
        "what a first run has fetched",
        checks.removes_what_nobody_uses,
        after_a_run(*PRUNES, changed(PRUNED, there("HOME/.cache/x/wheels")), cold=True),
    ),
    good(
        "what is declared to stay",
        checks.removes_what_nobody_uses,
        after_a_run(*PRUNES, changed(PRUNED, there("HOME/.cache/x/log", kept=True))),
    ),
    bad(
        "an environment",
        checks.removes_what_nobody_uses,
        after_a_run(*PRUNES, changed(PRUNED, environments=("WORK/.venv", ENVIRONMENT))),
        ALONE,
        "environment-not-pruned",
        f"environments still there: {ENVIRONMENT}",
    ),
    bad(
        "an environment of a first run",
        checks.removes_what_nobody_uses,
        after_a_run(*PRUNES, changed(PRUNED, environments=(ENVIRONMENT,)), cold=True),
        ALONE,
        "environment-not-pruned",
        ENVIRONMENT,
    ),
    bad(
        "one beside the project's",
        checks.removes_what_nobody_uses,
        after_a_run(*PRUNES, changed(PRUNED, environments=("WORK/.venv2",))),
        ALONE,
        "environment-not-pruned",
        "WORK/.venv2",
    ),
    bad(
        "a mark of who was killed",
        checks.removes_what_nobody_uses,
        after_a_run(*PRUNES, changed(PRUNED, there("HOME/.cache/x/pids/11"))),
        ALONE,
        "not-pruned",
        "still there: HOME/.cache/x/pids/11",
    ),
    unseen(
        "prune fails",
        checks.removes_what_nobody_uses,
        after_a_run(started("prune", 30), ended("prune", 2), printed("prune"), changed(PRUNED)),
        says="prune itself did not work: it ended with exit code 2",
    ),
    unseen("prune hangs", checks.removes_what_nobody_uses, after_a_run(*HANGS), says="prune itself did not work"),
    unseen("no prune", checks.removes_what_nobody_uses, after_a_run(), says="as far as the end of the prune call"),
    unseen("not compared", checks.removes_what_nobody_uses, after_a_run(*PRUNES), says="not compared (after prune)"),
    unseen("pid not used again", checks.removes_what_nobody_uses, after_a_run(untraced()), says="prune call"),
    good("as much as ever", checks.removes_as_much_as_ever, after_a_run(*PRUNES, changed(PRUNED, *PARTS)), USUAL),
    good(
        "and more",
        checks.removes_as_much_as_ever,
        after_a_run(*PRUNES, changed(PRUNED, *PARTS, there("HOME/.cache/x/db", "removed"))),
        USUAL,
    ),
    good(
        "what the run has removed, or what is no matter of prune's",
        checks.removes_as_much_as_ever,
        after_a_run(*PRUNES, changed(PRUNED, *PARTS)),
        after_a_run(
            changed(LATER, there("HOME/.cache/x/log.1", "removed")),
            *PRUNES,
            changed(
                PRUNED,
                *PARTS,
                there("HOME/.cache/x/log.1", "removed"),
                there("HOME/.cache/x/log.2", "removed", kept=True),
                there("HOME/.cache/x/db", "changed"),
                there("HOME/y", "removed", own=False),
            ),
        ),
    ),
    good(
        "not all of it is told here",
        checks.removes_as_much_as_ever,
        after_a_run(*PRUNES, changed(PRUNED, there("HOME/.cache/a", "removed"), count=9)),
        USUAL,
    ),
    good(
        "whether the run has removed it is not told",
        checks.removes_as_much_as_ever,
        after_a_run(*PRUNES, changed(PRUNED)),
        after_a_run(changed(LATER, there("HOME/.cache/a", "removed"), count=9), *PRUNES, changed(PRUNED, *PARTS)),
    ),
    bad(
        "a part that is no environment",
        checks.removes_as_much_as_ever,
        after_a_run(*PRUNES, changed(PRUNED, there("HOME/.cache/x/users", "changed"))),
        USUAL,
        "pruned-less",
        "removes it: HOME/.cache/x/wheels",
    ),
    bad(
        "written anew",
        checks.removes_as_much_as_ever,
        after_a_run(*PRUNES, changed(PRUNED, PARTS[0], there("HOME/.cache/x/wheels/a", "changed"))),
        USUAL,
        "pruned-less",
        "removes it: HOME/.cache/x/wheels/a",
    ),
    bad(
        "an environment, as ever",
        checks.removes_as_much_as_ever,
        after_a_run(*PRUNES, changed(PRUNED, environments=(ENVIRONMENT,))),
        after_a_run(*PRUNES, changed(PRUNED, environments=(ENVIRONMENT,))),
        "environment-not-pruned",
        ENVIRONMENT,
    ),
    unseen(
        "the other prune was not compared",
        checks.removes_as_much_as_ever,
        after_a_run(*PRUNES, changed(PRUNED)),
        after_a_run(changed(LATER), *PRUNES),
        "not compared (after prune)",
    ),
    unseen(
        "nor was the other run",
        checks.removes_as_much_as_ever,
        after_a_run(*PRUNES, changed(PRUNED)),
        after_a_run(*PRUNES, changed(PRUNED, *PARTS)),
        "not compared (later)",
    ),
    # CACHE-4, CACHE-5
    good("interrupted", checks.works_afterwards, pruning(sent(TERM), ended("launcher", signal=TERM), *used("next"))),
    good("after the whole of it", checks.works_afterwards, pruning(sent(TERM), ended("launcher"), *used("next"))),
    bad(
        "an entry that is half there",
        checks.works_afterwards,
        pruning(sent(KILL), ended("launcher", signal=KILL), *called("next", 1), missed("next-command starts")),
        ALONE,
        "call-failed call=next wait=ready process=next-command",
        "timed out: next-command starts: it ended with exit code 1; all processes were idle; left: launcher (pid 10) S",
    ),
    bad(
        "one that lacks a module",
        checks.works_afterwards,
        pruning(
            sent(TERM), ended("launcher"), *used("next"), answered("import", "next-command", error=2, text="No module")
        ),
        ALONE,
        "import-failed process=next-command",
        "No module",
    ),
    unseen(
        "it still runs, and the next one waits for it",
        checks.works_afterwards,
        pruning(sent(TERM), missed(), started("next", 30), missed("next-command starts")),
        says="launcher did not end",
    ),
    unseen("not interrupted", checks.works_afterwards, pruning(UNSENT, ended("launcher")), says="did not come by"),
    unseen("no next run", checks.works_afterwards, pruning(sent(TERM), ended("launcher")), says="next call"),
    unseen(
        "nothing but held",
        checks.works_afterwards,
        pruning(HELD, LET_GO, ended("launcher"), *called("next", 1), missed("next-command starts")),
        says="no signal was sent",
    ),
    good("beside it", checks.start_during_a_prune, pruning(ended("launcher"), *used("beside"))),
    good("waits for it", checks.start_during_a_prune, pruning(*used("beside"), ended("launcher"))),
    bad(
        "its files are taken",
        checks.start_during_a_prune,
        pruning(ended("launcher"), *called("beside", 127), missed("beside-command starts")),
        ALONE,
        "call-failed call=beside wait=ready process=beside-command",
        "exit code 127",
    ),
    bad(
        "ends otherwise beside it",
        checks.start_during_a_prune,
        pruning(*used("beside", 3)),
        ALONE,
        "call-status call=beside status=0 end=3",
        "exit code 3",
    ),
    unseen("not called", checks.start_during_a_prune, pruning(UNCALLED), says="did not come by"),
    unseen(
        "nothing but held",
        checks.start_during_a_prune,
        pruning(HELD, LET_GO, ended("launcher"), missed("beside-command starts")),
        says="no other call made beside it",
    ),
    unseen("cut short", checks.start_during_a_prune, pruning(started("beside", 30)), says="beside call"),
)


@pytest.mark.parametrize("example", EXAMPLES, ids=titles(EXAMPLES))
def test_cache(example: Example) -> None:
    verify(example)
