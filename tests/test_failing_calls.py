"""A call that a schedule makes fail: the kernel does not carry it out, the launcher gets the error, and nothing else is
different."""

from __future__ import annotations

import errno
import re
import sys

import pytest

from proctor.harness import orders
from proctor.harness.calls import ONLY_FAIL, VISIBLE, by_number
from proctor.harness.execute import execute
from proctor.harness.explorer.failing import failing
from proctor.harness.explorer.survey import survey
from proctor.harness.history import (
    DirectiveApplied,
    Ended,
    History,
    NotReached,
    Output,
    PointReached,
    Received,
    Unobserved,
    WitnessReady,
)
from proctor.harness.runner.trace import seccomp
from proctor.harness.scenario import Order, Scenario, WaitEnds
from proctor.harness.schedule import Schedule, parse
from proctor.harness.target import Target
from tests.planted import launchers

ENDS = Scenario((Order(orders.Exit(7)), WaitEnds("command"), WaitEnds("launcher")))
RUNS = "import os, sys\nos.execv(sys.argv[1], sys.argv[1:])\n"


def sound() -> Target:
    return Target("sound", launchers()["sound"].command(sys.executable))


def program(code: str) -> Target:
    """Return a launcher that runs this code and then becomes the command."""
    return Target("a-program", (sys.executable, "-I", "-S", "-c", code + "\n" + RUNS))


def play(target: Target, text: str) -> History:
    return execute(target, ENDS, parse(text))


def printed(history: History) -> str:
    return b"".join(fact.data for fact in history.facts(Output)).decode()


def end_of_launcher(history: History) -> int | None:
    return next(fact.code for fact in history.facts(Ended) if fact.process == "launcher")


def ran(history: History) -> bool:
    return any(fact.process == "command" for fact in history.facts(WitnessReady))


def points(target: Target) -> list[PointReached]:
    return execute(target, ENDS, Schedule(record=True, records_failing=True)).facts(PointReached)


def first(target: Target, call: str, path: str = "") -> str:
    """Return the first entry of a call, of those that are about this file if one is named."""
    found = (one.at for one in points(target) if one.at.call == call and one.at.when == "entry" and path in one.path)
    return str(next(found))


def test_a_fork_that_fails_makes_no_process() -> None:
    target = sound()
    call = next(name for name in ("clone", "fork", "clone3", "vfork") if any(p.at.call == name for p in points(target)))
    history = play(target, f"at launcher {call}#1 entry: fail with EAGAIN\nat child1 birth: deliver TERM to launcher")
    assert [fact.what for fact in history.facts(DirectiveApplied)] == ["done"]
    assert [str(fact.directive.at) for fact in history.facts(NotReached)] == ["child1 birth"]
    assert (end_of_launcher(history), ran(history)) == (125, False)
    assert "Resource temporarily unavailable" in printed(history)


@pytest.mark.parametrize("error", ["EMFILE", "ENOSPC", "EINTR", "EIO", "EDQUOT"])
def test_the_launcher_gets_the_error(error: str) -> None:
    code = (
        "import os\ntry:\n    os.mkdir('made')\n"
        "except OSError as error:\n    print(error.errno, os.path.exists('made'), flush=True)"
    )
    target = program(code)
    history = play(target, f"at launcher mkdir#1 entry: fail with {error}")
    assert f"{getattr(errno, error)} False" in printed(history)
    assert (end_of_launcher(history), ran(history)) == (7, True)


def test_an_exec_that_fails_returns_and_the_next_one_works() -> None:
    code = (
        "import os, sys\ntry:\n    os.execv(sys.argv[1], sys.argv[1:])\n"
        "except OSError as error:\n    print(error.errno, flush=True)"
    )
    history = play(program(code), "at launcher execve#1 entry: fail with ENOMEM")
    assert printed(history).strip() == str(errno.ENOMEM)
    assert (end_of_launcher(history), ran(history)) == (7, True)


