"""Chapter TTY: its checks on literal histories."""

from __future__ import annotations

import os
import signal

import msgspec
import pytest

from proctor.conformance.checks import terminal as checks
from proctor.harness import orders
from proctor.harness.history import (
    Answered,
    Fact,
    Held,
    History,
    HungUp,
    Ordered,
    Output,
    Outputs,
    Pressed,
    Released,
    Resized,
)
from proctor.harness.scenario import Scenario, Stage
from tests.unit.histories import (
    COMMAND,
    LAUNCHER,
    TERMINAL,
    Example,
    bad,
    by_key,
    ended,
    good,
    greeted,
    history,
    looked,
    missed,
    not_started,
    over,
    process,
    received,
    replaced,
    sent,
    settings,
    started,
    supervised,
    titles,
    unseen,
    verify,
)

INT, QUIT, HUP, WINCH = signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGWINCH
RESIZE = Resized(50, 132)
KEY, BACKSLASH = Pressed("ctrl-c"), Pressed("ctrl-\\")
TWICE = (by_key(INT), received(INT))
ONE_INT = replaced(KEY, by_key(INT), *over(), terminal=True)
TWO_INTS = replaced(KEY, by_key(INT), KEY, by_key(INT), *over(), terminal=True)
ONE_QUIT = replaced(BACKSLASH, by_key(QUIT), *over(), terminal=True)
ONE_HUP = replaced(HungUp(), by_key(HUP), terminal=True)
ONE_WINCH = replaced(Resized(50, 132), by_key(WINCH), *over(), terminal=True)
NEVER_STARTED = history(started(), not_started(), looked("end"))
NO_COMMAND = history(started(), missed("command starts"), looked("end", process("launcher")))
PLAIN = replaced(*over(), terminal=True)
ALIVE = looked("end", process("launcher"), process("command"), process("leader"))


def seen_as(**changes: object) -> Fact:
    """The command's greeting, with a terminal that is not as it was."""
    terminal = msgspec.structs.replace(TERMINAL, **changes)
    return greeted(settings(terminal=terminal))


def view(**changes: object) -> tuple[Fact, ...]:
    return started(), seen_as(**changes), looked("start", process("launcher"), process("command"))


def read(count: int, crc: int, error: int = 0) -> Answered:
    return Answered("command", "read", count, crc, error)


def written(count: int, crc: int, *carried: tuple[int, int]) -> tuple[Fact, ...]:
    """The command wrote this, and the terminal carried that before and after the answer."""
    before, *after = (Outputs("terminal", *one) for one in carried)
    return before, Ordered("command", orders.Write(count, 7)), Answered("command", "write", count, crc), *after, *over()


HIDE, SHOW, PASTE = b"\x1b[?25l", b"\x1b[?25h", b"\x1b[?2004h"
TOLD = Ordered("command", orders.Exit(0))
LEFT_ALONE = replaced(TOLD, *over())


def draws(*pieces: bytes) -> tuple[Fact, ...]:
    """Return what is read from the terminal."""
    return tuple(Output("terminal", data) for data in pieces)


def drawn(*pieces: bytes) -> History:
    """Return the history of a launcher that writes this to the terminal."""
    return supervised(*draws(*pieces), *over(), terminal=True)


def killed(written: bytes = b"", *facts: Fact, **changes: object) -> History:
    """Return the history of a launcher that writes this and is killed, with this last look."""
    end = looked("end", **changes)
    kill = sent(signal.SIGKILL), ended("launcher", None, signal.SIGKILL)
    return supervised(*draws(written), *kill, *facts, terminal=True, end=end)


def below_shell(history: History) -> History:
    return msgspec.structs.replace(history, scenario=Scenario((), Stage(terminal=True, parent="bash")))


HELD, GO_ON = Held((LAUNCHER,)), Released((LAUNCHER,))
LINE = replaced(read(7, 0xABC), *over(), terminal=True)
MIB = replaced(*written(1 << 20, 5, (3, 1), (1 << 20, 5)), terminal=True)

