"""Settings from the environment: how long Proctor waits for a launcher, in seconds, and how it contains it."""

from __future__ import annotations

import math
import os
from typing import Literal

from proctor.harness.errors import UsageError

START_WITHIN = "PROCTOR_START_WITHIN"
"""Within which a launcher has to start its command."""
PATIENCE = "PROCTOR_PATIENCE"
"""For which a wait that may end by what Proctor does not see is waited for, before something counts as absent."""
CONTAINMENT = "PROCTOR_CONTAINMENT_WISH"
"""How launchers are contained, in worker processes of any kind."""
Containment = Literal["", "namespace", "subreaper"]
"""In a PID namespace of their own; by a subreaper that inherits their orphans; "" is as the system allows."""
_DEFAULTS = {START_WITHIN: 30.0, PATIENCE: 3.0}


def seconds(name: str) -> float:
    """Return the value of one of these variables, or its default; raise UsageError if it is no positive number."""
    text = os.environ.get(name, "")
    if not text:
        return _DEFAULTS[name]
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise UsageError(f"{name}={text}: not a number of seconds; give one above 0, such as {_DEFAULTS[name]:g}")
    return value


def containment() -> Containment:
    """Return the containment that was chosen, "" where none was."""
    wish = os.environ.get(CONTAINMENT, "")
    return "namespace" if wish == "namespace" else "subreaper" if wish == "subreaper" else ""


def check() -> None:
    """Raise UsageError if one of these variables has a value that cannot be used."""
    for name in _DEFAULTS:
        seconds(name)
