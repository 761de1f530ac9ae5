"""The runner: plays scenarios one after the other, as asked over its socket.

usage (by the guardian): python -m harness.runner SOCKET_FD

A message is four bytes of length and msgpack, both ways. The runner ends when the other end of the socket does.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import traceback
from collections import Counter
from pathlib import Path

from harness.errors import HarnessError
from harness.runner import containment, spawn
from harness.runner.execution import Execution
from harness.runner.sources import Sources
from harness.target import Target
from harness.wire import Hello, Reply, Request, receive, send

RESTLESS_AFTER = 3
"""Executions in a row in which a launcher was never seen to rest, after which it is not waited for as long. One or two
may be the machine's doing."""
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES)


class Runner:
    """Keeps what lives longer than one execution: the scratch directory, a home for each target."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._sources = Sources()
        self._homes: dict[str, Path] = {}
        self._restless: Counter[str] = Counter()
        self._cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
        number = int(re.sub(r"\D", "", os.environ.get("PROCTOR_WORKER", "")) or 0)
        self._core = sorted(self._cores)[number % len(self._cores)] if self._cores else 0

    def perform(self, request: Request) -> Reply:
        """Play one scenario. Whatever goes wrong here is an error of the harness."""
        try:
            containment.need_proc()
            place = self._place(request.target)
            # a tracer and what it traces take turns: on one core a stop costs a quarter of what it costs on two
            if self._cores:
                os.sched_setaffinity(0, self._cores if request.schedule is None else {self._core})
            name = request.target.name
            rests = self._restless[name] < RESTLESS_AFTER
            execution = Execution(self._sources, request.target, request.scenario, place, request.schedule, rests)
            reply = Reply(events=execution.play())
            self._restless[name] = 0 if execution.came_to_rest else self._restless[name] + 1
            containment.check_proc()
            return reply
        except HarnessError as error:
            self._end()
            return Reply(error=str(error))
        except OSError as error:
            self._end()
            if error.errno not in _NO_ROOM:
                return _own_fault()
            where = f"{error.filename or self._scratch}: {error.strerror}"
            return Reply(
                error=f"the runner cannot write: {where}. This says nothing about the launcher, unless it is the "
                "launcher that has filled the disk. Make room there, or set TMPDIR to another file system"
            )
        except Exception:  # noqa: BLE001  our own fault, whatever it is: reported as such, never as the launcher's
            self._end()
            return _own_fault()

    def _end(self) -> None:
        containment.end_everyone()
        self._sources = Sources()

    def _place(self, target: Target) -> spawn.Place:
        home = self._homes.get(target.name)
        if not home:
            slug = re.sub(r"\W+", "-", target.name).strip("-")[:12]
            base = self._scratch / f"{len(self._homes)}-{slug}"
            home = base / "home"
        base = home.parent
        if not (base / "work").is_dir():  # or a launcher has removed what is not its own
            (base / "work").mkdir(parents=True)
            _lay_out(target, base / "work")
            self._homes[target.name] = home
        home.mkdir(exist_ok=True)
        temporary = base / "tmp"
        if temporary.exists():
            _empty(temporary)
        temporary.mkdir(exist_ok=True)
        return spawn.Place(base / "work", home, temporary)


def _own_fault() -> Reply:
    return Reply(error=f"the runner failed. This says nothing about the launcher.\n{traceback.format_exc()}")


def _empty(directory: Path) -> None:
    """Remove a directory with something in it, as far as that can be done: a launcher may have locked it, or have
    filled it deeper than a recursion goes."""
    try:
        if any(os.scandir(directory)):
            shutil.rmtree(directory, ignore_errors=True)
    except (OSError, RecursionError):
        subprocess.run(["chmod", "-R", "u+rwx", "--", directory], check=False, stderr=subprocess.DEVNULL)
        subprocess.run(["rm", "-rf", "--", directory], check=False, stderr=subprocess.DEVNULL)


def _lay_out(target: Target, work: Path) -> None:
    for name, text in target.files.items():
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text(text, encoding="utf-8")


_GUARDIAN = os.getppid()


def _end_if_alone(number: int, frame: object) -> None:  # noqa: ARG001  (as signal.signal wants it)
    """Without a PID namespace nobody else is left to end our processes when the guardian was killed."""
    if os.getppid() != _GUARDIAN:
        containment.end_everyone()
        shutil.rmtree(os.environ["PROCTOR_SCRATCH"], ignore_errors=True)
        os._exit(1)


def main() -> None:
    """Serve until the worker goes away."""
    link = socket.socket(fileno=int(sys.argv[1]))
    link.set_inheritable(False)
    signal.signal(signal.SIGTERM, _end_if_alone)
    runner = Runner(Path(os.environ["PROCTOR_SCRATCH"]))
    send(link, Hello(os.environ["PROCTOR_SCRATCH"], containment.kind()))
    while (request := receive(link, Request)) is not None:
        send(link, runner.perform(request))


if __name__ == "__main__":
    main()
