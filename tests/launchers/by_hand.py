r"""Looks at one launcher by hand, with nothing of Proctor: how the findings in docs/findings.md were verified.

    python tests/launchers/by_hand.py WHAT [ARGUMENT] -- LAUNCHER...

WHAT: signal N | stopped N | group N | key c | key \ | resize | hangup | hangup-default | kill | dies N | exit N |
missing | forbidden | inherit | terminal | after-signal N (after-, dies, -default: the command handles no signal).
With --pipes there is no terminal, with --leader the launcher leads the session; otherwise it is the foreground job of
a process that does what a shell does. With --held the launcher is stopped (SIGSTOP) while the stimulus is given: what
the command gets later was forwarded. With --chld-ignored it is started with SIGCHLD ignored. Sleeps are fine here: this
is for a person who looks at the output.
"""

from __future__ import annotations

import contextlib
import fcntl
import glob
import os
import pty
import signal
import struct
import sys
import termios
import time

COMMAND = r"""
import os, signal, sys, time
log = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
say = lambda text: os.write(log, (text + "\n").encode())
status = open("/proc/self/status").read()
fields = {line.split(":")[0]: line.split()[1] for line in status.splitlines() if line.startswith("Sig")}
mode = sys.argv[2] if len(sys.argv) > 2 else ""
if mode == "inherit":
    import resource
    say(f"SigBlk {fields['SigBlk']} SigIgn {fields['SigIgn']} (without PIPE and XFSZ, which Python ignores)")
    say(f"fds {sorted(os.listdir('/proc/self/fd'))} nofile {resource.getrlimit(resource.RLIMIT_NOFILE)}")
    say(f"environment {sorted(os.environ)}")
if mode == "terminal" or mode == "inherit":
    try:
        os.close(os.open("/dev/tty", os.O_RDWR)); tty = "opens"
    except OSError as error:
        tty = str(error)
    try:
        foreground = os.tcgetpgrp(0)
    except OSError as error:
        foreground = str(error)
    say(f"/dev/tty {tty}; pgid {os.getpgrp()} sid {os.getsid(0)} foreground {foreground}")
everything = set(signal.valid_signals()) - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD}
if mode == "inherit":
    sys.exit(0)
if mode == "default":
    signal.pthread_sigmask(signal.SIG_UNBLOCK, everything)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
else:
    signal.pthread_sigmask(signal.SIG_BLOCK, everything)
say(f"runs as {os.getpid()}")
while True:
    if mode == "default":
        time.sleep(1)
        continue
    info = signal.sigwaitinfo(everything)
    name = signal.Signals(info.si_signo).name if info.si_signo < 32 else info.si_signo
    say(f"got {name} code {info.si_code} from {info.si_pid}")
"""


def read(path: str) -> str:
    """Return what is in a file, nothing where there is none."""
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""


def wait_for(path: str, text: str) -> bool:
    """Wait until the command has written this."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if text in read(path):
            return True
        time.sleep(0.02)
    return False


def become(words: list[str]) -> None:
    """Execute a program with the dispositions that a shell would give it: Python itself ignores these two, and what
    is ignored stays so."""
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    if "--chld-ignored" in sys.argv:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    os.execvp(words[0], words)


def start(launcher: list[str], tail: list[str], how: str) -> tuple[int, int, int]:
    """Start the launcher; return its pid, its parent's pid (0 if that is us) and the terminal's other end."""
    if how == "pipes":
        pid = os.fork()
        if pid == 0:
            os.setsid()
            null = os.open("/dev/null", os.O_RDONLY)
            os.dup2(null, 0)
            become([*launcher, *tail])
        return pid, 0, -1
    reading, writing = os.pipe()
    pid, master = pty.fork()
    if pid:
        os.close(writing)
        if how == "leader":
            return pid, 0, master
        return int(os.read(reading, 20)), pid, master
    if how == "leader":
        become([*launcher, *tail])
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    job = os.fork()
    if job == 0:
        os.setpgid(0, 0)
        os.tcsetpgrp(0, os.getpid())
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        os.close(writing)
        os.close(reading)
        become([*launcher, *tail])
    os.write(writing, str(job).encode())
    os.close(writing)
    _, status = os.waitpid(job, 0)
    now = os.tcgetpgrp(0)
    print(f"  its parent saw: {told(status)}; foreground group now {now}, the launcher was {job}\r", flush=True)
    while True:  # a session leader that ends would hang up on the command
        signal.pause()


def hit(pid: int, number: int) -> bool:
    """Send the launcher a signal; say so where it has ended."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
        return True
    print(f"  signal {number} was not sent: the launcher has ended")
    return False


