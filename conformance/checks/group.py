"""Chapter GROUP: launchers of several commands. No bare command does what several do, so each check measures by what
was done: to the launcher, and by the commands."""

from __future__ import annotations

import signal

from proctor.conformance.checks.common import (
    NotApplicable,
    NotObservable,
    alive,
    at_end,
    end_key,
    end_of,
    missed,
    needs_all_output,
    needs_whole_script,
    process_left,
    received,
    status,
)
from proctor.conformance.checks.objections import violation
from proctor.harness import signals
from proctor.harness.history import (
    Ended,
    Event,
    History,
    HungUp,
    Ordered,
    Output,
    Pressed,
    Received,
    Sent,
    SettleEnded,
    Started,
    WaitFailed,
    WitnessReady,
)
from proctor.harness.orders import Die, Exit, Lines
from proctor.harness.scenario import SIGNALS_OF_KEYS, WaitAnswer
from proctor.harness.violation import Violation
from proctor.harness.words import how_ended, shortened, times

OF_GROUP = "command-"
"""How the names of several commands begin."""
ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def reaches_each(history: History, bare: History) -> list[Violation]:
    """GROUP-1: the signal reaches each command; each ends of it, then the launcher ends, and none is left."""
    _, number = _interrupt(history)
    found = []
    for name in _commands(history):
        got = received(history, name)
        if got[number]:
            continue
        others = ", ".join(signals.name(other) for other in ENDING if got[other])
        code = "group-another-signal" if others else "group-not-delivered"
        found.append(violation(code, process=name, signal=signals.name(number), others=others))
    if found and not end_of(history, "launcher"):
        return found  # it waits for commands that were not told
    return found + _not_all_ended(history)


def reaches_each_once(history: History, bare: History) -> list[Violation]:
    """GROUP-1: no command receives the signal twice."""
    _, number = _interrupt(history)
    found = []
    for name in _commands(history):
        events = [e.index for e, one in history.all(Received) if one.process == name and one.signal == number]
        if len(events) > 1:
            told = {"process": name, "signal": signals.name(number), "count": times(len(events))}
            found.append(violation("group-delivered-twice", *events, **told))
    if not found:
        needs_whole_script(history)
    return found


def ends_all(history: History, bare: History, ends: str = "never") -> list[Violation]:
    """GROUP-2: one command has ended, and the launcher says that it ends all others then."""
    last = _endings(history)[-1:]
    if not last or not _ends_others(ends, last[0][1]):
        raise NotApplicable("the launcher does not say that it ends all others then")
    return _not_all_ended(history)


def status_of_all(
    history: History, bare: History, ends: str = "never", status: int | str = "", counts: str = "all"
) -> list[Violation]:
    """GROUP-3: 0 if all that count ended with 0, else what the launcher says. What one counts for that the launcher has
    ended itself is for it to say: between them there may be a shell, which died of the signal."""
    needs_whole_script(history)
    end = end_of(history, "launcher")
    if not end:
        raise NotObservable("the launcher has not ended")
    endings = _endings(history)
    if counts == "last" and ends != "never":
        raise NotApplicable("which command ends last is the launcher's choice")
    if counts == "all" and not any(_has_failed(order) for _, order in endings) and _ends_others(ends, endings[0][1]):
        raise NotApplicable("the launcher has ended the other commands, and may count that")
    counted = {"all": endings, "first": endings[:1], "last": endings[-1:]}[counts]
    failed = next(((name, order) for name, order in counted if _has_failed(order)), None)
    return _wrong_status(end, failed, status)


def _wrong_status(
    end: tuple[Event, Ended], failed: tuple[str, Exit | Die] | None, documented: int | str
) -> list[Violation]:
    """Return the violation that the launcher's status is not the one required. failed: the command that counts."""
    actual = status(end[1])
    if actual is None:
        raise NotObservable("the launcher's exit status could not be observed")
    if failed is None:
        required, is_met, because = "0", actual == 0, "all commands that count ended with 0"
    else:
        name, order = failed
        code = order.code if isinstance(order, Exit) else 0
        because = f"{name} ended with {code}" if code else f"{name} died of a signal"
        exact = documented if isinstance(documented, int) else code if documented == "command" else 0
        required, is_met = (str(exact), actual == exact) if exact else ("not 0", actual != 0)
    if is_met:
        return []
    how = f"status {actual}: the launcher {how_ended(end[1])}"
    return [violation("group-status", end[0].index, status=required, because=because, how=how, end=end_key(end[1]))]


def none_started_later(history: History, bare: History) -> list[Violation]:
    """GROUP-4: after an interrupt no command is started. Where the launcher was at rest before it, each one counts that
    reports after it; otherwise only one that reports when all has come to rest again."""
    at, _ = _interrupt(history)
    rests = [event.index for event, fact in history.all(SettleEnded) if fact.how == "quiescent"]
    settled = [event.index for event, _ in history.all(SettleEnded)]
    if any(index < at for index in settled):
        since = at
    else:
        since = next((index for index in rests if index > at), len(history.events))
    found = []
    for event, fact in _starts(history):
        if event.index > since:
            found.append(violation("group-started-later", at, event.index, process=fact.process))
    if not found:
        needs_whole_script(history)
    return found


def none_of_those_that_wait(history: History, bare: History, limit: tuple[str, ...] = ()) -> list[Violation]:
    """GROUP-4: the same for a launcher that runs one command at a time, so that others wait."""
    if not limit:
        raise NotApplicable("the launcher does not say how it is made to run one command at a time")
    return none_started_later(history, bare)


