"""The tables of system calls, against the kernel's own headers, which both come with the C library's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from proctor.harness.calls import VISIBLE

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
    ours = {name: getattr(call, machine) for name, call in VISIBLE.items()}
    assert {name: number for name, number in ours.items() if number is not None and known.get(name) != number} == {}
    assert [name for name, number in ours.items() if number is None and name in known] == []
