"""What checks share: violations, and how histories are read."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec

from proctor.conformance.checks.objections import violation
from proctor.harness import signals, words
from proctor.harness.awaited import Awaited, OrderDone, OrderTaken
from proctor.harness.history import (
    Answered,
    Ended,
    Event,
    History,
    HungUp,
    LimitExceeded,
    NotStarted,
    Ordered,
    Output,
    Outputs,
    PeerRefused,
    Pressed,
    Process,
    Received,
    Sent,
    SettleEnded,
    Snapshot,
    Started,
    Unobserved,
    WaitFailed,
    WitnessReady,
)
from proctor.harness.orders import Default, Die, Exit, ExitOn, Inherit, OrderToWitness
from proctor.harness.scenario import SIGNALS_OF_KEYS
from proctor.harness.violation import Value, Violation
from proctor.harness.words import awaited, exceeded, hidden, how_ended, refused, timed_out, times, unseen

OF_THE_TERMINAL = (signal.SIGCONT, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU, signal.SIGWINCH)
NOT_RECEIVED = "not received"
HARNESS_ROLES = ("leader", "shell", "runner", "parent")


class NotApplicable(Exception):
    """The requirement says nothing about this launcher."""


class NotObservable(Exception):
    """The history cannot show it, with the reason."""


def missed(history: History) -> list[Violation]:
    """The script ended early because something that the bare command does did not come. NotObservable where it could
    not have been seen."""
    found = []
    for event, fact in history.all(NotStarted):
        found.append(violation("not-started", event.index, step=fact.step, errno=fact.errno))
    ends = [event.index for event, _ in history.all(Ended)]
    for event, miss in history.all(WaitFailed):
        needs_seen(miss)
        how = f"{_end_of_launcher(history)}{timed_out(miss)}"
        told = awaited(miss.awaited)
        found.append(violation("timed-out", *ends, event.index, awaited=told, how=how, **parameters_of(miss.awaited)))
    return found


def parameters_of(waited_for: Awaited) -> dict[str, Value]:
    """Return what was waited for as parameters of a violation: the kind of the wait, and the values of its fields."""
    values: dict[str, Value] = {}
    for key, value in msgspec.to_builtins(waited_for).items():
        values[key] = signals.name(value) if key == "signal" else value
    if isinstance(waited_for, OrderTaken | OrderDone):
        values["order"] = str(waited_for.order)
    return {"wait": str(values.pop("do")).removeprefix("wait-"), **values}


def changed_bytes(history: History, bare: History, orders: Iterable[str]) -> list[Violation]:
    """The answers to these orders, which say how many bytes were read or written, and which, differ from those of the
    bare command."""
    mine, its = (
        [(event, fact) for event, fact in one.all(Answered) if fact.order in orders] for one in (history, bare)
    )
    found = []
    for (event, got), (_, due) in zip(mine, its, strict=False):
        if (got.order, got.count, got.crc, got.error) != (due.order, due.count, due.crc, due.error):
            required: dict[str, Value] = {"required_count": due.count, "required_crc": f"{due.crc:08x}"}
            actual: dict[str, Value] = {"count": got.count, "crc": f"{got.crc:08x}", "errno": got.error}
            found.append(violation("bytes-changed", event.index, order=due.order, **required, **actual))
    return found


def needs_seen(miss: WaitFailed) -> None:
    """Raise NotObservable where what was awaited may have come unseen."""
    if miss.hidden:
        raise NotObservable(f"{awaited(miss.awaited)}: this cannot be observed, because {hidden(miss.hidden)}")


def needs_whole_script(history: History) -> None:
    """Raise NotObservable where the script ended early: for what did not come there is another requirement."""
    for miss in history.facts(WaitFailed):
        raise NotObservable(f"the case did not get that far; timed out: {awaited(miss.awaited)}")
    for fact in history.facts(NotStarted):
        raise NotObservable(f"the launcher could not be started: {fact.step}, errno {fact.errno}")


def needs_watched_command(history: History) -> None:
    """Raise NotObservable where a process started the command that is neither the launcher nor a descendant of it: a
    daemon that the launcher has asked to. Nothing of what becomes of the command then passes the launcher."""
    if any(fact.process == "command" for fact in history.facts(WitnessReady)):
        return
    for fact in history.facts(PeerRefused):
        if fact.at == "witness" and fact.why != "silent":
            raise NotObservable(
                "the command was started by a process that is no descendant of the launcher, such as a daemon: "
                f"{refused(fact)}"
            )


def needs_freedom(history: History) -> None:
    """Raise NotObservable where the harness ended what ran, or stopped recording: what was not seen may have been
    prevented."""
    for limit in history.facts(LimitExceeded):
        raise NotObservable(f"a limit was exceeded: {exceeded(limit)}")


def needs_all_output(history: History) -> None:
    """Raise NotObservable where there was more output than is kept."""
    kept = sum(len(fact.data) for fact in history.facts(Output))
    if kept < sum(fact.count for fact in history.facts(Outputs)):
        raise NotObservable("there was more output than is kept, and what is looked for may be in the rest of it")


def needs_tracing(history: History) -> None:
    """Raise NotObservable where the launcher's calls could not be followed."""
    for fact in history.facts(Unobserved):
        if fact.code not in ("signal-ended-by-exec", "call-not-failed"):
            raise NotObservable(unseen(fact))


