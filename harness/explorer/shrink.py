"""Shrinks a draft: finds the shortest and simplest one with the same violation.

Hypothesis can shrink too, but it works on choices, not on moves. It needs about a hundred executions, while removing
moves needs about ten.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence

from proctor.harness.explorer.draft import Draft, Move, normalized
from proctor.harness.scenario import Stage

SIMPLEST = {
    "number": int(signal.SIGTERM), "code": 1, "awaited": True, "key": "ctrl-c", "flags": "c", "count": 1,
    "seconds": 0.5, "at_reap": 0,
}  # fmt: skip
"""The simplest value of each argument."""


def shrink(draft: Draft, stages: Sequence[Stage], is_objected: Callable[[Draft], bool]) -> Draft:
    """Return the simplest draft found that is still rejected. stages: the simplest first."""
    draft, _ = normalized(draft)
    # usually a single move is enough, and a rejected draft may take seconds while others take milliseconds
    single = (_normalized(draft._replace(moves=(move,))) for move in draft.moves if len(draft.moves) > 1)
    draft = next((one for one in single if is_objected(one)), draft)
    while smaller := next((one for one in _smaller(draft, stages) if is_objected(one)), None):
        draft = smaller
    return draft


def _smaller(draft: Draft, stages: Sequence[Stage]) -> Iterator[Draft]:
    """Yield smaller drafts, the smallest first."""
    yield from _without_some(draft)
    for n in range(len(draft.directives)):
        yield draft._replace(directives=draft.directives[:n] + draft.directives[n + 1 :])
    for stage in stages[: stages.index(draft.stage)] if draft.stage in stages else ():
        yield _normalized(draft._replace(stage=stage))
    for n, move in enumerate(draft.moves):
        for simpler in _simpler(move):
            yield _normalized(draft._replace(moves=(*draft.moves[:n], simpler, *draft.moves[n + 1 :])))


def _without_some(draft: Draft) -> Iterator[Draft]:
    size = len(draft.moves)
    while size:
        for start in range(0, len(draft.moves), size):
            yield _normalized(draft._replace(moves=draft.moves[:start] + draft.moves[start + size :]))
        size //= 2


def _simpler(move: Move) -> Iterator[Move]:
    for n, (name, value) in enumerate(move.arguments):
        if name in SIMPLEST and value != SIMPLEST[name]:
            yield move._replace(arguments=(*move.arguments[:n], (name, SIMPLEST[name]), *move.arguments[n + 1 :]))


def _normalized(draft: Draft) -> Draft:
    return normalized(draft)[0]
