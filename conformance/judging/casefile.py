"""A finding as a file: what is needed to play it again, on the same or another launcher."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import zlib
from collections.abc import Iterable
from pathlib import Path

import msgspec

from proctor.harness.bounds import check_arguments, check_utf8, check_variables
from proctor.harness.description_checks import check_command_lines, check_files, check_project_environment
from proctor.harness.errors import UsageError
from proctor.harness.history import History, PointReached
from proctor.harness.scenario import Scenario, key_of
from proctor.harness.schedule import Schedule
from proctor.harness.settings import Containment
from proctor.harness.strict import other_schema, parse_json, raw_json
from proctor.harness.target import Target
from proctor.harness.violation import Violation

SCHEMA = 2
"""Of the case files that are read and written here."""
READS_ATTRIBUTES = "inherit.surroundings"
"""The check that compares what the kernel keeps for a process; without Stage.reads_attributes it would see nothing."""


class CaseFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Target, scenario and schedule of a finding, the requirement, and its violations.

    campaign: the campaign of the explorer that found it, whose check judges it. check: the check itself,
    `chapter.function`, where no campaign is named. A case names one of the two. objections: what was found. versions:
    of the launcher, of Proctor and of the system on which it was found. compared_with: the scenario of the launcher
    itself with which it is compared, where that is not the bare command. programs: for each directive, what the
    launcher and its children were running when it came to its point (PointReached); empty where that is not known.
    containment: how it was played, "" for as the system allows.
    """

    schema: int
    requirement: str
    target: Target
    scenario: Scenario
    objections: tuple[Violation, ...]
    versions: dict[str, str]
    check: str = ""
    campaign: str = ""
    schedule: Schedule = Schedule()
    compared_with: Scenario | None = None
    programs: tuple[tuple[str, ...], ...] = ()
    containment: Containment = ""

    @property
    def is_explored(self) -> bool:
        """Whether the explorer found it."""
        return bool(self.campaign)

    @property
    def judged_by(self) -> str:
        """The name of its campaign, else of its check."""
        return self.campaign or self.check

    @property
    def length(self) -> int:
        """How much there is to read: steps and directives."""
        choices = self.schedule.order.choices if self.schedule.order else ()
        return len(self.scenario.steps) + len(self.schedule.directives) + len(choices)


def programs_at_points(history: History | None, schedule: Schedule) -> tuple[tuple[str, ...], ...]:
    """Return what `programs` of a case is, from a history in which its schedule was played."""
    at_point = {fact.at: fact.programs for fact in history.facts(PointReached)} if history else {}
    return tuple(at_point.get(directive.at, ()) for directive in schedule.directives) if any(at_point.values()) else ()


def other_way(case: CaseFile, history: History, is_same_launcher: bool) -> str:
    """Return in which way the launcher went another way than in the case until the schedule had an effect; "" if it
    did not: it has made as many processes, and they run the same programs. Its own program is another if it is another
    launcher."""
    first = 0 if is_same_launcher else 1
    for directive, its, mine in zip(
        case.schedule.directives, case.programs, programs_at_points(history, case.schedule), strict=False
    ):
        if its and mine[first:] != its[first:]:
            return f"at {directive.at}, the launcher and its children ran {shown(mine)}; in the case: {shown(its)}"
    return ""


def shown(programs: tuple[str, ...]) -> str:
    """Return programs in words."""
    return ", ".join(name or "(none yet)" for name in programs) or "nothing"


def versions(launcher: str) -> dict[str, str]:
    """Return the versions that matter: of the launcher, of Proctor, of the system."""
    return {
        "launcher": launcher or "unknown",
        "proctor": importlib.metadata.version("launch-proctor"),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cores": str(os.cpu_count()),
    }


def read(path: Path) -> CaseFile:
    """Read a case file; UsageError if it does not exist or is not a case file."""
    if path.is_dir():
        raise UsageError(f"{path}: this is a directory; name one of the case files in it")
    try:
        text = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; `proctor explore TARGET` writes case files") from None
    data = raw_json(text, str(path))
    first = data[0] if isinstance(data, list) and data else data
    if isinstance(first, dict) and "requirements" in first and "scenario" not in first:
        raise UsageError(f"{path} holds results, not a case; `proctor report` reads it")
    schema = data.get("schema", SCHEMA) if isinstance(data, dict) else SCHEMA
    if type(schema) is int and schema != SCHEMA:  # before all else: another schema has other keys
        again = "Record it again with `proctor explore`, `proctor hunt` or `proctor check --cases`"
        raise UsageError(f"{path}: {other_schema(schema, SCHEMA, again)}")
    case = checked(parse_json(text, CaseFile, str(path)), str(path))
    if case.check == READS_ATTRIBUTES:  # also in a case from before the stage said so
        stage = msgspec.structs.replace(case.scenario.stage, reads_attributes=True)
        case = msgspec.structs.replace(case, scenario=msgspec.structs.replace(case.scenario, stage=stage))
    return case


def checked(case: CaseFile, where: str) -> CaseFile:
    """Return a case; UsageError if it cannot be played, or if it would write outside of its launcher's directory."""
    check_files(case.target, where)
    check_project_environment(case.target, where)
    check_command_lines(case.target, f"{where}: 'target'")
    for key, scenario in (("scenario", case.scenario), ("compared_with", case.compared_with)):
        if scenario:
            check_arguments(scenario.args, f"{where}: '{key}.args'")
            check_variables(scenario.stage.environment.items(), f"{where}: '{key}.stage.environment'")
    if bool(case.check) == bool(case.campaign):
        found = "both" if case.check else "neither"
        raise UsageError(f"{where}: a case names either its 'check' or its 'campaign'; this one names {found}")
    return case


def check_directory(cases: Path) -> None:
    """Raise UsageError if case files cannot be saved there; called before anything is played. What is made for this is
    removed: a run without findings, or one that is refused, leaves no directory."""
    check_utf8(str(cases), f"--cases={cases}")
    made = [path for path in (cases, *cases.parents) if not path.exists()]
    try:
        cases.mkdir(parents=True, exist_ok=True)
        for path in made:
            path.rmdir()
    except OSError as error:
        raise UsageError(f"--cases={cases}: {error.strerror}; name a directory that can be made") from None
    if not made and not os.access(cases, os.W_OK | os.X_OK):
        raise UsageError(f"--cases={cases}: cannot be written; name another directory")


def slug(text: str) -> str:
    """Return text as part of a file's name."""
    return re.sub(r"[^\w]+", "-", text).strip("-").lower()[:90]


def write(case: CaseFile, directory: Path, name: str = "") -> Path:
    """Write a case, whole or not at all, under this name or one that says what it is; return the path. OSError where it
    cannot."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{name or _name_of(case)}.json"
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_bytes(msgspec.json.format(msgspec.json.encode(case), indent=2) + b"\n")
    os.replace(unfinished, path)
    return path


def _name_of(case: CaseFile) -> str:
    first = case.schedule.directives[-1].at if case.schedule.directives else ""
    launcher = case.target.name.rpartition("/")[2][-30:]  # a path may be longer than a name
    content = (b"" if case.is_explored else key_of(case.scenario)) + str(case.schedule).encode()
    return f"{slug(f'{launcher} {case.requirement} {case.judged_by} {first}')}-{zlib.crc32(content):08x}"


def kept_objections(violations: Iterable[Violation]) -> tuple[Violation, ...]:
    """Return violations as a case file has them: without the events, which are those of one execution."""
    return tuple(msgspec.structs.replace(one, events=(), schedule="") for one in violations)
