"""Plays the script on the command alone and with the launcher, and says what came of it."""

from __future__ import annotations

import ctypes
import shutil
import signal
import sys

from proctor.reports.reproducer.parts.run import Run

LAUNCHER: list[str] = []


def judge(alone: Run, seen: Run) -> list[str]:
    """Stand in for the question of a case."""
    return [] if alone.missing == seen.missing else [seen.missing]


def main() -> int:
    """Play it twice and compare; return the exit code."""
    if sys.argv[1:2] == ["--as"]:
        globals()[sys.argv[2]](*sys.argv[3:])
    signal.alarm(900)  # seconds; nothing takes so long
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
        signal.signal(number, lambda number, _: (signal.signal(number, signal.SIG_IGN), sys.exit(2)))
    launcher = sys.argv[1:][sys.argv[1:2] == ["--"] :] or LAUNCHER
    try:
        if not sys.platform.startswith("linux") or not shutil.which(launcher[0]):
            raise RuntimeError("there is no %s here, or this is not Linux" % launcher[0])
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER: who loses its parent becomes our child
        alone, seen = Run([]).play(), Run(launcher).play()
        if alone.missing or len(seen.all("runs")) < len(alone.all("runs")[:1]):
            raise RuntimeError(alone.missing or "the command was never started; printed was: %a" % seen.said[-300:])
        found = judge(alone, seen)
    except Exception as reason:  # noqa: BLE001  (whatever it is, it says nothing about the launcher)
        print("COULD NOT TELL: %s" % reason, file=sys.stderr)
        return 2
    print("\n".join(["THE FAULT IS THERE:", *found]) if found else "THE FAULT IS NOT THERE: all is as required.")
    return 1 if found else 0
