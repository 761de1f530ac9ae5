"""The judge: what a check finds becomes a verdict, and only what comes back each time is a fail."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from proctor.conformance.checks.common import NotApplicable, NotObservable
from proctor.conformance.judging import result_rows
from proctor.conformance.judging.judge import REPLAYS, VERDICTS, Bare, Judgement, judge, timeline
from proctor.conformance.judging.result_rows import CaseResult
from proctor.conformance.spec import Requirement, requirements
from proctor.harness.errors import HarnessError
from proctor.harness.history import History, NotStarted, SettleEnded
from proctor.harness.scenario import JOB, Scenario, Settle, Stage
from proctor.harness.target import Target
from proctor.harness.violation import Violation
from proctor.reports.results import Verdict
from tests.unit.histories import history, missed, over, replaced, started, supervised, too_many, waits_outside

GOOD = supervised(*over(0))
BAD = supervised(*over(1))
ALONE = replaced(*over(0))
SCRIPT = Scenario((Settle(),))
TARGET = Target("a launcher", ("/bin/launcher",))
MUST = requirements()["EXIT-1"]


class Play:
    """A player that plays no process: histories in turn, the last one again and again."""

    def __init__(self, *histories: History | Exception, bare: History = ALONE) -> None:
        self._histories = list(histories)
        self._bare = bare
        self.asked: list[tuple[Target, Scenario]] = []

    def __call__(self, target: Target, scenario: Scenario, /) -> History:
        self.asked.append((target, scenario))
        if target.is_bare:
            return self._bare
        played = self._histories.pop(0) if len(self._histories) > 1 else self._histories[0]
        if isinstance(played, Exception):
            raise played
        return played


def status(history: History, bare: History) -> list[Violation]:
    """A check: the two ends are alike."""
    unlike = Violation("unlike", {}, "alike", "not alike", (1,))
    return [] if history.events[-2].fact == bare.events[-2].fact else [unlike]


def judged(
    play: Play, check: Callable[[History, History], list[Violation]] = status, target: Target = TARGET,
    scenario: Scenario = SCRIPT, requirement: Requirement = MUST,
) -> Judgement:  # fmt: skip
    return judge(requirement, target, scenario, check, play, Bare(play))


def raising(error: Exception, times: int = 99) -> Callable[[History, History], list[Violation]]:
    """Return a check that finds a violation and from its second call on raises this; at once with times=0."""
    calls = iter(range(1000))

    def check(_history: History, _bare: History) -> list[Violation]:
        if next(calls) >= times:
            raise error
        return [Violation("wrong", {}, "r", "a")]

    return check


# -- one case


def test_pass() -> None:
    judgement = judged(Play(GOOD))
    assert (judgement.verdict, judgement.executions, judgement.violations) == ("pass", 2, ())
    assert judgement.history is judgement.bare is None


def test_a_finding_that_comes_back_each_time_is_a_fail() -> None:
    judgement = judged(Play(BAD))
    assert (judgement.verdict, judgement.returned, judgement.executions) == ("fail", REPLAYS, REPLAYS + 2)
    assert judgement.violations == (Violation("EXIT-1/unlike", {}, "alike", "not alike", (1,)),)
    assert any("command ended" in line for line in judgement.timeline)
    assert (judgement.history, judgement.bare, judgement.replays) == (BAD, ALONE, REPLAYS)


@pytest.mark.parametrize("back", range(REPLAYS))
def test_a_finding_that_does_not_come_back_each_time_is_unstable(back: int) -> None:
    judgement = judged(Play(BAD, *[BAD] * back, *[GOOD] * (REPLAYS - back)))
    assert (judgement.verdict, judgement.returned) == ("unstable", back)
    assert judgement.reason.startswith(f"came back in {back} of {REPLAYS} replays: the runs differ: a replay has no ")
    assert judgement.instability and judgement.instability.kind == "other-events"
    assert judgement.timeline
    assert judgement.violations


def test_only_what_comes_back_is_reported() -> None:
    """The first run shows two violations; the replays one of them, or none of the two but a third."""
    one, other, third = (Violation(code, {}, "r", "a") for code in ("one", "other", "third"))
    for again, reported in (([other, third], ["EXIT-1/other"]), ([third], ["EXIT-1/one", "EXIT-1/other"])):
        found = iter([[one, other], *[again] * REPLAYS])
        judgement = judged(Play(BAD), lambda _history, _bare, found=found: next(found))  # type: ignore[misc]
        assert (judgement.verdict, [v.code for v in judgement.violations]) == ("fail", reported)


def test_a_replay_that_waits_for_what_is_outside_is_none() -> None:
    judgement = judged(Play(BAD, *[history(started(), waits_outside("command starts"))] * REPLAYS))
    assert (judgement.verdict, judgement.returned) == ("unstable", 0)


def test_replays_can_be_fewer() -> None:
    judgement = judge(MUST, TARGET, SCRIPT, status, play := Play(BAD), Bare(play), replays=1)
    assert (judgement.verdict, judgement.returned, judgement.executions) == ("fail", 1, 3)


def test_target_may_be_measured_by_itself() -> None:
    """The measure is played after the scenario, and after each replay of it; the bare command is left alone."""
    other = Scenario((Settle(limit=1.0),))
    warm = msgspec.structs.replace(SCRIPT, stage=Stage(home="warm"))
    play = Play(BAD, bare=GOOD)
    assert judge(MUST, TARGET, warm, status, play, Bare(play), compared_with=other).verdict == "pass"
    assert play.asked == [(TARGET, warm), (TARGET, other)]
    play = Play(BAD, GOOD, BAD, GOOD, BAD, GOOD, BAD, BAD)
    judgement = judge(MUST, TARGET, warm, status, play, Bare(play), compared_with=other)
    assert (judgement.verdict, judgement.returned, judgement.executions) == ("unstable", 2, 2 + 2 * REPLAYS)
    assert judgement.history and judgement.bare is None  # that the launcher was measured by itself is another matter
    assert [scenario for _, scenario in play.asked] == [warm, other] * (1 + REPLAYS)


@pytest.mark.parametrize("error", [NotObservable("not seen"), NotApplicable("not meant")], ids=["unseen", "beside"])
def test_a_replay_that_cannot_be_judged_is_one_that_did_not_come_back(error: Exception) -> None:
    judgement = judged(Play(BAD), raising(error, times=1))
    assert (judgement.verdict, judgement.returned) == ("unstable", 0)
    assert judgement.violations


def test_declared_deviation() -> None:
    target = msgspec.structs.replace(TARGET, deviations={MUST.id: "on purpose: README"})
    judgement = judged(Play(BAD), target=target)
    assert (judgement.verdict, judgement.reason) == ("declared deviation", "on purpose: README")
    assert judgement.violations
    assert (judgement.history, judgement.bare, judgement.replays) == (BAD, ALONE, 0)
    assert judged(Play(GOOD), target=target).verdict == "pass"
    other = msgspec.structs.replace(TARGET, deviations={"EXIT-2": "on purpose"})
    assert judged(Play(BAD), target=other).verdict == "fail"


def test_a_deviation_of_one_stage_covers_this_stage_only() -> None:
    target = msgspec.structs.replace(TARGET, deviations={"EXIT-1[job]": "on purpose", "EXIT-1": "of all"})
    judgement = judged(Play(BAD), target=target, scenario=Scenario((Settle(),), JOB))
    assert (judgement.verdict, judgement.declarations, judgement.stage) == (
        "declared deviation", ("EXIT-1[job]",), "job",
    )  # fmt: skip
    one = msgspec.structs.replace(TARGET, deviations={"EXIT-1[job]": "on purpose"})
    assert judged(Play(BAD), target=one).verdict == "fail"


def two(history: History, bare: History) -> list[Violation]:
    """A check with two violations of a bad history, and the second alone of one that ends without a status."""
    if history is GOOD or history is bare:
        return []
    found = [Violation("wrong", {"signal": "SIGHUP"}, "r", "a"), Violation("wrong", {"signal": "SIGTERM"}, "r", "a")]
    return found if history is BAD else found[:1]


def test_what_a_declaration_does_not_cover_fails() -> None:
    target = msgspec.structs.replace(TARGET, deviations={"EXIT-1[HUP]": "on purpose"})
    judgement = judged(Play(BAD), two, target)
    assert (judgement.verdict, judgement.declarations) == ("fail", ("EXIT-1[HUP]",))
    assert [one.parameters["signal"] for one in judgement.violations] == ["SIGTERM"]


def test_a_replay_that_shows_only_what_is_declared_is_one_that_did_not_come_back() -> None:
    target = msgspec.structs.replace(TARGET, deviations={"EXIT-1[HUP]": "on purpose"})
    judgement = judged(Play(BAD, supervised()), two, target)
    assert (judgement.verdict, judgement.returned) == ("unstable", 0)


def test_profile_that_the_target_does_not_claim() -> None:
    play = Play(BAD)
    judgement = judged(play, requirement=requirements()["TREE-6"])
    assert (judgement.verdict, play.asked) == ("not applicable", [])
    assert "profile init" in judgement.reason
    init = msgspec.structs.replace(TARGET, profiles=("transparent", "init"))
    assert judged(Play(BAD), target=init, requirement=requirements()["TREE-6"]).verdict == "fail"


def test_a_check_that_says_it_cannot_tell() -> None:
    for error, verdict in ((NotApplicable("so"), "not applicable"), (NotObservable("so"), "not observable")):
        judgement = judged(Play(GOOD), raising(error, times=0))
        assert (judgement.verdict, judgement.reason) == (verdict, "so")


def test_executions_count_whatever_comes_of_them() -> None:
    play = Play(GOOD)
    assert judged(play, raising(NotObservable("so"), times=0)).executions == len(play.asked) == 2


def test_harness_that_fails_is_an_error_never_a_fail() -> None:
    for histories in ([HarnessError("no pty")], [BAD, HarnessError("no pty")]):
        judgement = judged(Play(*histories))
        assert (judgement.verdict, judgement.reason) == ("error", "no pty")


@pytest.mark.parametrize("times", [0, 1], ids=["at-once", "in-a-replay"])
def test_check_that_crashes_is_an_error_never_a_fail(times: int) -> None:
    judgement = judged(Play(BAD), raising(KeyError("pid"), times))
    assert judgement.verdict == "error"
    assert "KeyError('pid')" in judgement.reason
    assert "Traceback" in judgement.reason


def test_what_stops_the_suite_is_not_swallowed() -> None:
    def interrupted(_history: History, _bare: History) -> list[Violation]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        judged(Play(GOOD), interrupted)


# -- the bare command


def test_bare_command_that_does_not_do_it_is_an_error() -> None:
    judgement = judged(Play(GOOD, bare=replaced(missed("command ends"))))
    assert judgement.verdict == "error"
    assert "does not work with the bare command: timed out: the command ends" in judgement.reason


def test_bare_command_that_was_not_started_is_an_error() -> None:
    judgement = judged(Play(GOOD, bare=history(NotStarted("exec", 13))))
    assert judgement.verdict == "error"
    assert "does not work with the bare command: the launcher could not be started" in judgement.reason


def test_bare_command_of_a_launcher_that_is_the_tool_is_the_witness() -> None:
    play = Play(GOOD)
    judged(play, target=msgspec.structs.replace(TARGET, command=("{bundle}",), bundle=("make", "{bundle}")))
    alone = play.asked[0][0]
    assert (alone.is_bare, alone.bundle) == (True, ())


def test_bare_command_is_executed_once_and_kept() -> None:
    play = Play(GOOD)
    bare = Bare(play)
    executions = [judge(MUST, TARGET, SCRIPT, status, play, bare).executions for _ in range(3)]
    assert executions == [2, 1, 1]
    judge(MUST, TARGET, Scenario(()), status, play, bare)
    assert [target.is_bare for target, _ in play.asked].count(True) == 2


def test_bare_command_gets_the_targets_surroundings() -> None:
    target = msgspec.structs.replace(TARGET, environment={"A": "1"}, files={"f": "x"})
    play = Play(GOOD)
    judged(play, target=target)
    alone = play.asked[0][0]
    assert (alone.command, alone.environment, alone.files) == ((), {"A": "1"}, {"f": "x"})


def test_as_pid_1_the_bare_command_is_no_measure() -> None:
    play = Play(GOOD)
    judged(play, scenario=Scenario((), Stage(parent="init", umask=0o077)))
    assert [(script.stage.parent, script.stage.umask) for _, script in play.asked] == [
        ("runner", 0o077),
        ("init", 0o077),
    ]


def test_where_there_is_no_command_there_is_no_bare_command() -> None:
    play = Play(GOOD)
    assert judged(play, scenario=Scenario((), command="missing")).verdict == "pass"
    assert [target.is_bare for target, _ in play.asked] == [False]


def test_timeline_leaves_out_what_says_nothing_to_a_person() -> None:
    lines = timeline(history(started(), SettleEnded("quiescent", 0.001), missed("launcher ends")))
    assert [line.split()[0] for line in lines] == ["0", "2"]


# -- rows and documents


def a_case(name: str, verdict: Verdict, requirement: str = "EXIT-1", target: str = "a launcher") -> CaseResult:
    violations = (
        (Violation("wrong", {}, "r", f"a of {name}", (1, 2)),)
        if verdict in ("fail", "unstable", "declared deviation")
        else ()
    )
    reason = "" if verdict in ("pass", "fail") else f"why {name}"
    return CaseResult(requirement, target, name, Judgement(verdict, 2, reason, violations))


def test_every_verdict_has_its_place() -> None:
    assert len(set(VERDICTS)) == len(VERDICTS)
    assert set(VERDICTS) == set(Verdict.__args__)  # type: ignore[attr-defined]


def test_every_requirement_has_its_row() -> None:
    table = result_rows.rows(TARGET, [a_case("one", "pass")])
    assert list(table) == list(requirements())
    assert {table[name].verdict for name in table if name != "EXIT-1"} == {"not run"}
    assert all(table[name].level == requirement.level for name, requirement in requirements().items())


@pytest.mark.parametrize("worst", range(len(VERDICTS)))
def test_verdict_of_a_requirement_is_the_worst_of_its_cases(worst: int) -> None:
    cases = [a_case(f"case {n}", verdict) for n, verdict in enumerate(VERDICTS) if n >= worst]
    row = result_rows.rows(TARGET, cases[::-1])["EXIT-1"]
    assert row.verdict == VERDICTS[worst]
    assert row.executions == 2 * len(cases)


def test_row_says_why_and_what_and_in_which_case() -> None:
    cases = [
        a_case("one", "unstable"),
        a_case("two", "pass"),
        a_case("three", "fail"),
        a_case("four", "fail"),
    ]
    row = result_rows.rows(TARGET, cases)["EXIT-1"]
    assert [violation.case for violation in row.violations] == ["one", "three", "four"]
    assert [violation.is_unstable for violation in row.violations] == [True, False, False]
    assert msgspec.to_builtins(row.violations[1]) == {
        "code": "wrong", "parameters": {}, "required": "r", "actual": "a of three", "schedule": "",
        "message": "required: r; actual: a of three", "case": "three", "events": (1, 2), "file": "",
        "is_unstable": False, "stage": "", "launcher_end": "", "follows_from": "", "sent": "",
    }  # fmt: skip
    assert result_rows.rows(TARGET, [a_case("one", "error"), a_case("two", "pass")])["EXIT-1"].reason == "why one"


def test_cases_of_other_targets_do_not_count() -> None:
    table = result_rows.rows(TARGET, [a_case("one", "fail", target="another"), a_case("two", "pass")])
    assert table["EXIT-1"].verdict == "pass"


def test_document_has_the_shape_that_others_build_on() -> None:
    cases = [a_case("one", "fail"), a_case("two", "pass", "SIG-8"), a_case("three", "unstable", "EXIT-6")]
    made = json.loads(msgspec.json.encode(result_rows.document(TARGET, "1.2", cases, 1.23456, "subreaper")))
    own = {"schema", "target", "host", "duration_s", "executions", "requirements", "summary"}
    assert made.keys() == {*own, "spec", "explored", "failures", "deviations"}
    assert made["spec"]["requirements"].keys() == made["requirements"].keys()
    assert (made["schema"], made["duration_s"], made["executions"]) == (2, 1.235, 6)
    assert made["target"] == {
        "name": "a launcher", "version": "1.2", "command": ["/bin/launcher"], "profiles": ["transparent"],
        "described_by": "",
    }  # fmt: skip
    assert made["host"]["containment"] == "subreaper"
    assert made["requirements"].keys() == requirements().keys()
    for row in made["requirements"].values():
        assert row.keys() == {
            "level", "verdict", "executions", "reason", "violations", "coverage", "ran", "undecided",
        }  # fmt: skip
    assert made["requirements"]["EXIT-1"]["violations"][0].keys() >= {"code", "parameters", "message", "case", "events"}


def test_summary_counts_every_requirement_once_by_level() -> None:
    cases = [a_case("one", "fail"), a_case("two", "pass", "SIG-8"), a_case("three", "unstable", "EXIT-6")]
    summary = result_rows.document(TARGET, "", cases, 0.0, "").summary
    assert summary.keys() == {"MUST", "SHOULD", "MAY"}
    assert (summary["MUST"]["fail"], summary["MUST"]["pass"], summary["SHOULD"]["unstable"]) == (1, 1, 1)
    assert sum(count for counts in summary.values() for count in counts.values()) == len(requirements())


def test_document_is_written_whole_and_several_as_a_list(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    one = result_rows.document(TARGET, "", [], 0.0, "")
    result_rows.write(path, [one])
    assert json.loads(path.read_text()) == json.loads(msgspec.json.encode(one))
    result_rows.write(path, [one, one])
    assert len(json.loads(path.read_text())) == 2
    assert list(tmp_path.iterdir()) == [path]


def test_a_launcher_that_waits_for_somebody_outside_before_it_starts_its_command_is_not_judged() -> None:
    judgement = judged(Play(history(started(), waits_outside("command starts"))))
    assert judgement.verdict == "error"
    assert "waits in recvfrom for socket:[1]" in judgement.reason
    assert "PROCTOR_START_WITHIN" in judgement.reason


def test_a_limit_of_ours_is_no_fault_of_the_launcher() -> None:
    limited = supervised(too_many(), *over(1))
    assert judged(Play(limited)).verdict == "not observable"
