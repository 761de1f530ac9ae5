"""Chapter CACHE: the shared cache."""

from __future__ import annotations

from proctor.conformance.checks.common import NotObservable, needs_seen
from proctor.conformance.checks.files import (
    LATER,
    PRUNED,
    call_works,
    comes_to_its_end,
    damage,
    is_project_environment,
    is_told,
    made,
    need_compared,
    needs_end,
    needs_looks,
    needs_run,
    shown,
)
from proctor.conformance.checks.moments import needs_delivery
from proctor.conformance.checks.objections import violation
from proctor.harness.history import FilesChanged, History, Started, WaitEnded, WaitFailed
from proctor.harness.scenario import WaitEnds
from proctor.harness.violation import Violation
from proctor.harness.words import timed_out

PRUNES_WITHIN = 5.0


def command_keeps_its_files(history: History, bare: History) -> list[Violation]:
    """CACHE-1: a prune beside it takes nothing from a command that runs."""
    needs_run(history)
    found = damage(history)
    prune = next((event.index for event, fact in history.all(Started) if fact.process == "prune"), None)
    if prune is None:
        raise NotObservable("the case did not get as far as the prune")
    if any(event < prune for one in found for event in one.events):
        raise NotObservable(f"before the prune as well: {found[0].actual}; see ENV-2 and ENV-5")
    if not found:
        needs_looks(history)
    return found


def start_beside_a_prune(history: History, bare: History) -> list[Violation]:
    """CACHE-1: a prune at any moment of a start takes nothing from it."""
    needs_delivery(history)
    return damage(history) or comes_to_its_end(history)


def prune_does_not_wait(history: History, bare: History) -> list[Violation]:
    """CACHE-2: prune ends within 5 s, whoever uses the cache."""
    needs_run(history)
    for event, fact in history.all(WaitFailed):
        if fact.awaited == WaitEnds("prune"):
            needs_seen(fact)
            return [violation("prune-waits", event.index, how=f"timed out: {timed_out(fact)}")]
    for event, waited in history.all(WaitEnded):
        if waited.awaited == WaitEnds("prune") and waited.idle > PRUNES_WITHIN:
            how = f"after {waited.seconds:.1f} s, of which nothing ran for {waited.idle:.1f} s"
            return [violation("prune-waits", event.index, how=how)]
    needs_end(history, "prune")
    return []


def removes_what_nobody_uses(history: History, bare: History) -> list[Violation]:
    """CACHE-3: after a prune with nothing running there is no environment any more, and nothing that a run made."""
    if found := call_works(history, "prune"):
        raise NotObservable(f"prune itself did not work: {found[0].actual}")
    event, changed = need_compared(history, PRUNED)
    # that of the project may be made by a run too, and stays
    theirs = [path for path in changed.environments if not is_project_environment(path, changed)]
    if theirs:
        return [violation("environment-not-pruned", event, paths=", ".join(theirs[:5]))]
    # after a first run there is what it has fetched and unpacked as well, which a prune may keep
    left = [change.path for change in made(changed)] if history.scenario.stage.home == "warm" else []
    return [violation("not-pruned", event, paths=shown(left))] if left else []


def removes_as_much_as_ever(history: History, bare: History) -> list[Violation]:
    """CACHE-3: whatever became of a run, a prune then removes no less than one after a run that came to its end, which
    is `bare`. What a cache may keep, to use it again, is for its launcher to say; but this says it."""
    if found := removes_what_nobody_uses(history, bare):
        return found
    event, here = need_compared(history, PRUNED)
    _, before = need_compared(bare, LATER)
    _, after = need_compared(bare, PRUNED)
    usual = {path for path in _removed(after) - _removed(before) if is_told(before, path)}  # by the prune, not the run
    kept = sorted(path for path in usual - _removed(here) if is_told(here, path))
    return [violation("pruned-less", event, paths=shown(kept))] if kept else []


def _removed(changed: FilesChanged) -> set[str]:
    """Return what has gone of the launcher's own."""
    return {change.path for change in changed.changes if change.how == "removed" and change.own and not change.kept}


def works_afterwards(history: History, bare: History) -> list[Violation]:
    """CACHE-4: whatever a prune was interrupted at, the next run works."""
    needs_delivery(history)
    needs_end(history)
    return call_works(history, "next")


def start_during_a_prune(history: History, bare: History) -> list[Violation]:
    """CACHE-5: a run that starts at any moment of a prune works."""
    needs_delivery(history)
    return call_works(history, "beside")
