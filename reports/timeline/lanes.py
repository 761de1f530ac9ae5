"""Who is in a history, each with a lane of its own: we, the terminal, and every process, parents before children."""

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

US, TERMINAL, OUTPUT = "us", "terminal", "output"
LAUNCHER, COMMAND = "launcher", "command"
STARTERS = ("leader", "shell")
"""Whose child the launcher is, where that is not us."""
MOST_LANES = 14
"""A launcher may start any number of processes; so many are drawn, those whose roles are known first."""
MOST_LETTERS = 16


class Lane(NamedTuple):
    """One lane. name: as facts have it. label, note: for people, safe to print. pid: 0 for what is no process."""

    name: str
    label: str
    note: str = ""
    pid: int = 0


class Lanes:
    """The lanes of a history, from top to bottom."""

    def __init__(self, history: History) -> None:
        self._pids = dict(_named(history))
        calls = [fact.process for fact in history.facts(Started) if fact.process not in (*STARTERS, LAUNCHER)]
        self._calls = {name: number for number, name in enumerate(dict.fromkeys(calls), 1)}
        self._same = dict(self._aliases(history))
        strangers = dict(_strangers(history, set(self._pids.values())))
        names = dict.fromkeys((*_fixed(history), *self._pids, *_tasks(history)))
        kept = [name for name in names if name not in self._same]
        room = max(0, MOST_LANES - len(kept))
        self.left_out = max(0, len(strangers) - room) + max(0, len(kept) - MOST_LANES)
        """Processes for which there is no room."""
        self._pids |= {name: pid for name, (pid, _) in list(strangers.items())[:room]}
        shown = sorted([*kept[:MOST_LANES], *list(strangers)[:room]], key=self._rank)
        titles = {name: title for name, (_, title) in strangers.items()}
        self.all = tuple(self._lane(name, titles.get(name, name), history) for name in shown)
        self._numbers = {lane.name: number for number, lane in enumerate(self.all)}

    def of(self, name: str) -> int | None:
        """Return the number of the lane of a role, of a task ("launcher.t2") or of `us`; None where it has none."""
        name = re.sub(r"\.t\d+$", "", name)
        return self._numbers.get(self._same.get(name, name))

    def of_pid(self, pid: int) -> int | None:
        """Return the number of the lane of a process."""
        return next((number for number, lane in enumerate(self.all) if pid and lane.pid == pid), None)

    def _aliases(self, history: History) -> Iterator[tuple[str, str]]:
        """Yield names with the name of the lane that they share: a command with the launcher that has become it, and a
        task of a schedule with the process that it is known to be."""
        for name, pid in self._pids.items():
            caller = LAUNCHER if name == COMMAND else name.removesuffix(f"-{COMMAND}")
            if caller != name and self._pids.get(caller) == pid:
                yield name, caller
        by_pid = {pid: name for name, pid in self._pids.items()}
        for fact in history.facts(Sent):
            if fact.to.startswith("child") and fact.pid in by_pid:
                yield fact.to, by_pid[fact.pid]
        # whoever has the next pid is the first that the launcher has made
        if COMMAND in self._pids and self._pids[COMMAND] == self._pids.get(LAUNCHER, 0) + 1:
            yield "child1", COMMAND

    def _rank(self, name: str) -> tuple[int, int, int]:
        """Return the place of a lane: what the script is about, then other calls of the launcher, each with its own."""
        call = self._calls.get(name, 0) or self._calls.get(name.removesuffix(f"-{COMMAND}"), 0)
        first = (US, TERMINAL, OUTPUT, *STARTERS, LAUNCHER)
        if name in first:
            return call, first.index(name), 0
        pid, command = self._pids.get(name, 0), self._pids.get(COMMAND, 0)
        return call, len(first) + (name != COMMAND and pid > command > 0), pid

    def _lane(self, name: str, title: str, history: History) -> Lane:
        pid = self._pids.get(name, 0)
        under = history.scenario.stage.under
        labels = {US: "Proctor", "leader": "outside" if under == "init" else "job starter", "shell": under}
        label = harmless(labels.get(name, title)).replace("\n", "\\n")
        label = label if len(label) <= MOST_LETTERS else label[: MOST_LETTERS - 3] + "..."
        note = f"pid {pid}" if pid else ""
        if name in self._same.values() and any(self._same.get(one) == name for one in self._pids):
            note += " = command"
        return Lane(name, label, note, pid)


def _fixed(history: History) -> Iterator[str]:
    """Yield the lanes of what is no process."""
    yield US
    streams = {fact.stream for fact in history.facts(Output)}
    keys = any(isinstance(event.fact, (Pressed, Resized, HungUp)) for event in history.events)
    if history.scenario.stage.terminal or keys or TERMINAL in streams:
        yield TERMINAL
    if streams - {TERMINAL}:
        yield OUTPUT


def _named(history: History) -> Iterator[tuple[str, int]]:
    """Yield the processes that have a role; of one that is started again, as it is at last."""
    for event in history.events:
        if isinstance(event.fact, (Started, WitnessReady, HelperReady)):
            yield event.fact.process, event.fact.pid


def _strangers(history: History, known: set[int]) -> Iterator[tuple[str, tuple[int, str]]]:
    """Yield the processes that were only seen: a name for the lane, pid and title."""
    for look in history.facts(Snapshot):
        for process in look.processes:
            if not process.role and process.pid not in known:
                yield f"pid {process.pid}", (process.pid, process.name)


def _tasks(history: History) -> Iterator[str]:
    """Yield the processes of which only a schedule speaks, and the command where it never came."""
    for fact in history.facts(PointReached):
        yield fact.at.task.partition(".")[0]
    if any(process_of(fact.awaited) == COMMAND for fact in history.facts(WaitFailed)):
        yield COMMAND
