"""Launchers that are the tool: how their program is made, and what is said where that fails."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from proctor.harness.errors import HarnessError
from proctor.harness.runner.start import bundle, spawn
from proctor.harness.runner.start.places import Places
from proctor.harness.runner.start.spawn import Place
from proctor.harness.scenario import Scenario
from proctor.harness.target import Target

CALLS = "echo >> calls"
MAKES = f"{CALLS}; ls {{wheels}} > names; cp names {{bundle}}; chmod +x {{bundle}}"


def made_by(script: str) -> Target:
    files = {"module.py": "in {work}\n"}
    return Target("t", ("{bundle}",), bundle=("/bin/sh", "-c", script), profiles=("ephemeral",), files=files)


def place_of(target: Target, places: Places) -> Place:
    def never(_: Place) -> None:
        raise AssertionError

    return places.of(target, Scenario((), command="tool"), never)


def test_the_program_is_made_once_of_the_wheel(tmp_path: Path) -> None:
    places, target = Places(tmp_path), made_by(MAKES)
    for _ in range(3):
        place = place_of(target, places)
    assert place.bundle.read_text() == "proctor_tool-1.0-py3-none-any.whl\n"
    assert (place.bundle.parent / "work" / "calls").read_text() == "\n"


def test_it_is_made_in_directories_that_no_execution_sees(tmp_path: Path) -> None:
    target = made_by(f"touch {{home}}/a $HOME/b $TMPDIR/c {{work}}/d; test -f module.py && {MAKES}")
    place = place_of(target, Places(tmp_path))
    below = place.bundle.parent
    assert {path.name for path in (below / "home").iterdir()} == {"a", "b"}
    assert (below / "work" / "module.py").read_text() == f"in {below}/work\n"
    assert [path.name for path in place.work.iterdir()] == ["module.py"]
    assert not any(place.home.iterdir())
    assert not any(place.temporary.iterdir())


def test_it_is_started_with_our_arguments(tmp_path: Path) -> None:
    target = made_by(MAKES)
    place = place_of(target, Places(tmp_path))
    line = spawn.command_line(target, Scenario((), command="tool", args=(b"x",)), place, "/s")
    assert line == [bytes(place.bundle), b"/s", b"x"]


@pytest.mark.parametrize(
    ("script", "how", "said"),
    [
        ("echo no such option >&2; exit 3", "It exited with 3", "It printed: no such option."),
        ("kill -9 $$", "It died of signal 9", "It printed: nothing."),
        (CALLS, "launcher does not exist", "It printed: nothing."),
        ("touch {bundle}", "launcher is not executable", "It printed: nothing."),
    ],
)
def test_a_failure_says_what_was_run_and_what_it_printed(script: str, how: str, said: str, tmp_path: Path) -> None:
    places = Places(tmp_path)
    for _ in range(2):
        with pytest.raises(HarnessError, match="the program of t was not made") as caught:
            place_of(made_by(script), places)
        told = str(caught.value)
        assert how in told
        assert said in told
        assert "Run as: /bin/sh -c " in told
        assert told.endswith("Correct 'bundle' in its description: see docs/targets.md")


def test_only_the_end_of_much_output_is_reported(tmp_path: Path) -> None:
    script = f"{shlex.quote(sys.executable)} -c \"print('x' * 9000); print('the end'); exit(1)\""
    with pytest.raises(HarnessError) as caught:
        place_of(made_by(script), Places(tmp_path))
    assert len(str(caught.value)) < bundle.MOST_SAID + 1000
    assert "the end" in str(caught.value)


def test_one_that_does_not_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "BUILT_WITHIN", 0.2)
    with pytest.raises(HarnessError, match=r"It did not end within 0.2 s\. It printed: made"):
        place_of(made_by("echo made; sleep 100"), Places(tmp_path))


def test_one_that_cannot_be_started(tmp_path: Path) -> None:
    target = Target("t", ("{bundle}",), bundle=(str(tmp_path / "none"), "{bundle}"), profiles=("ephemeral",))
    with pytest.raises(HarnessError, match="It could not be started: No such file or directory"):
        place_of(target, Places(tmp_path))
