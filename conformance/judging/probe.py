"""A first look at a target: does it start a command at all, how long does that take, which version is it?"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys

import msgspec

from proctor.conformance.judging.judge import Judgement, Player
from proctor.conformance.judging.result_rows import CaseResult
from proctor.conformance.judging.trouble import COMPUTES_WITHIN, Trouble, trouble_of
from proctor.conformance.scenarios.environments import command_for
from proctor.conformance.spec import requirements
from proctor.harness import execute as door
from proctor.harness import orders, settings
from proctor.harness.history import (
    History,
    SettleEnded,
    WaitEnded,
    WitnessReady,
)
from proctor.harness.scenario import Order, Scenario, Settle, Signal, Stage, WaitEnds
from proctor.harness.target import Target
from proctor.harness.words import harmless

VERSION_WITHIN = 30
"""Seconds to print a version."""
SLOW_START = 6000
"""Page faults to start a command, from which on the suite takes samples where it could do all. They measure how much a
start does, and are the same whatever the load of the machine. Time on the clock is not, and CPU time grows tenfold
where processors are shared with other virtual machines. The value is far from common launchers: programs in C have 150,
scripts in Python 2,000, uv 2,200, scripts in Node 2,800; pdm 7,800, npx 11,000, poetry 12,500."""
SLOW_IN_ANY_CASE = 1.0
"""Seconds of CPU time: a start may compute without touching much memory."""
MEASUREMENTS = 3
"""How often it is measured, of which the least counts: with cold caches the first start takes several times as long."""
START_WITHIN = 8.0
"""Seconds to start a command here. The suite allows 30, but a target that starts none is to be reported soon. It does
not apply to a target that is described as slow, or if the user has set another time."""
RESTLESS = 5
"""Seconds that an execution of a launcher waits that is never seen at rest: one at each rest, and some at the end."""
MAKERS = {"ephemeral", "sync", "cache"}
"""Profiles of launchers that make environments, which may take more CPU time than the start of a program."""
SYNCS_WITHIN = 60.0
"""Seconds that a first environment may take."""


class Probe(msgspec.Struct, frozen=True):
    """What was found. trouble: why this target cannot be judged, None if it can. restless: the launcher is never seen
    at rest while its command runs, so each absence takes seconds to establish. rests_before_end: whole seconds for
    which it only waits for a timer between a SIGTERM and its end, as script(1) does. compared: what the control group
    found out, "" if it was not played. uncontained: the launcher behaves differently in a PID namespace, so it is
    judged outside of one. witness: how the command is linked, and why; "" for as usual, statically."""

    version: str
    slow: bool
    trouble: Trouble | None
    restless: bool = False
    rests_before_end: int = 0
    compared: str = ""
    uncontained: bool = False
    witness: str = ""

    def with_witness(self, target: Target) -> Target:
        """Return the target with the command that it is to be judged with."""
        return msgspec.structs.replace(target, witness="dynamic") if self.witness else target

    @property
    def waits(self) -> int:
        """Seconds that an execution waits for timers of the launcher, or for what may come from outside; 0 for most
        launchers."""
        return max(RESTLESS if self.restless else 0, self.rests_before_end)

    @property
    def containment(self) -> str:
        """How the executions of this target are contained."""
        if self.uncontained:
            return "subreaper, because it behaves differently in a PID namespace"
        return door.containment()


def probe(target: Target) -> Probe:
    """Start the launcher at least twice (the first time may fill caches) and ask its version.

    Raises HarnessError where the harness fails.
    """
    has_time = target.slow or settings.START_WITHIN in os.environ
    makes_environments = bool(MAKERS & set(target.profiles))
    script = _first_look(target, Stage(limits=() if has_time or makes_environments else _limits()))
    if not has_time:
        script = msgspec.structs.replace(script, start_within=START_WITHIN)
    history = door.execute(target, script)
    trouble = trouble_of(target, history)
    witness = _which_witness(target, history)
    if witness and target.witness == "static":
        target = msgspec.structs.replace(target, witness="dynamic")
        trouble = trouble or trouble_of(target, door.execute(target, script))
    if trouble:
        return Probe("", False, trouble, witness=witness)
    slow, (restless, rests_before_end) = _is_slow(target, script), _waits(target, script)
    return Probe(version_of(target), slow, None, restless, rests_before_end, witness=witness)


def _waits(target: Target, script: Scenario) -> tuple[bool, int]:
    """Return whether the launcher polls, or waits for what Proctor does not see, while its command does nothing; and
    for how many seconds it rests between a SIGTERM and its end. Neither depends on the load: a launcher that does come
    to rest is waited for, and only time in which nothing runs counts. What Proctor cannot see by chance, because a
    signal has interrupted a call, it does not miss each time."""
    if not script.starts_command:
        return False, 0
    steps = (Settle(), Signal(signal.SIGTERM), *script.steps)
    restless, rests_before_end = True, sys.maxsize
    for _ in range(MEASUREMENTS):
        history = door.execute(target, msgspec.structs.replace(script, steps=steps))
        rests = history.facts(SettleEnded)
        idle = sum(fact.idle for fact in history.facts(WaitEnded) if fact.awaited == WaitEnds())
        restless &= bool(rests) and rests[0].how != "quiescent"
        rests_before_end = min(rests_before_end, round(idle))
        if not restless and not rests_before_end:
            break
    return restless, rests_before_end


def _is_slow(target: Target, script: Scenario) -> bool:
    """Return whether each start of the command costs much, as far as one is started."""
    for _ in range(MEASUREMENTS):
        ready = [fact for fact in door.execute(target, script).facts(WitnessReady) if fact.process in script.commands]
        if not any(one.page_faults >= SLOW_START or one.cpu_seconds >= SLOW_IN_ANY_CASE for one in ready):
            return False
    return True


def _which_witness(target: Target, history: History) -> str:
    """Say why the command is to be linked dynamically: only then the dynamic linker loads what these variables name
    (ld.so(8)). "" if nothing asks for it."""
    for fact in history.facts(WitnessReady):
        names = [entry.partition(b"=")[0] for entry in fact.inherited.environ if not entry.endswith(b"=")]
        for name in ("LD_PRELOAD", "LD_AUDIT"):
            if name.encode() in names:
                return f"linked dynamically, because {name} is in its environment"
    return "linked dynamically, as the description says" if target.witness == "dynamic" else ""


def _first_look(target: Target, stage: Stage) -> Scenario:
    """Return a scenario that anyone must be able to play who claims these profiles: of a command by its path, of one by
    the name that it has in the launcher's environment, or of a sync."""
    if set(target.profiles) == {"sync"}:
        return Scenario((WaitEnds(),), stage, invoke="sync", within=SYNCS_WITHIN)
    if target.starts_several:
        script = Scenario((), stage, group=2)
        ends = (Order(orders.Exit(0), name) for name in script.commands)
        return msgspec.structs.replace(script, steps=(*ends, WaitEnds()))
    steps = (Order(orders.Exit(0)), WaitEnds())
    if command_for(target) == "tool":
        return Scenario(steps, stage, "tool", within=SYNCS_WITHIN)
    return Scenario(steps, stage)


