"""Chapter TREE: its checks on literal histories."""

from __future__ import annotations

import signal

import pytest

from proctor.conformance.checks import tree as checks
from proctor.harness.history import IpcLeft, SettleEnded, TempFilesLeft, WitnessReady
from tests.unit.histories import (
    COMMAND,
    INHERITED,
    LAUNCHER,
    LEADER,
    Example,
    bad,
    beside,
    ended,
    good,
    history,
    looked,
    missed,
    not_started,
    over,
    process,
    received,
    replaced,
    sent,
    started,
    supervised,
    titles,
    unseen,
    verify,
)

TERM, KILL, INT = signal.SIGTERM, signal.SIGKILL, signal.SIGINT
GONE = looked("end", process("leader"))
PLAIN = replaced(*over(), end=GONE)
DAEMON = process("daemon", pid=30, ppid=1)
LEFT_ALONE = replaced(*over(), end=looked("end", DAEMON))
ALIVE = looked("end", process("leader"), process("launcher"), process("command"))
ORPHANED = looked("end", process("command", ppid=1))
ZOMBIE = process("", "Z", "orphan", pid=20)
AT_REST = (process("leader"), process("launcher"), process("command"))
BARE_LOOK = replaced(looked("step", process("leader"), process("launcher")), *over(), end=GONE)
KILLED = sent(KILL), ended("launcher", signal=KILL)
BARE_GROUP = replaced(sent(TERM, "group"), received(TERM, 1), *over(), end=GONE)
NO_COMMAND = history(started(), missed("command starts"), looked("end", process("launcher")))
NEVER_STARTED = history(started(), not_started(), looked("end"))
FORWARDED = replaced(sent(TERM), received(TERM, 1), *over(), end=GONE)
BY_COMMAND = process("", "Z", "child", pid=21, ppid=COMMAND)
OF_BARE = process("", "Z", "child", pid=21)

