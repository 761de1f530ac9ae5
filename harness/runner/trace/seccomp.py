"""The seccomp(2) filter that stops a traced process at visible calls, at sched_yield(2), and at no others, as bytes for
stage.c.

A Python launcher makes 2,600 calls, 270 of them visible: stopping at all of them would cost ten times as much.
A process cannot remove the filter, its children inherit it, and without a tracer these calls fail with ENOSYS: so every
process that has it is traced until it ends.
"""

from __future__ import annotations

import functools
import platform
import struct
import sys

from proctor.harness.calls import CALLS, FLAG_CHANGES, ONLY_FAIL, STREAM_CALLS, VISIBLE, YIELDS, Only, by_number

_LOAD, _EQUAL, _BITS, _RETURN = 0x20, 0x15, 0x45, 0x06  # classic BPF; linux/filter.h
_ALLOW, _TRACE = 0x7FFF0000, 0x7FF00000
_ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # linux/audit.h
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16  # struct seccomp_data

_UNSEEN = 0x50524F43544F5221
"""The sixth argument of calls at which the witness is not to be stopped; as in witness.c."""

_Instruction = tuple[int, int, int, int]


@functools.cache
def program(with_flags: bool = False, with_failing: bool = False, with_streams: bool = False) -> bytes:
    """Return the filter as an array of struct sock_filter; empty where there is no table for this machine. with_flags:
    whether it also stops at calls that change the flags of an open file description; with_failing: at calls that can
    only fail; with_streams: at those by which processes wait for each other on pipes."""
    more = (
        *(FLAG_CHANGES if with_flags else ()),
        *(ONLY_FAIL if with_failing else ()),
        *(STREAM_CALLS if with_streams else ()),
    )
    calls = by_number((*VISIBLE, YIELDS, *more))
    if not calls:
        return b""
    code: list[_Instruction] = [
        (_LOAD, 0, 0, _ARCHITECTURE_AT),
        (_EQUAL, 1, 0, _ARCHITECTURE[platform.machine()]),
        (_RETURN, 0, 0, _ALLOW),  # a program of another architecture: its calls have other numbers
        (_LOAD, 0, 0, _NUMBER_AT),
    ]
    for number, name in calls.items():
        body = _body(_when(name, with_flags, with_failing))
        if name == "rt_sigaction":
            body = [*_unseen(), *body]
        code += [(_EQUAL, 0, len(body), number), *body]
    code.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in code)


def _when(name: str, with_flags: bool, with_failing: bool) -> Only | None:
    """Return when a call is stopped at; None for always."""
    found = CALLS[name].only
    if with_failing and name in ONLY_FAIL:
        found = ONLY_FAIL[name]
    change = FLAG_CHANGES.get(name) if with_flags else None
    return Only(change.argument, values=(found.values if found else ()) + change.values) if change else found


def _unseen() -> list[_Instruction]:
    """Return the instructions that let such a call pass. The witness sets sixty dispositions when it starts."""
    sixth = _ARGUMENTS_AT + 8 * 5
    low, high = (0, 4) if sys.byteorder == "little" else (4, 0)
    return [
        (_LOAD, 0, 0, sixth + low), (_EQUAL, 0, 3, _UNSEEN & 0xFFFFFFFF),
        (_LOAD, 0, 0, sixth + high), (_EQUAL, 0, 1, _UNSEEN >> 32),
        (_RETURN, 0, 0, _ALLOW),
    ]  # fmt: skip


def _body(only: Only | None) -> list[_Instruction]:
    """Return the instructions for one call, including the result of the filter."""
    trace, allow = (_RETURN, 0, 0, _TRACE), (_RETURN, 0, 0, _ALLOW)
    if only is None:
        return [trace]
    low = _ARGUMENTS_AT + 8 * only.argument
    if only.nonzero:  # a pointer: either half may be what is not zero
        return [
            (_LOAD, 0, 0, low), (_EQUAL, 0, 2, 0), (_LOAD, 0, 0, low + 4), (_EQUAL, 1, 0, 0), trace, allow
        ]  # fmt: skip
    if only.bits:
        return [(_LOAD, 0, 0, low), (_BITS, 0, 1, only.bits), trace, allow]
    tests = [(_EQUAL, len(only.values) - n, 0, value) for n, value in enumerate(only.values)]
    return [(_LOAD, 0, 0, low), *tests, allow, trace]
