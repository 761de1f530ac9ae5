"""Calls beside the first one, with real processes: what is recorded of a program that is not there."""

from __future__ import annotations

import errno

import pytest

from proctor.conformance.scenarios.environments import COLD, sync_scenario
from proctor.harness.execute import execute
from proctor.harness.history import CallNotStarted, Ended, History
from proctor.harness.target import Target

MAKES = "mkdir -p .venv/bin; cd .venv/bin; "


def synced(line: str) -> History:
    target = Target("a sync", ("env",), sync=("/bin/sh", "-c", MAKES + line), profiles=("sync",))
    return execute(target, sync_scenario(COLD))


@pytest.mark.parametrize(
    ("line", "number"),
    [
        ("true", errno.ENOENT),
        ("printf '#!/no/python\\n' > proctor-tool; chmod +x proctor-tool", errno.ENOENT),
        ("touch proctor-tool", errno.EACCES),
    ],
    ids=["no tool", "its interpreter is gone", "not executable"],
)
def test_a_tool_that_cannot_be_started_is_told_with_the_reason(line: str, number: int) -> None:
    history = synced(line)
    assert list(history.facts(CallNotStarted)) == [CallNotStarted("tool", "exec", number)]
    (end,) = (fact for fact in history.facts(Ended) if fact.process == "tool")
    assert (end.code, end.signal) == (125, None)


def test_a_program_that_starts_is_not_said_to_have_not() -> None:
    history = synced("printf '#!/bin/sh\\nexit 3\\n' > proctor-tool; chmod +x proctor-tool")
    assert not list(history.facts(CallNotStarted))
    assert [fact.code for fact in history.facts(Ended) if fact.process == "tool"] == [3]
