"""The workflows of this project: their tox environments exist, and the baseline matches the specification."""

from __future__ import annotations

import configparser
import re

from proctor.conformance.spec import VERSION, requirements
from proctor.reports.results import read
from tests.conftest import ROOT

WORKFLOWS = ROOT / ".github" / "workflows"


def test_the_baseline_matches_the_specification() -> None:
    documents = read(ROOT / ".github" / "baseline.json")
    assert [one.target.name for one in documents] == ["reference", "reference-exec"]
    for document in documents:
        assert document.spec.version == VERSION
        assert {name: row.level for name, row in document.requirements.items()} == {
            name: requirement.level for name, requirement in requirements().items()
        }, "make it anew: CONTRIBUTING.md, 'The gate of this project'"
        assert {row.verdict for row in document.requirements.values()} <= {
            "pass", "declared deviation", "not applicable", "not run"
        }  # fmt: skip


def test_the_tox_environments_of_the_workflows_exist() -> None:
    tox = configparser.RawConfigParser()
    tox.read(ROOT / "tox.ini")
    text = "".join(path.read_text(encoding="utf-8") for path in sorted(WORKFLOWS.glob("*.yml")))
    environments = re.search(r"environment: \[(.*)\]", text)
    assert environments
    named = {*environments[1].split(", "), *re.findall(r"tox run -e (\w+)", text)}
    assert len(named) > 4
    assert {f"testenv:{name}" for name in named} <= set(tox.sections())
