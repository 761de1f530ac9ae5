"""Follows every task of a launcher from its exec on, and carries out a schedule at the points that they pass.

The director reads wait statuses and decides what each stop means. The scheduler chooses which task runs (its module
holds the invariants), the held tasks carry out directives, and the task table keeps each task's state.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable

from proctor.harness import history, signals
from proctor.harness.calls import (
    BIRTH,
    FLAG_CHANGES,
    ONLY_FAIL,
    REAPS,
    SENDS,
    SETS_TIMER,
    STREAM_CALLS,
    VISIBLE,
    YIELDS,
    by_number,
)
from proctor.harness.runner import processes
from proctor.harness.runner.observe.command import is_witness
from proctor.harness.runner.recorder import Recorder
from proctor.harness.runner.trace import ptrace
from proctor.harness.runner.trace.flags_watch import FlagsWatch
from proctor.harness.runner.trace.held_tasks import Effects, HeldTasks
from proctor.harness.runner.trace.objects import stream_of
from proctor.harness.runner.trace.order_player import OrderPlayer
from proctor.harness.runner.trace.points import Points
from proctor.harness.runner.trace.scheduler import Scheduler
from proctor.harness.runner.trace.task import HELD_BY_SCHEDULE, State, TracedTask
from proctor.harness.runner.trace.task_table import TaskTable
from proctor.harness.runner.trace.tracer import called
from proctor.harness.schedule import Directive, Schedule

_NAMES = by_number((*VISIBLE, YIELDS, *FLAG_CHANGES, *ONLY_FAIL, *STREAM_CALLS))
MOST_WORDS = 4
"""Words of a command line that are recorded: `bash /path/of/a/shim FIRST-ARGUMENT`."""
LONGEST_SPIN = 100
"""How often in a row a task may yield while others are held. One that goes on yielding is taken to be blocked."""


class Director:
    """Traces one launcher. `effects`: what directives do outside the traced tasks. flags: told of changes of flags."""

    def __init__(
        self, schedule: Schedule, recorder: Recorder, effects: Effects, flags: FlagsWatch | None = None,
        records_programs: bool = False,
    ) -> None:  # fmt: skip
        self._recorder, self._flags = recorder, flags
        self._points = Points(schedule, recorder)
        self._tasks = TaskTable()
        self._scheduler = Scheduler(self._tasks, self._points, schedule.order is not None)
        self._held = HeldTasks(self._tasks, self._scheduler, self._points, recorder, effects)
        self._order = (
            OrderPlayer(schedule.order, self._tasks, self._scheduler, recorder, self._held.give)
            if schedule.order is not None
            else None
        )
        self._commands: list[int] = []
        self._records_programs = records_programs
        self._has_executed = False
        self._records_all_sends = False
        self._at_reap: Callable[[], None] = lambda: None
        self._signals_by_threads: set[str] = set()
        """The processes of which another thread took a signal, as the first was held; complete_signal()."""
        self.may_have_timers = False
        """Whether a call was seen that sets an interval or POSIX timer."""

    # -- what others ask for

    def seize(self, pid: int) -> None:
        """Begin with the process that is about to execute the launcher. OSError where ptrace is refused, or there is no
        table of this machine's system calls."""
        if not _NAMES:
            raise OSError(errno.ENOSYS, "no table of system calls for this machine")
        ptrace.seize(pid, ptrace.ALL)
        self._tasks.add_launcher(pid)

    def trace(self, at_reap: Callable[[], None]) -> None:
        """From now on do what the scenario's step `Trace` asks for; see tracer.py."""
        self._records_all_sends, self._at_reap = True, at_reap

    def has_reported(self, pid: int) -> None:
        """Take a process for the command from now on, as it has reported. The first program that it executed may have
        been another one, which unpacked the command."""
        tasks = self._tasks.of_process(pid)
        if all(task.untracked for task in tasks) or any(task.state in HELD_BY_SCHEDULE for task in tasks):
            return
        self._tasks.programs[tasks[0].process] = "command"
        self._commands.append(pid)
        for task in tasks:
            task.untracked, task.call, task.again = True, "", None
            self._scheduler.give_up(task)
            if action := task.next_action:
                task.next_action = None
                self._tasks.move(task, State.STOPPED)
                action()

    @property
    def stops_where_calls_fail(self) -> bool:
        """Whether the schedule is about calls that can only fail, so that tasks have to stop at these too."""
        return self._points.stops_where_calls_fail

    def next_part(self) -> None:
        """Count schedule points anew."""
        self._points.next_part()
        if self._order:
            self._order.next_part()

    @property
    def is_in_order(self) -> bool:
        """Whether the schedule is an order."""
        return self._order is not None

    @property
    def is_waiting(self) -> bool:
        """Whether something is to be done when all tasks are at rest."""
        return self._tasks.is_pending or (self._order is not None and self._order.is_waiting)

    def is_busy(self) -> bool:
        """Whether the current task is running, so that there is no need to look at the others."""
        return self._scheduler.is_current_running()

    def kept_still(self) -> set[int]:
        """Return the tasks that do not go on until we resume them, or SIGCONT continues them."""
        return self._tasks.kept_stopped()

    def in_vfork(self) -> frozenset[int]:
        """Return the tasks that are blocked in vfork(2), which /proc shows as disk sleep."""
        return frozenset(task.tid for task in self._tasks.in_state(State.IN_VFORK))

    def on_rest(self) -> bool:
        """Do one thing, now that all tasks are at rest; return whether there was anything to do."""
        if self._order:
            done = self._claim_stop() or self._order.next()
            self._tasks.check_all_handled()
            return done
        held = self._held
        run_next = self._scheduler.run_next
        done = self._claim_stop() or held.end_delivery() or held.act()
        done = done or run_next(LONGEST_SPIN) or held.release_one() or run_next()
        self._tasks.check_all_handled()
        return done

    def conclude(self) -> None:
        """Note which points were never reached."""
        if self._order:
            self._order.finish()
        for directive in self._points.not_reached():
            self._recorder.add("tracer", history.NotReached(directive))

    # -- stops

    def take(self, tid: int, status: int) -> bool:
        """Take a wait status if it is a stop that only a tracer sees; return whether it was one."""
        task = self._tasks.get(tid)
        if task is None:
            if not ptrace.is_event(status):
                return False
            self._tasks.unclaimed_stops.add(tid)  # a new task may report before its creator does
            return True
        if os.WIFCONTINUED(status):
            return False
        stop = ptrace.stop_of(status)
        if stop.kind == "none":
            self._ended(task)
            return False
        if stop.kind == "exec":
            former = self._tasks.get(ptrace.message_of(tid))
            if not former:
                return True  # it was killed meanwhile: its end is the next thing it reports
            self._join_threads(task, former)
            task = former
        self._tasks.move(task, State.STOPPED)
        self._handle(task, stop)
        if self._order and self._order.can_go_on_at_once():
            self._order.next()
        self._tasks.check_all_handled()
        return True

    def _handle(self, task: TracedTask, stop: ptrace.Stop) -> None:
        match stop.kind:
            case "filter":
                self._enters_call(task)
            case "call":
                self._leaves_call(task)
            case "made":
                self._has_created(task, stop.signal)
            case "exec":
                self._has_executed_program(task)
            case "signal":
                self._gets_signal(task, stop.signal)
            case "group":
                self._tasks.move(task, State.LISTENING)
                ptrace.listen(task.tid)
            case _:
                self._scheduler.resume(task) if task.born else self._is_born(task)

    def _enters_call(self, task: TracedTask) -> None:
        call = None if task.untracked or not self._has_executed else ptrace.call_of(task.tid)
        name = _NAMES.get(call.number, "") if call else ""
        if not name:
            self._scheduler.resume(task)
            return
        if self._flags and call and self._flags.is_change(name, call.arguments):
            task.call = ""
            self._scheduler.resume_to_exit(task)
            return
        if self._order and name in STREAM_CALLS and not (call and stream_of(task.tid, call.arguments[0])):
            self._scheduler.resume(task)
            return
        if name == YIELDS:
            self._scheduler.yield_turn(task)
            return
        if name == "ptrace":
            self._recorder.add("tracer", history.Unobserved("launcher-uses-ptrace"))
        self.may_have_timers |= name in SETS_TIMER
        self._points.enter(task, name, call.arguments if call else ())
        if task.again and task.again == (name, ptrace.place_of(task.tid)):
            task.again = None
            self._scheduler.run_or_queue(task, lambda: self._scheduler.resume(task))
        else:
            self._pass(task, name, "entry")

    def _leaves_call(self, task: TracedTask) -> None:
        """Record what the launcher has sent, and that it has reaped the command; then pass the exit of the call."""
        call, task.call = task.call, ""
        self._held.end_failure(task)
        if self._order and call and (returned := ptrace.call_of(task.tid)):
            self._order.returned(task, returned.result)
        if not call and self._flags:
            self._flags.look(task.process)
            self._scheduler.resume(task)
            return
        is_launcher = task.process == "launcher"
        if call in SENDS and (is_launcher or self._records_all_sends):
            returned = ptrace.call_of(task.tid)
            if returned:
                self._recorder.add("launcher", called(call, task.arguments, returned.result))
            if returned and returned.result == 0 and self._records_all_sends:
                # until the others are at rest and have taken this signal, the next one could merge with it
                self._scheduler.queue(task, lambda: self._pass(task, call, "exit"))
                return
        elif is_launcher and call in REAPS:
            self._note_reaped()
        self._pass(task, call, "exit")

    def _note_reaped(self) -> None:
        for pid in [pid for pid in self._commands if not os.path.exists(f"/proc/{pid}")]:
            self._commands.remove(pid)
            self._recorder.add("launcher", history.Reaped("command", pid))
            self._at_reap()

    def _has_created(self, maker: TracedTask, event: int) -> None:
        tid = ptrace.message_of(maker.tid)
        is_thread = os.path.exists(f"/proc/{maker.pid}/task/{tid}")
        task = self._tasks.add(tid, maker.pid if is_thread else tid, maker.untracked)
        task.parent = maker.process
        if maker.call:
            task.maker = self._points.last(maker, maker.call, "exit", ahead=1)
        self._scheduler.resume(maker, state=State.IN_VFORK if event == ptrace.VFORK else State.RUNNING)
        if tid in self._tasks.unclaimed_stops:
            self._tasks.unclaimed_stops.discard(tid)
            self._tasks.move(task, State.STOPPED)
            self._is_born(task)

    def _claim_stop(self) -> bool:
        """Add a task that has stopped, whose creator was killed before it could report it."""
        for tid in sorted(self._tasks.unclaimed_stops):
            self._tasks.unclaimed_stops.discard(tid)
            task = self._tasks.add(tid, tid, untracked=False)
            self._tasks.move(task, State.STOPPED)
            self._is_born(task)
            return True
        return False

    def _is_born(self, task: TracedTask) -> None:
        task.born = True
        self._pass(task, BIRTH, "exit")

    def _join_threads(self, first: TracedTask, caller: TracedTask) -> None:
        """Forget the threads that execve has ended. Where another thread than the first has called it, that thread gets
        the id of the first: the kernel reports no end of the first, nor the exit of the call that it was in. It tells
        the former id of the caller (ptrace(2), "execve(2) under ptrace")."""
        if caller.process in self._signals_by_threads:
            self._signals_by_threads.discard(caller.process)
            self._recorder.add("tracer", history.Unobserved("signal-ended-by-exec"))
        for other in self._tasks.others_of_process(caller):
            if other is not first:
                self._forget(other)
        if first is not caller:
            self._scheduler.give_up(first)
            self._tasks.replace_first(first, caller)

    def _has_executed_program(self, task: TracedTask) -> None:
        task.born = True
        was_launched, self._has_executed = self._has_executed, True
        if self._records_programs and task.process == "launcher" and not task.untracked:
            argv = processes.command_line_of(task.pid)[:MOST_WORDS]
            self._recorder.add("tracer", history.Executed(task.process, task.pid, argv))
        is_command = is_witness(task.pid)
        if task.process in self._tasks.programs:
            self._tasks.programs[task.process] = "command" if is_command else processes.program_of(task.pid)
        if is_command:
            task.untracked, task.call = True, ""
            self._commands.append(task.pid)
            self._scheduler.give_up(task)
        if was_launched:
            self._scheduler.resume(task)
        else:
            self._pass(task, BIRTH, "exit")

    def _gets_signal(self, task: TracedTask, number: int) -> None:
        task.stands_at = signals.name(number)
        if self._order and processes.acts_on(task.tid, number):
            self._order.took(task, number)
        if not processes.acts_on(task.tid, number):
            # without a tracer it would not even wake up, so its call must not fail with EINTR
            ptrace.undo_interruption(task.tid)
            self._scheduler.resume(task, number)
        elif task.untracked:
            self._scheduler.resume(task, number)
        elif self._tasks.any_in(State.AWAITING_DELIVERY):
            if task.is_thread:
                self._signals_by_threads.add(task.process)
            self._scheduler.resume(task, number)
        else:
            self._scheduler.run_or_queue(task, lambda: self._scheduler.resume(task, number))

    def _ended(self, task: TracedTask) -> None:
        self._forget(task)
        if task.tid == task.pid:
            self._held.process_ended(task.process)

    def _forget(self, task: TracedTask) -> None:
        self._scheduler.give_up(task)
        self._tasks.move(task, State.GONE)

    # -- points

    def _pass(self, task: TracedTask, call: str, when: history.When) -> None:
        """Have a stopped task pass a schedule point, at once or when it is chosen to be current."""
        task.yields = 0
        task.stands_at = call if call == BIRTH else f"{call} {when}"
        if task.untracked:
            self._scheduler.resume(task)
        elif self._order:  # the end of its step
            self._scheduler.queue(task, lambda: self._reach(task, call, when))
        else:
            self._scheduler.run_or_queue(task, lambda: self._reach(task, call, when))

    def _reach(self, task: TracedTask, call: str, when: history.When) -> None:
        if task.untracked:  # it has become the command since
            self._scheduler.resume(task)
            return
        point, directives = self._points.reach(task, call, when, self._tasks.programs.values())
        released = self._held.waiting_for_point(point) if point else []
        if not released:
            self._stay_or_resume(task, directives)
            return
        # the released tasks go on before this one does
        self._scheduler.queue(task, lambda: self._stay_or_resume(task, directives))
        for held in released:
            self._held.release(held, "let go")

    def _stay_or_resume(self, task: TracedTask, directives: list[Directive]) -> None:
        if directives:
            self._held.hold(task, directives)
        else:
            self._scheduler.resume(task)
