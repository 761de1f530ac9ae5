"""What a user installs: the wheel, the source distribution, and what is said where there is no C compiler."""

from __future__ import annotations

import os
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.built_for_tests import ROOT, build, install, run


def files_of(*rooms: str) -> set[str]:
    """Return the files that git knows of below these directories, where this is a checkout."""
    listed = run("git", "ls-files", "--", *rooms, cwd=ROOT)
    if listed.returncode != 0 or not listed.stdout:
        pytest.skip("not a git checkout, so there is nothing to compare with")
    return {name for name in listed.stdout.splitlines() if (ROOT / name).exists()}


def test_wheel_holds_everything(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
        modes = {info.filename: info.external_attr >> 16 for info in archive.infolist()}
    assert {f"proctor/{name}" for name in files_of("harness", "conformance", "reports", "targets")} <= held
    assert {"proctor/__init__.py", "proctor/__main__.py", "proctor/py.typed"} <= held
    programs = {f"proctor/harness/bin/{name}" for name in ("witness", "witness-dynamic", "stage", "guardian")}
    programs |= {"proctor/targets/reference/bin/launcher"}
    assert programs <= held
    assert all(modes[name] & 0o111 == 0o111 for name in (*programs, "proctor/targets/reference/launcher"))
    assert {name.split("/")[0] for name in held if ".dist-info/" not in name} == {"proctor"}


def test_wheel_is_for_this_kind_of_machine_and_any_python(wheel: Path) -> None:
    _, python, abi, platform = wheel.stem.rsplit("-", 3)
    assert (python, abi) == ("py3", "none"), "the C programs use no Python"
    assert platform != "any"


def test_sdist_holds_the_sources_and_no_binary(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = archive.getnames()
    held = {name.partition("/")[2] for name in names}
    assert len(held) == len(names), "each file once"
    sources = (
        "harness", "conformance", "reports", "targets", "src", "tests", "README.md", "LICENSE", "hatch_build.py",
    )  # fmt: skip
    links = {f"src/proctor/{name}" for name in ("harness", "conformance", "reports")}
    assert files_of(*sources) - links <= held
    assert not [name for name in held if any(name.startswith(link) for link in links)], "each file once"
    assert not [name for name in held if name.startswith(("harness/bin", "targets/reference/bin"))]


def test_sdist_builds_the_same_wheel(sdist: Path, wheel: Path, tmp_path: Path) -> None:
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    again = build("wheel", next(tmp_path.iterdir()))
    assert again.name == wheel.name
    with zipfile.ZipFile(wheel) as ours, zipfile.ZipFile(again) as theirs:
        assert sorted(theirs.namelist()) == sorted(ours.namelist())
        compiled = "/bin/", ".dist-info/RECORD"  # and the checksums of what is compiled
        same = [name for name in ours.namelist() if not any(part in name for part in compiled)]
        assert [name for name in same if theirs.read(name) != ours.read(name)] == []


@pytest.mark.slow
def test_wheel_adds_one_top_level_name(programs: Path) -> None:
    script = "import importlib.metadata as m; print([n for n, d in m.packages_distributions().items() if %r in d])"
    done = run(programs / "python", "-c", script % "launch-proctor", cwd=programs)
    assert done.stdout.strip() == "['proctor']", done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_installed_it_works_from_an_empty_directory(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if kind == "wheel":
        programs: Path = request.getfixturevalue("programs")
    else:
        programs = install(request.getfixturevalue("sdist"), tmp_path / "venv")
    empty = tmp_path / "empty"
    empty.mkdir()
    env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(empty)}
    done = run(programs / "proctor", "check", "/usr/bin/env", "-v", "-k", "EXIT-6 or TTY-1", cwd=empty, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    assert str(ROOT) not in done.stdout
    assert "TTY-1" in done.stdout
    done = run(programs / "proctor", "check", "launcher", "-n", "1", "-k", "EXIT-6", cwd=empty, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    assert run(programs / "proctor", "targets", cwd=empty, env=env).stdout.count("\n") > 5
    assert run(programs / "proctor", "spec", "SIG-1", cwd=empty, env=env).returncode == 0
    assert list(empty.iterdir()) == []


@pytest.mark.parametrize(
    ("env", "says"),
    [
        ({"PATH": "{empty}"}, "none of cc, gcc and clang was found"),
        ({"CC": "nonexistent"}, "CC is 'nonexistent', which is not installed"),
    ],
    ids=["nothing-on-path", "CC"],
)
def test_no_compiler(env: dict[str, str], says: str, sources: Path, tmp_path: Path) -> None:
    whole = {key: value for key, value in os.environ.items() if key != "CC"}
    whole |= {key: value.format(empty=tmp_path) for key, value in env.items()}
    done = run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", cwd=sources, env=whole)
    assert done.returncode != 0
    assert says in done.stderr
    assert "apt-get install gcc libc6-dev" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_compiler_that_fails_is_quoted(sources: Path, tmp_path: Path) -> None:
    compiler = tmp_path / "cc"
    compiler.write_text("#!/bin/sh\necho 'out of cheese' >&2\nexit 1\n")
    compiler.chmod(0o755)
    env = os.environ | {"CC": str(compiler)}
    done = run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", cwd=sources, env=env)
    assert done.returncode != 0
    assert "compiling harness/witness/witness.c failed" in done.stderr
    assert "out of cheese" in done.stderr


def test_nothing_tells_where_it_was_made() -> None:
    """No path of the machine that it was written on, and no address of a package registry but the public one."""
    told = run("git", "grep", "-nIE", r"/root/|/home/[a-z]+/|\.pyenv/|index-url|extra-index", cwd=ROOT)
    if told.returncode > 1:
        pytest.skip("not a git checkout")
    found = [line for line in told.stdout.splitlines() if "test_packaging.py" not in line]
    assert found == []
