"""Which launchers and failures of the results a report is of."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import msgspec

from proctor.harness.errors import UsageError, nearest
from proctor.reports.results import Failure, Results


def chosen(documents: list[Results], target: str = "", requirement: str = "") -> list[Results]:
    """Return the documents of this launcher, with the failures of this requirement only; "" for all of them. WrongCall
    where there is none such, with those that there are."""
    names = [document.target.name for document in documents]
    if target and target not in names:
        raise UsageError(
            f"--target={target}: not in these results{nearest(target, names)}; they are for: {', '.join(names)}"
        )
    kept = [document for document in documents if target in ("", document.target.name)]
    if not requirement:
        return kept
    found = [
        msgspec.structs.replace(one, failures=[f for f in one.failures if f.requirement == requirement]) for one in kept
    ]
    if not any(document.failures for document in found):
        known = dict.fromkeys(failure.requirement for _, failure in failures_in(kept))
        raise UsageError(
            f"--requirement={requirement}: no failure of this requirement{nearest(requirement, known)}; "
            f"failed are: {', '.join(known)}"
        )
    return found


def failures_in(documents: list[Results]) -> Iterator[tuple[Results, Failure]]:
    """Return the failures in these documents, each with its document; WrongCall where there is none."""
    found = [(document, failure) for document in documents for failure in document.failures]
    if not found:
        raise UsageError(
            "these results have no failure with a history: either nothing failed, or an older version of Proctor wrote "
            "them; `proctor check TARGET --results FILE` writes new ones"
        )
    return iter(found)


def only_failure(documents: list[Results]) -> tuple[Results, Failure]:
    """Return the one failure in these documents; WrongCall where there are several, with how to choose."""
    found = list(failures_in(documents))
    if len(found) > 1:
        several = len({document.target.name for document, _ in found}) > 1
        listed = "\n".join(
            f"  --requirement {failure.requirement}"
            + (f" --target {shlex.quote(document.target.name)}" if several else "")
            for document, failure in found
        )
        raise UsageError(f"this format shows one failure, and there are {len(found)}; choose one with:\n{listed}")
    return found[0]
