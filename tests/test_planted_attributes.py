"""The table of attributes in conformance/spec/inherit.md, the witness, and the planted faults agree: what the table
says is compared is reported, and a launcher that changes it is caught for that and for nothing else.

`-k cpu_affinity` runs one fault.
"""

from __future__ import annotations

import ast
import json
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from proctor.conformance.checks.inherit import surroundings
from proctor.conformance.scenarios.signals import finish
from proctor.harness.execute import execute
from proctor.harness.history import History, Inherited, WitnessReady
from proctor.harness.runner.start.spawn import WITNESS
from proctor.harness.scenario import Scenario, Stage
from proctor.harness.target import BARE, Target
from proctor.reports.reproducer.parts import attributes
from tests.conftest import ROOT
from tests.planted import Fault, compared_attributes, faults
from tests.test_export import a_case, exported

FAULTS = faults("attributes")
START = Scenario(finish(), Stage(reads_attributes=True))
EVERYWHERE = {
    "child-subreaper", "children", "core-dump-filter", "huge-pages-off", "io-priority", "name", "no-new-privileges",
    "oom-score", "parent-death-signal", "pending-signals", "pending-signals-of-process", "personality",
    "profiling-timer", "real-timer", "scheduling-policy", "timer-slack", "virtual-timer",
}  # fmt: skip
"""Those that any Linux lets anybody change."""
WITH_OTHERS = {
    "capabilities-permitted": "follows from capabilities-bounding",
    "capabilities-effective": "follows from capabilities-bounding",
    "seccomp-filters": "follows from seccomp-mode",
    "secure-execution": "follows from user-ids",
    "audit-session": "follows from login-user",
}
NOT_PLANTED = {
    "cpu-clamp": "few kernels have it: CONFIG_UCLAMP_TASK",
    "memory-nodes": "only a control group with a cpuset changes it",
    "security-label": "only a security module such as AppArmor changes it",
}


def attribute_of(fault: Fault) -> str:
    name = fault.name.removeprefix("attribute_").replace("_", "-")
    return name.replace("-for-children", "_for_children")


def inherited(history: History) -> Inherited | None:
    return next((fact.inherited for fact in history.facts(WitnessReady) if fact.process == "command"), None)


def test_the_table_lists_what_is_reported() -> None:
    reported = inherited(execute(BARE, START))
    assert reported
    assert reported.attributes.keys() <= compared_attributes()
    assert reported.attributes.keys() >= EVERYWHERE
    text = (ROOT / "harness" / "witness" / "attributes.h").read_text(encoding="utf-8")
    code = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    namespaces = {
        f"namespace-{kind}" for kind in re.findall('"([a-z_]+)"', code.partition("kinds[]")[2].partition(";")[0])
    }
    named = {word for word in re.findall('"([a-z][a-z-]+)"', code) if word in compared_attributes()} | namespaces
    assert named == compared_attributes()


def test_each_attribute_has_a_fault() -> None:
    planted = {attribute_of(fault) for fault in FAULTS}
    assert planted | WITH_OTHERS.keys() | NOT_PLANTED.keys() == compared_attributes()
    assert not planted & (WITH_OTHERS.keys() | NOT_PLANTED.keys())
    assert {name for fault in FAULTS for name in fault.also_changes} >= WITH_OTHERS.keys()


@pytest.mark.parametrize("fault", FAULTS, ids=attribute_of)
def test_a_changed_attribute_is_seen(fault: Fault) -> None:
    name = attribute_of(fault)
    history, bare = (execute(Target(fault.name, words), START) for words in (fault.command(), ()))
    mine, its = inherited(history), inherited(bare)
    assert its
    if mine is None or name not in its.attributes:
        assert name not in EVERYWHERE
        pytest.skip(f"this system does not let anybody change it: {name}")
    found = [str(one.parameters.get("attribute", one.short_code)) for one in surroundings(history, bare)]
    assert name in found
    assert set(found) <= {name, *fault.also_changes}


def test_a_script_reads_what_the_witness_reads(tmp_path: Path) -> None:
    """Both are started by this process, the one after the other."""
    path = str(tmp_path / "a")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        witness = subprocess.Popen([WITNESS, path])
        with listener.accept()[0] as connection, connection.makefile() as lines:
            sent = json.loads(lines.readline())["attributes"]
        witness.wait()
    code = f"from {attributes.__name__} import kept_attributes; print(kept_attributes())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    by_witness = {name: bytes.fromhex(value).decode() for name, value in sent.items() if name != "name"}
    assert ast.literal_eval(done.stdout) == by_witness


@pytest.mark.parametrize("name", ["attribute_cpu_affinity", "attribute_real_timer", "attribute_timer_slack"])
def test_a_script_sees_it_too(name: str, tmp_path: Path) -> None:
    """On the launcher with the fault 1, on the bare command 0."""
    (fault,) = (one for one in FAULTS if one.name == name)
    found = []
    for words in (fault.command(), ("env",)):
        script = tmp_path / f"{len(words)}.py"
        script.write_text(exported(a_case(Target("x", words), "INHERIT-4", "inherit.surroundings", START), tmp_path))
        done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60, check=False)
        found.append(done.returncode)
        assert done.returncode in (0, 1), done.stdout + done.stderr
    assert found == [1, 0]
