"""What was done in an execution, in words: a sentence for each step, with what is no plain words in it marked."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from proctor.harness import scenario as s
from proctor.harness import signals
from proctor.harness.scenario import SHELLS, Scenario, Stage
from proctor.reports.reproducer.wording import words_of

STAGES = {
    ("runner", False): "without a terminal, as a service manager starts it",
    ("runner", True): "on a terminal, as the leader of its session",
    ("job", True): "on a terminal, as the foreground job of a shell-like parent",
    ("job", False): "without a terminal, as the job of a parent that waits for it",
    ("init", False): "as PID 1 of a PID namespace",
}
SETTINGS = {
    "limits": "other resource limits", "nice": "another nice value", "umask": "another umask",
    "environment": "extra environment variables", "groups": "other supplementary groups", "notify": "NOTIFY_SOCKET",
}  # fmt: skip
"""Settings of a stage that are said to be there."""


class TextPart(NamedTuple):
    """A part of a sentence. is_code: a command line, or whatever else is to stand as it is."""

    text: str
    is_code: bool = False


def steps(
    command: Sequence[str], scenario: Scenario, directives: Iterable[str], last: int | None = None
) -> list[tuple[TextPart, ...]]:
    """Return the steps in order. command: of the launcher, none for the bare command; directives: of a schedule, in
    their text form; last: the index of the step at which the script ended, None where it came to its end."""
    words = shlex.join([*command, "COMMAND"])
    told: list[tuple[TextPart, ...]] = [
        (TextPart("Start "), TextPart(words, is_code=True), TextPart(_stage(scenario.stage)))
    ]
    if settings := _settings(scenario.stage):
        told.append((TextPart(f"It is started with {settings}."),))
    scheduled = [(TextPart(one, is_code=True),) for one in directives]
    if scheduled:
        told += [(TextPart("Stop the launcher at its system calls and run one process at a time. At these points:"),)]
    taken = scenario.steps if last is None else scenario.steps[: last + 1]
    told += scheduled + [_sentence(words_of(step)) for step in taken if not isinstance(step, s.NewPhase)]
    if left := len(scenario.steps) - len(taken):
        skipped = "the last step was not run" if left == 1 else f"the last {left} steps were not run"
        told.append((TextPart(f"This did not happen, so {skipped}."),))
    return told


def _stage(stage: Stage) -> str:
    if stage.under in SHELLS:
        return f" in an interactive {stage.under} on a terminal."
    known = STAGES.get((stage.under, stage.terminal), "")
    return f" {known}." if known else "."


def _settings(stage: Stage) -> str:
    """Say with which settings a launcher is started that are not the usual ones; "" where all are usual."""
    usual = Stage()
    told = [
        f"{' and '.join(map(signals.name, numbers))} {how}"
        for numbers, how in ((stage.ignored, "ignored"), (stage.blocked, "blocked"))
        if numbers
    ]
    told += [name for said, name in SETTINGS.items() if getattr(stage, said) != getattr(usual, said)]
    told += [f"a {stage.home} home"] if stage.home != usual.home else []
    return ", ".join(told)


def _sentence(text: str) -> tuple[TextPart, ...]:
    """Return a step: a sentence where it is plain words, else with the rest as it stands."""
    if re.fullmatch(r"[\w ,;:'.-]+", text):
        return (TextPart(text[0].upper() + text[1:] + "."),)
    if typed := re.fullmatch(r"type b?(['\"].*['\"])", text):
        return (TextPart("Type "), TextPart(typed[1], is_code=True), TextPart("."))
    return (TextPart(text, is_code=True),)
