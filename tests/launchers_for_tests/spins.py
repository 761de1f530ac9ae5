"""A launcher that starts many helpers, and spins with sched_yield(2) until each is there, before it starts its command.

Run as `python3 -I -S spins.py COMMAND ARGS...`. The runtime of Go waits so for each thread that it makes.
"""

import mmap
import os
import sys

shared = mmap.mmap(-1, 1)
for number in range(1, 61):
    helper = os.fork()
    if not helper:
        shared[0] = number
        os._exit(0)
    while shared[0] != number:
        os.sched_yield()
    os.waitpid(helper, 0)
os.execv(sys.argv[1], sys.argv[1:])
