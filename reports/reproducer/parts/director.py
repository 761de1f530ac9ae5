"""Lets one task of the launcher run at a time, and does at its system calls what the schedule says.

Everyone who is traced is stopped at each call. Points are the entry and exit of those calls by which a program changes
what others see, or waits for them (CALLS). One task has the turn; another that comes to a point, a newborn too, stands
by until everyone else is blocked or stands by as well. Then one thing is done: what the schedule says for who is kept
at its point, or the next one gets the turn. So it is never chance who runs.
"""

from __future__ import annotations

import os
import time
from typing import Any

from proctor.reports.reproducer.parts.around import close_gate, open_gate, wait_at_gate
from proctor.reports.reproducer.parts.follow import note_sent
from proctor.reports.reproducer.parts.ptrace import (
    CALLS,
    FOLLOW,
    LISTEN,
    WALL,
    call_of,
    go_on,
    kind_of,
    message_of,
    seize,
    set_back,
)
from proctor.reports.reproducer.parts.run import PYTHON, as_in_a_shell, contents
from proctor.reports.reproducer.parts.turns import SCHEDULE, Task, Turns

AT_ONCE: set[str] = set()


class Director(Turns):
    """Takes in each stop of the launcher's tasks, and has the next thing done when all have come to rest."""

    def __init__(self, run: Any) -> None:
        super().__init__(run)
        self.heard, self.begun, self.is_gate_open = 0, False, False
        self.looked: Any = None
        self.wait_status: int | None = None
        self.stopped: set[int] = set()
        self.plain_take_in, self.plain_idle = run.take_in, run.idle
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

    def executed(self, task: Task) -> None:
        """A process runs another program now, in its first thread; the others have gone."""
        for other in [one for one in self.tasks.values() if one.pid == task.pid and one.tid != task.pid]:
            self.gone(other)
        first = self.tasks.setdefault(task.pid, Task(task.pid, task.pid, task.name))
        first.born = True
        words = contents("/proc/%d/cmdline" % task.pid).split("\0")[:-1]
        if not self.begun and wait_at_gate.__name__ in words:  # not yet: seized in the middle of its becoming that
            self.resume(first)
            return
        was_begun, self.begun = self.begun, True
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