EXAMPLES: tuple[Example, ...] = (
    good(
        "a resize comes",
        checks.resize_arrives,
        supervised(RESIZE, by_key(WINCH), *over(), terminal=True),
        ONE_WINCH,
    ),
    bad(
        "a resize does not",
        checks.resize_arrives,
        supervised(RESIZE, *over(), terminal=True),
        ONE_WINCH,
        "not-delivered signal=SIGWINCH",
        "not received",
    ),
    bad(
        "a resize ends it",
        checks.resize_arrives,
        supervised(RESIZE, by_key(WINCH), ended("launcher", 1), terminal=True),
        ONE_WINCH,
        "ended-before-command end=1",
        "stays",
    ),
    good("after fg as before", checks.key_after_fg, supervised(KEY, by_key(INT), *over(), terminal=True), ONE_INT),
    bad(
        "after fg twice",
        checks.key_after_fg,
        supervised(KEY, by_key(INT), received(INT), *over(), terminal=True),
        ONE_INT,
        "delivered-twice signal=SIGINT",
        "received twice, from kernel, launcher",
    ),
    good(
        "twice before as well",
        checks.key_after_fg,
        supervised(KEY, *TWICE, Pressed("ctrl-z"), KEY, *TWICE, *over(), terminal=True),
        replaced(KEY, by_key(INT), Pressed("ctrl-z"), KEY, by_key(INT), *over(), terminal=True),
    ),
    bad(
        "no fg",
        checks.key_after_fg,
        supervised(missed("command stops"), terminal=True),
        ONE_INT,
        "timed-out wait=stopped process=command",
        "command stops",
    ),
    good("once", checks.key_arrives_once, supervised(KEY, by_key(INT), *over(), terminal=True), ONE_INT),
    good(
        "two are two",
        checks.key_arrives_once,
        supervised(KEY, by_key(INT), KEY, by_key(INT), *over(), terminal=True),
        TWO_INTS,
    ),
    good(
        "forwarded to a group of its own",
        checks.key_arrives_once,
        supervised(KEY, received(INT), *over(), terminal=True),
        ONE_INT,
    ),
    bad(
        "passed on as well",
        checks.key_arrives_once,
        supervised(KEY, by_key(INT), received(INT), *over(), terminal=True),
        ONE_INT,
        "delivered-twice signal=SIGINT",
        "from kernel, launcher",
    ),
    bad(
        "swallowed",
        checks.key_arrives_once,
        supervised(KEY, missed("command receives SIGINT")),
        ONE_INT,
        "not-delivered signal=SIGINT",
        "not received",
    ),
    bad(
        "ends first",
        checks.key_arrives_once,
        supervised(KEY, ended("launcher", signal=INT), by_key(INT), terminal=True),
        ONE_INT,
        "ended-before-command end=SIGINT",
        "the launcher ended by SIGINT",
    ),
    bad(
        "quit as well",
        checks.key_arrives_once,
        supervised(KEY, by_key(INT), received(QUIT), *over(), terminal=True),
        ONE_INT,
        "unexpected-signal signal=SIGQUIT",
        "received once, from launcher",
    ),
    bad(
        "quit twice",
        checks.key_arrives_once,
        supervised(BACKSLASH, by_key(QUIT), received(QUIT), *over(), terminal=True),
        ONE_QUIT,
        "delivered-twice signal=SIGQUIT",
        "received twice, from kernel, launcher",
    ),
    bad(
        "the second is lost",
        checks.key_arrives_once,
        supervised(KEY, by_key(INT), KEY, missed("command receives SIGINT")),
        TWO_INTS,
        "delivered-too-rarely signal=SIGINT",
        "received once, from kernel",
    ),
    good("arrives", checks.key_arrives, supervised(KEY, by_key(INT), *over(), terminal=True), ONE_INT),
    good(
        "a second one is not its matter",
        checks.key_arrives,
        supervised(KEY, by_key(INT), received(INT), *over(), terminal=True),
        ONE_INT,
    ),
    bad(
        "does not arrive",
        checks.key_arrives,
        supervised(KEY, missed("command receives SIGINT")),
        ONE_INT,
        "not-delivered signal=SIGINT",
        "not received",
    ),
    good("all steps went", checks.job_control, supervised(*over(), terminal=True)),
    *(
        unseen(
            f"a key ends the launcher, and its command with it: {first} first, after {order}",
            checks.job_control,
            supervised(
                Ordered("command", order),
                Pressed("ctrl-c"),
                by_key(INT),
                *(ended(role, None) for role in (first, "launcher" if first == "command" else "command")),
                missed("command does look"),
                terminal=True,
            ),
            PLAIN,
            "ctrl-c ended the launcher itself while the command ran: see TTY-1",
        )
        for first in ("command", "launcher")
        for order in (orders.Catch(), orders.Inherit(int(signal.SIGTSTP)), orders.Default(int(signal.SIGCONT)))
    ),
    bad(
        "no prompt",
        checks.job_control,
        supervised(missed("terminal shows <prompt>")),
        PLAIN,
        "timed-out wait=output text=<prompt>",
        "<prompt>",
    ),
    unseen(
        "the hang-up ends the launcher, and its command with it",
        checks.hang_up_arrives,
        supervised(
            HungUp(),
            ended("launcher", signal=HUP),
            ended("command", None, signal.SIGKILL),
            missed("command does look"),
            terminal=True,
        ),
        ONE_HUP,
        "the signal ended the launcher, and the command with it",
    ),
    good("hung up", checks.hang_up_arrives, supervised(HungUp(), by_key(HUP), terminal=True), ONE_HUP),
    good("passed on", checks.hang_up_arrives, supervised(HungUp(), received(HUP), terminal=True), ONE_HUP),
    good(
        "twice is TTY-5's matter",
        checks.hang_up_arrives,
        supervised(HungUp(), by_key(HUP), received(HUP), terminal=True),
        ONE_HUP,
    ),
    bad(
        "unheard",
        checks.hang_up_arrives,
        supervised(HungUp(), terminal=True),
        ONE_HUP,
        "not-delivered signal=SIGHUP",
        "not received",
    ),
    bad(
        "only one before it",
        checks.hang_up_arrives,
        supervised(by_key(HUP), HungUp(), terminal=True),
        ONE_HUP,
        "not-delivered signal=SIGHUP",
        "not received",
    ),
    bad(
        "waited for in vain",
        checks.hang_up_arrives,
        supervised(HungUp(), missed("command receives SIGHUP")),
        ONE_HUP,
        "timed-out wait=received process=command signal=SIGHUP",
        "SIGHUP",
    ),
    good(
        "nobody is left",
        checks.hang_up_ends_all,
        supervised(HungUp(), *over(signal=HUP), terminal=True, end=looked("end", process("leader"))),
        PLAIN,
    ),
    good(
        "dead but not reaped",
        checks.hang_up_ends_all,
        supervised(HungUp(), *over(signal=HUP), end=looked("end", process("launcher", "Z"))),
        PLAIN,
    ),
    bad(
        "both live on",
        checks.hang_up_ends_all,
        supervised(HungUp(), end=ALIVE),
        PLAIN,
        "survives-hang-up",
        "launcher (pid 10, state S), command",
    ),
    bad(
        "stopped is alive",
        checks.hang_up_ends_all,
        supervised(HungUp(), end=looked("end", process("command", "T"))),
        PLAIN,
        "survives-hang-up",
        "state T",
    ),
    bad(
        "a helper",
        checks.hang_up_ends_all,
        supervised(HungUp(), *over(), end=looked("end", process("", name="relay"))),
        PLAIN,
        "survives-hang-up",
        "'relay' (pid 20, state S)",
    ),
    unseen("never hung up", checks.hang_up_ends_all, NO_COMMAND, PLAIN, "the command starts"),
    good("one resize", checks.as_often_as_bare, supervised(RESIZE, by_key(WINCH), *over()), ONE_WINCH),
    bad(
        "resized twice",
        checks.as_often_as_bare,
        supervised(RESIZE, by_key(WINCH), received(WINCH), *over()),
        ONE_WINCH,
        "delivered-twice signal=SIGWINCH",
        "received twice, from kernel, launcher",
    ),
    bad(
        "not resized",
        checks.as_often_as_bare,
        supervised(RESIZE, *over()),
        ONE_WINCH,
        "not-delivered signal=SIGWINCH",
        "not received",
    ),
    bad(
        "hung up twice",
        checks.as_often_as_bare,
        supervised(HungUp(), by_key(HUP), received(HUP)),
        ONE_HUP,
        "delivered-twice signal=SIGHUP",
        "received twice, from kernel, launcher",
    ),
    bad(
        "no command",
        checks.as_often_as_bare,
        NO_COMMAND,
        replaced(Resized(1, 1)),
        "timed-out wait=ready process=command",
        "the command starts",
    ),
    good("the same terminal", checks.terminal_is_the_same, supervised(*over(), terminal=True), PLAIN),
    good(
        "a foreground group of its own",
        checks.terminal_is_the_same,
        history(
            started(),
            greeted(settings(pgid=COMMAND, terminal=msgspec.structs.replace(TERMINAL, foreground=COMMAND))),
        ),
        PLAIN,
    ),
    good("no terminal for the bare command either", checks.terminal_is_the_same, supervised(), replaced()),
    bad(
        "a pipe",
        checks.terminal_is_the_same,
        history(*view(isatty=(True, False, True))),
        PLAIN,
        "terminal-differs what=isatty",
        "descriptors 0, 2",
    ),
    bad(
        "no /dev/tty",
        checks.terminal_is_the_same,
        history(*view(dev_tty=6)),
        PLAIN,
        "terminal-differs what=dev_tty",
        "/dev/tty: cannot be opened (ENXIO)",
    ),
    bad(
        "another size", checks.terminal_is_the_same, history(*view(rows=25)), PLAIN, "terminal-differs what=rows", "25"
    ),
    bad(
        "raw",
        checks.terminal_is_the_same,
        history(*view(modes=(0, 0, 191, 0))),
        PLAIN,
        "terminal-differs what=modes",
        "modes",
    ),
    bad(
        "Ctrl-C is no key",
        checks.terminal_is_the_same,
        history(*view(characters="00")),
        PLAIN,
        "terminal-differs what=characters",
        "00",
    ),
    bad(
        "in the background",
        checks.terminal_is_the_same,
        history(*view(foreground=9)),
        PLAIN,
        "in-background",
        "foreground",
    ),
    bad(
        "no line came",
        checks.terminal_is_the_same,
        supervised(missed("command answers read-line"), terminal=True),
        PLAIN,
        "timed-out wait=answer process=command order=read-line",
        "read-line",
    ),
    bad(
        "the launcher dies of the key while it is held",
        checks.key_arrives_once,
        supervised(HELD, KEY, by_key(INT), GO_ON, ended("launcher", None, INT), missed("command ends"), terminal=True),
        ONE_INT,
        "ended-before-command end=SIGINT",
        "SIGINT",
    ),
    unseen(
        "the launcher dies of the key, after fg too",
        checks.key_after_fg,
        supervised(HELD, KEY, by_key(INT), GO_ON, ended("launcher", None, INT), missed("command ends"), terminal=True),
        ONE_INT,
        "ctrl-c ended the launcher itself while the command ran: see TTY-1",
    ),
    good(
        "the launcher dies of the hang-up",
        checks.as_often_as_bare,
        supervised(HELD, HungUp(), by_key(HUP), GO_ON, ended("launcher", None, HUP), terminal=True),
        ONE_HUP,
    ),
    bad(
        "the launcher dies of the hang-up, and the kernel tells its session",
        checks.as_often_as_bare,
        supervised(HELD, HungUp(), by_key(HUP), GO_ON, ended("launcher", None, HUP), by_key(HUP), terminal=True),
        ONE_HUP,
        "delivered-twice signal=SIGHUP",
        "twice",
    ),
    unseen(
        "the launcher ends of the key below a shell",
        checks.key_after_fg,
        supervised(HELD, KEY, by_key(INT), GO_ON, ended("launcher", None, None), missed("command ends"), terminal=True),
        ONE_INT,
        "ctrl-c ended the launcher itself while the command ran: see TTY-1",
    ),
    unseen(
        "the launcher ends when it goes on, for another reason",
        checks.as_often_as_bare,
        supervised(HELD, RESIZE, by_key(WINCH), GO_ON, ended("launcher", 1), missed("command ends"), terminal=True),
        ONE_WINCH,
        "after it was held still",
    ),
    good("as it was", checks.terminal_is_restored, supervised(*over(), terminal=True), PLAIN),
    good(
        "as the command left it",
        checks.terminal_is_restored,
        supervised(*over(), end=looked("end", modes=(1, 2, 3, 4))),
        replaced(*over(), end=looked("end", modes=(1, 2, 3, 4))),
    ),
    good(
        "as it was found, though the command left it otherwise",
        checks.terminal_is_restored,
        supervised(*over(), terminal=True, end=looked("end", modes=TERMINAL.modes, characters=TERMINAL.characters)),
        replaced(*over(), terminal=True, end=looked("end", modes=(0, 0, 191, 0))),
    ),
    bad(
        "left raw by a launcher that died of a signal",
        checks.terminal_is_restored,
        supervised(
            sent(signal.SIGTERM),
            ended("launcher", None, signal.SIGTERM),
            missed("command ends"),
            terminal=True,
            end=looked("end", process("command"), modes=(0, 0, 191, 0)),
        ),
        PLAIN,
        "terminal-not-restored what=modes",
        "echo off",
    ),
    good(
        "a launcher that died leaves the foreground to its command",
        checks.terminal_is_restored,
        supervised(
            sent(signal.SIGTERM),
            ended("launcher", None, signal.SIGTERM),
            missed("command ends"),
            terminal=True,
            end=looked("end", process("command"), foreground=COMMAND),
        ),
        PLAIN,
    ),
    unseen(
        "a command that has made it raw outlives the launcher",
        checks.terminal_is_restored,
        supervised(
            Answered("command", "raw"),
            ended("launcher", None, signal.SIGTERM),
            missed("command ends"),
            terminal=True,
            end=looked("end", process("command"), modes=(0, 0, 191, 0)),
        ),
        PLAIN,
        "see TREE-1",
    ),
    bad(
        "left raw",
        checks.terminal_is_restored,
        supervised(*over(), end=looked("end", modes=(0, 0, 191, 0))),
        PLAIN,
        "terminal-not-restored what=modes",
        "echo off, canonical mode off",
    ),
    bad(
        "keys left disabled",
        checks.terminal_is_restored,
        supervised(*over(), end=looked("end", characters="00")),
        PLAIN,
        "terminal-not-restored what=characters",
        "00",
    ),
    bad(
        "another size is left",
        checks.terminal_is_restored,
        supervised(*over(), end=looked("end", rows=50)),
        PLAIN,
        "terminal-not-restored what=window size",
        "24x80",
    ),
    bad(
        "the foreground is left to a group that has gone",
        checks.terminal_is_restored,
        supervised(*over(), end=looked("end", foreground=COMMAND)),
        PLAIN,
        "foreground-not-restored",
        "process group 11",
    ),
    bad(
        "left in non-blocking mode",
        checks.terminal_is_restored,
        supervised(*over(), terminal=True, end=looked("end", flags=os.O_RDWR | os.O_NONBLOCK)),
        replaced(*over(), terminal=True, end=looked("end", flags=os.O_RDWR)),
        "terminal-not-restored what=status flags",
        "O_NONBLOCK on",
    ),
    bad(
        "in non-blocking mode after a launcher that died, while its command lives on",
        checks.terminal_is_restored,
        supervised(
            sent(signal.SIGTERM),
            ended("launcher", None, signal.SIGTERM),
            missed("command ends"),
            terminal=True,
            end=looked("end", process("command"), flags=os.O_NONBLOCK),
        ),
        PLAIN,
        "terminal-not-restored what=status flags",
        "O_NONBLOCK off",
    ),
    bad(
        "two flags, of which the command leaves one",
        checks.terminal_is_restored,
        supervised(*over(), terminal=True, end=looked("end", flags=os.O_APPEND | os.O_ASYNC)),
        replaced(*over(), terminal=True, end=looked("end", flags=os.O_APPEND)),
        "terminal-not-restored what=status flags",
        "O_ASYNC on",
    ),
    good(
        "in non-blocking mode, as the command leaves it",
        checks.terminal_is_restored,
        supervised(*over(), terminal=True, end=looked("end", flags=os.O_NONBLOCK)),
        replaced(*over(), terminal=True, end=looked("end", flags=os.O_NONBLOCK)),
    ),
    good(
        "flags that are only of files",
        checks.terminal_is_restored,
        supervised(*over(), terminal=True, end=looked("end", flags=os.O_RDWR | os.O_NOATIME)),
        replaced(*over(), terminal=True, end=looked("end", flags=os.O_RDWR)),
    ),
    unseen(
        "never ends",
        checks.terminal_is_restored,
        supervised(ended("command"), missed()),
        PLAIN,
        "launcher ends",
    ),
    unseen("cannot be started", checks.terminal_is_restored, NEVER_STARTED, PLAIN, "errno 8"),
    good("nothing is drawn", checks.screen_is_left_alone, supervised(TOLD, *over()), LEFT_ALONE),
    good("shown again before", checks.screen_is_left_alone, supervised(*draws(HIDE, SHOW), TOLD, *over()), LEFT_ALONE),
    good("hidden afterwards", checks.screen_is_left_alone, supervised(TOLD, *draws(HIDE), *over()), LEFT_ALONE),
    bad(
        "hidden while the command runs",
        checks.screen_is_left_alone,
        supervised(*draws(HIDE), TOLD, *draws(SHOW), *over()),
        LEFT_ALONE,
        "screen-changed-for-command what=cursor",
        "cursor: hidden",
    ),
    unseen(
        "the command does not start",
        checks.screen_is_left_alone,
        supervised(*draws(HIDE), missed("command starts")),
        LEFT_ALONE,
        "did not get that far",
    ),
    good("the cursor is shown again", checks.screen_is_restored, drawn(HIDE, b"...", SHOW), PLAIN),
    good("in the middle of a sequence", checks.screen_is_restored, drawn(b"\x1b[?2"), PLAIN),
    good("hidden by the command, too", checks.screen_is_restored, drawn(HIDE), replaced(*draws(HIDE), *over())),
    good("on stderr, which is no terminal", checks.screen_is_restored, supervised(Output("stderr", HIDE), *over())),
    bad(
        "the cursor is hidden",
        checks.screen_is_restored,
        drawn(SHOW, HIDE, b"done"),
        PLAIN,
        "screen-not-restored what=cursor",
        "cursor at the end: shown, as without the launcher; actual: hidden",
    ),
    bad(
        "a sequence in two pieces, and two modes in one sequence",
        checks.screen_is_restored,
        drawn(b"\x1b[?104", b"9;2004", b"h", b"\x1b[?2004l"),
        PLAIN,
        "screen-not-restored what=alternate screen",
        "off, as without the launcher",
    ),
    bad(
        "more than the command leaves",
        checks.screen_is_restored,
        drawn(HIDE, b"\x1b[?2004h"),
        replaced(*draws(HIDE), *over()),
        "screen-not-restored what=bracketed paste",
        "bracketed paste at the end: off",
    ),
    bad(
        "by a launcher that died while its command lives on",
        checks.screen_is_restored,
        supervised(
            *draws(HIDE),
            sent(signal.SIGTERM),
            ended("launcher", None, signal.SIGTERM),
            missed("command ends"),
            end=looked("end", process("command")),
        ),
        PLAIN,
        "screen-not-restored what=cursor",
        "hidden",
    ),
    unseen(
        "more output than is kept",
        checks.screen_is_restored,
        supervised(*draws(HIDE), Outputs("terminal", 1 << 20, 0), *over()),
        PLAIN,
        "more output than is kept",
    ),
    unseen(
        "after a hang-up",
        checks.screen_is_restored,
        supervised(*draws(HIDE), HungUp(), *over()),
        PLAIN,
        "after the hang-up",
    ),
    unseen("below a shell", checks.screen_is_restored, below_shell(drawn(PASTE)), below_shell(PLAIN), "a shell"),
    unseen(
        "any bytes of the command",
        checks.screen_is_restored,
        supervised(*draws(HIDE), Answered("command", "write", 7, 0), *over()),
        PLAIN,
        "bytes that may be control sequences",
    ),
    unseen("it runs on", checks.screen_is_restored, supervised(*draws(HIDE)), PLAIN, "the launcher has not ended"),
    unseen("never ends", checks.screen_is_restored, supervised(ended("command"), missed()), PLAIN, "launcher ends"),
    good("killed", checks.terminal_is_restored_after_kill, killed(), PLAIN),
    bad(
        "killed with the cursor hidden and without echo",
        checks.terminal_is_restored_after_kill,
        killed(HIDE, modes=(0, 0, 191, 0)),
        PLAIN,
        "terminal-not-restored what=modes; screen-not-restored what=cursor",
        "echo off",
    ),
    bad(
        "killed without echo, after more output than is kept",
        checks.terminal_is_restored_after_kill,
        killed(b"", Outputs("terminal", 1 << 20, 0), modes=(0, 0, 191, 0)),
        PLAIN,
        "terminal-not-restored what=modes",
        "echo off",
    ),
    unseen(
        "killed after more output than is kept",
        checks.terminal_is_restored_after_kill,
        killed(HIDE, Outputs("terminal", 1 << 20, 0)),
        PLAIN,
        "more output than is kept",
    ),
    good("every byte typed", checks.bytes_arrive, supervised(read(7, 0xABC), *over()), LINE),
    bad(
        "another byte typed",
        checks.bytes_arrive,
        supervised(read(7, 0xABD), *over()),
        LINE,
        "bytes-changed order=read",
        "checksum 00000abd",
    ),
    bad(
        "a byte too few",
        checks.bytes_arrive,
        supervised(read(6, 0xABC), *over()),
        LINE,
        "bytes-changed order=read",
        "7 bytes",
    ),
    bad(
        "end of file",
        checks.bytes_arrive,
        supervised(read(0, 0, 5), *over()),
        LINE,
        "bytes-changed order=read",
        "errno 5",
    ),
    bad(
        "no answer",
        checks.bytes_arrive,
        supervised(missed("command answers read")),
        LINE,
        "timed-out wait=answer process=command order=read",
        "answers read",
    ),
    good("every byte written", checks.bytes_arrive, supervised(*written(1 << 20, 5, (9, 1), (1 << 20, 5))), MIB),
    bad(
        "another byte written",
        checks.bytes_arrive,
        supervised(*written(1 << 20, 5, (9, 1), (1 << 20, 6))),
        MIB,
        "output-changed",
        "1048576 bytes with checksum 00000006",
    ),
    bad(
        "nothing was carried",
        checks.bytes_arrive,
        supervised(*written(1 << 20, 5, (9, 1))),
        MIB,
        "output-changed",
        "0 bytes",
    ),
    bad(
        "less was carried",
        checks.bytes_arrive,
        supervised(*written(1 << 20, 5, (9, 1), (9, 5))),
        MIB,
        "output-changed",
        "9 bytes",
    ),
)


@pytest.mark.parametrize("example", EXAMPLES, ids=titles(EXAMPLES))
def test_terminal(example: Example) -> None:
    verify(example)


def test_signal_by_kill_is_told_from_a_key() -> None:
    assert (by_key(INT).code, sent(INT).to) != (received(INT).code, "group")
