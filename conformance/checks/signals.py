"""Chapter SIG: signals sent to the launcher alone."""

from __future__ import annotations

import signal

from proctor.conformance.checks.common import (
    NotApplicable,
    NotObservable,
    counts_as_bare,
    launcher_is_command,
    launcher_stays,
    missed,
    needs_tracing,
    needs_whole_script,
    parameters_of,
    received,
    unexpected_signals,
)
from proctor.conformance.checks.objections import violation
from proctor.harness import signals
from proctor.harness.awaited import OrderTaken
from proctor.harness.history import History, Reaped, Received, Sent, SignalCall, WaitEnded, WaitFailed
from proctor.harness.scenario import WaitReceived
from proctor.harness.violation import Violation
from proctor.harness.words import awaited

FORWARD_WITHIN = 0.050
"""Seconds; SIG-9."""


def sent_to_launcher(history: History) -> list[int]:
    """Return the signals that the launcher was sent, in order; SIGSTOP, which nobody can forward, left out."""
    return [f.signal for f in history.facts(Sent) if f.to == "launcher" and signals.name(f.signal) != "SIGSTOP"]


def reaches_command(history: History, bare: History) -> list[Violation]:
    """SIG-1, SIG-3, SIG-4: what is sent to the launcher reaches the command, and the launcher stays."""
    return _reach_command(history, bare, sent_to_launcher(history))


def _reach_command(history: History, bare: History, numbers: list[int]) -> list[Violation]:
    found = counts_as_bare(history, bare, dict.fromkeys(numbers), fewest=True, most=False)
    return launcher_stays(history) + (found or missed(history))


def exactly_once(history: History, bare: History) -> list[Violation]:
    """SIG-2, SIG-3, SIG-4: as often as it was sent, and in that order."""
    numbers = dict.fromkeys(sent_to_launcher(history))
    found = counts_as_bare(history, bare, numbers, fewest=True, most=True) or missed(history)
    if found:
        return found
    order = [f.signal for f in history.facts(Received) if f.process == "command" and f.signal in numbers]
    if order == sent_to_launcher(history):
        return []
    return [violation("out-of-order", order=_names(sent_to_launcher(history)), actual=_names(order))]


def once_if_at_all(history: History, bare: History) -> list[Violation]:
    """SIG-2: as exactly_once, and nothing else comes; a signal that never reaches the command is SIG-1's matter."""
    if any(not received(history)[number] for number in sent_to_launcher(history)):
        raise NotObservable("a signal did not reach the command at all: see SIG-1")
    if launcher_stays(history):
        raise NotObservable("the launcher ended of a signal: see SIG-5")
    return exactly_once(history, bare) or counts_as_bare(
        history, bare, unexpected_signals(history, bare), fewest=False, most=True
    )


def _names(numbers: list[int]) -> str:
    return ", ".join(map(signals.name, numbers))


def none_unasked(history: History, bare: History) -> list[Violation]:
    """SIG-2: while no signal is sent the command receives none, and runs until it is told to exit."""
    if launcher_stays(history):
        raise NotObservable("the launcher ended before the command did: see EXIT-3")
    found = counts_as_bare(history, bare, unexpected_signals(history, bare), fewest=False, most=True)
    not_taken = [event.index for event, miss in history.all(WaitFailed) if isinstance(miss.awaited, OrderTaken)]
    if not found and not_taken:
        return [violation("ended-unasked", not_taken[0])]
    if not found:
        needs_whole_script(history)
    return found


def each_one_taken_once(history: History, bare: History) -> list[Violation]:
    """SIG-2 with the launcher traced: as once_if_at_all; and nothing sent can have merged."""
    needs_tracing(history)
    return once_if_at_all(history, bare)


def never_signals_reaped(history: History, bare: History) -> list[Violation]:
    """SIG-8: no signal is sent to the command's pid after the call that reaped it. One to the process group of that
    number is none: others may be left in it (dumb-init ends them so)."""
    needs_tracing(history)
    reaped = next(((event.index, fact.pid) for event, fact in history.all(Reaped)), None)
    if not reaped:
        if launcher_is_command(history):
            raise NotApplicable("the launcher has replaced itself by the command")
        raise NotObservable("the launcher was not seen to reap the command")
    index, pid = reaped
    return [
        violation(
            "signalled-after-reaping", index, event.index, pid=pid, call=fact.call, signal=signals.name(fact.signal)
        )
        for event, fact in history.all(SignalCall)
        if event.index > index and fact.pid == pid and fact.signal
    ]


def launcher_survives(history: History, bare: History) -> list[Violation]:
    """SIG-5: a signal that the command ignores or handles does not end the launcher."""
    return launcher_stays(history) or missed(history)


def nothing_lost_while_stopped(history: History, bare: History) -> list[Violation]:
    """SIG-10: what is sent between SIGSTOP and SIGCONT reaches the command; SIGCONT itself is SIG-4's matter."""
    return _reach_command(history, bare, [n for n in sent_to_launcher(history) if n != signal.SIGCONT])


def forwarded_in_time(history: History, bare: History) -> list[Violation]:
    """SIG-9: within 50 ms. What counts is the time in which everyone was seen to be blocked while the signal was
    under way: a loaded machine makes nobody slow by that measure, a launcher that waits for its next tick is."""
    needs_whole_script(history)
    found = []
    for event, fact in history.all(WaitEnded):
        if isinstance(fact.awaited, WaitReceived) and fact.idle > FORWARD_WITHIN:
            found.append(
                violation(
                    "delivered-late",
                    event.index,
                    awaited=awaited(fact.awaited),
                    **parameters_of(fact.awaited),
                    seconds=round(fact.seconds * 1e3),
                    idle=round(fact.idle * 1e3),
                )
            )
    return found
