"""A launcher to be traced or held: `python3 -I -S sends.py HOW COMMAND ARGS...`.

HOW it passes a signal on: `once`; twice, back to back: `kill+kill`, `kill+tgkill`, `group+kill` (the command
leads a group of its own); `thread`, once, by a thread of its own. HOW `watches:CALL`: `once`, waiting
in CALL, and it writes down on stderr every signal and every call that was interrupted.
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
            pass  # it has called exec already, and had its group before that
    return child


def pass_on(how: str, child: int, number: int) -> None:
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
            pass_on(how, child, number)
            continue
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


def watch(call: str, command: list[str]) -> NoReturn:
    """By way of ctypes, as Python itself calls again after an interruption and says nothing."""
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


# Each returns a function that waits: a signal's number, 0 when it is in the pipe, -1 after an interruption.


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
