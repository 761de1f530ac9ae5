"""Results as Markdown, for a pull request: what fails, first; then the counts; then the whole matrix, folded."""

from __future__ import annotations

import re
from collections import Counter

from proctor.harness.words import harmless
from proctor.reports.results import Results

SIGNS = {
    "pass": "✓", "fail": "✗", "error": "E", "unstable": "~", "declared deviation": "d", "not applicable": "–",
    "not observable": "?", "not built": "",
}  # fmt: skip
"""Each by a character of its own, not by colour alone."""
LEGEND = "✓ pass, ✗ fail, d declared deviation, – not applicable, ? not observable here, ~ unstable, E harness error"


def summary(documents: list[Results]) -> str:
    """Return the text."""
    parts = [_one(document) for document in documents]
    return "\n\n".join(["# Proctor", *parts, _matrix(documents)]) + "\n"


def _one(document: Results) -> str:
    lines = [f"## {_plain(document.title)}", "", _counts(document)]
    for title, binds in (("Failed MUST requirements", True), ("Failed SHOULD requirements", False)):
        failed = [
            (name, row) for name, row in document.requirements.items() if row.verdict == "fail" and row.binds == binds
        ]
        if failed:
            lines += ["", f"### {title}", ""]
        for name, row in failed:
            message = row.violations[0].message if row.violations else row.reason
            more = f" (and {len(row.violations) - 1} more)" if len(row.violations) > 1 else ""
            lines += [f"- **{name}** {_plain(document.sentence(name))}", f"  {_code(message)}{more}"]
    return "\n".join(lines)


def _counts(document: Results) -> str:
    said = []
    for level in ("MUST", "SHOULD", "MAY"):
        rows = [row for row in document.requirements.values() if row.level.removesuffix(" NOT") == level]
        counts = Counter(row.verdict for row in rows if row.verdict not in ("not built", "not applicable"))
        if counts:
            said.append(f"{level}: {', '.join(f'{n} {verdict}' for verdict, n in sorted(counts.items()))}")
    return "; ".join(said) or "No requirement was evaluated."


def _matrix(documents: list[Results]) -> str:
    names = dict.fromkeys(name for document in documents for name in document.requirements)
    rows = []
    for name in names:
        cells = [document.requirements.get(name) for document in documents]
        if any(cell and cell.verdict != "not built" for cell in cells):
            signs = " | ".join(SIGNS[cell.verdict] if cell else "" for cell in cells)
            level = next(cell.level for cell in cells if cell)
            rows.append(f"| {name} | {level} | {signs} |")
    head = f"| | | {' | '.join(_plain(document.target.name) for document in documents)} |"
    table = [head, "|" + "---|" * (len(documents) + 2), *rows]
    return "\n".join(["<details><summary>All requirements</summary>", "", *table, "", LEGEND, "", "</details>"])


def _plain(text: str) -> str:
    """Return text that Markdown and HTML leave as it is."""
    text = " ".join(harmless(text).split())
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~@&])", r"\\\1", text).replace("\\<", "&lt;").replace("\\&", "&amp;")


def _code(text: str) -> str:
    """Return text as a code span, which nothing in it can end."""
    text = " ".join(harmless(text).split())
    ticks = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{space}{text}{space}{ticks}"
