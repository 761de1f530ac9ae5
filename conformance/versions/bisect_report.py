"""What `proctor bisect` prints: a line for each version, the table of them, and where the fault came and went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from proctor.conformance.versions.bisection import Boundary, Kind, boundaries
from proctor.conformance.versions.played_version import Seen
from proctor.harness.words import harmless

WORDS: dict[Kind, str] = {
    "fault": "the fault",
    "other": "another objection",
    "none": "no fault",
    "unstable": "UNSTABLE",
    "untold": "skipped",
}


@dataclass
class BisectOutcome:
    """What a search has come to. versions: all that it is about, oldest first; step: every so many-th was to be played,
    0 for as few as tell; seen: those that were played."""

    name: str
    versions: Sequence[str]
    step: int = 0
    seen: dict[str, Seen] = field(default_factory=dict)
    is_finished: bool = True

    @property
    def played(self) -> list[Seen]:
        """What was played, oldest first."""
        return [self.seen[version] for version in self.versions if version in self.seen]

    @property
    def boundaries(self) -> list[Boundary]:
        """Where the fault came or went."""
        return boundaries(self.versions, {version: one.kind for version, one in self.seen.items()})


def account_of(outcome: BisectOutcome, quiet: bool = False) -> list[str]:
    """Return the table and what it comes to, in lines; quiet: only where the fault came or went, or that it did not."""
    played = outcome.played
    lines = [line for boundary in outcome.boundaries for line in told_of(boundary, outcome.name, outcome.seen)]
    if not outcome.is_finished and not played:
        return []
    if not outcome.is_finished:
        lines.insert(0, f"not finished; known so far, of {len(played)} of {len(outcome.versions)} versions:")
    elif not outcome.boundaries:
        lines = told_of_none(outcome.name, outcome.versions, played, bool(outcome.step))
    return lines if quiet else [*table_of(played), *lines, *told_of_edges(played), *hints(played)]


def for_programs(outcome: BisectOutcome) -> dict[str, object]:
    """Return what --json prints."""
    return {
        "launcher": outcome.name,
        "versions": list(outcome.versions),
        "is_finished": outcome.is_finished,
        "played": [seen._asdict() for seen in outcome.played],
        "boundaries": [boundary._asdict() for boundary in outcome.boundaries],
    }


def line_of(seen: Seen) -> str:
    """Say in a line what a version came to, and why it was skipped."""
    return harmless(f"{seen.version}: {WORDS[seen.kind]}{_count(seen)}{f': {seen.reason}' if seen.reason else ''}")


def table_of(all_seen: Sequence[Seen]) -> list[str]:
    """Return the versions that were played, oldest first. back: in how many plays the fault came back. Lines are not
    folded: that is for the terminal, where there is one."""
    rows = [("version", "back", "came to", "because")]
    for seen in all_seen:
        told = seen.times - seen.unsure
        rows.append((seen.version, f"{seen.same}/{told}" if told else "-", WORDS[seen.kind], _why(seen)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)][:3]
    return [
        harmless("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[3]]).rstrip())
        for row in rows
    ]


def told_of(boundary: Boundary, name: str, seen: Mapping[str, Seen]) -> list[str]:
    """Say where the fault came or went, and what is not known of the versions in between."""
    before, after = boundary.before, boundary.after
    where = f"with {name} {after}" if _adjacent(boundary) else f"between {name} {before} and {after}"
    lines = [f"{_what(boundary)} {where} ({_contrast(boundary)})"]
    if boundary.between:
        lines.append(f"  in between nothing is known of {_some(boundary.between)}: unstable or skipped, see above")
    if boundary.unplayed:
        lines.append(f"  not played: {_some(boundary.unplayed)}")
    for version in (before, after):
        for objection in seen[version].objections[:3]:
            lines.append(f"  {version}: {harmless(objection)}")
    return lines


def told_of_none(name: str, versions: Sequence[str], all_seen: Sequence[Seen], stepped: bool) -> list[str]:
    """Say that no boundary was seen, and what was looked at."""
    clear = [seen for seen in all_seen if seen.kind not in ("unstable", "untold")]
    whole = f"of {len(versions)} from {versions[0]} to {versions[-1]}"
    if not clear:
        lines = [f"no boundary: of {name} no version could be told, {whole} {len(all_seen)} were tried"]
    else:
        what = WORDS[clear[0].kind]
        lines = [f"no boundary: {what} in each of the {len(clear)} versions of {name} that were told, {whole}"]
        lines += [f"  {harmless(objection)}" for objection in clear[0].objections[:3]]
    if len(all_seen) < len(versions):
        step = (
            "a smaller --step looks" if stepped else "--all plays each of them, --all --step 5 every fifth: this looks"
        )
        lines.append(f"it may come and go in between; {step} closer")
    return lines


def told_of_edges(all_seen: Sequence[Seen]) -> list[str]:
    """Say where what could be told begins and ends."""
    dim = [seen.kind in ("unstable", "untold") for seen in all_seen]
    if all(dim):
        return []
    first, last = dim.index(False), len(dim) - 1 - dim[::-1].index(False)
    lines = (
        [f"up to {all_seen[first - 1].version} it could not be told; {line_of(all_seen[first - 1])}"] if first else []
    )
    if last < len(dim) - 1:
        lines.append(f"from {all_seen[last + 1].version} on it could not be told; {line_of(all_seen[last + 1])}")
    return lines


def hints(all_seen: Sequence[Seen]) -> list[str]:
    """Say what would tell more."""
    lines = []
    if any(seen.kind == "unstable" for seen in all_seen):
        lines.append(
            "a version is unstable where the fault comes in some plays only, which counts neither way: -n 50 says how "
            "often; a schedule, as `proctor explore` finds it, makes it come each time"
        )
    if any(seen.other for seen in all_seen):
        lines.append(
            "another objection: the check is not met there either, but by something else than the case file says; with "
            "--any-objection that counts as the same fault"
        )
    return lines


def _adjacent(boundary: Boundary) -> bool:
    return not boundary.between and not boundary.unplayed


def _what(boundary: Boundary) -> str:
    if boundary.now == "none":
        return "the fault went" if boundary.was == "fault" else "another fault went"
    if boundary.now == "fault":
        return "the fault came" if boundary.was == "none" else "the fault took the place of another"
    return "the fault became another" if boundary.was == "fault" else "another fault came"


def _contrast(boundary: Boundary) -> str:
    if boundary.now == "none":
        return f"still in {boundary.before}"
    if boundary.was == "none":
        return f"not in {boundary.before}"
    return f"{'as in the case file' if boundary.was == 'fault' else 'another'} up to {boundary.before}"


def _count(seen: Seen) -> str:
    if not seen.times:
        return ""
    if seen.kind == "untold":
        return ""
    if seen.kind == "none" and not seen.unsure:
        return f" in {seen.times} plays"
    count = seen.same + seen.other if seen.kind in ("unstable", "other") else seen.same
    unsure = f", {seen.unsure} could not be told" if seen.unsure else ""
    return f", {count} of {seen.times} plays{unsure}"


def _why(seen: Seen) -> str:
    if seen.reason:
        return seen.reason
    actual = [objection.partition("; actual: ")[2] or objection for objection in seen.objections[:2]]
    return "; ".join(actual) if seen.kind in ("other", "unstable") else ""


def _some(versions: Sequence[str]) -> str:
    if len(versions) <= 5:
        return ", ".join(versions)
    return f"{len(versions)} versions from {versions[0]} to {versions[-1]}"
