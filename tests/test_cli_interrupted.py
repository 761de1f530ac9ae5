"""Ctrl-C: every command that plays launchers ends soon, says what was done, and leaves nothing.

The launchers here write to a pipe when they start, so a signal is sent after that event, not after a time. They take a
minute to start their command, so a command of ours that waits for one is noticed.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from proctor.conformance.exploring.replay import WARM_UPS
from proctor.conformance.judging.casefile import CaseFile
from proctor.harness import orders
from proctor.harness.scenario import Order, Scenario, WaitEnds
from proctor.harness.target import Target
from proctor.reports.results import read
from tests.conftest import ROOT
from tests.test_nothing_left import nothing_left

pytestmark = pytest.mark.usefixtures("contained")

SOON = 20.0
"""Seconds; it takes a fraction of one. The launchers take sixty."""
LOOKS = 24
"""How often a launcher is started before its first case: to see whether and how it starts a command, and by the control
group, with and without a PID namespace."""


class Announced(NamedTuple):
    """A launcher that says when it is started. pipe: where it does; quick: how often it starts its command at once."""

    path: Path
    pipe: int


@pytest.fixture
def launcher(tmp_path: Path) -> Iterator[Callable[[int], Announced]]:
    """Return a function that makes a launcher: it is quick so many times, and slow from then on."""
    pipe = tmp_path / "started"
    os.mkfifo(pipe)
    fd = os.open(pipe, os.O_RDWR)  # both ends, so that a launcher that writes does not wait for us

    def make(quick: int) -> Announced:
        path = tmp_path / "launcher"
        counts = f'echo >>{tmp_path}/count\n[ $(($(wc -l <{tmp_path}/count))) -le {quick} ] || sleep 60\nexec "$@"\n'
        path.write_text(f"#!/bin/sh\necho >{pipe}\n{counts}")
        path.chmod(0o755)
        return Announced(path, fd)

    yield make
    os.close(fd)


def interrupt(launcher: Announced, starts: int, *words: str) -> tuple[int, str]:
    """Run a command, send it and its process group a SIGINT at this start of the launcher, and hear what it says."""
    place = launcher.path.parent / "t"
    place.mkdir()
    env = os.environ | {"TMPDIR": str(place), "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "proctor", *words]
    with subprocess.Popen(
        command, cwd=launcher.path.parent, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, process_group=0,
    ) as running:  # fmt: skip
        for _ in range(starts):
            assert select.select([launcher.pipe], [], [], 60)[0], running.communicate(timeout=SOON)
            os.read(launcher.pipe, 1)
        start = time.monotonic()
        os.killpg(running.pid, signal.SIGINT)
        said, _ = running.communicate(timeout=2 * SOON)
    assert time.monotonic() - start < SOON
    assert "Traceback" not in said, said
    nothing_left(place)
    return running.returncode, said


def case_of(launcher: Announced) -> str:
    case = CaseFile(
        schema=2, requirement="EXIT-1", check="exit.same_status", target=Target("slow", (str(launcher.path),)),
        scenario=Scenario((Order(orders.Exit(3)), WaitEnds("command"), WaitEnds())), objections=(), versions={},
    )  # fmt: skip
    path = launcher.path.parent / "case.json"
    path.write_bytes(msgspec.json.encode(case))
    return str(path)


@pytest.mark.parametrize(
    ("quick", "words", "says"),
    [
        (0, ("check", "{launcher}"), "interrupted before the first case"),
        (LOOKS + 1, ("check", "{launcher}", "-k", "EXIT-1", "-q"), "MUST: 1 partial"),
        (0, ("explore", "{launcher}"), "interrupted: 0 campaigns were complete"),
        (0, ("hunt", "{launcher}", "--workers=1"), "interrupted: no scenario was played"),
        (WARM_UPS + 2, ("replay", "{case}", "--trust", "-n", "9"), "was violated in 0 of 2 runs, interrupted"),
        (0, ("replay", "{case}", "--trust", "-n", "9"), "interrupted: no replay was complete"),
        (
            0,
            ("export", "{case}", "--format=markdown", "--trust"),
            "interrupted: nothing was printed; --no-play prints the text",
        ),
    ],
)
def test_it_ends_soon_and_says_what_was_done(
    launcher: Callable[[int], Announced], quick: int, words: tuple[str, ...], says: str
) -> None:
    slow = launcher(quick)
    line = [word.format(launcher=slow.path, case=case_of(slow)) for word in words]
    status, said = interrupt(slow, quick + 1, *line)
    assert (status, says in said) == (130, True), said


def test_workers_are_not_waited_for(launcher: Callable[[int], Announced]) -> None:
    """Looks at the launcher, nine executions to learn its points; then two workers begin to explore."""
    slow = launcher(LOOKS + 10)
    words = ("explore", str(slow.path), "--workers=2", "--requirement=SIG-6", "--signal=TERM", "--cases=cases")
    status, said = interrupt(slow, LOOKS + 11, *words)
    assert (status, "SIG-6, start: " in said or "interrupted" in said) == (130, True), said


@pytest.mark.parametrize("quick", [0, LOOKS + 2])
def test_results_that_are_there_are_not_replaced(launcher: Callable[[int], Announced], quick: int) -> None:
    """Looks at the launcher, then its cases: an interruption comes before the first, or after the first."""
    slow = launcher(quick)
    kept = slow.path.parent / "released.json"
    kept.write_text("what was there")
    status, said = interrupt(slow, quick + 1, "check", str(slow.path), "-k", "EXIT-1", f"--results={kept}")
    assert (status, kept.read_text()) == (130, "what was there"), said
    assert ("was not changed; the results so far are in" in said) == bool(quick)
    assert kept.with_name("released.json.interrupted").exists() == bool(quick)


def test_what_was_explored_is_kept(launcher: Callable[[int], Announced]) -> None:
    """One part is over when it is interrupted."""
    slow = launcher(LOOKS + 10)
    results = slow.path.parent / "results.json"
    words = ("explore", str(slow.path), "--requirement=SIG-6", "--signal=TERM", f"--results={results}", "--json")
    status, said = interrupt(slow, LOOKS + 11, *words)
    assert status == 130, said
    (found,) = read(results)
    assert found.requirements["SIG-6"].verdict in ("partial", "unstable", "not observable")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
@pytest.mark.parametrize("option", ["--json", "--strict-baseline", "--verbose"])
def test_a_check_that_is_ended_by_a_signal_leaves_no_file(
    launcher: Callable[[int], Announced], number: int, option: str
) -> None:
    """It keeps its results in memory, wherever it needs them."""
    slow = launcher(0)
    place = slow.path.parent / "t"
    place.mkdir()
    env = os.environ | {"TMPDIR": str(place), "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "proctor", "check", "-q", option, str(slow.path)]
    with subprocess.Popen(
        command, cwd=slow.path.parent, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, process_group=0,
    ) as running:  # fmt: skip
        assert select.select([slow.pipe], [], [], 60)[0]
        running.send_signal(number)
    assert running.returncode == -number
    nothing_left(place)
