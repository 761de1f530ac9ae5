"""Tells whether a process runs our command: the witness, or the tool that reports as one."""

from __future__ import annotations

import itertools
import os

from proctor.harness.runner.start.spawn import LIBRARY, TOOL, WITNESSES

IN_TOOL = b"/proctor_tool/" + os.fsencode(LIBRARY.name)
"""The end of the path of that library, as the wheel has it."""


def is_witness(pid: int) -> bool:
    """Whether a process runs the witness: then it is the command."""
    try:
        if any(os.path.samefile(f"/proc/{pid}/exe", program) for program in WITNESSES.values()):
            return True
    except OSError:
        return False
    return runs_tool(pid)


def runs_tool(pid: int, socket: str = "") -> bool:
    """Whether a process runs the tool (harness/witness/tool) that reports there: what the kernel has made of its #!
    line is the interpreter, perhaps an option, the script's path, then our arguments; execve(2). A launcher that is
    asked for the tool has its bare name in its own arguments."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            words = file.read().split(b"\0")
    except OSError:
        return False
    for script, argument in itertools.pairwise(words[1:4]):
        if script.endswith(b"/" + TOOL.encode()):
            return argument.startswith(socket.encode())
    return False


def has_library(pid: int) -> bool:
    """Whether a process has loaded the library by which the tool reports, from wherever its launcher has put it: then
    it is the tool, whatever its program is called."""
    try:
        with open(f"/proc/{pid}/maps", "rb") as file:
            return any(line.rstrip(b"\n").endswith(IN_TOOL) for line in file)
    except OSError:
        return False
