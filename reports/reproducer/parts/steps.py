"""What is done to the launcher, and what is waited for."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pathlib
import select
import signal
import struct
import termios
import time
from typing import Any

from proctor.reports.reproducer.parts.at_rest import below, contents
from proctor.reports.reproducer.parts.observed_run import ObservedRun, name_of, state
from proctor.reports.reproducer.parts.reporting_command import ORDER, pattern

KEYS = {"ctrl-c": b"\x03", "ctrl-\\": b"\x1c", "ctrl-z": b"\x1a", "ctrl-d": b"\x04"}


def send(run: ObservedRun, number: int, to: str = "launcher") -> None:
    """Send a signal to one process."""
    run.note("we send %s to the %s" % (name_of(number), to), "sent", number, to)
    if not run.all("ended", to):
        os.kill(run.pids[to], number)


def send_to_group(run: ObservedRun, number: int) -> None:
    """Send a signal to the launcher's process group."""
    run.note("we send %s to the launcher's process group" % name_of(number), "sent", number, "group")
    with contextlib.suppress(ProcessLookupError):
        os.killpg(run.pids["launcher"], number)


def settle(run: ObservedRun) -> None:
    """Wait until no process has run for a moment: then nothing more will come of what was done."""
    run.wait("", lambda: False, quiet=0.3)


def wait_for_timers(run: ObservedRun, seconds: float) -> None:
    """Wait for timers of the launcher, which the bare command does not have."""
    began = time.monotonic()
    while run.launcher and time.monotonic() - began < seconds and not run.all("ended", "launcher"):
        run.observe(0.1)
    settle(run)


def tell(run: ObservedRun, text: str, to: str = "command") -> None:
    """Give the command an order, and do not wait."""
    if run.all("ended", to):
        raise TimeoutError("%s is there to take the order: %s" % (to, text))
    order = pathlib.Path(run.directory, to)
    run.wait("%s takes its last order" % to, lambda: not order.exists())
    run.note("we order the %s to: %s" % (to, text), "told", to, len(run.output))
    order.write_text(text)
    os.kill(run.pids[to], ORDER)


def order(run: ObservedRun, text: str, to: str = "command") -> None:
    """Give the command an order, and wait until it is done."""
    done = len(run.all("did", to))
    tell(run, text, to)
    run.wait("%s does: %s" % (to, text), lambda: len(run.all("did", to)) > done)


def wait_until_done(run: ObservedRun, word: str, process: str = "command", times: int = 1) -> None:
    """Wait until an order that takes its time is done."""
    run.wait("%s does: %s" % (process, word), lambda: len(run.all("did", process, word)) >= times)


def wait_for_forwarding(run: ObservedRun, process: str, name: str, times: int = 1) -> None:
    """Wait until a signal is received once more; note for how long no process ran meanwhile."""
    before, idle_time, gap = time.monotonic(), 0.0, 0.0
    run.idle_since = run.looked_at = began = before
    run.idle_time = 0.0
    while len(run.all("received", process, name)) < times and time.monotonic() - began < 5:
        run.observe(0.005)
        idle, now = run.idle(), time.monotonic()
        idle_time, gap, before = idle_time + min(idle, now - before), max(gap, now - before), now
    text = "after %.0f ms, in %.0f ms of which no process ran" % (1e3 * (before - began), 1e3 * idle_time)
    run.note(text, "forwarded", idle_time, gap)
    wait_for(run, process, "received", name, times=times)


def wait_for(run: ObservedRun, process: str, what: str, *more: str, times: int = 1) -> None:
    """Wait until a process runs, has received a signal, or has ended."""
    run.wait(" ".join((process, what, *more)), lambda: len(run.all(what, process, *more)) >= times)


def wait_until_stopped(run: ObservedRun, process: str) -> None:
    """Wait until a process is stopped."""
    run.wait(process + " stops", lambda: state(run.pids[process]) == "T")
    run.note(process + " is stopped", "stopped", process)


def wait_until_continued(run: ObservedRun, process: str) -> None:
    """Wait until a process continues after a stop."""
    run.wait(process + " continues", lambda: state(run.pids[process]) != "T")
    run.note(process + " continues", "continued", process)


def press(run: Any, key: str) -> None:
    """Press a key at the terminal."""
    run.note("we press " + key, "pressed", key)
    os.write(run.master, KEYS[key])


def type_in(run: Any, data: bytes) -> None:
    """Type at the terminal."""
    run.note("we type %r" % data, "typed")
    os.write(run.master, data)


def type_pattern(run: Any, count: int, seed: int) -> None:
    """Type many bytes, as fast as they are taken."""
    run.note("we type %d bytes" % count, "typed")
    data, began = pattern(count, seed), time.monotonic()
    os.set_blocking(run.master, False)
    while data and time.monotonic() - began < 20:
        with contextlib.suppress(BlockingIOError):
            data = data[os.write(run.master, data[:4096]) :]
        run.observe(0)


def wait_for_output(run: Any, text: str) -> None:
    """Wait until this is on the terminal, after what we waited for before."""
    run.wait("%r on the terminal" % text, lambda: text in run.output[run.read_to :])
    run.read_to = run.output.index(text, run.read_to) + len(text)


def resize(run: Any, rows: int, columns: int) -> None:
    """Change the size of the terminal."""
    run.note("we resize the terminal to %d rows, %d columns" % (rows, columns), "resized")
    fcntl.ioctl(run.master, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))


def hang_up(run: Any) -> None:
    """Close our end of the terminal, as when its window is closed."""
    run.note("we hang up", "hung up")
    run.readers.pop(run.master, None)
    os.close(run.master)


