"""What exported scripts repeat of the harness says the same: tables, and small functions of the kernel's facts."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
from typing import Any

import pytest

from proctor.conformance.checks.common import status
from proctor.harness import calls, scenario, signals
from proctor.harness.calls import VISIBLE
from proctor.harness.history import Ended
from proctor.harness.runner import processes
from proctor.harness.runner.start import spawn
from proctor.harness.runner.trace import ptrace
from proctor.harness.runner.trace.tracer import called
from proctor.harness.schedule import parse
from proctor.reports.reproducer.assemble import library
from proctor.reports.reproducer.parts import launcher_tracer, nested_stages, observed_run, steps
from proctor.reports.reproducer.parts.ptrace import kind_of, sends
from proctor.reports.reproducer.tables import KINDS, tables, waits

SCHEDULE = parse("at launcher clone#1 exit: deliver TERM to launcher")
TERM = int(signal.SIGTERM)


def constant(name: str) -> object:
    """Return a table of a script with a schedule."""
    return ast.literal_eval(tables(SCHEDULE)[name].partition(" = ")[2])


def test_what_calls_wait_for() -> None:
    names: dict[str, dict[str, str]] = {}
    exec("import os\n" + waits(), {}, names)
    by_number = {str(number): name for number, name in calls.by_number().items()}
    assert {"read", "ppoll", "wait4", "futex", "epoll_wait", "pause"} <= {by_number[one] for one in names["WAITS"]}
    for number, text in names["WAITS"].items():
        call = calls.CALLS[by_number[number]]
        if by_number[number] == "restart_syscall":
            assert text == ":?"
            continue
        assert KINDS[call.waits_for or "unknown"] == text.partition(":")[0]
        assert text.partition(":")[2] == (str(call.timeout.argument) if call.timeout else "")


def test_the_numbers_of_calls() -> None:
    found = constant("CALLS")
    assert isinstance(found, dict)
    assert found[os.uname().machine] == calls.by_number(VISIBLE)
    for machine, numbers in found.items():
        assert {name for name, call in VISIBLE.items() if getattr(call, machine) is not None} == {*numbers.values()}


def test_the_calls_that_never_block() -> None:
    assert constant("AT_ONCE") == sorted(name for name in VISIBLE if calls.returns_at_once(name))


@pytest.mark.parametrize("name", sorted(VISIBLE))
def test_which_uses_of_a_call_are_points(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher_tracer, "ONLY_IF", constant("ONLY_IF"))
    only = VISIBLE[name].only
    for value in (0, 1, 2, 36, 0o100, 0o101, 0x5401, 0x5402, 0x5410, 0x402C542B, 1 << 40):
        low = value & 0xFFFFFFFF
        required = only is None or (bool(value) if only.nonzero else bool(low & only.bits) or low in only.values)
        arguments = [0] * 6
        arguments[only.argument if only else 0] = value
        assert launcher_tracer.is_point(name, arguments) == required, value


def test_other_calls_are_no_points() -> None:
    assert not launcher_tracer.is_point("", [1] * 6)


@pytest.mark.parametrize("name", calls.SENDS)
def test_which_signal_a_call_sends(name: str) -> None:
    for arguments in ((12, 13, TERM, 0, 0, 0), (-12, TERM, 0, 0, 0, 0), (12, TERM, 0, 0, 0, 0)):
        fact = called(name, arguments, 0)
        assert sends(name, list(arguments)) == (fact.pid, fact.signal)


def test_the_names_of_signals() -> None:
    for number in signal.valid_signals():
        if signals.name(number) != f"signal {number}":
            assert observed_run.name_of(number).replace("SIGRTMIN+30", "SIGRTMAX") == signals.name(number).replace(
                "SIGRTMIN+30", "SIGRTMAX"
            )


def test_what_a_shell_shows_for_a_wait_status() -> None:
    for code in (0, 1, 127, 255):
        assert observed_run.shell_status(code << 8) == status(Ended("command", 1, code))
    for number in (1, 9, 15, 64):
        assert observed_run.shell_status(number) == status(Ended("command", 1, signal=number))


STOPS = {"none": "end", "call": "call", "made": "made", "exec": "exec", "signal": "signal", "group": "group"}
"""Kinds of stops in the words of the harness and of scripts."""


@pytest.mark.parametrize("event", [0, 1, 2, 3, 4, 5, 128])
@pytest.mark.parametrize("number", [signal.SIGTRAP, signal.SIGTRAP | 0x80, signal.SIGSTOP, signal.SIGTSTP, TERM])
def test_what_a_stop_of_a_traced_thread_means(event: int, number: int) -> None:
    for word in (event << 16 | number << 8 | 0x7F, number if number < 0x7F else 0, 0x100):
        required = STOPS.get(ptrace.stop_of(word).kind, "stop")
        is_vfork = ptrace.stop_of(word) == ptrace.Stop("made", ptrace.VFORK)
        assert kind_of(word) == ("made by vfork" if is_vfork else required)


@pytest.mark.parametrize("setting", ["SIG_DFL", "SIG_IGN", "print"])
def test_which_signals_act_on_a_process(setting: str) -> None:
    code = (
        f"import signal\nfor n in set(signal.valid_signals()) - {{9, 19}}: signal.signal(n, signal.Handlers.SIG_DFL "
        f"if {setting!r} == 'SIG_DFL' else signal.SIG_IGN if {setting!r} == 'SIG_IGN' else print)\n"
        "print('set', flush=True)\ninput()"
    )
    line = [sys.executable, "-c", code]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stdout.readline() == "set\n"
        for number in sorted(signal.valid_signals()):
            assert launcher_tracer.acts_on(process.pid, number) == processes.acts_on(process.pid, number), number
        process.communicate("\n")


@pytest.mark.parametrize(("idle", "unsure"), [(0.0, "more may come: a process works all the time"), (1.0, "")])
def test_after_a_wait_in_which_a_process_worked_all_the_time_more_may_come(idle: float, unsure: str) -> None:
    run: Any = observed_run.ObservedRun.__new__(observed_run.ObservedRun)

    def look() -> float:
        run.looked_at += 1.0
        run.idle_time += idle
        return idle

    run.unsure, run.observe, run.idle, run.what_may_wake = "", lambda _: None, look, list
    run.wait("", lambda: False, quiet=0.3)
    assert run.unsure == unsure
    run.wait("", lambda: True, quiet=0.3)
    assert run.unsure == unsure


def test_keys_and_shells() -> None:
    assert steps.KEYS == scenario.KEYS
    assert nested_stages.SHELLS == spawn.SHELLS
    assert set(scenario.SHELLS) == set(nested_stages.SHELLS)


def test_the_command_can_carry_out_the_orders_of_all_questions_and_others() -> None:
    orders = {name.removeprefix("order_").replace("_", "-") for name in library().pieces if name.startswith("order_")}
    assert {"exit", "die", "read", "read-line", "view", "spawn"} <= orders
    assert set(scenario.ORDERS_WITHOUT_ANSWER) - {"go-on"} <= orders
