"""Carries out the steps of a script, one by one."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Literal

from proctor.harness import history, scenario
from proctor.harness.awaited import OrderDone, OrderTaken
from proctor.harness.errors import HarnessError
from proctor.harness.orders import Ask, Catch, Default, ExitOn, Ignore, Inherit, OrderToWitness, Spawn
from proctor.harness.runner import processes
from proctor.harness.runner.observe.pipes import Pipes
from proctor.harness.runner.observe.terminal import Terminal
from proctor.harness.runner.play.expectations import Expectations, ScriptAborted
from proctor.harness.runner.play.invocations import ConcurrentInvocations
from proctor.harness.runner.play.keyboard import Keyboard
from proctor.harness.runner.play.observer import SETTLE_LIMIT
from proctor.harness.runner.play.real_parent import ASK_WITHIN
from proctor.harness.runner.play.registry import ProcessRegistry
from proctor.harness.runner.play.waiting import Waiter
from proctor.harness.runner.play.waits import WaitOutcome
from proctor.harness.runner.recorder import Recorder
from proctor.harness.runner.start import spawn
from proctor.harness.runner.start.snapshots import Watched
from proctor.harness.runner.trace.tracing import Tracing

POLLING_REST = 0.25
"""Seconds for which a launcher that is known to poll is waited for at its start, where nothing has been done yet. After
that it is waited for SETTLE_LIMIT seconds, as any other."""
UNNOTICED = (Catch, Default, ExitOn, Ignore, Inherit)
"""Orders that change only what the command does about a signal: the launcher does not notice them."""


class Steps:
    """Does what a step says, or waits for what it says; ScriptAborted where an awaited fact did not come."""

    def __init__(
        self, recorder: Recorder, registry: ProcessRegistry, streams: Terminal | Pipes, keyboard: Keyboard,
        wait: Waiter, expectations: Expectations, invocations: ConcurrentInvocations, tracing: Tracing,
        watched: Watched | None, within: float, first_rest: float,
    ) -> None:  # fmt: skip
        self._recorder = recorder
        self._registry = registry
        self._terminal = streams if isinstance(streams, Terminal) else None
        self._keyboard = keyboard
        self._wait = wait
        self._expectations = expectations
        self._invocations = invocations
        self._tracing = tracing
        self._watched = watched
        self._within = within
        self._first_rest = first_rest
        """Seconds for which a launcher that polls is waited for before anything else is done."""
        self.polled: bool | None = None
        """Whether it polled there; None where the script does not begin with that."""
        self._is_start = True
        """Whether nothing has been done yet that the launcher may notice."""
        self._claimed: Counter[tuple[str, int | str]] = Counter()
        self._answered_before: Counter[tuple[str, str]] = Counter()
        """How often a witness had answered when it was last given an order that takes its time."""

    def do(self, step: scenario.Step) -> None:
        """Carry out one step."""
        within, is_start = self._within, self._is_start
        self._is_start &= isinstance(step, scenario.Order) and isinstance(step.order, UNNOTICED)
        match step:
            case scenario.Signal(signal=number, to=to):
                self._recorder.add("runner", self._registry.send(number, to))
            case scenario.Press(key=key):
                self._keyboard.press(key)
            case scenario.Type(data=data):
                self._keyboard.type(data)
            case scenario.TypePattern(count=count, seed=seed):
                self._keyboard.type(random.Random(seed).randbytes(count))
            case scenario.Resize(rows=rows, columns=columns):
                self._recorder.add("runner", history.Resized(rows, columns))
                self._keyboard.terminal_for("a resize").resize(rows, columns)
            case scenario.HangUp():
                self._recorder.add("runner", history.HungUp())
                self._keyboard.terminal_for("a hang-up").hang_up()
            case scenario.ClosePipe(stream=stream):
                self._keyboard.close_pipe(stream)
            case scenario.StopReading(stream=output):
                self._keyboard.stop_reading(output)
            case scenario.ReadOn(stream=output, most=most):
                self._keyboard.read_on(output, most)
            case scenario.ReadRest():
                self._keyboard.read_rest()
            case scenario.Order(order=order, to=to, waits=waits):
                self._order(to, order, waits)
            case scenario.Hold():
                self._hold()
            case scenario.Release():
                self._release()
            case scenario.Trace(at_reap=at_reap):
                self._trace(at_reap)
            case scenario.NewPhase():
                if self._tracing.director:
                    self._tracing.director.next_part()
            case scenario.Start(invoke=invoke, name=name):
                self._invocations.start(invoke, name)
            case scenario.Enter(name=name):
                self._invocations.enter(name)
            case scenario.Reuse(process=process):
                self._reuse(process)
            case scenario.Compare(when=when):
                self._recorder.add("runner", self._watch().compare(when))
            case scenario.Settle(limit=limit):
                self._settle(limit, is_start and not limit)
            case scenario.MeasureCpu():
                if self._expectations.settled().how != "quiescent":
                    self._recorder.add("runner", self._wait.cpu_used(self._registry.witness_pids()))
            case scenario.Look():
                self.look("step")
            case scenario.WaitReady(process=process):
                self._expectations.fact(step, lambda: self.has_greeted(process), within)
            case scenario.WaitReceived(process=process, signal=number):
                self._receives(step, process, number)
            case scenario.WaitEnds(process=process):
                self._expectations.fact(step, lambda: process in self._recorder.ended, within)
            case scenario.WaitStopped(process=process):
                self._expectations.fact(step, lambda: self._state(process) == "T", within)
                self._recorder.add("runner", history.Stopped(process))
            case scenario.WaitContinued(process=process):
                self._expectations.fact(step, lambda: self._state(process) != "T", within)
                self._recorder.add("runner", history.Continued(process))
            case scenario.WaitAnswer(process=process, order=order):
                word = "read" if order == "read-line" else order
                before = self._answered_before[process, order]
                self._expectations.fact(step, lambda: self._recorder.answered[process, word] > before, within)
            case scenario.WaitMilestone(process=process, name=name):
                self._reaches(step, process, name)
            case scenario.WaitOutput(text=text):
                self.prints(text)

    def _watch(self) -> Watched:
        if not self._watched:
            raise HarnessError('the scenario compares directories that are not watched: set stage.home to "warm"')
        return self._watched

    def _settle(self, limit: float, is_start: bool) -> None:
        """Wait for quiescence. At the start this only gives the launcher time to complete its start."""
        ended = self._expectations.settled(limit, self._first_rest if is_start else SETTLE_LIMIT)
        if is_start:
            self.polled = ended.how == "waited" and not ended.open

    def _reuse(self, process: str) -> None:
        if not self._invocations.reuse(process):
            self._recorder.add("runner", history.Unobserved("pid-not-reused"))
            raise ScriptAborted

    def has_greeted(self, process: str) -> bool:
        """Return whether a witness has reported that it runs."""
        return process in self._recorder.greeted

    def greeting(self, process: str) -> Callable[[], bool]:
        """Return what tells whether a witness has reported that it runs."""
        return lambda: self.has_greeted(process)

    def _order(self, to: str, order: OrderToWitness, waits: bool) -> None:
        word = order.word
        before = self._recorder.answered[to, "read" if word == "read-line" else word]
        if word == "write":  # its output is counted separately, from here to when all is quiescent after its answer
            self._wait.drain()
            self._recorder.count_streams()
        self._recorder.add("runner", history.Ordered(to, order))
        if not self._registry.witnesses.order(to, str(order)):
            self._expectations.missed(OrderTaken(to, order), WaitOutcome(False, True, 0.0, 0.0))
        if not order.answers or not waits:
            self._answered_before[to, word] = before
            return
        within = ASK_WITHIN if isinstance(order, Ask) else self._within
        self._expectations.fact(OrderDone(to, order), lambda: self._recorder.answered[to, word] > before, within)
        if word == "write":  # a launcher with a terminal of its own may have bytes that it still has to pass on
            self._expectations.settled()
            self._recorder.count_streams()
        if isinstance(order, Spawn):
            self._expectations.fact(scenario.WaitReady(order.name), lambda: self.has_greeted(order.name), self._within)

    def _receives(self, step: scenario.WaitReceived, process: str, number: int) -> None:
        key = (process, number)
        self._claimed[key] += 1
        self._expectations.fact(step, lambda: self._recorder.received[key] >= self._claimed[key], self._within)

    def _reaches(self, step: scenario.WaitMilestone, process: str, name: str) -> None:
        key = (process, name)
        self._claimed[key] += 1
        self._expectations.fact(step, lambda: self._recorder.milestones[key] >= self._claimed[key], self._within)

    def prints(self, text: str) -> None:
        """Wait until the terminal shows a text, "<prompt>" for that of the shell."""
        wanted = spawn.PROMPT.encode() if text == "<prompt>" else text.encode()

        def there() -> bool:
            return wanted in self._recorder.text

        self._expectations.fact(scenario.WaitOutput(text), there, self._within)
        self._recorder.text = self._recorder.text.partition(wanted)[2]

    def _state(self, role: str) -> str:
        process = processes.read_process(self._registry.pids.get(role, 0))
        return process.state if process else "X"

    def _hold(self) -> None:
        hold = self._tracing.hold(self._registry.between(), self._wait.until_stopped)
        self._recorder.add("runner", history.Held(hold.pids, hold.how))

    def _release(self) -> None:
        if hold := self._tracing.release():
            self._recorder.add("runner", history.Released(hold.pids))

    def _trace(self, at_reap: int) -> None:
        def send() -> None:
            if at_reap:
                self._recorder.add("runner", self._registry.send(at_reap, "launcher"))

        pids = self._registry.between()
        try:
            self._tracing.trace(pids, self._registry.pids["command"], self._recorder, send)
        except OSError as error:
            self._recorder.add("runner", history.Unobserved("ptrace-refused", detail=str(error)))
            raise ScriptAborted from None
        self._recorder.add("runner", history.TraceStarted(tuple(pids)))

    def look(self, when: Literal["start", "step", "end"]) -> tuple[history.Process, ...]:
        """Record all processes and the state of the terminal; return the processes."""
        self._wait.drain()
        self._registry.reap()
        listed = self._registry.all_processes()
        self.note_look(when, listed)
        return listed

    def note_look(self, when: Literal["start", "step", "end"], listed: tuple[history.Process, ...]) -> None:
        """Record these processes and the state of the terminal."""
        terminal = self._terminal
        rows, columns = terminal.size() if terminal else (0, 0)
        self._recorder.add(
            "runner",
            history.Snapshot(
                when,
                listed,
                terminal.foreground() if terminal else 0,
                terminal.modes() if terminal else (),
                terminal.characters() if terminal else "",
                rows,
                columns,
                terminal.flags() if terminal else 0,
            ),
        )