def stop(pid: int) -> bool:
    """Stop the launcher and wait until every thread of it stands still; say so where it ends instead."""
    if not hit(pid, signal.SIGSTOP):
        return False
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        states = {read(path).rpartition(") ")[2][:1] for path in glob.glob(f"/proc/{pid}/task/*/stat")} - {""}
        if not states - {"Z", "X"}:
            print("  the launcher ended before it stopped")
            return False
        if states <= {"T", "t", "Z", "X"}:
            return True
        time.sleep(0.005)
    print(f"  the launcher did not stop within 10 s of SIGSTOP, its threads are in the states {sorted(states)}")
    return False


def told(status: int) -> str:
    """Put a wait status in words."""
    if os.WIFSIGNALED(status):
        return f"died of signal {os.WTERMSIG(status)}"
    return f"exit code {os.WEXITSTATUS(status)}"


def drain(master: int) -> str:
    """Return what is on the terminal."""
    os.set_blocking(master, False)
    try:
        return os.read(master, 1 << 16).decode(errors="replace")
    except OSError:
        return ""


def main() -> None:
    """Read the arguments, start, look, end."""
    split = sys.argv.index("--")
    words, launcher = sys.argv[1:split], sys.argv[split + 1 :]
    how = "pipes" if "--pipes" in words else "leader" if "--leader" in words else "job"
    held = "--held" in words
    what, *rest = [word for word in words if not word.startswith("--")]
    number = int(rest[0]) if rest and rest[0].isdigit() else 0
    log = f"/tmp/by_hand.{os.getpid()}"
    modes = {"hangup-default": "default", "dies": "default", "inherit": "inherit", "terminal": "terminal"}
    mode = modes.get(what, "default" if what == "after-signal" else "")
    script = f"{log}.command"  # a file, for some launchers change what has quotes
    with open(script, "w") as file:
        file.write(COMMAND)
    tail = [sys.executable, "-I", "-S", script, log, mode]
    if what == "missing":
        tail = ["/no/such-command"]
    elif what == "forbidden":
        open(log, "w").close()
        tail = [log]
    elif what == "exit":
        program = f"import os; open({log!r}, 'w').write('runs as 0'); os._exit({number})"
        tail = [sys.executable, "-I", "-S", "-c", program]
    pid, parent, master = start(launcher, tail, how)
    handles = [os.pidfd_open(one) for one in (pid, parent) if one]
    try:
        watch(what, rest, number, held, how, log, pid, parent, master)
    finally:
        end(log, handles)
        for path in (script, log):
            if os.path.exists(path):
                os.unlink(path)


def end(log: str, handles: list[int]) -> None:
    """End all processes, the command first; its shell, if it has one, ends with it."""
    started = read(log).partition("runs as ")[2].split()
    with contextlib.suppress(OSError):
        if started and log in read(f"/proc/{started[0]}/cmdline"):
            os.kill(int(started[0]), signal.SIGKILL)
    for handle in handles:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(handle, signal.SIGKILL)


def watch(
    what: str, rest: list[str], number: int, held: bool, how: str, log: str, pid: int, parent: int, master: int
) -> None:
    """Give the stimulus, and print what was seen."""
    child = 0
    if what not in ("missing", "forbidden", "exit", "inherit"):
        if not wait_for(log, "runs as"):
            sys.exit(f"  the command did not start; terminal: {drain(master) if master >= 0 else '-'!r}")
        child = int(read(log).split("runs as ")[1].split()[0])
        time.sleep(0.5)
    print(f"  launcher {pid}, command {child}, {how}")
    if held:
        stop(pid)
    if what == "signal":
        hit(pid, number)
    elif what == "stopped":
        if stop(pid):
            hit(pid, number)
            hit(pid, signal.SIGCONT)
    elif what == "group":
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, number)
    elif what == "key":
        os.write(master, {"c": b"\x03", "\\": b"\x1c"}[rest[0]])
    elif what == "resize":
        fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 132, 0, 0))
    elif what in ("hangup", "hangup-default"):
        os.close(master)
        master = -1
    elif what == "kill":
        hit(pid, signal.SIGKILL)
    elif what == "dies":
        os.kill(child, number)
    elif what == "after-signal":
        hit(pid, number)
    time.sleep(0.5)
    if held:
        hit(pid, signal.SIGCONT)
    time.sleep(1.0)
    for line in read(log).splitlines():
        print(f"  command: {line}")
    if master >= 0 and (text := drain(master)).strip():
        print(f"  terminal: {text!r}")
    done, status = os.waitpid(parent or pid, os.WNOHANG)
    if not parent:
        print(f"  launcher: {told(status) if done else 'still there'}")
    elif not done:
        print(f"  launcher: {'still there' if os.path.exists(f'/proc/{pid}') else 'gone'}")
    if child:
        state = read(f"/proc/{child}/stat").partition(") ")[2][:1] or "gone"
        print(f"  command is {'still there, state ' + state if state != 'gone' else 'gone'}")


if __name__ == "__main__":
    main()
