"""Orders to a witness: typed, with the text that goes over its socket made here and nowhere else (see witness.c)."""

from __future__ import annotations

from typing import Annotated, ClassVar, get_args

import msgspec

from proctor.harness.bounds import ByteCount, ExitCode, FileDescriptor, Number32, SignalNumber, SignalOrNone
from proctor.harness.errors import UsageError, nearest


class _Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="order"):
    answers: ClassVar[bool] = True
    """Whether the witness answers at once. Otherwise it has nothing to say, or only later."""

    @property
    def word(self) -> str:
        """The first word of the text, which names the order."""
        return str(self.__struct_config__.tag)

    def __str__(self) -> str:
        """The text that goes over the socket."""
        values = (getattr(self, name) for name in self.__struct_fields__)
        return " ".join([self.word, *map(str, values)])


class Exit(_Order, frozen=True, tag="exit"):
    """Exit with this code."""

    code: ExitCode
    answers: ClassVar[bool] = False


class Die(_Order, frozen=True, tag="die"):
    """End by this signal, with its default action."""

    signal: SignalNumber
    answers: ClassVar[bool] = False


class Catch(_Order, frozen=True, tag="catch"):
    """Report this signal when it arrives; 0 for all signals."""

    signal: SignalOrNone = 0


class Ignore(_Order, frozen=True, tag="ignore"):
    """Ignore this signal; 0 for all signals."""

    signal: SignalOrNone = 0


class Default(_Order, frozen=True, tag="default"):
    """Set this signal to its default action; 0 for all signals."""

    signal: SignalOrNone = 0


class Inherit(_Order, frozen=True, tag="inherit"):
    """Set this signal as it was at the start, as a program has it that never touches it; 0 for all signals."""

    signal: SignalOrNone = 0


class ExitOn(_Order, frozen=True, tag="exit-on"):
    """Exit with this code when the signal arrives."""

    signal: SignalNumber
    code: ExitCode = 0


class Spawn(_Order, frozen=True, tag="spawn"):
    """Start a process that is a witness too. orphan: by way of a process that ends, so that it becomes an orphan;
    session: in a session of its own; null: with /dev/null for stdin, stdout and stderr."""

    name: str
    orphan: bool = False
    session: bool = False
    null: bool = False

    def __str__(self) -> str:
        flags = "o" * self.orphan + "s" * self.session + "n" * self.null
        return f"{self.word} {self.name} {flags or 'c'}"


class Reap(_Order, frozen=True, tag="reap"):
    """Wait for a child."""


class Read(_Order, frozen=True, tag="read"):
    """Read so many bytes from stdin, and report their number and checksum."""

    count: ByteCount
    answers: ClassVar[bool] = False


class ReadLine(_Order, frozen=True, tag="read-line"):
    """Read a line from stdin, and report its number of bytes and checksum."""

    answers: ClassVar[bool] = False


class Write(_Order, frozen=True, tag="write"):
    """Write so many bytes of the pattern that `seed` determines to stdout."""

    count: ByteCount
    seed: Number32


class Say(_Order, frozen=True, tag="say"):
    """Write a word and a line end to stdout."""

    text: str


class Lines(_Order, frozen=True, tag="lines"):
    """Write so many lines of this length, with their end, to stdout. Each begins with the writer's name and its number.
    block: the bytes of each write, which then ends within a line; 0: each line with one write."""

    name: Annotated[str, msgspec.Meta(pattern="^[a-z]{1,8}$")]
    count: Annotated[int, msgspec.Meta(ge=1, le=4096)]
    size: Annotated[int, msgspec.Meta(ge=20, le=4096)]
    block: ByteCount = 0

    def heads(self) -> list[bytes]:
        """Return by what each of the lines begins."""
        return [b"<%s%05d " % (self.name.encode(), number) for number in range(self.count)]

    def lines(self) -> list[bytes]:
        """Return the lines, without their ends."""
        return [head + bytes(48 + at % 10 for at in range(len(head), self.size - 2)) + b">" for head in self.heads()]


class Raw(_Order, frozen=True, tag="raw"):
    """Put the terminal into raw mode."""


class Regroup(_Order, frozen=True, tag="regroup"):
    """Lead a process group of its own, as Ray's driver does; setpgid(2). Where it leads one, nothing changes."""


class Close(_Order, frozen=True, tag="close"):
    """Close a descriptor."""

    fd: FileDescriptor


class ReportView(_Order, frozen=True, tag="look"):
    """Report the place in the process tree and the terminal."""


class Import(_Order, frozen=True, tag="import"):
    """Import a Python module of the environment."""

    module: str


class Whole(_Order, frozen=True, tag="whole"):
    """Report whether the files of the environment are what they were."""


class Where(_Order, frozen=True, tag="where"):
    """Report the directory of the environment."""


class Link(_Order, frozen=True, tag="link"):
    """Make a link to something of this name in the environment."""

    name: str


class Notify(_Order, frozen=True, tag="notify"):
    """Tell the service manager that the command is ready; sd_notify(3)."""


class GoOn(_Order, frozen=True, tag="go-on"):
    """Continue: for a build backend that waits."""

    answers: ClassVar[bool] = False


class Ask(_Order, frozen=True, tag="ask"):
    """Ask the launcher's parent, a real program, for something that it does: stop, restart, interrupt."""

    verb: str


OrderToWitness = (
    Exit | Die | Catch | Ignore | Default | Inherit | ExitOn | Spawn | Reap | Read | ReadLine | Write | Say | Lines
    | Raw | Regroup | Close | ReportView | Import | Whole | Where | Link | Notify | GoOn | Ask
)  # fmt: skip
AboutSignal = Die | Catch | Ignore | Default | Inherit | ExitOn
"""Orders that say what is to become of a signal."""
_KINDS: dict[str, type[OrderToWitness]] = {str(kind.__struct_config__.tag): kind for kind in get_args(OrderToWitness)}


def parse(text: str) -> OrderToWitness:
    """Read the text form of an order; raise UsageError where it is none."""
    word, *values = text.split() or [""]
    kind = _KINDS.get(word)
    if kind is None:
        raise UsageError(f"{text!r} is no order to a witness{nearest(word, _KINDS)}")
    if kind is Spawn and len(values) == 2:
        name, flags = values
        return Spawn(name, "o" in flags, "s" in flags, "n" in flags)
    try:
        return msgspec.convert(dict(zip(kind.__struct_fields__, values, strict=False)), kind, strict=False)
    except msgspec.ValidationError as error:
        raise UsageError(f"{text!r} is no order to a witness: {error}") from None
