"""The results document: every requirement of the spec has its row, each time."""

from __future__ import annotations

import os
import platform
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from proctor.conformance.judging.consequences import with_causes
from proctor.conformance.judging.deviations import parse
from proctor.conformance.judging.evidence import SHOWN
from proctor.conformance.judging.judge import VERDICTS, Judgement
from proctor.conformance.spec import VERSION, Requirement, requirements
from proctor.harness.errors import HarnessError, UsageError
from proctor.harness.target import Target
from proctor.harness.violation import Violation
from proctor.reports.coverage import Coverage
from proctor.reports.results import (
    SCHEMA,
    DeclaredDeviation,
    Failure,
    Launcher,
    RequirementText,
    Results,
    Row,
    RowViolation,
    Spec,
    Verdict,
)

IN_LINES = ("explored", "failures")
NOT_PLAYED: tuple[Verdict, ...] = ("not applicable", "not run")
MOST_REASONS = 3
"""Reasons in the row of a requirement that is not partial; a partial one has one for each campaign."""


FULL = "--full plays all"
REST = "cases that were not run"
"""The name of what stands for cases that were left out, by -k or because the run ended early."""
UNDECIDED: tuple[Verdict, ...] = ("partial", "not observable", "error")
"""Verdicts of cases that do not tell whether there is a violation."""


class Sample(msgspec.Struct, frozen=True):
    """A case that is repeated over a sample of values: how many of how many, and of what, such as "exit codes"."""

    played: int
    whole: int
    what: str

    def __str__(self) -> str:
        return f"a sample of {self.played} of {self.whole} {self.what}"


class CaseResult(msgspec.Struct, frozen=True):
    """One case: the requirement it speaks of, the target, and what came of it. file: its case file, where one is
    kept. failure: what a report is made of, where its worker has not told a plainer one. sample: of how many values the
    case is repeated over only some, None for all."""

    requirement: str
    target: str
    case: str
    judgement: Judgement
    sample: Sample | None = None
    file: str = ""
    failure: Failure | None = None


def rows(target: Target, cases: list[CaseResult]) -> dict[str, Row]:
    """Return the row of every requirement for this target."""
    by_requirement: dict[str, list[CaseResult]] = {}
    for case in cases:
        if case.target == target.name:
            by_requirement.setdefault(case.requirement, []).append(case)
    return with_causes({r.id: _row(r, by_requirement.get(r.id, [])) for r in requirements().values()})


def _row(requirement: Requirement, cases: list[CaseResult]) -> Row:
    if not cases:
        return Row(requirement.level, "not run", 0, "no case of this requirement was run", [])
    verdict = min(map(verdict_of_case, cases), key=VERDICTS.index)
    executions = sum(case.judgement.executions for case in cases)
    shown = (verdict, "fail", "unstable", *(("declared deviation",) if verdict == "partial" else ()))
    violations = [
        _violation(case, v) for case in cases if case.judgement.verdict in shown for v in case.judgement.violations
    ]
    covered = [str(case.judgement.explored) for case in cases if case.judgement.explored]
    is_part = any(case.sample or case.case == REST for case in cases)
    ran = [case for case in cases if case.case != REST]
    return Row(
        requirement.level, verdict, executions, "; ".join(_notes(verdict, cases)), violations, covered,
        ran=[case.case for case in ran] if is_part else [],
        undecided=[case.case for case in ran if case.judgement.verdict in UNDECIDED],
    )  # fmt: skip


def verdict_of_case(case: CaseResult) -> Verdict:
    """Return the verdict of a case as the row of its requirement counts it: a pass on a sample is partial."""
    return "partial" if case.sample and case.judgement.verdict == "pass" else case.judgement.verdict


def _notes(verdict: Verdict, cases: list[CaseResult]) -> Iterator[str]:
    """Yield why a requirement has its verdict; of a partial one, how much was played, and what plays the rest."""
    reasons = dict.fromkeys(c.judgement.reason for c in cases if c.judgement.reason and c.judgement.verdict == verdict)
    yield from list(reasons)[: len(reasons) if verdict == "partial" else MOST_REASONS]
    if verdict in NOT_PLAYED:
        return
    samples = dict.fromkeys(str(case.sample) for case in cases if case.sample)
    yield from samples
    rests = [FULL] * bool(samples) + [case.judgement.rest for case in cases if case.judgement.verdict == verdict]
    yield from dict.fromkeys(filter(None, rests))


def _violation(case: CaseResult, found: Violation) -> RowViolation:
    fields = {name: getattr(found, name) for name in found.__struct_fields__}
    judgement = case.judgement
    return RowViolation(
        **fields,
        message=str(found),
        case=case.case,
        file=case.file,
        is_unstable=judgement.verdict == "unstable",
        stage=judgement.stage,
        launcher_end=judgement.launcher_end,
    )


TOLD: tuple[Verdict, ...] = ("pass", "fail", "unstable", "declared deviation")
"""Verdicts of cases in which a declared violation would have been seen."""
NOT_CONCERNED: tuple[Verdict, ...] = ("not applicable",)


