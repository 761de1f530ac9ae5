"""All objections that checks can raise: code, parameters, and their text, which is made here and nowhere else.

A check gives a code and values. Those that `parameters` names are the same in each run of the same fault, and are what
programs compare. The others (pids, durations, senders, paths) are for the text alone.
"""

from __future__ import annotations

from typing import NamedTuple

from proctor.harness.violation import Value, Violation


class Objection(NamedTuple):
    """Templates of what is required and what happened instead, and the names of the values that are parameters."""

    required: str
    actual: str
    parameters: tuple[str, ...] = ()


DELIVERY = ("the command receives {signal} {required}", "{count}", ("signal",))
PATHS_LEFT = "still there: {paths}"
STILL_LEFT = "still there {when}: {paths}"
NO_PROCESS = "no process is left when the launcher has ended"
NO_CHILD = "no child outlives the launcher"
NO_TEMPORARY = "no temporary file stays in the environment or the project"
PRUNES = "prune removes what no running process uses"
PRINTED = "it printed {output}"

OBJECTIONS: dict[str, Objection] = {
    # -- starting, waiting and ending
    "not-started": Objection("the launcher can be started", "{step} failed, errno {errno}", ("step", "errno")),
    "timed-out": Objection("{awaited}", "timed out: {how}", ("wait", "process", "signal", "order", "text")),
    "ended-before-command": Objection(
        "the launcher stays until the command has ended", "the launcher {how}", ("end",)
    ),
    "wrong-status": Objection("status {status}{because}", "{how}", ("status", "end")),
    "hangs": Objection(
        "the launcher ends with nothing left behind, or continues as if undisturbed", "the launcher hangs: {how}"
    ),
    "command-not-named": Objection("the message names the command ({command})", PRINTED, ("command",)),
    "death-not-named": Objection(
        "a message says that the {what} died of {signal}", PRINTED, ("what", "signal")
    ),
    "program-not-named": Objection("a message names the program that died, {program}", PRINTED, ("program",)),
    # -- signals
    "not-delivered": Objection(*DELIVERY),
    "delivered-too-rarely": Objection(*DELIVERY),
    "delivered-twice": Objection(*DELIVERY),
    "unexpected-signal": Objection("the command receives no {signal}, as without the launcher", "{count}", ("signal",)),
    "out-of-order": Objection("received in the order {order}", "received in the order {actual}", ("order",)),
    "signalled-after-reaping": Objection(
        "no signal to pid {pid} after it was reaped", "{call} sent {signal}", ("call", "signal")
    ),
    "delivered-late": Objection(
        "forwarded within 50 ms", "{awaited} after {seconds} ms, of which nothing ran for {idle} ms",
        ("signal", "process"),
    ),
    "ended-unasked": Objection("the command runs until it is told to exit", "it ended, though nobody asked for that"),
    "signal-lost": Objection(
        "{signal} ends the launcher or reaches the command",
        "the command did not receive it and ran to its end; the launcher {how}", ("signal",),
    ),
    "effect-missing": Objection(
        "{program} has reported {effect} {required}, as without the launcher", "{count}", ("program", "effect")
    ),
    "effect-repeated": Objection(
        "{program} has reported {effect} {required}, as without the launcher", "{count}", ("program", "effect")
    ),
    # -- processes
    "process-left": Objection(NO_PROCESS, STILL_LEFT, ("process",)),
    "process-outlives": Objection(NO_CHILD, "the launcher {how}; still there: {processes}"),
    "command-outlives": Objection(NO_CHILD, "the launcher {how}; the command keeps running"),
    "parent-answers": Objection(
        "the launcher's parent says {required!r}, as without the launcher", "it says {actual}", ("required",)
    ),
    "notification-lost": Objection(
        "what the command tells the service manager reaches NOTIFY_SOCKET (NotifyAccess=all)", "nothing came"
    ),
    "other-main-pid": Objection("MAINPID is the PID of the command, {pid}", "it says {actual}"),
    "stopped-at-link": Objection(
        "{signal} passes every link of the chain", "it came as far as {link}, and no further", ("signal", "link")
    ),
    "other-copies": Objection("after the parent's {after} there runs {required}", "there runs {actual}", ("after",)),
    "zombie-left": Objection("every child of the launcher is reaped", "zombies: {processes}"),
    "orphan-not-reaped": Objection("adopted orphans are reaped", "zombies: {processes}"),
    "death-unnoticed": Objection("the command receives a signal or ends", "it did neither and keeps running"),
    "file-not-removed": Objection("no file of the launcher stays", "left: {paths}"),
    "ipc-object-left": Objection("no IPC object of the launcher stays", "left: {objects}"),
    "daemon-ended": Objection("{process}, which the command left behind, keeps running", "it has ended", ("process",)),
    "daemon-signalled": Objection(
        "{process}, in a session of its own, is sent no signal", "it received {signals}", ("process", "signals")
    ),
    # -- the terminal
    "survives-hang-up": Objection("nothing survives the hang-up: the command has default handling", STILL_LEFT),
    "terminal-differs": Objection("{what}: {required}, as without the launcher", "{actual}", ("what",)),
    "in-background": Objection("the command is in the foreground process group", "another group is in the foreground"),
    "terminal-not-restored": Objection(
        "{what} at the end: as the launcher found it, or as without it ({required})", "{actual}", ("what",)
    ),
    "foreground-not-restored": Objection(
        "the launcher's process group is in the foreground again, as its caller left it",
        "process group {group} is in the foreground",
    ),
    "screen-not-restored": Objection(
        "{what} at the end: {required}, as without the launcher", "{actual}", ("what",)
    ),
    "screen-changed-for-command": Objection(
        "the command finds the terminal as it is without the launcher", "{what}: {actual}", ("what",)
    ),
    "terminal-changed": Objection("{what}: {required}, as when undisturbed", "{actual}", ("what",)),
    "bytes-changed": Objection(
        "{order}: {required_count} bytes with checksum {required_crc}, as without the launcher",
        "{count} bytes with checksum {crc}, errno {errno}", ("order",),
    ),
    "output-changed": Objection(
        "{required_count} bytes with checksum {required_crc} on the terminal, as the command wrote",
        "{count} bytes with checksum {crc}",
    ),
    # -- what the command starts with
    "signals-blocked": Objection("{signals} not blocked, as at the start", "blocked in the command", ("signals",)),
    "signals-not-blocked": Objection("{signals} blocked, as at the start", "not blocked in the command", ("signals",)),
    "signals-ignored": Objection("{signals} not ignored, as at the start", "ignored in the command", ("signals",)),
    "signals-not-ignored": Objection("{signals} ignored, as at the start", "not ignored in the command", ("signals",)),
    "descriptor-closed": Objection("descriptor {fd} is open", "it is closed", ("fd",)),
    "descriptor-replaced": Objection("descriptor {fd} is the caller's", "it is another file", ("fd",)),
    "descriptor-nonblocking": Objection(
        "descriptor {fd} has O_NONBLOCK as the caller set it", "O_NONBLOCK differs", ("fd",)
    ),
    "descriptor-flags-changed": Objection(
        "descriptor {fd} has the file status flags that the caller set", "changed: {flags}", ("fd", "flags")
    ),
    "descriptor-signals": Objection(
        "the kernel tells of input on descriptor {fd} by a signal as without the launcher",
        "it tells somebody else, or by another signal", ("fd",),
    ),
    "descriptors-leaked": Objection("no extra open file descriptor", "open: {descriptors}"),
    "argument-changed": Objection("argument {position} is {required}", "it is {actual}", ("position",)),
    "argument-count": Objection("{required} arguments", "{actual} arguments", ("required", "actual")),
    "umask-changed": Objection("umask {required}, as at the start", "{actual}", ("required", "actual")),
    "nice-changed": Objection("nice value {required}, as at the start", "{actual}", ("required", "actual")),
    "limits-changed": Objection("{required}, as at the start", "{actual}"),
    "groups-changed": Objection("groups as at the start: {required}", "{actual}"),
    "uid-changed": Objection("user ID {required}, as at the start", "{actual}"),
    "gid-changed": Objection("group ID {required}, as at the start", "{actual}"),
    "own-bytes-on-stdout": Objection("stdout has nothing but what the command writes", "the launcher writes {bytes}"),
    "own-bytes-on-stderr": Objection(
        "the launcher says nothing when the reader of stdout has gone", "it writes {bytes} to stderr"
    ),
    "broken-pipe-hidden": Objection(
        "the command's write fails with EPIPE, as without the launcher", "the write succeeds"
    ),
    "pipe-output-changed": Objection(
        "{required_count} bytes with checksum {required_crc} on stdout, as the command wrote",
        "{count} bytes with checksum {crc}",
    ),
    "stdin-taken": Objection("{required} bytes that the command did not read are left in stdin", "{actual} are left"),
    "shared-flags-changed": Objection(
        "the flags of descriptor {fd} stay: its caller shares them", "{process} has changed {flag}", ("fd", "flag")
    ),
    "busy": Objection(
        "the launcher rests while nothing is asked of it",
        "after {after} it uses {percent} % of a processor ({program})", ("after",),
    ),
    "attribute-changed": Objection("{attribute} is {required}, as at the start", "{actual}", ("attribute",)),
    "directory-changed": Objection("the working directory of the start", "{actual}"),
    "variable-lost": Objection("{name} is passed on", "it is not set", ("name",)),
    "variable-changed": Objection("{name}={required}", "{name}={actual}", ("name",)),
    "variables-added": Objection("no variable is added but those that the target declares", "{names}", ("names",)),
    "other-session": Objection("the command is in the launcher's session", "it is in session {session}"),
    "not-foreground": Objection(
        "the terminal reaches the command's process group", "another group is in the foreground"
    ),
    # -- calls that fail
    "success-despite-failure": Objection(
        "the launcher goes on as if nothing had failed, or ends with another status than 0",
        "{call} failed, {said}, and the launcher ended with status 0", ("call",),
    ),
    "failure-not-named": Objection("stderr says why {call} failed ({error})", PRINTED, ("call", "error")),
    "failure-status": Objection(
        "the exit code is none that a command gives: 125, 126 or 127", "{call} failed, and the launcher {how}",
        ("call", "end"),
    ),
    "state-after-failure": Objection(
        "{what} of the command: {required}, as when no call fails",
        "{actual}, because {call} failed, and the launcher says nothing of it", ("what", "call"),
    ),
    "signal-after-failure": Objection(
        "the command receives {signal}, as when no call fails", "{call} failed, and the command does not receive it",
        ("signal", "call"),
    ),
    # -- replacing itself
    "other-pid": Objection("the command has the PID that was started, {pid}", "it has {actual}"),
    "notified-by-other": Objection(
        "READY=1 comes from the PID that was started, {pid} (NotifyAccess=main)", "it comes from {actual}"
    ),
    "foreign-child-ended": Objection(
        "the command receives no SIGCHLD for a child that it did not start", "it received one, for pid {pid}"
    ),
    "foreign-child": Objection("the command has no child that it did not start", "{process}"),
    # -- several commands
    "group-not-delivered": Objection("{process} receives {signal}", "it receives none", ("process", "signal")),
    "group-another-signal": Objection(
        "{process} receives {signal}", "it receives {others} instead", ("process", "signal", "others")
    ),
    "group-delivered-twice": Objection(
        "{process} receives {signal} once", "received {count}", ("process", "signal")
    ),
    "group-status": Objection("status {status}: {because}", "{how}", ("status", "end")),
    "group-started-later": Objection(
        "no command is started after the interrupt", "{process} was started", ("process",)
    ),
    "line-torn": Objection(
        "each line of {process} is on one line of stdout", "{count} of {all} are torn, such as one that ends {line}",
        ("process",),
    ),
    "line-lost": Objection(
        "each line of {process} is on stdout", "{count} of {all} are missing, such as {line}", ("process",)
    ),
    "line-doubled": Objection(
        "each line of {process} is on stdout once", "{count} of {all} are there more than once, such as {line}",
        ("process",),
    ),
    # -- environments, syncs and caches
    "environment-left": Objection("the temporary environment is gone within 2 s of the end", PATHS_LEFT),
    "partial-environment-left": Objection("nothing of the environment is left", PATHS_LEFT),
    "remains-of-kill": Objection("the next run or prune removes what SIGKILL left", PATHS_LEFT),
    "touched-outside": Objection("nothing outside the launcher's own directories is touched", "{changes}"),
    "environment-not-whole": Objection("after the next sync the environment is whole", "missing: {paths}"),
    "files-missing": Objection(
        "the environment is whole as long as the command runs",
        "{count} of its files are gone or changed, such as {path}", ("process",),
    ),
    "import-failed": Objection(
        "a module that the command imports late is there", "the import failed: {error}", ("process",)
    ),
    "temporary-file-left": Objection(NO_TEMPORARY, "{how}: {paths}"),
    "file-left": Objection("no file of the launcher is left", "left there: {paths}"),
    "call-failed": Objection("{what} works", "timed out: {awaited}: {how}", ("call", "wait", "process")),
    "call-status": Objection("{what} ends with exit code {status}", "it {how}", ("call", "status", "end")),
    "run-disturbed": Objection("the run starts its command and ends with its status, {status}", "{how}", ("end",)),
    "interrupted-late": Objection("Ctrl-C ends the sync within 1 s", "{how}"),
    "interrupted-status": Objection("Ctrl-C ends the sync with exit code 130", "it {how}", ("end",)),
    "prune-waits": Objection("prune ends within 5 s beside a running command", "{how}"),
    "environment-not-pruned": Objection(PRUNES, "environments still there: {paths}"),
    "not-pruned": Objection(PRUNES, PATHS_LEFT),
    "pruned-less": Objection(PRUNES, "still there, though a prune after a completed run removes it: {paths}"),
}  # fmt: skip


def violation(code: str, *events: int, **values: Value) -> Violation:
    """Return the violation of this code, with the events that show it; KeyError where there is no such code, or a value
    of its text is missing."""
    objection = OBJECTIONS[code]
    parameters = {name: values[name] for name in objection.parameters if name in values}
    return Violation(code, parameters, objection.required.format(**values), objection.actual.format(**values), events)
