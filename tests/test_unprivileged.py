"""Not root, no namespaces, no ptrace: everything but containment works, and what cannot be seen is said to be so."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from proctor.conformance.cli.system_checks import AFFECTED
from proctor.conformance.suite.unfinished import SELECTED
from tests.conftest import ROOT, copy_of_package

WITHOUT = ROOT / "tests" / "hostile" / "without.py"
CASES = "EXIT-2 or EXIT-7 or SIG-1 or SIG-2 or SIG-3 or SIG-8 or TTY or TREE or INHERIT"

pytestmark = pytest.mark.skipif(platform.system() != "Linux", reason="seccomp is Linux's")


@pytest.fixture(scope="module")
def copy() -> Iterator[Path]:
    """Return a copy of what the suite needs that everybody may read: not below tmp_path, which only its owner may."""
    base = Path(tempfile.mkdtemp(prefix="for-everybody-"))
    copy_of_package(base)
    shutil.copy(WITHOUT, base)
    for path in (base, *base.rglob("*")):
        path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
    (base / "t").mkdir()
    (base / "t").chmod(0o1777)
    yield base
    shutil.rmtree(base)


def site_packages() -> str:
    return os.path.dirname(os.path.dirname(pytest.__file__))


def readable_python(copy: Path) -> str:
    """Return an interpreter that nobody may execute, with our packages on its path."""
    # started twice: setpriv still has root's capabilities when it executes the first one
    again = "import os, sys, msgspec, pytest; os.execv(sys.executable, [sys.executable, '-c', 'import msgspec'])"
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (sys.executable, shutil.which(version), f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        if candidate and run_as_nobody(copy, candidate, "-c", again).returncode == 0:
            return candidate
    pytest.skip(f"no {version} here that an unprivileged user may run with the packages of this one")


def environment(copy: Path, **more: str) -> dict[str, str]:
    path = f"{copy}:{site_packages()}"
    return {"PATH": os.environ["PATH"], "TMPDIR": str(copy / "t"), "PYTHONPATH": path, "HOME": str(copy / "t")} | more


def run_as_nobody(copy: Path, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
    words = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    return subprocess.run(
        [*words, *command], env=environment(copy, **more), cwd=copy, capture_output=True, text=True, timeout=300,
        check=False,
    )  # fmt: skip


def verdicts(
    copy: Path, python: str, without: str, target: str, cases: str = CASES, as_nobody: bool = True, **more: str
) -> tuple[dict[str, Any], str]:
    """Run the suite; return the results document and what was printed."""
    results = copy / "t" / "results.json"
    results.unlink(missing_ok=True)
    suite = [
        python, "-m", "pytest", str(copy / "proctor" / "conformance"), f"--target={target}", "-k", cases,
        f"--results={results}", "-q", "-p", "no:cacheprovider", "-rs", f"--rootdir={copy}", "-c", os.devnull,
    ]  # fmt: skip
    if without:
        suite = [python, str(copy / WITHOUT.name), without, *suite]
    if as_nobody:
        done = run_as_nobody(copy, *suite, **more)
    else:
        done = subprocess.run(
            suite, env=environment(copy, **more), cwd=copy, capture_output=True, text=True, check=False, timeout=300
        )
    assert results.exists(), done.stdout + done.stderr
    document: dict[str, Any] = json.loads(results.read_text(encoding="utf-8"))
    results.unlink()
    assert os.listdir(copy / "t") == []
    return document, done.stdout


def table(document: dict[str, Any]) -> dict[str, str]:
    """Return the verdicts, but for what needs programs that need not be installed for the Python of this copy."""
    needs = AFFECTED["real programs"]
    verdicts = {name: row["verdict"] for name, row in document["requirements"].items() if row["verdict"] != "not run"}
    return {name: verdict for name, verdict in verdicts.items() if name not in (*needs.whole, *needs.partly)}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("target", ["dumb-init", "env"])
def test_the_verdicts_are_those_of_root(copy: Path, target: str) -> None:
    if not shutil.which(target):
        pytest.skip(f"{target} is not installed here")
    python = readable_python(copy)
    root, _ = verdicts(copy, python, "", target, as_nobody=False)
    assert root["host"]["containment"].startswith("PID namespace")
    nobody, _ = verdicts(copy, python, "", target)
    assert nobody["host"]["containment"] == "user and PID namespace"
    assert table(nobody) == table(root)
    weaker, _ = verdicts(copy, python, "", target, PROCTOR_CONTAINMENT_WISH="subreaper")
    assert weaker["host"]["containment"] == "subreaper"
    assert table(weaker) == table(root)


def test_without_namespaces_all_but_pid_1_is_judged(copy: Path) -> None:
    python = readable_python(copy)
    document, _ = verdicts(copy, python, "nobody,namespaces", "dumb-init", "EXIT-2 or TREE or TTY-1")
    assert document["host"]["containment"].startswith("subreaper (no PID namespace: guardian: clone: Operation not")
    found = table(document)
    assert found.pop("TREE-6") == "not observable"
    reason = document["requirements"]["TREE-6"]["reason"]
    assert "the stage cannot be set up here: fork: Operation not permitted" in reason
    assert set(found.values()) <= {"pass", "fail"}
    assert found["EXIT-2"] == found["TREE-1"] == "pass"


def test_without_ptrace_only_tracing_is_not_observable(copy: Path) -> None:
    python = readable_python(copy)
    document, _ = verdicts(copy, python, "nobody,ptrace", "env", "SIG or EXIT-7 or TTY-1")
    found = table(document)
    for name, verdict in found.items():
        reason = document["requirements"][name]["reason"]
        refused = verdict == "not observable" and "ptrace is refused" in reason
        is_whole = reason != SELECTED  # "SIG" also selects cases with SIGQUIT in their names
        assert refused or not is_whole or verdict in ("pass", "not applicable"), (name, verdict, reason)
    assert found["TTY-1"] == "pass"
    dumb_init, _ = verdicts(copy, python, "nobody,ptrace", "dumb-init", "SIG-8 or TTY-1 or EXIT-7")
    assert table(dumb_init)["SIG-8"] == "not observable"
    assert table(dumb_init)["TTY-1"] == "pass"  # held by SIGSTOP where ptrace is refused
