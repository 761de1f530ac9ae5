"""A small binding of ptrace(2), and the meaning of a traced thread's stops. Linux 5.3."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import signal
import struct
from typing import Any

CALLS: dict[str, dict[int, str]] = {}
SENDING: tuple[str, ...] = ()
REAPING: tuple[str, ...] = ()
WALL = 0x40000000  # wait(2): for traced threads too
SEIZE = 0x4206
INTERRUPT = 0x4207
LISTEN = 0x4208
DETACH = 17
SYSCALL = 24
CONT = 7
GETREGS = 12
SETREGS = 13
GETEVENTMSG = 0x4201
GET_SYSCALL_INFO = 0x420E
FOLLOW = 1 | 2 | 4 | 8 | 16 | 32 | 1 << 20  # TRACESYSGOOD, FORK, VFORK, CLONE, EXEC, VFORKDONE, EXITKILL


def ptrace(request: int, tid: int, data: Any = 0, address: int = 0) -> None:
    """Make one request. ProcessLookupError: the thread was killed; PermissionError: tracing is refused."""
    call = ctypes.CDLL(None, use_errno=True).ptrace
    call.argtypes, call.restype = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p), ctypes.c_long
    if call(request, tid, address, data) == -1:
        raise OSError(ctypes.get_errno(), "ptrace: " + os.strerror(ctypes.get_errno()))


def seize(tid: int, options: int) -> None:
    """Begin to trace a thread. RuntimeError: that is refused."""
    try:
        ptrace(SEIZE, tid, options)
    except PermissionError:
        raise RuntimeError("ptrace is refused here; see kernel.yama.ptrace_scope, a container's seccomp") from None


def resume(tid: int, request: int, number: int = 0) -> None:
    """Let a stopped thread run, and deliver this signal to it."""
    with contextlib.suppress(OSError):  # it was killed in the meantime
        ptrace(request, tid, number)


def call_of(tid: int) -> tuple[int, list[int]]:
    """Return 1, the number and the arguments at the entry of a call; 2 and the result at its exit."""
    info = ctypes.create_string_buffer(88)
    with contextlib.suppress(OSError):
        ptrace(GET_SYSCALL_INFO, tid, ctypes.addressof(info), len(info))
    return info.raw[0], list(struct.unpack_from("=7q", info, 24))


def message_of(tid: int) -> int:
    """Return the id of a new thread, at the stop of the thread that made it."""
    message = ctypes.c_ulong()
    with contextlib.suppress(OSError):
        ptrace(GETEVENTMSG, tid, ctypes.addressof(message))
    return message.value


def step_back(tid: int, in_call: bool) -> bool:
    """Put a thread before the system call in which it is stopped; return whether that was possible. in_call: at the
    entry, so that handlers run first. Otherwise: a call that a signal without effect has interrupted."""
    registers = ctypes.create_string_buffer(8 * 27)  # struct user_regs_struct of x86-64
    try:
        ptrace(GETREGS, tid, ctypes.addressof(registers))
        words = list(struct.unpack("=27Q", registers.raw))
        if platform.machine() != "x86_64" or (not in_call and words[10] != (1 << 64) - 4):  # rax: -EINTR
            return False
        words[16], words[10] = words[16] - 2, words[15]  # rip, rax, orig_rax; the instruction has two bytes
        words[15] = (1 << 64) - 1 if in_call else words[15]
        registers.raw = struct.pack("=27Q", *words)
        ptrace(SETREGS, tid, ctypes.addressof(registers))
    except OSError:
        return False
    return True


def kind_of(status: int) -> str:
    """Return the meaning of a traced thread's wait status."""
    if not os.WIFSTOPPED(status):
        return "end"
    number, event = os.WSTOPSIG(status), status >> 16
    if event == 128:  # PTRACE_EVENT_STOP
        return "group" if number in (signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU) else "stop"
    if event:
        return {1: "made", 2: "made by vfork", 3: "made", 4: "exec"}.get(event, "stop")
    return "call" if number == signal.SIGTRAP | 0x80 else "signal"


def sends(name: str, arguments: list[int]) -> tuple[int, int]:
    """Return the pid to which a call sends a signal, and the signal; pid 0 for pidfd_send_signal."""
    at = 1 if name in ("tgkill", "rt_tgsigqueueinfo") else 0
    whom = ctypes.c_int32(arguments[at]).value
    return 0 if name == "pidfd_send_signal" else whom, arguments[at + 1] & 0xFF
