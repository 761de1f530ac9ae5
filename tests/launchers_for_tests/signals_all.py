"""A launcher that passes SIGTERM on to all that it may signal: `python3 -I -S signals_all.py COMMAND ARGS...`.

An init may do that. Never start it outside of a PID namespace.
"""

import os
import signal
import sys


def main() -> None:
    with open("/proc/1/cmdline", "rb") as file:
        if b"proctor.harness.runner" not in file.read():
            sys.exit("signals_all.py: not in a PID namespace of Proctor, so it would end processes of others")
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM, signal.SIGCHLD))
    child = os.fork()
    if child == 0:
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.execvp(sys.argv[1], sys.argv[1:])
    while signal.sigwait((signal.SIGTERM, signal.SIGCHLD)) == signal.SIGTERM:
        os.kill(-1, signal.SIGTERM)
    os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


main()
