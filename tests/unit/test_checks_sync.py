"""Chapter SYNC, and TREE-1 for a sync: checks on literal histories."""

from __future__ import annotations

import signal
from typing import Literal

import msgspec
import pytest

from proctor.conformance.checks import sync as checks
from proctor.conformance.checks.files import LATER, NEXT
from proctor.conformance.judging.judge import not_claimed
from proctor.conformance.spec import requirements
from proctor.harness.history import CallNotStarted, Ended, Fact, FileChange, History, NotReached, Pressed, Unobserved
from proctor.harness.schedule import Deliver, Directive, Point
from proctor.harness.target import Profile, Target
from tests.unit.histories import (
    LAUNCHER,
    Example,
    a_sync,
    answered,
    bad,
    called,
    changed,
    ended,
    good,
    joined,
    looked,
    missed,
    not_started,
    printed,
    process,
    sent,
    started,
    there,
    titles,
    too_many,
    traced,
    unseen,
    untraced,
    used,
    verify,
    waited,
)
from tests.unit.kept_histories import EXAMPLES as OF_RUNS

TERM, INT = signal.SIGTERM, signal.SIGINT
UNSENT = NotReached(Directive(Point("launcher", "rename"), Deliver(TERM)))
CUT = sent(TERM), ended("launcher", signal=TERM)
NO_TOOL = *called("tool", 125), CallNotStarted("tool", "exec", 2), missed("tool-command starts")
PRESSED = Pressed("ctrl-c")
BY_KEY = ended("launcher", signal=INT)
TRACED = missed(hidden=traced("backend"))


def venv(name: str, how: Literal["created", "changed", "removed"] = "created", kind: str = "file") -> FileChange:
    """Return what has become of a file of the project's environment."""
    return there(f"WORK/.venv/{name}", how, own=False, kind=kind)


MARKER, TOOL, MODULE = venv("pyvenv.cfg"), venv("bin/proctor-tool"), venv("lib/p.py")
LOCK = there("WORK/uv.lock", own=False)
WHOLE = MARKER, TOOL, MODULE, LOCK
OWN = there("WORK/.venv", kind="directory"), there("WORK/.venv/pyvenv.cfg")
"""The same of a target that says what is its own in the project."""
STRAY = there("WORK/.venv.log", own=False)
UNDISTURBED = a_sync(ended("launcher"), changed(LATER, *WHOLE), *called("next"), changed(NEXT, *WHOLE), *used("tool"))
AGAIN = a_sync(
    ended("launcher"),
    changed(LATER, venv("pyvenv.cfg", "changed"), MODULE, venv("lib/old.py", "removed")),
    *called("next"),
    *used("tool"),
)
"""An undisturbed sync of a project that has changed."""
CROWDED = a_sync(ended("launcher"), changed(LATER, there("HOME/a"), venv("bin/proctor-tool"), count=9), *used("tool"))
"""One of which not all differences are told."""


def then(*changes: FileChange, count: int = 0) -> tuple[Fact, ...]:
    """Return the next sync, after which the directories are like this."""
    return *called("next"), changed(NEXT, *changes, count=count)


