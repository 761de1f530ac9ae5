"""The launcher's descriptors 0, 1 and 2: a pseudo-terminal, or three pipes."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import struct
import termios
import time
from collections.abc import Callable

from proctor.harness.errors import HarnessError
from proctor.harness.history import Descriptor
from proctor.harness.runner.observe.descriptors import GivenTerminal
from proctor.harness.runner.recorder import Recorder, Stream
from proctor.harness.runner.sources import Sources
from proctor.harness.scenario import Pipe

_CHUNK = 65536
LAST_OUTPUT_WITHIN = 1.0
"""Seconds in which what was printed before a hang-up is read; a launcher may print for ever."""
KEY_WITHIN = 1.0
"""Seconds in which a key has its effect; it takes the kernel some microseconds."""


class _Streams:
    """What both kinds share: reading output as it comes, writing input as it is taken."""

    def __init__(self, sources: Sources, recorder: Recorder) -> None:
        self._sources = sources
        self._recorder = recorder
        self._readers: dict[int, Stream] = {}
        self._poller = select.poll()
        self._input = -1
        self._unwritten = b""

    def _read_from(self, fd: int, stream: Stream) -> None:
        os.set_blocking(fd, False)
        self._readers[fd] = stream
        self._poller.register(fd, select.POLLIN)
        self._sources.add(fd, self._reader(fd, stream))

    def _reader(self, fd: int, stream: Stream) -> Callable[[], None]:
        def read_some() -> None:
            try:
                data = os.read(fd, _CHUNK)
            except BlockingIOError:
                return
            except OSError:
                # Linux reports the last close of the slave as EIO, not as an empty read
                data = b""
            if data:
                self._recorder.output(stream, data)
            else:
                self._drop(fd)

        return read_some

    def _drop(self, fd: int) -> None:
        if self._readers.pop(fd, None):
            self._poller.unregister(fd)
        self._sources.remove(fd)

    def drain(self, deadline: float) -> bool:
        """Read all output that was written up to now, until the deadline at most; return whether there was any.

        poll(2), and not epoll: n_tty's poll method first completes the queued work that carries bytes from one end
        of a pseudo-terminal to the other, so "nothing to read" then means that there is nothing on its way.
        """
        any_output = False
        while self._readers:
            ready = self._poller.poll(0)
            if not ready:
                break
            any_output = True
            for fd, _ in ready:
                self._reader(fd, self._readers[fd])()
            if time.monotonic() > deadline:
                break
        return any_output

    def write(self, data: bytes) -> None:
        """Queue input; what the other side does not take at once goes on with `feed`."""
        self._unwritten += data
        self.feed()

    @property
    def has_unwritten(self) -> bool:
        """Whether there is input that the other side has had no room for yet."""
        return bool(self._unwritten)

    def feed(self) -> bool:
        """Write what the other side has room for; return whether it took any."""
        took = False
        while self._unwritten and self._input >= 0:
            try:
                count = os.write(self._input, self._unwritten[:_CHUNK])
            except BlockingIOError:
                break
            except OSError:
                self._unwritten = b""  # there is no reader any more; the history shows which process has ended
                break
            self._unwritten = self._unwritten[count:]
            took = True
        return took


class Terminal(_Streams):
    """A pseudo-terminal. We hold both ends, so its modes can be read after all other processes have ended."""

    def __init__(self, sources: Sources, recorder: Recorder, rows: int, columns: int) -> None:
        super().__init__(sources, recorder)
        try:
            self.master, self.slave = os.openpty()
        except OSError as error:
            raise HarnessError(
                f"cannot open a pseudo-terminal: {error}. This says nothing about the launcher. Check that /dev/ptmx "
                "and /dev/pts are there (in a container: mount devpts), or run the cases that need none: -k 'not TTY'"
            ) from error
        self._other_end = select.poll()
        self._other_end.register(self.slave, select.POLLIN)
        self._discards = False
        self.resize(rows, columns)
        self._read_from(self.master, "terminal")
        self._input = self.master

    def launcher_end(self) -> tuple[int, int, int]:
        """Return the descriptors that become the launcher's 0, 1 and 2."""
        return self.slave, self.slave, self.slave

    def given(self) -> GivenTerminal:
        """Return where the launcher's end is, and after how long a read of it returns; termios(3), VTIME."""
        found = os.fstat(self.slave)
        timeout = float("inf")
        with contextlib.suppress(OSError, termios.error):
            modes = termios.tcgetattr(self.slave)
            if not modes[3] & termios.ICANON and modes[6][termios.VTIME]:
                timeout = int(modes[6][termios.VTIME]) / 10
        return GivenTerminal((found.st_dev, found.st_ino), found.st_rdev, timeout)

    def forget_launcher_end(self) -> None:
        """Nothing: we keep the slave open."""

    def write(self, data: bytes) -> None:
        """Queue input; note whether its last byte is a key that discards what was typed before it."""
        super().write(data)
        self._discards = not self._unwritten and self._sends_signal(data[-1:])

    def _sends_signal(self, key: bytes) -> bool:
        """Whether the terminal sends a signal for this key, and discards its input then; termios(3), ISIG, NOFLSH."""
        with contextlib.suppress(OSError, termios.error):  # a terminal that is gone sends none
            modes = termios.tcgetattr(self.slave)
            local, characters = modes[3], modes[6]
            keys = [characters[n] for n in (termios.VINTR, termios.VQUIT, termios.VSUSP)]
            return bool(local & termios.ISIG) and not local & termios.NOFLSH and key in keys
        return False

    def flush_input(self) -> None:
        """Make sure that what was typed has had its effect. A key's signal is sent from a kernel work queue, some
        microseconds after write(2) returned; polling the slave completes that work (n_tty's poll method), but only
        where nothing waits to be read. Otherwise that the key has discarded what did shows that it was sent."""
        deadline = time.monotonic() + KEY_WITHIN
        while self._other_end.poll(0) and self._discards and time.monotonic() < deadline:
            pass
        self._discards = False

    def resize(self, rows: int, columns: int) -> None:
        """Set the window size; the kernel sends SIGWINCH where it changes."""
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def hang_up(self) -> None:
        """Close our end."""
        self.drain(time.monotonic() + LAST_OUTPUT_WITHIN)
        self._drop(self.master)
        os.close(self.master)
        self.master = self._input = -1

    def foreground(self) -> int:
        """Return the foreground process group, 0 where there is none."""
        with contextlib.suppress(OSError):
            return os.tcgetpgrp(self.master)
        return 0

    def modes(self) -> tuple[int, ...]:
        """Return the four mode words: input, output, control, local."""
        with contextlib.suppress(OSError, termios.error):
            return tuple(int(word) for word in termios.tcgetattr(self.slave)[:4])
        return ()

    def characters(self) -> str:
        """Return the special characters (c_cc) in hex."""
        with contextlib.suppress(OSError, termios.error):
            words = termios.tcgetattr(self.slave)[6]
            # VMIN and VTIME come as numbers in non-canonical mode
            return b"".join(w if isinstance(w, bytes) else bytes([w]) for w in words).hex()
        return ""

    def flags(self) -> int:
        """Return the file status flags of the launcher's descriptors, which are copies of ours: of one open file
        description, which dup(2) and fork(2) share. A hang-up does not close it, so this cannot fail."""
        return fcntl.fcntl(self.slave, fcntl.F_GETFL)

    def size(self) -> tuple[int, int]:
        """Return rows and columns."""
        with contextlib.suppress(OSError):
            rows, columns, _, _ = struct.unpack("HHHH", fcntl.ioctl(self.slave, termios.TIOCGWINSZ, b"\0" * 8))
            return int(rows), int(columns)
        return 0, 0

    def close(self) -> None:
        """Close both ends."""
        if self.master >= 0:
            self._drop(self.master)
            os.close(self.master)
        os.close(self.slave)


