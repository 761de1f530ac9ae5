"""Literal histories for the tests of checks and of the judge: facts in, a history out. No process anywhere.

In all of them the launcher is pid 10, its command pid 11; the bare command stands in the launcher's place.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import msgspec

from proctor.conformance.checks.common import NotApplicable, NotObservable
from proctor.harness import signals
from proctor.harness.awaited import Awaited, OrderDone, OrderTaken
from proctor.harness.history import (
    Answered,
    Descriptor,
    Ended,
    Event,
    Fact,
    FileChange,
    FilesChanged,
    HelperReady,
    Hidden,
    History,
    Inherited,
    LimitExceeded,
    Notified,
    NotStarted,
    OpenWait,
    Printed,
    Process,
    Received,
    Sent,
    Snapshot,
    Started,
    TerminalView,
    Unobserved,
    WaitEnded,
    WaitFailed,
    WitnessReady,
)
from proctor.harness.orders import parse
from proctor.harness.scenario import (
    Scenario,
    Stage,
    WaitAnswer,
    WaitContinued,
    WaitEnds,
    WaitOutput,
    WaitReady,
    WaitReceived,
    WaitStopped,
)
from proctor.harness.schedule import signal_number
from proctor.harness.violation import Violation

Check = Callable[[History, History], list[Violation]]

LAUNCHER, COMMAND, LEADER = 10, 11, 9
BEFORE = -1
"""Cause of a signal: the directive that is the event before it."""
MODES = (1280, 5, 191, 35387)
CHARACTERS = "031c7f1504"
STDIO = tuple(Descriptor(fd, dev=20, ino=30 + fd) for fd in range(3))
NO_TERMINAL = TerminalView(isatty=(False, False, False), dev_tty=6, rows=0, columns=0, foreground=-1, modes=())
TERMINAL = TerminalView((True, True, True), 0, 24, 80, foreground=LAUNCHER, modes=MODES, characters=CHARACTERS)
INHERITED = Inherited(
    pid=COMMAND,
    ppid=LAUNCHER,
    pgid=LAUNCHER,
    sid=LAUNCHER,
    uid=1000,
    gid=1000,
    groups=(4, 24),
    blocked=(),
    ignored=(),
    fds=STDIO,
    limits=((7, 1024, 4096),),
    terminal=NO_TERMINAL,
    umask=0o022,
    nice=0,
    cwd=b"/work",
    args=(b"a", b""),
    environ=(b"A=1", b"EMPTY=", b"PATH=/bin"),
)


def history(*facts: Fact) -> History:
    """Return a history of these facts, a millisecond apart."""
    linked = (_linked(index, fact) for index, fact in enumerate(facts))
    events = tuple(Event(index, index / 1000, "runner", fact) for index, fact in enumerate(linked))
    return History("a launcher", Scenario(()), "literal", events)


def _linked(index: int, fact: Fact) -> Fact:
    """Return a signal of a directive with the index of its cause, which is the event before."""
    is_of_directive = isinstance(fact, Sent) and fact.cause == BEFORE
    return msgspec.structs.replace(fact, cause=index - 1) if is_of_directive else fact


def supervised(
    *facts: Fact, terminal: bool = False, inherited: Inherited = INHERITED, end: Snapshot | None = None
) -> History:
    """Return the history of a launcher that has started its command as a child; `end` is the last look."""
    if terminal:
        inherited = msgspec.structs.replace(inherited, terminal=TERMINAL)
    return history(
        started(),
        greeted(inherited),
        looked("start", process("launcher"), process("command")),
        *facts,
        end or looked("end"),
    )


def replaced(
    *facts: Fact, terminal: bool = False, inherited: Inherited = INHERITED, end: Snapshot | None = None
) -> History:
    """Return the history of a launcher that has become its command: that of the bare command is the same."""
    mine = msgspec.structs.replace(
        inherited, pid=LAUNCHER, ppid=LEADER, terminal=TERMINAL if terminal else inherited.terminal
    )
    return history(started(), greeted(mine), looked("start", process("launcher")), *facts, end or looked("end"))


def started(role: str = "launcher", pid: int = LAUNCHER) -> Started:
    return Started(role, pid, (b"launcher",), STDIO)


def greeted(inherited: Inherited = INHERITED, role: str = "command") -> WitnessReady:
    return WitnessReady(role, inherited.pid, inherited)


def settings(**changes: Any) -> Inherited:
    """Return what the command was started with, some of it changed."""
    return msgspec.structs.replace(INHERITED, **changes)


def sent(number: int, to: str = "launcher", errno: int = 0, cause: int | None = None) -> Sent:
    return Sent(number, to, COMMAND if to == "command" else LAUNCHER, errno, cause)


def received(number: int, sender: int = LAUNCHER, role: str = "command", code: int = signals.SI_USER) -> Received:
    return Received(role, number, code, sender, 0.0, {LAUNCHER: "launcher", 1: "runner"}.get(sender, ""))


def by_key(number: int) -> Received:
    """Return the receipt of a signal that the terminal sent."""
    return received(number, sender=0, code=signals.SI_KERNEL)


def ended(role: str, code: int | None = 0, signal: int | None = None) -> Ended:
    return Ended(role, COMMAND if role == "command" else LAUNCHER, None if signal else code, signal)


def over(code: int | None = 0, signal: int | None = None) -> tuple[Ended, Ended]:
    """Return the ends of the command and then the launcher, both alike."""
    return Ended("command", COMMAND), ended("launcher", code, signal)


def awaited(text: str) -> Awaited:
    """Return a wait from the notation of these tests: "command receives SIGTERM", "launcher ends"."""
    if text.startswith("terminal shows "):
        return WaitOutput(text.removeprefix("terminal shows "))
    process, verb, *rest = text.split(" ", 2)
    match verb, rest:
        case "receives", [name]:
            return WaitReceived(signal_number(name), process)
        case "answers", [order]:
            return WaitAnswer(order, process)
        case "takes", [order]:
            return OrderTaken(process, parse(order))
        case "does", [order]:
            return OrderDone(process, parse(order))
    waits: dict[str, Callable[[str], Awaited]] = {
        "ends": WaitEnds,
        "starts": WaitReady,
        "stops": WaitStopped,
        "continues": WaitContinued,
    }
    return waits[verb](process)


def missed(what: str = "launcher ends", sure: bool = True, hidden: Hidden | None = None) -> WaitFailed:
    return WaitFailed(awaited(what), 5.0, sure, (process("launcher"),), hidden)


def waits_outside(what: str = "launcher ends") -> WaitFailed:
    """What was awaited did not come, and the launcher still waits for somebody outside."""
    wait = OpenWait(LAUNCHER, "outside", "recvfrom", "socket:[1]", "launcher")
    return msgspec.structs.replace(missed(what, sure=False), open=(wait,))


def traced(name: str) -> Hidden:
    return Hidden("traced", name)


def too_many() -> LimitExceeded:
    return LimitExceeded("processes", 400)


def not_started() -> NotStarted:
    return NotStarted("exec", 8)


def untraced() -> Unobserved:
    return Unobserved("ptrace-refused")


def process(role: str, state: str = "S", name: str = "", **changes: Any) -> Process:
    """Return one row of the process table; others are children of the launcher."""
    pid = {"launcher": LAUNCHER, "command": COMMAND, "leader": LEADER}.get(role, 20)
    row = Process(pid, LEADER if role == "launcher" else LAUNCHER, LAUNCHER, LAUNCHER, state, name or role, role)
    return msgspec.structs.replace(row, **changes)


def looked(when: Literal["start", "step", "end"], *processes: Process, **changes: Any) -> Snapshot:
    """Return a look at a terminal as it is at the start."""
    look = Snapshot(when, processes, LAUNCHER, MODES, CHARACTERS, 24, 80)
    return msgspec.structs.replace(look, **changes)


# -- of environments, caches and syncs


def there(
    path: str, how: Literal["created", "changed", "removed"] = "created", own: bool = True, **more: Any
) -> FileChange:
    """Return one thing that is not as it was: a new file in the launcher's own directories."""
    return FileChange(path, more.pop("kind", "file"), how, own, **more)