EXAMPLES: tuple[Example, ...] = (
    # SYNC-1
    good("whole", checks.never_half, a_sync(*CUT, *then(*WHOLE), *used("tool")), UNDISTURBED),
    good(
        "more than whole, and less of what is no environment",
        checks.never_half,
        a_sync(*CUT, *then(*WHOLE[:3], venv("lib/more.py"), there("HOME/x")), *used("tool")),
        UNDISTURBED,
    ),
    good(
        "made as before, with the times of before",
        checks.never_half,
        a_sync(*CUT, *then(MODULE, venv("lib/old.py", "removed")), *used("tool")),
        AGAIN,
    ),
    good(
        "what is old is still there",
        checks.never_half,
        a_sync(*CUT, *then(MODULE, venv("pyvenv.cfg", "changed")), *used("tool")),
        AGAIN,
    ),
    good(
        "not all of it is told here",
        checks.never_half,
        a_sync(*CUT, *then(there("HOME/a"), there("HOME/b"), count=9), *used("tool")),
        CROWDED,
    ),
    good(
        "not all of the other is told",
        checks.never_half,
        a_sync(*CUT, *then(TOOL, venv("lib/old.py", "removed")), *used("tool")),
        CROWDED,
    ),
    bad(
        "a file is missing",
        checks.never_half,
        a_sync(*CUT, *then(MARKER, TOOL), *used("tool")),
        UNDISTURBED,
        "environment-not-whole",
        "missing: WORK/.venv/lib/p.py",
    ),
    bad(
        "missing, and told as far as there",
        checks.never_half,
        a_sync(*CUT, *then(there("HOME/a"), venv("lib/z"), count=9), *used("tool")),
        CROWDED,
        "environment-not-whole",
        "missing: WORK/.venv/bin/proctor-tool",
    ),
    bad(
        "the repair takes away what stays undisturbed",
        checks.never_half,
        a_sync(*CUT, *then(MODULE, venv("lib/old.py", "removed"), venv("bin/proctor-tool", "removed")), *used("tool")),
        AGAIN,
        "environment-not-whole",
        "missing: WORK/.venv/bin/proctor-tool",
    ),
    bad(
        "the repair takes away what is made anew undisturbed",
        checks.never_half,
        a_sync(*CUT, *then(MODULE, venv("pyvenv.cfg", "removed")), *used("tool")),
        AGAIN,
        "environment-not-whole",
        "missing: WORK/.venv/pyvenv.cfg",
    ),
    bad(
        "it cannot be started",
        checks.never_half,
        a_sync(*CUT, *then(*WHOLE), *NO_TOOL),
        UNDISTURBED,
        "call-failed call=tool wait=ready process=tool-command",
        "it could not be started (No such file or directory)",
    ),
    bad(
        "it does not have the project",
        checks.never_half,
        a_sync(*CUT, *then(*WHOLE), *used("tool"), answered("import", "tool-command", error=2, text="No module")),
        UNDISTURBED,
        "import-failed process=tool-command",
        "the import failed: No module",
    ),
    bad(
        "a file is there, but not its contents",
        checks.never_half,
        a_sync(*CUT, *then(*WHOLE), *used("tool"), answered("whole", "tool-command", count=1, text="/v/late.py")),
        UNDISTURBED,
        "files-missing process=tool-command",
        "1 of its files are gone or changed, such as /v/late.py",
    ),
    unseen("the next sync fails", checks.never_half, a_sync(*CUT, *called("next", 1)), UNDISTURBED, "SYNC-3"),
    unseen("no next sync", checks.never_half, a_sync(*CUT), UNDISTURBED, "SYNC-3"),
    unseen("how the next ended nobody told", checks.never_half, a_sync(*CUT, Ended("next", 30)), UNDISTURBED, "SYNC-3"),
    unseen("not compared", checks.never_half, a_sync(*CUT, *called("next")), UNDISTURBED, "not compared"),
    unseen("it goes on beside the next", checks.never_half, a_sync(sent(TERM), *then(TOOL)), UNDISTURBED, "not end"),
    unseen("not interrupted", checks.never_half, a_sync(UNSENT, *then(TOOL)), UNDISTURBED, "did not come by"),
    unseen("not traced", checks.never_half, a_sync(untraced()), UNDISTURBED, "ptrace"),
    unseen(
        "the tool never works",
        checks.never_half,
        a_sync(*CUT, *then(*WHOLE), *NO_TOOL),
        a_sync(ended("launcher"), changed(LATER, *WHOLE), *NO_TOOL),
        "nor does the environment of an undisturbed sync",
    ),
    # SYNC-2
    good("as undisturbed", checks.no_temporary_file, a_sync(*CUT, changed(LATER, *WHOLE)), UNDISTURBED),
    good("a part of it", checks.no_temporary_file, a_sync(*CUT, changed(LATER, MARKER)), UNDISTURBED),
    good("nothing", checks.no_temporary_file, a_sync(*CUT, changed(LATER)), UNDISTURBED),
    good(
        "in the cache, which is another matter",
        checks.no_temporary_file,
        a_sync(*CUT, changed(LATER, there("HOME/.cache/part"), there("TMPDIR/a", own=False))),
        UNDISTURBED,
    ),
    good(
        "only removed or changed",
        checks.no_temporary_file,
        a_sync(*CUT, changed(LATER, venv("lib/q.py", "removed"), venv("lib/r.py", "changed"))),
        UNDISTURBED,
    ),
    good(
        "the mark of what is not whole",
        checks.no_temporary_file,
        a_sync(*CUT, changed(LATER, MARKER, venv(".incomplete")), *then(*WHOLE)),
        UNDISTURBED,
    ),
    good(
        "whole, where not all of the other is told",
        checks.no_temporary_file,
        a_sync(*CUT, changed(LATER, TOOL, MODULE)),
        CROWDED,
    ),
    bad(
        "in the project",
        checks.no_temporary_file,
        a_sync(*CUT, changed(LATER, there("WORK/.venv.tmp", own=False), there("WORK/.venv.tmp/bin"))),
        UNDISTURBED,
        "temporary-file-left",
        "there is: WORK/.venv.tmp",
    ),
    bad(
        "in the project, until the next sync",
        checks.no_temporary_file,
        a_sync(*CUT, changed(LATER, there("WORK/part", own=False)), *then(*WHOLE)),
        UNDISTURBED,
        "temporary-file-left",
        "WORK/part",
    ),
    bad(
        "in the environment",
        checks.no_temporary_file,
        a_sync(*CUT, changed(LATER, venv("bin/.tmp1")), *then(*WHOLE)),
        UNDISTURBED,
        "temporary-file-left",
        "WORK/.venv/bin/.tmp1",
    ),
    bad(
        "a mark that nobody takes away",
        checks.no_temporary_file,
        a_sync(*CUT, changed(LATER, venv(".incomplete")), *then(*WHOLE, venv(".incomplete"))),
        UNDISTURBED,
        "temporary-file-left",
        "WORK/.venv/.incomplete",
    ),
    bad(
        "a mark that no sync has seen",
        checks.no_temporary_file,
        a_sync(*CUT, changed(LATER, venv(".incomplete"))),
        UNDISTURBED,
        "temporary-file-left",
        "WORK/.venv/.incomplete",
    ),
    bad(
        "a directory is no mark",
        checks.no_temporary_file,
        a_sync(*CUT, changed(LATER, venv(".tmp", kind="directory")), *then(*WHOLE)),
        UNDISTURBED,
        "temporary-file-left",
        "WORK/.venv/.tmp",
    ),
    bad(
        "whether a mark goes is not told",
        checks.no_temporary_file,
        a_sync(*CUT, changed(LATER, venv(".incomplete")), *then(there("HOME/a"), count=9)),
        UNDISTURBED,
        "temporary-file-left",
        "WORK/.venv/.incomplete",
    ),
    unseen(
        "it still runs",
        checks.no_temporary_file,
        a_sync(sent(TERM), missed(), changed(LATER, there("WORK/part", own=False))),
        UNDISTURBED,
        "did not end",
    ),
    good(
        "in a directory of the launcher's own beside the environment",
        checks.no_temporary_file,
        a_sync(*CUT, changed(LATER, *WHOLE, there("WORK/.tox/.tmp/package/2"))),
        UNDISTURBED,
    ),
    good(
        "what the target declares to stay",
        checks.no_temporary_file,
        a_sync(*CUT, changed(LATER, *WHOLE, there("WORK/.venv/log/1", kept=True))),
        UNDISTURBED,
    ),
    bad(
        "in the environment, which is the launcher's own",
        checks.no_temporary_file,
        a_sync(*CUT, changed(LATER, *WHOLE, there("WORK/.venv/lib/.tmp1"))),
        UNDISTURBED,
        "temporary-file-left",
        "WORK/.venv/lib/.tmp1",
    ),
    bad(
        "in an environment at another path in a directory of the launcher's own",
        checks.no_temporary_file,
        a_sync(*CUT, changed(LATER, *WHOLE, there("WORK/.tox/py/.tmp1"))),
        a_sync(ended("launcher"), changed(LATER, *WHOLE, environments=("WORK/.tox/py",))),
        "temporary-file-left",
        "WORK/.tox/py/.tmp1",
    ),
    good(
        "a second sync keeps its packages in a directory of its own",
        checks.undisturbed_leaves_nothing,
        a_sync(
            ended("launcher"), changed(LATER, *WHOLE), *then(*WHOLE, there("WORK/.tox/.tmp/package/2")), *used("tool")
        ),
        UNDISTURBED,
    ),
    unseen("files of no moment", checks.no_temporary_file, a_sync(UNSENT), UNDISTURBED, "did not come by"),
    unseen("files not compared", checks.no_temporary_file, a_sync(*CUT), UNDISTURBED, "not compared"),
    good("two in a row", checks.undisturbed_leaves_nothing, UNDISTURBED, UNDISTURBED),
    good(
        "the second writes anew",
        checks.undisturbed_leaves_nothing,
        a_sync(ended("launcher"), changed(LATER, *WHOLE), *then(*WHOLE, there("WORK/a", "changed", own=False))),
        UNDISTURBED,
    ),
    good(
        "the second keeps something in the cache",
        checks.undisturbed_leaves_nothing,
        a_sync(ended("launcher"), changed(LATER, *WHOLE), *then(*WHOLE, there("HOME/a"))),
        UNDISTURBED,
    ),
    good(
        "not all of the first is told",
        checks.undisturbed_leaves_nothing,
        a_sync(ended("launcher"), changed(LATER, there("HOME/a"), count=9), *then(MODULE)),
        UNDISTURBED,
    ),
    good(
        "what is its own in the project",
        checks.undisturbed_leaves_nothing,
        a_sync(
            ended("launcher"), changed(LATER, *OWN, there("WORK/uv.lock"), there("TMPDIR/a", own=False)), *then(*OWN)
        ),
        UNDISTURBED,
    ),
    good(
        "only changed or removed, or declared to stay",
        checks.undisturbed_leaves_nothing,
        a_sync(
            ended("launcher"),
            changed(
                LATER,
                *OWN,
                there("WORK/a", "changed", own=False),
                there("WORK/b", "removed", own=False),
                there("WORK/c", own=False, kept=True),
            ),
            *then(*OWN),
        ),
        UNDISTURBED,
    ),
    bad(
        "the same each time",
        checks.undisturbed_leaves_nothing,
        a_sync(ended("launcher"), changed(LATER, *OWN, STRAY), *then(*OWN, STRAY)),
        UNDISTURBED,
        "temporary-file-left",
        "declares as its own: WORK/.venv.log",
    ),
    unseen(
        "the first still works, and has its files there",
        checks.undisturbed_leaves_nothing,
        a_sync(missed(), changed(LATER, *OWN, STRAY), *then(*OWN)),
        UNDISTURBED,
        "did not end",
    ),
    bad(
        "one more each time",
        checks.undisturbed_leaves_nothing,
        a_sync(ended("launcher"), changed(LATER, *WHOLE), *then(*WHOLE, there("WORK/tmp2", own=False))),
        UNDISTURBED,
        "temporary-file-left",
        "a second sync leaves: WORK/tmp2",
    ),
    unseen(
        "the second fails",
        checks.undisturbed_leaves_nothing,
        a_sync(ended("launcher"), changed(LATER), *called("next", 1)),
        UNDISTURBED,
        "a second sync did not work",
    ),
    unseen("no second", checks.undisturbed_leaves_nothing, a_sync(ended("launcher")), UNDISTURBED, "next call"),
    unseen("second unseen", checks.undisturbed_leaves_nothing, a_sync(*called("next")), UNDISTURBED, "not compared"),
    unseen(
        "first unseen",
        checks.undisturbed_leaves_nothing,
        a_sync(*called("next"), changed(NEXT)),
        UNDISTURBED,
        "(later)",
    ),
    # SYNC-3
    good("by itself", checks.next_sync_succeeds, UNDISTURBED, UNDISTURBED),
    bad(
        "refuses the other interpreter",
        checks.next_sync_succeeds,
        a_sync(ended("launcher", 2), *then(*WHOLE), *used("tool")),
        UNDISTURBED,
        "call-status call=launcher status=0 end=2",
        "with exit code 2",
    ),
    unseen(
        "does not support the other interpreter",
        checks.next_sync_succeeds,
        a_sync(ended("launcher", 2), *then(*WHOLE), *used("tool")),
        a_sync(ended("launcher", 2)),
        "nor does a first sync with the other interpreter work: ",
    ),
    bad(
        "waits for somebody",
        checks.next_sync_succeeds,
        a_sync(missed()),
        UNDISTURBED,
        "call-failed call=launcher wait=ends process=launcher",
        "the launcher works",
    ),
    bad(
        "the next refuses",
        checks.next_sync_succeeds,
        a_sync(ended("launcher"), *called("next", 2)),
        UNDISTURBED,
        "call-status call=next status=0 end=2",
        "it ended with exit code 2",
    ),
    bad(
        "what it made is broken",
        checks.next_sync_succeeds,
        a_sync(ended("launcher"), *called("next"), changed(NEXT, environments=("WORK/.venv",)), *NO_TOOL),
        UNDISTURBED,
        "call-failed call=tool wait=ready process=tool-command",
        "tool-command starts",
    ),
    unseen(
        "its environments are elsewhere",
        checks.next_sync_succeeds,
        a_sync(ended("launcher"), *called("next"), changed(NEXT, environments=("HOME/envs/p",)), *NO_TOOL),
        UNDISTURBED,
        "is not WORK/.venv, but: HOME/envs/p",
    ),
    unseen(
        "no other interpreter",
        checks.next_sync_succeeds,
        a_sync(Unobserved("no-other-python")),
        UNDISTURBED,
        "no other supported version",
    ),
    unseen("never used", checks.next_sync_succeeds, a_sync(ended("launcher"), *then()), UNDISTURBED, "tool call"),
    unseen("cannot be started", checks.next_sync_succeeds, a_sync(not_started()), UNDISTURBED, "end of the launcher"),
    good("after a signal", checks.next_sync_succeeds_at_any_moment, a_sync(*CUT, *called("next")), UNDISTURBED),
    bad(
        "a stale lock",
        checks.next_sync_succeeds_at_any_moment,
        a_sync(*CUT, started("next", 30), missed("next ends")),
        UNDISTURBED,
        "call-failed call=next wait=ends process=next",
        "timed out: next ends: all processes were idle; left: launcher (pid 10) S",
    ),
    bad(
        "what is half there is refused",
        checks.next_sync_succeeds_at_any_moment,
        a_sync(*CUT, started("next", 30), ended("next", 1), printed("next", b"not an environment\n")),
        UNDISTURBED,
        "call-status call=next status=0 end=1",
        "exit code 1",
    ),
    unseen(
        "the first goes on, and the next waits",
        checks.next_sync_succeeds_at_any_moment,
        a_sync(sent(TERM), missed(), started("next", 30), missed("next ends")),
        UNDISTURBED,
        "did not end",
    ),
    unseen("no such moment", checks.next_sync_succeeds_at_any_moment, a_sync(UNSENT), UNDISTURBED, "did not come by"),
    # SYNC-4
    good("dies of it", checks.ctrl_c_ends_it, a_sync(joined(), PRESSED, BY_KEY, waited("launcher ends")), UNDISTURBED),
    good("with 130", checks.ctrl_c_ends_it, a_sync(joined(), PRESSED, ended("launcher", 130)), UNDISTURBED),
    good(
        "on a slow machine",
        checks.ctrl_c_ends_it,
        a_sync(joined(), PRESSED, BY_KEY, waited("launcher ends", 12.0, 0.9)),
        UNDISTURBED,
    ),
    good(
        "what was waited for before it",
        checks.ctrl_c_ends_it,
        a_sync(waited("backend starts", 9.0, 8.0), joined(), PRESSED, BY_KEY),
        UNDISTURBED,
    ),
    bad(
        "ignored",
        checks.ctrl_c_ends_it,
        a_sync(joined(), PRESSED, missed()),
        UNDISTURBED,
        "interrupted-late",
        "timed out",
    ),
    bad(
        "late",
        checks.ctrl_c_ends_it,
        a_sync(joined(), PRESSED, BY_KEY, waited("launcher ends", 3.0, 2.5)),
        UNDISTURBED,
        "interrupted-late",
        "nothing ran for 2.5 s",
    ),
    bad(
        "status 1",
        checks.ctrl_c_ends_it,
        a_sync(joined(), PRESSED, ended("launcher", 1)),
        UNDISTURBED,
        "interrupted-status end=1",
        "exit code 1",
    ),
    bad(
        "status 0",
        checks.ctrl_c_ends_it,
        a_sync(joined(), PRESSED, ended("launcher")),
        UNDISTURBED,
        "interrupted-status end=0",
        "exit code 0",
    ),
    bad(
        "another signal",
        checks.ctrl_c_ends_it,
        a_sync(joined(), PRESSED, ended("launcher", signal=TERM)),
        UNDISTURBED,
        "interrupted-status end=SIGTERM",
        "SIGTERM",
    ),
    unseen("no build", checks.ctrl_c_ends_it, a_sync(missed("backend starts")), UNDISTURBED, "backend did not report"),
    unseen(
        "ended without", checks.ctrl_c_ends_it, a_sync(ended("launcher")), UNDISTURBED, "ended with exit code 0, and"
    ),
    unseen("not pressed", checks.ctrl_c_ends_it, a_sync(joined(), BY_KEY), UNDISTURBED, "as far as the key"),
    unseen("ended before", checks.ctrl_c_ends_it, a_sync(ended("launcher", 1), PRESSED), UNDISTURBED, "had ended"),
    unseen("stepped in", checks.ctrl_c_ends_it, a_sync(PRESSED, too_many(), missed()), UNDISTURBED, "400 processes"),
    unseen("traces its backend", checks.ctrl_c_ends_it, a_sync(PRESSED, TRACED), UNDISTURBED, "traced by the laun"),
    unseen("no end, no word of it", checks.ctrl_c_ends_it, a_sync(joined(), PRESSED), UNDISTURBED, "did not end"),
    unseen(
        "its end nobody told",
        checks.ctrl_c_ends_it,
        a_sync(joined(), PRESSED, Ended("launcher", LAUNCHER)),
        UNDISTURBED,
        "not known",
    ),
    # TREE-1, for a sync
    good("nobody left", checks.no_process_left, a_sync(joined(), PRESSED, BY_KEY), UNDISTURBED),
    good(
        "the harness' own, and who has ended",
        checks.no_process_left,
        a_sync(joined(), BY_KEY, end=looked("end", process("leader"), process("backend", "Z"))),
        UNDISTURBED,
    ),
    bad(
        "the backend",
        checks.no_process_left,
        a_sync(joined(), BY_KEY, end=looked("end", process("backend", ppid=1))),
        UNDISTURBED,
        "process-left process=backend",
        "backend (pid 20, state S)",
    ),
    bad(
        "a helper that is stopped",
        checks.no_process_left,
        a_sync(joined(), BY_KEY, end=looked("end", process("", "T", "pip"))),
        UNDISTURBED,
        "process-left process=pip",
        "'pip' (pid 20, state T)",
    ),
    unseen("no build", checks.no_process_left, a_sync(BY_KEY), UNDISTURBED, "may build nothing"),
    unseen("it stays", checks.no_process_left, a_sync(joined(), missed()), UNDISTURBED, "did not end"),
    unseen(
        "no last look",
        checks.no_process_left,
        History("a launcher", UNDISTURBED.scenario, "literal", a_sync(joined(), BY_KEY).events[:-1]),
        UNDISTURBED,
        "no look at the end",
    ),
    *OF_RUNS,
)


