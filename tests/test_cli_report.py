"""`proctor report`, `proctor compare` and the gate, as a user runs them."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from proctor.harness.history import Ended
from proctor.reports.results import read
from tests.conftest import Run

pytestmark = pytest.mark.usefixtures("contained")

SOUND, ZERO = '"$@"\n', '"$@"\nexit 0\n'
"""A launcher that only runs its command, and one that takes every end for a success."""


def shim(directory: Path, body: str) -> str:
    path = directory / "shim"
    path.write_text(f"#!/bin/sh\n{body}")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def released(proctor: Run, tmp_path: Path) -> Path:
    """Return the results of a launcher that gives the status back."""
    path = tmp_path / "released.json"
    done = proctor("check", shim(tmp_path, SOUND), "-k", "TREE-2 or EXIT-1 and 42", "--results", str(path))
    assert done.returncode == 0, done.stdout + done.stderr
    return path


def test_reports_are_made_of_results(proctor: Run, released: Path, tmp_path: Path) -> None:
    xml = tmp_path / "junit.xml"
    assert proctor("report", str(released), "--format", "junit", "-o", str(xml)).returncode == 0
    names = {case.get("name") for case in ElementTree.parse(xml).iter("testcase")}
    assert names == {"TREE-2", "EXIT-1"}
    assert "| EXIT-1 | MUST | ◐ |" in proctor("report", str(released)).stdout
    page = tmp_path / "report.html"
    assert proctor("report", str(released), "--format", "html", "-o", str(page)).returncode == 0
    assert '<tr data-route="EXIT-1"' in page.read_text(encoding="utf-8")
    assert "1 of 2 MUST, 1 partial" in proctor("report", str(released), "--format", "badge").stdout
    again = json.loads(proctor("report", str(released), "--format", "json").stdout)
    assert again[0]["requirements"]["EXIT-1"]["verdict"] == "partial"


def test_the_gate_fails_for_what_got_worse_only(proctor: Run, released: Path, tmp_path: Path) -> None:
    worse, launcher = tmp_path / "worse.json", shim(tmp_path, ZERO)
    words = ("check", launcher, "-k", "TREE-2 or EXIT-1 and 42")
    gate = proctor(*words, "--baseline", str(released), "--results", str(worse))
    assert gate.returncode == 1, gate.stdout + gate.stderr
    assert "EXIT-1 (MUST) partial -> fail: EXIT-1/wrong-status (pipes): required: status" in gate.stdout
    (failure,) = read(worse)[0].failures
    assert (failure.requirement, failure.returned, failure.replays) == ("EXIT-1", 3, 3)
    assert failure.history.facts(Ended) and failure.bare and failure.bare.facts(Ended)
    traced = proctor("report", str(worse), "--format", "perfetto", "--requirement", "EXIT-1")
    assert "EXIT-1, the command alone" in traced.stdout and json.loads(traced.stdout)["traceEvents"]
    same = proctor(*words, "--baseline", str(worse))
    assert same.returncode == 0, same.stdout + same.stderr
    assert "not worse than the baseline" in same.stdout
    shim(tmp_path, SOUND)
    better = proctor(*words, "--baseline", str(worse))
    assert better.returncode == 0
    assert "otherwise:\n  EXIT-1 (MUST) fail -> partial: only selected cases were run" in better.stdout
    shown = proctor("compare", str(released), str(worse))
    assert "◐ partial" in shown.stdout and "✗ fail" in shown.stdout and "TREE-2" not in shown.stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["report", "/no/such.json"], "No such file"),
        (["report", "{released}", "--format", "badges"], "badge"),
        (["report", "{released}", "-o", "{released}"], "this is one of the results files; name another file"),
        (["report", "{released}", "-o", "/no/such/directory/x"], "name a file that can be written"),
        (
            ["report", "{released}", "{released}", "--format", "badge"],
            "a badge shows one launcher, but the results have 2: env, env; add --target NAME",
        ),
        (["report", "{released}", "--format", "asciicast"], "have no failure with a history"),
        (
            ["report", "{released}", "--requirement", "SIG-1"],
            "works with --format perfetto and asciicast, not with markdown; leave it out",
        ),
        (["compare", "{older}"], "schema 9; this Proctor reads schema 2"),
        (["check", "env", "--baseline", "{half}"], "not JSON, or it is incomplete"),
        (["check", "env", "--baseline", "{unversioned}"], "version 0 of the specification, this is version"),
    ],
)
def test_a_wrong_call_says_what_to_do(
    proctor: Run, tmp_path: Path, words: list[str], says: str
) -> None:  # fmt: skip
    whole = json.dumps({"schema": 2, "target": {"name": "env"}, "requirements": {}})
    files = {"released": whole, "unversioned": whole, "older": '{"schema": 9}', "half": whole[:30]}
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    places = {name: str(tmp_path / name) for name in files}
    done = proctor(*(word.format(**places) for word in words))
    assert done.returncode == 2, done.stdout + done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