def changed(when: str, *changes: FileChange, count: int = 0, environments: tuple[str, ...] = ()) -> FilesChanged:
    """Return a comparison of the directories; count: where there are more differences than are told."""
    return FilesChanged(when, changes, count or len(changes), environments)


def answered(order: str = "whole", process: str = "command", **what: Any) -> Answered:
    return Answered(process, order, **what)


def joined(process: str = "backend") -> HelperReady:
    return HelperReady(process, 21)


def printed(process: str = "next", data: bytes = b"done\n") -> Printed:
    return Printed(process, data)


def notified(pid: int = LAUNCHER, text: str = "READY=1\n") -> Notified:
    return Notified(pid, text)


def waited(what: str, seconds: float = 0.1, idle: float = 0.0) -> WaitEnded:
    return WaitEnded(awaited(what), seconds, idle)


def looks(process: str = "command") -> tuple[Fact, ...]:
    """Return how a command finds its environment whole."""
    return answered("whole", process), answered("import", process)


def used(name: str, code: int = 0) -> tuple[Fact, ...]:
    """Return a further run of the launcher, whose command finds its environment whole."""
    command = f"{name}-command"
    return (
        started(name, 30),
        greeted(settings(pid=31, ppid=30), command),
        *looks(command),
        ended(command),
        ended(name, code),
        printed(name),
    )


