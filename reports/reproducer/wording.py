"""The steps of a scenario as lines of Python and in words."""

from __future__ import annotations

import signal

from proctor.harness import scenario as s
from proctor.harness import signals
from proctor.harness.errors import UsageError

UNKNOWN_TO_OLD_PYTHON = ("SIGSTKFLT",)
"""Names that the signal module has only since a later version than the oldest that a reproducer runs on."""


def number(value: int) -> str:
    """Return a signal as Python code that reads well."""
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


def code_of(step: s.Step, times: int = 1, unseen: bool = False) -> str:
    """Return the line that does what a step says. times: how often it was waited for the same, this time counted;
    unseen: whether those who are held must not receive a SIGCONT."""
    match step:
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
        case s.Order(text=text, to=to):
            how = "tell" if text.split()[0] in s.ORDERS_WITHOUT_ANSWER else "order"
            return f"{how}(run, {text!r}{_who(to)}){_about(text)}"
        case s.Hold():
            return "hold_unseen(run)" if unseen else "hold(run)"
        case s.Release():
            return "release_unseen(run)" if unseen else "release(run)"
        case s.Trace(at_reap=at_reap):
            return f"follow(run, {number(at_reap) if at_reap else 0})"
        case s.Settle(limit=limit):
            return f"settle_long(run, {limit:g})" if limit else "settle(run)"
        case s.Look():
            return "look(run)"
        case s.WaitReceived(signal=value, process=process):
            more = "" if times == 1 else f", times={times}"
            return f"comes(run, {process!r}, 'received', {signals.name(value)!r}{more})"
        case s.WaitEnds(process=process):
            return f"comes(run, {process!r}, 'ended')"
        case s.WaitReady(process=process):
            return f"comes(run, {process!r}, 'runs')"
        case s.WaitStopped(process=process):
            return f"stops(run, {process!r})"
        case s.WaitContinued(process=process):
            return f"goes_on(run, {process!r})"
        case s.WaitAnswer(order=word, process=process):
            return f"answers(run, {word!r}{_who(process)}{'' if times == 1 else f', times={times}'})"
        case s.WaitOutput(text=text):
            return "prints(run, PROMPT)" if text == "<prompt>" else f"prints(run, {text!r})"
        case s.NewPhase():
            return "run.part += 1"
    raise not_exported(f"its step {type(step).__name__} needs what only Proctor has")


def _who(process: str) -> str:
    return "" if process == "command" else f", {process!r}"


def _about(text: str) -> str:
    """Return a comment that says what the number in an order means."""
    word, *rest = text.split()
    if word in ("die", "exit-on", "ignore", "inherit", "catch") and rest[0].isdigit():
        return f"  # {signals.name(int(rest[0]))}" if int(rest[0]) else "  # handle no signal any more"
    return ""


def words_of(step: s.Step) -> str:
    """Say in words what a step does, for a list of them."""
    match step:
        case s.Signal(signal=value, to=to):
            whom = "the launcher's process group" if to == "group" else f"the {to}"
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
            return "hang up: close the terminal's other end"
        case s.Order(text=text, to=to):
            return f"the {to} is told: {text}{_about(text).replace('  #', ',')}"
        case s.Hold():
            return "hold the launcher still"
        case s.Release():
            return "let the launcher go on"
        case s.Trace(at_reap=at_reap):
            more = f"; {signals.name(at_reap)} when it has reaped the command" if at_reap else ""
            return f"follow the launcher's system calls{more}"
        case s.Settle(limit=limit):
            return f"wait up to {limit:g} s for a timer" if limit else "wait until nobody runs"
        case s.Look():
            return "look at the processes"
        case s.WaitReceived(signal=value, process=process):
            return f"wait until the {process} has received {signals.name(value)}"
        case s.WaitOutput(text="<prompt>"):
            return "wait for the shell's prompt"
        case s.WaitOutput(text=text):
            return f"wait for {text!r} on the terminal"
        case s.WaitAnswer(order=word, process=process):
            return f"wait until the {process} has done: {word}"
        case (
            s.WaitEnds(process=process)
            | s.WaitStopped(process=process)
            | s.WaitContinued(process=process)
            | s.WaitReady(process=process)
        ):
            how = {
                s.WaitEnds: "has ended",
                s.WaitStopped: "is stopped",
                s.WaitContinued: "goes on",
                s.WaitReady: "runs",
            }[type(step)]
            return f"wait until the {process} {how}"
    return type(step).__name__.lower()
