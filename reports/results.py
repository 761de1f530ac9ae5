"""The results document, as `--results` writes it: what all reports are made from."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

import msgspec

from proctor.harness.errors import UsageError
from proctor.harness.history import History
from proctor.harness.strict import convert, other_schema, raw_json
from proctor.harness.violation import Value, Violation
from proctor.reports.coverage import Coverage

SCHEMA = 2
Verdict = Literal[
    "pass", "partial", "fail", "declared deviation", "not applicable", "not observable", "not run", "unstable",
    "error",
]  # fmt: skip
"""partial: nothing was found, but less was played than planned. No failure, and never a pass."""


def slug(name: object) -> str:
    """Return a name as it is part of the names of cases."""
    return re.sub(r"[^\w.+-]+", "_", str(name)).strip("_")


class RequirementText(msgspec.Struct, frozen=True):
    """One sentence of the specification that was in force."""

    level: str
    sentence: str
    why: str = ""
    source: str = ""
    chapter: str = ""
    profile: str = ""
    mend: str = ""


class Spec(msgspec.Struct, frozen=True):
    """The specification. version: 0 for documents that are older than versions of it."""

    version: int = 0
    requirements: dict[str, RequirementText] = {}


class RowViolation(Violation, frozen=True, omit_defaults=False):
    """One violation of a requirement. message: all of it in one line. case: the case of the suite; file: its case file,
    where one was kept. is_unstable: whether it did not come back in each replay. stage: on which stage it was found; ""
    where that is not known. launcher_end: how the launcher ended there: its exit code, or the name of a signal.
    follows_from: the code of another violation, such as SIG-1/not-delivered, of which this one is a consequence."""

    message: str = ""
    case: str = ""
    file: str = ""
    is_unstable: bool = False
    stage: str = ""
    launcher_end: Value = ""
    follows_from: str = ""


class Row(msgspec.Struct, frozen=True):
    """What is known of one requirement. ran: the cases that were run, by name, if others were not; none if all were.
    undecided: those of them that do not tell whether there is a violation."""

    level: str
    verdict: Verdict
    executions: int = 0
    reason: str = ""
    violations: list[RowViolation] = []
    coverage: list[str] = []
    ran: list[str] = []
    undecided: list[str] = []

    @property
    def is_mandatory(self) -> bool:
        """Whether breaking it fails a launcher."""
        return self.level in ("MUST", "MUST NOT")

    @property
    def causes(self) -> tuple[str, ...]:
        """The other requirements for whose reason this one fails; none where any violation is its own matter."""
        found = [one.follows_from.partition("/")[0] for one in self.violations if not one.is_unstable]
        return tuple(dict.fromkeys(found)) if self.verdict == "fail" and all(found) else ()


class Launcher(msgspec.Struct, frozen=True):
    """The launcher. described_by: the description that was read, "" where that is not known."""

    name: str
    version: str = ""
    command: list[str] = []
    profiles: list[str] = []
    described_by: str = ""


class DeclaredDeviation(msgspec.Struct, frozen=True):
    """A deviation that the launcher's description or the option --declare declares. declaration: as in `SIG-1[HUP]`.
    state: whether a violation occurred that it covers. stale: none did, although all cases of the requirement were
    run. unknown: none did in those cases that were run, and there are others."""

    declaration: str
    reason: str
    state: Literal["occurred", "stale", "unknown"]

    @property
    def is_stale(self) -> bool:
        """Whether what it declares does not occur any more."""
        return self.state == "stale"


class Failure(msgspec.Struct, frozen=True):
    """A case that shows why a requirement has its verdict, with its histories: of a requirement there is the plainest.

    returned: in how many of the replays it came back. bare: the same with the command alone, None where there is no
    such thing. Of histories that are too long the results keep the first and the last events. schedule: in its text
    form. replay: the command that plays it again. case_file: as `proctor replay` reads it.
    """

    requirement: str
    case: str
    verdict: Verdict
    violations: list[Violation]
    history: History
    bare: History | None = None
    returned: int = 0
    replays: int = 0
    schedule: str = ""
    replay: str = ""
    case_file: dict[str, object] | None = None

    @property
    def length(self) -> int:
        """How much there is to read: steps and directives. Of several failures the shortest is shown."""
        return len(self.history.scenario.steps) + len(self.schedule.splitlines())


class Results(msgspec.Struct, frozen=True):
    """The results of one launcher. duration_s in seconds."""

    schema: int
    target: Launcher
    requirements: dict[str, Row]
    host: dict[str, object] = {}
    duration_s: float = 0.0
    executions: int = 0
    summary: dict[str, dict[str, int]] = {}
    spec: Spec = Spec()
    failures: list[Failure] = []
    explored: list[Coverage] = []
    deviations: list[DeclaredDeviation] = []

    @property
    def was_not_started(self) -> bool:
        """Whether nothing was run, because the launcher did not start a command."""
        verdicts = {row.verdict for row in self.requirements.values()}
        return "error" in verdicts and not self.executions and verdicts <= {"error", "not run"}

    @property
    def title(self) -> str:
        """The launcher's name and version."""
        name, version = self.target.name, self.target.version
        return version if version.startswith(f"{name} ") else f"{name} {version}".rstrip()

    def sentence(self, name: str) -> str:
        """Return the sentence of a requirement; "" where the document is too old to have it."""
        known = self.spec.requirements.get(name)
        return known.sentence if known else ""


def read(path: Path) -> list[Results]:
    """Return the results in one file, of one launcher or of several; UsageError if it is not a results file."""
    if path.is_dir():
        raise UsageError(f"{path}: this is a directory; name a file that --results has written")
    try:
        text = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; `proctor check TARGET --results FILE` writes one") from None
    data = raw_json(text, str(path))
    documents = data if isinstance(data, list) else [data]
    if not documents:
        raise UsageError(f"{path}: there are no results in it")
    return [_one(document, str(path)) for document in documents]


def read_all(paths: tuple[Path, ...]) -> list[Results]:
    """Return the results in several files."""
    return [one for path in paths for one in read(path)]


def _one(document: object, path: str) -> Results:
    if isinstance(document, dict) and "scenario" in document and "requirements" not in document:
        raise UsageError(f"{path} holds a case, not results; `proctor replay` plays it")
    schema = document.get("schema") if isinstance(document, dict) else None
    if not isinstance(document, dict) or schema is None:
        raise UsageError(f"{path}: no results: there is no 'schema'. `--results FILE` writes what is read here")
    if schema != SCHEMA:
        raise UsageError(
            f"{path}: {other_schema(schema, SCHEMA, 'Record it again with `proctor check TARGET --results FILE`')}"
        )
    _rename_verdicts(document)
    return convert(document, Results, path)


def _rename_verdicts(document: dict[str, object]) -> None:
    """Call "not built", as the verdict was called at first, "not run"."""
    rows = document.get("requirements")
    for row in rows.values() if isinstance(rows, dict) else ():
        if isinstance(row, dict) and row.get("verdict") == "not built":
            row["verdict"] = "not run"
