"""A launcher that waits for its command, while three threads look at pipes: `polls_in_threads.py SECONDS COMMAND...`.

Each looks every SECONDS, as tox and others do that read the output of their children.
"""

import os
import select
import sys
import threading


def look(seconds: float) -> None:
    reader, _ = os.pipe()
    while True:
        select.select([reader], (), (), seconds)


def main() -> None:
    child = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
    for _ in range(3):
        threading.Thread(target=look, args=[float(sys.argv[1])], daemon=True).start()
    _, status = os.waitpid(child, 0)
    os._exit(os.waitstatus_to_exitcode(status))


main()
