"""Verdicts: from histories by checks, never by anything else. A finding is replayed before it is reported."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterable
from typing import Protocol

import msgspec

from proctor.conformance.checks.common import (
    NotApplicable,
    NotObservable,
    end_key,
    end_of,
    needs_freedom,
    needs_watched_command,
)
from proctor.conformance.judging.deviations import Sorted, reasons, sort
from proctor.conformance.judging.instability import Instability, cause
from proctor.conformance.judging.stimulus import of_requirement
from proctor.conformance.spec import Requirement
from proctor.harness.errors import HarnessError
from proctor.harness.history import History, NotStarted, Unobserved, WaitFailed, WitnessReady, is_outside
from proctor.harness.scenario import Scenario, WaitReady
from proctor.harness.target import Profile, Target
from proctor.harness.violation import Value, Violation
from proctor.harness.words import describe, is_dull, still_open, unseen
from proctor.reports.coverage import Coverage
from proctor.reports.results import Verdict

VERDICTS: tuple[Verdict, ...] = (
    "fail", "error", "unstable", "not observable", "partial", "declared deviation", "pass", "not applicable",
    "not run",
)  # fmt: skip
"""Worst first: the verdict of a requirement is the worst of its cases."""

Check = Callable[[History, History], list[Violation]]
Claims = tuple[Profile, ...]
REPLAYS = 3
"""How often a finding is replayed. Only one that comes back each time is a fail."""
REPLAYS_ONCE_CONFIRMED = 1
"""The same for a requirement that the target has already failed: a further case changes the account, no verdict."""


class Player(Protocol):
    """Plays a scenario on a target: proctor.harness.execute.execute, or histories out of a file."""

    def __call__(self, target: Target, scenario: Scenario, /) -> History:
        """Return the history; raise HarnessError where the harness fails."""
        ...


class Judgement(msgspec.Struct, frozen=True):
    """The verdict on one case, with what led to it. `returned`: in how many of the `replays` the finding came back.
    history, bare: where it was seen, and the bare command's, which is None where there is none to compare with. Of what
    the explorer found: what it covered, and the schedule of the finding. declarations: the target's declared deviations
    that cover a violation, in their text form; violations has those that none covers, where there are such. stage: the
    name of the stage on which they were found. rest: of what is partial, the option that plays the rest, as a clause.
    launcher_end: how the launcher ended there; "" if it did not. instability: why it is unstable; None if it is not."""

    verdict: Verdict
    executions: int = 0
    reason: str = ""
    violations: tuple[Violation, ...] = ()
    returned: int = 0
    timeline: tuple[str, ...] = ()
    explored: Coverage | None = None
    schedule: str = ""
    replays: int = 0
    history: History | None = None
    bare: History | None = None
    declarations: tuple[str, ...] = ()
    stage: str = ""
    rest: str = ""
    launcher_end: Value = ""
    instability: Instability | None = None


class Bare:
    """Histories of the bare command: each scenario is executed once and kept."""

    def __init__(self, play: Player) -> None:
        self._play = play
        self._kept: dict[bytes, History] = {}

    def of(self, target: Target, scenario: Scenario) -> tuple[History, int]:
        """Return the bare command's history and how many executions it took: 1 or 0."""
        alone = msgspec.structs.replace(target, command=(), bundle=(), version=(), deviations={})
        if scenario.stage.parent == "init":
            # as PID 1 itself the command would be no compared_with: the kernel drops signals without a handler there
            scenario = msgspec.structs.replace(scenario, stage=msgspec.structs.replace(scenario.stage, parent="runner"))
        key = msgspec.json.encode((alone, scenario), order="deterministic")
        if key in self._kept:
            return self._kept[key], 0
        history = self._play(alone, scenario)
        needs_stage(history)
        unstarted = list(history.facts(NotStarted)) if scenario.starts_command else []
        for amiss in (*map(describe, unstarted), *map(describe, history.facts(WaitFailed))):
            raise HarnessError(
                f"the scenario does not work with the bare command: {amiss}. This says nothing about the "
                "launcher; it may be the system (a missing shell, a machine under extreme load)"
            )
        self._kept[key] = history
        return history, 1


def judge(
    requirement: Requirement, target: Target, scenario: Scenario, check: Check, play: Player, bare: Bare,
    replays: int = REPLAYS, claims: Claims = (), compared_with: Scenario | None = None,
) -> Judgement:  # fmt: skip
    """Play the scenario on the target, judge what happened, and replay what was found so many times. claims: the
    profiles that the case is for, where that is not the requirement's own. compared_with: the target is
    compared not with the bare command, but with itself in this scenario, which is played anew for each replay."""
    if reason := not_claimed(requirement, target, claims):
        return Judgement("not applicable", reason=reason)
    executions = 0

    def count(history: History) -> History:
        nonlocal executions
        executions += 1
        return history

    try:
        its = None
        if has_bare(scenario):
            its, executions = bare.of(target, scenario)
        history = count(play(target, scenario))
        needs_stage(history)
        needs_watched_command(history)
        needs_nothing_outside(history)
        _needs_command(requirement, history, its)
        _needs_commands(history)
        against = count(play(target, compared_with)) if compared_with else its or history
        violations = of_requirement(check(history, against), requirement.id, history)
        needs_freedom(history)
        needs_freedom(against)
        if not violations:
            return Judgement("pass", executions)

        def undeclared(found: Iterable[Violation]) -> Sorted:
            named = of_requirement(found, requirement.id, history)
            return sort(target, named, requirement.id, scenario.stage.name)

        found = undeclared(violations)
        declarations = found.declarations
        if not found.open:
            return Judgement(
                "declared deviation", executions, reasons(target, declarations), violations, history=history, bare=its,
                declarations=declarations, stage=scenario.stage.name, launcher_end=launcher_end(history),
            )  # fmt: skip
        without, confirmed = [], found.open
        for _ in range(replays):
            again = count(play(target, scenario))
            against = count(play(target, compared_with)) if compared_with else against
            if seen := _violations(check, again, against, undeclared):
                confirmed = _also_in(confirmed, seen)
            else:
                without.append(again)
        returned = replays - len(without)
        verdict: Verdict = "unstable" if without else "fail"
        why = cause(history, without) if without else None
        reason = how_often(returned, replays, why) if why else ""
        return Judgement(
            verdict, executions, reason, confirmed, returned, timeline(history), replays=replays,
            history=history, bare=its, declarations=declarations, stage=scenario.stage.name,
            launcher_end=launcher_end(history), instability=why,
        )  # fmt: skip
    except NotApplicable as reason:
        return Judgement("not applicable", executions, str(reason))
    except NotObservable as reason:
        return Judgement("not observable", executions, str(reason))
    except HarnessError as error:
        return Judgement("error", executions, str(error))
    except Exception as error:  # noqa: BLE001  a check that crashes has found out nothing: never "fail"
        return Judgement("error", executions, f"{error!r}: the harness failed\n{traceback.format_exc()}")


