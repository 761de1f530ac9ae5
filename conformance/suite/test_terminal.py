"""Chapter TTY: the terminal."""

from __future__ import annotations

import shutil
import signal

import pytest
from msgspec.structs import replace

from proctor.conformance.checks import terminal as checks
from proctor.conformance.scenarios.signals import LONG_REST, finish
from proctor.conformance.suite.case import Case
from proctor.conformance.suite.marks import over, requirement
from proctor.harness import orders
from proctor.harness.scenario import (
    JOB,
    LEADER,
    HangUp,
    Hold,
    Key,
    Order,
    Parent,
    Press,
    Release,
    Resize,
    Scenario,
    Settle,
    Signal,
    Stage,
    Step,
    Type,
    TypePattern,
    WaitAnswer,
    WaitContinued,
    WaitEnds,
    WaitOutput,
    WaitReceived,
    WaitStopped,
)

SHELLS = tuple(name for name in ("bash", "dash", "zsh") if shutil.which(name)) or ("bash",)
"""The installed shells. With none, bash is tried and leads to an error, not to a pass."""
MIB = 1 << 20
XTERM = {"TERM": b"xterm-256color"}
"""Programs draw on such a terminal, and not on the one that Proctor gives them otherwise ("dumb")."""
XTERM_JOB, XTERM_LEADER = (replace(stage, environment=XTERM) for stage in (JOB, LEADER))


def press(key: Key, number: int) -> tuple[Step, ...]:
    """Return the steps that press a key and wait until its signal was received and all is quiescent."""
    return Press(key), WaitReceived(number), Settle()


def press_held(key: Key) -> tuple[Step, ...]:
    """Return the steps that press a key while all processes but the command are stopped. The command takes the first
    signal meanwhile, so a forwarded one is a second delivery and cannot merge with it."""
    return Hold(), Press(key), Settle(), Release(), Settle()


@requirement("TTY-1")
@pytest.mark.parametrize("stage", [JOB, LEADER], ids=["job", "leader"])
@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_is_one_sigint(case: Case, stage: Stage, times: int) -> None:
    case(Scenario((Settle(), *press("ctrl-c", signal.SIGINT) * times, *finish()), stage), checks.key_arrives)


@requirement("TTY-1")
@pytest.mark.parametrize("stage", [JOB, LEADER], ids=["job", "leader"])
@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_is_not_forwarded_as_well(case: Case, stage: Stage, times: int) -> None:
    case(Scenario((Settle(), *press_held("ctrl-c") * times, *finish()), stage), checks.key_arrives_once)


@requirement("TTY-2")
@pytest.mark.parametrize("stage", [JOB, LEADER], ids=["job", "leader"])
def test_ctrl_backslash_is_one_sigquit(case: Case, stage: Stage) -> None:
    case(Scenario((Settle(), *press("ctrl-\\", signal.SIGQUIT), *finish()), stage), checks.key_arrives)


@requirement("TTY-2")
@pytest.mark.parametrize("stage", [JOB, LEADER], ids=["job", "leader"])
def test_ctrl_backslash_is_not_forwarded_as_well(case: Case, stage: Stage) -> None:
    case(Scenario((Settle(), *press_held("ctrl-\\"), *finish()), stage), checks.key_arrives_once)


@requirement("TTY-3")
@pytest.mark.parametrize("shell", SHELLS)
def test_ctrl_z_and_fg(case: Case, shell: Parent) -> None:
    stopped = "suspended" if shell == "zsh" else "Stopped"
    stop = (Press("ctrl-z"), WaitStopped(), WaitOutput(stopped), WaitOutput("<prompt>"))
    again = (Type(b"jobs\n"), WaitOutput(stopped), WaitOutput("<prompt>"), Type(b"fg\n"), WaitContinued(), Settle())
    steps = (
        Order(orders.Inherit(int(signal.SIGTSTP))),
        Settle(),
        *(stop + again) * 2,
        *press("ctrl-c", signal.SIGINT),
        *finish(),
    )
    case(Scenario((*steps, WaitOutput("<prompt>")), Stage(terminal=True, parent=shell)), checks.job_control)


