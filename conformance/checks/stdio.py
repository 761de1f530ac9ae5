"""Chapter STDIO: what launcher and command share with their caller."""

from __future__ import annotations

from collections import Counter

from proctor.conformance.checks.common import NotObservable, launcher_stays, needs_whole_script
from proctor.conformance.checks.objections import violation
from proctor.harness import words
from proctor.harness.history import (
    CpuUsed,
    Event,
    FlagsChanged,
    History,
    HungUp,
    Output,
    PipeClosed,
    Unobserved,
)
from proctor.harness.violation import Value, Violation

MOST_CPU_TIME = 0.1
"""The share of one processor from which on a launcher counts as busy."""


def no_bytes_of_its_own(history: History, bare: History) -> list[Violation]:
    """STDIO-3: there is no line on stdout that the bare command does not write."""
    mine, its = _lines(history), _lines(bare)
    extra = Counter(mine) - Counter(its)
    if not extra:
        needs_whole_script(history)
        return []
    text = b"".join(line for line in mine if line in extra).strip()
    events = [event.index for event, fact in history.all(Output) if fact.stream == "stdout"]
    return [violation("own-bytes-on-stdout", *events[:1], bytes=words.shortened(text))]


def _lines(history: History) -> list[bytes]:
    """Return what is on stdout, by lines; the last one may lack its end."""
    return b"".join(fact.data for fact in history.facts(Output) if fact.stream == "stdout").splitlines(keepends=True)


def flags_stay(history: History, bare: History) -> list[Violation]:
    """STDIO-6: no call of the launcher changes the flags of 0, 1 or 2."""
    for hidden in history.facts(Unobserved):
        raise NotObservable(words.unseen(hidden))
    found: dict[tuple[int, str], Violation] = {}
    for event, fact in history.all(FlagsChanged):
        for name, bit in words.STATUS_FLAGS.items():
            if (fact.before ^ fact.now) & bit and fact.process != "command":
                told: dict[str, Value] = {"fd": fact.fd, "flag": name, "process": fact.process or "the launcher"}
                found.setdefault((fact.fd, name), violation("shared-flags-changed", event.index, **told))
    if not found:
        needs_whole_script(history)
    return list(found.values())


def rests(history: History, bare: History) -> list[Violation]:
    """STDIO-9: while nothing is asked of it the launcher uses less than a tenth of a processor. One that has ended, of
    a hang-up for example, uses none."""
    found = []
    for event, used in history.all(CpuUsed):
        if used.seconds >= MOST_CPU_TIME * used.during:
            percent, after = round(100 * used.seconds / used.during), _what_was_done(history, event)
            found.append(violation("busy", event.index, after=after, percent=percent, program=used.program))
        elif used.ready:
            raise NotObservable("the machine was too busy to see whether the launcher rests")
    if not found and not launcher_stays(history):
        needs_whole_script(history)
    return found


def _what_was_done(history: History, to: Event) -> str:
    """Return the last thing that was done to the launcher's terminal or pipes before an event."""
    done = "the start"
    for event in history.events[: to.index]:
        match event.fact:
            case HungUp():
                done = "the hang-up"
            case PipeClosed(stream="stdin"):
                done = "the end of stdin"
            case PipeClosed(stream=stream):
                done = f"the reader of {stream} has gone"
    return done
