"""The steps of an execution as sentences, in which code is marked."""

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
"""Settings of a stage whose values are not shown."""


class TextPart(NamedTuple):
    """A part of a sentence. is_code: whether it is code, such as a command line."""

    text: str
    is_code: bool = False


def steps(
    command: Sequence[str], scenario: Scenario, directives: Iterable[str], last: int | None = None
) -> list[tuple[TextPart, ...]]:
    """Return the steps in order. command: the launcher's command line, empty for the bare command; directives: of the
    schedule, as text; last: the index of the step at which the script stopped, None if it ran to its end."""
    words = shlex.join([*command, "COMMAND"])
    sentences: list[tuple[TextPart, ...]] = [
        (TextPart("Start "), TextPart(words, is_code=True), TextPart(_stage(scenario.stage)))
    ]
    if settings := _settings(scenario.stage):
        sentences.append((TextPart(f"It is started with {settings}."),))
    scheduled = [(TextPart(one, is_code=True),) for one in directives]
    if scheduled:
        sentences += [
            (TextPart("Stop the launcher at its system calls and run one process at a time. At these points:"),)
        ]
    taken = scenario.steps if last is None else scenario.steps[: last + 1]
    sentences += scheduled + [_sentence(step) for step in taken if not isinstance(step, s.NewPhase)]
    if left := len(scenario.steps) - len(taken):
        skipped = "the last step was not run" if left == 1 else f"the last {left} steps were not run"
        sentences.append((TextPart(f"This did not happen, so {skipped}."),))
    return sentences


def _stage(stage: Stage) -> str:
    if stage.parent in SHELLS:
        return f" in an interactive {stage.parent} on a terminal."
    known = STAGES.get((stage.parent, stage.terminal), "")
    return f" {known}." if known else "."


def _settings(stage: Stage) -> str:
    """Return the settings of a stage that differ from the defaults, as text."""
    defaults = Stage()
    settings = [
        f"{' and '.join(map(signals.name, numbers))} {how}"
        for numbers, how in ((stage.ignored, "ignored"), (stage.blocked, "blocked"))
        if numbers
    ]
    settings += [name for field, name in SETTINGS.items() if getattr(stage, field) != getattr(defaults, field)]
    settings += [f"a {stage.home} home"] if stage.home != defaults.home else []
    return ", ".join(settings)


def _sentence(step: s.Step) -> tuple[TextPart, ...]:
    """Return a step as a sentence; text that is not plain words becomes code."""
    if isinstance(step, s.Type):
        return (TextPart("Type "), TextPart(repr(step.data).removeprefix("b"), is_code=True), TextPart("."))
    text = words_of(step)
    if re.fullmatch(r"[\w ,;:'.-]+", text):
        return (TextPart(text[0].upper() + text[1:] + "."),)
    return (TextPart(text, is_code=True),)
