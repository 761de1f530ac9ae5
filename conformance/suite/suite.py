"""The state of one run of the suite: the targets, the results of their probes, and the verdicts so far."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from proctor.conformance.exploring.extent import LONGEST, Extent
from proctor.conformance.exploring.shared_plays import SharedPlays
from proctor.conformance.exploring.surveys import Surveys
from proctor.conformance.judging import casefile, result_rows
from proctor.conformance.judging.control_group import probe_contained
from proctor.conformance.judging.deviations import check_deviations, with_declared
from proctor.conformance.judging.judge import Bare
from proctor.conformance.judging.probe import Probe, not_judged
from proctor.conformance.judging.result_rows import CaseResult
from proctor.conformance.suite import failure_report
from proctor.conformance.suite.case_timer import CaseTimer
from proctor.conformance.suite.confirmed import Confirmed
from proctor.conformance.suite.kept_results import kept_results
from proctor.conformance.suite.selection import selects_part, with_cases
from proctor.harness import execute as door
from proctor.harness import settings
from proctor.harness.description_checks import with_profiles
from proctor.harness.descriptions import described_by, description_of, load
from proctor.harness.errors import UsageError, nearest
from proctor.harness.history import History
from proctor.harness.scenario import Scenario
from proctor.harness.schedule import Schedule
from proctor.harness.target import PROFILES, Target
from proctor.reports.results import DeclaredDeviation

MOST_WITH_LONG_WAITS = 3
"""Values over which a case is repeated where each execution may wait for seconds."""


def spread(values: tuple[Any, ...], most: int) -> tuple[Any, ...]:
    """Return at most so many of these values, evenly spread, the first and the last among them."""
    if len(values) <= most:
        return values
    return tuple(values[n * (len(values) - 1) // (most - 1)] for n in range(most))


class Suite:
    """The state of one run, in one pytest process."""

    def __init__(
        self, targets: list[Target], asked: list[str], probes: dict[str, Probe], options: pytest.Config
    ) -> None:  # fmt: skip
        self.asked = dict(zip((target.name for target in targets), asked, strict=True))
        self.targets = {target.name: target for target in targets}
        self.probes = probes
        self.full: bool = options.option.full
        self.surveys = Surveys()
        self.shared_plays = SharedPlays()
        self.repeat_with = [f"--profile={name}" for name in options.option.profile] + ["--full"] * self.full
        self.repeat_with += [f"--declare={text}" for text in options.option.declare]
        if (containment := options.option.containment) != "auto":
            self.repeat_with.append(f"--containment={containment}")
        """The options of this run without which a case may not be repeated."""
        self._schedules: int | None = options.option.explore_schedules
        budget: float | None = options.option.explore_budget
        self._plays_all_schedules = self.full or budget is not None
        self._seconds = (math.inf if self.full else LONGEST) if budget is None else budget
        self.keep_cases: str = options.option.cases
        """The directory for case files of violations; "" to save none."""
        self.timer = CaseTimer(options)
        self.bare = Bare(self.execute)
        self.cases: list[CaseResult] = []
        worker_input: dict[str, str] = getattr(options, "workerinput", {})
        self.confirmed = Confirmed(worker_input.get("proctor_confirmed", ""))
        self.shortest_failures: dict[tuple[str, str, str], int] = {}
        """Length of the shortest failure recorded with its histories, by (target, requirement, verdict)."""
        self.start = time.monotonic()
        self.write_error = ""
        """Why the results could not be written; "" if they could."""

    def execute(self, target: Target, scenario: Scenario, schedule: Schedule | None = None) -> History:
        """Play a scenario for the case that is running, and restart its limit; as door.execute()."""
        try:
            return door.execute(target, scenario, schedule, self.is_uncontained(target.name))
        finally:
            self.timer.restart()

    @property
    def judged(self) -> list[Target]:
        """The targets that start a command."""
        return [target for target in self.targets.values() if not self.probes[target.name].trouble]

    @property
    def troubles(self) -> list[str]:
        """Why the other targets are not judged."""
        return [probe.trouble.text for probe in self.probes.values() if probe.trouble]

    def repeat_command(self, result: CaseResult) -> str:
        """Return the command line that repeats a case of this run."""
        told = failure_report.repeat_command(result, self.asked[result.target], self.repeat_with)
        # `proctor replay` plays no control group
        contained = self.containment_of(result.target) if result.judgement.schedule else ""
        return f"{told} --containment={contained}" if contained else told

    @property
    def played_differently(self) -> list[str]:
        """What is not as usual in how targets are played, a line for each."""
        known = [(target.name, self.probes[target.name]) for target in self.judged]
        lines = [f"containment of {name}: {one.containment}: {one.compared}" for name, one in known if one.uncontained]
        return lines + [f"witness of {name}: {one.witness}" for name, one in known if one.witness]

    def is_uncontained(self, name: str) -> bool:
        """Whether the target of this name is judged without a PID namespace although the others are not."""
        return name in self.probes and self.probes[name].uncontained

    def containment_of(self, name: str) -> settings.Containment:
        """Return how the target of this name is contained, "" if that is as the system allows."""
        return "subreaper" if self.is_uncontained(name) else settings.containment()

    def deviations(self, target: Target, config: pytest.Config) -> list[DeclaredDeviation]:
        """Return what the target declares, and whether it occurred."""
        return result_rows.deviations(target, self.cases, is_part=selects_part(config))

    def stale(self, config: pytest.Config) -> list[str]:
        """Return a line for each declared deviation that did not occur."""
        return [
            f"{target.name}: declared, but it does not occur: {one.declaration} ({one.reason})"
            for target in self.judged
            for one in self.deviations(target, config)
            if one.is_stale
        ]

    @property
    def undescribed(self) -> frozenset[str]:
        """The names of the targets for which no description was read."""
        return frozenset(name for name, asked in self.asked.items() if description_of(asked) is None)

    def values(self, target: Target, whole: tuple[Any, ...], part: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the values over which a case is repeated on this target: all; those of a sample where the launcher is
        slow; MOST_WITH_LONG_WAITS of these where each execution may wait for seconds."""
        if self.full:
            return whole
        if self.probes[target.name].waits:
            return spread(part, MOST_WITH_LONG_WAITS)
        return part if self._is_slow(target) else whole

    def extent(self, target: Target, share: float) -> Extent:
        """Return how much of a campaign is played on this target. share: of the work for one launcher."""
        waits = self.probes[target.name].waits
        share_of_work = None if self._plays_all_schedules else share
        return Extent(share_of_work, self._is_slow(target), self._schedules, self._seconds, waits)

    @property
    def why_unexplored(self) -> str:
        """The option that leaves explored cases out, as text; "" if they are played."""
        if self._schedules == 0:
            return "--explore-schedules=0"
        return "--explore-budget=0" if self._seconds == 0 else ""

    def _is_slow(self, target: Target) -> bool:
        return target.slow or self.probes[target.name].slow


