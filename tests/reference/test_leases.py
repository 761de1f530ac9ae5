"""Leases: a leased directory is not removed, and taking a lease does not wait."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path
from unittest.mock import Mock

import pytest
from reference_launcher import lease, removing
from reference_launcher.directories import Failure, Root


def test_shared_leases_exclude_an_exclusive_one(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    first, second = lease.lease_shared(str(tmp_path / "d")), lease.lease_shared(str(tmp_path / "d"))
    assert first
    assert second
    first.release()
    assert lease.lease_exclusive(str(tmp_path / "d")) is None
    second.release()
    assert lease.lease_exclusive(str(tmp_path / "d"))


def test_an_exclusive_lease_excludes_a_shared_one(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    exclusive = lease.lease_exclusive(str(tmp_path / "d"))
    assert exclusive
    assert lease.lease_shared(str(tmp_path / "d")) is None
    exclusive.release()


def test_a_lease_ends_with_its_process(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    ready, report_ready = os.pipe()
    pid = os.fork()
    if pid == 0:
        lease.lease_shared(str(tmp_path / "d"))
        os.write(report_ready, b".")
        os.read(os.pipe()[0], 1)
    os.read(ready, 1)
    assert lease.lease_exclusive(str(tmp_path / "d")) is None
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    assert lease.lease_exclusive(str(tmp_path / "d"))


def test_no_lease_on_a_directory_that_was_replaced_before_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "d"
    path.mkdir()
    flock = fcntl.flock

    def replace_then_flock(descriptor: int, how: int) -> None:
        path.rename(tmp_path / "elsewhere")
        path.mkdir()
        flock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", replace_then_flock)
    assert lease.lease_shared(str(path)) is None


def test_no_lease_through_a_symbolic_link(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "link").symlink_to("outside")
    assert lease.lease_exclusive(str(tmp_path / "link")) is None


def test_an_error_names_a_file_system_without_flock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fcntl, "flock", Mock(side_effect=OSError(errno.EOPNOTSUPP, "")))
    with pytest.raises(Failure, match=r"has no flock\(2\)"):
        lease.make_leased_directory(str(tmp_path / "building"))
    assert os.listdir(tmp_path / "building") == []


def test_another_directory_is_made_when_a_cleanup_removes_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = Root(str(tmp_path))
    real = lease.lease_shared
    removed: list[str] = []

    def remove_first(path: str) -> lease.Lease | None:
        if not removed:
            removed.append(path)
            assert removing.remove_leftovers(root) == 1
            root.remove_empty()
        return real(path)

    monkeypatch.setattr(lease, "lease_shared", remove_first)
    made = lease.make_leased_directory(root.building)
    assert made.path != removed[0]
    assert made.is_at_path()


def test_removing_includes_read_only_directories_and_follows_no_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("kept")
    tree = tmp_path / "tree"
    (tree / "a" / "b").mkdir(parents=True)
    (tree / "a" / "b" / "file").write_text("")
    (tree / "a" / "link").symlink_to(outside)
    (tree / "a" / "b").chmod(0o500)
    (tree / "a").chmod(0)
    removing.remove(str(tree))
    assert not tree.exists()
    assert (outside / "file").read_text() == "kept"


def test_an_environment_is_moved_to_the_trash_before_it_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = Root(str(tmp_path))
    (tmp_path / "environments" / "key-1" / "bin").mkdir(parents=True)
    seen: list[str] = []
    monkeypatch.setattr(removing, "remove", seen.append)
    assert removing.remove_unused(root.environments + "/key-1", root)
    assert os.listdir(root.environments) == []
    assert [os.path.dirname(path) for path in seen] == [root.trash]
    monkeypatch.undo()
    assert removing.remove_leftovers(root) == 1  # as after a prune that was killed at this point
    assert os.listdir(root.trash) == []
