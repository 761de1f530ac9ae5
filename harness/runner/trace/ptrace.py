"""A binding of ptrace(2), as small as what is needed. Linux.

SEIZE and not ATTACH: it sends no SIGSTOP, so stopping and resuming a tracee causes no signal that could be seen.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import signal
import struct
from typing import Literal, NamedTuple

from proctor.harness import signals
from proctor.harness.runner import processes

_SEIZE, _INTERRUPT, _LISTEN, _DETACH, _SYSCALL, _GET_SYSCALL_INFO = 0x4206, 0x4207, 0x4208, 17, 24, 0x420E
_CONT, _GETREGS, _SETREGS, _GETEVENTMSG = 7, 12, 13, 0x4201
_EVENT_STOP = 128
_OPTIONS = 1 | 8 | 16  # TRACESYSGOOD, TRACECLONE, TRACEEXEC
ALL = 1 | 2 | 4 | 8 | 16 | 32 | 128 | 1 << 20
"""Options to follow a launcher from its start: TRACESYSGOOD, TRACEFORK, TRACEVFORK, TRACECLONE, TRACEEXEC,
TRACEVFORKDONE, TRACESECCOMP, EXITKILL."""

_libc = ctypes.CDLL(None, use_errno=True)
_call = getattr(_libc, "ptrace", None)
if _call is not None:
    _call.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
    _call.restype = ctypes.c_long


def _ptrace(request: int, tid: int, data: int = 0, address: int = 0) -> None:
    if _call is None:
        raise OSError(38, "no ptrace on this system")
    if _call(request, tid, address or None, data) == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def stop_task(tid: int) -> bool:
    """Stop one task where it is; return whether it is still there. OSError (EPERM) where that is refused."""
    try:
        _ptrace(_SEIZE, tid, _OPTIONS)
        _ptrace(_INTERRUPT, tid)
        _, status = os.waitpid(tid, processes.WALL)
    except (ProcessLookupError, ChildProcessError):
        return False
    return os.WIFSTOPPED(status)


def signal_thread(pid: int, tid: int, number: int) -> int:
    """Send a signal to one thread of a process, tgkill(2); return 0 or the errno."""
    tgkill = getattr(_libc, "tgkill", None)  # glibc 2.30, musl
    if tgkill is None:
        return errno.ENOSYS
    return ctypes.get_errno() if tgkill(pid, tid, number) == -1 else 0


def seize(tid: int, options: int) -> None:
    """Begin to trace a task, which runs on. OSError (EPERM) where that is refused."""
    _ptrace(_SEIZE, tid, options)


def go_on(tid: int, number: int = 0) -> None:
    """Let a stopped task run, with this signal delivered to it."""
    try:
        _ptrace(_CONT, tid, number)
    except ProcessLookupError:
        pass


def message_of(tid: int) -> int:
    """Return what goes with an event: the new task's id for one that was made, the former id for an exec."""
    message = ctypes.c_ulong()
    try:
        _ptrace(_GETEVENTMSG, tid, ctypes.addressof(message))
    except OSError:
        return 0
    return message.value


_ADDRESS_OF_CALL = 2  # bytes of the instruction `syscall`
_RIP, _RAX, _ORIG_RAX, _WORDS = 16, 10, 15, 27  # places in x86-64's struct user_regs_struct
_CALL_FAILED = (1 << 64) - errno.EINTR


def undo_interruption(tid: int) -> None:
    """Make a task that is stopped in a system call begin that call again, where being stopped would make it fail
    with EINTR: sigtimedwait, epoll_wait and some more are not restarted by the kernel (signal(7)). Only for a task
    that has no signal to act on: a call that a signal interrupts has to fail. x86-64; elsewhere the EINTR stays."""
    if platform.machine() != "x86_64":
        return
    registers = ctypes.create_string_buffer(8 * _WORDS)
    try:
        _ptrace(_GETREGS, tid, ctypes.addressof(registers))
        words = list(struct.unpack(f"={_WORDS}Q", registers.raw))
        if words[_RAX] != _CALL_FAILED or words[_ORIG_RAX] >> 63:
            return
        words[_RIP] -= _ADDRESS_OF_CALL
        words[_RAX] = words[_ORIG_RAX]
        registers.raw = struct.pack(f"={_WORDS}Q", *words)
        _ptrace(_SETREGS, tid, ctypes.addressof(registers))
    except OSError:
        pass  # it was killed meanwhile


