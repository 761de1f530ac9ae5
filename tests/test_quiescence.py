"""Quiescence: what a launcher does late is waited for, and one that does nothing late costs no wait."""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from proctor.conformance.checks import signals as checks
from proctor.conformance.scenarios.signals import finish, send
from proctor.harness.execute import execute
from proctor.harness.history import History, Received, Sent, SettleEnded
from proctor.harness.runner import processes
from proctor.harness.runner.observe import quiescence, timers
from proctor.harness.runner.play.observer import SETTLE_LIMIT
from proctor.harness.scenario import Scenario, Settle
from proctor.harness.target import BARE, Target
from tests.conftest import ROOT
from tests.planted import LAUNCH

LATE = ROOT / "tests" / "launchers_for_tests" / "late.py"
ONE_TERM = Scenario((Settle(), *send(signal.SIGTERM), *finish(3)), within=30.0)

ARMED = (
    "thread",
    "futex",
    "helper",
    "timer_create",
    "select",
    "poll",
    "epoll_wait",
    "ppoll",
    "timerfd",
    "sigtimedwait",
)
SECOND_COPY = (
    *ARMED,
    "polling",
    "setitimer",
)


def play(*words: object, script: Scenario = ONE_TERM) -> History:
    """Play a script on a launcher in Python; without one on the bare command."""
    command = (sys.executable, "-I", "-S", *map(str, words)) if words else ()
    return execute(Target(" ".join(map(str, words[-2:])), command) if words else BARE, script)


@pytest.fixture(scope="module")
def bare() -> History:
    return play()


def settled_after_the_signal(history: History) -> tuple[list[SettleEnded], int]:
    """Return the settlings after the signal was sent, and how often it came until the end of the first."""
    sent = next(event.index for event, _ in history.all(Sent))
    settled = [(event.index, fact) for event, fact in history.all(SettleEnded) if event.index > sent]
    before = [event for event, _ in history.all(Received) if event.index < settled[0][0]]
    return [fact for _, fact in settled], len(before)


def found_twice(history: History, bare: History) -> bool:
    """Whether SIG-2 is violated; the second may come from a helper, which has no role."""
    return [v.code for v in checks.once_if_at_all(history, bare)] == ["delivered-twice"]


@pytest.mark.parametrize("how", SECOND_COPY)
def test_second_copy_after_300_ms_is_seen(how: str, bare: History) -> None:
    history = play(LATE, how)
    settled, copies = settled_after_the_signal(history)
    assert copies == 2, settled
    assert found_twice(history, bare)


@pytest.mark.parametrize("how", [how for how in ARMED if how != "timer_create" or timers.hidden() is not None])
def test_timer_that_can_be_read_is_waited_for_exactly(how: str) -> None:
    """Three times at the most: on a busy machine the limit may be reached before."""
    assert "quiescent" in (settled_after_the_signal(play(LATE, how))[0][0].how for _ in range(3))


@pytest.mark.parametrize("how", ["helper", "thread", "timer"])
def test_planted_second_copy_is_seen(how: str, bare: History) -> None:
    history = play(LAUNCH, f"sig_2_again_{how}")
    assert settled_after_the_signal(history)[1] == 2
    assert found_twice(history, bare)


LATE_FORWARDERS = ARMED


@pytest.mark.parametrize("how", LATE_FORWARDERS)
def test_launcher_that_forwards_late_is_late_and_loses_nothing(how: str, bare: History) -> None:
    history = play(LATE, how, "once")
    assert checks.exactly_once(history, bare) == []
    assert [v.code for v in checks.forwarded_in_time(history, bare)] == ["delivered-late"]


def test_planted_late_forwarding_is_seen(bare: History) -> None:
    history = play(LAUNCH, "sig_9_late")
    assert checks.exactly_once(history, bare) == []
    assert [v.code for v in checks.forwarded_in_time(history, bare)] == ["delivered-late"]


def test_launcher_with_nothing_armed_is_not_waited_for(bare: History) -> None:
    """The quickest of some: how long it takes until a launcher is at rest is up to the machine as well."""
    for target in ((LATE, "never"), (LAUNCH, "sound")):
        histories = [play(*target) for _ in range(3)]
        settled = [fact for history in histories for fact in settled_after_the_signal(history)[0]]
        assert {fact.how for fact in settled} == {"quiescent"}, settled
        assert min(fact.seconds for fact in settled) < 0.5 * SETTLE_LIMIT
        assert [checks.exactly_once(history, bare) for history in histories] == [[], [], []]


def test_launcher_that_polls_is_waited_for_and_the_history_says_so() -> None:
    settled, _ = settled_after_the_signal(play(LATE, "polling"))
    assert (settled[0].how, "a timer goes off" in settled[0].reason) == ("waited", True)
    assert settled[0].seconds >= SETTLE_LIMIT


