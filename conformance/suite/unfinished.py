"""What a run leaves out because it ends early: by Ctrl-C, or by pytest's -x."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from proctor.conformance.judging.judge import Judgement
from proctor.conformance.judging.result_rows import CaseResult

NAME = "the rest of the run"


def unfinished(
    session: pytest.Session, results: list[CaseResult], finished: set[str], is_interrupted: bool
) -> Iterator[CaseResult]:
    """Yield `partial` for each requirement of a target of which there are results, but not of all selected cases.
    finished: the cases that came to their end. With workers only they know the cases; then an interruption makes all
    partial."""
    judged = dict.fromkeys((one.target, one.requirement) for one in results)
    counts: Counter[tuple[str, str]] = Counter()
    done: Counter[tuple[str, str]] = Counter()
    for item in getattr(session, "items", ()):
        key = _subject(item)
        counts[key] += 1
        done[key] += item.nodeid in finished
    for key in judged:
        if done[key] < counts[key]:
            yield _partial(key, f"the run ended after {done[key]} of {counts[key]} cases")
        elif is_interrupted and not counts:
            yield _partial(key, "the run was interrupted")


def _subject(item: pytest.Item) -> tuple[str, str]:
    """Return the target and the requirement of a case."""
    mark, parameters = item.get_closest_marker("requirement"), getattr(item, "callspec", None)
    return str(parameters.params.get("case", "")) if parameters else "", str(mark.args[0]) if mark else ""


def _partial(key: tuple[str, str], reason: str) -> CaseResult:
    target, requirement = key
    return CaseResult(requirement, target, NAME, Judgement("partial", reason=reason))
