"""What the kernel keeps for a process across fork(2) and execve(2), as a witness has read it (attributes.h)."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from functools import cache, lru_cache

OURS = "the runner's"
MOST_VALUES = 1000
"""Values that are kept: nearly all attributes are the same in each execution."""


def kept_attributes(sent: Mapping[str, str]) -> dict[str, str]:
    """Return the attributes as text, of those that a witness has sent in hex. The number of a namespace differs between
    two runners, so one that is the runner's is said to be that."""
    return {name: _text(value) for name, value in sent.items()}


@lru_cache(MOST_VALUES)
def _text(sent: str) -> str:
    value = bytes.fromhex(sent).decode("utf-8", "backslashreplace")
    return OURS if value in _own_namespaces() else value


@cache
def _own_namespaces() -> frozenset[str]:
    """Return the namespaces of this process, such as "mnt:[4026531832]"; namespaces(7)."""
    found = set()
    with contextlib.suppress(OSError):  # a kernel without namespaces
        for kind in os.listdir("/proc/self/ns"):
            with contextlib.suppress(OSError):  # one that no process has entered yet
                found.add(os.readlink(f"/proc/self/ns/{kind}"))
    return frozenset(found)
