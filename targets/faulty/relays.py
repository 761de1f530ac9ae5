"""Planted faults of launchers that carry stdin or stdout of the command through a process of their own."""

import select

from .sound import TYPE_CHECKING, Launcher, os, signal

if TYPE_CHECKING:
    from typing import NoReturn

SIZE = 65536
S_IFMT, S_IFIFO = 0o170000, 0o010000


def is_pipe(descriptor: int) -> bool:
    return os.fstat(descriptor).st_mode & S_IFMT == S_IFIFO


class Relays(Launcher):
    """Puts a pipe of its own in the place of one that it was given, and a process that copies between the two."""

    descriptor = 0
    relay = 0

    def prepare(self) -> None:
        super().prepare()
        if is_pipe(self.descriptor):
            reader, writer = os.pipe()
            mine, its = (reader, writer) if self.descriptor == 0 else (writer, reader)
            self.relay = os.fork()
            if self.relay == 0:
                os.close(mine)
                try:
                    self.copy(0 if self.descriptor == 0 else its, its if self.descriptor == 0 else 1)
                finally:
                    os._exit(0)
            os.dup2(mine, self.descriptor)
            os.close(reader)
            os.close(writer)

    def copy(self, source: int, target: int) -> None:
        """In the relay: until the end of file."""
        while data := os.read(source, SIZE):
            self.pass_on(target, data)

    def pass_on(self, target: int, data: bytes) -> None:
        while data:
            data = data[os.write(target, data) :]

    def on_other_child(self, pid: int, status: int) -> None:
        if pid == self.relay:
            self.relay = 0
        else:
            super().on_other_child(pid, status)

    def finish(self, status: int) -> "NoReturn":
        if self.guard:  # it holds the pipes as well
            self.guard.end()
            self.guard = None
        self.end_relay()
        super().finish(status)

    def end_relay(self) -> None:
        if self.relay:
            os.kill(self.relay, signal.SIGKILL)
            os.waitpid(self.relay, 0)


class stdio_1_keeps_the_pipe_open(Relays):
    """Copies stdin to the command, but keeps the pipe open when stdin has ended."""

    breaks = "STDIO-1"
    also_breaks = ("INHERIT-2",)
    may_break = ("STDIO-8",)

    def copy(self, source: int, target: int) -> None:
        super().copy(source, target)
        signal.sigwaitinfo(())


class stdio_2_waits_for_the_end_of_stdin(Relays):
    """Copies stdin to the command, and ends only when both have ended."""

    breaks = "STDIO-2"
    # in each case with pipes, stdin stays open to the end
    may_break = ("*",)

    def end_relay(self) -> None:
        if self.relay:
            os.waitpid(self.relay, 0)


class RelaysOutput(Relays):
    """Copies the command's stdout."""

    descriptor = 1

    def end_relay(self) -> None:
        """Let it copy what there is, up to the end."""
        os.close(1)
        if self.relay:
            os.waitpid(self.relay, 0)


class stdio_4_cuts_output(RelaysOutput):
    """Takes all that the command writes at once, and forgets what the reader has not taken when the command ends.

    process.exit() in Node, where stdout is a pipe: the rest after 65,536 bytes is lost (mcporter#214).
    """

    breaks = "STDIO-4"
    also_breaks = ("INHERIT-2",)

    def copy(self, source: int, target: int) -> None:
        kept, poll = b"", select.poll()
        poll.register(source, select.POLLIN)
        poll.register(target, 0)
        while True:
            poll.modify(target, select.POLLOUT if kept else 0)
            ready = dict(poll.poll())
            if ready.get(target, 0):
                kept = kept[os.write(target, kept[:4096]) :]
            if ready.get(source, 0):
                data = os.read(source, SIZE)
                if not data:
                    break
                kept += data
        poll.unregister(source)
        poll.modify(target, select.POLLOUT)
        while kept and poll.poll(0):
            kept = kept[os.write(target, kept[:4096]) :]


class stdio_5_reads_on(RelaysOutput):
    """Reads and forgets what the command writes when the reader of its stdout has gone: `yes | head -1` never ends."""

    breaks = "STDIO-5"
    also_breaks = ("INHERIT-2",)

    def pass_on(self, target: int, data: bytes) -> None:
        try:
            super().pass_on(target, data)
        except BrokenPipeError:
            pass


class stdio_5_complains(RelaysOutput):
    """Says on stderr that the reader of its stdout has gone."""

    breaks = "STDIO-5"
    also_breaks = ("INHERIT-2",)

    def pass_on(self, target: int, data: bytes) -> None:
        try:
            super().pass_on(target, data)
        except BrokenPipeError:
            os.write(2, b"sound: write EPIPE\n")
            os._exit(1)


class stdio_7_reads_the_rest(Launcher):
    """Empties stdin at its end.

    npm-run-all#166: in `while read` loops of a shell only the first line is worked on.
    """

    breaks = "STDIO-7"

    def finish(self, status: int) -> "NoReturn":
        poll = select.poll()
        poll.register(0, select.POLLIN)
        if is_pipe(0) and dict(poll.poll(0)).get(0, 0) & select.POLLIN:
            os.read(0, SIZE)
        super().finish(status)


class stdio_8_ends_with_stdin(Relays):
    """Ends when its stdin has ended, without the command: a server that waits for SIGTERM is left."""

    breaks = "STDIO-8"
    may_break = ("STDIO-1", "STDIO-9")

    def prepare(self) -> None:
        Launcher.prepare(self)
        launcher = os.getpid()
        if is_pipe(0):
            self.relay = os.fork()
            if self.relay == 0:
                poll = select.poll()
                poll.register(0, 0)
                poll.poll()
                os.kill(launcher, signal.SIGKILL)
                os._exit(0)

    def launcher_gone(self) -> None:
        """Leave the command."""
