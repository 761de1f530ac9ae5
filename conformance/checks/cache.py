"""Chapter CACHE: the shared cache."""

from __future__ import annotations

from conformance.checks.common import NotObservable, Violation
from conformance.checks.files import (
    PROJECTS,
    PRUNED,
    call_works,
    comes_to_its_end,
    damage,
    made,
    need_compared,
    needs_end,
    needs_looks,
    needs_run,
    shown,
)
from conformance.checks.moments import needs_delivery
from harness.history import History, Missed, Started, Waited

PRUNES_WITHIN = 5.0


def command_keeps_its_files(history: History, bare: History) -> list[Violation]:
    """CACHE-1: a prune beside it takes nothing from a command that runs."""
    needs_run(history)
    if found := damage(history):
        prune = next((event.index for event, fact in history.all(Started) if fact.process == "prune"), 0)
        if any(event < prune for one in found for event in one.events):
            raise NotObservable(f"before the prune as well: {found[0].actual}; see ENV-2 and ENV-5")
        return found
    needs_looks(history)
    return []


def start_beside_a_prune(history: History, bare: History) -> list[Violation]:
    """CACHE-1: a prune at any moment of a start takes nothing from it."""
    needs_delivery(history)
    return damage(history) or comes_to_its_end(history)


def prune_does_not_wait(history: History, bare: History) -> list[Violation]:
    """CACHE-2: prune ends within 5 s, whoever uses the cache."""
    needs_run(history)
    for event, fact in history.all(Missed):
        if fact.what == "prune ends":
            if fact.hidden:
                raise NotObservable(f"{fact.what}: that cannot be seen, for {fact.hidden}")
            why = "it waits, and nobody else runs" if fact.sure else f"not within {fact.seconds:.1f} s"
            return [Violation("prune ends within 5 s beside a running command", why, (event.index,))]
    for event, waited in history.all(Waited):
        if waited.what == "prune ends" and waited.idle > PRUNES_WITHIN:
            actual = f"after {waited.seconds:.1f} s, of which nothing ran for {waited.idle:.1f} s"
            return [Violation("prune ends within 5 s beside a running command", actual, (event.index,))]
    needs_end(history, "prune")
    return []


def removes_what_nobody_uses(history: History, bare: History) -> list[Violation]:
    """CACHE-3: after a prune with nothing running there is no environment any more, and nothing that a run made."""
    if found := call_works(history, "prune"):
        raise NotObservable(f"prune itself did not work: {found[0].actual}")
    event, changed = need_compared(history, PRUNED)
    required = "prune removes what no running process uses"
    theirs = [path for path in changed.environments if path != PROJECTS]  # which a run may make as well, and stays
    if theirs:
        actual = f"environments still there: {', '.join(theirs[:5])}"
        return [Violation(required, actual, (event,))]
    # after a first run there is what it has fetched and unpacked as well, which a prune may keep
    left = [change.path for change in made(changed)] if history.scenario.stage.home == "warm" else []
    return [Violation(required, f"still there: {shown(left)}", (event,))] if left else []


def works_afterwards(history: History, bare: History) -> list[Violation]:
    """CACHE-4: whatever a prune was interrupted at, the next run works."""
    needs_delivery(history)
    needs_end(history)
    return call_works(history, "next")


def start_during_a_prune(history: History, bare: History) -> list[Violation]:
    """CACHE-5: a run that starts at any moment of a prune works."""
    needs_delivery(history)
    return call_works(history, "beside")
