"""Chapter WORLD and TREE-8, below real parents: the checks on literal histories."""

from __future__ import annotations

import signal

import msgspec
import pytest

from proctor.conformance.checks import world as checks
from proctor.harness.history import Answered, Fact, Ordered, Process, SignalCall, WitnessReady
from proctor.harness.orders import Ask
from tests.unit.histories import (
    INHERITED,
    Example,
    bad,
    ended,
    good,
    looked,
    missed,
    notified,
    over,
    process,
    received,
    replaced,
    sent,
    started,
    supervised,
    titles,
    verify,
)

HUP, INT, TERM = signal.SIGHUP, signal.SIGINT, signal.SIGTERM
SECOND, SECOND_COMMAND = 20, 21
"""The pids of launcher-2 and command-2."""


def asked(verb: str, text: str = "") -> tuple[Fact, Fact]:
    return Ordered("parent", Ask(verb)), Answered("parent", "ask", text=text)


def anew(pid: int = SECOND_COMMAND) -> WitnessReady:
    return WitnessReady("command-2", pid, msgspec.structs.replace(INHERITED, pid=pid))


def second(role: str = "command-2", pid: int = SECOND_COMMAND, state: str = "S") -> Process:
    return process(role, state, pid=pid)


OLD, NEW = process("command"), second()
STOPPED = (*asked("stop"), ended("command"), ended("launcher"), looked("step"))
RESTARTED = (*asked("restart"), ended("command"), ended("launcher"), anew(), started("launcher-2", SECOND))
MAIN = "READY=1\nMAINPID=10\n"
SENT_ON = SignalCall("kill", 11, int(TERM), 0)
BARE_TOLD = replaced(sent(TERM), received(TERM, sender=1), *over())
BARE_STOPPED = replaced(*STOPPED)
BARE_RESTARTED = replaced(
    *asked("restart"), ended("command"), ended("launcher"), anew(SECOND), started("launcher-2", SECOND),
    looked("step", second("launcher-2", SECOND)),
)  # fmt: skip
BARE_KEPT = replaced(*asked("reload"), *asked("steady"), looked("step", process("launcher")), ended("launcher"))
BARE_HUNG_UP = replaced(*asked("disconnect"), received(HUP), looked("step"))
BARE_INTERRUPTED = replaced(*asked("interrupt"), received(INT), *asked("finish", "ok"), ended("launcher"))
BARE_USED = replaced(*asked("use", "5; 0 other lines"), *asked("end"), ended("launcher"), looked("step"))

