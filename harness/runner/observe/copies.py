"""Copies of the descriptors of other processes, through which we ask what /proc does not tell: pidfd_getfd(2)."""

from __future__ import annotations

import os

from proctor.harness.calls import number_of


def copy_of(pid: int, fd: int) -> int:
    """Return a copy of a descriptor of another process; the caller closes it. OSError where that is refused (as ptrace
    is), where the process or the descriptor has gone, or where the kernel is older than 5.6."""
    import ctypes  # here, as hardly any launcher needs it

    pidfd = os.pidfd_open(pid)
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        number = number_of("pidfd_getfd")
        copy = -1 if number is None else int(libc.syscall(ctypes.c_long(number), pidfd, fd, 0))
        if copy < 0:
            raise OSError(ctypes.get_errno(), "pidfd_getfd")
        return copy
    finally:
        os.close(pidfd)
