"""Versions as pip and npm list them, their order, and the ranges of them."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import pytest

from proctor.conformance.versions.managers import MANAGERS, PackageRelease, Source
from proctor.conformance.versions.packages import cache_directory, named_in, packages_of_targets
from proctor.conformance.versions.ranges import versions_in_range
from proctor.harness.errors import UsageError

NPM = '["2.0.0", "1.0.0-beta.11", "1.0.0-beta.2", "1.0.0-alpha.beta", "1.0.0", "10.1.0", "1.0.0-rc.1", "1.10.0"]'


@pytest.mark.parametrize(
    ("line", "package"),
    [
        ("pip install uv==0.13.8", ("pip", "uv", "0.13.8", "")),
        ("pip install 'pdm[locked]==2.29.3'", ("pip", "pdm", "2.29.3", "[locked]")),
        ("npm install --global cross-env@10.1.0", ("npm", "cross-env", "10.1.0", "")),
        ("apt-get install nodejs npm; npm install --global npm@11.19.1", ("npm", "npm", "11.19.1", "")),
        ("npm install --global @some/launcher@1.0.0-rc.1", ("npm", "@some/launcher", "1.0.0-rc.1", "")),
        ("pip install uv", ("pip", "uv", "", "")),
        ("pip install 'uv>=0.13'", None),
        ("pip install 'uv==0.13.*'", None),
        ("pip install 'pdm[locked]==2.29.3", None),
        ("pip install uv==0.13.8 tini==0.19", None),
        ("apt-get install tini", None),
        ("", None),
    ],
)
def test_the_package_of_an_install_line(line: str, package: tuple[str, ...] | None) -> None:
    assert named_in(line) == package


def test_the_targets_name_packages() -> None:
    assert packages_of_targets()["uv"].source == "pip"
    assert packages_of_targets()["cross-env"].source == "npm"


def in_order(source: Source, said: str) -> list[str]:
    return [release.text for release in sorted(MANAGERS[source].releases(said), key=lambda release: release.key)]


def test_the_order_of_pip_is_that_of_pep_440() -> None:
    said = "some (1.10)\nAvailable versions: 1.10, 1.9.post1, 1.9, 1.9rc1, 1.9.dev3, 0.9\n  INSTALLED: 1.10"
    assert in_order("pip", said) == ["0.9", "1.9.dev3", "1.9rc1", "1.9", "1.9.post1", "1.10"]


def test_the_order_of_npm_is_that_of_semver() -> None:
    assert in_order("npm", NPM) == [
        "1.0.0-alpha.beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.10.0", "2.0.0", "10.1.0",
    ]  # fmt: skip


def test_what_pip_says_where_it_finds_no_such_version_names_the_withdrawn_too() -> None:
    said = (
        "ERROR: Ignored the following yanked versions: 1.1, 1.2\n"
        "ERROR: Could not find a version that satisfies the requirement some==0 (from versions: 1.0, 1.3)\n"
    )
    assert in_order("pip", said) == ["1.0", "1.1", "1.2", "1.3"]
    assert in_order("pip", "... some==0 (from versions: none)") == []


def test_npm_has_one_version_or_none() -> None:
    assert in_order("npm", '"1.0.0"') == ["1.0.0"]
    assert in_order("npm", '{"error": {"code": "E404"}}') == in_order("npm", "") == []


def test_why_a_version_is_not_installed_is_one_line() -> None:
    pip = "  error: subprocess-exited-with-error\n  × setup.py did not run\nERROR: No matching distribution found for x"
    assert MANAGERS["pip"].complaint(pip) == "No matching distribution found for x"
    npm = "npm error code E404\nnpm error 404 Not Found - GET https://x/y\nnpm error A complete log of this run: z"
    assert MANAGERS["npm"].complaint(npm) == "404 Not Found - GET https://x/y"
    assert MANAGERS["pip"].complaint("") == MANAGERS["npm"].complaint("") == ""


def test_the_cache_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_directory() == tmp_path / "proctor" / "packages"
    monkeypatch.setenv("XDG_CACHE_HOME", "not/absolute")  # to be ignored, says the XDG specification
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_directory() == tmp_path / "home" / ".cache" / "proctor" / "packages"


LISTED = ["0.9", "1.0", "1.1rc1", "1.1", "1.2", "2.0a1"]
WITHDRAWN = ["1.0.1"]


def listed(withdrawn: bool) -> list[PackageRelease]:
    texts = [*LISTED, *(WITHDRAWN if withdrawn else [])]
    found = [release for text in texts if (release := MANAGERS["pip"].release(text))]
    return sorted(found, key=lambda release: release.key)


choose = partial(versions_in_range, source="pip", name="some", listed=listed)


@pytest.mark.parametrize(
    ("asked", "pre", "versions"),
    [
        ("..", False, ["0.9", "1.0", "1.1", "1.2"]),
        ("1.0..1.2", False, ["1.0", "1.1", "1.2"]),
        ("1.0.0..v1.2", False, ["1.0", "1.1", "1.2"]),
        ("..1.1", False, ["0.9", "1.0", "1.1"]),
        ("1.1..", False, ["1.1", "1.2"]),
        ("1.0..1.1", True, ["1.0", "1.0.1", "1.1rc1", "1.1"]),
        # what is named is asked for
        ("1.1rc1..2.0a1", False, ["1.1rc1", "1.1", "1.2", "2.0a1"]),
        ("1.0.1..1.1", False, ["1.0.1", "1.1"]),
    ],
)
def test_a_range_holds_both_ends(asked: str, pre: bool, versions: list[str]) -> None:
    assert choose(asked, pre=pre) == versions


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("1.0", "not a range; write FIRST..LAST, such as 1.2.0..1.4.0"),
        ("", "not a range"),
        ("1.2..1.0", "did you mean 1.0..1.2?"),
        ("1.0.5..", "pip has no some 1.0.5; the nearest: 1.0.1 and 1.1rc1"),
        ("..9", "the nearest: 2.0a1"),
        ("0.1..", "the nearest: 0.9"),
        ("one..two", "'one' is not a version as pip writes it"),
        ("1.2..1.2", "this range holds only 1.2 of some, and a search needs two"),
    ],
)
def test_what_is_no_range_is_said(asked: str, says: str) -> None:
    with pytest.raises(UsageError, match=re.escape(says)):
        choose(asked, pre=False)
