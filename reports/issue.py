"""A finding as the text of an issue, in GitHub's Markdown, ready to be pasted.

All text from a launcher or a case file is in fences and code spans that are longer than any run of backticks in it
(CommonMark 0.31, 4.5 and 6.1). So it cannot make a heading, HTML or a mention.
"""

from __future__ import annotations

import re

from proctor.harness.violation import Violation
from proctor.harness.words import harmless
from proctor.reports.finding import FindingSummary
from proctor.reports.narration import steps

HOW_TO_RUN = (
    "Save the script as `repro.py`. `python3 repro.py` needs only Linux, Python 3.8 or newer, and the launcher. "
    "It exits with 1 when the fault is there, with 0 when it is not, and with 2 when the result is inconclusive. "
    "`python3 repro.py -- LAUNCHER OPTIONS...` tests another version."
)


def markdown(summary: FindingSummary, script: str) -> str:
    """Return the text. script: the reproducer, for the folded section."""
    lines = [
        f"# {_span(summary.target.name)}: {summary.requirement}",
        "",
        summary.sentence,
        "",
        f"({summary.requirement}, {summary.level}, of the conformance suite Proctor.)",
        "",
        "## Versions",
        "",
        *(f"- {_word(key)}: {_span(value)}" for key, value in summary.versions.items() if key != "cores"),
        "",
        "## Steps",
        "",
        *_steps(summary),
        "",
        "## Required and actual",
        "",
        *_fenced("\n".join(_in_lines(one) for one in summary.objections)),
        "",
    ]
    if summary.timeline:
        lines += ["## What happened", "", *_fenced("\n".join(summary.timeline)), ""]
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


def _steps(summary: FindingSummary) -> list[str]:
    sentences = steps(summary.target.command, summary.scenario, str(summary.schedule).splitlines())
    texts = ("".join(_span(part.text) if part.is_code else part.text for part in parts) for parts in sentences)
    return [f"{n}. {text}" for n, text in enumerate(texts, 1)]


def _in_lines(objection: Violation) -> str:
    return f"required: {objection.required}\nactual:   {objection.actual}"


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)


def _span(text: str) -> str:
    """Return text as a code span; a blank at each side where it begins or ends with a backtick."""
    text = harmless(text).replace("\n", "\\n")
    ticks = "`" * (_longest_run(text) + 1)
    pad = " " if "`" in text or not text.strip() else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def _word(text: str) -> str:
    """Return a name as it is if it is letters and digits, else as a code span."""
    return text if re.fullmatch(r"\w+", text) and text.isprintable() else _span(text)


def _fenced(text: str, language: str = "text") -> list[str]:
    ticks = "`" * max(3, _longest_run(text) + 1)
    return [f"{ticks}{language}", *harmless(text).split("\n"), ticks]
