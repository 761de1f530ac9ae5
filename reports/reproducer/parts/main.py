"""Plays the steps without the launcher and with it, and prints whether the fault was reproduced."""

from __future__ import annotations

import ctypes
import shlex
import shutil
import signal
import sys
import tempfile

from proctor.reports.reproducer.parts.observed_run import ObservedRun, harmless

LAUNCHER: list[str] = []


def undisturbed(run: ObservedRun) -> None:
    """Stand in for the steps of a run in which nothing is done, which replace this function in a script."""


def play(run: ObservedRun) -> None:
    """Stand in for the steps of a case, which replace this function in its script."""


def judge(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """Stand in for the question of a case, which replaces this function in its script."""
    return [] if bare.timed_out == launched.timed_out else [launched.timed_out]


def main() -> int:
    """Play the steps twice and compare; return the exit code."""
    if sys.argv[1:2] == ["--as"]:
        globals()[sys.argv[2]](*sys.argv[3:])
    signal.alarm(900)  # seconds; no case takes so long
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
        signal.signal(number, lambda number, _: (signal.signal(number, signal.SIG_IGN), sys.exit(2)))
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    launcher = sys.argv[1:][sys.argv[1:2] == ["--"] :] or LAUNCHER
    place = tempfile.mkdtemp()
    try:
        if not sys.platform.startswith("linux") or not shutil.which(launcher[0]):
            raise RuntimeError("there is no %s here, or this is not Linux" % launcher[0])
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER: orphans become our children
        bare, name = ObservedRun([], place).play("Without the launcher", play), shlex.join(launcher)
        for _ in range(2):  # a launcher does some things only in its first runs, and the case is of a later one
            before = ObservedRun(launcher, place).play("Undisturbed, so that all is as for the case", undisturbed)
        bare.events += [event for event in before.events if event[:1] in (("left",), ("files",), ("modes",))]
        launched = ObservedRun(launcher, place).play("Behind the launcher, %s" % name, play)
        if bare.timed_out or len(launched.all("runs")) < len(bare.all("runs")[:1]):
            raise RuntimeError(bare.timed_out or "the command was never started; output: %a" % launched.output[-300:])
        found = judge(bare, launched)
        if launched.unsure and not found:
            raise RuntimeError("nothing wrong was seen, but " + launched.unsure)
    except Exception as reason:  # noqa: BLE001  (no error of this script says anything about the launcher)
        print("INCONCLUSIVE: %s" % harmless(str(reason)), file=sys.stderr)
        return 2
    finally:
        shutil.rmtree(place, ignore_errors=True)
    print("\n".join(["FAULT REPRODUCED:", *found]) if found else "FAULT NOT REPRODUCED: all is as required.")
    return 1 if found else 0
