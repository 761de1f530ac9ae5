"""A launcher that forwards each signal, sleeps, and forwards it once more.

usage: twice.py SECONDS COMMAND [ARGS...]

It sleeps in recv(2) on a socket with SO_RCVTIMEO: no file of /proc shows for how long.
"""

import os
import signal
import socket
import struct
import sys

FORWARDED = {signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2}


def main() -> None:
    ours, _theirs = pair = socket.socketpair()
    seconds = float(sys.argv[1])
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("@ll", int(seconds), int(seconds % 1 * 1e6)))
    taken = {*FORWARDED, signal.SIGCHLD}
    signal.pthread_sigmask(signal.SIG_BLOCK, taken)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    command = os.fork()
    if not command:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, taken)
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        os.execvp(sys.argv[2], sys.argv[2:])
    while True:
        taken_now = signal.sigwait(taken)
        if taken_now == signal.SIGCHLD:
            pid, status = os.waitpid(command, os.WNOHANG)
            if pid:
                os._exit(os.waitstatus_to_exitcode(status))
            continue
        os.kill(command, taken_now)
        try:
            pair[0].recv(1)
        except BlockingIOError:
            os.kill(command, taken_now)


main()
