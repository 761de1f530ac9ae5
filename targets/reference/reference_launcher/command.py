"""Becoming the command: give back everything Python has changed in this process, then exec.

Both modes end here, exec mode in the launcher itself, supervise mode in the child it has made.
What exec(2) keeps and Python has touched is: three dispositions, the mask, one environment variable.
Everything else that exec keeps (working directory, umask, nice value, limits, groups, session, process group,
descriptors) is the caller's, because nothing here touches it: every descriptor that Python opens closes on
exec (PEP 446), and numbers 0 to 2 that the caller had closed stay closed.
"""

import errno
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
else:
    import _signal as signal  # the same without enum, which costs 4 ms

NOT_FOUND = 127  # the shells' numbers: POSIX, Shell Command Language, 2.8.2
NOT_EXECUTABLE = 126
LAUNCHER_FAILED = 125  # as env(1), nohup(1) and timeout(1): a number that commands rarely use

# execvp(3) looks in the next directory of PATH after these.
NOT_HERE = (errno.ENOENT, errno.ENOTDIR, errno.EACCES, errno.ESTALE, errno.ENODEV, errno.ETIMEDOUT)
DEFAULT_PATH = b"/bin:/usr/bin"  # confstr(_CS_PATH): where execvp(3) looks when PATH is not set


def become(words: list[bytes], mask: set[int]) -> None:
    """Replace this process by the command `words`; if that fails say why and end with 126 or 127."""
    restore_environment()
    restore_dispositions()
    # Last, because what is pending acts now, and must find the dispositions that the command would have had:
    # a SIGTERM that came during our start ends this process here, exactly as it would have ended the command
    # one instant later. Signals that the caller had blocked stay pending over exec(2), as they should.
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    reason = execute(words)
    complain(b"cannot run '%s': %s" % (words[0], os.strerror(reason).encode()))
    os._exit(NOT_FOUND if reason in (errno.ENOENT, errno.ENOTDIR) else NOT_EXECUTABLE)


def restore_dispositions() -> None:
    """Ignored stays ignored over exec(2): what Python ignores the command would ignore for ever.

    CPython ignores SIGPIPE and SIGXFSZ before any Python code runs, and does not keep what they were. So a
    caller that ignored them is not followed: a declared deviation, NOTES.md says what was tried. SIGINT gets
    a handler only if it was not ignored, so for that one the question can be answered.
    """
    for signo in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(signo, signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def restore_environment() -> None:
    """In the C locale CPython sets LC_CTYPE for its children (PEP 538), with -I too. Take that back.

    The kernel still shows the environment as exec(2) gave it. Only this one variable is touched, and execv(3)
    below passes the C library's own list on: duplicates, odd names and entries without `=` survive, as they
    would not if the environment were built again from os.environ.
    """
    if b"LC_CTYPE" not in os.environb:
        return
    try:
        with open("/proc/self/environ", "rb", buffering=0) as file:
            entries = file.readall().split(b"\0")
    except OSError:  # no /proc: macOS. Then the variable stays, and with it the one difference.
        return
    original = [entry for entry in entries if entry.startswith(b"LC_CTYPE=")]
    if original:
        os.putenv(b"LC_CTYPE", original[0].removeprefix(b"LC_CTYPE="))
    else:
        os.unsetenv(b"LC_CTYPE")


def execute(words: list[bytes]) -> int:
    """execvp(3). Comes back only when it failed, with the errno."""
    if not words[0]:
        return errno.ENOENT  # and os.execv refuses an empty first word with a ValueError
    reason = errno.ENOENT
    for path in candidates(words[0]):
        try:
            os.execv(path, words)
        except OSError as error:
            if error.errno == errno.ENOEXEC:
                return execute_script(path, words)
            if error.errno not in NOT_HERE:
                return error.errno or errno.ENOENT
            # A file that is there but may not be executed is a better answer than "not found" elsewhere.
            reason = errno.EACCES if errno.EACCES in (reason, error.errno) else errno.ENOENT
    return reason


def candidates(name: bytes) -> list[bytes]:
    if b"/" in name:
        return [name]
    directories = os.environb.get(b"PATH", DEFAULT_PATH).split(b":")
    return [directory + b"/" + name if directory else name for directory in directories]  # empty: here


def execute_script(path: bytes, words: list[bytes]) -> int:
    """A text file without `#!` is a shell script to every shell and to execvp(3), so to us as well."""
    try:
        os.execv(b"/bin/sh", [b"sh", path, *words[1:]])
    except OSError as error:
        return error.errno or errno.ENOEXEC


def complain(message: bytes) -> None:
    try:
        os.write(2, b"launcher: " + message + b"\n")
    except OSError:  # stderr is closed, or a pipe that nobody reads: no reason to end in another way
        pass
