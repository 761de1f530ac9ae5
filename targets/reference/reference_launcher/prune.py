"""`cache prune | list | dir`: what is in the cache, and removing what nobody uses.

Prune neither breaks what runs nor waits for it. It tries an exclusive lease on each environment; who uses one
holds a shared lease, so the try fails, and prune goes on to the next. What it gets it first renames into the
trash: a run that starts at that moment sees the environment whole or not at all, and makes another.
"""

import json
import os
import sys
import time

from reference_launcher.environment import DESCRIPTION
from reference_launcher.lease import claim
from reference_launcher.places import Failure, Root, cache_root, explained, temporary_root
from reference_launcher.process import die_of_signal, load_prctl
from reference_launcher.removing import collect, discard, entries

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from typing import Any
else:
    import _signal as signal

MANY = 32  # environments; fewer are removed one after the other, which is simpler to follow
THREADS = 8
UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def prune(option: str | None, keep_tools: bool, mask: set[int]) -> str:
    """Remove all that nobody uses, and return what was done in a sentence."""
    cache = cache_root(option)
    cache.check()
    signals = ending(mask)
    kept = newest_tools(cache) if keep_tools else set()
    paths = [path for path in entries(cache.environments) if path not in kept]
    if len(paths) < MANY:
        results = [discard_unless(signals, path, cache) for path in paths]
    else:
        results = side_by_side(paths, cache, signals)
    removed, used = results.count("removed"), results.count("used")
    places = {root.path: root for root in (cache, temporary_root(cache))}
    leftovers = 0
    for root in places.values():
        leftovers += collect(root, lambda: end_if_told(signals))
        root.tidy()
    parts = [f"{removed} removed", f"{leftovers} left over from killed runs removed", f"{used} in use"]
    return ", ".join(parts) + (f", {len(kept)} kept for tools" if keep_tools else "")


def discard_unless(signals: set[int], path: str, root: Root) -> str:
    """Remove an environment that nobody uses; end before that if a signal has come."""
    end_if_told(signals)
    try:
        if discard(path, root):
            return "removed"
    except OSError as error:
        raise explained(error, f"remove '{path}'") from error
    return "used" if os.path.exists(path) else "gone"


def side_by_side(paths: list[str], root: Root, signals: set[int]) -> list[str]:
    """Remove with several threads: removing a directory is mostly waiting for the disk (ext4: 2 ms each, where 8
    at once take no longer than one). The main thread waits for the signals.
    """
    import select
    import threading

    from reference_launcher.building import signal_descriptor

    results: list[str] = []
    failures: list[Failure] = []
    todo = list(paths)
    done, tell = os.pipe()

    def work() -> None:
        try:
            while not failures:
                results.append(discard_unless(set(), todo.pop(), root))
        except IndexError:  # that was all
            pass
        except Failure as failure:
            failures.append(failure)
        finally:
            os.write(tell, b".")

    poll = select.poll()
    poll.register(done, select.POLLIN)
    poll.register(signal_descriptor(signals), select.POLLIN)
    for _ in range(THREADS):
        threading.Thread(target=work, daemon=True).start()
    running = THREADS
    while running:
        poll.poll()
        end_if_told(signals)
        if select.select([done], [], [], 0)[0]:
            running -= len(os.read(done, THREADS))
    if failures:
        raise failures[0]
    return results


def newest_tools(cache: Root) -> set[str]:
    """Return for each tool the environment that was made last."""
    newest: dict[str, tuple[float, str]] = {}
    for path in entries(cache.environments):
        found = description(path)
        if found.get("kind") == "tool":
            from reference_launcher.run_with import distribution, plain

            name = plain(distribution(" ".join(found["requirements"])))
            newest[name] = max(newest.get(name, (0.0, "")), (float(found.get("made", 0)), path))
    return {path for _, path in newest.values()}


def description(path: str) -> "dict[str, Any]":
    try:
        with open(f"{path}/{DESCRIPTION}", encoding="ascii") as file:
            found = json.load(file)
    except (OSError, ValueError):  # not yet whole, or being removed
        return {}
    return found if isinstance(found, dict) else {}


def ending(mask: set[int]) -> set[int]:
    from reference_launcher.building import STOPPING, acted_on

    return acted_on(mask) - STOPPING


def end_if_told(signals: set[int]) -> bool:
    """End here, between two environments, if a signal has come. What is half removed lies in the trash."""
    if signal.sigpending() & signals:
        info = signal.sigtimedwait(signals, 0)
        if info:
            die_of_signal(info.si_signo, load_prctl())
    return False


