"""The suite as a pytest plugin: which targets, which cases of each, and what comes of them."""

from __future__ import annotations

import os
import re
import time
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from conformance import report, results
from conformance.explored import Campaign, judge_campaign
from conformance.judge import REPLAYS, REPLAYS_ONCE_CONFIRMED, Bare, Check, Judgement, judge
from conformance.probe import Probe, check_deviations, not_judged, probe
from conformance.results import CaseResult
from conformance.spec import Requirement, requirements
from harness import execute as door
from harness.errors import HarnessError, ProctorError, WrongCall, nearest
from harness.scenario import Scenario
from harness.target import PROFILES, Target, load

__all__ = [
    "case", "pytest_addoption", "pytest_cmdline_main", "pytest_collection_modifyitems", "pytest_configure",
    "pytest_configure_node", "pytest_generate_tests", "pytest_report_header", "pytest_report_teststatus",
    "pytest_runtest_logreport", "pytest_runtest_makereport", "pytest_sessionfinish", "pytest_terminal_summary",
    "pytest_unconfigure",
]  # fmt: skip

PROPERTY = "proctor"
WRONG_CALL, HARNESS_FAILED = 2, 3


class Suite:
    """What one pytest process knows: the targets, what a first look at them showed, and the results so far."""

    def __init__(
        self, targets: list[Target], asked: list[str], probes: dict[str, Probe], full: bool, explore_budget: float
    ) -> None:
        self.asked = dict(zip((target.name for target in targets), asked, strict=True))
        self.targets = {target.name: target for target in targets}
        self.probes = probes
        self.full = full
        self.explore_budget = explore_budget
        """Seconds for each target."""
        self.bare = Bare(door.execute)
        self.cases: list[CaseResult] = []
        self.failed: set[tuple[str, str]] = set()
        """Targets and requirements of which this process has seen a fail."""
        self.start = time.monotonic()

    @property
    def judged(self) -> list[Target]:
        """The targets that start a command; of the others the run says why not, once."""
        return [target for target in self.targets.values() if not self.probes[target.name].trouble]

    @property
    def troubles(self) -> list[str]:
        """Why the other targets are not judged."""
        return [probe.trouble for probe in self.probes.values() if probe.trouble]

    def takes_samples(self, target: Target) -> bool:
        """Whether this target is so slow that the suite takes samples."""
        return not self.full and (target.slow or self.probes[target.name].slow)


_suite_key = pytest.StashKey[Suite]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("proctor", "conformance of process launchers")
    group.addoption(
        "--target", action="append", default=[], metavar="LAUNCHER",
        help="an executable, a command line, a TOML, or a name from targets/ (repeatable: a column each)",
    )  # fmt: skip
    group.addoption("--results", metavar="FILE", help="write the results as JSON")
    group.addoption(
        "--profile", action="append", default=[], metavar="PROFILE",
        help="claim this profile for every target, besides those that it declares (repeatable)",
    )  # fmt: skip
    group.addoption(
        "--explore-budget", type=float, default=20.0, metavar="SECONDS",
        help="for what is to hold at ANY moment, on each launcher (default: 20; 0 leaves it out)",
    )  # fmt: skip
    group.addoption("--full", action="store_true", help="all values on slow launchers as well, no samples")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """With xdist's -n, let a worker that is done take cases over from the other: some cases take a thousand times as
    long as others."""
    if getattr(config.option, "numprocesses", None) and config.option.dist == "no":
        config.option.dist = "worksteal"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "requirement(id): the requirement that a case is about")
    config.addinivalue_line("markers", "over(argument, values, sample): repeat a case")
    _exact_requirement_ids(config)
    if config.option.collectonly and not config.option.target:
        config.option.target = ["/usr/bin/env"]
    try:
        config.stash[_suite_key] = _make_suite(config)
    except WrongCall as error:
        pytest.exit(report.escape(str(error)), returncode=WRONG_CALL)
    except HarnessError as error:
        pytest.exit(report.escape(str(error)), returncode=HARNESS_FAILED)


def _exact_requirement_ids(config: pytest.Config) -> None:
    """Make `-k SIG-1` mean SIG-1 and not SIG-10 as well: cases carry their id between colons as a keyword, which stand
    in no name of a case (test_exit[env-1] would be found by brackets)."""
    known = "|".join(sorted(map(re.escape, requirements()), key=len, reverse=True))
    config.option.keyword = re.sub(
        rf"(?<![\w:\[-])({known})(?![\w:\]-])", r":\1:", config.option.keyword or "", flags=re.IGNORECASE
    )


