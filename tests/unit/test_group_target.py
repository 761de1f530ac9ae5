"""Descriptions of launchers of several commands: what they may say, and how a launcher is given its commands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from proctor.harness import several
from proctor.harness.description_checks import with_profiles
from proctor.harness.descriptions import load
from proctor.harness.errors import UsageError
from proctor.harness.target import GroupClaims, Target

LINES = {"a": "one 'x y'", "b": "two"}
GROUP = 'profiles = ["group"]\n'


def described(text: str, tmp_path: Path) -> Target:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return load(str(path))


def line(*words: str, limit: tuple[str, ...] = ()) -> list[str]:
    return [word.decode() for word in several.command_line([word.encode() for word in words], LINES, limit)]


def test_a_word_with_a_command_is_repeated() -> None:
    assert line("concurrently", "{line}") == ["concurrently", "one 'x y'", "two"]
    assert line("run", "{name}:{line}", "last") == ["run", "a:one 'x y'", "b:two", "last"]
    assert line("run-p", "{name}") == ["run-p", "a", "b"]


def test_words_that_limit_are_there_only_if_asked_for() -> None:
    assert line("run-p", "{limit}", "{name}") == ["run-p", "a", "b"]
    assert line("run-p", "{limit}", "{name}", limit=("-m", "1")) == ["run-p", "-m", "1", "a", "b"]


def test_a_line_of_a_file_with_a_command_is_repeated() -> None:
    target = Target(
        name="mine",
        command=("honcho",),
        profiles=("group",),
        files={
            "other": "{x}",
            "Procfile": "# all\n{name}: {line}\n",
            "package.json": '{"scripts": {\n"{name}": {json},\n"last": ""}}',
        },
    )
    files = several.files(target, LINES)
    assert files.keys() == {"Procfile", "package.json"}
    assert files["Procfile"] == "# all\na: one 'x y'\nb: two\n"
    assert json.loads(files["package.json"]) == {"scripts": {**LINES, "last": ""}}
    assert several.files(Target(name="other", command=("env",), files=target.files), LINES) == {}


def test_what_it_says_about_itself(tmp_path: Path) -> None:
    target = described(
        'command = ["env", "{limit}", "{line}"]\n' + GROUP + '[group]\nends = "any"\nstatus = 7\ncounts = "first"\n'
        'grace = 2.5\nlimit = ["-m", "1"]\n',
        tmp_path,
    )
    assert target.group == GroupClaims("any", 7, "first", 2.5, ("-m", "1"))
    assert target.starts_several


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('command = ["env"]\n' + GROUP, "says where the commands go; write {line}"),
        ('command = ["env", "{name}"]\n' + GROUP, "says where the commands go; write {line}"),
        ('command = ["env", "{command}"]\n' + GROUP, "is given each as a line for a shell; write {line}"),
        ('command = ["env", "{line}"]\n', "'command' has the word {line}, which is for launchers of several commands"),
        ('command = ["env"]\n[group]\nends = "any"\n', 'does not have "group"; add profiles = ["group"]'),
        ('command = ["env", "{lnie}", "{line}"]\n' + GROUP, "unknown word {lnie} (did you mean '{line}'?)"),
        (
            'command = ["env", "{line}"]\n' + GROUP + '[group]\nlimit = ["-m"]\n',
            "say where its words go",
        ),
        ('command = ["env", "{limit}", "{line}"]\n' + GROUP, "there is no 'group.limit'; give the words"),
        ('command = ["env", "-m={limit}", "{line}"]\n' + GROUP, "has to be a word of its own"),
        ('command = ["env", "{line}"]\n' + GROUP + '[group]\nends = "all"\n', "not one of: never, any, failure"),
        ('command = ["env", "{line}"]\n' + GROUP + "[group]\ngrace = 100\n", "allowed is at most 60"),
        ('command = ["env", "{line}"]\n' + GROUP + "[group]\nstatus = 0\n", "status"),
        ('command = ["env", "{line}"]\n' + GROUP + '[group]\nend = "any"\n', "did you mean 'ends'"),
        ('command = []\nbundle = ["env", "{bundle}"]\n' + GROUP, "can start no command but proctor-tool"),
    ],
)
def test_a_wrong_description_is_refused(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as error:
        described(text, tmp_path)
    assert says in str(error.value)


def test_the_profile_alone_describes_nothing() -> None:
    with pytest.raises(UsageError, match="does not say how it is given several commands"):
        with_profiles(Target(name="env", command=("env",)), ("group",))
