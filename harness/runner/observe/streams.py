"""What a pseudo-terminal and pipes as the launcher's descriptors 0, 1 and 2 have in common."""

from __future__ import annotations

import fcntl
import os
import select
import time
from collections.abc import Callable

from proctor.harness.history import Descriptor
from proctor.harness.runner.recorder import Recorder, Stream
from proctor.harness.runner.sources import Sources

CHUNK = 65536
LAST_OUTPUT_WITHIN = 1.0
"""Seconds in which what was printed before a hang-up is read; a launcher may print for ever."""


class Streams:
    """What both kinds share: reading output as it comes, writing input as it is taken."""

    def __init__(self, sources: Sources, recorder: Recorder) -> None:
        self._sources = sources
        self._recorder = recorder
        self._readers: dict[int, Stream] = {}
        self._poller = select.poll()
        self._input = -1
        self._unwritten = b""

    def read_from(self, fd: int, stream: Stream) -> None:
        """Read what comes, until its end."""
        os.set_blocking(fd, False)
        self._readers[fd] = stream
        self._poller.register(fd, select.POLLIN)
        self._sources.add(fd, self._reader(fd, stream))

    def _reader(self, fd: int, stream: Stream) -> Callable[[], None]:
        def read_some() -> None:
            try:
                data = os.read(fd, CHUNK)
            except BlockingIOError:
                return
            except OSError:
                # Linux reports the last close of the slave as EIO, not as an empty read
                data = b""
            if data:
                self._recorder.output(stream, data)
            else:
                self.drop(fd)

        return read_some

    def drop(self, fd: int) -> None:
        """Read no more from this."""
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
                count = os.write(self._input, self._unwritten[:CHUNK])
            except BlockingIOError:
                break
            except OSError:
                self._unwritten = b""  # there is no reader any more; the history shows which process has ended
                break
            self._unwritten = self._unwritten[count:]
            took = True
        return took


def describe(fd: int, as_fd: int) -> Descriptor:
    """Return which file a descriptor of ours is, under the number it gets in the launcher."""
    st = os.fstat(fd)
    return Descriptor(as_fd, st.st_dev, st.st_ino, st.st_rdev, st.st_mode, fcntl.fcntl(fd, fcntl.F_GETFL))
