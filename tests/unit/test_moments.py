"""Moments of the making of an environment, by kind: on points as a survey records them."""

from __future__ import annotations

import pytest

from proctor.conformance.exploring.kinds import KINDS, Moments
from proctor.harness.explorer.spread import spread_over_kinds
from proctor.harness.explorer.survey import SurveyedPoint
from proctor.harness.explorer.sweep import PlannedSchedule
from proctor.harness.history import PointReached
from proctor.harness.schedule import Deliver, Directive, Point, Schedule
from tests.conftest import ROOT

PACKAGES = "/x/work/.venv/lib/python3.11/site-packages"
INFO = f"{PACKAGES}/proctor_tool-1.0.dist-info"


def passed(*calls: tuple[str, str]) -> list[SurveyedPoint]:
    """Return the entry and the exit of each call, with the file that it is about."""
    found: list[SurveyedPoint] = []
    for nth, (call, path) in enumerate(calls, 1):
        for when in ("entry", "exit"):
            at = Point("launcher", call, nth, "exit" if when == "exit" else "entry")
            found.append(SurveyedPoint(len(found), PointReached(at, path=path), (), True, False, False))
    return found


def kinds(*calls: tuple[str, str]) -> list[str]:
    sites = passed(*calls)
    moments = Moments(sites)
    return [KINDS[moments.kind_of(site.point)].name for site in sites]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (f"{INFO}/METADATA", "metadata"),
        (f"{INFO}/RECORD", "list of files"),
        ("/x/work/.venv/bin/proctor-tool", "program"),
        ("/x/work/.venv/pyvenv.cfg", "mark"),
        ("/x/work/.venv/bin/python3.11", "interpreter"),
        ("/x/work/node_modules/proctor-tool/package.json", "metadata"),
        ("/x/work/node_modules/@a/b/package.json", "metadata"),
        ("/x/work/node_modules/.package-lock.json", "list of files"),
        ("/x/work/node_modules/.bin/proctor-tool", "program"),
        ("/x/home/.cache/file", "rename"),
    ],
)
def test_a_file_that_takes_its_place_is_finished(path: str, kind: str) -> None:
    assert kinds(("rename", path)) == ["other", kind]


def test_a_file_that_is_opened_is_finished_at_the_next_call() -> None:
    """Until then it is empty, so it deceives no installer."""
    found = kinds(("openat", f"{INFO}/METADATA"), ("openat", f"{INFO}/WHEEL"), ("mkdir", "/x/y"))
    assert found == ["other", "file", "metadata", "file", "last file of a package", "directory"]


def test_the_ends_of_a_package() -> None:
    made = [("link", f"{PACKAGES}/proctor_tool/{name}") for name in "abc"]
    assert kinds(*made)[1::2] == ["first file of a package", "link", "last file of a package"]


def test_a_lock_and_what_is_removed() -> None:
    calls = (("flock", "/x/a"), ("open", "/x/uv.lock"), ("unlink", "/x/uv.lock"), ("unlink", "/x/a"))
    assert kinds(*calls)[1::2] == ["lock", "lock", "lock", "removal"]


def test_one_of_each_kind_comes_before_two_of_any() -> None:
    sites = passed(*[("mkdir", f"/x/{n}") for n in range(9)], ("rename", f"{INFO}/METADATA"), ("rename", "/x/b"))
    moments = Moments(sites)
    stimuli = [Deliver(9, "all"), Deliver(2, "group")]
    planned = [PlannedSchedule(Schedule((Directive(s.point, d),)), s, str(d)) for s in sites for d in stimuli]
    ordered = spread_over_kinds(planned, moments.kind_of, moments.rank_of)
    shown = [(KINDS[moments.kind_of(one.site.point)].name, one.what) for one in ordered if one.site]
    assert shown[:4] == [
        ("metadata", "deliver KILL to all"), ("rename", "deliver INT to group"),
        ("directory", "deliver KILL to all"), ("other", "deliver INT to group"),
    ]  # fmt: skip
    assert sorted(map(str, ordered)) == sorted(map(str, planned))


def test_marks_of_an_environment_come_before_what_is_elsewhere() -> None:
    """A package of the interpreter's own, such as pip, is neither."""
    paths = (
        "/x/tmp/a", f"{PACKAGES}/pip/cache", "/x/tmp/proctor_tool-1.0.whl", "/x/work/.venv/unfinished",
        "/x/work/node_modules/.unfinished", f"{PACKAGES}/proctor_tool/old",
    )  # fmt: skip
    made = (("rename", "/x/work/.venv/pyvenv.cfg"), ("rename", "/x/work/node_modules/.package-lock.json"))
    sites = passed(*made, *(("unlink", path) for path in paths))
    moments = Moments(sites)
    assert [moments.rank_of(site) for site in sites[5::2]] == [3, 3, 2, 1, 1, 0]


def test_the_documentation_lists_all_kinds() -> None:
    text = (ROOT / "docs" / "explorer.md").read_text(encoding="utf-8")
    rows = "".join(f"| {kind.name} | {kind.why} |\n" for kind in KINDS)
    assert rows in text
