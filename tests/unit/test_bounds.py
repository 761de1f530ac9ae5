"""Numbers and texts that the system does not take are mistakes of the case file or description that has them."""

from __future__ import annotations

import base64
import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from proctor.conformance.judging import casefile
from proctor.harness.bounds import LONGEST_ARGUMENT, check_arguments, check_variables
from proctor.harness.descriptions import load_toml
from proctor.harness.errors import HarnessError, UsageError
from proctor.harness.runner.start import spawn
from proctor.harness.scenario import Scenario
from proctor.harness.strict import parse_json

HUGE = 10**30


def step(do: str, **more: Any) -> dict[str, Any]:
    return {"steps": [{"do": do, **more}]}


def order(name: str, **more: Any) -> dict[str, Any]:
    return step("order", order={"order": name, **more})


def stage(**more: Any) -> dict[str, Any]:
    return {"steps": [], "stage": more}


@pytest.mark.parametrize("value", [-(10**9), 10**9, HUGE])
@pytest.mark.parametrize(
    ("scenario", "key"),
    [
        (stage(rows=...), "stage.rows"),
        (stage(columns=...), "stage.columns"),
        (stage(ignored=[15, ...]), "stage.ignored[1]"),
        (stage(blocked=[...]), "stage.blocked[0]"),
        (stage(limits=[[..., 1, 1]]), "stage.limits[0][0]"),
        (stage(nice=...), "stage.nice"),
        (stage(umask=...), "stage.umask"),
        (step("resize", rows=..., columns=1), "steps[0].rows"),
        (step("resize", rows=1, columns=...), "steps[0].columns"),
        (step("signal", signal=...), "steps[0].signal"),
        (step("wait-received", signal=...), "steps[0].signal"),
        (step("trace", at_reap=...), "steps[0].at_reap"),
        (step("type-pattern", count=...), "steps[0].count"),
        (step("settle", limit=...), "steps[0].limit"),
        (order("exit", code=...), "steps[0].order.code"),
        (order("catch", signal=...), "steps[0].order.signal"),
        (order("die", signal=...), "steps[0].order.signal"),
        (order("write", count=..., seed=1), "steps[0].order.count"),
        (order("read", count=...), "steps[0].order.count"),
        ({"steps": [], "within": ...}, "within"),
        ({"steps": [], "start_within": ...}, "start_within"),
    ],
)
def test_numbers_that_the_system_does_not_take(scenario: dict[str, Any], key: str, value: int) -> None:
    text = json.dumps(scenario, default=lambda _: value)
    with pytest.raises(UsageError) as caught:
        parse_json(text, Scenario, "x.json")
    assert str(caught.value).startswith(f"x.json: '{key}' is {value}; allowed is at ")


@pytest.mark.parametrize("value", [-1, 1 << 32, HUGE])
def test_groups_are_numbers_of_32_bits(value: int) -> None:
    with pytest.raises(UsageError, match=r"allowed is at"):
        parse_json(json.dumps(stage(groups=[value])), Scenario, "x.json")


def test_what_the_system_takes_is_read() -> None:
    read = stage(rows=65535, columns=0, nice=-20, umask=0o777, limits=[[7, -1, (1 << 63) - 1]], ignored=[1, 64])
    assert parse_json(json.dumps(read), Scenario, "x.json").stage.rows == 65535
    assert parse_json(json.dumps(order("catch", signal=0)), Scenario, "x.json").steps


@pytest.mark.parametrize("word", ["A" * (LONGEST_ARGUMENT + 1), b"A" * (LONGEST_ARGUMENT + 1), "a\0b", b"\0"])
def test_arguments_that_execve_does_not_take(word: str | bytes) -> None:
    with pytest.raises(UsageError, match="here, word 2: it has "):
        check_arguments(["fine", word], "here")
    with pytest.raises(UsageError, match="here, 'NAME': it has "):
        check_variables([("NAME", word)], "here")


def test_the_name_of_a_variable_counts() -> None:
    check_variables([("NAME", "x" * (LONGEST_ARGUMENT - len("NAME=")))], "here")
    check_arguments(["x" * LONGEST_ARGUMENT, b"\xff", "\udcff", ""], "here")
    with pytest.raises(UsageError, match=str(LONGEST_ARGUMENT + 1)):
        check_variables([("NAME", "x" * (LONGEST_ARGUMENT - len("NAME=") + 1))], "here")


@pytest.mark.parametrize("name", ["", "A=B"])
def test_names_that_no_variable_has(name: str) -> None:
    with pytest.raises(UsageError, match="is no name of a variable"):
        check_variables([(name, "x")], "here")


LONG = "x" * 200_000
TOML = {
    "command": f'command = ["env", "{LONG}"]',
    "version": f'command = ["env"]\nversion = ["env", "{LONG}"]',
    "environment": f'command = ["env"]\n[environment]\nA = "{LONG}"',
    "zero": 'command = ["env", "\\u0000"]',
}


@pytest.mark.parametrize("name", TOML)
def test_a_description_with_a_long_argument(tmp_path: Path, name: str) -> None:
    path = tmp_path / "x.toml"
    path.write_text(TOML[name], encoding="utf-8")
    with pytest.raises(UsageError, match=r"x\.toml: '(command|version|environment)', .*it has "):
        load_toml(path)


@pytest.mark.parametrize(
    ("more", "where"),
    [
        ({"target": {"name": "env", "command": ["env", LONG]}}, "'target': 'command', word 2"),
        ({"scenario": {"steps": [], "args": [base64.b64encode(LONG.encode()).decode()]}}, "'scenario.args', word 1"),
        (
            {"scenario": {"steps": [], "stage": {"environment": {"A": base64.b64encode(b"\0").decode()}}}},
            "'scenario.stage.environment', 'A'",
        ),
        ({"compared_with": {"steps": [], "args": [base64.b64encode(b"\0").decode()]}}, "'compared_with.args', word 1"),
    ],
)
def test_a_case_with_a_long_argument(tmp_path: Path, more: dict[str, Any], where: str) -> None:
    case = {
        "schema": casefile.SCHEMA, "requirement": "EXIT-1", "check": "exit.same_status", "scenario": {"steps": []},
        "target": {"name": "env", "command": ["env"]}, "objections": [], "versions": {},
    } | more  # fmt: skip
    path = tmp_path / "x.json"
    path.write_text(json.dumps(case), encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        casefile.read(path)
    assert str(caught.value).startswith(f"{path}: {where}: it has ")


def test_too_much_in_all_is_no_fault_of_the_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: object, **__: object) -> int:
        raise OSError(errno.E2BIG, "Argument list too long")

    monkeypatch.setattr(os, "posix_spawn", refuses)
    with pytest.raises(HarnessError, match="longer than the system allows"):
        spawn.spawn([b"x"], [], {}, {})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("stopsignal", "TERM\n[program:other]\ncommand=touch /tmp/x"),
        ("stopsignal", "TERM ;"),
        ("stop signal", "TERM"),
        ("stopsignal", "x" * 31),
    ],
)
def test_an_option_of_a_parent_is_one_word(name: str, value: str) -> None:
    """A line break in supervisord's configuration would be another program to start."""
    text = json.dumps(stage(parent="supervisord", options={name: value}))
    with pytest.raises(UsageError, match="options"):
        parse_json(text, Scenario, "a case file")
    assert parse_json(json.dumps(stage(options={"stopsignal": "HUP"})), Scenario, "a case file").stage.options
