"""Chapter STDIO: what launcher and command share with their caller."""

from __future__ import annotations

from collections import Counter

from proctor.conformance.checks.common import NotObservable, needs_whole_script
from proctor.conformance.checks.objections import violation
from proctor.harness import words
from proctor.harness.history import FlagsChanged, History, Output, Unobserved
from proctor.harness.violation import Value, Violation


def no_bytes_of_its_own(history: History, bare: History) -> list[Violation]:
    """STDIO-3: there is no line on stdout that the bare command does not write."""
    mine, its = _lines(history), _lines(bare)
    extra = Counter(mine) - Counter(its)
    if not extra:
        needs_whole_script(history)
        return []
    text = b"".join(line for line in mine if line in extra).strip()
    events = [event.index for event, fact in history.all(Output) if fact.stream == "stdout"]
    return [violation("own-bytes-on-stdout", *events[:1], bytes=words.shortened(text))]


def _lines(history: History) -> list[bytes]:
    """Return what is on stdout, by lines; the last one may lack its end."""
    return b"".join(fact.data for fact in history.facts(Output) if fact.stream == "stdout").splitlines(keepends=True)


def flags_stay(history: History, bare: History) -> list[Violation]:
    """STDIO-6: no call of the launcher changes the flags of 0, 1 or 2."""
    for hidden in history.facts(Unobserved):
        raise NotObservable(words.unseen(hidden))
    found: dict[tuple[int, str], Violation] = {}
    for event, fact in history.all(FlagsChanged):
        for name, bit in words.STATUS_FLAGS.items():
            if (fact.before ^ fact.now) & bit and fact.process != "command":
                told: dict[str, Value] = {"fd": fact.fd, "flag": name, "process": fact.process or "the launcher"}
                found.setdefault((fact.fd, name), violation("shared-flags-changed", event.index, **told))
    if not found:
        needs_whole_script(history)
    return list(found.values())