def _make_suite(config: pytest.Config) -> Suite:
    worker_input: dict[str, Any] | None = getattr(config, "workerinput", None)
    if worker_input:
        targets = msgspec.json.decode(worker_input["proctor_targets"], type=list[Target])
        probes = msgspec.json.decode(worker_input["proctor_probes"], type=dict[str, Probe])
        return Suite(targets, config.option.target, probes, config.option.full, config.option.explore_budget)
    asked = config.option.target
    if not asked:
        raise WrongCall("no launcher to test: give --target=LAUNCHER, such as --target=./launcher or --target=tini")
    if config.option.results:
        _check_results_path(Path(config.option.results))
    for profile in config.option.profile:
        if profile not in PROFILES:
            known = ", ".join(PROFILES)
            raise WrongCall(f"--profile={profile}: unknown{nearest(profile, PROFILES)}; known are: {known}")
    targets = [_with_profiles(check_deviations(load(one), one), config.option.profile) for one in asked]
    names = [target.name for target in targets]
    if len(set(names)) < len(names):
        raise WrongCall(f"--target: the same target twice: {', '.join(names)}")
    budget = config.option.explore_budget
    suite = Suite(targets, asked, {target.name: probe(target) for target in targets}, config.option.full, budget)
    if not suite.judged:
        _write_results(suite, config)
        raise WrongCall("\n".join(suite.troubles))
    return suite


def _check_results_path(path: Path) -> None:
    """Raise WrongCall where the results could not be written when all has been run."""
    where = f"--results={path}"
    if path.is_dir():
        raise WrongCall(f"{where}: this is a directory; name a file in it")
    directory = path.absolute().parent
    if not directory.is_dir():
        raise WrongCall(f"{where}: there is no directory {directory}; make it first: mkdir -p {directory}")
    if not os.access(directory, os.W_OK | os.X_OK):
        raise WrongCall(f"{where}: the directory {directory} may not be written; name a file somewhere else")


def _with_profiles(target: Target, profiles: list[Any]) -> Target:
    return msgspec.structs.replace(target, profiles=tuple(dict.fromkeys((*target.profiles, *profiles))))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    suite = node.config.stash[_suite_key]
    node.workerinput["proctor_targets"] = msgspec.json.encode(list(suite.targets.values())).decode()
    node.workerinput["proctor_probes"] = msgspec.json.encode(suite.probes).decode()


def pytest_report_header(config: pytest.Config) -> list[str]:
    suite = config.stash[_suite_key]
    lines = [f"target: {t.name} ({suite.probes[t.name].version or 'version unknown'})" for t in suite.judged]
    lines += [f"not judged: {t.name} (the end says why)" for t in suite.targets.values() if t not in suite.judged]
    return [*map(report.escape, lines), f"containment: {door.containment()}"]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" not in metafunc.fixturenames:
        return
    suite = metafunc.config.stash[_suite_key]
    mark = metafunc.definition.get_closest_marker("over")
    if not mark:
        metafunc.parametrize("case", [target.name for target in suite.judged], ids=_slug, indirect=True)
        return
    argument, whole, part = mark.args
    pairs = [
        (target.name, value) for target in suite.judged for value in (part if suite.takes_samples(target) else whole)
    ]
    names = [f"{_slug(name)}-{_slug(value)}" for name, value in pairs]
    metafunc.parametrize(("case", argument), pairs, ids=names, indirect=["case"])


def _slug(value: object) -> str:
    return re.sub(r"[^\w.+-]+", "_", getattr(value, "name", None) or str(value)).strip("_")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for mark in item.iter_markers("requirement"):
            item.extra_keyword_matches.add(f":{mark.args[0]}:")
            item.user_properties.append(("requirement", mark.args[0]))


class Case:
    """Called by a case with its scenario and its check: plays, judges, and notes the verdict."""

    def __init__(self, suite: Suite, item: pytest.Item, target: Target) -> None:
        self._suite, self._item = suite, item
        self.target = target

    def __call__(self, scenario: Scenario, check: Check) -> None:
        """Judge one scenario; end the test by how that came out."""
        mark = self._item.get_closest_marker("requirement")
        if mark is None:
            raise ProctorError(f"{self._item.nodeid} names no requirement: mark it @requirement(ID)")
        requirement = requirements()[mark.args[0]]
        self._conclude(requirement, self._judge(requirement, scenario, check))

    def explore(self, campaign: Campaign, share: float, beside: bool = False) -> None:
        """Explore with this share of the budget, and judge; end the test by how that came out. beside: the requirement
        has cases that need no explorer, which stand by themselves where nothing can be traced."""
        requirement = requirements()[campaign.requirement]
        seconds = self._suite.explore_budget * share
        if not seconds:
            pytest.skip("left out: --explore-budget=0")
        judgement = judge_campaign(campaign, self.target, door.execute, self._suite.bare, seconds)
        if beside and judgement.verdict == "not observable":
            pytest.skip(judgement.reason)
        self._conclude(requirement, judgement)

    def _conclude(self, requirement: Requirement, judgement: Judgement) -> None:
        sampled = bool(self._item.get_closest_marker("over")) and self._suite.takes_samples(self.target)
        result = CaseResult(requirement.id, self.target.name, self._item.name, judgement, sampled)
        self._item.user_properties.append((PROPERTY, msgspec.json.encode(result).decode()))
        verdict = judgement.verdict
        if verdict in ("not applicable", "not observable", "declared deviation"):
            pytest.skip(judgement.reason)
        if verdict != "pass":
            pytest.fail(report.explain(result, requirement, self._suite.asked[self.target.name]), pytrace=False)

    def _judge(self, requirement: Requirement, scenario: Scenario, check: Check) -> Judgement:
        suite = self._suite
        known = (self.target.name, requirement.id) in suite.failed
        replays = REPLAYS_ONCE_CONFIRMED if known else REPLAYS
        judgement = judge(requirement, self.target, scenario, check, door.execute, suite.bare, replays)
        if judgement.verdict == "fail":
            suite.failed.add((self.target.name, requirement.id))
        return judgement


