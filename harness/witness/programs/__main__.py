"""Runs a real program as the command: PYTHON DIRECTORY NAME SOCKET [ARGS...].

The launcher under test starts this. It reports to the harness what it was started with, and then becomes the program:
the module run_NAME, the program's adaptor, runs the program's own main function in this process. It imports nothing of
Proctor.
"""

from __future__ import annotations

import importlib
import os
import sys

import reporting


def main() -> None:
    """Greet, and run the program."""
    name, *words = sys.argv[1:]
    reporting.greet([name, *words])
    # The adaptors take the program's settings from the directory that only this execution uses.
    importlib.import_module(f"run_{name}").main(os.path.dirname(words[0]), words[1:])


if __name__ == "__main__":
    main()
