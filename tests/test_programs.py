"""Real programs as the command: each is started, acts on a signal, and its adaptor reports both."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from proctor.harness import scenario as s
from proctor.harness.execute import execute
from proctor.harness.history import Ended, Received, WaitFailed, WitnessReady
from proctor.harness.programs import EXTRA, NEEDS, PROGRAMS, Needs, missing
from proctor.harness.runner.start import programs
from proctor.harness.scenario import JOB, PIPES, Scenario, Settle, Signal, WaitEnds, WaitMilestone, WaitReceived
from proctor.harness.target import BARE

ROOT = Path(__file__).resolve().parents[1]
ADAPTORS = ROOT / "harness" / "witness" / "programs"
WITHIN = 30.0
SCRIPTS = {
    "ipython": Scenario(
        (s.WaitOutput("In [1]: "), Settle(), Signal(signal.SIGUSR2), WaitReceived(signal.SIGUSR2),
         WaitMilestone("handled"), s.Type(b"6*7\n"), s.WaitOutput("42"), s.Type(b"exit\n"), WaitEnds()),
        JOB, "ipython", within=WITHIN),
    "coverage": Scenario(
        (WaitMilestone("ready"), Settle(), Signal(signal.SIGUSR1), WaitReceived(signal.SIGUSR1), WaitMilestone("saved"),
         s.ClosePipe("stdin"), WaitEnds()),
        PIPES, "coverage", within=WITHIN),
    "gunicorn": Scenario(
        (WaitMilestone("worker"), Settle(), Signal(signal.SIGHUP), WaitReceived(signal.SIGHUP),
         WaitMilestone("reloaded"), WaitMilestone("worker"), WaitMilestone("worker-ended"), Signal(signal.SIGTERM),
         WaitReceived(signal.SIGTERM), WaitMilestone("stopped"), WaitEnds()),
        PIPES, "gunicorn", within=WITHIN),
}  # fmt: skip
OF_PARENTS = {"kernel", "mcp_server"}
"""Programs that only their own kind of parent can use."""


def test_each_program_has_an_adaptor_and_a_script() -> None:
    adaptors = {path.stem.removeprefix("run_") for path in ADAPTORS.glob("run_*.py")}
    assert adaptors == set(PROGRAMS) == set(SCRIPTS) | OF_PARENTS
    assert set(NEEDS) == set(PROGRAMS) | set(s.REAL_PARENTS)


@pytest.mark.parametrize("program", SCRIPTS)
def test_program_acts_on_a_signal_and_reports_it(program: str) -> None:
    for module in NEEDS[program].modules:
        pytest.importorskip(module)
    history = execute(BARE, SCRIPTS[program])
    assert not history.facts(WaitFailed)
    sent = [step.signal for step in SCRIPTS[program].steps if isinstance(step, Signal)]
    received = [(one.signal, one.sender_role) for one in history.facts(Received)]
    assert received == [(number, "runner") for number in sent]
    assert [one.code for one in history.facts(Ended) if one.process == "launcher"] == [0]


def test_what_a_program_inherits_is_reported_before_the_program_changes_it() -> None:
    pytest.importorskip("coverage")
    script = Scenario(SCRIPTS["coverage"].steps, s.Stage(blocked=(signal.SIGUSR2,)), "coverage", (b"a b",), WITHIN)
    (ready,) = execute(BARE, script).facts(WitnessReady)
    assert signal.SIGUSR2 in ready.inherited.blocked
    assert ready.inherited.args == (b"a b",)


@pytest.mark.parametrize("lacks", [missing, programs.missing_here.__wrapped__], ids=["doctor", "runner"])
def test_program_is_installed_if_all_its_parts_are(
    monkeypatch: pytest.MonkeyPatch, lacks: Callable[[str], str]
) -> None:
    monkeypatch.setitem(NEEDS, "coverage", Needs(("json", "no_such_module_of_proctor")))
    monkeypatch.setitem(NEEDS, "sshd", Needs(("json",), ("no-such-program-of-proctor",), "its-package"))
    assert lacks("coverage") == f"no_such_module_of_proctor ({EXTRA})"
    assert lacks("sshd") == "no-such-program-of-proctor (apt-get install its-package)"
    monkeypatch.setitem(NEEDS, "nodemon", Needs(("no_module",), ("no-program",), npm="its-package"))
    assert lacks("nodemon") == f"no-program (npm install --global its-package), no_module ({EXTRA})"
    monkeypatch.setitem(NEEDS, "coverage", Needs(("json", "email")))
    assert not lacks("coverage")
    assert not lacks("witness")


def test_milestones_are_documented_where_they_are_reported() -> None:
    for program, script in SCRIPTS.items():
        texts = "".join(path.read_text() for path in ADAPTORS.glob("*.py"))
        for step in script.steps:
            if isinstance(step, WaitMilestone):
                assert re.search(rf'reached\("{step.name}"\)', texts), (program, step.name)
