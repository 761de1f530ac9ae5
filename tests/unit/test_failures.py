"""What results keep of a failure: enough for a report, whatever the launcher does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from proctor.conformance.judging import result_rows
from proctor.conformance.judging.casefile import CaseFile
from proctor.conformance.judging.evidence import FIRST_EVENTS, KEPT_OUTPUT, LAST_EVENTS, failure_of, kept
from proctor.conformance.judging.judge import Judgement
from proctor.conformance.judging.result_rows import CaseResult
from proctor.conformance.suite import terminal_report
from proctor.harness.history import Ended, Event, History, Output, TempFilesLeft
from proctor.harness.scenario import Scenario, Settle
from proctor.harness.target import Target
from proctor.harness.violation import Violation
from proctor.reports.results import Failure, Verdict, read
from tests.unit.histories import greeted, history, over, received, replaced, settings, started, supervised

TARGET = Target("a launcher", ("/bin/launcher",))
BAD, ALONE = supervised(*over(1)), replaced(*over(0))
VIOLATION = Violation("wrong", {}, "r", "a", (3,))


def failure(verdict: Verdict = "fail", requirement: str = "EXIT-1", steps: int = 1, schedule: str = "") -> Failure:
    script = Scenario((Settle(),) * steps)
    played = msgspec.structs.replace(BAD, scenario=script)
    judgement = Judgement(
        verdict, 5, "", (VIOLATION,), returned=2, replays=3, schedule=schedule, history=played, bare=ALONE
    )  # fmt: skip
    file = CaseFile(2, requirement, TARGET, script, (VIOLATION,), {}, check="exit.same_status")
    return failure_of(requirement, f"case of {steps}", judgement, "proctor replay x", file)


def case(told: Failure, target: str = "a launcher") -> CaseResult:
    return CaseResult(told.requirement, target, told.case, Judgement(told.verdict), failure=told)


def written(path: Path, *cases: CaseResult) -> list[Any]:
    result_rows.write(path, [result_rows.document(TARGET, "", list(cases), 0.0, "")])
    return read(path)[0].failures


def test_reports_read_what_the_suite_writes(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    (told,) = written(path, case(failure(schedule="at launcher clone#1 exit: deliver TERM to launcher")))
    assert (told.requirement, told.case, told.verdict) == ("EXIT-1", "case of 1", "fail")
    assert (told.returned, told.replays, told.replay) == (2, 3, "proctor replay x")
    assert told.violations == [VIOLATION]
    assert told.history == msgspec.structs.replace(BAD, scenario=Scenario((Settle(),)))
    assert told.bare == ALONE
    assert told.schedule == "at launcher clone#1 exit: deliver TERM to launcher"
    assert told.case_file and msgspec.convert(told.case_file, CaseFile).target == TARGET


def test_several_documents_are_a_list_with_failures(tmp_path: Path) -> None:
    path, one = tmp_path / "results.json", result_rows.document(TARGET, "", [case(failure())], 0.0, "")
    result_rows.write(path, [one, result_rows.document(TARGET, "", [], 0.0, "")])
    assert [len(document.failures) for document in read(path)] == [1, 0]
    assert list(tmp_path.iterdir()) == [path]


def test_of_a_requirement_there_is_the_plainest_failure(tmp_path: Path) -> None:
    explored = failure(steps=1, schedule="at launcher birth: press ctrl-c\n" * 2)
    cases = [failure(steps=9), explored, failure(steps=2), failure("unstable"), failure(requirement="EXIT-2")]
    told = written(tmp_path / "results.json", *map(case, cases))
    assert [(one.requirement, one.case) for one in told] == [("EXIT-1", "case of 2"), ("EXIT-2", "case of 1")]


@pytest.mark.parametrize("verdict", ["unstable", "declared deviation"])
def test_what_counts_as_no_fail_is_told_too(verdict: Verdict, tmp_path: Path) -> None:
    assert [one.verdict for one in written(tmp_path / "r", case(failure(verdict)))] == [verdict]


def test_failures_of_other_launchers_are_theirs(tmp_path: Path) -> None:
    assert not written(
        tmp_path / "results.json", case(failure(), "another"), CaseResult("EXIT-1", TARGET.name, "c", Judgement("pass"))
    )


def again(told: History) -> History:
    return msgspec.json.decode(msgspec.json.encode(told), type=History)


def test_an_endless_history_is_kept_from_both_ends() -> None:
    noisy = history(started(), *(received(10) for _ in range(20_000)), *over(3))
    told = again(kept(noisy))
    assert len(told.events) == FIRST_EVENTS + LAST_EVENTS
    assert told.events[0] == noisy.events[0] and told.events[-1] == noisy.events[-1]
    assert isinstance(told.events[-1].fact, Ended)


def test_all_of_a_short_history_is_kept() -> None:
    assert again(kept(BAD)) == BAD


def test_hostile_output_stays_small() -> None:
    data = bytes(range(256)) * 256
    told = kept(history(*(Output("terminal", data) for _ in range(3)), *over(0)))
    assert sum(len(fact.data) for fact in again(told).facts(Output)) == KEPT_OUTPUT
    assert [event.index for event in again(told).events] == [0, 3, 4]
    many = history(
        TempFilesLeft(("x" * 255,) * 1000), greeted(settings(environ=(b"A" * 100_000,) * 9, args=(b"B" * 131_000,)))
    )
    assert len(msgspec.json.encode(kept(many))) < 100_000
    assert [type(event.fact) for event in again(kept(many)).events] == [TempFilesLeft, type(greeted())]


def test_events_keep_their_place() -> None:
    events = tuple(Event(n * 2, n / 1000, "runner", received(10)) for n in range(5))
    assert [e.index for e in again(kept(msgspec.structs.replace(BAD, events=events))).events] == [0, 2, 4, 6, 8]


@pytest.mark.parametrize(
    ("by", "start"), [("proctor", "proctor check tini"), ("", "pytest conformance/ --target=tini")]
)
def test_the_command_that_repeats_a_case_has_the_options_of_the_run(
    monkeypatch: pytest.MonkeyPatch, by: str, start: str
) -> None:
    monkeypatch.setenv(terminal_report.REPEAT_BY, by)
    repeat = terminal_report.repeat_command(case(failure(requirement="TREE-6")), "tini", ["--profile=init", "--full"])
    assert repeat == f"{start} --profile=init --full -k TREE-6"
