"""What the kernel keeps for a process across fork(2) and execve(2), as a witness has read it (attributes.h)."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from functools import cache

OURS = "the runner's"


def kept_attributes(sent: Mapping[str, str]) -> dict[str, str]:
    """Return the attributes as text, of those that a witness has sent in hex. The number of a namespace differs between
    two runners, so one that is the runner's is said to be that."""
    decoded = {name: bytes.fromhex(value).decode("utf-8", "backslashreplace") for name, value in sent.items()}
    return {name: OURS if value in _own_namespaces() else value for name, value in decoded.items()}


@cache
def _own_namespaces() -> frozenset[str]:
    """Return the namespaces of this process, such as "mnt:[4026531832]"; namespaces(7)."""
    found = set()
    with contextlib.suppress(OSError):  # a kernel without namespaces
        for kind in os.listdir("/proc/self/ns"):
            with contextlib.suppress(OSError):  # one that no process has entered yet
                found.add(os.readlink(f"/proc/self/ns/{kind}"))
    return frozenset(found)
