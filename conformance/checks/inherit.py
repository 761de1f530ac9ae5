"""Chapter INHERIT: what the command starts with."""

from __future__ import annotations

import fnmatch
import os

from proctor.conformance.checks.common import Violation, missed
from proctor.conformance.checks.exit import same_status
from proctor.harness import signals
from proctor.harness.history import History, Inherited, Snapshot, Started, WitnessReady


def _command(history: History) -> tuple[int, Inherited] | None:
    for event, fact in history.all(WitnessReady):
        if fact.process == "command":
            return event.index, fact.inherited
    return None


def _both(history: History, bare: History) -> tuple[int, Inherited, Inherited] | None:
    mine, its = _command(history), _command(bare)
    return (mine[0], mine[1], its[1]) if mine and its else None


def signal_settings(history: History, bare: History, spared: frozenset[int] = frozenset()) -> list[Violation]:
    """INHERIT-1: blocked and ignored signals are those that the launcher was started with; but for those spared."""
    both = _both(history, bare)
    if not both:
        return missed(history)
    event, mine, its = both
    found = []
    for what, here, there in (("blocked", mine.blocked, its.blocked), ("ignored", mine.ignored, its.ignored)):
        if extra := set(here) - set(there) - spared:
            found.append(Violation(f"{_names(extra)} not {what}, as at the start", f"{what} in the command", (event,)))
        if lost := set(there) - set(here) - spared:
            found.append(Violation(f"{_names(lost)} {what}, as at the start", f"not {what} in the command", (event,)))
    return found


def settings_change_nothing(history: History, bare: History) -> list[Violation]:
    """INHERIT-1: started with these, the launcher ends as the command does, as it does without them."""
    return same_status(history, bare)


def _names(numbers: set[int]) -> str:
    return ", ".join(map(signals.name, sorted(numbers)))


def descriptors(history: History, bare: History) -> list[Violation]:
    """INHERIT-2: 0, 1 and 2 are the caller's, and there is no other."""
    both = _both(history, bare)
    if not both:
        return missed(history)
    event, mine, its = both
    given = next((fact.stdio for fact in history.facts(Started) if fact.process == "launcher"), ())
    by_number = {d.fd: d for d in mine.fds}
    found = []
    for theirs in given:
        got = by_number.get(theirs.fd)
        if got is None:
            found.append(Violation(f"descriptor {theirs.fd} is open", "it is closed", (event,)))
        elif (got.dev, got.ino, got.rdev) != (theirs.dev, theirs.ino, theirs.rdev):
            found.append(Violation(f"descriptor {theirs.fd} is the caller's", "it is another file", (event,)))
        elif (got.flags ^ theirs.flags) & os.O_NONBLOCK:
            found.append(
                Violation(f"descriptor {theirs.fd} blocks as the caller's does", "O_NONBLOCK differs", (event,))
            )
    if extra := set(by_number) - {d.fd for d in its.fds}:
        found.append(Violation("no extra open file descriptor", f"open: {sorted(extra)}", (event,)))
    return found


def arguments(history: History, bare: History) -> list[Violation]:
    """INHERIT-3: arguments byte for byte."""
    both = _both(history, bare)
    if not both:
        return missed(history)
    event, mine, its = both
    if mine.args == its.args:
        return []
    for at, (here, there) in enumerate(zip(mine.args, its.args, strict=False)):
        if here != there:
            return [Violation(f"argument {at + 1} is {_short(there)}", f"it is {_short(here)}", (event,))]
    return [Violation(f"{len(its.args)} arguments", f"{len(mine.args)}", (event,))]


def _short(data: bytes) -> str:
    shown = repr(data[:60])[1:]
    return shown if len(data) <= 60 else f"{shown}... ({len(data)} bytes)"


def surroundings(history: History, bare: History) -> list[Violation]:
    """INHERIT-4: working directory, umask, nice value, limits, groups."""
    both = _both(history, bare)
    if not both:
        return missed(history)
    event, mine, its = both
    found = []
    for what in ("umask", "nice", "limits", "groups", "uid", "gid"):
        here, there = getattr(mine, what), getattr(its, what)
        if here != there:
            lists = isinstance(here, tuple)
            required = f"{what} as at the start: {_differing(there, here) if lists else there}"
            found.append(Violation(required, _differing(here, there) if lists else str(here), (event,)))
    if mine.cwd != its.cwd:
        found.append(Violation("the working directory of the start", mine.cwd.decode(errors="replace"), (event,)))
    return found


def _differing(here: tuple[object, ...], there: tuple[object, ...]) -> str:
    """What is in the one and not in the other: limits are (resource, soft, hard), -1 for none."""
    return ", ".join(str(item) for item in here if item not in there) or "no other"


def environment(
    history: History, bare: History, adds: tuple[str, ...] = (), changes: tuple[str, ...] = ()
) -> list[Violation]:
    """INHERIT-5: every variable as the caller set it; additions only as declared."""
    both = _both(history, bare)
    if not both:
        return missed(history)
    event, mine, its = both
    here, there = _variables(mine), _variables(its)
    found = []
    for key in sorted(there.keys() - here.keys()):
        found.append(Violation(f"{key} is handed on", "it is not set", (event,)))
    for key in sorted(there.keys() & here.keys()):
        if here[key] != there[key] and not _declared(key, changes):
            found.append(Violation(f"{key}={there[key]}", f"{key}={here[key]}", (event,)))
    if extra := sorted(key for key in here.keys() - there.keys() if not _declared(key, adds)):
        found.append(Violation("no variable is added but those that the target declares", ", ".join(extra), (event,)))
    return found


def _declared(key: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatchcase(key, pattern) for pattern in patterns)


def _variables(inherited: Inherited) -> dict[str, str]:
    pairs = (entry.decode("utf-8", "backslashreplace").partition("=") for entry in inherited.environ)
    return {key: value for key, _, value in pairs}


def session_and_group(history: History, bare: History) -> list[Violation]:
    """INHERIT-6: the launcher's session, and a process group that the terminal reaches."""
    command = _command(history)
    if not command:
        return missed(history)
    event, mine = command
    pids = {fact.process: fact.pid for fact in history.facts(Started)}
    look = next((look for look in history.facts(Snapshot) if look.when == "start"), None)
    rows = {p.pid: p for p in look.processes} if look else {}
    launcher, witness = rows.get(pids.get("launcher", 0)), rows.get(mine.pid)
    found = []
    if launcher and witness and launcher.sid != witness.sid:
        found.append(Violation("the command is in the launcher's session", f"it is in session {witness.sid}", (event,)))
    its = _command(bare)
    if its and its[1].terminal.foreground == its[1].pgid and mine.terminal.foreground != mine.pgid:
        found.append(Violation("the terminal reaches its process group", "it is not the foreground one", (event,)))
    return found
