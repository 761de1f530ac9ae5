"""A script takes a wait to be endless only where the harness does: on the processes of the harness' own tests."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from proctor.reports.reproducer.parts import at_rest
from proctor.reports.reproducer.tables import waits
from tests.blocked_for_tests import blocked_in, only_x86_64, until_in
from tests.test_open_waits import INT80, OPEN, PROVEN, TOOLS, lock

pytestmark = only_x86_64

NOT_PROVEN_BY_SCRIPTS = ("a pair of sockets", "a lock that its child holds")
"""Waits of which a script does not know that they are endless: it reads neither SO_RCVTIMEO nor who holds a lock."""
TIMED = {
    "sleep": (230, "call(230, 1, 0, spec(far), none)"),
    "poll": (7, "r, w = os.pipe(); call(7, polled(r), 1, 1000000)"),
    "a futex": (202, "call(202, word, 128, 0, spec(far))"),
    "a timer descriptor": (
        0,
        (
            "t = libc.timerfd_create(1, 0); libc.timerfd_settime(t, 0, (ctypes.c_long * 4)(0, 0, far, 0), none); "
            "call(0, t, bytes(8), 8)"
        ),
    ),
}


@pytest.fixture(autouse=True)
def table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the parts the table that scripts have."""
    names: dict[str, dict[str, str]] = {}
    exec("import os\n" + waits(), {}, names)
    monkeypatch.setattr(at_rest, "WAITS", names["WAITS"])


@pytest.fixture
def setting(tmp_path: Path) -> str:
    held = tmp_path / "held"
    held.touch()
    return f"path, held = {str(tmp_path / 'path')!r}, {str(held)!r}\n"


def wakes(number: int, code: str) -> list[str]:
    with blocked_in(number, code) as (pid, _):
        return at_rest.what_wakes(pid)


@pytest.mark.parametrize("name", PROVEN)
def test_what_is_proven(name: str, setting: str) -> None:
    number, code = PROVEN[name]
    assert bool(wakes(number, TOOLS + setting + code)) == (name in NOT_PROVEN_BY_SCRIPTS)


@pytest.mark.parametrize("name", OPEN)
def test_what_others_may_end(name: str, setting: str, tmp_path: Path) -> None:
    number, code, _ = OPEN[name]
    with blocked_in(34, lock(tmp_path / "held")):
        found = wakes(number, TOOLS + setting + code)
    assert [one for one in found if f"call {number}" in one]


@pytest.mark.parametrize("name", TIMED)
def test_what_has_a_timeout(name: str) -> None:
    number, code = TIMED[name]
    assert wakes(number, TOOLS + code) == [at_rest.TIMER]


def test_a_call_of_another_table(tmp_path: Path) -> None:
    source, program = tmp_path / "int80.c", tmp_path / "int80"
    source.write_text(f"#include <unistd.h>\n{INT80}")
    subprocess.run(["gcc", "-o", program, source], check=True)
    with subprocess.Popen([program], stdout=subprocess.PIPE) as child:
        assert child.stdout
        assert child.stdout.read(1) == b"!"
        until_in(child.pid, 29)
        assert at_rest.what_wakes(child.pid)
        child.kill()


def test_a_stopped_thread_does_not_go_on() -> None:
    with blocked_in(230, TIMED["sleep"][1]) as (pid, _):
        os.kill(pid, 19)
        os.waitid(os.P_PID, pid, os.WSTOPPED | os.WNOWAIT)
        assert at_rest.what_wakes(pid) == []
