"""A schedule: who runs when. Directives at schedule points; data only, JSON and a short text form both ways.

    at launcher clone#1 exit: deliver TERM to launcher
    at child1 birth: hold until launcher blocks
    at launcher clone#1 exit: hold until child1 setsid#1 exit
    at launcher wait4#2 exit in part 2: press ctrl-c
    at launcher clone#1 entry: fail with EAGAIN
    at launcher write#3 entry: short write of 1

Or an order: every choice of who goes on, one after the other, from the start:

    run launcher 3 times
    deliver TERM to launcher
    run child1

While a schedule is in force everyone it does not choose is held: a signal is delivered only when all other tasks are
blocked or held, and of several that are held one goes on at a time.
"""

from __future__ import annotations

import errno
import itertools
import re
import signal as names
from typing import Annotated, Literal

import msgspec

from proctor.harness import signals
from proctor.harness.calls import BIRTH, ONLY_FAIL, VISIBLE
from proctor.harness.errors import UsageError, nearest
from proctor.harness.scenario import KEYS, Key
from proctor.harness.strict import kebab, parse_json
from proctor.harness.target import Invocation

MOST = 1_000_000_000
"""Nobody makes so many calls in an execution, nor has so long a script."""


class _Data(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    pass


class Point(_Data, frozen=True, order=True):
    """A stop of one task at the entry or exit of a visible system call.

    task: "launcher", "child1" (processes in order of creation), "launcher.t2" (threads likewise; the first has no
    number). call: its name; "birth" is the moment before a new task's first instruction. nth: counted from 1, by task,
    call, and part. part: how many steps of kind `part` the script had done, plus one.
    """

    task: Annotated[str, msgspec.Meta(pattern=r"^(launcher|child\d+)(\.t\d+)?$")]
    call: str
    nth: Annotated[int, msgspec.Meta(ge=1, le=MOST)] = 1
    when: Literal["entry", "exit"] = "exit"
    part: Annotated[int, msgspec.Meta(ge=1, le=MOST)] = 1

    def __str__(self) -> str:
        what = BIRTH if self.call == BIRTH else f"{self.call}#{self.nth} {self.when}"
        return f"{self.task} {what}" + (f" in part {self.part}" if self.part > 1 else "")


class _Action(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="do", tag=kebab):
    pass


class Deliver(_Action, frozen=True):
    """Send a signal to the launcher, its process group, the command, a child or a single thread, while the task stands
    at the point; or to all of them at once, as who ends a container or a control group does."""

    signal: Annotated[int, msgspec.Meta(ge=1, le=64)]
    to: Annotated[str, msgspec.Meta(pattern=r"^(group|all|command|(launcher|child\d+)(\.t\d+)?)$")] = "launcher"

    def __str__(self) -> str:
        return f"deliver {signals.name(self.signal).removeprefix('SIG')} to {self.to}"


class PressKey(_Action, frozen=True):
    """Press a key at the terminal, while the task stands at the point."""

    key: Key

    def __str__(self) -> str:
        return f"press {self.key}"


class CallLauncher(_Action, frozen=True):
    """Call the launcher once more, beside what runs; that process is named "beside"."""

    invoke: Invocation

    def __str__(self) -> str:
        return f"call {self.invoke}"


class HoldTask(_Action, frozen=True):
    """Keep the task at the point until a process blocks or ends. Where that cannot come any more, because everyone
    waits for the held one, it is let go and the history says so."""

    process: Annotated[str, msgspec.Meta(pattern=r"^(launcher|child\d+|beside)$")]
    does: Literal["blocks", "ends"] = "blocks"

    def __str__(self) -> str:
        return f"hold until {self.process} {self.does}"


class HoldUntil(_Action, frozen=True):
    """Keep the task at the point until another comes to a point of its own, which then stands by. Let go by force as
    with HoldTask."""

    point: Point

    def __str__(self) -> str:
        return f"hold until {self.point}"


class Fail(_Action, frozen=True):
    """Make the call fail: the kernel does not carry it out, and it returns this error. Only at the entry of a call."""

    error: Annotated[str, msgspec.Meta(pattern=r"^E[A-Z0-9]{1,15}$")]

    def __post_init__(self) -> None:
        if self.error not in ERRORS:
            raise ValueError(f"{self.error!r} is no error of this system{nearest(self.error, ERRORS)}")

    @property
    def number(self) -> int:
        """The errno."""
        return ERRORS[self.error]

    def __str__(self) -> str:
        return f"fail with {self.error}"


class ShortWrite(_Action, frozen=True):
    """Let write(2) write no more than so many bytes, and return how many these were. Only at its entry."""

    count: Annotated[int, msgspec.Meta(ge=1, le=MOST)] = 1

    def __str__(self) -> str:
        return f"short write of {self.count}"


ERRORS = {name: number for number, name in errno.errorcode.items()}
"""The errors of this system, by name."""
UNFAILING = (BIRTH, "exit_group", "exit")
"""Where nothing can fail."""
Hold = HoldTask | HoldUntil
Failure = Fail | ShortWrite
Action = Deliver | PressKey | CallLauncher | Failure | Hold


class Directive(_Data, frozen=True):
    """What is done when a task reaches a point."""

    at: Point
    action: Action

    def __post_init__(self) -> None:
        if isinstance(self.action, Failure) and (self.at.when != "entry" or self.at.call in UNFAILING):
            raise ValueError(f"'{self.at}: {self.action}': only a call fails, and at its entry, such as clone#1 entry")
        if isinstance(self.action, ShortWrite) and self.at.call != "write":
            raise ValueError(f"'{self.at}: {self.action}': only write can be short; use 'fail with' for {self.at.call}")

    def __str__(self) -> str:
        return f"at {self.at}: {self.action}"


class RunTask(_Action, frozen=True):
    """Let a task run to its next stop: the entry of a visible call, or the return of one that has blocked."""

    task: Annotated[str, msgspec.Meta(pattern=r"^(launcher|child\d+)(\.t\d+)?$")]

    def __str__(self) -> str:
        return f"run {self.task}"


Stimulated = Deliver | PressKey
Choice = RunTask | Deliver | PressKey


class TotalOrder(_Data, frozen=True):
    """Which task goes on, or which stimulus is given, each time that all tasks are at rest. After these choices the
    task that ran last goes on if it can, else the first that can. part: the part of the script in which stimuli are
    given. at_rest: those that are given when no task can go on, one by one, except for those that are among the
    choices. seed: after the choices choose at random, from this seed."""

    choices: tuple[Choice, ...] = ()
    at_rest: tuple[Stimulated, ...] = ()
    part: Annotated[int, msgspec.Meta(ge=1, le=MOST)] = 1
    seed: int | None = None

    def __str__(self) -> str:
        lines = [f"in part {self.part}"] if self.part > 1 else []
        for choice, same in itertools.groupby(map(str, self.choices)):
            times = len(list(same))
            is_run = choice.startswith("run ") and times > 1
            lines += [f"{choice} {times} times"] if is_run else [choice] * times
        lines += [*(f"at rest: {stimulus}" for stimulus in self.at_rest)]
        lines += [f"then at random from {self.seed}"] if self.seed is not None else []
        return "\n".join(lines) or IN_ORDER


SHARE_OF_STIMULI = 1 / 32
"""How probable a stimulus is in a random choice, where a task can go on too: about as probable at each of the steps."""
IN_ORDER = "in order"
"""The text form of an order without choices."""


class Schedule(_Data, frozen=True):
    """The directives; those at one point are carried out in this order. record: note every point that is passed.
    records_failing: with `record`, also the entries of calls that are not visible but can fail. order: instead of
    directives, the choices one by one."""

    directives: tuple[Directive, ...] = ()
    record: bool = False
    records_failing: bool = False
    order: TotalOrder | None = None

    def __post_init__(self) -> None:
        if self.order is not None and self.directives:
            raise ValueError("a schedule has either directives or an order")

    @property
    def stops_where_calls_fail(self) -> bool:
        """Whether points are counted at all calls of ONLY_FAIL too. So openat#3 is another call in a schedule that
        makes calls fail than in one that does not."""
        return self.records_failing or any(_is_about_failing(one) for one in self.directives)

    def __str__(self) -> str:
        return "\n".join(map(str, self.directives)) if self.order is None else str(self.order)

    @property
    def disturbs(self) -> bool:
        """Whether it does anything but let the tasks run by the fixed rule."""
        return bool(self.directives) or self.order is not None


def _is_about_failing(directive: Directive) -> bool:
    points = [directive.at] + ([directive.action.point] if isinstance(directive.action, HoldUntil) else [])
    return isinstance(directive.action, Failure) or any(one.call not in (*VISIBLE, BIRTH) for one in points)


_POINT = re.compile(
    r"(?P<task>\S+) (?:birth|(?P<call>\w+)#(?P<nth>\d+) (?P<when>entry|exit))(?: in part (?P<part>\d+))?"
)


_RUN = re.compile(r"run (\S+)(?: ([1-9]\d{0,5}) times)?")
_AT_REST = "at rest: "
_IN_PART = re.compile(r"in part ([1-9]\d{0,8})")
_AT_RANDOM = re.compile(r"then at random from (\d+)")


def parse(text: str) -> Schedule:
    """Read the text form, one directive or one choice per line; UsageError names the line and its mistake."""
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    try:
        if any(_is_of_order(line) for line in lines):
            schedule = Schedule(order=_order(lines))
        else:
            schedule = Schedule(tuple(map(_directive, lines)))
    except ValueError as error:  # what the data says about names that do not go together
        raise UsageError(f"schedule: {error}") from None
    return from_json(to_json(schedule))  # which looks at names and numbers


def _is_of_order(line: str) -> bool:
    return line.startswith(("run ", "deliver ", "press ", "in part ", _AT_REST, "then at random", IN_ORDER))


def _order(lines: list[str]) -> TotalOrder:
    choices: list[Choice] = []
    at_rest: list[Stimulated] = []
    part, seed = 1, None
    for line in lines:
        if match := _IN_PART.fullmatch(line):
            part = int(match[1])
        elif line.startswith(_AT_REST):
            at_rest.append(_stimulus(line.removeprefix(_AT_REST), line))
        elif match := _AT_RANDOM.fullmatch(line):
            seed = int(match[1])
        elif match := _RUN.fullmatch(line):
            choices += [RunTask(match[1])] * int(match[2] or 1)
        elif line != IN_ORDER:
            choices.append(_stimulus(line, line))
    return TotalOrder(tuple(choices), tuple(at_rest), part, seed)


def _stimulus(text: str, line: str) -> Stimulated:
    words = text.split()
    if (words[:1] == ["deliver"] and words[2:3] == ["to"]) or words[:1] == ["press"]:
        action = _action(text, line)
        if isinstance(action, Deliver | PressKey):
            return action
    raise UsageError(
        f"schedule: {line!r} is no directive, and no choice of an order; one looks like: run child1, deliver TERM to "
        "launcher, press ctrl-c"
    )


def _directive(line: str) -> Directive:
    point, colon, action = line.removeprefix("at ").partition(": ")
    if not (line.startswith("at ") and colon and _POINT.fullmatch(point)):
        raise UsageError(
            f"schedule: {line!r} is no directive; one looks like: at launcher clone#1 exit: deliver TERM to launcher"
        )
    return Directive(_point(point, line), _action(action.strip(), line))


def _point(text: str, line: str) -> Point:
    match = _POINT.fullmatch(text)
    assert match
    call = match["call"] or BIRTH
    known = {*VISIBLE, *ONLY_FAIL}
    if call != BIRTH and call not in known:
        raise UsageError(f"schedule: {line!r}: {call!r} is no visible call{nearest(call, known)}")
    when: Literal["entry", "exit"] = "entry" if match["when"] == "entry" else "exit"
    nth, part = (int(match[name] or 1) for name in ("nth", "part"))
    if max(nth, part) > MOST:
        raise UsageError(f"schedule: {line!r}: no task reaches a point so often; the highest number is {MOST}")
    return Point(match["task"], call, nth, when, part)


def _action(text: str, line: str) -> Action:
    match text.split():
        case ["deliver", name, "to", to]:
            return Deliver(signal_number(name), to)
        case ["press", key] if key in KEYS:
            return PressKey(key)
        case ["call", ("run" | "sync" | "prune") as invoke]:
            return CallLauncher(invoke)
        case ["fail", "with", error]:
            return Fail(error)
        case ["short", "write", "of", count] if count.isdigit() and 0 < int(count) <= MOST:
            return ShortWrite(int(count))
        case ["hold", "until", process, ("blocks" | "ends") as does]:
            return HoldTask(process, "ends" if does == "ends" else "blocks")
        case ["hold", "until", *words] if _POINT.fullmatch(" ".join(words)):
            return HoldUntil(_point(" ".join(words), line))
    raise UsageError(
        f"schedule: {line!r}: {text!r} is no action; known are: deliver SIGNAL to launcher (group, all, command, "
        "child1, launcher.t2); press KEY; call run (sync, prune); fail with EAGAIN; "
        "short write of 1; hold until PROCESS blocks; hold until PROCESS ends; "
        "hold until child1 setsid#1 entry"
    )


def signal_number(name: str) -> int:
    """Return the number of a signal given as TERM, SIGTERM, RTMIN+3 or 15; UsageError for anything else."""
    if name.isdigit() and 0 < int(name) <= signals.LAST:
        return int(name)
    word = "SIG" + name.upper().removeprefix("SIG")
    if match := re.fullmatch(r"SIGRTMIN\+(\d+)", word):
        number = signals.FIRST_REALTIME + int(match[1])
        if signals.FIRST_REALTIME and number <= signals.LAST:
            return number
    known = [member.name for member in names.Signals]
    if word not in known:
        raise UsageError(f"{name!r} is no signal{nearest(word, known)}; use a name such as TERM, or a number")
    return int(names.Signals[word])


def from_json(text: str | bytes) -> Schedule:
    """Read the JSON form; UsageError names the key that is wrong."""
    return parse_json(text, Schedule, "schedule")


def to_json(schedule: Schedule) -> str:
    """Return the JSON form."""
    return msgspec.json.encode(schedule).decode()
