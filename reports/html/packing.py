"""Compression of the parts of the page: text as gzip, and repeated blocks of scripts stored once."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json

BLOCK_SEPARATOR = "\n\n"
"""Separates the blocks of a script. Scripts have most of their blocks in common."""


def pack(text: str) -> str:
    """Return text as base64 of gzip, which the page's JavaScript unpacks."""
    return base64.b64encode(gzip.compress(text.encode("utf-8", "replace"), 6, mtime=0)).decode()


def csp_hash(code: str) -> str:
    """Return the source expression that allows this code in a Content-Security-Policy."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()}'"


class ScriptLibrary:
    """The blocks of all scripts, each stored once."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def add(self, script: str) -> str:
        """Add a script; return the numbers of its blocks, in order, separated by spaces."""
        blocks = script.split(BLOCK_SEPARATOR)
        return " ".join(str(self._numbers.setdefault(block, len(self._numbers))) for block in blocks)

    def text(self) -> str:
        """Return all blocks as a JSON array."""
        return json.dumps(list(self._numbers))
