"""Runs the suite in this process, as `proctor check` does: without the user's own settings of pytest."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import click
import pytest

from proctor.conformance.cli.exits import HARNESS_FAILED, INTERRUPTED, USAGE_ERROR
from proctor.conformance.suite.failure_report import REPEAT_BY
from proctor.conformance.suite.kept_results import KeptResults
from proctor.conformance.suite.pyargs import SUITE
from proctor.conformance.suite.selection import exact_ids, not_selected
from proctor.conformance.suite.unfinished import reached_maxfail
from proctor.harness.errors import UsageError

NOTHING_FAILED = (
    "--lf: no MUST failed in the last run on these TARGETs from this directory (of those that -k selects), so nothing "
    "was run; leave out --lf"
)


class _InterruptionStatus:
    """Tells Ctrl-C from a module that cannot be imported and from a usage error: pytest's exit status is 2 for each.
    has_begun: whether pytest got as far as its session, so that it prints a summary."""

    status: int | None = None
    has_begun = False

    def pytest_sessionstart(self) -> None:
        """Note that it has begun."""
        self.has_begun = True

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Store the exit status of the interruption. For what -x ends, pytest has one."""
        if reached_maxfail(excinfo.value):
            return
        if isinstance(excinfo.value, pytest.Session.Interrupted):
            self.status = HARNESS_FAILED
        elif isinstance(excinfo.value, KeyboardInterrupt):
            self.status = INTERRUPTED


class _NoListOfCases:
    """Keeps pytest from writing the names of all cases into its cache, for --nf. So nothing is written unless a case
    failed."""

    @pytest.hookimpl(trylast=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Take away the plugin that would."""
        config.pluginmanager.unregister(name="nfplugin")


def cache_options(words: list[str]) -> list[str]:
    """Return the options for the cache in which pytest keeps what failed last, for --lf: one for each list of targets
    and each working directory, from which targets are named, in the user's cache directory. UsageError if --lf needs it
    and it cannot be written."""
    targets = [os.getcwd(), *(word for word in words if word.startswith("--target="))]
    try:
        home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    except RuntimeError:  # the user has no home directory
        home = ""
    directory = Path(home, "proctor", hashlib.sha256(os.fsencode("\0".join(targets))).hexdigest()[:16])
    # not Path.exists(): before Python 3.12 it raises PermissionError below a directory that may not be searched
    known = next((one for one in (directory, *directory.parents) if os.path.exists(one)), directory)
    if home and os.access(known, os.W_OK | os.X_OK):
        return ["-o", f"cache_dir={directory}"]
    if "--lf" in words:
        raise UsageError(
            f"--lf: what failed last is kept in {directory}, and {known} cannot be written; set XDG_CACHE_HOME to a "
            "directory that can"
        )
    return ["-p", "no:cacheprovider"]


def run_suite(words: list[str], kept: KeptResults | None = None) -> int:
    """Run the suite with these options, and return the exit status of `proctor check`. kept: gets the results."""
    # A pytest.ini or conftest.py in the working directory, and PYTEST_*, are meant for the user's own tests
    for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_DISABLE_PLUGIN_AUTOLOAD", "PYTEST_TIMEOUT"):
        os.environ.pop(name, None)
    os.environ[REPEAT_BY] = "proctor"
    # not resolved: through the link in src/proctor, pytest names the modules proctor.conformance.*, as in a wheel
    rooms = Path(__file__).absolute().parent.parent
    # in a path, pytest takes "[" for the start of a parameter; a module it looks up itself
    suite = ["--pyargs", SUITE] if "[" in str(rooms) else [str(rooms)]
    fixed = [*suite, "-c", os.devnull, f"--rootdir={rooms.parent}", *cache_options(words)]
    # plain: pytest cannot rewrite modules that are already imported, and would warn; cases have no assert
    fixed += ["--assert=plain"]
    fixed += ["-p", "no:tmpdir", "--strict-markers"]  # xdist would leave a directory of its workers behind
    interruption = _InterruptionStatus()
    status = int(pytest.main([*fixed, *words], plugins=[interruption, _NoListOfCases(), *([kept] if kept else [])]))
    if interruption.status == INTERRUPTED and not interruption.has_begun:
        click.echo("proctor: interrupted before the first case", err=True)
    if interruption.status is not None:
        return interruption.status
    if status == pytest.ExitCode.NO_TESTS_COLLECTED:
        expression = words[words.index("-k") + 1] if "-k" in words else ""
        if "--lf" in words:
            click.echo(f"proctor: {NOTHING_FAILED}", err=True)
        elif not not_selected(exact_ids(expression), nothing_ran=True):  # else the suite has said it
            click.echo("proctor: -k selects no case; `proctor spec` lists the requirements that it can name", err=True)
        return USAGE_ERROR
    return USAGE_ERROR if status == pytest.ExitCode.USAGE_ERROR else status
