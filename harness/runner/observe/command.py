"""Tells whether a process runs our command: the witness, or the tool that reports as one."""

from __future__ import annotations

import itertools
import os
import re
from pathlib import Path

from proctor.harness.runner.observe import timers
from proctor.harness.runner.start.spawn import ADD_ON, LIBRARY, TOOL, WITNESSES

_ENTRY_POINT = re.compile(rb"(?m)^(?:from proctor_tool import main|require\(\"\./proctor_tool\.js\"\)\.main\(\);)$")
"""In the script that installers of Python write for a console script (PyPA: entry points specification), and in the
program of the npm package."""
_LONGEST_SCRIPT = 4096
"""Bytes. Such a script has some 300. A zipapp, say, is longer, and first unpacks what it runs."""


def is_witness(pid: int) -> bool:
    """Whether what a process has just executed is the command and nothing else: the witness, or the script of the tool.
    Other programs become the command later: that is known when they report."""
    try:
        if any(os.path.samefile(f"/proc/{pid}/exe", program) for program in WITNESSES.values()):
            return True
    except OSError:
        return False
    return _runs_entry_point(pid)


def _runs_entry_point(pid: int) -> bool:
    """Whether a process runs the script of the tool (harness/witness/tool): what the kernel has made of its #! line is
    the interpreter, perhaps an option, the script's path, then our arguments; execve(2). A launcher that is asked for
    the tool has its bare name in its own arguments."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read().split(b"\0")
        for script, _ in itertools.pairwise(words[1:4]):
            if script.endswith(b"/" + TOOL.encode()):
                with open(os.path.join(b"/proc/%d/cwd" % pid, script), "rb") as file:
                    text = file.read(_LONGEST_SCRIPT + 1)
                return len(text) <= _LONGEST_SCRIPT and _ENTRY_POINT.search(text) is not None
    except OSError:
        pass
    return False


def has_witness_library(pid: int) -> bool:
    """Whether a process has loaded the witness as a library, as the tool has when it reports. One that may not be read
    is believed."""
    lines = timers.maps(pid)
    if lines is None:
        return True
    paths = {line.split(maxsplit=5)[5].rstrip(b"\n") for line in lines if b"/" in line}
    return any(
        os.path.basename(path).startswith(library.name.encode()) and _is_same(path, library)
        for path in paths
        for library in (LIBRARY, ADD_ON)
    )


def _is_same(path: bytes, library: Path) -> bool:
    try:
        with open(path, "rb") as its, open(library, "rb") as ours:
            return its.read() == ours.read()
    except OSError:  # the launcher has removed it
        return True
