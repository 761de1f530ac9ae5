"""Chapter STDIO: what launcher and command share with their caller."""

from __future__ import annotations

import signal

import pytest

from proctor.conformance.checks import stdio as checks
from proctor.conformance.scenarios.signals import finish
from proctor.conformance.suite.case import Case
from proctor.conformance.suite.marks import requirement
from proctor.harness import orders
from proctor.harness.scenario import (
    JOB,
    LEADER,
    PIPES,
    ClosePipe,
    HangUp,
    MeasureCpu,
    Order,
    Pipe,
    ReadOn,
    ReadRest,
    Scenario,
    Settle,
    Signal,
    Stage,
    Step,
    StopReading,
    Type,
    WaitAnswer,
    WaitEnds,
)

SAYS = (Order(orders.Say("ready")), Settle())
ENDS: dict[str, tuple[Step, ...]] = {
    "exit-0": (*SAYS, *finish()),
    "exit-1": (*SAYS, *finish(1)),
    "silent": (Settle(), *finish()),
    "killed": (*SAYS, Order(orders.Die(int(signal.SIGKILL))), WaitEnds("command"), WaitEnds()),
    "term": (
        *SAYS,
        Order(orders.ExitOn(int(signal.SIGTERM), 0)),
        Signal(signal.SIGTERM),
        WaitEnds("command"),
        WaitEnds(),
    ),
}
READS = Order(orders.Read(1))
HEEDS_EOF = (READS, Settle(), ClosePipe("stdin"), WaitAnswer("read"), *finish())
LADDERS = {
    "heeds-eof": HEEDS_EOF,
    "heeds-term": (
        Order(orders.ExitOn(int(signal.SIGTERM), 0)), Settle(), ClosePipe("stdin"), Settle(), Signal(signal.SIGTERM),
        WaitEnds("command"), WaitEnds(),
    ),
    "heeds-term-group": (
        Order(orders.ExitOn(int(signal.SIGTERM), 0)), Settle(), ClosePipe("stdin"), Settle(),
        Signal(signal.SIGTERM, "group"), WaitEnds("command"), WaitEnds(),
    ),
    "deaf": (
        Order(orders.Ignore(int(signal.SIGTERM))), Settle(), ClosePipe("stdin"), Settle(),
        Signal(signal.SIGTERM), Settle(), Signal(signal.SIGKILL, "group"), WaitEnds(), WaitEnds("command"),
    ),
    "deaf-group": (
        Order(orders.Ignore(int(signal.SIGTERM))), Settle(), ClosePipe("stdin"), Settle(),
        Signal(signal.SIGTERM, "group"), Settle(), Signal(signal.SIGKILL, "group"), WaitEnds(), WaitEnds("command"),
    ),
}  # fmt: skip
STAGES = {"pipes": Stage(watches_flags=True), "job": Stage(terminal=True, parent="job", watches_flags=True)}


MEBIBYTE = 1 << 20
POURS = Order(orders.Write(MEBIBYTE, 7), waits=False)
"""More than a pipe holds: who writes it waits for a reader."""
WRITTEN = WaitAnswer("write")
LINES = b"one\ntwo\nthree\n"
ONE = orders.Read(4)


@requirement("STDIO-1")
@pytest.mark.parametrize(
    "steps",
    [
        HEEDS_EOF,
        (Settle(), ClosePipe("stdin"), Settle(), READS, WaitAnswer("read"), *finish()),
        (Order(orders.Read(100)), Type(LINES), Settle(), ClosePipe("stdin"), WaitAnswer("read"), *finish()),
        (Type(LINES), ClosePipe("stdin"), Settle(), Order(orders.Read(100)), WaitAnswer("read"), *finish()),
    ],
    ids=["while-it-reads", "before-it-reads", "after-data", "data-before-it-reads"],
)
def test_end_of_file_reaches_the_command(case: Case, steps: tuple[Step, ...]) -> None:
    case(Scenario(steps), checks.end_of_file_arrives)


@requirement("STDIO-2")
@pytest.mark.parametrize("before", [(), (Type(LINES),)], ids=["empty", "unread"])
@pytest.mark.parametrize("ending", ["exit-0", "exit-1", "killed"])
def test_an_open_stdin_does_not_keep_the_launcher(case: Case, before: tuple[Step, ...], ending: str) -> None:
    case(Scenario((*before, *ENDS[ending])), checks.ends_with_open_stdin)


