"""The directories of targets: kept, cold, warm and stale; the project in them; our programs and the
interpreters."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest

from proctor.harness.runner.start import places as rooms
from proctor.harness.runner.start import project, tarball
from proctor.harness.runner.start.places import Places, interpreter, other_interpreter, usual_interpreter
from proctor.harness.runner.start.removal import remove
from proctor.harness.runner.start.snapshots import tree_of
from proctor.harness.runner.start.spawn import Place, command_line
from proctor.harness.scenario import Scenario, Stage
from proctor.harness.target import BARE, Invocation, Target

HOMES: tuple[Literal["cold", "warm", "stale"], ...] = ("cold", "warm", "stale")
TARGET = Target("a launcher/1", ("run",), sync=("sync",), files={"a/b.txt": "é", "pyproject.toml": "mine"})
PLAIN = Target("plain", ("run",), files={"package.json": "{}"})


class WarmUp:
    """Stands in for the launcher: each run leaves a file, the first one something more."""

    def __init__(self) -> None:
        self.places: list[Place] = []

    def __call__(self, place: Place) -> None:
        self.places.append(place)
        if not (place.home / "cache").exists():
            (place.home / "cache").mkdir()
            (place.home / "cache" / "first").touch()
        (place.home / "cache" / f"run-{len(self.places)}").touch()
        (place.temporary / "left").touch()
        (place.work / ".venv").mkdir(exist_ok=True)


class Broken(Exception):
    pass


def scenario(
    home: Literal["kept", "cold", "warm", "stale"] = "kept",
    invoke: Invocation = "run",
    which: Literal["usual", "other", "killed"] = "usual",
) -> Scenario:
    return Scenario((), Stage(home=home), invoke=invoke, interpreter=which)


def never(place: Place) -> None:
    raise AssertionError(f"{place.work} is warmed up")


@pytest.fixture
def made(tmp_path: Path) -> Places:
    return Places(tmp_path)


def names(directory: Path) -> set[str]:
    return {str(path.relative_to(directory)) for path in directory.rglob("*")}


def test_kept_is_what_the_last_run_left(made: Places) -> None:
    place = made.of(TARGET, scenario(), never)
    for directory in place[:3]:
        (directory / "left").touch()
    again = made.of(TARGET, scenario(), never)
    assert again == place
    assert (place.home / "left").exists()
    assert (place.work / "left").exists()
    assert list(place.temporary.iterdir()) == []


@pytest.mark.parametrize("where", [".tox/py", "{home}/envs/project-*", "[x]/.y*"])
def test_the_projects_environment_is_where_the_target_says(made: Places, where: str) -> None:
    target = Target("t", ("run",), project_environment=where)
    place = made.of(target, scenario(), never)
    root, below = (place.home, where.removeprefix("{home}/")) if where[0] == "{" else (place.work, where)
    assert project.environment_of(target, place) == root / below
    if "*" in where:
        for age, name in enumerate(("b", "c", "a")):
            (environment := root / below.replace("[x]", "x").replace("*", name)).mkdir(parents=True)
            os.utime(environment, ns=(age, age))
        assert project.environment_of(target, place) == environment


def test_the_tool_is_where_python_or_node_installs_it() -> None:
    assert project.tool_of(Path("/w/.venv")) == Path("/w/.venv/bin/proctor-tool")
    assert project.tool_of(Path("/w/node_modules")) == Path("/w/node_modules/.bin/proctor-tool")


def test_each_target_has_its_own(made: Places) -> None:
    one, other = made.of(TARGET, scenario(), never), made.of(PLAIN, scenario(), never)
    hostile = made.of(Target("../../etc \x1b", ("run",)), scenario(), never)
    assert len({one.work, other.work, hostile.work}) == 3
    assert one.wheels == other.wheels
    assert {place.work.parent.parent for place in (one, other, hostile)} == {one.wheels.parent}


def test_cold_is_the_targets_files_and_the_bystander(made: Places) -> None:
    for _ in range(2):
        place = made.of(TARGET, scenario("cold"), never)
        assert names(place.home) == names(place.temporary) == set()
        assert {"a/b.txt", "src/proctor_project.py", "backend/slow_backend.py", project.BYSTANDER} <= names(place.work)
        assert not any("__pycache__" in name for name in names(place.work))
        (place.home / "left").touch()
        (place.work / "a" / "b.txt").unlink()
        (place.work / project.BYSTANDER).write_text("changed")


def test_cold_after_kept_forgets_what_was_there(made: Places) -> None:
    place = made.of(TARGET, scenario(), never)
    (place.home / "left").touch()
    (place.work / "left").touch()
    assert made.of(TARGET, scenario("cold"), never) == place
    assert not {"left"} & (names(place.home) | names(place.work))


def test_warm_is_what_two_undisturbed_runs_leave(made: Places) -> None:
    warm_up = WarmUp()
    for _ in range(3):
        place = made.of(TARGET, scenario("warm"), warm_up)
        assert names(place.home) == {"cache", "cache/first", "cache/run-1", "cache/run-2"}
        assert list(place.temporary.iterdir()) == []
        assert (place.work / project.BYSTANDER).read_text() == "the user's own\n"
        remove(place.home / "cache" / "first")
        (place.home / "cache" / "disturbed").touch()
    assert len(warm_up.places) == 2


@pytest.mark.parametrize("which", ["other", "killed"])
def test_warm_is_made_by_the_usual_interpreter(made: Places, which: Literal["other", "killed"]) -> None:
    warm_up = WarmUp()
    place = made.of(TARGET, scenario("warm", "sync", which), warm_up)
    assert {warmed.interpreter for warmed in warm_up.places} == {usual_interpreter()}
    assert place.interpreter == interpreter(which, place.work.parent) != usual_interpreter()


def test_a_run_and_a_sync_are_warm_each_by_itself(made: Places) -> None:
    warm_up = WarmUp()
    kinds: tuple[Invocation, ...] = ("run", "prune", "sync", "run", "sync", "prune")
    homes = [names(made.of(TARGET, scenario("warm", kind), warm_up).home) for kind in kinds]
    assert len(warm_up.places) == 4
    assert homes[0] == homes[1] == homes[3] == homes[5] != homes[2] == homes[4]


def test_stale_is_warm_but_for_the_project(made: Places) -> None:
    warm_up = WarmUp()
    target = Target("t", ("run",), sync=("sync",))
    warm = tree_of(made.of(target, scenario("warm", "sync"), warm_up))
    for _ in range(2):
        place = made.of(target, scenario("stale", "sync"), warm_up)
        assert project.NEW in (place.work / "pyproject.toml").read_text()
        stale = tree_of(place)
        assert stale.keys() == warm.keys()
        assert [path for path in warm if stale[path] != warm[path]] == ["WORK/pyproject.toml"]
    place = made.of(target, scenario("warm", "sync"), warm_up)
    assert project.OLD in (place.work / "pyproject.toml").read_text()
    assert tree_of(place) == warm
    assert len(warm_up.places) == 2


def test_a_launcher_that_does_not_work_undisturbed_is_asked_again(made: Places) -> None:
    def refuse(place: Place) -> None:
        (place.home / "half").touch()
        raise Broken

    for _ in range(2):
        with pytest.raises(Broken):
            made.of(TARGET, scenario("warm"), refuse)
    assert "half" not in names(made.of(TARGET, scenario("cold"), never).home)
    assert "half" not in names(made.of(TARGET, scenario("warm"), WarmUp()).home)


@pytest.mark.parametrize("home", HOMES)
@pytest.mark.parametrize("harm", ["work", "home", "tmp", "base"])
def test_a_launcher_may_remove_what_is_not_its_own(
    made: Places, home: Literal["cold", "warm", "stale"], harm: str
) -> None:
    warm_up = WarmUp()
    place = made.of(TARGET, scenario(home), warm_up)
    before = names(place.work) | names(place.home)
    for _ in range(2):
        match harm:
            case "base":
                for directory in place[:3]:
                    remove(directory)
            case _:
                remove(place.work.parent / harm)
        assert made.of(TARGET, scenario(home), warm_up) == place
        assert names(place.work) | names(place.home) == before
        assert place.temporary.is_dir()


def test_wheel_and_tarball_are_there_before_the_launcher_starts(made: Places) -> None:
    place = made.of(PLAIN, scenario(), never)
    assert [path.name for path in place.wheels.iterdir()] == ["proctor_tool-1.0-py3-none-any.whl"]
    assert [path.name for path in place.tarball.parent.iterdir()] == ["proctor-tool-1.0.0.tgz"]


# -- the project


def at(work: Path) -> Place:
    """Return a place of which only the working directory matters."""
    return Place(work, work, work)


def test_project_only_for_who_syncs(tmp_path: Path) -> None:
    project.lay_out(PLAIN, at(tmp_path))
    assert names(tmp_path) == {"package.json"}


def test_files_of_the_target_come_last(tmp_path: Path) -> None:
    project.lay_out(TARGET, at(tmp_path))
    assert (tmp_path / "pyproject.toml").read_text() == "mine"
    assert (tmp_path / "a" / "b.txt").read_bytes() == "é".encode()


def test_project_can_be_given_another_version(tmp_path: Path) -> None:
    target = Target("t", ("run",), sync=("sync",))
    project.lay_out(target, at(tmp_path))
    assert built(tmp_path) == "proctor_project-1.0-py3-none-any.whl"
    project.change(target, tmp_path)
    project.change(target, tmp_path)
    assert built(tmp_path) == "proctor_project-1.1-py3-none-any.whl"


def test_project_of_node_can_be_given_another_version(made: Places) -> None:
    target = Target("t", ("run",), sync=("sync",), project_environment="node_modules", files={".npmrc": "mine"})
    place = made.of(target, scenario("cold", "sync"), never)
    locks = "package.json", "package-lock.json", "pnpm-lock.yaml", "bun.lock"
    old = {name: (place.work / name).read_text() for name in locks}
    assert (place.work / ".npmrc").read_text() == "mine"
    assert not (place.work / "pyproject.toml").exists()
    for version in ("1.0.0", "1.1.0"):
        for name in locks:
            text = (place.work / name).read_text()
            assert f"vendor/proctor_project-{version}.tgz" in text
            assert "@" not in text.replace("@file:", "").replace("@vendor/", "")
            if name != "package.json":
                for file in (f"proctor_project-{version}.tgz", "proctor-tool-1.0.0.tgz"):
                    assert tarball.integrity(place.work / "vendor" / file) in text
        project.change(target, place.work)
    assert {name for name in locks if (place.work / name).read_text() != old[name]} == set(locks)


@pytest.mark.parametrize("where", [".venv", "node_modules"])
def test_a_build_waits_where_the_socket_is_named(made: Places, where: str) -> None:
    target = Target("t", ("run",), profiles=("kept",), project_environment=where)
    for waits in (True, False, True):
        stage = Stage(home="cold", build_waits=waits)
        place = made.of(target, Scenario((), stage), never)
        socket = place.work / project.BUILD_SOCKET
        assert (socket.read_text() if socket.exists() else "") == (place.socket if waits else "")


def built(work: Path) -> str:
    """Return the wheel that the project's own backend makes, with nobody to ask whether it may."""
    code = "import slow_backend as b, sys; print(b.build_wheel(sys.argv[1]))"
    done = subprocess.run(
        [sys.executable, "-B", "-c", code, work], capture_output=True, text=True, check=True,
        env={"PYTHONPATH": str(work / "backend")},
    )  # fmt: skip
    return done.stdout.strip()