@pytest.mark.parametrize("example", EXAMPLES, ids=titles(EXAMPLES))
def test_sync(example: Example) -> None:
    verify(example)


def moved(history: History, path: str, project: str) -> History:
    """Return the same history of a launcher that keeps the project's environment at another path."""
    whole = msgspec.json.decode(msgspec.json.encode(history).replace(b"WORK/.venv", path.encode()))
    for event in whole["events"]:
        if event["fact"]["is"] == "files-changed":
            event["fact"]["project"] = project
    return msgspec.convert(whole, History)


@pytest.mark.parametrize(("path", "project"), [("WORK/.tox/py", "WORK/.tox/py"), ("WORK/envs/p-Xy1", "WORK/envs/p-*")])
@pytest.mark.parametrize("example", EXAMPLES, ids=titles(EXAMPLES))
def test_sync_of_an_environment_elsewhere(example: Example, path: str, project: str) -> None:
    says = example.says.replace("is not WORK/.venv", f"is not {project}").replace("WORK/.venv", path)
    mine, its = moved(example.history, path, project), moved(example.bare, path, project)
    verify(example._replace(history=mine, bare=its, says=says))


@pytest.mark.parametrize(
    ("profiles", "claims", "applies"),
    [
        (("kept",), (), True),
        (("sync",), (), True),
        (("kept",), ("kept",), True),
        (("kept",), ("sync",), False),
        (("sync",), ("kept",), False),
        (("transparent",), (), False),
    ],
)
def test_sync_applies_to_launchers_that_keep_their_environment(
    profiles: tuple[Profile, ...], claims: tuple[Profile, ...], applies: bool
) -> None:
    target = Target("t", ("run",), profiles=profiles)
    for requirement in requirements().values():
        if requirement.chapter == "sync":
            assert (not_claimed(requirement, target, claims) == "") == applies
