"""A Jupyter kernel (ipykernel). Its arguments are those that jupyter_client gives it.

What it reports comes from a cell, which harness/runner/parents/jupyter.py has it execute.
"""

from __future__ import annotations

import sys

from ipykernel.kernelapp import launch_new_instance


def main(directory: str, words: list[str]) -> None:
    """Run the kernel."""
    del directory
    sys.argv = ["ipykernel_launcher", *words]
    launch_new_instance()
