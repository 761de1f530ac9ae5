"""What a witness reports: each message is one line of JSON. Byte strings in it are hex."""

from __future__ import annotations

from typing import Any

import msgspec

from proctor.harness.history import Inherited, TerminalView
from proctor.harness.runner.observe.kept_attributes import kept_attributes

LONGEST_LINE = 16 << 20
"""Bytes. A hello has arguments and environment in hexadecimal; a longer line is not a hello."""
_NOT_A_REPORT = (
    msgspec.MsgspecError, LookupError, AttributeError, TypeError, ValueError, OverflowError, RecursionError,
)  # fmt: skip


class Greeting(msgspec.Struct, frozen=True):
    """A witness runs."""

    name: str
    inherited: Inherited


class JoinReport(msgspec.Struct, frozen=True):
    """A helper runs that is not a witness, but takes an order. through, shell: see RealParent."""

    name: str
    through: tuple[str, ...] = ()
    shell: str = ""


class OwnReport(msgspec.Struct, frozen=True):
    """A parent of the launcher has started these processes, which are not the launcher."""

    pids: tuple[int, ...]


class SignalReport(msgspec.Struct, frozen=True):
    """A signal was delivered. at: the witness' monotonic clock, in nanoseconds."""

    at: int
    signal: int
    code: int
    sender: int


class OrderReport(msgspec.Struct, frozen=True):
    """An order was carried out."""

    order: str
    count: int
    crc: int
    error: int
    text: str = ""


class MilestoneReport(msgspec.Struct, frozen=True):
    """A real program has come to a point of its own."""

    name: str


class ViewReport(msgspec.Struct, frozen=True):
    """The answer to the order `look`."""

    pgid: int
    sid: int
    terminal: TerminalView


Report = Greeting | JoinReport | OwnReport | SignalReport | OrderReport | MilestoneReport | ViewReport
_encoder = msgspec.msgpack.Encoder()


def parse(line: bytes) -> Report | None:
    """Return the report, None for what no witness sends: every process of a launcher can write to the socket."""
    try:
        message = msgspec.json.decode(line)
        report = _read(message.pop("type"), message)
        _encoder.encode(report)  # OverflowError for a number that the worker could not be sent
    except _NOT_A_REPORT:
        return None
    return report


def _read(kind: str, message: dict[str, Any]) -> Report:
    if kind == "hello":
        return _hello(message)
    if kind == "done":
        message["text"] = bytes.fromhex(message.get("text", "")).decode("utf-8", "backslashreplace")
    return msgspec.convert(message, _KINDS[kind])


def _hello(message: dict[str, Any]) -> Greeting:
    name = message.pop("name")
    message.pop("at")
    message["cwd"] = bytes.fromhex(message["cwd"])
    for key in ("args", "environ"):
        message[key] = tuple(bytes.fromhex(word) for word in message[key])
    message["attributes"] = kept_attributes(message.get("attributes", {}))
    return msgspec.convert({"name": name, "inherited": message}, Greeting)


_KINDS: dict[str, type[JoinReport | OwnReport | SignalReport | OrderReport | MilestoneReport | ViewReport]] = {
    "join": JoinReport, "own": OwnReport, "signal": SignalReport, "done": OrderReport, "milestone": MilestoneReport,
    "look": ViewReport,
}  # fmt: skip
