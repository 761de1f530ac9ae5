"""Facts of a history in words, for people."""

from __future__ import annotations

import os
import resource
import termios
from collections.abc import Iterator
from errno import errorcode
from typing import Any

import msgspec

from proctor.harness import settings, signals
from proctor.harness.awaited import Awaited, LauncherStarted, LauncherTraceable, OrderDone, OrderTaken, ScriptDone
from proctor.harness.history import (
    Answered,
    CallNotStarted,
    ChoiceRefused,
    Continued,
    CpuUsed,
    DirectiveApplied,
    Ended,
    Executed,
    Fact,
    FilesChanged,
    FlagsChanged,
    Held,
    HelperReady,
    Hidden,
    HungUp,
    IpcLeft,
    LimitExceeded,
    Milestone,
    Notified,
    NotReached,
    NotStarted,
    OpenWait,
    Ordered,
    Output,
    Outputs,
    PeerRefused,
    PipeClosed,
    PointReached,
    Pressed,
    Printed,
    Process,
    ProcessDetails,
    ReadingResumed,
    ReadingStopped,
    Reaped,
    Received,
    Released,
    Resized,
    RestRead,
    Sent,
    SettleEnded,
    SignalCall,
    Snapshot,
    Started,
    StepTaken,
    Stopped,
    TempFilesLeft,
    TerminalState,
    TraceStarted,
    Typed,
    Unobserved,
    WaitEnded,
    WaitFailed,
    WitnessReady,
    is_outside,
)
from proctor.harness.scenario import (
    WaitAnswer,
    WaitContinued,
    WaitEnds,
    WaitMilestone,
    WaitOutput,
    WaitReady,
    WaitReceived,
    WaitStopped,
)


def _safe(text: str, most: int) -> str:
    """Cut text and make it harmless to print."""
    shown = text[:most].encode("unicode_escape").decode("ascii")
    return shown + ("..." if len(text) > most else "")


def process_line(process: ProcessDetails) -> str:
    """Describe a process in one line that is safe to print."""
    parts = [_safe(" ".join(process.command), 200)] if process.command else []
    parts.append(f"{process.cpu_seconds:.2f} s of CPU time")
    parts += [f"open files: {_safe(', '.join(process.files), 200)}"] if process.files else []
    parts += [f"sockets: {_safe(', '.join(process.sockets), 200)}"] if process.sockets else []
    name = process.role or _safe(process.name, 40)
    return harmless(f"{name} (pid {process.pid}): {'; '.join(parts)}").replace("\n", "\\n")


def _pids(pids: tuple[int, ...]) -> str:
    return "pid " + ", ".join(map(str, pids))


def harmless(text: str) -> str:
    """Return text without control characters but line ends: nothing that a terminal or a page would obey."""
    if text.isprintable():  # as most is, and this is asked of a million texts for one report
        return text
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)


def harmless_json(text: str) -> str:
    """Return JSON with the same contents that is harmless to print: what harmless() escapes is escaped as in JSON."""
    return "\n".join(line if line.isprintable() else "".join(map(_json_escape, line)) for line in text.split("\n"))


def _json_escape(character: str) -> str:
    if character.isprintable():
        return character
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def is_dull(fact: Fact) -> bool:
    """Whether a fact says nothing to a person who asks what happened: that we waited, or looked."""
    return isinstance(fact, WaitEnded | SettleEnded | Snapshot | Outputs)


def describe(fact: Fact) -> str:
    """Say in a few words what happened: one line, safe to print. A launcher chooses its own names."""
    return harmless(_words(fact)).replace("\n", "\\n")


