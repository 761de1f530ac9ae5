"""The moments of the making of an environment, by kind: a maker that takes an environment for whole too soon is found
in the first round, at the moment that deceives it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from proctor.conformance.exploring.campaigns import campaign_named
from proctor.conformance.exploring.kinds import KINDS, Moments
from proctor.conformance.exploring.worker_pool import explorer_for, survey_of
from proctor.harness.descriptions import load_toml
from tests.planted import launchers
from tests.test_planted_environments import write_target

pytestmark = pytest.mark.usefixtures("contained", "no_runner_is_left")

TRUST = sorted(name for name in launchers() if name.startswith("sync_1_trusts_"))
CAMPAIGN = campaign_named("sync")


def first_round(name: str, directory: Path) -> dict[str, list[str]]:
    """Play the first schedule of each kind; return the violations by kind."""
    target = load_toml(write_target(launchers()[name], directory, "child"))
    survey = survey_of(target, CAMPAIGN)
    plan = CAMPAIGN.plan(survey, "sweep", exhaustive=False)
    moments = Moments(survey.points_of_part(CAMPAIGN.part))
    explorer = explorer_for(target, CAMPAIGN, replays=1)
    found = {}
    for one in list(plan.planned)[: len(plan.kinds)]:
        assert one.site
        kind = KINDS[moments.kind_of(one.site.point)].name
        assert kind not in found, "two of a kind before one of each"
        found[kind] = [violation.code for violation in explorer.play_one(one).evaluation.objections]
    assert list(found) == list(plan.kinds)
    return found


@pytest.mark.parametrize("name", TRUST)
def test_a_maker_is_found_at_the_moment_that_deceives_it(name: str, tmp_path: Path) -> None:
    found = first_round(name, tmp_path)
    kind = next(kind for kind in found if kind.startswith(name.removeprefix("sync_1_trusts_").replace("_", " ")))
    assert found[kind] == ["SYNC-1/environment-not-whole"]


def test_a_sound_maker_is_not_accused(tmp_path: Path) -> None:
    assert not any(first_round("sound_with_environments", tmp_path).values())
