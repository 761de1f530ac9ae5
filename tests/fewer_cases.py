"""A plugin for the suite: of most requirements it leaves one case of each launcher with a planted fault.

`pytest -p tests.fewer_cases` with FAULTS={"NAME": ["SIG-1", ...], ...} in the environment: of these requirements all
cases of the launcher NAME are played.
"""

from __future__ import annotations

import json
import os

import pytest

from proctor.conformance.suite.unfinished import subject

VARIABLE = "FAULTS"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect all but the first case of the other requirements."""
    played_whole = json.loads(os.environ[VARIABLE])
    seen: set[tuple[str, str]] = set()
    chosen: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        target, requirement = subject(item)
        is_wanted = requirement in played_whole.get(target, ()) or (target, requirement) not in seen
        seen.add((target, requirement))
        (chosen if is_wanted else left_out).append(item)
    items[:] = chosen
    if left_out:
        config.hook.pytest_deselected(items=left_out)
