"""First runs that are interrupted or killed, as literal histories: examples for the checks of ENV-3 and ENV-4."""

from __future__ import annotations

import signal

from proctor.conformance.checks import environments as checks
from proctor.conformance.checks.files import LATER, NEXT, PRUNED
from proctor.harness.history import Fact, FileChange, History, NotReached
from proctor.harness.schedule import Deliver, Directive, Point
from tests.unit.histories import (
    Example,
    bad,
    called,
    changed,
    ended,
    good,
    history,
    looked,
    missed,
    over,
    sent,
    started,
    supervised,
    there,
    unseen,
    used,
)

TERM, KILL = signal.SIGTERM, signal.SIGKILL
SIGNALLED, KILLED = checks.interrupted_first_creation, checks.killed_first_creation
UNSENT = NotReached(Directive(Point("launcher", "mkdir"), Deliver(TERM)))
NEXT_FAILS = started("next", 30), ended("next", 1), missed("next-command starts")
NEXT_WAITS = started("next", 30), missed("next-command starts")
CACHE = there("HOME/.cache/x/dlx", kind="directory")
OTHER, FILE = there("HOME/.cache/x/dlx/9", kind="directory"), there("HOME/.cache/x/dlx/9/tool")
"""What the undisturbed launcher makes in its cache, under a random name."""
FIRST, HALF = there("HOME/.cache/x/dlx/1", kind="directory"), there("HOME/.cache/x/dlx/1/half")
SECOND = there("HOME/.cache/x/dlx/2", kind="directory")
TEMPORARY = there("TMPDIR/x-1")
STRANGE = there("WORK/y", own=False)


def undisturbed(*changes: FileChange, pruned: tuple[FileChange, ...] | None = None) -> History:
    """Return an undisturbed first run, and a second one; with a prune after them if it is said what is there then."""
    after = () if pruned is None else (*called("prune"), changed(PRUNED, *pruned))
    return supervised(*over(), changed(LATER, *changes), *used("next"), changed(NEXT, *changes), *after)


USUAL = undisturbed(CACHE, OTHER, FILE)
PRUNES = undisturbed(CACHE, OTHER, FILE, pruned=(CACHE, OTHER, FILE))


def first(number: int, *facts: Fact) -> History:
    """Return a first run that ended of a signal before its command started."""
    return history(started(), sent(number), ended("launcher", signal=number), *facts, looked("end"))


def remains(
    number: int, before: tuple[FileChange, ...], after: tuple[FileChange, ...], pruned: tuple[FileChange, ...] = ()
) -> History:
    """Return such a run with what it left, and what was there after the next run; after a prune, if that is given."""
    prune = (*called("prune"), changed(PRUNED, *pruned)) if pruned else ()
    return first(number, changed(LATER, *before), *used("next"), changed(NEXT, *after), *prune)


def of_both(number: int) -> tuple[Example, ...]:
    """Return examples for the check of a signal, or for that of SIGKILL: they judge alike, and say it differently."""
    check, code = (KILLED, "remains-of-kill") if number == KILL else (SIGNALLED, "partial-environment-left")
    shown = "still there: HOME/.cache/x/dlx/1"
    return (
        good("nothing is left", check, remains(number, (), (CACHE, SECOND)), USUAL),
        good("the next run uses what is left", check, remains(number, (CACHE, FIRST), (CACHE, FIRST)), USUAL),
        good("the next run collects it", check, remains(number, (CACHE, FIRST, HALF), (CACHE, SECOND)), USUAL),
        good(
            "prune collects it",
            check,
            remains(number, (CACHE, FIRST, HALF), (CACHE, FIRST, HALF, SECOND), (CACHE, SECOND)),
            PRUNES,
        ),
        good(
            "the next run makes more than usual, and nothing was left",
            check,
            remains(number, (CACHE,), (CACHE, FIRST, SECOND)),
            USUAL,
        ),
        good(
            "it is under the name that it always has",
            check,
            remains(number, (CACHE, OTHER), (CACHE, OTHER, SECOND)),
            undisturbed(CACHE, OTHER, there("HOME/.cache/x/dlx/8", kind="directory")),
        ),
        good("it is not in its own directories", check, remains(number, (STRANGE,), (STRANGE,)), undisturbed()),
        bad("it stays", check, remains(number, (CACHE, FIRST, HALF), (CACHE, FIRST, HALF, SECOND)), USUAL, code, shown),
        bad(
            "it stays after prune, too",
            check,
            remains(number, (CACHE, FIRST), (CACHE, FIRST, SECOND), (CACHE, FIRST, SECOND)),
            PRUNES,
            code,
            shown,
        ),
        bad(
            "it is no directory, of which there is one more name",
            check,
            remains(number, (CACHE, there("HOME/.cache/x/dlx/1")), (CACHE, there("HOME/.cache/x/dlx/1"))),
            USUAL,
            code,
            shown,
        ),
        bad("it is in TMPDIR", check, remains(number, (TEMPORARY,), (TEMPORARY,)), undisturbed(), code, "TMPDIR/x-1"),
        bad(
            "the next run waits",
            check,
            first(number, changed(LATER), *NEXT_WAITS),
            USUAL,
            "call-failed call=next wait=ready process=next-command",
            "next-command starts",
        ),
        bad(
            "the next run fails",
            check,
            first(number, changed(LATER), *NEXT_FAILS),
            USUAL,
            "call-failed call=next wait=ready process=next-command",
            "exit code 1",
        ),
        unseen("not compared at its end", check, first(number, *used("next"), changed(NEXT)), USUAL, says="(later)"),
        unseen("not compared after the next", check, first(number, changed(LATER), *used("next")), USUAL, says="next"),
        unseen("not compared after prune", check, remains(number, (), ()), PRUNES, says="after prune"),
        unseen(
            "more changes than are told",
            check,
            first(number, changed(LATER), *used("next"), changed(NEXT, CACHE, FIRST, count=9)),
            USUAL,
            says="of 9 differences only 2",
        ),
        unseen(
            "the first still runs, and the next waits for it",
            check,
            history(started(), sent(number), missed(), *NEXT_WAITS),
            USUAL,
            says="launcher did not end",
        ),
        unseen("no signal came", check, first(number, UNSENT, *NEXT_WAITS), USUAL, says="did not come by"),
    )


EXAMPLES = (*of_both(TERM), *of_both(KILL))
