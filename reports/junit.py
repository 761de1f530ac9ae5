"""Results as JUnit XML, which GitHub, GitLab and Jenkins read: a suite for each launcher, a test case for each
requirement.

It follows the schema of Jenkins' xUnit plugin (junit-10.xsd). There only suites have properties, so the suite holds the
level and sentence of each requirement. A failed SHOULD does not fail `proctor check`, so it is a skipped test case with
the reason.
"""

from __future__ import annotations

import re
from collections import Counter
from xml.etree import ElementTree

from proctor.harness.words import harmless
from proctor.reports.results import Results, Row

FORBIDDEN = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 does not allow, not even escaped (Char, section 2.2)."""


def junit(documents: list[Results]) -> str:
    """Return the XML document."""
    root = ElementTree.Element("testsuites", name="proctor")
    for document in documents:
        root.append(_suite(document))
    for key in ("tests", "failures", "errors"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in root)))
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _suite(document: Results) -> ElementTree.Element:
    run = {name: row for name, row in document.requirements.items() if row.verdict != "not run"}
    kinds = Counter(_kind(row) for row in run.values())
    suite = ElementTree.Element(
        "testsuite", name=_text(document.title), tests=str(len(run)), failures=str(kinds["failure"]),
        errors=str(kinds["error"]), skipped=str(kinds["skipped"]), time=f"{document.duration_s:.3f}",
    )  # fmt: skip
    properties = ElementTree.SubElement(suite, "properties")
    for name, row in run.items():
        sentence = f"{row.level}: {document.sentence(name)}"
        ElementTree.SubElement(properties, "property", name=name, value=_text(sentence))
    for name, row in run.items():
        suite.append(_case(document, name, row))
    return suite


def _kind(row: Row) -> str:
    """Return the name of the element for the outcome of a requirement; "" for a pass."""
    if row.verdict == "fail":
        return "failure" if row.is_mandatory else "skipped"
    return {"pass": "", "error": "error"}.get(row.verdict, "skipped")


def _case(document: Results, name: str, row: Row) -> ElementTree.Element:
    # no dots in names: CI systems take the part before the last dot for a package
    launcher = _text(document.target.name).replace(".", "_")
    case = ElementTree.Element("testcase", name=name, classname=launcher, time="0.000")
    if kind := _kind(row):
        messages = [violation.message for violation in row.violations]
        first = next(iter(messages), row.reason) or row.verdict
        outcome = ElementTree.SubElement(case, kind, type=row.verdict, message=_text(first))
        outcome.text = _text("\n".join([document.sentence(name), *messages, row.reason]).strip())
    if row.coverage:
        ElementTree.SubElement(case, "system-out").text = _text("\n".join(row.coverage))
    return case


def _text(text: str) -> str:
    return FORBIDDEN.sub("\ufffd", harmless(text))
