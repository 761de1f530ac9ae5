"""Values that a stranger may write into a file: hostile texts, extreme numbers, other types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from hypothesis import strategies as st

from tests.fuzzing.sandbox import CANARY

OWNED = "OWNED"
"""Stands in each text that is code in some language: it must not become a name, a heading, an element there."""
HOSTILE = (
    # for terminals, and for whom reads them
    "\x1b]0;OWNED\x07", "\x1b[31m", "\x9b2J", "\x00", "\r", "\x7f", "\u202e", "\u2028", "\ufeff", "\u200b", "\n",
    "[red]OWNED[/red]", "[/]",
    # for pages and XML
    "</script><owned-tag onload=OWNED()>", "\"'><owned-tag onerror=OWNED()>", "]]><owned-tag/>", "&lt;", "-->",
    "</template></style></title><owned-tag>", "{{7*7}}", "{% owned %}", "javascript:OWNED()",
    # for Markdown
    "| a | b |", "a\n\n# OWNED\n\n", "```\n# OWNED\n```\n# OWNED", "`", "``", "[OWNED](javascript:OWNED())",
    "![OWNED](http://owned/)", "\n    OWNED()\n", "<owned-tag>", "a\n===\n", "~~~", "\\", "\\`", "\\|",
    "http://OWNED.example/",
    # for Python and shells
    '"""\nOWNED()\n"""', "'''\nOWNED()\n'''", "\nOWNED()  # ", '\\"""', "\\N{", "\\", "{OWNED}", "%s%n", "$(OWNED)",
    "' OWNED '",
    "\x0cOWNED()", "\r\nOWNED()\r\n", "#", "run", "import os",
    # for paths and programs
    f"../../../../../../tmp/{CANARY}", f"/tmp/{CANARY}", CANARY, "..", ".", "/", "", " ", "-rf", "--help", "~",
    "/dev/zero", "/proc/self/mem", "env", "python3", "/bin/sh", "x" * 300, "a/" * 100,
    # of Proctor
    "{home}", "{command}", "{here}", "{python}", "{work}/x", "<prompt>", "command", "launcher", "group", "child1",
    "SIG-1", "SIG-1[HUP]", "TTY-1[leader]", "terminal.key_arrives", "common.ends", "1-2", "(the bare command)",
)  # fmt: skip
FITTING = {
    "files": ("x", "a/b", "../x", "a/../../x", "/tmp/x", "../../x", "./x"),
    "environment": ("A", "LD_PRELOAD", "PATH", "A=B"),
    "deviations": ("SIG-1", "SIG-1[HUP]", "TTY-1[leader]", "SIG-1[", "SIG-1[]", "SIG-1[code=x]"),
    "command": ("env", "/usr/bin/env", "{here}/x", "{command}", "-i"),
    "requirement": ("SIG-1", "TTY-1", "EXIT-1", "INHERIT-5", "sig-1"),
    "check": ("terminal.key_arrives", "exit.same_status", "interleavings.transparent", "common.end_of", "tree."),
    "campaign": ("start", "end", "creation"),
}  # fmt: skip
"""By the name of a field: texts, or keys, that are in part what belongs there."""
NUMBERS = (
    0, 1, -1, 2, 3, 9, 15, 19, 24, 63, 64, 65, 127, 128, 255, 256, 65535, 10**6, 2**31 - 1, 2**31, -(2**31), 2**32,
    10**9, 2**53 + 1, 2**63 - 1, 2**63, -(2**63), 2**64, 10**18, 10**30, -(10**30),
)  # fmt: skip
FLOATS = (0.0, -0.0, -1.0, 1e-9, 5e-324, 0.1, 1.5, 1e9, 1e18, 1e300, 1.7976931348623157e308, -1e300)
KEYS = ("schema", "do", "is", "name", "order", "requirements", "scenario", "target")
REPEATED = ("x", "`", "\x1b", "<a>", "\n", "a b ", "é|")
SURROGATE = "\ud800"
LONG = 100_000
"""Characters of a long text."""
MOST = 3
"""Entries of a list."""


class Bare(str):
    """A value of TOML as it is written; in JSON a text."""

    __slots__ = ()


ONLY_TOML = tuple(
    map(
        Bare,
        (
            "inf",
            "nan",
            "-inf",
            "1979-05-27",
            "07:32:00",
            "1979-05-27T07:32:00Z",
            "9" * 5000,
            "0x" + "f" * 5000,
            "1e400",
        ),
    )
)
"""Values that JSON does not have."""
_TEXTS, _FLOATS = st.text(max_size=12), st.floats(allow_nan=False, allow_infinity=False)
T = TypeVar("T")


class Choices:
    """Makes values by choices of Hypothesis, which can so shrink them. Each choice is of a number: a strategy for each
    value would be a large object, of which Hypothesis makes a text."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw

    def below(self, limit: int) -> int:
        """Return a number from 0 up."""
        return self.draw(st.integers(0, limit - 1)) if limit > 1 else 0

    def of(self, values: Sequence[T]) -> T:
        """Return one of these."""
        return values[self.below(len(values))]

    def text(self, field: str = "") -> str:
        """Return a text, in most cases a hostile one; most fit a field of this name, if any do."""
        if field in FITTING and self.below(4):
            return self.of(FITTING[field])
        match self.below(12):
            case 0 | 1:
                return self.draw(_TEXTS)
            case 2:
                return "".join(self.of(HOSTILE) for _ in range(2 + self.below(3)))
            case 3 if not self.below(4):
                one = self.of(REPEATED)
                return one * (LONG // len(one)) if self.below(8) else SURROGATE
        return self.of(HOSTILE)

    def number(self) -> int:
        """Return a whole number, in most cases an extreme one."""
        return self.below(70) - 3 if self.below(2) else self.of(NUMBERS)

    def real(self) -> float:
        """Return a number that JSON can have."""
        return self.draw(_FLOATS) if self.below(2) else self.of(FLOATS)

    def anything(self, depth: int = 2) -> Any:
        """Return any JSON."""
        match self.below(9 if depth else 7):
            case 0:
                return None
            case 1:
                return bool(self.below(2))
            case 2:
                return self.number()
            case 3:
                return self.real()
            case 4 | 5:
                return self.text()
            case 6:
                return self.of(ONLY_TOML)
            case 7:
                return [self.anything(depth - 1) for _ in range(self.below(MOST + 1))]
        return {
            self.text() if self.below(2) else self.of(KEYS): self.anything(depth - 1)
            for _ in range(self.below(MOST + 1))
        }

    def like(self, value: object, field: str = "") -> Any:
        """Return another value of the same type for a field."""
        if isinstance(value, bool):
            return not value
        if isinstance(value, int):
            return self.number()
        if isinstance(value, float):
            return self.real() if self.below(2) else self.number()
        return self.text(field) if isinstance(value, str) else self.anything()
