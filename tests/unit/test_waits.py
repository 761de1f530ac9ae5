"""The loop that waits, on a clock and looks of the test's own: no process, and no time passes."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable

import pytest

from proctor.harness.history import OpenWait
from proctor.harness.runner.observe import quiescence, timers
from proctor.harness.runner.play import time_had
from proctor.harness.runner.play.observer import PATIENCE as OF_OPEN_WAITS
from proctor.harness.runner.play.observer import SETTLE_LIMIT
from proctor.harness.runner.play.resting import Resting
from proctor.harness.runner.play.waits import STARVED_FOR, FactWait, SettleWait, WaitOutcome

PATIENCE = 0.1
OUTSIDE = OpenWait(1, "outside", "recvfrom", "socket:[1]")


class Tasks:
    """Stands for the observer: tasks that are `blocked()`, a timer that goes off `wakes` seconds from each look on, and
    a director that acts `acts` times at rest. waits: open waits of theirs. share: of the time, for which they use the
    CPU; delay: for which they are ready to run, but do not get it; None for the rest. Serving events takes the time it
    may take, at least a millisecond."""

    def __init__(
        self,
        blocked: Callable[[], bool],
        wakes: float = timers.FOREVER,
        acts: int = 0,
        waits: Iterable[OpenWait] = (),
        share: float = 1.0,
        delay: float | None = None,
    ) -> None:
        self.clock = 0.0
        self.waits_for_disk = False
        self._delay = 1.0 - share if delay is None else delay
        self.readable, self.has_unwritten = True, False
        self.yields = 0
        self.acts = acts
        self._blocked, self._wakes, self._open, self._share = blocked, wakes, tuple(waits), share

    @property
    def is_traced(self) -> bool:
        return False

    director_waits = is_traced

    def drain(self) -> bool:
        return False

    def pump(self, seconds: float) -> bool:
        self.clock += max(seconds, 0.001)
        return False

    pause = pump

    def until_look(self, pause: float, busy: int) -> float:
        assert busy == 0
        return pause

    def is_current_running(self, rest: Resting) -> bool:
        assert rest
        return False

    def cpu_seconds(self) -> float:
        return self.clock * self._share

    def delays(self) -> tuple[dict[int, float], bool]:
        return {1: self.clock * self._delay}, self.waits_for_disk

    def let_director_act(self, at_rest: bool, rest: Resting) -> bool:
        assert rest
        self.acts -= at_rest
        return at_rest and self.acts >= 0

    def nothing_hidden(self, look: quiescence.Rest, rest: Resting) -> bool:
        return look.blocked and rest.wakes > 0

    def look(self) -> quiescence.Rest:
        self.clock += 0.0001
        blocked = self._blocked()
        fingerprint = (blocked, 0 if blocked else self.clock)
        return quiescence.Rest(
            blocked, fingerprint, self._wakes, self._open, False, frozenset(), self.clock, self.clock
        )


@pytest.fixture
def on_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[Tasks], Tasks]:
    def use(tasks: Tasks) -> Tasks:
        monkeypatch.setattr(time, "monotonic", lambda: tasks.clock)
        return tasks

    return use


Use = Callable[[Tasks], Tasks]


def wait_for(tasks: Tasks, is_there: Callable[[], bool], within: float = 5.0) -> FactWait:
    return FactWait(tasks, is_there, within, PATIENCE)  # type: ignore[arg-type]


def settle(tasks: Tasks, busy_limit: float = 10.0, open_for: float = SETTLE_LIMIT) -> SettleWait:
    return SettleWait(tasks, busy_limit, open_for)  # type: ignore[arg-type]


def test_a_fact_that_is_there_ends_the_wait_at_once(on_clock: Use) -> None:
    assert wait_for(on_clock(Tasks(lambda: False)), lambda: True).run() == WaitOutcome(True, False, 0.0, 0.0)


def test_a_fact_that_comes_while_tasks_run_is_waited_for(on_clock: Use) -> None:
    tasks = on_clock(Tasks(lambda: False))
    outcome = wait_for(tasks, lambda: tasks.clock > 1.0).run()
    assert (outcome.came, outcome.idle) == (True, 0.0)
    assert 1.0 < outcome.seconds < 1.1


def test_at_rest_a_fact_is_given_up_after_the_patience(on_clock: Use) -> None:
    outcome = wait_for(on_clock(Tasks(lambda: True)), lambda: False).run()
    assert (outcome.came, outcome.sure) == (False, True)
    assert PATIENCE <= outcome.seconds < 2 * PATIENCE
    assert PATIENCE <= outcome.idle <= outcome.seconds


def test_while_a_task_runs_a_fact_is_waited_for_until_the_deadline(on_clock: Use) -> None:
    outcome = wait_for(on_clock(Tasks(lambda: False)), lambda: False).run()
    assert (outcome.came, outcome.sure) == (False, False)
    assert 5.0 <= outcome.seconds < 5.1
    assert 4.9 < outcome.ran < 5.1


def test_what_wakes_now_and_then_has_not_run_most_of_the_time(on_clock: Use) -> None:
    outcome = wait_for(on_clock(Tasks(lambda: True, wakes=1.0, share=0.1)), lambda: False).run()
    assert (outcome.sure, outcome.ran) == (False, 0.0)


def test_while_a_timer_goes_off_again_and_again_nothing_is_certain(on_clock: Use) -> None:
    """It may be a loop that counts: for n in range(50): sleep(0.1)."""
    outcome = wait_for(on_clock(Tasks(lambda: True, wakes=1.0)), lambda: False).run()
    assert (outcome.came, outcome.sure) == (False, False)
    assert 5.0 <= outcome.seconds < 5.1


def test_a_timer_after_the_deadline_is_not_waited_for(on_clock: Use) -> None:
    outcome = wait_for(on_clock(Tasks(lambda: True, wakes=9.0)), lambda: False).run()
    assert outcome.sure
    assert outcome.seconds < 2 * PATIENCE


def test_patience_begins_anew_when_the_director_acts(on_clock: Use) -> None:
    tasks = on_clock(Tasks(lambda: True, acts=3))
    outcome = wait_for(tasks, lambda: False).run()
    assert outcome.sure
    assert tasks.acts < 0
    assert outcome.idle < outcome.seconds


def test_at_rest_a_fact_is_not_given_up_while_a_wait_is_open(on_clock: Use) -> None:
    outcome = wait_for(on_clock(Tasks(lambda: True, waits=(OUTSIDE,))), lambda: False).run()
    assert (outcome.came, outcome.sure, outcome.open) == (False, False, (OUTSIDE,))
    assert OF_OPEN_WAITS <= outcome.seconds < OF_OPEN_WAITS + 0.1


def test_where_all_else_has_longer_an_open_wait_has_so_too(on_clock: Use) -> None:
    outcome = wait_for(on_clock(Tasks(lambda: True, waits=(OUTSIDE,))), lambda: False, within=30.0).run()
    assert (outcome.came, outcome.sure, outcome.open) == (False, False, (OUTSIDE,))
    assert 30.0 <= outcome.seconds < 30.1


def test_a_task_that_gets_little_of_the_cpu_is_given_longer(on_clock: Use) -> None:
    outcome = wait_for(on_clock(Tasks(lambda: False, share=0.2)), lambda: False).run()
    assert (outcome.came, outcome.sure) == (False, False)
    assert 20.0 < outcome.seconds < 26.0


def test_a_task_that_gets_no_cpu_is_given_up_some_day(on_clock: Use) -> None:
    outcome = wait_for(on_clock(Tasks(lambda: False, share=0.0)), lambda: False).run()
    assert STARVED_FOR <= outcome.seconds < STARVED_FOR + 11.0
    assert outcome.starved


def test_a_task_that_runs_for_all_of_its_time_has_had_it(on_clock: Use) -> None:
    outcome = wait_for(on_clock(Tasks(lambda: False, share=0.9)), lambda: False).run()
    assert not outcome.starved and not outcome.came


def test_what_is_seen_only_when_it_wakes_has_had_its_time(on_clock: Use) -> None:
    """Events wake us when they wake a task, so each look sees it run, however short it runs."""
    outcome = wait_for(on_clock(Tasks(lambda: False, share=0.05, delay=0.02)), lambda: False).run()
    assert not outcome.starved
    assert outcome.seconds < 5.1


def test_who_waits_for_a_disk_has_not_had_its_time(on_clock: Use) -> None:
    tasks = on_clock(Tasks(lambda: False, share=0.05, delay=0.0))
    tasks.waits_for_disk = True
    assert wait_for(tasks, lambda: False).run().starved


def test_where_delays_are_not_known_the_time_is_what_ran_and_rested(
    on_clock: Use, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time_had, "DELAYS_ARE_KNOWN", False)
    assert wait_for(on_clock(Tasks(lambda: False, share=0.05, delay=0.0)), lambda: False).run().starved


def test_a_task_that_runs_at_each_second_look_comes_to_no_rest_soon(on_clock: Use) -> None:
    """It sleeps between two looks, and a tracer looks when it wakes: tox does so at each poll of its pipes."""
    looks = itertools.count()
    settled = settle(on_clock(Tasks(lambda: next(looks) % 3 > 0, wakes=0.01, share=0.01, delay=0.0))).run()
    assert settled.how == "waited"
    assert settled.seconds < 3 * SETTLE_LIMIT


def test_an_open_wait_is_waited_for_and_said(on_clock: Use) -> None:
    settled = settle(on_clock(Tasks(lambda: True, waits=(OUTSIDE,))), open_for=4.0).run()
    assert (settled.how, settled.open) == ("waited", (OUTSIDE,))
    assert 4.0 <= settled.seconds < 4.1


def test_a_relay_is_waited_for_only_a_moment(on_clock: Use) -> None:
    settled = settle(on_clock(Tasks(lambda: True, waits=(OpenWait(1, "relays"),))), open_for=4.0).run()
    assert SETTLE_LIMIT <= settled.seconds < SETTLE_LIMIT + 0.1


def test_what_a_relay_carries_comes_within_a_second_or_never(on_clock: Use) -> None:
    outcome = wait_for(on_clock(Tasks(lambda: True, waits=(OpenWait(1, "relays"),))), lambda: False).run()
    assert outcome.sure
    assert SETTLE_LIMIT <= outcome.seconds < SETTLE_LIMIT + 0.2


def test_two_looks_settle_a_launcher_at_rest(on_clock: Use) -> None:
    tasks = on_clock(Tasks(lambda: True))
    settled = settle(tasks).run()
    assert (settled.how, settled.reason) == ("quiescent", "")
    assert settled.seconds < 0.01


def test_settling_waits_until_tasks_stop_running(on_clock: Use) -> None:
    tasks = Tasks(lambda: tasks.clock > 0.5)
    settled = settle(on_clock(tasks)).run()
    assert settled.how == "quiescent"
    assert 0.5 < settled.seconds < 0.6


def test_a_short_timer_makes_settling_wait_and_say_so(on_clock: Use) -> None:
    wait = settle(on_clock(Tasks(lambda: True, wakes=0.3)))
    settled = wait.run()
    assert (settled.how, settled.reason) == ("waited", "a timer goes off within 0.300 s")
    assert SETTLE_LIMIT <= settled.seconds < SETTLE_LIMIT + 0.1
    assert wait.came_to_rest


def test_a_launcher_that_never_rests_is_waited_for_until_the_limit(on_clock: Use) -> None:
    wait = settle(on_clock(Tasks(lambda: False)), busy_limit=3.0)
    settled = wait.run()
    assert (settled.how, settled.reason) == ("waited", "a task was running at every look")
    assert 3.0 <= settled.seconds < 3.1
    assert not wait.came_to_rest
