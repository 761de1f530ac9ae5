"""The history: everything that was observed during one execution, in order. Immutable; JSON lines both ways.

Times are seconds on the monotonic clock since the launcher was started. Only the runner makes histories; checks
and reports read them, and nothing here touches a process.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeVar

import msgspec

from harness import signals
from harness.errors import WrongCall
from harness.scenario import Scenario
from harness.strict import parse_json


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


class Process(_Data, frozen=True):
    """One row of the process table. state: one letter as in proc_pid_stat(5); role: "" where we know none."""

    pid: int
    ppid: int
    pgid: int
    sid: int
    state: str
    name: str
    role: str = ""


class _Fact(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="is"):
    pass


class Started(_Fact, frozen=True, tag="started"):
    """A process that we started; stdio are its descriptors 0, 1 and 2 as we made them."""

    process: str
    pid: int
    argv: tuple[bytes, ...] = ()
    stdio: tuple[Descriptor, ...] = ()


class NotStarted(_Fact, frozen=True, tag="not-started"):
    """The launcher could not be started: the step that failed and its errno."""

    step: str
    errno: int


class Greeted(_Fact, frozen=True, tag="greeted"):
    """A witness reported that it runs. pid is ours to see; in a PID namespace it knows itself by another."""

    process: str
    pid: int
    inherited: Inherited


class Sent(_Fact, frozen=True, tag="sent"):
    """A signal sent by us; errno is 0 where the kernel took it."""

    signal: int
    to: str
    pid: int
    errno: int = 0


class Pressed(_Fact, frozen=True, tag="pressed"):
    key: str


class Typed(_Fact, frozen=True, tag="typed"):
    """Bytes that we typed or wrote to stdin."""

    count: int
    crc: int


class Resized(_Fact, frozen=True, tag="resized"):
    rows: int
    columns: int


class HungUp(_Fact, frozen=True, tag="hung-up"):
    pass


class Ordered(_Fact, frozen=True, tag="ordered"):
    process: str
    text: str


class Answered(_Fact, frozen=True, tag="answered"):
    """A witness did what it was ordered to; error is an errno, 0 for none."""

    process: str
    order: str
    count: int = 0
    crc: int = 0
    error: int = 0


class Viewed(_Fact, frozen=True, tag="viewed"):
    """A witness' answer to the order `look`: its place and the terminal as it sees them now."""

    process: str
    pgid: int
    sid: int
    terminal: TerminalView


class Received(_Fact, frozen=True, tag="received"):
    """A signal that was delivered to a witness: its siginfo; `at` is the witness' own clock reading."""

    process: str
    signal: int
    code: int
    sender: int
    at: float
    sender_role: str = ""


class Stopped(_Fact, frozen=True, tag="stopped"):
    process: str
    signal: int = 0


class Continued(_Fact, frozen=True, tag="continued"):
    process: str


class Ended(_Fact, frozen=True, tag="ended"):
    """A process has ended: of a signal, or with an exit code; neither is known where it was not ours to reap."""

    process: str
    pid: int
    code: int | None = None
    signal: int | None = None


class Output(_Fact, frozen=True, tag="output"):
    """Bytes on the terminal, or on the pipe behind the launcher's stdout or stderr."""

    stream: Literal["terminal", "stdout", "stderr"]
    data: bytes


class Outputs(_Fact, frozen=True, tag="outputs"):
    """All that one stream carried since the last such count: at the end, before and after the order `write`. What
    lies over the limit of what is kept is counted here all the same."""

    stream: Literal["terminal", "stdout", "stderr"]
    count: int
    crc: int


class Held(_Fact, frozen=True, tag="held"):
    """Processes that we keep still; how: by "ptrace", which nobody notices, or by "SIGSTOP"."""

    pids: tuple[int, ...]
    how: str = "ptrace"


class Released(_Fact, frozen=True, tag="released"):
    """What was held goes on."""

    pids: tuple[int, ...]


class Traced(_Fact, frozen=True, tag="traced"):
    """From here on every call of these processes by which they signal or reap is in the history."""

    pids: tuple[int, ...]


class Called(_Fact, frozen=True, tag="called"):
    """The launcher sent a signal: by which call, to which pid (negative: a process group; 0 with
    pidfd_send_signal, which names none) and with what result (0, or a negative errno)."""

    call: str
    pid: int
    signal: int
    result: int


class Reaped(_Fact, frozen=True, tag="reaped"):
    """The launcher has reaped a process; seen while it is traced."""

    process: str
    pid: int


class Settled(_Fact, frozen=True, tag="settled"):
    """Nothing more can come of what was done. how: "quiescent", or "waited" where that could not be read."""

    how: Literal["quiescent", "waited"]
    seconds: float
    reason: str = ""


class Waited(_Fact, frozen=True, tag="waited"):
    """An awaited fact came. idle: the time in seconds in which everyone was seen to be blocked meanwhile."""

    what: str
    seconds: float
    idle: float = 0.0


class Missed(_Fact, frozen=True, tag="missed"):
    """An awaited fact did not come; the script ended here. sure: everyone was quiescent, so it never would have."""

    what: str
    seconds: float
    sure: bool
    last_seen: str


class Looked(_Fact, frozen=True, tag="looked"):
    """The process table and, where there is one, the terminal: its foreground process group and modes."""

    when: Literal["start", "step", "end"]
    processes: tuple[Process, ...]
    foreground: int = 0
    modes: tuple[int, ...] = ()
    characters: str = ""
    rows: int = 0
    columns: int = 0


