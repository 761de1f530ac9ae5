"""The signs of a timeline: a shape for each kind of mark and state, and the style sheet that colours them.

Colours are CSS variables, so that a page may set its own; those below do on white and on dark grounds alike, with a
contrast of more than 3 to 1 (WCAG 2, 1.4.11).
"""

from __future__ import annotations

STYLE = """
svg:root.proctor-timeline{color-scheme:light dark;background:#fff;color:#1b1f24}
@media (prefers-color-scheme:dark){svg:root.proctor-timeline{background:#16181d;color:#e6e8eb}}
.proctor-timeline{font:11px ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace}
.proctor-timeline text{fill:currentColor;stroke:none;white-space:pre}
.proctor-timeline .lane{font-weight:bold;font-size:12px}
.proctor-timeline .note,.proctor-timeline .tick{font-size:10px;opacity:.8}
.proctor-timeline .mid{text-anchor:middle}
.proctor-timeline .gap{fill:currentColor;opacity:.05}
.proctor-timeline .axis,.proctor-timeline .birth,.proctor-timeline .s-open{stroke:currentColor;fill:none;opacity:.45}
.proctor-timeline .birth{stroke-dasharray:1 3}
.proctor-timeline .s-running{fill:var(--proctor-running,#5b84b1)}
.proctor-timeline .s-orphaned{fill:var(--proctor-orphaned,#b7791f);fill-opacity:.2;
stroke:var(--proctor-orphaned,#b7791f);stroke-width:2}
.proctor-timeline .s-stopped,.proctor-timeline .s-held{stroke:var(--proctor-stopped,#7d838c);stroke-width:8;
stroke-dasharray:4 4;fill:none}
.proctor-timeline .s-held{stroke-dasharray:1 2}
.proctor-timeline .s-zombie{stroke:var(--proctor-zombie,#8f6bbf);stroke-width:3;stroke-dasharray:2 5;fill:none}
.proctor-timeline .arrow{fill:none;stroke:var(--proctor-signal,#14857a);stroke-width:1.6}
.proctor-timeline .tip,.proctor-timeline .root{fill:var(--proctor-signal,#14857a);stroke:none}
.proctor-timeline .a-key,.proctor-timeline .a-order{stroke:currentColor}
.proctor-timeline .a-order{stroke-width:1;stroke-dasharray:2 2;opacity:.6}
.proctor-timeline .a-key .tip,.proctor-timeline .a-order .tip{fill:currentColor}
.proctor-timeline .a-lost{stroke-dasharray:4 3}
.proctor-timeline .mark{stroke:currentColor;stroke-width:1.6;fill:var(--proctor-ground,Canvas)}
.proctor-timeline .full{fill:currentColor}
.proctor-timeline .none{fill:none}
.proctor-timeline .m-received,.proctor-timeline .m-sent,.proctor-timeline .m-call{stroke:var(--proctor-signal,#14857a)}
.proctor-timeline .m-received .full{fill:var(--proctor-signal,#14857a);
stroke:var(--proctor-ground,Canvas)}
.proctor-timeline .m-missed{stroke:var(--proctor-violated,#d03b3b)}
.proctor-timeline .m-missed circle:not(.ring){stroke-dasharray:3 2}
.proctor-timeline .ring{fill:none;stroke:var(--proctor-violated,#d03b3b);stroke-width:2.5}
.proctor-timeline .violated text{font-weight:bold}
.proctor-timeline .mark:focus{outline:2px solid var(--proctor-focus,currentColor);outline-offset:3px}
@media print{.proctor-timeline{color:#000}}
"""
LEGEND = {
    "running": "running", "stopped": "stopped", "held": "held by Proctor", "orphaned": "orphaned: parent ended",
    "zombie": "zombie", "key": "key or input", "sent": "signal sent", "received": "signal received",
    "lost": "receipt not observed", "order": "done by Proctor", "report": "reports", "output": "output",
    "stop": "stops", "continue": "continues", "end": "ends", "point": "schedule point",
    "hold": "held or released", "call": "system call", "missed": "awaited, did not happen",
    "trouble": "harness", "note": "note", "violated": "violation",
}  # fmt: skip
CLASSES = {
    **{state: f"s-{state}" for state in ("running", "stopped", "held", "orphaned", "zombie")},
    "lost": "arrow a-lost",
}
"""Of what in the legend is no mark."""
KEY = 9.0
"""Pixels from the middle of a key up to its side."""
_SHAPES = {
    "running": '<rect x="-9" y="-4" width="18" height="8" rx="3"/>',
    "orphaned": '<rect x="-9" y="-4" width="18" height="8" rx="3"/>',
    "stopped": '<path d="M-9 0H9"/>',
    "held": '<path d="M-9 0H9"/>',
    "zombie": '<path d="M-9 0H9"/>',
    "start": '<circle class="full" r="3"/>',
    "sent": '<circle r="4"/>',
    "received": '<circle class="full" r="4.5"/>',
    "order": '<rect x="-3.5" y="-3.5" width="7" height="7"/>',
    "report": '<circle class="full" r="1.5"/>',
    "stop": '<path d="M-2.5 -6V6M2.5 -6V6" class="none" stroke-width="3"/>',
    "continue": '<path d="M-3.5 -5.5L5.5 0L-3.5 5.5Z"/>',
    "end": '<path d="M-5 -5L5 5M5 -5L-5 5" class="none" stroke-width="2.6"/>',
    "point": '<path d="M0 -6L6 0L0 6L-6 0Z"/>',
    "hold": '<path d="M-4.5 -6H4.5M-4.5 6H4.5M0 -6V6" class="none"/>',
    "call": '<path d="M0 -5L5 4H-5Z"/>',
    "output": '<path d="M0 -5V5" class="none" stroke-width="2.4"/>',
    "missed": '<circle r="6.5"/><text class="mid" y="4">?</text>',
    "trouble": '<path d="M0 -7L7 6H-7Z"/><text class="mid" y="5">!</text>',
    "note": '<rect x="-1.5" y="-1.5" width="3" height="3" class="full"/>',
    "lost": '<circle r="4" class="none"/>',
    "violated": '<circle class="ring" r="7"/>',
}


def drawing(name: str, wide: float = 0.0) -> str:
    """Return the shape of a kind of mark, or of a state, around 0, 0. wide: pixels of the label that is in a key."""
    if name == "key":
        half = wide / 2 + 5
        return f'<rect x="{-half:.1f}" y="{-KEY:.0f}" width="{2 * half:.1f}" height="{2 * KEY:.0f}" rx="4"/>'
    return _SHAPES[name]
