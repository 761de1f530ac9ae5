"""What the parts of explorer.py share: a row of the table, launchers by name, medians."""

from __future__ import annotations

import shutil
import statistics
from typing import NamedTuple

from proctor.harness.errors import UsageError
from proctor.harness.target import Target, load


class Row(NamedTuple):
    """One figure. met: whether what is required is kept; None where nothing is required."""

    name: str
    measured: str
    required: str = ""
    met: bool | None = None

    def __str__(self) -> str:
        verdict = {True: "met", False: "MISSED", None: ""}[self.met]
        return f"{verdict:<7}{self.name:<42}{self.required:<10}{self.measured}"


class Asked(NamedTuple):
    """What the user asked for. uv: its path, "" where there is none; launchers: more to look for races in."""

    quick: bool
    uv: str
    launchers: tuple[str, ...]


HEAD = f"{'':<7}{'what':<42}{'required':<10}measured"


def median(values: list[float]) -> float:
    """Return the median; 0 of nothing."""
    return statistics.median(values) if values else 0.0


def installed(*names: str) -> tuple[list[Target], list[Row]]:
    """Return the launchers that are there, and a row for each that is not."""
    found, rows = [], []
    for name in names:
        try:
            found.append(load(name))
        except UsageError:
            rows.append(Row(name, "not measured: it is not installed"))
    return found, rows


def shown(target: Target) -> str:
    """Return the name under which a launcher is in the table: that by which it was asked for."""
    return "./launcher" if target.name == "reference" else target.name


def uv_run(asked: Asked) -> Target | None:
    """Return `uv run` as it is measured everywhere: what it finds on PATH is what most of its time goes to."""
    path = asked.uv or shutil.which("uv") or ""
    if not path:
        return None
    return Target(
        name="uv run",
        command=(path, "run", "--no-project", "--"),
        environment={
            "UV_OFFLINE": "1", "UV_NO_PROGRESS": "1", "UV_PYTHON_DOWNLOADS": "never", "PATH": "/usr/bin:/bin",
        },
    )  # fmt: skip


NO_UV = Row("uv run", "not measured: no uv on PATH; name one with --uv PATH")
