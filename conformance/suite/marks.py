"""The marks of cases: their requirement, and the values over which they are repeated."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import pytest

F = TypeVar("F", bound=Callable[..., object])


def requirement(name: str) -> Callable[[F], F]:
    """Mark a case with the id of its one requirement."""
    mark: Callable[[F], F] = pytest.mark.requirement(name)
    return mark


def takes_long(case: F) -> F:
    """Mark a case that takes seconds. With several workers it starts first, so that all workers end together."""
    mark: Callable[[F], F] = pytest.mark.takes_long
    return mark(case)


def over(
    argument: str, values: Iterable[Any], sample: Iterable[Any] | None = None, what: str = "values"
) -> Callable[[F], F]:
    """Repeat a case over `values`; on slow launchers and without --full only over `sample`. what: what the values are,
    in the plural."""
    whole = tuple(values)
    part = whole if sample is None else tuple(sample)
    mark: Callable[[F], F] = pytest.mark.over(argument, whole, part, what)
    return mark