_INFO = ctypes.create_string_buffer(88)
"""For PTRACE_GET_SYSCALL_INFO, asked at every stop; the runner has one thread."""
_INFO_AT = ctypes.addressof(_INFO)


def place_of(tid: int) -> tuple[int, int]:
    """Return where a task is: instruction and stack pointer."""
    try:
        _ptrace(_GET_SYSCALL_INFO, tid, _INFO_AT, len(_INFO))
    except OSError:
        return 0, 0
    instruction, stack = struct.unpack_from("=2Q", _INFO, 8)
    return int(instruction), int(stack)


def step_back(tid: int) -> bool:
    """Put a task that the filter has stopped at the entry of a call before that call, so that a handler runs first. The
    call is skipped (its number becomes -1) and then begun again. x86-64; return whether it was done."""
    if platform.machine() != "x86_64":
        return False
    registers = ctypes.create_string_buffer(8 * _WORDS)
    try:
        _ptrace(_GETREGS, tid, ctypes.addressof(registers))
        words = list(struct.unpack(f"={_WORDS}Q", registers.raw))
        words[_RIP] -= _ADDRESS_OF_CALL
        words[_RAX] = words[_ORIG_RAX]
        words[_ORIG_RAX] = (1 << 64) - 1
        registers.raw = struct.pack(f"={_WORDS}Q", *words)
        _ptrace(_SETREGS, tid, ctypes.addressof(registers))
    except OSError:
        return False
    return True


_NT_PRSTATUS, _NT_ARM_SYSTEM_CALL = 1, 0x404
_GETREGSET, _SETREGSET = 0x4204, 0x4205
_RDX = 12
_ARM_WORDS = 34
"""arm64's struct user_pt_regs: x0 to x30, sp, pc, pstate."""
_NO_CALL = (1 << 64) - 1


class _Buffer(ctypes.Structure):
    """struct iovec."""

    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


def _registers(tid: int) -> list[int]:
    """Return the general registers of a stopped task. OSError where that fails."""
    if platform.machine() == "x86_64":
        raw = ctypes.create_string_buffer(8 * _WORDS)
        _ptrace(_GETREGS, tid, ctypes.addressof(raw))
        return list(struct.unpack(f"={_WORDS}Q", raw.raw))
    raw = ctypes.create_string_buffer(8 * _ARM_WORDS)
    place = _Buffer(ctypes.addressof(raw), len(raw))
    _ptrace(_GETREGSET, tid, ctypes.addressof(place), _NT_PRSTATUS)
    return list(struct.unpack(f"={_ARM_WORDS}Q", raw.raw))


def _set_registers(tid: int, words: list[int]) -> None:
    raw = ctypes.create_string_buffer(struct.pack(f"={len(words)}Q", *words), 8 * len(words))
    if platform.machine() == "x86_64":
        _ptrace(_SETREGS, tid, ctypes.addressof(raw))
        return
    place = _Buffer(ctypes.addressof(raw), len(raw))
    _ptrace(_SETREGSET, tid, ctypes.addressof(place), _NT_PRSTATUS)


def skip_call(tid: int) -> None:
    """Have the kernel not carry out the call at whose entry the filter has stopped a task: its number becomes -1;
    seccomp(2), SECCOMP_RET_TRACE. On arm64 the number is a register set of its own. OSError where that fails."""
    if platform.machine() == "x86_64":
        words = _registers(tid)
        words[_ORIG_RAX] = _NO_CALL
        _set_registers(tid, words)
        return
    number = ctypes.c_int(-1)
    place = _Buffer(ctypes.addressof(number), ctypes.sizeof(number))
    _ptrace(_SETREGSET, tid, ctypes.addressof(place), _NT_ARM_SYSTEM_CALL)


