"""Carries out the steps of a script, one by one."""

from __future__ import annotations

import random
import zlib
from collections import Counter
from typing import Literal

from proctor.harness import history, scenario
from proctor.harness.awaited import OrderDone, OrderTaken
from proctor.harness.errors import HarnessError
from proctor.harness.runner import processes
from proctor.harness.runner.observe.terminal import Pipes, Terminal
from proctor.harness.runner.observe.witnesses import Witnesses
from proctor.harness.runner.play.expectations import Expectations, ScriptAborted
from proctor.harness.runner.play.invocations import ConcurrentInvocations
from proctor.harness.runner.play.registry import ProcessRegistry
from proctor.harness.runner.play.waiting import Waiter, WaitOutcome
from proctor.harness.runner.recorder import Recorder
from proctor.harness.runner.start import spawn
from proctor.harness.runner.start.snapshots import Watched
from proctor.harness.runner.trace.hold import ProcessHold
from proctor.harness.runner.trace.tracer import Tracer
from proctor.harness.schedule import PressKey

_STIMULI = (scenario.Signal, scenario.Press, scenario.Type, scenario.Resize, scenario.HangUp)


class Steps:
    """Does what a step says, or waits for what it says. Over where an awaited fact did not come."""

    def __init__(
        self, recorder: Recorder, cast: ProcessRegistry, witnesses: Witnesses, streams: Terminal | Pipes, wait: Waiter,
        awaited: Expectations, beside: ConcurrentInvocations, watched: Watched | None, within: float,
    ) -> None:  # fmt: skip
        self._recorder = recorder
        self._cast = cast
        self._witnesses = witnesses
        self._streams = streams
        self._wait = wait
        self._awaited = awaited
        self._beside = beside
        self._watched = watched
        self._within = within
        self._claimed: Counter[tuple[str, int]] = Counter()
        self._answered_before: Counter[tuple[str, str]] = Counter()
        """How often a witness had answered when it was last given an order that takes its time."""

    @property
    def _terminal(self) -> Terminal | None:
        return self._streams if isinstance(self._streams, Terminal) else None

    def do(self, step: scenario.Step) -> None:
        """Carry out one step."""
        within = self._within
        self._wait.stirred |= isinstance(step, _STIMULI)
        match step:
            case scenario.Signal(signal=number, to=to):
                self._recorder.add("runner", self._cast.send(number, to))
            case scenario.Press(key=key):
                self._press(key)
            case scenario.Type(data=data):
                self.type(data)
            case scenario.TypePattern(count=count, seed=seed):
                self.type(random.Random(seed).randbytes(count))
            case scenario.Resize(rows=rows, columns=columns):
                self._recorder.add("runner", history.Resized(rows, columns))
                self._needs_terminal("a resize").resize(rows, columns)
            case scenario.HangUp():
                self._recorder.add("runner", history.HungUp())
                self._needs_terminal("a hang-up").hang_up()
            case scenario.Order(text=text, to=to):
                self._order(to, text)
            case scenario.Hold():
                self._hold()
            case scenario.Release():
                self._release()
            case scenario.Trace(at_reap=at_reap):
                self._trace(at_reap)
            case scenario.NewPhase():
                if self._cast.director:
                    self._cast.director.next_part()
            case scenario.Start(invoke=invoke, name=name):
                self._beside.start(invoke, name)
            case scenario.Enter(name=name):
                self._beside.enter(name)
            case scenario.Reuse(process=process):
                self._reuse(process)
            case scenario.Compare(when=when):
                self._recorder.add("runner", self._watch().compare(when))
            case scenario.Settle(limit=limit):
                self._recorder.add("runner", self._wait.settle(limit))
            case scenario.Look():
                self.look("step")
            case scenario.WaitReady(process=process):
                self._awaited.fact(step, lambda: self.has_greeted(process), within)
            case scenario.WaitReceived(process=process, signal=number):
                self._receives(step, process, number)
            case scenario.WaitEnds(process=process):
                self._awaited.fact(step, lambda: process in self._recorder.ended, within)
            case scenario.WaitStopped(process=process):
                self._awaited.fact(step, lambda: self._state(process) == "T", within)
                self._recorder.add("runner", history.Stopped(process))
            case scenario.WaitContinued(process=process):
                self._awaited.fact(step, lambda: self._state(process) != "T", within)
                self._recorder.add("runner", history.Continued(process))
            case scenario.WaitAnswer(process=process, order=order):
                word = "read" if order == "read-line" else order
                before = self._answered_before[process, order]
                self._awaited.fact(step, lambda: self._recorder.answered[process, word] > before, within)
            case scenario.WaitOutput(text=text):
                self.prints(text)

    def _watch(self) -> Watched:
        if not self._watched:
            raise HarnessError('the scenario compares directories that are not watched: set stage.home to "warm"')
        return self._watched

    def _reuse(self, process: str) -> None:
        if not self._beside.reuse(process):
            self._recorder.add("runner", history.Unobserved("pid-not-reused"))
            raise ScriptAborted

    def _needs_terminal(self, what: str) -> Terminal:
        if not self._terminal:
            raise HarnessError(f"the scenario has {what} but no terminal: set stage.terminal")
        return self._terminal

    def _press(self, key: scenario.Key) -> None:
        self._recorder.add("runner", history.Pressed(key))
        self._needs_terminal("a key").write(scenario.KEYS[key])

    def press_at_point(self, action: PressKey) -> None:
        """Press a key now, and have the terminal take it before anyone runs again."""
        self._press(action.key)
        self._streams.flush_input()

    def has_greeted(self, process: str) -> bool:
        """Return whether a witness has said hello."""
        return process in self._recorder.greeted

    def type(self, data: bytes) -> None:
        """Type at the terminal, or write to standard input."""
        self._recorder.add("runner", history.Typed(len(data), zlib.crc32(data)))
        self._streams.write(data)

    def _order(self, to: str, text: str) -> None:
        word, *rest = text.split()
        before = self._recorder.answered[to, "read" if word == "read-line" else word]
        if word == "write":  # counted by itself, from here to its answer
            self._wait.drain()
            self._recorder.count_streams()
        self._recorder.add("runner", history.Ordered(to, text))
        if not self._witnesses.order(to, text):
            self._awaited.missed(OrderTaken(to, text), WaitOutcome(False, True, 0.0, 0.0))
        if word in scenario.ORDERS_WITHOUT_ANSWER:
            self._answered_before[to, word] = before
            return
        self._awaited.fact(OrderDone(to, text), lambda: self._recorder.answered[to, word] > before, self._within)
        if word == "write":
            self._wait.drain()
            self._recorder.count_streams()
        if word == "spawn":
            self._awaited.fact(scenario.WaitReady(rest[0]), lambda: self.has_greeted(rest[0]), self._within)

    def _receives(self, step: scenario.WaitReceived, process: str, number: int) -> None:
        key = (process, number)
        self._claimed[key] += 1
        self._awaited.fact(step, lambda: self._recorder.received[key] >= self._claimed[key], self._within)

    def prints(self, text: str) -> None:
        """Wait until the terminal shows a text, "<prompt>" for that of the shell."""
        wanted = spawn.PROMPT.encode() if text == "<prompt>" else text.encode()

        def there() -> bool:
            return wanted in self._recorder.text

        self._awaited.fact(scenario.WaitOutput(text), there, self._within)
        self._recorder.text = self._recorder.text.partition(wanted)[2]

    def _state(self, role: str) -> str:
        process = processes.read_process(self._cast.pids.get(role, 0))
        return process.state if process else "X"

    def _hold(self) -> None:
        self._cast.held = ProcessHold(self._cast.between(), self._wait.until_stopped)
        self._recorder.add("runner", history.Held(self._cast.held.pids, self._cast.held.how))

    def _release(self) -> None:
        if self._cast.held:
            self._cast.held.release()
            self._recorder.add("runner", history.Released(self._cast.held.pids))
        self._cast.held = None

    def _trace(self, at_reap: int) -> None:
        def send() -> None:
            if at_reap:
                self._recorder.add("runner", self._cast.send(at_reap, "launcher"))

        pids = self._cast.between()
        if self._cast.director:  # a task has one tracer: that of the schedule sees these calls too
            self._cast.director.trace(send)
            self._recorder.add("runner", history.TraceStarted(tuple(pids)))
            return
        try:
            self._cast.tracer = Tracer(pids, self._cast.pids["command"], self._recorder, send)
        except OSError as error:
            self._recorder.add("runner", history.Unobserved("ptrace-refused", detail=str(error)))
            raise ScriptAborted from None
        self._recorder.add("runner", history.TraceStarted(tuple(pids)))

    def look(self, when: Literal["start", "step", "end"]) -> None:
        """Note who is there, and how the terminal is set."""
        self._wait.drain()
        self._cast.reap()
        self.note_look(when, self._cast.everyone())

    def note_look(self, when: Literal["start", "step", "end"], everyone: tuple[history.Process, ...]) -> None:
        """Note these processes, and how the terminal is set."""
        terminal = self._terminal
        rows, columns = terminal.size() if terminal else (0, 0)
        self._recorder.add(
            "runner",
            history.Snapshot(
                when,
                everyone,
                terminal.foreground() if terminal else 0,
                terminal.modes() if terminal else (),
                terminal.characters() if terminal else "",
                rows,
                columns,
            ),
        )
