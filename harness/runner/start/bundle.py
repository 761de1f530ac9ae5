"""The program of a launcher that is the tool itself: made from the tool's wheel before its first execution."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from pathlib import Path

from proctor.harness.errors import HarnessError
from proctor.harness.runner.start import project
from proctor.harness.runner.start.spawn import Place, environment, fill_in
from proctor.harness.scenario import Stage
from proctor.harness.target import Target

BUILT_WITHIN = 300
"""Seconds. PyInstaller takes 20 s on an idle machine."""
MOST_SAID = 2000
"""Bytes of its output that are reported where that fails."""
PROGRAM = "launcher"
"""Not the name of the tool: a program of that name is the command."""


def program_in(base: Path) -> Path:
    """Return where the program of a target is made, below the target's directory."""
    return base / "bundle" / PROGRAM


def build(target: Target, place: Place) -> None:
    """Make the program at place.bundle, in directories of its own, which stay: it may refer to them. HarnessError where
    that fails; the next call tries again."""
    directory = place.bundle.parent
    there = place._replace(work=directory / "work", home=directory / "home", temporary=directory / "tmp")
    for path in there[:3]:
        path.mkdir(parents=True, exist_ok=True)
    project.lay_out(target, there)
    line = [fill_in(word, there) for word in target.bundle]
    how, said = _run(line, environment(target, Stage(), there), there.work)
    if not how and os.access(place.bundle, os.X_OK):
        return
    missing = "is not executable" if place.bundle.exists() else "does not exist"
    raise HarnessError(
        f"the program of {target.name} was not made. Run as: {shlex.join(line)}. It "
        f"{how or f'exited with 0, but {place.bundle} {missing}'}. It printed: {said or 'nothing'}. This says nothing "
        "about the launcher. Correct 'bundle' in its description: see docs/targets.md"
    )


def _run(line: list[str], env: dict[bytes, bytes], work: Path) -> tuple[str, str]:
    """Run a command line; return how it failed, "" if it did not, and the end of its output."""
    output = os.memfd_create("bundle")
    try:
        # a session of its own: what is left of it after the time limit is ended with its process group
        process = subprocess.Popen(
            line, cwd=work, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
        try:
            code = process.wait(BUILT_WITHIN)
            how = f"exited with {code}" if code > 0 else f"died of signal {-code}" if code else ""
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            how = f"did not end within {BUILT_WITHIN} s"
        size = os.fstat(output).st_size
        said = os.pread(output, MOST_SAID, max(0, size - MOST_SAID))
    except OSError as error:
        return f"could not be started: {error.strerror}", ""
    finally:
        os.close(output)
    return how, said.decode("utf-8", "backslashreplace").strip()