EXAMPLES: tuple[Example, ...] = (
    good("stopped", checks.one_service, supervised(*STOPPED), BARE_STOPPED),
    good(
        "started anew",
        checks.one_service,
        supervised(*RESTARTED, looked("step", second("launcher-2", SECOND), NEW)),
        BARE_RESTARTED,
    ),
    good(
        "the old one is a zombie",
        checks.one_service,
        supervised(*RESTARTED, looked("step", process("command", "Z"), second("launcher-2", SECOND), NEW)),
        BARE_RESTARTED,
    ),
    good("nothing is left that is not left by itself", checks.one_service, supervised(end=looked("end", OLD)),
         replaced(end=looked("end", process("launcher")))),
    bad(
        "stopped, and the command is still there",
        checks.one_service,
        supervised(*asked("stop"), ended("launcher"), looked("step", OLD), end=looked("end", OLD)),
        BARE_STOPPED,
        "other-copies after=stop",
        "there runs no command",
    ),
    bad(
        "a second one beside the first, said once",
        checks.one_service,
        supervised(*RESTARTED, looked("step", OLD, NEW), looked("step", OLD, NEW)),
        BARE_RESTARTED,
        "other-copies after=restart",
        "command (pid 11",
    ),
    bad(
        "the supervisor starts another one for a launcher that has died of the reload",
        checks.one_service,
        supervised(
            *asked("reload"), ended("launcher", signal=HUP), *asked("steady"), anew(), started("launcher-2", SECOND),
            looked("step", OLD, second("launcher-2", SECOND), NEW),
        ),
        BARE_KEPT,
        "other-copies after=reload",
        "command (pid 11",
    ),
    bad(
        "the old one keeps the new one from starting",
        checks.one_service,
        supervised(*RESTARTED, ended("command-2"), looked("step", OLD)),
        BARE_RESTARTED,
        "other-copies after=restart",
        "there runs command-2",
    ),
    bad(
        "the new one has ended",
        checks.one_service,
        supervised(*RESTARTED, ended("command-2"), looked("step")),
        BARE_RESTARTED,
        "other-copies after=restart",
        "there runs none",
    ),
    bad(
        "something else is left when the parent has closed",
        checks.one_service,
        supervised(*STOPPED, end=looked("end", process("", name="sh", pid=30))),
        BARE_STOPPED,
        "process-left process=sh",
        "pid 30",
    ),
    bad(
        "the command is not started anew",
        checks.one_service,
        supervised(*asked("restart"), ended("command"), ended("launcher"), missed("command-2 starts")),
        BARE_RESTARTED,
        "timed-out wait=ready process=command-2",
        "command-2",
    ),
    good("hung up once", checks.hung_up_as_without, supervised(*asked("disconnect"), received(HUP), looked("step")),
         BARE_HUNG_UP),
    bad(
        "by the kernel and by the launcher",
        checks.hung_up_as_without,
        supervised(*asked("disconnect"), received(HUP, sender=0), received(HUP), looked("step")),
        BARE_HUNG_UP,
        "delivered-twice signal=SIGHUP",
        "received twice",
    ),
    bad(
        "hung up, and left",
        checks.hung_up_as_without,
        supervised(*asked("disconnect"), received(HUP), end=looked("end", OLD)),
        BARE_HUNG_UP,
        "process-left process=command",
        "still there",
    ),
    good("one interrupt", checks.interrupted_as_without,
         supervised(*asked("interrupt"), received(INT), *asked("finish", "ok"), ended("launcher")), BARE_INTERRUPTED),
    bad(
        "two interrupts",
        checks.interrupted_as_without,
        supervised(*asked("interrupt"), received(INT, sender=1), received(INT), *asked("finish", "ok")),
        BARE_INTERRUPTED,
        "delivered-twice signal=SIGINT",
        "received twice",
    ),
    bad(
        "the cell has failed",
        checks.interrupted_as_without,
        supervised(*asked("interrupt"), received(INT), *asked("finish", "error"), ended("launcher")),
        BARE_INTERRUPTED,
        "parent-answers required=ok",
        "error",
    ),
    good("finishes when asked", checks.can_finish, supervised(sent(TERM), received(TERM), *over())),
    good("is the command", checks.can_finish, replaced(sent(TERM), received(TERM, sender=1), *over())),
    bad(
        "ends before the command",
        checks.can_finish,
        supervised(sent(TERM), received(TERM), ended("launcher", signal=TERM), missed("command takes exit 0")),
        replaced(sent(TERM), received(TERM, sender=1), *over()),
        "ended-before-command end=SIGTERM",
        "ended by SIGTERM",
    ),
    bad(
        "the command hears nothing",
        checks.can_finish,
        supervised(sent(TERM), missed("command receives SIGTERM")),
        replaced(sent(TERM), received(TERM, sender=1), *over()),
        "timed-out wait=received process=command signal=SIGTERM",
        "SIGTERM",
    ),
    good("through all", checks.passes_every_link, supervised(sent(TERM), SENT_ON, received(TERM), *over()), BARE_TOLD),
    bad(
        "stops at the second",
        checks.passes_every_link,
        supervised(
            looked("step", process("launcher"), process("", name="npm", pid=30), OLD), sent(TERM),
            SignalCall("kill", 30, int(TERM), 0), missed("command receives SIGTERM"),
        ),
        BARE_TOLD,
        "stopped-at-link signal=SIGTERM link=npm",
        "it came as far as npm",
    ),
    bad(
        "stops at the first",
        checks.passes_every_link,
        supervised(sent(TERM), missed("command receives SIGTERM")),
        BARE_TOLD,
        "stopped-at-link signal=SIGTERM link=launcher",
        "it came as far as launcher",
    ),
    bad(
        "comes twice",
        checks.passes_every_link,
        supervised(sent(TERM), SENT_ON, received(TERM), received(TERM), *over()),
        BARE_TOLD,
        "delivered-twice signal=SIGTERM",
        "received twice",
    ),
    good("main process", checks.is_main_process, replaced(notified(text=MAIN), *over())),
    bad(
        "names another one",
        checks.is_main_process,
        replaced(notified(text="READY=1\nMAINPID=7\n"), *over()),
        replaced(notified(text=MAIN), *over()),
        "other-main-pid",
        "it says 7",
    ),
    bad(
        "another one is started",
        checks.is_main_process,
        supervised(notified(11), *over()),
        replaced(notified(text=MAIN), *over()),
        "notified-by-other",
        "11",
    ),
    good("heard through one that stays", checks.is_heard, supervised(notified(11, "READY=1\nMAINPID=11\n"), *over())),
    bad(
        "nothing came",
        checks.is_heard,
        supervised(*over()),
        replaced(notified(text=MAIN), *over()),
        "notification-lost",
        "nothing came",
    ),
    good("used and ended", checks.served_as_without,
         supervised(*asked("use", "5; 0 other lines"), *asked("end"), ended("launcher"), looked("step")), BARE_USED),
    bad(
        "a line that is no message",
        checks.served_as_without,
        supervised(*asked("use", "5; 1 other lines"), *asked("end"), ended("launcher"), looked("step")),
        BARE_USED,
        "parent-answers required=5; 0 other lines",
        "5; 1 other lines",
    ),
    bad(
        "the server is left",
        checks.served_as_without,
        supervised(
            *asked("use", "5; 0 other lines"), *asked("end"), ended("launcher", signal=TERM), looked("step", OLD)
        ),
        BARE_USED,
        "other-copies after=end",
        "command (pid 11",
    ),
)  # fmt: skip


@pytest.mark.parametrize("example", EXAMPLES, ids=titles(EXAMPLES))
def test_checks(example: Example) -> None:
    verify(example)
