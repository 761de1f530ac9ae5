"""Reads requests, and runs `proctor` for each in a forked process that may start nothing and write nowhere else.

An audit hook (sys.addaudithook) sees each start of a process, each write and each connection, also one that would
fail, or whose error is caught. The first one that is not allowed is reported, and ends the process before it happens.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import resource
import select
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import msgspec

COMPUTES_WITHIN = 20
"""Seconds of CPU time for one command. Most need 0.1."""
ENDS_WITHIN = 120
"""Seconds for one command, on a busy machine."""
MEMORY = 1_500_000_000
"""Bytes of address space for one command."""
OUTPUT = 100_000_000
"""Bytes that a file may have which a command writes."""
CANARY = "canary"
"""No file of this name may be opened."""
STARTS = frozenset(
    ("subprocess.Popen", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system", "pty.spawn")
)
"""Audit events of a start of a process."""
WRITES = frozenset(
    (
        "os.chmod", "os.chown", "os.link", "os.mkdir", "os.remove", "os.removexattr", "os.rename", "os.rmdir",
        "os.setxattr", "os.symlink", "os.truncate", "os.utime",
    )
)  # fmt: skip
OUTSIDE = frozenset(("os.kill", "os.killpg", "socket.bind", "socket.connect", "socket.getaddrinfo"))
"""Audit events of what has an effect on others."""
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
FORBIDDEN = 97


class Request(msgspec.Struct, frozen=True):
    """What is to be run. words: the arguments of `proctor`, or the name of a function in OTHERS and its arguments.
    room: the directory in which it may write; work: its working directory, below that. starts: whether a start of a
    process is what was asked for: then it ends there, and that is no violation. seconds: of CPU time."""

    words: list[bytes]
    room: str
    work: str
    starts: bool = False
    seconds: int = COMPUTES_WITHIN


class Reply(msgspec.Struct, frozen=True):
    """What came of it. status: the exit status; -1 if there is none. ended: how it ended otherwise, such as the
    traceback of an exception; "" if it exited. forbidden: what it tried that it may not. started: what it would have
    started, where that is allowed."""

    status: int = -1
    ended: str = ""
    forbidden: str = ""
    started: str = ""
    cpu_seconds: float = 0.0


class _Report(msgspec.Struct, frozen=True):
    """What the forked process says of itself."""

    kind: str
    text: str


class _Watch:
    """The audit hook."""

    def __init__(self, request: Request, report: int) -> None:
        self._request, self._report = request, report
        self._inside = False

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._inside:
            return
        self._inside = True
        try:
            if event in STARTS:
                self._end("started" if self._request.starts else "forbidden", f"{event}: {arguments[:2]!r}")
            if event in OUTSIDE or (event == "open" and self._is_forbidden(*arguments)):
                self._end("forbidden", f"{event}: {arguments!r}")
            if event in WRITES:
                names = [one for one in arguments if isinstance(one, str | bytes | os.PathLike)]
                if not all(self._is_inside(one) for one in names):
                    self._end("forbidden", f"{event}: {arguments!r}")
        finally:
            self._inside = False

    def _is_forbidden(self, path: object, mode: str | None, flags: int) -> bool:
        if not isinstance(path, str | bytes | os.PathLike):
            return False
        if os.path.basename(os.fsdecode(path)) == CANARY:
            return True
        writes = bool(flags & WRITING) or bool(mode and set(mode) & set("wax+"))
        return writes and not self._is_inside(path)

    def _is_inside(self, path: str | bytes | os.PathLike[Any]) -> bool:
        name = os.path.realpath(os.fsdecode(path))
        return name == os.devnull or name.startswith(self._request.room + os.sep)

    def _end(self, kind: str, text: str) -> NoReturn:
        _say(self._report, kind, text)
        os._exit(FORBIDDEN)


def _say(report: int, kind: str, text: str) -> None:
    data = msgspec.json.encode(_Report(kind, text[:20000].encode("utf-8", "backslashreplace").decode()))
    while data:
        data = data[os.write(report, data) :]


def _gate(baseline: str, results: str) -> None:
    """Compare as `proctor check --baseline` does after its run."""
    from proctor.conformance.cli.common import run_reporting_errors
    from proctor.conformance.cli.compare import gate, stale_deviations
    from proctor.reports.results import read

    def compare() -> int:
        documents = read(Path(results))
        return gate(documents, Path(baseline), is_strict=True) or stale_deviations(documents)

    run_reporting_errors(compare)


def _state(directory: str) -> None:
    """Read the state of a hunt as `proctor hunt --state` does, and show it as it does after its run."""
    from types import SimpleNamespace

    from proctor.conformance.cli import hunt
    from proctor.conformance.cli.common import run_reporting_errors
    from proctor.conformance.exploring.hunt_workers import HuntState
    from proctor.conformance.exploring.hunter import HuntStats
    from proctor.harness.target import Target

    def run() -> int:
        target = Target("env", ("env",))
        state = HuntState.at(Path(directory), target, resumes=True)
        shown: Any = SimpleNamespace(target=target, state=state, account=HuntStats(), said={}, seconds=1.0)
        hunt._print_summary(shown, quiet=False)
        state.write()
        return 0

    run_reporting_errors(run)


OTHERS: dict[str, Callable[..., None]] = {"gate": _gate, "state": _state}


def _run(words: list[str]) -> None:
    from proctor.conformance.cli.main import main

    if words[0] in OTHERS:
        OTHERS[words[0]](*words[1:])
    sys.argv = ["proctor", *words]
    main()


def _in_child(request: Request, report: int) -> NoReturn:
    """Run a command and report how it ended."""
    room = request.room
    os.environ.update(HOME=f"{room}/home", TMPDIR=f"{room}/tmp", XDG_CACHE_HOME=f"{room}/home/.cache", COLUMNS="100")
    for stream, name in ((1, "stdout"), (2, "stderr")):
        os.dup2(os.open(f"{room}/{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream)
    os.chdir(request.work)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (request.seconds, request.seconds + 5))
    resource.setrlimit(resource.RLIMIT_FSIZE, (OUTPUT, OUTPUT))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.addaudithook(_Watch(request, report))
    try:
        _run(list(map(os.fsdecode, request.words)))
        _say(report, "exit", "0")
    except SystemExit as error:
        code = error.code
        _say(report, "exit", str(code if isinstance(code, int) else int(code is not None)))
    except BaseException:  # noqa: BLE001  (this is what the test looks for)
        _say(report, "traceback", traceback.format_exc())
    with contextlib.suppress(Exception):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(0)


def serve(request: Request) -> Reply:
    """Run one command in a process of its own; return what came of it."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _in_child(request, writing)
    os.close(writing)
    data, is_over = b"", False
    while not is_over and select.select([reading], [], [], ENDS_WITHIN)[0]:
        piece = os.read(reading, 1 << 16)
        data, is_over = data + piece, not piece
    if not is_over:
        os.kill(child, signal.SIGKILL)
    os.close(reading)
    _, wait_status, used = os.wait4(child, 0)
    seconds = used.ru_utime + used.ru_stime
    if not is_over:
        return Reply(ended=f"it did not end within {ENDS_WITHIN} s", cpu_seconds=seconds)
    if not data:
        how = signal.Signals(-code).name if (code := os.waitstatus_to_exitcode(wait_status)) < 0 else f"code {code}"
        return Reply(ended=f"it was ended by {how} after {seconds:.1f} s of CPU time", cpu_seconds=seconds)
    report = msgspec.json.decode(data, type=_Report)
    if report.kind == "exit":
        return Reply(int(report.text), cpu_seconds=seconds)
    return Reply(
        ended=report.text if report.kind == "traceback" else "",
        forbidden=report.text if report.kind == "forbidden" else "",
        started=report.text if report.kind == "started" else "",
        cpu_seconds=seconds,
    )


def _warm_up(files: list[str]) -> None:
    """Import and read all that each command needs, so that a forked process has it already."""
    from proctor.conformance.cli import bisect, check, compare, explore, hunt, replay, targets
    from proctor.conformance.cli.report import FORMATS

    assert all((bisect, check, compare, explore, hunt, replay, targets))
    if not files:
        return
    case, results, *planted = files
    for name in planted:
        OTHERS.update(importlib.import_module(name).OTHERS)
    for words in (["export", case], *(["report", results, "--format", one] for one in FORMATS)):
        with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
            _run(words)


def main() -> None:
    """Serve requests, one a line, until stdin is closed. The arguments are a case file, a results file, and perhaps a
    module with more functions for OTHERS; none for a process that has imported nothing."""
    sys.dont_write_bytecode = True
    answers = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_RDWR), 1)
    requests = os.fdopen(os.dup(0))
    os.dup2(1, 0)
    _warm_up(sys.argv[1:])
    for line in requests:
        reply = serve(msgspec.json.decode(line, type=Request))
        os.write(answers, msgspec.json.encode(reply) + b"\n")


if __name__ == "__main__":
    main()
