"""Chapter SYNC: persistent environments."""

from __future__ import annotations

from proctor.conformance.checks.common import (
    NotObservable,
    alive,
    at_end,
    end_key,
    end_of,
    needs_freedom,
    needs_seen,
    needs_tracing,
    process_left,
    status,
)
from proctor.conformance.checks.files import (
    LATER,
    NEXT,
    call_works,
    compared,
    damage,
    in_project_environment,
    is_project_environment,
    is_told,
    need_compared,
    needs_end,
    shown,
)
from proctor.conformance.checks.moments import needs_delivery
from proctor.conformance.checks.objections import violation
from proctor.harness.history import (
    FileChange,
    FilesChanged,
    HelperReady,
    History,
    Pressed,
    WaitEnded,
    WaitFailed,
)
from proctor.harness.scenario import WaitEnds
from proctor.harness.violation import Violation
from proctor.harness.words import awaited, how_ended

ENDS_WITHIN = 1.0
CTRL_C = 130


def never_half(history: History, bare: History) -> list[Violation]:
    """SYNC-1: whatever it was interrupted at, the next sync makes the environment whole: one that looked complete
    would have been left as it was. `bare` is an undisturbed sync."""
    needs_delivery(history)
    needs_end(history)
    end = end_of(history, "next")
    if not end or status(end[1]) != 0:
        raise NotObservable("the next sync did not succeed, which is SYNC-3's matter")
    if found := _same_environment(history, bare):
        return found
    if amiss := call_works(bare, "tool"):
        raise NotObservable(f"nor does the environment of an undisturbed sync work: {amiss[0].actual}")
    return call_works(history, "tool")


def never_half_for_a_run(history: History, bare: History) -> list[Violation]:
    """SYNC-1, of a launcher that makes its environment in each run: whatever a run was interrupted at, the next one
    leaves the environment whole, or there is none. `bare` is an undisturbed run."""
    needs_delivery(history)
    needs_end(history)
    needs_end(history, "next")
    if amiss := call_works(bare, "next"):
        raise NotObservable(f"nor does a second run that nothing disturbs work: {amiss[0].actual}")
    _, after = need_compared(history, NEXT)
    if not _has_environment(after):
        raise NotObservable("the next run left no environment, which is SYNC-3's matter")
    return _same_environment(history, bare) or damage(history, "next-command")


def _has_environment(changed: FilesChanged) -> bool:
    """Whether something of the project's environment is there: a directory that nothing was made in, or that has not
    the mark of an environment, is none."""
    marked = any(is_project_environment(path, changed) for path in changed.environments)
    return marked or any(
        change.how != "removed" and change.kind != "directory" and in_project_environment(change.path, changed)
        for change in changed.changes
    )


def _same_environment(history: History, bare: History) -> list[Violation]:
    event, mine = need_compared(history, NEXT)
    _, its = need_compared(bare, LATER)
    if missing := sorted(path for path in _lacking(mine, its) if in_project_environment(path, its)):
        return [violation("environment-not-whole", event, paths=shown(missing))]
    return []


def _lacking(mine: FilesChanged, its: FilesChanged) -> set[str]:
    """Return what its launcher has there and mine has not. What is in neither list is there, or is not, as it was."""
    here, there = (
        {change.path: change.how for change in changed.changes if not change.kept} for changed in (mine, its)
    )
    never_made = {path for path, how in there.items() if how == "created" and path not in here and is_told(mine, path)}
    removed = {path for path, how in here.items() if how == "removed"}
    return never_made | {path for path in removed if there.get(path, "") != "removed" and is_told(its, path)}


def no_temporary_file(history: History, bare: History) -> list[Violation]:
    """SYNC-2: in the environment and the project there is nothing that an undisturbed sync does not leave as well, but
    for the mark of SYNC-1: a file directly in the environment, which the next sync removes."""
    needs_delivery(history)
    needs_end(history)
    event, mine = need_compared(history, LATER)
    _, its = need_compared(bare, LATER)
    marks = _marks(mine, compared(history, NEXT))
    changes = [change for change in _judged(mine, its) if change.path not in marks]
    return _not_among(its, changes, event, "there is")


def _marks(mine: FilesChanged, after: tuple[int, FilesChanged] | None) -> set[str]:
    """Return what may be a mark by which the next sync knows that the environment is not whole."""
    stays = {change.path for change in after[1].changes if change.how != "removed"} if after else set()
    inside = (change for change in mine.changes if after and is_told(after[1], change.path) and change.kind == "file")
    return {
        change.path for change in inside
        if is_project_environment(change.path.rpartition("/")[0], mine) and change.path not in stays
    }  # fmt: skip


def _judged(mine: FilesChanged, its: FilesChanged) -> list[FileChange]:
    """Return the changes about which SYNC-2 says something: not what the target declares to stay, nor what is in a
    directory of the launcher's own, unless that is in an environment that an undisturbed sync makes as well."""

    def is_in_environment(path: str) -> bool:
        return in_project_environment(path, its) or any(path.startswith(f"{one}/") for one in its.environments)

    return [change for change in mine.changes if not change.kept and (not change.own or is_in_environment(change.path))]


