"""A line on the terminal that says how many cases are done. Nothing where stdout is no terminal."""

from __future__ import annotations

import pytest

from proctor.conformance.suite.case_results import result_of


class Progress:
    """Rewrites one line after each case, as a plugin of pytest."""

    def __init__(self, reporter: pytest.TerminalReporter) -> None:
        self._reporter = reporter
        self._session: pytest.Session | None = None
        self._done: set[str] = set()
        self._failed = 0

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Note the session: it knows how many cases there are."""
        self._session = session

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a case when its last phase has ended."""
        result = result_of(report)
        self._failed += bool(result and result.judgement.verdict == "fail")
        if report.when != "teardown":
            return
        self._done.add(report.nodeid)
        number = self._session.testscollected if self._session else 0
        failed = f", {self._failed} failed" if self._failed else ""
        self._reporter.rewrite(f"{len(self._done)} of {number} cases{failed}", erase=True)
        self._reporter.flush()

    def pytest_sessionfinish(self) -> None:
        """Clear the line."""
        self._reporter.rewrite("", erase=True)
        self._reporter.write("\r")
