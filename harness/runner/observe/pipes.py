"""Three pipes as the launcher's descriptors 0, 1 and 2."""

from __future__ import annotations

import contextlib
import os
import time

from proctor.harness.runner.observe.streams import CHUNK, LAST_OUTPUT_WITHIN, Streams
from proctor.harness.runner.recorder import Recorder
from proctor.harness.runner.sources import Sources
from proctor.harness.scenario import OutputPipe, Pipe


class Pipes(Streams):
    """Three pipes: no terminal anywhere."""

    def __init__(self, sources: Sources, recorder: Recorder) -> None:
        super().__init__(sources, recorder)
        stdin, self._input = os.pipe()
        stdout_reader, stdout = os.pipe()
        stderr_reader, stderr = os.pipe()
        os.set_blocking(self._input, False)
        self._ours: dict[Pipe, int] = {"stdin": self._input, "stdout": stdout_reader, "stderr": stderr_reader}
        self._theirs = [stdin, stdout, stderr]
        self.read_from(stdout_reader, "stdout")
        self.read_from(stderr_reader, "stderr")

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

    def stop_reading(self, stream: OutputPipe) -> None:
        """Read nothing from a pipe from now on; what is in it already stays there."""
        self.drop(self._ours[stream])

    def read_on(self, stream: OutputPipe, most: int) -> None:
        """Read at most so many bytes of what is there; 0: all from now on."""
        fd = self._ours[stream]
        if not most:
            self.read_from(fd, stream)
            return
        with contextlib.suppress(BlockingIOError):  # there is no more now
            while most and (data := os.read(fd, min(most, CHUNK))):
                self._recorder.output(stream, data)
                most -= len(data)

    def read_all(self) -> None:
        """Read again from every pipe of which that was stopped, so that who writes need not wait."""
        streams: tuple[OutputPipe, ...] = ("stdout", "stderr")
        for stream in streams:
            if stream in self._ours and self._ours[stream] not in self._readers:
                self.read_from(self._ours[stream], stream)

    def read_rest(self) -> bytes:
        """Read what is in the pipe on stdin, whose reader was the launcher. There is a file for a pipe: proc(5)."""
        if self._input < 0:
            return b""
        data = b""
        fd = os.open(f"/proc/self/fd/{self._input}", os.O_RDONLY | os.O_NONBLOCK)
        try:
            with contextlib.suppress(BlockingIOError):  # we hold the other end, so there is no end of file
                while some := os.read(fd, CHUNK):
                    data += some
        finally:
            os.close(fd)
        return data

    def close_one(self, stream: Pipe) -> None:
        """Close our end of one pipe, once what is under way has been read or written."""
        self.feed()
        self.drain(time.monotonic() + LAST_OUTPUT_WITHIN)
        fd = self._ours.pop(stream, -1)
        if stream == "stdin":
            self._input, self._unwritten = -1, b""
        if fd >= 0:
            self.drop(fd)
            os.close(fd)

    def close(self) -> None:
        """Close our ends."""
        self.forget_launcher_end()
        for fd in self._ours.values():
            self.drop(fd)
            os.close(fd)
