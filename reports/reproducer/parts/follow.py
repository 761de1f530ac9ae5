"""Traces the launcher's calls that send signals and that reap, from some step of a run on."""

from __future__ import annotations

import glob
import os
import re
import time
from typing import Any

from proctor.reports.reproducer.parts.at_rest import contents
from proctor.reports.reproducer.parts.observed_run import name_of, shell_status
from proctor.reports.reproducer.parts.ptrace import (
    CALLS,
    DETACH,
    INTERRUPT,
    LISTEN,
    REAPING,
    SENDING,
    SYSCALL,
    WALL,
    call_of,
    kind_of,
    ptrace,
    resume,
    seize,
    sends,
    step_back,
)
from proctor.reports.reproducer.parts.steps import hold, in_between, release, send


def follow(run: Any, at_reap: int) -> None:
    """Trace the launcher from here on. After each signal that it sends, it waits until the command has received it, so
    that two never become one. at_reap: a signal that is sent to it as soon as it has reaped the command."""
    if run.tracer:  # which traces it because of the schedule
        run.tracer.at_reap, run.tracer.follows = at_reap, True
        return
    run.inside, run.is_reaped, observe, traced = {}, False, run.observe, threads_of(in_between(run))
    for tid in traced:
        stop_thread(tid)
        resume(tid, SYSCALL)

    def observe_stops(seconds: float) -> None:
        until = time.monotonic() + 0.002
        while time.monotonic() < until and traced:
            try:
                tid, status = os.waitpid(-1, os.WNOHANG | WALL)
            except ChildProcessError:
                break
            if tid:
                handle_stop(run, tid, status, at_reap)
                until = time.monotonic() + 0.002
        observe(seconds)

    def status() -> int:
        while run.wait_status is None:  # its tracer is told first, when all its threads have been waited for
            handle_stop(run, *os.waitpid(-1, WALL), at_reap)
        return shell_status(run.wait_status)

    run.observe, run.status, run.wait_status = observe_stops, status if traced else run.status, None


def threads_of(pids: list[int]) -> list[int]:
    """Return the threads of these processes."""
    return [int(os.path.basename(path)) for pid in pids for path in glob.glob("/proc/%d/task/*" % pid)]


def stop_thread(tid: int) -> None:
    """Begin to trace a thread, and stop it; neither it nor its parent can see that."""
    seize(tid, 1 | 8)  # TRACESYSGOOD, TRACECLONE
    ptrace(INTERRUPT, tid)
    os.waitpid(tid, WALL)
    step_back(tid, in_call=False)


def hold_by_ptrace(run: Any) -> None:
    """Stop the processes between us and the command: what it receives now does not come from them. By ptrace, so that
    none of them receives a SIGCONT, and a SIGCONT of the kernel does not continue them."""
    if run.tracer:  # a thread has one tracer
        hold(run)
        return
    run.held = threads_of(in_between(run))
    for tid in run.held:
        stop_thread(tid)
    run.note("we stop the launcher (ptrace)" if run.held else "there is no launcher to stop", "held")


def release_by_ptrace(run: Any) -> None:
    """Let them continue."""
    if run.tracer:
        release(run)
        return
    run.note("we continue the launcher" if run.held else "there is no launcher to continue", "released")
    for tid in reversed(run.held):
        resume(tid, DETACH)


def handle_stop(run: Any, tid: int, status: int, at_reap: int) -> None:
    """Handle one stop."""
    kind = kind_of(status)
    if kind == "end" and tid == run.pids["launcher"]:
        run.wait_status = status
    elif kind == "group":
        resume(tid, LISTEN)
    elif kind == "call":
        handle_call(run, tid, at_reap)
        resume(tid, SYSCALL)
    elif kind != "end":
        resume(tid, SYSCALL, os.WSTOPSIG(status) if kind == "signal" else 0)


def handle_call(run: Any, tid: int, at_reap: int) -> None:
    """Note a signal that the launcher has sent, and that it has reaped the command."""
    way, words = call_of(tid)
    if way == 1:
        run.inside[tid] = words
        return
    number, *arguments = run.inside.pop(tid, [-1])
    command = run.pids["command"]
    name = CALLS[os.uname().machine].get(number, "")
    if name in SENDING:
        note_sent(run, name, arguments)
        began = time.monotonic()
        while has_pending(command) and time.monotonic() - began < 1:
            os.sched_yield()
    elif name in REAPING and words[0] >= 0 and not (run.is_reaped or os.path.exists("/proc/%d" % command)):
        run.is_reaped = True  # by this call, but perhaps by a process in between, for which the launcher waits
        if os.path.exists("/proc/%d/task/%d" % (run.pids["launcher"], tid)):
            run.note("the launcher has reaped the command by " + name, "reaped", command)
            send(run, at_reap) if at_reap else None


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
    """Return whether a signal for a process is pending, or the process runs."""
    text = contents("/proc/%d/status" % pid)
    return (
        any(int(word, 16) for word in re.findall(r"^(?:SigPnd|ShdPnd):\t(\w+)", text, re.MULTILINE))
        or "State:\tR" in text
    )
