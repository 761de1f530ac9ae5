"""How the launcher is started: without a terminal, as a session leader, as a job; and what it is started with."""

from __future__ import annotations

import fcntl
import os
import signal
import struct
import subprocess
import termios
from collections.abc import Callable
from typing import Any

from proctor.reports.reproducer.parts.run import PYTHON, Run, as_in_a_shell

FILES: dict[str, str] = {}
ENVIRONMENT: dict[str, str] = {}


def put_in_place(run: Run) -> None:
    """Put the command where the launcher's command line wants it, at {command}, and its arguments to the end."""
    words = [word for word in run.words if word != "{command}"]
    if run.launcher:
        at = run.launcher.index("{command}")
        run.words = [*words[:at], words[len(run.launcher) - 1], *words[at : len(run.launcher) - 1],
                     *words[len(run.launcher) :]]  # fmt: skip


def use_a_command_that_is_missing(run: Run) -> None:
    """Give the launcher a command that does not exist. Alone a shell is asked for it."""
    run.words = [*(run.launcher or ["sh", "-c", '"$0"']), run.directory + "/no-such-command"]


def use_a_command_that_is_forbidden(run: Run) -> None:
    """Give the launcher a file that may not be executed. Alone a shell is asked for it."""
    with open(run.directory + "/forbidden-command", "w") as file:
        file.write("#!/bin/sh\n")
    os.chmod(run.directory + "/forbidden-command", 0o644)
    run.words = [*(run.launcher or ["sh", "-c", '"$0"']), run.directory + "/forbidden-command"]


def lay_out(run: Run) -> None:
    """Make the files and set the variables that the launcher is called with."""
    run.environment.update((key, value.replace("{here}", run.directory)) for key, value in ENVIRONMENT.items())
    run.words = [word.replace("{here}", run.directory) for word in run.words]
    for name, text in FILES.items():
        os.makedirs(os.path.dirname(os.path.join(run.directory, name)), exist_ok=True)
        with open(os.path.join(run.directory, name), "w") as file:
            file.write(text)


def start(run: Any, **how: Any) -> None:
    """Start the launcher, in a session of its own."""
    run.process = subprocess.Popen(run.words, cwd=run.directory, env=run.environment, start_new_session=True, **how)
    run.pids["launcher"], run.process.returncode = run.process.pid, 0  # we wait for it ourselves


def on_pipes(run: Any, **how: Any) -> None:
    """Start it without a terminal, as a service manager does."""
    with open(run.directory + "/output", "w") as output:
        start(run, **{"stdin": subprocess.PIPE, "stdout": output, "stderr": output, **how})


def open_terminal(run: Any) -> None:
    """Make a pseudo-terminal of 24 rows and 80 columns."""
    run.master, run.slave = os.openpty()
    fcntl.ioctl(run.master, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
    run.readers[run.master] = lambda _: read_terminal(run)


def read_terminal(run: Any) -> None:
    """Take in what is printed. When nobody has the terminal open any more that fails with EIO."""
    try:
        data = os.read(run.master, 65536)
    except OSError:
        del run.readers[run.master]
        return
    run.said += data.decode(errors="replace")
    run.note("on the terminal: %r" % data.decode(errors="replace")[:80], "printed", data)


def as_leader(run: Any, **how: Any) -> None:
    """Start it as the leader of a session with a terminal, as a terminal window does."""
    how = {"stdin": run.slave, "stdout": run.slave, "stderr": run.slave, **how}
    start(run, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0), **how)


def as_job(run: Run) -> None:
    """Start it as the foreground job of a session leader that waits for it, as a shell does."""
    start_below(run, as_leader, be_a_shell.__name__)


def start_below(run: Any, stage: Callable[..., None], role: str) -> None:
    """Start this script in a role in which it starts the launcher itself, and tells of it."""
    run.words = [*PYTHON, role, *run.words]
    stage(run, stdout=subprocess.PIPE)
    run.pids["its parent"], run.pids["launcher"] = run.process.pid, int(run.process.stdout.readline() or -1)
    run.status = lambda: int(run.process.stdout.readline() or as_in_a_shell(os.waitpid(run.pids["launcher"], 0)[1]))


def be_a_shell(*words: str) -> None:
    """Start the launcher in a process group of its own, in the foreground."""
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # tcsetpgrp(3) from the background would stop it
    stay(subprocess.Popen(words, stdout=2, preexec_fn=take_the_foreground))  # noqa: PLW1509


def take_the_foreground() -> None:
    """In a child: lead a process group of its own, in the foreground."""
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpid())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)


def stay(launcher: subprocess.Popen[bytes]) -> None:
    """Tell of the launcher, and stay: the end of a session's leader would hang up its terminal."""
    print(launcher.pid, flush=True)
    print(as_in_a_shell(os.waitpid(launcher.pid, 0)[1]), flush=True)
    while True:
        signal.pause()
