"""The result of a version from its plays, and the text of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from proctor.conformance.checks.objections import violation
from proctor.conformance.exploring.replay import ReplayResult
from proctor.conformance.judging.casefile import CaseFile
from proctor.conformance.versions.bisect_report import (
    boundary_lines,
    edge_lines,
    hints,
    line_of,
    no_boundary_lines,
    table_of,
)
from proctor.conformance.versions.bisection import Boundary, Kind
from proctor.conformance.versions.played_version import VersionResult, on_version, summarize
from proctor.harness.scenario import Scenario
from proctor.harness.target import Target
from proctor.harness.violation import Violation
from tests.unit.histories import history

UV = Target("uv", ("/old/bin/uv", "run", "--"), version=("uv", "--version"), sync=("uv", "sync"), prune=("rm", "uv"))
ZERO, ONE = (violation("wrong-status", status=3, end=end, because="", how=f"code {end}").of("EXIT-2") for end in (0, 1))
OTHER = violation("timed-out", wait="ends", process="launcher", awaited="the launcher ends", how="idle").of("EXIT-2")


def case_of(*objections: Violation) -> CaseFile:
    return CaseFile(2, "EXIT-2", UV, Scenario(()), objections, {}, check="exit.same_status")


def play(*objections: Violation, unsure: str = "") -> ReplayResult:
    return ReplayResult(history(), objections, unsure)


@pytest.mark.parametrize(
    ("plays", "kind"),
    [
        ([play(ZERO), play(ZERO)], "fault"),
        ([play(), play()], "none"),
        ([play(ONE), play(ONE)], "other"),
        ([play(ZERO), play()], "unstable"),
        ([play(ONE), play()], "unstable"),
        ([play(unsure="no ptrace"), play(unsure="no ptrace")], "inconclusive"),
        ([play(ZERO), play(unsure="it went another way"), play(ZERO)], "fault"),
        ([play(), play(unsure="it went another way"), play()], "none"),
        ([play(ZERO), play(unsure="it went another way")], "inconclusive"),
        # the same fault shows more, or less, from play to play
        ([play(ZERO, OTHER), play(OTHER)], "fault"),
    ],
)
def test_result_of_a_version_from_its_plays(plays: list[ReplayResult], kind: Kind) -> None:
    assert summarize("1.0", case_of(ZERO), plays).kind == kind


def test_any_objection_may_count_as_the_fault() -> None:
    assert summarize("1.0", case_of(ZERO), [play(ONE)], any_objection=True).kind == "fault"
    assert summarize("1.0", case_of(), [play(ONE)]).kind == "fault"


def test_pids_and_durations_do_not_change_an_objection() -> None:
    early, late = (
        violation("delivered-late", n, signal="SIGINT", process="command", awaited=f"x {n}", seconds=n, idle=9)
        for n in (1, 2)
    )
    assert str(early) != str(late) and early.key == late.key
    assert summarize("1.0", case_of(early), [play(late)]).kind == "fault"
    assert ZERO.key != ONE.key


def test_program_of_the_version_replaces_that_of_the_target() -> None:
    there = on_version(UV, Path("/new/bin/uv"), "uv 0.6.0")
    assert there.command == ("/new/bin/uv", "run", "--")
    bundled = Target("pex", ("{bundle}",), bundle=("/old/bin/pex", "-o", "{bundle}"), version=("pex", "--version"))
    there_too = on_version(bundled, Path("/new/bin/pex"), "pex 2")
    assert (there_too.command, there_too.bundle) == (("{bundle}",), ("/new/bin/pex", "-o", "{bundle}"))
    assert (there.version, there.sync) == (("/new/bin/uv", "--version"), ("/new/bin/uv", "sync"))
    assert there.prune == ("rm", "uv")
    assert there.name == "uv 0.6.0"


def result(
    version: str, kind: Kind, same: int = 0, other: int = 0, *, times: int = 5, reason: str = ""
) -> VersionResult:
    return VersionResult(version, kind, times, same, other, 0, (ZERO,) if same else (ONE,) if other else (), reason)


RESULTS = [result("1.2", "none"), result("1.3", "fault", 5),
           result("1.4", "inconclusive", times=0, reason="not \x1b[1m there"),
           result("1.5", "unstable", 2), result("1.6", "other", 0, 5)]  # fmt: skip


def test_a_line_for_each_version() -> None:
    assert [line_of(one) for one in RESULTS] == [
        "1.2: no fault in 5 plays",
        "1.3: the fault, 5 of 5 plays",
        "1.4: skipped: not \\x1b[1m there",
        "1.5: UNSTABLE, 2 of 5 plays",
        "1.6: another objection, 5 of 5 plays",
    ]


def test_a_table_of_what_was_played() -> None:
    assert table_of(RESULTS) == [
        "version  found  result             reason",
        "1.2      0/5    no fault",
        "1.3      5/5    the fault",
        "1.4      -      skipped            not \\x1b[1m there",
        f"1.5      2/5    UNSTABLE           {ZERO.actual}",
        f"1.6      0/5    another objection  {ONE.actual}",
    ]


@pytest.mark.parametrize(
    ("boundary", "says"),
    [
        (Boundary("1.2", "1.3", "none", "fault"), "the fault appeared in some 1.3 (not in 1.2)"),
        (Boundary("1.3", "1.2", "fault", "none"), "the fault disappeared in some 1.2 (still in 1.3)"),
        (Boundary("1.3", "1.6", "fault", "other"),
         "the fault changed into another in some 1.6 (as in the case file up to 1.3)"),
        (Boundary("1.6", "1.2", "other", "none"), "another fault disappeared in some 1.2 (still in 1.6)"),
        (Boundary("1.2", "1.3", "none", "fault", ("1.4",)), "the fault appeared between some 1.2 and 1.3 (not in 1.2)"),
        (Boundary("1.2", "1.3", "none", "fault", (), ("1.4",)),
         "the fault appeared between some 1.2 and 1.3 (not in 1.2)"),
    ],
)  # fmt: skip
def test_text_of_a_boundary(boundary: Boundary, says: str) -> None:
    assert boundary_lines(boundary, "some", {one.version: one for one in RESULTS})[0] == says


def test_text_of_versions_between() -> None:
    boundary = Boundary("1.2", "1.3", "none", "fault", ("1.4", "1.5"), tuple(f"2.{n}" for n in range(9)))
    lines = boundary_lines(boundary, "some", {one.version: one for one in RESULTS})
    assert "  unstable or skipped in between: 1.4, 1.5" in lines
    assert "  not played: 9 versions from 2.0 to 2.8" in lines
    assert f"  1.3: {ZERO}" in lines


def test_text_without_a_boundary_names_what_was_played() -> None:
    versions = [f"1.{number}" for number in range(100)]
    lines = no_boundary_lines("some", versions, [result("1.0", "fault", 5), result("1.99", "fault", 5)], stepped=False)
    assert lines[0] == "no boundary: the fault in each of the 2 conclusive versions of some, of 100 from 1.0 to 1.99"
    assert "--all" in lines[-1]
    (nothing,) = no_boundary_lines("some", ["1.4"], [RESULTS[2]], stepped=False)
    assert "no conclusive version" in nothing


def test_text_of_inconclusive_ends() -> None:
    assert edge_lines(RESULTS) == []
    assert edge_lines([RESULTS[2], RESULTS[0], RESULTS[3]]) == [
        "inconclusive up to 1.4; 1.4: skipped: not \\x1b[1m there",
        "inconclusive from 1.5 on; 1.5: UNSTABLE, 2 of 5 plays",
    ]
    assert edge_lines([RESULTS[2]]) == []


def test_hints_only_where_they_apply() -> None:
    assert hints(RESULTS[:3]) == []
    assert ["-n 50" in hint or "--any-objection" in hint for hint in hints(RESULTS)] == [True, True]
