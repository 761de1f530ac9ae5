"""Chapter STDIO: what launcher and command share with their caller."""

from __future__ import annotations

from collections import Counter

from proctor.conformance.checks.common import (
    NotApplicable,
    NotObservable,
    changed_bytes,
    launcher_stays,
    missed,
    needs_whole_script,
)
from proctor.conformance.checks.exit import same_status
from proctor.conformance.checks.objections import violation
from proctor.conformance.checks.tree import nothing_left
from proctor.harness import words
from proctor.harness.history import (
    Answered,
    CpuUsed,
    Event,
    FlagsChanged,
    History,
    HungUp,
    Output,
    Outputs,
    PipeClosed,
    RestRead,
    Started,
    Unobserved,
    WaitFailed,
    WitnessReady,
)
from proctor.harness.scenario import OutputPipe, WaitAnswer
from proctor.harness.violation import Value, Violation

MOST_CPU_TIME = 0.1
"""The share of one processor from which on a launcher counts as busy."""


def end_of_file_arrives(history: History, bare: History) -> list[Violation]:
    """STDIO-1: the command reads what the caller wrote, and then the end of file."""
    return missed(history) or changed_bytes(history, bare, ("read",))


def ends_with_open_stdin(history: History, bare: History) -> list[Violation]:
    """STDIO-2: the launcher ends when the command has, though its own stdin stays open."""
    return missed(history)


def output_arrives_whole(history: History, bare: History) -> list[Violation]:
    """STDIO-4: what the command wrote is on stdout, byte for byte; the reader takes it when it wants to."""
    if found := missed(history):
        return found
    (at, written), *_ = [(event.index, fact) for event, fact in history.all(Answered) if fact.order == "write"]
    counts = [fact for fact in history.facts(Outputs) if fact.stream == "stdout"]
    count, crc = (counts[-1].count, counts[-1].crc) if counts else (0, 0)
    if (count, crc) == (written.count, written.crc):
        return []
    required: dict[str, Value] = {"required_count": written.count, "required_crc": f"{written.crc:08x}"}
    return [violation("pipe-output-changed", at, **required, count=count, crc=f"{crc:08x}")]


def no_reader(history: History, bare: History) -> list[Violation]:
    """STDIO-5: the command meets the error as it does by itself, the status is the same, and the launcher says
    nothing. What it has said before the reader went is its own affair."""
    found = same_status(history, bare)
    for (event, got), should in zip(history.all(Answered), bare.facts(Answered), strict=False):
        if got.order == should.order == "write" and should.error and not got.error:
            found.append(violation("broken-pipe-hidden", event.index))
    gone = next((event.index for event, fact in history.all(PipeClosed) if fact.stream == "stdout"), 0)
    return found + _own_bytes(history, bare, "stderr", since=gone)


def rest_is_left(history: History, bare: History) -> list[Violation]:
    """STDIO-7: what the command did not read is left in the stdin that it inherits; it gets what it reads itself."""
    _needs_inherited_stdin(history)
    if any(isinstance(miss.awaited, WaitAnswer) for miss in history.facts(WaitFailed)):
        return missed(history)
    needs_whole_script(history)
    (at, mine), *_ = [(event.index, fact) for event, fact in history.all(RestRead)]
    its = bare.facts(RestRead)[-1]
    if (mine.count, mine.data) == (its.count, its.data):
        return []
    return [violation("stdin-taken", at, required=its.count, actual=mine.count)]


def _needs_inherited_stdin(history: History) -> None:
    """Raise NotApplicable where the command has another stdin: what it inherits is INHERIT-2's matter."""
    given = next((fd for fact in history.facts(Started) if fact.process == "launcher" for fd in fact.stdio), None)
    ready = next((fact for fact in history.facts(WitnessReady) if fact.process == "command"), None)
    got = next((fd for fd in ready.inherited.fds if fd.fd == 0), None) if ready else None
    if not given or not got or (given.dev, given.ino) != (got.dev, got.ino):
        raise NotApplicable("the command does not inherit the launcher's stdin")


def nothing_outlives_the_host(history: History, bare: History) -> list[Violation]:
    """STDIO-8: when the host has come to the end of its ladder, launcher, command and all else have ended."""
    return missed(history) or nothing_left(history, bare)


def no_bytes_of_its_own(history: History, bare: History) -> list[Violation]:
    """STDIO-3: there is no line on stdout that the bare command does not write."""
    found = _own_bytes(history, bare, "stdout")
    if not found:
        needs_whole_script(history)
    return found


def _own_bytes(history: History, bare: History, stream: OutputPipe, since: int = 0) -> list[Violation]:
    """Return the violation that there are lines on a pipe that the bare command does not write. since: the event from
    which on the launcher's count."""
    written = [(event.index, fact.data) for event, fact in history.all(Output) if fact.stream == stream]
    mine = b"".join(data for index, data in written if index >= since).splitlines(keepends=True)
    its = _lines(bare, stream)
    extra = Counter(mine) - Counter(its)
    if not extra:
        return []
    text = b"".join(line for line in mine if line in extra).strip()
    events = [index for index, _ in written if index >= since]
    return [violation(f"own-bytes-on-{stream}", *events[:1], bytes=words.shortened(text))]


def _lines(history: History, stream: OutputPipe) -> list[bytes]:
    """Return what is on a pipe, by lines; the last one may lack its end."""
    return b"".join(fact.data for fact in history.facts(Output) if fact.stream == stream).splitlines(keepends=True)


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
