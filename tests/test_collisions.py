"""A user's own packages and modules may have the names of ours, and mypy checks a user's code against our types."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.built_for_tests import ROOT, run

NAMES = ("reports", "harness", "conformance", "targets")
OWN_TEST = '''
"""A test that a user of Proctor writes, with packages that have the names of Proctor's folders."""

import conformance
import harness
import reports
import targets

from proctor.harness.execute import execute
from proctor.harness.history import Ended, History
from proctor.harness.orders import Exit, OrderToWitness
from proctor.harness.scenario import JOB, Order, Press, Scenario, WaitEnds, WaitReceived
from proctor.harness.descriptions import load
from proctor.harness.target import Target


def play(launcher: Target, *orders: OrderToWitness) -> History:
    return execute(launcher, Scenario((*(Order(one) for one in orders), WaitEnds("launcher"))))


def test_exit_code() -> None:
    ends = play(load("env"), Exit(3)).facts(Ended)
    assert [end.code for end in ends if end.process == "launcher"] == [3]


def test_ctrl_c() -> None:
    history = execute(load("env"), Scenario((Press("ctrl-c"), WaitReceived(2), Order(Exit(0)), WaitEnds()), JOB))
    assert [end.code for end in history.facts(Ended)][-1:] == [0]


def test_own_packages() -> None:
    assert [one.MINE for one in (conformance, harness, reports, targets)] == [True] * 4
'''


@pytest.fixture
def user(tmp_path: Path) -> Path:
    """Return a directory with a user's test."""
    place = tmp_path / "user"
    place.mkdir()
    (place / "test_own.py").write_text(OWN_TEST)
    return place


def add_own(place: Path, kind: str) -> None:
    """Add packages, or modules, that have the names of ours."""
    for name in NAMES:
        path = place / f"{name}.py"
        if kind == "packages":
            (place / name).mkdir()
            path = place / name / "__init__.py"
        path.write_text("MINE: bool = True\n")


@pytest.mark.slow
@pytest.mark.parametrize(("installed", "kind"), [("wheel", "packages"), ("checkout", "modules")])
def test_names_of_a_user(installed: str, kind: str, user: Path, request: pytest.FixtureRequest) -> None:
    add_own(user, kind)
    python = request.getfixturevalue("programs") / "python" if installed == "wheel" else sys.executable
    env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(user), "PYTHONPATH": "."}

    def call(status: int, *words: str) -> None:
        done = run(python, "-m", *words, cwd=user, env=env)
        assert done.returncode == status, f"{words}: {done.stdout}{done.stderr}"
        assert "Traceback" not in done.stdout + done.stderr

    suite = ("pytest", "--pyargs", "proctor.conformance", "--target=env", "-k", "EXIT-6")
    call(0, "proctor", "check", "env", "-k", "EXIT-6")
    call(0, "proctor", "check", "env", "-k", "EXIT-6", "-n", "2")
    call(0, "pytest")
    call(0, *suite, "-n", "2")
    call(1, "proctor", "explore", "timeout", "--signal", "TERM", "--requirement", "SIG-6", "--workers", "2")
    call(1, "proctor", "replay", str(next((user / "proctor-cases").iterdir())), "--trust", "-n", "2")


@pytest.mark.slow
def test_types_of_an_installed_proctor(programs: Path, user: Path) -> None:
    add_own(user, "packages")
    wrong = user / "test_wrong.py"
    wrong.write_text(OWN_TEST.replace('load("env")', "load(3)"))
    mypy = [sys.executable, "-m", "mypy", "--strict", f"--python-executable={programs / 'python'}"]
    done = run(*mypy, "test_own.py", cwd=user)
    assert done.returncode == 0, done.stdout + done.stderr
    done = run(*mypy, wrong.name, cwd=user)
    assert 'Argument 1 to "load" has incompatible type "int"' in done.stdout, "our types are read"


LISTED = """
import collections, os, sys

def is_ours(path):
    '''Whether this is a module of Proctor that may hold something. Not a package: it may have two names.'''
    folder, name = os.path.split(path)
    return folder.startswith({root!r}) and "site-packages" not in folder and name.endswith(".py") and name[0] != "_"

def pytest_sessionfinish(session):
    names = collections.defaultdict(set)
    for name, module in list(sys.modules.items()):
        names[os.path.realpath(getattr(module, "__file__", None) or "")].add(name)
    print("TWICE:", sorted(sorted(held) for path, held in names.items() if len(held) > 1 and is_ours(path)))
    plugins = [getattr(one, "__name__", "") for one in session.config.pluginmanager.get_plugins()]
    print("CONFTESTS:", sum(name.endswith("conformance.conftest") for name in plugins))
"""


@pytest.mark.parametrize("named", [["conformance/"], ["--pyargs", "proctor.conformance"]], ids=["path", "module"])
def test_no_module_is_imported_under_two_names(named: list[str], tmp_path: Path) -> None:
    """One that is would hold its state twice: what a hook collects, which runner there is."""
    (tmp_path / "lists_modules.py").write_text(LISTED.format(root=str(ROOT)))
    words = ["-p", "lists_modules", "-p", "no:cacheprovider", "-q", "-s", "--target=/usr/bin/env", "-k", "EXIT-6"]
    env = os.environ | {"PYTHONPATH": str(tmp_path)}
    done = run(sys.executable, "-m", "pytest", *named, *words, cwd=ROOT, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "TWICE: []\n" in done.stdout
    assert "CONFTESTS: 1\n" in done.stdout
