"""Run a program with a system call that fails: python failing_call.py CALL PROGRAM ARGS...

A seccomp(2) filter makes flock(2), flock(2) with LOCK_EX only, or renameat2(2) with RENAME_EXCHANGE fail, as on a file
system without support for it. Child processes inherit the filter.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import platform
import struct
import sys

NUMBERS = {"x86_64": {"flock": 73, "renameat2": 316}, "aarch64": {"flock": 32, "renameat2": 276}}
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, ERRNO = 0x7FFF0000, 0x00050000
NUMBER_OFFSET, ARCHITECTURE_OFFSET, ARGUMENTS_OFFSET = 0, 4, 16  # in struct seccomp_data
RENAME_EXCHANGE = 2
ERRORS = {"flock": errno.EOPNOTSUPP, "flock-exclusive": errno.EBADF, "renameat2": errno.EINVAL}
ARGUMENT = {"flock-exclusive": (1, fcntl.LOCK_EX | fcntl.LOCK_NB), "renameat2": (4, RENAME_EXCHANGE)}
"""The index and the value of the argument with which the call fails. A call without an entry always fails."""
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2


def instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    """Return one struct sock_filter."""
    return struct.pack("HBBI", code, if_true, if_false, value)


def program(call: str) -> bytes:
    """Return the filter for `call`, an array of struct sock_filter."""
    machine = platform.machine()
    name = call.partition("-")[0]
    checks = []
    if call in ARGUMENT:
        index, value = ARGUMENT[call]
        checks = [instruction(LOAD, ARGUMENTS_OFFSET + 8 * index), instruction(JUMP_IF_EQUAL, value, 0, 1)]
    return b"".join(
        [
            instruction(LOAD, ARCHITECTURE_OFFSET),
            instruction(JUMP_IF_EQUAL, ARCHITECTURES[machine], 0, 3 + len(checks)),
            instruction(LOAD, NUMBER_OFFSET),
            instruction(JUMP_IF_EQUAL, NUMBERS[machine][name], 0, 1 + len(checks)),
            *checks,
            instruction(RETURN, ERRNO | ERRORS[call]),
            instruction(RETURN, ALLOW),
        ]
    )


def main() -> None:
    """Install the filter and exec the program."""
    code = ctypes.create_string_buffer(program(sys.argv[1]))
    length = (len(code) - 1) // 8
    filter_program = struct.pack("HxxxxxxP", length, ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(
        PR_SET_SECCOMP, SECCOMP_MODE_FILTER, filter_program, 0, 0
    ):
        sys.exit(f"cannot install the seccomp filter: {os.strerror(ctypes.get_errno())}")
    os.execv(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
