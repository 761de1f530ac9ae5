"""Chapter INHERIT: its checks on literal histories."""

from __future__ import annotations

import os
import signal
from functools import partial

import msgspec
import pytest

from proctor.conformance.checks import inherit as checks
from proctor.harness.history import Descriptor, History, Inherited
from tests.planted import compared_attributes
from tests.unit.histories import (
    COMMAND,
    INHERITED,
    LAUNCHER,
    STDIO,
    TERMINAL,
    Check,
    Example,
    bad,
    ended,
    good,
    greeted,
    history,
    looked,
    missed,
    over,
    process,
    replaced,
    settings,
    started,
    supervised,
    titles,
    verify,
)

NO_COMMAND = history(started(), missed("command starts"), looked("end"))
OTHER_FILE = Descriptor(0, dev=5, ino=4)


def as_alone(title: str, check: Check, inherited: Inherited = INHERITED) -> Example:
    """The command starts with the same as the bare one."""
    return good(title, check, supervised(*over(), inherited=inherited), replaced(*over(), inherited=inherited))


def but(title: str, check: Check, codes: str, says: str, bare: Inherited = INHERITED, **changes: object) -> Example:
    """The command starts with the same as the bare one, but for these."""
    changed = msgspec.structs.replace(bare, **changes)
    return bad(title, check, supervised(*over(), inherited=changed), replaced(inherited=bare), codes, says)


def none_at_all(check: Check) -> Example:
    return bad(
        "no command", check, NO_COMMAND, replaced(), "timed-out wait=ready process=command", "the command starts"
    )


def in_session(sid: int, pgid: int, foreground: int = LAUNCHER) -> History:
    """The command is in this session and group, and that group is in the foreground."""
    mine = settings(sid=sid, pgid=pgid, terminal=msgspec.structs.replace(TERMINAL, foreground=foreground))
    rows = process("launcher"), process("command", sid=sid, pgid=pgid)
    return history(started(), greeted(mine), looked("start", *rows), *over(), looked("end"))


JOB = replaced(*over(), terminal=True)
ALL = dict.fromkeys(compared_attributes(), "0")
WITH_ALL = settings(attributes=ALL)
IGNORED, BLOCKED = settings(ignored=(1,)), settings(blocked=(10, 15))
CHLD_IGNORED = settings(ignored=(signal.SIGCHLD,))
declaring = partial(checks.environment, adds=("UV_*", "VIRTUAL_ENV"), changes=("PATH",))

