"""A launcher that passes a signal on to all that it may signal.

Run as `python3 -I -S signals_all.py SIGTERM COMMAND ARGS...`.

An init may do that. Never start it outside of a PID namespace.
"""

import os
import signal
import sys


def main() -> None:
    with open("/proc/1/cmdline", "rb") as file:
        if b"proctor.harness.runner" not in file.read():
            sys.exit("signals_all.py: not in a PID namespace of Proctor, so it would end processes of others")
    number = signal.Signals[sys.argv[1]]
    signal.pthread_sigmask(signal.SIG_BLOCK, (number, signal.SIGCHLD))
    child = os.fork()
    if child == 0:
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.execvp(sys.argv[2], sys.argv[2:])
    while signal.sigwait((number, signal.SIGCHLD)) == number:
        os.kill(-1, number)
    os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


main()
