"""What speaks of ANY moment: SIG-6, SIG-7, and that the order in which launcher and command run changes nothing.

The histories are those of executions under a schedule, in which the launcher was stopped at one of its calls.
"""

from __future__ import annotations

import signal
from collections import Counter

from proctor.conformance.checks.common import (
    NotObservable,
    alive,
    at_end,
    counts_as_bare,
    died_with,
    end_key,
    end_of,
    launcher_is_command,
    missed,
    needs_freedom,
    needs_tracing,
    received,
    settings_of_terminal,
    status,
    status_key,
    unexpected_signals,
)
from proctor.conformance.checks.objections import violation
from proctor.harness import signals, words
from proctor.harness.history import (
    ChoiceRefused,
    DirectiveApplied,
    Ended,
    Event,
    Fact,
    History,
    NotReached,
    Pressed,
    Process,
    Sent,
    Started,
    TempFilesLeft,
    Unobserved,
    WaitFailed,
    WitnessReady,
    is_outside,
)
from proctor.harness.schedule import Hold
from proctor.harness.violation import Violation
from proctor.harness.words import how_ended

INTERRUPT = signals.INTERRUPT


def any_moment_of_start(history: History, bare: History) -> list[Violation]:
    """SIG-6: the signal ends the launcher with nothing left behind, or it reaches the command."""
    delivered = _delivered(history)
    index = delivered[0][0]
    launcher = end_of(history, "launcher")
    if launcher is None:
        return still_there(history, index)
    return (
        outlived(history, launcher, bare, index) or _lost(history, launcher, delivered) or changed_at_end(history, bare)
    )


def any_moment_of_end(history: History, bare: History) -> list[Violation]:
    """SIG-7: the status is the command's, whatever is sent while the command ends or after; and nothing is left."""
    index, _ = _delivered(history)[0]
    return _as_without(history, bare, (index,))


def order_changes_nothing(history: History, bare: History) -> list[Violation]:
    """EXIT-1 and all that follows from it: whether the launcher or its child is given the processor first is nobody's
    to see. No signal is sent here. A helper that is left is TREE-1's matter."""
    needs_tracing(history)
    needs_points(history)
    extra = unexpected_signals(history, bare)
    launcher = end_of(history, "launcher")
    if launcher is None:
        return missed(history)
    wrong = other_status(launcher, history, bare, ()) or _orphan(history, launcher, launcher[0].index)
    return wrong or changed_at_end(history, bare) or counts_as_bare(history, bare, extra, fewest=False, most=True)


UNDISTURBED, REACHES = "as without it", "reaches the command"
NOTHING_LEFT = "ends, nothing left"
NOTHING_SENT, UNTOLD = "nothing was sent", "not all was sent, so it cannot be told"


def outcome(history: History, undisturbed: History) -> str:
    """Say in a few words what came of a schedule: for the map of points."""
    launcher = end_of(history, "launcher")
    commands = {fact.process for fact in history.facts(WitnessReady) if fact.process.startswith("command")}
    greeted = bool(commands)
    if launcher is None:
        return "hangs"
    if greeted and _orphan(history, launcher, launcher[0].index):
        return "orphan"
    if _left(history, undisturbed):
        return "left behind"
    if not greeted:
        return NOTHING_LEFT
    return REACHES if any(set(received(history, name)) - {signal.SIGCHLD} for name in commands) else UNDISTURBED


def needs_points(history: History) -> None:
    """Raise NotObservable where nothing was sent because the launcher went another way, or where what became of a
    signal is due to our holding a thread. An order for what comes after its end need not be reached."""
    for unobserved in history.facts(Unobserved):
        if unobserved.code in ("signal-ended-by-exec", "call-not-failed"):
            raise NotObservable(words.unseen(unobserved))
    for refused in history.facts(ChoiceRefused):
        raise NotObservable(f"the launcher could not go on with '{refused.choice}' this time")
    for fact in history.facts(NotReached):
        if not isinstance(fact.directive.action, Hold):
            raise NotObservable(f"the launcher did not come by {fact.directive.at} this time")
    needs_freedom(history)


def needs_delivery(history: History) -> None:
    """Raise NotObservable where what the schedule says was not done, for the launcher went another way; or where it
    does nothing but hold: what comes then comes of an undisturbed run as well, and is not what the check is about. A
    case without a schedule is about just that."""
    needs_tracing(history)
    needs_points(history)
    tried = bool(history.facts(DirectiveApplied)) or any(fact.to != "command" for fact in history.facts(Sent))
    if tried and not any(_is_stimulus(event.fact) for event in history.events):
        raise NotObservable("no signal was sent to the launcher, no key pressed, no other call made beside it")


def _is_stimulus(fact: Fact) -> bool:
    """Whether it is done to the launcher, or beside it. Signals to the command are the script's own."""
    if isinstance(fact, Started):
        return fact.process == "beside"
    return isinstance(fact, Pressed) or (isinstance(fact, Sent) and fact.to != "command" and not fact.errno)


