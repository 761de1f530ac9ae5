"""The process table, where a process changes its PID while the table is read; tests/test_hostile.py has a real one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from proctor.harness.history import Process
from proctor.harness.runner import processes


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that sets what the next readings find, the last one again and again: the state of each PID that
    is listed, None where it has gone when it is read."""

    def set_readings(*given: dict[int, str | None]) -> None:
        rest: Iterator[dict[int, str | None]] = iter(given)
        now = given[0]

        def listed() -> list[int]:
            nonlocal now
            now = next(rest, now)
            return list(now)

        def read(pid: int) -> Process | None:
            state = now[pid]
            return Process(pid, 1, pid, pid, state, "python") if state else None

        monkeypatch.setattr(processes, "pids", listed)
        monkeypatch.setattr(processes, "read_process", read)

    return set_readings


def states() -> dict[int, str]:
    return {pid: process.state for pid, process in processes.table_without_gaps().items()}


def test_one_reading_is_enough_where_nothing_ends(readings: Callable[..., None]) -> None:
    readings({2: "S", 3: "R"}, {})
    assert states() == {2: "S", 3: "R"}


def test_a_process_that_is_forked_by_one_that_ends_is_found(readings: Callable[..., None]) -> None:
    readings(*[{2: "S", 3: "Z"}, {2: "S", 3: "Z", 4: "R"}] * processes.MOST_READINGS)
    assert states() == {2: "S", 3: "Z", 4: "R"}
    readings({2: "S", 3: None}, {2: "S", 4: "R"})
    assert states() == {2: "S", 4: "R"}


def test_a_zombie_that_stays_takes_two_readings(readings: Callable[..., None]) -> None:
    readings({2: "S", 3: "Z"}, {2: "S", 3: "Z"}, {})
    assert states() == {2: "S", 3: "Z"}
