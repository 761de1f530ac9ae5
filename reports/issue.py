"""A finding as the text of an issue, in GitHub's Markdown, ready to be pasted.

Whatever a launcher or a case file chose itself stands in fences and code spans that are longer than any run of
backticks in it (CommonMark 0.31, 4.5 and 6.1): no heading, no HTML, no mention of anybody can come out of it.
"""

from __future__ import annotations

import re

from proctor.harness.words import harmless
from proctor.reports.finding import FindingSummary
from proctor.reports.narration import steps

HOW_TO_RUN = (
    "Save the script as `repro.py`. `python3 repro.py` needs Linux, Python 3.8 or newer and the launcher, no more. "
    "It exits 1 when the fault is there, 0 when it is not, 2 when it could not tell; "
    "`python3 repro.py -- LAUNCHER OPTIONS...` tries another version."
)


def markdown(account: FindingSummary, script: str) -> str:
    """Return the text. script: the reproducer, which is folded."""
    lines = [
        f"# {_span(account.target.name)}: {account.requirement}",
        "",
        account.sentence,
        "",
        f"({account.requirement}, {account.level}, of the conformance suite Proctor.)",
        "",
        "## Versions",
        "",
        *(f"- {key}: {_span(value)}" for key, value in account.versions.items() if key != "cores"),
        "",
        "## Steps",
        "",
        *_steps(account),
        "",
        "## Required and actual",
        "",
        *_fenced("\n".join(_in_lines(one) for one in account.objections)),
        "",
    ]
    if account.timeline:
        lines += ["## What happened", "", *_fenced("\n".join(account.timeline)), ""]
    lines += [
        "## Reproduce it",
        "",
        HOW_TO_RUN,
        "",
        "<details>",
        f"<summary>repro.py ({script.count(chr(10))} lines)</summary>",
        "",
        *_fenced(script.rstrip("\n"), "python"),
        "",
        "</details>",
    ]
    return "\n".join(lines) + "\n"


def _steps(account: FindingSummary) -> list[str]:
    told = steps(account.target.command, account.scenario, map(str, account.schedule.directives))
    sentences = ("".join(_span(part.text) if part.is_code else part.text for part in parts) for parts in told)
    return [f"{n}. {sentence}" for n, sentence in enumerate(sentences, 1)]


def _in_lines(objection: str) -> str:
    return objection.replace("; actual: ", "\nactual:   ", 1)


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)


def _span(text: str) -> str:
    """Return text as a code span; a blank at each side where it begins or ends with a backtick."""
    text = harmless(text).replace("\n", "\\n")
    ticks = "`" * (_longest_run(text) + 1)
    pad = " " if "`" in text or not text.strip() else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def _fenced(text: str, language: str = "text") -> list[str]:
    ticks = "`" * max(3, _longest_run(text) + 1)
    return [f"{ticks}{language}", *harmless(text).split("\n"), ticks]
