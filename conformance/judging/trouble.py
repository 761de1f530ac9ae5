"""Why a target cannot be judged: it starts no command, or one that Proctor cannot observe."""

from __future__ import annotations

import errno
import os
import shlex
import signal

import msgspec

from proctor.conformance.checks.common import NotObservable, end_of, needs_watched_command
from proctor.conformance.checks.exit import said
from proctor.harness import execute as door
from proctor.harness import settings, several
from proctor.harness.errors import HarnessError
from proctor.harness.history import (
    History,
    LimitExceeded,
    NotStarted,
    Started,
    Unobserved,
    WaitFailed,
    WitnessReady,
    is_outside,
)
from proctor.harness.target import COMMAND, Target
from proctor.harness.words import exceeded, how_ended, left, open_wait, unseen
from proctor.reports.results import Verdict

COMPUTES_WITHIN = 5
"""Seconds of CPU time for the same, for each process: however loaded the machine is, npx takes one."""
MOST_OUTPUT = 200
"""Characters of its output that are shown."""
UNREACHED = 112
"""Exit code of a witness that cannot connect to the runner; witness.c, die()."""
_SETTING = settings.START_WITHIN


class Trouble(msgspec.Struct, frozen=True):
    """Why a target cannot be judged. summary: in one line; text: in full, with what to do. verdict: on each requirement
    that the target claims."""

    summary: str
    text: str
    verdict: Verdict = "error"


def _not_started(target: Target, fact: NotStarted) -> Trouble:
    if fact.step != "exec":
        raise HarnessError(f"the stage cannot be set up here: {fact.step}: {os.strerror(fact.errno)}")
    reasons = {
        errno.ENOEXEC: "it is neither a binary for this machine nor a script with a '#!' line (or it is empty)",
        errno.EACCES: "it may not be executed, or its interpreter may not",
        errno.ENOENT: "the interpreter in its '#!' line does not exist, or its path contains a space",
    }
    reason = reasons.get(fact.errno, os.strerror(fact.errno))
    summary = f"the system cannot execute {target.command[0]}: {reason}"
    return Trouble(summary, f"--target={target.name}: {summary}")


def trouble_of(target: Target, history: History) -> Trouble | None:
    """Return why this target cannot be judged, after a first look at it; None if it can. HarnessError if the stage
    cannot be set up."""
    for fact in history.facts(NotStarted):
        return _not_started(target, fact)
    script = history.scenario
    if {*script.commands} <= {greeted.process for greeted in history.facts(WitnessReady)}:
        return None
    if script.invoke == "sync" and (end := end_of(history, "launcher")) and end[1].code == 0:
        return None
    try:
        needs_watched_command(history)
    except NotObservable as elsewhere:
        return _elsewhere(target, str(elsewhere))
    if reason := _unreached(history):
        return _hidden(target, reason)
    output = _quoted(said(history).strip())
    how, is_slow = _how_it_went(history)
    how += "".join(f"; not observed: {unseen(fact)}" for fact in history.facts(Unobserved))
    what, line = "start its command", _line(target, "COMMAND", "ARGS...")
    if script.invoke == "sync":
        what, line = "make its environment", shlex.join(target.sync)
    by_hand = _line(target, "/bin/echo", "works")
    how_to = [
        "  what to do: change the command line so that it starts COMMAND: perhaps a word (run, exec, --) is missing or",
        "              superfluous.",
        f"              Try by hand until this prints 'works': {by_hand}",
    ]
    if not script.starts_command or script.command == "tool":
        how_to = [
            "  what to do: proctor-tool is in {wheels}, or is {tarball}; there is no network: see docs/targets.md"
        ]
    lines = [
        f"target '{target.name}' did not {what}, so it cannot be tested.",
        f"  run as:     {line}",
        f"  found:      {how}",
        f"  it printed: {output}",
        *how_to,
    ]  # fmt: skip
    if is_slow:
        lines.append(
            f"              Where it is only slow: {_SETTING}=60 in the environment, or slow = true in a TOML."
        )
    if door.has_namespace():
        lines.append("              Where it refuses to work in a PID namespace: --containment=subreaper.")
    return Trouble(f"{how}; it printed: {output}", "\n".join(lines))