# -- our programs


@pytest.mark.parametrize("name", ["bin", "a b", "a\tb"])
def test_our_programs_are_named_without_a_space(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = tmp_path / name
    there.mkdir()
    monkeypatch.setattr(rooms, "BINARIES", there)
    places = Places(tmp_path)
    for target in (TARGET, Target("other", ("other",))):
        place = places.of(target, scenario(), never)
        (program, *_) = command_line(BARE, scenario(), place)
        assert len(program.split()) == 1
        assert Path(os.fsdecode(program)).parent.samefile(there)


# -- interpreters


def test_interpreter_that_is_killed(tmp_path: Path) -> None:
    path = interpreter("killed", tmp_path)
    assert path == interpreter("killed", tmp_path)
    assert subprocess.run([path, "-c", ""], check=False).returncode == -9


def test_usual_interpreter_is_no_virtual_environments(tmp_path: Path) -> None:
    path = interpreter("usual", tmp_path)
    code = "import sys; print(sys.prefix == sys.base_prefix, *sys.version_info[:2])"
    said = subprocess.run([path, "-I", "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert said == ["True", *map(str, sys.version_info[:2])]


@pytest.fixture
def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """Return a function that puts a script of this name on a PATH that has nothing else. Ours is Python 3.11, and it is
    2026."""
    monkeypatch.setattr(rooms, "OURS", 11)
    monkeypatch.setattr(rooms, "_month", lambda: (2026, 1))
    monkeypatch.setattr(rooms, "usual_interpreter", lambda: "/no/such/version/bin/python3")
    directory = tmp_path / "path"
    directory.mkdir()
    monkeypatch.setenv("PATH", str(directory))
    _forget()

    def put(name: str, script: str) -> Path:
        path = directory / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    return put


@pytest.fixture(autouse=True)
def _forget_interpreters() -> None:
    _forget()


def _forget() -> None:
    other_interpreter.cache_clear()
    rooms._version_of.cache_clear()


def test_other_interpreter_is_of_another_version(on_path: Callable[[str, str], Path]) -> None:
    on_path("python3.11", "echo 3.11")
    on_path("python3", "echo 3.11")
    on_path("python3.12", "exit 1")  # a shim for a version that is not installed
    on_path("python3.10", "echo 3.11")  # or one that gives what it has
    right = on_path("python3.13", "echo 3.13")
    assert other_interpreter() == os.path.realpath(right)
    assert other_interpreter("==3.13.*") == os.path.realpath(right)
    assert other_interpreter("==3.9.*") == ""


def test_other_interpreter_has_a_version_that_the_target_allows(made: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "other_interpreter", lambda versions: f"/other{versions}")
    target = Target("t", ("run",), python=">=3.10")
    place = made.of(target, Scenario((), interpreter="other"), never)
    assert place.interpreter == "/other>=3.10"


def test_other_interpreter_is_the_nearest_that_is_supported(on_path: Callable[[str, str], Path]) -> None:
    for minor in (8, 9, 13, 14):
        on_path(f"python3.{minor}", f"echo 3.{minor}")
    assert os.path.basename(other_interpreter()) == "python3.13"


def test_other_interpreter_is_not_past_its_end_of_life(
    on_path: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    on_path("python3.10", "echo 3.10")
    on_path("python3.14", "echo 3.14")
    assert os.path.basename(other_interpreter()) == "python3.10"
    _forget()
    monkeypatch.setattr(rooms, "_month", lambda: (2026, 11))
    assert os.path.basename(other_interpreter()) == "python3.14"


@pytest.mark.usefixtures("on_path")
def test_other_interpreter_beside_ours_is_told_by_its_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As pyenv keeps them: 3.9.18 comes after 3.13.0 in the order of strings."""
    for version, minor in (("3.9.18", 9), ("3.13.0", 13)):
        path = tmp_path / version / "bin" / f"python3.{minor}"
        path.parent.mkdir(parents=True)
        path.write_text(f"#!/bin/sh\necho 3.{minor}\n")
        path.chmod(0o755)
        path.with_name("python3").symlink_to(path)
    monkeypatch.setattr(rooms, "usual_interpreter", lambda: str(tmp_path / "3.11.7" / "bin" / "python3"))
    assert other_interpreter() == str(tmp_path / "3.13.0" / "bin" / "python3.13")


def test_no_other_interpreter(on_path: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    on_path("python3.14", "exit 1")
    on_path("python3.10", "exec /bin/sleep 60")
    on_path("python3.12", "echo")
    on_path("python3.9", "echo 3.9")
    broken = on_path("python3.13", "")
    broken.write_text("#!/no/such/shell\n")
    monkeypatch.setattr(rooms, "ASK_WITHIN", 0.2)
    assert other_interpreter() == ""


def test_no_other_interpreter_is_an_empty_path(made: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "other_interpreter", lambda _: "")
    assert made.of(TARGET, scenario("cold", "sync", "other"), never).interpreter == ""


@pytest.mark.parametrize("target", [TARGET, Target("run", ("run",), profiles=("kept",))], ids=["sync", "kept"])
def test_a_build_can_wait_in_each_project(target: Target, tmp_path: Path) -> None:
    script = Scenario((), Stage(home="cold", build_waits=True))
    place = Places(tmp_path).of(target, script, never)
    assert (place.work / project.BUILD_SOCKET).read_text() == place.socket
    (tmp_path / "plain").mkdir()
    plain = Places(tmp_path / "plain").of(PLAIN, script, never)
    assert not (plain.work / project.BUILD_SOCKET).exists()
