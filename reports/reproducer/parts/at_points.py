"""Questions about runs under a schedule: a signal at a system call of the launcher, and which process runs first."""

from __future__ import annotations

import signal

from proctor.reports.reproducer.parts.comparisons import (
    left_behind,
    received,
    same_counts,
    same_status,
    timed_out,
    unexpected,
    violation,
)
from proctor.reports.reproducer.parts.marks import asks
from proctor.reports.reproducer.parts.observed_run import ObservedRun, name_of
from proctor.reports.reproducer.parts.steps import note_files_left, note_processes_left


def delivered(launched: ObservedRun) -> list[str]:
    """Return the names of the signals that were delivered to the launcher before it ended, with those of Ctrl-C."""
    end = [event[:2] for event in [*launched.events, ("ended", "launcher")]].index(("ended", "launcher"))
    sent = [event for event in launched.events[:end] if event[:1] == ("sent",) and event[2] in ("launcher", "group")]
    pressed = [event for event in launched.events[:end] if event[:1] == ("pressed",)]
    return [*(name_of(event[1]) for event in sent), *("SIGINT" for _ in pressed)]


def needs_delivery(launched: ObservedRun) -> None:
    """Inconclusive where no signal was sent to the launcher, because it had ended before."""
    if not delivered(launched):
        raise RuntimeError("no signal was sent to the launcher")


def hangs(launched: ObservedRun) -> list[str]:
    """The launcher ends."""
    actual = "it hangs; timed out: %s" % (launched.timed_out or "the end of the launcher")
    return [] if launched.all("ended", "launcher") else violation("the launcher ends when its work is done", actual)


def orphan(launched: ObservedRun) -> list[str]:
    """The command does not run on without the launcher, nor dies with it: both deaths are seen in either order."""
    order = [event[:2] for event in launched.events if event[:1] in (("ended",), ("runs",))]
    ends = [process for what, process in order if what == "ended" and process in ("launcher", "command")]
    if ("runs", "command") not in order or ends[:1] != ["launcher"]:
        return []
    killed_by_us = launched.all("sent", signal.SIGKILL, "command")
    if launched.all("died", "command") and not killed_by_us and launched.all("ended", "launcher")[0][2] > 128:
        return []
    actual = "it ended with status %s; the command runs on without it" % launched.all("ended", "launcher")[0][2]
    return violation("no child outlives the launcher", actual)


def outlived(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """No process is left."""
    left = left_behind(bare, launched)
    return violation("no child outlives the launcher", "still there: " + ", ".join(left)) if left else []


def lost(launched: ObservedRun) -> list[str]:
    """Each signal ends the launcher before there is a command, or reaches the command."""
    killed_by_us = launched.all("sent", signal.SIGKILL, "command")
    if not launched.all("runs", "command") or (launched.all("died", "command") and not killed_by_us):
        return []
    missing = [name for name in delivered(launched) if name not in received(launched)]
    return violation("%s reaches the command" % missing[0], "the command did not receive it") if missing else []


def changed(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """No file is left and no changed terminal, except as by a run of the launcher in which nothing is done."""
    its, mine = (run.all("modes")[-1:] for run in (bare, launched))
    if its and mine and (its[0][1:3], its[0][4]) != (mine[0][1:3], mine[0][4]):
        return violation("the terminal is left as by an undisturbed run", "its settings have changed")
    usual, left = (max([[], *(event[1] for event in run.all("files"))], key=len) for run in (bare, launched))
    more = "no more files are left than by an undisturbed run (%d)" % len(usual)
    return violation(more, "left: " + ", ".join(left[:5])) if len(left) > len(usual) else []


@asks("start", "start, terminal", at_end=(note_processes_left, note_files_left), is_scheduled=True)
def any_moment_of_start(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """The signal ends the launcher and nothing is left, or it reaches the command."""
    needs_delivery(launched)
    found = hangs(launched) or orphan(launched) or outlived(bare, launched)
    return found or lost(launched) or changed(bare, launched)


@asks(at_end=(note_processes_left,), is_scheduled=True)
def ends_with_nothing_left(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """The launcher ends and nothing is left, whether or not the signal reached the command."""
    return hangs(launched) or orphan(launched) or outlived(bare, launched)


@asks("end", "end, terminal", at_end=(note_processes_left, note_files_left), is_scheduled=True)
def any_moment_of_end(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """The launcher ends with the command's status after the command, and nothing is left, despite the signal."""
    needs_delivery(launched)
    found = hangs(launched) or same_status(bare, launched) or orphan(launched) or outlived(bare, launched)
    return found or changed(bare, launched)


@asks(
    "order", "order, terminal", "order, at rest, terminal", at_end=(note_processes_left, note_files_left),
    is_scheduled=True,
)  # fmt: skip
def order_changes_nothing(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """It makes no difference whether the launcher or its child runs first."""
    if not launched.all("ended", "launcher"):
        return timed_out(launched)
    wrong = same_status(bare, launched) or orphan(launched) or changed(bare, launched)
    return wrong or same_counts(bare, launched, unexpected(bare, launched))
