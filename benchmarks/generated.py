"""Do generated scripts ever reject a transparent launcher, and how many scripts run per second?

usage: python -m benchmarks.generated [--scripts N] [--seed N] [--workers N] [TARGET...]

Without a TARGET: env, which only calls exec, and the reference launcher in both of its modes. The exit status is 1 if
one is rejected, or if a script does not work with the bare command.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from proctor.conformance.exploring.hunt_workers import Hunt, HuntState
from proctor.harness.descriptions import load
from proctor.harness.explorer.move_rules import RULES

TRANSPARENT = ("/usr/bin/env", "./launcher", "launcher-exec")
FOREVER = float("inf")


def main() -> None:
    """Run as a program."""
    parser = argparse.ArgumentParser(description="do generated scripts ever reject a transparent launcher?")
    parser.add_argument("targets", nargs="*", metavar="TARGET", default=TRANSPARENT)
    parser.add_argument("--scripts", type=int, default=20_000, metavar="N", help="minimum number for each target")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="the first seed")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="N")
    arguments = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores, {arguments.workers} workers", flush=True)
    rejected = [
        name for name in arguments.targets if not passes(name, arguments.scripts, arguments.seed, arguments.workers)
    ]
    print(f"rejected: {', '.join(rejected) or 'none'}")
    sys.exit(1 if rejected else 0)


def passes(name: str, scripts: int, seed: int, workers: int) -> bool:
    """Execute at least this many scripts on one target and print the result. Return whether none was rejected."""
    target = load(name)
    with tempfile.TemporaryDirectory() as directory:
        state = HuntState.at(Path(directory), target, resumes=False)
        state.next_seed = seed
        with Hunt(target, state, workers) as hunt:
            for _ in hunt.chunks(FOREVER):
                if sys.stderr.isatty():
                    print(f"\r{name}: {hunt.account.played}", end="\r", file=sys.stderr, flush=True)
                if hunt.account.played >= scripts:
                    break
        account = hunt.account
        per_second, last = account.played / hunt.seconds, state.next_seed - 1
        print(
            f"{name}: {account.played} scripts, {account.scheduled} of them scheduled, {per_second:.1f} per second; "
            f"{len(account.moves)} of {len(RULES)} moves, {len(account.pairs)} of {len(RULES) ** 2} pairs of moves, "
            f"{len(account.met)} of {len(account.passed)} points; not stable: {dict(account.unstable) or 'none'}; "
            f"not valid: {dict(account.invalid) or 'none'}; seeds {seed} to {last}",
            flush=True,
        )
        for what in hunt.said.values():
            print(f"    {what}")
        for path in state.found.values():
            print(Path(path).read_text(encoding="utf-8"))
        return not state.found and not account.invalid


if __name__ == "__main__":
    main()
