"""Chapter WORLD and TREE-8: what becomes of launcher and command below a real program that starts them."""

from __future__ import annotations

import signal

from proctor.conformance.checks.common import alive, at_end, counts_as_bare, missed, process_left
from proctor.conformance.checks.objections import violation
from proctor.harness import words
from proctor.harness.history import Answered, Ended, Event, History, Ordered, Process, Snapshot, Started, WitnessReady
from proctor.harness.orders import Ask
from proctor.harness.violation import Value, Violation


def one_service(history: History, bare: History) -> list[Violation]:
    """WORLD-1, WORLD-6, TREE-8: the parent never has more copies of the service than without the launcher, and at the
    end none is left."""
    return too_many_copies(history, bare) or left_at_end(history, bare) or missed(history)


def hung_up_as_without(history: History, bare: History) -> list[Violation]:
    """WORLD-2: the command is hung up as often as without the launcher, and nothing is left."""
    found = missed(history) or counts_as_bare(history, bare, [signal.SIGHUP], fewest=True, most=True)
    return found or left_at_end(history, bare)


def interrupted_as_without(history: History, bare: History) -> list[Violation]:
    """WORLD-3: the kernel gets as many SIGINT as without the launcher, and what is told of the cell is the same."""
    found = counts_as_bare(history, bare, [signal.SIGINT], fewest=False, most=True)
    return found or missed(history) or _same_answers(history, bare)


def served_as_without(history: History, bare: History) -> list[Violation]:
    """WORLD-10: the host gets the same answer as without the launcher, and nothing is left of the server."""
    return (
        too_many_copies(history, bare) or left_at_end(history, bare) or missed(history) or _same_answers(history, bare)
    )


def _same_answers(history: History, bare: History) -> list[Violation]:
    """The parent says the same as without the launcher."""
    mine, its = (
        [(event, fact) for event, fact in one.all(Answered) if fact.process == "parent"] for one in (history, bare)
    )
    for (event, got), (_, due) in zip(mine, its, strict=False):
        if got.text != due.text:
            return [
                violation("parent-answers", event.index, required=due.text, actual=words.shortened(got.text.encode()))
            ]
    return []


def too_many_copies(history: History, bare: History) -> list[Violation]:
    """At each look there are no more living commands than without the launcher."""
    mine, its = ([(event, fact) for event, fact in one.all(Snapshot) if fact.when == "step"] for one in (history, bare))
    found = []
    for (event, look), (_, due) in zip(mine, its, strict=False):
        copies, most = _copies(history, look), len(_copies(bare, due))
        if len(copies) > most:
            after = _asked_before(history, event)
            paths = "; ".join(map(words.process, copies))
            told: dict[str, Value] = {"required": _counted(most), "actual": _counted(len(copies)), "paths": paths}
            found.append(violation("too-many-copies", *_ends(history, event), event.index, after=after, **told))
    return found[:1]  # a copy that is left is still there at each later look


def left_at_end(history: History, bare: History) -> list[Violation]:
    """When the parent has closed, nothing is left, if nothing is left without the launcher."""
    here, there = alive(at_end(history)), alive(at_end(bare))
    return [process_left(history, process) for process in here] if not there else []


def _copies(history: History, look: Snapshot) -> list[Process]:
    """Return the commands that live at a look. A launcher may have become one."""
    commands = {fact.pid for fact in history.facts(WitnessReady) if fact.process.startswith("command")}
    return [process for process in alive(look) if process.pid in commands]


def _counted(number: int) -> str:
    return "1 copy" if number == 1 else f"{number} copies"


def _asked_before(history: History, to: Event) -> str:
    """Return what the parent was last asked for before an event."""
    asked = [
        fact.order.verb
        for event, fact in history.all(Ordered)
        if event.index < to.index and isinstance(fact.order, Ask)
    ]
    return asked[-1] if asked else "start"


def _ends(history: History, to: Event) -> list[int]:
    """Return the events, before this one, in which launchers ended: what is left then is theirs."""
    launchers = {fact.process for fact in history.facts(Started)}
    return [event.index for event, fact in history.all(Ended) if event.index < to.index and fact.process in launchers]