def _delivered(history: History) -> list[tuple[int, int]]:
    """Return what was delivered to the launcher: the event and the signal of each."""
    needs_tracing(history)
    needs_points(history)
    sent = [(event, fact) for event, fact in history.all(Sent) if fact.to in ("launcher", "group")]
    if sent and sent[0][1].errno:
        raise NotObservable("the launcher had ended before the signal was sent")
    found = [(event.index, fact.signal) for event, fact in sent if not fact.errno]
    found += [(event.index, INTERRUPT) for event, _ in history.all(Pressed)]
    if not found:
        raise NotObservable("no signal was sent to the launcher")
    return sorted(found)


def still_there(history: History, index: int) -> list[Violation]:
    """The launcher has not ended, and never would. NotObservable where a process outside the run may end what it waits
    for."""
    for miss in history.facts(WaitFailed):
        if any(map(is_outside, miss.open)):
            raise NotObservable(f"the launcher has not ended, but may still: {words.timed_out(miss)}")
    found = missed(history)
    how = found[0].actual if found else "it is still there at the end"
    return [violation("hangs", index, how=how)]


def _left(history: History, bare: History) -> list[Process]:
    """Return the processes that are left and are not left undisturbed, which `bare` tells: a watcher, say."""
    spared = Counter(process.name for process in alive(at_end(bare)) if not process.role)
    left = []
    for process in alive(at_end(history)):
        if spared[process.name] and not process.role:
            spared[process.name] -= 1
        else:
            left.append(process)
    return left


def outlived(history: History, launcher: tuple[Event, Ended], bare: History, index: int) -> list[Violation]:
    """Somebody is there after the launcher who would not be there after the command alone; index: what was done."""
    if found := _orphan(history, launcher, index):
        return found
    left = _left(history, bare)
    if not left:
        return []
    names, how = ", ".join(map(words.process, left)), how_ended(launcher[1])
    return [violation("process-outlives", index, launcher[0].index, how=how, processes=names)]


def _orphan(history: History, launcher: tuple[Event, Ended], index: int) -> list[Violation]:
    """The command is there after the launcher. Not one that dies with it: both deaths are then seen at once, in either
    order."""
    command = end_of(history, "command")
    if launcher_is_command(history) or (command and died_with(history, launcher[1], command[1])):
        return []
    greeted = next((event.index for event, fact in history.all(WitnessReady) if fact.process == "command"), None)
    if greeted is None or (command and command[0].index < launcher[0].index):
        return []
    return [violation("command-outlives", index, launcher[0].index, greeted, how=how_ended(launcher[1]))]


def _lost(history: History, launcher: tuple[Event, Ended], delivered: list[tuple[int, int]]) -> list[Violation]:
    """Each signal, for several may come at once; of the same ones one is enough, for they merge."""
    commands = {fact.process for fact in history.facts(WitnessReady) if fact.process.startswith("command")}
    greeted = bool(commands)
    command = end_of(history, "command")
    if not greeted or (command and command[1].signal is not None):
        return []
    missing = [(index, number) for index, number in delivered if not received(history)[number]]
    if not missing:
        return []
    index, number = missing[0]
    how = how_ended(launcher[1])
    return [violation("signal-lost", index, launcher[0].index, signal=signals.name(number), how=how)]


def changed_at_end(mine: History, its: History) -> list[Violation]:
    """No file is left, and no changed terminal. Files are counted, for names may be random: against what the launcher
    leaves undisturbed, which `its` holds as well."""
    now, before = settings_of_terminal(at_end(mine)), settings_of_terminal(at_end(its))
    for what, here in now.items():
        if here != (there := before[what]):
            required, actual = words.terminal_setting(what, there, here), words.terminal_setting(what, here, there)
            return [violation("terminal-changed", what=what, required=required, actual=actual)]
    usual = [path for fact in its.facts(TempFilesLeft) for path in fact.paths]
    left = [path for fact in mine.facts(TempFilesLeft) for path in fact.paths]
    if len(left) <= len(usual):
        return []
    return [violation("file-left", paths=", ".join(left[:5]))]


def _as_without(history: History, bare: History, events: tuple[int, ...]) -> list[Violation]:
    """The launcher ends with the command's status, after it, and nobody is left."""
    launcher = end_of(history, "launcher")
    if launcher is None:
        return still_there(history, *events)
    wrong = other_status(launcher, history, bare, events) or outlived(history, launcher, bare, events[0])
    return wrong or changed_at_end(history, bare)


def other_status(
    launcher: tuple[Event, Ended], history: History, bare: History, events: tuple[int, ...]
) -> list[Violation]:
    """The launcher's status is another than that of `bare`. NotObservable where the latter did not end."""
    its = end_of(bare, "launcher")
    if its is None:
        raise NotObservable("the bare command did not end")
    if status(launcher[1]) == status(its[1]):
        return []
    command = end_of(history, "command")
    what = f"the command {how_ended(command[1])}" if command else "the command never ended"
    how = f"{what}, the launcher {how_ended(launcher[1])}"
    return [
        violation(
            "wrong-status",
            *events,
            launcher[0].index,
            status=status_key(its[1]),
            because=", as without the launcher",
            how=how,
            end=end_key(launcher[1]),
        )
    ]
