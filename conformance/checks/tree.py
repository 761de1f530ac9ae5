"""Chapter TREE: processes."""

from __future__ import annotations

import signal
from collections import Counter

from proctor.conformance.checks.common import (
    NotApplicable,
    NotObservable,
    alive,
    at_end,
    counts_as_bare,
    end_of,
    launcher_is_command,
    missed,
    needs_no_common_death,
    needs_whole_script,
    process_left,
    received,
)
from proctor.conformance.checks.exit import same_status
from proctor.conformance.checks.objections import violation
from proctor.conformance.checks.signals import reaches_command
from proctor.harness import words
from proctor.harness.history import (
    History,
    IpcLeft,
    Process,
    Received,
    Sent,
    SettleEnded,
    Snapshot,
    Started,
    TempFilesLeft,
    WitnessReady,
)
from proctor.harness.signals import name
from proctor.harness.violation import Violation

MOST_NAMED = 5
"""Files and objects that a message names."""


def nothing_left(history: History, bare: History) -> list[Violation]:
    """TREE-1: no process is left but those that the bare command leaves as well."""
    here, there = Counter(map(_kind, alive(at_end(history)))), Counter(map(_kind, alive(at_end(bare))))
    found = []
    for process in alive(at_end(history)):
        if process.role == "launcher" and not end_of(history, "launcher"):
            continue  # it has not ended: that is another requirement's matter
        if here[_kind(process)] > there[_kind(process)] and end_of(history, "launcher"):
            found.append(process_left(history, process))
    if not end_of(history, "launcher"):
        needs_whole_script(history)
    return found


def nothing_else_left(history: History, bare: History) -> list[Violation]:
    """TREE-9: no more files in TMPDIR and IPC objects are left than the bare command leaves; names may be random."""
    if not end_of(history, "launcher"):
        needs_whole_script(history)
    if len(alive(at_end(history))) > len(alive(at_end(bare))):
        raise NotObservable("a process is left, which may still need what it has made: see TREE-1")
    files = [path for fact in history.facts(TempFilesLeft) for path in fact.paths]
    objects = [one for fact in history.facts(IpcLeft) for one in fact.objects]
    found = []
    if len(files) > sum(len(fact.paths) for fact in bare.facts(TempFilesLeft)):
        found.append(violation("file-not-removed", paths=_first(files)))
    if len(objects) > sum(len(fact.objects) for fact in bare.facts(IpcLeft)):
        found.append(violation("ipc-object-left", objects=_first(objects)))
    return found


