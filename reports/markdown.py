"""Results as Markdown, for a pull request: counts and failures of each launcher, then the whole matrix, collapsed."""

from __future__ import annotations

import re
from collections import Counter

from proctor.harness.words import describe, harmless, is_dull
from proctor.reports.grouping import grouped
from proctor.reports.results import Results, Row

SYMBOLS = {
    "pass": "✓", "partial": "◐", "fail": "✗", "error": "E", "unstable": "~", "declared deviation": "d",
    "not applicable": "–", "not observable": "?", "not run": "",
}  # fmt: skip
"""A character per verdict, so that colour is not needed."""
LEGEND = (
    "✓ pass, ◐ partial (nothing found, but not everything was played), ✗ fail, d declared deviation, "
    "– not applicable, ? not observable here, ~ unstable, E harness error"
)


def summary(documents: list[Results]) -> str:
    """Return the Markdown text."""
    parts = [_launcher_section(document) for document in documents]
    return "\n\n".join(["# Proctor", *parts, _matrix(documents)]) + "\n"


def _launcher_section(document: Results) -> str:
    lines = [f"## {_escaped(document.title)}", "", _counts(document)]
    for title, is_mandatory in (("Failed MUST requirements", True), ("Failed SHOULD requirements", False)):
        failed = [
            (name, row)
            for name, row in document.requirements.items()
            if row.verdict == "fail" and row.is_mandatory == is_mandatory
        ]
        if failed:
            lines += ["", f"### {title}", ""]
        for name, row in failed:
            lines.append(f"- **{_escaped(name)}** {_escaped(document.sentence(name))}")
            lines += [f"  {line}" for line in _violated(row)]
    partial = [(name, row) for name, row in document.requirements.items() if row.verdict == "partial"]
    if partial:
        lines += ["", "### Partial: nothing was found, but not everything was played", ""]
    lines += [f"- **{_escaped(name)}** {_escaped(row.reason)}" for name, row in partial]
    return "\n".join(lines + _unstable(document))


def _violated(row: Row) -> list[str]:
    """Return what is violated: an example of each kind, with what is the same as it."""
    if row.causes:
        return [f"for the same reason as {_escaped(', '.join(row.causes))}"]
    own = [one for one in row.violations if not one.follows_from]
    lines: list[str] = []
    for group in grouped(own):
        the_same = f" ({_escaped(group.the_same())})" if group.others else ""
        lines.append(f"{'<br>' if lines else ''}{_code_span(group.example.message)}{the_same}")
    return lines or [_code_span(row.reason)]


def _unstable(document: Results) -> list[str]:
    """Return the section of what did not come back in each replay: how often it did, why, what happened, and how to
    repeat it."""
    names = [name for name, row in document.requirements.items() if row.verdict == "unstable"]
    lines = ["", "### Unstable requirements", ""] if names else []
    shown = {failure.requirement: failure for failure in document.failures if failure.verdict == "unstable"}
    for name in names:
        row, failure = document.requirements[name], shown.get(name)
        lines += [f"- **{_escaped(name)}** {_escaped(document.sentence(name))}", f"  {_escaped(row.reason)}"]
        lines += [f"  {line}" for line in _violated(row)]
        if failure:
            told = [event for event in failure.history.events if not is_dull(event.fact)]
            lines += [
                f"  - {_code_span(f'{one.index}, {one.time * 1e3:.2f} ms: {describe(one.fact)}')}" for one in told
            ]
            lines.append(f"  - repeat: {_code_span(failure.replay)}")
    return lines


def _counts(document: Results) -> str:
    counted = []
    for level in ("MUST", "SHOULD", "MAY"):
        rows = [row for row in document.requirements.values() if row.level.removesuffix(" NOT") == level]
        counts = Counter(row.verdict for row in rows if row.verdict not in ("not run", "not applicable"))
        if counts:
            counted.append(f"{level}: {', '.join(f'{n} {verdict}' for verdict, n in sorted(counts.items()))}")
    return "; ".join(counted) or "No requirement was evaluated."


def _matrix(documents: list[Results]) -> str:
    names = dict.fromkeys(name for document in documents for name in document.requirements)
    rows = []
    for name in names:
        cells = [document.requirements.get(name) for document in documents]
        if any(cell and cell.verdict != "not run" for cell in cells):
            symbols = " | ".join(SYMBOLS[cell.verdict] if cell else "" for cell in cells)
            level = next(cell.level for cell in cells if cell)
            rows.append(f"| {_escaped(name)} | {_escaped(level)} | {symbols} |")
    head = f"| | | {' | '.join(_escaped(document.target.name) for document in documents)} |"
    table = [head, "|" + "---|" * (len(documents) + 2), *rows]
    return "\n".join(["<details><summary>All requirements</summary>", "", *table, "", LEGEND, "", "</details>"])


def _escaped(text: str) -> str:
    """Return text escaped for Markdown and HTML. GitHub looks for @names and #numbers after it has removed backslashes
    (github/cmark-gfm issue 181); an empty comment keeps it from that, and is not shown."""
    text = " ".join(harmless(text).split())
    text = re.sub(r"([\\`*_{}\[\]<>()#+!|~@&])", r"\\\1", text).replace("\\<", "&lt;").replace("\\&", "&amp;")
    return re.sub(r"\\([@#])", r"\\\1<!-- -->", text)


def _code_span(text: str) -> str:
    """Return text as a code span that no backtick in it can end."""
    text = " ".join(harmless(text).split())
    ticks = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{space}{text}{space}{ticks}"
