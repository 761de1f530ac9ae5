"""Chapter STDIO: its checks on literal histories."""

from __future__ import annotations

import os
from typing import Literal

import pytest

from proctor.conformance.checks import stdio as checks
from proctor.harness.history import CpuUsed, FlagsChanged, HungUp, Output, PipeClosed, Unobserved
from tests.unit.histories import Example, bad, ended, good, missed, over, replaced, supervised, titles, unseen, verify
from tests.unit.pipe_histories import OF_PIPES


def out(data: bytes, stream: Literal["stdout", "stderr"] = "stdout") -> Output:
    return Output(stream, data)


READY = replaced(out(b"ready\n"), *over())
NONBLOCKING = FlagsChanged(1, 1, 1 | os.O_NONBLOCK, "launcher")
TAKEN_BACK = FlagsChanged(1, 1 | os.O_NONBLOCK, 1, "child1")
EXAMPLES: tuple[Example, ...] = (
    good("only what the command writes", checks.no_bytes_of_its_own, supervised(out(b"ready\n"), *over()), READY),
    good(
        "in two pieces",
        checks.no_bytes_of_its_own,
        supervised(out(b"rea"), out(b"dy\n"), *over()),
        READY,
    ),
    good(
        "messages on stderr",
        checks.no_bytes_of_its_own,
        supervised(out(b"starting\n", "stderr"), out(b"ready\n"), *over()),
        READY,
    ),
    bad(
        "a banner",
        checks.no_bytes_of_its_own,
        supervised(out(b"[a-launcher@1.0]\n"), out(b"ready\n"), *over()),
        READY,
        "own-bytes-on-stdout",
        "the launcher writes '[a-launcher@1.0]'",
    ),
    bad(
        "a line like the command's, once more",
        checks.no_bytes_of_its_own,
        supervised(out(b"ready\nready\n"), *over()),
        READY,
        "own-bytes-on-stdout",
        "ready",
    ),
    bad(
        "no end of line, and the script ended early",
        checks.no_bytes_of_its_own,
        supervised(out(b"failed"), missed("command ends")),
        replaced(*over()),
        "own-bytes-on-stdout",
        "failed",
    ),
    unseen(
        "nothing was written before the script ended early",
        checks.no_bytes_of_its_own,
        supervised(missed("command ends")),
        READY,
        "did not get that far",
    ),
    good("no flag is changed", checks.flags_stay, supervised(*over())),
    bad(
        "for a moment",
        checks.flags_stay,
        supervised(NONBLOCKING, TAKEN_BACK, *over()),
        replaced(*over()),
        "shared-flags-changed fd=1 flag=O_NONBLOCK",
        "launcher has changed O_NONBLOCK",
    ),
    bad(
        "for good, by whom is not known",
        checks.flags_stay,
        supervised(*over(), FlagsChanged(0, 0, os.O_APPEND)),
        replaced(*over()),
        "shared-flags-changed fd=0 flag=O_APPEND",
        "the launcher has changed O_APPEND",
    ),
    bad(
        "two of them, though the script ended early",
        checks.flags_stay,
        supervised(FlagsChanged(2, 1, 1 | os.O_NONBLOCK | os.O_APPEND, "child2"), missed("command starts")),
        replaced(*over()),
        "shared-flags-changed fd=2 flag=O_NONBLOCK; shared-flags-changed fd=2 flag=O_APPEND",
        "child2 has changed",
    ),
    good(
        "the command changes them",
        checks.flags_stay,
        supervised(FlagsChanged(1, 1, 1 | os.O_NONBLOCK, "command"), *over()),
    ),
    unseen(
        "ptrace is refused",
        checks.flags_stay,
        supervised(Unobserved("ptrace-refused"), *over()),
        says="ptrace",
    ),
    good("it rests", checks.rests, supervised(*over())),
    good("it looks now and then", checks.rests, supervised(CpuUsed(0.09, 1.0, ready=False), *over())),
    bad(
        "it polls without a pause",
        checks.rests,
        supervised(CpuUsed(0.2, 0.22, ready=True, program="node"), *over()),
        replaced(*over()),
        "busy after=the start",
        "91 % of a processor (node)",
    ),
    bad(
        "half of a processor, from the hang-up on",
        checks.rests,
        supervised(PipeClosed("stdin"), HungUp(), CpuUsed(0.5, 1.0, ready=False), missed("command takes exit 0")),
        replaced(*over()),
        "busy after=the hang-up",
        "50 %",
    ),
    bad(
        "nobody reads its output",
        checks.rests,
        supervised(PipeClosed("stderr"), CpuUsed(0.1, 1.0, ready=False), *over()),
        replaced(*over()),
        "busy after=the reader of stderr has gone",
        "10 %",
    ),
    unseen(
        "others have all processors",
        checks.rests,
        supervised(CpuUsed(0.5, 10.0, ready=True), *over()),
        says="too busy",
    ),
    good(
        "it has ended",
        checks.rests,
        supervised(HungUp(), ended("launcher", signal=1), missed("command takes exit 0")),
        replaced(*over()),
    ),
    unseen("cut short", checks.rests, supervised(missed("command takes exit 0")), says="did not get that far"),
    unseen(
        "it does not start where it is traced",
        checks.flags_stay,
        supervised(missed("command starts")),
        says="did not get that far",
    ),
    *OF_PIPES,
)


@pytest.mark.parametrize("example", EXAMPLES, ids=titles(EXAMPLES))
def test_stdio(example: Example) -> None:
    verify(example)
