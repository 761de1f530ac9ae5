"""What the launcher's directories hold: snapshots, what differs, whose it is, and the way back."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import msgspec
import pytest

from proctor.harness.history import FileChange, FilesChanged, to_lines
from proctor.harness.runner.start import snapshots
from proctor.harness.runner.start.removal import remove
from proctor.harness.runner.start.snapshots import Entry, Template, Watched, differences, tree_of
from proctor.harness.runner.start.spawn import Place
from proctor.harness.target import Target
from tests.unit.histories import history

HOSTILE = (
    b"\xff\xfe",
    b"a\nb",
    b"\x1b]0;owned\x07",
    b"-rf",
    b"*",
    b"[x]",
    b" ",
    "\u202e\u2028".encode(),
    b"~",
    b"x" * 255,
)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return directories with something in them."""
    made = Place(tmp_path / "work", tmp_path / "home", tmp_path / "tmp")
    for directory in made[:3]:
        directory.mkdir()
    (made.work / "pyproject.toml").write_text("1.0")
    (made.home / ".cache" / "x").mkdir(parents=True)
    (made.home / ".cache" / "x" / "db").write_text("old")
    return made


def target(own: tuple[str, ...] = ("{home}/.cache/x", "{work}/.venv"), keeps: tuple[str, ...] = ()) -> Target:
    return Target("t", ("t",), own=own, keeps=keeps)


def compare(watched: Watched) -> dict[str, FileChange]:
    return {change.path: change for change in watched.compare("now").changes}


