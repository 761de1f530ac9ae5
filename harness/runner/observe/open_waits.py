"""Says of an open wait whose it is, and what is at the other end: for people, when the wait has ended."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from proctor.harness.history import OpenWait, Process
from proctor.harness.runner.observe.unix_sockets import unix_socket


def named(waits: Iterable[OpenWait], listed: Iterable[Process]) -> tuple[OpenWait, ...]:
    """Return these waits, each once, with the name of its process, and what its link refers to. listed: the processes
    that there are."""
    names = {process.pid: process.role or process.name for process in listed}
    found = (
        msgspec.structs.replace(wait, name=names.get(wait.pid, ""), link=_referred_to(wait.pid, wait.link))
        for wait in waits
    )
    return tuple(dict.fromkeys(found))


def _referred_to(pid: int, link: str) -> str:
    """Return what is at the other end of a socket; the link itself if that is not known."""
    if not link.startswith("socket:"):
        return link
    # psutil takes long to import, and few launchers wait for a socket in vain
    from proctor.harness.process_details import socket_ends

    inode = int(link.removeprefix("socket:").strip("[]"))
    this = unix_socket(inode)
    if this:
        peer = unix_socket(this.peer) if this.peer else None
        name = (peer or this).name.decode("utf-8", "backslashreplace").replace("\0", "@")
        return f"a unix socket{' at ' + name if name else ''}"
    ends = socket_ends(pid, link)
    return f"an internet socket, {ends}" if ends else link