def _words(fact: Fact) -> str:
    match fact:
        case Sent(signal=number, to=to, errno=errno):
            return f"we sent {signals.name(number)} to {to}" + (f" (refused, errno {errno})" if errno else "")
        case Received(process=process, signal=number, code=code, sender_role=role, sender=sender):
            cause = "from the kernel" if code == signals.SI_KERNEL else f"from {role or f'pid {sender}'}"
            return f"{process} received {signals.name(number)} {cause}"
        case Ended(process=process):
            is_known = fact.code is not None or fact.signal is not None
            return f"{process} {how_ended(fact) if is_known else 'ended'}"
        case WaitFailed(awaited=what):
            return f"timed out: {awaited(what)} ({timed_out(fact)})"
        case Started(process=process, pid=pid, argv=argv):
            words = " ".join(word.decode("utf-8", "backslashreplace") for word in argv[:8])
            return f"{process} started as pid {pid}" + (f": {_safe(words, 100)}" if words else "")
        case SignalCall(call=call, pid=pid, signal=number, result=result):
            outcome = f", errno {-result}" if result else ""
            return f"launcher called {call} for pid {pid} with {signals.name(number)}{outcome}"
        case Reaped(process=process, pid=pid):
            return f"launcher reaped {process} (pid {pid})"
        case FlagsChanged(fd=fd, before=before, now=now, process=process):
            return f"{process or 'somebody'} changed the flags of descriptor {fd}: {flags_in_words(now, before)}"
        case Ordered(process=process, text=text):
            return f"{process} is told: {_safe(text, 80)}"
        case Answered(process=process, order=order, count=count, error=error, text=text):
            more = (f" ({count})" if count else "") + (f", errno {error}" if error else "")
            return f"{process} did it: {order}{more}" + (f": {_safe(text, 200)}" if text else "")
        case Milestone(process=process, name=name):
            return f"{process} reports: {_safe(name, 60)}"
        case Pressed(key=key):
            return f"we pressed {key}"
        case Typed(count=count):
            return f"we typed {count} bytes"
        case Resized(rows=rows, columns=columns):
            return f"we resized the terminal to {rows} rows, {columns} columns"
        case HungUp():
            return "we hung up"
        case PipeClosed(stream=stream):
            return f"we closed our end of {stream}"
        case ReadingStopped(stream=stream):
            return f"we stopped reading {stream}"
        case ReadingResumed(stream=stream, most=most):
            return f"we read {most} bytes of {stream}" if most else f"we read {stream} again"
        case RestRead(data=rest, count=number_left):
            return f"{number_left} bytes were left in stdin" + (f": {shortened(rest)}" if rest else "")
        case CpuUsed(seconds=seconds, during=during, program=program):
            mostly = f", most of it {_safe(program, 20)}" if program else ""
            return f"without anything to do, {seconds:.2f} s of CPU time were used in {during:.2f} s{mostly}"
        case Stopped(process=process, signal=number):
            return f"{process} stopped" + (f" of {signals.name(number)}" if number else "")
        case Continued(process=process):
            return f"{process} goes on"
        case PointReached(at=point):
            return f"{point}"
        case DirectiveApplied(directive=directive, what=what):
            return f"schedule, {what}: {directive}"
        case NotReached(directive=directive):
            return f"schedule, not reached: {directive}"
        case StepTaken(actor=actor, call=call, when=when, took=took):
            of = f": {call} {when}" if call and call != "birth" else f": {call}" if call else ""
            return f"order: {actor}{of}" + "".join(f", takes {signals.name(number)}" for number in took)
        case ChoiceRefused(choice=choice, number=number):
            return f"order, choice {number}: it was not possible to {choice}"
        case Held(pids=pids, how=how):
            return f"we hold {_pids(pids)} still (by {how})" if pids else "we hold nobody: the launcher is the command"
        case Released(pids=pids):
            return f"we let {_pids(pids)} go on"
        case TraceStarted(pids=pids):
            return f"we trace {_pids(pids)}"
        case NotStarted(step=step, errno=errno):
            return f"the launcher could not be started: {step}, errno {errno}"
        case CallNotStarted(process=process, step=step, errno=errno):
            return f"{process} could not be started: {step}, errno {errno}"
        case LimitExceeded():
            return f"limit exceeded: {exceeded(fact)}"
        case ProcessDetails():
            return f"still there: {process_line(fact)}"
        case TempFilesLeft(paths=paths):
            return f"files left: {_safe(', '.join(paths), 100)}"
        case IpcLeft(objects=objects):
            return f"left behind: {_safe(', '.join(objects), 100)}"
        case Executed(process=process, pid=pid):
            return f"{process} (pid {pid}) executes {_command_line(fact)}"
        case HelperReady(process=process, pid=pid):
            return f"{process} runs as pid {pid}, and waits to be told to go on"
        case FilesChanged(when=when, changes=changes, count=total):
            first = ", ".join(f"{change.path} {change.how}" for change in changes[:3])
            return f"directories, {when}: {total} differences" + (f": {_safe(first, 200)}" if first else "")
        case Printed(process=process, data=printed):
            return f"{process} printed: {_safe(printed.decode('ascii', 'backslashreplace'), 200)}"
        case Notified(pid=pid, text=text):
            return f"the service manager is told {_safe(text, 60)!r} by pid {pid}"
        case PeerRefused():
            return f"refused: {refused(fact)}"
        case Unobserved():
            return f"not observed: {unseen(fact)}"
        case TerminalState(process=process, pgid=pgid, sid=sid, terminal=terminal):
            seen = f"terminal of {terminal.rows} rows, {terminal.columns} columns, foreground {terminal.foreground}"
            where = f"process group {pgid}, session {sid}"
            return f"{process} looks: {where}, " + (seen if terminal.dev_tty == 0 else "no terminal")
        case WitnessReady(process=process, pid=pid):
            return f"{process} runs as pid {pid}"
        case Output(stream=stream, data=data):
            return f"{stream}: {_safe(data.decode('ascii', 'backslashreplace'), 60)}"
        case _:
            shown = msgspec.json.encode(fact).decode()
            return shown if len(shown) <= 120 else shown[:117] + "..."


