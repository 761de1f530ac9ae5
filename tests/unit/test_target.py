"""Targets: they are found, or the error says what was requested, what was found and what to do."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from proctor.harness.description_checks import REQUIRED_KEY, with_profiles
from proctor.harness.descriptions import described_by, find_program, known_targets, load, load_toml
from proctor.harness.errors import UsageError
from proctor.harness.target import PROFILES, Profile, Target


def executable(path: Path) -> Path:
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def refusal(asked: str) -> str:
    with pytest.raises(UsageError) as caught:
        load(asked)
    return str(caught.value)


def test_a_target_is_an_executable_a_command_line_or_a_name(tmp_path: Path) -> None:
    program = executable(tmp_path / "run me")
    assert load(str(program)).command == (str(program),)
    assert load(f"'{program}' --flag 'a b' ''").command == (str(program), "--flag", "a b", "")
    assert load("env -u X") == Target("env -u X", (find_program("env"), "-u", "X"))
    assert load("bare").command == (find_program("env"),)


def test_relative_path_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    executable(tmp_path / "mine")
    monkeypatch.chdir(tmp_path)
    assert load("./mine").command == (str(tmp_path / "mine"),)


def test_a_description_next_to_an_executable_or_its_link_target_is_used(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    program = executable(tmp_path / "there" / "mine")
    (tmp_path / "there" / "mine.toml").write_text('command = ["{here}/mine", "--", "{python}"]\nslow = true\n')
    (tmp_path / "link").symlink_to(program)
    for asked in (program, tmp_path / "link"):
        assert load(str(asked)) == Target("mine", (str(program), "--", sys.executable), slow=True)


def test_which_description_is_read_is_said(tmp_path: Path) -> None:
    program = executable(tmp_path / "mine")
    assert described_by(str(program)) == "none: an executable, profile transparent"
    assert described_by(f"{program} --") == described_by("env -i") == "none: a command line, profile transparent"
    description = tmp_path / "mine.toml"
    description.write_text('command = ["{here}/mine"]\n')
    assert described_by(str(program)) == described_by(str(description)) == str(description)
    assert described_by("tini") == "targets/tini.toml of Proctor"


@pytest.mark.parametrize("asked", ["", "  ", "\t\n"])
def test_an_empty_target_is_an_error(asked: str) -> None:
    told = refusal(asked)
    assert told.startswith("the target is empty; give an executable, a command line or one of: ")
    assert "tini" in told


@pytest.mark.parametrize("asked", ["''", '"" --'])
def test_a_target_with_an_empty_first_word_is_an_error(asked: str) -> None:
    assert refusal(asked).startswith(f"{asked}: no program '' on PATH")


def test_unbalanced_quotes_are_an_error() -> None:
    assert refusal("env 'a") == "env 'a: cannot be split into words: No closing quotation"


def test_a_missing_file_suggests_a_similar_name(tmp_path: Path) -> None:
    executable(tmp_path / "launcher")
    missing = tmp_path / "launchr"
    told = f"{missing}: there is no such file (did you mean 'launcher'?)"
    assert refusal(str(missing)) == told
    assert refusal("/no/such/dir/x --flag") == "/no/such/dir/x --flag: /no/such/dir/x: there is no such file"


def test_a_directory_is_not_a_launcher(tmp_path: Path) -> None:
    assert refusal(str(tmp_path)) == f"'{tmp_path}' is a directory; name an executable"
    assert refusal(".") == "'.' is a directory; name an executable"


def test_a_file_that_is_not_executable_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "script").write_text("#!/bin/sh\n")
    told = refusal(f"{tmp_path}/script --")
    assert told.endswith(f"this is not executable; chmod +x {tmp_path}/script, or put its interpreter before it")


def test_a_dangling_link_names_its_destination(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "lin.toml").touch()
    (tmp_path / "link.toml").symlink_to("nowhere.toml")
    for name, there in (("link", f"{tmp_path}/nowhere"), ("circle", "circle"), ("link.toml", "nowhere.toml")):
        for asked in (str(tmp_path / name), f"{tmp_path / name} --flag"):
            assert f"this is a symbolic link to {there}, which does not exist" in refusal(asked)
            assert "did you mean" not in refusal(asked)


def test_only_similar_names_are_suggested(tmp_path: Path) -> None:
    for name in ("launcher", "run-it", "noise"):
        executable(tmp_path / name)
    assert "(did you mean 'run-it'?)" in refusal(f"{tmp_path}/run_it")
    assert "(did you mean 'launcher'?)" in refusal(f"{tmp_path}/launchers")
    for far in ("lunch", "nohup", "it"):
        assert "did you mean" not in refusal(f"{tmp_path}/{far}")
    assert "did you mean" not in refusal("tinyproxy")


def test_a_file_in_the_current_directory_is_suggested_with_its_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "noexec").write_text("#!/bin/sh\n")
    (tmp_path / "adir").mkdir()
    assert refusal("noexec").endswith(
        "no program 'noexec' on PATH, but there is a file of that name here: did you mean ./noexec?"
    )
    assert refusal("noexec --flag").endswith("there is a file of that name here: did you mean ./noexec?")
    assert refusal("adir") == "'adir' is a directory; name an executable"


def test_an_unknown_program_suggests_a_target() -> None:
    told = refusal("tinni --")
    assert told.startswith("tinni --: no program 'tinni' on PATH and no target of that name")
    assert "(did you mean 'tini'?)" in told
    assert told.endswith("`proctor targets` lists the known targets")


def test_a_missing_toml_is_an_error(tmp_path: Path) -> None:
    assert refusal(f"{tmp_path}/no.toml") == f"{tmp_path}/no.toml: there is no such file"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            'comand = ["env"]',
            "unknown key 'comand' (did you mean 'command'?); known keys: adds, bundle, chain, changes, command",
        ),
        ('command = ["env"]\nzzz = 1', "unknown key 'zzz'; known keys: "),
        ('command = "env"', '\'command\' must be a list, but is "env"; for example: ["env"]'),
        ("command = [1]", "'command[0]' must be a quoted string"),
        ('command = ["env"]\nslow = "yes"', "'slow' must be true or false"),
        ('command = ["env"]\nprofiles = ["trasparent"]', "trasparent"),
        ('command = ["env"]\ndeviations = ["SIG-1"]', "'deviations' must be a table"),
        ("description = 'none'", "'command' is missing"),
        (
            "command = []",
            '\'command\' is empty; give the launcher\'s command line, for example ["tini", "--"]',
        ),
        ("command = [", "this is not TOML: "),
        ("\0", "this is not TOML: "),
        ("command = ['env']\ncommand = ['env']", "this is not TOML: "),
        (
            'command = ["no-such-launcher"]\ninstall = "apt install it"',
            "'no-such-launcher', which is not installed: there is no such program on PATH; install it with: apt ",
        ),
        ('command = ["env"]\n[files]\n"../x" = ""', "'files' has the key '../x'; allowed are "),
        ('command = ["env"]\n[files]\n"a/../../x" = ""', "'files' has the key 'a/../../x'; allowed are "),
        ('command = ["env"]\n[files]\n"/tmp/x" = ""', "'files' has the key '/tmp/x'; allowed are "),
        ('command = ["env"]\n[files]\n"a/" = ""', "'files' has the key 'a/'; allowed are "),
        ('command = ["env"]\n[files]\n"." = ""', "'files' has the key '.'; allowed are "),
        ('command = ["env"]\n[files]\n"" = ""', "'files' has the key ''; allowed are "),
        ('command = ["env"]\n[deviations]\nSIG-1 = " "', "'deviations.SIG-1' has no reason; say why"),
        ('command = ["{here}/no-such-file"]', "there is no such file"),
        (
            'command = ["env"]\nprofiles = ["sync"]',
            "'profiles' has \"sync\", but there is no 'sync'; add its command line, for example sync = [\"uv\", ",
        ),
        (
            'command = ["env"]\nprofiles = ["ephemeral", "cache"]\nsync = ["env"]',
            "'profiles' has \"cache\", but there is no 'prune'; add its command line, for example prune = [\"uv\", ",
        ),
        ('command = ["env"]\nprofiles = ["sync"]\nsync = []', "there is no 'sync'; add its command line"),
        (
            'command = ["env"]\nsync = ["no-such-launcher", "sync"]\ninstall = "apt install it"',
            "'sync' names the program 'no-such-launcher', which is not installed: there is no such program",
        ),
        ('command = ["env"]\nprune = ["{here}/no-such-file"]', "'prune' names the program '/"),
        ('command = ["env"]\nsync = "env"', '\'sync\' must be a list, but is "env"; for example: ["env"]'),
        ('command = ["env"]\nprune = [1]', "'prune[0]' must be a quoted string"),
        ('command = ["env"]\nown = "{home}"', "'own' must be a list"),
        ('command = ["env"]\nkeeps = true', "'keeps' must be a list"),
        ('command = ["env"]\npython = "3.10"', "'python' is '3.10'; give versions as PEP 440 does: \">=3.10\""),
        ('command = ["env"]\npython = ">=4"', "'python' is '>=4', but Proctor runs in Python 3."),
        (
            'command = ["env"]\nprofiles = ["ephemeral", "kept"]',
            '\'profiles\' has both "ephemeral" and "kept"; claim "kept" if the environment of a run is still there',
        ),
        (
            'command = []\nbundle = ["env", "{bundle}"]\nprofiles = ["kept"]',
            "'profiles' has \"kept\", but a launcher with 'bundle' makes no environment of a project",
        ),
        (
            'command = ["env"]\nbundle = ["env", "{bundle}"]',
            "there are both 'command' and 'bundle'; the program that 'bundle' makes is the launcher, so write ",
        ),
        ('command = []\nbundle = ["env"]', "'bundle' does not say where it makes the program; write {bundle} for its "),
        (
            'command = []\nbundle = ["env", "{bundle}"]',
            "'profiles' has \"transparent\" (the default is \"transparent\"), but a launcher with 'bundle' can start ",
        ),
        ('command = []\nbundle = ["env", "{bundle}"]\nprofiles = ["ephemeral", "init"]', "'profiles' has \"init\""),
        (
            'command = []\nbundle = ["no-such-tool", "{bundle}"]\nprofiles = ["ephemeral"]',
            "'bundle' names the program 'no-such-tool', which is not installed",
        ),
        ('command = ["env", "{bundle}"]', "'command' has the word {bundle}, but there is no 'bundle' that makes it"),
        ('command = ["env", "--at={hom}"]', "'command' has the unknown word {hom} (did you mean '{home}'?)"),
        (
            'command = []\nbundle = ["env", "{bundle}", "{wheel}"]\nprofiles = ["exec"]',
            "'bundle' has the unknown word {wheel} (did you mean '{wheels}'?)",
        ),
        ('command = ["env", "{tarbal}"]', "'command' has the unknown word {tarbal} (did you mean '{tarball}'?)"),
        *(
            (f'command = ["env"]\nproject_environment = {json.dumps(path)}', "'project_environment' is ")
            for path in ("", ".", "/opt/venv", "../x", "a/../../x", "{tmp}/x", "{home}/", "{home}//x", "{here}/x", "\0")
        ),
        ('command = ["env"]\nkeep = ["log"]', "unknown key 'keep' (did you mean 'keeps'?)"),
    ],
)
def test_an_invalid_description_is_an_error(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    told = refusal(str(path))
    assert str(path) in told
    assert says in told


def test_an_unreadable_description_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "bytes.toml").write_bytes(b"\xff")
    (tmp_path / "directory.toml").mkdir()
    assert "bytes.toml: cannot be read: " in refusal(str(tmp_path / "bytes.toml"))
    assert "directory.toml: cannot be read: " in refusal(str(tmp_path / "directory.toml"))


def test_an_unknown_profile_lists_the_known_ones(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('command = ["env"]\nprofiles = ["inti"]')
    assert "'profiles[0]' is \"inti\", which is not one of: transparent, exec, init, " in refusal(str(path))


def test_command_lines_for_environments(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        'command = ["env", "{command}"]\nsync = ["{interpreter}", "{python}", "{work}"]\nprune = ["env", "--prune"]\n'
        'profiles = ["ephemeral", "sync", "cache"]\nown = ["{home}/.cache/x/", "{work}/.venv"]\nkeeps = ["log*"]\n'
    )
    target = load(str(path))
    env = find_program("env")
    assert target.words("run") == target.command == (env, "{command}")
    assert target.words("sync") == ("{interpreter}", sys.executable, "{work}")
    assert target.words("prune") == (env, "--prune")
    assert (target.own, target.keeps) == (("{home}/.cache/x/", "{work}/.venv"), ("log*",))


def test_a_launcher_that_is_the_tool_is_what_its_bundle_line_makes(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('command = []\nbundle = ["env", "{here}", "-o", "{bundle}"]\nprofiles = ["ephemeral"]\n')
    target = load(str(path))
    assert target.words("run") == ("{bundle}",)
    assert target.bundle == (find_program("env"), str(tmp_path), "-o", "{bundle}")
    assert not target.is_bare
    with pytest.raises(UsageError, match="--profile=transparent: mine is made of proctor-tool"):
        with_profiles(target, ["transparent"])


def test_words_of_others_are_left_to_them(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('command = ["env", "find", "{}", "{posargs}", "{basename}"]\n')
    assert load(str(path)).command[1:] == ("find", "{}", "{posargs}", "{basename}")


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        (".tox/py", "WORK/.tox/py"),
        ("./a//b/", "WORK/a/b"),
        ("{work}/x*", "WORK/x*"),
        ("{home}/.local/share/virtualenvs/*", "HOME/.local/share/virtualenvs/*"),
    ],
)
def test_project_environment_is_below_home_or_the_working_directory(path: str, pattern: str, tmp_path: Path) -> None:
    description = tmp_path / "mine.toml"
    description.write_text(f'command = ["env"]\nproject_environment = "{path}"\n')
    assert load(str(description)).environment_pattern == pattern


@pytest.mark.parametrize("profile", [one for one in PROFILES if one not in ("group", "chain")])
def test_a_profile_names_the_key_it_requires(profile: Profile, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f'command = ["env"]\nprofiles = ["{profile}"]\n')
    if profile not in REQUIRED_KEY:
        assert load(str(path)).profiles == (profile,)
        return
    assert f"for example {REQUIRED_KEY[profile]} = [" in refusal(str(path))
    path.write_text(f'command = ["env"]\nprofiles = ["{profile}"]\n{REQUIRED_KEY[profile]} = ["env", "x"]\n')
    assert load(str(path)).words(REQUIRED_KEY[profile])[-1] == "x"  # type: ignore[arg-type]


def test_files_may_be_below_the_working_directory(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('command = ["env"]\n[files]\n"a/b.c" = "1"\n"..d" = "2"\n')
    assert load(str(path)).files == {"a/b.c": "1", "..d": "2"}


def test_errors_show_the_path_of_a_toml_as_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text("command = []")
    for asked in ("./mine.toml", "mine.toml", ".//mine.toml"):
        assert refusal(asked).startswith(f"{asked}: 'command' is empty")
    (tmp_path / "mine.toml").write_text("command = ['no-such-launcher']")
    assert "no target of that name" not in refusal("./mine.toml")
    assert refusal("./mime.toml") == "./mime.toml: there is no such file (did you mean 'mine.toml'?)"


@pytest.mark.parametrize("path", known_targets().values(), ids=known_targets().keys())
def test_every_description_of_proctor_can_be_read(path: Path) -> None:
    """An installed launcher has a program; a missing one says how to install it."""
    told = ""
    try:
        target = load_toml(path)
    except UsageError as error:
        told = str(error)
    assert "install it with: " in told or (target.description and os.access(target.command[0], os.X_OK))


@pytest.mark.parametrize(
    ("where", "sync", "is_of_node"),
    [
        ("node_modules", ("s",), True),
        ("web/node_modules/", ("s",), True),
        ("{home}/x/node_modules", ("s",), True),
        ("node_modules/.venv", ("s",), False),
        (".venv", ("s",), False),
        ("node_modules", (), False),
    ],
)
def test_a_project_is_of_node_if_its_environment_is_a_node_modules(
    where: str, sync: tuple[str, ...], is_of_node: bool
) -> None:
    target = Target("t", ("run",), sync=sync, project_environment=where)
    assert target.is_of_node == is_of_node
