"""A binding of ptrace(2), as small as what is needed; the only use of ctypes. Linux.

SEIZE and not ATTACH: it sends no SIGSTOP, so a tracee is stopped and let go without a signal that anyone can see.
"""

from __future__ import annotations

import ctypes
import os

_SEIZE, _INTERRUPT, _DETACH = 0x4206, 0x4207, 17
_WALL = 0x40000000

_libc = ctypes.CDLL(None, use_errno=True)
_call = getattr(_libc, "ptrace", None)
if _call is not None:
    _call.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
    _call.restype = ctypes.c_long


def _ptrace(request: int, tid: int, data: int = 0) -> None:
    if _call is None:
        raise OSError(38, "no ptrace on this system")
    if _call(request, tid, None, data) == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def stop_task(tid: int) -> bool:
    """Stop one task where it is; return whether it is still there. OSError (EPERM) where that is refused."""
    try:
        _ptrace(_SEIZE, tid)
        _ptrace(_INTERRUPT, tid)
        _, status = os.waitpid(tid, _WALL)
    except (ProcessLookupError, ChildProcessError):
        return False
    return os.WIFSTOPPED(status)


def let_task_go(tid: int) -> None:
    """Let a stopped task go on, with whatever signals are pending for it."""
    try:
        _ptrace(_DETACH, tid)
    except ProcessLookupError:
        pass  # SIGKILL ends a stopped tracee as well


def is_event(status: int) -> bool:
    """Whether a wait status tells of a stop that only a tracer sees."""
    return bool(status >> 16)
