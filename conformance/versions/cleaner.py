"""Cleans up after pip and npm, even where Proctor itself is killed."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterator
from typing import IO

_SCRIPT = """
trap '' HUP INT TERM QUIT
scratch=$(mktemp -d "$1/proctor-packages-XXXXXX") || exit
echo "$scratch"
if read -r group; then
    read -r ended || kill -s KILL -- "-$group"
fi
rm -rf -- "$scratch"
"""
"""Says which directory it has made; reads the process group to watch, then that it has ended. If the input ends before,
Proctor has ended."""


class Cleaner:
    """scratch: a directory that is removed at the end, or as soon as Proctor has ended."""

    def __init__(self, scratch: str, orders: IO[str]) -> None:
        self.scratch = scratch
        self._orders = orders

    def watch(self, group: int) -> None:
        """End this process group if Proctor ends before `ended` is called."""
        self._say(str(group))

    def ended(self) -> None:
        """Forget the process group: it has ended."""
        self._say("ended")

    def _say(self, word: str) -> None:
        with contextlib.suppress(BrokenPipeError):  # the cleaner was killed, so the directory stays
            self._orders.write(f"{word}\n")
            self._orders.flush()


@contextlib.contextmanager
def cleaner() -> Iterator[Cleaner]:
    """Start a process that makes a directory for temporary files, and removes it in the end. OSError if it cannot be
    made."""
    # in a session of its own: no key of the terminal reaches it
    process = subprocess.Popen(
        ["/bin/sh", "-c", _SCRIPT, "sh", tempfile.gettempdir()], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True, start_new_session=True, env={"PATH": os.defpath},
    )  # fmt: skip
    assert process.stdin and process.stdout
    with process:
        scratch = process.stdout.readline().rstrip("\n")
        if not scratch:
            raise OSError(f"no temporary directory can be made in {tempfile.gettempdir()}")
        yield Cleaner(scratch, process.stdin)
