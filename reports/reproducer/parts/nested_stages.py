"""How the launcher is started as PID 1 of a namespace, and by an interactive shell."""

from __future__ import annotations

import ctypes
import os
import shlex
import shutil
import subprocess
from typing import Any

from proctor.reports.reproducer.parts.at_rest import below, contents
from proctor.reports.reproducer.parts.stages import as_leader, on_pipes, report_and_stay, set_stage, start_below
from proctor.reports.reproducer.parts.steps import wait_for, wait_for_output

SHELLS = {
    "bash": ["bash", "--norc", "--noprofile", "--noediting", "-i"],
    "dash": ["dash", "-i"],
    "zsh": ["zsh", "-f", "-i", "+o", "zle", "+o", "prompt_cr", "+o", "prompt_sp", "+o", "bg_nice"],
}
PROMPT = "@reproducer@ "


def as_init(run: Any) -> None:
    """Start it as PID 1 of a PID namespace, as in a container. The bare command is not started so."""
    if not run.launcher:
        on_pipes(run)
        return
    start_below(run, on_pipes, be_outside.__name__)

    def read_reports(reports: int) -> None:
        before = set(run.pids)
        run.read_reports(reports)
        lines = [
            (pid, contents("/proc/%d/status" % pid).partition("NSpid:")[2]) for pid in below(run.pids["its parent"])
        ]
        inside = {int(line.split("\n")[0].split()[-1]): pid for pid, line in lines if line}
        run.pids.update((process, inside[run.pids[process]]) for process in set(run.pids) - before)

    run.readers[run.reports] = read_reports


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
    report_and_stay(subprocess.Popen(words, stdout=2, preexec_fn=mount_proc, start_new_session=True))  # noqa: PLW1509


def mount_proc() -> None:
    """In PID 1: mount the /proc of its namespace."""
    libc = ctypes.CDLL(None)
    libc.mount(b"none", b"/", None, 0x44000, None)  # MS_REC, MS_PRIVATE
    libc.mount(b"proc", b"/proc", b"proc", 0, None)
    set_stage()


def under_shell(run: Any, shell: str) -> None:
    """Type the launcher's command line into an interactive shell."""
    if not shutil.which(shell):
        raise RuntimeError("the case needs the shell %s, which is not installed here" % shell)
    line, run.words = shlex.join(map(os.fsdecode, run.words)), SHELLS[shell]
    run.environment["PS1"] = PROMPT
    as_leader(run)
    run.pids = {"shell": run.pids["launcher"]}
    wait_for_output(run, PROMPT)
    os.write(run.master, os.fsencode(line + "\n"))
    wait_for(run, "command", "runs")
    parents = {pid: int(contents("/proc/%d/stat" % pid).rpartition(") ")[2].split()[1]) for pid in below(os.getpid())}
    launcher = run.pids["command"]
    while parents[launcher] != run.pids["shell"]:
        launcher = parents[launcher]
    run.pids["launcher"], run.status = launcher, lambda: "(only the shell knows its status)"
    run.note("the launcher is pid %d" % launcher)