def set_result(tid: int, value: int) -> None:
    """Set what a call returns, at whose exit a task is stopped. OSError where that fails."""
    words = _registers(tid)
    words[_RAX if platform.machine() == "x86_64" else 0] = value & _NO_CALL
    _set_registers(tid, words)


def set_size(tid: int, count: int) -> None:
    """Set the third argument of a call, at whose entry or exit a task is stopped. OSError where that fails."""
    words = _registers(tid)
    words[_RDX if platform.machine() == "x86_64" else 2] = count
    _set_registers(tid, words)


def let_task_go(tid: int) -> None:
    """Detach from a stopped task, which goes on with the signals that are pending for it."""
    try:
        _ptrace(_DETACH, tid)
    except ProcessLookupError:
        pass  # SIGKILL ends a stopped tracee


def go_on_to_next_call(tid: int, number: int = 0) -> None:
    """Let a stopped task run to its next entry or exit of a system call, with this signal delivered to it."""
    try:
        _ptrace(_SYSCALL, tid, number)
    except ProcessLookupError:
        pass


def listen(tid: int) -> None:
    """Leave a task stopped by job control until SIGCONT."""
    try:
        _ptrace(_LISTEN, tid)
    except OSError:
        pass  # it was continued or killed at this moment, and reports again


class SyscallStop(NamedTuple):
    """A stop at a system call. entry: its number and arguments; exit: its result, negative for an errno."""

    is_entry: bool
    number: int
    arguments: tuple[int, ...]
    result: int


def call_of(tid: int) -> SyscallStop | None:
    """Return the system call at whose entry or exit a task is stopped; PTRACE_GET_SYSCALL_INFO, Linux 5.3."""
    try:
        _ptrace(_GET_SYSCALL_INFO, tid, _INFO_AT, len(_INFO))
    except OSError:
        return None
    kind = _INFO[0]
    if kind in (b"\1", b"\3"):  # entry, or a stop by the seccomp filter
        number, *arguments = struct.unpack_from("=7Q", _INFO, 24)
        return SyscallStop(True, number, tuple(arguments), 0)
    if kind == b"\2":
        return SyscallStop(False, -1, (), struct.unpack_from("=q", _INFO, 24)[0])
    return None


class Stop(NamedTuple):
    """The kind of stop that a wait status reports. signal: the one to be delivered, or that of a group stop."""

    kind: Literal["call", "signal", "group", "made", "exec", "filter", "event", "none"]
    signal: int = 0


# PTRACE_EVENT_FORK, _VFORK, _CLONE: a task was made; PTRACE_EVENT_EXEC; PTRACE_EVENT_SECCOMP. linux/ptrace.h
_KINDS: dict[int, Literal["made", "exec", "filter"]] = {1: "made", 2: "made", 3: "made", 4: "exec", 7: "filter"}
VFORK, VFORK_DONE = 2, 5  # PTRACE_EVENT_VFORK, PTRACE_EVENT_VFORK_DONE
"""The events of a task that waits until the child it made has executed a program or ended, and of that wait's end."""


def stop_of(status: int) -> Stop:
    """Read a wait status of a tracee."""
    if not os.WIFSTOPPED(status):
        return Stop("none")
    number, event = os.WSTOPSIG(status), status >> 16
    if event == _EVENT_STOP and number in signals.STOPPING:
        return Stop("group", number)
    if event:
        return Stop(_KINDS.get(event, "event"), event)
    return Stop("call") if number == signal.SIGTRAP | 0x80 else Stop("signal", number)


def is_event(status: int) -> bool:
    """Return whether a wait status reports a stop that only a tracer sees."""
    return bool(status >> 16)