def how_often(returned: int, replays: int, why: Instability) -> str:
    """Return the reason of the verdict `unstable`: in how many replays the violation came back, and why not in all."""
    return f"came back in {returned} of {replays} replays: {why}"


def launcher_end(history: History) -> Value:
    """Return how the launcher ended, as a parameter of violations says it; "" if it did not."""
    end = end_of(history, "launcher")
    return end_key(end[1]) if end else ""


def not_claimed(requirement: Requirement, target: Target, claims: Claims) -> str:
    """Say which profile the target would have to claim for this to apply to it; "" where it claims all."""
    if not claims and requirement.applies_to(target.profiles):
        return ""
    missing = [profile for profile in claims or (requirement.profile,) if profile not in target.profiles]
    return f"{target.name} does not claim the profile {missing[0]}" if missing else ""


def needs_stage(history: History) -> None:
    """Raise NotObservable where this system refuses, or lacks, what the launcher was to be started with."""
    for fact in history.facts(NotStarted):
        if fact.step != "exec":
            raise NotObservable(f"the stage cannot be set up here: {fact.step}: {os.strerror(fact.errno)}")
    for lack in history.facts(Unobserved):
        if lack.code in ("program-not-installed", "sshd-without-tty-group"):
            raise NotObservable(unseen(lack))


def needs_nothing_outside(history: History) -> None:
    """Raise HarnessError where the launcher did not start its command because it waited for something that Proctor does
    not see, such as a daemon. Whether that would have come is not the launcher's fault, nor ours to judge."""
    for miss in history.facts(WaitFailed):
        if isinstance(miss.awaited, WaitReady) and miss.step is None and any(map(is_outside, miss.open)):
            raise HarnessError(still_open(miss))


def has_bare(scenario: Scenario) -> bool:
    """Whether the bare command can be compared with: without the launcher there is no environment, and of several
    commands there is none that stands for all."""
    return scenario.starts_command and scenario.stage.home == "kept" and not scenario.group


def _needs_commands(history: History) -> None:
    """Raise NotObservable where a launcher of several commands did not start those that had to be there at first."""
    script = history.scenario
    ready = {fact.process for fact in history.facts(WitnessReady)}
    missing = [name for name in script.awaited_commands if name not in ready]
    if script.group and missing:
        needs_freedom(history)
        raise NotObservable(f"the launcher did not start {', '.join(missing)}")


STARTING = ("EXIT-1", "TTY-6", "TREE-6")
"""Requirements, besides those of INHERIT, that speak of a launcher which does not start its command at all."""


def _needs_command(requirement: Requirement, history: History, bare: History | None) -> None:
    """Raise NotObservable where the command never ran, unless that is this requirement's own matter: one fault is
    reported where it belongs and not once for every requirement."""
    if bare is None or requirement.chapter == "inherit" or requirement.id in STARTING:
        return
    if not any(fact.process == "command" for fact in history.facts(WitnessReady)):
        needs_freedom(history)  # where we ended the launcher, that is the reason, however far it had come
        raise NotObservable(f"the launcher did not start its command here: see {', '.join(STARTING)} and INHERIT")


def _also_in(violations: tuple[Violation, ...], seen: tuple[Violation, ...]) -> tuple[Violation, ...]:
    """Return those violations of which a replay shows the kind as well; all, if it shows only others: the launcher
    breaks the requirement each time, but not in the same way."""
    codes = {one.code for one in seen}
    return tuple(one for one in violations if one.code in codes) or violations


def _violations(
    check: Check, history: History, bare: History, undeclared: Callable[[Iterable[Violation]], Sorted]
) -> tuple[Violation, ...]:  # fmt: skip
    """Return the violations that a replay shows and that are not declared; none where it could not be observed, or
    waited for something outside instead of starting the command."""
    try:
        needs_stage(history)
        needs_watched_command(history)
        needs_nothing_outside(history)
        needs_freedom(history)
        needs_freedom(bare)
        return undeclared(check(history, bare)).open
    except (NotApplicable, NotObservable, HarnessError):
        return ()


def timeline(history: History) -> tuple[str, ...]:
    """Return the history in words, a line for each event that says something to a person."""
    return tuple(
        f"{event.index:4} {event.time * 1e3:9.2f} ms  {describe(event.fact)}"
        for event in history.events
        if not is_dull(event.fact)
    )
