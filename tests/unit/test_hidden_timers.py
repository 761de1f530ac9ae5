"""Timers that no process shows: where they may be read, where they may not, and when nobody has to look."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from proctor.harness.runner.observe import quiescence, timers
from proctor.harness.runner.play.observer import Observer
from proctor.harness.runner.play.resting import Resting


class Watching(Observer):
    """Watches tasks that rest. alarm, posix: as in Rest. may_have_timers: what the director saw; None without one."""

    def __init__(self, alarm: bool = False, posix: bool = False, may_have_timers: bool | None = None) -> None:
        director = None if may_have_timers is None else SimpleNamespace(may_have_timers=may_have_timers)
        parts = (None, None, None, SimpleNamespace(director=director), ())
        super().__init__(*parts)  # type: ignore[arg-type]
        self.shown: tuple[object, ...] = ("as it was",)
        self._has = (posix, alarm)

    def look(self) -> quiescence.Rest:
        return quiescence.Rest(True, self.shown, timers.FOREVER, (), *self._has, 0.0, 0.0)

    def drain(self) -> bool:
        return False

    def nothing(self) -> tuple[bool, Resting]:
        """Look, and return whether nothing is hidden, and what is known of the rest then."""
        rest, look = Resting(), self.look()
        rest.seen(look)
        return self.nothing_hidden(look, rest), rest


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[float | None]:
    """What the list of timers shows at each reading: seconds until the next goes off, None where it is not shown."""
    shown: list[float | None] = []
    monkeypatch.setattr(timers, "hidden", lambda: shown.pop(0))
    return shown


MAY_HAVE = (Watching(alarm=True), Watching(alarm=True, may_have_timers=True), Watching(posix=True))


@pytest.mark.parametrize("watching", MAY_HAVE)
def test_a_timer_whose_time_cannot_be_read_may_go_off(watching: Watching, readings: list[float | None]) -> None:
    readings.append(None)
    is_nothing, rest = watching.nothing()
    assert (is_nothing, rest.hidden_timer) == (False, True)


@pytest.mark.parametrize("watching", [Watching(), Watching(alarm=True, may_have_timers=False)])
def test_a_launcher_that_cannot_have_set_one_is_not_looked_at(watching: Watching, readings: list[float | None]) -> None:
    assert readings == []
    assert watching.nothing()[0]


def test_the_list_is_read_again_once_something_has_run(readings: list[float | None]) -> None:
    """Whatever made it run: a signal, an order to its command, another process."""
    watching = Watching(alarm=True)
    readings += [timers.FOREVER, 0.3]
    assert watching.nothing()[0]
    assert watching.nothing()[0]
    assert readings == [0.3]
    watching.shown = ("its child has ended",)
    _, rest = watching.nothing()
    assert 0.0 < rest.wakes <= 0.3


def test_a_timer_that_is_set_is_read_each_time(readings: list[float | None]) -> None:
    watching = Watching(alarm=True)
    readings += [3.0, 0.3]
    assert watching.nothing()[0]
    _, rest = watching.nothing()
    assert 0.0 < rest.wakes <= 0.3
