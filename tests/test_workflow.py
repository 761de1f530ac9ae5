"""The workflow of this project: it runs what there is, and its baseline is of this specification."""

from __future__ import annotations

import configparser
import re

from proctor.conformance.spec import VERSION, requirements
from proctor.reports.results import read
from tests.conftest import ROOT

WORKFLOW = ROOT / ".github" / "workflows" / "ci.yml"


def test_the_baseline_is_of_this_specification() -> None:
    documents = read(ROOT / ".github" / "baseline.json")
    assert [one.target.name for one in documents] == ["reference", "reference-exec"]
    for document in documents:
        assert document.spec.version == VERSION
        assert {name: row.level for name, row in document.requirements.items()} == {
            name: requirement.level for name, requirement in requirements().items()
        }, "make it anew: CONTRIBUTING.md, 'The gate of this project'"
        assert {row.verdict for row in document.requirements.values()} <= {
            "pass", "declared deviation", "not applicable", "not built"
        }  # fmt: skip


def test_the_environments_of_tox_that_it_runs_are_there() -> None:
    tox = configparser.RawConfigParser()
    tox.read(ROOT / "tox.ini")
    text = WORKFLOW.read_text(encoding="utf-8")
    questions = re.search(r"question: \[(.*)\]", text)
    assert questions
    named = {*questions[1].split(", "), *re.findall(r"tox run -e (\w+)", text)}
    assert len(named) > 4
    assert {f"testenv:{name}" for name in named} <= set(tox.sections())
