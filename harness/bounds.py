"""Numbers and texts of case files that the system takes. Where a file has another, the decoder refuses it and names it:
so it is the file's mistake, not an error in the runner hours later."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from msgspec import Meta

from proctor.harness.errors import UsageError

SignalNumber = Annotated[int, Meta(ge=1, le=64)]
SignalOrNone = Annotated[int, Meta(ge=0, le=64)]
"""0 stands for all signals, or for none."""
WindowSize = Annotated[int, Meta(ge=0, le=65535)]
"""Rows or columns of a terminal: an unsigned short; TIOCSWINSZ(2const)."""
ByteCount = Annotated[int, Meta(ge=0, le=1 << 26)]
"""What is typed, read or written at once. The bytes are kept in memory."""
Number32 = Annotated[int, Meta(ge=0, le=(1 << 32) - 1)]
FileDescriptor = Annotated[int, Meta(ge=0, le=(1 << 31) - 1)]
ExitCode = Annotated[int, Meta(ge=0, le=255)]
Niceness = Annotated[int, Meta(ge=-20, le=19)]
FileModeMask = Annotated[int, Meta(ge=0, le=0o777)]
Resource = Annotated[int, Meta(ge=0, le=15)]
"""The number of a limit; getrlimit(2)."""
ResourceLimit = Annotated[int, Meta(ge=-1, le=(1 << 63) - 1)]
"""-1 is RLIM_INFINITY."""
Seconds = Annotated[float, Meta(ge=0, le=240)]
"""What is awaited: less than the time after which a runner that does not answer is ended (execute.py)."""

OptionName = Annotated[str, Meta(pattern=r"^[a-z]{1,30}\Z")]
OptionValue = Annotated[str, Meta(pattern=r"^[A-Za-z0-9.-]{0,30}\Z")]
"""How a real parent of the launcher is configured. Words only: in its configuration a line would be a setting of its
own, such as another command to start."""

LONGEST_ARGUMENT = 131_071
"""Bytes of an argument, or of a variable with its name and "=": MAX_ARG_STRLEN less the zero byte; execve(2)."""


def check_utf8(name: str, where: str) -> None:
    """Raise UsageError if a file's name cannot be written into results and case files, which are JSON."""
    try:
        name.encode()
    except UnicodeEncodeError:
        raise UsageError(f"{where}: this name is not UTF-8; give one that is, such as a symbolic link") from None


def check_arguments(words: Iterable[str | bytes], where: str) -> None:
    """Raise UsageError if execve(2) cannot take one of these arguments. where: what they are, for the message."""
    for number, word in enumerate(words, 1):
        _check(word.encode(errors="surrogateescape") if isinstance(word, str) else word, f"{where}, word {number}")


def check_variables(variables: Iterable[tuple[str, str | bytes]], where: str) -> None:
    """Raise UsageError if one of these cannot be a variable of a program's environment."""
    for name, value in variables:
        if not name or "=" in name:
            raise UsageError(f"{where}: {name!r} is no name of a variable; it is not empty and has no '='")
        known = value.encode(errors="surrogateescape") if isinstance(value, str) else value
        _check(name.encode(errors="surrogateescape") + b"=" + known, f"{where}, {name[:60]!r}")


def _check(word: bytes, where: str) -> None:
    if b"\0" in word:
        raise UsageError(f"{where}: it has a zero byte, at which an argument or a variable ends; leave it out")
    if len(word) > LONGEST_ARGUMENT:
        raise UsageError(
            f"{where}: it has {len(word)} bytes; the system takes {LONGEST_ARGUMENT} in one argument or variable "
            "(execve(2)); put the text into a file"
        )