def write(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


# -- snapshots


def test_tree_names_the_places(place: Place) -> None:
    write(place.temporary / "t")
    assert list(tree_of(place)) != []
    assert {path: entry.kind for path, entry in tree_of(place).items()} == {
        "HOME/.cache": "directory",
        "HOME/.cache/x": "directory",
        "HOME/.cache/x/db": "file",
        "WORK/pyproject.toml": "file",
        "TMPDIR/t": "file",
    }


def test_links_are_what_they_are(place: Place, tmp_path: Path) -> None:
    outside = write(tmp_path / "outside" / "file")
    for name, there in (("in", outside.parent), ("file", outside), ("nowhere", "no/where"), ("circle", "circle")):
        (place.home / name).symlink_to(there)
    tree = tree_of(place)
    assert tree["HOME/in"] == Entry("link", 0, link=str(outside.parent))
    assert {tree[f"HOME/{name}"].kind for name in ("in", "file", "nowhere", "circle")} == {"link"}
    assert not any(path.startswith("HOME/in/") for path in tree)


def test_what_is_neither_file_nor_directory(place: Place) -> None:
    os.mkfifo(place.home / "pipe")
    assert tree_of(place)["HOME/pipe"].kind == "other"


def test_what_python_writes_is_left_out_wherever_it_is(place: Place) -> None:
    before = tree_of(place)
    write(place.home / "__pycache__" / "a.pyc")
    write(place.work / "__pycache__" / "deeper" / "a.txt")
    assert tree_of(place) == before
    write(place.work / "__pycache__.txt")
    (place.home / "file").mkdir()
    write(place.home / "file" / "__pycache__")  # a file of this name is somebody's doing
    assert set(tree_of(place)) - set(before) == {"WORK/__pycache__.txt", "HOME/file", "HOME/file/__pycache__"}


def test_a_place_that_is_gone_or_closed(place: Place) -> None:
    remove(place.home)
    assert all(path.startswith("WORK/") for path in tree_of(place))
    remove(place.work)
    assert tree_of(place) == {}


def test_directories_deeper_than_a_recursion_goes(place: Place) -> None:
    """A path may be longer than the kernel takes in one piece; what is beyond that is not seen, and breaks nothing."""
    descriptor = os.open(place.home, os.O_RDONLY)
    try:
        for _ in range(1500):
            os.mkdir("d", dir_fd=descriptor)
            deeper = os.open("d", os.O_RDONLY, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = deeper
    finally:
        os.close(descriptor)
    assert sum(path.endswith("/d") for path in tree_of(place)) >= 1000
    remove(place.home)
    assert not place.home.exists()


def test_differences_are_told_by_path() -> None:
    old = {"a": Entry("file", 0o644, 1, 1), "b": Entry("file", 0o644), "c": Entry("directory", 0o755)}
    new = {"a": Entry("file", 0o644, 1, 2), "c": Entry("link", 0, link="x"), "B": Entry("other", 0o600)}
    assert list(differences(old, new)) == [
        ("B", "other", "created"),
        ("a", "file", "changed"),
        ("b", "file", "removed"),
        ("c", "link", "changed"),
    ]
    assert list(differences(old, old)) == list(differences({}, {})) == []


def test_what_counts_as_changed(place: Place) -> None:
    names = ("same size", "mode", "touched", "kind", "link", "untouched")
    for name in names:
        write(place.work / name, "123")
    (place.work / "link").unlink()
    (place.work / "link").symlink_to("a")
    directory = place.work / "directory"
    directory.mkdir()
    before = tree_of(place)
    write(place.work / "same size", "124")
    os.utime(place.work / "same size", ns=(1, 1))
    (place.work / "mode").chmod(0o755)
    os.utime(place.work / "touched", ns=(2, 2))
    (place.work / "kind").unlink()
    (place.work / "kind").mkdir()
    (place.work / "link").unlink()
    (place.work / "link").symlink_to("b")
    os.utime(directory, ns=(3, 3))  # its times change with all in it
    assert {path for path, _, how in differences(before, tree_of(place)) if how == "changed"} == {
        f"WORK/{name}" for name in names if name != "untouched"
    }


# -- whose it is


def test_own_and_not_own(place: Place) -> None:
    watched = Watched(target(), place)
    write(place.home / ".cache" / "x" / "run-1" / "pyvenv.cfg")
    write(place.home / ".cache" / "xy")
    write(place.work / ".venv" / "bin" / "tool")
    write(place.work / ".venv.tmp")
    write(place.temporary / "part")
    (place.home / ".cache" / "x" / "db").unlink()
    (place.work / "pyproject.toml").chmod(0o600)
    changes = compare(watched)
    assert {path for path, change in changes.items() if change.own} == {
        "HOME/.cache/x/run-1",
        "HOME/.cache/x/run-1/pyvenv.cfg",
        "HOME/.cache/x/db",
        "WORK/.venv",
        "WORK/.venv/bin",
        "WORK/.venv/bin/tool",
    }
    assert {path for path, change in changes.items() if not change.own} == {
        "HOME/.cache/xy",
        "WORK/.venv.tmp",
        "TMPDIR/part",
        "WORK/pyproject.toml",
    }
    assert changes["HOME/.cache/x/db"].how == "removed"
    assert changes["WORK/pyproject.toml"].how == "changed"


def test_the_way_to_its_own_is_its_own_as_far_as_directories_go(place: Place) -> None:
    watched = Watched(target(("{home}/.local/share/x",)), place)
    write(place.home / ".local" / "share" / "x" / "a")
    write(place.home / ".local" / "share" / "y")
    (place.home / ".local" / "other").mkdir()
    assert {path for path, change in compare(watched).items() if not change.own} == {
        "HOME/.local/share/y",
        "HOME/.local/other",
    }


@pytest.mark.parametrize("own", ["{home}/.cache/x/", "{home}/.cache//x", "{home}/.cache/./x", "{home}/a/../.cache/x"])
def test_its_own_by_any_spelling(place: Place, own: str) -> None:
    watched = Watched(target((own,), ("log",)), place)
    write(place.home / ".cache" / "x" / "log")
    change = compare(watched)["HOME/.cache/x/log"]
    assert change.own
    assert change.kept


@pytest.mark.parametrize(
    ("declared", "shown"), [(".venv", "WORK/.venv"), ("{home}/envs/project-*", "HOME/envs/project-*")]
)
def test_where_the_project_has_its_environment_is_told(place: Place, declared: str, shown: str) -> None:
    elsewhere = msgspec.structs.replace(target(), project_environment=declared)
    assert Watched(elsewhere, place).compare("later").project == shown


def test_a_whole_place_may_be_its_own(place: Place) -> None:
    watched = Watched(target(("{home}", "{tmp}")), place)
    write(place.home / "a" / "b")
    write(place.temporary / "c")
    write(place.work / "d")
    assert [path for path, change in compare(watched).items() if not change.own] == ["WORK/d"]


def test_its_own_elsewhere_is_not_watched(place: Place, tmp_path: Path) -> None:
    watched = Watched(target((str(tmp_path / "elsewhere"), "/")), place)
    write(tmp_path / "elsewhere" / "a")
    write(place.work / "b")
    assert {path: change.own for path, change in compare(watched).items()} == {"WORK/b": False}


def test_kept_by_patterns_below_its_own(place: Place) -> None:
    watched = Watched(target(keeps=("log*", "runs/*.json", "Upper")), place)
    own = place.home / ".cache" / "x"
    for name in ("log", "log.1", "logs/deep/1", "runs/1.json", "runs/1.tmp", "a-log", "upper"):
        write(own / name)
    write(place.home / "log")
    write(place.temporary / "log")
    kept = {path.removeprefix("HOME/.cache/x/") for path, change in compare(watched).items() if change.kept}
    assert kept == {"log", "log.1", "logs", "logs/deep", "logs/deep/1", "runs/1.json"}


def test_its_own_may_have_a_name_that_looks_like_a_pattern(place: Place) -> None:
    watched = Watched(target(("{home}/[x]*",), ("log",)), place)
    write(place.home / "[x]*" / "log")
    write(place.home / "xy" / "log")
    changes = compare(watched)
    assert changes["HOME/[x]*/log"].kept
    assert not changes["HOME/xy/log"].kept
    assert not changes["HOME/xy/log"].own


def test_environments_new_or_not_are_named(place: Place, tmp_path: Path) -> None:
    write(place.home / "old" / "pyvenv.cfg")
    write(tmp_path / "outside" / "pyvenv.cfg")
    watched = Watched(target(), place)
    write(place.work / ".venv" / "pyvenv.cfg")
    write(place.home / "no" / "pyvenv.cfg.bak")
    (place.home / "link").symlink_to(tmp_path / "outside")
    assert set(watched.compare("now").environments) == {"HOME/old", "WORK/.venv"}
    remove(place.home / "old")
    assert watched.compare("now").environments == ("WORK/.venv",)


def test_hostile_names_go_into_a_history(place: Place) -> None:
    watched = Watched(target(), place)
    for name in HOSTILE:
        os.mkdir(os.fsencode(place.home) + b"/" + name)
        with open(os.fsencode(place.home) + b"/" + name + b"/pyvenv.cfg", "wb"):
            pass
    found = watched.compare("now")
    assert found.count == 2 * len(HOSTILE)
    assert len(found.environments) == len(HOSTILE)
    assert "HOME/\\udcff\\udcfe" in found.environments
    assert to_lines(history(found)).count("\n") == 2


def test_more_than_can_be_told(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is told are the first by path, so that a check knows how far it can see."""
    monkeypatch.setattr(snapshots, "MOST_CHANGES", 5)
    watched = Watched(target(), place)
    for number in range(9):
        write(place.work / f"w{number}")
    write(place.home / "z")
    found = watched.compare("now")
    assert (found.count, len(found.changes)) == (10, 5)
    paths = [change.path for change in found.changes]
    assert paths == sorted(paths) == ["HOME/z", "WORK/w0", "WORK/w1", "WORK/w2", "WORK/w3"]


def test_nothing_has_happened(place: Place) -> None:
    assert Watched(target(), place).compare("later") == FilesChanged("later", (), 0)


def test_each_comparison_is_with_the_first_look(place: Place) -> None:
    watched = Watched(target(), place)
    made = write(place.work / "a")
    assert list(compare(watched)) == list(compare(watched)) == ["WORK/a"]
    made.unlink()
    assert compare(watched) == {}


# -- the way back


@pytest.fixture
def template(place: Place, tmp_path: Path) -> Template:
    (place.home / "link").symlink_to(".cache")
    os.link(place.home / ".cache" / "x" / "db", place.work / "linked")
    os.link(place.home / ".cache" / "x" / "db", place.home / "also")
    (place.work / "program").write_text("#!/bin/sh\n")
    (place.work / "program").chmod(0o755)
    return Template(place, tmp_path / "copies" / "cold")


def inode(path: Path) -> int:
    return path.stat().st_ino


def test_what_is_new_is_removed_and_the_rest_left_alone(place: Place, template: Template) -> None:
    before, first = tree_of(place), inode(place.work / "program")
    write(place.home / "new" / "deep" / "file")
    (place.home / "new" / "link").symlink_to(place.work)
    os.mkfifo(place.work / "pipe")
    write(place.temporary / "part" / "file")
    template.restore()
    assert tree_of(place) == before
    assert inode(place.work / "program") == first


def test_a_link_that_is_removed_takes_nothing_along(place: Place, template: Template, tmp_path: Path) -> None:
    kept = write(tmp_path / "outside" / "file")
    (place.home / "out").symlink_to(kept.parent)
    template.restore()
    assert kept.exists()
    assert not (place.home / "out").is_symlink()


@pytest.mark.parametrize("harm", ["change", "remove", "mode", "replace", "home", "work", "link", "python"])
def test_what_is_changed_or_removed_comes_back(place: Place, template: Template, harm: str) -> None:
    before = tree_of(place)
    database = place.home / ".cache" / "x" / "db"
    match harm:
        case "change":
            database.write_text("newer")
        case "remove":
            database.unlink()
        case "mode":
            (place.work / "program").chmod(0o600)
        case "replace":
            remove(place.home / ".cache")
            write(place.home / ".cache")
        case "home":
            remove(place.home)
        case "work":
            remove(place.work)
        case "link":
            (place.home / "link").unlink()
            (place.home / "link").symlink_to("elsewhere")
        case "python":
            database.unlink()
            write(place.home / "__pycache__" / "a.pyc")
    write(place.home / "new") if place.home.exists() else None
    template.restore()
    assert tree_of(place) == before
    assert database.read_text() == "old"
    assert stat.S_IMODE((place.work / "program").stat().st_mode) == 0o755
    assert not (place.home / "new").exists()


def test_files_of_several_names_stay_one(place: Place, template: Template) -> None:
    (place.work / "program").unlink()
    template.restore()
    assert inode(place.home / ".cache" / "x" / "db") == inode(place.home / "also")


def test_the_copy_is_not_used_up(place: Place, template: Template) -> None:
    before = tree_of(place)
    for _ in range(3):
        remove(place.work / "program")
        write(place.home / ".cache" / "x" / "db", "other")
        template.restore()
        assert tree_of(place) == before


def test_nothing_to_do(place: Place, template: Template, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", None)
    template.restore()
    assert (place.work / "program").exists()


def test_hostile_names_come_back(place: Place, tmp_path: Path) -> None:
    for name in HOSTILE:
        with open(os.fsencode(place.home) + b"/" + name, "wb") as file:
            file.write(name)
    template, before = Template(place, tmp_path / "copy"), tree_of(place)
    for name in HOSTILE:
        os.unlink(os.fsencode(place.home) + b"/" + name)
    template.restore()
    assert tree_of(place) == before
    for name in HOSTILE:
        os.mkdir(os.fsencode(place.work) + b"/" + name)
    template.restore()
    assert tree_of(place) == before


def test_remove_what_is_not_there_or_locked(tmp_path: Path) -> None:
    remove(tmp_path / "nothing")
    locked = write(tmp_path / "locked" / "inner" / "file").parent
    locked.chmod(0)
    locked.parent.chmod(0o500)
    remove(tmp_path / "locked")
    assert list(tmp_path.iterdir()) == []
