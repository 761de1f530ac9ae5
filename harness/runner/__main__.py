"""The runner: plays scenarios one after the other, as asked over its socket.

usage (by the guardian): python -m harness.runner SOCKET_FD

A message is four bytes of length and msgpack, both ways. The runner ends when the other end of the socket does.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import sys
import traceback
from pathlib import Path

from harness.errors import HarnessError
from harness.runner import containment, spawn
from harness.runner.execution import Execution
from harness.runner.sources import Sources
from harness.target import Target
from harness.wire import Hello, Reply, Request, receive, send


class Runner:
    """Keeps what lives longer than one execution: the scratch directory, a home for each target."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._sources = Sources()
        self._homes: dict[str, Path] = {}

    def perform(self, request: Request) -> Reply:
        """Play one scenario. Whatever goes wrong here is an error of the harness."""
        try:
            place = self._place(request.target)
            execution = Execution(self._sources, request.target, request.scenario, place)
            return Reply(events=execution.play())
        except HarnessError as error:
            self._end()
            return Reply(error=str(error))
        except Exception:  # our own fault, whatever it is: reported as such, never as the launcher's
            self._end()
            return Reply(error=f"the runner failed. This says nothing about the launcher.\n{traceback.format_exc()}")

    def _end(self) -> None:
        containment.end_everyone()
        self._sources = Sources()

    def _place(self, target: Target) -> spawn.Place:
        home = self._homes.get(target.name)
        if not home:
            slug = re.sub(r"\W+", "-", target.name).strip("-")[:30]
            base = self._scratch / f"{len(self._homes)}-{slug}"
            home = base / "home"
            (base / "work").mkdir(parents=True)
            home.mkdir()
            _lay_out(target, base / "work")
            self._homes[target.name] = home
        base = home.parent
        temporary = base / "tmp"
        if temporary.exists() and any(os.scandir(temporary)):
            shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(exist_ok=True)
        return spawn.Place(base / "work", home, temporary)


def _lay_out(target: Target, work: Path) -> None:
    for name, text in target.files.items():
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text(text, encoding="utf-8")
    for name, points_to in target.links.items():
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).symlink_to(points_to.replace("{command}", str(spawn.WITNESS)))


def main() -> None:
    """Serve until the worker goes away."""
    link = socket.socket(fileno=int(sys.argv[1]))
    link.set_inheritable(False)
    runner = Runner(Path(os.environ["PROCTOR_SCRATCH"]))
    send(link, Hello(os.environ["PROCTOR_SCRATCH"], containment.kind()))
    while (request := receive(link, Request)) is not None:
        send(link, runner.perform(request))


if __name__ == "__main__":
    main()
