"""The command that the launcher is asked to start: the same file once more, called with --command."""

from __future__ import annotations

import os
import resource
import signal
import struct
import termios
import zlib
from fcntl import ioctl
from typing import Any

from proctor.reports.reproducer.parts.run import contents, name_of

ORDER = signal.SIGRTMAX - 1  # with this the command is told that there is an order; no case sends it


class Command:
    """What the launcher is asked to start: it tells of each signal, and does what it is told."""

    def say(self, *words: object) -> None:
        """Tell one thing."""
        os.write(self.reports, (" ".join(map(str, (self.name, *words))) + "\n").encode())

    def __init__(self, directory: str, name: str) -> None:
        self.directory, self.name, self.reports = directory, name, os.open(directory + "/reports", os.O_WRONLY)
        self.taken = set(signal.valid_signals()) - {signal.SIGCHLD, signal.SIGKILL, signal.SIGSTOP}
        signal.pthread_sigmask(signal.SIG_BLOCK, self.taken)
        self.say("runs", os.getpid())
        while True:  # until it is told to end, or has heard nothing for a minute
            info = signal.sigtimedwait(self.taken, 60) or os._exit(113)
            if info.si_signo != ORDER:
                sender = "its parent" if info.si_pid == os.getppid() else "pid %d" % info.si_pid
                self.say("received", name_of(info.si_signo), "from", "the kernel" if info.si_code == 128 else sender)
            else:
                word, *words = contents(directory + "/" + name).split()
                globals()["order_" + word.replace("-", "_")](self, *words)

    def leave(self, numbers: set[Any], how: signal.Handlers) -> None:
        """Ignore these signals from now on, or let their default action be taken."""
        for number in numbers:
            signal.signal(number, how)
        self.taken -= numbers
        signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)


def order_exit(me: Command, code: str) -> None:
    """End with this exit code."""
    os._exit(int(code))


def order_die(me: Command, number: str) -> None:
    """Die of this signal, without a core file."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if int(number) != signal.SIGKILL:
        me.leave({int(number)}, signal.SIG_DFL)
    os.kill(os.getpid(), int(number))


def order_exit_on(me: Any, number: str, code: str) -> None:
    """End with this exit code when this signal comes."""
    tell = me.say

    def say(*words: object) -> None:
        tell(*words)
        if words[:2] == ("received", name_of(int(number))):
            os._exit(int(code))

    me.say = say
    me.say("did", "exit-on")


def order_ignore(me: Command, number: str) -> None:
    """Ignore this signal from now on."""
    me.leave({int(number)}, signal.SIG_IGN)
    me.say("did", "ignore")


def order_inherit(me: Command, number: str) -> None:
    """Handle this signal no more (0: none at all), like a program that never touches it; ignored it stays so."""
    numbers = {int(number)} if int(number) else me.taken - {ORDER}
    ignored = {one for one in numbers if signal.getsignal(one) == signal.SIG_IGN} - {signal.SIGPIPE, signal.SIGXFSZ}
    me.leave(numbers - ignored, signal.SIG_DFL)  # Python itself ignores these two
    me.leave(ignored, signal.SIG_IGN)
    me.say("did", "inherit")


def order_catch(me: Command, number: str) -> None:
    """Handle this signal again."""
    me.taken |= {signal.Signals(int(number))}
    signal.pthread_sigmask(signal.SIG_BLOCK, me.taken)
    me.say("did", "catch")


def order_close(me: Command, descriptor: str) -> None:
    """Close a descriptor."""
    os.close(int(descriptor))
    me.say("did", "close")


def order_spawn(me: Command, name: str, flags: str) -> None:
    """Start a process. c: a child; o: orphaned at once; s: in a session of its own; n: on /dev/null."""
    child = os.fork()
    if child:
        if "o" in flags:
            os.waitpid(child, 0)
        me.say("did", "spawn")
        return
    if "s" in flags:
        os.setsid()
    if "o" in flags and os.fork():
        os._exit(0)
    for descriptor in (0, 1, 2) if "n" in flags else ():
        os.dup2(os.open(os.devnull, os.O_RDWR), descriptor)
    Command(me.directory, name)


def order_reap(me: Command) -> None:
    """Wait for a child that has ended."""
    os.waitpid(-1, 0)
    me.say("did", "reap")


def order_raw(me: Command) -> None:
    """Take the terminal as it comes, byte for byte."""
    modes = termios.tcgetattr(0)
    modes[0] = modes[1] = modes[3] = 0
    termios.tcsetattr(0, termios.TCSANOW, modes)
    me.say("did", "raw")


def order_read(me: Command, count: str) -> None:
    """Read so many bytes, or up to the end."""
    data = b""
    while len(data) < int(count):
        more = os.read(0, 65536)
        if not more:
            break
        data += more
    me.say("did", "read", len(data), zlib.crc32(data))


def order_read_line(me: Command) -> None:
    """Read a line, or what there is when the end is typed."""
    data = os.read(0, 4096)
    me.say("did", "read-line", len(data), zlib.crc32(data))


def order_write(me: Command, count: str, seed: str) -> None:
    """Write so many bytes of a pattern."""
    data = pattern(int(count), int(seed))
    done = 0
    while done < len(data):
        done += os.write(1, data[done : done + 65536])
    me.say("did", "write", len(data), zlib.crc32(data))


def order_say(me: Command, text: str) -> None:
    """Write a line."""
    os.write(1, text.encode() + b"\n")
    me.say("did", "say")


def order_view(me: Command) -> None:
    """Tell how the terminal looks from here: isatty of 0, 1, 2, /dev/tty, size, modes, in the foreground, keys."""
    are = "".join("ny"[os.isatty(descriptor)] for descriptor in (0, 1, 2))
    try:
        terminal = os.open("/dev/tty", os.O_RDWR)
    except OSError as error:
        me.say("did", "view", are, "no-/dev/tty:-errno-%s" % error.errno)
        return
    size = struct.unpack("4H", ioctl(terminal, termios.TIOCGWINSZ, bytes(8)))[:2]
    is_mine = os.tcgetpgrp(terminal) == os.getpgrp()
    *modes, _, _, keys = termios.tcgetattr(terminal)
    numbers = "".join("%02x" % (key if isinstance(key, int) else ord(key)) for key in keys)
    me.say("did", "view", are, "/dev/tty", *size, *modes, is_mine, numbers)
    os.close(terminal)


def order_look(me: Command) -> None:
    """Nothing: the terminal was looked at before."""
    me.say("did", "look")


def pattern(count: int, seed: int) -> bytes:
    """Return bytes that show where one is missing."""
    block = b"".join(struct.pack("=I", (number * 2654435761 + seed) & 0xFFFFFFFF) for number in range(16384))
    return (block * (count // len(block) + 1))[:count]