@requirement("TTY-3")
@pytest.mark.parametrize("shell", SHELLS[:1])
def test_ctrl_c_after_fg_is_one_sigint(case: Case, shell: Parent) -> None:
    stop = (Press("ctrl-z"), WaitStopped(), WaitOutput("<prompt>"), Type(b"fg\n"), WaitContinued(), Settle())
    before = (Order(orders.Inherit(int(signal.SIGTSTP))), Settle(), *press_held("ctrl-c"))
    steps = (*before, *stop, *press_held("ctrl-c"), *finish())
    case(Scenario((*steps, WaitOutput("<prompt>")), Stage(terminal=True, parent=shell)), checks.key_after_fg)


@requirement("TTY-3")
@pytest.mark.parametrize("shell", SHELLS)
def test_ctrl_z_and_bg(case: Case, shell: Parent) -> None:
    stopped = "suspended" if shell == "zsh" else "Stopped"
    stop = (Press("ctrl-z"), WaitStopped(), WaitOutput(stopped), WaitOutput("<prompt>"))
    go_on = (Type(b"bg\n"), WaitContinued(), WaitOutput("<prompt>"), Settle(), Type(b"fg\n"), Settle())
    steps = (
        Order(orders.Inherit(int(signal.SIGTSTP))),
        Settle(),
        *stop,
        *go_on,
        *press("ctrl-c", signal.SIGINT),
        *finish(),
    )
    case(Scenario((*steps, WaitOutput("<prompt>")), Stage(terminal=True, parent=shell)), checks.job_control)


@requirement("TTY-4")
@pytest.mark.parametrize("stage", [JOB, LEADER], ids=["job", "leader"])
def test_hang_up_reaches_the_command(case: Case, stage: Stage) -> None:
    case(Scenario((Settle(), HangUp(), WaitReceived(signal.SIGHUP), Settle()), stage), checks.hang_up_arrives)


@requirement("TTY-4")
@pytest.mark.parametrize("stage", [JOB, LEADER], ids=["job", "leader"])
def test_nothing_survives_the_hang_up(case: Case, stage: Stage) -> None:
    case(Scenario((Order(orders.Inherit()), Settle(), HangUp(), LONG_REST), stage), checks.hang_up_ends_all)


@requirement("TTY-5")
@pytest.mark.parametrize("stage", [JOB, LEADER], ids=["job", "leader"])
def test_hang_up_comes_as_often(case: Case, stage: Stage) -> None:
    case(Scenario((Settle(), Hold(), HangUp(), Settle(), Release(), Settle()), stage), checks.as_often_as_bare)


@requirement("TTY-5")
@pytest.mark.parametrize("stage", [JOB, LEADER], ids=["job", "leader"])
def test_resize_reaches_the_command(case: Case, stage: Stage) -> None:
    first, second = ((Resize(*size), WaitReceived(signal.SIGWINCH), Settle()) for size in ((50, 132), (40, 100)))
    case(Scenario((Settle(), *first, *second, *finish()), stage), checks.resize_arrives)


@requirement("TTY-5")
@pytest.mark.parametrize("stage", [JOB, LEADER], ids=["job", "leader"])
def test_resize_comes_as_often(case: Case, stage: Stage) -> None:
    resize = (Hold(), Resize(50, 132), Settle(), Release(), Settle())
    case(Scenario((Settle(), *resize, *finish()), stage), checks.as_often_as_bare)


@requirement("TTY-6")
@pytest.mark.parametrize("stage", [JOB, LEADER], ids=["job", "leader"])
def test_terminal_is_the_same(case: Case, stage: Stage) -> None:
    line = (Order(orders.ReadLine()), Settle(), Type(b"a line\n"), WaitAnswer("read-line"))
    case(Scenario((Settle(), *line, Order(orders.ReportView()), *finish()), stage), checks.terminal_is_the_same)


def after_end(ending: str) -> tuple[Step, ...]:
    """Return the steps of a command that ends by itself: "exit 1", "die 9"."""
    return Settle(), Order(orders.parse(ending)), WaitEnds("command"), WaitEnds()


def after_signal(number: int) -> tuple[Step, ...]:
    """Return the steps of a signal on which the command exits."""
    return Order(orders.ExitOn(int(number), 0)), Settle(), Signal(number), WaitEnds("command"), WaitEnds()


