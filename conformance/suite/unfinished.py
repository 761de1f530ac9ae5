"""What a run leaves out: because it ends early, by Ctrl-C or by pytest's -x, or because -k or --lf selects a part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Set

import pytest

from proctor.conformance.judging.judge import Judgement
from proctor.conformance.judging.result_rows import NOT_PLAYED, REST, CaseResult

SELECTED = "only selected cases were run"


def unfinished(
    session: pytest.Session, results: list[CaseResult], finished: set[str], is_interrupted: bool
) -> Iterator[CaseResult]:
    """Yield `partial` for each requirement of a target of which there are results, but not of all selected cases.
    finished: the cases that came to their end. is_interrupted: by Ctrl-C, or with workers by -x. With workers only they
    know the cases; then an interruption makes all partial."""
    judged = dict.fromkeys((one.target, one.requirement) for one in results)
    counts: Counter[tuple[str, str]] = Counter()
    done: Counter[tuple[str, str]] = Counter()
    for item in getattr(session, "items", ()):
        key = subject(item)
        counts[key] += 1
        done[key] += item.nodeid in finished
    for key in judged:
        if done[key] < counts[key]:
            yield _partial(key, f"the run ended after {done[key]} of {counts[key]} cases")
        elif is_interrupted and not counts:
            yield _partial(key, "the run was interrupted")


def unselected(
    results: Iterable[CaseResult], deselected: Set[tuple[str, str]], has_unknown_cases: bool
) -> Iterator[CaseResult]:
    """Yield `partial` for each requirement of a target of which there are results, but not of all cases. deselected:
    the target and the requirement of each case that was not selected. has_unknown_cases: there may be others. What does
    not apply to a target does so in all cases."""
    judged = dict.fromkeys((one.target, one.requirement) for one in results if one.judgement.verdict not in NOT_PLAYED)
    for key in judged:
        if has_unknown_cases or key in deselected:
            yield _partial(key, SELECTED)


def reached_maxfail(interruption: BaseException) -> bool:
    """Whether xdist ended the run because of -x: it raises a KeyboardInterrupt of its own then, as for Ctrl-C."""
    return type(interruption).__module__ == "xdist.dsession" and str(interruption).startswith("stopping after ")


def subject(item: pytest.Item) -> tuple[str, str]:
    """Return the target and the requirement of a case."""
    mark, parameters = item.get_closest_marker("requirement"), getattr(item, "callspec", None)
    return str(parameters.params.get("case", "")) if parameters else "", str(mark.args[0]) if mark else ""


def _partial(key: tuple[str, str], reason: str) -> CaseResult:
    target, requirement = key
    return CaseResult(requirement, target, REST, Judgement("partial", reason=reason))
