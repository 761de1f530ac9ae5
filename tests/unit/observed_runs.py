"""A history as the run of an exported script, which would have observed the same. It shows what scripts know of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from proctor.conformance.checks.common import NotObservable, alive, at_end
from proctor.conformance.checks.terminal import _foreground_moved
from proctor.harness.awaited import OrderTaken
from proctor.harness.explorer.model import SHELLS
from proctor.harness.history import (
    Answered,
    ChoiceRefused,
    CpuUsed,
    Descriptor,
    Ended,
    Event,
    History,
    HungUp,
    Inherited,
    NotReached,
    Ordered,
    Output,
    Outputs,
    PipeClosed,
    Pressed,
    Reaped,
    Received,
    Released,
    RestRead,
    Sent,
    SignalCall,
    Snapshot,
    Started,
    TempFilesLeft,
    Unobserved,
    WaitEnded,
    WaitFailed,
    WitnessReady,
)
from proctor.harness.scenario import WaitReceived
from proctor.harness.schedule import Hold
from proctor.harness.signals import name
from proctor.harness.words import STATUS_FLAGS, awaited
from proctor.reports.reproducer.parts.inherited import note_start
from proctor.reports.reproducer.parts.marks import Question
from proctor.reports.reproducer.parts.observed_run import ObservedRun
from proctor.reports.reproducer.parts.steps import note_processes_left, note_terminal
from tests.unit.histories import LEADER


def observed(history: History, question: Question) -> ObservedRun:
    """Return the run. RuntimeError: what the script would raise while it plays."""
    run = ObservedRun.__new__(ObservedRun)
    run.launcher, run.events, run.pids, run.timed_out, run.output = ["launcher"], [], {}, "", ""
    if history.scenario.stage.parent in SHELLS:
        run.pids["shell"] = LEADER
    for event in history.events:
        match event.fact:
            case Started(process=process, pid=pid) | WitnessReady(process=process, pid=pid):
                run.pids[process] = pid
            case Output(data=data):
                run.output += data.decode(errors="replace").replace("witness", sys.executable)
            case WaitFailed(awaited=OrderTaken(process=process, order=order)):
                run.timed_out = f"{process} is there to take the order: {order}"
            case WaitFailed(awaited=what):
                run.timed_out = awaited(what)
            case Unobserved():
                raise RuntimeError("ptrace is refused")
            case ChoiceRefused(choice=choice):
                raise RuntimeError(f"the launcher cannot go on with: {choice}")
            case NotReached(directive=directive) if not isinstance(directive.action, Hold):
                raise RuntimeError("the launcher did not reach: " + str(directive.at))
        run.events += [*_events(event, history, run, question)]
    if question.at_end:
        try:
            at_end(history)
        except NotObservable:
            raise RuntimeError("the processes were ended before the last look") from None
    if note_processes_left in question.at_end:
        run.events += [("left", process.role or process.name) for process in alive(at_end(history))]
    run.events += [("files", [*fact.paths]) for fact in history.facts(TempFilesLeft)]
    if (note_terminal in question.at_end or question.is_scheduled) and (
        not run.timed_out or run.all("ended", "launcher")
    ):
        look = at_end(history)
        flags = [name for name, bit in STATUS_FLAGS.items() if look.flags & bit]
        run.events.append(("modes", look.modes, look.characters, (look.rows, look.columns), flags))
        run.events.append(("foreground", not _foreground_moved(history)))
    return run


def _events(event: Event, history: History, run: ObservedRun, question: Question) -> Iterator[tuple[Any, ...]]:
    """Yield what the script would note of an event."""
    match event.fact:
        case WitnessReady(process=process, pid=pid, inherited=inherited):
            yield "runs", process, pid
            view = inherited.terminal
            if note_terminal in question.at_end and process == "command":
                yield "modes before", view.modes, view.characters
            if question.is_plain and process == "command":
                yield "signals", [*map(name, inherited.blocked)], [*map(name, inherited.ignored)]
            if note_start in question.at_start and process == "command":
                yield "started with", _start(inherited, history)
            if "view" in question.orders and process == "command":
                of_terminal = (view.isatty, view.dev_tty, view.rows, view.columns, view.modes, view.characters)
                yield "did", process, "view", *of_terminal, view.foreground == inherited.pgid
        case Sent(signal=number, to=to, errno=0):
            yield "sent", number, to
        case Pressed(key=key):
            yield "pressed", key
        case HungUp():
            yield ("hung up",)
        case CpuUsed(seconds=seconds, during=during, ready=is_ready):
            yield "cpu time", seconds / during, is_ready
        case Ordered(process=process):
            yield "told", process, len(run.output)
        case Released():
            yield ("released",)
        case Output(stream="stdout", data=data):
            yield "stdout", data
        case Output(stream="stderr", data=data):
            yield "stderr", data
        case PipeClosed(stream=stream):
            yield "closed", stream
        case RestRead(data=data):
            yield "unread", data
        case Answered(process=process, order=order, count=count, crc=crc, error=error):
            yield "did", process, order, count, crc, error
            if order == "write":
                yield "printed", _carried(history, event)
                yield "stdout", _carried(history, event)
        case Received(process=process, signal=number) if name(number) != "SIGCHLD":  # the script's command ignores it
            yield "received", process, name(number), "from", "somewhere"
        case SignalCall(pid=pid, signal=number):
            yield "called", pid, number
        case Reaped(pid=pid):
            yield "reaped", pid
        case WaitEnded(awaited=WaitReceived(), idle=idle):
            yield "forwarded", idle, 0.0
        case Ended(process=process, code=code, signal=number):
            if process == "command" and number is not None and question.is_scheduled:
                yield "died", "command"
            yield "ended", process, (code if number is None else 128 + number) if process == "launcher" else ""
        case Snapshot(when="step", processes=processes):
            spared = {run.pids.get("command")} - {run.pids.get("launcher")}
            dead = [one for one in processes if one.state == "Z" and one.ppid not in spared and one.role != "leader"]
            yield "zombies", [one.pid for one in dead]


def _start(inherited: Inherited, history: History) -> dict[str, Any]:
    """Return what the command of a script would report of its start."""
    stdio = next(fact.stdio for fact in history.facts(Started) if fact.process == "launcher")
    pid = next(fact.pid for fact in history.facts(Started) if fact.process == "launcher")
    rows = {row.pid: row for look in history.facts(Snapshot) for row in look.processes}
    return {
        "descriptors": {one.fd: (*_file(one), one.flags, bool(one.owner), one.signal) for one in inherited.fds},
        "attributes": inherited.attributes, "is the launcher": pid == inherited.pid,
        "given": [_file(one) for one in stdio], "arguments": [*inherited.args], "environment": [*inherited.environ],
        "umask": inherited.umask, "nice": inherited.nice, "limits": [*inherited.limits],
        "groups": [*inherited.groups], "uid": inherited.uid, "gid": inherited.gid, "directory": inherited.cwd,
        "session": inherited.sid, "session of the launcher": rows[pid].sid if pid in rows else inherited.sid,
        "is in foreground": inherited.terminal.foreground == inherited.pgid,
    }  # fmt: skip


def _file(one: Descriptor) -> tuple[int, int, int]:
    return one.dev, one.ino, one.rdev


def _carried(history: History, written: Event) -> bytes:
    """Return bytes that are others where the terminal carried others after this order."""
    after = (fact for event, fact in history.all(Outputs) if event.index > written.index and fact.stream != "stderr")
    return next((f"{fact.count} bytes, checksum {fact.crc}\n".encode() for fact in after), b"")
