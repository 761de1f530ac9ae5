"""What the command is started with: how a script observes it, and the questions about it."""

from __future__ import annotations

import ast
import fnmatch
import os
import re
import shutil
from typing import Any

from proctor.reports.reproducer.parts.at_rest import contents
from proctor.reports.reproducer.parts.comparisons import same_status, timed_out, violation
from proctor.reports.reproducer.parts.marks import asks
from proctor.reports.reproducer.parts.observed_run import ObservedRun, command_line, name_of
from proctor.reports.reproducer.parts.stages import STAGE

ADDS: list[str] = []
CHANGES: list[str] = []
FLAGS = ("O_APPEND", "O_ASYNC", "O_DIRECT", "O_NOATIME", "O_NONBLOCK")
"""The status flags that fcntl(2) changes."""


def use_plain_command(run: ObservedRun) -> None:
    """Start a command that shows its signals. Not this script: Python changes some signals before it runs a line."""
    cat = shutil.which("cat")
    if not cat:
        raise RuntimeError("the case needs cat, which is not installed here")
    run.words = command_line(run.launcher, [cat, "/proc/self/status"])


def note_signals(run: ObservedRun) -> None:
    """Note which signals were blocked and ignored when the command started."""
    found = dict(re.findall(r"^(SigBlk|SigIgn):\s*(\w+)", run.output, re.MULTILINE))
    if len(found) == 2:
        blocked, ignored = (names_in(int(found[name], 16)) for name in ("SigBlk", "SigIgn"))
        run.note("the command started with blocked: %s, ignored: %s" % (blocked, ignored), "signals", blocked, ignored)
        given = [[name_of(number) for number in sorted(STAGE.get(what, ()))] for what in ("blocked", "ignored")]
        if not run.launcher and [blocked, ignored] != given:
            raise RuntimeError("the program cat changes its signals on this system, so it shows nothing")


def names_in(bits: int) -> list[str]:
    """Return the names of signals whose bits are set."""
    return [name_of(number) for number in range(1, 65) if bits >> (number - 1) & 1]


def note_start(run: Any) -> None:
    """Note what the command has reported of its start, and what the launcher was given."""
    settings = ast.literal_eval(contents(run.directory + "/command.started"))
    files = [os.fstat(fd) for fd in run.stdio]
    settings["given"] = [(one.st_dev, one.st_ino, one.st_rdev) for one in files]
    settings["is the launcher"] = run.pids["command"] == run.pids["launcher"]
    row = contents("/proc/%d/stat" % run.pids["launcher"]).rpartition(") ")[2].split()
    settings["session of the launcher"] = int(row[3]) if row else settings["session"]
    run.note("the command has said what it was started with", "started with", settings)


def both(bare: ObservedRun, launched: ObservedRun, what: str) -> list[Any]:
    """Return what the two commands were started with: that without the launcher, that behind it."""
    found = [event[1:] for run in (bare, launched) for event in run.all(what)[:1]]
    if len(found) != 2:
        raise RuntimeError("the command did not show what it was started with; output: %a" % launched.output[-300:])
    return found


def has_none(launched: ObservedRun, what: str) -> list[str]:
    """Whatever else times out: the command starts."""
    return [] if launched.all(what) else timed_out(launched)


