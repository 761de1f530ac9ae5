"""Nothing is left of pip or npm when `proctor bisect` is ended while they run."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.test_cli_bisect import write_case

NPM = """#!/bin/sh
: > "$TMPDIR/unpacked"
echo "$$ $TMPDIR" > {started}
exec sleep 600
"""
SOON = 20.0
"""Seconds; it takes a fraction of one."""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_nothing_is_left(tmp_path: Path, number: int) -> None:
    programs, started, scratch = tmp_path / "bin", tmp_path / "started", tmp_path / "tmp"
    programs.mkdir()
    scratch.mkdir()
    os.mkfifo(started)
    (programs / "npm").write_text(NPM.format(started=started))
    (programs / "npm").chmod(0o755)
    words = [str(write_case(tmp_path)), "--launcher=planted-js", "--from=npm", f"--cache={tmp_path}/cache", "--trust"]
    env = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "TMPDIR": str(scratch)}
    process = subprocess.Popen(
        [sys.executable, "-m", "proctor", "bisect", *words],
        cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    pid, directory = started.read_text().split()
    npm = os.pidfd_open(int(pid))
    assert os.listdir(directory) == ["unpacked"]
    process.send_signal(number)
    process.wait(SOON)
    deadline = time.monotonic() + SOON
    while os.path.exists(directory) and time.monotonic() < deadline:
        time.sleep(0.01)  # what removes it is no child of ours
    assert not list(scratch.glob("proctor-*"))
    assert select.select([npm], [], [], SOON)[0], "npm still runs"
    os.close(npm)
