"""Which question a script asks for which check: the code that judges, and what has to be looked at for it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Container
from typing import NamedTuple

from proctor.harness import scenario as s
from proctor.harness import signals
from proctor.harness.schedule import Deliver, PressKey, Schedule
from proctor.reports.reproducer.wording import not_exported


class Question(NamedTuple):
    """Python code. judge: an expression; first: statements before it, which may raise CannotTell; begin, end: steps at
    the beginning, when the command runs, and at the end of the script in any case."""

    judge: str
    first: tuple[str, ...] = ()
    begin: tuple[str, ...] = ()
    end: tuple[str, ...] = ()
    is_scheduled: bool = False


LEFT = ("who_is_left(run)",)
TERMINAL = ("how_the_terminal_is(run)",)
KEYS = "['SIGINT', 'SIGQUIT']"
CHANGES = "['SIGHUP', 'SIGWINCH']"
STATUS = "missing(seen) or same_status(alone, seen)"
STAYS = "stays(seen) or missing(seen)"
ONCE = "same(alone, seen, {sent}) or missing(seen) or in_order(seen, {row})"
NOTHING_ELSE = "too_many(alone, seen, received(alone, seen))"

QUESTIONS: dict[str, Question] = {
    "exit.same_status": Question(STATUS),
    "exit.status_despite_signal": Question(STATUS, ("needs_end_of_command(seen)",)),
    "exit.status_after_late_signal": Question(STATUS, ("needs_reaped(seen)",)),
    "exit.ends_with_command": Question(STATUS),
    "exit.not_before_command": Question(STAYS),
    "exit.not_found": Question("missing(seen) or refuses(seen, 127, 'no-such-command')"),
    "exit.not_executable": Question("missing(seen) or refuses(seen, 126, 'forbidden-command')"),
    "exit.names_the_death": Question(STATUS + " or names_the_death(alone, seen)"),
    "signals.reaches_command": Question("stays(seen) or too_few(alone, seen, {sent}) or missing(seen)"),
    "signals.nothing_lost_while_stopped": Question("stays(seen) or too_few(alone, seen, {sent}) or missing(seen)"),
    "signals.exactly_once": Question(ONCE),
    "signals.once_if_at_all": Question(f"{ONCE} or {NOTHING_ELSE}", ("needs_each(seen, {sent})",)),
    "signals.each_one_taken_once": Question(f"{ONCE} or {NOTHING_ELSE}", ("needs_each(seen, {sent})",)),
    "signals.launcher_survives": Question(STAYS),
    "signals.never_signals_reaped": Question("no_signal_to_the_reaped(seen)", ("needs_reaped(seen)",)),
    "signals.forwarded_in_time": Question("in_time(seen)", ("needs_all(seen)",)),
    "terminal.key_arrives": Question(f"stays(seen) or too_few(alone, seen, {KEYS}) or missing(seen)"),
    "terminal.key_arrives_once": Question(
        "stays(seen) or same(alone, seen, received(alone, seen)) or missing(seen)",
        ("needs_the_held(seen)",),
    ),
    "terminal.job_control": Question("missing(seen)"),
    "terminal.key_after_fg": Question(
        "missing(seen) or same(alone, seen, ['SIGINT'])",
        ("needs_the_held(seen)",),
    ),
    "terminal.hang_up_arrives": Question("hang_up_arrives(seen)"),
    "terminal.hang_up_ends_all": Question("nothing_survives(alone, seen)", (), (), LEFT),
    "terminal.as_often_as_bare": Question(
        f"same(alone, seen, {CHANGES}) or missing(seen)",
        ("needs_the_held(seen)",),
    ),
    "terminal.resize_arrives": Question("stays(seen) or too_few(alone, seen, ['SIGWINCH']) or missing(seen)"),
    "terminal.terminal_is_the_same": Question("missing(seen) or same_view(alone, seen)", (), ("order(run, 'view')",)),
    "terminal.terminal_is_restored": Question("restored(alone, seen)", ("needs_all(seen)",), (), TERMINAL),
    "terminal.bytes_arrive": Question("missing(seen) or bytes_arrive(alone, seen)"),
    "tree.nothing_left": Question("nothing_left(alone, seen)", (), (), LEFT),
    "tree.no_zombie": Question("no_zombie(alone, seen) or missing(seen)"),
    "tree.no_zombie_after_signals": Question("no_zombie(alone, seen)"),
    "tree.noticed_by_command": Question("notices(seen)"),
    "tree.group_signal_arrives": Question("too_few(alone, seen, {grouped}) or missing(seen)"),
    "tree.group_signal_once": Question("too_many(alone, seen, {grouped})", ("needs_all(seen)",)),
    "tree.init_forwards": Question("stays(seen) or too_few(alone, seen, {sent}) or missing(seen)"),
    "tree.init_reaps": Question("missing(seen) or no_zombie(alone, seen)"),
    "tree.init_status": Question(STATUS + " or nothing_left(alone, seen)", (), (), LEFT),
    "tree.survives_daemon": Question(STATUS + " or daemon_lives(alone, seen)", (), (), LEFT),
}
POINTS = ("needs_points(seen)",)
MOMENTS = ("note_what_was_not_reached(run)", "who_is_left(run)")
START = "hangs(seen) or orphan(seen) or outlived(alone, seen, ()) or lost(seen, {delivered})"
CAMPAIGNS: dict[str, Question] = {
    "start": Question(START, POINTS, (), MOMENTS, True),
    "end": Question("as_without(alone, seen)", POINTS, (), MOMENTS, True),
    "end, pids": Question(
        "no_signal_to_the_reaped(seen)", (*POINTS, "needs_reaped(seen)"), (), ("note_what_was_not_reached(run)",), True
    ),
    "order": Question("order_matters(alone, seen)", POINTS, (), MOMENTS, True),
}
"""The same for what the explorer finds, by the name of the campaign up to its stage."""
ENVIRONMENTS = ("cache", "environments", "sync", "files")
"""Chapters whose cases need a launcher's environments, its cache, and a wheel to put into them."""


