"""The bars of a timeline: when each process of a history is running, stopped, held, orphaned or a zombie."""

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
from proctor.reports.timeline.lanes import LAUNCHER, LAUNCHER_PARENTS, PROCTOR, TERMINAL, Lanes

LaneState = Literal["open", "running", "stopped", "held", "orphaned", "zombie"]
"""open: a lane that is not a process: Proctor, and the terminal until it hangs up."""


class StateSpan(NamedTuple):
    """The state of a lane between two events, given by their indexes."""

    lane: int
    state: LaneState
    first: int
    last: int


class _ProcessState:
    """The state of one process so far. since: the event at which the state began; mentioned: the last event about
    it."""

    def __init__(self, lane: int, since: int) -> None:
        self.lane, self.since, self.mentioned = lane, since, since
        self.stopped = self.held = self.orphaned = self.zombie = self.gone = False

    @property
    def state(self) -> LaneState:
        if self.zombie:
            return "zombie"
        return "held" if self.held else "stopped" if self.stopped else "orphaned" if self.orphaned else "running"


class StateTracker:
    """Follows a history. spans: the states of all lanes. parents: by lane, the lane of the parent, if it is known."""

    def __init__(self, history: History, lanes: Lanes) -> None:
        self._lanes = lanes
        self._processes: dict[int, _ProcessState] = {}
        self._roots: set[int] = set()
        self._runner = 0
        self._zombies = {p.pid for look in history.facts(Snapshot) for p in look.processes if p.state == "Z"}
        self._zombies |= {fact.pid for fact in history.facts(Reaped)}
        self.parents: dict[int, int] = {}
        end = history.events[-1].index if history.events else 0
        hang_up = next((event.index for event, _ in history.all(HungUp)), end)
        no_processes = ((lanes.lane_of(PROCTOR), end), (lanes.lane_of(TERMINAL), hang_up))
        self.spans = [StateSpan(lane, "open", 0, last) for lane, last in no_processes if lane is not None]
        for event in history.events:
            self._apply(event)
        for process in self._processes.values():
            self._finish(process, end if lanes.all[process.lane].pid else process.mentioned)

    def _apply(self, event: Event) -> None:
        match event.fact:
            case Started(process=name, pid=pid):
                self._mention(self._lanes.lane_of(name), event.index)
                if name != LAUNCHER or not any(self._process(starter) for starter in LAUNCHER_PARENTS):
                    self._roots.add(pid)
            case WitnessReady(process=name, pid=pid, inherited=inherited):
                self._mention(self._lanes.lane_of(name), event.index)
                if inherited.pid == pid:  # in its own PID namespace a process sees other PIDs
                    self._set_parent(name, pid, inherited.ppid, event.index)
            case HelperReady(process=name):
                self._mention(self._lanes.lane_of(name), event.index)
            case Snapshot(processes=rows):
                self._apply_snapshot(rows, event.index)
            case Stopped(process=name) | Continued(process=name):
                self._change(self._process(name), event.index, stopped=isinstance(event.fact, Stopped))
            case Held(pids=pids) | Released(pids=pids):
                for pid in pids:
                    process = self._processes.get(-1 if (lane := self._lanes.lane_of_pid(pid)) is None else lane)
                    self._change(process, event.index, held=isinstance(event.fact, Held))
            case PointReached(at=point):
                self._mention(self._lanes.lane_of(point.task), event.index)
            case DirectiveApplied(directive=directive, what=what) if isinstance(directive.action, Hold):
                self._change(self._process(directive.at.task), event.index, held=what == "held")
            case Ended(process=name, pid=pid):
                self._end(self._process(name), pid, event.index)
            case Reaped(process=name):
                self._finish(self._process(name), event.index)
            case _:
                pass

    def _process(self, name: str) -> _ProcessState | None:
        lane = self._lanes.lane_of(name)
        return None if lane is None else self._processes.get(lane)

    def _mention(self, lane: int | None, index: int) -> None:
        if lane is not None:
            self._processes.setdefault(lane, _ProcessState(lane, index)).mentioned = index

    def _change(self, process: _ProcessState | None, index: int, **changes: bool) -> None:
        """Change the flags of a process. If its state changes, end the span of the previous state."""
        if not process or process.gone:
            return
        before = process.state
        for name, value in changes.items():
            setattr(process, name, value)
        process.mentioned = index
        if process.state != before:
            self.spans.append(StateSpan(process.lane, before, process.since, index))
            process.since = index

    def _finish(self, process: _ProcessState | None, index: int) -> None:
        if process and not process.gone:
            self.spans.append(StateSpan(process.lane, process.state, process.since, index))
            process.gone = True

    def _end(self, process: _ProcessState | None, pid: int, index: int) -> None:
        if not process or process.gone or process.zombie:
            return
        if pid in self._zombies:
            self._change(process, index, zombie=True)
        else:
            self._finish(process, index)
        for child, parent in self.parents.items():
            if parent == process.lane:
                self._change(self._processes.get(child), index, orphaned=True)

    def _set_parent(self, name: str, pid: int, ppid: int, index: int) -> None:
        """Record the parent of a process. A process whose parent has already ended is an orphan."""
        lane, parent = self._lanes.lane_of(name), self._lanes.lane_of_pid(ppid)
        if lane is None or lane == parent or pid in self._roots:
            return
        if parent is not None:
            self._mention(parent, index)  # under a shell, the launcher is reported after its child
            self.parents.setdefault(lane, parent)
        launcher = self._process(LAUNCHER)
        if ppid == self._runner or (parent is None and launcher and (launcher.gone or launcher.zombie)):
            self._processes[lane].orphaned = True

    def _apply_snapshot(self, rows: tuple[Process, ...], index: int) -> None:
        for row in rows:
            lane = self._lanes.lane_of(row.role) if row.role else self._lanes.lane_of_pid(row.pid)
            if lane is None:
                continue
            if row.pid in self._roots:
                self._runner = row.ppid
            self._mention(lane, index)
            process, parent = self._processes[lane], self._lanes.lane_of_pid(row.ppid)
            if parent is not None and parent != lane:
                self.parents.setdefault(lane, parent)
            orphaned = process.orphaned or (row.ppid == self._runner and row.pid not in self._roots)
            stopped = row.state == "T" if not process.held else process.stopped
            self._change(process, index, stopped=stopped, orphaned=orphaned, zombie=process.zombie or row.state == "Z")
        there = {row.pid for row in rows}
        for process in list(self._processes.values()):
            if process.zombie and self._lanes.all[process.lane].pid not in there:
                self._finish(process, index)
