"""The visible system calls: those by which a launcher changes what others can see, or waits for them.

Between two of them a signal meets the same launcher at every instruction, so they are where the explorer stops it.
Numbers are the kernel's for x86-64 (arch/x86/entry/syscalls/syscall_64.tbl) and for arm64
(include/uapi/asm-generic/unistd.h); None where an architecture has no such call.
"""

from __future__ import annotations

import platform
from typing import Literal, NamedTuple

Effect = Literal["signals", "mask", "process", "place", "terminal", "file", "sends", "waits", "descriptor"]
"""What a call is about. signals: dispositions. mask: what is blocked. process: one is made, replaced, ended. place:
session, process group, ids. terminal. file: made, changed, removed. sends: a signal. waits: for somebody else.
descriptor: pipes and copies, by which processes wait for each other."""


class Only(NamedTuple):
    """The call is visible only where an argument is so: not zero, has one of these bits, or is one of these."""

    argument: int
    nonzero: bool = False
    bits: int = 0
    values: tuple[int, ...] = ()


class Visible(NamedTuple):
    """One visible call: its numbers, what it is about, and where not all its uses are visible, which."""

    x86_64: int | None
    aarch64: int | None
    effect: Effect
    only: Only | None = None

    @property
    def leaves(self) -> bool:
        """Whether something may be left of it when its caller ends: a file, a changed terminal. Of processes their
        births tell."""
        return self.effect in ("file", "terminal")


_O_CREAT = 0o100
_GIVEN = Only(1, nonzero=True)
_TERMINAL_CHANGES = Only(
    1,
    values=(
        0x5402, 0x5403, 0x5404, 0x5406, 0x5407, 0x5408,  # TCSETS, TCSETSW, TCSETSF, TCSETA, TCSETAW, TCSETAF
        0x540B, 0x540E, 0x5410, 0x5412, 0x5414, 0x5422,  # TCFLSH, TIOCSCTTY, TIOCSPGRP, TIOCSTI, TIOCSWINSZ, TIOCNOTTY
        0x402C542B, 0x402C542C, 0x402C542D,  # TCSETS2, TCSETSW2, TCSETSF2
    ),
)  # fmt: skip
"""ioctl(2) that changes a terminal; one that only reads is as good as none. ioctl_tty(2)."""

VISIBLE: dict[str, Visible] = {
    # a null pointer as the new action or mask only asks; PyOS_getsig does so 64 times when Python starts
    "rt_sigaction": Visible(13, 134, "signals", _GIVEN),
    "rt_sigprocmask": Visible(14, 135, "mask", _GIVEN),
    "signalfd4": Visible(289, 74, "signals"),
    "signalfd": Visible(282, None, "signals"),
    "timer_settime": Visible(223, 110, "signals"),
    "setitimer": Visible(38, 103, "signals"),
    "alarm": Visible(37, None, "signals"),
    "rt_sigsuspend": Visible(130, 133, "waits"),
    "rt_sigtimedwait": Visible(128, 137, "waits"),
    "pause": Visible(34, None, "waits"),
    "wait4": Visible(61, 260, "waits"),
    "waitid": Visible(247, 95, "waits"),
    "poll": Visible(7, None, "waits"),
    "ppoll": Visible(271, 73, "waits"),
    "select": Visible(23, None, "waits"),
    "pselect6": Visible(270, 72, "waits"),
    "epoll_wait": Visible(232, None, "waits"),
    "epoll_pwait": Visible(281, 22, "waits"),
    "epoll_pwait2": Visible(441, 441, "waits"),
    "nanosleep": Visible(35, 101, "waits"),
    "clock_nanosleep": Visible(230, 115, "waits"),
    "fork": Visible(57, None, "process"),
    "vfork": Visible(58, None, "process"),
    "clone": Visible(56, 220, "process"),
    "clone3": Visible(435, 435, "process"),
    "execve": Visible(59, 221, "process"),
    "execveat": Visible(322, 281, "process"),
    "exit_group": Visible(231, 94, "process"),
    "kill": Visible(62, 129, "sends"),
    "tkill": Visible(200, 130, "sends"),
    "tgkill": Visible(234, 131, "sends"),
    "rt_sigqueueinfo": Visible(129, 138, "sends"),
    "pidfd_send_signal": Visible(424, 424, "sends"),
    "pidfd_open": Visible(434, 434, "descriptor"),
    "prctl": Visible(157, 167, "place", Only(0, values=(1, 36))),  # PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER
    "ptrace": Visible(101, 117, "place"),
    "setsid": Visible(112, 157, "place"),
    "setpgid": Visible(109, 154, "place"),
    "ioctl": Visible(16, 29, "terminal", _TERMINAL_CHANGES),
    "pipe": Visible(22, None, "descriptor"),
    "pipe2": Visible(293, 59, "descriptor"),
    "dup2": Visible(33, None, "descriptor"),
    "dup3": Visible(292, 24, "descriptor"),
    "open": Visible(2, None, "file", Only(1, bits=_O_CREAT)),
    "openat": Visible(257, 56, "file", Only(2, bits=_O_CREAT)),
    "creat": Visible(85, None, "file"),
    "mkdir": Visible(83, None, "file"),
    "mkdirat": Visible(258, 34, "file"),
    "rmdir": Visible(84, None, "file"),
    "unlink": Visible(87, None, "file"),
    "unlinkat": Visible(263, 35, "file"),
    "rename": Visible(82, None, "file"),
    "renameat": Visible(264, 38, "file"),
    "renameat2": Visible(316, 276, "file"),
    "link": Visible(86, None, "file"),
    "linkat": Visible(265, 37, "file"),
    "symlink": Visible(88, None, "file"),
    "symlinkat": Visible(266, 36, "file"),
    "ftruncate": Visible(77, 46, "file"),
    "flock": Visible(73, 32, "file"),
}
_MAY_SLEEP = frozenset(("open", "openat", "creat", "flock"))  # of a FIFO; of what somebody else has locked


def returns_at_once(name: str) -> bool:
    """Whether nobody is ever blocked in this call until somebody else does something: then there is nothing between
    its entry and its exit that others could have a part in."""
    return VISIBLE[name].effect not in ("process", "sends", "waits", "terminal") and name not in _MAY_SLEEP


BIRTH = "birth"
"""The name under which a process or thread passes its first schedule point, before any instruction of its own."""


def numbers() -> dict[int, str]:
    """Return the names of the visible calls by their numbers on this machine; empty for one we have no table for."""
    machine = platform.machine()
    if machine not in ("x86_64", "aarch64"):
        return {}
    found = {name: getattr(call, machine) for name, call in VISIBLE.items()}
    return {number: name for name, number in found.items() if number is not None}
