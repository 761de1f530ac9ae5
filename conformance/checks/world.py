"""Chapter WORLD: programs that start launchers, and programs that launchers start."""

from __future__ import annotations

import signal
from collections import Counter

from proctor.conformance.checks.common import (
    alive,
    at_end,
    counts_as_bare,
    has,
    launcher_stays,
    missed,
    needs_whole_script,
    process_left,
    received,
)
from proctor.conformance.checks.exec import is_accepted_as_main
from proctor.conformance.checks.objections import violation
from proctor.harness import signals, words
from proctor.harness.history import (
    Answered,
    Ended,
    Event,
    History,
    Milestone,
    Notified,
    Ordered,
    Process,
    Sent,
    SignalCall,
    Snapshot,
    Started,
    WitnessReady,
)
from proctor.harness.orders import Ask
from proctor.harness.violation import Value, Violation
from proctor.harness.words import times


def is_main_process(history: History, bare: History) -> list[Violation]:
    """WORLD-4: with NotifyAccess=main the command is heard, and the main process that it names is the one started."""
    return is_accepted_as_main(history, bare) or _names_itself(history)


def is_heard(history: History, bare: History) -> list[Violation]:
    """WORLD-4: with NotifyAccess=all the command is heard through a launcher that stays, too."""
    needs_whole_script(history)
    return _names_itself(history) if has(history, Notified) else [violation("notification-lost")]


def _names_itself(history: History) -> list[Violation]:
    """The main process that a message names is the one that has sent it."""
    for event, fact in history.all(Notified):
        named = [line.partition("=")[2] for line in fact.text.splitlines() if line.startswith("MAINPID=")]
        if named and named[-1] != str(fact.pid):
            return [violation("other-main-pid", event.index, pid=fact.pid, actual=named[-1])]
    return []


def passes_every_link(history: History, bare: History) -> list[Violation]:
    """WORLD-11: a signal for the outermost launcher reaches the command once; where it does not, at which process of
    the chain it has stopped."""
    number = next(fact.signal for fact in bare.facts(Sent))
    if not received(history)[number]:
        where = _last_to_get(history, number)
        told: dict[str, Value] = {"signal": signals.name(number), "link": where.name if where else "the first link"}
        events = [event.index for event, fact in history.all(SignalCall) if fact.signal == number]
        return [violation("stopped-at-link", *events[-1:], **told)]
    return counts_as_bare(history, bare, (number,), fewest=True, most=True) or missed(history)


def _last_to_get(history: History, number: int) -> Process | None:
    """Return the process between launcher and command that was the last to be sent a signal."""
    (launcher,) = [fact.pid for fact in history.facts(Started) if fact.process == "launcher"]
    got = [launcher, *(fact.pid for fact in history.facts(SignalCall) if fact.signal == number and not fact.result)]
    looks = [process for look in history.facts(Snapshot) for process in look.processes]
    return next((process for pid in reversed(got) for process in looks if process.pid == pid), None)


def can_finish(history: History, bare: History) -> list[Violation]:
    """WORLD-8, WORLD-9, WORLD-10: the command hears that it is to end, and has the time to: the launcher stays."""
    return launcher_stays(history) or missed(history)


def same_effect(history: History, bare: History) -> list[Violation]:
    """WORLD-5: a real program does what a signal asks of it, as often as without the launcher, and the launcher
    stays."""
    return launcher_stays(history) + (_effects_as_bare(history, bare) or missed(history))


def _effects_as_bare(history: History, bare: History) -> list[Violation]:
    """What the command has reported of itself is what the bare command has."""
    here, there = _milestones(history), _milestones(bare)
    found = []
    for name in sorted(here | there):
        if here[name] != there[name]:
            code = "effect-missing" if here[name] < there[name] else "effect-repeated"
            events = (event.index for event, fact in history.all(Milestone) if fact.name == name)
            required, count = times(there[name]), times(here[name])
            program = bare.scenario.command
            found.append(violation(code, *events, program=program, effect=name, required=required, count=count))
    return found


