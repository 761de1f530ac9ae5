"""Reports out of results that no launcher made: what is in them, and that nothing hostile gets through."""

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
from proctor.reports.compare import baseline_of, changes, is_worse, told
from proctor.reports.junit import junit
from proctor.reports.markdown import summary
from proctor.reports.results import Launcher, RequirementText, Results, Row, RowViolation, Spec, read

HOSTILE = "\x1b]0;owned\x07<script>alert(1)</script> ]]> \x00 \ud800 `a``b` | @everyone & \u202e"
SPEC = Spec(1, {name: RequirementText("MUST", f"{name} holds.") for name in ("SIG-1", "SIG-2", "SIG-3", "SIG-4")})


def row(verdict: Any, message: str = "", level: str = "MUST") -> Row:
    return Row(level, verdict, 3, "", [RowViolation(message, "case")] if message else [])


def results(name: str = "a launcher", version: int = 1, **rows: Row) -> Results:
    by_id = {key.replace("_", "-"): one for key, one in rows.items()}
    return Results(1, Launcher(name, "1.0", ["x"]), by_id, spec=Spec(version, SPEC.requirements), duration_s=1.5)


BEFORE = results(
    SIG_1=row("pass"), SIG_2=row("fail", "old"), SIG_3=row("pass"), SIG_4=row("not built"), TTY_1=row("fail", "as ever")
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
    assert told(found)[:2] == ["worse than the baseline:", "  SIG-1 (MUST) pass -> fail: required: a; actual: b"]


def test_a_baseline_is_that_of_the_launcher() -> None:
    other = results("another")
    assert baseline_of([other, BEFORE], AFTER, "b.json") is BEFORE
    assert baseline_of([other], AFTER, "b.json") is other  # it has another name by now
    with pytest.raises(UsageError, match=r"no results of a launcher are in it.*another, third"):
        baseline_of([other, results("third")], AFTER, "b.json")


def test_a_baseline_of_another_specification_is_none() -> None:
    with pytest.raises(UsageError, match=r"version 0 of the specification, this is version 1.*Make the baseline anew"):
        baseline_of([results(version=0)], AFTER, "b.json")


def test_of_several_launchers_the_gate_says_which() -> None:
    both = [*changes(BEFORE, AFTER), *changes(results("b", SIG_1=row("pass")), results("b", SIG_1=row("fail", "x")))]
    assert [line for line in told(both) if "SIG-1" in line] == [
        "  a launcher: SIG-1 (MUST) pass -> fail: required: a; actual: b", "  b: SIG-1 (MUST) pass -> fail: x",
    ]  # fmt: skip


def test_a_name_is_said_once() -> None:
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


def test_junit_has_a_case_for_each_requirement_that_was_run() -> None:
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
    assert "<script" not in outside and "@everyone" not in outside.replace("\\@", "")
    assert text.count("</details>") == 1


def test_the_summary_tells_what_fails_and_shows_all() -> None:
    text = summary([BEFORE, AFTER])
    assert "- **SIG-1** SIG\\-1 holds." in text or "- **SIG-1** SIG-1 holds." in text
    assert "`required: a; actual: b`" in text
    assert "| SIG-1 | MUST | ✓ | ✗ |" in text
    assert "| SIG-4 | MUST |  | ✗ |" in text


def test_a_badge_says_how_many_musts_hold() -> None:
    good, bad, none = badge(results(SIG_1=row("pass"))), badge(AFTER), badge(results(SIG_1=row("not built")))
    assert "1 of 1 MUST" in good and "1 of 4 MUST" in bad and "not evaluated" in none
    for text in (good, bad, none, badge(results(HOSTILE))):
        ElementTree.fromstring(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "No such file"),
        ("", "not JSON, or it is incomplete"),
        ('{"schema": 1, "target"', "not JSON, or it is incomplete"),
        ("[]", "no results in it"),
        ("{}", "there is no 'schema'"),
        ("3", "there is no 'schema'"),
        ('{"schema": 7}', "schema 7; this Proctor reads schema 1"),
        ('{"schema": 1, "requirements": {}}', "target"),
    ],
)
def test_what_is_no_results_is_said_to_be_none(text: str | None, says: str, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UsageError, match=re.escape(says)):
        read(path)


def test_one_and_several_launchers_are_read(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    one = {"schema": 1, "target": {"name": "a"}, "requirements": {"SIG-1": {"level": "MUST", "verdict": "pass"}}}
    path.write_text(json.dumps(one))
    assert [document.title for document in read(path)] == ["a"]
    path.write_text(json.dumps([one, one]))
    assert len(read(path)) == 2