def _first(names: list[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} others" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more


def _kind(process: Process) -> str:
    return process.role or "unknown"


def no_zombie(history: History, bare: History) -> list[Violation]:
    """TREE-2: at rest, no child of the launcher is a zombie, but for those the bare command has as well."""
    return no_zombie_after_signals(history, bare) or missed(history)


def no_zombie_after_signals(history: History, bare: History) -> list[Violation]:
    """TREE-2: the same; that a signal ended the launcher or its command is for SIG-1 and SIG-5."""
    found: list[tuple[int, Violation]] = []
    command = next((f.pid for f in history.facts(WitnessReady) if f.process == "command"), 0)
    launcher = next((f.pid for f in history.facts(Started) if f.process == "launcher"), 0)
    spared = 0 if launcher == command else command
    looks = (pair for pair in history.all(Snapshot) if pair[1].when == "step")  # those at the start are not at rest
    in_bare = [len(_zombies(look, 0)) for look in bare.facts(Snapshot) if look.when == "step"]
    for (event, look), spare in zip(looks, in_bare, strict=False):
        zombies = _zombies(look, spared)
        if len(zombies) > spare:
            names = ", ".join(map(words.process, zombies))
            found.append((event.index, violation("zombie-left", event.index, processes=names)))
    return _found_at_rest(history, found)


def _found_at_rest(history: History, found: list[tuple[int, Violation]]) -> list[Violation]:
    """Return what was found at looks, given by their event, at which the launcher was at rest: one that is still at
    work, or wakes again and again, may be about to reap. NotObservable if something was found, but at no such look."""
    at_rest = [one for index, one in found if _rested_before(history, index)]
    if found and not at_rest:
        raise NotObservable("a zombie was there, but the launcher was never seen at rest, so it may reap it later")
    return at_rest


def _rested_before(history: History, index: int) -> bool:
    rests = [fact for event, fact in history.all(SettleEnded) if event.index < index]
    return not rests or rests[-1].how == "quiescent"


def _zombies(look: Snapshot, spared: int) -> list[Process]:
    """Zombies of a look; those whose parent is `spared`, the command, are its own affair."""
    return [p for p in look.processes if p.state == "Z" and (not spared or p.ppid != spared) and p.role != "leader"]


def noticed_by_command(history: History, bare: History) -> list[Violation]:
    """TREE-3: when the launcher dies of SIGKILL the command receives a signal or ends."""
    if launcher_is_command(history):
        raise NotApplicable("the launcher has replaced itself by the command")
    sent = next((e.index for e, f in history.all(Sent) if f.signal == signal.SIGKILL and f.to == "launcher"), None)
    if sent is None:
        return missed(history)
    for event in history.events:
        if event.index > sent and isinstance(event.fact, Received) and event.fact.process == "command":
            return []
    if end_of(history, "command"):
        return []
    return [violation("death-unnoticed", sent)]


def group_signal_arrives(history: History, bare: History) -> list[Violation]:
    """TREE-4: a signal to the process group reaches the command at least once."""
    needs_no_common_death(history)
    numbers = [fact.signal for fact in history.facts(Sent) if fact.to == "group"]
    return counts_as_bare(history, bare, numbers, fewest=True, most=False) or missed(history)


def group_signal_once(history: History, bare: History) -> list[Violation]:
    """TREE-5: exactly once; a signal that does not come at all is TREE-4's matter."""
    numbers = [fact.signal for fact in history.facts(Sent) if fact.to == "group"]
    if found := counts_as_bare(history, bare, numbers, fewest=False, most=True):
        return found
    needs_whole_script(history)
    if counts_as_bare(history, bare, numbers, fewest=True, most=False):
        raise NotObservable("the signal did not reach the command at all: see TREE-4")
    return []


def init_forwards(history: History, bare: History) -> list[Violation]:
    """TREE-6: as PID 1, TERM and INT reach the command."""
    return reaches_command(history, bare)


def init_reaps(history: History, bare: History) -> list[Violation]:
    """TREE-6: as PID 1, adopted orphans are reaped."""
    found: list[tuple[int, Violation]] = []
    for event, look in history.all(Snapshot):
        zombies = [p for p in look.processes if p.state == "Z" and p.role not in ("leader", "command")]
        if look.when == "step" and zombies:
            names = ", ".join(map(words.process, zombies))
            found.append((event.index, violation("orphan-not-reaped", event.index, processes=names)))
    return missed(history) or _found_at_rest(history, found)


def init_status(history: History, bare: History) -> list[Violation]:
    """TREE-6: the exit status is right, and nothing is left."""
    return same_status(history, bare) or nothing_left(history, bare)


def survives_daemon(history: History, bare: History) -> list[Violation]:
    """TREE-7: the command daemonizes: the launcher ends when the command does, and leaves the daemon alone."""
    if found := missed(history):
        return found
    mine, its = ({p.role for p in alive(at_end(h))} for h in (history, bare))
    if "daemon" in its and "daemon" not in mine:
        return [violation("daemon-ended", process="daemon")]
    if more := received(history, "daemon") - received(bare, "daemon"):
        events = tuple(event.index for event, fact in history.all(Received) if fact.process == "daemon")
        names = ", ".join(map(name, sorted(more)))
        return [violation("daemon-signalled", *events, process="daemon", signals=names)]
    return []
