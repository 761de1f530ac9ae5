"""Pseudo-terminals that a launcher has made itself, such as those of script(1), sudo(8) and ssh(1).

A work queue of the kernel carries bytes from one end to the other, so something may be on its way while all tasks are
blocked. Polling an end first completes that work (n_tty's poll method): whoever waits for these bytes is awake then,
and the next look shows it.
"""

from __future__ import annotations

import os
import select

from proctor.harness.runner.observe.copies import copy_of
from proctor.harness.runner.observe.descriptors import DescriptorTable, Inside


def flush(table: DescriptorTable, inside: Inside) -> bool:
    """Complete what is on its way on the pseudo-terminals of a process, in both directions; return whether we could."""
    if -1 in table.relays.values():
        return False
    try:
        for fd, number in table.relays.items():
            _poll(table.pid, fd)
            for pid, end in inside.holders_of(f"/dev/pts/{number}"):
                _poll(pid, end)
    except OSError:
        return False
    return True


def _poll(pid: int, fd: int) -> None:
    copy = copy_of(pid, fd)
    try:
        poller = select.poll()
        poller.register(copy, select.POLLIN)
        poller.poll(0)
    finally:
        os.close(copy)
