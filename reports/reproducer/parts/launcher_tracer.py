"""Traces the launcher's threads, and tells the scheduler which of them are at a point.

Every traced thread stops at each call. Points are the entry and exit of the calls in CALLS: those that change what
other processes see, or wait for it.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from proctor.reports.reproducer.parts.at_rest import contents
from proctor.reports.reproducer.parts.follow import note_sent
from proctor.reports.reproducer.parts.gate import close_gate, open_gate, wait_at_gate
from proctor.reports.reproducer.parts.observed_run import PYTHON, shell_status
from proctor.reports.reproducer.parts.ptrace import (
    CALLS,
    FOLLOW,
    LISTEN,
    REAPING,
    SENDING,
    WALL,
    call_of,
    kind_of,
    message_of,
    resume,
    seize,
    step_back,
)
from proctor.reports.reproducer.parts.scheduler import SCHEDULE, ThreadScheduler, TracedThread
from proctor.reports.reproducer.parts.steps import send

AT_ONCE: set[str] = set()
ONLY_IF: dict[str, tuple[int, int, tuple[int, ...]]] = {}


class LauncherTracer(ThreadScheduler):
    """Handles each stop of the launcher's threads, and lets the scheduler act when all of them are idle."""

    def __init__(self, run: Any) -> None:
        super().__init__(run)
        self.event_count, self.has_begun, self.is_gate_open = 0, False, False
        self.follows, self.at_reap = False, 0  # as the step `follow` says
        self.look: Any = None
        self.wait_status: int | None = None
        self.stopped: set[int] = set()
        self.plain_observe, self.plain_idle = run.observe, run.idle
        close_gate(run)
        run.observe, run.idle = self.observe, self.idle
        self.names = CALLS[os.uname().machine]

    def observe(self, seconds: float) -> None:
        """Handle stops until there are none for a moment. When all threads are idle, let the scheduler act."""
        if not self.is_gate_open and "launcher" in self.run.pids:
            self.seize(self.run.pids["launcher"])
        until = time.monotonic() + 0.002
        while time.monotonic() < until:
            try:
                tid, status = os.waitpid(-1, os.WNOHANG | WALL)
            except ChildProcessError:
                break
            if tid:
                self.handle(tid, status)
                until = time.monotonic() + 0.002
        self.plain_observe(0 if self.is_waiting() else seconds)
        if len(self.run.events) != self.event_count:  # the steps may have something to do first
            self.event_count, self.look = len(self.run.events), None
        elif self.is_waiting() and self.all_idle():
            self.run.idle_since = time.monotonic()
            self.when_idle()

    def is_waiting(self) -> bool:
        """Return whether the scheduler has something to do."""
        return bool(self.held or self.runnable or self.unclaimed or self.awaiting_delivery)

    def idle(self) -> float:
        """Return for how many seconds no process has run; 0 as long as the scheduler has something to do."""
        if self.is_waiting():
            self.run.idle_since = time.monotonic()
        idle: float = self.plain_idle()
        return idle

    def all_idle(self) -> bool:
        """Return whether each thread is blocked or held by us, and none has run between two looks."""
        ours = {*self.unclaimed, *self.stopped, *(thread.tid for thread in [*self.held, *self.runnable])}
        if self.awaiting_delivery:
            ours.add(self.awaiting_delivery.tid)
        self.plain_idle()
        states = [(tid, state) for state, tid, *_ in self.run.last_look if int(tid) not in ours]
        in_vfork = {str(thread.tid) for thread in self.threads.values() if thread.in_vfork}
        are_idle = all(state in "SZTX" or (state == "D" and tid in in_vfork) for tid, state in states)
        before, self.look = self.look, (are_idle, self.run.last_look)
        return are_idle and before == self.look

    def seize(self, pid: int) -> None:
        """Trace the process that is about to execute the launcher."""
        seize(pid, FOLLOW)
        self.threads[pid] = TracedThread(pid, pid, "launcher")
        self.threads[pid].has_started = True
        self.run.status = self.status
        open_gate(self.run)
        self.is_gate_open = True

    def status(self) -> int:
        """Return how the launcher has ended. Its tracer is told first, when all of its threads have been waited for."""
        while self.wait_status is None:
            self.handle(*os.waitpid(-1, WALL))
        return shell_status(self.wait_status)

    def handle(self, tid: int, status: int) -> None:
        """Handle one stop, or the end of a thread."""
        kind, thread = kind_of(status), self.threads.get(tid)
        if thread is None:
            if kind == "stop":
                self.unclaimed.add(tid)  # a new thread may stop before we are told of it
            return
        self.stopped.discard(tid)
        if kind == "end":
            self.remove(thread)
            if tid == self.run.pids["launcher"]:
                self.wait_status = status
            if thread.pid == self.run.pids.get("command") and os.WIFSIGNALED(status):
                self.run.events.append(("died", "command"))
        elif kind == "call":
            self.at_call(thread)
        elif kind.startswith("made"):
            self.made(thread, kind == "made by vfork")
        elif kind == "exec":
            self.executed(thread)
        elif kind == "signal":
            self.at_signal(thread, os.WSTOPSIG(status))
        elif kind == "group":
            self.stopped.add(tid)
            resume(tid, LISTEN)
        else:
            thread.in_vfork = False
            self.resume(thread) if thread.has_started else self.start_thread(thread)

    def at_call(self, thread: TracedThread) -> None:
        """Handle the entry or exit of a call: a point, if the call is one of those."""
        way, words = call_of(thread.tid)
        name = self.names.get(words[0], "") if way == 1 and self.has_begun and thread.has_points else ""
        if way == 1 and is_point(name, words[1:]):
            thread.call, thread.arguments = name, words[1:]
            restarts, thread.restarts = thread.restarts, None
            if restarts == name:
                self.run_or_queue(thread, lambda: self.resume(thread))
            else:
                self.come_to(thread, name, "entry")
        elif way == 2 and thread.call:
            name, thread.call = thread.call, ""
            self.note_call(thread, name)
            if self.follows and name in SENDING and words[0] == 0:  # until the others are idle and have taken it
                self.current = None if self.current is thread else self.current
                self.runnable[thread] = lambda: self.pass_point(thread, name, "exit")
            elif name in AT_ONCE and not is_scheduled(thread.name, name):
                self.resume(thread)
            else:
                self.come_to(thread, name, "exit")
        else:
            self.resume(thread)

    def note_call(self, thread: TracedThread, name: str) -> None:
        """Note a signal that the launcher has sent, and that it has reaped the command."""
        pid = self.run.pids.get("command", 0)
        is_launcher = thread.pid == self.run.pids["launcher"]
        if name in SENDING and (is_launcher or self.follows):
            note_sent(self.run, name, thread.arguments)
        elif not is_launcher:
            return
        elif name in REAPING and pid and not self.run.all("reaped") and not os.path.exists("/proc/%d" % pid):
            self.run.note("the launcher has reaped the command by " + name, "reaped", pid)
            send(self.run, self.at_reap) if self.at_reap else None

    def made(self, maker: TracedThread, by_vfork: bool) -> None:
        """Handle the stop of a thread that has made a process or a thread."""
        tid = message_of(maker.tid)
        is_thread = os.path.exists("/proc/%d/task/%d" % (maker.pid, tid))
        name = ""
        if maker.has_points and is_thread:
            first = self.threads.get(maker.pid, maker)
            first.threads += 1
            name = "%s.t%d" % (maker.process(), first.threads)
        elif maker.has_points:
            self.children += 1
            name = "child%d" % self.children
            self.programs[name] = ""
        self.threads[tid] = thread = TracedThread(tid, maker.pid if is_thread else tid, name)
        maker.in_vfork = by_vfork
        self.resume(maker)
        if tid in self.unclaimed:
            self.unclaimed.discard(tid)
            self.start_thread(thread)

    def executed(self, thread: TracedThread) -> None:
        """Handle execve(2): the process runs another program, in its first thread; its other threads are gone."""
        for other in [one for one in self.threads.values() if one.pid == thread.pid and one.tid != thread.pid]:
            self.remove(other)
        first = self.threads.setdefault(thread.pid, TracedThread(thread.pid, thread.pid, thread.process()))
        first.has_started, first.has_points = True, thread.has_points
        words = contents("/proc/%d/cmdline" % thread.pid).split("\0")[:-1]
        if not self.has_begun and wait_at_gate.__name__ in words:  # it was seized during its execve(2) of the gate
            self.resume(first)
            return
        has_begun, self.has_begun = self.has_begun, True
        is_command = words[: len(PYTHON) + 3] == [*PYTHON, "ReportingCommand", self.run.directory, "command"]
        if first.process() in self.programs:
            program = contents("/proc/%d/comm" % thread.pid).rstrip("\n")
            self.programs[first.process()] = "command" if is_command else program
        if is_command:
            first.has_points, first.call = False, ""
            self.current = None if self.current is first else self.current
        if has_begun:
            self.resume(first)
        else:
            self.run.note("launcher runs as pid %d" % thread.pid, "runs", "launcher")
            self.come_to(first, "birth", "exit")

    def at_signal(self, thread: TracedThread, number: int) -> None:
        """Handle a signal that is about to be delivered. One without effect would not even wake an untraced thread."""
        if not acts_on(thread.tid, number):
            step_back(thread.tid, in_call=False)
            self.resume(thread, number)
        elif not thread.has_points or self.awaiting_delivery:
            self.resume(thread, number)
        else:
            self.run_or_queue(thread, lambda: self.resume(thread, number))

    def remove(self, thread: TracedThread) -> None:
        """Forget a thread that has ended."""
        self.threads.pop(thread.tid, None)
        self.runnable.pop(thread, None)
        self.current = None if self.current is thread else self.current
        self.awaiting_delivery = None if self.awaiting_delivery is thread else self.awaiting_delivery
        self.held = [one for one in self.held if one is not thread]
        if thread.tid == thread.pid:
            for one in [one for one in self.held if one.actions[0] == ("hold", thread.process(), "ends")]:
                self.release(one)


