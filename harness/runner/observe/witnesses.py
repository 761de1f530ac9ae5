"""Connections of witnesses: what they report, and the orders they are given."""

from __future__ import annotations

import itertools
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from proctor.harness import history
from proctor.harness.runner import processes
from proctor.harness.runner.observe.command import has_witness_library
from proctor.harness.runner.observe.listeners import Listeners
from proctor.harness.runner.observe.peers import Peer, Refusals, peer_of, why_refused
from proctor.harness.runner.observe.witness_reports import (
    LONGEST_LINE,
    Greeting,
    JoinReport,
    MilestoneReport,
    OrderReport,
    OwnReport,
    Report,
    SignalReport,
    ViewReport,
    parse,
)
from proctor.harness.runner.recorder import Recorder
from proctor.harness.runner.sources import Sources
from proctor.harness.runner.start import spawn

MOST_SILENT = 64
"""Connections that have reported nothing yet. A witness reports at once."""
COMMAND = "command"
"""The name that a command gives in its greeting."""
BACKEND, PARENT = "backend", "parent"
"""Helpers, which connect without being witnesses: a build backend, and the launcher's parent, a real program."""


class ParentListener(Protocol):
    """Takes in what a real parent of the launcher tells."""

    def joined(self, pid: int, through: tuple[str, ...], shell: str) -> None:
        """It runs."""

    def owns(self, pids: tuple[int, ...]) -> None:
        """It has started these."""

    def answered(self, what: str, error: int, text: str) -> None:
        """It has done what it was asked for, or could not."""


class _Connection:
    def __init__(self, end: socket.socket, peer: Peer, prefix: str, command: str) -> None:
        self.socket = end
        self.peer, self.pid = peer, peer.pid
        self.prefix, self.command = prefix, command
        self.name = ""
        self.unread = bytearray()


