"""What is taken for the command: what reports as one, and not what has its name."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from proctor.conformance.scenarios.environments import COLD, run_scenario
from proctor.harness import orders
from proctor.harness.execute import execute
from proctor.harness.history import Executed, History, PointReached, Unobserved, WitnessReady
from proctor.harness.runner.start import wheel
from proctor.harness.scenario import Order, Scenario, Settle, Stage, WaitEnds
from proctor.harness.schedule import Schedule
from proctor.harness.target import Target
from proctor.harness.words import describe
from tests.built_for_tests import python_script

RUN = run_scenario(Order(orders.Exit(7)), WaitEnds("command"), WaitEnds(), stage=COLD)
RECORDED = Schedule(record=True)
ZIPAPP = """\
import os, sys, tempfile, zipfile
place = tempfile.mkdtemp()
zipfile.ZipFile(sys.argv[0]).extractall(place)
sys.path.insert(0, place)
from proctor_tool import main
main()
"""
SCRIPT = "import sys\nsys.path.insert(0, {site!r})\n{more}from proctor_tool import main\nsys.exit(main())\n"


def launcher(directory: Path, program: Path) -> Target:
    """Return a launcher that replaces itself with a program, and gives it the arguments of the tool."""
    path = directory / "launch.py"
    path.write_text(f"import os, sys\nos.execv({str(program)!r}, [{str(program)!r}, *sys.argv[2:]])\n")
    return Target(program.parent.name, (sys.executable, "-I", "-S", str(path)), profiles=("ephemeral",))


def points_of(target: Target) -> tuple[History, list[str]]:
    """Return a traced run, and the calls at its schedule points."""
    history = execute(target, RUN, RECORDED)
    for fact in history.facts(Unobserved):
        pytest.skip(describe(fact))
    assert [fact.process for fact in history.facts(WitnessReady)] == ["command"]
    return history, [fact.at.call for fact in history.facts(PointReached)]


@pytest.fixture
def unpacked(tmp_path: Path) -> Path:
    """Return a directory with what is in the wheel of the tool."""
    with zipfile.ZipFile(wheel.build(tmp_path / "wheels")) as archive:
        archive.extractall(tmp_path / "site")
    return tmp_path / "site"


def program_of(directory: Path, text: str) -> Path:
    """Write a script of the tool's name."""
    path = directory / "bin" / wheel.NAME
    path.parent.mkdir(exist_ok=True)
    return python_script(path, text, "-I")


def test_zipapp_of_its_name_is_explored_while_it_unpacks(tmp_path: Path, unpacked: Path) -> None:
    path = program_of(tmp_path, "")
    with zipfile.ZipFile(path, "a") as archive:  # behind what is there
        archive.writestr("__main__.py", ZIPAPP)
        for one in (one for one in unpacked.rglob("*") if one.is_file()):
            archive.write(one, one.relative_to(unpacked))
    history, calls = points_of(launcher(tmp_path, path))
    assert "mkdir" in calls
    ready = next(event.index for event, _ in history.all(WitnessReady))
    assert [event.index for event, _ in history.all(PointReached) if event.index > ready + 1] == []


def test_script_of_an_installer_is_the_command_from_its_start(tmp_path: Path, unpacked: Path) -> None:
    path = program_of(tmp_path, SCRIPT.format(site=str(unpacked), more=""))
    _, calls = points_of(launcher(tmp_path, path))
    more = "import os\nos.mkdir('made')\n" + "#\n" * 4000
    program_of(tmp_path, SCRIPT.format(site=str(unpacked), more=more))
    _, again = points_of(launcher(tmp_path, path))
    assert "mkdir" not in calls
    assert "mkdir" in again


def test_program_of_another_name_is_the_command_when_it_reports(tmp_path: Path, unpacked: Path) -> None:
    """Such as one that PyInstaller makes: its name is its first argument."""
    path = python_script(tmp_path / "made-of-it", SCRIPT.format(site=str(unpacked), more=""), "-I")
    history = execute(launcher(tmp_path, path), RUN)
    assert [fact.process for fact in history.facts(WitnessReady)] == ["command"]


def test_program_of_its_name_without_the_witness_is_not_the_command(tmp_path: Path) -> None:
    hostile = Path(__file__).parent / "hostile" / "launcher.py"
    text = f"import runpy, sys\nsys.argv[1:1] = ['pretends', 'x']\nrunpy.run_path({str(hostile)!r}, None, '__main__')\n"
    path = program_of(tmp_path, text)
    history = execute(launcher(tmp_path, path), RUN)
    assert [fact.code for fact in history.facts(Unobserved)] == ["other-program"]
    assert not history.facts(WitnessReady)


@pytest.mark.parametrize("name", ["bash", "sh"])
def test_programs_before_the_command_are_noted(tmp_path: Path, name: str) -> None:
    """As a shim that finds the interpreter of the launcher."""
    launch = tmp_path / "launch.py"
    launch.write_text("import os, sys\nos.execv(sys.argv[1], sys.argv[1:])\n")
    shim = tmp_path / "python3"
    shim.write_text(f'#!/bin/{name}\nexec {shlex.quote(sys.executable)} -I -S "$@"\n')
    shim.chmod(0o755)
    target = Target("shimmed", (str(shim), str(launch)), profiles=("exec",))
    stage = Stage(watches_programs=True)
    history = execute(target, Scenario((Settle(), Order(orders.Exit(0)), WaitEnds()), stage))
    for fact in history.facts(Unobserved):
        pytest.skip(describe(fact))
    executed = [fact.argv for fact in history.facts(Executed) if fact.process == "launcher"]
    assert [argv[:2] for argv in executed[:2]] == [
        (f"/bin/{name}".encode(), os.fsencode(shim)), (sys.executable.encode(), b"-I"),
    ]  # fmt: skip
    assert len(executed) == len(["the shim", "the launcher", "the command"])


def test_programs_are_not_needed_where_ptrace_is_refused() -> None:
    code = """if True:
        import sys
        from proctor.harness.execute import execute
        from proctor.harness.history import Executed, Unobserved, WitnessReady
        from proctor.harness.scenario import Scenario, Settle, Stage
        from proctor.harness.target import Target
        script = Scenario((Settle(),), Stage(watches_programs=True))
        history = execute(Target("env", ("/usr/bin/env",)), script)
        print(*(len(history.facts(kind)) for kind in (WitnessReady, Executed, Unobserved)))
    """
    without = str(Path(__file__).parent / "hostile" / "without.py")
    words = [sys.executable, without, "ptrace", sys.executable, "-c", code]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["1", "0", "0"], done.stderr
