"""Follows the launcher's calls that send signals and that reap, from the middle of a run on."""

from __future__ import annotations

import glob
import os
import re
import time
from typing import Any

from proctor.reports.reproducer.parts.ptrace import (
    CALLS,
    DETACH,
    INTERRUPT,
    LISTEN,
    SYSCALL,
    WALL,
    call_of,
    go_on,
    kind_of,
    ptrace,
    seize,
    sends,
    set_back,
)
from proctor.reports.reproducer.parts.run import as_in_a_shell, contents, name_of
from proctor.reports.reproducer.parts.steps import between, send


def follow(run: Any, at_reap: int) -> None:
    """Trace the launcher from here on. Each signal that it sends is taken by the command before it goes on, so that
    two never merge. at_reap: a signal that it is sent the moment it has reaped the command."""
    run.inside, take_in, traced = {}, run.take_in, tasks_of(between(run))
    for tid in traced:
        stop(tid)
        go_on(tid, SYSCALL)

    def take_in_stops(seconds: float) -> None:
        until = time.monotonic() + 0.002
        while time.monotonic() < until and traced:
            try:
                tid, status = os.waitpid(-1, os.WNOHANG | WALL)
            except ChildProcessError:
                break
            if tid:
                take(run, tid, status, at_reap)
                until = time.monotonic() + 0.002
        take_in(seconds)

    def status() -> int:
        while run.wait_status is None:  # we who trace it are told first, when all its threads have been waited for
            take(run, *os.waitpid(-1, WALL), at_reap)
        return as_in_a_shell(run.wait_status)

    run.take_in, run.status, run.wait_status = take_in_stops, status if traced else run.status, None


def tasks_of(pids: list[int]) -> list[int]:
    """Return the threads of these processes."""
    return [int(os.path.basename(path)) for pid in pids for path in glob.glob("/proc/%d/task/*" % pid)]


def stop(tid: int) -> None:
    """Begin to trace one task, and stop it where it is; nobody sees that, neither itself nor its parent."""
    seize(tid, 1 | 8)  # TRACESYSGOOD, TRACECLONE
    ptrace(INTERRUPT, tid)
    os.waitpid(tid, WALL)
    set_back(tid, in_call=False)


def hold_unseen(run: Any) -> None:
    """Stop everyone between us and the command: what it gets now, it gets without their doing. By ptrace, for nobody
    is to receive a SIGCONT, nor to go on when the kernel sends one."""
    run.held = tasks_of(between(run))
    for tid in run.held:
        stop(tid)
    run.note("we hold the launcher still (ptrace)" if run.held else "there is nobody to hold still", "held")


def release_unseen(run: Any) -> None:
    """Let them go on."""
    run.note("we let the launcher go on" if run.held else "there is nobody to let go on", "released")
    for tid in reversed(run.held):
        go_on(tid, DETACH)


def take(run: Any, tid: int, status: int, at_reap: int) -> None:
    """Take in one stop."""
    kind = kind_of(status)
    if kind == "end" and tid == run.pids["launcher"]:
        run.wait_status = status
    elif kind == "group":
        go_on(tid, LISTEN)
    elif kind == "call":
        at_call(run, tid, at_reap)
        go_on(tid, SYSCALL)
    elif kind != "end":
        go_on(tid, SYSCALL, os.WSTOPSIG(status) if kind == "signal" else 0)


def at_call(run: Any, tid: int, at_reap: int) -> None:
    """Note what the launcher has sent, and that it has reaped the command."""
    way, words = call_of(tid)
    if way == 1:
        run.inside[tid] = words
        return
    number, *arguments = run.inside.pop(tid, [-1])
    name = CALLS[os.uname().machine].get(number, "")
    if name in ("kill", "tkill", "tgkill", "pidfd_send_signal", "rt_sigqueueinfo"):
        note_sent(run, name, arguments)
        began = time.monotonic()
        while has_pending(run.pids["command"]) and time.monotonic() - began < 1:
            os.sched_yield()
    elif name in ("wait4", "waitid") and words[0] >= 0 and not run.all("reaped") and is_reaped(run, tid):
        run.note("the launcher has reaped the command by " + name, "reaped", run.pids["command"])
        if at_reap:
            send(run, at_reap)


def is_reaped(run: Any, tid: int) -> bool:
    """Whether the command has gone for good, and this is a thread of the launcher itself."""
    is_launcher = os.path.exists("/proc/%d/task/%d" % (run.pids["launcher"], tid))
    return is_launcher and not os.path.exists("/proc/%d" % run.pids["command"])


def note_sent(run: Any, name: str, arguments: list[int]) -> None:
    """Note a signal that the launcher has sent."""
    whom, number = sends(name, arguments)
    run.note(
        "the launcher calls %s for pid %d with %s" % (name, whom, name_of(number) if number else 0),
        "called",
        whom,
        number,
    )


def has_pending(pid: int) -> bool:
    """Whether a signal has been sent to a process that it has not taken yet."""
    text = contents("/proc/%d/status" % pid)
    return (
        any(int(word, 16) for word in re.findall(r"^(?:SigPnd|ShdPnd):\t(\w+)", text, re.MULTILINE))
        or "State:\tR" in text
    )
