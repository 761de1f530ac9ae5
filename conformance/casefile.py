"""A finding as a file: what is needed to play it again, on the same or another launcher."""

from __future__ import annotations

import os
import re
import zlib
from pathlib import Path

import msgspec

from conformance.campaigns import Campaign, campaign_named
from harness.errors import WrongCall
from harness.scenario import Scenario
from harness.schedule import Schedule
from harness.strict import parse_json
from harness.target import Target


class CaseFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Target, scenario and schedule of a finding, the requirement, and what was objected to.

    check: the campaign whose check judges it. required and objections are for people; versions: of the launcher, of
    Proctor and of the system on which it was found.
    """

    schema: int
    requirement: str
    check: str
    target: Target
    scenario: Scenario
    schedule: Schedule
    objections: tuple[str, ...]
    versions: dict[str, str]

    @property
    def campaign(self) -> Campaign:
        """Return the campaign with this very scenario."""
        return campaign_named(self.check)._replace(scenario=self.scenario)


def read(path: Path) -> CaseFile:
    """Read a case file; raise WrongCall where there is none or it is something else."""
    if path.is_dir():
        raise WrongCall(f"{path}: this is a directory; name one of the case files in it")
    try:
        text = path.read_bytes()
    except OSError as error:
        raise WrongCall(f"{path}: {error.strerror}; `proctor explore TARGET` writes case files") from None
    case = parse_json(text, CaseFile, str(path))
    if case.schema != 1:
        raise WrongCall(f"{path}: schema {case.schema} is not known here; this Proctor reads schema 1")
    return case


def write(case: CaseFile, directory: Path) -> Path:
    """Write a case under a name that says what it is, whole or not at all; return the path. OSError where it cannot."""
    directory.mkdir(parents=True, exist_ok=True)
    first = case.schedule.directives[-1].at if case.schedule.directives else "free"
    words = re.sub(r"[^\w]+", "-", f"{case.target.name} {case.requirement} {case.check} {first}").strip("-").lower()
    path = directory / f"{words[:90]}-{zlib.crc32(str(case.schedule).encode()):08x}.json"
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_bytes(msgspec.json.format(msgspec.json.encode(case), indent=2) + b"\n")
    os.replace(unfinished, path)
    return path
