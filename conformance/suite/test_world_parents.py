"""Chapter WORLD: below supervisord, sshd, a Jupyter client, a reloader, an MCP host."""

from __future__ import annotations

import signal
from typing import Literal

import pytest

from proctor.conformance.checks import world as checks
from proctor.conformance.scenarios.parents import ask, below, heeding, looked, reloaded, started_anew, supervised
from proctor.conformance.suite.case import Case
from proctor.conformance.suite.marks import requirement, takes_long
from proctor.harness import orders
from proctor.harness.scenario import Hold, Order, Release, Settle, Stage, WaitMilestone, WaitReceived

GROUPS = {"pid": "false", "group": "true"}
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
KERNEL = Stage(parent="jupyter")


@requirement("WORLD-1")
@takes_long
@pytest.mark.parametrize("as_group", GROUPS.values(), ids=GROUPS.keys())
@pytest.mark.parametrize("number", STOP_SIGNALS, ids=[signal.Signals(number).name for number in STOP_SIGNALS])
def test_one_copy_after_stop_and_restart(case: Case, number: int, as_group: str) -> None:
    steps = (
        *heeding(number, "command"), ask("stop"), *looked(),
        ask("start"), *started_anew("command-2"), *heeding(number, "command-2"),
        ask("restart"), *started_anew("command-3"), *heeding(number, "command-3"), *looked(),
    )  # fmt: skip
    case(below(supervised(number, as_group), *steps), checks.one_service)


@requirement("WORLD-1")
@takes_long
def test_one_copy_after_supervisord_reads_its_configuration(case: Case) -> None:
    """SIGHUP to supervisord: it stops its services and starts them anew."""
    number = int(signal.SIGTERM)
    steps = (
        *heeding(number, "command"), ask("rehash"), *started_anew("command-2"), *heeding(number, "command-2"),
        *looked(),
    )  # fmt: skip
    case(below(supervised(), *steps), checks.one_service)


@requirement("WORLD-1")
@takes_long
def test_one_copy_after_two_reloads(case: Case) -> None:
    case(below(supervised(), *heeding(int(signal.SIGTERM), "command"), *reloaded(), *reloaded()), checks.one_service)


@requirement("WORLD-2")
@pytest.mark.parametrize("shell", ["becomes", "stays"])
def test_a_lost_connection_hangs_up(case: Case, shell: str) -> None:
    """shell: whether the login shell that sshd starts becomes the launcher (exec), or stays its parent. The launcher is
    held until the command has been hung up by the kernel: a second one, from the launcher, could merge with that."""
    steps = (Settle(), Hold(), ask("disconnect"), Settle(), Release(), *looked())
    case(below(Stage(parent="sshd", options={"shell": shell}), *steps), checks.hung_up_as_without)


@requirement("WORLD-2")
@pytest.mark.parametrize("shell", ["becomes", "stays"])
def test_nothing_is_left_after_a_lost_connection(case: Case, shell: str) -> None:
    """The command does nothing about signals, and ends of the hang-up."""
    steps = (Order(orders.Inherit()), Settle(), ask("disconnect"), *looked())
    case(below(Stage(parent="sshd", options={"shell": shell}), *steps), checks.hung_up_as_without)


@requirement("WORLD-6")
@pytest.mark.parametrize("reloader", ["watchfiles", "nodemon"])
def test_a_reloader_starts_the_command_anew(case: Case, reloader: Literal["watchfiles", "nodemon"]) -> None:
    number = int(signal.SIGINT)
    steps = (
        *heeding(number, "command"), ask("change"), *started_anew("command-2"), *heeding(number, "command-2"),
        *looked(), ask("change"), *started_anew("command-3"), *heeding(number, "command-3"), *looked(),
    )  # fmt: skip
    case(below(Stage(parent=reloader), *steps), checks.one_service)


@requirement("WORLD-6")
def test_a_reloader_waits_for_a_command_that_still_cleans_up(case: Case) -> None:
    """nodemon signals the command itself, but waits for the launcher alone, without a limit."""
    number = int(signal.SIGINT)
    steps = (
        Order(orders.Catch(number)), Settle(), ask("change"), WaitReceived(number), Settle(), ask("steady"), *looked(),
        Order(orders.Exit(0)), *started_anew("command-2"), *heeding(number, "command-2"), *looked(),
    )  # fmt: skip
    case(below(Stage(parent="nodemon"), *steps), checks.one_service)


@requirement("WORLD-3")
@takes_long
def test_the_stop_button_of_a_notebook(case: Case) -> None:
    """One press is one SIGINT, and the cell that it interrupts goes on with its clean-up. The launcher is held until
    a kernel of its group has had its own: a second one could merge with it."""
    steps = (
        ask("run"), WaitMilestone("running"), Settle(), Hold(), ask("interrupt"), Settle(), Release(),
        WaitMilestone("interrupted"), Settle(), ask("finish"),
    )  # fmt: skip
    case(below(KERNEL, *steps, command="kernel"), checks.interrupted_as_without)


@requirement("WORLD-3")
@takes_long
@pytest.mark.parametrize("button", ["restart", "restart-now"])
def test_a_kernel_is_restarted(case: Case, button: str) -> None:
    steps = (Settle(), ask(button), *started_anew("command-2"), *looked(), ask("shutdown"), *looked())
    case(below(KERNEL, *steps, command="kernel"), checks.one_service)


@requirement("WORLD-10")
@takes_long
@pytest.mark.parametrize("server", ["heeds-eof", "heeds-term", "deaf"])
def test_a_host_uses_and_ends_a_server(case: Case, server: str) -> None:
    steps = (ask("use"), Settle(), ask("end"), *looked())
    script = below(Stage(parent="mcp-host"), *steps, command="mcp_server", args=(server.encode(),))
    case(script, checks.served_as_without)
