"""Reaps our children, the launcher and every process that was orphaned to us, and reads the stops of traced tasks."""

from __future__ import annotations

import os

from proctor.harness.runner import processes
from proctor.harness.runner.play.registry import ProcessRegistry
from proctor.harness.runner.sources import Sources
from proctor.harness.runner.trace import ptrace
from proctor.harness.runner.trace.tracing import Tracing


class Reaper:
    """Listens for changes of children until it is closed. A stop that only a tracer sees goes to the tracer, anything
    else to the registry."""

    def __init__(self, sources: Sources, registry: ProcessRegistry, tracing: Tracing) -> None:
        self._sources, self._registry, self._tracing = sources, registry, tracing
        sources.listen_to_children(self._reap)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED | os.WCONTINUED | processes.WALL)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if not self._tracing.take(pid, status) and not ptrace.is_event(status):
                self._registry.changed(pid, status)

    def close(self) -> None:
        """Reap no more."""
        self._sources.listen_to_children(None)
