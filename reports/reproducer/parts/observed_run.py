"""One run of the command, behind a launcher or without one: its processes, what happens, how we wait and clean up."""

from __future__ import annotations

import contextlib
import glob
import os
import re
import select
import shlex
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

TIMEOUTS: dict[str, str] = {}
PYTHON = [sys.executable, "-I", "-S", os.path.abspath(__file__), "--as"]  # starts this script in another role


def play(run: ObservedRun) -> None:
    """Stand in for the steps of a case, which replace this function in its script."""


class ObservedRun:
    """One run of the command, behind the launcher or without it; `events` is what happens."""

    pids: dict[str, int]
    events: list[tuple[Any, ...]]
    last_look: list[Any]
    read_to: int
    idle_since: float
    looked_at: float
    idle_time: float
    process: Any
    status: Callable[[], Any]

    def __init__(self, launcher: list[str]) -> None:
        self.launcher, self.events, self.pids, self.timed_out, self.output, self.read_to = launcher, [], {}, "", "", 0
        self.began, self.last_look, self.directory = time.monotonic(), [], tempfile.mkdtemp()
        self.words = [*launcher, *PYTHON, "ReportingCommand", self.directory, "command"]
        self.environment = {**os.environ, "HOME": self.directory, "TMPDIR": self.directory}
        self.status = lambda: shell_status(os.waitpid(self.pids["launcher"], 0)[1])  # the launcher's, at its end
        os.mkfifo(self.directory + "/reports")
        self.readers = {os.open(self.directory + "/reports", os.O_RDWR): self.read_reports}

    def play(self) -> Any:
        """Play the steps, up to one that times out. Leave nothing behind."""
        print("Behind the launcher, %s:" % shlex.join(self.launcher) if self.launcher else "Without the launcher:")
        try:
            play(self)
        except TimeoutError as what:
            self.timed_out = str(what)
            self.note("timed out: " + self.timed_out)
        finally:
            self.close()
        return self

    def note(self, text: str, *event: Any) -> None:
        """Print what happens, and add an event."""
        print("%9.1f ms  %s" % (1e3 * (time.monotonic() - self.began), ascii(text)[1:-1]), flush=True)
        self.events.append(event)

    def all(self, *kind: Any) -> list[Any]:
        """Return the events that begin with these words."""
        return [event for event in self.events if event[: len(kind)] == kind]

    def read_reports(self, reports: int) -> None:
        """Read what the command reports."""
        words: list[Any]
        for line in os.read(reports, 65536).decode().splitlines():
            name, what, *words = line.split()
            self.pids[name] = int(words[0]) if what == "runs" else self.pids[name]
            self.note(line, what, name, *words)

    def observe(self, seconds: float) -> None:
        """Read reports; note which processes ended: the launcher is looked at first, noted last."""
        gone = [one for one in sorted(self.pids)[::-1] if not state(self.pids[one]) and not self.all("ended", one)]
        ready = select.select(list(self.readers), [], [], 0 if gone else seconds)[0]
        for one in ready:
            self.readers[one](one)
        for name in reversed(gone if not ready else []):
            status = self.status() if name == "launcher" else ""
            self.note("%s ended %s" % (name, status), "ended", name, status)

    def wait(self, what: str, is_there: Callable[[], Any], quiet: float = 2.0) -> None:
        """Wait, as long as a process runs or may wake up."""
        began = self.idle_since = self.looked_at = time.monotonic()
        self.idle_time = 0.0
        while not is_there() and self.idle_time < 6 * quiet and self.looked_at < began + 30 * quiet:
            self.observe(0.01)
            if self.idle() >= quiet and not self.may_wake_up() and self.idle() >= quiet:  # nor has it just woken up
                break
        if what and not is_there():  # RuntimeError: processes were busy all the time
            raise (TimeoutError if self.idle_time >= quiet else RuntimeError)(what)

    def idle(self) -> float:
        """Return for how many seconds no process has run: all were blocked, and none was switched to."""
        tasks = [path for pid in below(os.getpid()) for path in glob.glob("/proc/%d/task/*/status" % pid)]
        look = [re.findall(r"^(?:Pid|State|\w*ctxt_switches):\t(\w+)", contents(path), re.MULTILINE) for path in tasks]
        now = time.monotonic()  # where the last look was long ago we did not run ourselves
        is_idle = look == self.last_look and now - self.looked_at < 0.5 and not any({*one} & {"R", "D"} for one in look)
        self.idle_time += now - self.looked_at if is_idle else 0
        self.idle_since = self.idle_since if is_idle else now
        self.last_look, self.looked_at = look, now
        return now - self.idle_since

    def may_wake_up(self) -> bool:
        """Return whether a timeout may wake a process other than our commands; proc_pid_syscall(5)."""
        ours = [self.pids[event[1]] for event in self.all("runs") if event[1] != "launcher"]
        others = [pid for pid in below(os.getpid()) if pid not in ours and state(pid) == "S"]
        calls = [contents(path).split() for pid in others for path in glob.glob("/proc/%d/task/*/syscall" % pid)]
        times = [[*call, "0x0"][1 + int(TIMEOUTS.get(call[0], -2))] if call else "?" for call in calls]
        return not set(times) <= {"0x0", "0xffffffff", "0xffffffffffffffff"}  # NULL, -1

    def close(self) -> None:
        """End all processes of this run, and remove its files."""
        while below(os.getpid()):
            for pid in below(os.getpid()):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            os.waitpid(-1, 0x40000000)  # __WALL, wait(2)
        self.output += contents(self.directory + "/output")
        shutil.rmtree(self.directory, ignore_errors=True)


def below(ancestor: int) -> list[int]:
    """Return the descendants of a process."""
    rows = [contents(path).rpartition(") ") for path in glob.glob("/proc/[0-9]*/stat")]
    parents = {int(head.split()[0]): int(tail.split()[1]) for head, _, tail in rows if tail}
    found = [ancestor]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found[1:]


def contents(path: str) -> str:
    """Return the contents of a file; nothing where it cannot be read."""
    with contextlib.suppress(OSError), open(path, errors="replace") as file:
        return file.read()
    return ""


def state(pid: int) -> str:
    """Return the state of a process, such as T for stopped; nothing where it has ended; proc_pid_stat(5)."""
    return contents("/proc/%d/stat" % pid).rpartition(") ")[2][:1].strip("Z")


def shell_status(status: int) -> int:
    """Return what a shell shows for a wait status: 128+N for signal N; POSIX.1-2024 XCU 2.8.2."""
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def name_of(number: int) -> str:
    """Return the name of a signal."""
    return {int(one): one.name for one in signal.Signals}.get(number, "SIGRTMIN+%d" % (number - signal.SIGRTMIN))
