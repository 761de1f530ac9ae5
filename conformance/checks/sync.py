"""Chapter SYNC: persistent environments."""

from __future__ import annotations

from conformance.checks.common import NotObservable, Violation, alive, at_end, end_of, how_ended, needs_tracing, status
from conformance.checks.files import LATER, NEXT, call_works, need_compared, shown
from conformance.checks.moments import needs_delivery
from harness.history import Change, Changed, History, Joined, Missed, Pressed, Waited

ENDS_WITHIN = 1.0
CTRL_C = 130


def never_half(history: History, bare: History) -> list[Violation]:
    """SYNC-1: whatever it was interrupted at, the next sync makes the environment whole: one that looked complete
    would have been left as it was. `bare` is an undisturbed sync."""
    needs_delivery(history)
    end = end_of(history, "next")
    if not end or status(end[1]) != 0:
        raise NotObservable("the next sync did not succeed, which is SYNC-3's matter")
    return _same_environment(history, bare) or call_works(history, "tool")


def _same_environment(history: History, bare: History) -> list[Violation]:
    event, mine = need_compared(history, NEXT)
    _, its = need_compared(bare, LATER)
    here, there = _environment(mine), _environment(its)
    if missing := sorted(there - here):
        actual = f"missing: {', '.join(missing[:5])}"
        return [Violation("after the next sync the environment is whole", actual, (event,))]
    return []


def _environment(changed: Changed) -> set[str]:
    return {change.path for change in changed.changes if change.path.startswith("WORK/.venv/") and _there(change)}


def _there(change: Change) -> bool:
    return change.how != "removed"


def no_temporary_file(history: History, bare: History) -> list[Violation]:
    """SYNC-2: in the environment and the project there is nothing that an undisturbed sync does not leave as well."""
    needs_delivery(history)
    event, mine = need_compared(history, LATER)
    _, its = need_compared(bare, LATER)
    known = {change.path for change in its.changes}
    extra = [change for change in mine.changes
             if change.how == "created" and change.path.startswith("WORK/") and change.path not in known]  # fmt: skip
    required = "no temporary file stays in the environment or the project"
    return [Violation(required, f"there is: {shown(extra)}", (event,))] if extra else []


def undisturbed_leaves_nothing(history: History, bare: History) -> list[Violation]:
    """SYNC-2: nor does a sync that nobody disturbs leave one: two in a row leave the same."""
    if found := call_works(history, "next"):
        raise NotObservable(f"a second sync did not work: {found[0].actual}")
    event, after = need_compared(history, NEXT)
    _, before = need_compared(history, LATER)
    known = {change.path for change in before.changes}
    extra = [change for change in after.changes if change.how == "created" and change.path not in known
             and change.path.startswith("WORK/")]  # fmt: skip
    required = "no temporary file stays in the environment or the project"
    return [Violation(required, f"a second sync leaves: {shown(extra)}", (event,))] if extra else []


def next_sync_succeeds(history: History, bare: History) -> list[Violation]:
    """SYNC-3: the next sync succeeds by itself, and what it made works."""
    needs_tracing(history)
    return call_works(history, "next") or call_works(history, "tool")


def next_sync_succeeds_at_any_moment(history: History, bare: History) -> list[Violation]:
    """SYNC-3: whatever moment the sync before it was interrupted at."""
    needs_delivery(history)
    return call_works(history, "next")


def ctrl_c_ends_it(history: History, bare: History) -> list[Violation]:
    """SYNC-4: within 1 s, with status 130."""
    pressed = next((event.index for event, _ in history.all(Pressed)), None)
    if pressed is None:
        raise NotObservable("the sync did not get as far as its build")
    end = end_of(history, "launcher")
    for event, fact in history.all(Missed):
        return [Violation("Ctrl-C ends the sync within 1 s", f"{fact.what}: it did not come", (pressed, event.index))]
    for event, waited in history.all(Waited):
        if waited.what == "launcher ends" and waited.idle > ENDS_WITHIN:
            actual = f"after {waited.seconds:.1f} s, of which nothing ran for {waited.idle:.1f} s"
            return [Violation("Ctrl-C ends the sync within 1 s", actual, (pressed, event.index))]
    if end and status(end[1]) != CTRL_C:
        return [Violation("Ctrl-C ends the sync with status 130", how_ended(end[1]), (pressed, end[0].index))]
    return []


def no_process_left(history: History, bare: History) -> list[Violation]:
    """TREE-1, for a sync: no process that it started is there when it has ended."""
    if not history.facts(Joined):
        raise NotObservable("the sync did not get as far as its build")
    end = end_of(history, "launcher")
    if not end:
        raise NotObservable("the sync did not end")
    left = [process for process in alive(at_end(history)) if process.role != "launcher"]
    if not left:
        return []
    names = ", ".join(f"{p.role or p.name!r} (pid {p.pid}, state {p.state})" for p in left)
    required = "no process is left when the launcher has ended"
    return [Violation(required, f"it ended {how_ended(end[1])}; still there: {names}", (end[0].index,))]
