"""The explorer with literal histories: what is planned, what is skipped, and how findings are processed."""

from __future__ import annotations

from collections import Counter

from proctor.harness.explorer.explore import MAX_FINDINGS, Evaluation, Explorer
from proctor.harness.explorer.ordering import process_orders
from proctor.harness.explorer.pairs import pairs
from proctor.harness.explorer.random_schedules import random_schedules
from proctor.harness.explorer.spread import spread
from proctor.harness.explorer.survey import Survey, survey
from proctor.harness.explorer.sweep import PlannedSchedule, signal_of, sweep
from proctor.harness.history import History, PointReached
from proctor.harness.scenario import Scenario
from proctor.harness.schedule import CallLauncher, Deliver, Directive, HoldTask, HoldUntil, Point, PressKey, Schedule
from proctor.harness.violation import Violation
from tests.unit.histories import history

TERM = 15
DELIVER = Deliver(TERM)
FORK = Point("launcher", "clone")
BLOCKED = 1 << (TERM - 1)


WRONG = Evaluation("wrong", (Violation("wrong", {}, "a", "b"),))


def passed(task: str, call: str, when: str = "exit", *, nth: int = 1, blocked: int = 0, **more: object) -> PointReached:
    point = Point(task, call, nth, "exit" if when == "exit" else "entry", int(str(more.pop("part", 1))))
    return PointReached(point, blocked=blocked, **more)  # type: ignore[arg-type]


RECORDED = (
    passed("launcher", "birth"),
    passed("launcher", "rt_sigaction", "entry", about=1),
    passed("launcher", "rt_sigaction", about=1),
    passed("launcher", "rt_sigprocmask", "entry"),
    passed("launcher", "rt_sigprocmask", blocked=BLOCKED),
    passed("launcher", "clone", "entry", blocked=BLOCKED),
    passed("launcher", "clone", blocked=BLOCKED),
    passed("child1", "birth", by=FORK, blocked=BLOCKED),
    passed("child1", "setsid", "entry", blocked=BLOCKED),
    passed("launcher", "exit_group", "entry", part=2),
)


