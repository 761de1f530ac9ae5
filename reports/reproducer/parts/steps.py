"""What is done to the launcher, and what is waited for."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pathlib
import signal
import struct
import termios
import time
from typing import Any

from proctor.reports.reproducer.parts.command import ORDER, pattern
from proctor.reports.reproducer.parts.run import QUIET, Run, below, contents, name_of, state

KEYS = {"ctrl-c": b"\x03", "ctrl-\\": b"\x1c", "ctrl-z": b"\x1a", "ctrl-d": b"\x04"}


def send(run: Run, number: int, to: str = "launcher") -> None:
    """Send a signal to one process."""
    run.note("we send %s to the %s" % (name_of(number), to), "sent", number, to)
    if not run.all("ended", to):
        os.kill(run.pids[to], number)


def send_to_group(run: Run, number: int) -> None:
    """Send a signal to the launcher's process group."""
    run.note("we send %s to the launcher's process group" % name_of(number), "sent", number, "group")
    with contextlib.suppress(ProcessLookupError):
        os.killpg(run.pids["launcher"], number)


def settle(run: Run) -> None:
    """Wait until no process has run for a moment: whatever was to come of what was done has come."""
    run.wait("", lambda: False, QUIET)


def settle_long(run: Run, seconds: float) -> None:
    """Wait for so long whether a timer of the launcher's goes off, which the command alone does not have."""
    began = time.monotonic()
    while run.launcher and time.monotonic() - began < seconds and not run.all("ended", "launcher"):
        run.take_in(0.1)
    settle(run)


def tell(run: Run, text: str, to: str = "command") -> None:
    """Tell the command what to do."""
    if run.all("ended", to):
        raise TimeoutError("%s is there to be told: %s" % (to, text))
    run.note("%s is told: %s" % (to, text))
    pathlib.Path(run.directory, to).write_text(text)
    os.kill(run.pids[to], ORDER)


def order(run: Run, text: str, to: str = "command") -> None:
    """Tell the command what to do, and wait until it has done it."""
    done = len(run.all("did", to))
    tell(run, text, to)
    run.wait("%s does what it is told: %s" % (to, text), lambda: len(run.all("did", to)) > done)


def answers(run: Run, word: str, who: str = "command", times: int = 1) -> None:
    """Wait until it has done what takes its time."""
    run.wait("%s has done: %s" % (who, word), lambda: len(run.all("did", who, word)) >= times)


def receives_in_time(run: Run, who: str, name: str, times: int = 1) -> None:
    """Wait until a signal has come once more; note for how long no process ran meanwhile."""
    before, rest, gap = time.monotonic(), 0.0, 0.0
    run.since = run.looked = began = before
    run.rest = 0.0
    while len(run.all("received", who, name)) < times and time.monotonic() - began < 5:
        run.take_in(0.005)
        idle, now = run.idle(), time.monotonic()
        rest, gap, before = rest + min(idle, now - before), max(gap, now - before), now
    run.note("that took %.0f ms; no process ran for %.0f ms" % (1e3 * (before - began), 1e3 * rest), "late", rest, gap)
    comes(run, who, "received", name, times=times)


def comes(run: Run, who: str, what: str, *more: str, times: int = 1) -> None:
    """Wait until somebody runs, has received a signal, has ended."""
    run.wait(" ".join((who, what, *more)), lambda: len(run.all(what, who, *more)) >= times)


def stops(run: Run, who: str) -> None:
    """Wait until it is stopped."""
    run.wait(who + " stops", lambda: state(run.pids[who]) == "T")
    run.note(who + " has stopped", "stopped", who)


def goes_on(run: Run, who: str) -> None:
    """Wait until it goes on after a stop."""
    run.wait(who + " goes on", lambda: state(run.pids[who]) != "T")
    run.note(who + " goes on", "goes on", who)


def press(run: Any, key: str) -> None:
    """Press a key at the terminal."""
    run.note("we press " + key, "pressed", key)
    os.write(run.master, KEYS[key])


