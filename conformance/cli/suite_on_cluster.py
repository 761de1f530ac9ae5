"""`proctor check --scheduler`: each launcher's suite is one piece of work for a worker of a cluster."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import click

from proctor.conformance.cli.exits import FOUND, HARNESS_FAILED
from proctor.conformance.exploring.cluster import Cluster, caller_for, is_wanted
from proctor.conformance.judging import casefile, result_rows
from proctor.conformance.suite.kept_results import KeptResults
from proctor.harness.descriptions import load
from proctor.harness.errors import UsageError
from proctor.reports.results import Results, read

RUN = "import sys; from proctor.conformance.cli.suite_run import run_suite; sys.exit(run_suite(sys.argv[1:]))"
LOOK_AGAIN = 1.0
"""Seconds until a worker looks whether its caller still waits."""
ENDS_WITHIN = 60.0
"""Seconds that a suite which nobody waits for may take to clean up."""


class SuiteRun(NamedTuple):
    """What a worker returns. results: the contents of the file; b"" if there is none. cases: by file name."""

    status: int
    output: str
    errors: str
    results: bytes
    cases: dict[str, bytes]


def _run(words: list[str]) -> SuiteRun:
    """Run the suite in a process of its own, on a worker. It is ended when the caller has gone."""
    with tempfile.TemporaryDirectory(prefix="proctor-") as directory:
        results, cases = Path(directory, "results.json"), Path(directory, "cases")
        command = [sys.executable, "-P", "-c", RUN, *words, f"--results={results}", f"--cases={cases}"]
        pipe = subprocess.PIPE
        suite = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe, text=True)
        output, errors = _communicate(suite)
        found = {one.name: one.read_bytes() for one in sorted(cases.glob("*.json"))}
        content = results.read_bytes() if results.exists() else b""
        return SuiteRun(suite.returncode, output, errors, content, found)


def _communicate(suite: subprocess.Popen[str]) -> tuple[str, str]:
    while True:
        try:
            return suite.communicate(timeout=LOOK_AGAIN)
        except subprocess.TimeoutExpired:
            if not is_wanted():
                suite.terminate()  # it ends all that it has started
                return suite.communicate(timeout=ENDS_WITHIN)


def run_on_cluster(address: str, words: list[str], kept: KeptResults | None = None) -> int:
    """Run the suite on the workers of the scheduler at this address, a target each. Print what each prints, in the
    order of the targets. words, kept and the exit status: as in suite_run.run_suite(). UsageError for what cannot be
    done from afar."""
    targets = _values(words, "--target")
    rest = [word for word in words if not word.startswith(("--target=", "--results=", "--cases="))]
    if "--lf" in rest:
        raise UsageError("--lf: what failed last is known on the machine of the last run; leave out --scheduler")
    directories, files = _values(words, "--cases"), _values(words, "--results")
    for directory in directories:
        casefile.check_directory(Path(directory))
    for file in files:
        result_rows.check_path(Path(file))
    pieces = [(caller_for(load(name)), [f"--target={name}", *rest]) for name in targets]
    statuses, kept = [], kept or KeptResults()
    cluster = Cluster(address)
    try:
        for run in cluster.each(_run, iter(pieces)):
            click.echo(run.output, nl=False)
            click.echo(run.errors, nl=False, err=True)
            statuses.append(run.status)
            kept.documents += _documents(run.results)
            for name, case in run.cases.items() if directories else ():
                Path(directories[-1]).mkdir(parents=True, exist_ok=True)
                Path(directories[-1], name).write_bytes(case)
    finally:
        cluster.close()
        if files and kept.documents:
            result_rows.keep(Path(files[-1]), kept.documents)
    failed = [status for status in statuses if status not in (0, FOUND)]
    return max(failed or statuses, default=HARNESS_FAILED)


def _values(words: list[str], option: str) -> list[str]:
    return [word.partition("=")[2] for word in words if word.startswith(f"{option}=")]


def _documents(content: bytes) -> list[Results]:
    if not content:
        return []
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        file.write(content)
        file.flush()
        return read(Path(file.name))
