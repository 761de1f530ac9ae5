"""What a run leaves out because it ends early makes its requirements partial."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from xdist.dsession import Interrupted  # type: ignore[import-untyped]

from proctor.conformance.judging.judge import Judgement
from proctor.conformance.judging.result_rows import CaseResult, rows
from proctor.conformance.suite.unfinished import reached_maxfail, unfinished, unselected
from proctor.harness.target import Target

DONE = [CaseResult("EXIT-1", "a", f"case {n}", Judgement("pass")) for n in range(2)]


def item(name: str, requirement: str = "EXIT-1", target: str = "a") -> Any:
    mark = SimpleNamespace(args=(requirement,))
    return SimpleNamespace(
        nodeid=name, get_closest_marker=lambda _name: mark, callspec=SimpleNamespace(params={"case": target})
    )


def left_out(finished: set[str], *items: Any, is_interrupted: bool = False) -> list[CaseResult]:
    session = cast(pytest.Session, SimpleNamespace(items=list(items)))
    return list(unfinished(session, DONE, finished, is_interrupted))


def test_a_whole_run_leaves_nothing_out() -> None:
    assert left_out({"x", "y"}, item("x"), item("y")) == []


def test_a_requirement_is_partial_if_a_case_was_not_run() -> None:
    (found,) = left_out({"x"}, item("x"), item("y"), item("z", "EXIT-2"), item("w", target="b"))
    assert (found.requirement, found.target, found.judgement.verdict) == ("EXIT-1", "a", "partial")
    assert found.judgement.reason == "the run ended after 1 of 2 cases"
    assert rows(Target("a", ("a",)), [*DONE, found])["EXIT-1"].verdict == "partial"


def test_with_workers_an_interruption_makes_all_partial() -> None:
    (found,) = left_out(set(), is_interrupted=True)
    assert found.judgement == Judgement("partial", reason="the run was interrupted")
    assert left_out(set()) == []


def test_a_requirement_is_partial_if_a_case_was_not_selected() -> None:
    left = list(unselected(DONE, {("a", "EXIT-1"), ("b", "EXIT-1"), ("a", "EXIT-2")}, has_unknown_cases=False))
    assert [(one.target, one.requirement) for one in left] == [("a", "EXIT-1")]
    row = rows(Target("a", ("a",)), [*DONE, *left])["EXIT-1"]
    assert (row.verdict, row.reason, row.ran) == ("partial", "only selected cases were run", ["case 0", "case 1"])
    assert list(unselected(DONE, {("a", "EXIT-2")}, has_unknown_cases=False)) == []
    assert len(list(unselected(DONE, set(), has_unknown_cases=True))) == 1
    assert rows(Target("a", ("a",)), DONE)["EXIT-1"].ran == []


def test_what_does_not_apply_is_not_made_partial() -> None:
    not_its = [CaseResult("EXIT-1", "a", "case", Judgement("not applicable"))]
    assert list(unselected(not_its, {("a", "EXIT-1")}, has_unknown_cases=True)) == []


def test_a_failure_stays_one_if_only_a_part_was_selected() -> None:
    failed = [*DONE, CaseResult("EXIT-1", "a", "case 2", Judgement("fail"))]
    left = unselected(failed, {("a", "EXIT-1")}, has_unknown_cases=False)
    assert rows(Target("a", ("a",)), [*failed, *left])["EXIT-1"].verdict == "fail"


def test_what_x_ends_with_workers_is_no_ctrl_c() -> None:
    assert reached_maxfail(Interrupted("stopping after 1 failures"))
    assert not reached_maxfail(Interrupted("<WorkerController gw0> received keyboard-interrupt"))
    assert not reached_maxfail(KeyboardInterrupt("stopping after 1 failures"))
