"""What -k selects: requirements by their exact ids, and which of them it names in vain."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from proctor.conformance.spec import requirements
from proctor.harness.errors import nearest


def exact_ids(keyword: str) -> str:
    """Make `-k SIG-1` mean SIG-1 and not SIG-10 as well: cases carry their id between colons as a keyword, which stand
    in no name of a case (test_exit[env-1] would be found by brackets)."""
    known = "|".join(sorted(map(re.escape, requirements()), key=len, reverse=True))
    return re.sub(rf"(?<![\w:\[-])({known})(?![\w:\]-])", r":\1:", keyword, flags=re.IGNORECASE)


@cache
def with_cases() -> frozenset[str]:
    """Return the requirements that have cases, whether they are collected here, by a worker or not at all."""
    files = Path(__file__).parent.glob("test_*.py")
    return frozenset(name for file in files for name in re.findall(r'@requirement\("(.+?)"\)', file.read_text("utf-8")))


def not_selected(keyword: str, nothing_ran: bool) -> list[str]:
    """Say which requirements -k names in vain: those without cases, and where nothing was run those that are none."""
    without = [name for name in re.findall(r"(?<!not ):([\w-]+):", keyword) if name.upper() not in with_cases()]
    lines = [f"-k: {name.upper()} is a requirement without cases: nothing was run for it" for name in without]
    unknown = re.findall(r"(?<![\w:\[-])[A-Za-z][\w-]*-\d+(?![\w:\]-])", keyword) if nothing_ran else []
    close = {name: nearest(name.upper(), requirements()) for name in unknown}
    return lines + [f"-k: there is no requirement {name}{close[name]}; `proctor spec` lists them" for name in unknown]
