"""A gate before the launcher's first instruction, so that it can be traced from there on."""

from __future__ import annotations

import os
from typing import Any

from proctor.reports.reproducer.parts.observed_run import PYTHON
from proctor.reports.reproducer.parts.stages import set_signals


def close_gate(run: Any) -> None:
    """Make the launcher wait before its first instruction."""
    os.mkfifo(run.directory + "/gate")
    run.gate = os.open(run.directory + "/gate", os.O_RDWR)  # both ends, because open(2) of one waits for the other
    run.words = [*PYTHON, wait_at_gate.__name__, run.directory + "/gate", *run.words]


def wait_at_gate(gate: str, *words: str) -> None:
    """Execute the launcher when the gate is opened."""
    with open(gate) as file:
        file.readline()
    set_signals()  # Python itself has changed some
    os.execvp(words[0], words)


def open_gate(run: Any) -> None:
    """Let the launcher start."""
    os.write(run.gate, b"\n")
