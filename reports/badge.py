"""A badge (SVG) of one launcher's results: how many of the evaluated MUST requirements passed, and how many are
partial."""

from __future__ import annotations

from xml.sax.saxutils import escape

from proctor.harness.words import harmless
from proctor.reports.results import Results

CHARACTER_WIDTH = 6.5
"""Average pixels per character in the font below at 11 pixels."""
GOOD, BAD, PARTIAL, UNKNOWN = "#2e7d32", "#b3261e", "#7a5200", "#5f6368"
"""White text has a contrast of more than 4.5 to 1 on each of them (WCAG 2, 1.4.3)."""


def badge(document: Results) -> str:
    """Return the SVG."""
    verdicts = [row.verdict for row in document.requirements.values() if row.is_mandatory]
    passed, partial, failed = (verdicts.count(verdict) for verdict in ("pass", "partial", "fail"))
    evaluated = passed + partial + failed
    status = f"{passed} of {evaluated} MUST" if evaluated else "not evaluated"
    status += f", {partial} partial" if partial else ""
    color = BAD if failed else PARTIAL if partial else GOOD if passed else UNKNOWN
    left, right = (round(len(text) * CHARACTER_WIDTH) + 12 for text in ("proctor", status))
    title = escape(harmless(f"Proctor: {document.target.name}: {status}"))
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" aria-label="{escape(status)}">
  <title>{title}</title>
  <rect width="{left}" height="20" fill="#3c4043"/>
  <rect x="{left}" width="{right}" height="20" fill="{color}"/>
  <g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">
    <text x="{left / 2}" y="14">proctor</text>
    <text x="{left + right / 2}" y="14">{escape(status)}</text>
  </g>
</svg>
"""
