"""What a case comes to on one version of a launcher: it is installed, started, and plays the case some times."""

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

Tell = Callable[[str], None]
"""Hears what is being done, in a few words."""


class Seen(NamedTuple):
    """What one version came to. same: in how many plays the case's objection came back; other: in how many the check
    objected to something else; unsure: in how many it could not be told. reason: why a version is untold."""

    version: str
    kind: Kind
    times: int = 0
    same: int = 0
    other: int = 0
    unsure: int = 0
    objections: tuple[Violation, ...] = ()
    reason: str = ""


def sum_up(version: str, case: CaseFile, all_told: Iterable[ReplayResult], any_objection: bool = False) -> Seen:
    """Return what the plays of one version come to.

    any_objection: whatever the check objects to counts as the fault of the case; so it does where the case names none.
    """
    wanted = {objection.key for objection in case.objections}
    plays = list(all_told)
    told = [play for play in plays if not play.unsure]
    objecting = [play for play in told if play.objections]
    # one of them is enough: a fault with several effects shows now more of them, now fewer
    same = [play for play in objecting
            if any_objection or not wanted or wanted & {one.key for one in play.objections}]  # fmt: skip
    seen = Seen(
        version, "untold", len(plays), len(same), len(objecting) - len(same), len(plays) - len(told),
        unlike(one for play in objecting for one in play.objections),
    )  # fmt: skip
    if 2 * len(told) <= len(plays):
        return seen._replace(reason="; ".join(dict.fromkeys(play.unsure for play in plays if play.unsure)))
    if not objecting:
        return seen._replace(kind="none")
    if len(objecting) < len(told):
        return seen._replace(kind="unstable")
    return seen._replace(kind="fault" if same else "other")


class Versions:
    """Plays one case on versions of one package. `program` is started instead of that of the case's target."""

    def __init__(
        self, case: CaseFile, source: Source, name: str, directory: Path, program: str, times: int, any_objection: bool
    ) -> None:  # fmt: skip
        self._case, self._name, self._directory, self._times = case, name, directory, times
        self._source: Source = source
        self._program = program or Path(case.target.command[0]).name
        self._any_objection = any_objection
        self._without: dict[str, str] = {}
        self._has_been_there = False

    def play(self, version: str, tell: Tell) -> Seen:
        """Install a version unless it is there, and play the case on it. HarnessError where the harness fails."""
        tell("installing")
        try:
            programs = install(self._source, self._name, version, self._directory)
        except NotInstallable as why:
            return Seen(version, "untold", reason=f"not installable: {why}")
        found = programs_of(self._source, programs)
        if self._program not in found:
            return self._lacks(version, found)
        self._has_been_there = True
        target = on_version(self._case.target, programs / self._program, f"{self._name} {version}")
        tell("starting")
        if trouble := probe(target).trouble:
            return Seen(version, "untold", reason=f"it does not start the command: {trouble.summary}")
        try:
            replayer = Replayer(self._case, target)
        except NotObservable as reason:
            return Seen(version, "untold", reason=str(reason))
        all_told = []
        for number in range(self._times):
            tell(f"play {number + 1} of {self._times}")
            all_told.append(replayer.once())
        return sum_up(version, self._case, all_told, self._any_objection)

    def _lacks(self, version: str, found: list[str]) -> Seen:
        """Say so of a version without this program; raise WrongCall where the second one lacks it too, so that nobody
        installs hundreds because of a slip of the pen."""
        what = f"has no program '{self._program}'{nearest(self._program, found)}"
        has = f"it has {', '.join(found)}" if found else "it has none"
        self._without[version] = has
        if len(self._without) > 1 and not self._has_been_there:
            both = " and ".join(self._without)
            raise UsageError(f"{self._name} {both}: {what}; {has}. Name one with --program")
        return Seen(version, "untold", reason=f"{what}; {has}")


def on_version(target: Target, program: Path, name: str) -> Target:
    """Return a target with another program in place of its own, wherever it calls that, and another name: what one
    version leaves in its home is not for the next."""
    own = Path(target.command[0]).name

    def put(words: tuple[str, ...]) -> tuple[str, ...]:
        return (str(program), *words[1:]) if words and Path(words[0]).name == own else words

    return msgspec.structs.replace(
        target, name=name, command=(str(program), *target.command[1:]), version=put(target.version),
        sync=put(target.sync), prune=put(target.prune),
    )  # fmt: skip
