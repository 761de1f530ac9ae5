"""Lets one task of the launcher run at a time, and does at its system calls what the schedule says.

Everyone who is traced is stopped at each call. Points are the entry and exit of those calls by which a program changes
what others see, or waits for them (CALLS). One task has the turn; another that comes to a point, a newborn too, stands
by until everyone else is blocked or stands by as well. Then one thing is done: what the schedule says for who is kept
at its point, or the next one gets the turn. So it is never chance who runs.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections import Counter
from typing import Any

from reports.reproducer.parts.around import close_gate, open_gate
from reports.reproducer.parts.calls import (
    CALLS,
    CONT,
    FOLLOW,
    LISTEN,
    SYSCALL,
    WALL,
    call_of,
    go_on,
    kind_of,
    message_of,
    seize,
    set_back,
)
from reports.reproducer.parts.follow import note_sent
from reports.reproducer.parts.run import PYTHON, as_in_a_shell, contents
from reports.reproducer.parts.steps import press, send, send_to_group

SCHEDULE: list[tuple[Any, ...]] = []
AT_ONCE: set[str] = set()


class Task:
    """One thread. name: "launcher", "child1" in order of creation, "launcher.t2"; none for the command's."""

    def __init__(self, tid: int, pid: int, name: str) -> None:
        self.tid, self.pid, self.name, self.call, self.arguments = tid, pid, name, "", [0] * 6
        self.born = self.in_vfork = False
        self.again: Any = None
        self.todo: list[Any] = []