class Play:
    """Plays nothing: gives the recorded points, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Schedule] = []

    def __call__(self, _script: Scenario, schedule: Schedule) -> History:
        self.asked.append(schedule)
        return history(*RECORDED)


def surveyed() -> Survey:
    return survey(Play(), Scenario(()))


def points(planned: list[PlannedSchedule]) -> list[str]:
    return [str(one.site.point) for one in planned if one.site]


def test_survey_runs_both_orders() -> None:
    play = Play()
    found = survey(play, Scenario(()))
    assert found.child_first == (Directive(FORK, HoldTask("child1")),)
    assert [schedule.directives for schedule in play.asked] == [(), (), found.child_first]
    assert [site.point.part for site in found.sites].count(2) == 1


def test_a_child_exists_from_the_exit_of_the_call_that_made_it() -> None:
    there = {str(site.point): site.children for site in surveyed().sites}
    assert there["launcher clone#1 entry"] == ()
    assert there["launcher clone#1 exit"] == ("child1",)


def test_sweep_skips_points_where_the_signal_only_ends_the_launcher() -> None:
    planned = sweep(surveyed(), [DELIVER], part=1)
    assert (planned.redundant, planned.unaffected) == (4, 0)
    assert points(planned.planned)[0] == "launcher rt_sigprocmask#1 exit"


def test_sweep_skips_calls_about_another_signal() -> None:
    blocked = tuple(PointReached(fact.at, fact.by, fact.about, BLOCKED) for fact in RECORDED)
    found = survey(lambda script, schedule: history(*blocked), Scenario(()))
    assert (sweep(found, [DELIVER], part=1).redundant, sweep(found, [DELIVER], part=1).unaffected) == (0, 1)
    assert sweep(found, [Deliver(1)], part=1).unaffected == 0


def test_exhaustive_sweep_skips_nothing() -> None:
    planned = sweep(surveyed(), [DELIVER, PressKey("ctrl-c")], part=1, exhaustive=True)
    assert (planned.redundant, planned.unaffected) == (0, 0)
    assert len({*points(planned.planned)}) == 9


AN_INSTALLER = (
    passed("launcher", "clone", "entry"),
    passed("launcher", "clone"),
    passed("child1", "birth", by=FORK),
    passed("child1", "execve", "entry"),
    passed("child1", "execve"),  # failed: not found here in PATH
    passed("child1", "execve", "entry", nth=2),
    passed("child1", "execve", nth=2),
    passed("child1", "mkdir", "entry"),
    passed("child1", "mkdir"),
    passed("child1", "clone"),
    passed("child2", "birth", by=Point("child1", "clone")),
    passed("child2", "openat", "entry"),
)


def test_signals_rotate_at_points_of_helper_programs() -> None:
    """At what the launcher and its child do before they are one, and for SIGKILL, nothing is left out."""
    found = survey(lambda script, schedule: history(*AN_INSTALLER), Scenario(()))
    helpers = {"child1 mkdir#1 entry", "child1 mkdir#1 exit", "child1 clone#1 exit", "child2 birth"}
    helpers.add("child2 openat#1 entry")
    assert {str(site.point) for site in found.sites if site.is_helper_point} == helpers
    all_of_them = [Deliver(1), Deliver(2), Deliver(9), Deliver(TERM)]
    planned = sweep(found, all_of_them, part=1)
    for site in found.sites:
        met = {signal_of(one.schedule.directives[0].action) for one in planned.planned if one.site == site}  # type: ignore[arg-type]
        catchable = met - {9}
        assert len(catchable) == (1 if site.is_helper_point else 3) or site.is_redundant(1), site
    assert planned.rotated == 2 * sum(site.is_helper_point for site in found.sites)
    assert sweep(found, all_of_them, part=1, exhaustive=True).rotated == 0
    everywhere = sweep(found, all_of_them, part=1, rotate_everywhere=True).planned
    for site in found.sites:
        names = {one.what.partition(",")[0] for one in everywhere if one.site == site}  # for both orders
        assert len(names - {"deliver KILL to launcher"}) == 1 or site.is_redundant(1)


def test_launcher_points_run_in_both_orders_and_child_points_while_the_child_is_stopped() -> None:
    planned = sweep(surveyed(), [DELIVER], part=1).planned
    at_fork = [one.schedule.directives for one in planned if one.site and one.site.point == FORK]
    assert at_fork == [
        (Directive(FORK, DELIVER),),
        (Directive(FORK, HoldTask("child1")), Directive(FORK, DELIVER)),
    ]
    setsid = Point("child1", "setsid", 1, "entry")
    at_setsid = [one.schedule.directives for one in planned if one.site and one.site.point == setsid]
    assert at_setsid == [(Directive(setsid, DELIVER), Directive(setsid, HoldTask("launcher")))]


def test_process_orders_hold_the_launcher_until_its_child_has_ended() -> None:
    schedules = [one.schedule for one in process_orders(surveyed())]
    assert Schedule((Directive(FORK, HoldTask("child1", "ends")),)) in schedules
    assert Schedule((Directive(Point("child1", "setsid", 1, "entry"), HoldTask("launcher")),)) in schedules


def two_signals() -> list[Schedule]:
    planned = pairs(surveyed(), [DELIVER], part=1)
    return [one.schedule for one in planned if all(isinstance(d.action, Deliver) for d in one.schedule.directives)]


def test_pairs_begin_with_neighbours() -> None:
    one, other = (directive.at for directive in two_signals()[0].directives)
    assert (str(one), str(other)) == ("launcher rt_sigprocmask#1 exit", "launcher clone#1 entry")


def test_pairs_run_in_both_orders_if_there_is_a_child() -> None:
    planned = [one.schedule for one in pairs(surveyed(), [DELIVER], part=1)]
    for schedule in two_signals():
        child_first = Schedule((Directive(FORK, HoldTask("child1")), *schedule.directives))
        assert (child_first in planned) == (schedule.directives[1].at == FORK)


def test_pairs_hold_a_child_at_one_of_its_points() -> None:
    setsid = Point("child1", "setsid", 1, "entry")
    halfway = (Directive(FORK, HoldUntil(setsid)), Directive(FORK, DELIVER), Directive(setsid, HoldTask("launcher")))
    assert Schedule(halfway) in [one.schedule for one in pairs(surveyed(), [DELIVER], part=1)]


def test_random_schedules_are_the_same_for_the_same_seed() -> None:
    def drawn(seed: int) -> list[Schedule]:
        source = random_schedules(surveyed(), [DELIVER], part=1, seed=seed)
        return [next(source).schedule for _ in range(20)]

    assert drawn(1) == drawn(1) != drawn(2)


# -- findings

MANY = [
    PlannedSchedule(
        Schedule((Directive(Point("launcher", "kill", n), DELIVER), Directive(FORK, HoldTask("child1")))), None, ""
    )
    for n in range(1, 6)
]


def explorer(*, objects_to: str, returns: int = 99) -> tuple[Explorer, Play]:
    """Objects to schedules that have this in them, so many times."""
    play, left = Play(), iter(range(1000))

    def predicate(_played: History) -> Evaluation:
        if objects_to in str(play.asked[-1]) and next(left) < returns:
            return WRONG
        return Evaluation("right")

    return Explorer(play, Scenario(()), predicate, replays=5), play


def test_a_second_invocation_starts_only_at_calls_it_can_observe() -> None:
    """At forks, births and waits, in any part of the signals' own; a pair of calls is planned likewise."""
    planned = sweep(surveyed(), [CallLauncher("prune")], part=1)
    assert {str(one.site.point) for one in planned.planned if one.site} == {
        "launcher clone#1 entry", "launcher clone#1 exit",
    }  # fmt: skip
    assert (planned.redundant, planned.unaffected) == (0, 7)
    assert list(pairs(surveyed(), [CallLauncher("prune")], part=1))


