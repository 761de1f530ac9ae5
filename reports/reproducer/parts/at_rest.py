"""What may wake a blocked thread: nothing but what we see, a timer, or something else. proc_pid_syscall(5).

Only the first is proven to last for ever: a call that we know, without a timeout, on descriptors whose other ends are
all in the launcher, its children, or us.
"""

from __future__ import annotations

import contextlib
import glob
import os
import re
import socket
import struct

WAITS: dict[str, str] = {}
INSTRUCTION = {"x86_64": b"\x0f\x05", "aarch64": b"\x01\x00\x00\xd4"}  # of a call of this machine's own table
NO_TIMEOUT = (0, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF)  # NULL, -1
TIMER = "a timer"
OURS = ("pipe:", "anon_inode:[signalfd]", "anon_inode:[timerfd]", "/dev/pts/", "/dev/tty",
        "/dev/null", "/dev/zero", "/dev/urandom")  # fmt: skip


def contents(path: str) -> str:
    """Return the contents of a file; nothing where it cannot be read."""
    with contextlib.suppress(OSError), open(path, errors="replace") as file:
        return file.read()
    return ""


def below(ancestor: int) -> list[int]:
    """Return the descendants of a process."""
    rows = [contents(path).rpartition(") ") for path in glob.glob("/proc/[0-9]*/stat")]
    parents = {int(head.split()[0]): int(tail.split()[1]) for head, _, tail in rows if tail}
    found = [ancestor]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found[1:]


def what_wakes(pid: int) -> list[str]:
    """Return what may wake the blocked threads of a process: TIMER, or what we do not see."""
    links = links_of(pid)
    found = [wakes_thread(pid, task, links) for task in glob.glob("/proc/%d/task/*" % pid)]
    timers = [fd for fd, link in links.items() if "[timerfd]" in link and "value: (0, 0)" not in info_of(pid, fd)]
    if timers or contents("/proc/%d/timers" % pid) or "/dev/ptmx" in links.values():  # bytes may be on their way there
        found.append(TIMER)
    return [one for one in found if one]


def wakes_thread(pid: int, task: str, links: dict[int, str]) -> str:
    """Return what may wake one thread. One that is stopped or has ended does not go on."""
    number, *words = contents(task + "/syscall").split() or [""]
    if number == "running" or contents(task + "/stat").rpartition(") ")[2][:1] in ("T", "t", "Z", "X", ""):
        return ""
    kind, _, timeout = WAITS.get(number, "?").partition(":")
    values, code = [int(word, 16) for word in words], INSTRUCTION.get(os.uname().machine, b"?")
    is_known = len(values) == 8 and memory(pid, values[7] - len(code), len(code)) == code and kind != "?"
    is_ours = is_known and all(is_inside(pid, fd, links, kind != "fd") for fd in descriptors_of(pid, kind, values))
    if not is_ours or (kind == "futex" and not values[1] & 128 and is_in_file(pid, values[0])):  # FUTEX_PRIVATE_FLAG
        return "process %d (%s) waits in call %s" % (pid, contents("/proc/%d/comm" % pid).strip(), number or "?")
    has_timeout = timeout == "?" or (timeout and values[int(timeout)] not in NO_TIMEOUT)
    return TIMER if has_timeout else ""


def descriptors_of(pid: int, kind: str, values: list[int]) -> list[int]:
    """Return the descriptors for which a call waits."""
    if kind == "poll":  # struct pollfd
        found = struct.iter_unpack("=ihh", memory(pid, values[0], 8 * values[1]))
        return [fd for fd, _, _ in found if fd >= 0]
    if kind == "select":
        sets = [memory(pid, address, -(-values[0] // 64) * 8) for address in values[1:4] if address]
        return [fd for fd in range(values[0]) if any(int.from_bytes(one, "little") >> fd & 1 for one in sets)]
    return values[:1] if kind in ("fd", "epoll") else []


def is_inside(pid: int, fd: int, links: dict[int, str], is_polled: bool) -> bool:
    """Return whether only the launcher, its children and we can make a descriptor ready."""
    link = links.get(fd, "")
    if "[eventpoll]" in link:  # without bits that ask for nothing
        watched = re.findall(r"^tfd: *(\d+) events: *(\w+)", info_of(pid, fd), re.MULTILINE)
        return all(is_inside(pid, int(one), links, True) for one, bits in watched if int(bits, 16) & ~0xF0000000)
    if link.startswith("socket:"):  # a blocking call may have SO_RCVTIMEO
        held = {link for pid in [os.getpid(), *below(os.getpid())] for link in links_of(pid).values()}
        return is_polled and "socket:[%d]" % peer_of(int(link[8:-1])) in held
    if "[pidfd]" in link:
        of = re.findall(r"^Pid:\t(-?\d+)", info_of(pid, fd), re.MULTILINE)
        return bool(of) and int(of[0]) in (-1, *below(os.getpid()))
    if "[eventfd]" in link:  # the kernel may count there for io_uring(7) and io_submit(2)
        inside = [[*links_of(pid).values(), contents("/proc/%d/maps" % pid)] for pid in below(os.getpid())]
        return not any("[io_uring]" in one or "/[aio]" in one for links in inside for one in links)
    return link.startswith(OURS)


def links_of(pid: int) -> dict[int, str]:
    """Return what the descriptors of a process refer to."""
    found = {}
    for path in glob.glob("/proc/%d/fd/*" % pid):
        with contextlib.suppress(OSError):
            found[int(os.path.basename(path))] = os.readlink(path)
    return found


def info_of(pid: int, fd: int) -> str:
    """Return more about a descriptor."""
    return contents("/proc/%d/fdinfo/%d" % (pid, fd))


def peer_of(inode: int) -> int:
    """Return the socket with which a unix socket is connected; 0 for none; sock_diag(7)."""
    request = struct.pack("=BBHIIIII", socket.AF_UNIX, 0, 0, 0xFFFFFFFF, inode, 4, 0xFFFFFFFF, 0xFFFFFFFF)
    head = struct.pack("=IHHII", 16 + len(request), 20, 1, 0, 0)  # SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST
    with contextlib.suppress(OSError), socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4) as kernel:
        kernel.settimeout(1)
        kernel.send(head + request)
        answer = kernel.recv(8192)
        if answer[4] == 20 and answer[34:36] == b"\2\0":  # UNIX_DIAG_PEER
            return int(struct.unpack_from("=I", answer, 36)[0])
    return 0


def memory(pid: int, address: int, size: int) -> bytes:
    """Return some of a process' memory; nothing where it may not be read."""
    with contextlib.suppress(OSError, OverflowError), open("/proc/%d/mem" % pid, "rb", 0) as file:
        file.seek(address)
        return file.read(size)
    return b""


def is_in_file(pid: int, address: int) -> bool:
    """Return whether an address is in memory that is shared through a file: others may have it, too."""
    for line in contents("/proc/%d/maps" % pid).splitlines():
        where, mode, _, _, inode = line.split()[:5]
        start, end = (int(word, 16) for word in where.split("-"))
        if start <= address < end:
            return "s" in mode and inode != "0"
    return False
