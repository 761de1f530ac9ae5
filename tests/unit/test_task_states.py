"""The states of traced tasks and the scheduler, without a process: what may follow what, and what runs next."""

from __future__ import annotations

import itertools

import pytest

from proctor.harness.runner import processes
from proctor.harness.runner.recorder import Recorder
from proctor.harness.runner.trace import ptrace
from proctor.harness.runner.trace.points import Points
from proctor.harness.runner.trace.scheduler import Scheduler
from proctor.harness.runner.trace.task import PENDING, TRANSITIONS, IllegalTransition, State, TracedTask
from proctor.harness.runner.trace.task_table import TaskTable
from proctor.harness.schedule import Schedule

ROUTES = {
    State.RUNNING: (),
    State.STOPPED: (State.STOPPED,),
    State.IN_VFORK: (State.STOPPED, State.IN_VFORK),
    State.RUNNABLE: (State.STOPPED, State.RUNNABLE),
    State.HELD: (State.STOPPED, State.HELD),
    State.AWAITING_DELIVERY: (State.STOPPED, State.HELD, State.AWAITING_DELIVERY),
    State.LISTENING: (State.STOPPED, State.LISTENING),
    State.GONE: (State.GONE,),
}
"""How a new task comes into each state."""


def table_with(*routes: tuple[State, ...]) -> tuple[TaskTable, list[TracedTask]]:
    """Return a table with one process for each route of states."""
    tasks = TaskTable()
    added = [tasks.add(100 + number, 100 + number, untracked=False) for number in range(len(routes))]
    for task, route in zip(added, routes, strict=True):
        for state in route:
            tasks.move(task, state)
    return tasks, added


def all_in(tasks: TaskTable) -> dict[State, list[TracedTask]]:
    return {state: tasks.in_state(state) for state in State if tasks.any_in(state)}


@pytest.mark.parametrize(("before", "after"), list(itertools.product(State, State)), ids=lambda state: state.name)
def test_only_the_listed_transitions_are_possible(before: State, after: State) -> None:
    tasks, (task,) = table_with(ROUTES[before])
    if after in TRANSITIONS[before]:
        tasks.move(task, after)
        assert task.state is after
    else:
        with pytest.raises(IllegalTransition, match=f"task child1: {before.value} to {after.value}"):
            tasks.move(task, after)
        assert task.state is before
    assert all_in(tasks) == ({} if task.state is State.GONE else {task.state: [task]})


def test_every_state_can_be_entered_and_every_task_can_end() -> None:
    assert set().union(*TRANSITIONS.values()) == set(State)
    assert all(State.GONE in after for before, after in TRANSITIONS.items() if before is not State.GONE)


def test_a_stop_that_was_not_handled_is_an_error() -> None:
    tasks, (task,) = table_with((State.STOPPED,))
    with pytest.raises(IllegalTransition, match="task child1 was left stopped"):
        tasks.check_all_handled()
    tasks.move(task, State.RUNNING)
    tasks.check_all_handled()


@pytest.mark.parametrize("state", State, ids=lambda state: state.name)
def test_a_task_that_only_we_let_go_on_is_pending_and_kept_stopped(state: State) -> None:
    tasks, (task,) = table_with(ROUTES[state])
    assert tasks.is_pending == (state in PENDING)
    assert (tasks.kept_stopped() == {task.tid}) == (state in PENDING or state is State.LISTENING)


def test_an_unclaimed_stop_is_pending() -> None:
    tasks = TaskTable()
    tasks.unclaimed_stops.add(7)
    assert tasks.is_pending
    assert tasks.kept_stopped() == {7}


def test_held_tasks_keep_their_order_through_a_delivery() -> None:
    tasks, (first, second) = table_with(ROUTES[State.HELD], ROUTES[State.HELD])
    tasks.move(first, State.AWAITING_DELIVERY)
    assert tasks.held() == [second]
    tasks.move(first, State.HELD)
    assert tasks.held() == [first, second]


# -- names


