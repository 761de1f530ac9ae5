"""The steps of a scenario as lines of Python and in words."""

from __future__ import annotations

import signal

from proctor.harness import scenario as s
from proctor.harness import signals
from proctor.harness.errors import UsageError
from proctor.harness.orders import Ask

UNKNOWN_TO_OLD_PYTHON = ("SIGSTKFLT",)
"""Names that the signal module of the oldest supported Python does not have."""


def number(value: int) -> str:
    """Return a signal as readable Python code."""
    name = signals.name(value)
    if name.startswith("SIGRTMIN+"):
        return f"signal.SIGRTMIN + {name.partition('+')[2]}"
    return f"signal.{name}" if hasattr(signal, name) and name not in UNKNOWN_TO_OLD_PYTHON else str(value)


def not_exported(why: str) -> UsageError:
    """Return the error for a case that cannot become a script, with what to do instead."""
    return UsageError(
        f"this case cannot be exported: {why}. Send the case file itself instead; `proctor replay CASE` plays it, on "
        "any launcher with --target"
    )


def code_of(step: s.Step, times: int = 1, unseen: bool = False, timed: bool = False) -> str:
    """Return the line that carries out a step. times: how often this was waited for, including now; unseen: whether the
    processes that are stopped must not receive a SIGCONT; timed: whether to measure how long signals take."""
    match step:
        case s.Signal(to="all"):
            raise not_exported("a script cannot tell which processes are the launcher's, to signal them all")
        case s.Signal(signal=value, to=to):
            return f"send_to_group(run, {number(value)})" if to == "group" else f"send(run, {number(value)}, {to!r})"
        case s.Press(key=key):
            return f"press(run, {key!r})"
        case s.Type(data=data):
            return f"type_in(run, {data!r})"
        case s.TypePattern(count=count, seed=seed):
            return f"type_pattern(run, {count}, {seed})"
        case s.Resize(rows=rows, columns=columns):
            return f"resize(run, {rows}, {columns})"
        case s.HangUp():
            return "hang_up(run)"
        case s.ClosePipe(stream=stream):
            return f"close_pipe(run, {stream!r})"
        case s.StopReading(stream=output):
            return f"stop_reading(run, {output!r})"
        case s.ReadOn(stream=output, most=most):
            return f"read_on(run, {output!r}{f', {most}' if most else ''})"
        case s.ReadRest():
            return "read_rest(run)"
        case s.MeasureCpu():
            return "measure_cpu(run)"
        case s.Order(text=text, to=to, waits=waits):
            how = "tell" if text.split()[0] in s.ORDERS_WITHOUT_ANSWER or not waits else "order"
            return f"{how}(run, {text!r}{_process(to)}){_about(text)}"
        case s.Hold():
            return "hold_by_ptrace(run)" if unseen else "hold(run)"
        case s.Release():
            return "release_by_ptrace(run)" if unseen else "release(run)"
        case s.Trace(at_reap=at_reap):
            return f"follow(run, {number(at_reap) if at_reap else 0})"
        case s.Settle(limit=limit):
            return f"wait_for_timers(run, {limit:g})" if limit else "settle(run)"
        case s.Look():
            return "note_zombies(run)"
        case s.WaitReceived(signal=value, process=process):
            more = "" if times == 1 else f", times={times}"
            start = f"wait_for_forwarding(run, {process!r}" if timed else f"wait_for(run, {process!r}, 'received'"
            return f"{start}, {signals.name(value)!r}{more})"
        case s.WaitEnds(process=process):
            return f"wait_for(run, {process!r}, 'ended')"
        case s.WaitReady(process=process):
            return f"wait_for(run, {process!r}, 'runs')"
        case s.WaitStopped(process=process):
            return f"wait_until_stopped(run, {process!r})"
        case s.WaitContinued(process=process):
            return f"wait_until_continued(run, {process!r})"
        case s.WaitAnswer(order=word, process=process):
            return f"wait_until_done(run, {word!r}{_process(process)}{'' if times == 1 else f', times={times}'})"
        case s.WaitOutput(text=text):
            return "wait_for_output(run, PROMPT)" if text == "<prompt>" else f"wait_for_output(run, {text!r})"
        case s.NewPhase():
            return "run.part += 1"
    raise not_exported(f"its step {type(step).__name__} needs what only Proctor has")


def _process(process: str) -> str:
    return "" if process == "command" else f", {process!r}"


def _about(text: str) -> str:
    """Return a comment that says what the number in an order means."""
    word, *rest = text.split()
    if word in ("die", "exit-on", "ignore", "inherit", "catch") and rest[0].isdigit():
        return f"  # {signals.name(int(rest[0]))}" if int(rest[0]) else "  # stop handling signals"
    return ""


def words_of(step: s.Step) -> str:
    """Say in words what a step does, for a list of them."""
    match step:
        case s.Signal(signal=value, to=to):
            whom = {"group": "the launcher's process group", "all": "every process"}.get(to, f"the {to}")
            return f"send {signals.name(value)} to {whom}"
        case s.Press(key=key):
            return f"press {key}"
        case s.Type(data=data):
            return f"type {data!r}"
        case s.TypePattern(count=count):
            return f"type {count} bytes"
        case s.Resize(rows=rows, columns=columns):
            return f"resize the terminal to {rows} rows, {columns} columns"
        case s.HangUp():
            return "hang up: close the other end of the terminal"
        case s.ClosePipe(stream=stream):
            return f"close our end of the pipe on {stream}"
        case s.StopReading(stream=output):
            return f"read no more from {output}"
        case s.ReadOn(stream=output, most=most):
            return f"read {most} bytes from {output}" if most else f"read from {output} again"
        case s.ReadRest():
            return "read what is left in stdin"
        case s.MeasureCpu():
            return "measure for a second how much CPU time is used"
        case s.Order(order=Ask(verb=verb)):
            return f"ask the launcher's parent to: {verb}"
        case s.Order(text=text, to=to):
            return f"order the {to} to: {text}{_about(text).replace('  #', ',')}"
        case s.Hold():
            return "stop the launcher"
        case s.Release():
            return "continue the launcher"
        case s.Trace(at_reap=at_reap):
            more = f"; send it {signals.name(at_reap)} when it has reaped the command" if at_reap else ""
            return f"trace the launcher's system calls{more}"
        case s.Settle(limit=limit):
            return f"wait up to {limit:g} s for timers" if limit else "wait until all processes are idle"
        case s.Look():
            return "count the zombies"
        case s.WaitReceived(signal=value, process=process):
            return f"wait until the {process} has received {signals.name(value)}"
        case s.WaitOutput(text="<prompt>"):
            return "wait for the shell's prompt"
        case s.WaitOutput(text=text):
            return f"wait for {text!r} on the terminal"
        case s.WaitAnswer(order=word, process=process):
            return f"wait until the {process} has done: {word}"
        case s.WaitMilestone(name=milestone, process=process):
            return f"wait until the {process} reports: {milestone}"
        case (
            s.WaitEnds(process=process)
            | s.WaitStopped(process=process)
            | s.WaitContinued(process=process)
            | s.WaitReady(process=process)
        ):
            how = {
                s.WaitEnds: "has ended",
                s.WaitStopped: "is stopped",
                s.WaitContinued: "continues",
                s.WaitReady: "runs",
            }[type(step)]
            return f"wait until the {process} {how}"
    return type(step).__name__.lower()
