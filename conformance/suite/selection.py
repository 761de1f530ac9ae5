"""Selects requirements with -k by their exact ids, and reports ids that select nothing."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from proctor.conformance.spec import requirements
from proctor.harness.errors import nearest


def exact_ids(keyword: str) -> str:
    """Make `-k SIG-1` select SIG-1 but not SIG-10: each case has the keyword `:ID:`. No name of a case contains colons;
    brackets would not do, because of names such as test_exit[env-1]."""
    known = "|".join(sorted(map(re.escape, requirements()), key=len, reverse=True))
    return re.sub(rf"(?<![\w:\[-])({known})(?![\w:\]-])", r":\1:", keyword, flags=re.IGNORECASE)


def selects_part(config: pytest.Config) -> bool:
    """Whether the options may leave out some of a requirement's cases: then what did not occur may occur in others.
    -k with ids alone selects all cases of these requirements."""
    option = config.option
    names = re.sub(r":[\w-]+:|\b(?:and|or|not)\b|[()\s]", "", option.keyword or "")
    ends_early = option.maxfail or getattr(option, "lf", False) or getattr(option, "last_failed", False)
    named = any("::" in str(argument) for argument in config.args)
    return bool(names or option.markexpr or ends_early or named or getattr(option, "deselect", None))


def has_unknown_cases(config: pytest.Config) -> bool:
    """Whether cases may be left out of which pytest never tells: with --lf, or where a case is named, it does not
    collect the others."""
    return bool(getattr(config.option, "lf", False) or any("::" in str(argument) for argument in config.args))


@cache
def with_cases() -> frozenset[str]:
    """Return the requirements that have cases, whether or not pytest collected them."""
    files = Path(__file__).parent.glob("test_*.py")
    return frozenset(name for file in files for name in re.findall(r'@requirement\("(.+?)"\)', file.read_text("utf-8")))


def not_selected(keyword: str, nothing_ran: bool) -> list[str]:
    """Return messages for ids in -k that have no cases, and, if no case ran, for ids that do not exist."""
    without = [name for name in re.findall(r"(?<!not ):([\w-]+):", keyword) if name.upper() not in with_cases()]
    lines = [f"-k: {name.upper()} has no cases yet, so nothing was run for it" for name in without]
    unknown = re.findall(r"(?<![\w:\[-])[A-Za-z][\w-]*-\d+(?![\w:\]-])", keyword) if nothing_ran else []
    close = {name: nearest(name.upper(), requirements()) for name in unknown}
    return lines + [f"-k: there is no requirement {name}{close[name]}; `proctor spec` lists them" for name in unknown]
