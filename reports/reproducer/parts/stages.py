"""How the launcher is started: without a terminal, as a session leader, as a job; its files and variables."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import resource
import signal
import struct
import subprocess
import termios
from collections.abc import Callable
from typing import Any

from proctor.reports.reproducer.parts.observed_run import PYTHON, ObservedRun, command_line, shell_status

FILES: dict[str, str] = {}
ENVIRONMENT: dict[str, Any] = {}
STAGE: dict[str, Any] = {}


def use_missing_command(run: ObservedRun) -> None:
    """Start a command that does not exist. Without the launcher, a shell starts it."""
    run.words = command_line(run.launcher or ["sh", "-c", '"$0"'], [os.path.join(run.place, "work", "no-such-command")])


def use_forbidden_command(run: ObservedRun) -> None:
    """Start a file that may not be executed. Without the launcher, a shell starts it."""
    path = os.path.join(run.place, "work", "forbidden-command")
    with open(path, "w") as file:
        file.write("#!/bin/sh\n")
    os.chmod(path, 0o644)
    run.words = command_line(run.launcher or ["sh", "-c", '"$0"'], [path])


def make_files(run: ObservedRun) -> None:
    """Make the files and set the variables that the launcher needs."""
    run.environment.update((key, fill_in(run, value)) for key, value in ENVIRONMENT.items())
    run.words = [fill_in(run, word) for word in run.words]
    for name, text in FILES.items():
        path = os.path.join(run.place, "work", name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if not os.path.exists(path):
            with open(path, "w") as file:
                file.write(fill_in(run, text))


def fill_in(run: ObservedRun, text: Any) -> Any:
    """Replace the words that stand for a directory of this run."""
    for name in ("home", "work", "tmp"):
        text = text.replace("{%s}" % name, run.place + "/" + name) if isinstance(text, str) else text
    return text


def set_stage(stage: dict[str, Any] = STAGE) -> None:
    """In a child: start with what the case says, whatever this script was started with."""
    os.umask(stage.get("umask", 0o022))
    for which, soft, hard in stage.get("limits", ()):
        resource.setrlimit(which, (soft, hard))
    if stage.get("groups"):
        os.setgroups(stage["groups"])
    os.nice(stage.get("nice", 0))
    if stage.get("unusual"):
        globals()["set_unusual"]()  # only scripts with such a stage have it
    set_signals(stage)


def set_unusual() -> None:
    """In a child: set what the kernel keeps for a process to values that few processes have. What the system refuses
    stays as it is."""
    libc = ctypes.CDLL(None)
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    ioprio_set, set_mempolicy = {"x86_64": (251, 238), "aarch64": (30, 237)}.get(os.uname().machine, (-1, -1))
    libc.syscall(ioprio_set, 1, 0, 2 << 13 | 6)
    libc.syscall(set_mempolicy, 4, None, 0)
    for option, value in ((29, 70_000), (41, 1)):  # PR_SET_TIMERSLACK, PR_SET_THP_DISABLE
        libc.prctl(option, value, 0, 0, 0)
    libc.personality(0x40000)  # ADDR_NO_RANDOMIZE
    for name, text in (("oom_score_adj", "300"), ("coredump_filter", "0x3f")):
        with contextlib.suppress(OSError), open("/proc/self/" + name, "w") as file:
            file.write(text)


def set_signals(stage: dict[str, Any] = STAGE) -> None:
    """Set dispositions and mask as the case says."""
    for number in set(signal.valid_signals()) - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_IGN if number in stage.get("ignored", ()) else signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, stage.get("blocked", ()))


def needs_stage() -> None:
    """Inconclusive where a child of this script cannot start with what the case says: only root may set groups and
    raise limits, and a nice value ends at 19."""
    child = os.fork()
    if not child:
        with contextlib.suppress(BaseException):  # whatever fails, the child must not go on as the script
            nice = os.nice(0) + STAGE.get("nice", 0)
            set_stage()
            os._exit(os.nice(0) != nice)
        os._exit(1)
    if os.waitpid(child, 0)[1]:
        raise RuntimeError("this script may not start the launcher with what the case says: %s" % STAGE)


def start(run: Any, **how: Any) -> None:
    """Start the launcher, in a session of its own."""
    how = {"cwd": os.path.join(run.place, "work"), "env": run.environment, "start_new_session": True, **how}
    run.process = subprocess.Popen(run.words, **how)
    run.pids["launcher"], run.process.returncode = run.process.pid, 0  # Popen must not wait for it


def on_pipes(run: Any, set_up: Callable[[], None] = set_stage, **how: Any) -> None:
    """Start it without a terminal, as a service manager does."""
    start(run, preexec_fn=set_up, **{**dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE), **how})
    process = run.process  # below another process, stdout is for that one's reports
    files = [process.stdin, process.stderr if "stdout" in how else process.stdout, process.stderr]
    run.stdio = [file.fileno() for file in files]
    run.master = run.stdio[0]
    run.readers.update((fd, lambda fd: read_output(run, fd)) for fd in run.stdio[1:])


def open_terminal(run: Any) -> None:
    """Make a pseudo-terminal."""
    run.master, run.slave = os.openpty()
    run.stdio = [run.slave] * 3
    modes = termios.tcgetattr(run.slave)
    run.note("the terminal at first: modes %s" % modes[:4], "modes before", modes[:4], modes[6])
    size = struct.pack("4H", STAGE.get("rows", 24), STAGE.get("columns", 80), 0, 0)
    fcntl.ioctl(run.master, termios.TIOCSWINSZ, size)
    run.readers[run.master] = lambda fd: read_output(run, fd)


def read_output(run: Any, fd: int) -> None:
    """Read from the terminal or a pipe. Nothing, or EIO: no process has the other end open any more."""
    data = b""
    with contextlib.suppress(OSError):
        data = os.read(fd, 65536)
    if not data:
        del run.readers[fd]
        return
    run.output += data.decode(errors="replace")
    run.note("printed: %r" % data.decode(errors="replace")[:80], "printed", data)
    if fd in run.stdio[1:]:  # on a terminal it is ours that is read
        run.events.append(("stdout" if fd == run.stdio[1] else "stderr", data))


def as_leader(run: Any, set_up: Callable[[], None] = set_stage, **how: Any) -> None:
    """Start it as the leader of a session with a terminal, as a terminal window does."""
    how = {"stdin": run.slave, "stdout": run.slave, "stderr": run.slave, **how}

    def lead() -> None:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        set_up()

    start(run, preexec_fn=lead, **how)


def as_job(run: ObservedRun) -> None:
    """Start it as the foreground job of a session leader that waits for it, as a shell does."""
    start_below(run, as_leader, be_a_shell.__name__)


def start_below(run: Any, stage: Callable[..., None], role: str) -> None:
    """Start this script in a role that starts the launcher, and reports its pid and status."""
    run.words = [*PYTHON, role, *run.words]
    stage(run, lambda: None, stdout=subprocess.PIPE)
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
    set_stage()


def report_and_stay(launcher: subprocess.Popen[bytes]) -> None:
    """Report the launcher, and stay: the end of a session leader would hang up its terminal."""
    print(launcher.pid, flush=True)
    print(shell_status(os.waitpid(launcher.pid, 0)[1]), flush=True)
    while True:
        signal.pause()
