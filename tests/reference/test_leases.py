"""Leases: who holds one keeps the directory, and nobody waits."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path
from unittest.mock import Mock

import pytest
from reference_launcher import lease, removing
from reference_launcher.places import Failure, Root


def test_two_may_use_what_nobody_may_remove(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    first, second = lease.use(str(tmp_path / "d")), lease.use(str(tmp_path / "d"))
    assert first
    assert second
    first.end()
    assert lease.claim(str(tmp_path / "d")) is None
    second.end()
    assert lease.claim(str(tmp_path / "d"))


def test_what_is_being_removed_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    claimed = lease.claim(str(tmp_path / "d"))
    assert claimed
    assert lease.use(str(tmp_path / "d")) is None
    claimed.end()


def test_a_lease_ends_with_its_process(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    ready, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        lease.use(str(tmp_path / "d"))
        os.write(tell, b".")
        os.read(os.pipe()[0], 1)
    os.read(ready, 1)
    assert lease.claim(str(tmp_path / "d")) is None
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    assert lease.claim(str(tmp_path / "d"))


def test_a_directory_that_was_exchanged_meanwhile_is_not_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "d"
    path.mkdir()
    flock = fcntl.flock

    def exchanged(descriptor: int, how: int) -> None:
        path.rename(tmp_path / "elsewhere")
        path.mkdir()
        flock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", exchanged)
    assert lease.use(str(path)) is None


def test_no_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "link").symlink_to("theirs")
    assert lease.claim(str(tmp_path / "link")) is None


def test_a_file_system_without_flock_is_said_to_be_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fcntl, "flock", Mock(side_effect=OSError(errno.EOPNOTSUPP, "")))
    with pytest.raises(Failure, match=r"has no flock\(2\)"):
        lease.make(str(tmp_path / "building"))
    assert os.listdir(tmp_path / "building") == []


def test_making_goes_on_when_a_collector_takes_the_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = Root(str(tmp_path))
    real = lease.use
    taken: list[str] = []

    def late(path: str) -> lease.Lease | None:
        if not taken:
            taken.append(path)
            assert removing.collect(root) == 1
            root.tidy()
        return real(path)

    monkeypatch.setattr(lease, "use", late)
    made = lease.make(root.building)
    assert made.path != taken[0]
    assert made.is_here()


def test_removing_takes_read_only_directories_and_leaves_what_links_lead_to(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "file").write_text("kept")
    tree = tmp_path / "tree"
    (tree / "a" / "b").mkdir(parents=True)
    (tree / "a" / "b" / "file").write_text("")
    (tree / "a" / "link").symlink_to(theirs)
    (tree / "a" / "b").chmod(0o500)
    (tree / "a").chmod(0)
    removing.remove(str(tree))
    assert not tree.exists()
    assert (theirs / "file").read_text() == "kept"


def test_what_is_whole_goes_through_the_trash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = Root(str(tmp_path))
    (tmp_path / "environments" / "key-1" / "bin").mkdir(parents=True)
    seen: list[str] = []
    monkeypatch.setattr(removing, "remove", seen.append)
    assert removing.discard(root.environments + "/key-1", root)
    assert os.listdir(root.environments) == []
    assert [os.path.dirname(path) for path in seen] == [root.trash]
    monkeypatch.undo()
    assert removing.collect(root) == 1  # as after a prune that was killed there
    assert os.listdir(root.trash) == []