# -- parts of facts in words


def the(process: str) -> str:
    """Return what a process is called in a sentence."""
    return f"the {process}" if process in ("launcher", "command", "shell", "daemon", "parent") else process


def awaited(what: Awaited) -> str:
    """Say what was waited for, as a clause: "the command receives SIGTERM"."""
    match what:
        case WaitReceived(process=process):
            return f"{the(process)} receives {comes(what)}"
        case WaitOutput():
            return f"the terminal shows {comes(what)}"
        case LauncherStarted() | LauncherTraceable():
            return f"the launcher {comes(what)}"
        case ScriptDone():
            return f"the script {comes(what)}"
        case _:
            return f"{the(what.process)} {comes(what)}"


def comes(what: Awaited) -> str:
    """Say what was to come of the process or the terminal, as a label: "ends", "SIGTERM"."""
    match what:
        case WaitReceived(signal=number):
            return signals.name(number)
        case WaitEnds():
            return "ends"
        case WaitReady():
            return "starts"
        case WaitStopped():
            return "stops"
        case WaitContinued():
            return "continues"
        case WaitAnswer(order=order):
            return f"answers {order}"
        case WaitMilestone(name=name):
            return f"reports {name!r}"
        case WaitOutput(text=text):
            return repr(text)
        case OrderTaken(order=order):
            return f"takes the order '{order}'"
        case OrderDone(order=order):
            return f"carries out the order '{order}'"
        case LauncherStarted():
            return "is started"
        case LauncherTraceable():
            return "can be traced"
        case ScriptDone():
            return "comes to its end"


def how_ended(ended: Ended) -> str:
    """Say how a process ended, as a predicate: "ended with exit code 3"."""
    if ended.signal is not None:
        return f"ended by {signals.name(ended.signal)}"
    if ended.code is not None:
        return f"ended with exit code {ended.code}"
    return "ended (its exit status could not be observed)"


def times(count: int) -> str:
    """Say how often."""
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count} times")


def process(row: Process) -> str:
    """Say which process this is, and its state."""
    return f"{row.role or repr(row.name)} (pid {row.pid}, state {row.state})"


def shortened(data: bytes | str, most: int = 60) -> str:
    """Return the beginning of what was printed or passed, quoted."""
    shown = repr(data[:most]).removeprefix("b")
    return shown if len(data) <= most else f"{shown}... ({len(data)} in all)"


