"""Makes a draft as short and plain as it can be with the same objection.

Hypothesis does this too, but knows choices, not moves: it takes some hundred executions where leaving out moves takes
some ten.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence

from proctor.harness.explorer.draft import Draft, Move, written
from proctor.harness.scenario import Stage

PLAIN = {
    "number": int(signal.SIGTERM), "code": 1, "awaited": True, "key": "ctrl-c", "flags": "c", "count": 1,
    "seconds": 0.5, "at_reap": 0,
}  # fmt: skip
"""What a move is best given."""


def shrunk(draft: Draft, stages: Sequence[Stage], is_objected: Callable[[Draft], bool]) -> Draft:
    """Return the plainest draft found that is objected to as well. stages: the plainest first."""
    draft, _ = written(draft)
    # most often it is one move, and what is objected to may take seconds where everything else takes milliseconds
    single = (_made(draft._replace(moves=(move,))) for move in draft.moves if len(draft.moves) > 1)
    draft = next((one for one in single if is_objected(one)), draft)
    while smaller := next((one for one in _smaller(draft, stages) if is_objected(one)), None):
        draft = smaller
    return draft


def _smaller(draft: Draft, stages: Sequence[Stage]) -> Iterator[Draft]:
    """Yield drafts with less in them, the boldest first."""
    yield from _without_some(draft)
    for n in range(len(draft.directives)):
        yield draft._replace(directives=draft.directives[:n] + draft.directives[n + 1 :])
    for stage in stages[: stages.index(draft.stage)] if draft.stage in stages else ():
        yield _made(draft._replace(stage=stage))
    for n, move in enumerate(draft.moves):
        for plain in _plainer(move):
            yield _made(draft._replace(moves=(*draft.moves[:n], plain, *draft.moves[n + 1 :])))


def _without_some(draft: Draft) -> Iterator[Draft]:
    size = len(draft.moves)
    while size:
        for start in range(0, len(draft.moves), size):
            yield _made(draft._replace(moves=draft.moves[:start] + draft.moves[start + size :]))
        size //= 2


def _plainer(move: Move) -> Iterator[Move]:
    for n, (name, value) in enumerate(move.words):
        if name in PLAIN and value != PLAIN[name]:
            yield move._replace(words=(*move.words[:n], (name, PLAIN[name]), *move.words[n + 1 :]))


def _made(draft: Draft) -> Draft:
    return written(draft)[0]
