"""Files that a stranger may have written, of each kind that tests/test_fuzz.py has found to be treated wrongly."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from proctor.conformance.cli import hunt
from proctor.conformance.cli.main import proctor
from proctor.conformance.cli.report import FORMATS, script_of
from proctor.conformance.exploring.hunter import HuntStats
from proctor.conformance.judging import casefile
from proctor.harness.descriptions import load_toml
from proctor.harness.errors import UsageError
from proctor.harness.scenario import Scenario, Stage
from proctor.harness.target import Target
from proctor.harness.words import harmless_json
from proctor.reports.issue import markdown
from proctor.reports.reproducer.script import reproducer
from tests.documents_for_tests import case, documents, results
from tests.fuzzing.properties import of_json, of_markdown

OBEYED = "\x9b2J\x7f\u202e\u2028"
COMMAND = 'command = ["env"]\n'


def run(*words: str) -> tuple[int, str, str]:
    """Run `proctor WORDS...`; return its exit status, stdout and stderr."""
    done = CliRunner().invoke(proctor, words, prog_name="proctor")
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout, done.stderr


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("command = " + "[" * 10_000, "this is not TOML: "),
        (COMMAND + "slow = " + "9" * 5000, "this is not TOML: Exceeds the limit (4300 digits)"),
        (COMMAND + "slow = 0x" + "f" * 5000, "'slow' must be true or false, but is 0xffff"),
        (COMMAND + "description = 0x" + "f" * 5000, "'description' must be a quoted string, but is 0xffff"),
        (COMMAND + "files = [0x" + "f" * 5000 + "]", "'files' must be a table, but is ..."),
        ("command = nan", "'command' must be a list, but is nan"),
        ('command = ["/bin/e\\u0000nv"]', "'command', word 1: it has a zero byte"),
        (COMMAND + 'version = ["\\u0000"]', "'version', word 1: it has a zero byte"),
        (COMMAND + 'environment = {"" = "x"}', "'environment': '' is no name of a variable"),
        (COMMAND + 'environment = {"A=B" = "x"}', "'environment': 'A=B' is no name of a variable"),
        (COMMAND + 'environment = {A = "\\u0000"}', "'environment', 'A': it has a zero byte"),
    ],
)
def test_a_wrong_description_is_a_usage_error(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text(text)
    with pytest.raises(UsageError) as caught:
        load_toml(path)
    assert str(caught.value).startswith(f"{path}: ") and says in str(caught.value)
    assert len(str(caught.value)) < 400


def test_to_show_a_description_runs_nothing(tmp_path: Path) -> None:
    mark, path = tmp_path / "was here", tmp_path / "x.toml"
    path.write_text(COMMAND + f"version = ['/bin/sh', '-c', ': > \"{mark}\"']")
    status, printed, _ = run("targets", "show", str(path))
    assert (status, mark.exists()) == (0, False)
    assert "version:      /bin/sh -c" in printed
    path.rename(tmp_path / "env.toml")
    (tmp_path / "env").symlink_to("/usr/bin/env")
    assert (run("targets", "show", str(tmp_path / "env"))[0], mark.exists()) == (0, False)


@pytest.mark.parametrize("name", ["\udcff.toml", f"{OBEYED}.toml"])
def test_the_name_of_a_description_is_harmless(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(name).write_text(COMMAND)
    status, printed, _ = run("targets", "show", name, "--json")
    assert (status, json.loads(printed)["file"]) == (0, name)
    assert printed.replace("\n", "").isprintable()


def test_a_name_that_is_not_utf_8_cannot_be_checked() -> None:
    status, _, said = run("check", "\udcff.toml", "-k", "EXIT-3")
    assert status == 2
    assert "Traceback" not in said


def test_json_is_harmless_and_the_same() -> None:
    text = json.dumps([OBEYED, "a\nb", "é", "\U000e0001"], ensure_ascii=False, indent=1)
    escaped = harmless_json(text)
    assert json.loads(escaped) == json.loads(text)
    assert "\\u009b2J\\u007f\\u202e\\u2028" in escaped and "é" in escaped and "\\udb40\\udc01" in escaped
    assert escaped.replace("\n", "").isprintable()


def test_the_report_as_json_is_harmless() -> None:
    printed = FORMATS["json"]([results(OBEYED)])
    assert not of_json(printed.encode())
    assert printed.replace("\n", "").isprintable()


def test_names_of_requirements_are_escaped_in_markdown() -> None:
    some = documents()[1]
    rows = {f"{name}\r\x7f\n\n# OWNED <owned-tag> | a": row for name, row in some.requirements.items()}
    rows = {name: msgspec.structs.replace(row, level="MUST|<owned-tag>") for name, row in rows.items()}
    printed = FORMATS["markdown"]([msgspec.structs.replace(some, requirements=rows)])
    assert not of_markdown(printed.encode())
    assert printed.replace("\n", "").isprintable()


def test_names_of_versions_are_escaped_in_an_issue() -> None:
    from proctor.conformance.cli.export import summary_of

    summary = summary_of(msgspec.structs.replace(case(), versions={"]]><owned-tag/>": "1", "launcher": "2"}))
    printed = markdown(summary, reproducer(summary))
    assert not of_markdown(printed.encode())
    assert "- launcher: `2`" in printed


@pytest.mark.parametrize(
    ("scenario", "says"),
    [
        (Scenario((), Stage(environment={"A": b"\0"})), ".stage.environment', 'A': it has a zero byte"),
        (Scenario((), Stage(environment={"A\0": b""})), ".stage.environment', 'A\\x00': it has a zero byte"),
        (Scenario((), args=(b"a\0b",)), ".args', word 1: it has a zero byte"),
    ],
)
@pytest.mark.parametrize("key", ["scenario", "compared_with"])
def test_what_no_process_can_have_is_a_usage_error(key: str, scenario: Scenario, says: str, tmp_path: Path) -> None:
    path = casefile.write(msgspec.structs.replace(case(), **{key: scenario}), tmp_path)
    with pytest.raises(UsageError) as caught:
        casefile.read(path)
    assert str(caught.value).startswith(f"{path}: '{key}{says}")


def test_no_report_has_a_script_that_writes_outside() -> None:
    target = Target("x", ("env",), files={"../../x": "harm"})
    with pytest.raises(UsageError, match=r"'files' has the key '\.\./\.\./x'"):
        script_of(msgspec.to_builtins(msgspec.structs.replace(case(), target=target)))


def test_the_state_of_a_hunt_is_printed_harmlessly(capsys: pytest.CaptureFixture[str]) -> None:
    state = SimpleNamespace(found={f"SIG-1{OBEYED}": f"a b{OBEYED}\n$(x)"})
    shown: Any = SimpleNamespace(target=Target("x", ("env",)), state=state, account=HuntStats(), said={}, seconds=1.0)
    hunt._print_summary(shown, quiet=True)
    printed = capsys.readouterr().out
    assert "replay: proctor replay 'a b\\x9b2J\\x7f\\u202e\\u2028\\n$(x)' -n 50" in printed
    assert printed.replace("\n", "").isprintable()
