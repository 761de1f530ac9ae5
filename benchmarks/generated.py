"""Is a launcher that is not to be noticed ever accused by a generated script, and how many scripts is that a second?

usage: python -m benchmarks.generated [--scripts N] [--seed N] [--workers N] [TARGET...]

Without a TARGET: a program that only becomes its command (env), and the reference launcher in both of its modes. The
exit status is 1 when one is accused, or when a script does not work with the bare command.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from proctor.conformance.exploring.hunt_workers import Hunt, State
from proctor.harness.explorer.move_rules import RULES
from proctor.harness.target import load

UNNOTICED = ("/usr/bin/env", "./launcher", "launcher-exec")
FOREVER = float("inf")


def main() -> None:
    """Run as a program."""
    parser = argparse.ArgumentParser(description="is a sound launcher ever accused by a generated script?")
    parser.add_argument("targets", nargs="*", metavar="TARGET", default=UNNOTICED)
    parser.add_argument("--scripts", type=int, default=20_000, metavar="N", help="at the least, on each")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="the first seed")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="N")
    asked = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores, {asked.workers} workers", flush=True)
    accused = [name for name in asked.targets if not plays(name, asked.scripts, asked.seed, asked.workers)]
    print(f"accused: {', '.join(accused) or 'nobody'}")
    sys.exit(1 if accused else 0)


def plays(name: str, scripts: int, seed: int, workers: int) -> bool:
    """Play so many scripts on one target, and print what came of it; return whether it was not accused."""
    target = load(name)
    with tempfile.TemporaryDirectory() as directory:
        state = State.at(Path(directory), target, resumes=False)
        state.next_seed = seed
        with Hunt(target, state, workers) as hunt:
            for _ in hunt.chunks(FOREVER):
                if sys.stderr.isatty():
                    print(f"\r{name}: {hunt.account.played}", end="\r", file=sys.stderr, flush=True)
                if hunt.account.played >= scripts:
                    break
        account = hunt.account
        a_second, last = account.played / hunt.seconds, state.next_seed - 1
        print(
            f"{name}: {account.played} scripts, {account.scheduled} of them under a schedule, {a_second:.1f} a second; "
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