def _not_among(its: FilesChanged, changes: list[FileChange], event: int, what: str) -> list[Violation]:
    """What is made in the project that is not there where nothing was interrupted."""
    known = {change.path for change in its.changes}
    extra = [
        change.path for change in changes
        if change.how == "created" and change.path.startswith("WORK/") and change.path not in known
        and is_told(its, change.path)
    ]  # fmt: skip
    return [violation("temporary-file-left", event, how=what, paths=shown(extra))] if extra else []


def undisturbed_leaves_nothing(history: History, bare: History) -> list[Violation]:
    """SYNC-2: nor does a sync that nobody disturbs leave one: the first leaves only what the target declares, and two
    in a row leave the same."""
    if found := call_works(history, "next"):
        raise NotObservable(f"a second sync did not work: {found[0].actual}")
    event, after = need_compared(history, NEXT)
    first, before = need_compared(history, LATER)
    needs_end(history)
    return _not_declared(before, first) or _not_among(before, _judged(after, before), event, "a second sync leaves")


def _not_declared(changed: FilesChanged, event: int) -> list[Violation]:
    """What a first sync has made in the project, beside what is the launcher's own: a second one may leave it under
    the same name. Nothing where the target does not say what is its own there."""
    if not any(change.own and in_project_environment(change.path, changed) for change in changed.changes):
        return []
    extra = [
        change.path for change in changed.changes
        if change.how == "created" and change.path.startswith("WORK/") and not change.own and not change.kept
    ]  # fmt: skip
    how = "a sync leaves, beside what the target declares as its own"
    return [violation("temporary-file-left", event, how=how, paths=shown(extra))] if extra else []


def next_sync_succeeds(history: History, bare: History) -> list[Violation]:
    """SYNC-3: a sync succeeds by itself where one by another interpreter was, so does the next, and what it made
    works. `bare` is a first sync by that other interpreter."""
    needs_tracing(history)
    if found := call_works(history, "launcher") or call_works(history, "next"):
        _need_support(bare)
        return found
    _, after = need_compared(history, NEXT)
    if after.environments and not any(is_project_environment(path, after) for path in after.environments):
        there = ", ".join(after.environments[:5])
        raise NotObservable(f"the project's environment is not {after.project}, but: {there}")
    if found := call_works(history, "tool"):
        _need_support(bare)
    return found


def _need_support(first: History) -> None:
    """Raise NotObservable where not even a first sync by this interpreter works: the launcher then refuses the
    interpreter, and not what another one has made."""
    if amiss := call_works(first, "launcher"):
        reason = f"nor does a first sync with the other interpreter work: {amiss[0].actual}"
        raise NotObservable(f"{reason}; the launcher may not support this version of Python")
    if amiss := call_works(first, "tool"):
        raise NotObservable(f"nor does the environment of a first sync by that interpreter work: {amiss[0].actual}")


def next_run_succeeds(history: History, bare: History) -> list[Violation]:
    """SYNC-3: a run succeeds by itself where one by another interpreter was, so does the next."""
    needs_tracing(history)
    return call_works(history, "launcher") or call_works(history, "next")


def next_sync_succeeds_at_any_moment(history: History, bare: History) -> list[Violation]:
    """SYNC-3: whatever moment the sync before it was interrupted at."""
    needs_delivery(history)
    needs_end(history)
    return call_works(history, "next")


def ctrl_c_ends_it(history: History, bare: History) -> list[Violation]:
    """SYNC-4: within 1 s, with status 130."""
    pressed = next((event.index for event, _ in history.all(Pressed)), None)
    if pressed is None:
        _need_build(history)
        raise NotObservable("the case did not get as far as the key")
    end = end_of(history, "launcher")
    if end and end[0].index < pressed:
        raise NotObservable("the sync had ended before the key was pressed")
    needs_freedom(history)
    for event, fact in history.all(WaitFailed):
        needs_seen(fact)
        return [violation("interrupted-late", pressed, event.index, how=f"timed out: {awaited(fact.awaited)}")]
    for event, waited in history.all(WaitEnded):
        if waited.awaited == WaitEnds("launcher") and waited.idle > ENDS_WITHIN:
            how = f"after {waited.seconds:.1f} s, of which nothing ran for {waited.idle:.1f} s"
            return [violation("interrupted-late", pressed, event.index, how=how)]
    needs_end(history)
    if end and status(end[1]) is None:
        raise NotObservable("how the sync ended is not known")
    if end and status(end[1]) != CTRL_C:
        how = how_ended(end[1])
        return [violation("interrupted-status", pressed, end[0].index, how=how, end=end_key(end[1]))]
    return []


def _need_build(history: History) -> None:
    """Raise NotObservable where the project's build backend did not report. Why it did not is not known."""
    if any(history.facts(HelperReady)):
        return
    for _, fact in history.all(WaitFailed):
        needs_seen(fact)
    end = end_of(history, "launcher")
    how = f"the sync {how_ended(end[1])}, and" if end else "while the sync was waited for,"
    may = "the sync may build nothing, or run the backend where it cannot report"
    raise NotObservable(f"{how} the project's build backend did not report that it runs: {may}")


def no_process_left(history: History, bare: History) -> list[Violation]:
    """TREE-1, for a sync: no process that it started is there when it has ended."""
    _need_build(history)
    end = end_of(history, "launcher")
    if not end:
        raise NotObservable("the sync did not end")
    left = [process for process in alive(at_end(history)) if process.role != "launcher"]
    return [process_left(history, one, end[0].index) for one in left]
