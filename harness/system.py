"""What this system offers, read from its files and system calls. Nothing is started or changed."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import shlex
import shutil
import signal
import sys
from pathlib import Path

import psutil

OLDEST_KERNEL = (5, 4)
"""The first with all that the runner needs: pidfds, PTRACE_GET_SYSCALL_INFO."""
FEWEST_DESCRIPTORS = 64
"""A runner has up to 30 of its own, and one for each process of a launcher."""
GUARDIAN = Path(__file__).resolve().parent / "bin" / "guardian"
"""The program that ends the processes of a run. One runs as long as its run."""
CONTROL_GROUPS = Path("/sys/fs/cgroup")


def kernel() -> tuple[int, int] | None:
    """Return the version of Linux that runs here, as two numbers; None where it is another system."""
    found = re.match(r"(\d+)\.(\d+)", platform.release())
    return (int(found[1]), int(found[2])) if platform.system() == "Linux" and found else None


def setting(name: str) -> str:
    """Return a setting of the kernel, such as "kernel.yama.ptrace_scope"; "" where there is none of this name."""
    try:
        return Path("/proc/sys", *name.split(".")).read_text(encoding="utf-8").strip()
    except OSError:
        return ""


HOW_TO_GET_PIDFDS = (
    "Use Linux 5.4 or newer, a Python that has os.pidfd_open, and in a container a seccomp profile that allows "
    "pidfd_open(2) and pidfd_send_signal(2)"
)


def why_no_pidfds() -> str:
    """Say why processes cannot be waited for by descriptors; "" where they can."""
    if not hasattr(os, "pidfd_open"):
        return "this Python, or this system, has no pidfd_open(2)"
    try:
        own = os.pidfd_open(os.getpid())
    except OSError as error:
        return f"pidfd_open(2): {error.strerror}"
    try:
        signal.pidfd_send_signal(own, 0)
    except OSError as error:
        return f"pidfd_send_signal(2): {error.strerror}"
    finally:
        os.close(own)
    return ""


def most_processes() -> int | None:
    """Return how many processes this user, or this control group, may have; None where there is no limit."""
    limits = [int(text) for path in _own_group("pids.max") if (text := _contents(path)).isdecimal()]
    if sys.platform != "win32":
        import resource

        soft, _ = resource.getrlimit(resource.RLIMIT_NPROC)
        # it does not apply to root; getrlimit(2)
        limits += [soft] if soft != resource.RLIM_INFINITY and os.geteuid() != 0 else []
    return min(limits, default=None)


def most_descriptors() -> int | None:
    """Return how many descriptors a process may have; None where there is no limit."""
    if sys.platform == "win32":
        return None
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def load() -> float:
    """Return the load average of the last minute: about how many tasks ran or wanted to run."""
    return psutil.getloadavg()[0]


def free_memory() -> int | None:
    """Return how many bytes of memory programs may still take without swapping; None if the system does not say."""
    try:
        return int(psutil.virtual_memory().available)
    except (psutil.Error, OSError):  # /proc is not mounted, say
        return None


def other_runs() -> list[int]:
    """Return the pids of the guardians of this Proctor's other runs, those of this process excepted."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.name() == GUARDIAN.name and process.exe() == str(GUARDIAN) and process.ppid() != os.getpid():
                found.append(process.pid)
    return found


def has_group_kill() -> bool:
    """Whether there are control groups of version 2 that can be ended as a whole; cgroups(7), Linux 5.14."""
    return any(path.exists() for path in CONTROL_GROUPS.glob("*/cgroup.kill"))


def compiler() -> str:
    """Return the C compiler that a build would take, "" where there is none: $CC, or the first of three names."""
    words = shlex.split(os.environ.get("CC", ""))[:1] or ["cc", "gcc", "clang"]
    return next((found for word in words if (found := shutil.which(word))), "")


def _own_group(name: str) -> list[Path]:
    """Return this file of our own control group and of those above it: a limit of any of them holds."""
    for line in _contents(Path("/proc/self/cgroup")).splitlines():
        if line.startswith("0::/"):
            own = CONTROL_GROUPS / line[4:]
            return [place / name for place in (own, *own.parents) if place.is_relative_to(CONTROL_GROUPS)]
    return []


def _contents(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return ""