def timed_out(missed: WaitFailed) -> str:
    """Say how a wait failed: why it was given up, and which processes were left."""
    why = "all processes were idle" if missed.sure else f"not within {missed.seconds:.1f} s"
    if missed.spins:
        why += (
            f"; given up, because something only computed meanwhile: {missed.ran:.1f} s of CPU time "
            f"({settings.START_WITHIN}=120 in the environment gives it more)"
        )
    elif missed.ran:
        why += f", in most of which something was running: {missed.ran:.1f} s of CPU time"
    still = "".join(f"; {open_wait(wait)}" for wait in missed.open)
    return f"{why}{still}; {left(missed.last_seen)}"


def still_open(missed: WaitFailed) -> str:
    """Say that a command was not started because the launcher waits for something outside, and what to do."""
    return (
        f"the launcher did not start its command within {missed.seconds:.0f} s: "
        f"{'; '.join(open_wait(wait) for wait in missed.open if is_outside(wait))}. This says nothing about the "
        "launcher. Start what it waits for, or free it; where that only takes long, give it more time: "
        f"{settings.START_WITHIN}=120 in the environment"
    )


def open_wait(wait: OpenWait) -> str:
    """Say what a process waits for that Proctor does not see."""
    whose = f"{the(wait.name) if wait.name else 'a process'}" + (f" (pid {wait.pid})" if wait.pid else "")
    match wait.why:
        case "outside":
            what = wait.link or "something outside"
            return f"{whose} waits in {wait.call} for {what}, which processes outside of Proctor's sight may use"
        case "relays":
            return f"{whose} has a pseudo-terminal of its own, on which something may be on its way"
        case "unreadable":
            return f"{whose} may not be looked at, so what it waits for is unknown"
        case "unknown-call":
            return f"{whose} waits in system call {wait.call}, and Proctor does not know what ends that"
        case "unknown-timeout":
            return f"{whose} waits in {wait.call}, whose timeout cannot be read"
        case "other-table":
            return f"{whose} waits in a system call of another table (such as i386's), which Proctor does not know"
        case "no-call":
            return f"{whose} waits outside of any system call"
        case "timer":
            return "a timer may be set whose time cannot be read (timer_create(2), setitimer(2))"


def left(processes: tuple[Process, ...]) -> str:
    """Say which processes were there."""
    rows = ", ".join(f"{p.role or p.name} (pid {p.pid}) {p.state}" for p in processes)
    return f"left: {rows}" if rows else "none was left"


def hidden(why: Hidden) -> str:
    """Say why a fact may have come unseen."""
    if why.why == "traced":
        return f"{the(why.process)} is traced by the launcher"
    return "the launcher was not found among the shell's children"


def unseen(fact: Unobserved) -> str:
    """Say what could not be observed, and why."""
    match fact.code:
        case "ptrace-refused":
            return (
                f"the launcher's calls: ptrace is refused: {fact.detail or 'no reason given'}; see "
                "kernel.yama.ptrace_scope and a container's seccomp profile"
            )
        case "launcher-uses-ptrace":
            return "the launcher's calls: the launcher uses ptrace(2) itself, which fails while it is traced"
        case "signal-ended-by-exec":
            return (
                "what becomes of the signal: another thread took it, because the first one was held, and was ended by "
                "execve(2) before it had acted on it; a first thread that is not held takes the signal itself"
            )
        case "call-not-failed":
            return f"a call that fails: that of pid {fact.pid} could not be made to fail: {fact.detail}"
        case "other-program":
            return f"the command: pid {fact.pid} reports as the command does, but runs another program"
        case "launcher-not-found":
            return "the launcher: the command is not below the shell"
        case "pid-not-reused":
            return "a reused pid: only root in a PID namespace of its own can choose the next pid"
        case "program-not-installed":
            return f"{fact.detail}: not installed beside Proctor"
        case "sshd-without-tty-group":
            return (
                "a login over ssh: sshd cannot give its terminal to the group tty here; run as root, or mount devpts "
                "with gid=5 (devpts(5))"
            )
        case "no-other-python":
            return "another interpreter: no other supported version of Python that can make environments is on PATH"


def executed_before(programs: list[Executed]) -> str:
    """Say which programs a process has executed before the last one."""
    return f"the same process executed before: {'; '.join(map(_command_line, programs[:-1]))}"


