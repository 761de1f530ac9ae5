"""Chapter WORLD: how containers, service managers, CI runners and hosts stop what they have started."""

from __future__ import annotations

import pytest

from proctor.conformance.checks import stdio, world
from proctor.conformance.scenarios.sequences import StopSequence
from proctor.conformance.suite.case import Case
from proctor.conformance.suite.marks import requirement


@requirement("WORLD-8")
def test_a_service_can_finish(case: Case, sequence: StopSequence) -> None:
    case(sequence.finishing(), world.can_finish)


@requirement("WORLD-8")
def test_nothing_of_a_service_is_left(case: Case, sequence: StopSequence) -> None:
    _to_the_end(case, sequence)


@requirement("WORLD-9")
def test_a_job_can_finish(case: Case, sequence: StopSequence) -> None:
    case(sequence.finishing(), world.can_finish)


@requirement("WORLD-9")
def test_nothing_of_a_job_is_left(case: Case, sequence: StopSequence) -> None:
    _to_the_end(case, sequence)


@requirement("WORLD-10")
def test_a_server_can_finish(case: Case, sequence: StopSequence) -> None:
    case(sequence.finishing(), world.can_finish)


@requirement("WORLD-10")
def test_nothing_of_a_server_is_left(case: Case, sequence: StopSequence) -> None:
    _to_the_end(case, sequence)


def _to_the_end(case: Case, sequence: StopSequence) -> None:
    if not sequence.reaches_all:
        pytest.skip("its last rung is SIGKILL to the launcher alone, which it cannot hand on: see TREE-3")
    case(sequence.to_the_end(), stdio.nothing_outlives_the_host)
