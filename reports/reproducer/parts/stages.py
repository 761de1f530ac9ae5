"""How the launcher is started: without a terminal, as a session leader, as a job, under a shell, as PID 1."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import shlex
import shutil
import signal
import struct
import subprocess
import termios
from collections.abc import Callable
from typing import Any

from reports.reproducer.parts.run import Run, as_in_a_shell, below, contents
from reports.reproducer.parts.steps import comes, prints

FILES: dict[str, str] = {}
ENVIRONMENT: dict[str, str] = {}
SHELLS = {
    "bash": ["bash", "--norc", "--noprofile", "--noediting", "-i"],
    "dash": ["dash", "-i"],
    "zsh": ["zsh", "-f", "-i", "+o", "zle", "+o", "prompt_cr", "+o", "prompt_sp", "+o", "bg_nice"],
}
PROMPT = "@reproducer@ "


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


def forget_signals() -> None:
    """Block no signal and give each its default action: what we were started with is not what is to be shown."""
    for number in set(signal.valid_signals()) - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def on_pipes(run: Any) -> None:
    """Start it without a terminal, in a session of its own, as a service manager does."""
    output = os.open(run.directory + "/output", os.O_WRONLY | os.O_CREAT, 0o600)
    how: Any = {"stdin": subprocess.PIPE, "stdout": output, "stderr": output, "start_new_session": True}
    run.process = subprocess.Popen(run.words, cwd=run.directory, env=run.environment, **how)
    run.pids["launcher"], run.process.returncode = run.process.pid, 0


def open_terminal(run: Any) -> None:
    """Make a pseudo-terminal of 24 rows and 80 columns, where there is none yet."""
    if hasattr(run, "master"):
        return
    run.master, run.slave = os.openpty()
    fcntl.ioctl(run.master, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
    os.set_blocking(run.master, False)
    run.readers[run.master], run.unread = lambda _: read_terminal(run), ""


def type_ahead(run: Any, data: bytes) -> None:
    """Type something before anybody is there to read it."""
    open_terminal(run)
    run.note("we type %r" % data, "typed")
    os.write(run.master, data)


def read_terminal(run: Any) -> None:
    """Take in what is printed on the terminal. When nobody has it open any more that fails with EIO."""
    data = b""
    with contextlib.suppress(OSError):
        data = os.read(run.master, 65536)
    if not data:
        del run.readers[run.master]
    text = data.decode(errors="replace")
    run.said, run.unread = run.said + text, run.unread + text
    if data:
        run.note("on the terminal: " + text[:80], "printed", data)


def lead_session(run: Any) -> None:
    """In a child: lead a session of its own, with the terminal as its controlling one."""
    os.setsid()
    os.close(run.master)  # who holds it open keeps it from hanging up
    for descriptor in (0, 1, 2):
        os.dup2(run.slave, descriptor)
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def execute(run: Run) -> None:
    """In a child: become the launcher."""
    forget_signals()
    os.chdir(run.directory)
    run.before_execute()
    os.execvpe(run.words[0], run.words, run.environment)


def on_pipes_to_be_traced(run: Any) -> None:
    """Start it without a terminal, in a session of its own, as a service manager does."""
    told, run.stdin = os.pipe()
    output = os.open(run.directory + "/output", os.O_WRONLY | os.O_CREAT, 0o600)
    run.pids["launcher"] = os.fork()
    if run.pids["launcher"] == 0:
        try:
            os.setsid()
            for descriptor, target in ((told, 0), (output, 1), (output, 2)):
                os.dup2(descriptor, target)
            execute(run)
        finally:
            os._exit(127)


def as_leader(run: Any) -> None:
    """Start it as the leader of a session with a terminal, as a terminal window does."""
    open_terminal(run)
    run.pids["launcher"] = os.fork()
    if run.pids["launcher"] == 0:
        try:
            lead_session(run)
            execute(run)
        finally:
            os._exit(127)


def as_job(run: Any) -> None:
    """Start it as the foreground job of a session leader that waits for it, as a shell does."""
    open_terminal(run)
    keep(run, lead_session, start_job)


def keep(run: Any, prepare: Callable[[Run], None], start: Callable[[Run], int]) -> None:
    """Start a process that starts the launcher, tells its pid and how it ends, and stays: if a session leader ended,
    that would hang up its terminal."""
    told, telling = os.pipe()
    run.pids["its parent"] = os.fork()
    if run.pids["its parent"] == 0:
        try:
            forget_signals()
            prepare(run)
            launcher = start(run)
            os.write(telling, b"%20d" % launcher)
            os.write(telling, b"%20d" % os.waitpid(launcher, 0)[1])
            while True:
                signal.pause()
        finally:
            os._exit(127)
    os.close(telling)
    first = os.read(told, 20)
    if not first:
        raise RuntimeError("this system does not let us start it in this way")
    run.pids["launcher"] = int(first)
    run.status = lambda: as_in_a_shell(int(os.read(told, 20) or os.waitpid(run.pids["launcher"], 0)[1]))


def start_job(run: Run) -> int:
    """Start the launcher in a process group of its own, in the foreground."""
    job = os.fork()
    if job == 0:
        try:
            os.setpgid(0, 0)
            signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # tcsetpgrp(3) from the background would stop us
            os.tcsetpgrp(0, os.getpid())
            execute(run)
        finally:
            os._exit(127)
    return job


def as_init(run: Any) -> None:
    """Start it as PID 1 of a PID namespace, as a container does; the command alone is started without."""
    if not run.launcher:
        on_pipes(run)
        return
    keep(run, leave_namespace, start_init)

    def hear(reports: int) -> None:
        before = set(run.pids)
        run.hear(reports)
        lines = [
            (pid, contents("/proc/%d/status" % pid).partition("NSpid:")[2]) for pid in below(run.pids["its parent"])
        ]
        inside = {int(line.split("\n")[0].split()[-1]): pid for pid, line in lines if line}
        run.pids.update((who, inside[run.pids[who]]) for who in set(run.pids) - before)

    run.readers = dict.fromkeys(run.readers, hear)


def leave_namespace(run: Run) -> None:
    """In a child: what it starts from here on is in a new PID namespace; unshare(2), user_namespaces(7)."""
    uid, gid, libc = os.geteuid(), os.getegid(), ctypes.CDLL(None)
    output = os.open(run.directory + "/output", os.O_WRONLY | os.O_CREAT, 0o600)
    for descriptor, target in ((os.open(os.devnull, os.O_RDONLY), 0), (output, 1), (output, 2)):
        os.dup2(descriptor, target)
    if libc.unshare(0x20020000) == 0:  # CLONE_NEWPID, CLONE_NEWNS: as root
        return
    if libc.unshare(0x30020000):  # with CLONE_NEWUSER
        os._exit(1)
    maps = (("setgroups", "deny"), ("uid_map", "%d %d 1" % (uid, uid)), ("gid_map", "%d %d 1" % (gid, gid)))
    for name, text in maps:
        with open("/proc/self/" + name, "w") as file:
            file.write(text)


def start_init(run: Run) -> int:
    """Start the launcher as PID 1, with a /proc that says so."""
    init = os.fork()
    if init == 0:
        try:
            libc = ctypes.CDLL(None)
            libc.mount(b"none", b"/", None, 0x44000, None)  # MS_REC, MS_PRIVATE
            libc.mount(b"proc", b"/proc", b"proc", 0, None)
            os.setsid()
            execute(run)
        finally:
            os._exit(127)
    return init


def under_shell(run: Any, shell: str) -> None:
    """Type it into an interactive shell."""
    if not shutil.which(shell):
        raise RuntimeError("the case is about job control in %s, which is not installed here" % shell)
    open_terminal(run)
    run.pids["shell"] = os.fork()
    if run.pids["shell"] == 0:
        try:
            lead_session(run)
            forget_signals()
            os.chdir(run.directory)
            os.execvpe(shell, SHELLS[shell], {**run.environment, "PS1": PROMPT})
        finally:
            os._exit(127)
    prints(run, PROMPT)
    os.write(run.master, (" ".join(map(shlex.quote, run.words)) + "\n").encode())
    comes(run, "runs", "command")
    parents = {pid: int(contents("/proc/%d/stat" % pid).rpartition(") ")[2].split()[1]) for pid in below(os.getpid())}
    launcher = run.pids["command"]
    while parents[launcher] != run.pids["shell"]:
        launcher = parents[launcher]
    run.pids["launcher"], run.status = launcher, lambda: "in a way that only the shell knows"
    run.note("the launcher is pid %d" % launcher)
