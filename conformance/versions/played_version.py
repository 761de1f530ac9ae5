"""The result of a case on one version of a launcher: installs the version, and plays the case several times."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import msgspec

from proctor.conformance.checks.common import NotObservable
from proctor.conformance.exploring.replay import Replayer, ReplayResult
from proctor.conformance.judging.casefile import CaseFile
from proctor.conformance.judging.probe import probe
from proctor.conformance.versions.bisection import Kind
from proctor.conformance.versions.managers import Source
from proctor.conformance.versions.packages import NotInstallable, install, programs_of
from proctor.harness.errors import UsageError, nearest
from proctor.harness.target import Target
from proctor.harness.violation import Violation, unlike

Progress = Callable[[str], None]
"""Called with a few words that say what is being done."""


class VersionResult(NamedTuple):
    """The result of one version. same: plays with the case's objection; other: plays with other objections only;
    unsure: inconclusive plays. reason: why the version is inconclusive."""

    version: str
    kind: Kind
    times: int = 0
    same: int = 0
    other: int = 0
    unsure: int = 0
    objections: tuple[Violation, ...] = ()
    reason: str = ""


def summarize(
    version: str, case: CaseFile, replays: Iterable[ReplayResult], any_objection: bool = False
) -> VersionResult:
    """Return the result of one version from its plays.

    any_objection: every objection of the check counts as the fault of the case. A case without objections is always
    judged so.
    """
    wanted = {objection.key for objection in case.objections}
    plays = list(replays)
    conclusive = [play for play in plays if not play.unsure]
    objecting = [play for play in conclusive if play.objections]
    # one common objection is enough: a fault with several effects may show more or fewer of them
    same = [play for play in objecting
            if any_objection or not wanted or wanted & {objection.key for objection in play.objections}]  # fmt: skip
    result = VersionResult(
        version, "inconclusive", len(plays), len(same), len(objecting) - len(same), len(plays) - len(conclusive),
        unlike(objection for play in objecting for objection in play.objections),
    )  # fmt: skip
    if 2 * len(conclusive) <= len(plays):
        return result._replace(reason="; ".join(dict.fromkeys(play.unsure for play in plays if play.unsure)))
    if not objecting:
        return result._replace(kind="none")
    if len(objecting) < len(conclusive):
        return result._replace(kind="unstable")
    return result._replace(kind="fault" if same else "other")


class VersionPlayer:
    """Plays one case on versions of one package. program: started instead of the program of the case's target."""

    def __init__(
        self, case: CaseFile, source: Source, name: str, directory: Path, program: str, times: int, any_objection: bool
    ) -> None:  # fmt: skip
        self._case, self._name, self._directory, self._times = case, name, directory, times
        self._source: Source = source
        self._is_named = bool(program)
        self._program = program or Path((case.target.bundle or case.target.command)[0]).name
        self._any_objection = any_objection
        self._lacking: dict[str, str] = {}
        """Versions that lack the program, with the programs that they have."""
        self._found_program = False

    def play(self, version: str, show: Progress) -> VersionResult:
        """Install a version if it is missing, and play the case on it. HarnessError if the harness fails."""
        show("installing")
        try:
            programs = install(self._source, self._name, version, self._directory)
        except NotInstallable as why:
            return VersionResult(version, "inconclusive", reason=f"not installable: {why}")
        found = programs_of(self._source, programs)
        if self._program not in found:
            return self._without_program(version, found)
        self._found_program = True
        target = on_version(self._case.target, programs / self._program, f"{self._name} {version}")
        show("starting")
        if trouble := probe(target).trouble:
            return VersionResult(version, "inconclusive", reason=f"it does not start the command: {trouble.summary}")
        try:
            replayer = Replayer(self._case, target)
        except NotObservable as reason:
            return VersionResult(version, "inconclusive", reason=str(reason))
        replays = []
        for number in range(self._times):
            show(f"play {number + 1} of {self._times}")
            replays.append(replayer.once())
        return summarize(version, self._case, replays, self._any_objection)

    def _without_program(self, version: str, found: list[str]) -> VersionResult:
        """Return the result of a version that lacks the program. UsageError if the second version lacks it too: then it
        is probably a typing error, and must not lead to hundreds of installations."""
        what = f"has no program '{self._program}'{nearest(self._program, found)}"
        has = f"it has {', '.join(found)}" if found else "it has none"
        self._lacking[version] = has
        if len(self._lacking) > 1 and not self._found_program:
            both = " and ".join(self._lacking)
            hint = "" if self._is_named else ". Name one with --program"
            raise UsageError(f"{self._name} {both}: {what}; {has}{hint}")
        return VersionResult(version, "inconclusive", reason=f"{what}; {has}")


def on_version(target: Target, program: Path, name: str) -> Target:
    """Return a target that calls another program instead of its own, in all its command lines. It gets another name, so
    that each version has its own HOME."""
    own = Path((target.bundle or target.command)[0]).name
    command = target.command if target.bundle else (str(program), *target.command[1:])

    def put(words: tuple[str, ...]) -> tuple[str, ...]:
        return (str(program), *words[1:]) if words and Path(words[0]).name == own else words

    return msgspec.structs.replace(
        target, name=name, command=command, bundle=put(target.bundle), version=put(target.version),
        sync=put(target.sync), prune=put(target.prune),
    )  # fmt: skip
