"""The facts that a script waits for."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from proctor.harness import history
from proctor.harness.awaited import Awaited, process_of
from proctor.harness.errors import HarnessError
from proctor.harness.runner import processes
from proctor.harness.runner.observe.open_waits import named
from proctor.harness.runner.play.observer import SETTLE_LIMIT
from proctor.harness.runner.play.registry import ProcessRegistry
from proctor.harness.runner.play.waiting import CERTAIN_AFTER, Waiter
from proctor.harness.runner.play.waits import WaitOutcome
from proctor.harness.runner.recorder import Recorder
from proctor.harness.runner.trace.tracing import Tracing


class ScriptAborted(Exception):
    """The script ends here: an awaited fact did not come."""


class Expectations:
    """Waits for facts. Records that one came and how long it took, or that it did not; then the script is aborted."""

    def __init__(
        self, recorder: Recorder, registry: ProcessRegistry, wait: Waiter, tracing: Tracing, gives_up: bool = True
    ) -> None:
        """gives_up: whether a fact is given up as soon as it is certain that it cannot come. Below a real parent that
        never is: the parent may do something at any time."""
        self._gives_up = gives_up
        self._recorder = recorder
        self._registry = registry
        self._wait = wait
        self._tracing = tracing
        self.has_been_patient = False
        """Whether an open wait has had the time that it is given once."""
        self.step: int | None = None
        """The index of the script's step that is being done."""

    def fact(self, what: Awaited, is_there: Callable[[], bool], within: float, patience: float = CERTAIN_AFTER) -> None:
        """Wait up to `within` seconds until `is_there()`; ScriptAborted if it does not come, or cannot come."""

        def there_or_impossible() -> bool:
            return is_there() or self._none_left()

        outcome = self._wait.for_fact(there_or_impossible, within, patience if self._gives_up else within)
        if is_there():
            self._recorder.add("runner", history.WaitEnded(what, round(outcome.seconds, 6), round(outcome.idle, 6)))
            return
        self.missed(what, outcome)

    def missed(self, what: Awaited, outcome: WaitOutcome) -> None:
        """Record that a fact did not come, and which processes there are; raise ScriptAborted."""
        listed = [process for process in self._registry.all_processes() if process.role != "leader"]
        if outcome.starved and not outcome.came:
            raise HarnessError(
                "this machine is so busy that the launcher did not get the time that it is given within "
                f"{outcome.seconds:.0f} s. This says nothing about the launcher. Try again when less runs here, or "
                "with fewer workers"
            )
        sure = outcome.sure or outcome.came
        if not sure:
            self._wait.expect_no_rest()
        self.has_been_patient |= bool(outcome.open)
        seconds, hidden = round(outcome.seconds, 6), self._hidden(what, listed)
        waits = named(outcome.open, listed)
        failed = history.WaitFailed(
            what, seconds, sure, tuple(listed), hidden, self.step, waits, round(outcome.ran, 2), outcome.spins
        )
        self._recorder.add("runner", failed)
        raise ScriptAborted

    def settled(self, limit: float = 0.0, open_for: float = SETTLE_LIMIT) -> history.SettleEnded:
        """Wait for quiescence, as Waiter.settle does; record how that ended, and return it."""
        ended = self._wait.settle(limit, open_for)
        if ended.open:
            ended = msgspec.structs.replace(ended, open=named(ended.open, self._registry.all_processes()))
        self._recorder.add("runner", ended)
        return ended

    def _hidden(self, what: Awaited, listed: list[history.Process]) -> history.Hidden | None:
        """Return why a fact may have come unseen. A process that the launcher traces is not seen to stop, and does
        nothing while its tracer is held (ptrace(2)); strace is such a launcher. Under a shell a launcher is found by
        the command below it; one that has ended by then is not found."""
        if process_of(what) == "launcher" and "launcher" not in self._registry.pids:
            return history.Hidden("launcher-not-found")
        kept = self._tracing.kept_still()
        for process in listed:
            if process.state == "t" and process.pid not in kept:
                return history.Hidden("traced", process.role or process.name)
        return None

    def _none_left(self) -> bool:
        """Whether all processes that could still do something have ended."""
        roles = self._registry.pids.keys() - {"leader"}
        return bool(roles) and roles <= self._recorder.ended and not self._others_alive()

    def _others_alive(self) -> bool:
        return any(p.role != "leader" and p.state not in processes.ENDED for p in self._registry.all_processes())