EXAMPLES: tuple[Example, ...] = (
    good("all have gone", checks.nothing_left, supervised(*over(), end=GONE), PLAIN),
    good(
        "a zombie is not a process that is left",
        checks.nothing_left,
        supervised(*over(), end=looked("end", process("command", "Z"))),
        PLAIN,
    ),
    good(
        "as the bare command leaves it",
        checks.nothing_left,
        supervised(*over(), end=looked("end", DAEMON)),
        LEFT_ALONE,
    ),
    good(
        "nobody has ended",
        checks.nothing_left,
        supervised(sent(TERM), end=ALIVE),
        replaced(end=looked("end", AT_REST[1])),
    ),
    good(
        "is the command, which stays",
        checks.nothing_left,
        replaced(sent(TERM), end=looked("end", AT_REST[1])),
        replaced(sent(TERM), end=looked("end", AT_REST[1])),
    ),
    bad(
        "the command is an orphan",
        checks.nothing_left,
        supervised(*KILLED, end=ORPHANED),
        PLAIN,
        "process-left process=command",
        "command (pid 11, state S)",
    ),
    bad(
        "the command is an orphan where the bare one stays as well",
        checks.nothing_left,
        supervised(sent(TERM), ended("launcher"), end=ORPHANED),
        replaced(sent(TERM), end=looked("end", AT_REST[1])),
        "process-left process=command",
        "command",
    ),
    bad(
        "a helper",
        checks.nothing_left,
        supervised(*over(), end=looked("end", process("", name="watcher"))),
        PLAIN,
        "process-left process=watcher",
        "'watcher' (pid 20",
    ),
    bad(
        "a second daemon",
        checks.nothing_left,
        supervised(*over(), end=looked("end", DAEMON, process("daemon", pid=31))),
        LEFT_ALONE,
        "process-left process=daemon; process-left process=daemon",
        "daemon (pid 30, state S)",
    ),
    bad(
        "stopped and forgotten",
        checks.nothing_left,
        supervised(ended("launcher"), missed("command ends"), end=looked("end", process("command", "T"))),
        PLAIN,
        "process-left process=command",
        "state T",
    ),
    unseen(
        "never ends",
        checks.nothing_left,
        supervised(ended("command"), missed(), end=looked("end", AT_REST[1])),
        PLAIN,
        "ends",
    ),
    unseen("no last look", checks.nothing_left, history(started(), ended("launcher")), PLAIN, "look"),
    good("none", checks.no_zombie, supervised(looked("step", *AT_REST), *over()), BARE_LOOK),
    good(
        "the command's own",
        checks.no_zombie,
        supervised(looked("step", *AT_REST, BY_COMMAND), *over()),
        BARE_LOOK,
    ),
    good(
        "is the command, and the bare one has it too",
        checks.no_zombie,
        replaced(looked("step", OF_BARE), *over()),
        replaced(looked("step", OF_BARE), *over()),
    ),
    good(
        "just ended when the command started",
        checks.no_zombie,
        history(
            started(),
            WitnessReady("command", COMMAND, INHERITED),
            looked("start", *AT_REST, ZOMBIE),
            looked("step", *AT_REST),
            *over(),
            looked("end"),
        ),
        BARE_LOOK,
    ),
    bad(
        "an adopted orphan",
        checks.no_zombie,
        supervised(looked("step", *AT_REST, ZOMBIE), *over()),
        BARE_LOOK,
        "zombie-left",
        "'orphan'",
    ),
    bad(
        "a helper, though the bare command has one of its own elsewhere",
        checks.no_zombie,
        supervised(looked("step", *AT_REST, ZOMBIE), looked("step", *AT_REST), *over()),
        replaced(looked("step"), looked("step", OF_BARE), *over()),
        "zombie-left",
        "zombies",
    ),
    bad(
        "the command has ended and is not reaped",
        checks.no_zombie,
        supervised(ended("command"), looked("step", process("launcher"), process("command", "Z")), missed()),
        BARE_LOOK,
        "zombie-left",
        "command",
    ),
    unseen(
        "a zombie of a launcher that never rests",
        checks.no_zombie,
        supervised(SettleEnded("waited", 1.0), looked("step", *AT_REST, ZOMBIE), *over()),
        BARE_LOOK,
        "never seen at rest",
    ),
    bad(
        "a zombie of a launcher at rest, which did not rest before",
        checks.no_zombie,
        supervised(
            SettleEnded("waited", 1.0), SettleEnded("quiescent", 0.1), looked("step", *AT_REST, ZOMBIE), *over()
        ),
        BARE_LOOK,
        "zombie-left",
        "'orphan'",
    ),
    bad(
        "a zombie at rest, and another look that was not at rest",
        checks.no_zombie,
        supervised(
            SettleEnded("quiescent", 0.1),
            looked("step", *AT_REST, ZOMBIE),
            SettleEnded("waited", 1.0),
            looked("step", *AT_REST, ZOMBIE),
            *over(),
        ),
        replaced(looked("step"), looked("step"), *over()),
        "zombie-left",
        "'orphan'",
    ),
    bad(
        "the script ends early",
        checks.no_zombie,
        supervised(missed("orphan starts")),
        BARE_LOOK,
        "timed-out wait=ready process=orphan",
        "orphan starts",
    ),
    good("killed by the signal", checks.no_zombie_after_signals, supervised(missed("command does look")), BARE_LOOK),
    bad(
        "a helper of its handler",
        checks.no_zombie_after_signals,
        supervised(looked("step", *AT_REST, ZOMBIE), *over()),
        BARE_LOOK,
        "zombie-left",
        "'orphan'",
    ),
    good(
        "told",
        checks.noticed_by_command,
        supervised(*KILLED, received(TERM, 1), end=ORPHANED),
        replaced(*KILLED),
    ),
    good(
        "ended with it",
        checks.noticed_by_command,
        supervised(*KILLED, ended("command", signal=KILL)),
        replaced(*KILLED),
    ),
    good(
        "a stop by the kernel",
        checks.noticed_by_command,
        supervised(*KILLED, received(signal.SIGHUP, 0)),
        replaced(*KILLED),
    ),
    bad(
        "runs on",
        checks.noticed_by_command,
        supervised(*KILLED, end=ORPHANED),
        replaced(*KILLED),
        "death-unnoticed",
        "it did neither and keeps running",
    ),
    bad(
        "only told before",
        checks.noticed_by_command,
        supervised(received(TERM), *KILLED),
        replaced(*KILLED),
        "death-unnoticed",
        "it did neither and keeps running",
    ),
    bad(
        "only another process is told",
        checks.noticed_by_command,
        supervised(*KILLED, received(TERM, role="grandchild")),
        replaced(*KILLED),
        "death-unnoticed",
        "it did neither and keeps running",
    ),
    bad(
        "cannot be started",
        checks.noticed_by_command,
        NEVER_STARTED,
        replaced(*KILLED),
        "not-started step=exec errno=8",
        "errno 8",
    ),
    beside("is the command", checks.noticed_by_command, replaced(*KILLED), replaced(*KILLED), "replaced"),
    good(
        "once",
        checks.group_signal_arrives,
        supervised(sent(TERM, "group"), received(TERM, 1), *over()),
        BARE_GROUP,
    ),
    good(
        "twice is TREE-5's matter",
        checks.group_signal_arrives,
        supervised(sent(TERM, "group"), received(TERM, 1), received(TERM), *over()),
        BARE_GROUP,
    ),
    good(
        "the launcher dies of it",
        checks.group_signal_arrives,
        supervised(sent(TERM, "group"), ended("launcher", signal=TERM), received(TERM, 1), ended("command")),
        BARE_GROUP,
    ),
    unseen(
        "the launcher dies of it, and the command with it",
        checks.group_signal_arrives,
        supervised(
            sent(TERM, "group"),
            received(TERM, 1),
            ended("launcher", signal=TERM),
            ended("command", None, signal.SIGKILL),
            missed("command does look"),
        ),
        BARE_GROUP,
        "see SIG-1 and SIG-5",
    ),
    bad(
        "a group of its own",
        checks.group_signal_arrives,
        supervised(sent(TERM, "group"), missed("command receives SIGTERM")),
        BARE_GROUP,
        "not-delivered signal=SIGTERM",
        "not received",
    ),
    bad(
        "never starts the command",
        checks.group_signal_arrives,
        NO_COMMAND,
        BARE_GROUP,
        "timed-out wait=ready process=command",
        "the command starts",
    ),
    good(
        "from us alone",
        checks.group_signal_once,
        supervised(sent(TERM, "group"), received(TERM, 1), *over()),
        BARE_GROUP,
    ),
    good(
        "from the launcher alone",
        checks.group_signal_once,
        supervised(sent(TERM, "group"), received(TERM), *over()),
        BARE_GROUP,
    ),
    bad(
        "from both",
        checks.group_signal_once,
        supervised(sent(TERM, "group"), received(TERM, 1), received(TERM), *over()),
        BARE_GROUP,
        "delivered-twice signal=SIGTERM",
        "from runner, launcher",
    ),
    unseen(
        "not at all is TREE-4's matter",
        checks.group_signal_once,
        supervised(sent(TERM, "group"), *over()),
        BARE_GROUP,
        "TREE-4",
    ),
    unseen("never starts the command", checks.group_signal_once, NO_COMMAND, BARE_GROUP, "the command starts"),
    good("passed on", checks.init_forwards, supervised(sent(TERM), received(TERM), *over()), FORWARDED),
    bad(
        "dropped",
        checks.init_forwards,
        supervised(sent(TERM), missed("command receives SIGTERM")),
        FORWARDED,
        "not-delivered signal=SIGTERM",
        "not received",
    ),
    bad(
        "dies of it",
        checks.init_forwards,
        supervised(sent(TERM), received(TERM), ended("launcher", 143)),
        FORWARDED,
        "ended-before-command end=143",
        "stays",
    ),
    good("reaped", checks.init_reaps, supervised(looked("step", *AT_REST), *over()), BARE_LOOK),
    good(
        "the command itself is not adopted",
        checks.init_reaps,
        supervised(looked("step", process("launcher"), process("command", "Z")), *over()),
        BARE_LOOK,
    ),
    bad(
        "stays a zombie",
        checks.init_reaps,
        supervised(looked("step", *AT_REST, ZOMBIE), *over()),
        BARE_LOOK,
        "orphan-not-reaped",
        "'orphan' (pid 20",
    ),
    unseen(
        "a zombie of a launcher that wakes again and again",
        checks.init_reaps,
        supervised(SettleEnded("waited", 1.0), looked("step", *AT_REST, ZOMBIE), *over()),
        BARE_LOOK,
        "never seen at rest",
    ),
    bad(
        "one known by its role",
        checks.init_reaps,
        supervised(looked("step", process("second", "Z", pid=22)), *over()),
        BARE_LOOK,
        "orphan-not-reaped",
        "zombies: second (pid 22, state Z)",
    ),
    good("the same", checks.init_status, supervised(*over(42), end=GONE), replaced(*over(42), end=GONE)),
    bad(
        "another status",
        checks.init_status,
        supervised(*over(0), end=GONE),
        replaced(*over(42), end=GONE),
        "wrong-status status=42 end=0",
        "status 42",
    ),
    bad(
        "somebody is left",
        checks.init_status,
        supervised(*over(), end=ORPHANED),
        PLAIN,
        "process-left process=command",
        "command (pid 11, state S)",
    ),
    good("lives on", checks.survives_daemon, supervised(*over(), end=looked("end", DAEMON)), LEFT_ALONE),
    bad(
        "signalled at the end",
        checks.survives_daemon,
        supervised(*over(), received(TERM, role="daemon"), end=looked("end", DAEMON)),
        LEFT_ALONE,
        "daemon-signalled process=daemon signals=SIGTERM",
        "it received SIGTERM",
    ),
    bad(
        "taken down",
        checks.survives_daemon,
        supervised(*over(), end=GONE),
        LEFT_ALONE,
        "daemon-ended process=daemon",
        "it has ended",
    ),
    bad(
        "waits for it",
        checks.survives_daemon,
        supervised(ended("command"), missed(), end=looked("end", AT_REST[1], DAEMON)),
        LEFT_ALONE,
        "timed-out wait=ends process=launcher",
        "launcher ends",
    ),
    good(
        "ends with another status",
        checks.survives_daemon,
        supervised(*over(1), end=looked("end", DAEMON)),
        LEFT_ALONE,
    ),
    good("nothing else is left", checks.nothing_else_left, supervised(*over(), end=GONE), PLAIN),
    bad(
        "a directory",
        checks.nothing_else_left,
        supervised(*over(), TempFilesLeft(("tmp.1",)), end=GONE),
        PLAIN,
        "file-not-removed",
        "left: tmp.1",
    ),
    bad(
        "more than are named, though the script ended early",
        checks.nothing_else_left,
        supervised(*over(), missed(), TempFilesLeft(tuple("abcdefg")), end=GONE),
        PLAIN,
        "file-not-removed",
        "left: a, b, c, d, e and 2 others",
    ),
    bad(
        "shared memory",
        checks.nothing_else_left,
        supervised(*over(), IpcLeft(("/dev/shm/x",)), end=GONE),
        PLAIN,
        "ipc-object-left",
        "left: /dev/shm/x",
    ),
    good(
        "the command leaves as much",
        checks.nothing_else_left,
        supervised(*over(), TempFilesLeft(("b",)), IpcLeft(("/dev/shm/b",)), end=GONE),
        replaced(*over(), TempFilesLeft(("a",)), IpcLeft(("/dev/shm/a",)), end=GONE),
    ),
    unseen(
        "a process is left that may need it",
        checks.nothing_else_left,
        supervised(*over(), TempFilesLeft(("socket",)), end=ORPHANED),
        PLAIN,
        "see TREE-1",
    ),
    unseen(
        "the launcher has not ended",
        checks.nothing_else_left,
        supervised(ended("command"), missed(), TempFilesLeft(("socket",)), end=GONE),
        PLAIN,
        "did not get that far",
    ),
)


@pytest.mark.parametrize("example", EXAMPLES, ids=titles(EXAMPLES))
def test_tree(example: Example) -> None:
    verify(example)


def test_who_is_who() -> None:
    assert [process(role).pid for role in ("leader", "launcher", "command")] == [LEADER, LAUNCHER, COMMAND]
