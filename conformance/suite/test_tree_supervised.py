"""Chapter TREE, below a real supervisord."""

from __future__ import annotations

import signal

from proctor.conformance.checks import world as checks
from proctor.conformance.scenarios.parents import ask, below, heeding, looked, reloaded, supervised
from proctor.conformance.suite.case import Case
from proctor.conformance.suite.marks import requirement, takes_long


@requirement("TREE-8")
@takes_long
def test_a_supervisor_reloads_and_stops_a_service(case: Case) -> None:
    steps = (*heeding(int(signal.SIGTERM), "command"), *reloaded(), ask("stop"), *looked())
    case(below(supervised(), *steps), checks.one_service)
