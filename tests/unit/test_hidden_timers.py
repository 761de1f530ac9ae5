"""Timers that /proc/PID does not show: when they are read, when they are unknown, and when there can be none."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from proctor.harness.runner.observe import programs, quiescence, timers
from proctor.harness.runner.play.observer import Observer
from proctor.harness.runner.play.resting import Resting

SHELL = 1


class Watching(Observer):
    """Watches tasks that rest. alarm: the process that may have an interval timer, 0 for none; posix: as in Rest.
    may_have_timers: what the director saw; None without one."""

    def __init__(self, alarm: int = 0, posix: bool = False, may_have_timers: bool | None = None) -> None:
        director = None if may_have_timers is None else SimpleNamespace(may_have_timers=may_have_timers)
        parts = (None, SimpleNamespace(pids={"shell": SHELL}), None, SimpleNamespace(director=director), ())
        super().__init__(*parts)  # type: ignore[arg-type]
        self.shown: tuple[object, ...] = ("as it was",)
        self._has = (posix, frozenset((alarm,) if alarm else ()))

    def look(self) -> quiescence.Rest:
        return quiescence.Rest(True, self.shown, timers.FOREVER, (), *self._has, 0.0, 0.0)

    def drain(self) -> bool:
        return False

    def nothing(self) -> tuple[bool, Resting]:
        """Look, and return whether nothing is hidden, and what is known of the rest then."""
        rest, look = Resting(), self.look()
        rest.seen(look)
        return self.nothing_hidden(look, rest), rest


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[float | None]:
    """What the list of timers shows at each reading: seconds until the next goes off, None where it is not shown."""
    shown: list[float | None] = []
    monkeypatch.setattr(timers, "hidden", lambda: shown.pop(0))
    return shown


MAY_HAVE = (Watching(alarm=os.getpid()), Watching(alarm=os.getpid(), may_have_timers=True), Watching(posix=True))


@pytest.mark.parametrize("watching", MAY_HAVE)
def test_a_timer_whose_time_cannot_be_read_may_go_off(watching: Watching, readings: list[float | None]) -> None:
    readings.append(None)
    is_nothing, rest = watching.nothing()
    assert (is_nothing, rest.hidden_timer) == (False, True)


@pytest.mark.parametrize(
    "watching", [Watching(), Watching(alarm=SHELL), Watching(alarm=os.getpid(), may_have_timers=False)]
)
def test_a_launcher_that_cannot_have_set_one_is_not_looked_at(watching: Watching, readings: list[float | None]) -> None:
    assert readings == []
    assert watching.nothing()[0]


def test_the_list_is_read_again_once_something_has_run(readings: list[float | None]) -> None:
    """Whatever made it run: a signal, an order to its command, another process."""
    watching = Watching(alarm=os.getpid())
    readings += [timers.FOREVER, 0.3]
    assert watching.nothing()[0]
    assert watching.nothing()[0]
    assert readings == [0.3]
    watching.shown = ("its child has ended",)
    _, rest = watching.nothing()
    assert 0.0 < rest.wakes <= 0.3


def test_a_timer_that_is_set_is_read_each_time(readings: list[float | None]) -> None:
    watching = Watching(alarm=os.getpid())
    readings += [3.0, 0.3]
    assert watching.nothing()[0]
    _, rest = watching.nothing()
    assert 0.0 < rest.wakes <= 0.3


WAITS = '#include <unistd.h>\nint main(void) { write(1, "!", 1); %s; return pause(); }\n'
SETS = {
    "alarm": "alarm(1000)",
    "ualarm": "ualarm(999999, 0)",
    "any call": "syscall(38, 0, 0, 0)",
    "an instruction": '__asm__ volatile("syscall" : : "a"(186) : "rcx", "r11", "memory")',
}


def may_set_timer(command: list[str]) -> bool:
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        assert child.stdout
        assert child.stdout.read(1) == b"!"
        found = programs.may_set_timer(child.pid)
        child.kill()
    return found


def compiled(directory: Path, code: str, *options: str) -> str:
    source, program = directory / "waits.c", directory / "waits"
    source.write_text("#define _GNU_SOURCE\n" + WAITS % code)
    subprocess.run(["gcc", *options, "-o", program, source], check=True)
    return str(program)


needs_gcc = pytest.mark.skipif(not shutil.which("gcc") or platform.machine() != "x86_64", reason="needs gcc on x86-64")


@needs_gcc
def test_a_program_that_has_no_way_to_set_a_timer_is_known(tmp_path: Path) -> None:
    assert not may_set_timer([compiled(tmp_path, "")])


@needs_gcc
@pytest.mark.parametrize("code", SETS.values(), ids=SETS.keys())
def test_a_program_that_has_one_may_set_a_timer(code: str, tmp_path: Path) -> None:
    assert may_set_timer([compiled(tmp_path, code)])


@needs_gcc
def test_a_program_that_brings_its_c_library_may_set_a_timer(tmp_path: Path) -> None:
    assert may_set_timer([compiled(tmp_path, "", "-static")])


def test_an_interpreter_may_set_a_timer() -> None:
    assert may_set_timer([sys.executable, "-c", "import time; print('!', flush=True); time.sleep(1000)"])