def is_point(name: str, arguments: list[int]) -> bool:
    """Return whether a call is a point. ONLY_IF: which argument must have one of these bits, or be one of these."""
    at, bits, values = ONLY_IF.get(name, (0, -1, (0,)))
    return bool(name) and (bool(arguments[at] & bits) or arguments[at] & 0xFFFFFFFF in values)


def is_scheduled(thread: str, call: str) -> bool:
    """Return whether the schedule names an exit of this call."""
    points = [point for at, action, _, _ in SCHEDULE for point in (at, *action[1:]) if isinstance(point, tuple)]
    return any(point[:3] == (thread, call, "exit") for point in points)


def acts_on(tid: int, number: int) -> bool:
    """Return whether a signal has an effect on a thread: it is caught, or its default action is taken and is one."""
    lines = [line.partition(":\t") for line in contents("/proc/%d/status" % tid).splitlines()]
    fields, bit = {name: text for name, _, text in lines}, 1 << (number - 1)
    caught, ignored = (int(fields.get(name, "0"), 16) & bit for name in ("SigCgt", "SigIgn"))
    return not fields or bool(caught) or (number not in (17, 18, 23, 28) and not ignored)  # CHLD, CONT, URG, WINCH


def needs_points(run: Any) -> None:
    """Inconclusive where the launcher did not reach a point of the schedule. Points of holds need not be reached; but
    where there are only holds and it reached none of them, it was not tested, and only what is wrong counts."""
    reached = run.tracer.reached if run.tracer else [at for at, *_ in SCHEDULE]
    missed = [text for at, action, text, _ in SCHEDULE if at not in reached and not action[0].startswith("hold")]
    if missed and isinstance(sys.exc_info()[1], (TimeoutError, type(None))):  # another error says more
        raise RuntimeError("the launcher did not reach: " + "; ".join(missed))
    if SCHEDULE and not any(at in reached for at, *_ in SCHEDULE):
        run.unsure = run.unsure or "the launcher did not reach: " + "; ".join(text for _, _, text, _ in SCHEDULE)


def trace(run: Any) -> None:
    """From its first instruction on, let one thread of the launcher run at a time, and carry out SCHEDULE."""
    run.part = 1
    if run.launcher:
        run.tracer = LauncherTracer(run)
