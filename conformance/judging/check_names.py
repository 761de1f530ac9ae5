"""Checks by their names, `chapter.function`, as case files have them."""

from __future__ import annotations

import functools
import importlib
import inspect
from pathlib import Path

from proctor.conformance import checks
from proctor.conformance.judging.judge import Check
from proctor.harness.errors import UsageError, nearest
from proctor.harness.target import Target

OF_TARGET = ("adds", "changes")
"""Parameters of a check, besides the histories, that are what its target declares."""
OF_GROUP = ("ends", "status", "counts", "grace", "limit")
"""The same, of what a launcher of several commands says about itself."""


def name_of(check: Check) -> str:
    """Return the name of a check, as case files have it."""
    function = check.func if isinstance(check, functools.partial) else check
    return f"{function.__module__.rpartition('.')[2]}.{function.__name__}"


def named(name: str, target: Target, requirement: str = "") -> Check:
    """Return the check of this name, for this target, and where it is one of all requirements for this one; raise
    UsageError if there is none."""
    chapter, _, function = name.partition(".")
    known = sorted(path.stem for path in Path(checks.__path__[0]).glob("[a-z]*.py"))
    if chapter not in known:
        raise UsageError(f"there is no check '{name}': no chapter '{chapter}'{nearest(chapter, known)}")
    module = importlib.import_module(f"{checks.__name__}.{chapter}")
    functions = {
        one.__name__: one
        for one in vars(module).values()
        if inspect.isfunction(one) and one.__module__ == module.__name__ and not one.__name__.startswith("_")
    }
    check: Check | None = functions.get(function)
    if check is None or not {"history", "bare"} <= inspect.signature(check).parameters.keys():
        raise UsageError(f"there is no check '{name}'{nearest(function, functions)}")
    parameters = inspect.signature(check).parameters
    given = {key: getattr(target, key) for key in OF_TARGET if key in parameters}
    given |= {key: getattr(target.group, key) for key in OF_GROUP if key in parameters}
    if requirement and "requirement" in parameters:
        given["requirement"] = requirement
    return functools.partial(check, **given) if given else check
