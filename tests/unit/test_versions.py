"""What the plays of one version come to, what is played, and what is said of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from proctor.conformance.exploring.replay import ReplayResult
from proctor.conformance.judging.casefile import CaseFile
from proctor.conformance.versions.bisect_report import hints, line_of, table_of, told_of, told_of_edges, told_of_none
from proctor.conformance.versions.bisection import Boundary, Kind
from proctor.conformance.versions.played_version import Seen, fingerprint, on_version, sum_up
from proctor.harness.scenario import Scenario
from proctor.harness.target import Target
from tests.unit.histories import history

UV = Target("uv", ("/old/bin/uv", "run", "--"), version=("uv", "--version"), sync=("uv", "sync"), prune=("rm", "uv"))
ZERO, ONE = "actual: status 0: exit code 0", "actual: status 1: exit code 1"


def case_of(*objections: str) -> CaseFile:
    return CaseFile(1, "EXIT-2", "exit.same_status", UV, Scenario(()), objections, {})


def play(*objections: str, unsure: str = "") -> ReplayResult:
    return ReplayResult(history(), objections, unsure)


@pytest.mark.parametrize(
    ("plays", "kind"),
    [
        ([play(ZERO), play(ZERO)], "fault"),
        ([play(), play()], "none"),
        ([play(ONE), play(ONE)], "other"),
        ([play(ZERO), play()], "unstable"),
        ([play(ONE), play()], "unstable"),
        ([play(unsure="no ptrace"), play(unsure="no ptrace")], "untold"),
        ([play(ZERO), play(unsure="it went another way"), play(ZERO)], "fault"),
        ([play(), play(unsure="it went another way"), play()], "none"),
        ([play(ZERO), play(unsure="it went another way")], "untold"),
        # the same fault shows more, or less, from play to play
        ([play(ZERO, "actual: it ended"), play("actual: it ended")], "fault"),
    ],
)
def test_plays_are_summed_up(plays: list[ReplayResult], kind: Kind) -> None:
    assert sum_up("1.0", case_of(ZERO), plays).kind == kind


def test_any_objection_may_count_as_the_fault() -> None:
    assert sum_up("1.0", case_of(ZERO), [play(ONE)], any_objection=True).kind == "fault"
    assert sum_up("1.0", case_of(), [play(ONE)]).kind == "fault"


def test_pids_and_durations_make_no_other_objection() -> None:
    early = "the command (pid 812) receives SIGINT after 202 ms, of which 0.5 s nothing ran"
    late = "the command (pid 9) receives SIGINT after 31.5 ms, of which 12 s nothing ran"
    assert fingerprint(early) == fingerprint(late)
    assert fingerprint(ZERO) != fingerprint(ONE)
    assert fingerprint("SIGTERM 2 times") != fingerprint("SIGTERM 1 times")


def test_the_versions_program_takes_the_place_of_the_targets() -> None:
    there = on_version(UV, Path("/new/bin/uv"), "uv 0.6.0")
    assert there.command == ("/new/bin/uv", "run", "--")
    assert (there.version, there.sync) == (("/new/bin/uv", "--version"), ("/new/bin/uv", "sync"))
    assert there.prune == ("rm", "uv")
    assert there.name == "uv 0.6.0"


def seen(version: str, kind: Kind, same: int = 0, other: int = 0, *, times: int = 5, reason: str = "") -> Seen:
    return Seen(version, kind, times, same, other, 0, (ZERO,) if same else (ONE,) if other else (), reason)


SEEN = [seen("1.2", "none"), seen("1.3", "fault", 5), seen("1.4", "untold", times=0, reason="not \x1b[1m there"),
        seen("1.5", "unstable", 2), seen("1.6", "other", 0, 5)]  # fmt: skip


def test_a_line_for_each_version() -> None:
    assert [line_of(one) for one in SEEN] == [
        "1.2: no fault in 5 plays",
        "1.3: the fault, 5 of 5 plays",
        "1.4: skipped: not \\x1b[1m there",
        "1.5: UNSTABLE, 2 of 5 plays",
        "1.6: another objection, 5 of 5 plays",
    ]


def test_a_table_of_what_was_played() -> None:
    assert table_of(SEEN) == [
        "version  back  came to            because",
        "1.2      0/5   no fault",
        "1.3      5/5   the fault",
        "1.4      -     skipped            not \\x1b[1m there",
        f"1.5      2/5   UNSTABLE           {ZERO}",
        f"1.6      0/5   another objection  {ONE}",
    ]


@pytest.mark.parametrize(
    ("boundary", "says"),
    [
        (Boundary("1.2", "1.3", "none", "fault"), "the fault came with some 1.3 (not in 1.2)"),
        (Boundary("1.3", "1.2", "fault", "none"), "the fault went with some 1.2 (still in 1.3)"),
        (Boundary("1.3", "1.6", "fault", "other"),
         "the fault became another with some 1.6 (as in the case file up to 1.3)"),
        (Boundary("1.6", "1.2", "other", "none"), "another fault went with some 1.2 (still in 1.6)"),
        (Boundary("1.2", "1.3", "none", "fault", ("1.4",)), "the fault came between some 1.2 and 1.3 (not in 1.2)"),
        (Boundary("1.2", "1.3", "none", "fault", (), ("1.4",)), "the fault came between some 1.2 and 1.3 (not in 1.2)"),
    ],
)  # fmt: skip
def test_a_boundary_is_said(boundary: Boundary, says: str) -> None:
    assert told_of(boundary, "some", {one.version: one for one in SEEN})[0] == says


def test_what_lies_between_is_said() -> None:
    boundary = Boundary("1.2", "1.3", "none", "fault", ("1.4", "1.5"), tuple(f"2.{n}" for n in range(9)))
    lines = told_of(boundary, "some", {one.version: one for one in SEEN})
    assert "  in between nothing is known of 1.4, 1.5: unstable or skipped, see above" in lines
    assert "  not played: 9 versions from 2.0 to 2.8" in lines
    assert f"  1.3: {ZERO}" in lines


def test_that_there_is_none_is_said_with_what_was_looked_at() -> None:
    versions = [f"1.{number}" for number in range(100)]
    lines = told_of_none("some", versions, [seen("1.0", "fault", 5), seen("1.99", "fault", 5)], stepped=False)
    assert (
        lines[0] == "no boundary: the fault in each of the 2 versions of some that were told, of 100 from 1.0 to 1.99"
    )
    assert "--all" in lines[-1]
    (nothing,) = told_of_none("some", ["1.4"], [SEEN[2]], stepped=False)
    assert "no version could be told" in nothing


def test_where_what_can_be_told_begins_and_ends_is_said() -> None:
    assert told_of_edges(SEEN) == []
    assert told_of_edges([SEEN[2], SEEN[0], SEEN[3]]) == [
        "up to 1.4 it could not be told; 1.4: skipped: not \\x1b[1m there",
        "from 1.5 on it could not be told; 1.5: UNSTABLE, 2 of 5 plays",
    ]
    assert told_of_edges([SEEN[2]]) == []


def test_what_would_tell_more_is_said_where_it_applies() -> None:
    assert hints(SEEN[:3]) == []
    assert ["-n 50" in hint or "--any-objection" in hint for hint in hints(SEEN)] == [True, True]
