"""The oracle of generated scripts: what a launcher may show that nobody is to notice, whatever was done.

It is measured by the bare command, to which the same was done, and by what signals may do (allowed). Each finding is
one of a requirement of the spec; what no requirement names is no finding.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from typing import NamedTuple

from proctor.conformance.checks import blame, moments
from proctor.conformance.checks import exit as of_exit
from proctor.conformance.checks import signals as of_signals
from proctor.conformance.checks import terminal as of_terminal
from proctor.conformance.checks import tree as of_tree
from proctor.conformance.checks.allowed import BY_SCRIPT, NOT_COUNTED, Allowed, allowed_in
from proctor.conformance.checks.common import (
    NOT_RECEIVED,
    NotApplicable,
    NotObservable,
    alive,
    at_end,
    end_of,
    has,
    launcher_is_command,
    launcher_stays,
    miscounted,
    missed,
    received,
    status,
)
from proctor.conformance.checks.objections import violation
from proctor.harness import signals
from proctor.harness.history import (
    Answered,
    DirectiveApplied,
    History,
    HungUp,
    Ordered,
    Pressed,
    Released,
    Sent,
    SettleEnded,
    TraceStarted,
    Unobserved,
    WaitFailed,
    WitnessReady,
)
from proctor.harness.orders import AboutSignal, Ignore, Spawn
from proctor.harness.violation import Violation
from proctor.harness.words import times, unseen


class Broken(NamedTuple):
    """A requirement that a history breaks, and how."""

    requirement: str
    violation: Violation


def transparent(history: History, bare: History, requirement: str = "") -> list[Violation]:
    """All that is not as without the launcher and breaks this requirement, or where none is named any."""
    return [one.violation for one in broken_by(history, bare) if requirement in ("", one.requirement)]


def broken_by(history: History, bare: History) -> list[Broken]:
    """Return what a history breaks, the causes before what follows from them."""
    _needs_to_be_seen(history)
    if history.scenario.command != "witness":
        return list(_refusal(history))
    if blame.delivered(history) and not has(history, WitnessReady):
        return list(_ended_at_start(history, bare))
    found: list[Broken] = []
    for law in INVARIANTS:
        try:
            found += law(history, bare)
        except (NotApplicable, NotObservable):
            continue
    return found


def _needs_to_be_seen(history: History) -> None:
    """Raise NotObservable where what happened may be the harness' own doing, or was not seen: under a shell a launcher
    that has ended before the command speaks is found by nobody."""
    for fact in history.facts(Unobserved):
        if fact.code == "launcher-not-found":
            raise NotObservable(unseen(fact))
    moments.needs_points(history)
    of_terminal.needs_the_held(history)


def _refusal(history: History) -> Iterator[Broken]:
    check = of_exit.not_found if history.scenario.command == "missing" else of_exit.not_executable
    return (Broken("EXIT-4", one) for one in check(history, history))


def _ended_at_start(history: History, bare: History) -> Iterator[Broken]:
    """A signal at a point came before the command: it may end the launcher, or the command before that can tell of it;
    and nobody is left then."""
    index = blame.delivered(history)[0].index
    launcher = end_of(history, "launcher")
    found = moments.outlived(history, launcher, bare, index) if launcher else moments.still_there(history, index)
    return (Broken("SIG-6", one) for one in found)


def _of(requirement: str, check: Callable[[History, History], list[Violation]]) -> Callable[..., Iterator[Broken]]:
    """Make a law of a check that holds whatever was done."""

    def law(history: History, bare: History) -> Iterator[Broken]:
        return (Broken(requirement, one) for one in check(history, bare))

    return law


# -- laws of their own


def _starts(history: History, bare: History) -> Iterator[Broken]:
    """The command is started."""
    if not has(history, WitnessReady):
        yield from (Broken("EXIT-1", one) for one in missed(history))


def _stays(history: History, bare: History) -> Iterator[Broken]:
    """The launcher does not end before the command, unless it was ended by what cannot be caught."""
    if _launcher_killed(history) or not has(history, WitnessReady):
        return
    for one in launcher_stays(history):
        yield Broken(blame.of_end(history), one)


def _launcher_killed(history: History) -> bool:
    return any(fact.signal == signal.SIGKILL and fact.to == "launcher" for fact in history.facts(Sent))


def _counts(history: History, bare: History) -> Iterator[Broken]:
    """The command receives what it was sent, as often as signals may arrive, and nothing else."""
    rules = allowed_in(history)
    reached = not history.facts(WaitFailed) and all(map(_is_rest, history.facts(SettleEnded)))
    told = _launcher_killed(history)  # whatever it is told then, TREE-3 wants that it is
    for number in sorted(rules.keys() | received(history).keys()):
        if number in NOT_COUNTED and not (
            number in BY_SCRIPT and number in rules and not history.scenario.stage.terminal
        ):
            continue
        rule = rules.get(number, Allowed(0, received(bare)[number], frozenset()))
        if "hang-up" in rule.causes:
            continue
        least = rule.least if reached else 0
        if (count := received(history)[number]) < least or (count > rule.most and not told):
            yield _miscounted(history, number, count, rule)


def _arrives(history: History, bare: History) -> Iterator[Broken]:
    """What a schedule has sent to the launcher alone has reached the command when all is at rest, unless that was told
    what to make of it."""
    if history.facts(WaitFailed) or _launcher_killed(history) or has(history, HungUp):
        return
    told = {fact.order.signal for fact in history.facts(Ordered) if isinstance(fact.order, AboutSignal)}
    rest = _last_rest(history)
    for carried in blame.delivered(history):
        sent = next((fact for fact in history.facts(Sent) if fact.cause == carried.index), None)
        if sent is None or sent.errno or sent.to != "launcher" or carried.index > rest:
            continue
        if sent.signal not in told and not received(history)[sent.signal]:
            name = signals.name(sent.signal)
            lost = violation("not-delivered", carried.index, signal=name, required="at least once", count=NOT_RECEIVED)
            yield Broken(blame.of_moment(history) or "SIG-1", lost)


def _last_rest(history: History) -> int:
    """Return the event at which all was at rest for the last time with the command alive and undisturbed; -1 where it
    never was."""
    end = end_of(history, "command")
    before = history.events[: end[0].index] if end else ()
    return max((e.index for e in before if isinstance(e.fact, SettleEnded) and _is_rest(e.fact)), default=-1)


def _is_rest(settled: SettleEnded) -> bool:
    """Whether nothing more was to come: not where a wait was open that may end from outside."""
    return all(wait.why == "relays" for wait in settled.open)


def _miscounted(history: History, number: int, count: int, rule: Allowed) -> Broken:
    few = count < rule.least
    often = times(rule.least) if rule.least == rule.most else f"{rule.least} to {rule.most} times"
    least = rule.least if few else rule.most
    return Broken(blame.of_signal(history, number, rule, few), miscounted(history, number, least, often))


def _comes_to_its_end(history: History, bare: History) -> Iterator[Broken]:
    """What the bare command comes to, the launcher comes to as well."""
    if not has(history, WitnessReady):
        return
    for one, miss in zip(missed(history), history.facts(WaitFailed), strict=False):
        yield Broken(blame.of_missed(history, miss.awaited), one)


def _status(history: History, bare: History) -> Iterator[Broken]:
    """The status is the command's."""
    if history.facts(WaitFailed) or _launcher_killed(history):
        return
    mine, its = end_of(history, "launcher"), end_of(bare, "launcher")
    if not mine or not its or None in (status(mine[1]), status(its[1])) or status(mine[1]) == status(its[1]):
        return
    if not _same_end(history, bare):
        return
    yield Broken(blame.of_status(history, its[1]), of_exit.wrong_status(mine, its[1]))


