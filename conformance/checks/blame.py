"""Which requirement it is that a generated script has shown to be broken: for the oracle (interleavings)."""

from __future__ import annotations

import signal

from proctor.conformance.checks.allowed import NOT_COUNTED, Allowed, allowed
from proctor.conformance.checks.common import end_of, received
from proctor.harness import signals
from proctor.harness.awaited import Awaited, OrderTaken
from proctor.harness.history import DirectiveApplied, Ended, Event, History, HungUp, Ordered, Pressed, Sent, SettleEnded
from proctor.harness.orders import Spawn
from proctor.harness.scenario import (
    SIGNALS_OF_KEYS,
    Order,
    WaitAnswer,
    WaitContinued,
    WaitEnds,
    WaitOutput,
    WaitReceived,
    WaitStopped,
)
from proctor.harness.schedule import Deliver, PressKey


def delivered(history: History) -> list[Event]:
    """Return what a schedule has done to the launcher: where a signal was sent or a key pressed at a point of it."""
    return [e for e, fact in history.all(DirectiveApplied) if isinstance(fact.directive.action, Deliver | PressKey)]


def of_moment(history: History) -> str:
    """Return the requirement that speaks of the moment at which a schedule did something: the start, which is over when
    all is at rest for the first time, or the end. "" where there was no such moment."""
    done = delivered(history)
    if not done:
        return ""
    rest = next((e.index for e, _ in history.all(SettleEnded)), len(history.events))
    if done[0].index < rest:
        return "SIG-6"
    end = end_of(history, "command")
    return "SIG-7" if end and done[-1].index > end[0].index else ""


def of_end(history: History) -> str:
    """Return the requirement for what ended the launcher: the last stimulus with the signal of which it ended; without
    one, the last stimulus before its end."""
    end = end_of(history, "launcher")
    assert end
    stimuli = [e.fact for e in history.events[: end[0].index] if isinstance(e.fact, Sent | Pressed | HungUp)]
    fatal = [fact for fact in stimuli if end[1].signal is not None and _signal_of(fact) == end[1].signal]
    last = next(reversed(fatal or stimuli), None)
    if moment := of_moment(history):
        return moment
    if isinstance(last, Pressed):
        return "TTY-3" if last.key == "ctrl-z" else "TTY-2" if last.key == "ctrl-\\" else "TTY-1"
    if isinstance(last, HungUp):
        return "TTY-4"
    if not isinstance(last, Sent) or last.to == "command":
        return "EXIT-3"
    # it may have done with the signal what it should, and ended all the same
    return "SIG-5" if received(history)[last.signal] else _of_lost(history, last.signal)


def _signal_of(fact: Sent | Pressed | HungUp) -> int:
    """Return the signal that a stimulus gives the launcher; 0 if none, or only the command gets it."""
    if isinstance(fact, Sent):
        return 0 if fact.to == "command" else fact.signal
    if isinstance(fact, Pressed):
        return next((number for name, number in SIGNALS_OF_KEYS.items() if name == fact.key), 0)
    return signal.SIGHUP


def of_signal(history: History, number: int, rule: Allowed, few: bool) -> str:
    """Return the requirement that a signal breaks which comes too seldom or too often. One that came by several ways
    is held against the weakest: a launcher may declare that it doubles what is sent to the group."""
    if "group" in rule.causes and not few:
        return "TREE-5"
    if history.scenario.stage.parent == "init" and few:
        return "TREE-6"
    if "key" in rule.causes:
        return "TTY-2" if number == signal.SIGQUIT else "TTY-1"
    if "window" in rule.causes:
        return "TTY-5"
    if "group" in rule.causes:
        return "TREE-4"
    if not few:
        return _of_unasked(history) if not rule.causes else "SIG-2"
    if number == signal.SIGINT:
        return "SIG-3"
    if number in signals.realtime() and received(history)[number]:
        return "SIG-4"  # some have come: what was lost is that they queue
    if any(f.signal == signal.SIGSTOP and f.to == "launcher" for f in history.facts(Sent)):
        return "SIG-10"
    return "SIG-1" if number in signals.COMMON_SIGNALS else "SIG-4"


def _of_unasked(history: History) -> str:
    """Return the requirement that a signal breaks which nobody has sent: that of the key where there was only one."""
    keys = [fact.key for fact in history.facts(Pressed)]
    if not keys or any(fact.to != "command" for fact in history.facts(Sent)):
        return "SIG-2"
    return "TTY-2" if keys[-1] == "ctrl-\\" else "TTY-1"


def of_missed(history: History, awaited: Awaited) -> str:
    """Return the requirement that is broken where this did not come."""
    match awaited:
        case WaitReceived(signal=number):
            return _of_lost(history, number if number in allowed(history.scenario) else 0)
        case WaitEnds(process="command"):
            return _of_unended(history)
        case WaitEnds(process="launcher"):
            return _of_staying(history)
        case OrderTaken(process="command") | WaitAnswer() if end_of(history, "launcher"):
            return of_end(history)  # whichever of the two deaths was seen first: nothing orders them
        case WaitOutput() | WaitStopped() | WaitContinued():
            return "TTY-3"
        case WaitAnswer():
            return "TTY-8"
        case _:
            return "EXIT-3"


def _of_unended(history: History) -> str:
    """Return the requirement that is broken where the command does not end, which the bare command does."""
    if number := _last_sent(history):
        return _of_lost(history, number)
    sent = history.facts(Sent)
    # sent to the command itself: it was started with another disposition than the bare command
    return "INHERIT-1" if sent and sent[-1].to == "command" else "EXIT-3"


def _of_lost(history: History, number: int) -> str:
    rule = allowed(history.scenario).get(number, Allowed(1, 1, frozenset()))
    return "TTY-4" if "hang-up" in rule.causes else of_signal(history, number, rule, few=True)


def _last_sent(history: History) -> int:
    """Return the signal that was last sent on its way to the command, 0 where there was none."""
    for event in reversed(history.events):
        match event.fact:
            case Sent(signal=number, to=("launcher" | "group")) if number not in NOT_COUNTED:
                return number
            case Pressed() | HungUp():
                return _signal_of(event.fact)
            case Ordered() | Sent():
                return 0
    return 0


def _of_staying(history: History) -> str:
    """Return the requirement that a launcher breaks which does not end with its command."""
    orders = [step.order for step in history.scenario.steps if isinstance(step, Order)]
    spawned = [order for order in orders if isinstance(order, Spawn)]
    if spawned and all(order.orphan and order.session for order in spawned):
        return "TREE-7"
    return "EXIT-6" if spawned else "EXIT-1"


def of_status(history: History, its: Ended) -> str:
    """Return the requirement that is broken by a status which is not `its`, the command's."""
    if history.scenario.stage.parent == "init":
        return "TREE-6"
    if moment := of_moment(history):
        return moment
    signalled = any(fact.to != "command" for fact in history.facts(Sent)) or history.facts(Pressed)
    if signalled and its.signal is None:
        return "EXIT-7"
    return "EXIT-2" if its.signal is not None else "EXIT-1"
