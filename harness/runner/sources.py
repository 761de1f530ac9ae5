"""All file descriptors that the runner listens to, behind one epoll, and changes of its children."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Callable

FINE = 0.005
"""Seconds. A shorter wait needs better than a millisecond's precision."""


class Sources:
    """File descriptors with what to do when one is readable. `pump` serves what is ready."""

    def __init__(self) -> None:
        self._poller = select.epoll()
        self._actions: dict[int, Callable[[], None]] = {}
        self._wake, wake_end = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wake_end, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._on_child: Callable[[], None] | None = None
        self.add(self._wake, self._woken)

    def add(self, fd: int, action: Callable[[], None]) -> None:
        """Call `action` whenever fd is readable or has ended."""
        self._actions[fd] = action
        self._poller.register(fd, select.EPOLLIN)

    def remove(self, fd: int) -> None:
        """Stop listening to fd. The caller closes it."""
        if self._actions.pop(fd, None):
            self._poller.unregister(fd)

    def pump(self, seconds: float) -> bool:
        """Serve what is ready, waiting at most this long for the first; return whether there was anything."""
        if 0.0 < seconds < FINE:
            # epoll's timeout is in whole milliseconds, rounded up: a quarter of one would take four times as long
            select.select([self._poller], [], [], seconds)
            seconds = 0.0
        ready = self._poller.poll(max(0.0, seconds))
        for fd, _ in ready:
            action = self._actions.get(fd)  # an earlier action of this round may have removed it
            if action:
                action()
        return bool(ready)

    def listen_to_children(self, action: Callable[[], None] | None) -> None:
        """Call `action` whenever a child has ended, stopped or continued; None: do nothing then."""
        self._on_child = action

    def serve_children(self) -> None:
        """Serve the changes of children now, without waiting for SIGCHLD."""
        if self._on_child:
            self._on_child()

    def _woken(self) -> None:
        os.read(self._wake, 4096)
        self.serve_children()
