"""What the results keep of a failure, for reports: its histories, and what plays it again.

The runner bounds histories, at 64 KB of output and 20,000 events of those that a launcher can cause without end. Of one
launcher there may be as many failures as there are requirements, so the results keep less.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

import msgspec

from proctor.conformance.judging.casefile import CaseFile
from proctor.conformance.judging.judge import Judgement
from proctor.harness.history import Event, History, Output
from proctor.reports.results import Failure, Verdict

SHOWN: tuple[Verdict, ...] = ("fail", "unstable", "declared deviation")
"""The verdicts that something was found for."""
FIRST_EVENTS, LAST_EVENTS = 800, 200
"""Events that are kept, from the start and before the end."""
KEPT_OUTPUT = 16 * 1024
"""Bytes of output that are kept. How many there were is in the history."""
KEPT_TEXT = 2000
"""Characters of any other text, and of other bytes in base64: a multiple of 4, so that what is cut can be decoded."""
KEPT_ITEMS = 200
"""Items of any list in an event: environment variables, processes, files."""


REPEATS = ("-n", "20")
"""How often a violation is replayed that does not come back each time."""


def replay_command(asked: str, requirement: str, schedule: str, is_unstable: bool = False) -> str:
    """Return the command line that plays a schedule again on the target that was asked for."""
    words = ["proctor", "replay", f"--target={asked}", f"--requirement={requirement}", f"--schedule={schedule}"]
    return shlex.join([*words, *(REPEATS if is_unstable else ())])


def failure_of(requirement: str, case: str, judgement: Judgement, replay: str, file: CaseFile | None) -> Failure:
    """Return what is kept of a judgement that has a history."""
    assert judgement.history
    return Failure(
        requirement,
        case,
        judgement.verdict,
        list(judgement.violations),
        kept(judgement.history),
        kept(judgement.bare) if judgement.bare else None,
        judgement.returned,
        judgement.replays,
        judgement.schedule,
        replay,
        msgspec.to_builtins(file) if file else None,
    )


def kept(history: History) -> History:
    """Return a history of a size that does not depend on what the launcher does. Indexes stay as they are, so where
    events are missing some indexes are."""
    events = history.events[:FIRST_EVENTS] + history.events[FIRST_EVENTS:][-LAST_EVENTS:]
    bounded = msgspec.convert(list(_plain(events)), tuple[Event, ...])
    return msgspec.structs.replace(history, events=bounded)


def _plain(events: tuple[Event, ...]) -> Iterator[dict[str, Any]]:
    left = KEPT_OUTPUT
    for event in events:
        if isinstance(event.fact, Output):
            data = event.fact.data[:left]
            left -= len(data)
            if data:
                yield msgspec.to_builtins(
                    msgspec.structs.replace(event, fact=msgspec.structs.replace(event.fact, data=data))
                )
        else:
            yield _cut(msgspec.to_builtins(event))


def _cut(value: Any) -> Any:
    """Return JSON data with texts and lists of bounded length."""
    if isinstance(value, str):
        return value[:KEPT_TEXT]
    if isinstance(value, (list, tuple)):
        return [_cut(one) for one in value[:KEPT_ITEMS]]
    if isinstance(value, dict):
        return {key: _cut(one) for key, one in value.items()}
    return value
