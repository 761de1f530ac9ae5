"""The explorer on histories that no process made: what is planned, what is left out, and what becomes of findings."""

from __future__ import annotations

from proctor.harness.explorer.explore import MOST_FINDINGS, Evaluation, Explorer
from proctor.harness.explorer.ordering import ends
from proctor.harness.explorer.pairs import pairs
from proctor.harness.explorer.random_schedules import chance
from proctor.harness.explorer.survey import Survey, survey
from proctor.harness.explorer.sweep import Planned, number_of, sweep
from proctor.harness.history import History, PointReached
from proctor.harness.scenario import Scenario
from proctor.harness.schedule import CallLauncher, Deliver, Directive, HoldTask, HoldUntil, Point, PressKey, Schedule
from tests.unit.histories import history

TERM = 15
DELIVER = Deliver(TERM)
FORK = Point("launcher", "clone")
BLOCKED = 1 << (TERM - 1)


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


def points(planned: list[Planned]) -> list[str]:
    return [str(one.site.point) for one in planned if one.site]


def test_survey_plays_both_orders() -> None:
    play = Play()
    found = survey(play, Scenario(()))
    assert found.child_first == (Directive(FORK, HoldTask("child1")),)
    assert [schedule.directives for schedule in play.asked] == [(), (), found.child_first]
    assert [site.point.part for site in found.sites].count(2) == 1


def test_a_child_is_there_from_the_exit_of_the_call_that_made_it() -> None:
    there = {str(site.point): site.children for site in surveyed().sites}
    assert there["launcher clone#1 entry"] == ()
    assert there["launcher clone#1 exit"] == ("child1",)


def test_sweep_leaves_out_what_only_ends_the_launcher() -> None:
    planned = sweep(surveyed(), [DELIVER], part=1)
    assert (planned.redundant, planned.unconcerned) == (4, 0)
    assert points(planned.planned)[0] == "launcher rt_sigprocmask#1 exit"


def test_sweep_leaves_out_what_is_about_another_signal() -> None:
    blocked = tuple(PointReached(fact.at, fact.by, fact.about, BLOCKED) for fact in RECORDED)
    found = survey(lambda script, schedule: history(*blocked), Scenario(()))
    assert (sweep(found, [DELIVER], part=1).redundant, sweep(found, [DELIVER], part=1).unconcerned) == (0, 1)
    assert sweep(found, [Deliver(1)], part=1).unconcerned == 0


def test_exhaustive_sweep_leaves_out_nothing() -> None:
    planned = sweep(surveyed(), [DELIVER, PressKey("ctrl-c")], part=1, exhaustive=True)
    assert (planned.redundant, planned.unconcerned) == (0, 0)
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


def test_signals_take_turns_where_another_program_is_at_work() -> None:
    """At what the launcher and its child do before they are one, and for SIGKILL, nothing is left out."""
    found = survey(lambda script, schedule: history(*AN_INSTALLER), Scenario(()))
    helpers = {"child1 mkdir#1 entry", "child1 mkdir#1 exit", "child1 clone#1 exit", "child2 birth"}
    helpers.add("child2 openat#1 entry")
    assert {str(site.point) for site in found.sites if site.is_helpers} == helpers
    all_of_them = [Deliver(1), Deliver(2), Deliver(9), Deliver(TERM)]
    planned = sweep(found, all_of_them, part=1)
    for site in found.sites:
        met = {number_of(one.schedule.directives[0].action) for one in planned.planned if one.site == site}  # type: ignore[arg-type]
        catchable = met - {9}
        assert len(catchable) == (1 if site.is_helpers else 3) or site.is_redundant(1), site
    assert planned.in_turn == 2 * sum(site.is_helpers for site in found.sites)
    assert sweep(found, all_of_them, part=1, exhaustive=True).in_turn == 0
    everywhere = sweep(found, all_of_them, part=1, in_turn_everywhere=True).planned
    for site in found.sites:
        names = {one.what.partition(",")[0] for one in everywhere if one.site == site}  # whoever runs first
        assert len(names - {"deliver KILL to launcher"}) == 1 or site.is_redundant(1)


def test_launchers_points_are_tried_in_both_orders_and_a_childs_while_it_stands_still() -> None:
    planned = sweep(surveyed(), [DELIVER], part=1).planned
    at_fork = [one.schedule.directives for one in planned if one.site and one.site.point == FORK]
    assert at_fork == [
        (Directive(FORK, DELIVER),),
        (Directive(FORK, HoldTask("child1")), Directive(FORK, DELIVER)),
    ]
    setsid = Point("child1", "setsid", 1, "entry")
    at_setsid = [one.schedule.directives for one in planned if one.site and one.site.point == setsid]
    assert at_setsid == [(Directive(setsid, DELIVER), Directive(setsid, HoldTask("launcher")))]


