"""The history: everything that was observed during one execution, in order. Immutable; JSON lines both ways.

Times are seconds on the monotonic clock since the launcher was started. Only the runner makes histories; checks
and reports read them, and nothing here touches a process.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, TypeVar

import msgspec

from proctor.harness.awaited import Awaited
from proctor.harness.errors import UsageError
from proctor.harness.orders import OrderToWitness
from proctor.harness.scenario import OutputPipe, Pipe, Scenario
from proctor.harness.schedule import Choice, Directive, Point
from proctor.harness.strict import kebab, other_schema, parse_json, raw_json

SCHEMA: Literal[2] = 2
"""Of the histories that are read and written here."""
When = Literal["entry", "exit"]
How = Literal["done", "held", "let go", "forced"]
Difference = Literal["created", "changed", "removed"]
Prose = Annotated[str, msgspec.Meta(extra={"prose": True})]
"""Text for people. No program reads it: a test replaces it, and all verdicts stay the same."""
Limit = Literal["processes", "threads", "events"]
Unseen = Literal[
    "ptrace-refused",
    "launcher-uses-ptrace",
    "other-program",
    "launcher-not-found",
    "pid-not-reused",
    "no-other-python",
    "program-not-installed",
    "sshd-without-tty-group",
    "signal-ended-by-exec",
    "call-not-failed",
]


WhyOpen = Literal[
    "outside", "relays", "unreadable", "unknown-call", "unknown-timeout", "other-table", "no-call", "timer"
]
"""Why a wait may end by what we do not see. outside: somebody whom we do not watch may end it. relays: the process has
a pseudo-terminal of its own, on which something may be on its way. unreadable: /proc does not show what it waits
for. unknown-call: we do not know what ends this call. unknown-timeout: the call has a timeout that cannot be read.
other-table: the call was made by the numbers of another system call table, such as i386's. no-call: it waits, but in
no call. timer: a timer is set whose time cannot be read."""


WhyRefused = Literal["outside", "unknown", "silent"]
"""Why a peer is refused. outside: it is no descendant of the runner. unknown: another user's, and it has ended before
that could be found out. silent: it had reported nothing yet, and there were too many others."""
OwnSocket = Literal["witness", "notify"]
"""A socket of the runner: the one to which the command reports, or NOTIFY_SOCKET."""


class _Data(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class Descriptor(_Data, frozen=True):
    """One open file descriptor; dev and ino say which file it is."""

    fd: int
    dev: int
    ino: int
    rdev: int = 0
    mode: int = 0
    flags: int = 0
    owner: int = 0
    """The process, or minus the process group, that gets a signal on input (F_GETOWN); 0 for none; fcntl(2)."""
    signal: int = 0
    """By which signal (F_GETSIG), 0 for SIGIO."""


class TerminalView(_Data, frozen=True):
    """The terminal as a process sees it; dev_tty is the errno of opening /dev/tty, 0 for none."""

    isatty: tuple[bool, ...]
    dev_tty: int
    rows: int
    columns: int
    foreground: int
    modes: tuple[int, ...]
    characters: str = ""
    """The special characters (c_cc), in hex: Ctrl-C may be another key, or none."""


class Inherited(_Data, frozen=True):
    """What a process was started with."""

    pid: int
    ppid: int
    pgid: int
    sid: int
    uid: int
    gid: int
    groups: tuple[int, ...]
    blocked: tuple[int, ...]
    ignored: tuple[int, ...]
    fds: tuple[Descriptor, ...]
    limits: tuple[tuple[int, int, int], ...]
    terminal: TerminalView
    umask: int
    nice: int
    cwd: bytes
    args: tuple[bytes, ...]
    environ: tuple[bytes, ...]
    attributes: dict[str, str] = {}
    """What else the kernel keeps for a process, by the names in conformance/spec/inherit.md; what the system does not
    have is not there. A namespace of the runner is "the runner's": its number may change from run to run."""


class Process(_Data, frozen=True):
    """One row of the process table. state: one letter as in proc_pid_stat(5); role: "" where we know none."""

    pid: int
    ppid: int
    pgid: int
    sid: int
    state: str
    name: str
    role: str = ""


class OpenWait(_Data, frozen=True):
    """A wait that may end by what we do not see: whose, why, in which call ("" where that does not matter), for what
    (the link in /proc/PID/fd, or what more could be found out about it)."""

    pid: int
    why: WhyOpen
    call: str = ""
    link: Prose = ""
    name: str = ""
    """The process' role, or its name."""


