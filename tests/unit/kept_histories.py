"""Literal histories for chapter SYNC of launchers that make their environment in a run and keep it."""

from __future__ import annotations

import signal

from proctor.conformance.checks import sync as checks
from proctor.conformance.checks.files import LATER, NEXT
from proctor.harness.history import Fact, FileChange, FilesChanged
from tests.unit.histories import (
    Example,
    a_sync,
    answered,
    bad,
    called,
    changed,
    ended,
    good,
    missed,
    sent,
    started,
    there,
    unseen,
    used,
)

CUT = sent(signal.SIGTERM), ended("launcher", signal=signal.SIGTERM)
ROOT = "WORK/.venv"
MARKER, TOOL = there(f"{ROOT}/pyvenv.cfg", own=False), there(f"{ROOT}/bin/proctor-tool", own=False)
DIRECTORY = there(ROOT, own=False, kind="directory")
LOG = FileChange(f"{ROOT}/log/1-install.log", "file", "created", own=True, kept=True)
WHOLE = DIRECTORY, MARKER, TOOL
UNDISTURBED = a_sync(ended("launcher"), changed(LATER, *WHOLE, LOG), *used("next"), changed(NEXT, *WHOLE, LOG))
BROKEN = a_sync(ended("launcher"), changed(LATER, *WHOLE), *called("next", 1))
NOT_FOUND = *called("next", 127), missed("next-command starts")


def after(*changes: FileChange, environments: tuple[str, ...] = ()) -> FilesChanged:
    return changed(NEXT, *changes, environments=environments)


def cut(*facts: Fact) -> tuple[Fact, ...]:
    return *CUT, changed(LATER), *facts


EXAMPLES: tuple[Example, ...] = (
    # SYNC-1
    good("whole", checks.never_half_for_a_run, a_sync(*cut(*used("next"), after(*WHOLE))), UNDISTURBED),
    good(
        "whole, and the command of the next run fails",
        checks.never_half_for_a_run,
        a_sync(*cut(*NOT_FOUND, after(*WHOLE))),
        UNDISTURBED,
    ),
    bad(
        "it looks complete: the command is not found",
        checks.never_half_for_a_run,
        a_sync(*cut(*NOT_FOUND, after(DIRECTORY, MARKER, environments=(ROOT,)))),
        UNDISTURBED,
        "environment-not-whole",
        "missing: WORK/.venv/bin/proctor-tool",
    ),
    bad(
        "it looks complete although its mark is missing",
        checks.never_half_for_a_run,
        a_sync(*cut(*NOT_FOUND, after(DIRECTORY, TOOL))),
        UNDISTURBED,
        "environment-not-whole",
        "missing: WORK/.venv/pyvenv.cfg",
    ),
    bad(
        "the old one, of which a file is gone",
        checks.never_half_for_a_run,
        a_sync(*cut(*NOT_FOUND, after(there(TOOL.path, "removed", own=False), environments=(ROOT,)))),
        a_sync(ended("launcher"), changed(LATER), *used("next")),
        "environment-not-whole",
        "missing: WORK/.venv/bin/proctor-tool",
    ),
    bad(
        "the next command finds a file without its contents",
        checks.never_half_for_a_run,
        a_sync(*cut(started("next"), answered(process="next-command", count=1, text="late.py"), ended("next"),
                    after(*WHOLE))),
        UNDISTURBED,
        "files-missing process=next-command",
        "late.py",
    ),
    unseen(
        "there is none",
        checks.never_half_for_a_run,
        a_sync(*cut(*NOT_FOUND, after(DIRECTORY))),
        UNDISTURBED,
        "SYNC-3's matter",
    ),
    unseen(
        "the next run does not end",
        checks.never_half_for_a_run,
        a_sync(*cut(started("next"), missed("next-command starts"), after(MARKER))),
        UNDISTURBED,
        "the next did not end",
    ),
    unseen("no comparison", checks.never_half_for_a_run, a_sync(*cut(*used("next"))), UNDISTURBED, "not compared"),
    unseen(
        "nor does it work undisturbed",
        checks.never_half_for_a_run,
        a_sync(*cut(*NOT_FOUND, after(MARKER))),
        BROKEN,
        "nor does a second run that nothing disturbs work",
    ),
    # SYNC-3
    good("with another interpreter", checks.next_run_succeeds, a_sync(ended("launcher"), *used("next")), UNDISTURBED),
    bad(
        "it refuses",
        checks.next_run_succeeds,
        a_sync(ended("launcher", 1), *used("next")),
        UNDISTURBED,
        "call-status call=launcher status=0 end=1",
        "exit code 1",
    ),
    bad(
        "the next one does not start its command",
        checks.next_run_succeeds,
        a_sync(ended("launcher"), *NOT_FOUND),
        UNDISTURBED,
        "call-failed call=next wait=ready process=next-command",
        "next",
    ),
)  # fmt: skip
