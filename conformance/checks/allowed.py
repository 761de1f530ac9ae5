"""What signals may do: how often a command may receive each, by the script alone.

Standard signals that are sent while one of their kind is pending are lost, and what is pending is delivered lowest
number first, whatever came first (signal(7)). So how often and in which order is certain only of what was waited for;
of several that were sent without waiting, one is as right as all of them.
"""

from __future__ import annotations

import signal
from collections import Counter
from typing import Literal, NamedTuple

from proctor.harness import signals
from proctor.harness.history import DirectiveApplied, History
from proctor.harness.orders import Catch, Default, Ignore, Inherit, OrderToWitness
from proctor.harness.scenario import (
    SIGNALS_OF_KEYS,
    HangUp,
    Hold,
    Order,
    Press,
    Release,
    Resize,
    Scenario,
    Settle,
    Signal,
    WaitEnds,
    WaitReceived,
)
from proctor.harness.schedule import Deliver, PressKey, Schedule

NONE = Schedule()
Cause = Literal["launcher", "group", "command", "key", "window", "hang-up"]
NOT_COUNTED = frozenset(
    (signal.SIGCONT, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU, signal.SIGCHLD, signal.SIGKILL, signal.SIGSTOP)
)
"""Those of job control, which shells and the kernel send on their own account."""
BY_SCRIPT = (signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)
"""Of these, those that are counted where the script itself sends them and nobody does job control."""


class Allowed(NamedTuple):
    """How often a signal has to arrive at the least and may at the most, and what it was sent for."""

    least: int
    most: int
    causes: frozenset[Cause]


class _Account:
    """Adds up, step by step, what the command is sent and what has to have arrived."""

    def __init__(self) -> None:
        self.least: Counter[int] = Counter()
        self.most: Counter[int] = Counter()
        self.causes: dict[int, set[Cause]] = {}
        self._sent: Counter[int] = Counter()
        self._arrived: Counter[int] = Counter()
        self._deaf: set[int] = set()

    def send(self, number: int, cause: Cause) -> None:
        if number not in self._deaf:
            self._sent[number] += 1
            self.most[number] += 1
        self.causes.setdefault(number, set()).add(cause)

    def receive(self, number: int) -> None:
        """One was waited for, and has arrived."""
        self._arrived[number] += 1

    def rest(self) -> None:
        """All has come to rest with the command alive: of each that was sent since the last rest one has arrived at the
        least, and as many as were waited for. Two may have merged on their way, whoever sent them, but for real-time
        signals, which queue; signal(7)."""
        for number, count in self._sent.items():
            self.least[number] += count if number in signals.realtime() else max(1, self._arrived[number])
        self._sent.clear()
        self._arrived.clear()

    def obey(self, order: OrderToWitness) -> None:
        """The command is told what to make of a signal."""
        match order:
            case Catch(signal=number) if number:
                self._deaf.discard(number)
            case Ignore(signal=number) | Default(signal=number) | Inherit(signal=number) if number:
                self._deaf.add(number)


def allowed(scenario: Scenario, schedule: Schedule = NONE) -> dict[int, Allowed]:
    """Return what the command may receive of each signal that this script and schedule have to do with."""
    account = _Account()
    stopped = False
    for step in scenario.steps:
        match step:
            case Signal(signal=signal.SIGSTOP) | Hold():
                stopped = True
            case Signal(signal=signal.SIGCONT) | Release():
                stopped = False
            case Signal(signal=number, to=("launcher" | "group" | "command") as to):
                account.send(number, to)
            case Press(key=key) if key in SIGNALS_OF_KEYS:
                account.send(SIGNALS_OF_KEYS[key], "key")
            case Resize():
                account.send(signal.SIGWINCH, "window")
            case HangUp():
                account.send(signal.SIGHUP, "hang-up")
            case WaitReceived(signal=number, process="command"):
                account.receive(number)
            case Settle() if not stopped:
                account.rest()
            case Order(order=order, to="command"):
                account.obey(order)
            case WaitEnds(process="command"):
                break
    numbers = account.causes.keys()
    rules = {n: Allowed(account.least[n], account.most[n], frozenset(account.causes[n])) for n in numbers}
    return _with(rules, schedule)


def allowed_in(history: History) -> dict[int, Allowed]:
    """Return the same for what was done at points of the launcher as well."""
    carried = tuple(fact.directive for fact in history.facts(DirectiveApplied) if fact.what == "done")
    return allowed(history.scenario, Schedule(carried))


def _with(rules: dict[int, Allowed], schedule: Schedule) -> dict[int, Allowed]:
    """Add what a schedule does: it may reach the command, or merge with what was sent before."""
    for directive in schedule.directives:
        match directive.action:
            case Deliver(signal=number, to=("launcher" | "group") as to):
                _once_more(rules, number, to)
            case PressKey(key=key) if key in SIGNALS_OF_KEYS:
                _once_more(rules, SIGNALS_OF_KEYS[key], "key")
    return rules


def _once_more(rules: dict[int, Allowed], number: int, cause: Cause) -> None:
    rule = rules.get(number, Allowed(0, 0, frozenset()))
    rules[number] = Allowed(rule.least, rule.most + 1, rule.causes | {cause})
