"""`proctor doctor` on this system, and on one that allows less."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from proctor.conformance.cli import system_checks
from proctor.conformance.cli.doctor import doctor as command
from tests.conftest import ROOT, Run

WITHOUT = ROOT / "tests" / "hostile" / "without.py"


def states(told: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one["state"] for one in told["abilities"]}


@pytest.mark.skipif(platform.system() != "Linux", reason="seccomp is Linux's")
def test_what_is_refused_is_said_with_what_it_costs(tmp_path: Path) -> None:
    for name in ("bash", "dash", "env"):  # and no other Python: each is asked what it can do, which takes its time
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    words = [sys.executable, str(WITHOUT), "ptrace,namespaces", sys.executable, "-m", "proctor"]
    env = {"PATH": str(tmp_path), "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)}
    done = subprocess.run(
        [*words, "doctor", "--json"], env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1, done.stdout + done.stderr
    told = json.loads(done.stdout)
    found = states(told)
    less = {"containment", "ptrace", "PID 1", "shells"}
    assert {name for name in less if found[name] == "less"} == less, found
    assert [found[name] for name in ("idle detection", "pseudo-terminals", "pidfds")] == ["yes"] * 3
    assert not told["complete"]
    assert {"SIG-6", "SIG-7", "TREE-6"} <= set(told["not_observable"])
    assert {"TTY-3", "EXIT-1"} <= set(told["in_part"])
    assert not set(told["not_observable"]) & set(told["in_part"])
    zsh = next(one for one in told["abilities"] if one["name"] == "shells")
    assert "apt-get install zsh" in zsh["do"]


def test_it_agrees_with_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever this system shows: the status, the lines and the JSON say the same."""
    monkeypatch.setattr(
        system_checks, "PLAYED_CHECKS", system_checks.PLAYED_CHECKS[:-1]
    )  # the last one asks every Python on PATH
    plain = CliRunner().invoke(command, [])
    told = json.loads(CliRunner().invoke(command, ["--json"]).stdout)
    brief = CliRunner().invoke(command, ["--quiet"])
    whole = set(states(told).values()) <= {"yes", "note"}
    assert told["complete"] == whole
    assert (plain.exit_code, brief.exit_code) == (not whole, not whole), plain.output
    assert all(name in plain.stdout for name in states(told))
    assert ("Everything that the suite needs can be observed here." in plain.stdout) == whole
    assert (brief.stdout == "") == whole


def test_a_runner_that_does_not_start_is_said(proctor: Run) -> None:
    done = proctor("doctor", "-q", env=os.environ | {"TMPDIR": "/no/such/directory"})
    assert (done.returncode, "Nothing can be observed here." in done.stdout) == (1, True), done.stdout + done.stderr
    assert "TMPDIR" in done.stdout
