"""The control group: some cases are played without a PID namespace as well. A launcher that behaves differently there
is judged there: what contains it must not change what is judged."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from typing import NamedTuple

import msgspec

from proctor.conformance.checks import exit as of_exit
from proctor.conformance.checks import signals as of_signals
from proctor.conformance.checks import terminal as of_terminal
from proctor.conformance.checks import tree as of_tree
from proctor.conformance.checks.common import NotApplicable, NotObservable
from proctor.conformance.judging.judge import Bare, Check, Player
from proctor.conformance.judging.probe import Probe, probe, trouble_with
from proctor.conformance.scenarios.signals import finish, send
from proctor.harness import execute as door
from proctor.harness import orders, settings
from proctor.harness.errors import HarnessError
from proctor.harness.history import History, LimitExceeded, Process, SettleEnded, SignalCall, Snapshot, Unobserved
from proctor.harness.scenario import (
    JOB,
    LEADER,
    Look,
    Order,
    Press,
    Scenario,
    Settle,
    Signal,
    Stage,
    Step,
    Trace,
    WaitEnds,
    WaitReceived,
)
from proctor.harness.target import Target
from proctor.harness.violation import Violation
from proctor.harness.words import harmless

TERM, HUP, INT, KILL = signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGKILL
REPLAYS = 3
"""How often a difference is replayed on both sides. A difference counts only if no replay contradicts it: a
launcher that loses every second signal also differs between two runs on the same side."""
SAMPLE = 2
"""How many cases are played on a launcher that starts slowly, that is never seen at rest, or that waits for a timer
before it ends: each takes seconds there."""


class Control(NamedTuple):
    """One case. It is for all launchers that are transparent."""

    requirement: str
    scenario: Scenario
    check: Check


def _control(requirement: str, check: Check, *steps: Step, stage: Stage | None = None) -> Control:
    """Make a case. It is traced: in the namespace, where it is played first, it must not signal all processes."""
    return Control(requirement, Scenario((Settle(), Trace(), *steps), stage or Stage()), check)


CONTROLS = (
    _control("SIG-1", of_signals.reaches_command, Look(), *send(TERM), *finish()),
    _control("TTY-1", of_terminal.key_arrives, Press("ctrl-c"), WaitReceived(INT), Settle(), *finish(),
             stage=JOB),
    _control("TREE-1", of_tree.nothing_left, Order(orders.Inherit()), Settle(), Signal(TERM), WaitEnds(), Settle()),
    _control("EXIT-1", of_exit.same_status, *finish(7)),
    _control("EXIT-2", of_exit.same_status, Order(orders.Die(int(TERM))), WaitEnds("command"), WaitEnds()),
    _control("SIG-1", of_signals.reaches_command, *send(HUP), *finish(), stage=LEADER),
    _control("SIG-2", of_signals.once_if_at_all, *send(INT, times=2), *finish()),
    _control("TTY-7", of_terminal.terminal_is_restored, *finish(), stage=JOB),
    _control("TREE-3", of_tree.noticed_by_command, Signal(KILL), Settle(), Look()),
    _control("TREE-4", of_tree.group_signal_arrives, Signal(TERM, "group"), WaitReceived(TERM), Settle(),
             *finish()),
)  # fmt: skip
"""Those that tell most come first. Each takes some milliseconds."""

Node = tuple[str, str, bool, bool]
"""A process of a tree: its label, its parent's, and whether it leads its session and its process group."""


class Outcome(NamedTuple):
    """What one play comes to. verdict: the codes and parameters of its violations, or what kept it from one. trees: the
    processes at each snapshot at rest."""

    verdict: tuple[str, ...]
    trees: tuple[tuple[Node, ...], ...]


class Comparison(NamedTuple):
    """The result. compared: the number of cases. difference: the first difference, in words; "" if there is none.
    not_compared: why nothing was played without a namespace; "" if it was."""

    compared: int = 0
    difference: str = ""
    not_compared: str = ""

    def __str__(self) -> str:
        if self.not_compared:
            return f"not compared with a run outside of a PID namespace: {self.not_compared}"
        return self.difference or f"{self.compared} cases outside of a PID namespace: no difference"


def compare(
    target: Target, contained: Player, uncontained: Player, controls: tuple[Control, ...] = CONTROLS
) -> Comparison:
    """Play the control group on a target, in a PID namespace and without one. HarnessError if the harness fails. The
    first case shows whether the launcher signals every process that it may."""
    bare = Bare(contained)
    try:
        first = contained(target, controls[0].scenario)
        if reason := _harm(first):
            return Comparison(not_compared=reason)
        if any(fact.how == "waited" for fact in first.facts(SettleEnded)):
            controls = controls[:SAMPLE]
        histories = [first, *(contained(target, control.scenario) for control in controls[1:])]
    except HarnessError as error:
        return Comparison(not_compared=str(error).splitlines()[0])
    if reason := next(filter(None, map(_harm, histories)), ""):
        return Comparison(not_compared=reason)
    for number, (control, history) in enumerate(zip(controls, histories, strict=True), start=1):
        try:
            against, _ = bare.of(target, control.scenario)
        except NotObservable as reason:  # the stage of the bare command may not be set up: no process is left, say
            return Comparison(not_compared=str(reason))

        def outcomes(play: Player, control: Control = control, against: History = against) -> Callable[[], Outcome]:
            return lambda: outcome(control, play(target, control.scenario), against)

        inside, outside = outcome(control, history, against), outcomes(uncontained)()
        if inside != outside and _is_stable(inside, outside, outcomes(contained), outcomes(uncontained)):
            return Comparison(number, f"{control.requirement}: {_in_words(inside, outside)}")
    return Comparison(len(controls))


