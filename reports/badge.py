"""A badge (SVG) of one launcher's results: how many of the evaluated MUST requirements passed."""

from __future__ import annotations

from xml.sax.saxutils import escape

from proctor.harness.words import harmless
from proctor.reports.results import Results

CHARACTER_WIDTH = 6.5
"""Average pixels per character in the font below at 11 pixels."""
GOOD, BAD, UNKNOWN = "#2e7d32", "#b3261e", "#5f6368"
"""White text has a contrast of more than 4.5 to 1 on each of them (WCAG 2, 1.4.3)."""


def badge(document: Results) -> str:
    """Return the SVG."""
    verdicts = [row.verdict for row in document.requirements.values() if row.is_mandatory]
    passed, failed = verdicts.count("pass"), verdicts.count("fail")
    status = f"{passed} of {passed + failed} MUST" if passed + failed else "not evaluated"
    color = BAD if failed else GOOD if passed else UNKNOWN
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
