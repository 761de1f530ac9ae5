"""What goes wrong beside the launcher: files that are missing, damaged or of another time, names that there are not,
disks that are full. Each command says what it was asked, what it found and what to do."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import BashComplete
from click.testing import CliRunner

from proctor.conformance.cli import main
from proctor.conformance.judging.result_rows import check_path
from proctor.conformance.spec import requirements
from proctor.harness.descriptions import known_targets
from proctor.harness.errors import UsageError
from tests.conftest import ROOT

RESULTS = {"schema": 2, "target": {"name": "env"}, "requirements": {}}
CASE = {
    "schema": 2, "requirement": "EXIT-1", "check": "exit.same_status", "target": {"name": "env", "command": ["env"]},
    "scenario": {"steps": [{"do": "order", "order": {"order": "exit", "code": 0}}]}, "objections": [], "versions": {},
}  # fmt: skip


def proctor(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(main.proctor, words, prog_name="proctor")
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


@pytest.mark.parametrize("words", [[], *([name] for name in main.COMMANDS)])
def test_help_teaches_by_example(words: list[str]) -> None:
    status, said = proctor(*words, "--help")
    name = " ".join(["proctor", *words])
    examples = [line for line in said.splitlines() if line.startswith(f"      {name} ") or f"    {name}" in line]
    assert (status, bool(examples)) == (0, True), said


@pytest.mark.parametrize("name", main.COMMANDS)
def test_every_command_of_the_table_is_there(name: str) -> None:
    found = main.proctor.get_command(click.Context(main.proctor), name)
    assert found is not None and found.name == name


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (["chekc"], 2, "proctor: there is no command 'chekc' (did you mean 'check'?)"),
        (["spec", "SGI-3"], 2, "there is no requirement 'SGI-3' (did you mean 'SIG-3'?); `proctor spec` lists them"),
        (["spec", "show", "nonsense"], 2, "there is no requirement 'nonsense'; `proctor spec` lists them"),
        (["spec", "show"], 2, "proctor: missing argument 'ID'; see `proctor spec show --help`\n"),
        (["explore", "env", "--requirement=SGI-6"], 2, "did you mean 'SIG-6'"),
        (["replay", "--target=env", "--requirement=SGI-6", "--schedule="], 2, "did you mean 'SIG-6'"),
        (["replay", "{half}"], 2, "not JSON, or it is incomplete"),
        (["replay", "{newer_case}"], 2, "has schema 9; this Proctor reads schema 2. Update Proctor"),
        (["replay", "{unknown}"], 2, "there is no requirement 'EXIT-99' here (did you mean 'EXIT-"),
        (["export", "/no/such"], 2, "No such file"),
        (["export", "{half}"], 2, "not JSON, or it is incomplete"),
        (["export", "{newer_case}"], 2, "has schema 9"),
        (["export", "{results}"], 2, "holds results, not a case; `proctor report` reads it"),
        (["report", "{case}"], 2, "holds a case, not results; `proctor replay` plays it"),
        (["bisect", "{half}", "--launcher=x"], 2, "not JSON, or it is incomplete"),
        (["bisect", "/no/such", "--launcher=x"], 2, "No such file"),
        (["report", "{half}"], 2, "not JSON, or it is incomplete"),
        (["report", "{newer}"], 2, "schema 9; this Proctor reads schema 2"),
        (["report", "{text}"], 2, "not JSON"),
        (["compare", "/no/such"], 2, "No such file"),
        (["compare", "{results}", "{half}"], 2, "not JSON, or it is incomplete"),
        (["hunt", "/no/such/launcher"], 2, "there is no such file"),
        (["completion"], 2, "proctor: missing argument SHELL: bash, zsh or fish; see `proctor completion --help`"),
        (["compare", "{results}"], 2, "proctor: only one result: nothing to compare; name two or more"),
        (["completion", "tcsh"], 2, "proctor: invalid value for 'SHELL': 'tcsh' is not one of 'bash'"),
        (["doctor", "now"], 2, "proctor: got unexpected extra argument (now); see `proctor doctor --help`\n"),
        (
            ["doctor", "--jsn"],
            2,
            "proctor: there is no option '--jsn' (did you mean '--json'?); see `proctor doctor --help`\n",
        ),
        (["--jsn"], 2, "proctor: there is no option '--jsn'; see `proctor --help`\n"),
        (["explore", "env", "--budget=x"], 2, "proctor: invalid value for '--budget'"),
    ],
)
def test_what_is_asked_wrongly(tmp_path: Path, words: list[str], status: int, says: str) -> None:
    files = {
        "half": json.dumps(CASE)[:60], "newer": json.dumps(RESULTS | {"schema": 9}), "case": json.dumps(CASE),
        "newer_case": json.dumps(CASE | {"schema": 9}), "text": "hello",
        "unknown": json.dumps(CASE | {"requirement": "EXIT-99"}), "results": json.dumps(RESULTS),
    }  # fmt: skip
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    found, said = proctor(*(word.format(**{name: str(tmp_path / name) for name in files}) for word in words))
    assert (found, says in said) == (status, True), said


def test_requirements_for_programs_and_in_lines() -> None:
    told = json.loads(proctor("spec", "--json")[1])
    assert [one["id"] for one in told] == list(requirements())
    assert json.loads(proctor("spec", "list", "--json")[1]) == told
    assert json.loads(proctor("spec", "sig-3", "--json")[1]) == told[list(requirements()).index("SIG-3")]
    assert proctor("spec", "list") == proctor("spec")
    assert len(proctor("spec")[1].splitlines()) == len(told)


def test_results_side_by_side_for_programs(tmp_path: Path) -> None:
    for name, verdict in (("before", "pass"), ("after", "fail")):
        row = {"EXIT-1": {"level": "MUST", "verdict": verdict}, "EXIT-2": {"level": "MUST", "verdict": "pass"}}
        (tmp_path / name).write_text(json.dumps(RESULTS | {"requirements": row}))
    files = (str(tmp_path / "before"), str(tmp_path / "after"))
    assert json.loads(proctor("compare", *files, "--json")[1]) == {
        "results": ["env", "env"], "requirements": {"EXIT-1": ["pass", "fail"]}
    }  # fmt: skip
    assert json.loads(proctor("compare", files[0], files[0], "--json")[1])["requirements"] == {}
    assert "EXIT-1  MUST  ✓ pass  ✗ fail" in proctor("compare", *files)[1]


@pytest.mark.parametrize(
    ("words", "where"),
    [
        (["spec"], "proctor.conformance.cli.spec.requirements"),
        (["targets"], "proctor.conformance.cli.targets.known_targets"),
        (["report", "x"], "proctor.conformance.cli.report.read_all"),
        (["compare", "x"], "proctor.conformance.cli.compare.read_all"),
        (["completion", "bash"], "proctor.conformance.cli.completion.get_completion_class"),
        (["doctor"], "proctor.conformance.cli.system_checks.system.kernel"),
        (["bisect", "x", "--launcher=y"], "proctor.conformance.judging.casefile.read"),
    ],
)
def test_ctrl_c_is_130_in_the_short_ones_too(monkeypatch: pytest.MonkeyPatch, words: list[str], where: str) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(where, interrupted)
    status, said = proctor(*words)
    assert (status, "proctor: interrupted" in said) == (130, True), said


# -- what is written


@pytest.mark.parametrize("path", ["/dev/null", "/dev/full"])
def test_results_replace_no_device(path: str) -> None:
    """Results are written beside the file and then take its name: root would lose /dev/null."""
    with pytest.raises(UsageError, match="this is no regular file"):
        check_path(Path(path))


def test_results_on_a_full_disk_are_3_and_say_so(tmp_path: Path) -> None:
    if not shutil.which("unshare") or subprocess.run(["unshare", "--mount", "true"], check=False).returncode:
        pytest.skip("needs unshare(1), and root that is not in a chroot")
    fill = f"mount -t tmpfs -o size=4k none {tmp_path} && {{ head -c 1M /dev/zero >{tmp_path}/full; }} 2>&-"
    words = [
        sys.executable,
        "-m",
        "proctor.conformance.cli.main",
        "check",
        "env",
        "-k",
        "EXIT-3",
        "-q",
        f"--results={tmp_path}/r",
    ]
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", f'{fill}\nexec "$@"', "sh", *words], cwd=ROOT, capture_output=True,
        text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, f"--results={tmp_path}/r: cannot be written: No space left" in done.stderr) == (3, True)


# -- completion


def completed(*words: str) -> set[str]:
    found = BashComplete(main.proctor, {}, "proctor", "_PROCTOR").get_completions(list(words[:-1]), words[-1])
    return {item.value for item in found}


@pytest.mark.parametrize(
    ("words", "among"),
    [
        (("ch",), {"check"}),
        (("check", "tin"), {"tini"}),
        (("explore", "uv-"), {"uv-run", "uv-run-with", "uv-sync"}),
        (("targets", ""), {"list", "show", "install", "tini"}),
        (("targets", "show", "dumb"), {"dumb-init"}),
        (("spec", "tty-"), {"TTY-1", "TTY-8"}),
        (("spec", "show", "SIG-1"), {"SIG-1", "SIG-10"}),
        (("explore", "tini", "--requirement", "SIG-6"), {"SIG-6"}),
        (("replay", "--tar"), {"--target"}),
        (("no-such-command", ""), set()),
    ],
)
def test_names_complete(words: tuple[str, ...], among: set[str]) -> None:
    assert among <= completed(*words)


def test_targets_complete_without_what_they_do_not_begin_with() -> None:
    assert completed("check", "tin") & known_targets().keys() == {"tini"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_one_of_that_shell(shell: str, tmp_path: Path) -> None:
    status, said = proctor("completion", shell)
    assert (status, "_PROCTOR_COMPLETE" in said) == (0, True)
    if shutil.which(shell):
        script = tmp_path / "script"
        script.write_text(said)
        assert subprocess.run([shell, "-n", str(script)], check=False).returncode == 0
