"""The harness and an exported script schedule a launcher alike: under one schedule, both pass the same points in order.

The script has a small scheduler of its own, so a change in one that is not made in the other shows here.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

import hatch_build
from proctor.conformance.exploring.campaigns import campaign_named
from proctor.harness.calls import BIRTH, returns_at_once
from proctor.harness.execute import execute
from proctor.harness.history import PointReached
from proctor.harness.schedule import HoldUntil, Point, Schedule, parse
from proctor.harness.target import Target
from proctor.reports.finding import FindingSummary
from proctor.reports.reproducer.script import reproducer
from tests.conftest import ROOT

WINDOWS = ROOT / "targets" / "faulty" / "windows"
OURS = ROOT / "tests" / "launchers_for_tests"
PRINTS_POINTS = 'def judge(bare, launched):\n    print("POINTS", launched.tracer.reached)\n    return []\n'
AT_A_FORK = "at launcher clone#1 exit: "
HELPER_LAST = "at child1 kill#1 exit: hold until child2 ends\nat child1 setsid#1 entry: hold until launcher blocks"


class Scheduled(NamedTuple):
    """A launcher, without the fault that may be planted in it, a campaign, and a schedule."""

    source: Path
    campaign: str
    schedule: str


CASES = (
    Scheduled(WINDOWS / "handler_after_fork.c", "start", AT_A_FORK + "deliver TERM to launcher"),
    Scheduled(WINDOWS / "flag_before_pause.c", "start", "at launcher wait4#1 entry: deliver TERM to launcher"),
    Scheduled(WINDOWS / "wait_before_mask.c", "order", AT_A_FORK + "hold until child1 ends"),
    Scheduled(WINDOWS / "child_halfway.c", "order", "at child1 birth: hold until launcher blocks"),
    Scheduled(WINDOWS / "flag_unseen.c", "order", AT_A_FORK + "hold until child1 execve#1 entry"),
    Scheduled(WINDOWS / "wait_before_mask.c", "order", AT_A_FORK + "hold until child1 rt_sigprocmask#1 exit"),
    Scheduled(OURS / "threads.c", "order", "at launcher.t3 clone#1 exit: hold until child1 ends"),
    # the second hold orders the SIGCHLD of the two: each interrupts the wait of the launcher, unless both come at once
    Scheduled(OURS / "helpers.c", "order", HELPER_LAST),
    Scheduled(OURS / "helpers.c", "order", "at child2 birth: hold until child1 ends"),
    Scheduled(OURS / "helpers.c", "order", "at launcher wait4#1 entry: hold until launcher blocks"),
    Scheduled(WINDOWS / "keyboard_before_fork.c", "start, terminal", "at launcher pipe2#1 exit: press ctrl-c"),
    Scheduled(WINDOWS / "status_after_reap.c", "end", "at launcher wait4#1 exit in part 2: deliver TERM to launcher"),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.source.stem}: {case.schedule}")
def test_both_pass_the_same_points(case: Scheduled, tmp_path: Path) -> None:
    program = tmp_path / case.source.stem
    words = [*hatch_build.compiler(), "-O2", "-pthread", "-DFAULT=0", "-o", str(program), str(case.source)]
    subprocess.run(words, check=True, capture_output=True, timeout=120)
    target, schedule = Target(program.name, (str(program),)), parse(case.schedule)
    of_harness = points_of_harness(target, case.campaign, schedule)
    assert {as_in_scripts(one.at) for one in schedule.directives} <= set(of_harness)
    assert points_of_script(target, case.campaign, schedule, tmp_path) == of_harness


def points_of_harness(target: Target, campaign: str, schedule: Schedule) -> list[tuple[Any, ...]]:
    """Return the points that the harness records, without those at which nothing is decided: see returns_at_once."""
    recorded = msgspec.structs.replace(schedule, record=True)
    history = execute(target, campaign_named(campaign).scenario, recorded)
    named = {one.at for one in schedule.directives}
    named |= {one.action.point for one in schedule.directives if isinstance(one.action, HoldUntil)}
    points = [fact.at for fact in history.facts(PointReached)]
    return [as_in_scripts(point) for point in points if point in named or not passes_at_once(point)]


def passes_at_once(point: Point) -> bool:
    return point.when == "exit" and point.call != BIRTH and returns_at_once(point.call)


def as_in_scripts(point: Point) -> tuple[Any, ...]:
    return point.task, point.call, "exit" if point.call == BIRTH else point.when, point.nth, point.part


def points_of_script(target: Target, campaign: str, schedule: Schedule, where: Path) -> list[tuple[Any, ...]]:
    """Return the points that a script passes which prints them instead of asking its question."""
    scenario = campaign_named(campaign).scenario
    summary = FindingSummary("SIG-6", "MUST", "It is so.", campaign, target, scenario, schedule, (), {})
    script, changes = re.subn(r"def judge\(.*?\n\n", PRINTS_POINTS + "\n", reproducer(summary), flags=re.DOTALL)
    assert changes == 1
    path, empty = where / "repro.py", where / "empty"
    path.write_text(script)
    empty.mkdir()
    env = {"PATH": os.environ["PATH"], "TMPDIR": str(empty)}
    line = [sys.executable, "-I", str(path)]
    done = subprocess.run(line, cwd=empty, env=env, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    found: list[tuple[Any, ...]] = ast.literal_eval(re.search(r"^POINTS (.*)$", done.stdout, re.MULTILINE)[1])  # type: ignore[index]
    return found