def _command_line(fact: Executed) -> str:
    return _safe(repr(b" ".join(fact.argv).decode("utf-8", "backslashreplace")), 200)


def refused(fact: PeerRefused) -> str:
    """Say which process was refused at a socket of the runner, and why."""
    who = f"pid {fact.pid} of user {fact.uid}" if fact.pid else f"a process of user {fact.uid}"
    did = "sends to NOTIFY_SOCKET" if fact.at == "notify" else "connects as the command does"
    match fact.why:
        case "outside":
            where = "is no descendant of the launcher" if fact.pid else "is outside of the PID namespace"
            return f"{who} {did}, but {where}"
        case "unknown":
            return f"{who} {did}, and has ended before it was known whether it is a descendant of the launcher"
        case "silent":
            return f"{who} {did}, but reports nothing, as do many others"


def exceeded(limit: LimitExceeded) -> str:
    """Say which limit was exceeded, and what the harness did."""
    if limit.what == "events":
        return f"more than {limit.most} events: the rest is not recorded"
    return f"more than {limit.most} {limit.what} at once: all were ended"


# -- settings in words

_MODES: dict[str, dict[str, str]] = {
    "input flags": {"ICRNL": "CR to NL", "INLCR": "NL to CR", "IGNCR": "ignore CR", "IXON": "flow control"},
    "output flags": {"OPOST": "output processing", "ONLCR": "NL to CR-NL"},
    "control flags": {},
    "local flags": {
        "ECHO": "echo", "ICANON": "canonical mode", "ISIG": "signals from keys", "IEXTEN": "extended input",
        "TOSTOP": "stop of background output",
    },
}  # fmt: skip


STATUS_FLAGS = {"O_NONBLOCK": os.O_NONBLOCK, "O_APPEND": os.O_APPEND, "O_ASYNC": os.O_ASYNC}
"""The file status flags that fcntl(2) changes and that have an effect on a terminal; the others are of files."""
ANY_STATUS_FLAG = sum(STATUS_FLAGS.values())


def flags_in_words(value: int, other: int) -> str:
    """Return those status flags in words that differ from the other's."""
    differing = {name: bit for name, bit in STATUS_FLAGS.items() if (value ^ other) & bit}
    return ", ".join(f"{name} {'on' if value & bit else 'off'}" for name, bit in differing.items())


def terminal_setting(what: str, value: Any, other: Any) -> str:
    """Return a setting of a terminal in words, where it differs from the other: its modes, characters, size, status
    flags."""
    if what == "status flags":
        return flags_in_words(value, other)
    if what == "modes":
        told = [word for field, here, there in zip(_MODES, value, other, strict=False)
                for word in _flags(field, here, there)]  # fmt: skip
        return ", ".join(told) or "none"
    if what == "isatty":
        return "descriptors " + (", ".join(str(fd) for fd, is_one in enumerate(value) if is_one) or "none")
    if what == "dev_tty":
        return f"/dev/tty: cannot be opened ({errorcode.get(value, value)})" if value else "can be opened"
    return str(value)


def _flags(field: str, here: int, there: int) -> Iterator[str]:
    """Yield the flags of one field that differ; those without a name as a number."""
    differing = here ^ there
    for name, word in _MODES[field].items():
        bit = getattr(termios, name)
        if differing & bit:
            differing &= ~bit
            yield f"{word} {'on' if here & bit else 'off'}"
    if differing:
        yield f"other {field} {here & differing:#o}"


def limit(number: int, soft: int, hard: int) -> str:
    """Return a resource limit in words: "RLIMIT_NOFILE 200 (hard 300)". -1 is no limit."""
    known = sorted((name for name in vars(resource) if name.startswith("RLIMIT_")), reverse=True)
    names = {getattr(resource, name): name for name in known}  # RLIMIT_OFILE is an old name of RLIMIT_NOFILE
    shown = ["unlimited" if value == -1 else str(value) for value in (soft, hard)]
    return f"{names.get(number, f'limit {number}')} {shown[0]} (hard {shown[1]})"
