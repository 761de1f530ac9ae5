"""The runner: plays scenarios one after the other, as asked over its socket.

usage (by the guardian): python -m proctor.harness.runner SOCKET_FD

A message is four bytes of length and msgpack, both ways. The runner ends when the other end of the socket does.
"""

from __future__ import annotations

import contextlib
import errno
import gc
import os
import re
import signal
import socket
import sys
import traceback
from collections import Counter
from pathlib import Path

from proctor.harness import history, orders
from proctor.harness.errors import HarnessError
from proctor.harness.runner.observe.created_files import CreatedFiles
from proctor.harness.runner.observe.listeners import Listeners
from proctor.harness.runner.play.execution import Execution
from proctor.harness.runner.sources import Sources
from proctor.harness.runner.start import containment, spawn
from proctor.harness.runner.start.places import Places
from proctor.harness.runner.start.removal import remove
from proctor.harness.scenario import Order, Scenario, WaitEnds
from proctor.harness.wire import Hello, Reply, Request, receive, send

RESTLESS_AFTER = 3
"""Executions in a row in which a launcher was never seen to rest, or polled, after which the wait for rest is shorter.
In one or two of them a loaded machine may be the cause."""
_NO_DESCRIPTOR = (errno.EMFILE, errno.ENFILE)
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES)


COLLECT_EVERY = 50
"""Executions. Each leaves some thousand objects that only a collection finds."""
WARM_UP_WITHIN = 120.0
"""Seconds that a launcher may take to create its first environment."""
MOST_SAID = 2000
"""Bytes of its output that are reported where that fails."""


class WarmUpFailed(Exception):
    """The launcher fails even undisturbed; the text is what it printed."""


class Runner:
    """Keeps what lives longer than one execution: the directories of each target, and which targets never rest or
    poll. The bare command is a target of its own."""

    def __init__(self, scratch: Path, link: socket.socket) -> None:
        """link: to the worker."""
        self._link = link
        self._sources = self._new_sources()
        self._listeners = Listeners()
        self._places = Places(scratch)
        self._restless: Counter[tuple[str, ...]] = Counter()
        self._created = CreatedFiles()
        self._polling: Counter[tuple[str, ...]] = Counter()
        self._cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
        number = int(re.sub(r"\D", "", os.environ.get("PROCTOR_WORKER", "")) or 0)
        self._core = sorted(self._cores)[number % len(self._cores)] if self._cores else 0

    def perform(self, request: Request) -> Reply:
        """Play one scenario. Whatever goes wrong here is an error of the harness."""
        try:
            containment.need_proc()
            place = self._places.of(request.target, request.scenario, lambda place: self._warm_up(request, place))
            # a tracer and what it traces take turns: on one core a stop costs a quarter of what it costs on two
            if self._cores:
                stage = request.scenario.stage
                is_traced = request.schedule is not None or stage.watches_flags or stage.watches_programs
                os.sched_setaffinity(0, {self._core} if is_traced else self._cores)
            key = request.target.name, *request.target.command
            rests, polls = self._restless[key] < RESTLESS_AFTER, self._polling[key] >= RESTLESS_AFTER
            execution = Execution(
                self._sources, self._listeners, request.target, request.scenario, place, request.schedule, rests, polls,
                self._created,
            )  # fmt: skip
            reply = Reply(events=execution.play())
            self._restless[key] = 0 if execution.came_to_rest else self._restless[key] + 1
            if execution.polled is not None:
                self._polling[key] = self._polling[key] + 1 if execution.polled else 0
            containment.check_proc()
            return reply
        except WarmUpFailed as said:
            self._end()
            return Reply(refused=str(said))
        except HarnessError as error:
            self._end()
            return Reply(error=str(error))
        except OSError as error:
            self._end()
            if error.errno in _NO_DESCRIPTOR:
                return Reply(
                    error=f"the runner cannot open another descriptor: {error.strerror}. This says nothing about the "
                    "launcher. Raise the limit: ulimit -n 4096, or fs.file-max of the system"
                )
            if error.errno not in _NO_ROOM:
                return _own_fault()
            where = f"{error.filename or os.environ['PROCTOR_SCRATCH']}: {error.strerror}"
            return Reply(
                error=f"the runner cannot write: {where}. This says nothing about the launcher, unless it is the "
                "launcher that has filled the disk. Make room there, or set TMPDIR to another file system"
            )
        except Exception:  # noqa: BLE001  our own fault, whatever it is: reported as such, never as the launcher's
            self._end()
            return _own_fault()

    def close(self) -> None:
        """Remove what launchers have left that is not within one execution."""
        self._created.close()

    def _new_sources(self) -> Sources:
        sources = Sources()
        sources.add(self._link.fileno(), _end_without_worker)  # during an execution the worker sends nothing
        return sources

    def _end(self) -> None:
        containment.end_all()
        self._sources = self._new_sources()

    def _warm_up(self, request: Request, place: spawn.Place) -> None:
        """Run the launcher undisturbed; WarmUpFailed where that does not work."""
        asked = request.scenario
        undisturbed = Scenario(
            (Order(orders.Exit(0)), WaitEnds()) if asked.invoke != "sync" else (WaitEnds(),), command=asked.command,
            invoke="sync" if asked.invoke == "sync" else "run", within=WARM_UP_WITHIN,
        )  # fmt: skip
        events = Execution(self._sources, self._listeners, request.target, undisturbed, place).play()
        ends = [e.fact for e in events if isinstance(e.fact, history.Ended) and e.fact.process == "launcher"]
        if [end.code for end in ends] != [0]:
            said = b"".join(e.fact.data for e in events if isinstance(e.fact, history.Output))[-MOST_SAID:]
            raise WarmUpFailed(said.decode("utf-8", "backslashreplace").strip() or "nothing was printed")


def _own_fault() -> Reply:
    return Reply(error=f"the runner failed. This says nothing about the launcher.\n{traceback.format_exc()}")


class _WorkerHasGone(BaseException):
    """Ends an execution: it removes what it has made, and then the runner ends."""


def _end_without_worker() -> None:
    raise _WorkerHasGone


_GUARDIAN = os.getppid()


def _end_if_alone(number: int, frame: object) -> None:  # noqa: ARG001  (as signal.signal wants it)
    """Without a PID namespace this process alone can end the others when the guardian was killed."""
    if os.getppid() != _GUARDIAN:
        containment.end_all()
        remove(Path(os.environ["PROCTOR_SCRATCH"]))
        os._exit(1)


def main() -> None:
    """Serve until the worker goes away."""
    link = socket.socket(fileno=int(sys.argv[1]))
    link.set_inheritable(False)
    signal.signal(signal.SIGTERM, _end_if_alone)
    runner = Runner(Path(os.environ["PROCTOR_SCRATCH"]), link)
    send(link, Hello(os.environ["PROCTOR_SCRATCH"], containment.kind(), os.getpid()))
    # These objects stay for good. A collection during an execution would keep a traced launcher waiting.
    gc.freeze()
    gc.disable()
    performed = 0
    with contextlib.suppress(_WorkerHasGone, BrokenPipeError):  # the worker has ended: nobody waits for a reply
        while (request := receive(link, Request)) is not None:
            send(link, runner.perform(request))
            performed += 1
            if performed % COLLECT_EVERY == 0:
                gc.collect()
    runner.close()


if __name__ == "__main__":
    main()
