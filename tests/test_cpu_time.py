"""STDIO-9 of launchers that look for the end of their command again and again. No planted fault does that all the time:
each of its cases would take seconds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.planted import run_suite

LOOKS = """import subprocess, sys, time
command = subprocess.Popen(sys.argv[1:])
while command.poll() is None:
    works_until = time.monotonic() + {works}
    while time.monotonic() < works_until:
        pass
    time.sleep(0.02)
sys.exit(command.returncode)
"""


@pytest.mark.parametrize(("works", "verdict"), [(0.02, "fail"), (0, "partial")], ids=["half-busy", "rests"])
def test_cpu_time_while_the_command_is_idle(tmp_path: Path, works: float, verdict: str) -> None:
    program, target = tmp_path / "looks.py", tmp_path / "looks.toml"
    program.write_text(LOOKS.format(works=works))
    target.write_text(f'command = ["{{python}}", "-I", "-S", "{program}"]\n')
    row = run_suite([target], ["stdio"], tmp_path, more=["-k", "while_the_command_is_idle"])["looks"]["STDIO-9"]
    assert row["verdict"] == verdict
    assert {violation["code"] for violation in row["violations"]} == ({"STDIO-9/busy"} if verdict == "fail" else set())
