"""Runs a program with fewer system features: python without.py FEATURE[,FEATURE...] PROGRAM ARGS...

ptrace, namespaces, mount: a seccomp filter refuses them with EPERM, as in a container; seccomp(2). getfd: pidfd_getfd.
pidfds: it refuses pidfd_open with ENOSYS, as an old kernel or gVisor does; no-pidfds: with EPERM. send:
pidfd_send_signal. fork: it refuses clone, fork and vfork with EAGAIN, as at the limit of processes. nobody: run as uid
65534.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
ALLOW, REFUSE = 0x7FFF0000, 0x00050000
LOAD, EQUAL, ANY_BIT, RETURN = 0x20, 0x15, 0x45, 0x06
NUMBERS = {
    "x86_64": {
        "ptrace": 101, "mount": 165, "unshare": 272, "clone": 56, "clone3": 435, "fork": 57, "vfork": 58,
        "pidfd_open": 434, "pidfd_getfd": 438, "pidfd_send_signal": 424,
    },
    "aarch64": {
        "ptrace": 117, "mount": 40, "unshare": 97, "clone": 220, "clone3": 435, "pidfd_open": 434, "pidfd_getfd": 438,
        "pidfd_send_signal": 424,
    },
}  # fmt: skip
NEW_NAMESPACES = 0x10000000 | 0x20000000 | 0x00020000  # user, PID, mount
EPERM, EAGAIN, ENOSYS = 1, 11, 38


def step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)


def refuse(numbers: dict[str, int], features: list[str]) -> bytes:
    program = step(LOAD, 0)
    for name in ("ptrace", "mount"):
        if name in features:
            program += step(EQUAL, numbers[name], 0, 1) + step(RETURN, REFUSE | EPERM)
    for feature, name, error in (
        ("pidfds", "pidfd_open", ENOSYS), ("no-pidfds", "pidfd_open", EPERM), ("getfd", "pidfd_getfd", EPERM),
        ("send", "pidfd_send_signal", ENOSYS), ("fork", "clone", EAGAIN),
        ("fork", "clone3", EAGAIN), ("fork", "fork", EAGAIN), ("fork", "vfork", EAGAIN),
    ):  # fmt: skip
        if feature in features and name in numbers:
            program += step(EQUAL, numbers[name], 0, 1) + step(RETURN, REFUSE | error)
    if "namespaces" in features:
        program += step(EQUAL, numbers["unshare"], 0, 1) + step(RETURN, REFUSE | EPERM)
        program += step(EQUAL, numbers["clone3"], 0, 1) + step(RETURN, REFUSE | ENOSYS)
        program += step(EQUAL, numbers["clone"], 0, 3) + step(LOAD, 16)
        program += step(ANY_BIT, NEW_NAMESPACES, 0, 1) + step(RETURN, REFUSE | EPERM)
    return program + step(RETURN, ALLOW)


def install(program: bytes) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    program_buffer = ctypes.create_string_buffer(program)
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(program_buffer)))
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header, 0, 0):
        sys.exit(f"no seccomp filter here: {os.strerror(ctypes.get_errno())}")


def main() -> None:
    features = sys.argv[1].split(",")
    if "nobody" in features and os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
    install(refuse(NUMBERS[platform.machine()], features))
    os.execvp(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