def type_in(run: Any, data: bytes) -> None:
    """Type at the terminal."""
    run.note("we type %r" % data, "typed")
    os.write(run.master, data)


def type_pattern(run: Any, count: int, seed: int) -> None:
    """Type a lot, as fast as it is taken."""
    run.note("we type %d bytes" % count, "typed")
    data, began = pattern(count, seed), time.monotonic()
    os.set_blocking(run.master, False)
    while data and time.monotonic() - began < 20:
        with contextlib.suppress(BlockingIOError):
            data = data[os.write(run.master, data[:4096]) :]
        run.take_in(0)


def prints(run: Any, text: str) -> None:
    """Wait until this is on the terminal, after what was waited for before."""
    run.wait("%r on the terminal" % text, lambda: text in run.said[run.read :])
    run.read = run.said.index(text, run.read) + len(text)


def resize(run: Any, rows: int, columns: int) -> None:
    """Change the terminal's size."""
    run.note("we resize the terminal to %d rows, %d columns" % (rows, columns), "resized")
    fcntl.ioctl(run.master, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))


def hang_up(run: Any) -> None:
    """Close our end of the terminal, as when its window is closed."""
    run.note("we hang up", "hung up")
    run.readers.pop(run.master, None)
    os.close(run.master)


def between(run: Run) -> list[int]:
    """Return the launcher and its helpers: who is between us and the command."""
    spared = [run.pids["command"], *below(run.pids["command"])]
    return [pid for pid in [run.pids["launcher"], *below(run.pids["launcher"])] if pid not in spared]


def hold(run: Any) -> None:
    """Stop everyone between us and the command: what it gets now, it gets without their doing."""
    run.held = between(run)
    for pid in run.held:
        os.kill(pid, signal.SIGSTOP)
    run.wait("the launcher stops on SIGSTOP", lambda: all(state(pid) in ("T", "") for pid in run.held))
    run.note("we hold the launcher still (SIGSTOP)" if run.held else "there is nobody to hold still", "held")


def release(run: Any) -> None:
    """Let them go on."""
    run.note("we let the launcher go on (SIGCONT)" if run.held else "there is nobody to let go on", "released")
    for pid in reversed(run.held):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


def look(run: Run) -> None:
    """Note how many are zombies: ended, and not waited for by their parent. Ours, and the command's, do not count."""
    spared = {os.getpid(), run.pids["command"]} - ({run.pids["launcher"]} if run.launcher else set())
    rows = [contents("/proc/%d/stat" % pid).rpartition(") ")[2].split() for pid in below(os.getpid())]
    dead = [row for row in rows if row and row[0] == "Z" and int(row[1]) not in spared]
    run.note("zombies: %d" % len(dead), "zombies", len(dead))


def who_is_left(run: Run) -> None:
    """Note who is still there once no process runs any more; zombies and what we started ourselves do not count."""
    run.wait("", lambda: run.all("ended", "launcher"))
    settle(run)
    names = {pid: name for name, pid in reversed(list(run.pids.items()))}
    for pid in below(os.getpid()):
        name = names.get(pid) or contents("/proc/%d/comm" % pid).strip()
        if state(pid) and name not in ("shell", "its parent"):
            run.note("still there: %s (pid %d)" % (name, pid), "left", name)


def how_the_terminal_is(run: Any) -> None:
    """Note how the terminal is set, and whether the foreground is as the launcher's caller left it."""
    settle(run)
    modes = termios.tcgetattr(run.slave)
    size = struct.unpack("4H", fcntl.ioctl(run.slave, termios.TIOCGWINSZ, bytes(8)))[:2]
    is_mine = os.tcgetpgrp(run.master) == run.pids["launcher"]
    run.note("terminal: modes %s, size %s" % (modes[:4], size), "modes", modes[:4], modes[6], size)
    run.note("in its foreground: " + ("the launcher's group" if is_mine else "another group"), "foreground", is_mine)
