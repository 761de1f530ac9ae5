"""`cache prune`, `cache list` and `cache dir`: remove environments that are not in use, and list what is there.

Prune neither disturbs running commands nor waits for them. It tries to get an exclusive lease on each environment. An
environment in use has a shared lease, so the attempt fails and prune goes on to the next. If it succeeds, prune renames
the environment into the trash and then removes it. A run that starts at that moment finds either the complete
environment or none, and then makes another.
"""

import json
import os
import sys
import time

from reference_launcher.directories import Failure, Root, cache_root, system_failure, temporary_root
from reference_launcher.environment import DESCRIPTION
from reference_launcher.lease import lease_exclusive
from reference_launcher.process import die_of_signal, load_prctl
from reference_launcher.removing import list_paths, remove_leftovers, remove_unused

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from typing import Any
else:
    import _signal as signal

THREADS = 8
MIN_FOR_THREADS = 32  # environments; fewer are removed by one thread
UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def prune(option: str | None, keep_tools: bool, mask: set[int]) -> str:
    """Remove the environments that are not in use, and leftovers; return a sentence that says how many."""
    cache = cache_root(option)
    cache.check_owner()
    signals = fatal_signals(mask)
    kept = newest_tools(cache) if keep_tools else set()
    paths = [path for path in list_paths(cache.environments) if path not in kept]
    if len(paths) < MIN_FOR_THREADS:
        results = [prune_environment(signals, path, cache) for path in paths]
    else:
        results = prune_in_threads(paths, cache, signals)
    removed, used = results.count("removed"), results.count("used")
    leftovers = 0
    for root in all_roots(cache):
        leftovers += remove_leftovers(root, lambda: exit_if_signalled(signals))
        root.remove_empty()
    parts = [f"{removed} removed", f"{leftovers} left over from killed runs removed", f"{used} in use"]
    return ", ".join(parts) + (f", {len(kept)} kept for tools" if keep_tools else "")


def all_roots(cache: Root) -> list[Root]:
    """Return the cache and the root of temporary environments, once if they are the same."""
    return list({root.path: root for root in (cache, temporary_root(cache))}.values())


def prune_environment(signals: set[int], path: str, root: Root) -> str:
    """Remove an environment unless it is in use; return `removed`, `used` or `gone`. If a signal is pending, exit."""
    exit_if_signalled(signals)
    try:
        if remove_unused(path, root):
            return "removed"
    except OSError as error:
        raise system_failure(error, f"remove '{path}'") from error
    return "used" if os.path.exists(path) else "gone"


def prune_in_threads(paths: list[str], root: Root, signals: set[int]) -> list[str]:
    """Remove with several threads; the main thread waits for signals.

    Removing a directory is mostly waiting for the disk: 2 ms each on ext4, and 8 at once take no longer than one.
    """
    import select
    import threading

    from reference_launcher.waiting import open_signalfd

    results: list[str] = []
    failures: list[Failure] = []
    remaining = list(paths)
    finished, report_finished = os.pipe()

    def work() -> None:
        try:
            while not failures:
                results.append(prune_environment(set(), remaining.pop(), root))
        except IndexError:  # no path is left
            pass
        except Failure as failure:
            failures.append(failure)
        finally:
            os.write(report_finished, b".")

    poll = select.poll()
    poll.register(finished, select.POLLIN)
    poll.register(open_signalfd(signals), select.POLLIN)
    for _ in range(THREADS):
        threading.Thread(target=work, daemon=True).start()
    running = THREADS
    while running:
        poll.poll()
        exit_if_signalled(signals)
        if select.select([finished], [], [], 0)[0]:
            running -= len(os.read(finished, THREADS))
    if failures:
        raise failures[0]
    return results


def newest_tools(cache: Root) -> set[str]:
    """Return for each tool the environment that was made last."""
    newest: dict[str, tuple[float, str]] = {}
    for path in list_paths(cache.environments):
        found = read_description(path)
        if found.get("kind") == "tool":
            from reference_launcher.run_with import distribution_name, normalized_name

            name = normalized_name(distribution_name(" ".join(found["requirements"])))
            newest[name] = max(newest.get(name, (0.0, "")), (float(found.get("made", 0)), path))
    return {path for _, path in newest.values()}