def probe_contained(target: Target) -> Probe:
    """Take a first look at a target, and find out how it is to be contained; HarnessError if the harness fails.

    Nothing is compared if a containment was chosen, or if the system allows no PID namespace.
    Launchers that make environments keep them from run to run, so of these only the transparent ones are compared."""
    found = probe(target)
    if found.trouble or settings.containment() or "transparent" not in target.profiles or not door.has_namespace():
        return found
    controls = CONTROLS[:SAMPLE] if target.slow or found.slow or found.waits else CONTROLS
    target = found.with_witness(target)
    comparison = compare(target, door.execute, door.execute_uncontained, controls)
    # it may step aside in a namespace, and hide our socket where it does its work, as firejail does
    trouble = trouble_with(target, door.execute_uncontained) if comparison.difference else None
    door.stop_uncontained()
    return msgspec.structs.replace(
        found, trouble=trouble, compared=str(comparison), uncontained=bool(comparison.difference)
    )


def settle_containment(target: Target) -> Probe:
    """As probe_contained(), and contain so from now on, for a process that plays this target alone."""
    found = probe_contained(target)
    if found.uncontained:
        door.choose_containment("subreaper")
    return found


def _harm(history: History) -> str:
    """Say why a launcher is not to be run without a namespace: it does to all processes what it should do to its own.
    "" if there is no reason."""
    if history.facts(LimitExceeded):
        return "it exceeds a limit"
    if any(fact.pid == -1 for fact in history.facts(SignalCall)):
        return "it signals all processes that it may signal: kill(-1, ...)"
    if any(fact.code == "ptrace-refused" for fact in history.facts(Unobserved)):
        return "ptrace is refused, so it is not known which processes it signals"
    return ""


def _is_stable(
    inside: Outcome, outside: Outcome, again_inside: Callable[[], Outcome], again_outside: Callable[[], Outcome]
) -> bool:
    """Whether no replay on one side comes to what was seen on the other."""
    here, there = {inside}, {outside}
    for _ in range(REPLAYS):
        here.add(again_inside())
        there.add(again_outside())
        if here & there:
            return False
    return True


def outcome(control: Control, history: History, bare: History) -> Outcome:
    """Return what a history comes to, without anything that is another with each play, such as pids."""
    try:
        found = control.check(history, bare)
        verdict = tuple(sorted(_key(one) for one in found)) or ("pass",)
    except NotApplicable:
        verdict = ("not applicable",)
    except NotObservable:
        verdict = ("not observable",)
    # when the command has just started, its siblings may still be on their way: nothing orders them and the look
    at_rest = [look for look in history.facts(Snapshot) if look.when != "start"]
    return Outcome(verdict, tuple(tree_of(look.processes) for look in at_rest))


def _key(found: Violation) -> str:
    """Return what is the same in each play of the same fault."""
    return " ".join([found.short_code, *(f"{name}={value}" for name, value in sorted(found.parameters.items()))])


def tree_of(processes: tuple[Process, ...]) -> tuple[Node, ...]:
    """Return the shape of a process tree."""
    by_pid = {process.pid: process for process in processes}

    def label(pid: int) -> str:
        found = by_pid.get(pid)
        return (found.role or found.name) if found else "outside"

    return tuple(sorted((label(p.pid), label(p.ppid), p.sid == p.pid, p.pgid == p.pid) for p in processes))


def _in_words(inside: Outcome, outside: Outcome) -> str:
    if inside.verdict != outside.verdict:
        return harmless(f"{', '.join(inside.verdict)} in a PID namespace, {', '.join(outside.verdict)} outside of one")
    pairs = zip(inside.trees, outside.trees, strict=False)
    here, there = next(((one, two) for one, two in pairs if one != two), ((), ()))
    return harmless(f"its processes are {_tree(here)} in a PID namespace, {_tree(there)} outside of one")


def _tree(nodes: tuple[Node, ...]) -> str:
    return ", ".join(_named(nodes)) or "none"


def _named(nodes: tuple[Node, ...]) -> Iterator[str]:
    for label, parent, leads_session, leads_group in nodes:
        kind = " leading a session" if leads_session else " leading a process group" if leads_group else ""
        yield f"{label} below {parent}{kind}" if parent != "outside" else f"{label}{kind}"
