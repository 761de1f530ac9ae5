"""A first look at a target: does it start a command at all, how long does that take, which version is it?"""

from __future__ import annotations

import subprocess

import msgspec

from conformance.checks.exit import said
from conformance.report import escape
from harness.errors import WrongCall
from harness.execute import execute
from harness.history import Greeted, History, Missed, NotStarted, Unobserved
from harness.scenario import Ends, Order, Scenario
from harness.target import Target

VERSION_WITHIN = 30
"""Seconds to print a version."""
SLOW_START = 0.1
"""Seconds to start a command, from which on the suite takes samples where it could do all."""


class Probe(msgspec.Struct, frozen=True):
    """What was found. trouble: why this target cannot be judged, "" if it can."""

    version: str
    slow: bool
    trouble: str


def probe(target: Target) -> Probe:
    """Start the launcher twice (the first time may fill caches) and ask its version.

    Raises WrongCall where the system refuses to start it at all, HarnessError where the harness fails.
    """
    script = Scenario(steps=(Order("exit 0"), Ends()))
    history = execute(target, script)
    for fact in history.facts(NotStarted):
        raise WrongCall(_not_started(target, fact))
    trouble = _trouble(target, history)
    if not trouble:
        history = execute(target, script)
    slow = any(event.time > SLOW_START for event, _ in history.all(Greeted))
    return Probe(version_of(target), slow, trouble)


def _not_started(target: Target, fact: NotStarted) -> str:
    import errno
    import os

    reasons = {
        errno.ENOEXEC: "it is neither a binary for this machine nor a script with a '#!' line (or it is empty)",
        errno.EACCES: "it may not be executed, or its interpreter may not",
        errno.ENOENT: "the interpreter in its '#!' line does not exist",
    }
    reason = reasons.get(fact.errno, os.strerror(fact.errno))
    return f"--target={target.name}: the system cannot execute {target.command[0]}: {reason}"


def _trouble(target: Target, history: History) -> str:
    if any(fact.process == "command" for fact in history.facts(Greeted)):
        return ""
    words = " ".join((*target.command, "COMMAND", "ARGS..."))
    missed = history.facts(Missed)
    output = said(history).strip()
    noted = "".join(f" {fact.what}: {fact.why}." for fact in history.facts(Unobserved))
    printed = f"It printed: {output[:300]!r}." if output else "It printed nothing."
    found = missed[0].last_seen if missed else "no process"
    return (
        f"target '{target.name}' did not start its command, so nothing can be said about it. It was run as: {words}. "
        f"{printed} Last seen: {found}.{noted} Check that this command line makes the launcher start COMMAND."
    )


def version_of(target: Target) -> str:
    """Ask the launcher its version; "" where it says none."""
    if not target.version:
        return ""
    try:
        done = subprocess.run(
            target.version, capture_output=True, timeout=VERSION_WITHIN, stdin=subprocess.DEVNULL, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    lines = (done.stdout or done.stderr).decode("utf-8", "backslashreplace").strip().splitlines()
    return escape(lines[0][:80]) if lines else ""