def is_outside(wait: OpenWait) -> bool:
    """Whether it is somebody else who may end a wait; a relay and a timer of its own are the launcher's matter."""
    return wait.why not in ("relays", "timer", "unknown-timeout")


class _Fact(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="is", tag=kebab):
    pass


class Started(_Fact, frozen=True):
    """A process that we started; stdio are its descriptors 0, 1 and 2 as we made them."""

    process: str
    pid: int
    argv: tuple[bytes, ...] = ()
    stdio: tuple[Descriptor, ...] = ()


class NotStarted(_Fact, frozen=True):
    """The launcher could not be started: the step that failed and its errno."""

    step: str
    errno: int


class CallNotStarted(_Fact, frozen=True):
    """A call beside the first one could not be started, such as the tool of an environment that lacks it: the step
    that failed and its errno."""

    process: str
    step: str
    errno: int


class WitnessReady(_Fact, frozen=True):
    """A witness reported that it runs. pid is ours to see; in a PID namespace it knows itself by another. cpu_seconds,
    page_faults: what the command, its ancestors, and all that these and the runner have reaped, have used by then."""

    process: str
    pid: int
    inherited: Inherited
    cpu_seconds: float = 0.0
    page_faults: int = 0


class HelperReady(_Fact, frozen=True):
    """A process that is no witness, but one of ours that the launcher starts, reports that it runs: "backend"."""

    process: str
    pid: int


class Sent(_Fact, frozen=True):
    """A signal sent by us; errno is 0 where the kernel took it. cause: the index of the event that tells of the
    directive by which it was sent, None where a step of the script sent it."""

    signal: int
    to: str
    pid: int
    errno: int = 0
    cause: int | None = None


class Pressed(_Fact, frozen=True):
    """A key that we pressed; cause: as with Sent."""

    key: str
    cause: int | None = None


class Typed(_Fact, frozen=True):
    """Bytes that we typed or wrote to stdin."""

    count: int
    crc: int


class Resized(_Fact, frozen=True):
    rows: int
    columns: int


class HungUp(_Fact, frozen=True):
    pass


class PipeClosed(_Fact, frozen=True):
    """We closed our end of a pipe that is the launcher's stdin, stdout or stderr."""

    stream: Pipe


class ReadingStopped(_Fact, frozen=True):
    """From here on we read nothing of what is written to a pipe."""

    stream: OutputPipe


class ReadingResumed(_Fact, frozen=True):
    """We read on; only so many bytes, if `most` is not 0."""

    stream: OutputPipe
    most: int = 0


class RestRead(_Fact, frozen=True):
    """What was left in the pipe on stdin, which we have read: the first part of it, and the number of all bytes."""

    data: bytes
    count: int


class Ordered(_Fact, frozen=True):
    process: str
    order: OrderToWitness

    @property
    def text(self) -> str:
        """The order as it goes over the witness' socket."""
        return str(self.order)


class Answered(_Fact, frozen=True):
    """A witness did what it was ordered to; error is an errno, 0 for none."""

    process: str
    order: str
    count: int = 0
    crc: int = 0
    error: int = 0
    text: str = ""


class Milestone(_Fact, frozen=True):
    """A real program, as the command, reports that it has come to a point of its own, such as "saved"."""

    process: str
    name: str


class TerminalState(_Fact, frozen=True):
    """A witness' answer to the order `look`: its place and the terminal as it sees them now."""

    process: str
    pgid: int
    sid: int
    terminal: TerminalView


class Received(_Fact, frozen=True):
    """A signal that was delivered to a witness: its siginfo; `at` is the witness' own clock reading. answers: the index
    of the event by which it was sent, None where we did not send it. The kernel does not tell which of several alike
    this is: it is taken to be the first that this process has not received yet."""

    process: str
    signal: int
    code: int
    sender: int
    at: float
    sender_role: str = ""
    answers: int | None = None


class Stopped(_Fact, frozen=True):
    process: str
    signal: int = 0


class Continued(_Fact, frozen=True):
    process: str


