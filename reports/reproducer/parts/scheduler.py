"""Lets one thread of the launcher run at a time, and carries out the schedule at its points.

A thread is in one of these places: it is `current`; or it is held at a point in `held`; or it could run and waits in
`runnable`; or it is blocked in a call, of which we know nothing. When all threads are idle, one thing is done
(when_idle). So what happens does not depend on the kernel's scheduler.
"""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from typing import Any

from proctor.reports.reproducer.parts.main import LAUNCHER
from proctor.reports.reproducer.parts.ptrace import CONT, SYSCALL, resume, step_back
from proctor.reports.reproducer.parts.steps import press, send, send_to_group

SCHEDULE: list[tuple[Any, ...]] = []


class TracedThread:
    """One thread. name: "launcher", "child1" in order of creation, "launcher.t2". The command has no points."""

    def __init__(self, tid: int, pid: int, name: str) -> None:
        self.tid, self.pid, self.name, self.call, self.arguments = tid, pid, name, "", [0] * 6
        self.has_started, self.in_vfork, self.has_points = False, False, bool(name)
        self.restarts: Any = None
        self.threads = 1
        self.actions: list[Any] = []

    def process(self) -> str:
        """Return the name of its process."""
        return self.name.partition(".")[0]


class ThreadScheduler:
    """The threads of the launcher: which one is current, which are held at a point, which are runnable."""

    def __init__(self, run: Any) -> None:
        self.run, self.children = run, 0
        self.programs = {"launcher": ""}
        self.threads: dict[int, TracedThread] = {}
        self.unclaimed: set[int] = set()
        self.held: list[TracedThread] = []
        self.runnable: dict[TracedThread, Any] = {}
        self.current: Any = None
        self.awaiting_delivery: Any = None
        self.counts: Counter[Any] = Counter()
        self.reached: list[Any] = []

    def resume(self, thread: TracedThread, number: int = 0) -> None:
        """Let it run to its next call; those of the command are not stopped there."""
        resume(thread.tid, SYSCALL if thread.has_points else CONT, number)

    def run_or_queue(self, thread: TracedThread, action: Any) -> None:
        """Do this now if no other thread is current; otherwise the thread becomes runnable."""
        if self.current in (None, thread):
            self.current = thread
            action()
        else:
            self.runnable[thread] = action

    def come_to(self, thread: TracedThread, call: str, when: str) -> None:
        """A thread comes to a point, which it passes as soon as it is current."""
        self.run_or_queue(thread, lambda: self.pass_point(thread, call, when))

    def pass_point(self, thread: TracedThread, call: str, when: str) -> None:
        """Count a point, and do what the schedule says of it."""
        self.counts[thread.name, call, when, self.run.part] += 1
        point = (thread.name, call, when, self.counts[thread.name, call, when, self.run.part], self.run.part)
        self.reached.append(point)
        actions = [action for at, action, _, _ in SCHEDULE if at == point]
        first = 0 if self.run.launcher == LAUNCHER else 1  # another launcher is another program
        for required in [programs for at, _, _, programs in SCHEDULE if at == point and programs]:
            actual = tuple(self.programs.values())
            if required[first:] != actual[first:]:
                text = "it went another way: it and its children ran %s; in the case: %s" % (actual, required)
                self.run.unsure = self.run.unsure or text
        waiting = [one for one in self.held if one.actions[:1] == [("hold until", point)]]
        if waiting:
            self.current = None
            self.runnable[thread] = lambda: self.hold(thread, actions)
            for one in waiting:
                self.release(one)
        else:
            self.hold(thread, actions)

    def hold(self, thread: TracedThread, actions: list[Any]) -> None:
        """Hold a thread until these actions are done; let it run where there are none."""
        thread.actions = actions
        if actions:
            self.held.append(thread)
            self.release_if_over(thread)
        else:
            self.resume(thread)

    def release_if_over(self, thread: TracedThread) -> None:
        """Release a thread that would be held for what has happened already."""
        what, *which = thread.actions[0]
        if (what == "hold until" and which[0] in self.reached) or (what == "hold" and self.has_ended(*which)):
            self.release(thread)

    def has_ended(self, name: str, does: str) -> bool:
        """Return whether a thread is held for the end of a process that has ended."""
        known = name == "launcher" or int(name[5:]) <= self.children
        return does == "ends" and known and all(one.process() != name for one in self.threads.values())

    def when_idle(self) -> None:
        """Do the next thing."""
        held = [thread for thread in self.held if thread is not self.awaiting_delivery]
        doing = [thread for thread in held if not thread.actions[0][0].startswith("hold")]
        blocking = [one for one in held if one.actions[0][0] == "hold" and one.actions[0][2] == "blocks"]
        if self.unclaimed:  # the thread that made it was killed before it could report it
            tid = min(self.unclaimed)
            self.unclaimed.discard(tid)
            self.children += 1
            self.threads[tid] = TracedThread(tid, tid, "child%d" % self.children)
            self.programs["child%d" % self.children] = ""
            self.start_thread(self.threads[tid])
        elif self.awaiting_delivery:
            thread, self.awaiting_delivery = self.awaiting_delivery, None
            self.proceed(thread)
        elif doing:
            self.carry_out(doing[0])
        elif self.runnable:
            self.current = min(self.runnable, key=lambda thread: (thread.process() != "launcher", thread.name))
            self.runnable.pop(self.current)()
        elif held:
            free = [one for one in blocking if all(thread.process() != one.actions[0][1] for thread in held)]
            self.release((free or held)[0])

    def carry_out(self, thread: TracedThread) -> None:
        """Send a signal or press a key, while the thread is held at its point."""
        what, *words = thread.actions.pop(0)
        self.run.note("%s is at its point of the schedule" % thread.name)
        if what == "press":
            press(self.run, *words)
            time.sleep(0.001)  # the kernel passes the key on in a work queue; tty_flip_buffer_push()
        elif words[1] == "group":
            send_to_group(self.run, words[0])
        else:
            known = {one.name: one.tid for one in self.threads.values() if one.name}
            self.run.pids.setdefault(words[1], known.get(words[1], 0))
            with contextlib.suppress(ProcessLookupError):
                send(self.run, *words)
        if any(one is not thread and one.pid == thread.pid for one in self.threads.values()):
            self.awaiting_delivery = thread  # it stays until the thread that takes the signal has taken it
        else:
            self.proceed(thread)

    def release(self, thread: TracedThread) -> None:
        """Do not hold it any longer for its first action."""
        thread.actions.pop(0)
        self.proceed(thread)

    def proceed(self, thread: TracedThread) -> None:
        """Go on with the next action at this point, or run. At an entry, handlers run before the call."""
        if thread.actions:
            self.release_if_over(thread)
            return
        self.held.remove(thread)
        self.current = thread
        if thread.call and step_back(thread.tid, in_call=True):
            thread.restarts, thread.call = thread.call, ""
        self.resume(thread)

    def start_thread(self, thread: TracedThread) -> None:
        """A new thread is before its first instruction."""
        thread.has_started = True
        self.come_to(thread, "birth", "exit") if thread.has_points else self.resume(thread)
