"""A correct launcher that polls: `python3 -I -S polls.py SECONDS COMMAND ARGS...`.

Every SECONDS it forwards the signals that it received, and checks whether the command has ended. In between it sleeps.
It cannot distinguish a signal to its process group from one to itself, so it must not lead a process group that
contains its command.
"""

import os
import signal
import sys
import time

EVERY = (
    signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM,
)  # fmt: skip


def main() -> None:
    seconds, command = float(sys.argv[1]), sys.argv[2:]
    signal.pthread_sigmask(signal.SIG_BLOCK, EVERY)
    child = os.fork()
    if child == 0:
        for number in (signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.execvp(command[0], command)
    while True:
        time.sleep(seconds)
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)
        while info := signal.sigtimedwait(EVERY, 0):
            if info.si_code <= 0:  # from a process; the command has already received the signal of a key
                os.kill(child, info.si_signo)


main()
