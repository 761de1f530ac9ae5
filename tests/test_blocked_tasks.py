"""How long a blocked task may stay so at the most: timeouts of calls, and timers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from proctor.harness.calls import Timeout
from proctor.harness.runner import processes
from proctor.harness.runner.observe import quiescence, timers
from proctor.harness.runner.observe.descriptors import DescriptorTable, Given
from proctor.harness.runner.trace import ptrace
from tests.blocked_for_tests import FAR, blocked_in, only_x86_64, until_in, what_blocks

LOCKED = (
    "import mmap; w = ctypes.c_int.from_buffer(mmap.mmap(-1, 4096)); "
    "w.value = os.fork() or signal.pause(); held = ctypes.byref(w); "
)
"""A lock in shared memory that inherits priorities, FUTEX_LOCK_PI; a child holds it."""
RESTART = 219
"""restart_syscall(2)"""
CALLS = {
    "poll": (7, "call(7, none, 0, far * 1000)", FAR),
    "poll for ever": (7, "call(7, none, 0, -1)", timers.FOREVER),
    "poll for less than a second": (7, "call(7, none, 0, 900)", 0.9),
    "select": (23, "call(23, 0, none, none, none, spec(far))", FAR),
    "select for ever": (23, "call(23, 0, none, none, none, none)", timers.FOREVER),
    "nanosleep": (35, "call(35, spec(far), none)", FAR),
    "clock_nanosleep": (230, "call(230, 1, 0, spec(far), none)", FAR),
    "clock_nanosleep until": (230, "call(230, 1, 1, spec(mono), none)", FAR),
    "clock_nanosleep until a time of day": (230, "call(230, 0, 1, spec(real), none)", FAR),
    "futex": (202, "call(202, word, 128, 0, spec(far), none, 0)", FAR),
    "futex for ever": (202, "call(202, word, 128, 0, none, none, 0)", timers.FOREVER),
    "futex until": (202, "call(202, word, 9 | 128, 0, spec(mono), none, -1)", FAR),
    "futex until a time of day": (202, "call(202, word, 9 | 128 | 256, 0, spec(real), none, -1)", FAR),
    "a lock that a child holds": (202, LOCKED + "call(202, held, 6, 0, spec(real), none, 0)", FAR),
    "a lock that a child holds, until": (202, LOCKED + "call(202, held, 13, 0, spec(mono), none, 0)", FAR),
    "a lock that a child holds, until a time of day": (
        202, LOCKED + "call(202, held, 13 | 256, 0, spec(real), none, 0)", FAR,
    ),
    "a condition with a lock": (202, LOCKED + "call(202, word, 11, 0, spec(mono), held, 0)", FAR),
    "a condition with a lock, until a time of day": (
        202, LOCKED + "call(202, word, 11 | 256, 0, spec(real), held, 0)", FAR,
    ),
    "clock_nanosleep until, since the machine was started": (
        230, "call(230, 7, 1, spec(time.clock_gettime(7) + far), none)", FAR,
    ),
    "epoll_wait": (232, "e = libc.epoll_create1(0); call(232, e, bytes(12), 1, far * 1000)", FAR),
    "epoll_wait for ever": (232, "e = libc.epoll_create1(0); call(232, e, bytes(12), 1, -1)", timers.FOREVER),
    "epoll_pwait": (281, "e = libc.epoll_create1(0); call(281, e, bytes(12), 1, far * 1000, none, 8)", FAR),
    "epoll_pwait2": (441, "e = libc.epoll_create1(0); call(441, e, bytes(12), 1, spec(far), none, 8)", FAR),
    "sigtimedwait": (128, "call(128, term, none, spec(far), 8)", FAR),
    "sigtimedwait for ever": (128, "call(128, term, none, none, 8)", timers.FOREVER),
    "ppoll": (271, "call(271, none, 0, spec(far), none, 8)", FAR),
    "ppoll for ever": (271, "call(271, none, 0, none, none, 8)", timers.FOREVER),
    "pselect6": (270, "call(270, 0, none, none, none, spec(far), none)", FAR),
    "recvmmsg": (
        299,
        "s = socket.socketpair(); m = bytes(64); call(299, s[0].fileno(), m, 1, 0, spec(far))",
        FAR,
    ),
    "read of a pipe": (0, "r, w = os.pipe(); call(0, r, bytes(8), 8)", timers.FOREVER),
    "pause": (34, "call(34)", timers.FOREVER),
    "wait": (61, "os.fork() or signal.pause(); call(61, -1, none, 0, none)", timers.FOREVER),
}  # fmt: skip


@only_x86_64
@pytest.mark.parametrize(("number", "code", "seconds"), CALLS.values(), ids=CALLS.keys())
def test_timeout_of_a_call(number: int, code: str, seconds: float) -> None:
    timers.forget()
    with blocked_in(number, code) as (pid, _):
        bound = what_blocks(pid).within
    assert bound == seconds or (seconds == FAR and 0.9 * FAR < bound <= FAR + 1), bound


CPU_TIME = {
    "of its own": "call(230, 2, 1, spec(far), none)",
    "of its own, for": "call(230, 2, 0, spec(far), none)",
    "of another": "p = os.fork() or signal.pause(); call(230, (~p << 3 | 2) & 0xFFFFFFFF, 1, spec(far), none)",
}


@only_x86_64
@pytest.mark.parametrize("code", CPU_TIME.values(), ids=CPU_TIME.keys())
def test_how_long_cpu_time_takes_is_not_known(code: str) -> None:
    with blocked_in(230, code) as (pid, _):
        found = what_blocks(pid).open
    assert found
    assert found.why == "unknown-timeout"


def test_timeout_of_an_unknown_futex_operation_is_unknown() -> None:
    rule = Timeout(3, "futex")
    assert timers.timeout_of(os.getpid(), rule, (0, 99, 0, 1)) == timers.UNKNOWN
    assert timers.timeout_of(os.getpid(), rule, (0, 99, 0, 0)) == timers.FOREVER
    assert timers.timeout_of(os.getpid(), rule, (0, 1, 0, 1)) == timers.FOREVER


RESTARTED = {
    "a lock": ("futex for ever", None),
    "a lock, with a timeout": ("futex", FAR),
    "a lock, until": ("futex until", FAR),
    "a lock, until a time of day": ("futex until a time of day", FAR),
    "a sleep": ("clock_nanosleep", FAR),
    "another sleep": ("nanosleep", timers.FOREVER),
    "poll": ("poll", timers.FOREVER),
}
"""What is known of a call that was interrupted before Proctor saw it; None where it is not restarted as another one."""


@only_x86_64
@pytest.mark.parametrize(("name", "seconds"), RESTARTED.values(), ids=RESTARTED.keys())
def test_call_that_was_interrupted_before_it_was_seen(name: str, seconds: float | None) -> None:
    number, code, _ = CALLS[name]
    with blocked_in(number, code) as (pid, _):
        os.kill(pid, signal.SIGSTOP)
        os.waitpid(pid, os.WUNTRACED)
        os.kill(pid, signal.SIGCONT)
        until_in(pid, RESTART if seconds else number)
        timers.forget()
        found = what_blocks(pid)
    if seconds == timers.FOREVER:
        assert found.open and found.open.why == "unknown-timeout"
    else:
        assert not found.open
        assert seconds is None or 0.9 * FAR < found.within <= FAR + 1


@only_x86_64
def test_call_that_a_stop_interrupted_keeps_its_timeout() -> None:
    timers.forget()
    with blocked_in(35, "call(35, spec(far), none)") as (pid, _):
        what_blocks(pid)
        os.kill(pid, signal.SIGSTOP)
        os.waitpid(pid, os.WUNTRACED)
        os.kill(pid, signal.SIGCONT)
        until_in(pid, 219)
        again = what_blocks(pid)
        assert (0.9 * FAR < again.within <= FAR, again.open) == (True, None)
        timers.forget()
        unknown = what_blocks(pid).open
        assert unknown
        assert unknown.why == "unknown-timeout"


@only_x86_64
def test_timer_of_a_descriptor_is_seen() -> None:
    code = "t = libc.timerfd_create(1, 0); libc.timerfd_settime(t, 0, (ctypes.c_long * 4)(0, 0, far, 0), none); "
    with blocked_in(0, code + "call(0, t, bytes(8), 8)") as (pid, _):
        assert what_blocks(pid) == (timers.FOREVER, None)
        assert 0.9 * FAR < DescriptorTable(pid).timer <= FAR
    with blocked_in(0, "t = libc.timerfd_create(1, 0); call(0, t, bytes(8), 8)") as (pid, _):
        assert DescriptorTable(pid).timer == timers.FOREVER


@only_x86_64
def test_posix_and_interval_timers_are_seen() -> None:
    code = "t = ctypes.c_void_p(); libc.timer_create(1, none, ctypes.byref(t)); call(34)"
    with blocked_in(34, code) as (pid, _):
        assert timers.has_posix_timer(pid)
    with blocked_in(34, "signal.setitimer(signal.ITIMER_REAL, 1000); call(34)") as (pid, _):
        assert not timers.has_posix_timer(pid)
        hidden = timers.hidden()
        assert hidden is None or hidden <= FAR


def test_list_of_timers_that_lost_an_entry_while_it_was_printed_is_not_believed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The sleeper at 1 goes off while the list is printed; so the alarm, behind it, is left out."""
    sleeper, later = (b"1", b"hrtimer_wakeup", 1), (b"2", b"hrtimer_wakeup", 2)
    soon = (b"3", b"posix_timer_fn", 10**9 + time.clock_gettime_ns(time.CLOCK_MONOTONIC))
    readings = iter([{sleeper, later}, {later, soon}, {later, soon}])
    monkeypatch.setattr(timers, "_timer_lists", lambda: [frozenset(next(readings)), frozenset()])
    hidden = timers.hidden()
    assert hidden is not None
    assert 0.0 < hidden <= 1.0


