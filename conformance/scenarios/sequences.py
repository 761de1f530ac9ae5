"""Stop sequences: how service managers, containers, CI runners and hosts end what they have started. Data in TOML."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from proctor.harness import orders
from proctor.harness.errors import UsageError, nearest
from proctor.harness.scenario import (
    INIT,
    PIPES,
    ClosePipe,
    Look,
    Order,
    Scenario,
    Settle,
    Signal,
    Step,
    WaitAnswer,
    WaitEnds,
    WaitReceived,
)
from proctor.harness.schedule import signal_number
from proctor.harness.strict import convert

NEEDS = 1.0
"""Seconds that a command needs to finish once it is asked to. A rung that gives less is no chance to finish."""
STAGES = {"pipes": PIPES, "init": INIT}
DIRECTORY = Path(__file__).resolve().parent / "sequences"
Grace = Annotated[float, msgspec.Meta(ge=0)]


class Rung(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that is done, and the seconds (grace) until the next. to: the launcher alone, its process group, or
    every process."""

    signal: str = ""
    closes: Literal["", "stdin"] = ""
    to: Literal["launcher", "group", "all"] = "launcher"
    grace: Grace = 0.0

    @property
    def number(self) -> int:
        """The signal; 0 for none."""
        return signal_number(self.signal) if self.signal else 0


class StopSequence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One sequence. stage: "init" where the launcher is PID 1. requirement: of which it is a case. name: that of its
    file."""

    description: str
    source: str
    rungs: Annotated[tuple[Rung, ...], msgspec.Meta(min_length=1)]
    requirement: Literal["WORLD-8", "WORLD-9", "WORLD-10"] = "WORLD-8"
    stage: Literal["pipes", "init"] = "pipes"
    name: str = ""

    @property
    def reaches_all(self) -> bool:
        """Whether its last rung is for more than the launcher, so that nothing can be left."""
        return self.rungs[-1].to != "launcher"

    def finishing(self) -> Scenario:
        """Return the scenario in which the command finishes as soon as it is asked to, by a rung that gives it the
        time: all that the launcher does of the rung by itself is done before the command ends."""
        until = next((index for index, rung in enumerate(self.rungs) if rung.grace >= NEEDS), len(self.rungs) - 1)
        before = [step for rung in self.rungs[:until] for step in (*_apply(rung), Settle())]
        asks = self.rungs[until]
        reads = (Order(orders.Read(1)),) if asks.closes else ()
        heard: Step = WaitAnswer("read") if asks.closes else WaitReceived(asks.number)
        ends = (Order(orders.Exit(0)), WaitEnds("command"), WaitEnds())
        steps = (*reads, Settle(), *before, *_apply(asks), heard, Settle(limit=NEEDS), Look(), *ends)
        return Scenario(steps, STAGES[self.stage])

    def to_the_end(self) -> Scenario:
        """Return the scenario in which the command heeds nothing, so that every rung is taken."""
        ignored = [Order(orders.Ignore(rung.number)) for rung in self.rungs if rung.signal and rung.signal != "KILL"]
        rungs = [step for rung in self.rungs for step in (*_apply(rung), Settle())]
        return Scenario((*ignored, Settle(), *rungs, WaitEnds()), STAGES[self.stage])


def _apply(rung: Rung) -> tuple[Step, ...]:
    return (ClosePipe("stdin"),) if rung.closes else (Signal(rung.number, rung.to),)


@cache
def known_sequences() -> dict[str, StopSequence]:
    """Return the sequences that are part of Proctor, by name."""
    return {path.stem: _read(path) for path in sorted(DIRECTORY.glob("*.toml"))}


def load_sequence(asked: str) -> StopSequence:
    """Return a sequence by its name, or that of a TOML file. Raise UsageError where there is none, or it is wrong."""
    if asked.endswith(".toml"):
        return _read(Path(asked))
    known = known_sequences()
    if asked not in known:
        raise UsageError(
            f"--stop-sequence={asked}: unknown{nearest(asked, known)}; known are: {', '.join(known)}. A file "
            "of your own has to end in .toml"
        )
    return known[asked]


def _read(path: Path) -> StopSequence:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"stop sequence {path}: {error}") from None
    sequence = msgspec.structs.replace(convert(data, StopSequence, f"stop sequence {path}"), name=path.stem)
    for number, rung in enumerate(sequence.rungs, 1):
        if bool(rung.signal) == bool(rung.closes):
            raise UsageError(f"stop sequence {path}: rung {number} needs either 'signal' or 'closes', and has not one")
        try:
            _apply(rung)
        except UsageError as error:
            raise UsageError(f"stop sequence {path}: rung {number}: {error}") from None
    return sequence
