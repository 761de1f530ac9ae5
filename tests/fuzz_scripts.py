"""The generated scripts as a test that HypoFuzz can run, on the launcher that PROCTOR_TARGET names: see docs/hunt.md.

It is collected where it is named only: `proctor hunt` is made for this, and needs nothing else.
"""

from __future__ import annotations

import atexit
import os

from hypothesis import HealthCheck, settings

from proctor.conformance.exploring.hunter import Hunter, stages_for
from proctor.harness import execute as door
from proctor.harness.descriptions import load
from proctor.harness.explorer.strategies import MAX_MOVES, machine

TARGET = load(os.environ.get("PROCTOR_TARGET", "./launcher"))

TestScripts = machine(stages_for(TARGET), Hunter(TARGET, door.execute).judge).TestCase
TestScripts.settings = settings(
    deadline=None, stateful_step_count=MAX_MOVES, suppress_health_check=[HealthCheck.too_slow]
)

atexit.register(door.stop)
