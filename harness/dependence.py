"""Which steps of an execution depend on each other: what each touches, as a table with reasons, and one comparison.

Two steps are independent if they can be exchanged and nobody can tell: neither makes the other possible, impossible or
different, and what is left after both is the same. What is not known counts as dependent. An object that is missing
here makes `--strategy complete` unsound; one too many makes it slower. tests/test_complete_sound.py compares with all
interleavings.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from proctor.harness import signals
from proctor.harness.calls import CALLS, REAPS, SENDS, STREAM_CALLS
from proctor.harness.history import StepTaken
from proctor.harness.scenario import SIGNALS_OF_KEYS
from proctor.harness.schedule import Deliver, PressKey, parse

ANY = "*"
"""As a name: every object of this kind. As a signal, 0: any signal."""

OBJECTS = {
    "task": "a process can go on, or cannot: the step that wakes, makes or ends it comes before or after its own steps",
    "alive": "a process exists: kill(2) finds it, its children have it as their parent; _exit(2)",
    "children": "the state of a process' children: wait(2) returns by it, waitpid(WNOHANG) reads it; wait(2)",
    "group": "the process group of a process: signals to a group, setpgid(2) and job control go by it; after its "
    "execve the parent can no longer change it; setpgid(2)",
    "terminal": "modes, foreground group and controlling terminal of a session; ioctl_tty(2), credentials(7)",
    "file": "a path, and those below it. Reading a file is not a visible call, so every step may read any file",
    "stream": "pipes, sockets and the like: one for all of them, as their names differ from run to run; pipe(7). Ends "
    "are closed by close, exec, exit, and by dup2 of another descriptor",
    "pid": "which PIDs are in use: one that was reaped may be another process' next; wait(2)",
    "name": "the numbers that this program gives to new processes, in the order of their birth",
    "seen": "the order in which processes end, and the command starts and is signalled: checks go by it",
}
"""The objects, and why they are ones."""

IMPLICIT = ("r task self", "r alive self", "r alive parent", "r group self", "r terminal", "r file *")
"""What every step of a task may read by calls that are not visible: getppid, getpgrp, tcgetpgrp, tcgetattr, stat."""

_FORK = ("w children self", "w name", "w pid", "r stream")
_FILE = ("w file path",)
_POLL = ("r alive *", "r children self", "r stream")
# a parent that waits reaps it at once, within the same step
_END = ("w alive self", "w children parent", "w group self", "w seen", "w task self", "w stream", "w pid")
_EXEC = ("w group self", "w stream")
TOUCHES: dict[str, tuple[str, ...]] = {
    "fork": _FORK, "vfork": _FORK, "clone": _FORK, "clone3": _FORK,
    "execve": _EXEC, "execveat": _EXEC, "exit_group": _END,
    # one that returns has reaped a child, so a PID is free
    "wait4": ("w children self", "w pid"), "waitid": ("w children self", "w pid"),
    "setsid": ("w group self", "w terminal"),
    "setpgid": ("w group first", "r group second", "r alive first", "r pid"),
    "ioctl": ("w terminal", "r group *"),
    **dict.fromkeys(SENDS, ("r alive target", "r pid", "r group *")),
    **{name: _POLL for name, call in CALLS.items() if call.waits_for in ("poll", "select", "epoll")},
    **{name: _FILE for name, call in CALLS.items() if call.effect == "file"},
    "pidfd_open": ("r pid", "r alive *"),
    "dup2": ("w stream",), "dup3": ("w stream",), "splice": ("w stream",),
    **dict.fromkeys(STREAM_CALLS, ("w stream",)),
    "ptrace": ("w task *",),
}  # fmt: skip
"""What a call touches besides: r it reads, w it changes; then the kind of object, and whose it is: self, parent, the
process that is signalled (target), the first or second that the arguments name, a path."""

# the return of a call touches nothing: what the call did, it did in the step of its entry, or, if it blocked, in the
# step that woke it
AT_END, AT_START_OF_COMMAND = _END, ("w seen", *_END)
"""What a step touches in which its process ends, and one in which it executes the command. The command is not traced:
what it does at once, even that it ends, belongs to that step."""

READS_PENDING = frozenset(
    (
        "read",
        "readv",
        "rt_sigtimedwait",
        "rt_sigsuspend",
        "signalfd4",
        "signalfd",
        *(name for name in TOUCHES if TOUCHES[name] is _POLL),
    )
)
"""The calls for which a blocked signal matters: they take it, or unblock it meanwhile."""

_LIVES_ON = ("", "rt_sigtimedwait", "rt_sigsuspend", "pause", "nanosleep", "clock_nanosleep")
"""The waits of which it does not matter whether they have ended by a signal or by themselves at the same moment: only a
signal or time ends them."""
_PDEATHSIG = "request:1"


class Touch(NamedTuple):
    """One object, and whether it is changed."""

    kind: str
    name: str
    changes: bool

    def conflicts(self, other: Touch) -> bool:
        """Whether both are about the same object, and one of them changes it."""
        if self.kind != other.kind or not (self.changes or other.changes):
            return False
        if ANY in (self.name, other.name) or self.name == other.name:
            return True
        one, two = sorted((self.name, other.name))
        return self.kind == "file" and two.startswith(f"{one.rstrip('/')}/")


class Sending(NamedTuple):
    """A signal to a process, "*" for any; number 0 for any signal."""

    number: int
    to: str


class Effect(NamedTuple):
    """What is known of a step. process: whose it is, "" for a stimulus. deaf: the signals, as bits, that have no effect
    on the process during this step."""

    process: str
    part: int
    touches: frozenset[Touch]
    sends: frozenset[Sending]
    deaf: int = 0


def dependent(one: Effect, other: Effect) -> bool:
    """Whether the order of two steps may matter."""
    if one.part != other.part or (one.process and one.process == other.process):
        return True
    if any(_hears(other, sending) for sending in one.sends) or any(_hears(one, sending) for sending in other.sends):
        return True
    if any(ANY in (a.to, b.to) or a.to == b.to for a in one.sends for b in other.sends):
        return True  # the second of two pending signals is lost if they are alike, and their order is that of handlers
    return any(a.conflicts(b) for a in one.touches for b in other.touches)


def _hears(step: Effect, sending: Sending) -> bool:
    """Whether a signal to the process of a step may change that step."""
    if not step.process or sending.to not in (ANY, step.process):
        return False
    return not sending.number or not step.deaf >> (sending.number - 1) & 1


class StepEffects:
    """Makes the effects of the steps of one execution, in order. has_terminal: the stage has one."""

    def __init__(self, has_terminal: bool) -> None:
        self._has_terminal = has_terminal
        self._waits: dict[str, str] = {}
        self._has_death_signal = False
        self._commands: set[str] = set()

    def of(self, step: StepTaken, able_after: Sequence[str]) -> Effect:
        """Return the effect of the next step. able_after: who could be chosen after it."""
        woken = set(able_after) - {able.actor for able in step.able}
        if any(able.does == "stimulus" and able.actor == step.actor for able in step.able):
            effect = self._of_stimulus(step)
        else:
            effect = self._of_task(step)
        touches = effect.touches | {Touch("task", process_of(name), True) for name in woken}
        touches |= {Touch("group", process_of(name), True) for name in woken}
        for sending in effect.sends:
            touches |= set(self._interrupted(sending))
        self._waits[process_of(step.actor)] = step.waits
        return effect._replace(touches=frozenset(touches))

    def _of_stimulus(self, step: StepTaken) -> Effect:
        stimulus = _stimulus(step.actor)
        if isinstance(stimulus, Deliver) and stimulus.to == "launcher":
            reads = Touch("alive", "launcher", False)
            return Effect("", step.part, frozenset((reads,)), frozenset((Sending(stimulus.signal, "launcher"),)))
        number = stimulus.signal if isinstance(stimulus, Deliver) else int(SIGNALS_OF_KEYS[stimulus.key])
        touches = {Touch("group", ANY, False), Touch("terminal", ANY, True), Touch("seen", ANY, True)}
        return Effect("", step.part, frozenset(touches), frozenset((Sending(number, ANY),)))

    def _of_task(self, step: StepTaken) -> Effect:
        self._note(step)
        process = process_of(step.actor)
        rules = [*IMPLICIT, *(TOUCHES.get(step.call, ()) if step.when == "entry" else ())]
        rules += AT_END if step.has_ended else ()
        rules += AT_START_OF_COMMAND if step.is_command else ()
        touches = {self._touch(rule, step, process) for rule in rules}
        sends = set(self._sends(step))
        if any(sending.to in (ANY, *self._commands) or sending.number == signal.SIGKILL for sending in sends):
            # the receiver may end of it at once, without a step of its own
            touches |= {Touch("seen", ANY, True), Touch("children", ANY, True), Touch("alive", ANY, True)}
            sends.add(Sending(int(signal.SIGCHLD), ANY))
        return Effect(
            process, step.part, frozenset(touch for touch in touches if self._exists(touch)), frozenset(sends),
            self._deaf(step),
        )  # fmt: skip

    def _note(self, step: StepTaken) -> None:
        self._has_death_signal |= step.call == "prctl" and _PDEATHSIG in step.objects
        if step.is_command:
            self._commands.add(process_of(step.actor))

    def _exists(self, touch: Touch) -> bool:
        return self._has_terminal or touch.kind != "terminal"

    def _touch(self, rule: str, step: StepTaken, process: str) -> Touch:
        how, kind, whose = (*rule.split(" "), ANY)[:3]
        named = [name.partition(":")[2] for name in step.objects if name.startswith("process:")]
        paths = [name.partition(":")[2] for name in step.objects if name.startswith("path:")]
        of = {
            "self": process, "parent": step.parent or "outside", "first": (*named, ANY)[0],
            "second": (*named, ANY, ANY)[1], "path": (*paths, ANY)[0],
            "target": ANY if "group" in step.objects else (*named, ANY)[0],
        }  # fmt: skip
        if whose == "path" and step.call.startswith(("rename", "link")):
            return Touch(kind, ANY, how == "w")  # of two paths only one is known
        return Touch(kind, of.get(whose, whose), how == "w")

    def _sends(self, step: StepTaken) -> Iterator[Sending]:
        if step.call in SENDS and step.when == "entry":
            numbers = [int(name.partition(":")[2]) for name in step.objects if name.startswith("signal:")]
            named = [name.partition(":")[2] for name in step.objects if name.startswith("process:")]
            to = named or ([] if "group" in step.objects else [ANY])
            yield from (Sending(numbers[0] if numbers else 0, name) for name in to)
        if step.has_ended or step.is_command:
            yield Sending(int(signal.SIGCHLD), step.parent or "outside")
            if self._has_death_signal:
                yield Sending(0, ANY)  # PR_SET_PDEATHSIG
            if self._has_terminal:
                yield from (Sending(int(number), ANY) for number in (signal.SIGHUP, signal.SIGCONT))
        if step.call == "ioctl" and self._has_terminal:
            yield Sending(int(signal.SIGTTOU), ANY)
        if step.call == "setpgid" and self._has_terminal:  # a stopped group may become an orphaned one
            yield from (Sending(int(number), ANY) for number in (signal.SIGHUP, signal.SIGCONT))

    def _interrupted(self, sending: Sending) -> Iterator[Touch]:
        """Yield what a signal touches by ending the wait of its receiver: what else could have ended it."""
        for process, waits in self._waits.items():
            if sending.to not in (ANY, process) or waits in _LIVES_ON:
                continue
            if waits in REAPS:
                yield Touch("children", process, True)
            else:
                yield from (Touch(kind, ANY, True) for kind in ("alive", "children", "task", "stream"))

    def _deaf(self, step: StepTaken) -> int:
        """Return the signals that have no effect on the process during a step: blocked before and after it, or without
        effect when they are generated, and not what the call is about."""
        if step.before is None or step.after is None or step.has_ended or step.is_command:
            return 0
        (blocked, ignored, caught), (blocked_after, ignored_after, caught_after) = step.before, step.after
        without_effect = ignored & ignored_after & ~(blocked | blocked_after | caught | caught_after)
        default = sum(1 << (number - 1) for number in signals.IGNORED_BY_DEFAULT)
        without_effect |= default & ~(blocked | blocked_after | caught | caught_after)
        stays_blocked = blocked & blocked_after
        if step.call in READS_PENDING:
            stays_blocked = without_effect = 0
        about = sum(
            1 << (int(name[7:]) - 1) for name in step.objects if name.startswith("signal:") and name != "signal:0"
        )
        return (stays_blocked | without_effect) & ~about


def process_of(actor: str) -> str:
    """Return the process of a task."""
    return actor.partition(".")[0]


def _stimulus(text: str) -> Deliver | PressKey:
    order = parse(text).order
    assert order
    found = order.choices[0]
    assert isinstance(found, Deliver | PressKey)
    return found