def test_ends_holds_the_launcher_until_its_child_has_ended() -> None:
    schedules = [one.schedule for one in ends(surveyed())]
    assert Schedule((Directive(FORK, HoldTask("child1", "ends")),)) in schedules
    assert Schedule((Directive(Point("child1", "setsid", 1, "entry"), HoldTask("launcher")),)) in schedules


def two_signals() -> list[Schedule]:
    planned = pairs(surveyed(), [DELIVER], part=1)
    return [one.schedule for one in planned if all(isinstance(d.action, Deliver) for d in one.schedule.directives)]


def test_pairs_begin_with_neighbours() -> None:
    one, other = (directive.at for directive in two_signals()[0].directives)
    assert (str(one), str(other)) == ("launcher rt_sigprocmask#1 exit", "launcher clone#1 entry")


def test_pairs_are_played_in_both_orders_where_there_is_a_child() -> None:
    planned = [one.schedule for one in pairs(surveyed(), [DELIVER], part=1)]
    for schedule in two_signals():
        child_first = Schedule((Directive(FORK, HoldTask("child1")), *schedule.directives))
        assert (child_first in planned) == (schedule.directives[1].at == FORK)


def test_pairs_hold_a_child_half_way() -> None:
    setsid = Point("child1", "setsid", 1, "entry")
    halfway = (Directive(FORK, HoldUntil(setsid)), Directive(FORK, DELIVER), Directive(setsid, HoldTask("launcher")))
    assert Schedule(halfway) in [one.schedule for one in pairs(surveyed(), [DELIVER], part=1)]


def test_chance_is_the_same_for_the_same_seed() -> None:
    def drawn(seed: int) -> list[Schedule]:
        source = chance(surveyed(), [DELIVER], part=1, seed=seed)
        return [next(source).schedule for _ in range(20)]

    assert drawn(1) == drawn(1) != drawn(2)


# -- findings

MANY = [
    Planned(Schedule((Directive(Point("launcher", "kill", n), DELIVER), Directive(FORK, HoldTask("child1")))), None, "")
    for n in range(1, 6)
]


def explorer(*, objects_to: str, returns: int = 99) -> tuple[Explorer, Play]:
    """Objects to schedules that have this in them, so many times."""
    play, left = Play(), iter(range(1000))

    def predicate(_played: History) -> Evaluation:
        if objects_to in str(play.asked[-1]) and next(left) < returns:
            return Evaluation("wrong", ("required: a; actual: b",))
        return Evaluation("right")

    return Explorer(play, Scenario(()), predicate, replays=5), play


def test_another_call_comes_where_it_may_find_another_world() -> None:
    """At forks, births and waits, in any part of the signals' own; a pair of calls is planned likewise."""
    planned = sweep(surveyed(), [CallLauncher("prune")], part=1)
    assert {str(one.site.point) for one in planned.planned if one.site} == {
        "launcher clone#1 entry", "launcher clone#1 exit",
    }  # fmt: skip
    assert (planned.redundant, planned.unconcerned) == (0, 7)
    assert list(pairs(surveyed(), [CallLauncher("prune")], part=1))


def test_finding_is_shrunk_and_replayed() -> None:
    made, _ = explorer(objects_to="kill#2 ")
    explored = made.explore(MANY, seconds=60.0)
    (finding,) = explored.findings
    assert str(finding.schedule) == "at launcher kill#2 exit: deliver TERM to launcher"
    assert (finding.returned, finding.replays, finding.is_stable) == (5, 5, True)
    assert len(explored.played) == 5


def test_what_does_not_come_back_is_not_stable() -> None:
    made, _ = explorer(objects_to="kill#2 ", returns=1)
    (finding,) = made.explore(MANY, seconds=60.0).findings
    assert (finding.returned, finding.is_stable) == (0, False)
    assert len(finding.schedule.directives) == 2


def test_what_was_left_out_too_early_is_put_back() -> None:
    """Without the hold it comes back three times, and then no more."""
    play, without = Play(), iter(range(1000))
    hold, deliver = "hold until", "deliver TERM"

    def predicate(_played: History) -> Evaluation:
        asked = str(play.asked[-1])
        comes = deliver in asked and (hold in asked or next(without) < 3)
        return Evaluation("wrong", ("required: a; actual: b",)) if comes else Evaluation("right")

    at = Point("child1", "setsid", 1, "entry")
    whole = Schedule((Directive(at, DELIVER), Directive(at, HoldTask("launcher"))))
    made = Explorer(play, Scenario(()), predicate, replays=5)
    (finding,) = made.explore([Planned(whole, None, "")], seconds=60.0).findings
    assert finding.schedule == whole
    assert finding.is_stable


def test_of_findings_that_are_alike_some_are_replayed() -> None:
    made, _ = explorer(objects_to="kill")
    assert len(made.explore(MANY, seconds=60.0).findings) == MOST_FINDINGS


def test_budget_ends_it() -> None:
    made, play = explorer(objects_to="kill")
    assert made.explore(MANY, seconds=-1.0).played == []
    assert play.asked == []
