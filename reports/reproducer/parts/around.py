"""The stages that take more around the launcher: PID 1 of a namespace, a shell, a gate before its first instruction."""

from __future__ import annotations

import ctypes
import os
import shlex
import shutil
import signal
import subprocess
from typing import Any

from proctor.reports.reproducer.parts.run import PYTHON, below, contents
from proctor.reports.reproducer.parts.stages import as_leader, on_pipes, start_below, stay
from proctor.reports.reproducer.parts.steps import comes, prints

SHELLS = {
    "bash": ["bash", "--norc", "--noprofile", "--noediting", "-i"],
    "dash": ["dash", "-i"],
    "zsh": ["zsh", "-f", "-i", "+o", "zle", "+o", "prompt_cr", "+o", "prompt_sp", "+o", "bg_nice"],
}
PROMPT = "@reproducer@ "


def as_init(run: Any) -> None:
    """Start it as PID 1 of a PID namespace, as a container does; the command alone is started without."""
    if not run.launcher:
        on_pipes(run)
        return
    start_below(run, on_pipes, be_outside.__name__)

    def hear(reports: int) -> None:
        before = set(run.pids)
        run.hear(reports)
        lines = [
            (pid, contents("/proc/%d/status" % pid).partition("NSpid:")[2]) for pid in below(run.pids["its parent"])
        ]
        inside = {int(line.split("\n")[0].split()[-1]): pid for pid, line in lines if line}
        run.pids.update((who, inside[run.pids[who]]) for who in set(run.pids) - before)

    run.readers = dict.fromkeys(run.readers, hear)


def be_outside(*words: str) -> None:
    """Start the launcher as PID 1 of a new PID namespace; unshare(2), user_namespaces(7)."""
    uid, gid, libc = os.geteuid(), os.getegid(), ctypes.CDLL(None)
    if libc.unshare(0x20020000):  # CLONE_NEWPID, CLONE_NEWNS: as root
        if libc.unshare(0x30020000):  # with CLONE_NEWUSER
            return
        maps = (("setgroups", "deny"), ("uid_map", "%d %d 1" % (uid, uid)), ("gid_map", "%d %d 1" % (gid, gid)))
        for name, text in maps:
            with open("/proc/self/" + name, "w") as file:
                file.write(text)
    stay(subprocess.Popen(words, stdout=2, preexec_fn=mount_proc, start_new_session=True))  # noqa: PLW1509


def mount_proc() -> None:
    """In PID 1: mount a /proc that says so."""
    libc = ctypes.CDLL(None)
    libc.mount(b"none", b"/", None, 0x44000, None)  # MS_REC, MS_PRIVATE
    libc.mount(b"proc", b"/proc", b"proc", 0, None)


def under_shell(run: Any, shell: str) -> None:
    """Type it into an interactive shell."""
    if not shutil.which(shell):
        raise RuntimeError("the case is about job control in %s, which is not installed here" % shell)
    line, run.words = shlex.join(run.words), SHELLS[shell]
    run.environment["PS1"] = PROMPT
    as_leader(run)
    run.pids = {"shell": run.pids["launcher"]}
    prints(run, PROMPT)
    os.write(run.master, (line + "\n").encode())
    comes(run, "command", "runs")
    parents = {pid: int(contents("/proc/%d/stat" % pid).rpartition(") ")[2].split()[1]) for pid in below(os.getpid())}
    launcher = run.pids["command"]
    while parents[launcher] != run.pids["shell"]:
        launcher = parents[launcher]
    run.pids["launcher"], run.status = launcher, lambda: "in a way that only the shell knows"
    run.note("the launcher is pid %d" % launcher)


def close_gate(run: Any) -> None:
    """Have the launcher wait before its first instruction."""
    os.mkfifo(run.directory + "/gate")
    run.gate = os.open(run.directory + "/gate", os.O_RDWR)  # both, for who opens one end only waits for the other
    run.words = [*PYTHON, wait_at_gate.__name__, run.directory + "/gate", *run.words]


def wait_at_gate(gate: str, *words: str) -> None:
    """Become the launcher when the gate is opened."""
    with open(gate) as file:
        file.readline()
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)  # Python itself ignores these two
    os.execvp(words[0], words)


def open_gate(run: Any) -> None:
    """Let it go on."""
    os.write(run.gate, b"\n")