def test_processes_are_named_by_number_and_threads_after_their_process() -> None:
    tasks = TaskTable()
    tasks.add_launcher(10)
    added = [tasks.add(11, 10, False), tasks.add(12, 12, False), tasks.add(13, 12, False), tasks.add(14, 14, True)]
    assert [task.name for task in added] == ["launcher.t2", "child1", "child1.t2", ""]
    assert tasks.named("child1.t2") is added[2]
    assert [task.tid for task in tasks.others_of_process(added[2])] == [12]


def test_a_process_has_ended_when_its_last_task_has() -> None:
    tasks = TaskTable()
    tasks.add_launcher(10)
    first, second = tasks.add(12, 12, False), tasks.add(13, 12, False)
    for task in (first, second):
        assert not tasks.has_ended("child1")
        tasks.move(task, State.GONE)
    assert tasks.has_ended("child1")
    assert not tasks.has_ended("child2")


@pytest.mark.parametrize("state", [state for state in State if state is not State.GONE], ids=lambda state: state.name)
def test_a_thread_that_execs_takes_the_id_of_the_first(state: State) -> None:
    """Whatever state the first thread was in: it is gone, and the kernel reports no end of it."""
    tasks, (first,) = table_with(ROUTES[state])
    caller = tasks.add(200, first.tid, untracked=False)
    caller.call = "execve"
    tasks.replace_first(first, caller)
    assert (caller.tid, caller.name, caller.call, caller.state) == (100, "child1.t2", "execve", State.RUNNING)
    assert (tasks.get(100), tasks.get(200), first.state) == (caller, None, State.GONE)
    assert tasks.add(201, 100, untracked=False).name == "child1.t3"
    caller.take_name_of_first()
    assert caller.name == "child1"


# -- the scheduler


@pytest.fixture
def resumed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the list of thread ids that are resumed, instead of resuming them."""
    tids: list[int] = []
    monkeypatch.setattr(ptrace, "go_on", lambda tid, number=0: tids.append(tid))
    monkeypatch.setattr(ptrace, "go_on_to_next_call", lambda tid, number=0: tids.append(tid))
    monkeypatch.setattr(processes, "is_running", lambda tid: True)
    return tids


def scheduler_of(tasks: TaskTable) -> Scheduler:
    return Scheduler(tasks, Points(Schedule(), Recorder()))


def test_the_current_task_goes_on_and_others_wait_until_they_are_chosen(resumed: list[int]) -> None:
    tasks, (one, two) = table_with((State.STOPPED,), (State.STOPPED,))
    turns = scheduler_of(tasks)
    turns.run_or_queue(one, lambda: turns.resume(one))
    turns.run_or_queue(two, lambda: turns.resume(two))
    assert (one.state, two.state, resumed) == (State.RUNNING, State.RUNNABLE, [100])
    assert turns.is_current_running()
    assert turns.run_next()
    assert (two.state, resumed) == (State.RUNNING, [100, 101])
    tasks.move(one, State.STOPPED)
    turns.run_or_queue(one, lambda: turns.resume(one))
    assert one.state is State.RUNNABLE


def test_the_launcher_is_chosen_first_and_then_by_name(resumed: list[int]) -> None:
    tasks = TaskTable()
    added = [tasks.add(12, 12, False), tasks.add(11, 11, False)]
    tasks.add_launcher(10)
    launcher = tasks.get(10)
    assert launcher
    turns = scheduler_of(tasks)
    for task in (*reversed(added), launcher):
        tasks.move(task, State.STOPPED)
        turns.queue(task, lambda task=task: turns.resume(task))  # type: ignore[misc]
    while turns.run_next():
        pass
    assert resumed == [10, 12, 11]


def test_a_task_that_is_queued_or_gone_is_not_current(resumed: list[int]) -> None:
    tasks, (one, two) = table_with((State.STOPPED,), (State.STOPPED,))
    turns = scheduler_of(tasks)
    turns.run_or_queue(one, lambda: turns.queue(one, lambda: turns.resume(one)))
    assert not turns.is_current_running()
    turns.run_or_queue(two, lambda: turns.resume(two))
    assert resumed == [101]


def test_a_task_that_is_not_stopped_cannot_be_resumed(resumed: list[int]) -> None:
    tasks, (task,) = table_with(())
    with pytest.raises(IllegalTransition):
        scheduler_of(tasks).resume(task)
    assert resumed == []