AFTER_CTRL_C = (
    Order(orders.ExitOn(int(signal.SIGINT), 130)), Settle(), Press("ctrl-c"), WaitEnds("command"), WaitEnds(),
)  # fmt: skip
ENDINGS = ("exit 0", "exit 1", f"die {int(signal.SIGKILL)}", f"die {int(signal.SIGINT)}")
SIGNALS = (signal.SIGTERM, signal.SIGHUP)


@requirement("TTY-7")
@over("ending", ENDINGS)
def test_terminal_is_restored_after_the_command_ended(case: Case, ending: str) -> None:
    case(Scenario(after_end(ending), JOB), checks.terminal_is_restored)


@requirement("TTY-7")
@pytest.mark.parametrize("ending", ["exit 0", f"die {int(signal.SIGKILL)}"])
def test_terminal_is_restored_after_the_session_leader_ended(case: Case, ending: str) -> None:
    case(Scenario(after_end(ending), LEADER), checks.terminal_is_restored)


@requirement("TTY-7")
@over("number", SIGNALS)
def test_terminal_is_restored_after_a_signal(case: Case, number: int) -> None:
    case(Scenario(after_signal(number), JOB), checks.terminal_is_restored)


@requirement("TTY-7")
def test_terminal_is_restored_after_ctrl_c(case: Case) -> None:
    case(Scenario(AFTER_CTRL_C, JOB), checks.terminal_is_restored)


@requirement("TTY-9")
@pytest.mark.parametrize("stage", [XTERM_JOB, XTERM_LEADER], ids=["job", "leader"])
def test_terminal_is_restored_after_the_launcher_was_killed(case: Case, stage: Stage) -> None:
    steps = (Settle(), Signal(signal.SIGKILL), WaitEnds("launcher"), Settle())
    case(Scenario(steps, stage), checks.terminal_is_restored_after_kill)


@requirement("TTY-10")
def test_screen_is_left_alone_for_the_command(case: Case) -> None:
    case(Scenario((Settle(), *finish()), XTERM_JOB), checks.screen_is_left_alone)


@requirement("TTY-10")
@over("ending", ENDINGS)
def test_screen_is_restored_after_the_command_ended(case: Case, ending: str) -> None:
    case(Scenario(after_end(ending), XTERM_JOB), checks.screen_is_restored)


@requirement("TTY-10")
def test_screen_is_restored_after_the_session_leader_ended(case: Case) -> None:
    case(Scenario(after_end(ENDINGS[-1]), XTERM_LEADER), checks.screen_is_restored)


@requirement("TTY-10")
@over("number", SIGNALS)
def test_screen_is_restored_after_a_signal(case: Case, number: int) -> None:
    case(Scenario(after_signal(number), XTERM_JOB), checks.screen_is_restored)


@requirement("TTY-10")
def test_screen_is_restored_after_ctrl_c(case: Case) -> None:
    case(Scenario(AFTER_CTRL_C, XTERM_JOB), checks.screen_is_restored)


@requirement("TTY-8")
def test_ctrl_d_reaches_the_command(case: Case) -> None:
    read = (Order(orders.ReadLine()), Settle(), Press("ctrl-d"), WaitAnswer("read-line"))
    case(Scenario((Settle(), *read, *finish()), JOB), checks.bytes_arrive)


@requirement("TTY-8")
def test_type_ahead_is_not_lost(case: Case) -> None:
    stage = Stage(terminal=True, parent="job", type_ahead=b"typed before the start\n")
    case(Scenario((Order(orders.ReadLine()), WaitAnswer("read-line"), *finish()), stage), checks.bytes_arrive)


@requirement("TTY-8")
def test_a_mebibyte_typed_arrives(case: Case) -> None:
    steps = (Order(orders.Raw()), Order(orders.Read(MIB)), TypePattern(MIB), WaitAnswer("read"))
    case(Scenario((Settle(), *steps, *finish()), JOB), checks.bytes_arrive)


@requirement("TTY-8")
def test_a_mebibyte_written_arrives(case: Case) -> None:
    case(Scenario((Settle(), Order(orders.Raw()), Order(orders.Write(MIB, 7)), *finish()), JOB), checks.bytes_arrive)
