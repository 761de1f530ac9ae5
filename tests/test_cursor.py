"""The terminal after a command that shows progress and is ended by a signal: the cursor is visible."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from proctor.conformance.judging.casefile import CaseFile
from proctor.harness import orders
from proctor.harness.scenario import Order, Scenario, WaitEnds
from proctor.harness.target import Target
from tests.conftest import ROOT
from tests.test_nothing_left import nothing_left

pytestmark = pytest.mark.usefixtures("contained")

LAUNCHER = str(ROOT / "launcher")
CURSOR = re.compile(rb"\x1b\[\?25([lh])")
"""Hide or show the cursor; terminfo(5), civis and cnorm."""
COMMANDS = {
    "replay": ("replay", "case.json", "--trust", "-n", "5000"),
    "explore": ("explore", LAUNCHER, "--exhaustive", "--workers=1"),
    "hunt": ("hunt", LAUNCHER, "--workers=1"),
}


def write_case(path: Path) -> None:
    case = CaseFile(
        schema=2, requirement="EXIT-1", check="exit.same_status", target=Target("launcher", (LAUNCHER,)),
        scenario=Scenario((Order(orders.Exit(3)), WaitEnds("command"), WaitEnds())), objections=(), versions={},
    )  # fmt: skip
    path.write_bytes(msgspec.json.encode(case))


def read_on(terminal: int) -> bytes:
    """Return what comes next; b"" at the end, which Linux reports as EIO."""
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""


@pytest.mark.parametrize(
    ("command", "number"),
    [
        *((command, number) for command in COMMANDS for number in (signal.SIGTERM, signal.SIGHUP)),
        ("replay", signal.SIGKILL),
    ],
)
def test_the_cursor_is_visible_after_a_signal(command: str, number: int, tmp_path: Path) -> None:
    write_case(tmp_path / "case.json")
    place = tmp_path / "t"
    place.mkdir()
    env = os.environ | {"TMPDIR": str(place), "TERM": "xterm", "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    terminal, theirs = pty.openpty()
    words = [sys.executable, "-m", "proctor", *COMMANDS[command]]
    with subprocess.Popen(words, cwd=tmp_path, env=env, stdin=theirs, stdout=theirs, stderr=theirs) as running:
        os.close(theirs)
        shown = b""
        while shown.count(b"\x1b[") < 3:  # the progress is rewritten with control sequences
            some = read_on(terminal)
            assert some, shown
            shown += some
        running.send_signal(number)
        while some := read_on(terminal):
            shown += some
    os.close(terminal)
    assert running.returncode == -number
    assert CURSOR.findall(shown)[-1:] in ([], [b"h"]), shown
    nothing_left(place)
