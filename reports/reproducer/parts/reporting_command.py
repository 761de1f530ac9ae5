"""The command that the launcher starts: this script in another role."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pathlib
import resource
import signal
import struct
import termios
import zlib
from fcntl import ioctl
from typing import Any

from proctor.reports.reproducer.parts.at_rest import contents
from proctor.reports.reproducer.parts.attributes import kept_attributes
from proctor.reports.reproducer.parts.observed_run import name_of

F_GETSIG = 11  # not in the module fcntl
ORDER = signal.SIGRTMAX - 1  # says that there is an order; no case sends it


class ReportingCommand:
    """What the launcher starts: it reports each signal, and carries out orders."""

    def report(self, *words: object) -> None:
        """Report one thing."""
        os.write(self.reports, (" ".join(map(str, (self.name, *words))) + "\n").encode())

    def __init__(self, directory: str, name: str, *_arguments: str) -> None:
        self.directory, self.name, self.reports = directory, name, os.open(directory + "/reports", os.O_WRONLY)
        self.caught = set(signal.valid_signals()) - {signal.SIGCHLD, signal.SIGKILL, signal.SIGSTOP}
        signal.pthread_sigmask(signal.SIG_BLOCK, self.caught)
        self.report("runs", os.getpid())
        while True:  # until an order ends it, or a minute passes without a signal
            info = signal.sigtimedwait(self.caught, 60) or os._exit(113)
            if info.si_signo != ORDER:
                sender = "its parent" if info.si_pid == os.getppid() else "pid %d" % info.si_pid
                self.report("received", name_of(info.si_signo), "from", "the kernel" if info.si_code == 128 else sender)
            else:
                word, *words = contents(directory + "/" + name).split()
                os.unlink(directory + "/" + name)  # so that we can be told the next one
                globals()["order_" + word.replace("-", "_")](self, *words)

    def leave(self, numbers: set[Any], how: signal.Handlers) -> None:
        """Ignore these signals from now on, or use their default action."""
        for number in numbers:
            signal.signal(number, how)
        self.caught -= numbers
        signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)


def order_exit(me: ReportingCommand, code: str) -> None:
    """End with this exit code."""
    os._exit(int(code))


def order_die(me: ReportingCommand, number: str) -> None:
    """Die of this signal, without a core file."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if int(number) != signal.SIGKILL:
        me.leave({int(number)}, signal.SIG_DFL)
    os.kill(os.getpid(), int(number))


def order_exit_on(me: Any, number: str, code: str) -> None:
    """End with this exit code when this signal arrives."""
    report = me.report

    def report_and_exit(*words: object) -> None:
        report(*words)
        if words[:2] == ("received", name_of(int(number))):
            os._exit(int(code))

    me.report = report_and_exit
    me.report("did", "exit-on")


def order_ignore(me: ReportingCommand, number: str) -> None:
    """Ignore this signal from now on."""
    me.leave({int(number)}, signal.SIG_IGN)
    me.report("did", "ignore")


def order_inherit(me: ReportingCommand, number: str) -> None:
    """Stop handling this signal (0: all of them), as a program that never changes it; an ignored one stays ignored."""
    numbers = {int(number)} if int(number) else me.caught - {ORDER}
    ignored = {one for one in numbers if signal.getsignal(one) == signal.SIG_IGN} - {signal.SIGPIPE, signal.SIGXFSZ}
    me.leave(numbers - ignored, signal.SIG_DFL)  # which Python itself ignores
    me.leave(ignored, signal.SIG_IGN)
    me.report("did", "inherit")


def order_catch(me: ReportingCommand, number: str) -> None:
    """Handle this signal again."""
    me.caught |= {signal.Signals(int(number))}
    signal.pthread_sigmask(signal.SIG_BLOCK, me.caught)
    me.report("did", "catch")


def order_close(me: ReportingCommand, descriptor: str) -> None:
    """Close a descriptor."""
    os.close(int(descriptor))
    me.report("did", "close")


def order_spawn(me: ReportingCommand, name: str, flags: str) -> None:
    """Start a process. c: a child; o: orphaned at once; s: in a session of its own; n: on /dev/null."""
    child = os.fork()
    if child:
        if "o" in flags:
            os.waitpid(child, 0)
        me.report("did", "spawn")
        return
    if "s" in flags:
        os.setsid()
    if "o" in flags and os.fork():
        os._exit(0)
    for descriptor in (0, 1, 2) if "n" in flags else ():
        os.dup2(os.open(os.devnull, os.O_RDWR), descriptor)
    ReportingCommand(me.directory, name)