class Ended(_Fact, frozen=True):
    """A process has ended: of a signal, or with an exit code; neither is known where it was not ours to reap."""

    process: str
    pid: int
    code: int | None = None
    signal: int | None = None


class Output(_Fact, frozen=True):
    """Bytes on the terminal, or on the pipe behind the launcher's stdout or stderr."""

    stream: Literal["terminal", "stdout", "stderr"]
    data: bytes


class Outputs(_Fact, frozen=True):
    """All that one stream carried since the last such count: at the end, before the order `write`, and when all was
    quiescent after it. What lies over the limit of what is kept is counted here all the same."""

    stream: Literal["terminal", "stdout", "stderr"]
    count: int
    crc: int


class Held(_Fact, frozen=True):
    """Processes that we keep still; how: by "ptrace", which nobody notices, or by "SIGSTOP"."""

    pids: tuple[int, ...]
    how: str = "ptrace"


class Released(_Fact, frozen=True):
    """What was held goes on."""

    pids: tuple[int, ...]


class TraceStarted(_Fact, frozen=True):
    """From here on every call of these processes by which they signal or reap is in the history."""

    pids: tuple[int, ...]


class SignalCall(_Fact, frozen=True):
    """The launcher sent a signal: by which call, to which pid (negative: a process group; 0 with
    pidfd_send_signal, which names none) and with what result (0, or a negative errno)."""

    call: str
    pid: int
    signal: int
    result: int


class PointReached(_Fact, frozen=True):
    """A task reached a schedule point (see harness/schedule.py). by: at its birth, the exit of the call that made it.
    Where all points are recorded: the signal whose disposition the call is about, and those that the task blocks,
    ignores and catches there, bit N-1 for signal N; path: the file that the call is about. programs: where the schedule
    names the point, the program that the launcher has executed last, then those of the processes that it has made up to
    here, in order; "" for a process that has executed none, "command" for the command. Where it is recorded which calls
    can fail: argument: of write(2) the number of bytes, of open(2) and openat(2) the flags; restarted: the signals
    whose handlers let a call begin again (SA_RESTART), as a mask like the others."""

    at: Point
    by: Point | None = None
    about: int = 0
    blocked: int = 0
    ignored: int = 0
    caught: int = 0
    programs: tuple[str, ...] = ()
    path: str = ""
    argument: int = 0
    restarted: int = 0


class DirectiveApplied(_Fact, frozen=True):
    """A directive is carried out, or what it held goes on; forced: though what was waited for had not come, as nobody
    else could go on."""

    directive: Directive
    what: How


class NotReached(_Fact, frozen=True):
    """A point of the schedule was never passed: what was to be done there was not."""

    directive: Directive


class Able(_Data, frozen=True):
    """A task or a stimulus that could have been chosen, and what it would do next, such as "wait4 entry"."""

    actor: str
    does: str


class StepTaken(_Fact, frozen=True):
    """Under an order: the task that was chosen has come to its next stop, or the stimulus was given. actor: "child1",
    or the stimulus as text. able: who could have been chosen. call: the visible call that it made, or from which it
    returned; objects: what that is about, such as "path:/tmp/x", "process:child1"; result: what it returned, of a step
    that begins there. before, after: the signals that the task blocks, ignores and catches, bit N-1 for
    signal N; None where it is not there any more. took: the signals that it acted on. waits: the call in which it is
    blocked now, "?" for one that is not visible. timeout: that wait can end by time alone. has_ended, is_command: it
    has ended, or executed the command. parent: which process created its
    process, even if that one has ended. threads: it has more than one. shares_memory: at its birth, it has memory that
    it may share with others, mmap(2) with MAP_SHARED."""

    actor: str
    able: tuple[Able, ...] = ()
    part: int = 1
    call: str = ""
    when: When = "entry"
    objects: tuple[str, ...] = ()
    result: int | None = None
    before: tuple[int, int, int] | None = None
    after: tuple[int, int, int] | None = None
    took: tuple[int, ...] = ()
    waits: str = ""
    timeout: bool = False
    has_ended: bool = False
    is_command: bool = False
    parent: str = ""
    threads: bool = False
    shares_memory: bool = False


class ChoiceRefused(_Fact, frozen=True):
    """A choice of an order could not be carried out, as that task could not go on: the rest of the order was left out.
    number: its place, from 1."""

    choice: Choice
    number: int