def not_judged(target: Target, trouble: Trouble, with_cases: frozenset[str]) -> list[CaseResult]:
    """Return the results of a target that is not judged: the same for each requirement that it claims."""
    found = Judgement(trouble.verdict, reason=trouble.text)
    claimed = [r for r in requirements().values() if r.id in with_cases and r.applies_to(target.profiles)]
    return [CaseResult(requirement.id, target.name, "a first look", found) for requirement in claimed]


def _limits() -> tuple[tuple[int, int, int], ...]:
    """A launcher that computes for ever is never at rest: this ends it, and the waiting for that as well."""
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    if most != resource.RLIM_INFINITY and most <= COMPUTES_WITHIN:
        return ()
    return ((resource.RLIMIT_CPU, COMPUTES_WITHIN, COMPUTES_WITHIN + 1),)


def trouble_with(target: Target, play: Player) -> Trouble | None:
    """Start the launcher once, and say why it cannot be judged where `play` plays it; None if it can."""
    return trouble_of(target, play(target, _first_look(target, Stage())))


def version_of(target: Target) -> str:
    """Ask the launcher its version; "" where it says none."""
    if not target.version:
        return ""
    try:
        done = subprocess.run(
            target.version, capture_output=True, timeout=VERSION_WITHIN, stdin=subprocess.DEVNULL, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    lines = (done.stdout or done.stderr).decode("utf-8", "backslashreplace").strip().splitlines()
    return harmless(lines[0][:80]) if lines else ""
