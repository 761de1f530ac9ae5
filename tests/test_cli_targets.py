"""`proctor targets`: what it lists, shows and installs."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from proctor.conformance.cli.targets import targets
from proctor.harness.descriptions import known_targets
from tests.planted_packages import SOUND, environment, write_wheel

DESCRIPTION = """
description = "a launcher of ours"
command = ["{command}", "--"]
version = ["{command}", "--version"]
install = "{install}"
adds = ["OURS_*"]

[deviations]
"SIG-1" = "as ours(1) says"
"SIG-2" = "as ours(1) says"
"""


def run(*words: str, **env: str) -> Result:
    return CliRunner().invoke(targets, words, env=env)


def described(directory: Path, command: str = "no-such-program", install: str = "") -> str:
    path = directory / "ours.toml"
    path.write_text(DESCRIPTION.replace("{command}", command).replace("{install}", install))
    return str(path)


def test_bare_it_lists_in_lines_that_are_not_cut(tmp_path: Path) -> None:
    done = run(PATH=str(tmp_path), COLUMNS="40")
    lines = done.stdout.splitlines()
    assert (done.exit_code, len(lines)) == (0, 1 + len(known_targets()))
    tini = next(line for line in lines if line.startswith("tini "))
    assert "install it with: apt-get install tini" in tini and tini.endswith("an init for containers")
    assert run("list", PATH=str(tmp_path)).stdout == done.stdout


def test_the_list_for_programs(tmp_path: Path) -> None:
    told = {one["name"]: one for one in json.loads(run("--json", PATH=str(tmp_path)).stdout)}
    assert told.keys() == known_targets().keys()
    assert (told["tini"]["is_installed"], told["tini"]["target"]["install"]) == (False, "apt-get install tini")
    assert "no such program on PATH" in told["tini"]["trouble"]


def test_one_is_shown_with_what_it_claims(tmp_path: Path) -> None:
    done = run("show", described(tmp_path, "/usr/bin/env", "apt-get install coreutils"))
    assert done.exit_code == 0, done.output
    for line in ("profiles:     transparent", "adds:         OURS_*", "command:      /usr/bin/env -- COMMAND ARGS..."):
        assert line in done.stdout
    assert "installed:    yes\n" in done.stdout
    assert "version:      /usr/bin/env --version\n" in done.stdout
    assert "SIG-1, SIG-2: as ours(1) says" in done.stdout


def test_of_a_launcher_that_proctor_describes_the_version_is_asked() -> None:
    done = run("show", "timeout")
    assert (done.exit_code, "installed:    yes, timeout (GNU coreutils)" in done.stdout) == (0, True), done.output


def test_show_may_be_left_out_and_one_that_is_not_here_is_1(tmp_path: Path) -> None:
    short, long = run("tini", PATH=str(tmp_path)), run("show", "tini", PATH=str(tmp_path))
    assert (short.exit_code, short.stdout) == (long.exit_code, long.stdout)
    assert (short.exit_code, "installed:    no\n" in short.stdout) == (1, True)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["show", "tinny"], "there is no target 'tinny' (did you mean 'tini'?); `proctor targets` lists them"),
        (["tinny"], "did you mean 'tini'"),
        (["show", "/no/such.toml"], "there is no such file"),
        (["show", "/no/such/launcher"], "there is no such file"),
        (["install", "tinny"], "did you mean 'tini'"),
        (["install", "{ours}"], "its description has no 'install'; install it by hand"),
    ],
)
def test_a_wrong_call_is_2(tmp_path: Path, words: list[str], says: str) -> None:
    done = run(*(word.format(ours=described(tmp_path)) for word in words))
    assert (done.exit_code, says in done.stderr) == (2, True), done.output


def test_packages_of_the_system_are_named_and_not_installed(tmp_path: Path) -> None:
    done = run("install", "tini", PATH=str(tmp_path))
    assert (done.exit_code, done.stdout) == (1, "apt-get install tini\n")
    there = run("install", described(tmp_path, "/usr/bin/env", "apt-get install coreutils"))
    assert (there.exit_code, "is already installed: /usr/bin/env" in there.stdout) == (0, True)


def test_a_package_of_pip_is_installed_by_itself(tmp_path: Path) -> None:
    index = tmp_path / "index"
    index.mkdir()
    for version in ("1.0", "1.1", "2.0rc1"):
        write_wheel(index, version, SOUND)
    ours, into = described(tmp_path, "planted", "pip install planted"), tmp_path / "it is here"
    done = run("install", ours, "--into", str(into), **environment(index))
    assert done.exit_code == 0, done.output
    assert "planted 1.1 is installed: planted in" in done.stdout
    assert os.listdir(into / "programs") == ["planted"], "no other program may come onto PATH"
    use = next(line for line in done.stdout.splitlines() if line.startswith("use it: ")).removeprefix("use it: ")
    shown = subprocess.run(
        ["bash", "-c", f"{use.partition(' proctor')[0]} bash -c 'planted echo works'"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert shown.stdout == "works\n", shown
    path = f"{into / 'programs'}:{os.environ['PATH']}"
    assert f"command:      {into}/programs/planted" in run("show", ours, PATH=path).stdout.replace("\n" + " " * 16, " ")


def test_what_cannot_be_installed_says_why(tmp_path: Path) -> None:
    ours = described(tmp_path, "planted", "npm install --global planted@1.0.0")
    done = run("install", ours, "--into", str(tmp_path / "into"), PATH=str(tmp_path))
    assert (done.exit_code, "npm is not installed" in done.stderr) == (2, True), done.output
    nowhere = run("install", ours, "--into", "/proc/none")
    assert (nowhere.exit_code, "/proc/none: cannot be written" in nowhere.stderr) == (2, True), nowhere.output