@requirement("STDIO-3")
@pytest.mark.parametrize("steps", ENDS.values(), ids=ENDS.keys())
def test_stdout_is_the_commands(case: Case, steps: tuple[Step, ...]) -> None:
    case(Scenario(steps), checks.no_bytes_of_its_own)


@requirement("STDIO-4")
@pytest.mark.parametrize(
    "steps",
    [
        (POURS, WRITTEN, *finish()),
        (StopReading(), POURS, Settle(), ReadOn(), WRITTEN, *finish()),
        (StopReading(), POURS, *(Settle(), ReadOn(most=100_000)) * 3, Settle(), ReadOn(), WRITTEN, *finish()),
        # the command ends as soon as it has written everything, before anybody has read the rest
        (StopReading(), POURS, Order(orders.Exit(0)), Settle(), ReadOn(), WaitEnds("command"), WaitEnds()),
    ],
    ids=["at-once", "late", "in-parts", "command-ends-first"],
)
def test_output_arrives_whole(case: Case, steps: tuple[Step, ...]) -> None:
    case(Scenario((Settle(), *steps)), checks.output_arrives_whole)


@requirement("STDIO-5")
@pytest.mark.parametrize("order", [orders.Inherit, orders.Ignore], ids=["dies", "ignores-sigpipe"])
def test_the_reader_has_gone(case: Case, order: type[orders.Inherit | orders.Ignore]) -> None:
    end = () if order is orders.Inherit else (WRITTEN, Order(orders.Exit(3)))
    steps = (Order(order(int(signal.SIGPIPE))), Settle(), ClosePipe("stdout"), POURS, *end)
    case(Scenario((*steps, WaitEnds("command"), WaitEnds())), checks.no_reader)


@requirement("STDIO-6")
@pytest.mark.parametrize("ending", ["exit-0", "exit-1", "term"])
@pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES.keys())
def test_flags_of_shared_descriptors_stay(case: Case, stage: Stage, ending: str) -> None:
    case(Scenario(ENDS[ending], stage), checks.flags_stay)


@requirement("STDIO-7")
@pytest.mark.parametrize("before", [(), (Order(ONE),)], ids=["all", "but-a-line"])
@pytest.mark.parametrize("ending", ["exit-0", "exit-1", "killed"])
def test_what_the_command_leaves_unread_stays(case: Case, before: tuple[Step, ...], ending: str) -> None:
    read = (WaitAnswer("read"),) if before else ()
    case(Scenario((*before, Type(LINES), *read, *ENDS[ending], ReadRest())), checks.rest_is_left)


@requirement("STDIO-8")
@pytest.mark.parametrize("steps", LADDERS.values(), ids=LADDERS.keys())
def test_the_shutdown_of_a_host(case: Case, steps: tuple[Step, ...]) -> None:
    """On pipes the launcher leads a process group, as hosts start servers that they end by the group."""
    case(Scenario(steps), checks.nothing_outlives_the_host)


def measured(*steps: Step) -> tuple[Step, ...]:
    return Settle(), *steps, MeasureCpu()


@requirement("STDIO-9")
@pytest.mark.parametrize("stage", [PIPES, JOB], ids=["pipes", "job"])
def test_no_cpu_time_while_the_command_is_idle(case: Case, stage: Stage) -> None:
    case(Scenario((*measured(), *finish()), stage), checks.rests)


@requirement("STDIO-9")
def test_no_cpu_time_after_end_of_file(case: Case) -> None:
    case(Scenario((*measured(ClosePipe("stdin")), *finish())), checks.rests)


@requirement("STDIO-9")
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_no_cpu_time_after_the_reader_has_gone(case: Case, stream: Pipe) -> None:
    """A launcher that carries the output meets the error when the command writes."""
    case(Scenario((*measured(ClosePipe(stream), Order(orders.Say("more"))), *finish())), checks.rests)


@requirement("STDIO-9")
@pytest.mark.parametrize("stage", [JOB, LEADER], ids=["job", "leader"])
def test_no_cpu_time_after_a_hang_up(case: Case, stage: Stage) -> None:
    case(Scenario((*measured(HangUp()), *finish()), stage), checks.rests)