def make_suite(config: pytest.Config) -> Suite:
    """Return the suite for the options; UsageError if the options are wrong or no target starts a command."""
    worker_input: dict[str, Any] | None = getattr(config, "workerinput", None)
    if worker_input:
        targets = msgspec.json.decode(worker_input["proctor_targets"], type=list[Target])
        probes = msgspec.json.decode(worker_input["proctor_probes"], type=dict[str, Probe])
        return Suite(targets, config.option.target, probes, config)
    asked = config.option.target
    if not asked:
        raise UsageError("no launcher to test: give --target=LAUNCHER, such as --target=./launcher or --target=tini")
    if config.option.results:
        result_rows.check_path(Path(config.option.results))
    if config.option.cases:
        casefile.check_directory(Path(config.option.cases))
    for name in ("explore_schedules", "explore_budget"):
        value = getattr(config.option, name)
        if value is not None and not value >= 0:
            raise UsageError(f"--{name.replace('_', '-')}={value}: give 0 or more")
    for profile in config.option.profile:
        if profile not in PROFILES:
            known = ", ".join(PROFILES)
            raise UsageError(f"--profile={profile}: unknown{nearest(profile, PROFILES)}; known are: {known}")
    door.choose_containment("" if config.option.containment == "auto" else config.option.containment)
    targets = [_load(one, config) for one in asked]
    names = [target.name for target in targets]
    if len(set(names)) < len(names):
        raise UsageError(f"--target: the same target twice: {', '.join(names)}; name each one once")
    probes = {target.name: probe_contained(target) for target in targets}
    suite = Suite([probes[target.name].with_witness(target) for target in targets], asked, probes, config)
    if not suite.judged:
        write_results(suite, config)
        raise UsageError("\n".join(suite.troubles))
    return suite


def _load(asked: str, config: pytest.Config) -> Target:
    """Return the target for a --target, with what the other options add to its description."""
    target = with_profiles(check_deviations(load(asked), asked), config.option.profile)
    return with_declared(target, config.option.declare)


def write_results(suite: Suite, config: pytest.Config, is_interrupted: bool = False) -> None:
    """Write the file of --results; HarnessError if that fails. An interrupted run never replaces an existing file: that
    may be the baseline."""
    kept = kept_results(config)
    if not (kept or config.option.results) or (is_interrupted and not suite.cases):
        return
    path = Path(config.option.results) if config.option.results else None
    is_aside = bool(is_interrupted and path and path.exists())
    if path and is_aside:
        path = path.with_name(f"{path.name}.interrupted")
        suite.write_error = f"--results={config.option.results} was not changed; the results so far are in {path}"
    seconds = time.monotonic() - suite.start
    documents = []
    for target in suite.targets.values():
        probed = suite.probes[target.name]
        cases = not_judged(target, probed.trouble, with_cases()) if probed.trouble else suite.cases
        how = probed.containment, probed.compared, probed.witness
        told = result_rows.document(target, probed.version, cases, seconds, *how)
        launcher = msgspec.structs.replace(told.target, described_by=described_by(suite.asked[target.name]))
        documents.append(msgspec.structs.replace(told, target=launcher, deviations=suite.deviations(target, config)))
    if path:
        result_rows.keep(path, documents)
    if kept and not is_aside:
        kept.documents = documents
