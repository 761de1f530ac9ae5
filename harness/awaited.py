"""What an execution waits for, as data: the waits of a script, and those of the runner itself.

A check decides by these types. Their English is made in words.py, and no program reads it.
"""

from __future__ import annotations

import msgspec

from proctor.harness.orders import OrderToWitness
from proctor.harness.scenario import Await
from proctor.harness.strict import kebab


class _Awaited(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="do", tag=kebab):
    pass


class OrderTaken(_Awaited, frozen=True):
    """A witness is there to be given an order."""

    process: str
    order: OrderToWitness


class OrderDone(_Awaited, frozen=True):
    """A witness has carried out an order."""

    process: str
    order: OrderToWitness


class LauncherStarted(_Awaited, frozen=True):
    """The launcher has been executed, or that failed."""


class LauncherTraceable(_Awaited, frozen=True):
    """The process that is about to execute the launcher waits for its tracer."""


class ScriptDone(_Awaited, frozen=True):
    """The script comes to its end."""


Awaited = Await | OrderTaken | OrderDone | LauncherStarted | LauncherTraceable | ScriptDone


def process_of(awaited: Awaited) -> str:
    """Return the process that an awaited fact is about; "" where it is about none."""
    return getattr(awaited, "process", "")