def test_lists_of_timers_that_always_change_tell_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timers, "_timer_lists", lambda: [frozenset({(b"1", b"x", time.monotonic_ns())})])
    assert timers.hidden() is None


@only_x86_64
def test_timer_set_for_a_time_of_day_is_seen() -> None:
    code = (
        "t = ctypes.c_void_p(); libc.timer_create(0, none, ctypes.byref(t)); "
        "libc.timer_settime(t, 1, (ctypes.c_long * 4)(0, 0, int(real), 0), none); call(34)"
    )
    with blocked_in(34, code):
        hidden = timers.hidden()
        assert hidden is None or 0.0 < hidden <= FAR


@only_x86_64
def test_one_look_proves_nothing_two_equal_ones_do() -> None:
    with blocked_in(34, "call(34)") as (pid, _):
        one, two = (quiescence.look([pid], frozenset(), Given()) for _ in range(2))
        assert (one.blocked, one.fingerprint) == (True, two.fingerprint)
        os.kill(pid, signal.SIGSTOP)
        os.waitpid(pid, os.WUNTRACED)
        assert quiescence.look([pid], frozenset(), Given()).fingerprint != one.fingerprint


TRACER = """
import os, signal
from proctor.harness.runner.trace import ptrace
pid = os.fork() or signal.pause()
assert ptrace.stop_task(pid)
os.write(1, b"%d\\n" % pid)
signal.pause()
"""
"""A process that stops its child by ptrace, and then waits for ever."""


@only_x86_64
def test_task_that_a_watched_process_has_stopped_by_ptrace_is_at_rest() -> None:
    with subprocess.Popen((sys.executable, "-c", TRACER), stdout=subprocess.PIPE, start_new_session=True) as tracer:
        try:
            assert tracer.stdout
            pid = int(tracer.stdout.readline())
            until_in(tracer.pid, 34)
            assert [task.state for task in processes.tasks(pid)] == ["t"]
            assert quiescence.look([tracer.pid, pid], frozenset(), Given()).blocked
            assert not quiescence.look([pid], frozenset(), Given()).blocked, "its tracer may run"
        finally:
            os.killpg(tracer.pid, signal.SIGKILL)


@only_x86_64
def test_task_that_we_have_stopped_by_ptrace_is_at_rest_only_while_we_keep_it_so() -> None:
    with blocked_in(34, "call(34)") as (pid, _):
        assert ptrace.stop_task(pid)
        assert not quiescence.look([pid], frozenset(), Given()).blocked
        assert quiescence.look([pid], frozenset(), Given(), kept_still=frozenset((pid,))).blocked
        ptrace.let_task_go(pid)
