"""What a user finds on the terminal after what was written to it: the cursor, the alternate screen, other modes."""

from __future__ import annotations

import re

from proctor.reports.reproducer.parts.comparisons import violation
from proctor.reports.reproducer.parts.observed_run import ObservedRun

SCREEN_MODES = {
    "1": "application cursor keys", "5": "reverse video", "7": "no line wrapping", "25": "hidden cursor",
    "66": "application keypad", "1004": "focus reports", "2004": "bracketed paste",
    **dict.fromkeys(("9", "1000", "1001", "1002", "1003"), "mouse reports"),
    **dict.fromkeys(("47", "1047", "1049"), "alternate screen"),
}  # fmt: skip
ON_AT_FIRST = ("hidden cursor", "no line wrapping")  # their opposite is, and 'l' turns that off
SOFT_RESET = (*ON_AT_FIRST, "application cursor keys", "application keypad")


def changed_modes(output: str) -> list[str]:
    """Return the modes that what was written to a terminal has left changed; XTerm Control Sequences."""
    changed: list[str] = []
    saved: dict[str, bool] = {}
    sequences = r"\x1b(?:\[\?([0-9;]*)([hlsr])|([=>])|(\[!p)|c)"
    for numbers, final, keypad, soft in re.findall(sequences, output):
        names = [SCREEN_MODES[one] for one in numbers.split(";") if one in SCREEN_MODES]
        effect = dict.fromkeys(SOFT_RESET if soft else [] if final else changed, False)
        if final == "s":
            saved.update((one, one in changed) for one in names)
        elif final == "r":
            effect = {one: saved[one] for one in names if one in saved}
        elif final:
            effect = {one: (final == "h") != (one in ON_AT_FIRST) for one in names}
        elif keypad:
            effect = {"application keypad": keypad == "="}
        changed = [one for one in dict.fromkeys([*changed, *effect]) if effect.get(one, one in changed)]
    return changed


def needs_known_screen(launched: ObservedRun) -> None:
    """Inconclusive where others write control sequences as well, or where not all output is seen."""
    if launched.all("hung up") or "shell" in launched.pids or launched.all("did", "command", "write"):
        raise RuntimeError("it is not known what the launcher has written to the terminal")
    if not launched.all("ended", "launcher"):
        raise RuntimeError("the launcher has not ended")


def same_screen(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """The terminal shows what it shows without the launcher: the cursor, and not the alternate screen."""
    needs_known_screen(launched)
    usual = changed_modes(bare.output)
    left = [one for one in changed_modes(launched.output) if one not in usual]
    return violation("the terminal's screen and its modes as without it", "left: " + ", ".join(left)) if left else []