class Reaped(_Fact, frozen=True):
    """The launcher has reaped a process; seen while it is traced."""

    process: str
    pid: int


class Executed(_Fact, frozen=True):
    """The launcher's process has executed a program, with these first words of its command line; execve(2). process: as
    in schedule points."""

    process: str
    pid: int
    argv: tuple[bytes, ...]


class FlagsChanged(_Fact, frozen=True):
    """The file status flags of the launcher's descriptor 0, 1 or 2 have changed, of all who share the open file
    description; fcntl(2). process: the task whose call it was; "" where that is not known."""

    fd: int
    before: int
    now: int
    process: str = ""


class SettleEnded(_Fact, frozen=True):
    """Nothing more can come of what was done. how: "quiescent", or "waited" where that is not certain. open: waits
    that might still have ended."""

    how: Literal["quiescent", "waited"]
    seconds: float
    reason: Prose = ""
    open: tuple[OpenWait, ...] = ()


class CpuUsed(_Fact, frozen=True):
    """The CPU time in seconds that all processes but the witnesses used in `during` seconds, while nothing was asked of
    them. ready: whether one was ready to run at most looks. program: what the one runs that used most."""

    seconds: float
    during: float
    ready: bool
    program: str = ""


class WaitEnded(_Fact, frozen=True):
    """An awaited fact came. idle: the time in seconds in which all processes were seen to be blocked meanwhile."""

    awaited: Awaited
    seconds: float
    idle: float = 0.0


class Hidden(_Data, frozen=True):
    """Why a fact may have come unseen. launcher-not-found: the shell's children do not show which is the launcher.
    traced: the launcher traces this process, so its stops are not seen (ptrace(2)); strace is such a launcher."""

    why: Literal["launcher-not-found", "traced"]
    process: str = ""


class WaitFailed(_Fact, frozen=True):
    """An awaited fact did not come; the script ended here. sure: all processes were quiescent, so it never would have.
    last_seen: the processes that were there. hidden: why the fact could not have been seen, None where it could. step:
    the index of the script's step that waited for it; None for what the runner itself waits for, such as the start.
    open: waits that might still have ended, and the fact come. ran: the CPU time in seconds, if that was
    most of the time. spins: it was given up early because nothing happened but that."""

    awaited: Awaited
    seconds: float
    sure: bool
    last_seen: tuple[Process, ...] = ()
    hidden: Hidden | None = None
    step: int | None = None
    open: tuple[OpenWait, ...] = ()
    ran: float = 0.0
    spins: bool = False


class Snapshot(_Fact, frozen=True):
    """The process table and, where there is one, the terminal: its foreground process group and modes. flags: the file
    status flags of the launcher's 0, 1 and 2, which are one open file description; fcntl(2), F_GETFL."""

    when: Literal["start", "step", "end"]
    processes: tuple[Process, ...]
    foreground: int = 0
    modes: tuple[int, ...] = ()
    characters: str = ""
    rows: int = 0
    columns: int = 0
    flags: int = 0


class ProcessDetails(_Fact, frozen=True):
    """A process that was still there at the end, for people to read. No check uses this: CPU times are never the same,
    and what may be read differs. command, files, sockets: the first of them."""

    pid: int
    name: str
    role: str = ""
    command: tuple[str, ...] = ()
    cpu_seconds: float = 0.0
    files: tuple[str, ...] = ()
    sockets: tuple[str, ...] = ()


class TempFilesLeft(_Fact, frozen=True):
    """Files that the launcher has created: relative to its TMPDIR, or absolute in a directory for all programs."""

    paths: tuple[str, ...]


class IpcLeft(_Fact, frozen=True):
    """IPC objects that were not there before, in words: System V's, POSIX shared memory, semaphores and queues. They
    are seen only where the execution had an IPC namespace."""

    objects: tuple[str, ...]


class FileChange(_Data, frozen=True):
    """One thing that is not as it was. path: beginning with HOME, WORK or TMPDIR. kind: file, directory, link, other.
    own: whether it is in a directory that is the launcher's own; kept: whether the target declares that it may be
    left there."""

    path: str
    kind: str
    how: Difference
    own: bool = False
    kept: bool = False


