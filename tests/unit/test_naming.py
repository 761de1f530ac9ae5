"""Every check that a case of the suite uses is found again by its name, for that is what stands in a case file."""

from __future__ import annotations

import functools

import pytest

from proctor.conformance.checks import exit as exit_checks
from proctor.conformance.checks import inherit, terminal
from proctor.conformance.judging.check_names import name_of, named
from proctor.harness.errors import UsageError
from proctor.harness.target import Target

TARGET = Target("some", ("some",), adds=("ADDED",))


@pytest.mark.parametrize("check", [exit_checks.same_status, terminal.job_control])
def test_a_check_is_found_by_its_name(check: object) -> None:
    assert named(name_of(check), TARGET) is check  # type: ignore[arg-type]


def test_what_a_target_declares_is_bound_again() -> None:
    bound = functools.partial(inherit.environment, adds=("OTHER",), changes=())
    found = named(name_of(bound), TARGET)
    assert isinstance(found, functools.partial)
    assert found.keywords == {"adds": ("ADDED",), "changes": ()}


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("exit.same_statsu", "did you mean 'same_status'"),
        ("exits.same_status", "did you mean 'exit'"),
        ("exit._refusal", "no check"),
        ("exit.said", "no check"),
        ("exit", "no check"),
    ],
)
def test_a_name_that_is_none_is_said_to_be_so(name: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        named(name, TARGET)


def test_the_check_of_all_requirements_is_bound_to_one() -> None:
    found = named("interleavings.transparent", TARGET, "SIG-1")
    assert isinstance(found, functools.partial)
    assert found.keywords == {"requirement": "SIG-1"}