def _milestones(history: History) -> Counter[str]:
    return Counter(fact.name for fact in history.facts(Milestone) if fact.process == "command")


def interrupted_in_own_group(history: History, bare: History) -> list[Violation]:
    """WORLD-7: a command that leads a process group of its own gets the SIGINT of Ctrl-C, and the launcher stays. That
    it comes only once is TTY-1's matter."""
    found = counts_as_bare(history, bare, (signal.SIGINT,), fewest=True, most=False)
    return launcher_stays(history) + (found or missed(history))


def one_service(history: History, bare: History) -> list[Violation]:
    """WORLD-1, WORLD-6, TREE-8: the parent never has more copies of the service than without the launcher, and at the
    end none is left."""
    return _other_copies(history, bare) or _left_at_end(history, bare) or missed(history)


def hung_up_as_without(history: History, bare: History) -> list[Violation]:
    """WORLD-2: the command is hung up as often as without the launcher, and nothing is left."""
    found = missed(history) or counts_as_bare(history, bare, [signal.SIGHUP], fewest=True, most=True)
    return found or _left_at_end(history, bare)


def interrupted_as_without(history: History, bare: History) -> list[Violation]:
    """WORLD-3: the kernel gets as many SIGINT as without the launcher, and what is told of the cell is the same."""
    found = counts_as_bare(history, bare, [signal.SIGINT], fewest=False, most=True)
    return found or missed(history) or _same_answers(history, bare)


def served_as_without(history: History, bare: History) -> list[Violation]:
    """WORLD-10: the host gets the same answer as without the launcher, and nothing is left of the server."""
    return (
        _other_copies(history, bare) or _left_at_end(history, bare) or missed(history) or _same_answers(history, bare)
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


def _other_copies(history: History, bare: History) -> list[Violation]:
    """At each look those commands live that live without the launcher: none from before a restart, and the new one."""
    mine, its = ([(event, fact) for event, fact in one.all(Snapshot) if fact.when == "step"] for one in (history, bare))
    for (event, look), (_, due) in zip(mine, its, strict=False):
        copies, wanted = _copies(history, look), _copies(bare, due)
        if copies.keys() != wanted.keys():
            told: dict[str, Value] = {
                "required": ", ".join(wanted) or "no command",
                "actual": "; ".join(map(words.process, copies.values())) or "none",
            }
            after = _asked_before(history, event)
            return [violation("other-copies", *_ends(history, event), event.index, after=after, **told)]
    return []  # a copy that is left is still there at each later look: said once


def _left_at_end(history: History, bare: History) -> list[Violation]:
    """When the parent has closed, nothing is left, if nothing is left without the launcher."""
    here, there = alive(at_end(history)), alive(at_end(bare))
    return [process_left(history, process) for process in here] if not there else []


def _copies(history: History, look: Snapshot) -> dict[str, Process]:
    """Return the commands that live at a look, by name: command-2 is the second. A launcher may have become one."""
    commands = {fact.pid: fact.process for fact in history.facts(WitnessReady) if fact.process.startswith("command")}
    return {commands[process.pid]: process for process in alive(look) if process.pid in commands}


def _asked_before(history: History, to: Event) -> str:
    """Return what the parent was last asked for before an event."""
    orders = [fact.order for event, fact in history.all(Ordered) if event.index < to.index]
    verbs = [order.verb for order in orders if isinstance(order, Ask) and order.verb != "steady"]
    return verbs[-1] if verbs else "start"


def _ends(history: History, to: Event) -> list[int]:
    """Return the events, before this one, in which launchers ended: what is left then is theirs."""
    launchers = {fact.process for fact in history.facts(Started)}
    return [event.index for event, fact in history.all(Ended) if event.index < to.index and fact.process in launchers]