def deviations(target: Target, cases: list[CaseResult], is_part: bool) -> list[DeclaredDeviation]:
    """Return what the target declares, and whether it occurred. is_part: whether there are cases that were not run."""
    own = [case for case in cases if case.target == target.name]
    return [
        DeclaredDeviation(text, reason, _state(text, own, is_part)) for text, reason in target.deviations.items()
    ]  # fmt: skip


def _state(declaration: str, cases: list[CaseResult], is_part: bool) -> Literal["occurred", "stale", "unknown"]:
    name = parse(declaration).requirement
    about = [case for case in cases if case.requirement == name]
    if any(declaration in case.judgement.declarations for case in about):
        return "occurred"
    concerned = [case for case in about if case.judgement.verdict not in NOT_CONCERNED]
    is_whole = not is_part and all(case.judgement.verdict in TOLD and not case.sample for case in concerned)
    return "stale" if concerned and is_whole else "unknown"


def failures(table: dict[str, Row], target: Target, cases: list[CaseResult]) -> list[Failure]:
    """Return one failure for each requirement that has one: the first of the plainest cases of its verdict."""
    told = [case.failure for case in cases if case.failure and case.target == target.name]
    shown = {name: row.verdict for name, row in table.items() if row.verdict in SHOWN}
    alike = ([one for one in told if (one.requirement, one.verdict) == pair] for pair in shown.items())
    return [min(ones, key=lambda failure: failure.length) for ones in alike if ones]


def explorations(target: Target, cases: list[CaseResult]) -> list[Coverage]:
    """Return what was explored on this target."""
    return [case.judgement.explored for case in cases if case.judgement.explored and case.target == target.name]


def document(
    target: Target, version: str, cases: list[CaseResult], seconds: float, containment: str, compared: str = "",
    witness: str = "",
) -> Results:  # fmt: skip
    """Return the results of one target, as `--results` writes them. compared: what the control group found out.
    witness: which build of the command was used, "" for the usual one."""
    table = rows(target, cases)
    summary: dict[str, Counter[str]] = {"MUST": Counter(), "SHOULD": Counter(), "MAY": Counter()}
    for row in table.values():
        summary[row.level.removesuffix(" NOT")][row.verdict] += 1
    return Results(
        SCHEMA,
        Launcher(target.name, version, list(target.command), list(target.profiles)),
        table,
        host(containment, compared, witness),
        round(seconds, 3),
        sum(row.executions for row in table.values()),
        {level: dict(counts) for level, counts in summary.items()},
        specification(),
        failures(table, target, cases),
        explorations(target, cases),
    )


def specification() -> Spec:
    """Return what was required: a report is made from the document alone."""
    fields = RequirementText.__struct_fields__
    texts = {r.id: RequirementText(*(getattr(r, name) for name in fields)) for r in requirements().values()}
    return Spec(VERSION, texts)


def host(containment: str, compared: str = "", witness: str = "") -> dict[str, object]:
    """Return what may matter about this system."""
    told: dict[str, object] = {
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "containment": containment,
    }
    more = {"control group": compared, "witness": witness}
    return told | {key: text for key, text in more.items() if text}


def check_path(path: Path) -> None:
    """Raise UsageError if results cannot be written there; called before the run."""
    where = f"--results={path}"
    if path.is_dir():
        raise UsageError(f"{where}: this is a directory; name a file in it")
    if path.exists() and not path.is_file():  # what is there is replaced: for root that would be /dev/null itself
        raise UsageError(f"{where}: this is no regular file; name one, or use `proctor check --json`")
    directory = path.resolve().parent
    if not directory.is_dir():
        raise UsageError(f"{where}: there is no directory {directory}; make it first: mkdir -p {directory}")
    if not os.access(directory, os.W_OK | os.X_OK):
        raise UsageError(f"{where}: the directory {directory} may not be written; name a file somewhere else")


def keep(path: Path, documents: list[Results]) -> None:
    """Write these results; HarnessError where they cannot be written."""
    try:
        write(path.resolve(), documents)  # where a link leads: the file takes the place of what has its name
    except OSError as error:
        raise HarnessError(
            f"--results={path}: cannot be written: {error.strerror}. This says nothing about the launcher. Make room "
            "there, or name another file"
        ) from None


def write(path: Path, documents: list[Results]) -> None:
    """Write one document, or a list of them where there are several targets; whole or not at all."""
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_bytes(content(documents))
    os.replace(unfinished, path)


def content(documents: list[Results]) -> bytes:
    """Return these results as JSON."""
    written = [_written(one) for one in documents]
    return (written[0] if len(written) == 1 else b"[\n" + b",\n".join(written) + b"\n]") + b"\n"


def _written(document: Results) -> bytes:
    """Return the JSON of one document: for people to read, but a line for each failure and each map. An event to a line
    would make it three times as long."""
    rest = {name: getattr(document, name) for name in document.__struct_fields__ if name not in IN_LINES}
    whole = msgspec.json.format(msgspec.json.encode(rest), indent=2).removesuffix(b"\n}")
    return whole + b"".join(_in_lines(key, getattr(document, key)) for key in IN_LINES) + b"\n}"


def _in_lines(key: str, told: object) -> bytes:
    lines = b",\n".join(b"    " + msgspec.json.encode(one) for one in told) if isinstance(told, list) else b""
    return b',\n  "' + key.encode() + b'": [' + (b"\n" + lines + b"\n  " if lines else b"") + b"]"