@asks("inherit.signal_settings", at_end=(note_signals,), is_plain=True)
def signals_are_as_given(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """Blocked and ignored signals are those that the launcher was started with. A lost SIGCHLD is another fault."""
    if found := has_none(launched, "signals"):
        return found
    required, actual = both(bare, launched, "signals")
    for what, its, mine in zip(("blocked", "ignored"), required, actual):  # noqa: B905  (Python 3.8)
        extra = [name for name in mine if name not in its]
        lost = [name for name in its if name not in mine and (what, name) != ("ignored", "SIGCHLD")]
        found += violation("not %s: %s" % (what, ", ".join(extra)), "the command starts so") if extra else []
        found += violation("%s: %s" % (what, ", ".join(lost)), "the command starts without that") if lost else []
    return found


@asks("inherit.ignored_sigchld", at_end=(note_signals,), is_plain=True)
def sigchld_stays_ignored(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """SIGCHLD stays ignored if it was."""
    if found := has_none(launched, "signals"):
        return found
    required, actual = both(bare, launched, "signals")
    is_lost = "SIGCHLD" in required[1] and "SIGCHLD" not in actual[1]
    return violation("SIGCHLD is ignored, as at the start of the launcher", "it is not") if is_lost else []


@asks("inherit.settings_change_nothing")
def settings_change_nothing(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """Started with these signals, the launcher ends with the command's status."""
    return timed_out(launched) or same_status(bare, launched)


@asks("inherit.descriptors", orders=("describe",), at_start=(note_start,))
def descriptors_are_as_given(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """0, 1 and 2 are those that the launcher was started with, and there are no more."""
    if found := has_none(launched, "started with"):
        return found
    (required,), (actual,) = both(bare, launched, "started with")
    for fd, file in enumerate(actual["given"]):
        mine = actual["descriptors"].get(fd)
        if mine is None:
            found += violation("descriptor %d is open" % fd, "it is closed")
            continue
        if mine[:3] != file:
            found += violation("descriptor %d is the launcher's" % fd, "it is another file")
            continue
        its = required["descriptors"].get(fd, mine)
        changed = [name for name in FLAGS if (mine[3] ^ its[3]) & getattr(os, name)]
        if changed:
            found += violation("descriptor %d has its flags of the start" % fd, "changed: %s" % ", ".join(changed))
        if mine[4:] != its[4:]:
            found += violation("the kernel tells of input on descriptor %d as before" % fd, "by another signal")
    extra = [fd for fd in actual["descriptors"] if fd not in required["descriptors"]]
    return found + (violation("no other descriptor is open", "open: %s" % sorted(extra)) if extra else [])


@asks("inherit.arguments", orders=("describe",), at_start=(note_start,))
def arguments_are_as_given(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """The arguments arrive byte for byte."""
    if found := has_none(launched, "started with"):
        return found
    required, actual = (settings[0]["arguments"] for settings in both(bare, launched, "started with"))
    for number, (its, mine) in enumerate(zip(required, actual), 1):  # noqa: B905  (Python 3.8)
        if its != mine:
            texts = ["%r (%d bytes)" % (one[:100], len(one)) for one in (its, mine)]
            return violation("argument %d is %s" % (number, texts[0]), texts[1])
    same = len(required) == len(actual)
    return [] if same else violation("%d arguments" % len(required), "%d arguments" % len(actual))


@asks("inherit.surroundings", orders=("describe",), at_start=(note_start,))
def surroundings_are_as_given(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """Working directory, umask, nice value, limits, ids and groups are those of the launcher's start."""
    if found := has_none(launched, "started with"):
        return found
    (required,), (actual,) = both(bare, launched, "started with")
    for what in ("umask", "nice", "limits", "groups", "uid", "gid", "directory"):
        its, mine = required[what], actual[what]
        if what == "limits":
            its, mine = [one for one in its if one not in mine], [one for one in mine if one not in its]
        found += violation("%s %s" % (what, its), "%s" % (mine,)) if its != mine else []
    for name in sorted({*required["attributes"]} & {*actual["attributes"]} - spared(required, actual)):
        its, mine = required["attributes"][name], actual["attributes"][name]
        found += violation("%s %s" % (name, its), mine) if its != mine else []
    if not found and required["nice"] == 19:
        raise RuntimeError("whether the launcher raises the nice value cannot be seen: it is at its highest already")
    return found


def spared(required: dict[str, Any], actual: dict[str, Any]) -> set[str]:
    """Return the attributes that another user or group changes, or that a launcher that stays may set."""
    names = set() if actual["is the launcher"] else {"parent-death-signal"}
    if required["uid"] != actual["uid"]:
        names |= {"user-ids", "capabilities-permitted", "capabilities-effective", "capabilities-ambient"}
        names |= {"session-keyring"}
    return names | ({"group-ids"} if required["gid"] != actual["gid"] else set())


@asks("inherit.environment", orders=("describe",), at_start=(note_start,))
def environment_is_as_given(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """Each variable is as at the launcher's start. Some may be added or changed, as the launcher documents."""
    if found := has_none(launched, "started with"):
        return found
    settings = both(bare, launched, "started with")
    its, mine = (dict(one.partition(b"=")[::2] for one in each[0]["environment"]) for each in settings)
    for key in sorted(its):
        if key not in mine:
            found += violation("%r is passed on" % key, "it is not there")
        elif its[key] != mine[key] and not is_declared(key, CHANGES):
            found += violation("%r is %r" % (key, its[key]), "%r" % mine[key])
    extra = sorted(key for key in mine if key not in its and not is_declared(key, ADDS))
    return found + (violation("no more variables", "there are: %r" % extra) if extra else [])


def is_declared(key: bytes, patterns: list[str]) -> bool:
    """Return whether a variable is one of those that the launcher documents."""
    return any(fnmatch.fnmatchcase(key.decode("utf-8", "backslashreplace"), pattern) for pattern in patterns)


@asks("inherit.session_and_group", orders=("describe",), at_start=(note_start,))
def session_is_as_given(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """The command is in the launcher's session, and in the foreground if it is so without the launcher."""
    if found := has_none(launched, "started with"):
        return found
    (required,), (actual,) = both(bare, launched, "started with")
    if actual["session"] != actual["session of the launcher"]:
        found += violation("the launcher's session", "session %d" % actual["session"])
    if required["is in foreground"] and not actual["is in foreground"]:
        found += violation("the command is in the foreground", "another process group is")
    return found


@asks("exec.has_the_callers_pid")
def is_the_process_that_was_started(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """The command is the process that was started."""
    started, runs = launched.pids.get("launcher"), launched.pids.get("command")
    if not started or not runs:
        raise RuntimeError("the pids of launcher and command are not known")
    return [] if started == runs else violation("the command has pid %d, which was started" % started, "pid %d" % runs)
