"""Questions about what speaks of any moment: a signal at one of the launcher's system calls, or who runs first."""

from __future__ import annotations

import signal
from collections.abc import Iterable

from proctor.reports.reproducer.parts.questions import received, same_status, too_many, wrong
from proctor.reports.reproducer.parts.run import Run, name_of


def needs_reaped(seen: Run) -> None:
    """Nothing can be said where it was not the launcher that waited for the command."""
    if not seen.all("reaped"):
        raise RuntimeError("the launcher was not seen to reap the command")


def no_signal_to_the_reaped(seen: Run) -> list[str]:
    """The command's pid is sent no signal when it is nobody's any more, or already another's."""
    after = seen.events[seen.events.index(seen.all("reaped")[0]) :]
    pid = seen.all("reaped")[0][1]
    found = [name_of(event[2]) for event in after if event[:2] == ("called", pid) and event[2]]
    return wrong("no signal to pid %d after it was reaped" % pid, "%s was sent" % ", ".join(found)) if found else []


def needs_points(seen: Run) -> None:
    """Nothing can be said where the launcher went another way than the schedule says."""
    missed = [event[1] for event in seen.all("not reached")]
    if missed:
        raise RuntimeError("the launcher did not come by: " + "; ".join(missed))


def hangs(seen: Run) -> list[str]:
    """The launcher ends."""
    last = "it hangs: it did not come that %s" % seen.missing
    return [] if seen.all("ended", "launcher") else wrong("the launcher ends when its work is done", last)


def orphan(seen: Run) -> list[str]:
    """The command does not run on without the launcher."""
    order = [event[:2] for event in seen.events if event[:1] in (("ended",), ("runs",))]
    ends = [who for what, who in order if what == "ended"]
    if ("runs", "command") not in order or ends[:1] != ["launcher"]:
        return []
    status = seen.all("ended", "launcher")[0][2]
    return wrong("no child outlives the launcher", "it ended with status %s; the command runs on without it" % status)


def outlived(alone: Run, seen: Run, usual: Iterable[str]) -> list[str]:
    """Nobody is left. usual: who is left when no signal is sent, too."""
    known = [*usual, *(event[1] for event in alone.all("left"))]
    left = [event[1] for event in seen.all("left") if event[1] not in known]
    return wrong("no child outlives the launcher", "still there: " + ", ".join(left)) if left else []


def lost(seen: Run, names: Iterable[str]) -> list[str]:
    """The signal ends the launcher before there is a command, or it reaches that."""
    killed_by_us = seen.all("sent", signal.SIGKILL, "command")
    if not seen.all("runs", "command") or (seen.all("died", "command") and not killed_by_us):
        return []
    missing = [name for name in names if not seen.all("received", "command", name)]
    return wrong("%s reaches the command" % missing[0], "it never did") if missing else []


def same_files(alone: Run, seen: Run) -> list[str]:
    """No more files are left than without a signal."""
    mine, its = (run.all("files")[-1][1] if run.all("files") else () for run in (seen, alone))
    return wrong("no file is left", ", ".join(mine)) if len(mine) > len(its) else []


def as_without(alone: Run, seen: Run) -> list[str]:
    """The launcher ends as the command does, after it, and nobody is left."""
    return hangs(seen) or same_status(alone, seen) or orphan(seen) or outlived(alone, seen, ())


def order_matters(alone: Run, seen: Run) -> list[str]:
    """Who runs first is nobody's to see."""
    if not seen.all("ended", "launcher"):
        return hangs(seen)
    return same_status(alone, seen) or orphan(seen) or too_many(alone, seen, received(alone, seen))
