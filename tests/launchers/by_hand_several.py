r"""Looks at a launcher of several commands by hand, with nothing of Proctor: how docs/findings.md was verified.

    python tests/launchers/by_hand_several.py [--tty] HOW [ACTION...] -- LAUNCHER...

It starts the launcher in an empty directory in which a Procfile, a package.json, a Taskfile.yml (task `all`) and a
pyproject.toml (task `all` of poe) have two commands, a and b; the word {line} stands for both as arguments. It prints
what they received, with si_code (128: from the kernel), how the launcher ended, and which of the two are left.
HOW: ends (of SIGTERM, SIGINT, SIGHUP, with 0) | stays | deaf (ignores them) | fails (a ends with 3 after a second).
ACTION: the name of a signal to the launcher, such as TERM | wait; with --tty also ctrl-c | hang-up.
Sleeps are fine here: this is for a person who looks at the output.
"""

from __future__ import annotations

import glob
import json
import os
import pty
import signal
import subprocess
import sys
import tempfile
import time

COMMAND = r"""
import os, signal, sys, time
name, how = sys.argv[1:]
log = os.open("log", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
say = lambda text: os.write(log, f"{name} {text}\n".encode())
three = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
if how == "deaf":
    for number in three:
        signal.signal(number, signal.SIG_IGN)
else:
    signal.pthread_sigmask(signal.SIG_BLOCK, three)
say("runs")
if how == "fails" and name == "a":
    time.sleep(1)
    sys.exit(3)
while True:
    if how == "deaf":
        time.sleep(1)
        continue
    info = signal.sigwaitinfo(three)
    say(f"got {signal.Signals(info.si_signo).name} code {info.si_code}")
    if how != "stays":
        sys.exit(0)
"""


def lay_out(how: str) -> list[str]:
    """Write the files that say what the commands are into the working directory; return their lines."""
    with open("command.py", "w") as file:
        file.write(COMMAND)
    lines = {name: f"{sys.executable} command.py {name} {how}" for name in "ab"}
    quoted = {name: json.dumps(line) for name, line in lines.items()}
    contents = {
        "Procfile": "".join(f"{name}: {line}\n" for name, line in lines.items()),
        "package.json": json.dumps({"name": "x", "version": "1.0.0", "scripts": lines}),
        "Taskfile.yml": "version: '3'\ntasks:\n  all: {deps: [a, b]}\n"
        + "".join(f"  {name}: {{cmds: [{line}]}}\n" for name, line in quoted.items()),
        "pyproject.toml": "[tool.poe.tasks]\nall.parallel = ['a', 'b']\n"
        + "".join(f"{name}.shell = {line}\n" for name, line in quoted.items()),
    }
    for path, text in contents.items():
        with open(path, "w") as file:
            file.write(text)
    return list(lines.values())


def log() -> str:
    """Return what the commands have written."""
    try:
        with open("log") as file:
            return file.read()
    except OSError:
        return ""


def left() -> list[int]:
    """Return the pids of the commands that are there: they run in this directory."""
    found = []
    for path in glob.glob("/proc/[0-9]*"):
        try:
            with open(f"{path}/cmdline", "rb") as file:
                is_command = b"\0command.py\0" in file.read()
            if is_command and os.readlink(f"{path}/cwd") == os.getcwd():
                found.append(int(path.removeprefix("/proc/")))
        except OSError:  # it has ended
            pass
    return found


def start(line: list[str], on_terminal: bool) -> tuple[int, int]:
    """Start the launcher; return its pid and our end of its terminal."""
    if on_terminal:
        pid, terminal = pty.fork()
        if pid == 0:
            os.execvp(line[0], line)
        return pid, terminal
    with open("output", "w") as output:
        launcher = subprocess.Popen(
            line, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    return launcher.pid, -1


def act(action: str, pid: int, terminal: int) -> None:
    if action == "ctrl-c":
        os.write(terminal, b"\x03")
    elif action == "hang-up":
        os.close(terminal)
    elif action != "wait":
        os.kill(pid, signal.Signals[f"SIG{action}"])
    time.sleep(3)


def main() -> None:
    words = sys.argv[1:]
    at = words.index("--")
    on_terminal, (how, *actions) = words[0] == "--tty", [word for word in words[:at] if word != "--tty"]
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        lines = lay_out(how)
        line = [other for word in words[at + 1 :] for other in (lines if word == "{line}" else [word])]
        pid, terminal = start(line, on_terminal)
        end = time.monotonic() + 60
        while log().count("runs") < 2 and time.monotonic() < end:
            time.sleep(0.1)
        time.sleep(1)
        for action in actions:
            act(action, pid, terminal)
        ended, status = os.waitpid(pid, os.WNOHANG)
        print(log(), end="")
        print(f"launcher: {os.waitstatus_to_exitcode(status) if ended else 'is still there'}")
        there = left()
        print(f"commands that are still there: {len(there)}")
        for process in [*there, *([] if ended else [pid])]:
            os.kill(process, signal.SIGKILL)
        os.chdir("/")


if __name__ == "__main__":
    main()
