"""The output of `proctor bisect`: a line for each version, the table, and where the fault appeared and disappeared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from proctor.conformance.versions.bisection import CONCLUSIVE, Boundary, Kind, boundaries
from proctor.conformance.versions.played_version import VersionResult
from proctor.harness.words import harmless

WORDS: dict[Kind, str] = {
    "fault": "the fault",
    "other": "another objection",
    "none": "no fault",
    "unstable": "UNSTABLE",
    "inconclusive": "skipped",
}


@dataclass
class BisectOutcome:
    """The state of a search. versions: all in the range, oldest first; step: every step-th version is played, 0 for as
    few as the search needs; results: of those that were played."""

    name: str
    versions: Sequence[str]
    step: int = 0
    results: dict[str, VersionResult] = field(default_factory=dict)
    is_finished: bool = True

    @property
    def played(self) -> list[VersionResult]:
        """The results, oldest version first."""
        return [self.results[version] for version in self.versions if version in self.results]

    @property
    def boundaries(self) -> list[Boundary]:
        """Where the fault appeared or disappeared."""
        return boundaries(self.versions, {version: result.kind for version, result in self.results.items()})


def report_of(outcome: BisectOutcome, quiet: bool = False) -> list[str]:
    """Return the table and the conclusion, as lines; quiet: only the conclusion."""
    played = outcome.played
    lines = [
        line for boundary in outcome.boundaries for line in boundary_lines(boundary, outcome.name, outcome.results)
    ]
    if not outcome.is_finished and not played:
        return []
    if not outcome.is_finished:
        lines.insert(0, f"not finished; result so far, from {len(played)} of {len(outcome.versions)} versions:")
    elif not outcome.boundaries:
        lines = no_boundary_lines(outcome.name, outcome.versions, played, bool(outcome.step))
    return lines if quiet else [*table_of(played), *lines, *edge_lines(played), *hints(played)]


def for_programs(outcome: BisectOutcome) -> dict[str, object]:
    """Return what --json prints."""
    return {
        "launcher": outcome.name,
        "versions": list(outcome.versions),
        "is_finished": outcome.is_finished,
        "played": [result._asdict() for result in outcome.played],
        "boundaries": [boundary._asdict() for boundary in outcome.boundaries],
    }


def line_of(result: VersionResult) -> str:
    """Return the result of a version as a line, with the reason if it was skipped."""
    reason = f": {result.reason}" if result.reason else ""
    return harmless(f"{result.version}: {WORDS[result.kind]}{_count(result)}{reason}")


def table_of(results: Sequence[VersionResult]) -> list[str]:
    """Return a table of results, oldest version first. found: the plays with the fault, of those that are conclusive.
    Lines are not folded; a terminal does that."""
    rows = [("version", "found", "result", "reason")]
    for result in results:
        conclusive = result.times - result.unsure
        found = f"{result.same}/{conclusive}" if conclusive else "-"
        rows.append((result.version, found, WORDS[result.kind], _why(result)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)][:3]
    return [
        harmless("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]).rstrip())
        for row in rows
    ]


def boundary_lines(boundary: Boundary, name: str, results: Mapping[str, VersionResult]) -> list[str]:
    """Return where the fault appeared or disappeared, and which versions in between are unknown."""
    before, after = boundary.before, boundary.after
    where = f"in {name} {after}" if _adjacent(boundary) else f"between {name} {before} and {after}"
    lines = [f"{_what(boundary)} {where} ({_contrast(boundary)})"]
    if boundary.between:
        lines.append(f"  unstable or skipped in between: {_some(boundary.between)}")
    if boundary.unplayed:
        lines.append(f"  not played: {_some(boundary.unplayed)}")
    for version in (before, after):
        for objection in results[version].objections[:3]:
            lines.append(f"  {version}: {harmless(str(objection))}")
    return lines


def no_boundary_lines(name: str, versions: Sequence[str], results: Sequence[VersionResult], stepped: bool) -> list[str]:
    """Return that no boundary was found, and what was played."""
    conclusive = [result for result in results if result.kind in CONCLUSIVE]
    whole = f"of {len(versions)} from {versions[0]} to {versions[-1]}"
    if not conclusive:
        lines = [f"no boundary: {name} has no conclusive version; {len(results)} were tried, {whole}"]
    else:
        what = WORDS[conclusive[0].kind]
        lines = [f"no boundary: {what} in each of the {len(conclusive)} conclusive versions of {name}, {whole}"]
        lines += [f"  {harmless(str(objection))}" for objection in conclusive[0].objections[:3]]
    if len(results) < len(versions):
        more = "use a smaller --step" if stepped else "use --all to play every version, or --step 5 for every fifth"
        lines.append(f"a fault that appeared and disappeared in between is not seen; {more}")
    return lines


def edge_lines(results: Sequence[VersionResult]) -> list[str]:
    """Return where the versions at the ends of the range are inconclusive, and why."""
    clear = [index for index, result in enumerate(results) if result.kind in CONCLUSIVE]
    if not clear:
        return []
    lines = []
    if clear[0] > 0:
        before = results[clear[0] - 1]
        lines.append(f"inconclusive up to {before.version}; {line_of(before)}")
    if clear[-1] < len(results) - 1:
        after = results[clear[-1] + 1]
        lines.append(f"inconclusive from {after.version} on; {line_of(after)}")
    return lines


def hints(results: Sequence[VersionResult]) -> list[str]:
    """Return how to get a clearer result."""
    lines = []
    if any(result.kind == "unstable" for result in results):
        lines.append(
            "UNSTABLE: the fault came back in some plays only; this counts neither way. -n 50 gives a better count; a "
            "case with a schedule, from `proctor explore`, brings the fault back in every play"
        )
    if any(result.other for result in results):
        lines.append(
            "another objection: the check objects to something other than the case file says; with --any-objection it "
            "counts as the same fault"
        )
    return lines


def _adjacent(boundary: Boundary) -> bool:
    return not boundary.between and not boundary.unplayed


def _what(boundary: Boundary) -> str:
    if boundary.now == "none":
        return "the fault disappeared" if boundary.was == "fault" else "another fault disappeared"
    if boundary.now == "fault":
        return "the fault appeared" if boundary.was == "none" else "another fault changed into the fault"
    return "the fault changed into another" if boundary.was == "fault" else "another fault appeared"


def _contrast(boundary: Boundary) -> str:
    if boundary.now == "none":
        return f"still in {boundary.before}"
    if boundary.was == "none":
        return f"not in {boundary.before}"
    return f"{'as in the case file' if boundary.was == 'fault' else 'another'} up to {boundary.before}"


def _count(result: VersionResult) -> str:
    if not result.times or result.kind == "inconclusive":
        return ""
    if result.kind == "none" and not result.unsure:
        return f" in {result.times} plays"
    count = result.same + result.other if result.kind in ("unstable", "other") else result.same
    unsure = f", {result.unsure} inconclusive" if result.unsure else ""
    return f", {count} of {result.times} plays{unsure}"


def _why(result: VersionResult) -> str:
    if result.reason:
        return result.reason
    actual = [objection.actual for objection in result.objections[:2]]
    return "; ".join(actual) if result.kind in ("other", "unstable") else ""


def _some(versions: Sequence[str]) -> str:
    if len(versions) <= 5:
        return ", ".join(versions)
    return f"{len(versions)} versions from {versions[0]} to {versions[-1]}"
