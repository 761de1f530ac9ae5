"""`proctor bisect` finds the versions in which known faults went, with the case that the suite keeps of a faulty one.

Needs PROCTOR_LAUNCHERS=DIRECTORY, as test_known_faults does; installs about 25 versions there.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from proctor.conformance.judging import casefile
from proctor.harness import orders
from proctor.harness.scenario import Order, Scenario, Signal, Stage, WaitEnds
from tests.launchers.test_known_faults import DIRECTORY, ROOT, _install

pytestmark = [
    pytest.mark.skipif(not DIRECTORY, reason="needs PROCTOR_LAUNCHERS=DIRECTORY to install launchers in"),
    pytest.mark.timeout(1800),
]
UV = " run --no-project --"


class Gone(NamedTuple):
    """A fault and where it went: program, a version that has it, words after it; the case, as pytest's -k selects it,
    by one of its steps and with no terminal; the range, and what is said."""

    program: str
    version: str
    words: str
    select: str
    step: Signal | Order
    versions: str
    says: str


GONE = {
    "uv: HUP ends it": Gone("uv", "0.6.14", UV, "SIG-1 and SIGHUP", Signal(1), "0.5.0..0.13.8",
                            "the fault disappeared in uv 0.6.15 (still in 0.6.14)"),
    "uv: USR2 ends it": Gone("uv", "0.6.14", UV, "SIG-1 and SIGUSR2", Signal(12), "0.5.0..0.13.8",
                             "the fault disappeared in uv 0.6.15 (still in 0.6.14)"),
    "uv: TERM ends it": Gone("uv", "0.5.1", UV, "SIG-1 and SIGTERM", Signal(15), "0.5.0..0.13.8",
                             "the fault disappeared in uv 0.5.2 (still in 0.5.1)"),
    "uv: INT is swallowed": Gone("uv", "0.7.12", UV, "SIG-1 and SIGINT", Signal(2), "0.5.0..0.13.8",
                                 "the fault disappeared in uv 0.7.13 (still in 0.7.12)"),
    # since then it ends with 1: no success, but not what EXIT-2 requires either
    "cross-env: a death is 0": Gone("cross-env", "5.1.4", " SOME=1", "EXIT-2 and SIGKILL", Order(orders.Die(9)),
                                    "..10.1.0",
                                    "the fault changed into another in cross-env 5.1.5 (as in the case file up to "
                                    "5.1.4)"),
}  # fmt: skip


def case_of(gone: Gone, directory: Path) -> Path:
    """Run the suite on the faulty version; return the case that it keeps of this fault."""
    target = str(_install(gone.program, gone.version) / gone.program) + gone.words
    words = [f"--target={target}", f"--cases={directory}", "-k", gone.select]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "conformance/", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    kept = {path: casefile.read(path).scenario for path in sorted(directory.glob("*.json"))}
    return next(path for path, scenario in kept.items() if is_plain(scenario, gone.step))


def is_plain(scenario: Scenario, step: Signal | Order) -> bool:
    """Whether this is the plainest case with that step: no terminal, and nothing but orders and signals once each."""
    deeds = [one for one in scenario.steps if isinstance(one, Signal | Order)]
    return step in deeds and len(deeds) <= 2 and scenario.stage == Stage() and isinstance(scenario.steps[-1], WaitEnds)


@pytest.mark.parametrize("gone", GONE.values(), ids=GONE.keys())
def test_the_version_in_which_a_known_fault_went(gone: Gone, tmp_path: Path) -> None:
    case = case_of(gone, tmp_path)
    words = [str(case), f"--launcher={gone.program}", f"--versions={gone.versions}", f"--cache={DIRECTORY}"]
    done = subprocess.run(
        [sys.executable, "-m", "proctor", "bisect", "--trust", *words],
        cwd=ROOT, env=os.environ, capture_output=True, text=True, timeout=1500, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert gone.says in done.stdout, done.stdout + done.stderr
