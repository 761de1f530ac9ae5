"""The processes of an execution: their roles, which have ended, and how to signal one that may have ended."""

from __future__ import annotations

import contextlib
import os
import select
import signal
from collections.abc import Callable
from typing import Literal

from proctor.harness import history
from proctor.harness.history import Process
from proctor.harness.runner import processes
from proctor.harness.runner.observe import quiescence
from proctor.harness.runner.observe.listeners import Listeners
from proctor.harness.runner.observe.witnesses import Witnesses
from proctor.harness.runner.play.real_parent import RealParent
from proctor.harness.runner.recorder import Recorder
from proctor.harness.runner.sources import Sources

StatusFrom = Literal["wait", "stage", "nowhere"]
"""Where the launcher's wait status comes from: our own wait(2), stage.c, or nowhere, where its parent is a shell."""
PARENTS = ("leader", "shell", "parent")
"""The roles of processes that are the launcher's parent on the stage: they are meant to be there at the end."""


def is_launcher(role: str) -> bool:
    """Whether this is the role of a launcher: a real parent starts it anew, as launcher-2."""
    return role == "launcher" or role.startswith("launcher-")


class ProcessRegistry:
    """The processes of one execution.

    The order of ends favours the launcher: when its end is seen, what the witnesses have reported is taken in first,
    and those that have ended too are recorded as ended before it.
    """

    def __init__(
        self,
        sources: Sources,
        listeners: Listeners,
        recorder: Recorder,
        socket: str,
        status_from: StatusFrom = "wait",
        in_namespace: bool = False,
        is_traced: bool = False,
        on_entry: Callable[[int], None] = lambda _: None,
        parent: RealParent | None = None,
        runs_program: bool = False,
        commands: tuple[str, ...] = ("command",),
    ) -> None:
        """socket: the path at which witnesses report. in_namespace: the launcher is PID 1 of a namespace of its own.
        is_traced: all its tasks are traced from the start. on_entry: called with each PID that gets a role. parent: the
        real program that starts the launcher. runs_program: the command is a real program, which may have timers.
        commands: the names of those that the launcher is given."""
        self._sources = sources
        self._recorder = recorder
        self._status_from = status_from
        self._in_namespace = in_namespace
        self._is_traced = is_traced
        self._on_entry = on_entry
        self.pids: dict[str, int] = {}
        self._roles: dict[int, str] = {os.getpid(): "runner"}
        self._pidfds: dict[str, int] = {}
        self._statuses: dict[int, int] = {}
        self._parent = parent
        self._launcher_pgid = 0
        self._not_witnesses = {"launcher", *PARENTS}
        self._with_timers = {"command"} if runs_program else set()
        self.witnesses = Witnesses(sources, listeners, recorder, socket, self.enter, self.role_of)
        self.witnesses.parent = parent
        self._commands = commands
        for name in commands if len(commands) > 1 else ():
            self.witnesses.listen(f"{socket}-{name}", command=name)

    def role_of(self, pid: int) -> str:
        """Return the role of a pid as a witness sees it, "" if it has none."""
        if self._in_namespace:  # there the launcher is PID 1, and every process outside shows as 0
            return {0: "outside", 1: "launcher"}.get(pid, "")
        return "kernel" if pid == 0 else self._roles.get(pid, "")

    def enter_launcher(self, pid: int, pgid: int, role: str = "launcher") -> None:
        """Enter the launcher, or one that was started after it. pgid: the process group that signals to the group go
        to: that of the last one."""
        self._launcher_pgid = pgid
        self._not_witnesses.add(role)
        self.enter(role, pid)

    def enter_invocation(self, name: str, pid: int) -> None:
        """Enter another process of ours that is not a witness: a concurrent call of the launcher."""
        self._not_witnesses.add(name)
        self.enter(name, pid)

    def enter(self, role: str, pid: int) -> None:
        """Give a pid its role and listen for its end."""
        self.pids[role] = pid
        self._on_entry(pid)
        if not is_launcher(self._roles.get(pid, "")):
            self._roles[pid] = role
        try:
            pidfd = os.pidfd_open(pid)
        except ProcessLookupError:
            if role != "launcher" or self._status_from != "stage":
                self._end(role)
            return  # its parent on the stage has reaped it already: the status is on its way
        self._pidfds[role] = pidfd
        self._sources.add(pidfd, lambda: self._saw_end(role))

    def _has_ended(self, role: str) -> bool:
        pidfd = self._pidfds.get(role)
        return pidfd is not None and bool(select.select([pidfd], [], [], 0)[0])

    def _saw_end(self, role: str) -> None:
        if self._is_traced or role in self._not_witnesses - {"launcher"}:
            self.reap()  # wait(2) tells us the status of what we trace, and of our own children
        if is_launcher(role):
            for other in [name for name in self._pidfds if name != role and self._has_ended(name)]:
                self._end(other)
            if self._status_from == "wait":
                self.reap()
            elif self._status_from == "stage":
                self._sources.remove(self._pidfds[role])  # readable from now on; the status is on its way
            else:
                self._end(role)
        else:
            self._end(role)

    def _end(self, role: str, status: int | None = None) -> None:
        if role in self._recorder.ended:
            return
        self.witnesses.drain(role)
        pid = self.pids[role]
        pidfd = self._pidfds.get(role)
        if pidfd is not None:
            self._sources.remove(pidfd)
        if status is None and role != "launcher":
            status = self._statuses.get(pid)
        self._recorder.add(role, ended(role, pid, status))

    def reap(self) -> None:
        """Take in what has become of our own children up to now."""
        self._sources.serve_children()

    def changed(self, pid: int, status: int) -> None:
        """Note a wait status, from our own wait or from the launcher's parent on the stage."""
        role = self._roles.get(pid, "")
        if os.WIFSTOPPED(status):
            if role:
                self._recorder.add(role, history.Stopped(role, os.WSTOPSIG(status)))
        elif os.WIFCONTINUED(status):
            if role:
                self._recorder.add(role, history.Continued(role))
        else:
            self._statuses[pid] = status
            if role == "launcher":
                for other in [name for name in self._pidfds if name != "launcher" and self._has_ended(name)]:
                    self._end(other)
            if role:
                self._end(role, status)

    def lost_status(self, role: str) -> None:
        """Note that the launcher's parent on the stage has ended, so the status will not be known."""
        self.reap()
        has_ended = role not in self._pidfds or self._has_ended(role)
        if role in self.pids and role not in self._recorder.ended and has_ended:
            self._end(role)

    def send(self, number: int, to: str) -> history.Sent:
        """Send a signal and return the fact. By pidfd: a pid may have been used again for another process."""
        pid = self.pids.get("launcher" if to == "group" else to, 0)
        try:
            if to == "all":
                self._signal_all(number)
            elif to == "group":
                os.killpg(self._launcher_pgid, number)
            elif to in self._pidfds:
                signal.pidfd_send_signal(self._pidfds[to], number)
            else:
                raise ProcessLookupError
        except OSError as error:
            return history.Sent(number, to, pid, error.errno or 3)
        return history.Sent(number, to, pid)

    def _signal_all(self, number: int) -> None:
        """Signal all processes but the runner, the launcher's parents on the stage, and concurrent invocations."""
        table = processes.table()
        others = {role for role in self._not_witnesses if not is_launcher(role)}
        spared = {pid for role, pid in self.pids.items() if role in others} | self.of_parent(table)
        for pid in processes.below(os.getpid(), table):
            if pid not in spared:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)

    def between(self) -> list[int]:
        """Return the pids from the launcher down that are neither a command nor of one, parents first."""
        table = processes.table()
        launcher = self.pids.get("launcher", 0)
        commands = {self.pids[name] for name in self._commands if name in self.pids}
        if launcher in commands or launcher not in table:
            return []
        spared = commands.union(*(processes.below(command, table) for command in commands))
        return [launcher, *(p for p in processes.below(launcher, table) if p not in spared)]

    def all_processes(self) -> tuple[Process, ...]:
        """Return the process table of this execution, with roles."""
        rows = processes.below(os.getpid(), processes.table_without_gaps())
        roles = dict.fromkeys(self.of_parent(rows), "parent") | self._roles
        named = (Process(p.pid, p.ppid, p.pgid, p.sid, p.state, p.name, roles.get(p.pid, "")) for p in rows.values())
        return tuple(sorted(named, key=lambda process: process.pid))

    def of_parent(self, table: dict[int, Process]) -> frozenset[int]:
        """Return the pids of a real parent's own processes in a process table."""
        return self._parent.own(table) if self._parent else frozenset()

    def watched(self) -> list[int]:
        """Return the pids of all processes that are to rest before anything is judged: all but a real parent's."""
        if not self._parent:
            return quiescence.descendants(os.getpid())
        table = processes.table()
        return sorted(processes.below(os.getpid(), table).keys() - self.of_parent(table))

    def witness_pids(self) -> frozenset[int]:
        """Return the pids of witnesses: they have no timers."""
        others = self._not_witnesses | self._with_timers
        return frozenset(pid for role, pid in self.pids.items() if role not in others)

    def close(self) -> None:
        """Stop listening to processes and witnesses."""
        self.witnesses.close()
        for pidfd in self._pidfds.values():
            self._sources.remove(pidfd)
            with contextlib.suppress(OSError):
                os.close(pidfd)


def ended(role: str, pid: int, status: int | None) -> history.Ended:
    """Make the fact of an end from a wait status, None where it is not known."""
    if status is None:
        return history.Ended(role, pid)
    if os.WIFSIGNALED(status):
        return history.Ended(role, pid, signal=os.WTERMSIG(status))
    return history.Ended(role, pid, code=os.WEXITSTATUS(status))
