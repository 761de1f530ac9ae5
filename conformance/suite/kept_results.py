"""The results of a run in this process, for the code that has started pytest: in memory, so that a run which is killed
leaves no file."""

from __future__ import annotations

import pytest

from proctor.reports.results import Results


class KeptResults:
    """The results of one run, as a plugin of pytest. documents: one for each target; empty until they are complete."""

    def __init__(self) -> None:
        self.documents: list[Results] = []

    def pytest_configure(self, config: pytest.Config) -> None:
        """Be found by kept_results()."""
        config.stash[_key] = self


_key = pytest.StashKey[KeptResults]()


def kept_results(config: pytest.Config) -> KeptResults | None:
    """Return where to keep the results of this run, None if the code that has started pytest does not want them."""
    return config.stash.get(_key, None)
