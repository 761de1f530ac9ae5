"""Proctor shows what a case file would run. It runs and writes nothing before the user agrees."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pexpect
import pytest

from proctor.conformance.judging import casefile
from proctor.harness.scenario import Press, Scenario, Settle, Stage, Type, WaitOutput
from proctor.harness.target import Target
from tests.conftest import Run
from tests.test_export import a_case, exported


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    """Return a file that the case's command makes."""
    return tmp_path / "was here"


@pytest.fixture
def case(mark: Path, tmp_path: Path) -> Path:
    launcher = Target("x", ("/bin/sh", "-c", f': > "{mark}"; exec "$@"', "x"), environment={"COLOUR": "red\x1b[0m"})
    scenario = Scenario((Settle(), Press("ctrl-c")), Stage(terminal=True, parent="job"))
    return casefile.write(a_case(launcher, "TTY-1", "terminal.key_arrives", scenario), tmp_path / "cases")


def asks(line: list[str], answer: str, cwd: Path) -> tuple[int, str]:
    """Run `proctor WORDS...` on a terminal, and answer; return the exit status and what it showed."""
    child = pexpect.spawn(sys.executable, ["-m", "proctor", *line], cwd=str(cwd), timeout=60, encoding="utf-8")
    child.expect_exact("Run this?")
    shown = child.before or ""
    child.sendline(answer)
    child.expect(pexpect.EOF)
    child.close()
    return child.exitstatus or 0, shown + (child.before or "")


@pytest.mark.parametrize("words", [("replay", "-n", "1"), ("export", "--format=markdown"), ("bisect", "--launcher=x")])
def test_nothing_is_run_without_consent(words: tuple[str, ...], case: Path, mark: Path, proctor: Run) -> None:
    done = proctor(words[0], str(case), *words[1:])
    assert done.returncode == 2
    assert "runs /bin/sh -c" in done.stderr
    assert "sets COLOUR='red\\x1b[0m'" in done.stderr
    assert "add --trust" in done.stderr
    assert not mark.exists()


def test_a_terminal_is_asked(case: Path, mark: Path, tmp_path: Path) -> None:
    status, shown = asks(["replay", str(case), "-n", "1"], "n", tmp_path)
    assert (status, mark.exists()) == (2, False)
    assert "runs /bin/sh -c" in shown
    assert "nothing was run" in shown
    status, _ = asks(["replay", str(case), "-n", "1"], "y", tmp_path)
    assert (status in (0, 1), mark.exists()) == (True, True)


def test_trust_is_enough(case: Path, mark: Path, proctor: Run) -> None:
    assert proctor("replay", str(case), "-n", "1", "--trust").returncode in (0, 1)
    assert mark.exists()


def test_a_script_is_made_without_running_anything(case: Path, mark: Path, proctor: Run) -> None:
    assert proctor("export", str(case)).returncode == 0
    assert not mark.exists()


def test_what_is_typed_into_a_shell_is_shown(tmp_path: Path, proctor: Run) -> None:
    """It runs on whatever launcher is named."""
    steps = (WaitOutput("<prompt>"), Type(b"rm -rf ~\n"))
    scenario = Scenario(steps, Stage(terminal=True, parent="bash", environment={"ENV": b"/tmp/x"}))
    path = casefile.write(a_case(Target("x", ("env",)), "TTY-3", "terminal.job_control", scenario), tmp_path)
    done = proctor("replay", str(path), "--target=env", "-n", "1")
    assert done.returncode == 2
    assert r"types 'rm -rf ~\n' into bash" in done.stderr
    assert "sets ENV='/tmp/x'" in done.stderr


@pytest.mark.parametrize("name", ["../../../../../tmp/x", "/tmp/x", "a/../../x", "..", "a/", "a\0b"])
@pytest.mark.parametrize(
    "words", [("replay", "-n", "1", "--trust"), ("export",), ("export", "--format=markdown", "--trust")]
)
def test_no_file_is_written_outside(
    name: str, words: tuple[str, ...], case: Path, tmp_path: Path, proctor: Run
) -> None:
    data = json.loads(case.read_text())
    data["target"]["files"] = {name: "harm"}
    case.write_text(json.dumps(data))
    done = proctor(words[0], str(case), *words[1:])
    assert done.returncode == 2, done.stdout
    assert "'files' has the key" in done.stderr
    assert not list(tmp_path.rglob("x"))


def test_files_inside_are_allowed(tmp_path: Path) -> None:
    target = Target("x", ("env",), files={"src/main.py": "pass", "..a": "b"})
    assert "src/main.py" in exported(a_case(target, "EXIT-1", "exit.same_status", Scenario((Settle(),))), tmp_path)
