"""How the launcher is started: without a terminal, as a session leader, as a job; its files and variables."""

from __future__ import annotations

import fcntl
import os
import signal
import struct
import subprocess
import termios
from collections.abc import Callable
from typing import Any

from proctor.reports.reproducer.parts.observed_run import PYTHON, ObservedRun, shell_status

FILES: dict[str, str] = {}
ENVIRONMENT: dict[str, str] = {}


def place_command(run: ObservedRun) -> None:
    """Put the command at {command} of the launcher's command line, and its arguments at the end."""
    words = [word for word in run.words if word != "{command}"]
    if run.launcher:
        at = run.launcher.index("{command}")
        run.words = [*words[:at], words[len(run.launcher) - 1], *words[at : len(run.launcher) - 1],
                     *words[len(run.launcher) :]]  # fmt: skip


def use_missing_command(run: ObservedRun) -> None:
    """Start a command that does not exist. Without the launcher, a shell starts it."""
    run.words = [*(run.launcher or ["sh", "-c", '"$0"']), run.directory + "/no-such-command"]


def use_forbidden_command(run: ObservedRun) -> None:
    """Start a file that may not be executed. Without the launcher, a shell starts it."""
    with open(run.directory + "/forbidden-command", "w") as file:
        file.write("#!/bin/sh\n")
    os.chmod(run.directory + "/forbidden-command", 0o644)
    run.words = [*(run.launcher or ["sh", "-c", '"$0"']), run.directory + "/forbidden-command"]


def make_files(run: ObservedRun) -> None:
    """Make the files and set the variables that the launcher needs."""
    run.environment.update((key, value.replace("{here}", run.directory)) for key, value in ENVIRONMENT.items())
    run.words = [word.replace("{here}", run.directory) for word in run.words]
    for name, text in FILES.items():
        os.makedirs(os.path.dirname(os.path.join(run.directory, name)), exist_ok=True)
        with open(os.path.join(run.directory, name), "w") as file:
            file.write(text)


def start(run: Any, **how: Any) -> None:
    """Start the launcher, in a session of its own."""
    run.process = subprocess.Popen(run.words, cwd=run.directory, env=run.environment, start_new_session=True, **how)
    run.pids["launcher"], run.process.returncode = run.process.pid, 0  # Popen must not wait for it


def on_pipes(run: Any, **how: Any) -> None:
    """Start it without a terminal, as a service manager does."""
    with open(run.directory + "/output", "w") as output:
        start(run, **{"stdin": subprocess.PIPE, "stdout": output, "stderr": output, **how})


def open_terminal(run: Any) -> None:
    """Make a pseudo-terminal of 24 rows and 80 columns."""
    run.master, run.slave = os.openpty()
    modes = termios.tcgetattr(run.slave)
    run.note("the terminal at first: modes %s" % modes[:4], "modes before", modes[:4], modes[6])
    fcntl.ioctl(run.master, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
    run.readers[run.master] = lambda _: read_terminal(run)


def read_terminal(run: Any) -> None:
    """Read the output. EIO: no process has the terminal open any more."""
    try:
        data = os.read(run.master, 65536)
    except OSError:
        del run.readers[run.master]
        return
    run.output += data.decode(errors="replace")
    run.note("on the terminal: %r" % data.decode(errors="replace")[:80], "printed", data)


def as_leader(run: Any, **how: Any) -> None:
    """Start it as the leader of a session with a terminal, as a terminal window does."""
    how = {"stdin": run.slave, "stdout": run.slave, "stderr": run.slave, **how}
    start(run, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0), **how)


def as_job(run: ObservedRun) -> None:
    """Start it as the foreground job of a session leader that waits for it, as a shell does."""
    start_below(run, as_leader, be_a_shell.__name__)


def start_below(run: Any, stage: Callable[..., None], role: str) -> None:
    """Start this script in a role that starts the launcher, and reports its pid and status."""
    run.words = [*PYTHON, role, *run.words]
    stage(run, stdout=subprocess.PIPE)
    run.pids["its parent"], run.pids["launcher"] = run.process.pid, int(run.process.stdout.readline() or -1)
    run.status = lambda: int(run.process.stdout.readline() or shell_status(os.waitpid(run.pids["launcher"], 0)[1]))


def be_a_shell(*words: str) -> None:
    """Start the launcher in a process group of its own, in the foreground."""
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # tcsetpgrp(3) from the background would stop it
    report_and_stay(subprocess.Popen(words, stdout=2, preexec_fn=take_the_foreground))  # noqa: PLW1509


def take_the_foreground() -> None:
    """In a child: lead a process group of its own, in the foreground."""
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpid())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)


def report_and_stay(launcher: subprocess.Popen[bytes]) -> None:
    """Report the launcher, and stay: the end of a session leader would hang up its terminal."""
    print(launcher.pid, flush=True)
    print(shell_status(os.waitpid(launcher.pid, 0)[1]), flush=True)
    while True:
        signal.pause()