def _unreached(history: History) -> str:
    """Return what the command said when it could not connect to us: its socket, and why. "" if it did not say so."""
    end = end_of(history, "launcher")
    sockets = [words[-1].decode(errors="replace") for words in (fact.argv for fact in history.facts(Started)) if words]
    lines = said(history).splitlines()
    found = (line for line in lines for socket in sockets if line.startswith(f"witness: {socket}: "))
    return next(found, "").removeprefix("witness: ") if end and end[1].code == UNREACHED else ""


def _hidden(target: Target, reason: str) -> Trouble:
    """Say that a command was started, but where Proctor cannot observe it: that is no fault of the launcher."""
    summary = f"the command was started, but could not connect to Proctor: {reason}"
    lines = [
        f"target '{target.name}' cannot be tested: its command was started, but could not connect to Proctor.",
        f"  found:      {reason}",
        "  what to do: The launcher hides this directory from its command, or forbids the connection.",
        "              Set TMPDIR to a directory that it shows.",
    ]
    return Trouble(summary, "\n".join(lines))


def _elsewhere(target: Target, reason: str) -> Trouble:
    """Say that another process than the launcher started the command: that is no fault of the launcher."""
    lines = [
        f"target '{target.name}' is not observable: its command was started, but not by the launcher.",
        f"  found:      {reason}",
        "  what to do: Proctor tests launchers that start their command themselves, or by their own descendants. If",
        "              the launcher has a mode in which it does, name that.",
    ]
    return Trouble(reason, "\n".join(lines), "not observable")


def _quoted(output: str) -> str:
    """Return the beginning of what a launcher printed."""
    if not output:
        return "nothing"
    return repr(output[:MOST_OUTPUT]) + ("..." if len(output) > MOST_OUTPUT else "")


def _line(target: Target, command: str, argument: str) -> str:
    """Return the command line for a person: what is asked of the launcher, with this command."""
    if target.starts_several:
        lines = dict.fromkeys("ab", shlex.join([command, argument]))
        its = several.command_line([*map(os.fsencode, target.command)], lines, ())
        files = [f"{name}: {text!r}" for name, text in several.files(target, lines).items()]
        return "; with ".join([shlex.join(map(os.fsdecode, its)), *files])
    words = list(target.command)
    if COMMAND in words:
        words[words.index(COMMAND)] = command
        return shlex.join([*words, argument])
    return shlex.join([*words, command, argument])


def _how_it_went(history: History) -> tuple[str, bool]:
    """Say how the launcher ended, or that it did not; and whether it might only be slow."""
    end = end_of(history, "launcher")
    limits = history.scenario.stage.limits
    of_limit = (signal.SIGXCPU, signal.SIGKILL)  # the second where it does not mind the first
    if end and limits and end[1].signal in of_limit and end[0].time >= COMPUTES_WITHIN:
        return f"it spins: it was ended when it had used {COMPUTES_WITHIN} s of CPU time", True
    if end:
        return f"it {how_ended(end[1])} after {end[0].time:.3f} s", False
    for fact in history.facts(LimitExceeded):
        return f"it was ended: {exceeded(fact)}", False
    for missed in history.facts(WaitFailed):
        if any(map(is_outside, missed.open)):
            waits = "; ".join(open_wait(wait) for wait in missed.open if is_outside(wait))
            return f"it was still waiting after {missed.seconds:.0f} s: {waits}", True
        if missed.sure:
            return f"it hangs: for {missed.seconds:.0f} s nothing has run ({left(missed.last_seen)})", True
        return f"it was still at work after {missed.seconds:.0f} s ({left(missed.last_seen)}), and was ended", True
    return "how it ended is not known", False
