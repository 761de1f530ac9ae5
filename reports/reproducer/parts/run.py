"""One run of the command, through a launcher or alone: who there is, what happens, how we wait and clean up."""

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

QUIET = 0.3  # seconds in which no process may run before we say that nothing more comes
GIVE_UP = 2.0  # the same before we say that what we wait for will not come; where timers may wake it, six times that
TIMED = {  # system calls with a time limit: their numbers, and which argument that is; after a stop nobody knows
    "x86_64": {"7": 2, "35": 0, "128": 2, "202": 3, "219": -1, "230": 2, "232": 3, "270": 4, "271": 2, "281": 3},
}.get(os.uname().machine, {"22": 3, "72": 4, "73": 2, "98": 3, "101": 0, "115": 2, "128": -1, "137": 2})  # as on arm64
PYTHON = [sys.executable, "-I", "-S", os.path.abspath(__file__), "--as"]  # this script, and then its role


def play(run: Run) -> None:
    """Stand in for the script of a case, which takes the place of this."""


class Run:
    """One run, with the launcher or, where that has no words, of the command alone; `events`: what happened."""

    pids: dict[str, int]
    events: list[tuple[Any, ...]]
    seen: list[Any]
    read: int
    since: float
    looked: float
    rest: float
    process: Any
    status: Callable[[], Any]

    def __init__(self, launcher: list[str]) -> None:
        self.launcher, self.events, self.pids, self.missing, self.said, self.read = launcher, [], {}, "", "", 0
        self.began, self.seen, self.directory = time.monotonic(), [], tempfile.mkdtemp()
        self.words = [*launcher, *PYTHON, "Command", self.directory, "command"]
        self.environment = {**os.environ, "HOME": self.directory, "TMPDIR": self.directory}
        self.status = lambda: as_in_a_shell(os.waitpid(self.pids["launcher"], 0)[1])  # how it has ended
        os.mkfifo(self.directory + "/reports")
        self.readers = {os.open(self.directory + "/reports", os.O_RDWR): self.hear}

    def play(self) -> Any:
        """Play the script, up to what does not come. Nothing is left of it."""
        print("With the launcher, %s:" % shlex.join(self.launcher) if self.launcher else "The command alone:")
        try:
            play(self)
        except TimeoutError as what:
            self.missing = str(what)
            self.note("this did not come: " + self.missing)
        finally:
            self.close()
        return self

    def note(self, text: str, *event: Any) -> None:
        """Print what happens, and keep it."""
        print("%9.1f ms  %s" % (1e3 * (time.monotonic() - self.began), ascii(text)[1:-1]), flush=True)
        self.events.append(event)

    def all(self, *kind: Any) -> list[Any]:
        """Return the events that begin like this."""
        return [event for event in self.events if event[: len(kind)] == kind]

    def hear(self, reports: int) -> None:
        """Take in what the command tells."""
        words: list[Any]
        for line in os.read(reports, 65536).decode().splitlines():
            who, what, *words = line.split()
            if what == "runs":
                self.pids[who] = int(words[0])
            self.note(line, what, who, *words)

    def take_in(self, seconds: float) -> None:
        """Take in what is told; then who has ended, the launcher looked at first."""
        gone = [who for who in sorted(self.pids)[::-1] if not state(self.pids[who]) and not self.all("ended", who)]
        ready = select.select(list(self.readers), [], [], 0 if gone else seconds)[0]
        for one in ready:
            self.readers[one](one)
        for who in reversed(gone if not ready else []):
            status = self.status() if who == "launcher" else ""
            self.note("%s ended %s" % (who, status), "ended", who, status)

    def wait(self, what: str, is_there: Callable[[], Any], quiet: float = GIVE_UP) -> None:
        """Wait for what comes, as long as any process runs or may wake up."""
        began = self.since = self.looked = time.monotonic()
        self.rest = 0.0
        while not is_there() and self.rest < 6 * quiet and self.looked < began + 30 * quiet:
            self.take_in(0.01)
            if self.idle() >= quiet and not self.wakes_up() and self.idle() >= quiet:  # nor has it just been woken up
                break
        if what and not is_there():
            raise (TimeoutError if self.rest >= quiet else RuntimeError)(what)  # somebody was at work all the time

    def idle(self) -> float:
        """Return for how many seconds no process has run: all were blocked, none was given the processor."""
        tasks = [path for pid in below(os.getpid()) for path in glob.glob("/proc/%d/task/*/status" % pid)]
        seen = [re.findall(r"^(?:Pid|State|\w*ctxt_switches):\t(\w+)", contents(path), re.MULTILINE) for path in tasks]
        now, is_at_work = time.monotonic(), any("R" in one or "D" in one for one in seen)
        self.rest += 0 if is_at_work else now - self.looked
        self.since = now if is_at_work or seen != self.seen else self.since
        self.seen, self.looked = seen, now
        return now - self.since

    def wakes_up(self) -> bool:
        """Whether a timer may wake anybody but our commands, as far as can be seen; proc_pid_syscall(5)."""
        ours = [self.pids[event[1]] for event in self.all("runs") if event[1] != "launcher"]
        others = [pid for pid in below(os.getpid()) if pid not in ours and state(pid) == "S"]
        calls = [contents(path).split() for pid in others for path in glob.glob("/proc/%d/task/*/syscall" % pid)]
        times = [[*call, "0x0"][1 + TIMED.get(call[0], -2)] if call else "?" for call in calls]
        return not set(times) <= {"0x0", "0xffffffff", "0xffffffffffffffff"}  # NULL, -1

    def close(self) -> None:
        """End everyone whom this run has started, and remove its files."""
        while below(os.getpid()):
            for pid in below(os.getpid()):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            os.waitpid(-1, 0x40000000)  # __WALL, wait(2)
        self.said += contents(self.directory + "/output")
        shutil.rmtree(self.directory, ignore_errors=True)


def below(ancestor: int) -> list[int]:
    """Return the processes that this one has started, and that these have."""
    rows = [contents(path).rpartition(") ") for path in glob.glob("/proc/[0-9]*/stat")]
    parents = {int(head.split()[0]): int(tail.split()[1]) for head, _, tail in rows if tail}
    found = [ancestor]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found[1:]


def contents(path: str) -> str:
    """Return what is in a file, nothing where it is gone."""
    with contextlib.suppress(OSError), open(path, errors="replace") as file:
        return file.read()
    return ""


def state(pid: int) -> str:
    """Return a process' state, such as T for stopped, nothing where it has ended; proc_pid_stat(5)."""
    return contents("/proc/%d/stat" % pid).rpartition(") ")[2][:1].strip("Z")


def as_in_a_shell(status: int) -> int:
    """Return what a shell shows for a wait status: 128+N for signal N; POSIX.1-2024 XCU 2.8.2."""
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def name_of(number: int) -> str:
    """Return the name of a signal."""
    return {int(one): one.name for one in signal.Signals}.get(number, "SIGRTMIN+%d" % (number - signal.SIGRTMIN))