def _end_of_launcher(history: History) -> str:
    end = end_of(history, "launcher")
    return f"the launcher {how_ended(end[1])}; " if end else ""


def end_key(ended: Ended) -> Value:
    """Return how a process ended, as a parameter of a violation: its exit code, or the name of the signal."""
    if ended.signal is not None:
        return signals.name(ended.signal)
    return "unknown" if ended.code is None else ended.code


def status(ended: Ended) -> int | None:
    """Return what a shell shows as $?; POSIX.1-2024 XCU 2.8.2."""
    return 128 + ended.signal if ended.signal is not None else ended.code


def status_key(ended: Ended) -> Value:
    """Return a status as a parameter of a violation."""
    shown = status(ended)
    return "unknown" if shown is None else shown


def end_of(history: History, process: str) -> tuple[Event, Ended] | None:
    """Return the end of a process, None if it has not ended."""
    return next(((event, fact) for event, fact in history.all(Ended) if fact.process == process), None)


def launcher_stays(history: History) -> list[Violation]:
    """The launcher does not end before the command. One that has become the command ends with it: which of its two ends
    is seen first is chance where its parent, who alone knows how it ended, has ended too."""
    if launcher_is_command(history):
        return []
    launcher, command = end_of(history, "launcher"), end_of(history, "command")
    if not launcher or not has(history, WitnessReady):
        return []
    if command and command[0].index < launcher[0].index and not died_with(history, launcher[1], command[1]):
        return []
    events = (launcher[0].index, *((command[0].index,) if command else ()))
    return [violation("ended-before-command", *events, how=how_ended(launcher[1]), end=end_key(launcher[1]))]


def died_with(history: History, launcher: Ended, command: Ended) -> bool:
    """Whether the command was killed because the launcher died of a signal (PR_SET_PDEATHSIG, or PID 1 of a namespace
    that ends). Both deaths are then seen at once, in either order. How the command ended is not known, unless it was
    ours to reap; but nobody had told it to end, and by itself it does not."""
    if has(history, HungUp):  # of which the command may end by itself
        return False
    return launcher.signal in _done_to_launcher(history) and may_have_died_with(history, launcher, command)


def _done_to_launcher(history: History) -> set[int]:
    """Return the signals that the launcher was sent. One that dies of another signal has sent itself this signal, as
    its command died of it."""
    sent = {fact.signal for fact in history.facts(Sent) if fact.to != "command"}
    return sent | {SIGNALS_OF_KEYS[fact.key] for fact in history.facts(Pressed) if fact.key in SIGNALS_OF_KEYS}


def needs_no_common_death(history: History) -> None:
    """Raise NotObservable where a signal ended the launcher, and the command with it: whether the command received the
    same signal before it was killed is chance."""
    launcher, command = end_of(history, "launcher"), end_of(history, "command")
    if launcher and command and launcher[1].signal and may_have_died_with(history, launcher[1], command[1]):
        raise NotObservable("the signal ended the launcher, and the command with it: see SIG-1 and SIG-5")


def may_have_died_with(history: History, launcher: Ended, command: Ended) -> bool:
    """Whether died_with() holds or may hold: how the launcher ended is not known below a shell."""
    killed = command.code is None and command.signal in (None, signal.SIGKILL)
    return launcher.code is None and killed and not _was_told_to_end(history)


def _was_told_to_end(history: History) -> bool:
    """Whether anything was done by which the command may have ended by itself."""
    if any(fact.to == "command" for fact in history.facts(Sent)):
        return True
    not_taken = [miss.awaited.order for miss in history.facts(WaitFailed) if isinstance(miss.awaited, OrderTaken)]
    told = [fact.order for fact in history.facts(Ordered) if fact.process == "command"]
    return any(_may_end(order) for order in told if order not in not_taken)