@pytest.mark.slow
def test_launcher_that_never_rests_is_taken_as_it_is(bare: History) -> None:
    history = play(LATE, "busy")
    settled, copies = settled_after_the_signal(history)
    assert (settled[0].how, copies) == ("waited", 1)
    assert "running at every look" in settled[0].reason
    assert checks.exactly_once(history, bare) == []


# -- timeouts of calls

FAR = 1000.0
CHILD = """
import ctypes, os, signal, socket, time
libc = ctypes.CDLL(None)
libc.syscall.restype = ctypes.c_long
def spec(seconds): return ctypes.byref((ctypes.c_long * 2)(int(seconds), 0))
def call(*arguments):
    os.write(1, b"!")
    libc.syscall(*(ctypes.c_long(a) if isinstance(a, int) else a for a in arguments))
far, word, none = 1000, ctypes.byref(ctypes.c_int(0)), None
mono, real = time.monotonic() + far, time.time() + far
term = ctypes.byref((ctypes.c_ulong * 1)(1 << 14))
"""

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
}


@contextmanager
def blocked_in(number: int, code: str) -> Iterator[tuple[int, str]]:
    """Start a child that blocks in this system call; yield its pid and its line of /proc/PID/syscall."""
    command = [sys.executable, "-I", "-S", "-c", CHILD + code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as child:
        try:
            assert child.stdout
            assert child.stdout.read(1) == b"!", "the child has ended"
            yield child.pid, until_in(child.pid, number)
        finally:
            os.killpg(child.pid, signal.SIGKILL)


def until_in(pid: int, number: int, within: float = 60.0) -> str:
    """Wait until the one task of a process is blocked in this call; return its line of /proc/PID/syscall."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        (task,) = map(processes.in_call, processes.tasks(pid))
        if task.state == "S" and task.call and task.call.startswith(f"{number} "):
            return task.call
        os.sched_yield()
    raise AssertionError(f"not in call {number}: {processes.tasks(pid)}")


only_x86_64 = pytest.mark.skipif(
    platform.machine() != "x86_64" or not quiescence.can_be_read(),
    reason="call numbers of x86_64, read from /proc",
)


@only_x86_64
@pytest.mark.parametrize(("number", "code", "seconds"), CALLS.values(), ids=CALLS.keys())
def test_timeout_of_a_call(number: int, code: str, seconds: float) -> None:
    timers.forget()
    with blocked_in(number, code) as (pid, line):
        bound = timers.timeout_of(pid, pid, line)
    assert bound == seconds or (seconds == FAR and 0.9 * FAR < bound <= FAR + 1), bound


@only_x86_64
def test_call_that_a_stop_interrupted_keeps_its_timeout() -> None:
    timers.forget()
    with blocked_in(35, "call(35, spec(far), none)") as (pid, line):
        timers.timeout_of(pid, pid, line)
        os.kill(pid, signal.SIGSTOP)
        os.waitpid(pid, os.WUNTRACED)
        os.kill(pid, signal.SIGCONT)
        again = until_in(pid, 219)
        assert 0.9 * FAR < timers.timeout_of(pid, pid, again) <= FAR
        timers.forget()
        assert timers.timeout_of(pid, pid, again) == timers.UNKNOWN


@only_x86_64
def test_call_of_a_process_that_has_gone_has_an_unknown_timeout() -> None:
    with blocked_in(271, "call(271, none, 0, spec(far), none, 8)") as (pid, line):
        pass
    assert timers.timeout_of(pid, pid, line) == timers.UNKNOWN


def test_what_is_no_call_has_no_timeout() -> None:
    assert {timers.timeout_of(1, 1, line) for line in ("running", "-1 0x0 0x0", "")} == {timers.FOREVER}


@only_x86_64
def test_timer_of_a_descriptor_is_seen() -> None:
    code = "t = libc.timerfd_create(1, 0); libc.timerfd_settime(t, 0, (ctypes.c_long * 4)(0, 0, far, 0), none); "
    with blocked_in(0, code + "call(0, t, bytes(8), 8)") as (pid, line):
        assert timers.timeout_of(pid, pid, line) == timers.FOREVER
        assert 0.9 * FAR < timers.descriptors_of(pid).timer <= FAR
    with blocked_in(0, "t = libc.timerfd_create(1, 0); call(0, t, bytes(8), 8)") as (pid, _):
        assert timers.descriptors_of(pid).timer == timers.FOREVER


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
        one, two = (quiescence.look([pid], frozenset()) for _ in range(2))
        assert (one.blocked, one.fingerprint) == (True, two.fingerprint)
        os.kill(pid, signal.SIGSTOP)
        os.waitpid(pid, os.WUNTRACED)
        assert quiescence.look([pid], frozenset()).fingerprint != one.fingerprint