class Pipes(_Streams):
    """Three pipes: no terminal anywhere."""

    def __init__(self, sources: Sources, recorder: Recorder) -> None:
        super().__init__(sources, recorder)
        stdin, self._input = os.pipe()
        stdout_reader, stdout = os.pipe()
        stderr_reader, stderr = os.pipe()
        os.set_blocking(self._input, False)
        self._ours: dict[Pipe, int] = {"stdin": self._input, "stdout": stdout_reader, "stderr": stderr_reader}
        self._theirs = [stdin, stdout, stderr]
        self._read_from(stdout_reader, "stdout")
        self._read_from(stderr_reader, "stderr")

    def given(self) -> None:
        """Return nothing: there is no terminal."""

    def launcher_end(self) -> tuple[int, int, int]:
        """Return the descriptors that become the launcher's 0, 1 and 2."""
        return self._theirs[0], self._theirs[1], self._theirs[2]

    def forget_launcher_end(self) -> None:
        """Close the launcher's ends here, so that theirs are the only ones."""
        for fd in self._theirs:
            os.close(fd)
        self._theirs = []

    def flush_input(self) -> None:
        """Nothing: a pipe has no work queue."""

    def close_one(self, stream: Pipe) -> None:
        """Close our end of one pipe, once what is under way has been read or written."""
        self.feed()
        self.drain(time.monotonic() + LAST_OUTPUT_WITHIN)
        fd = self._ours.pop(stream, -1)
        if stream == "stdin":
            self._input, self._unwritten = -1, b""
        if fd >= 0:
            self._drop(fd)
            os.close(fd)

    def close(self) -> None:
        """Close our ends."""
        self.forget_launcher_end()
        for fd in self._ours.values():
            self._drop(fd)
            os.close(fd)


def describe(fd: int, as_fd: int) -> Descriptor:
    """Return which file a descriptor of ours is, under the number it gets in the launcher."""
    st = os.fstat(fd)
    return Descriptor(as_fd, st.st_dev, st.st_ino, st.st_rdev, st.st_mode, fcntl.fcntl(fd, fcntl.F_GETFL))
