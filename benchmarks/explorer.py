"""Is the explorer fast enough, does it find what chance finds, and is it the same each time?

usage: python benchmarks/explorer.py [--quick] [--uv PATH] [--launcher TARGET]... [PART...]

The parts, all of them unless some are named:

  cost     one traced execution beside a C program that stops the launcher at the same calls, run in turn
  sweep    a complete sweep of one signal, by one worker, the start of the runner included
  workers  two workers beside one, on the same plan
  races    runs and seconds to the first hit: the sweep beside TERM at random moments
  repeats  the same schedule 200 times: is the verdict the same, and the order of events?

Prints a table. The exit status is 1 when something required is missed. A busy machine makes figures worthless: the
load is printed first.
"""

from __future__ import annotations

import argparse
import os
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.chances import races
from benchmarks.cost import cost
from benchmarks.repeats import repeats
from benchmarks.sweeps import sweep, workers
from benchmarks.table import HEAD, Asked, Row
from proctor.harness.execute import stop

ROOT = Path(__file__).resolve().parent.parent
PARTS: dict[str, Callable[[Asked], Iterator[Row]]] = {
    "cost": cost, "sweep": sweep, "workers": workers, "races": races, "repeats": repeats,
}  # fmt: skip
REMARKS = {
    "cost": "The launcher's own work is in both figures: the more it does, the nearer their ratio is to 1.",
    "sweep": "From a runner that is yet to be started to the last schedule, the survey included.",
    "workers": "Four signals at every point. What is objected to is left out: one worker alone replays it.",
    "races": """Chance finds these as well, often as soon. The sweep's worth is that it is complete, says where, and
        that what it finds comes back. Its seconds include the start of the runner and the survey; those of random
        timing include 0.1 s to tell that a launcher hangs.""",
    "repeats": """Who runs when is the schedule's affair, so what the launcher does is the same each time. What may
        differ is where our own notes stand in between (an awaited fact has come, everyone has come to rest): an end, a
        report and a stop wake us alike, and which of them we find first is the system's choice. And where a report of
        the command stands: it is not held at its calls, so it may run beside the launcher.""",
}


def main() -> None:
    """Run as a program."""
    parser = argparse.ArgumentParser(description="is the explorer fast enough?")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"some of: {', '.join(PARTS)}")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    parser.add_argument("--uv", default="", metavar="PATH", help="the uv to measure; else that on PATH")
    parser.add_argument(
        "--launcher", action="append", default=[], metavar="TARGET", help="another launcher to look for races in"
    )
    asked = parser.parse_args()
    if unknown := set(asked.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; known are: {', '.join(PARTS)}")
    os.chdir(ROOT)
    missed = []
    options = Asked(asked.quick, asked.uv, tuple(asked.launcher))
    for part in asked.parts or PARTS:
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
