"""A launcher for tests of tracing and holding: `python3 -I -S sends.py HOW COMMAND ARGS...`.

HOW it forwards a signal: `once`; twice in a row by `kill+kill`, `kill+tgkill` or `group+kill` (the command leads its
own process group); `thread`: once, by another thread. HOW `watches:CALL`: `once`, waiting in CALL; every signal and
every interrupted call is written to stderr.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import sys
import threading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

EVERY = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGUSR1)
libc = ctypes.CDLL(None, use_errno=True)


def start(command: list[str], group: bool) -> int:
    child = os.fork()
    if child == 0:
        if group:
            os.setpgid(0, 0)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        os.execv(command[0], command)
    if group:
        try:
            os.setpgid(child, child)
        except PermissionError:
            pass  # the child has called exec, after it made its process group
    return child


def forward(how: str, child: int, number: int) -> None:
    if how == "group+kill":
        os.kill(-child, number)
        os.kill(child, number)
    elif how == "kill+tgkill":
        os.kill(child, number)
        libc.tgkill(child, child, number)
    elif how == "kill+kill":
        os.kill(child, number)
        os.kill(child, number)
    elif how == "thread":
        thread = threading.Thread(target=os.kill, args=(child, number))
        thread.start()
        thread.join()
    else:
        os.kill(child, number)


def supervise(how: str, command: list[str]) -> NoReturn:
    signal.pthread_sigmask(signal.SIG_BLOCK, [*EVERY, signal.SIGCHLD])
    child = start(command, how == "group+kill")
    while True:
        number = signal.sigwait([*EVERY, signal.SIGCHLD])
        if number != signal.SIGCHLD:
            forward(how, child, number)
            continue
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def watch(call: str, command: list[str]) -> NoReturn:
    """Use ctypes, because Python restarts interrupted calls (PEP 475)."""
    wake, wake_end = os.pipe()
    os.set_blocking(wake_end, False)
    signal.set_wakeup_fd(wake_end)
    watched = (*EVERY, signal.SIGCHLD, signal.SIGCONT, signal.SIGTSTP)
    for each in watched:
        signal.signal(each, lambda *_: None)
    if call == "sigwaitinfo":
        signal.pthread_sigmask(signal.SIG_BLOCK, watched)
    child = start(command, False)
    wait = {"poll": poll, "epoll_wait": epoll_wait, "sigwaitinfo": sigwaitinfo}[call](wake)
    while True:
        number = wait()
        if number < 0:
            os.write(2, b"interrupted\n")
            continue
        number = number or os.read(wake, 1)[0]
        os.write(2, signal.Signals(number).name.encode() + b"\n")
        if number in EVERY:
            os.kill(child, number)
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


# Each returns a function that waits and returns a signal number, 0 if it is in the pipe, or -1 after an interruption.


def poll(wake: int) -> Callable[[], int]:
    entry = (ctypes.c_int * 2)(wake, select.POLLIN)
    return lambda: min(0, libc.poll(entry, 1, -1))


def epoll_wait(wake: int) -> Callable[[], int]:
    poller = select.epoll()
    poller.register(wake, select.EPOLLIN)
    events = ctypes.create_string_buffer(12)
    return lambda: min(0, libc.epoll_wait(poller.fileno(), events, 1, -1))


def sigwaitinfo(_: int) -> Callable[[], int]:
    mask = ctypes.create_string_buffer(128)
    for number in (*EVERY, signal.SIGCHLD, signal.SIGCONT, signal.SIGTSTP):
        libc.sigaddset(mask, int(number))
    return lambda: int(libc.sigwaitinfo(mask, None))


def main() -> None:
    how, *command = sys.argv[1:]
    if how.startswith("watches:"):
        watch(how.partition(":")[2], command)
    supervise(how, command)


main()
