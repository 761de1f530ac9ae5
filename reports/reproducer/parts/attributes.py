"""What the kernel keeps for a process across fork and exec, and what the process can read of it: for the command."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal

from proctor.reports.reproducer.parts.at_rest import contents

SHOWN = {
    "user-ids": "Uid", "group-ids": "Gid", "pending-signals": "SigPnd", "pending-signals-of-process": "ShdPnd",
    "capabilities-inheritable": "CapInh", "capabilities-permitted": "CapPrm", "capabilities-effective": "CapEff",
    "capabilities-bounding": "CapBnd", "capabilities-ambient": "CapAmb", "no-new-privileges": "NoNewPrivs",
    "seccomp-mode": "Seccomp", "seccomp-filters": "Seccomp_filters", "store-bypass": "Speculation_Store_Bypass",
    "indirect-branch": "SpeculationIndirectBranch", "cpu-affinity": "Cpus_allowed", "memory-nodes": "Mems_allowed",
}  # fmt: skip
WHOLE = {
    "oom-score": "oom_score_adj", "core-dump-filter": "coredump_filter", "login-user": "loginuid",
    "audit-session": "sessionid", "security-label": "attr/current", "control-groups": "cgroup",
}  # fmt: skip
NAMESPACES = ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts", "pid_for_children", "time_for_children"]
CONTROLS = {
    "parent-death-signal": (2, True), "child-subreaper": (37, True), "time-stamp-counter": (25, True),
    "timer-slack": (30, False), "secure-bits": (27, False), "huge-pages-off": (42, False),
    "machine-check-policy": (34, False), "io-flusher": (58, False), "memory-merge": (68, False),
    "no-writable-code": (66, False),
}  # fmt: skip
"""Numbers of prctl(2), and whether it writes the value to where a pointer says."""
SYSTEM_CALLS = {"x86_64": (315, 252, 239, 250), "aarch64": (275, 31, 236, 219)}
"""sched_getattr, ioprio_get, get_mempolicy and keyctl."""
TIMERS = {"real-timer": 0, "virtual-timer": 1, "profiling-timer": 2}


def kept_attributes() -> dict[str, str]:
    """Return the attributes of this process by name, as text; what the system does not show is not there."""
    status = dict(line.split(":\t", 1) for line in contents("/proc/self/status").splitlines() if ":\t" in line)
    found = {name: status[field] for name, field in SHOWN.items() if field in status}
    found["tracer"] = str(int(status.get("TracerPid", "0") != "0"))
    for name, path in WHOLE.items():
        with contextlib.suppress(OSError), open("/proc/self/" + path, "rb") as file:
            found[name] = file.read().decode("utf-8", "backslashreplace").rstrip("\n\0")
    for kind in NAMESPACES:
        with contextlib.suppress(OSError):
            found["namespace-" + kind] = os.readlink("/proc/self/ns/" + kind)
    found["scheduling-policy"] = str(os.sched_getscheduler(0))
    found["scheduling-priority"] = str(os.sched_getparam(0).sched_priority)
    for name, which in TIMERS.items():
        found[name] = str(int(signal.getitimer(which)[0] > 0))
    root = os.stat("/")
    found["root-directory"] = "%d:%d" % (root.st_dev, root.st_ino)
    found["children"] = str(int(has_children()))
    return {**found, **read_by_calls()}


def has_children() -> bool:
    """Whether this process has a child. It has made none."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def read_by_calls() -> dict[str, str]:
    """Return the attributes that only a system call shows."""
    libc = ctypes.CDLL(None)
    found = {}
    for name, (option, is_pointer) in CONTROLS.items():
        value = ctypes.c_int(0)
        result = libc.prctl(option, ctypes.byref(value) if is_pointer else 0, 0, 0, 0)
        if result >= 0:
            found[name] = str(value.value if is_pointer else result)
    found["personality"] = str(libc.personality(0xFFFFFFFF))
    found["secure-execution"] = str(libc.getauxval(23))  # AT_SECURE
    getattr_, getprio, getpolicy, keyctl = SYSTEM_CALLS.get(os.uname().machine, (0, 0, 0, 0))
    if getattr_:
        fields, mode = (ctypes.c_uint32 * 14)(), ctypes.c_int(0)
        if libc.syscall(getattr_, 0, fields, 56, 0) == 0 and fields[0] >= 56:
            found["cpu-clamp"] = "%d to %d" % (fields[12], fields[13])
        numbers = {"io-priority": libc.syscall(getprio, 1, 0), "session-keyring": libc.syscall(keyctl, 0, -3, 0)}
        found.update({name: str(number) for name, number in numbers.items() if number >= 0})
        if libc.syscall(getpolicy, ctypes.byref(mode), None, 0, None, 0) == 0:
            found["memory-policy"] = str(mode.value)
    return found
