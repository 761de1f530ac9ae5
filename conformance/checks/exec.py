"""Chapter EXEC: replacing oneself."""

from __future__ import annotations

import signal

import msgspec

from proctor.conformance.checks import environments, inherit
from proctor.conformance.checks.common import NotObservable, events_of, needs_whole_script, received
from proctor.conformance.checks.objections import violation
from proctor.harness import words
from proctor.harness.history import Executed, History, Notified, Received, Snapshot, Started, WitnessReady
from proctor.harness.violation import Violation

LAUNCHER_AND_COMMAND = 2
"""Programs."""
OF_PYTHON = frozenset({signal.SIGPIPE, signal.SIGXFSZ})
"""Signals that CPython ignores from its start."""


def _pids(history: History) -> tuple[int, int, int]:
    """Return the pid that the caller started, the command's, and the event that tells the latter."""
    launcher = next((fact.pid for fact in history.facts(Started) if fact.process == "launcher"), 0)
    if not launcher:
        raise NotObservable("the pid that was started is not known")
    for event, fact in history.all(WitnessReady):
        if fact.process == "command":
            return launcher, fact.pid, event.index
    raise NotObservable("the launcher did not start its command")


def has_the_callers_pid(history: History, bare: History) -> list[Violation]:
    """EXEC-1: the command is the process that the caller started."""
    launcher, command, event = _pids(history)
    if launcher == command:
        return []
    return [violation("other-pid", event, pid=launcher, actual=command)]


def is_accepted_as_main(history: History, bare: History) -> list[Violation]:
    """EXEC-1: what the command tells the service manager comes from the PID that was started."""
    launcher, _, _ = _pids(history)
    needs_whole_script(history)
    told = [(event, fact) for event, fact in history.all(Notified) if "READY=1" in fact.text.splitlines()]
    if not told:
        raise NotObservable("no message came to the service manager's socket")
    wrong = [(event.index, fact.pid) for event, fact in told if fact.pid != launcher]
    return [violation("notified-by-other", index, pid=launcher, actual=pid) for index, pid in wrong[:1]]


def replaced_and_gone(history: History, bare: History) -> list[Violation]:
    """EXEC-2: the launcher is the command, and its temporary environment is gone afterwards."""
    return has_the_callers_pid(history, bare) or environments.gone_after_the_end(history, bare)


def replaced_and_whole(history: History, bare: History) -> list[Violation]:
    """EXEC-2: the launcher is the command, which finds its environment whole."""
    return has_the_callers_pid(history, bare) or environments.whole_while_it_runs(history, bare)


def nothing_visible(history: History, bare: History) -> list[Violation]:
    """EXEC-3: no child, no descriptor, no signal setting of the launcher, and no word of a child that has been."""
    # a command in Python has changed two of them before anyone can look
    spared = OF_PYTHON if history.scenario.command == "tool" else frozenset()
    found = inherit.descriptors(history, bare) + inherit.signal_settings(history, bare, spared)
    _, command, _ = _pids(history)
    # the witness tells of no child that it has made itself
    if received(history)[signal.SIGCHLD] > received(bare)[signal.SIGCHLD]:
        senders = [fact.sender for fact in history.facts(Received) if fact.signal == signal.SIGCHLD]
        found.append(violation("foreign-child-ended", *events_of(history, signal.SIGCHLD), pid=senders[-1]))
    for event, look in history.all(Snapshot):
        for process in look.processes:
            if process.ppid == command and look.when != "end":
                found.append(violation("foreign-child", event.index, process=words.process(process)))
                return _with_programs(history, found, command)
    return _with_programs(history, found, command)


def _with_programs(history: History, found: list[Violation], command: int) -> list[Violation]:
    """Have violations name the programs that the command's process executed before, if there is one beside the
    launcher: a shim of an interpreter, say, may have done what the launcher is blamed for."""
    programs = [fact for fact in history.facts(Executed) if fact.pid == command]
    if len(programs) <= LAUNCHER_AND_COMMAND:
        return found
    more = words.executed_before(programs)
    return [msgspec.structs.replace(one, actual=f"{one.actual}; {more}") for one in found]
