"""Literal histories for those checks of the chapter STDIO that are about what goes through pipes."""

from __future__ import annotations

import errno
import signal

import msgspec

from proctor.conformance.checks import stdio as checks
from proctor.harness.history import Answered, Descriptor, History, Output, Outputs, PipeClosed, RestRead
from tests.unit.histories import (
    INHERITED,
    Example,
    bad,
    beside,
    ended,
    good,
    looked,
    missed,
    over,
    process,
    replaced,
    supervised,
    unseen,
)

EOF = Answered("command", "read", 0, 0)
FOUR = Answered("command", "read", 4, 77)
MUCH = 1 << 20
WROTE = Answered("command", "write", MUCH, 99)
REFUSED = Answered("command", "write", 4096, 5, errno.EPIPE)
OF_SIGPIPE = over(None, signal.SIGPIPE)
OTHER_STDIN = msgspec.structs.replace(INHERITED, fds=(Descriptor(0, dev=7, ino=8), *INHERITED.fds[1:]))
LEFT = RestRead(b"two\n", 4)


def whole(*facts: Output | Outputs) -> History:
    return supervised(Outputs("stdout", 6, 1), WROTE, *over(), *facts)


OF_PIPES: tuple[Example, ...] = (
    good("end of file", checks.end_of_file_arrives, supervised(EOF, *over()), replaced(EOF, *over())),
    bad(
        "it never comes",
        checks.end_of_file_arrives,
        supervised(missed("command does read 1")),
        replaced(EOF, *over()),
        "timed-out wait=order-done process=command order=read 1",
        "read 1",
    ),
    bad(
        "what was written before it does not come",
        checks.end_of_file_arrives,
        supervised(EOF, *over()),
        replaced(FOUR, *over()),
        "bytes-changed order=read",
        "0 bytes",
    ),
    good("it ends", checks.ends_with_open_stdin, supervised(*over())),
    bad(
        "it waits for more input",
        checks.ends_with_open_stdin,
        supervised(over()[0], missed("launcher ends")),
        replaced(*over()),
        "timed-out wait=ends process=launcher",
        "the launcher ends",
    ),
    good(
        "all of it",
        checks.output_arrives_whole,
        whole(Outputs("stdout", MUCH, 99)),
        replaced(WROTE, *over(), Outputs("stdout", MUCH, 99)),
    ),
    bad(
        "what a pipe holds",
        checks.output_arrives_whole,
        whole(Outputs("stdout", 65536, 3)),
        replaced(WROTE, *over(), Outputs("stdout", MUCH, 99)),
        "pipe-output-changed",
        "65536 bytes",
    ),
    bad(
        "other bytes",
        checks.output_arrives_whole,
        whole(Outputs("stdout", MUCH, 98)),
        replaced(WROTE, *over(), Outputs("stdout", MUCH, 99)),
        "pipe-output-changed",
        "with checksum 00000062",
    ),
    bad(
        "nothing, and something on stderr",
        checks.output_arrives_whole,
        supervised(WROTE, *over(), Outputs("stderr", MUCH, 99)),
        replaced(WROTE, *over(), Outputs("stdout", MUCH, 99)),
        "pipe-output-changed",
        "0 bytes",
    ),
    good("both die of SIGPIPE", checks.no_reader, supervised(*OF_SIGPIPE), replaced(ended("launcher", signal=13))),
    good("a shell sees the same", checks.no_reader, supervised(*over(141)), replaced(ended("launcher", signal=13))),
    bad(
        "success",
        checks.no_reader,
        supervised(*over(0)),
        replaced(ended("launcher", signal=13)),
        "wrong-status status=141 end=0",
        "status 0",
    ),
    bad(
        "a message",
        checks.no_reader,
        supervised(Output("stderr", b"write EPIPE\n"), *OF_SIGPIPE),
        replaced(ended("launcher", signal=13)),
        "own-bytes-on-stderr",
        "write EPIPE",
    ),
    good(
        "a message before the reader has gone",
        checks.no_reader,
        supervised(Output("stderr", b"> command\n"), PipeClosed("stdout"), *OF_SIGPIPE),
        replaced(PipeClosed("stdout"), ended("launcher", signal=13)),
    ),
    bad(
        "and one after it",
        checks.no_reader,
        supervised(
            Output("stderr", b"> command\n"), PipeClosed("stdout"), *OF_SIGPIPE, Output("stderr", b"died of SIGPIPE\n")
        ),
        replaced(PipeClosed("stdout"), ended("launcher", signal=13)),
        "own-bytes-on-stderr",
        "it writes 'died of SIGPIPE'",
    ),
    good(
        "a message of the command",
        checks.no_reader,
        supervised(Output("stderr", b"full\n"), REFUSED, *over(3)),
        replaced(Output("stderr", b"full\n"), REFUSED, ended("launcher", 3)),
    ),
    bad(
        "the write of the command succeeds without a reader",
        checks.no_reader,
        supervised(WROTE, *over(3)),
        replaced(REFUSED, ended("launcher", 3)),
        "broken-pipe-hidden",
        "the write succeeds",
    ),
    good("the rest is left", checks.rest_is_left, supervised(*over(), LEFT), replaced(*over(), LEFT)),
    bad(
        "the launcher has read it",
        checks.rest_is_left,
        supervised(*over(), RestRead(b"", 0)),
        replaced(*over(), LEFT),
        "stdin-taken",
        "0 are left",
    ),
    bad(
        "the launcher has read what the command reads",
        checks.rest_is_left,
        supervised(missed("command answers read")),
        replaced(*over(), LEFT),
        "timed-out wait=answer process=command order=read",
        "the command answers read",
    ),
    unseen(
        "SIGTERM ended the launcher alone",
        checks.rest_is_left,
        supervised(ended("launcher", signal=15), missed("command ends")),
        replaced(*over(), LEFT),
        "did not get that far",
    ),
    beside(
        "the command has another stdin",
        checks.rest_is_left,
        supervised(*over(), RestRead(b"", 0), inherited=OTHER_STDIN),
        replaced(*over(), LEFT),
        "does not inherit",
    ),
    good("nothing is left", checks.nothing_outlives_the_host, supervised(*over()), replaced(*over())),
    bad(
        "the command is not told to end",
        checks.nothing_outlives_the_host,
        supervised(ended("launcher", signal=15), missed("command ends")),
        replaced(*over()),
        "timed-out wait=ends process=command",
        "the command ends",
    ),
    bad(
        "a helper",
        checks.nothing_outlives_the_host,
        supervised(*over(), end=looked("end", process("helper"))),
        replaced(*over()),
        "process-left process=helper",
        "helper",
    ),
)
