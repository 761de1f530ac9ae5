"""Chapter WORLD: programs that start launchers, and programs that launchers start."""

from __future__ import annotations

import signal
from collections import Counter

from proctor.conformance.checks.common import counts_as_bare, launcher_stays, missed
from proctor.conformance.checks.objections import violation
from proctor.harness.history import History, Milestone
from proctor.harness.violation import Violation
from proctor.harness.words import times


def same_effect(history: History, bare: History) -> list[Violation]:
    """WORLD-5: a real program does what a signal asks of it, as often as without the launcher, and the launcher
    stays."""
    return launcher_stays(history) + (_effects_as_bare(history, bare) or missed(history))


def _effects_as_bare(history: History, bare: History) -> list[Violation]:
    """What the command has reported of itself is what the bare command has."""
    here, there = _milestones(history), _milestones(bare)
    found = []
    for name in sorted(here | there):
        if here[name] != there[name]:
            code = "effect-missing" if here[name] < there[name] else "effect-repeated"
            events = (event.index for event, fact in history.all(Milestone) if fact.name == name)
            required, count = times(there[name]), times(here[name])
            program = bare.scenario.command
            found.append(violation(code, *events, program=program, effect=name, required=required, count=count))
    return found


def _milestones(history: History) -> Counter[str]:
    return Counter(fact.name for fact in history.facts(Milestone) if fact.process == "command")


def interrupted_in_own_group(history: History, bare: History) -> list[Violation]:
    """WORLD-7: a command that leads a process group of its own gets the SIGINT of Ctrl-C, and the launcher stays. That
    it comes only once is TTY-1's matter."""
    found = counts_as_bare(history, bare, (signal.SIGINT,), fewest=True, most=False)
    return launcher_stays(history) + (found or missed(history))
