"""`coverage run --save-signal=USR1` of a program that goes on until its stdin ends (measured_program.py)."""

from __future__ import annotations

import os
import sys

from coverage.cmdline import main as coverage

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "measured_program.py")


def main(directory: str, words: list[str]) -> None:
    """Run coverage. Milestones: as in measured_program.py."""
    data = os.path.join(directory, "coverage-data")
    if os.path.exists(data):  # an earlier execution in this directory has left it
        os.remove(data)
    # no settings of a project in the working directory
    options = ["--rcfile=", "--save-signal=USR1", f"--data-file={data}"]
    sys.exit(coverage(["run", *options, PROGRAM, data, *words]))
