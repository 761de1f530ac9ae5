"""The cases of stop sequences, and --stop-sequence, which selects them."""

from __future__ import annotations

import pytest

from proctor.conformance.scenarios.sequences import StopSequence, known_sequences, load_sequence
from proctor.reports.results import slug

ARGUMENT = "sequence"


def chosen(config: pytest.Config) -> list[StopSequence]:
    """Return the sequences of --stop-sequence, else all that are known; raise UsageError for one that is not."""
    asked: list[str] = config.option.stop_sequence
    return [load_sequence(one) for one in asked] or list(known_sequences().values())


def parametrize(metafunc: pytest.Metafunc) -> None:
    """Repeat a case over the sequences of its requirement."""
    if ARGUMENT not in metafunc.fixturenames:
        return
    mark = metafunc.definition.get_closest_marker("requirement")
    of_requirement = [one for one in chosen(metafunc.config) if mark and one.requirement == mark.args[0]]
    metafunc.parametrize(ARGUMENT, of_requirement, ids=lambda one: slug(one.name))


def select(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out all other cases where --stop-sequence is given."""
    if not config.option.stop_sequence:
        return
    kept = [item for item in items if isinstance(_parameters(item).get(ARGUMENT), StopSequence)]
    left_out = [item for item in items if item not in kept]
    config.hook.pytest_deselected(items=left_out)
    items[:] = kept


def _parameters(item: pytest.Item) -> dict[str, object]:
    return getattr(getattr(item, "callspec", None), "params", {})
