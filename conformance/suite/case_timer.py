"""The last limit on a case: pytest-timeout ends one in which Proctor itself hangs. Its verdict is then `error`.

Each execution has deadlines of its own, and the explorer has its budget, so this limit is for our own faults alone. It
does not count from the start of the case, because the number of executions of a case is not known in advance. It counts
from the end of the last execution.

pytest-timeout has two methods. `signal` raises an exception in the test, so the result is recorded, the runner is ended
and the other cases are run. `thread` would end the whole process.
"""

from __future__ import annotations

import traceback

import pytest
import pytest_timeout  # type: ignore[import-untyped]

from proctor.harness.execute import LONGEST_EXECUTION

LIMIT = 2 * LONGEST_EXECUTION + 60.0
"""Seconds. An execution may take LONGEST_EXECUTION, and ending a runner that hangs may take as long again."""
METHOD = "signal"


class CaseTimer:
    """The limit of the running case. A limit that the user sets counts for the whole case instead."""

    def __init__(self, config: pytest.Config) -> None:
        self._is_there = config.pluginmanager.hasplugin("timeout")  # not with -p no:timeout
        asked: float | None = pytest_timeout.get_env_settings(config).timeout if self._is_there else None
        self.seconds = LIMIT if asked is None else asked
        self._restarts = self._is_there and asked is None
        self._item: pytest.Item | None = None

    def mark(self, item: pytest.Item) -> None:
        """Set the limit of a case, before it is run."""
        if self._is_there:
            item.add_marker(pytest.mark.timeout(self.seconds, method=METHOD, func_only=True))

    def watch(self, item: pytest.Item) -> None:
        """Restart the limit of this case from now on."""
        self._item = item

    def restart(self) -> None:
        """Let the limit count from now: an execution has ended."""
        if self._item is None or not self._restarts:
            return
        hook = self._item.config.hook
        hook.pytest_timeout_cancel_timer(item=self._item)
        settings = pytest_timeout.Settings(self.seconds, METHOD, True, None)
        hook.pytest_timeout_set_timer(item=self._item, settings=settings)

    def why_it_ended(self, item: pytest.Item, error: pytest.ExceptionInfo[BaseException]) -> str:
        """Return why a case ended without a verdict, and its stack: one line per call, the innermost last."""
        frames = traceback.extract_tb(error.value.__traceback__)
        files = [frame.filename for frame in frames]
        first = files.index(str(item.path)) if str(item.path) in files else 0
        last = files.index(pytest_timeout.__file__) if pytest_timeout.__file__ in files else len(files)
        why = error.exconly()
        if last < len(files):
            since = "since its last execution" if self._restarts else "since its start"
            why = f"the case was ended: Proctor itself did not go on for {self.seconds:.0f} s {since}"
        calls = [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames[first:last]]
        notes = getattr(error.value, "__notes__", []) if last < len(files) else []
        return "\n".join([why, "the calls that led there:", *calls, *notes])
