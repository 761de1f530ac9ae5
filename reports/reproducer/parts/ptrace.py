"""A binding of ptrace(2), as small as what is needed, and what a stop of a traced task means. Linux 5.3."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import signal
import struct
from typing import Any

CALLS: dict[str, dict[int, str]] = {}
WALL = 0x40000000  # wait(2): threads that we trace as well
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
    """Ask for one thing. ProcessLookupError where the task was killed, PermissionError where tracing is refused."""
    call = ctypes.CDLL(None, use_errno=True).ptrace
    call.argtypes, call.restype = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p), ctypes.c_long
    if call(request, tid, address, data) == -1:
        raise OSError(ctypes.get_errno(), "ptrace: " + os.strerror(ctypes.get_errno()))


def seize(tid: int, options: int) -> None:
    """Begin to trace a task; RuntimeError where that is refused."""
    try:
        ptrace(SEIZE, tid, options)
    except PermissionError:
        raise RuntimeError("ptrace is refused here; see kernel.yama.ptrace_scope, a container's seccomp") from None


def go_on(tid: int, request: int, number: int = 0) -> None:
    """Let a stopped task run, with this signal delivered to it."""
    with contextlib.suppress(OSError):  # it was killed meanwhile
        ptrace(request, tid, number)


def call_of(tid: int) -> tuple[int, list[int]]:
    """Return 1 and number and arguments where a task stands at the entry of a call; 2 and the result at its exit."""
    info = ctypes.create_string_buffer(88)
    with contextlib.suppress(OSError):
        ptrace(GET_SYSCALL_INFO, tid, ctypes.addressof(info), len(info))
    return info.raw[0], list(struct.unpack_from("=7q", info, 24))


def message_of(tid: int) -> int:
    """Return the new task's id, at the stop of the one that made it."""
    message = ctypes.c_ulong()
    with contextlib.suppress(OSError):
        ptrace(GETEVENTMSG, tid, ctypes.addressof(message))
    return message.value


def set_back(tid: int, in_call: bool) -> bool:
    """Put a task before the system call that it stands in; return whether it was done. in_call: at its entry, so that
    handlers run first. Else, where it was interrupted although it acts on no signal: untraced it would sleep on."""
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
    """Say what a wait status of a traced task tells of."""
    if not os.WIFSTOPPED(status):
        return "end"
    number, event = os.WSTOPSIG(status), status >> 16
    if event == 128:  # PTRACE_EVENT_STOP
        return "group" if number in (signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU) else "stop"
    if number == signal.SIGTRAP | 0x80:
        return "call"
    return {0: "signal", 1: "made", 2: "made by vfork", 3: "made", 4: "exec"}.get(event, "stop")


def sends(name: str, arguments: list[int]) -> tuple[int, int]:
    """Return to whom a call sends which signal, 0 for a handle of a process."""
    at = 1 if name == "tgkill" else 0
    whom = ctypes.c_int32(arguments[at]).value
    return 0 if name == "pidfd_send_signal" else whom, arguments[at + 1] & 0xFF
