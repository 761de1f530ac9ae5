"""Executing the command: undo what Python changed in this process, then exec.

Exec mode does this in the launcher's process, supervise mode in the child. Python changes three things that exec(2)
preserves: three signal dispositions, the signal mask, and one environment variable. Everything else that exec(2)
preserves (working directory, umask, nice value, limits, groups, session, process group, descriptors) is as the caller
set it, because the launcher does not change it. Descriptors that Python opens are closed on exec (PEP 446), and
descriptors 0 to 2 stay closed if the caller closed them.
"""

import errno
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
else:
    import _signal as signal  # without enum, which takes 4 ms

NOT_FOUND = 127  # as in shells: POSIX, Shell Command Language, 2.8.2
NOT_EXECUTABLE = 126
LAUNCHER_FAILED = 125  # as in env(1), nohup(1) and timeout(1): commands rarely use it

# After these errors execvp(3) tries the next directory of PATH.
TRY_NEXT = (errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.ESTALE, errno.ENODEV, errno.ETIMEDOUT)
DEFAULT_PATH = b"/bin:/usr/bin"  # confstr(_CS_PATH): what execvp(3) searches when PATH is not set


def exec_command(argv: list[bytes], mask: set[int]) -> None:
    """Replace this process by the command `argv`. If that fails, print why and exit with 126 or 127.

    `mask` is the signal mask that the command inherits.
    """
    restore_environment()
    restore_dispositions()
    # Last, because this delivers the pending signals, which must find the dispositions that the command would have.
    # A SIGTERM that arrived during the start ends this process here, as it would end the command just after exec.
    # Signals that the caller blocked stay pending across exec(2).
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    error_number = execvp(argv)
    print_error(b"cannot run '%s': %s" % (argv[0], os.strerror(error_number).encode()))
    os._exit(NOT_FOUND if error_number in (errno.ENOENT, errno.ENOTDIR) else NOT_EXECUTABLE)


def handed_on(name: str) -> set[int] | None:
    """Return the signals that `bin/launcher` (launcher.c) found "launcher_blocked" or "launcher_ignored" before Python
    started. None if Python was started without it."""
    value = sys._xoptions.get(name)
    return {int(signo) for signo in value.split(",") if signo} if isinstance(value, str) else None


def restore_dispositions() -> None:
    """Set the signals that Python ignores or handles to what they were: an ignored signal stays ignored across exec(2).

    CPython ignores SIGPIPE and SIGXFSZ before any Python code runs and does not record their former dispositions. So
    `bin/launcher` reads them before. Without it they get the default, which nearly every caller has. CPython handles
    SIGINT only if it was not ignored, so its former disposition is known.
    """
    ignored = handed_on("launcher_ignored") or set()
    for signo in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(signo, signal.SIG_IGN if signo in ignored else signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def restore_environment() -> None:
    """Restore LC_CTYPE, which CPython sets in the C locale for its children (PEP 538), even with -I.

    /proc/self/environ still has the environment that exec(2) passed. Only this variable is changed. execv(3) passes on
    the C library's own list, so duplicates, unusual names and entries without `=` survive. Building the environment
    from os.environ would lose them.
    """
    if b"LC_CTYPE" not in os.environb:
        return
    try:
        with open("/proc/self/environ", "rb", buffering=0) as file:
            entries = file.readall().split(b"\0")
    except FileNotFoundError:  # macOS has no /proc. The variable stays set there.
        return
    except OSError as error:  # no descriptor left: the command would run in another locale, and nobody would know why
        print_error(b"cannot read the environment: " + os.strerror(error.errno or 0).encode())
        os._exit(LAUNCHER_FAILED)
    original = [entry for entry in entries if entry.startswith(b"LC_CTYPE=")]
    if original:
        os.putenv(b"LC_CTYPE", original[0].removeprefix(b"LC_CTYPE="))
    else:
        os.unsetenv(b"LC_CTYPE")


def execvp(argv: list[bytes]) -> int:
    """Execute a program as the C function does. Return only on failure, with the errno."""
    if not argv[0]:
        return errno.ENOENT  # os.execv would raise ValueError for an empty name
    error_number = errno.ENOENT
    for path in search_paths(argv[0]):
        try:
            os.execv(path, argv)
        except OSError as error:
            if error.errno == errno.ENOEXEC:
                return exec_shell_script(path, argv)
            if error.errno not in TRY_NEXT:
                return error.errno or errno.ENOENT
            # "Permission denied" for a file in one directory is more useful than "not found" in the others.
            error_number = errno.EACCES if errno.EACCES in (error_number, error.errno) else errno.ENOENT
    return error_number


def search_paths(name: bytes) -> list[bytes]:
    """Return the paths at which execvp(3) looks for `name`, in order."""
    if b"/" in name:
        return [name]
    directories = os.environb.get(b"PATH", DEFAULT_PATH).split(b":")
    # An empty entry in PATH means the working directory.
    return [directory + b"/" + name if directory else name for directory in directories]


def exec_shell_script(path: bytes, argv: list[bytes]) -> int:
    """Run a text file without `#!` with /bin/sh, as shells and execvp(3) do. Return only on failure, with the errno."""
    try:
        os.execv(b"/bin/sh", [b"sh", path, *argv[1:]])
    except OSError as error:
        return error.errno or errno.ENOEXEC


def print_error(message: bytes) -> None:
    """Write `launcher: MESSAGE` to standard error. All messages of the launcher have this prefix."""
    try:
        os.write(2, b"launcher: " + message + b"\n")
    except OSError:  # standard error is closed or a broken pipe: the exit status must not change
        pass
