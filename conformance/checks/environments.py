"""Chapter ENV: temporary environments."""

from __future__ import annotations

from proctor.conformance.checks.common import NotObservable, end_of, needs_whole_script
from proctor.conformance.checks.files import (
    LATER,
    NEXT,
    PRUNED,
    call_works,
    comes_to_its_end,
    compared,
    damage,
    made,
    more_than,
    need_compared,
    needs_end,
    needs_looks,
    needs_run,
    needs_temporary_environment,
    nothing_made,
    shown,
)
from proctor.conformance.checks.moments import needs_delivery
from proctor.conformance.checks.objections import violation
from proctor.harness.history import FileChange, FilesChanged, History, Sent
from proctor.harness.violation import Violation


def gone_after_the_end(history: History, bare: History) -> list[Violation]:
    """ENV-1: nothing that was made for the run is there when it has ended."""
    needs_run(history)
    needs_temporary_environment(history)
    needs_end(history)
    return nothing_made(history, LATER, "environment-left")


def whole_while_it_runs(history: History, bare: History) -> list[Violation]:
    """ENV-2: the command finds its environment whole whenever it looks."""
    needs_run(history)
    needs_temporary_environment(history)
    if found := damage(history):
        return found
    needs_looks(history)
    return []


def interrupted_creation(history: History, bare: History) -> list[Violation]:
    """ENV-3: after a signal nothing is left, and the next run works."""
    needs_delivery(history)
    if not end_of(history, "launcher"):
        raise NotObservable("the launcher did not end, which is SIG-6's matter")
    return nothing_made(history, LATER, "partial-environment-left") or call_works(history, "next")


def interrupted_first_creation(history: History, bare: History) -> list[Violation]:
    """ENV-3 where the run makes what its cache keeps: what is left of it holds no later run up, and is no more than
    undisturbed runs leave. `bare` is an undisturbed first run, and the same after it."""
    return _first_creation(history, bare, "partial-environment-left")


def killed_first_creation(history: History, bare: History) -> list[Violation]:
    """ENV-4, of such a run: the same after SIGKILL."""
    return _first_creation(history, bare, "remains-of-kill")


def _first_creation(history: History, bare: History, code: str) -> list[Violation]:
    """The next run works. What was left, and is still there after it, or after the prune that follows it, is no more
    than what is there where the first run was undisturbed: a cache may keep that."""
    needs_delivery(history)
    needs_end(history)
    if found := call_works(history, "next"):
        return found
    when = PRUNED if compared(bare, PRUNED) else NEXT
    event, mine = need_compared(history, when)
    before = {change.path for change in made(need_compared(history, LATER)[1])}
    left = [path for path in more_than(mine, need_compared(bare, when)[1]) if path in before]
    return [violation(code, event, paths=shown(left))] if left else []


def killed(history: History, bare: History) -> list[Violation]:
    """ENV-4: after SIGKILL the next run works, and it or a prune removes what was left. What the next run or the prune
    has made itself is no matter of SIGKILL's, nor is what each run leaves under the same name, which `bare` tells: that
    is ENV-1's."""
    needs_delivery(history)
    if found := call_works(history, "next"):
        return found
    after, last = need_compared(history, NEXT), compared(history, PRUNED) or need_compared(history, NEXT)
    before = {change.path for change in made(need_compared(history, LATER)[1])}
    alone = compared(bare, LATER)
    usual = {change.path for change in made(alone[1])} if alone else set()
    left = {change.path for change in made(after[1])} & before - usual
    still = [change.path for change in made(last[1]) if change.path in left]
    return [violation("remains-of-kill", last[0], paths=shown(still))] if still else []


def side_by_side(history: History, bare: History) -> list[Violation]:
    """ENV-5: each of two runs finds its environment whole, whatever becomes of the other."""
    needs_run(history)
    needs_temporary_environment(history)
    for command in ("command", "other-command", "next-command"):
        if found := damage(history, command):
            return found
    for name in ("next", "other"):
        ended, ours = end_of(history, name), any(fact.to == name for fact in history.facts(Sent))
        if ended and not ours and (found := call_works(history, name)):
            return found
    needs_whole_script(history)  # a run that waits for the other is not hurt by it
    return []


def start_beside_a_run(history: History, bare: History) -> list[Violation]:
    """ENV-5: a run that begins while another makes its environment does not hurt it, nor is it hurt."""
    needs_delivery(history)
    if found := damage(history) or call_works(history, "beside"):
        return found
    needs_end(history)  # one that waits for the other is not hurt by it
    return comes_to_its_end(history)


def only_its_own(history: History, bare: History) -> list[Violation]:
    """ENV-6: nothing outside the launcher's own directories is created, changed or removed. What it makes in its TMPDIR
    may be there: that it stays is ENV-1's matter, or ENV-4's."""
    looks = list(history.all(FilesChanged))
    if not looks:
        raise NotObservable("the directories were not compared: the case did not get that far")
    event, last = looks[-1]
    wrong = [change for change in last.changes if not (change.own or _is_ours(change) or _is_temporary(change))]
    if not wrong and last.count > len(last.changes):
        raise NotObservable(f"of {last.count} differences only {len(last.changes)} are told")
    if not wrong:
        return []
    changes = "; ".join(f"{how}: {shown(some)}" for how in ("created", "changed", "removed")
                       if (some := [change.path for change in wrong if change.how == how]))  # fmt: skip
    return [violation("touched-outside", event.index, changes=changes)]


def _is_temporary(change: FileChange) -> bool:
    return change.how == "created" and change.path.startswith("TMPDIR/")


def _is_ours(change: FileChange) -> bool:
    """Whether it is the link that the command was told to make in its environment, wherever that is."""
    return change.how == "created" and change.path.endswith("/proctor-link")
