"""Chapter WORLD: the protocol of systemd by which a service says that it is ready. No systemd is there: the harness
listens on NOTIFY_SOCKET, and the kernel names the sender of each message, as it does for systemd."""

from __future__ import annotations

from proctor.conformance.checks import world as checks
from proctor.conformance.scenarios.signals import finish
from proctor.conformance.suite.case import Case
from proctor.conformance.suite.marks import requirement
from proctor.harness import orders
from proctor.harness.scenario import Order, Scenario, Settle, Stage

READY = Scenario((Settle(), Order(orders.Notify()), Settle(), *finish()), Stage(notify=True))


@requirement("WORLD-4")
def test_the_command_is_the_main_process(case: Case) -> None:
    case(READY, checks.is_main_process)


@requirement("WORLD-4")
def test_the_command_is_heard_through_a_launcher_that_stays(case: Case) -> None:
    case(READY, checks.is_heard, ("transparent",))
