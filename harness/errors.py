"""Errors outside the launcher: of usage, and of the harness.

Messages say what was requested, what was found, and what to do.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ProctorError(Exception):
    """Base class of all errors that Proctor raises."""


class UsageError(ProctorError):
    """The user's request cannot be carried out. Command-line tools exit with 2."""


class HarnessError(ProctorError):
    """The harness itself failed. This says nothing about the launcher. Verdict `error`, exit code 3."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Return " (did you mean 'x'?)" for the closest word in `known`, or "" if none is close."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f" (did you mean '{close[0]}'?)" if close else ""
