"""IPython at its prompt, in a session whose user has set a handler for SIGUSR2, as a startup file does."""

from __future__ import annotations

import signal
from types import FrameType

import IPython
import reporting

OPTIONS = [
    "--simple-prompt",  # the other one asks the terminal where its cursor is, and nothing answers here
    "--no-banner",
    "--no-confirm-exit",
]


def main(directory: str, words: list[str]) -> None:
    """Run IPython. Milestone: "handled", each time that the handler has run."""
    del directory

    def on_usr2(number: int, frame: FrameType | None) -> None:
        reporting.reached("handled")

    signal.signal(signal.SIGUSR2, on_usr2)
    reporting.watch(signal.SIGUSR2)
    raise SystemExit(IPython.start_ipython([*OPTIONS, *words]))
