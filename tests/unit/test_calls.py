"""The tables of system calls, against the kernel's own headers, which both come with the C library's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from proctor.harness.calls import CALLS, VISIBLE

HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}
_NUMBER = re.compile(r"^#define __NR(?:3264)?_(\w+) (\d+)$", re.MULTILINE)


@pytest.mark.parametrize("machine", HEADERS)
def test_numbers_are_the_kernels(machine: str) -> None:
    if not HEADERS[machine].exists():
        pytest.skip(f"needs {HEADERS[machine]}: apt-get install linux-libc-dev")
    known = {name: int(number) for name, number in _NUMBER.findall(HEADERS[machine].read_text())}
    ours = {name: getattr(call, machine) for name, call in CALLS.items()}
    assert {name: number for name, number in ours.items() if number is not None and known.get(name) != number} == {}
    assert [name for name, number in ours.items() if number is None and name in known] == []


@pytest.mark.parametrize("machine", HEADERS)
def test_no_two_calls_have_one_number(machine: str) -> None:
    numbers = [number for call in CALLS.values() if (number := getattr(call, machine)) is not None]
    assert len(numbers) == len(set(numbers))


def test_a_call_with_a_timeout_waits_or_is_not_visible() -> None:
    for name, call in CALLS.items():
        assert not call.timeout or call.effect in (None, "waits"), name
        assert call.effect or name not in VISIBLE


def test_no_other_file_of_the_harness_has_numbers_of_calls() -> None:
    """A table of its own would say something else one day."""
    root = Path(__file__).parents[2] / "harness"
    known = {name for name in CALLS if name not in ("open", "link", "kill", "select", "poll", "pipe", "exit", "clone")}
    rows = re.compile(rf"""(?:\b\d+:\s*["']|["'])({"|".join(known)})["']:?\s*(?:\w+\()?\d+""")
    found = [path.name for path in root.rglob("*.py") if path.name != "calls.py" and rows.search(path.read_text())]
    assert found == []
