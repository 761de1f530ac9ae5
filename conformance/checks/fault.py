"""FAULT: a system call of the launcher fails once.

The histories are those of executions under a schedule that makes one call fail; they are compared with an undisturbed
execution of the same launcher, not with the bare command: what it does in any case is for other chapters.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import NamedTuple

from proctor.conformance.checks.common import (
    NotObservable,
    end_key,
    end_of,
    needs_tracing,
    received,
    status,
)
from proctor.conformance.checks.moments import (
    changed_at_end,
    needs_points,
    other_status,
    outlived,
    still_there,
)
from proctor.conformance.checks.objections import violation
from proctor.harness import signals, words
from proctor.harness.failing_calls import MADE_BY_RUNTIMES
from proctor.harness.history import (
    DirectiveApplied,
    Event,
    History,
    Inherited,
    Output,
    Outputs,
    Sent,
    WaitFailed,
    WitnessReady,
    is_outside,
)
from proctor.harness.schedule import Fail, Failure, Point
from proctor.harness.violation import Value, Violation
from proctor.harness.words import how_ended

OWN_STATUSES = (125, 126, 127)
"""The exit codes that env(1), nohup(1), timeout(1) and shells keep for their own failures."""


class Failed(NamedTuple):
    """What was made to fail: the event, the point, and how."""

    event: int
    at: Point
    how: Failure


def ends_or_goes_on(history: History, bare: History) -> list[Violation]:
    """FAULT-1: it goes on as if nothing had failed, or ends with a status that is not 0."""
    failed, launcher, its = _failed(history), end_of(history, "launcher"), end_of(bare, "launcher")
    if launcher is None:
        return _hangs(history, failed)
    if status(launcher[1]) is None:
        raise NotObservable("how the launcher ended is not known")
    if status(launcher[1]) != 0 or (its and status(its[1]) == 0):
        return []
    said = "the command ended otherwise" if _ready(history) else "the command was not run"
    return [violation("success-despite-failure", failed.event, launcher[0].index, call=failed.at.call, said=said)]


def nothing_left(history: History, bare: History) -> list[Violation]:
    """FAULT-2: no process, no file, no changed terminal is left. A launcher that does not end is FAULT-1's; and one
    whose allocator ends it with a signal, because there is no memory, cannot remove anything more."""
    failed, launcher = _failed(history), end_of(history, "launcher")
    if launcher is None or (failed.at.call == "mmap" and launcher[1].signal):
        return []
    undisturbed = end_of(bare, "launcher")
    leaves = undisturbed is None or outlived(bare, undisturbed, bare, failed.event)
    left = [] if leaves else outlived(history, launcher, bare, failed.event)
    return left or changed_at_end(history, bare)


def says_what_failed(history: History, bare: History) -> list[Violation]:
    """FAULT-3: where the command is not run, stderr says why, and the status is none that a command gives. Not where
    the dynamic loader or an interpreter made the call: what they say is not the launcher's."""
    failed, launcher = _failed(history), end_of(history, "launcher")
    if launcher is None or _ready(history) or failed.at.call in MADE_BY_RUNTIMES:
        return []
    if status(launcher[1]) in (0, None) or not isinstance(failed.how, Fail):
        return []
    events = failed.event, launcher[0].index
    about: dict[str, Value] = {"call": failed.at.call, "error": failed.how.error}
    text = b"".join(fact.data for fact in history.facts(Output) if fact.stream == "stderr").decode("utf-8", "replace")
    if not _names(text, failed.how):
        return [violation("failure-not-named", *events, output=repr(text[:200]) if text else "nothing", **about)]
    if launcher[1].code not in OWN_STATUSES:
        how = how_ended(launcher[1])
        return [violation("failure-status", *events, how=how, end=end_key(launcher[1]), call=failed.at.call)]
    return []


def state_is_kept(history: History, bare: History) -> list[Violation]:
    """FAULT-4: a command that is run is run as without the failure, unless the launcher says that it is not."""
    failed = _failed(history)
    if not _ready(history) or _said(history) != _said(bare):
        return []
    if changed := _other_state(history, bare, failed):
        return changed
    if lost := _lost(history, bare):
        return [violation("signal-after-failure", failed.event, signal=signals.name(lost), call=failed.at.call)]
    return []


def interruption_changes_nothing(history: History, bare: History) -> list[Violation]:
    """FAULT-6: after an interrupted call all is as without it."""
    failed, launcher = _failed(history), end_of(history, "launcher")
    if launcher is None:
        return _hangs(history, failed)
    if status(launcher[1]) is None:
        raise NotObservable("how the launcher ended is not known")
    wrong = other_status(launcher, history, bare, (failed.event,)) or nothing_left(history, bare)
    wrong = wrong or _other_state(history, bare, failed)
    if not wrong and (lost := _lost(history, bare)):
        return [violation("signal-after-failure", failed.event, signal=signals.name(lost), call=failed.at.call)]
    return wrong