class Director:
    """Who there is, who has the turn, who is kept at a point, who stands by."""

    def __init__(self, run: Any) -> None:
        self.run, self.heard = run, 0
        self.looked: Any = None
        self.wait_status: int | None = None
        self.tasks: dict[int, Task] = {}
        self.early: set[int] = set()
        self.stopped: set[int] = set()
        self.kept: list[Task] = []
        self.standing: dict[Task, Any] = {}
        self.turn: Any = None
        self.sent_to: Any = None
        self.children, self.begun = 0, False
        self.counts: Counter[Any] = Counter()
        self.reached: set[Any] = set()
        self.plain_take_in, self.plain_idle = run.take_in, run.idle
        self.is_gate_open = False
        close_gate(run)
        run.take_in, run.idle = self.take_in, self.idle
        self.names = CALLS[os.uname().machine]

    def take_in(self, seconds: float) -> None:
        """Take in stops until there are none for a moment; when all have come to rest do the next thing."""
        if not self.is_gate_open and "launcher" in self.run.pids:
            self.seize(self.run.pids["launcher"])
        until = time.monotonic() + 0.002
        while time.monotonic() < until:
            try:
                tid, status = os.waitpid(-1, os.WNOHANG | WALL)
            except ChildProcessError:
                break
            if tid:
                self.take(tid, status)
                until = time.monotonic() + 0.002
        is_waiting = self.kept or self.standing or self.early or self.sent_to
        self.plain_take_in(0 if is_waiting else seconds)
        if len(self.run.events) != self.heard:  # the script may have something to do first
            self.heard, self.looked = len(self.run.events), None
        elif is_waiting and self.at_rest():
            self.run.since = time.monotonic()
            self.on_rest()

    def idle(self) -> float:
        """Nobody is idle as long as somebody is to go on."""
        if self.kept or self.standing or self.early or self.sent_to:
            self.run.since = time.monotonic()
        idle: float = self.plain_idle()
        return idle

    def at_rest(self) -> bool:
        """Whether all are blocked, or kept where they are by us, and none has run between two looks."""
        kept = {*self.early, *self.stopped, *(task.tid for task in [*self.kept, *self.standing])}
        if self.sent_to:
            kept.add(self.sent_to.tid)
        self.plain_idle()
        states = [(tid, state) for state, tid, *_ in self.run.seen if int(tid) not in kept]
        waiting = {str(task.tid) for task in self.tasks.values() if task.in_vfork}
        calm = all(state in "SZTX" or (state == "D" and tid in waiting) for tid, state in states)
        before, self.looked = self.looked, (calm, self.run.seen)
        return calm and before == self.looked

    def seize(self, pid: int) -> None:
        """Begin with the process that is about to become the launcher."""
        seize(pid, FOLLOW)
        self.tasks[pid] = Task(pid, pid, "launcher")
        self.tasks[pid].born = True
        self.run.status = self.status
        open_gate(self.run)
        self.is_gate_open = True

    def status(self) -> int:
        """Return how the launcher has ended. Its parent is told only when we, who trace it, have taken that in; and we
        are told of it when all its threads have been, so whatever comes is taken."""
        while self.wait_status is None:
            self.take(*os.waitpid(-1, WALL))
        return as_in_a_shell(self.wait_status)

    def take(self, tid: int, status: int) -> None:
        """Take in one stop, or the end of a task."""
        kind, task = kind_of(status), self.tasks.get(tid)
        if task is None:
            if kind == "stop":
                self.early.add(tid)  # a newborn may report before its maker does
            return
        self.stopped.discard(tid)
        if kind == "end":
            self.gone(task)
            if tid == self.run.pids["launcher"]:
                self.wait_status = status
            if task.pid == self.run.pids.get("command") and os.WIFSIGNALED(status):
                self.run.events.append(("died", "command"))
        elif kind == "call":
            self.at_call(task)
        elif kind.startswith("made"):
            self.made(task, kind == "made by vfork")
        elif kind == "exec":
            self.executed(task)
        elif kind == "signal":
            self.signalled(task, os.WSTOPSIG(status))
        elif kind == "group":
            self.stopped.add(tid)
            go_on(tid, LISTEN)
        else:
            task.in_vfork = False
            self.resume(task) if task.born else self.bear(task)

    def resume(self, task: Task, number: int = 0) -> None:
        """Let it run to its next call; the command is not stopped there."""
        go_on(task.tid, SYSCALL if task.name else CONT, number)

    def at_call(self, task: Task) -> None:
        """At the entry or exit of a call: a point, if it is one of those."""
        way, words = call_of(task.tid)
        name = self.names.get(words[0], "") if way == 1 and self.begun and task.name else ""
        if way == 1 and is_point(name, words[1:]):
            task.call, task.arguments = name, words[1:]
            again, task.again = task.again, None
            if again == name:
                self.in_turn(task, lambda: self.resume(task))
            else:
                self.reach(task, name, "entry")
        elif way == 2 and task.call:
            name, task.call = task.call, ""
            self.note(task, name)
            if name in AT_ONCE and not any(one[0][:3] == (task.name, name, "exit") for one in SCHEDULE):
                self.resume(task)
            else:
                self.reach(task, name, "exit")
        else:
            self.resume(task)

    def note(self, task: Task, name: str) -> None:
        """Note what the launcher has sent, and that it has reaped the command."""
        pid = self.run.pids.get("command", 0)
        if task.pid != self.run.pids["launcher"]:
            return
        if name in ("kill", "tkill", "tgkill", "rt_sigqueueinfo", "pidfd_send_signal"):
            note_sent(self.run, name, task.arguments)
        elif (
            name in ("wait4", "waitid") and pid and not self.run.all("reaped") and not os.path.exists("/proc/%d" % pid)
        ):
            self.run.note("the launcher has reaped the command by " + name, "reaped", pid)

    def made(self, maker: Task, by_vfork: bool) -> None:
        """A process or a thread was made."""
        tid = message_of(maker.tid)
        is_thread = os.path.exists("/proc/%d/task/%d" % (maker.pid, tid))
        number = 1 + sum(task.pid == maker.pid for task in self.tasks.values())
        name = maker.name and "%s.t%d" % (maker.name.partition(".")[0], number)
        if maker.name and not is_thread:
            self.children += 1
            name = "child%d" % self.children
        self.tasks[tid] = task = Task(tid, maker.pid if is_thread else tid, name)
        maker.in_vfork = by_vfork
        self.resume(maker)
        if tid in self.early:
            self.early.discard(tid)
            self.bear(task)

    def bear(self, task: Task) -> None:
        """A new task is there, before its first instruction."""
        task.born = True
        self.reach(task, "birth", "exit") if task.name else self.resume(task)

    def executed(self, task: Task) -> None:
        """A process runs another program now, in its first thread; the others have gone."""
        for other in [one for one in self.tasks.values() if one.pid == task.pid and one.tid != task.pid]:
            self.gone(other)
        first = self.tasks.setdefault(task.pid, Task(task.pid, task.pid, task.name))
        first.born = True
        was_begun, self.begun = self.begun, True
        words = contents("/proc/%d/cmdline" % task.pid).split("\0")[:-1]
        if words[-3:] == self.run.words[-3:] and len(words) == len(PYTHON) + 3:  # it is the command
            first.name, first.call = "", ""
            self.turn = None if self.turn is first else self.turn
        if was_begun:
            self.resume(first)
        else:
            self.run.note("launcher runs as pid %d" % task.pid, "runs", "launcher")
            self.reach(first, "birth", "exit")

    def signalled(self, task: Task, number: int) -> None:
        """A signal is about to be delivered. One that does nothing would not even wake an untraced task up."""
        fields = dict(
            line.split(":\t", 1) for line in contents("/proc/%d/status" % task.tid).splitlines() if ":\t" in line
        )
        bit = 1 << (number - 1)
        caught, ignored = (int(fields.get(name, "0"), 16) & bit for name in ("SigCgt", "SigIgn"))
        if not caught and (ignored or number in (17, 18, 23, 28)):  # CHLD, CONT, URG, WINCH
            set_back(task.tid, in_call=False)
            self.resume(task, number)
        elif not task.name or self.sent_to:
            self.resume(task, number)
        else:
            self.in_turn(task, lambda: self.resume(task, number))

    def gone(self, task: Task) -> None:
        """It has ended."""
        self.tasks.pop(task.tid, None)
        self.standing.pop(task, None)
        self.turn = None if self.turn is task else self.turn
        self.sent_to = None if self.sent_to is task else self.sent_to
        self.kept = [one for one in self.kept if one is not task]
        if task.tid == task.pid:
            for one in [one for one in self.kept if one.todo[0] == ("hold", task.name, "ends")]:
                self.let_go(one)

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
        waiting = [one for one in self.kept if one.todo[0] == ("hold until", point)]
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
        doing = [task for task in self.kept if not task.todo[0][0].startswith("hold")]
        blocking = [one for one in self.kept if one.todo[0][0] == "hold" and one.todo[0][2] == "blocks"]
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
        elif self.kept:
            free = [one for one in blocking if all(task.name.partition(".")[0] != one.todo[0][1] for task in self.kept)]
            self.let_go((free or self.kept)[0])

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


def is_point(name: str, arguments: list[int]) -> bool:
    """Whether a call changes anything that others see: not where it only asks."""
    if name in ("rt_sigaction", "rt_sigprocmask"):
        return arguments[1] != 0
    if name in ("open", "openat"):
        return bool(arguments[1 if name == "open" else 2] & os.O_CREAT)
    if name == "prctl":
        return arguments[0] in (1, 36)  # PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER
    return bool(name) and (name != "ioctl" or arguments[1] in CHANGES)


CHANGES = {0x5402, 0x5403, 0x5404, 0x5406, 0x5407, 0x5408, 0x540B, 0x540E, 0x5410, 0x5412, 0x5414, 0x5422}


def note_what_was_not_reached(run: Any) -> None:
    """Note which points of the schedule were never passed; where only a hold stands, that may be so."""
    reached = run.director.reached if run.launcher else {at for at, _, _ in SCHEDULE}
    for at, action, text in SCHEDULE:
        if at not in reached and not action[0].startswith("hold"):
            run.note("not reached: " + text, "not reached", text)


def direct(run: Any) -> None:
    """From its first instruction on, let one task of the launcher run at a time, and do what SCHEDULE says."""
    run.part = 1
    if run.launcher:
        run.director = Director(run)