def close_pipe(run: Any, name: str) -> None:
    """Close our end of a pipe: the launcher's stdin has ended, or nobody reads its stdout."""
    run.note("we close our end of " + name, "closed", name)
    pipe = getattr(run.process, name)
    run.readers.pop(pipe.fileno(), None)
    pipe.close()


def stop_reading(run: Any, name: str) -> None:
    """Read no more: who writes waits as soon as the pipe is full."""
    run.note("we stop reading " + name, "stopped reading")
    pipe = getattr(run.process, name).fileno()
    run.stopped = run.readers.pop(pipe)


def read_on(run: Any, name: str, most: int = 0) -> None:
    """Read again: so many bytes of what is there, or all from now on."""
    run.note("we read %s %s" % ("%d bytes of" % most if most else "again from", name), "reads")
    pipe = getattr(run.process, name).fileno()
    if not most:
        run.readers[pipe] = run.stopped
    while most and select.select([pipe], [], [], 0)[0]:
        data = os.read(pipe, most)
        most = most - len(data) if data else 0
        run.events.append((name, data))


def read_rest(run: Any) -> None:
    """Read what is left in the launcher's stdin, as the next program would that has it."""
    pipe, data = os.open("/proc/self/fd/%d" % run.master, os.O_RDONLY | os.O_NONBLOCK), b""
    with contextlib.suppress(BlockingIOError):  # nothing is left, and we hold the other end
        data = os.read(pipe, 65536)
    os.close(pipe)
    run.note("left in stdin: %r" % data, "unread", data)


def measure_cpu(run: ObservedRun) -> None:
    """Note how much CPU time the launcher and its helpers use in a second."""
    began, before, ready = time.monotonic(), cpu_time(in_between(run)), []
    while run.launcher and time.monotonic() < began + 1:
        run.observe(0.01)
        ready.append(any(state(pid) == "R" for pid in in_between(run)))
    used, during = cpu_time(in_between(run)) - before, time.monotonic() - began
    if run.launcher:
        is_ready = sum(ready) > len(ready) / 2
        run.note("the launcher used %.2f s of CPU time in %.2f s" % (used, during), "cpu time", used / during, is_ready)


def cpu_time(pids: list[int]) -> float:
    """Return the CPU time in seconds that processes and their ended children have used."""
    fields = [contents("/proc/%d/stat" % pid).rpartition(") ")[2].split()[11:15] for pid in pids]
    return sum(int(ticks) for one in fields for ticks in one) / os.sysconf("SC_CLK_TCK")


def in_between(run: ObservedRun) -> list[int]:
    """Return the launcher and its helpers: the processes between us and the command."""
    spared = [run.pids["command"], *below(run.pids["command"])]
    return [pid for pid in [run.pids["launcher"], *below(run.pids["launcher"])] if pid not in spared]


def hold(run: Any) -> None:
    """Stop the processes between us and the command: what it receives now does not come from them."""
    run.held = in_between(run)
    for pid in run.held:
        os.kill(pid, signal.SIGSTOP)
    run.wait("the launcher stops on SIGSTOP", lambda: all(state(pid) in ("T", "t", "") for pid in run.held))
    run.note("we stop the launcher (SIGSTOP)" if run.held else "there is no launcher to stop", "held")


def release(run: Any) -> None:
    """Let them continue."""
    run.note("we continue the launcher (SIGCONT)" if run.held else "there is no launcher to continue", "released")
    for pid in reversed(run.held):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def note_zombies(run: ObservedRun) -> None:
    """Note the zombies, without our own children and those of a command that is not the launcher."""
    spared = {os.getpid(), run.pids["command"]} - {run.pids["launcher"]}
    rows = [(pid, contents("/proc/%d/stat" % pid).rpartition(") ")[2].split()) for pid in below(os.getpid())]
    dead = [pid for pid, row in rows if row and row[0] == "Z" and int(row[1]) not in spared]
    run.note("zombies: %d" % len(dead), "zombies", dead)


def note_processes_left(run: ObservedRun) -> None:
    """Note the processes that are left once none of them runs, without zombies and without those that we started."""
    run.wait("", lambda: run.all("ended", "launcher"))
    settle(run)
    names = {pid: name for name, pid in reversed(list(run.pids.items()))}
    for pid in below(os.getpid()):
        name = names.get(pid) or contents("/proc/%d/comm" % pid).strip()
        if state(pid) and name not in ("shell", "its parent"):
            run.note("still there: %s (pid %d)" % (name, pid), "left", name)


def note_files_left(run: ObservedRun) -> None:
    """Note the temporary files that are left."""
    names = sorted(os.listdir(run.environment["TMPDIR"]))
    run.note("in TMPDIR: %s" % (", ".join(names) or "nothing"), "files", names)


def note_terminal(run: Any) -> None:
    """Note the settings of the terminal, and which process group is in the foreground."""
    settle(run)
    own = fcntl.fcntl(run.slave, fcntl.F_GETFL)
    flags = [one for one in ("O_NONBLOCK", "O_APPEND", "O_ASYNC") if own & getattr(os, one)]
    modes = termios.tcgetattr(run.master)  # our slave end is hung up when a session leader has ended
    size = struct.unpack("4H", fcntl.ioctl(run.master, termios.TIOCGWINSZ, bytes(8)))[:2]
    is_launcher = os.tcgetpgrp(run.master) == run.pids["launcher"]
    text = "terminal: modes %s, size %s, status flags: %s" % (modes[:4], size, " ".join(flags) or "none")
    run.note(text, "modes", modes[:4], modes[6], size, flags)
    text = "the launcher's process group" if is_launcher else "another process group"
    run.note("in the foreground: " + text, "foreground", is_launcher)
