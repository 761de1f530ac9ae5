"""What each process of a history is at which time: it runs, is stopped or held, has lost its parent, or is a zombie."""

from __future__ import annotations

from typing import Literal, NamedTuple

from proctor.harness.history import (
    Continued,
    DirectiveApplied,
    Ended,
    Event,
    Held,
    HelperReady,
    History,
    HungUp,
    PointReached,
    Process,
    Reaped,
    Released,
    Snapshot,
    Started,
    Stopped,
    WitnessReady,
)
from proctor.harness.schedule import Hold
from proctor.reports.timeline.lanes import LAUNCHER, STARTERS, TERMINAL, US, Lanes

State = Literal["open", "running", "stopped", "held", "orphaned", "zombie"]
"""Open is what is no process: we, and the terminal until it is hung up."""


class Span(NamedTuple):
    """A lane's state from one event to another, by their indexes."""

    lane: int
    state: State
    first: int
    last: int


class _Life:
    """What is known of one process up to here. since: the event with which its state began."""

    def __init__(self, lane: int, since: int) -> None:
        self.lane, self.since, self.mentioned = lane, since, since
        self.stopped = self.held = self.orphaned = self.zombie = self.gone = False

    @property
    def state(self) -> State:
        if self.zombie:
            return "zombie"
        return "held" if self.held else "stopped" if self.stopped else "orphaned" if self.orphaned else "running"


class States:
    """Follows a history. spans: the states of all lanes. parents: the lane of the parent of each whose is known."""

    def __init__(self, history: History, lanes: Lanes) -> None:
        self._lanes = lanes
        self._lives: dict[int, _Life] = {}
        self._ours: set[int] = set()
        self._runner = 0
        self._zombies = {p.pid for look in history.facts(Snapshot) for p in look.processes if p.state == "Z"}
        self._zombies |= {fact.pid for fact in history.facts(Reaped)}
        self.parents: dict[int, int] = {}
        end = history.events[-1].index if history.events else 0
        hang_up = next((event.index for event, _ in history.all(HungUp)), end)
        no_processes = ((lanes.of(US), end), (lanes.of(TERMINAL), hang_up))
        self.spans = [Span(lane, "open", 0, last) for lane, last in no_processes if lane is not None]
        for event in history.events:
            self._take(event)
        for life in self._lives.values():
            self._close(life, end if lanes.all[life.lane].pid else life.mentioned)

    def _take(self, event: Event) -> None:
        match event.fact:
            case Started(process=name, pid=pid):
                self._enter(self._lanes.of(name), event.index)
                if name != LAUNCHER or not any(self._life(starter) for starter in STARTERS):
                    self._ours.add(pid)
            case WitnessReady(process=name, pid=pid, inherited=inherited):
                self._enter(self._lanes.of(name), event.index)
                if inherited.pid == pid:  # in a PID namespace of its own it knows others by other numbers
                    self._is_child(name, pid, inherited.ppid, event.index)
            case HelperReady(process=name):
                self._enter(self._lanes.of(name), event.index)
            case Snapshot(processes=rows):
                self._look(rows, event.index)
            case Stopped(process=name) | Continued(process=name):
                self._change(self._life(name), event.index, stopped=isinstance(event.fact, Stopped))
            case Held(pids=pids) | Released(pids=pids):
                for pid in pids:
                    life = self._lives.get(-1 if (lane := self._lanes.of_pid(pid)) is None else lane)
                    self._change(life, event.index, held=isinstance(event.fact, Held))
            case PointReached(at=point):
                self._enter(self._lanes.of(point.task), event.index)
            case DirectiveApplied(directive=directive, what=what) if isinstance(directive.action, Hold):
                self._change(self._life(directive.at.task), event.index, held=what == "held")
            case Ended(process=name, pid=pid):
                self._end(self._life(name), pid, event.index)
            case Reaped(process=name):
                self._close(self._life(name), event.index)
            case _:
                pass

    def _life(self, name: str) -> _Life | None:
        lane = self._lanes.of(name)
        return None if lane is None else self._lives.get(lane)

    def _enter(self, lane: int | None, index: int) -> None:
        if lane is not None:
            self._lives.setdefault(lane, _Life(lane, index)).mentioned = index

    def _change(self, life: _Life | None, index: int, **changes: bool) -> None:
        """Change what is known of a process; where it is in another state then, the span of the one before is over."""
        if not life or life.gone:
            return
        before = life.state
        for name, value in changes.items():
            setattr(life, name, value)
        life.mentioned = index
        if life.state != before:
            self.spans.append(Span(life.lane, before, life.since, index))
            life.since = index

    def _close(self, life: _Life | None, index: int) -> None:
        if life and not life.gone:
            self.spans.append(Span(life.lane, life.state, life.since, index))
            life.gone = True

    def _end(self, life: _Life | None, pid: int, index: int) -> None:
        if not life or life.gone or life.zombie:
            return
        if pid in self._zombies:
            self._change(life, index, zombie=True)
        else:
            self._close(life, index)
        for child, parent in self.parents.items():
            if parent == life.lane:
                self._change(self._lives.get(child), index, orphaned=True)

    def _is_child(self, name: str, pid: int, ppid: int, index: int) -> None:
        """Take in whose child a process is; one whose parent has ended before is an orphan."""
        lane, parent = self._lanes.of(name), self._lanes.of_pid(ppid)
        if lane is None or lane == parent or pid in self._ours:
            return
        if parent is not None:
            self._enter(parent, index)  # under a shell we hear of the launcher later than of its child
            self.parents.setdefault(lane, parent)
        launcher = self._life(LAUNCHER)
        if ppid == self._runner or (parent is None and launcher and (launcher.gone or launcher.zombie)):
            self._lives[lane].orphaned = True

    def _look(self, rows: tuple[Process, ...], index: int) -> None:
        for row in rows:
            lane = self._lanes.of(row.role) if row.role else self._lanes.of_pid(row.pid)
            if lane is None:
                continue
            if row.pid in self._ours:
                self._runner = row.ppid
            self._enter(lane, index)
            life, parent = self._lives[lane], self._lanes.of_pid(row.ppid)
            if parent is not None and parent != lane:
                self.parents.setdefault(lane, parent)
            orphaned = life.orphaned or (row.ppid == self._runner and row.pid not in self._ours)
            stopped = row.state == "T" if not life.held else life.stopped
            self._change(life, index, stopped=stopped, orphaned=orphaned, zombie=life.zombie or row.state == "Z")
        there = {row.pid for row in rows}
        for life in list(self._lives.values()):
            if life.zombie and self._lanes.all[life.lane].pid not in there:
                self._close(life, index)
