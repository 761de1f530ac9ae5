"""A caller with unusual signal settings: `python3 signal_settings.py HOW WHICH`.

HOW: none, block or ignore. WHICH: chld or all.

Plays one traced execution on timeout(1) and prints, as JSON: the seconds it took, the points that were passed, how it
was contained, and the signals that the guardian and the runner block and ignore.
"""

from __future__ import annotations

import contextlib
import json
import re
import signal
import sys
import time
from pathlib import Path

from proctor.harness import execute as door
from proctor.harness import orders
from proctor.harness.descriptions import load
from proctor.harness.history import PointReached, SettleEnded
from proctor.harness.scenario import Order, Scenario, Settle, WaitEnds
from proctor.harness.schedule import Schedule


def change(how: str, which: str) -> None:
    numbers = [signal.SIGCHLD] if which == "chld" else [*signal.valid_signals()]
    if how == "block":
        signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    for number in numbers if how == "ignore" else ():
        with contextlib.suppress(OSError, ValueError):  # SIGKILL and SIGSTOP
            signal.signal(number, signal.SIG_IGN)


def settings_of(pid: int) -> list[str]:
    return re.findall(r"Sig(?:Blk|Ign):\s+(\w+)", Path(f"/proc/{pid}/status").read_text(encoding="ascii"))


def main() -> None:
    change(*sys.argv[1:])
    start = time.monotonic()
    history = door.execute(
        load("timeout"), Scenario((Settle(), Order(orders.Exit(3)), WaitEnds())), Schedule(record=True)
    )
    seconds = time.monotonic() - start
    assert door._runner
    guardian = door._runner._process.pid
    runner = int(Path(f"/proc/{guardian}/task/{guardian}/children").read_text(encoding="ascii").split()[0])
    told = {
        "seconds": seconds,
        "points": [str(fact.at) for fact in history.facts(PointReached)],
        "settled": [fact.how for fact in history.facts(SettleEnded)],
        "containment": door.containment(),
        "guardian": settings_of(guardian),
        "runner": settings_of(runner),
    }
    sys.stdout.write(json.dumps(told))
    door.stop()


if __name__ == "__main__":
    main()
