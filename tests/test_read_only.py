"""No launcher can change the interpreters of the machine. One did: it took the interpreter below an environment, whose
pyvenv.cfg it had just removed, for the environment."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from proctor.conformance.exploring.campaigns import whole_run
from proctor.harness import execute as door
from proctor.harness import settings
from proctor.harness.history import Output, WitnessReady
from proctor.harness.scenario import PIPES
from proctor.harness.target import Target

PREFIX = Path(sys.base_prefix)
WRITES = f"""#!/bin/sh
for place in {PREFIX} {PREFIX}/bin {PREFIX}/lib; do
    touch "$place/proctor-was-here" && echo "wrote in $place"
done
exec "$@"
"""


@pytest.mark.parametrize("containment", ["namespace", "subreaper"])
@pytest.mark.usefixtures("no_runner_is_left")
def test_a_launcher_cannot_write_where_the_interpreter_is(
    containment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.geteuid() != 0 and containment == "subreaper":
        pytest.skip("without a namespace only root has mounts of its own")
    door.stop()
    monkeypatch.setenv(settings.CONTAINMENT, containment)
    if containment == "namespace" and not door.has_namespace():
        pytest.skip("this system refuses PID namespaces")
    launcher = tmp_path / "writes"
    launcher.write_text(WRITES)
    launcher.chmod(0o755)
    history = door.execute(Target("writes", (str(launcher),)), whole_run(PIPES))
    door.stop()
    printed = b"".join(fact.data for fact in history.facts(Output))
    left = [place for place in (PREFIX, PREFIX / "bin", PREFIX / "lib") if (place / "proctor-was-here").exists()]
    for place in left:
        (place / "proctor-was-here").unlink()
    assert not left
    assert printed.count(b"Read-only file system") == 3, printed
    assert history.facts(WitnessReady), "the launcher still starts its command"
