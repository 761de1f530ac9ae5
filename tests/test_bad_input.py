"""What is asked for wrongly, and systems where something is missing: each has its message, none a traceback."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT, copy_of_package

WITHOUT = ROOT / "tests" / "hostile" / "without.py"
Done = subprocess.CompletedProcess[str]


def run(*words: str, before: tuple[str, ...] = (), cwd: Path = ROOT, suite: str = "conformance/", **env: str) -> Done:
    """Run the suite on something, as a user does."""
    command = [*before, sys.executable, "-m", "pytest", suite, "-q", "-p", "no:cacheprovider", *words]
    done = subprocess.run(
        command, cwd=cwd, env=os.environ | env, capture_output=True, text=True, timeout=120, check=False,
        errors="backslashreplace",
    )  # fmt: skip
    assert "Traceback" not in done.stdout + done.stderr, done.stdout + done.stderr
    assert "INTERNALERROR" not in done.stdout + done.stderr, done.stdout + done.stderr
    return done


def file(directory: Path, name: str, content: bytes, mode: int = 0o755) -> str:
    path = directory / name
    path.write_bytes(content)
    path.chmod(mode)
    return str(path)


def says(done: Done, status: int, *parts: str) -> None:
    printed = done.stdout + done.stderr
    assert done.returncode == status, printed
    for part in parts:
        assert part in printed, printed


BAD_FILES = {
    "missing": (None, "there is no such file"),
    "text": (b"echo no interpreter line\n", "neither a binary for this machine nor a script with a '#!' line"),
    "empty": (b"", "neither a binary for this machine nor a script with a '#!' line (or it is empty)"),
    "interpreter": (b"#!/no/such/interpreter\n", "the interpreter in its '#!' line does not exist"),
    "unknown-key.toml": (b'comand = ["env"]\n', "unknown key 'comand' (did you mean 'command'?)"),
    "wrong-type.toml": (b'command = "env"\n', '\'command\' must be a list, but is "env"; for example: ["env"]'),
    "no-command.toml": (b'description = "x"\n', "'command' is missing"),
    "empty-command.toml": (b"command = []\n", "'command' is empty"),
    "not-toml.toml": (b"command = [\n", "this is not TOML"),
    "not-text.toml": (b"\xff\xfe\n", "cannot be read"),
    "missing.toml": (None, "there is no such file"),
    "outside.toml": (b'command = ["env"]\n[files]\n"../x" = ""\n', "'files' has the key '../x'; allowed are "),
    "no-reason.toml": (b'command = ["env"]\n[deviations]\nSIG-9 = ""\n', "'deviations.SIG-9' has no reason"),
    "no-requirement.toml": (
        b'command = ["env"]\n[deviations]\nSIG-99 = "so"\n',
        "'deviations' names 'SIG-99', which is no requirement (did you mean 'SIG-9'?)",
    ),
    "not-there.toml": (b'command = ["no-such-program"]\ninstall = "apt-get x"\n', "install it with: apt-get x"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_target_files(tmp_path: Path, name: str) -> None:
    content, message = BAD_FILES[name]
    path = file(tmp_path, name, content) if content is not None else str(tmp_path / name)
    says(run(f"--target={path}"), 2, message, path)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "no launcher to test: give --target=LAUNCHER"),
        (["--target="], "the target is empty"),
        (["--target=/usr/bin"], "'/usr/bin' is a directory; name an executable"),
        (["--target=no-such-program"], "no program 'no-such-program' on PATH"),
        (["--target='unbalanced"], "cannot be split into words"),
        (["--target=env", "--target=env"], "the same target twice"),
        (["--target=env", "--profile=sync"], "--profile=sync: env has no command line 'sync'"),
        (["--target=env", "--profile=inti"], "--profile=inti: unknown (did you mean 'init'?)"),
        (["--target=./\udcff"], "not UTF-8"),
        ([f"--target=/tmp/{'x' * 300}"], "there is no such file"),
        (["--target=env", "--results=/no/such/directory/r.json"], "there is no directory /no/such/directory"),
        (["--target=env", "--results=/tmp"], "this is a directory; name a file in it"),
        (["--target=true"], "did not start its command"),
    ],
)
def test_bad_calls(words: list[str], message: str) -> None:
    says(run(*words, "-k", "EXIT-3"), 2, message)


NO_LAUNCHERS = {
    "ends": ("exit 3", "it ended with exit code 3 after "),
    "crashes": ("kill -SEGV $$", "it ended by SIGSEGV after "),
    "hangs": ("exec sleep 1000", "it hangs: for "),
    # ended by its CPU time; where the machine has little to spare, by ours
    "spins": ("while :; do :; done", "it spins: |it was still at work after "),
    "prints": ("while :; do echo on and on; sleep 0.1; done", "it was still at work after "),
}


def test_a_launcher_that_hides_the_socket_is_an_error(tmp_path: Path) -> None:
    """A sandbox gives its command another /tmp. The command starts, but cannot report to us."""
    path = file(tmp_path, "hides", b'#!/bin/sh\nfor last; do :; done\nrm "$last"\nexec "$@"\n')
    done = run(f"--target={path}", f"--results={tmp_path}/r.json")
    says(done, 2, "its command was started, but could not connect to Proctor", "No such file", "Set TMPDIR to")
    rows = json.loads((tmp_path / "r.json").read_text())["requirements"]
    assert {rows[name]["verdict"] for name in ("EXIT-1", "SIG-1")} == {"error"}


@pytest.mark.parametrize("name", NO_LAUNCHERS)
def test_a_target_that_starts_nothing(tmp_path: Path, name: str) -> None:
    """Said once, with what was run, how it ended and what to do, and soon."""
    script, found = NO_LAUNCHERS[name]
    path = file(tmp_path, name, f"#!/bin/sh\n{script}\n".encode())
    start = time.monotonic()
    done = run(f"--target={path}", f"--results={tmp_path}/r.json")
    assert time.monotonic() - start < 15
    assert re.search(found, done.stdout + done.stderr), done.stdout + done.stderr
    says(done, 2, f"run as:     {path} COMMAND ARGS...", f"until this prints 'works': {path} /bin/echo works")
    assert (done.stdout + done.stderr).count("did not start its command") == 1
    assert "ERROR of " not in done.stdout + done.stderr
    rows = json.loads((tmp_path / "r.json").read_text())["requirements"]
    assert {rows[name]["verdict"] for name in ("EXIT-1", "SIG-1", "TTY-1", "INHERIT-1")} == {"error"}


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_the_other_targets_are_judged(tmp_path: Path, workers: str) -> None:
    targets = ("--target=true", "--target=env", f"--target={file(tmp_path, 'empty', b'')}")
    done = run(*targets, "-k", "EXIT-6 or EXIT-3", f"--results={tmp_path}/r.json", workers)
    says(done, 2, "target 'true' did not start", "neither a binary", "env: MUST: 1 pass; SHOULD: 1 pass")
    assert (done.stdout + done.stderr).count("did not start its command") == 1
    verdicts = [one["requirements"]["EXIT-6"]["verdict"] for one in json.loads((tmp_path / "r.json").read_text())]
    assert verdicts == ["error", "pass", "error"]


@pytest.mark.parametrize(
    ("names", "status", "message"),
    [
        ("NOSUCH-1", 5, "proctor: -k: there is no requirement NOSUCH-1; `proctor spec` lists them"),
        ("SIG-99", 5, "proctor: -k: there is no requirement SIG-99 (did you mean 'SIG-9'?)"),
    ],
)
def test_what_k_names_in_vain(names: str, status: int, message: str) -> None:
    says(run("--target=env", "-k", names), status, message)


@pytest.mark.skipif(os.geteuid() != 0, reason="/etc/passwd is an unprivileged user's as well, but root's is the case")
def test_a_target_that_is_not_executable(tmp_path: Path) -> None:
    says(run(f"--target={file(tmp_path, 'plain', b'#!/bin/sh', 0o644)}"), 2, "this is not executable; chmod +x")


def test_what_lies_where_the_user_stands_is_not_imported(tmp_path: Path) -> None:
    for name in ("signal.py", "socket.py", "random.py", "msgspec.py"):
        file(tmp_path, name, b"raise SystemExit('not mine')\n")
    command = [str(Path(sys.executable).parent / "pytest"), str(ROOT / "conformance"), "--target=env", "-k", "EXIT-6"]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider"], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    says(done, 0, "env: SHOULD: 1 pass")


def test_a_version_that_is_no_text(tmp_path: Path) -> None:
    program = file(tmp_path, "odd", b"#!/bin/sh\nprintf '\\033[31m\\377\\n'\n")
    toml = f'command = ["env"]\nversion = ["{program}"]\n'.encode()
    done = run(f"--target={file(tmp_path, 'odd.toml', toml)}", "-k", "EXIT-6", "-v")
    says(done, 0, "\\x1b[31m")
    assert "\x1b" not in done.stdout


def test_tmpdir_that_is_not_there(tmp_path: Path) -> None:
    says(run("--target=env", TMPDIR=str(tmp_path / "no")), 3, "cannot create a directory", "TMPDIR")


def test_tmpdir_with_a_relative_path(tmp_path: Path) -> None:
    """The command has another working directory, in which it would not find the socket."""
    says(run("--target=env", "-k", "EXIT-3", TMPDIR=os.path.relpath(tmp_path, ROOT)), 0, "MUST: 1 pass")
    assert os.listdir(tmp_path) == []


def test_tmpdir_with_a_long_path(tmp_path: Path) -> None:
    long = tmp_path / ("x" * 100)
    long.mkdir()
    says(run("--target=env", TMPDIR=str(long)), 3, "cannot make the socket", "Set TMPDIR to a short path")
    assert os.listdir(long) == []


def unshared(script: str) -> tuple[str, ...]:
    """Return what runs a command in a mount namespace of its own, after this script."""
    if not shutil.which("unshare") or subprocess.run(["unshare", "--mount", "true"], check=False).returncode:
        pytest.skip("needs unshare(1), and root that is not in a chroot")
    return ("unshare", "--mount", "sh", "-c", f'{script}\nexec "$@"', "sh")


def test_tmpdir_that_is_read_only(tmp_path: Path) -> None:
    before = unshared(f"mount -t tmpfs -o ro none {tmp_path} || exit 99")
    says(run("--target=env", before=before, TMPDIR=str(tmp_path)), 3, "Read-only file system", "TMPDIR")


@pytest.mark.parametrize("room", ["nr_inodes=2", "size=4k"])
def test_tmpdir_that_is_full(tmp_path: Path, room: str) -> None:
    fill = f"{{ head -c 1M /dev/zero > {tmp_path}/full; true; }} 2>/dev/null"
    full = f"mount -t tmpfs -o {room} none {tmp_path} && {fill}"
    # -s: pytest keeps what it captures in TMPDIR as well
    says(run("--target=env", "-k", "EXIT-4", "-s", before=unshared(full), TMPDIR=str(tmp_path)), 3, "No space left")


def test_a_launcher_that_fills_tmpdir() -> None:
    before = unshared("mount -t tmpfs -o size=16M none /mnt || exit 99")
    words = [sys.executable, "-I", "-S", str(ROOT / "tests" / "hostile" / "launcher.py"), "fills_directory"]
    says(run(f"--target={shlex.join(words)}", "-k", "EXIT-3", before=before, TMPDIR="/mnt"), 0, "MUST: 1 pass")


def test_without_pseudo_terminals_the_other_cases_work(tmp_path: Path) -> None:
    nothing = file(tmp_path, "none", b"")
    before = unshared(f"mount --bind {tmp_path} /dev/pts && mount --bind {nothing} /dev/ptmx || exit 99")
    done = run("--target=env", "-k", "EXIT-3 or TTY-2", before=before)
    says(done, 3, "cannot open a pseudo-terminal", "mount devpts", "TTY-2      MUST     ERROR")
    assert "test_launcher_does_not_end_when_the_command_closes_its_descriptors" not in done.stdout


@pytest.mark.parametrize("program", ["guardian", "stage", "witness"])
def test_a_program_of_ours_is_missing(tmp_path: Path, program: str) -> None:
    package = copy_of_package(tmp_path)
    (package / "harness" / "bin" / program).unlink()
    suite = str(package / "conformance")
    done = run("--target=env", "-k", "EXIT-3", cwd=tmp_path, suite=suite, PYTHONPATH=str(tmp_path))
    says(done, 3, f"harness/bin/{program}", "pip install -e .")


def test_hidepid_hides_nothing_that_is_needed() -> None:
    before = unshared("mount -t proc -o hidepid=2 proc /proc || exit 99")
    for wish in ("namespace", "subreaper"):
        done = run("--target=env", "-k", "EXIT-3 or TREE-1", before=before, PROCTOR_CONTAINMENT_WISH=wish)
        says(done, 0, ": MUST: 2 pass")


@pytest.mark.parametrize(
    ("without", "why"), [("namespaces", "clone: Operation not permitted"), ("mount", "mount-private: Operation not")]
)
def test_no_namespace_is_a_weaker_containment(without: str, why: str) -> None:
    before = (*unshared("true"), sys.executable, str(WITHOUT), without)
    done = run("--target=env", "-k", "EXIT-3 or TREE-1", "-v", before=before)
    says(done, 0, f"subreaper (no PID namespace: guardian: {why}", ": MUST: 2 pass")


def test_that_proc_is_refused_is_told_each_time() -> None:
    """The worker may see that its runner is gone before the guardian does."""
    command = [sys.executable, str(WITHOUT), "mount", sys.executable, "-c", STARTS]
    for _ in range(30):
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=ROOT)
        assert done.stdout == "subreaper\n", done.stdout + done.stderr


STARTS = """
from proctor.harness import execute
from proctor.harness.scenario import Scenario
from proctor.harness.target import BARE
history = execute.execute(BARE, Scenario(()))
print(history.containment.partition(" ")[0])
execute.stop()
"""


@pytest.mark.parametrize("wish", ["namespace", "subreaper"])
def test_without_proc(wish: str) -> None:
    before = (*unshared("mount -t tmpfs none /proc || exit 99"), sys.executable, str(WITHOUT), "mount")
    done = run("--target=env", "-k", "EXIT-3", before=before, PROCTOR_CONTAINMENT_WISH=wish)
    says(done, 3, "/proc is not mounted")


def test_in_a_chroot(tmp_path: Path) -> None:
    """There the root is no mount point, as where Debian's packages are built."""
    script = ""
    for entry in Path("/").iterdir():
        if entry.is_symlink():
            script += f"ln -s {entry.readlink()} {tmp_path}{entry} && "
        elif entry.is_dir():
            script += f"mkdir {tmp_path}{entry} && mount --rbind {entry} {tmp_path}{entry} && "
    before = (*unshared(f"{{ {script} true; }} || exit 99"), "chroot", str(tmp_path), "env", f"--chdir={ROOT}")
    done = run("--target=env", "-k", "EXIT-3 or TREE-1", "-v", before=before)
    says(done, 0, "containment: PID namespace", ": MUST: 2 pass")
