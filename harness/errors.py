"""What can go wrong outside the launcher, told apart by whose fault it is.

Messages say what was asked, what was found, and what to do.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ProctorError(Exception):
    """Base of all errors that Proctor raises on purpose."""


class UsageError(ProctorError):
    """The user asked for something that cannot be done as asked. Command-line tools exit with 2."""


class HarnessError(ProctorError):
    """The harness itself failed: this says nothing about the launcher. Verdict `error`, exit 3."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Return " (did you mean 'x'?)" for the closest of `known`, or an empty string where none is close."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f" (did you mean '{close[0]}'?)" if close else ""
