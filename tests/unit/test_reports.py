"""Reports of literal results: their contents, and that hostile text is made harmless."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import msgspec
import pytest

from proctor.harness.errors import UsageError
from proctor.reports.badge import badge
from proctor.reports.compare import baseline_of, changes, is_worse, new_errors, no_longer_fails, told
from proctor.reports.junit import junit
from proctor.reports.markdown import summary
from proctor.reports.results import Launcher, RequirementText, Results, Row, RowViolation, Spec, read
from tests.documents_for_tests import documents, failure

HOSTILE = "\x1b]0;owned\x07<script>alert(1)</script> ]]> \x00 \ud800 `a``b` | @everyone & \u202e"
SPEC = Spec(1, {name: RequirementText("MUST", f"{name} holds.") for name in ("SIG-1", "SIG-2", "SIG-3", "SIG-4")})


def violated(message: str) -> RowViolation:
    return RowViolation("SIG-1/wrong", {"of": message}, message=message, case="case")


def row(verdict: Any, message: str = "", level: str = "MUST") -> Row:
    return Row(level, verdict, 3, "", [violated(message)] if message else [])


def results(name: str = "a launcher", version: int = 1, **rows: Row) -> Results:
    by_id = {key.replace("_", "-"): one for key, one in rows.items()}
    return Results(2, Launcher(name, "1.0", ["x"]), by_id, spec=Spec(version, SPEC.requirements), duration_s=1.5)


BEFORE = results(
    SIG_1=row("pass"), SIG_2=row("fail", "old"), SIG_3=row("pass"), SIG_4=row("not run"), TTY_1=row("fail", "as ever")
)
AFTER = results(
    SIG_1=row("fail", "required: a; actual: b"), SIG_2=row("pass"), SIG_3=row("not observable"), SIG_4=row("fail", "x"),
    TTY_1=row("fail", "as ever"),
)  # fmt: skip


def test_only_what_got_worse_is_worse() -> None:
    found = changes(BEFORE, AFTER)
    assert {change.requirement: change.kind for change in found} == {
        "SIG-1": "worse",
        "SIG-2": "better",
        "SIG-3": "other",
        "SIG-4": "new",
    }
    assert is_worse(found) and not is_worse(changes(AFTER, AFTER))
    assert told(found)[:2] == [
        "worse than the baseline:",
        "  SIG-1 (MUST) pass -> fail: SIG-1/wrong: required: a; actual: b",
    ]


def test_the_baseline_of_the_launcher_is_used() -> None:
    other = results("another")
    assert baseline_of([other, BEFORE], AFTER, "b.json") is BEFORE
    assert baseline_of([other], AFTER, "b.json") is other  # the launcher was renamed
    with pytest.raises(UsageError, match=r"no results of a launcher are in it.*another, third"):
        baseline_of([other, results("third")], AFTER, "b.json")


def test_a_baseline_of_another_specification_is_rejected() -> None:
    with pytest.raises(UsageError, match=r"version 0 of the specification, this is version 1.*Make the baseline anew"):
        baseline_of([results(version=0)], AFTER, "b.json")


def test_the_gate_names_the_launcher_if_there_are_several() -> None:
    both = [*changes(BEFORE, AFTER), *changes(results("b", SIG_1=row("pass")), results("b", SIG_1=row("fail", "x")))]
    assert [line for line in told(both) if "SIG-1 (" in line] == [
        "  a launcher: SIG-1 (MUST) pass -> fail: SIG-1/wrong: required: a; actual: b",
        "  b: SIG-1 (MUST) pass -> fail: SIG-1/wrong: x",
    ]


def test_the_gate_compares_violations_not_requirements() -> None:
    """A second fault of a requirement that failed before is worse; one that is mended is said, and is no failure."""
    two = msgspec.structs.replace(row("fail", "old"), violations=[violated("old"), violated("new")])
    one, other = results(SIG_1=row("fail", "old")), results(SIG_1=two)
    found = changes(one, other)
    assert is_worse(found)
    assert told(found) == [
        "worse than the baseline:",
        "  SIG-1 (MUST) fail, as before, but not with the same violations:",
        "    new:  SIG-1/wrong: new",
    ]
    back = changes(other, one)
    assert not is_worse(back)
    assert told(back)[0] == "better:" and told(back)[2] == "    gone: SIG-1/wrong: new"
    reworded = msgspec.structs.replace(violated("old"), message="in other words", events=(9,))
    again = results(SIG_1=msgspec.structs.replace(row("fail"), violations=[reworded]))
    assert changes(one, again) == []
    unsure = msgspec.structs.replace(violated("new"), is_unstable=True)
    assert changes(one, results(SIG_1=msgspec.structs.replace(two, violations=[violated("old"), unsure]))) == []


def test_the_gate_compares_what_was_sent() -> None:
    """A process that is left after TERM is worse if it was left after QUIT alone."""

    def left_after(*sent: str) -> Row:
        found = [RowViolation("TREE-1/process-left", {"process": "command"}, stage="pipes", sent=one) for one in sent]
        return Row("MUST", "fail", 1, "", found)

    (change,) = changes(results(first=left_after("SIGQUIT")), results(first=left_after("SIGQUIT", "SIGTERM")))
    assert (change.kind, [one.sent for one in change.new]) == ("worse", ["SIGTERM"])
    assert "new:  TREE-1/process-left (pipes, SIGTERM): " in "\n".join(told([change]))
    (change,) = changes(results(first=left_after("SIGQUIT", "SIGTERM")), results(first=left_after("SIGTERM")))
    assert (change.kind, [one.sent for one in change.gone]) == ("better", ["SIGQUIT"])


def of_cases(*cases: str, verdict: Any = "fail", ran: tuple[str, ...] = (), undecided: tuple[str, ...] = ()) -> Row:
    """Return a row with a violation of its own kind in each case."""
    found = [RowViolation("EXIT-1/wrong-status", {"status": case}, case=case) for case in cases]
    return Row("MUST", verdict, 1, "", found, ran=list(ran), undecided=list(undecided))


@pytest.mark.parametrize(
    ("before", "after", "kind", "new", "gone"),
    [
        (of_cases("a", "b"), of_cases("a"), "better", "", "b"),
        (of_cases("a", "b"), of_cases("a", ran=("a",)), "uncompared", "", ""),
        (of_cases("a", "b"), of_cases("a", undecided=("b",)), "uncompared", "", ""),
        (of_cases("a", ran=("a",)), of_cases("a", "b"), "uncompared", "", ""),
        (of_cases("a", ran=("a", "b")), of_cases("a", "b"), "worse", "b", ""),
        (of_cases("a", ran=("a", "b")), of_cases("a", "b", "c"), "worse", "b", ""),
        (of_cases(verdict="partial", ran=("a",)), of_cases("b"), "new", "", ""),
        (of_cases(verdict="partial", ran=("a",)), of_cases("a"), "worse", "a", ""),
        (of_cases("a", verdict="declared deviation", ran=("a",)), of_cases("a", "b"), "worse", "", ""),
        (of_cases("a"), of_cases(verdict="not observable"), "other", "", ""),
        (of_cases("a"), of_cases(verdict="error"), "other", "", ""),
        (of_cases("a"), of_cases(verdict="unstable"), "other", "", ""),
        (of_cases("a"), of_cases(verdict="partial"), "other", "", ""),
        (of_cases("a"), of_cases(verdict="pass"), "better", "", "a"),
        (of_cases("a"), of_cases(verdict="declared deviation"), "other", "", "a"),
    ],
)
def test_only_what_was_run_on_both_sides_is_compared(before: Row, after: Row, kind: str, new: str, gone: str) -> None:
    (change,) = changes(results(EXIT_1=before), results(EXIT_1=after))
    assert change.kind == kind
    assert "".join(one.case for one in change.new) == new
    assert "".join(one.case for one in change.gone) == gone
    assert bool(no_longer_fails([change])) == bool(gone)
    if kind == "uncompared":
        assert "    not compared: EXIT-1/wrong-status: " in told([change])


def test_a_violation_in_several_cases_is_new_if_one_was_run_and_gone_if_all_were() -> None:
    same = [RowViolation("EXIT-1/x", case=case) for case in ("a", "b")]
    both, part = Row("MUST", "fail", 1, "", same), of_cases("c", ran=("b", "c"))
    assert [one.code for one in changes(results(EXIT_1=part), results(EXIT_1=both))[0].new] == ["EXIT-1/x"]
    assert changes(results(EXIT_1=both), results(EXIT_1=part))[0].gone == ()


def test_cases_of_another_launcher_are_the_same_cases() -> None:
    before = results("old", EXIT_1=of_cases("t[old-1]", ran=("t[old-1]", "t[old-2]")))
    (change,) = changes(before, results("new one", EXIT_1=of_cases("t[new_one-1]", "t[new_one-2]", "t[new_one-3]")))
    assert "t[new_one-2]" in {one.case for one in change.new} and "t[new_one-3]" not in {one.case for one in change.new}


def test_what_could_not_be_judged_is_told() -> None:
    before = results(EXIT_1=row("pass"), EXIT_2=row("error"), EXIT_3=row("pass"))
    after = results(EXIT_1=row("error"), EXIT_2=row("error"), EXIT_3=row("fail"), EXIT_4=row("error"))
    assert new_errors(before, after) == ["EXIT-1", "EXIT-4"]
    assert not after.was_not_started
    assert results(EXIT_1=row("error"), EXIT_2=row("not run")).was_not_started


def test_a_title_has_the_name_once() -> None:
    tini = msgspec.structs.replace(BEFORE, target=Launcher("tini", "tini version 0.19.0"))
    assert (tini.title, BEFORE.title, results("x").title) == ("tini version 0.19.0", "a launcher 1.0", "x 1.0")


# -- JUnit: the rules of junit-10.xsd of Jenkins' xUnit plugin

CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"testsuite", "properties", "testcase", "system-out", "system-err"},
    "properties": {"property"},
    "testcase": {
        "skipped", "error", "failure", "rerunFailure", "rerunError", "flakyFailure", "flakyError", "system-out",
        "system-err",
    },
}  # fmt: skip
REQUIRED = {"testsuite": {"name", "tests", "failures", "errors"}, "testcase": {"name"}, "property": {"name", "value"}}
OPTIONAL = {
    "testsuites": {"name", "time", "tests", "failures", "errors"},
    "testsuite": {"group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url"},
    "testcase": {"time", "classname", "group"},
    **{key: {"type", "message"} for key in ("failure", "error", "skipped")},
}
TIME = re.compile(r"(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]*)?")


def obeys_the_schema(element: ElementTree.Element) -> bool:
    name, attributes = element.tag, set(element.keys())
    assert {child.tag for child in element} <= CHILDREN.get(name, set())
    assert REQUIRED.get(name, set()) <= attributes <= REQUIRED.get(name, set()) | OPTIONAL.get(name, set())
    assert TIME.fullmatch(element.get("time", "0"))
    return all(obeys_the_schema(child) for child in element)


def test_junit_has_a_case_for_each_evaluated_requirement() -> None:
    should = results(
        "b", SIG_2=row("fail", "m", "SHOULD"), SIG_3=row("error"), EXIT_1=row("declared deviation"), EXIT_2=row("pass")
    )  # fmt: skip
    root = ElementTree.fromstring(junit([AFTER, should]))
    assert obeys_the_schema(root)
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("9", "3", "1")
    suite = root[0]
    assert {one.get("name"): one.get("value") for one in suite.iter("property")}["SIG-1"] == "MUST: SIG-1 holds."
    kinds = {case.get("name"): [child.tag for child in case] for case in root[1].iter("testcase")}
    assert kinds == {"SIG-2": ["skipped"], "SIG-3": ["error"], "EXIT-1": ["skipped"], "EXIT-2": []}


def test_hostile_text_never_breaks_junit() -> None:
    text = junit([results(HOSTILE, SIG_1=row("fail", HOSTILE))])
    text.encode()
    assert obeys_the_schema(ElementTree.fromstring(text))
    assert "\x1b" not in text and "<script" not in text


def test_hostile_text_is_plain_in_markdown() -> None:
    text = summary([results(HOSTILE, SIG_1=row("fail", HOSTILE))])
    text.encode()
    assert "\x1b" not in text
    outside = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", text)
    assert "<script" not in outside and not re.search(r"@\w", outside)
    assert text.count("</details>") == 1


def test_the_summary_lists_failures_and_the_matrix() -> None:
    text = summary([BEFORE, AFTER])
    assert "- **SIG-1** SIG\\-1 holds." in text or "- **SIG-1** SIG-1 holds." in text
    assert "`required: a; actual: b`" in text
    assert "| SIG-1 | MUST | ✓ | ✗ |" in text
    assert "| SIG-4 | MUST |  | ✗ |" in text


def test_the_summary_shows_one_of_each_kind() -> None:
    statuses = [
        RowViolation("EXIT-1/wrong-status", {"status": n, "end": 0}, message=f"status {n}", stage="pipes")
        for n in range(1, 256)
    ]
    follows = RowViolation("EXIT-2/wrong-status", message="not shown", follows_from="EXIT-1/wrong-status")
    text = summary([results(EXIT_1=Row("MUST", "fail", 9, "", statuses), EXIT_2=Row("MUST", "fail", 9, "", [follows]))])
    assert "`status 1` (the same for 254 others: status 2-255)" in text and "`status 2`" not in text
    assert "for the same reason as EXIT-1" in text and "not shown" not in text


def test_the_summary_shows_of_what_is_unstable_how_often_why_what_happened_and_how_to_repeat_it() -> None:
    (made,) = (one for one in documents() if one.target.name == "double")
    reason = "came back in 2 of 3 replays: nothing orders two events"
    row_ = msgspec.structs.replace(made.requirements["TTY-1"], verdict="unstable", reason=reason)
    unsure = msgspec.structs.replace(
        made, requirements={**made.requirements, "TTY-1": row_},
        failures=[failure(verdict="unstable", returned=2, replay="proctor replay found/x.json -n 20")],
    )  # fmt: skip
    section = summary([unsure]).partition("### Unstable requirements")[2].partition("<details>")[0]
    for part in (reason, " ms: we pressed ctrl-c`", "repeat: `proctor replay found/x.json -n 20`"):
        assert part in section, section


def test_a_badge_shows_how_many_musts_passed() -> None:
    good, bad, none = badge(results(SIG_1=row("pass"))), badge(AFTER), badge(results(SIG_1=row("not run")))
    assert "1 of 1 MUST" in good and "1 of 4 MUST" in bad and "not evaluated" in none
    for text in (good, bad, none, badge(results(HOSTILE))):
        ElementTree.fromstring(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "No such file"),
        ("", "the file is empty"),
        ('{"schema": 2, "target"', "not JSON, or it is incomplete"),
        ("[]", "no results in it"),
        ("{}", "there is no 'schema'"),
        ("3", "there is no 'schema'"),
        ('{"schema": 7}', "schema 7; this Proctor reads schema 2"),
        ('{"schema": 2, "requirements": {}}', "target"),
    ],
)
def test_a_file_without_results_is_rejected(text: str | None, says: str, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UsageError, match=re.escape(says)):
        read(path)


def test_results_of_one_and_of_several_launchers_are_read(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    one = {"schema": 2, "target": {"name": "a"}, "requirements": {"SIG-1": {"level": "MUST", "verdict": "pass"}}}
    path.write_text(json.dumps(one))
    assert [document.title for document in read(path)] == ["a"]
    path.write_text(json.dumps([one, one]))
    assert len(read(path)) == 2


def test_a_verdict_that_had_another_name_is_read(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    row = {"level": "MUST", "verdict": "not built"}
    path.write_text(json.dumps({"schema": 2, "target": {"name": "a"}, "requirements": {"SIG-1": row}}))
    assert read(path)[0].requirements["SIG-1"].verdict == "not run"
