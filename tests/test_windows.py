"""The planted race windows: each is found where it is, again and again; their twins without it are never accused."""

from __future__ import annotations

import itertools
import signal
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest

import hatch_build
from proctor.conformance.exploring.campaign_verdict import judge_campaign
from proctor.conformance.exploring.campaigns import campaign_named, of_any_launcher
from proctor.conformance.exploring.worker_pool import explorer_for, survey_of
from proctor.conformance.judging.judge import Bare
from proctor.harness.execute import execute
from proctor.harness.explorer.explore import REPLAYS, PlayedSchedule, select_suspects
from proctor.harness.target import Target
from tests.conftest import ROOT

WINDOWS = ROOT / "targets" / "faulty" / "windows"
FLAGS = ("-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror")
SECONDS = 60.0
"""For each campaign, which takes one or two."""


class Window(NamedTuple):
    """One that is planted: the requirement and the campaign by which it is found, and the point."""

    name: str
    requirement: str
    campaign: str
    point: str


AS_ANY_OTHER = (signal.SIGTERM,)
"""They do the same with each of the signals; only of the keyboard's some are left to the terminal."""
AT_FORK = "launcher clone#1 exit"
FOUND = (
    Window("handler_after_fork", "SIG-6", "start", AT_FORK),
    Window("handler_after_fork", "SIG-6", "start, terminal", AT_FORK),
    Window("pid_after_fork", "SIG-6", "start", AT_FORK),
    Window("unblocked_before_exec", "SIG-6", "start", AT_FORK),
    Window("wait_before_mask", "EXIT-1", "order", AT_FORK),
    Window("kill_after_reap", "SIG-8", "end, pids", "launcher wait4#1 exit in part 2"),
    Window("flag_before_pause", "SIG-6", "start", "launcher wait4#1 exit"),
    Window("flag_before_pause", "EXIT-1", "order", "launcher wait4#1 exit"),
    Window("group_not_there_yet", "SIG-6", "start", AT_FORK),
    Window("status_after_reap", "SIG-7", "end", "launcher rt_sigprocmask#1 exit in part 2"),
    Window("keyboard_before_fork", "SIG-6", "start, terminal", "launcher pipe2#1 exit"),
    Window("handler_in_child", "SIG-6", "start", "launcher rt_sigprocmask#1 exit"),
    Window("cleanup_after_creation", "SIG-6", "start", "launcher openat#1 exit"),
    Window("group_before_setpgid", "SIG-6", "start", "launcher rt_sigaction#9 entry"),
    Window("flag_unseen", "EXIT-1", "order", "launcher pause#1 entry"),
    Window("exit_in_handler", "SIG-7", "end", "launcher rt_sigprocmask#1 exit in part 2"),
)
ONLY_BY_PAIRS = ("child_halfway", "one_slot")
"""What no single signal shows, in either order."""
TWO = (signal.SIGHUP, signal.SIGTERM)
SOME = 300
"""Of the pairs: those that lie next to each other, and some more."""
NAMES = sorted(path.stem for path in WINDOWS.glob("*.c"))


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with each launcher in both forms: NAME and NAME-faulty."""
    directory = tmp_path_factory.mktemp("windows")
    for name in NAMES:
        for suffix, define in (("", "-DFAULT=0"), ("-faulty", "-DFAULT=1")):
            output = directory / f"{name}{suffix}"
            command = [*hatch_build.compiler(), *FLAGS, define, "-o", str(output), str(WINDOWS / f"{name}.c")]
            done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
            assert done.returncode == 0, done.stderr
    return directory


@pytest.fixture(scope="module")
def bare() -> Bare:
    """Return the bare command's histories, for all the launchers."""
    return Bare(execute)


def target(program: Path) -> Target:
    return Target(program.name, (str(program),))


def point_of(played: PlayedSchedule) -> str:
    return str(played.planned.schedule.directives[-1].at)


def test_each_file_is_a_window_that_is_listed() -> None:
    assert sorted({*(window.name for window in FOUND), *ONLY_BY_PAIRS}) == NAMES
    said = (WINDOWS / "README.md").read_text(encoding="utf-8")
    assert [name for name in NAMES if f"`{name}.c`" not in said] == []


@pytest.mark.parametrize("window", FOUND, ids=lambda window: f"{window.name}-{window.campaign}".replace(" ", "-"))
def test_the_window_is_found_each_time(window: Window, programs: Path) -> None:
    launcher = target(programs / f"{window.name}-faulty")
    campaign = campaign_named(window.campaign, AS_ANY_OTHER)
    assert campaign.requirement == window.requirement
    explorer = explorer_for(launcher, campaign, REPLAYS)
    plan = campaign.plan(survey_of(launcher, campaign), "sweep", exhaustive=False)
    found = {point_of(one): one for one in select_suspects([explorer.play_one(planned) for planned in plan.planned])}
    assert window.point in found
    finding = explorer.confirm(found[window.point])
    assert window.point in {str(directive.at) for directive in finding.schedule.directives}
    assert (finding.returned, finding.replays) == (REPLAYS, REPLAYS)


@pytest.mark.parametrize("name", ONLY_BY_PAIRS)
def test_some_windows_need_two(name: str, programs: Path) -> None:
    """A sweep does not find them; pairs do, and have nothing against their twins."""
    launcher, twin = target(programs / f"{name}-faulty"), target(programs / name)
    campaign = campaign_named("start", TWO)
    explorer = explorer_for(launcher, campaign, REPLAYS)
    found = survey_of(launcher, campaign)
    swept = [explorer.play_one(planned) for planned in campaign.plan(found, "sweep", exhaustive=True).planned]
    assert select_suspects(swept) == []
    tried = (explorer.play_one(planned) for planned in campaign.plan(found, "pairs", exhaustive=False).planned)
    finding = explorer.confirm(next(one for one in tried if one.evaluation.objections))
    assert finding.evaluation.label == "lost"
    assert len(finding.schedule.directives) >= 2
    assert (finding.returned, finding.replays) == (REPLAYS, REPLAYS)

    explorer = explorer_for(twin, campaign, 1)
    plan = campaign.plan(survey_of(twin, campaign), "pairs", exhaustive=False)
    assert select_suspects(explorer.play_one(planned) for planned in itertools.islice(plan.planned, SOME)) == []


@pytest.mark.parametrize("name", NAMES)
def test_no_campaign_objects_to_the_twin(name: str, programs: Path, bare: Bare) -> None:
    launcher = target(programs / name)
    for campaign in of_any_launcher(AS_ANY_OTHER):
        judgement = judge_campaign(campaign, launcher, execute, bare, SECONDS)
        assert judgement.verdict == "pass", (campaign.name, judgement.reason, judgement.violations)
