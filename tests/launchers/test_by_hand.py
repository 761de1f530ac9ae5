"""by_hand.py: the launcher starts as from a shell, and is stopped before it is sent what it is to be sent then."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.conftest import ROOT

BY_HAND = ROOT / "tests" / "launchers" / "by_hand.py"
SENDS = ROOT / "tests" / "launchers_for_tests" / "sends.py"
ENDS_EARLY = ("/bin/sh", "-c", '"$@" & sleep 0.2; exit 5', "sh")


def by_hand(*words: str) -> str:
    command = [sys.executable, str(BY_HAND), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout


@pytest.mark.parametrize("how", ["--pipes", "--leader", "--job"])
def test_the_launcher_ignores_nothing(how: str) -> None:
    launcher = ("/bin/sh", "-c", 'echo "it ignores $(grep SigIgn /proc/$$/status)"; exec "$@"', "sh")
    ignored = by_hand("exit", "0", how, "--", *launcher).partition("SigIgn:\\t" if how != "--pipes" else "SigIgn:\t")[2]
    assert int(ignored[:16], 16) & (1 << (signal.SIGPIPE - 1) | 1 << (signal.SIGXFSZ - 1)) == 0


def test_a_stopped_launcher_forwards_when_it_goes_on() -> None:
    told = by_hand("stopped", "15", "--pipes", "--", sys.executable, "-I", "-S", str(SENDS), "once")
    assert "command: got SIGTERM" in told


@pytest.mark.parametrize("how", ["--pipes", "--leader", "--job"])
def test_a_launcher_that_has_ended_is_said_to_have(how: str) -> None:
    told = by_hand("stopped", "15", how, "--", *ENDS_EARLY)
    assert "the launcher ended before it stopped" in told or "the launcher has ended" in told
