"""Chapter WORLD: launchers in a chain, such as --target=tini,npm-run,uv-run."""

from __future__ import annotations

import signal

import pytest

from proctor.conformance.checks import exit as exits
from proctor.conformance.checks import terminal, tree, world
from proctor.conformance.scenarios.signals import LONG_REST, finish, send
from proctor.conformance.suite.case import Case
from proctor.conformance.suite.marks import requirement
from proctor.harness import orders
from proctor.harness.scenario import JOB, Order, Press, Scenario, Settle, Signal, Trace, WaitEnds, WaitReceived

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1)
NAMES = [number.name for number in SIGNALS]


@requirement("WORLD-11")
@pytest.mark.parametrize("ending", ["exit 0", "exit 7", f"die {int(signal.SIGKILL)}"])
def test_a_chain_ends_as_the_command(case: Case, ending: str) -> None:
    case(Scenario((Settle(), Order(orders.parse(ending)), WaitEnds("command"), WaitEnds())), exits.same_status)


@requirement("WORLD-11")
@pytest.mark.parametrize("number", SIGNALS, ids=NAMES)
def test_a_signal_passes_every_link(case: Case, number: int) -> None:
    case(Scenario((Settle(), Trace(), *send(number), *finish())), world.passes_every_link)


@requirement("WORLD-11")
def test_ctrl_c_comes_once_through_a_chain(case: Case) -> None:
    steps = (Settle(), Press("ctrl-c"), WaitReceived(int(signal.SIGINT)), Settle(), *finish())
    case(Scenario(steps, JOB), terminal.key_arrives)


@requirement("WORLD-11")
@pytest.mark.parametrize("number", SIGNALS, ids=NAMES)
def test_nothing_is_left_of_a_chain(case: Case, number: int) -> None:
    steps = (Order(orders.Inherit()), Settle(), Signal(number), WaitEnds(), LONG_REST)
    case(Scenario(steps), tree.nothing_left)