class Witnesses:
    """Listens on sockets in the scratch directory. `on_greeting(name, pid)` is called for each new witness; `role_of`
    returns the role of a pid as a witness sees it."""

    def __init__(
        self,
        sources: Sources,
        listeners: Listeners,
        recorder: Recorder,
        path: str,
        on_greeting: Callable[[str, int], None],
        role_of: Callable[[int], str],
    ) -> None:
        self._sources = sources
        self._kept = listeners
        self._recorder = recorder
        self._connections: dict[int, _Connection] = {}
        self._by_name: dict[str, _Connection] = {}
        self._on_greeting, self._role_of = on_greeting, role_of
        self.on_command: Callable[[int], None] = lambda _: None
        """Called with the pid of each new witness."""
        self.after_greeting: Callable[[str, int], None] = lambda *_: None
        """Called with the name and the pid of each new witness, once it is recorded."""
        self.parent: ParentListener | None = None
        """Who takes in what a real parent of the launcher tells."""
        self._impostor = False
        self._refusals = Refusals(recorder)
        self._awaited_names = {COMMAND}
        """Names of witnesses that there may be: others are made by the order `spawn`."""
        self._reaped_before = processes.reaped_usage()
        self._listeners: dict[str, socket.socket] = {}
        self.listen(path)

    def listen(self, path: str, prefix: str = "", command: str = COMMAND) -> None:
        """Listen at a path; the names of witnesses that report there begin with the prefix. command: the name of the
        command that reports there."""
        listener = self._listeners[path] = self._kept.at(path)
        self._sources.add(listener.fileno(), lambda: self._accept(listener, prefix, command))

    def _accept(self, listener: socket.socket, prefix: str, command: str) -> None:
        try:
            end, _ = listener.accept()
        except OSError:
            return
        peer = peer_of(end)
        if why := why_refused(peer):
            end.close()
            self._refusals.note(peer, why)
            return
        end.setblocking(False)
        connection = _Connection(end, peer, prefix, command)
        self._connections[end.fileno()] = connection
        self._sources.add(end.fileno(), lambda: self._read(connection))
        self._close_silent()

    def _close_silent(self) -> None:
        """Close the oldest connection that has reported nothing, where there are too many."""
        silent = [one for one in self._connections.values() if not one.name]
        if len(silent) > MOST_SILENT:
            self._forget(silent[0])
            self._refusals.note(silent[0].peer, "silent")

    def _read(self, connection: _Connection) -> None:
        try:
            data = connection.socket.recv(1 << 18)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._forget(connection)
            return
        connection.unread += data
        if b"\n" in data:
            *lines, connection.unread = connection.unread.split(b"\n")
            for line in lines:
                self._take(connection, bytes(line))
        elif len(connection.unread) > LONGEST_LINE:
            self._forget(connection)

    def _forget(self, connection: _Connection) -> None:
        fd = connection.socket.fileno()
        if fd >= 0:
            self._sources.remove(fd)
            self._connections.pop(fd, None)
            connection.socket.close()

    def drain(self, name: str) -> None:
        """Take in all that this witness has reported up to now."""
        connection = self._by_name.get(name)
        while connection and connection.socket.fileno() >= 0:
            try:
                if not connection.socket.recv(1, socket.MSG_PEEK):
                    return
            except OSError:
                return
            self._read(connection)

    def _take(self, connection: _Connection, line: bytes) -> None:
        """Take one message. Any process of the launcher can connect: a message of another form is not a witness'."""
        report = parse(line)
        if isinstance(report, Greeting):
            if not connection.name:
                self._greet(connection, report)
        elif isinstance(report, JoinReport):
            self._join(connection, report)
        elif isinstance(report, OwnReport):
            if connection.name == PARENT and self.parent:
                self.parent.owns(report.pids)
        elif report and connection.name in self._by_name:
            self._record(connection.name, report)

    def _record(self, name: str, report: Report) -> None:
        """Record what a witness reports."""
        match report:
            case SignalReport(sender=sender):
                at = round(self._recorder.since_start(report.at), 6)
                role = self._role_of(sender)
                self._recorder.add(name, history.Received(name, report.signal, report.code, sender, at, role))
            case OrderReport():
                numbers = report.count, report.crc, report.error
                self._recorder.add(name, history.Answered(name, report.order, *numbers, report.text))
                if name == PARENT and self.parent:
                    self.parent.answered(report.order, report.error, report.text)
            case MilestoneReport():
                self._recorder.add(name, history.Milestone(name, report.name))
            case ViewReport():
                self._recorder.add(name, history.TerminalState(name, report.pgid, report.sid, report.terminal))

    def _note_impostor(self, pid: int) -> None:
        if not self._impostor:
            self._impostor = True
            self._recorder.add("runner", history.Unobserved("other-program", pid))

    def _join(self, connection: _Connection, report: JoinReport) -> None:
        """Take in a helper that is not a witness but takes orders. A second one need not wait."""
        name = report.name
        is_parent = name == PARENT and self.parent is not None and self._role_of(connection.pid) == PARENT
        if connection.name or not (name == BACKEND or is_parent):
            return
        if name in self._by_name:
            self._forget(connection)
            return
        connection.name = name
        self._by_name[name] = connection
        if is_parent and self.parent:
            self.parent.joined(connection.pid, report.through, report.shell)
        else:
            self._on_greeting(name, connection.pid)
        self._recorder.add(name, history.HelperReady(name, connection.pid))

    def _greet(self, connection: _Connection, hello: Greeting) -> None:
        """Take in a new witness, if it is one."""
        pid = connection.pid
        is_ours = _is_witness(pid) or has_witness_library(pid)
        if hello.name not in self._awaited_names or not is_ours:
            self._note_impostor(pid)
            return
        is_command = hello.name == COMMAND
        name = connection.prefix + (connection.command if is_command else hello.name)
        name = self._unused(name)  # a launcher may start its command twice, and a parent the launcher
        connection.name = name
        self._by_name[name] = connection
        self._on_greeting(name, pid)
        self.on_command(pid)
        is_first = is_command and name == connection.command
        used = self._used(pid) if is_first else processes.Usage()
        self._recorder.add(name, history.WitnessReady(name, pid, hello.inherited, used.cpu_seconds, used.page_faults))
        self.after_greeting(name, pid)

    def _unused(self, name: str) -> str:
        """Return this name, or with the number that makes it the next one: command-2."""
        if name not in self._by_name:
            return name
        return next(other for number in itertools.count(2) if (other := f"{name}-{number}") not in self._by_name)

    def _used(self, pid: int) -> processes.Usage:
        """Return what a process and its ancestors, with all that they and we have reaped, have used so far."""
        now, before = processes.usage_up_from(pid), self._reaped_before
        return processes.Usage(round(now.cpu_seconds - before.cpu_seconds, 6), now.page_faults - before.page_faults)

    def order(self, name: str, text: str) -> bool:
        """Send one order; return whether there was a witness to send it to."""
        connection = self._by_name.get(name)
        if not connection or connection.socket.fileno() < 0:
            return False
        if text.startswith("spawn "):
            self._awaited_names.add(text.split()[1])
        try:
            connection.socket.sendall(text.encode() + b"\n")
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Close all connections and stop listening."""
        for connection in list(self._connections.values()):
            self._forget(connection)
        for listener in self._listeners.values():
            self._sources.remove(listener.fileno())


def _is_witness(pid: int) -> bool:
    """Whether this process runs our program. One that hides what it runs (another user's) is believed."""
    try:
        runs = os.stat(f"/proc/{pid}/exe")
    except OSError:
        return True
    return any(_runs_this(pid, runs, program) for program in spawn.WITNESSES.values())


def _runs_this(pid: int, runs: os.stat_result, program: Path) -> bool:
    ours = os.stat(program)
    is_ours = (runs.st_dev, runs.st_ino) == (ours.st_dev, ours.st_ino)
    return runs.st_size == ours.st_size and (is_ours or _same(pid, program))


def _same(pid: int, program: Path) -> bool:
    """Whether the program of a process is a copy of ours: a launcher may run its command in a place of its own."""
    try:
        with open(f"/proc/{pid}/exe", "rb") as its, open(program, "rb") as ours:
            return its.read() == ours.read()
    except OSError:
        return True