def test_finding_is_shrunk_and_replayed() -> None:
    made, _ = explorer(objects_to="kill#2 ")
    explored = made.explore(MANY, seconds=60.0)
    (finding,) = explored.findings
    assert str(finding.schedule) == "at launcher kill#2 exit: deliver TERM to launcher"
    assert (finding.returned, finding.replays, finding.is_stable) == (5, 5, True)
    assert len(explored.played) == 5


def test_a_finding_that_does_not_recur_is_not_stable() -> None:
    made, _ = explorer(objects_to="kill#2 ", returns=1)
    (finding,) = made.explore(MANY, seconds=60.0).findings
    assert (finding.returned, finding.is_stable) == (0, False)
    assert len(finding.schedule.directives) == 2


def test_a_directive_that_was_wrongly_removed_is_restored() -> None:
    """Without the hold it comes back three times, and then no more."""
    play, without = Play(), iter(range(1000))
    hold, deliver = "hold until", "deliver TERM"

    def predicate(_played: History) -> Evaluation:
        asked = str(play.asked[-1])
        comes = deliver in asked and (hold in asked or next(without) < 3)
        return WRONG if comes else Evaluation("right")

    at = Point("child1", "setsid", 1, "entry")
    whole = Schedule((Directive(at, DELIVER), Directive(at, HoldTask("launcher"))))
    made = Explorer(play, Scenario(()), predicate, replays=5)
    (finding,) = made.explore([PlannedSchedule(whole, None, "")], seconds=60.0).findings
    assert finding.schedule == whole
    assert finding.is_stable


def test_findings_with_the_same_label_are_limited() -> None:
    made, _ = explorer(objects_to="kill")
    assert len(made.explore(MANY, seconds=60.0).findings) == MAX_FINDINGS


def test_an_exploration_plays_a_number_of_schedules() -> None:
    """After those, one finding is replayed; another only while the number of executions allows it."""
    made, play = explorer(objects_to="kill")
    found = made.explore(MANY, most=3)
    assert [one.planned for one in found.played] == MANY[:3] and not found.out_of_time
    assert play.asked[:3] == [one.schedule for one in MANY[:3]]
    assert len(found.findings) == 1
    assert len(explorer(objects_to="kill")[0].explore(MANY, most=1000).findings) == MAX_FINDINGS


