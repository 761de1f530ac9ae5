"""What the user calls a target: found, or refused with what was asked, what was found and what to do."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from harness.errors import WrongCall
from harness.target import Target, find_program, known_targets, load, load_toml


def executable(path: Path) -> Path:
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def refusal(asked: str) -> str:
    with pytest.raises(WrongCall) as caught:
        load(asked)
    return str(caught.value)


def test_executable_command_line_and_name(tmp_path: Path) -> None:
    program = executable(tmp_path / "run me")
    assert load(str(program)).command == (str(program),)
    assert load(f"'{program}' --flag 'a b' ''").command == (str(program), "--flag", "a b", "")
    assert load("env -u X") == Target("env -u X", (find_program("env"), "-u", "X"))
    assert load("bare").command == (find_program("env"),)


def test_relative_path_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    executable(tmp_path / "mine")
    monkeypatch.chdir(tmp_path)
    assert load("./mine").command == (str(tmp_path / "mine"),)


def test_description_beside_an_executable_and_behind_a_link(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    program = executable(tmp_path / "there" / "mine")
    (tmp_path / "there" / "mine.toml").write_text('command = ["{here}/mine", "--", "{python}"]\nslow = true\n')
    (tmp_path / "link").symlink_to(program)
    for asked in (program, tmp_path / "link"):
        assert load(str(asked)) == Target("mine", (str(program), "--", sys.executable), slow=True)


@pytest.mark.parametrize("asked", ["", "  ", "\t\n"])
def test_empty_target(asked: str) -> None:
    told = refusal(asked)
    assert told.startswith("--target is empty; give an executable, a command line or one of: ")
    assert "tini" in told


@pytest.mark.parametrize("asked", ["''", '"" --'])
def test_target_whose_first_word_is_empty(asked: str) -> None:
    assert "--target=" in refusal(asked)


def test_unbalanced_quotes() -> None:
    assert refusal("env 'a") == "--target=env 'a: cannot be split into words: No closing quotation"


def test_missing_file_names_one_that_is_near(tmp_path: Path) -> None:
    executable(tmp_path / "launcher")
    missing = tmp_path / "launchr"
    told = f"--target={missing}: there is no such file: {missing} (did you mean 'launcher'?)"
    assert refusal(str(missing)) == told
    assert "there is no such file: /no/such/dir/x" in refusal("/no/such/dir/x --flag")


def test_directory(tmp_path: Path) -> None:
    assert refusal(str(tmp_path)).endswith(": this is a directory, not a launcher; name the executable in it")


def test_not_executable(tmp_path: Path) -> None:
    (tmp_path / "script").write_text("#!/bin/sh\n")
    told = refusal(f"{tmp_path}/script --")
    assert told.endswith(f"this is not executable; chmod +x {tmp_path}/script, or name its interpreter as well")


def test_link_to_nowhere(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    assert "there is no such file" in refusal(str(tmp_path / "link"))


def test_unknown_program() -> None:
    told = refusal("tinni --")
    assert told.startswith("--target=tinni --: no program 'tinni' on PATH and no target of that name")
    assert "(did you mean 'tini'?)" in told
    assert told.endswith("proctor targets lists those that are described")


def test_toml_that_is_missing(tmp_path: Path) -> None:
    assert refusal(f"{tmp_path}/no.toml") == f"{tmp_path}/no.toml: there is no such file"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            'comand = ["env"]',
            "unknown key 'comand' (did you mean 'command'?); known are: adds, changes, command",
        ),
        ('command = ["env"]\nzzz = 1', "unknown key 'zzz'; known are: "),
        ('command = "env"', "$.command"),
        ("command = [1]", "$.command[0]"),
        ('command = ["env"]\nslow = "yes"', "$.slow"),
        ('command = ["env"]\nprofiles = ["trasparent"]', "trasparent"),
        ('command = ["env"]\ndeviations = ["SIG-1"]', "$.deviations"),
        ("description = 'none'", "`command`"),
        (
            "command = []",
            '\'command\' is empty; it takes the launcher\'s command line, such as ["tini", "--"]',
        ),
        ("command = [", "this is not TOML: "),
        ("\0", "this is not TOML: "),
        ("command = ['env']\ncommand = ['env']", "this is not TOML: "),
        ('command = ["no-such-launcher"]\ninstall = "apt install it"', "; install it with: apt install it"),
        ('command = ["{here}/no-such-file"]', "there is no such file"),
    ],
)
def test_toml_that_is_no_target(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    told = refusal(str(path))
    assert str(path) in told
    assert says in told


def test_toml_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "bytes.toml").write_bytes(b"\xff")
    (tmp_path / "directory.toml").mkdir()
    assert "bytes.toml: cannot be read: " in refusal(str(tmp_path / "bytes.toml"))
    assert "directory.toml: cannot be read: " in refusal(str(tmp_path / "directory.toml"))


def test_profiles_are_named_where_one_is_unknown(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('command = ["env"]\nprofiles = ["inti"]')
    assert "$.profiles[0]" in refusal(str(path))


@pytest.mark.parametrize("path", known_targets().values(), ids=known_targets().keys())
def test_every_description_that_comes_with_us_can_be_read(path: Path) -> None:
    """What is installed here has a program; what is not says how to get it."""
    told = ""
    try:
        target = load_toml(path)
    except WrongCall as error:
        told = str(error)
    assert "install it with: " in told or (target.description and os.access(target.command[0], os.X_OK))
