"""Is the explorer fast enough, does it find what random timing finds, and are its results repeatable?

usage: python benchmarks/explorer.py [--quick] [--uv PATH] [--launcher TARGET]... [PART...]

The parts (default: all):

  cost     one traced execution, compared with a C program that stops the launcher at the same calls
  sweep    a complete sweep of one signal with one worker, including the start of the runner
  workers  two workers compared with one, on the same plan
  races    runs and seconds to the first hit: the sweep compared with TERM at random times
  environments
           schedules a second of a first sync, and the time of a complete sweep
  repeats  the same schedule 200 times: are the verdict and the order of events the same?

Prints a table. The exit status is 1 if a requirement is missed. Figures from a busy machine are worthless, so the load
is printed first.
"""

from __future__ import annotations

import argparse
import os
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.cost import cost
from benchmarks.environments import environments
from benchmarks.random_timing import races
from benchmarks.repeats import repeats
from benchmarks.sweeps import sweep, workers
from benchmarks.table import HEAD, Options, TableRow
from proctor.harness.execute import stop

ROOT = Path(__file__).resolve().parent.parent
PARTS: dict[str, Callable[[Options], Iterator[TableRow]]] = {
    "cost": cost, "sweep": sweep, "workers": workers, "races": races,
    "environments": environments, "repeats": repeats,
}  # fmt: skip
REMARKS = {
    "cost": "Both figures include the launcher's own work. The more it does, the closer their ratio is to 1.",
    "sweep": "From the start of the runner to the last schedule, including the survey.",
    "workers": "Four signals at every point. Rejected schedules are left out, because a single worker replays them.",
    "races": """Random timing finds these too, often as fast. The advantages of the sweep: it is complete, it says where
        the fault is, and its findings are reproducible. Its seconds include the start of the runner and the survey;
        those of random timing include 0.1 s to detect that a launcher hangs.""",
    "environments": """Each schedule makes an environment, interrupts that, and makes it again. The moments that the
        suite tries first come late in the making, so an execution costs more here than on average.""",
    "repeats": """The schedule decides which task runs, so the launcher behaves the same each time. Two things may
        differ. First, the position of the runner's own notes (a wait has ended, all processes are idle): ends, reports
        and stops wake the runner, and the kernel decides which of them it reads first. Second, the position of the
        command's reports: the command is not stopped at its calls, so it may run concurrently with the launcher.""",
}


def main() -> None:
    """Run as a program."""
    parser = argparse.ArgumentParser(description="is the explorer fast enough?")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"some of: {', '.join(PARTS)}")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    parser.add_argument("--uv", default="", metavar="PATH", help="the uv to measure (default: the one on PATH)")
    parser.add_argument(
        "--launcher", action="append", default=[], metavar="TARGET", help="a further launcher for the part `races`"
    )
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - set(PARTS):
        parser.error(f"unknown part {', '.join(sorted(unknown))}; known parts: {', '.join(PARTS)}")
    os.chdir(ROOT)
    missed = []
    options = Options(arguments.quick, arguments.uv, tuple(arguments.launcher))
    for part in arguments.parts or PARTS:
        remark = " ".join(REMARKS[part].split())
        print(f"\n{part}, load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores\n{textwrap.fill(remark, 118)}\n{HEAD}")
        for row in PARTS[part](options):
            print(row, flush=True)
            if row.met is False:
                missed.append(row.name)
    stop()
    if missed:
        print(f"\nmissed: {', '.join(missed)}")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
