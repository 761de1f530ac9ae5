"""The lanes of a timeline: Proctor, the terminal, and every process of a history, parents before children."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from proctor.harness.awaited import process_of
from proctor.harness.history import (
    HelperReady,
    History,
    HungUp,
    Output,
    PointReached,
    Pressed,
    Resized,
    Sent,
    Snapshot,
    Started,
    WaitFailed,
    WitnessReady,
)
from proctor.harness.words import harmless

PROCTOR, TERMINAL, OUTPUT = "proctor", "terminal", "output"
LAUNCHER, COMMAND = "launcher", "command"
LAUNCHER_PARENTS = ("leader", "shell", "parent")
"""Processes that start the launcher, if Proctor does not."""
MAX_LANES = 14
"""Limit of lanes, since a launcher may start any number of processes. Processes with a role come first."""
MAX_LABEL = 16
"""Characters."""


class Lane(NamedTuple):
    """One lane. name: as in facts. label, note: text for people, safe to print. pid: 0 if the lane is not a process."""

    name: str
    label: str
    note: str = ""
    pid: int = 0


class Lanes:
    """The lanes of a history, from top to bottom."""

    def __init__(self, history: History) -> None:
        self._pids = dict(_named_processes(history))
        invocations = [
            fact.process for fact in history.facts(Started) if fact.process not in (*LAUNCHER_PARENTS, LAUNCHER)
        ]
        self._invocations = {name: number for number, name in enumerate(dict.fromkeys(invocations), 1)}
        self._aliases = dict(self._find_aliases(history))
        unnamed = dict(_unnamed_processes(history, set(self._pids.values())))
        names = dict.fromkeys((*_non_processes(history), *self._pids, *_scheduled_processes(history)))
        kept = [name for name in names if name not in self._aliases]
        room = max(0, MAX_LANES - len(kept))
        self.left_out = max(0, len(unnamed) - room) + max(0, len(kept) - MAX_LANES)
        """Number of processes without a lane."""
        self._pids |= {name: pid for name, (pid, _) in list(unnamed.items())[:room]}
        shown = sorted([*kept[:MAX_LANES], *list(unnamed)[:room]], key=self._rank)
        titles = {name: title for name, (_, title) in unnamed.items()}
        self.all = tuple(self._lane(name, titles.get(name, name), history) for name in shown)
        self._numbers = {lane.name: number for number, lane in enumerate(self.all)}

    def lane_of(self, name: str) -> int | None:
        """Return the lane of a role, of a task ("launcher.t2") or of Proctor; None if it has no lane."""
        name = re.sub(r"\.t\d+$", "", name)
        return self._numbers.get(self._aliases.get(name, name))

    def lane_of_pid(self, pid: int) -> int | None:
        """Return the lane of a process; None if it has no lane."""
        return next((number for number, lane in enumerate(self.all) if pid and lane.pid == pid), None)

    def _find_aliases(self, history: History) -> Iterator[tuple[str, str]]:
        """Yield names that share the lane of another name: a command that replaced its launcher by exec, and a task of
        a schedule whose process is known."""
        for name, pid in self._pids.items():
            caller = LAUNCHER if name == COMMAND else name.removesuffix(f"-{COMMAND}")
            if caller != name and self._pids.get(caller) == pid:
                yield name, caller
        by_pid = {pid: name for name, pid in self._pids.items()}
        for fact in history.facts(Sent):
            if fact.to.startswith("child") and fact.pid in by_pid:
                yield fact.to, by_pid[fact.pid]
        # the process with the next PID is the launcher's first child
        if COMMAND in self._pids and self._pids[COMMAND] == self._pids.get(LAUNCHER, 0) + 1:
            yield "child1", COMMAND

    def _rank(self, name: str) -> tuple[int, int, int]:
        """Return the sort key of a lane: first the lanes of the script, then those of further invocations."""
        invocation = self._invocations.get(name, 0) or self._invocations.get(name.removesuffix(f"-{COMMAND}"), 0)
        first = (PROCTOR, TERMINAL, OUTPUT, *LAUNCHER_PARENTS, LAUNCHER)
        if name in first:
            return invocation, first.index(name), 0
        pid, command = self._pids.get(name, 0), self._pids.get(COMMAND, 0)
        return invocation, len(first) + (name != COMMAND and pid > command > 0), pid

    def _lane(self, name: str, title: str, history: History) -> Lane:
        pid = self._pids.get(name, 0)
        under = history.scenario.stage.parent
        labels = {PROCTOR: "Proctor", "leader": "outer parent" if under == "init" else "parent", "shell": under}
        label = harmless(labels.get(name, title)).replace("\n", "\\n")
        label = label if len(label) <= MAX_LABEL else label[: MAX_LABEL - 3] + "..."
        note = f"pid {pid}" if pid else ""
        if name in self._aliases.values() and any(self._aliases.get(one) == name for one in self._pids):
            note += " = command"
        return Lane(name, label, note, pid)


def _non_processes(history: History) -> Iterator[str]:
    """Yield the lanes that are not processes."""
    yield PROCTOR
    streams = {fact.stream for fact in history.facts(Output)}
    keys = any(isinstance(event.fact, (Pressed, Resized, HungUp)) for event in history.events)
    if history.scenario.stage.terminal or keys or TERMINAL in streams:
        yield TERMINAL
    if streams - {TERMINAL}:
        yield OUTPUT


def _named_processes(history: History) -> Iterator[tuple[str, int]]:
    """Yield the processes that have a role. A role that starts again has its latest PID last."""
    for event in history.events:
        if isinstance(event.fact, (Started, WitnessReady, HelperReady)):
            yield event.fact.process, event.fact.pid


def _unnamed_processes(history: History, known: set[int]) -> Iterator[tuple[str, tuple[int, str]]]:
    """Yield the processes of snapshots that have no role: a name for the lane, the PID and the title."""
    for snapshot in history.facts(Snapshot):
        for process in snapshot.processes:
            if not process.role and process.pid not in known:
                yield f"pid {process.pid}", (process.pid, process.name)


def _scheduled_processes(history: History) -> Iterator[str]:
    """Yield the processes that only schedule points name, and the command if a wait for it failed."""
    for fact in history.facts(PointReached):
        yield fact.at.task.partition(".")[0]
    if any(process_of(fact.awaited) == COMMAND for fact in history.facts(WaitFailed)):
        yield COMMAND
