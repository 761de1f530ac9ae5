"""The suite as a pytest plugin: options, cases of each target, verdicts, exit status."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Generator
from typing import Any

import click
import msgspec
import pytest

from proctor.conformance.judging.judge import Judgement
from proctor.conformance.judging.result_rows import CaseResult
from proctor.conformance.spec import requirements
from proctor.conformance.suite import output, stop_sequences, terminal_report
from proctor.conformance.suite.case import Case
from proctor.conformance.suite.case_results import PROPERTY, breaks, result_of
from proctor.conformance.suite.selection import exact_ids, has_unknown_cases, not_selected
from proctor.conformance.suite.suite import Suite, make_suite, write_results
from proctor.conformance.suite.thinning import target_of, thin_out, use_idle_cores
from proctor.conformance.suite.unfinished import reached_maxfail, subject, unfinished, unselected
from proctor.harness import execute as door
from proctor.harness import streams
from proctor.harness.errors import HarnessError, ProctorError, UsageError
from proctor.reports.results import slug

__all__ = [
    "case", "pytest_addoption", "pytest_cmdline_main", "pytest_collection_modifyitems", "pytest_configure",
    "pytest_configure_node", "pytest_deselected", "pytest_generate_tests", "pytest_keyboard_interrupt",
    "pytest_report_header", "pytest_report_teststatus", "pytest_runtest_logreport", "pytest_runtest_makereport",
    "pytest_sessionfinish", "pytest_sessionstart", "pytest_terminal_summary", "pytest_testnodedown",
    "pytest_unconfigure",
]  # fmt: skip

USAGE_ERROR, HARNESS_FAILED = 2, 3
CONTAINMENTS = ("auto", "namespace", "subreaper")

_suite_key = pytest.StashKey[Suite]()
_refused_key = pytest.StashKey[int]()
"""The exit status of a run that is refused before its first case."""
_closed_key = pytest.StashKey[bool]()
"""Whether the caller has closed standard output."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("proctor", "conformance of process launchers")
    group.addoption(
        "--target", action="append", default=[], metavar="LAUNCHER",
        help="the launcher to test: an executable, a command line, a TOML file, or a name that `proctor targets` lists "
        "(repeatable)",
    )  # fmt: skip
    group.addoption("--results", metavar="FILE", help="write the results to FILE, as JSON")
    group.addoption(
        "--cases", default="", metavar="DIRECTORY", help="save a case file for each violation, for `proctor replay`",
    )  # fmt: skip
    group.addoption(
        "--profile", action="append", default=[], metavar="PROFILE",
        help="test the requirements of this profile too, on every target (repeatable)",
    )  # fmt: skip
    group.addoption(
        "--declare", action="append", default=[], metavar="DEVIATION=REASON",
        help="declare a deviation of every target, such as 'SIG-1[HUP]=reason': see docs/targets.md (repeatable)",
    )  # fmt: skip
    group.addoption(
        "--explore-schedules", type=int, default=None, metavar="N",
        help="play at most N schedules of each explored case (default: by the launcher; 0 leaves explored cases out)",
    )  # fmt: skip
    group.addoption(
        "--explore-budget", type=float, default=None, metavar="SECONDS",
        help="play all schedules of each explored case, but begin none after SECONDS (0 leaves explored cases out)",
    )  # fmt: skip
    group.addoption(
        "--containment", choices=CONTAINMENTS, default="auto",
        help="namespace: run each launcher in a PID namespace; subreaper: without one; auto (the default): in one, if "
        "the system allows it and the launcher behaves in it as it does without",
    )  # fmt: skip
    group.addoption(
        "--stop-sequence", action="append", default=[], metavar="NAME|FILE",
        help="run only the cases of this stop sequence, such as docker-stop, or of a TOML file (repeatable)",
    )  # fmt: skip
    group.addoption(
        "--full", action="store_true", help="test every signal and exit code, and every schedule of explored cases"
    )


