"""The limit of a case: whose it is, and that it counts from the end of the last execution."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from proctor.conformance.suite.case_timer import LIMIT, CaseTimer
from proctor.harness.execute import LONGEST_EXECUTION


class _Item:
    """A test that notes its marks, and which of pytest-timeout's hooks are called."""

    def __init__(self) -> None:
        self.marks: list[pytest.Mark] = []
        self.called: list[tuple[str, float]] = []
        hook = SimpleNamespace(
            pytest_timeout_cancel_timer=lambda item: self.called.append(("cancel", 0.0)),
            pytest_timeout_set_timer=lambda item, settings: self.called.append(("set", settings.timeout)),
        )
        self.config = SimpleNamespace(hook=hook)

    def add_marker(self, mark: pytest.MarkDecorator) -> None:
        self.marks.append(mark.mark)


def timer_and_item(config: pytest.Config) -> tuple[CaseTimer, _Item]:
    timer, item = CaseTimer(config), _Item()
    timer.mark(cast(pytest.Item, item))
    timer.watch(cast(pytest.Item, item))
    return timer, item


def test_limit_is_more_than_an_execution_and_the_end_of_its_runner_take() -> None:
    assert LIMIT > 2 * LONGEST_EXECUTION


def test_limit_counts_from_the_last_execution(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_TIMEOUT", raising=False)
    timer, item = timer_and_item(pytester.parseconfig())
    assert [(mark.args, mark.kwargs) for mark in item.marks] == [((LIMIT,), {"method": "signal", "func_only": True})]
    timer.restart()
    timer.restart()
    assert item.called == [("cancel", 0.0), ("set", LIMIT)] * 2


@pytest.mark.parametrize("asked", [7.0, 0.0])
def test_limit_of_a_user_counts_for_the_whole_case(asked: float, pytester: pytest.Pytester) -> None:
    timer, item = timer_and_item(pytester.parseconfig(f"--timeout={asked}"))
    assert item.marks[0].args == (asked,)
    timer.restart()
    assert item.called == []


def test_no_limit_without_pytest_timeout(pytester: pytest.Pytester) -> None:
    timer, item = timer_and_item(pytester.parseconfig("-p", "no:timeout"))
    timer.restart()
    assert (item.marks, item.called) == ([], [])