class FilesChanged(_Fact, frozen=True):
    """How the launcher's directories differ from what they were before; count: how many differences there are, of
    which the first are given. environments: the directories that are one of Python's, new or not; PEP 405. project:
    the path of the project's environment, or a pattern for it (glob(7)), written as the paths of changes are."""

    when: str
    changes: tuple[FileChange, ...]
    count: int
    environments: tuple[str, ...] = ()
    project: str = "WORK/.venv"


class Printed(_Fact, frozen=True):
    """What a call of the launcher beside the first one has printed, up to its end."""

    process: str
    data: bytes


class Notified(_Fact, frozen=True):
    """A message to the service manager, and the pid that the kernel says it comes from; sd_notify(3)."""

    pid: int
    text: str


class Unobserved(_Fact, frozen=True):
    """Something could not be observed. code: what, and why. pid: the process that is to blame, 0 for none. detail: what
    the system said."""

    code: Unseen
    pid: int = 0
    detail: Prose = ""


class PeerRefused(_Fact, frozen=True):
    """A process wrote to a socket of the runner, and was not served. pid: 0 where it is outside of the runner's PID
    namespace; uid: its user, both according to the kernel; unix(7), SO_PEERCRED."""

    pid: int
    uid: int
    why: WhyRefused
    at: OwnSocket = "witness"


class LimitExceeded(_Fact, frozen=True):
    """The launcher had more at once than it may. Of events the rest is not recorded; otherwise all processes were
    ended."""

    what: Limit
    most: int


Fact = (
    Started | NotStarted | CallNotStarted
    | WitnessReady | Sent | Pressed | Typed | Resized | HungUp | PipeClosed | ReadingStopped | ReadingResumed | RestRead
    | Ordered
    | Answered | Milestone | TerminalState | Received
    | Stopped | Continued | Ended | Output | Outputs | Held | Released | TraceStarted | SignalCall | PointReached
    | DirectiveApplied | NotReached
    | Reaped | SettleEnded | CpuUsed | WaitEnded | WaitFailed | Snapshot | TempFilesLeft | Unobserved | LimitExceeded
    | HelperReady | FilesChanged | Printed
    | Notified | ProcessDetails | FlagsChanged | IpcLeft | PeerRefused | Executed | StepTaken | ChoiceRefused
)  # fmt: skip

F = TypeVar("F", bound=_Fact)


class Event(_Data, frozen=True):
    """One observed fact: its place in the history, when (seconds), and who observed it or did it."""

    index: int
    time: float
    source: str
    fact: Fact


class History(_Data, frozen=True):
    """The events of one execution of `scenario` by `target` (its name), and how it was contained."""

    target: str
    scenario: Scenario
    containment: str
    events: tuple[Event, ...]

    def all(self, kind: type[F]) -> Iterator[tuple[Event, F]]:
        """Yield the events whose fact is of this kind, in order, each with its fact."""
        for event in self.events:
            if isinstance(event.fact, kind):
                yield event, event.fact

    def facts(self, kind: type[F]) -> list[F]:
        """Return the facts of this kind, in order."""
        return [fact for _, fact in self.all(kind)]


class _Head(_Data, frozen=True):
    schema: Literal[2]
    target: str
    scenario: Scenario
    containment: str


def to_lines(history: History) -> str:
    """Encode as JSON lines: a head, then one event per line."""
    head = _Head(SCHEMA, history.target, history.scenario, history.containment)
    encoder = msgspec.json.Encoder()
    return "".join(encoder.encode(row).decode() + "\n" for row in (head, *history.events))


def from_lines(text: str, where: str = "history") -> History:
    """Decode what `to_lines` wrote; UsageError for anything else."""
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines:
        raise UsageError(f"{where}: empty; a history starts with a head line")
    first = raw_json(lines[0], f"{where}, line 1")
    schema = first.get("schema", SCHEMA) if isinstance(first, dict) else SCHEMA
    if schema != SCHEMA:  # before all else: another schema has other keys
        raise UsageError(f"{where}, line 1: {other_schema(schema, SCHEMA, 'Record it again by playing its scenario')}")
    head = parse_json(lines[0], _Head, f"{where}, line 1")
    events = [parse_json(line, Event, f"{where}, line {n}") for n, line in enumerate(lines[1:], 2)]
    return History(head.target, head.scenario, head.containment, tuple(events))
