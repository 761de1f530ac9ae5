"""The planted race windows: each is found where it is, again and again; their twins without it are never accused."""

from __future__ import annotations

import itertools
import signal
import subprocess
from pathlib import Path

import pytest

import hatch_build
from proctor.conformance.exploring.campaign_verdict import judge_campaign
from proctor.conformance.exploring.campaigns import campaign_named, campaigns_of_any_launcher
from proctor.conformance.exploring.extent import Extent
from proctor.conformance.exploring.worker_pool import explorer_for, survey_of
from proctor.conformance.judging.judge import Bare
from proctor.harness.execute import execute
from proctor.harness.explorer.explore import REPLAYS, PlayedSchedule, select_suspects
from proctor.harness.target import Target
from tests.planted import FAULTY, Fault, faults

FLAGS = ("-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror")
SECONDS = 60.0
"""For each campaign, which takes one or two."""


AS_ANY_OTHER = (signal.SIGTERM,)
"""They do the same with each of the signals; only of the keyboard's some are left to the terminal."""
WINDOWS = faults("windows")
FOUND = [(window, campaign) for window in WINDOWS for campaign in window.found_at]
ONLY_BY_PAIRS = [window.name for window in WINDOWS if not window.found_at]
"""What no single signal shows, in either order."""
TWO = (signal.SIGHUP, signal.SIGTERM)
SOME = 300
"""Of the pairs: those that lie next to each other, and some more."""
NAMES = [window.name for window in WINDOWS]


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with each launcher in both forms: NAME and NAME-faulty."""
    directory = tmp_path_factory.mktemp("windows")
    for window in WINDOWS:
        for suffix, define in (("", "-DFAULT=0"), ("-faulty", "-DFAULT=1")):
            output = directory / f"{window.name}{suffix}"
            command = [*hatch_build.compiler(), *FLAGS, define, "-o", str(output), str(FAULTY / window.file)]
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


@pytest.mark.parametrize("window", WINDOWS, ids=lambda window: window.name)
def test_the_campaigns_that_find_it_are_of_what_it_breaks(window: Fault) -> None:
    found = {campaign_named(campaign, AS_ANY_OTHER).requirement for campaign in window.found_at}
    assert found == ({window.breaks, *window.also_breaks} if found else set())


@pytest.mark.parametrize(
    ("window", "campaign"), [pytest.param(*one, id=f"{one[0].name}-{one[1]}".replace(" ", "-")) for one in FOUND]
)
def test_the_window_is_found_each_time(window: Fault, campaign: str, programs: Path) -> None:
    launcher, point = target(programs / f"{window.name}-faulty"), window.found_at[campaign]
    chosen = campaign_named(campaign, AS_ANY_OTHER)
    explorer = explorer_for(launcher, chosen, REPLAYS)
    plan = chosen.plan(survey_of(launcher, chosen), "sweep", exhaustive=False)
    played = [explorer.play_one(planned) for planned in plan.planned]
    found = {point_of(one): one for one in played if one.evaluation.objections}
    assert point in found
    assert {point_of(one) for one in select_suspects(played)} <= found.keys()
    finding = explorer.confirm(found[point])
    assert point in {str(directive.at) for directive in finding.schedule.directives}
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
    for campaign in campaigns_of_any_launcher(AS_ANY_OTHER):
        if campaign.failing:  # they are sound as far as races go, and look at no result
            continue
        judgement = judge_campaign(campaign, launcher, execute, bare, Extent(seconds=SECONDS))
        assert judgement.verdict == "pass", (campaign.name, judgement.reason, judgement.violations)