GOES_ON = "goes on"


def outcome(history: History, undisturbed: History) -> str:
    """Say in a few words what came of a failing call: for the map of points."""
    launcher, its = end_of(history, "launcher"), end_of(undisturbed, "launcher")
    if launcher is None:
        return "does not end"
    if its and _ready(history) and status(launcher[1]) == status(its[1]):
        return GOES_ON
    return how_ended(launcher[1])


def _failed(history: History) -> Failed:
    """Return what was made to fail; NotObservable where nothing was."""
    needs_tracing(history)
    needs_points(history)
    for event, fact in history.all(DirectiveApplied):
        if isinstance(fact.directive.action, Failure):
            return Failed(event.index, fact.directive.at, fact.directive.action)
    raise NotObservable("no call was made to fail")


def _hangs(history: History, failed: Failed) -> list[Violation]:
    """The launcher has not ended. Only where it is proven that it never would: another may try again later."""
    for miss in history.facts(WaitFailed):
        if not miss.sure or any(map(is_outside, miss.open)):
            raise NotObservable(f"the launcher has not ended, but may still: {words.timed_out(miss)}")
    return still_there(history, failed.event)


def _ready(history: History) -> tuple[Event, WitnessReady] | None:
    return next(((event, fact) for event, fact in history.all(WitnessReady) if fact.process == "command"), None)


def _names(text: str, how: Fail) -> bool:
    """Whether a message says why a call failed: by the error's text, name or number. pthread_create(3) says EAGAIN for
    ENOMEM as well."""
    errors = (how,) if how.error != "ENOMEM" else (how, Fail("EAGAIN"))
    known = (rf"{re.escape(os.strerror(e.number))}|{e.error}|(?:errno|error)\W+{e.number}\b" for e in errors)
    return re.search("|".join(known), text, re.IGNORECASE) is not None


def _said(history: History) -> int:
    """Return how many bytes were written where messages go."""
    return sum(fact.count for fact in history.facts(Outputs) if fact.stream in ("stderr", "terminal"))


def _lost(history: History, bare: History) -> int | None:
    """Return the signal that the command did not receive, though the launcher had not ended when it was sent."""
    launcher = end_of(history, "launcher")
    for event, fact in history.all(Sent):
        was_there = fact.to == "launcher" and not fact.errno and (launcher is None or launcher[0].index > event.index)
        if was_there and received(bare)[fact.signal] and not received(history)[fact.signal]:
            return fact.signal
    return None


def _other_state(history: History, bare: History, failed: Failed) -> list[Violation]:
    """The command is started with something else than undisturbed."""
    mine, its = _ready(history), _ready(bare)
    found = _differences(mine[1].inherited, its[1].inherited) if mine and its else ()
    return [
        violation(
            "state-after-failure", failed.event, what=what, required=there, actual=here, call=failed.at.call
        )
        for what, here, there in found
    ]  # fmt: skip


def _differences(mine: Inherited, its: Inherited) -> Iterator[tuple[str, str, str]]:
    """Yield what a command was started with in two executions, where it differs: what, here and there. Numbers of
    processes and files differ each time, so of them only is compared what equals what; and of descriptors that are
    not the caller's only what is open besides: one that the launcher leaks in any case may be missing."""
    here, there = _state(mine), _state(its)
    yield from ((what, str(here[what]), str(there[what])) for what in here if here[what] != there[what])
    for fd in _descriptors(its) & {0, 1, 2} - _descriptors(mine):
        yield f"descriptor {fd}", "it is closed", "open"
    for fd in _descriptors(mine) - _descriptors(its):
        yield f"descriptor {fd}", "it is open", "closed"
    now, usual = _variables(mine), _variables(its)
    yield from ((f"variable {os.fsdecode(name)}", "it is not set", "set") for name in sorted(usual - now))
    yield from ((f"variable {os.fsdecode(name)}", "it is set", "not set") for name in sorted(now - usual))


def _state(of: Inherited) -> dict[str, object]:
    view = of.terminal
    return {
        "blocked signals": _named(of.blocked),
        "ignored signals": _named(of.ignored),
        "process group": "its own" if of.pgid == of.pid else "another's",
        "session": "its own" if of.sid == of.pid else "another's",
        "controlling terminal": "there" if view.dev_tty == 0 else f"not there (errno {view.dev_tty})",
        "foreground": "its group" if view.foreground == of.pgid else "another group",
        "terminal modes": f"{view.modes} {view.characters}",
        "limits": of.limits,
        "umask": f"{of.umask:03o}",
        "nice value": of.nice,
        "arguments": len(of.args),
    }


def _descriptors(of: Inherited) -> set[int]:
    return {one.fd for one in of.fds}


def _variables(of: Inherited) -> set[bytes]:
    return {one.partition(b"=")[0] for one in of.environ}


def _named(numbers: tuple[int, ...]) -> str:
    return " ".join(map(signals.name, numbers)) or "none"
