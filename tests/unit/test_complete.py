"""The strategy `complete` without processes: what steps depend on each other, and what is counted."""

from __future__ import annotations

import signal

import pytest

from proctor.harness.calls import CALLS
from proctor.harness.dependence import OBJECTS, TOUCHES, Effect, StepEffects, dependent
from proctor.harness.explorer.complete import Account, linearizations, shortest, stimuli_sets
from proctor.harness.explorer.reduction import Step
from proctor.harness.history import Able, StepTaken
from proctor.harness.schedule import Deliver, PressKey

TERM, INT = Deliver(15), Deliver(2)
MASKED = (1 << (signal.SIGTERM - 1), 0, 0)
QUIET = (0, 0, 0)


def taken(actor: str, call: str, *objects: str, able: tuple[str, ...] = (), **more: object) -> StepTaken:
    could = tuple(Able(name, "stimulus" if " " in name else "x") for name in (able or (actor,)))
    settings = {"before": QUIET, "after": QUIET, "parent": "launcher" if actor != "launcher" else ""}
    return StepTaken(**(settings | {"actor": actor, "able": could, "call": call, "objects": objects} | more))  # type: ignore[arg-type]


def effects(*steps: StepTaken, has_terminal: bool = False) -> list[Effect]:
    made = StepEffects(has_terminal)
    return [made.of(step, [able.actor for able in step.able]) for step in steps]


def test_the_table_is_about_known_calls_and_objects() -> None:
    assert set(TOUCHES) <= set(CALLS)
    assert {rule.split()[1] for rules in TOUCHES.values() for rule in rules} <= set(OBJECTS)


@pytest.mark.parametrize(
    ("one", "other", "depend"),
    [
        (taken("launcher", "rt_sigaction"), taken("child1", "rt_sigprocmask"), False),
        (taken("launcher", "rt_sigaction"), taken("launcher", "rt_sigprocmask"), True),
        (taken("launcher", "setpgid", "process:child1", "process:child1"), taken("child1", "setsid"), True),
        (taken("launcher", "setpgid", "process:child1", "process:child1"), taken("child2", "setsid"), False),
        (taken("launcher", "wait4"), taken("child1", "exit_group", has_ended=True), True),
        (taken("child2", "wait4"), taken("child1", "rt_sigaction"), False),
        (taken("launcher", "kill", "process:child1", "signal:15"), taken("child1", "rt_sigaction"), True),
        (taken("launcher", "kill", "process:child1", "signal:15"), taken("child2", "rt_sigaction"), False),
        (taken("launcher", "mkdir", "path:/a"), taken("child1", "rt_sigaction"), True),
        (taken("launcher", "exit_group", has_ended=True), taken("child1", "rt_sigaction"), True),
        (taken("launcher", "exit_group", has_ended=True), taken("child2", "execve", is_command=True), True),
        (taken("child1", "write", "stream:pipe"), taken("launcher", "read", "stream:pipe"), True),
    ],
)
def test_two_steps_depend_on_each_other(one: StepTaken, other: StepTaken, depend: bool) -> None:
    first, second = effects(one, other)
    assert dependent(first, second) == dependent(second, first) == depend


def test_a_signal_depends_on_every_step_of_its_receiver_unless_it_is_blocked() -> None:
    sent = taken(str(TERM), "", able=("launcher", str(TERM)))
    stimulus, heard, deaf, waits, other, of_child = effects(
        sent,
        taken("launcher", "rt_sigprocmask"),
        taken("launcher", "rt_sigprocmask", before=MASKED, after=MASKED),
        taken("launcher", "rt_sigtimedwait", before=MASKED, after=MASKED),
        taken("launcher", "rt_sigaction", "signal:15", before=MASKED, after=MASKED),
        taken("child1", "rt_sigaction"),
    )
    assert [dependent(stimulus, one) for one in (heard, deaf, waits, other, of_child)] == [
        True,
        False,
        True,
        True,
        False,
    ]


def test_a_key_depends_on_the_steps_of_all() -> None:
    key = taken(str(PressKey("ctrl-c")), "", able=("launcher", "press ctrl-c"))
    pressed, step = effects(key, taken("child1", "rt_sigaction"), has_terminal=True)
    assert dependent(pressed, step)


def test_a_signal_that_ends_a_wait_depends_on_what_else_could_end_it() -> None:
    sent = taken(str(TERM), "", able=("launcher", str(TERM)))
    _, stimulus, ended = effects(
        taken("launcher", "wait4", waits="wait4"),
        sent,
        taken("child1", "exit_group", has_ended=True, parent="launcher"),
    )
    assert dependent(stimulus, ended)
    _, stimulus, step = effects(taken("launcher", "pause", waits="pause"), sent, taken("child1", "rt_sigaction"))
    assert not dependent(stimulus, step)


def test_every_choice_of_stimuli_is_planned_once() -> None:
    assert stimuli_sets((INT, TERM), 2) == [(INT,), (TERM,), (INT, INT), (INT, TERM), (TERM, TERM)]
    assert stimuli_sets((INT,), 0) == stimuli_sets((), 2) == [()]


def test_an_order_is_as_short_as_it_can_be() -> None:
    both = ("launcher", "child1")
    steps = [
        taken("launcher", "clone"),
        taken("child1", "setsid", able=both),
        taken("child1", "execve", able=both),
        taken("launcher", "wait4", able=("launcher",)),
    ]
    assert str(shortest(steps, (), 1)) == "run launcher\nrun child1"
    given = taken(str(TERM), "", able=(str(TERM),))
    assert str(shortest([*steps, given], (TERM,), 2)).splitlines()[-1] == "deliver TERM to launcher"


def test_interleavings_of_a_class_are_counted() -> None:
    def steps(*actors: str) -> list[Step[Effect]]:
        made = effects(*(taken(actor, "rt_sigaction") for actor in actors))
        return [Step(actor, {}, effect) for actor, effect in zip(actors, made, strict=True)]

    assert linearizations(steps("launcher", "launcher", "child1", "child1", "child1")) == 10
    assert linearizations(steps("launcher", "child1", "child2")) == 6
    assert linearizations(steps("launcher", "launcher")) == 1


@pytest.mark.parametrize(
    ("step", "says"),
    [
        (taken("launcher.t2", "futex", threads=True), "threads"),
        (taken("child1", "birth", shares_memory=True), "child1 may share memory"),
        (taken("launcher", "", waits="?"), "launcher waits in a call that is not visible"),
        (taken("launcher", "rt_sigtimedwait", when="exit", result=-11), "a wait timed out: rt_sigtimedwait"),
    ],
)
def test_what_makes_the_model_uncertain_is_a_reason(step: StepTaken, says: str) -> None:
    account = Account()
    account.is_exhausted = True
    assert account.is_complete
    account.look_at([taken(step.actor, step.call, waits=step.call), step])
    assert not account.is_complete
    assert says in str(account)


def test_a_wait_that_could_time_out_is_named() -> None:
    account = Account()
    account.is_exhausted = True
    account.look_at([taken("launcher", "poll", waits="poll", timeout=True)])
    assert account.is_complete
    assert "no wait timed out (poll of launcher)" in str(account)
