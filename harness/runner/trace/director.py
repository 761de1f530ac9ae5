"""Follows every task of a launcher from its exec on, and carries out a schedule at the points they pass.

Everyone who is traced is stopped at visible calls only (see filter). One task has the turn: the others that come to a
point, newborns among them, stand by until everyone else is blocked or stands by too. At such a rest one thing is done:
a signal of the schedule is sent to who is kept for it, or the next gets the turn. So of two that could run it is never
the system that chooses, and what happens is the same each time.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable

from proctor.harness import history
from proctor.harness.calls import BIRTH, VISIBLE, numbers, returns_at_once
from proctor.harness.runner import processes
from proctor.harness.runner.observe.command import is_witness
from proctor.harness.runner.recorder import Recorder
from proctor.harness.runner.trace import ptrace
from proctor.harness.runner.trace.points import Points
from proctor.harness.runner.trace.task import TracedTask
from proctor.harness.runner.trace.tracer import called
from proctor.harness.schedule import CallLauncher, Deliver, Directive, Hold, HoldTask, HoldUntil, PressKey, Schedule
from proctor.harness.target import Invocation

_NAMES = numbers()
BESIDE = "beside"
"""The name of the first call that a schedule makes; those after it are numbered."""
SETS_TIMER = ("setitimer", "alarm", "timer_settime")


class Director:
    """Traces one launcher. `send`, `press` and `call` carry out what directives want from outside."""

    def __init__(
        self,
        schedule: Schedule,
        recorder: Recorder,
        send: Callable[[int, str], history.Sent],
        press: Callable[[PressKey], None],
        call: Callable[[Invocation, str], None],
    ) -> None:
        self._recorder = recorder
        self._points = Points(schedule, recorder)
        self._send, self._press, self._call = send, press, call
        self._tasks: dict[int, TracedTask] = {}
        self._early: set[int] = set()
        self._kept: list[TracedTask] = []
        self._standing_by: dict[TracedTask, Callable[[], None]] = {}
        self._turn: TracedTask | None = None
        self._delivered: TracedTask | None = None
        self._children = 0
        self._calls = 0
        self._commands: list[int] = []
        self._begun = False
        self._traces = False
        self._at_reap: Callable[[], None] = lambda: None
        self.may_have_timers = False
        """Whether a call was seen that sets an interval or POSIX timer."""
        self.listening: set[int] = set()
        """Tasks that job control has stopped, and that we leave so."""

    # -- who there is

    def seize(self, pid: int) -> None:
        """Begin with the process that is about to become the launcher. OSError where ptrace is refused, or there is no
        table of this machine's system calls."""
        if not _NAMES:
            raise OSError(errno.ENOSYS, "no table of system calls for this machine")
        ptrace.seize(pid, ptrace.ALL)
        self._tasks[pid] = TracedTask(pid, pid, "launcher", silent=False)
        self._tasks[pid].born = True

    @property
    def is_waiting(self) -> bool:
        """Whether a task is kept at a point or stands by."""
        return bool(self._kept or self._standing_by or self._early)

    def is_busy(self) -> bool:
        """Whether the task that has the turn is running, so that there is no need to look at the others."""
        return self._turn is not None and processes.is_running(self._turn.tid)

    def kept_still(self) -> set[int]:
        """Return the tasks that stay where they are until we let them go."""
        return self.listening.union(self._early, (task.tid for task in (*self._kept, *self._standing_by)))

    def in_vfork(self) -> frozenset[int]:
        """Return the tasks that wait for what they have made by vfork(2), which /proc shows as disk sleep."""
        return frozenset(task.tid for task in self._tasks.values() if task.in_vfork)

    def trace(self, at_reap: Callable[[], None]) -> None:
        """From now on do as well what the scenario's step `Trace` wants; see tracer.py."""
        self._traces, self._at_reap = True, at_reap

    def next_part(self) -> None:
        """Count schedule points anew."""
        self._points.next_part()

    # -- stops

    def take(self, tid: int, status: int) -> bool:
        """Take a wait status if it is a stop that only a tracer sees; return whether it was one."""
        task = self._tasks.get(tid)
        if task is None:
            if not ptrace.is_event(status):
                return False
            self._early.add(tid)  # a newborn may report before its maker does
            return True
        if os.WIFCONTINUED(status):
            return False
        self.listening.discard(tid)
        stop = ptrace.stop_of(status)
        if stop.kind == "none":
            self._gone(task)
            return False
        if not (stop.kind == "event" and stop.signal != ptrace.VFORK_DONE):
            task.in_vfork = False
        match stop.kind:
            case "filter":
                self._enters(task)
            case "call":
                call, task.call = task.call, ""
                self._after(task, call)
            case "made":
                self._made(task, stop.signal)
            case "exec":
                self._executed(task)
            case "signal":
                self._signalled(task, stop.signal)
            case "group":
                self.listening.add(tid)
                ptrace.listen(tid)
            case _:
                self._born(task) if not task.born else self._resume(task)
        return True

    def _after(self, task: TracedTask, call: str) -> None:
        """Record what the launcher has sent, and that it has reaped the command; then pass the exit of the call."""
        is_launcher = task.process == "launcher"
        if VISIBLE[call].effect == "sends" and (is_launcher or self._traces):
            returned = ptrace.call_of(task.tid)
            if returned:
                self._recorder.add("launcher", called(call, task.arguments, returned.result))
            if returned and returned.result == 0 and self._traces:
                # what it sends next must not merge with what it has sent now: so it waits until the others rest
                self._give_up_turn(task)
                self._standing_by[task] = lambda: self._pass(task, call, "exit")
                return
        elif is_launcher and call in ("wait4", "waitid"):
            for pid in [pid for pid in self._commands if not os.path.exists(f"/proc/{pid}")]:
                self._commands.remove(pid)
                self._recorder.add("launcher", history.Reaped("command", pid))
                self._at_reap()
        self._pass(task, call, "exit")

    def _resume(self, task: TracedTask, number: int = 0) -> None:
        if task.call and returns_at_once(task.call) and not self._points.wants(task, task.call, "exit"):
            task.call = ""  # who has the turn keeps it till after such a call, so a stop there would decide nothing
        if task.call:
            ptrace.go_on_to_next_call(task.tid, number)
        else:
            task.take_name_of_first()
            ptrace.go_on(task.tid, number)

    def _enters(self, task: TracedTask) -> None:
        call = None if task.silent or not self._begun else ptrace.call_of(task.tid)
        name = _NAMES.get(call.number, "") if call else ""
        if not name:
            self._resume(task)
            return
        if name == "ptrace":
            self._recorder.add("tracer", history.Unobserved("launcher-uses-ptrace"))
        self.may_have_timers |= name in SETS_TIMER
        task.call = name
        task.arguments = call.arguments if call else ()
        if task.again and task.again == (name, ptrace.place_of(task.tid)):
            task.again = None
            self._in_turn(task, lambda: self._resume(task))
            return
        self._pass(task, name, "entry")

    def _made(self, maker: TracedTask, event: int) -> None:
        tid = ptrace.message_of(maker.tid)
        is_thread = os.path.exists(f"/proc/{maker.pid}/task/{tid}")
        task = self._enter(tid, maker.pid if is_thread else tid, maker.silent)
        if maker.call:
            task.maker = self._points.last(maker, maker.call, "exit", ahead=1)
        maker.in_vfork = event == ptrace.VFORK
        self._resume(maker)
        if tid in self._early:
            self._early.discard(tid)
            self._born(task)

    def _enter(self, tid: int, pid: int, silent: bool) -> TracedTask:
        """Name a new task: a thread after its process, a process by its number."""
        first = self._tasks.get(pid)
        if first:
            first.threads += 1
            name = f"{first.process}.t{first.threads}"
        else:
            self._children += not silent
            name = "" if silent else f"child{self._children}"
        self._tasks[tid] = task = TracedTask(tid, pid, name, silent)
        return task

    def _born(self, task: TracedTask) -> None:
        task.born = True
        self._pass(task, BIRTH, "exit")

    def _executed(self, task: TracedTask) -> None:
        """The process runs another program now, and has one thread. Where another thread than the first has called
        execve, that thread has taken the place and the id of the first, which has gone; the kernel reports no end of
        the first, and tells the former id of the other (ptrace(2), "execve(2) under ptrace")."""
        caller = self._tasks.get(ptrace.message_of(task.tid), task)
        for other in [t for t in self._tasks.values() if t.pid == task.pid and t is not caller]:
            self._forget(other)
        self._tasks.pop(caller.tid, None)
        caller.tid, caller.threads = task.tid, task.threads
        first = self._tasks[caller.tid] = caller
        first.born = True
        was_begun, self._begun = self._begun, True
        if is_witness(task.pid):
            first.silent, first.call = True, ""
            self._commands.append(task.pid)
            self._give_up_turn(first)
        if was_begun:
            self._resume(first)
        else:
            self._pass(first, BIRTH, "exit")

    def _signalled(self, task: TracedTask, number: int) -> None:
        if not processes.acts_on(task.tid, number):
            # untraced it would not even wake up: what it is blocked in must not fail with EINTR for that
            ptrace.undo_interruption(task.tid)
            self._resume(task, number)
        elif task.silent or self._delivered:
            self._resume(task, number)
        else:
            self._in_turn(task, lambda: self._resume(task, number))

    def _gone(self, task: TracedTask) -> None:
        self._forget(task)
        if task.tid == task.pid:
            for kept in [k for k in self._kept if k.waits_for_end_of(task.process)]:
                self._let_go(kept, "let go")

    def _forget(self, task: TracedTask) -> None:
        self._tasks.pop(task.tid, None)
        self._early.discard(task.tid)
        self._standing_by.pop(task, None)
        self._give_up_turn(task)
        if self._delivered is task:
            self._delivered = None
        if task in self._kept:
            self._kept.remove(task)

    # -- points

    def _pass(self, task: TracedTask, call: str, when: history.When) -> None:
        if task.silent:
            self._resume(task)
        else:
            self._in_turn(task, lambda: self._reach(task, call, when))

    def _in_turn(self, task: TracedTask, action: Callable[[], None]) -> None:
        """Do this now if the task has the turn or nobody has; else the task stands by until it gets it."""
        if self._turn in (None, task):
            self._turn = task
            action()
        else:
            self._standing_by[task] = action

    def _give_up_turn(self, task: TracedTask) -> None:
        if self._turn is task:
            self._turn = None

    def _reach(self, task: TracedTask, call: str, when: history.When) -> None:
        point, here = self._points.reach(task, call, when)
        waiting = [kept for kept in self._kept if point and kept.waits_for(point)]
        if waiting:  # they go on from here, before this one does
            self._give_up_turn(task)
            self._standing_by[task] = lambda: self._follow(task, here)
            for kept in waiting:
                self._let_go(kept, "let go")
        else:
            self._follow(task, here)

    def _follow(self, task: TracedTask, directives: list[Directive]) -> None:
        """Do with a task that is at a point what the schedule says; let it run where it says nothing."""
        if not directives:
            self._resume(task)
            return
        task.directives = directives
        self._kept.append(task)
        for directive in directives:
            if isinstance(directive.action, Hold):
                self._recorder.add("tracer", history.DirectiveApplied(directive, "held"))
        self._pass_over(task)

    def _pass_over(self, task: TracedTask) -> None:
        """Let a task go on that would be held for what has come already."""
        action = task.directives[0].action
        if isinstance(action, HoldUntil):
            is_there = self._points.was_reached(action.point)
        else:
            is_there = isinstance(action, HoldTask) and action.does == "ends" and self._ended(action)
        if is_there:
            self._let_go(task, "let go")

    def _ended(self, hold: HoldTask) -> bool:
        if hold.process == BESIDE:
            return False
        known = hold.process == "launcher" or int(hold.process.removeprefix("child")) <= self._children
        return known and not any(task.process == hold.process for task in self._tasks.values())

    # -- what is done when everyone else has come to rest

    def on_rest(self) -> bool:
        """Do the next thing that the schedule has for those who are kept; return whether there was any."""
        for tid in sorted(self._early):  # whoever made it was killed before he could report it
            self._early.discard(tid)
            self._enter(tid, tid, silent=False)
            self._born(self._tasks[tid])
            return True
        if self._delivered:
            task, self._delivered = self._delivered, None
            self._go_on(task)
            return True
        for task in self._kept:
            if not isinstance(task.directives[0].action, Hold):
                self._carry_out(task)
                return True
        if self._standing_by:
            self._turn = min(self._standing_by, key=lambda task: (task.process != "launcher", task.name))
            self._standing_by.pop(self._turn)()
            return True
        for task in self._kept:
            if task.waits_for_rest_of_others_than(self._kept):
                self._let_go(task, "let go")
                return True
        if self._kept:
            self._let_go(self._kept[0], "forced")
            return True
        return False

    def _carry_out(self, task: TracedTask) -> None:
        directive = task.directives.pop(0)
        self._recorder.add("tracer", history.DirectiveApplied(directive, "done"))
        if isinstance(directive.action, Deliver):
            self._recorder.add("runner", self._deliver(directive.action))
        elif isinstance(directive.action, PressKey):
            self._press(directive.action)
        elif isinstance(directive.action, CallLauncher):
            self._calls += 1
            self._call(directive.action.invoke, BESIDE if self._calls == 1 else f"{BESIDE}{self._calls}")
        if any(other is not task and other.pid == task.pid for other in self._tasks.values()):
            self._delivered = task  # it stays until the thread that takes the signal has
        else:
            self._go_on(task)

    def _deliver(self, action: Deliver) -> history.Sent:
        if action.to in ("launcher", "group", "all", "command"):
            return self._send(action.signal, action.to)
        task = next((task for task in self._tasks.values() if task.name == action.to), None)
        if task is None:
            return history.Sent(action.signal, action.to, 0, errno.ESRCH)
        error = ptrace.signal_thread(task.pid, task.tid, action.signal) if task.is_thread else 0
        if not task.is_thread:
            os.kill(task.pid, action.signal)  # nobody but us reaps it, so the pid is its own
        return history.Sent(action.signal, action.to, task.tid, error)

    def _let_go(self, task: TracedTask, how: history.How) -> None:
        self._recorder.add("tracer", history.DirectiveApplied(task.directives.pop(0), how))
        self._go_on(task)

    def _go_on(self, task: TracedTask) -> None:
        if not task.directives:
            self._kept.remove(task)
            self._turn = task
            self._step_back(task)
            self._resume(task)
        else:
            self._pass_over(task)

    def _step_back(self, task: TracedTask) -> None:
        """At an entry: what was delivered is to be acted on before the call, not in it. A flag that a handler sets
        after it was checked and before pause(2) is the classic lost wake-up."""
        place = ptrace.place_of(task.tid) if task.call else (0, 0)
        if task.call and ptrace.step_back(task.tid):
            task.again, task.call = (task.call, place), ""

    def conclude(self) -> None:
        """Note which points were never reached."""
        for directive in self._points.not_reached():
            self._recorder.add("tracer", history.NotReached(directive))