def called(name: str, code: int = 0) -> tuple[Fact, ...]:
    """Return a further call of the launcher that starts no command."""
    return started(name, 30), ended(name, code), printed(name)


def a_sync(*facts: Fact, home: Literal["cold", "warm"] = "cold", end: Snapshot | None = None) -> History:
    """Return the history of a sync, which starts no command."""
    made = history(started(), looked("start", process("launcher")), *facts, end or looked("end"))
    return staged(made, home)


def staged(made: History, home: Literal["cold", "warm"]) -> History:
    """Return the same on a stage where the launcher finds this in HOME."""
    return msgspec.structs.replace(made, scenario=Scenario((), Stage(home=home)))


class Example(NamedTuple):
    """One literal history, the bare command's, and what a check is to find in it."""

    title: str
    check: Check
    outcome: Literal["good", "bad", "not applicable", "not observable"]
    history: History
    bare: History
    says: str = ""
    codes: str = ""

    @property
    def name(self) -> str:
        """The name of the check, without what it was given beforehand."""
        return name_of(self.check)


def name_of(check: Any) -> str:
    """Return the name of a check; of a partial, that of the function inside."""
    function = getattr(check, "func", check)
    return f"{function.__module__.rpartition('.')[2]}.{function.__name__}"


def good(title: str, check: Check, history: History, bare: History | None = None) -> Example:
    """The check finds nothing here."""
    return Example(title, check, "good", history, bare or replaced(*_facts(history)))


def bad(title: str, check: Check, history: History, bare: History, codes: str, says: str = "") -> Example:
    """The check finds the violations of these codes and no others, and their text says this."""
    return Example(title, check, "bad", history, bare, says, codes)


def unseen(title: str, check: Check, history: History, bare: History | None = None, says: str = "") -> Example:
    """The check cannot tell from this history."""
    return Example(title, check, "not observable", history, bare or replaced(), says)


def beside(title: str, check: Check, history: History, bare: History | None = None, says: str = "") -> Example:
    """The requirement says nothing about this launcher."""
    return Example(title, check, "not applicable", history, bare or replaced(), says)


def _facts(history: History) -> tuple[Fact, ...]:
    """Return what happened between the start and the last look."""
    return tuple(event.fact for event in history.events[3:-1])


def verify(example: Example) -> None:
    """Fail unless the check comes to the outcome of the example."""
    outcome, told = _outcome(example)
    assert outcome == example.outcome, told
    assert example.says in told
    assert example.codes == codes_of(example)


def _outcome(example: Example) -> tuple[str, str]:
    """Return what the check comes to, and what it says."""
    try:
        found = example.check(example.history, example.bare)
    except NotApplicable as reason:
        return "not applicable", str(reason)
    except NotObservable as reason:
        return "not observable", str(reason)
    known = {event.index for event in example.history.events} | {-1}
    assert {index for violation in found for index in violation.events} <= known
    return ("bad" if found else "good"), "\n".join(map(str, found))


def codes_of(example: Example) -> str:
    """Return the violations that a check finds as these tests write them: "not-delivered signal=SIGTERM"."""
    if example.outcome != "bad":
        return ""
    found = example.check(example.history, example.bare)
    told = ([one.code, *(f"{name}={value}" for name, value in one.parameters.items())] for one in found)
    return "; ".join(map(" ".join, told))


def titles(examples: tuple[Example, ...]) -> list[str]:
    """Return an id for each example."""
    return [f"{example.name}-{example.title}".replace(" ", "_") for example in examples]
