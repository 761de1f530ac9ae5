"""What a run leaves out because it ends early makes its requirements partial."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from proctor.conformance.judging.judge import Judgement
from proctor.conformance.judging.result_rows import CaseResult, rows
from proctor.conformance.suite.unfinished import unfinished
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