def _may_end(order: OrderToWitness) -> bool:
    """Whether the command may end of an order. Where a signal that ends a process has its default action again, it may
    end by a key or by what its group is sent."""
    match order:
        case Exit() | Die() | ExitOn():
            return True
        case Inherit(signal=number) | Default(signal=number):
            return number not in signals.IGNORED_BY_DEFAULT + signals.STOPPING
    return False


def has(history: History, kind: type) -> bool:
    """Whether a fact of this kind is in the history."""
    return any(isinstance(event.fact, kind) for event in history.events)


def received(history: History, process: str = "command") -> Counter[int]:
    """Return how often a process received each signal."""
    return Counter(fact.signal for fact in history.facts(Received) if fact.process == process)


def events_of(history: History, number: int) -> tuple[int, ...]:
    """Return the events in which the command received this signal."""
    return tuple(e.index for e, fact in history.all(Received) if fact.signal == number and fact.process == "command")


def miscounted(history: History, number: int, least: int, required: str) -> Violation:
    """Return the violation that the command received a signal too rarely or too often. least: how often it
    has to at the least; required: the same for people."""
    count = received(history)[number]
    if count < least:
        code = "delivered-too-rarely" if count else "not-delivered"
    else:
        code = "delivered-twice" if least else "unexpected-signal"
    told = _times_from(history, number)
    return violation(code, *events_of(history, number), signal=signals.name(number), required=required, count=told)


def _times_from(history: History, number: int) -> str:
    """Say how often the command received a signal, and from which processes."""
    senders = [
        f.sender_role or ("kernel" if f.code == signals.SI_KERNEL else f"pid {f.sender}")
        for f in history.facts(Received)
        if f.signal == number and f.process == "command"
    ]
    return f"received {times(len(senders))}, from {', '.join(senders)}" if senders else NOT_RECEIVED


def counts_as_bare(
    history: History, bare: History, numbers: Iterable[int], fewest: bool, most: bool
) -> list[Violation]:
    """The command received each signal as often as without the launcher; `fewest`: not less, `most`: not more."""
    found = []
    here, there = received(history), received(bare)
    for number in numbers:
        if (fewest and here[number] < there[number]) or (most and here[number] > there[number]):
            required = f"{times(there[number])}, as without the launcher"
            found.append(miscounted(history, number, there[number], required))
    return found


def unexpected_signals(history: History, bare: History) -> list[int]:
    """Return the signals that the command received more often than by itself, besides those of job control and
    windows, which a shell or a terminal sends on its own account, and of children, which are EXEC-3's matter."""
    here, there = received(history), received(bare)
    spared = (*OF_THE_TERMINAL, signal.SIGCHLD)
    return [number for number in here if here[number] > there[number] and number not in spared]


def at_end(history: History) -> Snapshot:
    """Return the last look. Where there is none the harness had to end everything before."""
    for look in history.facts(Snapshot):
        if look.when == "end":
            return look
    raise NotObservable("there is no look at the end")


def settings_of_terminal(look: Snapshot) -> dict[str, Any]:
    """Return what a launcher has to leave as it found it: modes, special characters, status flags."""
    flags = look.flags & words.ANY_STATUS_FLAG
    return {"modes": look.modes, "characters": look.characters, "status flags": flags}


def alive(look: Snapshot) -> list[Process]:
    """Return the processes of a look that live and are not the harness' own."""
    return [p for p in look.processes if p.role not in HARNESS_ROLES and p.state not in "ZX"]


def process_left(history: History, process: Process, *events: int) -> Violation:
    """Return the violation that this process is left."""
    name = process.role or process.name
    return violation("process-left", *events, process=name, paths=words.process(process), when=when_last_seen(history))


def when_last_seen(history: History) -> str:
    """Say when it was that a process was still there: at rest, or after how long a wait for that."""
    settled = history.facts(SettleEnded)
    if not settled or settled[-1].how == "quiescent":
        return "when nothing ran any more"
    return f"after {settled[-1].seconds:.1f} s"


def launcher_is_command(history: History) -> bool:
    """Whether the launcher has replaced itself by the command."""
    launcher = [fact.pid for fact in history.facts(Started) if fact.process == "launcher"]
    command = [fact.pid for fact in history.facts(WitnessReady) if fact.process == "command"]
    return bool(launcher) and launcher == command[:1]