def test_a_call_that_can_only_fail_does() -> None:
    code = (
        "import os\ntry:\n    os.open('/dev/null', os.O_RDONLY)\n"
        "except OSError as error:\n    print(error.errno, flush=True)"
    )
    target = program(code)
    history = play(target, f"at {first(target, 'openat', '/dev/null')}: fail with ENFILE")
    assert printed(history).strip() == str(errno.ENFILE)
    assert (end_of_launcher(history), ran(history)) == (7, True)


def test_a_short_write_writes_and_returns_less() -> None:
    code = (
        "import os\nfd = os.open('file', os.O_CREAT | os.O_TRUNC | os.O_RDWR)\n"
        "print(os.write(fd, b'hello'), os.write(fd, b'world'), os.pread(fd, 99, 0), flush=True)"
    )
    target = program(code)
    assert "5 5 b'helloworld'" in printed(play(target, "at launcher mkdir#1 entry: fail with EIO"))
    history = play(target, f"at {first(target, 'write', '/file')}: short write of 2")
    assert "2 5 b'heworld'" in printed(history)
    assert ran(history)


@pytest.mark.parametrize(
    ("code", "action", "why"),
    [
        ("os.write(1, b'hello')", "write#1 entry: short write of 2", "it writes to no file"),
        ("os.write(1, b'hello')", "write#1 entry: fail with ENOSPC", "it is not about a file"),
        ("os.write(os.memfd_create('file'), b'h')", "write#1 entry: short write of 2", "no more than that"),
        ("os.fork() or os._exit(0)\nos.waitpid(-1, os.WNOHANG)", "wait4#1 entry: fail with EINTR", "does not wait"),
    ],
)
def test_what_no_kernel_does_is_not_done(code: str, action: str, why: str) -> None:
    target = program(f"import os\n{code}\nprint('as usual', flush=True)")
    history = play(target, f"at launcher {action}")
    assert [fact.code for fact in history.facts(Unobserved)] == ["call-not-failed"]
    assert why in history.facts(Unobserved)[0].detail
    assert "as usual" in printed(history)
    assert ran(history)


def test_a_signal_at_the_same_point_arrives_as_well() -> None:
    code = (
        "import os, signal\nsignal.signal(signal.SIGUSR1, lambda *_: print('handled', flush=True))\n"
        "try:\n    os.mkdir('made')\nexcept OSError as error:\n    print(error.errno, flush=True)"
    )
    text = "at launcher mkdir#1 entry: deliver USR1 to launcher\nat launcher mkdir#1 entry: fail with ENOSPC"
    history = play(program(code), text)
    assert sorted(printed(history).split()) == sorted(["handled", str(errno.ENOSPC)])
    assert not history.facts(Received)


def test_a_failing_schedule_gives_the_same_each_time() -> None:
    text = "at child1 execve#1 entry: fail with ENOMEM"
    target = Target("sound", launchers()["sound"].command(sys.executable))
    told = {re.sub(r"\d+\.\d+", "", str([type(e.fact).__name__ for e in play(target, text).events])) for _ in range(5)}
    assert len(told) == 1


def test_only_a_schedule_about_failing_stops_at_calls_that_can_only_fail() -> None:
    assert len(seccomp.program()) < len(seccomp.program(with_failing=True))
    assert {*by_number(ONLY_FAIL)} - {*by_number(VISIBLE)}
    recorded = execute(sound(), ENDS, Schedule(record=True)).facts(PointReached)
    assert {fact.at.call for fact in recorded} & (ONLY_FAIL.keys() - VISIBLE.keys()) == set()


def test_calls_of_the_command_are_never_made_to_fail() -> None:
    target = sound()
    planned = failing(
        survey(lambda scenario, schedule: execute(target, scenario, schedule), ENDS, True), "errors"
    ).planned
    assert planned
    tasks = {one.schedule.directives[0].at.task for one in planned}
    assert tasks <= {"launcher", "child1", "child2"}
    before_exec = [one.at for one in points(target) if one.at.task == "child1"]
    assert before_exec[-1].call == "execve"
