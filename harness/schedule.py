"""A schedule: who runs when. Not built yet; `execute` has its place."""

from __future__ import annotations

import msgspec


class Schedule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Directives at schedule points."""
