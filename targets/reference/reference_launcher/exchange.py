"""Replacing a directory by another one in one step."""

import errno
import os
import sys

AT_FDCWD = -100
RENAME_EXCHANGE = 2
RENAMEX_SWAP = 2  # macOS: sys/stdio.h
UNSUPPORTED = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM)


def replace_directory(new: str, target: str, old: str) -> None:
    """Rename `new` to `target`. The former `target` is then at `new` or `old`; the caller removes it."""
    if not os.path.lexists(target):
        os.rename(new, target)
        return
    try:
        exchange(new, target)
    except OSError as error:
        if error.errno not in UNSUPPORTED:
            raise
        rename_twice(new, target, old)


def rename_twice(new: str, target: str, old: str) -> None:
    """Replace `target` on a file system without exchange: NFS, some of FUSE.

    If the process is killed between the renames, there is no `target`, as before the first sync.
    """
    os.rename(target, old)
    try:
        os.rename(new, target)
    except OSError:
        os.rename(old, target)
        raise


def exchange(first: str, second: str) -> None:
    """Exchange two names atomically: renameat2(2) with RENAME_EXCHANGE, renamex_np(2) with RENAME_SWAP on macOS."""
    import ctypes

    library = ctypes.CDLL(None, use_errno=True)
    first_path, second_path = os.fsencode(first), os.fsencode(second)
    try:
        if sys.platform == "darwin":
            result = library.renamex_np(first_path, second_path, RENAMEX_SWAP)
        else:
            result = library.renameat2(AT_FDCWD, first_path, AT_FDCWD, second_path, RENAME_EXCHANGE)
    except AttributeError:  # an old C library
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS)) from None
    if result:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), second)