def listing(option: str | None, now: float) -> list[str]:
    """Return a line for each environment in the cache."""
    cache = cache_root(option)
    cache.check()
    holders = lock_holders()
    lines = []
    roots = {root.path: root for root in (cache, temporary_root(cache))}
    for root in roots.values():
        for parent in (root.environments, root.temporary, root.building, root.trash):
            for path in sorted(entries(parent)):
                lines.append(line(path, holders, now))
    return lines


def line(path: str, holders: dict[tuple[int, int], list[int]], now: float) -> str:
    found = description(path)
    where = os.path.basename(os.path.dirname(path))
    kind = str(
        found.get("kind") or {"temporary": "temporary", "building": "unfinished", "trash": "removed"}.get(where, "?")
    )
    requirements = found.get("requirements")
    what = " ".join(map(str, requirements)) if isinstance(requirements, list) else "-"
    try:
        made = float(str(found.get("made") or os.stat(path).st_mtime))
    except OSError:
        made = now
    python = f" (python {found['python']})" if "python" in found else ""
    return "\t".join([kind, plain_text(what) + python, readable_size(size(path)), age(now - made), user(path, holders),
                      plain_text(path)])  # fmt: skip


def user(path: str, holders: dict[tuple[int, int], list[int]]) -> str:
    """Say what uses it. Whether it is used says the lease; by what is for people, and nothing is decided by it."""
    lease = claim(path)
    if lease:
        lease.end()
        return "not in use"
    try:
        found = os.stat(path)
    except OSError:
        return "gone"
    pids = sorted({kept_for(pid) for pid in holders.get((found.st_dev, found.st_ino), [])})
    names = [f"{comm(pid)} (pid {pid})" for pid in pids if comm(pid)]
    return "in use by " + ", ".join(names) if names else "in use"


def lock_holders() -> dict[tuple[int, int], list[int]]:
    """Who holds a flock, by device and inode: proc_locks(5). Those of other PID namespaces are not shown."""
    found: dict[tuple[int, int], list[int]] = {}
    try:
        with open("/proc/locks", encoding="ascii") as file:
            lines = file.read().splitlines()
    except OSError:
        return found
    for words in map(str.split, lines):
        if len(words) >= 6 and words[1] == "FLOCK":
            major, minor, inode = words[5].split(":")
            device = os.makedev(int(major, 16), int(minor, 16))
            found.setdefault((device, int(inode)), []).append(int(words[4]))
    return found


def kept_for(pid: int) -> int:
    """A janitor is called `janitor PID`, after the command that it waits for."""
    name, _, number = comm(pid).partition(" ")
    return int(number) if name == "janitor" and number.isdigit() and comm(int(number)) else pid


def comm(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/comm", "rb", buffering=0) as file:
            return plain_text(os.fsdecode(file.readall().strip()))
    except OSError:
        return ""


def size(path: str) -> int:
    """Count the bytes on the disk. A file that is linked twice counts twice."""
    total = 0
    for directory, _, files in os.walk(path):
        for name in files:
            try:
                total += os.lstat(os.path.join(directory, name)).st_blocks * 512
            except OSError:
                continue
    return total


def readable_size(count: int) -> str:
    """Bytes for programs, units for people."""
    if not os.isatty(1):
        return str(count)
    value, unit = float(count), 0
    while value >= 1024 and unit < len(UNITS) - 1:
        value, unit = value / 1024, unit + 1
    return f"{value:.3g} {UNITS[unit]}"


def age(seconds: float) -> str:
    for length, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= length:
            return f"{int(seconds // length)} {name}"
    return f"{max(0, int(seconds))} s"


def plain_text(text: str) -> str:
    """A name must not move the cursor or break a line."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def cache(action: str, option: str | None, keep_tools: bool, mask: set[int]) -> None:
    """Do what `launcher cache` was asked."""
    if action == "prune":
        lines = [prune(option, keep_tools, mask)]
    elif action == "list":
        lines = listing(option, time.time())
    elif action == "dir":
        lines = [cache_root(option).path]
    else:
        raise Failure(f"'cache {action}' is not known: prune, list, dir")
    try:
        sys.stdout.buffer.write(b"".join(os.fsencode(line) + b"\n" for line in lines))
        sys.stdout.buffer.flush()
    except BrokenPipeError:  # `| head`
        os._exit(0)