def read_description(path: str) -> "dict[str, Any]":
    try:
        with open(f"{path}/{DESCRIPTION}", encoding="ascii") as file:
            found = json.load(file)
    except (OSError, ValueError):  # the environment is incomplete, or is being removed
        return {}
    return found if isinstance(found, dict) else {}


def fatal_signals(mask: set[int]) -> set[int]:
    from reference_launcher.waiting import STOP_SIGNALS, signals_with_effect

    return signals_with_effect(mask) - STOP_SIGNALS


def exit_if_signalled(signals: set[int]) -> bool:
    """Die of a pending signal, or return False. An environment that is partly removed is in the trash by then."""
    if signal.sigpending() & signals:
        info = signal.sigtimedwait(signals, 0)
        if info:
            die_of_signal(info.si_signo, load_prctl())
    return False


def list_environments(option: str | None, now: float) -> list[str]:
    """Return a line for each environment and leftover. `now` is the time in seconds since the epoch."""
    cache = cache_root(option)
    cache.check_owner()
    holders = lock_holders()
    return [
        describe(path, holders, now)
        for root in all_roots(cache)
        for parent in (root.environments, root.temporary, root.building, root.trash)
        for path in sorted(list_paths(parent))
    ]


def describe(path: str, holders: dict[tuple[int, int], list[int]], now: float) -> str:
    """Return kind, requirements, size, age, users and path, separated by tabs."""
    found = read_description(path)
    parent = os.path.basename(os.path.dirname(path))
    kinds = {"temporary": "temporary", "building": "unfinished", "trash": "removed"}
    kind = str(found.get("kind") or kinds.get(parent, "?"))
    requirements = found.get("requirements")
    text = " ".join(map(str, requirements)) if isinstance(requirements, list) else "-"
    try:
        made = float(str(found.get("made") or os.stat(path).st_mtime))
    except OSError:
        made = now
    python = f" (python {found['python']})" if "python" in found else ""
    size = readable_size(disk_usage(path))
    return "\t".join([kind, plain_text(text) + python, size, age(now - made), users(path, holders), plain_text(path)])


def users(path: str, holders: dict[tuple[int, int], list[int]]) -> str:
    """Return whether a directory is in use, and by which processes.

    Its lease decides whether it is in use. The processes are for information only.
    """
    lease = lease_exclusive(path)
    if lease:
        lease.release()
        return "not in use"
    try:
        found = os.stat(path)
    except OSError:
        return "gone"
    pids = sorted({watched_pid(pid) for pid in holders.get((found.st_dev, found.st_ino), [])})
    names = [f"{process_name(pid)} (pid {pid})" for pid in pids if process_name(pid)]
    return "in use by " + ", ".join(names) if names else "in use"


def lock_holders() -> dict[tuple[int, int], list[int]]:
    """Return the PIDs that hold a flock, by device and inode: proc_locks(5). Other PID namespaces are not visible."""
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


def watched_pid(pid: int) -> int:
    """Return the PID of the command if `pid` is a janitor, whose process name is `janitor PID`; otherwise `pid`."""
    name, _, number = process_name(pid).partition(" ")
    return int(number) if name == "janitor" and number.isdigit() and process_name(int(number)) else pid


def process_name(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/comm", "rb", buffering=0) as file:
            return plain_text(os.fsdecode(file.readall().strip()))
    except OSError:
        return ""


def disk_usage(path: str) -> int:
    """Return the bytes on the disk. A file with two links counts twice."""
    total = 0
    for directory, _, files in os.walk(path):
        for name in files:
            try:
                total += os.lstat(os.path.join(directory, name)).st_blocks * 512
            except OSError:
                continue
    return total


def readable_size(count: int) -> str:
    """Return a size with a unit on a terminal, and in bytes for programs."""
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
    """Replace control characters: a file name must not move the cursor or break a line."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def cache(action: str, option: str | None, keep_tools: bool, mask: set[int]) -> None:
    """Run `launcher cache ACTION` and print its result. `option` is the value of --cache-dir."""
    if action == "prune":
        lines = [prune(option, keep_tools, mask)]
    elif action == "list":
        lines = list_environments(option, time.time())
    elif action == "dir":
        lines = [cache_root(option).path]
    else:
        raise Failure(f"'cache' needs one of prune, list and dir, not '{action}'")
    try:
        sys.stdout.buffer.write(b"".join(os.fsencode(line) + b"\n" for line in lines))
        sys.stdout.buffer.flush()
    except BrokenPipeError:  # `| head`
        os._exit(0)
