"""What to declare, if what a launcher is for was taken for a fault: a nice value, variables, another user, a CPU."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable

from proctor.harness.target import Target
from proctor.reports.results import Row, RowViolation

BY_PURPOSE = frozenset((
    "nice-changed", "umask-changed", "limits-changed", "groups-changed", "uid-changed", "gid-changed",
    "attribute-changed", "directory-changed", "variable-lost", "descriptors-leaked", "signals-ignored",
    "signals-blocked", "other-session",
))  # fmt: skip
"""Codes of violations that can be what a launcher is called for: nice, prlimit, sudo, env -i, flock, nohup, setsid,
taskset."""
BY_KEY = {"variables-added": ("adds", "names"), "variable-changed": ("changes", "name")}
"""Codes for which a description has a key of its own: the key, and the parameter that names the variables."""


def advice(target: Target, rows: dict[str, Row]) -> list[str]:
    """Return the lines that say how to declare what may be the launcher's purpose; none if nothing may be."""
    failed = [row for row in rows.values() if row.verdict == "fail"]
    found = [one for row in failed for one in row.violations if not one.is_unstable and not one.follows_from]
    options = dict.fromkeys(_declaration(one) for one in found if one.short_code in BY_PURPOSE)
    keys = {key: _names(found, code, parameter) for code, (key, parameter) in BY_KEY.items()}
    toml = [f"{key} = {json.dumps(names)}" for key, names in keys.items() if names]
    lines = [f"  --declare {shlex.quote(f'{one}=REASON')}" for one in options]
    if toml:
        lines.append(f"  in a TOML file, beside command = {json.dumps(list(target.command))}: {', '.join(toml)}")
    if not lines:
        return []
    return ["declare what the launcher is for, if it is one of these (docs/targets.md):", *lines]


def _declaration(one: RowViolation) -> str:
    """Return the declaration that covers a violation and those like it."""
    requirement = one.code.partition("/")[0]
    if "attribute" in one.parameters:
        return f"{requirement}[attribute={one.parameters['attribute']}]"
    return f"{requirement}[{one.parameters.get('signals') or one.short_code}]"


def _names(found: Iterable[RowViolation], code: str, parameter: str) -> list[str]:
    """Return the variables that violations of this code name."""
    named = [str(one.parameters[parameter]) for one in found if one.short_code == code and parameter in one.parameters]
    return list(dict.fromkeys(name for text in named for name in text.split(", ")))
