"""What a launcher can leave on a system besides processes and files: System V IPC objects, POSIX shared memory,
semaphores and message queues. It outlives its makers; sysvipc(7), shm_overview(7), sem_overview(7), mq_overview(7).

All of it is looked at only where it is private: the guardian gives the runner an IPC namespace with its own `/dev/shm`
where the system allows that (namespaces.h). Elsewhere it may be anybody's.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from functools import cache

SYSTEM_V = {"shm": "shared memory", "sem": "semaphore set", "msg": "message queue"}
"""The files of /proc/sysvipc, and what each lists; proc_sysvipc(5)."""
POSIX = ("/dev/shm", "/dev/mqueue")
_IPC_RMID = 0
_CHUNK = 1 << 16


@cache
def are_private() -> bool:
    """Whether all objects were made by what this runner has started: the guardian says in a variable which IPC
    namespace it has made for the runner. In another one the objects may be anybody's."""
    private = os.environ.get("PROCTOR_PRIVATE_IPC")
    try:
        return private == str(os.stat("/proc/self/ns/ipc").st_ino)
    except OSError:  # a kernel without IPC namespaces
        return False


def names() -> tuple[str, ...]:
    """Return the objects that there are, in words; none where they are not private."""
    if not are_private():
        return ()
    found = [f"{path}/{name}" for path in POSIX for name in _listed(path)]
    for kind, what in SYSTEM_V.items():
        found += [f"System V {what} with key {key:#x}" for key, _ in _system_v(kind)]
    return tuple(found)


def remove() -> None:
    """Remove all objects, for the next execution; nothing where they are not private."""
    if not are_private():
        return
    for path in POSIX:
        for name in _listed(path):
            with contextlib.suppress(OSError):  # it has gone, or is a directory: it ends with the namespace
                os.unlink(f"{path}/{name}")
    libc = ctypes.CDLL(None)
    for kind in SYSTEM_V:
        for _, number in _system_v(kind):
            words = (number, 0, _IPC_RMID, None) if kind == "sem" else (number, _IPC_RMID, None)
            getattr(libc, f"{kind}ctl")(*words)


def _listed(path: str) -> list[str]:
    try:
        return sorted(os.listdir(path))
    except OSError:
        return []


@cache
def _opened(kind: str) -> int:
    """Return a descriptor of the table of a kind, which each execution reads; -1 where there is none."""
    try:
        return os.open(f"/proc/sysvipc/{kind}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return -1


def _table(kind: str) -> bytes:
    fd, text = _opened(kind), b""
    while fd >= 0 and (more := os.pread(fd, _CHUNK, len(text))):
        text += more
    return text


def _system_v(kind: str) -> list[tuple[int, int]]:
    """Return key and id of each object of a kind."""
    rows = [line.split() for line in _table(kind).splitlines()[1:]]
    return [(int(row[0]) & 0xFFFFFFFF, int(row[1])) for row in rows]
