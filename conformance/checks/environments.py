"""Chapter ENV: temporary environments."""

from __future__ import annotations

from conformance.checks.common import NotObservable, Violation, end_of
from conformance.checks.files import (
    LATER,
    NEXT,
    PRUNED,
    call_works,
    compared,
    damage,
    made,
    need_compared,
    needs_run,
    needs_temporary_environment,
    nothing_made,
    shown,
)
from conformance.checks.moments import needs_delivery
from harness.history import Changed, History

GONE = "the temporary environment is gone within 2 s of the end"
NOTHING = "nothing of the environment is left"


def gone_after_the_end(history: History, bare: History) -> list[Violation]:
    """ENV-1: nothing that was made for the run is there when it has ended."""
    needs_run(history)
    needs_temporary_environment(history)
    if not end_of(history, "launcher"):
        raise NotObservable("the launcher did not end")
    return nothing_made(history, LATER, GONE)


def whole_while_it_runs(history: History, bare: History) -> list[Violation]:
    """ENV-2: the command finds its environment whole whenever it looks."""
    needs_run(history)
    needs_temporary_environment(history)
    return damage(history)


def interrupted_creation(history: History, bare: History) -> list[Violation]:
    """ENV-3: after a signal nothing is left, and the next run works."""
    needs_delivery(history)
    if not end_of(history, "launcher"):
        raise NotObservable("the launcher did not end, which is SIG-6's matter")
    return nothing_made(history, LATER, NOTHING) or call_works(history, "next")


def next_run_works(history: History, bare: History) -> list[Violation]:
    """ENV-3 where the environment is the cache's own: what is left of it holds no later run up."""
    needs_delivery(history)
    return call_works(history, "next")


def killed(history: History, bare: History) -> list[Violation]:
    """ENV-4: after SIGKILL the next run works, and it or a prune removes what was left."""
    needs_delivery(history)
    if found := call_works(history, "next"):
        return found
    after, pruned = need_compared(history, NEXT), compared(history, PRUNED)
    last = pruned or after
    left, still = made(after[1]), made(last[1])
    if not (left and still):
        return []
    required = "the next run or prune removes what SIGKILL left"
    return [Violation(required, f"still there: {shown(still)}", (last[0],))]


def side_by_side(history: History, bare: History) -> list[Violation]:
    """ENV-5: each of two runs finds its environment whole, whatever becomes of the other."""
    needs_run(history)
    needs_temporary_environment(history)
    return damage(history) or damage(history, "other-command")


def start_beside_a_run(history: History, bare: History) -> list[Violation]:
    """ENV-5: a run that begins while another makes its environment does not hurt it, nor is it hurt."""
    needs_delivery(history)
    return damage(history) or call_works(history, "beside")


def only_its_own(history: History, bare: History) -> list[Violation]:
    """ENV-6: nothing outside the launcher's own directories is created, changed or removed."""
    looks = list(history.all(Changed))
    if not looks:
        raise NotObservable("the directories were not compared: the case did not get that far")
    event, last = looks[-1]
    wrong = [change for change in last.changes if not change.own]
    if not wrong:
        return []
    actual = "; ".join(f"{how}: {shown(some)}" for how in ("created", "changed", "removed")
                       if (some := [change for change in wrong if change.how == how]))  # fmt: skip
    return [Violation("nothing outside the launcher's own directories is touched", actual, (event.index,))]
