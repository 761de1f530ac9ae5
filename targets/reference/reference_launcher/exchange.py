"""Putting a directory in the place of another in one step."""

import errno
import os
import sys

AT_FDCWD = -100
RENAME_EXCHANGE = 2
RENAMEX_SWAP = 2  # macOS: sys/stdio.h
NOT_THERE = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM)


def put_in_place(new: str, target: str, old: str) -> None:
    """Let `new` be `target`; what was `target` is at `new` or `old` afterwards, for the caller to remove."""
    if not os.path.lexists(target):
        os.rename(new, target)
        return
    try:
        exchange(new, target)
    except OSError as error:
        if error.errno not in NOT_THERE:
            raise
        in_two_steps(new, target, old)


def in_two_steps(new: str, target: str, old: str) -> None:
    """For file systems that cannot exchange: NFS, some of FUSE. Killed in between, there is no `target`, which
    is a state like any other: the next sync makes one.
    """
    os.rename(target, old)
    try:
        os.rename(new, target)
    except OSError:
        os.rename(old, target)
        raise


def exchange(one: str, other: str) -> None:
    """renameat2(2) with RENAME_EXCHANGE, renamex_np(2) with RENAME_SWAP: each gets the other's name, at once."""
    import ctypes

    library = ctypes.CDLL(None, use_errno=True)
    first, second = os.fsencode(one), os.fsencode(other)
    try:
        if sys.platform == "darwin":
            result = library.renamex_np(first, second, RENAMEX_SWAP)
        else:
            result = library.renameat2(AT_FDCWD, first, AT_FDCWD, second, RENAME_EXCHANGE)
    except AttributeError:  # an old C library
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS)) from None
    if result:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), other)