@pytest.hookimpl(wrapper=True)
def pytest_cmdline_main(config: pytest.Config) -> Generator[None, int, int]:
    """Report usage errors, and output that cannot be written, like the command. With xdist's -n, let an idle worker
    take over cases from another: some cases take a thousand times as long as others."""
    if getattr(config.option, "numprocesses", None) and config.option.dist == "no":
        config.option.dist = "worksteal"
    if sys.stdout is None:
        # at its end, the capturing would put None back, and pytest would end with a traceback when it flushes that
        _stop_capturing(config)
    config.stash[_closed_key] = streams.open_closed_ones()
    try:
        status = yield
        _stop_capturing(config)
        sys.stdout.flush()
        return status
    except pytest.UsageError as error:
        _complain(str(error))
        return config.stash.get(_refused_key, USAGE_ERROR)
    except OSError as error:
        with contextlib.suppress(OSError):  # what was captured cannot be written either
            _stop_capturing(config)
        lost = streams.lost_output(error)
        if lost is None:
            raise
        return lost


def _stop_capturing(config: pytest.Config) -> None:
    """Have sys.stdout and descriptor 1 be those of the caller again; pytest itself would do so after all else."""
    config.pluginmanager.getplugin("capturemanager").stop_global_capturing()


def _complain(message: str) -> None:
    click.echo(f"proctor: {terminal_report.escape(message)}", err=True)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "requirement(id): the requirement that a case is about")
    config.addinivalue_line("markers", "takes_long: a case that takes seconds")
    config.addinivalue_line("markers", "over(argument, values, sample): repeat a case")
    if config.stash.get(_closed_key, False):
        raise pytest.UsageError(streams.CLOSED)
    config.option.keyword = exact_ids(config.option.keyword or "")
    if _only_lists(config.option) and not config.option.target:
        config.option.target = ["/usr/bin/env"]
    try:
        stop_sequences.chosen(config)
        config.stash[_suite_key] = make_suite(config)
    except ProctorError as error:
        config.stash[_refused_key] = USAGE_ERROR if isinstance(error, UsageError) else HARNESS_FAILED
        raise pytest.UsageError(str(error)) from None
    if not _only_lists(config.option):
        use_idle_cores(config.stash[_suite_key], config.option)
        output.take_over(config)


def _only_lists(option: argparse.Namespace) -> bool:
    """Whether pytest runs no case, only prints a list or its help; then --target may be left out."""
    return any((option.collectonly, option.help, option.markers, option.showfixtures, option.show_fixtures_per_test))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    suite = node.config.stash[_suite_key]
    node.workerinput["proctor_targets"] = msgspec.json.encode(list(suite.targets.values())).decode()
    node.workerinput["proctor_confirmed"] = suite.confirmed.path
    node.workerinput["proctor_probes"] = msgspec.json.encode(suite.probes).decode()


def pytest_report_header(config: pytest.Config) -> list[str]:
    return output.header(config.stash[_suite_key])


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Print the header where pytest prints none."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter and output.is_silent(session.config) and output.level(session.config) > terminal_report.QUIET:
        for line in output.header(session.config.stash[_suite_key]):
            reporter.write_line(line)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" not in metafunc.fixturenames:
        return
    stop_sequences.parametrize(metafunc)
    suite = metafunc.config.stash[_suite_key]
    mark = metafunc.definition.get_closest_marker("over")
    if not mark:
        metafunc.parametrize("case", [target.name for target in suite.judged], ids=_slug, indirect=True)
        return
    argument, whole, part, _ = mark.args
    pairs = [(target.name, value) for target in suite.judged for value in suite.values(target, whole, part)]
    names = [f"{_slug(name)}-{_slug(value)}" for name, value in pairs]
    metafunc.parametrize(("case", argument), pairs, ids=names, indirect=["case"])


def _slug(value: object) -> str:
    return slug(getattr(value, "name", None) or value)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    stop_sequences.select(config, items)
    thin_out(config.stash[_suite_key], items)
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: item.get_closest_marker("takes_long") is None)
    timer = config.stash[_suite_key].timer
    for item in items:
        for mark in item.iter_markers("requirement"):
            timer.mark(item)
            item.extra_keyword_matches.add(f":{mark.args[0]}:")
            item.user_properties.append(("requirement", mark.args[0]))


@pytest.fixture
def case(request: pytest.FixtureRequest) -> Case:
    """The case for one target: a test calls it with a scenario and a check."""
    suite = request.config.stash[_suite_key]
    return Case(suite, request.node, suite.targets[request.param])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    made: pytest.TestReport = yield
    result = result_of(made)
    if made.failed and made.when != "teardown" and not result:
        _report_own_failure(made, item, call)
        return made
    if result and made.failed and not breaks(result):
        made.outcome = "skipped"
        made.wasxfail = f"{result.requirement}: {result.judgement.verdict}"
    return made