def at_any_moment_of_the_start(history: History, bare: History) -> list[Violation]:
    """GROUP-4: a launcher that runs one command at a time is interrupted before the first has ended, and starts no
    other. Each of these waits for an end that comes after the interrupt, so none had been started by then. bare: the
    history of the undisturbed launcher."""
    _needs_one_at_a_time(bare)
    at, _ = _interrupt(history)
    ended = [event.index for event, fact in history.all(Ended) if fact.process.startswith(OF_GROUP)]
    if any(index < at for index in ended):
        raise NotObservable("a command had ended before the interrupt")
    found = [
        violation("group-started-later", at, event.index, process=fact.process)
        for event, fact in _starts(history)[1:] if event.index > at
    ]  # fmt: skip
    if not found and not end_of(history, "launcher"):
        needs_whole_script(history)
    return found


def _needs_one_at_a_time(undisturbed: History) -> None:
    """Raise NotObservable for a launcher that starts another command before the first has ended."""
    ended = next((event.index for event, fact in undisturbed.all(Ended) if fact.process.startswith(OF_GROUP)), None)
    others = [event.index for event, _ in _starts(undisturbed)][1:]
    if ended is None or any(index < ended for index in others):
        raise NotObservable("the launcher does not run one command at a time, though it says so")


def _starts(history: History) -> list[tuple[Event, WitnessReady]]:
    return [(event, fact) for event, fact in history.all(WitnessReady) if fact.process.startswith(OF_GROUP)]


def ends_what_is_left(history: History, bare: History) -> list[Violation]:
    """GROUP-5: commands, and a child of each, that ignore every signal have ended, and so has the launcher."""
    return _not_all_ended(history)


def ends_after_grace(history: History, bare: History, grace: float = 0.0) -> list[Violation]:
    """GROUP-5: the same, some time after one signal; the launcher says after how long."""
    if not grace:
        raise NotApplicable("the launcher does not say after how long it ends what a signal did not end")
    return _not_all_ended(history)


def lines_are_whole(history: History, bare: History) -> list[Violation]:
    """GROUP-6: each line that a command has written is on a line of stdout, once. The launcher may add to that line."""
    written = [
        (event.index, fact.process, fact.order) for event, fact in history.all(Ordered) if isinstance(fact.order, Lines)
    ]
    if any(order.block for *_, order in written) and _inherits_stdout(history):
        raise NotApplicable("the commands inherit the launcher's stdout: what they write in parts, the kernel mixes")
    if any(isinstance(miss.awaited, WaitAnswer) for miss in history.facts(WaitFailed)):
        return missed(history)
    needs_all_output(history)
    output = b"".join(fact.data for fact in history.facts(Output) if fact.stream == "stdout").splitlines()
    found = []
    for at, process, order in written:
        found += _torn_or_lost(at, process, order, output)
    if not any(one.code == "line-torn" for one in found):
        needs_whole_script(history)
    return found


def _torn_or_lost(at: int, process: str, order: Lines, output: list[bytes]) -> list[Violation]:
    """Return what has become of one command's lines, one violation of each kind."""
    torn, lost, doubled = [], [], []
    for head, line in zip(order.heads(), order.lines(), strict=True):
        there = [one for one in output if head in one]
        if not there:
            lost.append(line)
        elif not any(line in one for one in there):
            torn.append(there[0])
        elif len(there) > 1:
            doubled.append(line)
    found = []
    for code, lines in (("line-torn", torn), ("line-lost", lost), ("line-doubled", doubled)):
        if lines:
            told = shortened(lines[0][-60:] if code == "line-torn" else lines[0])
            found.append(violation(code, at, process=process, count=len(lines), all=order.count, line=told))
    return found


def _inherits_stdout(history: History) -> bool:
    """Whether a command has the launcher's own stdout."""
    given = {(fd.dev, fd.ino) for fact in history.facts(Started) for fd in fact.stdio if fd.fd == 1}
    ready = [fact for fact in history.facts(WitnessReady) if fact.process.startswith(OF_GROUP)]
    return any((fd.dev, fd.ino) in given for fact in ready for fd in fact.inherited.fds if fd.fd == 1)


def _commands(history: History) -> list[str]:
    """Return the commands that were running before anything was done."""
    at, _ = _interrupt(history)
    ready = [fact.process for event, fact in history.all(WitnessReady) if event.index < at]
    return [name for name in ready if name.startswith(OF_GROUP)]


def _interrupt(history: History) -> tuple[int, int]:
    """Return the event of what was done to the launcher first, and the signal that is. NotObservable if the script did
    not get that far."""
    for event in history.events:
        match event.fact:
            case Sent(signal=number, to="launcher"):
                return event.index, number
            case Pressed(key=key) if key in SIGNALS_OF_KEYS:
                return event.index, SIGNALS_OF_KEYS[key]
            case HungUp():
                return event.index, int(signal.SIGHUP)
    needs_whole_script(history)
    raise NotObservable("nothing was done to the launcher")


def _endings(history: History) -> list[tuple[str, Exit | Die]]:
    """Return which commands were told to end, and how, in order."""
    return [(fact.process, fact.order) for fact in history.facts(Ordered) if isinstance(fact.order, Exit | Die)]


def _has_failed(order: Exit | Die) -> bool:
    return isinstance(order, Die) or order.code != 0


def _ends_others(ends: str, order: Exit | Die) -> bool:
    return ends == "any" or (ends == "failure" and _has_failed(order))


def _not_all_ended(history: History) -> list[Violation]:
    """Return the violations that the launcher has not ended, or has left processes behind."""
    if not end_of(history, "launcher"):
        return missed(history)
    return [process_left(history, process) for process in alive(at_end(history)) if process.role != "launcher"]
