"""What a person wants to know about a process that is still there: command line, CPU time, open files, sockets.

psutil reads this, on every system that it supports. It takes some milliseconds for each process, so it is used only
when a scenario has been played, and when something went wrong. While a scenario is played, runner/processes.py reads
what is needed from /proc.
"""

from __future__ import annotations

import contextlib
import os
from itertools import islice

import msgspec
import psutil

from proctor.harness.history import ProcessDetails
from proctor.harness.words import process_line

MOST = 10
"""Processes that are described, and words, files and sockets of each."""
LONGEST = 200
"""Characters of a word of a command line, and of a path."""


def details_of(pid: int, role: str = "") -> ProcessDetails | None:
    """Return the details of a process; None if there is no such process. Details that may not be read are left out."""
    try:
        process = psutil.Process(pid)
        # one call for what is in /proc/PID/stat; it never blocks
        with process.oneshot():
            name, times, state = process.name(), process.cpu_times(), process.status()
    except (psutil.Error, OSError):
        return None
    details = ProcessDetails(pid, _safe(name), role, cpu_seconds=round(times.user + times.system, 2))
    # A process in disk sleep may hold the lock of its memory map. Reading its command line would then wait for it
    return details if state == psutil.STATUS_DISK_SLEEP else _with_resources(details, process)


def _with_resources(details: ProcessDetails, process: psutil.Process) -> ProcessDetails:
    """Return details with command line, files and sockets. What may be read of another user's process differs from
    system to system, so each is tried."""
    words: list[str] = []
    files: list[str] = []
    sockets: list[str] = []
    with contextlib.suppress(psutil.Error, OSError):
        words = [_safe(word) for word in islice(process.cmdline(), MOST)]
    with contextlib.suppress(psutil.Error, OSError):
        files = [_safe(file.path) for file in islice(process.open_files(), MOST)]
    with contextlib.suppress(psutil.Error, OSError):
        for one in islice(process.net_connections(kind="inet"), MOST):
            ends = [_address(*end) for end in (one.laddr, one.raddr) if end]
            sockets.append(f"{' to '.join(ends)} ({one.status})")
    return msgspec.structs.replace(details, command=tuple(words), files=tuple(files), sockets=tuple(sockets))


def _safe(text: str) -> str:
    """Return text that can be encoded; psutil gives bytes that are not UTF-8 as surrogates."""
    return text[:LONGEST].encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def socket_ends(pid: int, link: str) -> str:
    """Return both ends of an internet socket of a process, "127.0.0.1:40000 to 127.0.0.1:80"; "" if there is none.
    link: what /proc/PID/fd shows for it."""
    with contextlib.suppress(psutil.Error, OSError):
        for one in psutil.Process(pid).net_connections(kind="inet"):
            if os.readlink(f"/proc/{pid}/fd/{one.fd}") == link:
                return " to ".join(_address(*end) for end in (one.laddr, one.raddr) if end)
    return ""


def _address(host: object, port: object) -> str:
    return f"{host}:{port}"


def describe_with_children(pid: int) -> list[str]:
    """Return a line for a process and for each process below it, MOST of them; none if there is no such process."""
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        pids = [pid, *(child.pid for child in process.children(recursive=True))]
        return [process_line(details) for one in pids[:MOST] if (details := details_of(one))]
    return []