def _same_end(history: History, bare: History) -> bool:
    """Whether the command ended here as it did alone, as far as that was seen: of two signals that are both on their
    way either may end it."""
    mine, its = end_of(history, "command"), end_of(bare, "launcher")  # which is the command
    if not mine or not its or status(mine[1]) is None or status(its[1]) is None:
        return True
    return status(mine[1]) == status(its[1])


def _names_the_death(history: History, bare: History) -> Iterator[Broken]:
    """The death of a command that nobody has done anything to is named."""
    its = end_of(bare, "launcher")
    touched = has(history, Sent) or has(history, Pressed)
    if touched or history.facts(WaitFailed) or launcher_is_command(history):
        return
    if its and its[1].signal in (signal.SIGKILL, signal.SIGSEGV):
        yield from (Broken("EXIT-5", one) for one in of_exit.names_the_death(history, bare))


def _nothing_left(history: History, bare: History) -> Iterator[Broken]:
    """Whom the bare command leaves may be left, and nobody else. For a launcher that was ended there is TREE-3."""
    if not _launcher_killed(history) and not history.facts(WaitFailed):
        yield from (Broken("TREE-1", one) for one in of_tree.nothing_left(history, bare))


def _daemons_live(history: History, bare: History) -> Iterator[Broken]:
    """Whoever the command leaves behind on purpose lives on, and is sent nothing."""
    if history.facts(WaitFailed) or _launcher_killed(history) or history.scenario.stage.parent == "init":
        return  # with PID 1 everybody ends; pid_namespaces(7)
    mine = {process.role for process in alive(at_end(history))}
    its = {process.role for process in alive(at_end(bare)) if process.role.startswith("child")}
    for name in sorted(its - mine):
        yield Broken("TREE-7", violation("daemon-ended", process=name))
    for name in sorted(_of_own_session(history)):
        if more := sorted(received(history, name) - received(bare, name)):
            told = ", ".join(map(signals.name, more))
            yield Broken("TREE-7", violation("daemon-signalled", process=name, signals=told))


