"""How tests begin a script of Python: it is executed wherever the interpreter is."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from proctor.harness.runner.start.places import usual_interpreter
from tests.built_for_tests import LONGEST_LINE, first_lines
from tests.conftest import ROOT

PRINTS = "import sys\nprint(sys.executable, sys.argv[1:], sys.flags.isolated, sys.flags.no_site)\n"


@pytest.mark.parametrize(
    "name",
    ["plain", "a b", "'q' \"d\" $HOME *", "x" * (LONGEST_LINE - 5)],
    ids=["plain", "space", "quotes", "too long"],
)
@pytest.mark.parametrize(("option", "flags"), [("", "0 0"), ("-IS", "1 1")])
def test_it_is_executed_by_an_interpreter_in_any_directory(name: str, option: str, flags: str, tmp_path: Path) -> None:
    python, script = tmp_path / name / "python3", tmp_path / "some script"
    python.parent.mkdir()
    python.symlink_to(usual_interpreter())
    script.write_text(first_lines(option, str(python)) + PRINTS)
    script.chmod(0o755)
    done = subprocess.run([script, "a b", "$0"], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == f"{python} ['a b', '$0'] {flags}\n"


def test_no_other_test_names_an_interpreter_in_such_a_line() -> None:
    """The line would be cut at the first space of its path, in a checkout in a directory with such a name."""
    ours = ROOT / "tests" / "built_for_tests.py"
    found = {path for path in (ROOT / "tests").rglob("*.py") if re.search(r"#!\{", path.read_text(encoding="utf-8"))}
    assert found == {ours}
