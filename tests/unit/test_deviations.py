"""Declared deviations: what a declaration covers, and which declarations there cannot be."""

from __future__ import annotations

from typing import Any

import pytest

from proctor.conformance.judging.deviations import (
    check_deviations,
    declared,
    known_parameters,
    parse,
    sort,
    with_declared,
)
from proctor.conformance.judging.judge import Judgement
from proctor.conformance.judging.result_rows import CaseResult, deviations
from proctor.harness.errors import UsageError
from proctor.harness.scenario import INIT, JOB, LEADER, PIPES, REAL_PARENTS, SHELLS, STAGE_NAMES, Stage
from proctor.harness.target import Target
from proctor.harness.violation import Violation
from proctor.reports.results import Verdict

HUP: dict[str, Any] = {"signal": "SIGHUP"}


def found(code: str = "not-delivered", **parameters: Any) -> Violation:
    return Violation(f"SIG-1/{code}", parameters, "r", "a")


def left(sent: str) -> Violation:
    return Violation("TREE-1/process-left", {"process": "command"}, "r", "a", sent=sent)


@pytest.mark.parametrize(
    ("text", "violation", "stage", "covers"),
    [
        ("SIG-1", found(**HUP), "pipes", True),
        ("SIG-1[HUP]", found(**HUP), "pipes", True),
        ("SIG-1[SIGHUP]", found(**HUP), "job", True),
        ("SIG-1[hup]", found(**HUP), "job", True),
        ("SIG-1[signal=HUP]", found(**HUP), "job", True),
        ("SIG-1[HUP]", found(signal="SIGTERM"), "pipes", False),
        ("SIG-1[HUP]", found(), "pipes", False),
        ("SIG-1[HUP, TERM]", found(signal="SIGTERM"), "pipes", True),
        ("SIG-1[HUP, job]", found(**HUP), "job", True),
        ("SIG-1[HUP, job]", found(**HUP), "pipes", False),
        ("SIG-1[job, leader]", found(), "leader", True),
        ("SIG-1[not-delivered]", found(), "pipes", True),
        ("SIG-1[not-delivered]", found("delivered-twice"), "pipes", False),
        ("SIG-1[RTMIN+2]", found(signal="SIGRTMIN+2"), "pipes", True),
        ("INHERIT-1[PIPE, XFSZ]", found(signals="SIGPIPE, SIGXFSZ"), "pipes", True),
        ("INHERIT-1[PIPE]", found(signals="SIGPIPE, SIGXFSZ"), "pipes", False),
        ("EXIT-1[status=3]", found(status=3, end=0), "pipes", True),
        ("EXIT-1[status=3]", found(status=4, end=0), "pipes", False),
        ("INHERIT-3[name=FOO]", found(name="FOO"), "pipes", True),
        ("TREE-1[HUP]", left("SIGHUP"), "pipes", True),
        ("TREE-1[HUP]", left("SIGTERM"), "pipes", False),
        ("TREE-1[HUP]", left("hang-up"), "leader", True),
        ("SIG-6[INT]", left("ctrl-c"), "job", True),
        ("SIG-6[INT]", left(""), "job", False),
    ],
)
def test_what_a_declaration_covers(text: str, violation: Violation, stage: str, covers: bool) -> None:
    assert parse(text).covers(violation, stage) == covers


def test_every_stage_has_a_name() -> None:
    stages = [PIPES, Stage(parent="job"), JOB, LEADER, INIT, *(Stage(terminal=True, parent=shell) for shell in SHELLS)]  # type: ignore[arg-type]
    stages += [Stage(parent=program) for program in REAL_PARENTS]  # type: ignore[arg-type]
    assert tuple(stage.name for stage in stages) == STAGE_NAMES
    assert not set(STAGE_NAMES) & set(known_parameters())


@pytest.mark.parametrize(
    "text", ["SIG-99", "sig-1", "SIG-1[]", "SIG-1[x]", "SIG-1[HUP", "SIG-1[status=]", "SIG-1[code=x]", "SIG-1[=3]"]
)
def test_what_is_no_declaration(text: str) -> None:
    with pytest.raises(UsageError):
        parse(text)
    with pytest.raises(UsageError, match="target 'it': 'deviations' "):
        check_deviations(Target("a", ("a",), deviations={text: "so"}), "it")


def test_options_are_declared_beside_the_description() -> None:
    target = Target("a", ("a",), deviations={"SIG-1": "a manual"})
    both = with_declared(target, ["EXIT-1[status=3]=because 1 = 2 there", "SIG-1[HUP] = so"])
    assert both.deviations == {"SIG-1": "a manual", "EXIT-1[status=3]": "because 1 = 2 there", "SIG-1[HUP]": "so"}
    assert declared(both, found(**HUP), "SIG-1", "pipes") == "SIG-1[HUP]"
    assert declared(both, found(**HUP), "SIG-2", "pipes") == ""
    assert sort(both, [found(status=3)], "EXIT-1", "pipes").declarations == ("EXIT-1[status=3]",)


@pytest.mark.parametrize(
    ("cases", "is_part", "state"),
    [
        ([("declared deviation", ("SIG-1[HUP]",))], False, "occurred"),
        ([("fail", ("SIG-1[HUP]",)), ("pass", ())], True, "occurred"),
        ([("pass", ()), ("fail", ())], False, "stale"),
        ([("pass", ()), ("not applicable", ())], False, "stale"),
        ([("pass", ())], True, "unknown"),
        ([("not applicable", ())], False, "unknown"),
        ([("pass", ()), ("not observable", ())], False, "unknown"),
        ([("pass", ()), ("error", ())], False, "unknown"),
        ([], False, "unknown"),
    ],
)
def test_a_declaration_is_stale_only_if_all_cases_say_so(
    cases: list[tuple[Verdict, tuple[str, ...]]], is_part: bool, state: str
) -> None:
    target = Target("a", ("a",), deviations={"SIG-1[HUP]": "so"})
    results = [CaseResult("SIG-1", "a", "c", Judgement(verdict, declarations=names)) for verdict, names in cases]
    assert [one.state for one in deviations(target, results, is_part)] == [state]