def _needs_no_count(scenario: s.Scenario) -> bool:
    """Whether each signal and each key is waited for: then one that does not come is missed without counting."""
    steps = [one for one in scenario.steps if isinstance(one, s.Signal | s.Press | s.Resize | s.WaitReceived)]
    pairs = itertools.pairwise([*steps, None])
    return all(isinstance(one, s.WaitReceived) or isinstance(following, s.WaitReceived) for one, following in pairs)


def question_of(check: str, scenario: s.Scenario, schedule: Schedule) -> Question:
    """Return the question that a check, or a campaign, asks of this scenario; raise WrongCall where there is none."""
    campaign = check.removesuffix(", terminal").removesuffix(", at rest")
    question = QUESTIONS.get(check) or CAMPAIGNS.get(campaign)
    if question is None:
        chapter = check.partition(".")[0]
        why = f"'{check}' has no question that a script of its own could ask"
        if chapter in ENVIRONMENTS:
            why = f"'{check}' is about environments and caches, which only Proctor sets up and compares"
        elif chapter == "inherit":
            why = f"'{check}' is about what the command starts with, of which a Python program changes some itself"
        raise not_exported(why)
    if _needs_no_count(scenario):
        question = question._replace(judge=re.sub(r"too_few\(alone, seen, [^)]*\) or ", "", question.judge))
    stopping = {"SIGSTOP", "SIGCONT"} if check == "signals.nothing_lost_while_stopped" else {"SIGSTOP"}
    return filled(question, scenario, schedule, stopping)


def filled(question: Question, scenario: s.Scenario, schedule: Schedule, stopping: Container[str] = ()) -> Question:
    """Return a question with the signals that it is about; those that only stop somebody are left out."""
    sent = [one.signal for one in scenario.steps if isinstance(one, s.Signal) and one.to == "launcher"]
    names = [name for name in map(signals.name, sent) if name not in stopping]
    grouped = [signals.name(one.signal) for one in scenario.steps if isinstance(one, s.Signal) and one.to == "group"]
    delivered = [signals.name(one.action.signal) for one in schedule.directives if isinstance(one.action, Deliver)]
    delivered += ["SIGINT" for one in schedule.directives if isinstance(one.action, PressKey)]
    lists = {
        "{delivered}": dict.fromkeys(delivered),
        "{sent}": dict.fromkeys(names),
        "{row}": names,
        "{grouped}": dict.fromkeys(grouped),
    }

    def fill(text: str) -> str:
        for mark, some in lists.items():
            text = text.replace(mark, str(list(some)))
        return text

    if any(isinstance(one, s.Order) and one.text.startswith("write") for one in scenario.steps):
        question = question._replace(judge=f"{question.judge} or same_output(alone, seen)", end=("settle(run)",))
    return question._replace(judge=fill(question.judge), first=tuple(map(fill, question.first)))