@pytest.fixture
def case(request: pytest.FixtureRequest) -> Case:
    """The case for one target: call it with a scenario and a check."""
    suite = request.config.stash[_suite_key]
    return Case(suite, request.node, suite.targets[request.param])


def _result_of(item_report: pytest.TestReport) -> CaseResult | None:
    for key, value in item_report.user_properties:
        if key == PROPERTY:
            return msgspec.json.decode(str(value), type=CaseResult)
    return None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    made: pytest.TestReport = yield
    result = _result_of(made) if made.when == "call" else None
    if result and made.failed and not _breaks(result):
        made.outcome = "skipped"
        made.wasxfail = f"{result.requirement}: {result.judgement.verdict}"
    return made


def _breaks(result: CaseResult) -> bool:
    """Whether this makes the run fail: a MUST that failed, or an error of ours. SHOULDs are said, not enforced."""
    verdict = result.judgement.verdict
    return verdict == "error" or (verdict == "fail" and requirements()[result.requirement].binds)


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    result = _result_of(report) if report.when == "call" else None
    if not result or result.judgement.verdict == "pass":
        return None
    verdict = result.judgement.verdict
    if verdict == "fail":
        return ("failed", "F", "FAILED") if _breaks(result) else ("should failed", "f", "SHOULD FAILED")
    letters = {"not applicable": "-", "not observable": "o", "declared deviation": "d", "unstable": "u", "error": "E"}
    return ("failed" if verdict == "error" else verdict), letters[verdict], verdict.upper()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    result = _result_of(report) if report.when == "call" else None
    if result:
        _collected.append(result)


_collected: list[CaseResult] = []


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if hasattr(session.config, "workerinput"):
        return
    suite = session.config.stash.get(_suite_key, None)
    if suite is None:
        return
    suite.cases = list(_collected)
    verdicts = {(c.judgement.verdict, requirements()[c.requirement].binds) for c in suite.cases}
    if exitstatus == pytest.ExitCode.TESTS_FAILED and ("fail", True) not in verdicts:
        session.exitstatus = HARNESS_FAILED
    if suite.troubles and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        session.exitstatus = WRONG_CALL
    _write_results(suite, session.config)


def _write_results(suite: Suite, config: pytest.Config) -> None:
    if not config.option.results:
        return
    seconds = time.monotonic() - suite.start
    documents = []
    for target in suite.targets.values():
        probed = suite.probes[target.name]
        cases = not_judged(target, probed.trouble, _with_cases()) if probed.trouble else suite.cases
        documents.append(results.document(target, probed.version, cases, seconds, door.containment()))
    results.write(Path(config.option.results), documents)


@cache
def _with_cases() -> frozenset[str]:
    """Return the requirements that have cases, whether they are collected here, by a worker or not at all."""
    files = Path(__file__).parent.glob("test_*.py")
    return frozenset(name for file in files for name in re.findall(r'@requirement\("(.+?)"\)', file.read_text("utf-8")))


def _not_selected(keyword: str, nothing_ran: bool) -> list[str]:
    """Say which requirements -k names in vain: those without cases, and where nothing was run those that are none."""
    without = [name for name in re.findall(r"(?<!not ):([\w-]+):", keyword) if name.upper() not in _with_cases()]
    lines = [f"-k: {name.upper()} is a requirement without cases: nothing was run for it" for name in without]
    unknown = re.findall(r"(?<![\w:\[-])[A-Za-z][\w-]*-\d+(?![\w:\]-])", keyword) if nothing_ran else []
    close = {name: nearest(name.upper(), requirements()) for name in unknown}
    return lines + [f"-k: there is no requirement {name}{close[name]}; `proctor spec` lists them" for name in unknown]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config) -> None:
    suite = config.stash.get(_suite_key, None)
    if suite is None or config.option.collectonly:
        return
    report.write_summary(terminalreporter, suite.judged, suite.cases or list(_collected))
    nothing_ran = exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED
    for line in [*_not_selected(config.option.keyword, nothing_ran), *suite.troubles]:
        terminalreporter.write_line(report.escape(line), red=True)


def pytest_unconfigure() -> None:
    door.stop()
