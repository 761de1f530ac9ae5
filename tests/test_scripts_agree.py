"""`proctor replay` and the script of a case come to the same: on the faulty launcher, and on one without the fault.

By default for the findings whose launchers are installed, and for some planted faults. With PROCTOR_FULL_MATRIX=1 for
every planted fault whose cases can be exported, and every race window.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from pathlib import Path

import pytest

from proctor.conformance.cli.export import summary_of
from proctor.conformance.exploring.campaign_result import case_of
from proctor.conformance.exploring.campaigns import campaign_named
from proctor.conformance.exploring.replay import Replayer, launcher_on_this_system
from proctor.conformance.exploring.worker_pool import explorer_for, survey_of
from proctor.conformance.judging import casefile
from proctor.conformance.judging.casefile import CaseFile
from proctor.harness.descriptions import with_absolute_programs
from proctor.harness.errors import UsageError
from proctor.harness.explorer.explore import REPLAYS
from proctor.harness.target import Target
from proctor.reports.reproducer.script import reproducer
from tests.launchers.findings import cases
from tests.launchers.test_reproducers import SOUND as SOUND_FOR_FINDING
from tests.planted import Fault, faults, launchers, of_each_chapter, run_suite, selected
from tests.test_export import FAULTS, MOST_NICE, SOUND, Planted, play
from tests.test_export import case_of as planted_case
from tests.test_export_state import empty
from tests.test_planted_faults import CHAPTERS, COMMON, write_target
from tests.test_windows import AS_ANY_OTHER, FOUND, point_of, programs, target

__all__ = ["empty", "programs"]

pytestmark = pytest.mark.usefixtures("no_runner_is_left")

FULL = os.environ.get("PROCTOR_FULL_MATRIX") == "1"
SOME = ("exit_2_zero", "sig_1_usr2_swallowed", "tty_1_forwards_ctrl_c", "tree_1_helper_left", "inherit_3_drops_empty")
EACH = 3
"""Cases of each planted fault that are played: they differ in a signal, an exit code, a stage."""
NOT_FROM_CASES = ("exit_3_background",)
only_in_full = pytest.mark.skipif(not FULL, reason="needs PROCTOR_FULL_MATRIX=1: it takes an hour")


def agree(case: CaseFile, launcher: Target, empty: Path, *words: str) -> int:
    """Play a case and its script on a launcher; return the exit code of the script, which both agree about. words: how
    the script is told of the launcher."""
    replay = Replayer(case, launcher).once()
    done = play(reproducer(summary_of(case)), empty, *words)
    required = 1 if replay.objections else 2 if replay.unsure else 0
    said = f"{case.requirement} {case.judged_by}: {replay.unsure}\n{done.stdout}{done.stderr}"
    assert done.returncode == required, said
    return done.returncode


@pytest.mark.parametrize("path", cases(), ids=lambda path: path.stem)
def test_of_a_finding(path: Path, empty: Path) -> None:
    case = casefile.read(path)
    if not shutil.which(case.target.command[0]):
        pytest.skip(f"{case.target.command[0]} is not installed: {case.target.install}")
    launcher = launcher_on_this_system(case, path, "install it")
    assert agree(case, launcher, empty) == 1
    words = SOUND_FOR_FINDING.get(path.stem, ["env"])
    if shutil.which(words[0]):
        sound = with_absolute_programs(Target(words[0], tuple(words)), words[0])
        assert agree(case, sound, empty, "--", *words) != 1


@pytest.mark.parametrize(
    "fault", [fault for fault in FAULTS if FULL or fault.name in SOME], ids=lambda fault: fault.name
)
def test_of_a_planted_fault(fault: Planted, empty: Path) -> None:
    if fault.name == "inherit_4_nice" and os.nice(0) > MOST_NICE:
        pytest.skip("these tests were started with so high a nice value that the fault cannot raise it")
    case = planted_case(fault)
    assert agree(case, case.target, empty) == 1
    assert agree(case, Target("sound", SOUND), empty, "--", *SOUND) == 0


@pytest.fixture(scope="module")
def rows(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run the suite once for all faults of a chapter that are selected; return the directory of their cases."""
    directory = tmp_path_factory.mktemp(request.param)
    targets = [write_target(fault, directory) for fault in selected(request)]
    if targets:
        run_suite(targets, (request.param,), directory, more=(f"--cases={directory / 'cases'}",))
    return directory / "cases"


@only_in_full
@pytest.mark.timeout(3600)
@of_each_chapter(fault for fault in faults(*CHAPTERS) if fault.name not in NOT_FROM_CASES)
def test_of_every_planted_fault(fault: Fault, rows: Path, empty: Path) -> None:
    if not fault.is_visible:
        pytest.skip(f"needs {fault.needs}")
    found = [casefile.read(path) for path in sorted(rows.glob("*.json"))]
    mine = [case for case in found if case.target.name == fault.name and case.requirement == fault.breaks]
    played: Counter[str] = Counter()
    for case in mine:
        try:
            reproducer(summary_of(case))
        except UsageError as reason:
            played[str(reason)] += 1
            continue
        if played["exported"] < EACH:
            played["exported"] += 1
            assert agree(case, case.target, empty) == 1
            of_sound = agree(case, Target("sound", SOUND), empty, "--", *SOUND)
            assert of_sound != 1 or case.requirement in COMMON  # which it breaks itself, in one of the cases
    assert played["exported"], dict(played)


@only_in_full
@pytest.mark.parametrize(("window", "campaign"), FOUND, ids=lambda one: getattr(one, "name", one))
def test_of_every_race_window(window: Fault, campaign: str, programs: Path, empty: Path) -> None:
    launcher, twin = target(programs / f"{window.name}-faulty"), target(programs / window.name)
    chosen = campaign_named(campaign, AS_ANY_OTHER)
    explorer = explorer_for(launcher, chosen, REPLAYS)
    plan = chosen.plan(survey_of(launcher, chosen), "sweep", exhaustive=False)
    played = [explorer.play_one(planned) for planned in plan.planned]
    found = {point_of(one): one for one in played if one.evaluation.objections}
    case = case_of(explorer.confirm(found[window.found_at[campaign]]), chosen, launcher)
    assert agree(case, launcher, empty) == 1
    assert agree(case, twin, empty, "--", *twin.command) != 1


def test_every_fault_of_the_small_set_is_there() -> None:
    assert set(SOME) <= {fault.name for fault in FAULTS} <= set(launchers())
