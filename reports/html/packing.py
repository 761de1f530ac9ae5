"""What lies in the page packed, until it is opened: compressed, and what stands in it often, once."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json

BETWEEN = "\n\n"
"""Between the blocks of a script: what it defines, most of which many scripts have in common."""


def packed(text: str) -> str:
    """Return text as the page's script unpacks it: gzip in base64."""
    return base64.b64encode(gzip.compress(text.encode("utf-8", "replace"), 6, mtime=0)).decode()


def fingerprint(code: str) -> str:
    """Return by which code is named in a Content-Security-Policy."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()}'"


class PackedTexts:
    """The blocks of all scripts, each once."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def add(self, script: str) -> str:
        """Take a script in; return the numbers of its blocks, in order."""
        return " ".join(str(self._numbers.setdefault(block, len(self._numbers))) for block in script.split(BETWEEN))

    def text(self) -> str:
        """Return all blocks, as JSON."""
        return json.dumps(list(self._numbers))
