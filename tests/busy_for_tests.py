"""Busy processes for tests that must come to the same result on a loaded machine."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator

SPIN = """
import os, sys
while os.getppid() == int(sys.argv[1]):
    for _ in range(100_000):
        pass
"""
"""Ends with the process that started it, however that ends."""


@contextlib.contextmanager
def busy(count: int) -> Iterator[None]:
    """Keep so many processes computing."""
    words = [sys.executable, "-I", "-S", "-c", SPIN, str(os.getpid())]
    spinning = [subprocess.Popen(words) for _ in range(count)]
    try:
        yield
    finally:
        for one in spinning:
            one.kill()
        for one in spinning:
            one.wait()
