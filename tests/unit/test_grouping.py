"""Violations that are alike are shown once; what follows from another says from which."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from proctor.conformance.checks.objections import OBJECTIONS
from proctor.conformance.judging.consequences import RULES, with_causes
from proctor.conformance.judging.judge import Judgement
from proctor.conformance.judging.result_rows import CaseResult, rows
from proctor.conformance.spec import requirements
from proctor.conformance.suite.failure_report import also_fail, blocks, told
from proctor.harness import signals
from proctor.harness.target import Target
from proctor.harness.violation import Violation
from proctor.reports.grouping import MOST_VALUES, grouped, ranges
from proctor.reports.results import Row, RowViolation

TARGET = Target("it", ("it",))
SEVEN = [signals.name(number) for number in signals.COMMON_SIGNALS]


def one(code: str, stage: str = "pipes", case: str = "c", **more: Any) -> RowViolation:
    fields = {name: more.pop(name) for name in ("schedule", "is_unstable", "launcher_end", "sent") if name in more}
    return RowViolation(code, more, message=f"{code} {more}", stage=stage, case=case, **fields)


def row(*violations: RowViolation) -> Row:
    return Row("MUST", "fail", 1, "", list(violations))


def test_what_is_the_same_is_told_in_a_line() -> None:
    statuses = [one("EXIT-1/wrong-status", status=n, end=0) for n in (1, 2, 5, *range(7, 256))]
    (group,) = grouped(statuses)
    assert group.example is statuses[0]
    assert group.the_same() == "the same for 251 others: status 2, 5, 7-255"


@pytest.mark.parametrize(
    ("violations", "says"),
    [
        ([one("SIG-1/x", signal="SIGHUP")], ""),
        ([one("SIG-1/x"), one("SIG-1/x")], "the same for 1 other"),
        ([one("SIG-1/x", signal="SIGHUP"), one("SIG-1/x", "job", signal="SIGHUP")], "the same for 1 other: on job"),
        (
            [one("SIG-1/x", signal=name) for name in ("SIGHUP", "SIGTERM", "SIGINT")],
            "the same for 2 others: signal SIGTERM, SIGINT",
        ),
        (
            [one("EXIT-1/x", status=status, end=end) for status, end in ((1, 0), (2, 3), (4, 5))],
            "the same for 2 others: status 2 (end 3), 4 (end 5)",
        ),
        ([one("SIG-6/x", schedule="a"), one("SIG-6/x", schedule="b")], "the same for 1 other: under 1 other schedule"),
        (
            [one("TREE-1/x", sent=name) for name in ("SIGHUP", "SIGTERM", "ctrl-c")],
            "the same for 2 others: with SIGTERM, ctrl-c",
        ),
        ([one("TREE-1/x", sent="SIGHUP"), one("TREE-1/x", sent="SIGHUP")], "the same for 1 other"),
    ],
)
def test_how_the_others_differ(violations: list[RowViolation], says: str) -> None:
    (group,) = grouped(violations)
    assert group.the_same() == says


def test_long_lists_are_shortened() -> None:
    (group,) = grouped([one("INHERIT-5/x", name=f"V{n}") for n in range(MOST_VALUES + 4)])
    assert group.the_same().endswith("V7, V8, ... (3 more)")


def test_violations_of_other_codes_and_unstable_ones_are_apart() -> None:
    found = [one("SIG-1/x"), one("SIG-1/y"), one("SIG-1/x", is_unstable=True), one("SIG-1/x")]
    assert [len(group.violations) for group in grouped(found)] == [2, 1, 1]


@pytest.mark.parametrize(
    ("numbers", "words"), [([], []), ([3], ["3"]), ([1, 2], ["1", "2"]), ([3, 1, 2, 9], ["1-3", "9"])]
)
def test_ranges(numbers: list[int], words: list[str]) -> None:
    assert ranges(numbers) == words


# -- what follows from another

DIES = {"SIG-1": row(one("SIG-1/ended-before-command", end="SIGTERM"), one("SIG-1/not-delivered", signal="SIGTERM"))}
HIDES = {"EXIT-1": row(one("EXIT-1/wrong-status", status=7, end=0))}
DELIVERED = "at launcher clone#1 exit: deliver TERM to launcher"


@pytest.mark.parametrize(
    ("causes", "violation", "cause"),
    [
        (DIES, one("TTY-2/ended-before-command", end="SIGTERM"), "SIG-1/ended-before-command"),
        (DIES, one("TTY-2/ended-before-command", end="SIGQUIT"), ""),
        (DIES, one("TTY-2/ended-before-command", end=1), ""),
        (DIES, one("EXIT-3/ended-before-command", end="SIGTERM"), ""),
        (DIES, one("EXIT-7/wrong-status", status=7, end="SIGTERM"), "SIG-1/ended-before-command"),
        (DIES, one("EXIT-7/wrong-status", status=7, end=0), ""),
        (DIES, one("TREE-1/process-left", process="command", launcher_end="SIGTERM"), "SIG-1/ended-before-command"),
        (DIES, one("TREE-1/process-left", process="grandchild", launcher_end="SIGTERM"), ""),
        (DIES, one("TREE-1/process-left", process="command", launcher_end=0), ""),
        (DIES, one("SIG-6/command-outlives", schedule=DELIVERED), "SIG-1/ended-before-command"),
        (DIES, one("SIG-6/command-outlives", schedule=DELIVERED.replace("TERM", "INT")), ""),
        (DIES, one("SIG-6/command-outlives", schedule="undisturbed"), ""),
        (DIES, one("SIG-6/signal-lost", schedule=DELIVERED, signal="SIGTERM"), ""),
        (DIES, one("SIG-10/not-delivered", signal="SIGTERM"), "SIG-1/not-delivered"),
        (DIES, one("SIG-10/not-delivered", signal="SIGUSR1"), ""),
        (DIES, one("SIG-10/not-delivered", signal="SIGTERM", is_unstable=True), ""),
        (DIES, one("SIG-4/not-delivered", signal="SIGWINCH"), ""),
        (HIDES, one("SIG-7/wrong-status", status=7, end=0), "EXIT-1/wrong-status"),
        (HIDES, one("SIG-7/wrong-status", status=7, end=1), ""),
        (HIDES, one("EXIT-4/wrong-status", status=7, end=0), ""),
        ({}, one("SIG-7/wrong-status", status=7, end=0), ""),
    ],
)
def test_a_violation_follows_only_from_the_same_fact(
    causes: dict[str, Row], violation: RowViolation, cause: str
) -> None:
    name = violation.code.partition("/")[0]
    found = with_causes({**causes, name: row(violation)})
    assert found[name].violations[0].follows_from == cause
    assert found[name].causes == ((cause.partition("/")[0],) if cause else ())
    assert found[name].verdict == "fail"
    assert not any(own.follows_from for cause_row in causes for own in found[cause_row].violations)


def test_an_unstable_violation_is_no_cause() -> None:
    unsure = row(one("SIG-1/not-delivered", signal="SIGTERM", is_unstable=True))
    found = with_causes({"SIG-1": unsure, "SIG-10": row(one("SIG-10/not-delivered", signal="SIGTERM"))})
    assert found["SIG-10"].violations[0].follows_from == ""


def test_a_declared_deviation_is_no_cause() -> None:
    declared = msgspec.structs.replace(DIES["SIG-1"], verdict="declared deviation")
    found = with_causes({"SIG-1": declared, "SIG-10": row(one("SIG-10/not-delivered", signal="SIGTERM"))})
    assert found["SIG-10"].violations[0].follows_from == ""


def test_a_launcher_that_forwards_none_of_the_seven_forwards_nothing() -> None:
    for lost, cause in ((SEVEN, "SIG-1/not-delivered"), (SEVEN[1:], "")):
        causes = row(*(one("SIG-1/not-delivered", signal=name) for name in lost))
        found = with_causes({"SIG-1": causes, "SIG-4": row(one("SIG-4/not-delivered", signal="SIGWINCH"))})
        assert found["SIG-4"].violations[0].follows_from == cause


def test_a_requirement_with_a_violation_of_its_own_has_it_shown() -> None:
    mixed = row(one("SIG-10/not-delivered", signal="SIGTERM"), one("SIG-10/not-delivered", signal="SIGUSR1"))
    found = with_causes({**DIES, "SIG-10": mixed})
    assert found["SIG-10"].causes == ()
    assert "it has violations of its own too" in also_fail(found, "SIG-1")[1]


def test_rules_name_requirements_and_codes_that_there_are() -> None:
    for rule in RULES:
        requirement, _, code = rule.cause.partition("/")
        assert {requirement, *rule.requirements} <= requirements().keys()
        assert {code, *rule.codes} <= OBJECTIONS.keys()
        assert requirement not in rule.requirements


# -- what is shown


def case(requirement: str, name: str, *violations: Violation, lines: int = 3, **more: Any) -> CaseResult:
    judgement = Judgement("fail", 4, "", violations, 3, ("a line",) * lines, stage="pipes", **more)
    return CaseResult(requirement, TARGET.name, name, judgement)


def shown(*cases: CaseResult) -> list[str]:
    name = cases[0].requirement
    found = blocks(rows(TARGET, list(cases))[name], cases)
    return [told(block, requirements()[name], again, block is found[0]) for block in found]


def again(result: CaseResult) -> str:
    return f"again {result.judgement.schedule!r}"


def status(number: int) -> Violation:
    return violated("EXIT-1/wrong-status", status=number, end=0)


def violated(code: str, schedule: str = "", **parameters: Any) -> Violation:
    return Violation(code, parameters, f"no {code}", "a", schedule=schedule)


def test_one_case_of_each_kind_is_shown_the_shortest() -> None:
    cases = [case("EXIT-1", f"c{n}", status(n), lines=9 - n) for n in range(1, 6)]
    (text,) = shown(*cases)
    assert text.count("code:     EXIT-1/wrong-status") == 1 and text.count("a line") == 4
    assert "the same for 4 others: status 1-4" in text


def test_a_case_that_has_several_kinds_is_shown_once() -> None:
    left, lost = violated("SIG-1/ended-before-command"), violated("SIG-1/not-delivered")
    cases = [case("SIG-1", "a", left), case("SIG-1", "b", left, lost), case("SIG-1", "c", violated("SIG-1/timed-out"))]
    texts = shown(*cases)
    assert len(texts) == 2
    assert "SIG-1/not-delivered" in texts[0] and "SIG-1/ended-before-command" in texts[0]
    assert "the same for 1 other" in texts[0]
    assert texts[1].startswith("SIG-1 (MUST), another kind of violation:")


def test_what_happened_is_shown_only_under_its_own_schedule() -> None:
    first, second = "at launcher clone#1 exit: deliver TERM to launcher", "at child1 birth: deliver TERM to launcher"
    two = (violated("SIG-6/hangs", schedule=first), violated("SIG-6/signal-lost", schedule=second))
    texts = shown(case("SIG-6", "start", *two, schedule=first))
    (text,) = texts
    assert f"again {first!r}" in text and "a line" in text
    other = msgspec.structs.replace(case("SIG-6", "start", two[1], schedule=first))
    (text,) = shown(other)
    assert f"again {second!r}" in text and "a line" not in text
    (text,) = shown(case("EXIT-1", "order", violated("EXIT-1/hangs", schedule="undisturbed")))
    assert "again ''" in text and "a line" in text
