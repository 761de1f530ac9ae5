"""One run of the command, behind a launcher or without one: its processes, what happens, how we wait and clean up."""

from __future__ import annotations

import contextlib
import glob
import os
import re
import select
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

from proctor.reports.reproducer.parts.at_rest import TIMER, below, contents, what_wakes

PYTHON = [sys.executable, "-I", "-S", os.path.abspath(__file__), "--as"]  # starts this script in another role
PATIENCE = 3.0  # seconds for which we wait for what we do not see


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

    def __init__(self, launcher: list[str], place: str) -> None:
        self.launcher, self.events, self.pids, self.timed_out, self.output, self.read_to = launcher, [], {}, "", "", 0
        self.began, self.last_look, self.place, self.unsure, self.tracer = time.monotonic(), [], place, "", None
        for name in ("home", "work", "tmp"):
            os.makedirs(place + "/" + name, exist_ok=True)
        self.directory = tempfile.mkdtemp(dir=place)
        self.words: list[Any] = command_line(launcher, [*PYTHON, "ReportingCommand", self.directory, "command"])
        home, temporary = os.path.join(place, "home"), os.path.join(place, "tmp")
        self.environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": home, "TMPDIR": temporary}
        self.environment.update(LANG="C.UTF-8", TERM="dumb", XDG_CACHE_HOME=home + "/.cache")
        self.environment.update(XDG_CONFIG_HOME=home + "/.config", XDG_DATA_HOME=home + "/.local/share")
        self.environment.update(XDG_STATE_HOME=home + "/.local/state")
        self.status = lambda: shell_status(os.waitpid(self.pids["launcher"], 0)[1])  # the launcher's, at its end
        os.mkfifo(self.directory + "/reports")
        self.reports = os.open(self.directory + "/reports", os.O_RDWR)
        self.readers: dict[int, Callable[[int], None]] = {self.reports: self.read_reports}

    def play(self, title: str, steps: Callable[[Any], None]) -> Any:
        """Play the steps, up to one that times out. Leave no process behind."""
        print(harmless(title) + ":")
        try:
            steps(self)
        except TimeoutError as what:
            self.timed_out = str(what)
            self.note("timed out: " + self.timed_out)
        finally:
            self.close()
        return self

    def note(self, text: str, *event: Any) -> None:
        """Print what happens, and add an event."""
        print("%9.1f ms  %s" % (1e3 * (time.monotonic() - self.began), harmless(text)), flush=True)
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
        """Wait, as long as a process runs or may wake up: for a timer six times as long, for what we do not see at
        least for PATIENCE."""
        began = self.idle_since = self.looked_at = time.monotonic()
        self.idle_time, longest, unseen = 0.0, 6 * quiet, ""
        while not is_there() and self.idle_time < longest and self.looked_at < began + 15 * longest:
            self.observe(0.01)
            if self.idle() >= quiet or self.idle_time >= quiet:
                may_wake = self.what_may_wake()
                unseen = next((one for one in may_wake if one != TIMER), "")
                longest = max(6 * quiet, PATIENCE) if unseen else 6 * quiet
                if not may_wake and self.idle() >= quiet:  # nor has it just woken up
                    break
        if not is_there():
            unseen = "a process works all the time" if self.idle_time < quiet else unseen
            self.unsure = self.unsure or (unseen and "more may come: " + unseen)
            if what:  # RuntimeError: processes were busy all the time
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

    def what_may_wake(self) -> list[str]:
        """Return what may wake a process other than our commands."""
        ours = [self.pids[event[1]] for event in self.all("runs") if event[1] != "launcher"]
        return [one for pid in below(os.getpid()) if pid not in ours and state(pid) for one in what_wakes(pid)]

    def close(self) -> None:
        """End all processes of this run, read what they have written, and remove its files."""
        while below(os.getpid()):
            for pid in below(os.getpid()):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            os.waitpid(-1, 0x40000000)  # __WALL, wait(2)
        self.readers.pop(self.reports)
        os.close(self.reports)
        for fd in list(self.readers):
            while fd in self.readers and select.select([fd], [], [], 0)[0]:
                self.readers[fd](fd)
        for directory in (self.directory, os.path.join(self.place, "tmp")):
            shutil.rmtree(directory, ignore_errors=True)


def command_line(launcher: list[str], command: list[str]) -> list[str]:
    """Return the launcher's words with the command at their end, or at {command} and its arguments at the end."""
    at = launcher.index("{command}") if "{command}" in launcher else len(launcher)
    return [*launcher[:at], command[0], *launcher[at + 1 :], *command[1:]]


def harmless(text: str) -> str:
    """Return a text in which only printable ASCII is as it was: names of files and programs may hold anything."""
    return re.sub("[^ -~]", lambda one: ascii(one[0])[1:-1], text)


def state(pid: int) -> str:
    """Return the state of a process, such as T for stopped; nothing where it has ended; proc_pid_stat(5)."""
    return contents("/proc/%d/stat" % pid).rpartition(") ")[2][:1].strip("Z")


def shell_status(status: int) -> int:
    """Return what a shell shows for a wait status: 128+N for signal N; POSIX.1-2024 XCU 2.8.2."""
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def name_of(number: int) -> str:
    """Return the name of a signal."""
    return {int(one): one.name for one in signal.Signals}.get(number, "SIGRTMIN+%d" % (number - signal.SIGRTMIN))