class Remained(_Fact, frozen=True, tag="remained"):
    """Files that were not there before, relative to the launcher's TMPDIR."""

    paths: tuple[str, ...]


class Unobserved(_Fact, frozen=True, tag="unobserved"):
    """Something could not be observed on this system."""

    what: str
    why: str


class Contained(_Fact, frozen=True, tag="contained"):
    """The harness had to step in: the launcher did more than it may (processes, time)."""

    why: str


Fact = (
    Started | NotStarted | Greeted | Sent | Pressed | Typed | Resized | HungUp | Ordered | Answered | Viewed | Received
    | Stopped | Continued | Ended | Output | Outputs | Held | Released | Traced | Called | Reaped | Settled | Waited
    | Missed | Looked | Remained | Unobserved | Contained
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
    schema: Literal[1]
    target: str
    scenario: Scenario
    containment: str


def to_lines(history: History) -> str:
    """Encode as JSON lines: a head, then one event per line."""
    head = _Head(1, history.target, history.scenario, history.containment)
    encoder = msgspec.json.Encoder()
    return "".join(encoder.encode(row).decode() + "\n" for row in (head, *history.events))


def from_lines(text: str, where: str = "history") -> History:
    """Decode what `to_lines` wrote; raise WrongCall where it is anything else."""
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines:
        raise WrongCall(f"{where}: empty; a history starts with a head line")
    head = parse_json(lines[0], _Head, f"{where}, line 1")
    events = [parse_json(line, Event, f"{where}, line {n}") for n, line in enumerate(lines[1:], 2)]
    return History(head.target, head.scenario, head.containment, tuple(events))


def _safe(text: str, most: int) -> str:
    """Cut text and make it harmless to print."""
    shown = text[:most].encode("unicode_escape").decode("ascii")
    return shown + ("..." if len(text) > most else "")


def _pids(pids: tuple[int, ...]) -> str:
    return "pid " + ", ".join(map(str, pids))


def describe(fact: Fact) -> str:
    """Say in a few words what happened: one line, safe to print. A launcher chooses its own names."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in _words(fact))


def _words(fact: Fact) -> str:
    match fact:
        case Sent(signal=number, to=to, errno=errno):
            return f"we sent {signals.name(number)} to {to}" + (f" (refused, errno {errno})" if errno else "")
        case Received(process=process, signal=number, code=code, sender_role=role, sender=sender):
            cause = "from the kernel" if code == signals.SI_KERNEL else f"from {role or f'pid {sender}'}"
            return f"{process} received {signals.name(number)} {cause}"
        case Ended(process=process, code=code, signal=number):
            how = f"with exit code {code}" if code is not None else f"of {signals.name(number)}" if number else ""
            return f"{process} ended {how}".rstrip()
        case Missed(what=what, seconds=seconds, last_seen=seen, sure=sure):
            why = "everyone was quiescent" if sure else f"gave up after {seconds:.1f} s"
            return f"did not come: {what} ({why}; last seen: {seen})"
        case Started(process=process, pid=pid, argv=argv):
            words = " ".join(word.decode("utf-8", "backslashreplace") for word in argv[:8])
            return f"{process} started as pid {pid}" + (f": {_safe(words, 100)}" if words else "")
        case Called(call=call, pid=pid, signal=number, result=result):
            outcome = f", errno {-result}" if result else ""
            return f"launcher called {call} for pid {pid} with {signals.name(number)}{outcome}"
        case Reaped(process=process, pid=pid):
            return f"launcher reaped {process} (pid {pid})"
        case Ordered(process=process, text=text):
            return f"{process} is told: {_safe(text, 80)}"
        case Answered(process=process, order=order, count=count, error=error):
            return (
                f"{process} did it: {order}" + (f" ({count})" if count else "") + (f", errno {error}" if error else "")
            )
        case Pressed(key=key):
            return f"we pressed {key}"
        case Typed(count=count):
            return f"we typed {count} bytes"
        case Resized(rows=rows, columns=columns):
            return f"we resized the terminal to {rows} rows, {columns} columns"
        case HungUp():
            return "we hung up"
        case Stopped(process=process, signal=number):
            return f"{process} stopped" + (f" of {signals.name(number)}" if number else "")
        case Continued(process=process):
            return f"{process} goes on"
        case Held(pids=pids, how=how):
            return f"we hold {_pids(pids)} still (by {how})" if pids else "we hold nobody: the launcher is the command"
        case Released(pids=pids):
            return f"we let {_pids(pids)} go on"
        case Traced(pids=pids):
            return f"we trace {_pids(pids)}"
        case NotStarted(step=step, errno=errno):
            return f"the launcher could not be started: {step}, errno {errno}"
        case Contained(why=why):
            return f"the harness stepped in: {why}"
        case Remained(paths=paths):
            return f"files left in TMPDIR: {_safe(', '.join(paths), 100)}"
        case Unobserved(what=what, why=why):
            return f"not observed: {what}: {why}"
        case Greeted(process=process, pid=pid):
            return f"{process} runs as pid {pid}"
        case Output(stream=stream, data=data):
            return f"{stream}: {_safe(data.decode('ascii', 'backslashreplace'), 60)}"
        case _:
            shown = msgspec.json.encode(fact).decode()
            return shown if len(shown) <= 120 else shown[:117] + "..."