def test_a_declared_or_unstable_finding_takes_the_place_of_no_other() -> None:
    """Also where the plan is cut, one of each label is confirmed: undeclared ones first, and after an unstable one
    another of its label."""
    play, flaky = Play(), iter(range(1000))
    wrong = WRONG.objections

    def predicate(_played: History) -> Evaluation:
        asked = str(play.asked[-1])
        if "kill#1 " in asked:
            return Evaluation("orphan (declared)", wrong, is_declared=True)
        if "kill#2 " in asked:
            return Evaluation("lost", wrong) if next(flaky) < 2 else Evaluation("right")
        return Evaluation("lost", wrong) if "kill#3 " in asked else Evaluation("right")

    found = Explorer(play, Scenario(()), predicate, replays=5).explore(MANY, most=3).findings
    assert [(one.evaluation.label, one.is_stable) for one in found] == [
        ("lost", False), ("lost", True), ("orphan (declared)", True),
    ]  # fmt: skip


def test_a_declared_violation_does_not_confirm_an_undeclared_one() -> None:
    number = iter(range(1000))

    def predicate(_played: History) -> Evaluation:
        return Evaluation("lost", WRONG.objections, is_declared=next(number) > 0)

    (finding,) = Explorer(Play(), Scenario(()), predicate, replays=5).explore(MANY[:1], most=1).findings
    assert (finding.returned, finding.is_stable) == (0, False)


def test_an_unstable_finding_keeps_a_replay_without_it() -> None:
    """So that the verdict can say what differs."""
    number, other = iter(range(1000)), history()

    def play(_scenario: Scenario, _schedule: Schedule) -> History:
        return other if next(number) == 5 else history(passed("launcher", "kill"))

    def predicate(played: History) -> Evaluation:
        return WRONG if played.events else Evaluation("right")

    made = Explorer(play, Scenario(()), predicate, replays=5)
    one = PlannedSchedule(Schedule((Directive(Point("launcher", "kill", 1), DELIVER),)), None, "")
    (finding,) = made.explore([one]).findings
    assert (finding.returned, finding.without) == (4, other)
    assert finding.history.events


MANY_TASKS = [passed("launcher", "openat", nth=n + 1, blocked=BLOCKED) for n in range(64)] + [
    fact
    for child in ("child1", "child2")
    for fact in (
        passed(child, "birth", by=FORK, blocked=BLOCKED), passed(child, "setsid", "entry", blocked=BLOCKED),
        passed(child, "execve", "entry", blocked=BLOCKED),
    )
]  # fmt: skip


def order_of(numbers: tuple[int, ...] = (1, 2, 3, TERM)) -> list[PlannedSchedule]:
    found = survey(lambda script, schedule: history(*MANY_TASKS), Scenario(()))
    return spread(sweep(found, [Deliver(number) for number in numbers], part=1, exhaustive=True).planned)


def test_the_order_of_schedules_is_the_same_for_the_same_survey() -> None:
    planned = order_of()
    assert [one.schedule for one in planned] == [one.schedule for one in order_of()]
    found = survey(lambda script, schedule: history(*MANY_TASKS), Scenario(()))
    plain = sweep(found, [Deliver(number) for number in (1, 2, 3, TERM)], part=1, exhaustive=True).planned
    assert sorted(map(str, planned)) == sorted(map(str, plain)) and planned != plain


def test_the_first_schedules_are_spread_over_all_tasks_and_points() -> None:
    sites = [one.site for one in order_of() if one.site]
    assert {site.point.task for site in sites[:3]} == {"launcher", "child1", "child2"}
    of_launcher = [site.point.nth for site in sites if site.is_launcher_point]
    for some in (4, 8, 16, 32):  # each part of the launcher's points has been visited as often
        assert sorted((nth - 1) * some // 64 for nth in of_launcher[:some]) == list(range(some))
    points = len({site.point for site in sites})
    assert len({site.point for site in sites[:points]}) == points  # the first round comes by all of them


def test_the_first_round_uses_all_stimuli() -> None:
    counts = Counter(one.what for one in order_of()[:70] if one.site and one.site.is_launcher_point)
    kinds = {one.what for one in order_of() if one.site and one.site.is_launcher_point}
    assert counts.keys() == kinds and max(counts.values()) - min(counts.values()) <= 1, counts


def test_the_time_limit_ends_an_exploration() -> None:
    made, play = explorer(objects_to="kill")
    found = made.explore(MANY, seconds=-1.0)
    assert (found.played, found.out_of_time) == ([], True)
    assert play.asked == []
