"""A launcher that is the tool itself, with real processes: its report tells the command, not the name of a program."""

from __future__ import annotations

import shlex
import signal
import sys
from typing import Literal

import pytest

from proctor.conformance.exploring.campaigns import campaign_named
from proctor.harness import orders
from proctor.harness.execute import execute
from proctor.harness.history import Answered, Ended, History, WaitFailed, WitnessReady
from proctor.harness.scenario import PIPES, Order, Scenario, WaitEnds
from proctor.harness.schedule import Deliver, Directive, Point, Schedule
from proctor.harness.target import Target
from tests.built_for_tests import first_lines

UNPACK = f"{shlex.quote(sys.executable)} -m zipfile -e {{wheels}}/*.whl packages"
PROGRAM = first_lines() + "import sys\nsys.path.insert(0, '{work}/packages')\nimport proctor_tool\n"
HOW = {
    "itself": "proctor_tool.main()",
    "a child, in a directory": "import os, tempfile\nmade = tempfile.mkdtemp()\npid = os.fork()\n"
    "pid or proctor_tool.main()\nstatus = os.waitpid(pid, 0)[1]\nos.rmdir(made)\nos._exit(status >> 8)",
    "a child": "import os\npid = os.fork()\npid or proctor_tool.main()\nos._exit(os.waitpid(pid, 0)[1] >> 8)",
}


def bundled(how: str) -> Target:
    line = f'{UNPACK} && printf %s "$0" > {{bundle}} && chmod +x {{bundle}}'
    made = ("/bin/sh", "-c", line, f"{PROGRAM}{HOW[how]}\n")
    return Target(f"bundle {how}", ("{bundle}",), bundle=made, profiles=("ephemeral",))


def played(how: str, *steps: object, schedule: Schedule | None = None) -> History:
    script = Scenario((*steps, Order(orders.Exit(7)), WaitEnds("launcher")), PIPES, "tool")  # type: ignore[arg-type]
    return execute(bundled(how), script, schedule)


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("traced", [False, True], ids=["", "traced"])
def test_it_is_told_by_its_report(how: Literal["itself", "a child"], traced: bool) -> None:
    far = Directive(Point("launcher", "getpgid", 99), Deliver(int(signal.SIGTERM)))
    history = played(how, Order(orders.Whole()), schedule=Schedule((far,)) if traced else None)
    assert not history.facts(WaitFailed)
    (ready,) = history.facts(WitnessReady)
    ends = {fact.process: fact.code for fact in history.facts(Ended)}
    assert ready.process == "command"
    assert ends["launcher"] == 7
    assert [fact.count for fact in history.facts(Answered)] == [0]


@pytest.mark.parametrize(("how", "found"), [("a child", []), ("a child, in a directory", ["remains-of-kill"])])
def test_what_a_launcher_leaves_that_is_killed_before_its_command_reports(how: str, found: list[str]) -> None:
    """Its child is told to end as soon as it reports, so what is left is not in use."""
    campaign = campaign_named("creation, killed")
    killed = Directive(Point("launcher", "clone", 1, "exit"), Deliver(int(signal.SIGKILL)))
    undisturbed = execute(bundled(how), campaign.scenario)
    history = execute(bundled(how), campaign.scenario, Schedule((killed,)))
    assert [fact.process for fact in history.facts(WitnessReady)] == ["command", "next-command"]
    assert [one.code for one in campaign.check(history, undisturbed)] == found
