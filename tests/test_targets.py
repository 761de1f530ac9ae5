"""The descriptions in targets/: each can be read, and a missing launcher says how to install it."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest

from proctor.conformance.versions.installing import programs_named
from proctor.conformance.versions.packages import named_in
from proctor.harness.descriptions import described_in, known_targets, load, load_toml
from proctor.harness.errors import UsageError
from proctor.harness.target import Target

REAL = sorted(name for name, path in known_targets().items() if path.parent.name != "reference")
INIT = ("tini", "dumb-init", "catatonit")


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Empty PATH, and no programs next to the interpreter."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))


def test_the_planned_launchers_are_described() -> None:
    planned = {
        "bare", "tini", "dumb-init", "catatonit", "timeout", "nohup", "setsid", "uv-run", "npm-run", "npx",
        "cross-env", "poetry-run", "pipx-run", "honcho-run",
    }  # fmt: skip
    assert planned <= set(known_targets())


@pytest.mark.usefixtures("nothing_installed")
@pytest.mark.parametrize("name", REAL)
def test_a_missing_launcher_says_how_to_install_it(name: str) -> None:
    with pytest.raises(UsageError, match=r"install it with: \S+"):
        load(name)


@pytest.mark.parametrize("name", REAL)
def test_a_description_is_complete(name: str) -> None:
    data = tomllib.loads(known_targets()[name].read_text(encoding="utf-8"))
    assert data["description"] and (data["command"] or data["bundle"]) and data["install"]
    assert data.get("version") or name == "cross-env", "only cross-env has no way to print its version"
    assert ("init" in data.get("profiles", ())) == (name in INIT)


@pytest.mark.parametrize("name", REAL)
def test_packages_of_pip_and_npm_are_pinned(name: str) -> None:
    install = tomllib.loads(known_targets()[name].read_text(encoding="utf-8"))["install"]
    package = named_in(install)
    if not re.search(r"\b(pip|npm) install\b", install):
        assert install.startswith("apt-get install ")  # the system's package; there is no choice of a version
        return
    assert package, f"tests/launchers/run.py does not see what to install in {install!r}"
    assert re.fullmatch(r"\d+(\.\d+)+", package.version)


@pytest.mark.parametrize("name", REAL)
def test_programs_of_the_system_are_not_expected_in_a_package(name: str) -> None:
    """tests/launchers/run.py looks for the programs that a description names in the package that it installs."""
    path = known_targets()[name]
    target = described_in(path, str(path))
    assert not (named_in(target.install) and {"env", "sh", "python3"} & {*programs_named(target)})


@pytest.mark.parametrize(
    ("install", "package"),
    [
        ("pip install uv==0.13.8", ("pip", "uv", "0.13.8", "")),
        ("pip install 'pdm[locked]==2.29.3'", ("pip", "pdm", "2.29.3", "[locked]")),
        ("apt-get install nodejs npm; npm install --global npm@11.19.1", ("npm", "npm", "11.19.1", "")),
        ("npm install --global cross-env@10.1.0", ("npm", "cross-env", "10.1.0", "")),
        ("apt-get install tini", None),
    ],
)
def test_the_package_in_an_install_line(install: str, package: tuple[str, ...] | None) -> None:
    assert named_in(install) == package


@pytest.mark.parametrize("name", REAL)
def test_a_program_that_is_made_does_not_name_the_virtual_environment(name: str) -> None:
    """Its #! line cannot contain the path of a directory with a space in its name."""
    path = known_targets()[name]
    assert "{python}" not in described_in(path, str(path)).bundle


@pytest.mark.parametrize("name", REAL)
def test_a_deviation_names_its_source(name: str) -> None:
    data = tomllib.loads(known_targets()[name].read_text(encoding="utf-8"))
    for requirement, reason in data.get("deviations", {}).items():
        assert ": " in reason, f"{requirement}: say where the launcher's documentation has it"


def test_here_and_python_are_replaced(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('command = ["{python}", "{here}/launcher", "{command}"]\nversion = ["{python}", "-V"]\n')
    target = load_toml(file)
    assert isinstance(target, Target)
    assert target.command == (sys.executable, f"{tmp_path}/launcher", "{command}")
    assert target.version == (sys.executable, "-V")


def test_an_unknown_key_suggests_the_closest(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('command = ["env"]\nprofile = ["exec"]\n')
    with pytest.raises(UsageError, match="profiles"):
        load_toml(file)
