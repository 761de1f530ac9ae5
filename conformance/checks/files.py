"""What the checks of environments, syncs and caches share: how files differ, and whether what uses them works."""

from __future__ import annotations

from conformance.checks.common import NotApplicable, NotObservable, Violation, end_of, how_ended, missed, status
from harness.history import Answered, Change, Changed, Greeted, History, Missed

RUNNING, END, LATER = "running", "end", "later"
NEXT, PRUNED = "after the next call", "after prune"
"""When directories are compared."""
MOST_SHOWN = 5


def compared(history: History, when: str) -> tuple[int, Changed] | None:
    """Return the comparison that was made then, with its event number."""
    return next(((event.index, fact) for event, fact in history.all(Changed) if fact.when == when), None)


def need_compared(history: History, when: str) -> tuple[int, Changed]:
    """Return it; NotObservable where the script did not get that far."""
    found = compared(history, when)
    if not found:
        raise NotObservable(f"the directories were not compared ({when}): the case did not get that far")
    return found


def made(changed: Changed) -> list[Change]:
    """Return what has been made in the launcher's own directories and in TMPDIR, and is not declared to stay."""
    return [
        change for change in changed.changes
        if change.how == "created" and not change.kept and (change.own or change.path.startswith("TMPDIR/"))
    ]  # fmt: skip


def needs_temporary_environment(history: History) -> None:
    """Raise NotApplicable where the run made nothing: its environment is one of the cache's."""
    running = compared(history, RUNNING)
    if running and not made(running[1]):
        raise NotApplicable("the run makes no temporary environment: it runs from what was there before")


def shown(changes: list[Change]) -> str:
    """Name the topmost of these paths."""
    paths = [change.path for change in changes]
    tops = [path for path in paths if not any(path.startswith(f"{other}/") for other in paths)]
    return ", ".join(tops[:MOST_SHOWN]) + (f" and {len(tops) - MOST_SHOWN} more" if len(tops) > MOST_SHOWN else "")


def nothing_made(history: History, when: str, required: str) -> list[Violation]:
    """Nothing is there then that was not there before."""
    event, changed = need_compared(history, when)
    left = made(changed)
    return [Violation(required, f"still there: {shown(left)}", (event,))] if left else []


def damage(history: History, process: str = "command") -> list[Violation]:
    """What the command found missing in its environment while it ran."""
    found = []
    for event, answer in history.all(Answered):
        if answer.process != process:
            continue
        if answer.order == "whole" and answer.count:
            actual = f"{answer.count} of its files are gone or changed, such as {answer.text}"
            found.append(Violation("the environment is whole as long as the command runs", actual, (event.index,)))
        elif answer.order == "import" and answer.error:
            required = "a module that the command imports late is there"
            found.append(Violation(required, f"the import failed: {answer.text}", (event.index,)))
    return found


def call_works(history: History, name: str, code: int = 0) -> list[Violation]:
    """A further call of the launcher started its command, if it has one, and ended with its status."""
    missing = [(event, fact) for event, fact in history.all(Missed) if fact.what.startswith(name)]
    for event, fact in missing:
        why = "everyone was quiescent" if fact.sure else f"not within {fact.seconds:.1f} s"
        end = end_of(history, name)
        actual = f"{fact.what}: it did not come ({why})" + (f"; it had ended {how_ended(end[1])}" if end else "")
        return [Violation(f"the {name} call of the launcher works", actual, (event.index,))]
    end = end_of(history, name)
    if not end:
        raise NotObservable(f"the case did not get as far as the {name} call of the launcher")
    if status(end[1]) != code:
        return [Violation(f"the {name} call of the launcher ends with {code}", how_ended(end[1]), (end[0].index,))]
    return damage(history, f"{name}-command")


def has_run(history: History, process: str = "command") -> bool:
    """Whether a command has reported."""
    return any(fact.process == process for fact in history.facts(Greeted))


def needs_run(history: History) -> None:
    """Raise NotObservable where the launcher did not start its command."""
    if not has_run(history):
        raise NotObservable("the launcher did not start its command: " + "; ".join(v.actual for v in missed(history)))
