"""Whose turn it is, who is kept at a point, who stands by; and what the schedule says is done there."""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from typing import Any

from proctor.reports.reproducer.parts.ptrace import CONT, SYSCALL, go_on, set_back
from proctor.reports.reproducer.parts.steps import press, send, send_to_group

SCHEDULE: list[tuple[Any, ...]] = []


class Task:
    """One thread. name: "launcher", "child1" in order of creation, "launcher.t2"; none for the command's."""

    def __init__(self, tid: int, pid: int, name: str) -> None:
        self.tid, self.pid, self.name, self.call, self.arguments = tid, pid, name, "", [0] * 6
        self.born = self.in_vfork = False
        self.again: Any = None
        self.todo: list[Any] = []


class Turns:
    """Who there is, who has the turn, who is kept at a point, who stands by."""

    def __init__(self, run: Any) -> None:
        self.run, self.children = run, 0
        self.tasks: dict[int, Task] = {}
        self.early: set[int] = set()
        self.kept: list[Task] = []
        self.standing: dict[Task, Any] = {}
        self.turn: Any = None
        self.sent_to: Any = None
        self.counts: Counter[Any] = Counter()
        self.reached: set[Any] = set()

    def resume(self, task: Task, number: int = 0) -> None:
        """Let it run to its next call; the command is not stopped there."""
        go_on(task.tid, SYSCALL if task.name else CONT, number)

    def in_turn(self, task: Task, action: Any) -> None:
        """Do it now if nobody else has the turn; else stand by."""
        if self.turn in (None, task):
            self.turn = task
            action()
        else:
            self.standing[task] = action

    def reach(self, task: Task, call: str, when: str) -> None:
        """Come to a point, when it is one's turn."""
        self.in_turn(task, lambda: self.pass_by(task, call, when))

    def pass_by(self, task: Task, call: str, when: str) -> None:
        """Count a point, and see what the schedule has for it."""
        self.counts[task.name, call, when, self.run.part] += 1
        point = (task.name, call, when, self.counts[task.name, call, when, self.run.part], self.run.part)
        self.reached.add(point)
        todo = [action for at, action, _ in SCHEDULE if at == point]
        waiting = [one for one in self.kept if one.todo[:1] == [("hold until", point)]]
        if waiting:
            self.turn = None
            self.standing[task] = lambda: self.keep(task, todo)
            for one in waiting:
                self.let_go(one)
        else:
            self.keep(task, todo)

    def keep(self, task: Task, todo: list[Any]) -> None:
        """Keep a task where it is until what the schedule says has been done; let it run where it says nothing."""
        task.todo = todo
        if todo:
            self.kept.append(task)
            self.skip(task)
        else:
            self.resume(task)

    def skip(self, task: Task) -> None:
        """Let go who would be held for what has come already."""
        what, *which = task.todo[0]
        if (what == "hold until" and which[0] in self.reached) or (what == "hold" and self.has_ended(*which)):
            self.let_go(task)

    def has_ended(self, name: str, does: str) -> bool:
        """Whether a process was there, and is not any more."""
        known = name == "launcher" or int(name[5:]) <= self.children
        return does == "ends" and known and all(task.name.partition(".")[0] != name for task in self.tasks.values())

    def on_rest(self) -> None:
        """All have come to rest: do the next thing."""
        kept = [task for task in self.kept if task is not self.sent_to]
        doing = [task for task in kept if not task.todo[0][0].startswith("hold")]
        blocking = [one for one in kept if one.todo[0][0] == "hold" and one.todo[0][2] == "blocks"]
        if self.early:
            tid = self.early.pop()
            self.children += 1
            self.tasks[tid] = Task(tid, tid, "child%d" % self.children)
            self.bear(self.tasks[tid])
        elif self.sent_to:
            task, self.sent_to = self.sent_to, None
            self.proceed(task)
        elif doing:
            self.carry_out(doing[0])
        elif self.standing:
            self.turn = min(self.standing, key=lambda task: (not task.name.startswith("launcher"), task.name))
            self.standing.pop(self.turn)()
        elif kept:
            free = [one for one in blocking if all(task.name.partition(".")[0] != one.todo[0][1] for task in kept)]
            self.let_go((free or kept)[0])

    def carry_out(self, task: Task) -> None:
        """Send a signal or press a key, while the task stands at its point."""
        what, *words = task.todo.pop(0)
        self.run.note("%s stands at its point of the schedule" % task.name)
        if what == "press":
            press(self.run, *words)
            time.sleep(0.001)  # a work queue of the kernel carries the key; tty_flip_buffer_push()
        elif words[1] == "group":
            send_to_group(self.run, words[0])
        else:
            known = {one.name: one.tid for one in self.tasks.values() if one.name}
            self.run.pids.setdefault(words[1], known.get(words[1], 0))
            with contextlib.suppress(ProcessLookupError):
                send(self.run, *words)
        if any(one is not task and one.pid == task.pid for one in self.tasks.values()):
            self.sent_to = task  # another thread may take it first
        else:
            self.proceed(task)

    def let_go(self, task: Task) -> None:
        """Hold it no longer."""
        task.todo.pop(0)
        self.proceed(task)

    def proceed(self, task: Task) -> None:
        """Go on with what else there is at this point, or run. At an entry a handler is to run before the call."""
        if task.todo:
            self.skip(task)
            return
        self.kept.remove(task)
        self.turn = task
        if task.call and set_back(task.tid, in_call=True):
            task.again, task.call = task.call, ""
        self.resume(task)

    def bear(self, task: Task) -> None:
        """A new task is there, before its first instruction."""
        task.born = True
        self.reach(task, "birth", "exit") if task.name else self.resume(task)
