"""What traces or holds the launcher at the moment: a director or a tracer, and a hold."""

from __future__ import annotations

from collections.abc import Callable

from proctor.harness.runner.recorder import Recorder
from proctor.harness.runner.trace.director import Director
from proctor.harness.runner.trace.hold import ProcessHold
from proctor.harness.runner.trace.tracer import Tracer


class Tracing:
    """A task has one tracer. So there is a director from the start (director: of the execution's schedule, if it has
    one), or a tracer once the script asks for it."""

    def __init__(self, director: Director | None) -> None:
        self.director = director
        self._tracer: Tracer | None = None
        self._hold: ProcessHold | None = None

    def trace(self, pids: list[int], command: int, recorder: Recorder, at_reap: Callable[[], None]) -> None:
        """Record the signals that these processes send, and that the first of them reaps the command; call `at_reap`
        then. OSError where ptrace is refused."""
        if self.director:  # which sees these calls as well
            self.director.trace(at_reap)
        else:
            self._tracer = Tracer(pids, command, recorder, at_reap)

    def hold(self, pids: list[int], wait_until_stopped: Callable[[list[int]], None]) -> ProcessHold:
        """Stop these processes until they are released."""
        self._hold = ProcessHold(pids, wait_until_stopped)
        return self._hold

    def release(self) -> ProcessHold | None:
        """Let the processes go on that are held; return the hold that has ended."""
        ended, self._hold = self._hold, None
        if ended:
            ended.release()
        return ended

    def take(self, tid: int, status: int) -> bool:
        """Take a wait status if it is a stop that only a tracer sees; return whether it was one."""
        follower = self._tracer or self.director
        return follower is not None and follower.take(tid, status)

    def kept_still(self) -> frozenset[int]:
        """Return the tasks that stay in a ptrace stop until we let them go, or SIGCONT continues them."""
        kept = frozenset(self.director.kept_still() if self.director else ())
        return kept.union(self._hold.tids if self._hold else (), self._tracer.listening if self._tracer else ())

    def in_vfork(self) -> frozenset[int]:
        """Return the tasks that are blocked in vfork(2)."""
        return self.director.in_vfork() if self.director else frozenset()
