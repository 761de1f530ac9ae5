"""Shared by the parts of explorer.py: rows of the table, launchers by name, medians."""

from __future__ import annotations

import shutil
import statistics
from typing import NamedTuple

from proctor.harness.descriptions import load
from proctor.harness.errors import UsageError
from proctor.harness.target import Target


class TableRow(NamedTuple):
    """One figure. met: whether it meets the requirement; None if there is no requirement."""

    name: str
    measured: str
    required: str = ""
    met: bool | None = None

    def __str__(self) -> str:
        verdict = {True: "met", False: "MISSED", None: ""}[self.met]
        return f"{verdict:<7}{self.name:<42}{self.required:<10}{self.measured}"


class Options(NamedTuple):
    """The command line options. uv: path of uv, "" if not given; launchers: further launchers for the part `races`."""

    quick: bool
    uv: str
    launchers: tuple[str, ...]


HEAD = f"{'':<7}{'what':<42}{'required':<10}measured"


def median(values: list[float]) -> float:
    """Return the median; 0 for an empty list."""
    return statistics.median(values) if values else 0.0


def installed(*names: str) -> tuple[list[Target], list[TableRow]]:
    """Return the launchers that are installed, and a row for each one that is not."""
    found, rows = [], []
    for name in names:
        try:
            found.append(load(name))
        except UsageError:
            rows.append(TableRow(name, "not measured: not installed"))
    return found, rows


def shown(target: Target) -> str:
    """Return the name of a launcher in the table: the one by which it was requested."""
    return "./launcher" if target.name == "reference" else target.name


def uv_run(options: Options) -> Target | None:
    """Return the target `uv run` with a fixed PATH, because uv spends most of its time on searching PATH."""
    path = options.uv or shutil.which("uv") or ""
    if not path:
        return None
    return Target(
        name="uv run",
        command=(path, "run", "--no-project", "--"),
        environment={
            "UV_OFFLINE": "1", "UV_NO_PROGRESS": "1", "UV_PYTHON_DOWNLOADS": "never", "PATH": "/usr/bin:/bin",
        },
    )  # fmt: skip


NO_UV = TableRow("uv run", "not measured: no uv on PATH; name one with --uv PATH")