def _of_own_session(history: History) -> set[str]:
    """Return those whom the command has started in a session of their own: nobody's group is theirs."""
    spawned = (fact.order for fact in history.facts(Ordered) if isinstance(fact.order, Spawn))
    return {order.name for order in spawned if order.session}


def _zombies(history: History, bare: History) -> Iterator[Broken]:
    name = "TREE-6" if history.scenario.stage.parent == "init" else "TREE-2"
    return (Broken(name, one) for one in of_tree.no_zombie_after_signals(history, bare))


def _late(history: History, bare: History) -> Iterator[Broken]:
    if not (has(history, TraceStarted) or has(history, DirectiveApplied)):
        yield from (Broken("SIG-9", one) for one in of_signals.forwarded_in_time(history, bare))


def _noticed(history: History, bare: History) -> Iterator[Broken]:
    """What the command is told is seen only where it ignores nothing."""
    deaf = any(isinstance(fact.order, Ignore) for fact in history.facts(Ordered))
    if _launcher_killed(history) and not history.facts(WaitFailed) and not deaf:
        yield from (Broken("TREE-3", one) for one in of_tree.noticed_by_command(history, bare))


def _bytes(history: History, bare: History) -> Iterator[Broken]:
    """What did not come at all is for `_comes_to_its_end`, which knows whose matter it is."""
    if not history.facts(WaitFailed) and any(fact.order in ("read", "write") for fact in history.facts(Answered)):
        yield from (Broken("TTY-8", one) for one in of_terminal.bytes_arrive(history, bare))


def _restored(history: History, bare: History) -> Iterator[Broken]:
    if history.scenario.stage.terminal and not history.facts(HungUp) and not _launcher_killed(history):
        yield from (Broken("TTY-7", one) for one in of_terminal.terminal_is_restored(history, bare))


def _same_screen(history: History, bare: History) -> Iterator[Broken]:
    """A key that is pressed while the launcher writes discards what it has written; termios(3), NOFLSH."""
    is_own = history.scenario.stage.terminal and not _launcher_killed(history)
    if is_own and not any(fact.cause is not None for fact in history.facts(Pressed)):
        yield from (Broken("TTY-10", one) for one in of_terminal.screen_is_restored(history, bare))


def _same_terminal(history: History, bare: History) -> Iterator[Broken]:
    if history.scenario.stage.terminal and not history.facts(WaitFailed):
        yield from (Broken("TTY-6", one) for one in of_terminal.terminal_is_the_same(history, bare))


def _hung_up(history: History, bare: History) -> Iterator[Broken]:
    """A hang-up ends who does not catch it, or reaches him. How often is seen where all between us and the command was
    held still meanwhile, and no other SIGHUP was sent that may merge with its own."""
    if not history.facts(HungUp) or history.facts(WaitFailed):
        return
    alone = allowed_in(history)[signal.SIGHUP].causes == {"hang-up"}
    done = [event.fact for event in history.events if isinstance(event.fact, HungUp | Released)]
    if alone and isinstance(done[-1], Released):
        yield from (Broken("TTY-5", one) for one in of_terminal.as_often_as_bare(history, bare))
    least = min(1, received(bare)[signal.SIGHUP])
    if received(history)[signal.SIGHUP] < least:
        yield Broken("TTY-4", miscounted(history, signal.SIGHUP, least, "at least once"))


INVARIANTS: tuple[Callable[[History, History], Iterator[Broken]], ...] = (
    _starts, _stays, _comes_to_its_end, _counts, _arrives, _status, _names_the_death, _noticed, _nothing_left,
    _daemons_live, _zombies, _late, _of("SIG-8", of_signals.never_signals_reaped), _same_terminal, _bytes,
    _hung_up, _restored, _same_screen,
)  # fmt: skip