EXAMPLES: tuple[Example, ...] = (
    good("ends alike", checks.settings_change_nothing, supervised(*over(7)), replaced(*over(7))),
    bad(
        "another status",
        checks.settings_change_nothing,
        supervised(*over(0)),
        replaced(*over(7)),
        "wrong-status status=7 end=0",
        "exit code 0",
    ),
    bad(
        "waits for ever",
        checks.settings_change_nothing,
        supervised(ended("command"), missed()),
        replaced(*over(7)),
        "timed-out wait=ends process=launcher",
        "launcher ends",
    ),
    as_alone("as usual", checks.signal_settings),
    as_alone("nohup", checks.signal_settings, IGNORED),
    as_alone("some blocked", checks.signal_settings, BLOCKED),
    but(
        "SIGPIPE left ignored",
        checks.signal_settings,
        "signals-ignored signals=SIGPIPE",
        "SIGPIPE not ignored",
        ignored=(signal.SIGPIPE,),
    ),
    but(
        "nohup undone",
        checks.signal_settings,
        "signals-not-ignored signals=SIGHUP",
        "SIGHUP ignored, as at the start",
        IGNORED,
        ignored=(),
    ),
    but(
        "left blocked",
        checks.signal_settings,
        "signals-blocked signals=SIGCHLD",
        "SIGCHLD not blocked",
        blocked=(signal.SIGCHLD,),
    ),
    but(
        "unblocked",
        checks.signal_settings,
        "signals-not-blocked signals=SIGUSR1, SIGTERM",
        "SIGUSR1, SIGTERM blocked",
        BLOCKED,
        blocked=(),
    ),
    but(
        "SIGCHLD ignored though it was not",
        checks.signal_settings,
        "signals-ignored signals=SIGCHLD",
        "SIGCHLD not ignored",
        ignored=(signal.SIGCHLD,),
    ),
    good(
        "an ignored SIGCHLD undone, which is another requirement's",
        checks.signal_settings,
        supervised(*over(), inherited=settings()),
        replaced(*over(), inherited=CHLD_IGNORED),
    ),
    none_at_all(checks.signal_settings),
    as_alone("SIGCHLD as usual", checks.ignored_sigchld),
    as_alone("SIGCHLD ignored", checks.ignored_sigchld, CHLD_IGNORED),
    but(
        "an ignored SIGCHLD undone",
        checks.ignored_sigchld,
        "signals-not-ignored signals=SIGCHLD",
        "SIGCHLD ignored, as at the start",
        CHLD_IGNORED,
        ignored=(),
    ),
    none_at_all(checks.ignored_sigchld),
    as_alone("three", checks.descriptors),
    as_alone("one that the caller left open", checks.descriptors, settings(fds=(*STDIO, Descriptor(7, 1, 1)))),
    but("a leak", checks.descriptors, "descriptors-leaked", "open: 5", fds=(*STDIO, Descriptor(5, 1, 1))),
    but(
        "made nonblocking",
        checks.descriptors,
        "descriptor-nonblocking fd=0",
        "O_NONBLOCK differs",
        fds=(msgspec.structs.replace(STDIO[0], flags=os.O_NONBLOCK), *STDIO[1:]),
    ),
    but(
        "made to append",
        checks.descriptors,
        "descriptor-flags-changed fd=1 flags=O_APPEND",
        "O_APPEND",
        fds=(STDIO[0], msgspec.structs.replace(STDIO[1], flags=os.O_APPEND), STDIO[2]),
    ),
    but(
        "told by a signal",
        checks.descriptors,
        "descriptor-signals fd=0",
        "by a signal",
        fds=(msgspec.structs.replace(STDIO[0], owner=LAUNCHER), *STDIO[1:]),
    ),
    but(
        "told by another signal",
        checks.descriptors,
        "descriptor-signals fd=2",
        "by a signal",
        fds=(*STDIO[:2], msgspec.structs.replace(STDIO[2], signal=10)),
    ),
    but("closed", checks.descriptors, "descriptor-closed fd=0", "descriptor 0 is open", fds=STDIO[1:]),
    but(
        "another file",
        checks.descriptors,
        "descriptor-replaced fd=0",
        "descriptor 0 is the caller's",
        fds=(OTHER_FILE, *STDIO[1:]),
    ),
    but(
        "stderr is stdout",
        checks.descriptors,
        "descriptor-replaced fd=2",
        "descriptor 2",
        fds=(*STDIO[:2], msgspec.structs.replace(STDIO[1], fd=2)),
    ),
    none_at_all(checks.descriptors),
    as_alone("two", checks.arguments),
    as_alone("none", checks.arguments, settings(args=())),
    but(
        "the empty one is dropped", checks.arguments, "argument-count required=2 actual=1", "2 arguments", args=(b"a",)
    ),
    but("changed", checks.arguments, "argument-changed position=1", "argument 1 is 'a'", args=(b"b", b"")),
    but("one more", checks.arguments, "argument-count required=2 actual=3", "actual: 3", args=(b"a", b"", b"c")),
    but(
        "cut",
        checks.arguments,
        "argument-changed position=1",
        "(131000 in all)",
        settings(args=(b"x" * 131_000,)),
        args=(b"x" * 4096,),
    ),
    but(
        "not bytes",
        checks.arguments,
        "argument-changed position=1",
        r"'\xff'",
        settings(args=(b"\xff",)),
        args=("\ufffd".encode(),),
    ),
    none_at_all(checks.arguments),
    as_alone("the same", checks.surroundings),
    but("umask", checks.surroundings, "umask-changed required=0022 actual=0077", "umask", umask=0o077),
    but("nice", checks.surroundings, "nice-changed required=0 actual=5", "nice", nice=5),
    but(
        "a limit",
        checks.surroundings,
        "limits-changed",
        "RLIMIT_NOFILE 1024 (hard 4096)",
        limits=((7, 4096, 4096),),
    ),
    but("groups", checks.surroundings, "groups-changed", "groups", groups=()),
    but("user", checks.surroundings, "uid-changed", "user ID", uid=0),
    but("group", checks.surroundings, "gid-changed", "group ID", gid=0),
    but("directory", checks.surroundings, "directory-changed", "working directory", cwd=b"/\xff"),
    *(
        but(
            f"attribute {name}",
            checks.surroundings,
            f"attribute-changed attribute={name}",
            f"{name} is 0",
            WITH_ALL,
            attributes={**ALL, name: "1"},
        )
        for name in sorted(ALL.keys() - {"parent-death-signal"})
    ),
    good(
        "a command that is to end with its launcher",
        checks.surroundings,
        supervised(*over(), inherited=settings(attributes={"parent-death-signal": "15"})),
        replaced(*over(), inherited=settings(attributes={"parent-death-signal": "0"})),
    ),
    bad(
        "one that is to end with the launcher's parent",
        checks.surroundings,
        replaced(*over(), inherited=settings(attributes={"parent-death-signal": "15"})),
        replaced(*over(), inherited=settings(attributes={"parent-death-signal": "0"})),
        "attribute-changed attribute=parent-death-signal",
        "parent-death-signal is 0",
    ),
    good(
        "what only one of the two could read",
        checks.surroundings,
        supervised(*over(), inherited=settings(attributes={"oom-score": "0"})),
        replaced(*over(), inherited=settings(attributes={"login-user": "0"})),
    ),
    but(
        "what follows from another user is not told as well",
        checks.surroundings,
        "uid-changed",
        "user ID",
        WITH_ALL,
        uid=0,
        attributes={**ALL, "user-ids": "0", "capabilities-effective": "1"},
    ),
    but(
        "and from another group",
        checks.surroundings,
        "gid-changed",
        "group ID",
        WITH_ALL,
        gid=0,
        attributes={**ALL, "group-ids": "0 0 0 0"},
    ),
    none_at_all(checks.surroundings),
    as_alone("unchanged", checks.environment),
    as_alone("odd names and bytes", checks.environment, settings(environ=(b"a.b=\xff", b"E=", b"=odd", b"L=a\nb"))),
    but(
        "in another order",
        partial(checks.environment, adds=("X",)),
        "variables-added names=B",
        "B",
        environ=(b"EMPTY=", b"A=1", b"PATH=/bin", b"B=2"),
    ),
    but("dropped", checks.environment, "variable-lost name=A", "A is passed on", environ=(b"EMPTY=", b"PATH=/bin")),
    but("changed", checks.environment, "variable-changed name=A", "A=1", environ=(b"A=2", b"EMPTY=", b"PATH=/bin")),
    but("added", checks.environment, "variables-added names=_", "_", environ=(*INHERITED.environ, b"_=/bin/x")),
    but(
        "empty is not unset",
        checks.environment,
        "variable-lost name=EMPTY",
        "EMPTY is passed on",
        environ=(b"A=1", b"PATH=/bin"),
    ),
    good(
        "declared",
        declaring,
        supervised(inherited=settings(environ=(b"A=1", b"EMPTY=", b"PATH=/v/bin:/bin", b"UV_X=1", b"VIRTUAL_ENV=/v"))),
        replaced(),
    ),
    but(
        "declared to be added, not to be changed",
        partial(checks.environment, adds=("A",)),
        "variable-changed name=A",
        "A=1",
        environ=(b"A=2", b"EMPTY=", b"PATH=/bin"),
    ),
    none_at_all(checks.environment),
    good("the launcher's group", checks.session_and_group, in_session(LAUNCHER, LAUNCHER), JOB),
    good("a foreground group of its own", checks.session_and_group, in_session(LAUNCHER, COMMAND, COMMAND), JOB),
    good("is the command", checks.session_and_group, JOB, JOB),
    good(
        "no terminal",
        checks.session_and_group,
        supervised(*over(), inherited=settings(pgid=COMMAND)),
        replaced(*over()),
    ),
    bad(
        "a session of its own",
        checks.session_and_group,
        in_session(COMMAND, COMMAND, COMMAND),
        JOB,
        "other-session",
        "session 11",
    ),
    bad(
        "a background group of its own",
        checks.session_and_group,
        in_session(LAUNCHER, COMMAND),
        JOB,
        "not-foreground",
        "another group is in the foreground",
    ),
    none_at_all(checks.session_and_group),
)


@pytest.mark.parametrize("example", EXAMPLES, ids=titles(EXAMPLES))
def test_inherit(example: Example) -> None:
    verify(example)
