"""What the script types and presses."""

from __future__ import annotations

import zlib

from proctor.harness import history, scenario
from proctor.harness.errors import HarnessError
from proctor.harness.runner.observe.pipes import Pipes
from proctor.harness.runner.observe.terminal import Terminal
from proctor.harness.runner.recorder import Recorder
from proctor.harness.schedule import PressKey

MOST_OF_REST = 4096
"""Bytes of what is left in stdin that are kept."""


class Keyboard:
    """Writes to the launcher's terminal or standard input, and records it."""

    def __init__(self, recorder: Recorder, streams: Terminal | Pipes) -> None:
        self._recorder, self._streams = recorder, streams

    def terminal_for(self, what: str) -> Terminal:
        """Return the terminal; HarnessError, which names what needs it, where the stage has none."""
        if not isinstance(self._streams, Terminal):
            raise HarnessError(f"the scenario has {what} but no terminal: set stage.terminal")
        return self._streams

    def close_pipe(self, stream: scenario.Pipe) -> None:
        """Close our end of a pipe; HarnessError where the stage has a terminal instead."""
        pipes = self._pipes_for(f"closes the pipe on {stream}")
        self._recorder.add("runner", history.PipeClosed(stream))
        pipes.close_one(stream)

    def stop_reading(self, stream: scenario.OutputPipe) -> None:
        """Read no more from a pipe; HarnessError where the stage has a terminal instead."""
        pipes = self._pipes_for(f"stops reading {stream}")
        self._recorder.add("runner", history.ReadingStopped(stream))
        pipes.stop_reading(stream)

    def read_on(self, stream: scenario.OutputPipe, most: int) -> None:
        """Read again: so many bytes of what is there, or all from now on (0)."""
        pipes = self._pipes_for(f"reads {stream} again")
        self._recorder.add("runner", history.ReadingResumed(stream, most))
        pipes.read_on(stream, most)

    def read_rest(self) -> None:
        """Read what is left in the pipe on stdin, and record it."""
        data = self._pipes_for("reads what is left in stdin").read_rest()
        self._recorder.add("runner", history.RestRead(data[:MOST_OF_REST], len(data)))

    def _pipes_for(self, what: str) -> Pipes:
        if not isinstance(self._streams, Pipes):
            raise HarnessError(f"the scenario {what}, but has a terminal: unset stage.terminal")
        return self._streams

    def type(self, data: bytes) -> None:
        """Type at the terminal, or write to standard input."""
        self._recorder.add("runner", history.Typed(len(data), zlib.crc32(data)))
        self._streams.write(data)

    def press(self, key: scenario.Key, cause: int | None = None) -> None:
        """Press a key at the terminal. cause: the index of the event of the directive that wants it."""
        self._recorder.add("runner", history.Pressed(key, cause))
        self.terminal_for("a key").write(scenario.KEYS[key])

    def press_at_point(self, action: PressKey, cause: int) -> None:
        """Press a key now, and have the terminal take it before any task runs again."""
        self.press(action.key, cause)
        self._streams.flush_input()
