"""Chapter INHERIT: what the command starts with."""

from __future__ import annotations

import fnmatch
import os
import signal
from typing import Any

from proctor.conformance.checks.common import launcher_is_command, missed
from proctor.conformance.checks.exit import same_status
from proctor.conformance.checks.objections import violation
from proctor.harness import signals
from proctor.harness.history import Descriptor, History, Inherited, Snapshot, Started, WitnessReady
from proctor.harness.violation import Violation
from proctor.harness.words import limit, shortened

SETTABLE = {name: getattr(os, name) for name in ("O_APPEND", "O_ASYNC", "O_DIRECT", "O_NOATIME", "O_NONBLOCK")
            if hasattr(os, name)}  # fmt: skip
"""The status flags that fcntl(2) changes. They are those of the open file description, so of all who share it."""
OF_ITS_PARENT = frozenset(("parent-death-signal",))
"""What a launcher that stays may set: the command is its child, and must not outlive it (TREE-3)."""
OF_THE_USER = frozenset(
    ("user-ids", "capabilities-permitted", "capabilities-effective", "capabilities-ambient", "session-keyring")
)
"""What changes with the user ID; capabilities(7), user-session-keyring(7)."""
OF_THE_GROUP = frozenset(("group-ids",))
"""What changes with the group ID."""


def _command(history: History) -> tuple[int, Inherited] | None:
    for event, fact in history.all(WitnessReady):
        if fact.process == "command":
            return event.index, fact.inherited
    return None


def _both(history: History, bare: History) -> tuple[int, Inherited, Inherited] | None:
    mine, its = _command(history), _command(bare)
    return (mine[0], mine[1], its[1]) if mine and its else None


def signal_settings(history: History, bare: History, spared: frozenset[int] = frozenset()) -> list[Violation]:
    """INHERIT-1: blocked and ignored signals are those that the launcher was started with; but for those spared, and an
    ignored SIGCHLD that is not passed on, which is INHERIT-7's."""
    both = _both(history, bare)
    if not both:
        return missed(history)
    event, mine, its = both
    found = []
    for what, here, there in (("blocked", mine.blocked, its.blocked), ("ignored", mine.ignored, its.ignored)):
        if extra := set(here) - set(there) - spared:
            found.append(violation(f"signals-{what}", event, signals=_names(extra)))
        own_matter = {signal.SIGCHLD} if what == "ignored" else set()
        if lost := set(there) - set(here) - spared - own_matter:
            found.append(violation(f"signals-not-{what}", event, signals=_names(lost)))
    return found


def ignored_sigchld(history: History, bare: History) -> list[Violation]:
    """INHERIT-7: SIGCHLD stays ignored if it was."""
    both = _both(history, bare)
    if not both:
        return missed(history)
    event, mine, its = both
    if signal.SIGCHLD in its.ignored and signal.SIGCHLD not in mine.ignored:
        return [violation("signals-not-ignored", event, signals=_names({signal.SIGCHLD}))]
    return []


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
            found.append(violation("descriptor-closed", event, fd=theirs.fd))
        elif (got.dev, got.ino, got.rdev) != (theirs.dev, theirs.ino, theirs.rdev):
            found.append(violation("descriptor-replaced", event, fd=theirs.fd))
        else:
            found += _other_state(event, got, theirs, its)
    if extra := set(by_number) - {d.fd for d in its.fds}:
        found.append(violation("descriptors-leaked", event, descriptors=", ".join(map(str, sorted(extra)))))
    return found


def _other_state(event: int, got: Descriptor, given: Descriptor, its: Inherited) -> list[Violation]:
    """Return what fcntl(2) says of a descriptor that it does not say of the caller's: status flags, and whom the kernel
    tells of input by a signal."""
    found = []
    changed = got.flags ^ given.flags
    if changed & os.O_NONBLOCK:
        found.append(violation("descriptor-nonblocking", event, fd=given.fd))
    if others := [name for name, bit in SETTABLE.items() if name != "O_NONBLOCK" and changed & bit]:
        found.append(violation("descriptor-flags-changed", event, fd=given.fd, flags=", ".join(others)))
    alone = next((one for one in its.fds if one.fd == given.fd), given)
    if (bool(got.owner), got.signal) != (bool(alone.owner), alone.signal):
        found.append(violation("descriptor-signals", event, fd=given.fd))
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
            shown = {"required": shortened(there), "actual": shortened(here)}
            return [violation("argument-changed", event, position=at + 1, **shown)]
    return [violation("argument-count", event, required=len(its.args), actual=len(mine.args))]


def surroundings(history: History, bare: History) -> list[Violation]:
    """INHERIT-4: working directory, umask, nice value, limits, groups, and what else the kernel keeps for a process."""
    both = _both(history, bare)
    if not both:
        return missed(history)
    event, mine, its = both
    found = []
    for what in ("umask", "nice", "limits", "groups", "uid", "gid"):
        here, there = getattr(mine, what), getattr(its, what)
        if here != there:
            found.append(violation(f"{what}-changed", event, required=_shown(what, there, here),
                                   actual=_shown(what, here, there)))  # fmt: skip
    if mine.cwd != its.cwd:
        found.append(violation("directory-changed", event, actual=mine.cwd.decode(errors="replace")))
    spared = OF_THE_USER if mine.uid != its.uid else frozenset()
    spared |= OF_THE_GROUP if mine.gid != its.gid else frozenset()
    spared |= frozenset() if launcher_is_command(history) else OF_ITS_PARENT
    for name in sorted((mine.attributes.keys() & its.attributes.keys()) - spared):
        here, there = mine.attributes[name], its.attributes[name]
        if here != there:
            found.append(violation("attribute-changed", event, attribute=name, required=there, actual=here))
    return found


def _shown(what: str, value: Any, other: Any) -> str:
    """Return a value for people. Of limits and groups only those that the other has not."""
    if what == "umask":
        return f"{value:04o}"
    if not isinstance(value, tuple):
        return str(value)
    differing = [item for item in value if item not in other]
    return ", ".join(limit(*item) if what == "limits" else str(item) for item in differing) or "no other"


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
        found.append(violation("variable-lost", event, name=key))
    for key in sorted(there.keys() & here.keys()):
        if here[key] != there[key] and not _declared(key, changes):
            found.append(violation("variable-changed", event, name=key, required=there[key], actual=here[key]))
    if extra := sorted(key for key in here.keys() - there.keys() if not _declared(key, adds)):
        found.append(violation("variables-added", event, names=", ".join(extra)))
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
        found.append(violation("other-session", event, session=witness.sid))
    its = _command(bare)
    if its and its[1].terminal.foreground == its[1].pgid and mine.terminal.foreground != mine.pgid:
        found.append(violation("not-foreground", event))
    return found
