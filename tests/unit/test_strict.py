"""Mistakes in files are explained in plain words: the key, its value, and what is allowed."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from proctor.harness.errors import UsageError
from proctor.harness.strict import convert, parse_json
from proctor.harness.target import Target

C = 'command = ["env"]\n'


def told(text: str) -> str:
    with pytest.raises(UsageError) as caught:
        convert({"name": "mine", **tomllib.loads(text)}, Target, "mine.toml")
    return str(caught.value).removeprefix("mine.toml: ")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "'command' is missing; add it, for example: command = [\"tini\", \"--\"]"),
        ("command = 'uv run'", "'command' must be a list, but is \"uv run\"; for example: [\"uv\", \"run\"]"),
        ("command = \"it's\"", "'command' must be a list, but is \"it's\"; for example: [\"it's\"]"),
        ("command = 3", "'command' must be a list, but is 3"),
        ("command = ['a', 1]", "'command[1]' must be a quoted string, but is 1; for example: \"1\""),
        (C + "slow = 'yes'", "'slow' must be true or false, but is \"yes\"; for example: true"),
        (C + "description = 2020-01-01", "is \"2020-01-01\"; for example: \"2020-01-01\""),
        (C + "files = []", "'files' must be a table, but is []; for example: a section [files]"),
        (C + "[deviations]\nSIG-1 = 'x'\nSIG-2 = 3", "'deviations.SIG-2' must be a quoted string, but is 3"),
        (C + "profiles = ['init', 'transparnt']", "'profiles[1]' is \"transparnt\", which is not one of: transparent"),
        (C + "profiles = ['transparnt']", "(did you mean 'transparent'?)"),
        (C + f"description = [{'1,' * 100}]", ",1,1,..."),
    ],
)  # fmt: skip
def test_a_mistake_in_toml_is_explained(text: str, says: str) -> None:
    assert says in told(text)
    assert "`" not in told(text)


@pytest.mark.parametrize("value", [None, [], {}, 1, {"a": {"b": [None]}}])
@pytest.mark.parametrize("key", ["command", "profiles", "environment", "deviations", "slow", "name"])
def test_any_wrong_value_is_a_usage_error(key: str, value: Any) -> None:
    with pytest.raises(UsageError, match=r"mine.toml: "):
        convert({"name": "mine", "command": ["env"], key: value, "zzz": 1}, Target, "mine.toml")


@pytest.mark.parametrize("text", ['{"command": 1', '{"command": [1], "name": "a" "b"}'])
def test_a_wrong_value_before_invalid_json_is_reported_as_invalid_json(text: str) -> None:
    with pytest.raises(UsageError, match=r"x.json: "):
        parse_json(text, Target, "x.json")