def _report_own_failure(made: pytest.TestReport, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Record the verdict `error` for a case that ended without one: it hung, or its own code failed. That says nothing
    about the launcher."""
    mark, suite = item.get_closest_marker("requirement"), item.config.stash[_suite_key]
    name = target_of(item)
    if mark is None or call.excinfo is None or name not in suite.targets:
        return
    requirement = requirements()[mark.args[0]]
    judgement = Judgement("error", reason=suite.timer.why_it_ended(item, call.excinfo))
    result = CaseResult(requirement.id, name, item.name, judgement)
    made.user_properties.append((PROPERTY, msgspec.json.encode(result).decode()))
    made.longrepr = terminal_report.explain(result, requirement, suite.repeat_command(result))


def pytest_report_teststatus(report: pytest.TestReport, config: pytest.Config) -> tuple[str, str, str] | None:
    category, word = output.status(report)
    if output.is_silent(config):
        return category, "", ""
    return (category, word[:1], word) if word else None


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    result = result_of(report)
    if result:
        _collected.append(result)
    if report.when == "teardown":
        _finished.add(report.nodeid)


_collected: list[CaseResult] = []
_finished: set[str] = set()


def pytest_deselected(items: list[pytest.Item]) -> None:
    _deselected.update(map(subject, items))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    _deselected.update(map(tuple, getattr(node, "workeroutput", {}).get(DESELECTED, ())))


def pytest_keyboard_interrupt(excinfo: pytest.ExceptionInfo[BaseException]) -> None:
    global _reached_maxfail
    _reached_maxfail = reached_maxfail(excinfo.value)


_deselected: set[tuple[str, str]] = set()
"""Target and requirement of each case that -k or -m left out."""
DESELECTED = "proctor_deselected"
"""The name under which a worker of xdist tells the same."""
_reached_maxfail = False


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    _drop_unused_hypothesis(session.config)
    if hasattr(session.config, "workerinput"):
        worker: Any = session.config
        worker.workeroutput[DESELECTED] = sorted(_deselected)
        return
    suite = session.config.stash.get(_suite_key, None)
    if suite is None:
        return
    if _reached_maxfail:
        session.exitstatus = exitstatus = pytest.ExitCode.TESTS_FAILED
    is_interrupted = exitstatus == pytest.ExitCode.INTERRUPTED
    left_out: list[CaseResult] = []
    if not session.config.option.collectonly:
        left_out += unfinished(session, _collected, _finished, is_interrupted or _reached_maxfail)
        left_out += unselected(_collected, _deselected, has_unknown_cases(session.config))
    suite.cases = [*_collected, *left_out]
    verdicts = {(c.judgement.verdict, requirements()[c.requirement].is_mandatory) for c in suite.cases}
    if exitstatus == pytest.ExitCode.TESTS_FAILED and ("fail", True) not in verdicts:
        session.exitstatus = HARNESS_FAILED
    if suite.troubles and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        session.exitstatus = USAGE_ERROR
    try:
        write_results(suite, session.config, is_interrupted)
    except HarnessError as error:
        suite.write_error = str(error)
        session.exitstatus = HARNESS_FAILED


def _drop_unused_hypothesis(config: pytest.Config) -> None:
    """Remove Hypothesis' plugin if no test uses Hypothesis: its summary imports all of it, which takes a second."""
    plugin = config.pluginmanager.get_plugin("hypothesispytest")
    if plugin and "hypothesis" not in sys.modules:
        config.pluginmanager.unregister(plugin)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config) -> None:
    suite = config.stash.get(_suite_key, None)
    if suite is None or config.option.collectonly or hasattr(config, "workerinput"):
        return
    suite.cases = suite.cases or list(_collected)
    output.write(terminalreporter, suite, config)
    nothing_ran = exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED
    terminalreporter.flush()
    for line in filter(None, [*not_selected(config.option.keyword, nothing_ran), *suite.troubles, suite.write_error]):
        _complain(line)


def pytest_unconfigure() -> None:
    door.stop()