def order_reap(me: ReportingCommand) -> None:
    """Wait for a child that has ended."""
    os.waitpid(-1, 0)
    me.report("did", "reap")


def order_raw(me: ReportingCommand) -> None:
    """Put the terminal into raw mode."""
    modes = termios.tcgetattr(0)
    modes[0] = modes[1] = modes[3] = 0
    termios.tcsetattr(0, termios.TCSANOW, modes)
    me.report("did", "raw")


def order_regroup(me: ReportingCommand) -> None:
    """Lead a process group of its own."""
    os.setpgid(0, 0)
    me.report("did", "regroup")


def order_read(me: ReportingCommand, count: str) -> None:
    """Read so many bytes, or to the end."""
    data = b""
    while len(data) < int(count):
        more = os.read(0, min(65536, int(count) - len(data)))
        if not more:
            break
        data += more
    me.report("did", "read", len(data), zlib.crc32(data))


def order_read_line(me: ReportingCommand) -> None:
    """Read a line, or what there is when Ctrl-D is pressed."""
    data = os.read(0, 4096)
    me.report("did", "read-line", len(data), zlib.crc32(data))


def order_write(me: ReportingCommand, count: str, seed: str) -> None:
    """Write so many bytes of a pattern."""
    data = pattern(int(count), int(seed))
    done = 0
    try:
        while done < len(data):
            done += os.write(1, data[done : done + 65536])
    except OSError as error:
        me.report("did", "write", "failed", "errno", error.errno)
        return
    me.report("did", "write", len(data), zlib.crc32(data))


def order_say(me: ReportingCommand, text: str) -> None:
    """Write a line."""
    os.write(1, text.encode() + b"\n")
    me.report("did", "say")


def order_view(me: ReportingCommand) -> None:
    """Report the terminal: isatty of 0, 1, 2, /dev/tty, size, modes, whether in the foreground, keys."""
    are = "".join("ny"[os.isatty(descriptor)] for descriptor in (0, 1, 2))
    try:
        terminal = os.open("/dev/tty", os.O_RDWR)
    except OSError as error:
        me.report("did", "view", are, "no-/dev/tty:-errno-%s" % error.errno)
        return
    size = struct.unpack("4H", ioctl(terminal, termios.TIOCGWINSZ, bytes(8)))[:2]
    is_foreground = os.tcgetpgrp(terminal) == os.getpgrp()
    *modes, _, _, keys = termios.tcgetattr(terminal)
    numbers = "".join("%02x" % (key if isinstance(key, int) else ord(key)) for key in keys)
    me.report("did", "view", are, "/dev/tty", *size, *modes, is_foreground, numbers)
    os.close(terminal)


def order_describe(me: ReportingCommand) -> None:
    """Write into a file what we were started with."""
    descriptors = {}
    for fd in map(int, os.listdir("/proc/self/fd")):
        with contextlib.suppress(OSError):  # that by which this was listed is closed again
            file = os.fstat(fd)
            flags = fcntl.fcntl(fd, fcntl.F_GETFL)
            owner = fcntl.fcntl(fd, fcntl.F_GETOWN), fcntl.fcntl(fd, F_GETSIG)
            descriptors[fd] = (file.st_dev, file.st_ino, file.st_rdev, flags, bool(owner[0]), owner[1])
    del descriptors[me.reports]
    try:
        terminal = os.open("/dev/tty", os.O_RDWR)
        is_foreground = os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        is_foreground = False
    attributes = kept_attributes()
    files = [pathlib.Path("/proc/self/" + name).read_bytes() for name in ("cmdline", "environ")]
    words, variables = (data.split(b"\0")[:-1] for data in files)
    settings = {
        "descriptors": descriptors, "arguments": words[8:], "environment": variables, "umask": os.umask(0),
        "nice": os.getpriority(os.PRIO_PROCESS, 0), "limits": [(n, *resource.getrlimit(n)) for n in range(16)],
        "groups": os.getgroups(), "uid": os.getuid(), "gid": os.getgid(), "directory": os.getcwdb(),
        "session": os.getsid(0), "is in foreground": is_foreground, "attributes": attributes,
    }  # fmt: skip
    with open(me.directory + "/" + me.name + ".started", "w") as text:
        text.write(repr(settings))
    me.report("did", "describe")


def order_look(me: ReportingCommand) -> None:
    """Do nothing: the order view has reported the terminal."""
    me.report("did", "look")


def pattern(count: int, seed: int) -> bytes:
    """Return bytes in which a missing one can be noticed."""
    block = b"".join(struct.pack("=I", (number * 2654435761 + seed) & 0xFFFFFFFF) for number in range(16384))
    return (block * (count // len(block) + 1))[:count]
