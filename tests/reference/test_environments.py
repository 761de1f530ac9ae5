"""run --with and tool run: the environment exists while the command runs, and is then removed."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from reference_launcher import scripts

from tests.reference.conftest import LAUNCHER, Sandbox, wait_for_exit, write_wheel

MODES = pytest.mark.parametrize("mode", ["--exec", "--supervise"])
READS = ("sh", "-c", "echo ready; read line")
"""A command that says when it runs, and then waits. It executes no other program: in the middle of execve(2) it would
not be found, because /proc shows it without an environment."""


@MODES
def test_the_command_finds_its_package_and_nothing_remains(sandbox: Sandbox, mode: str) -> None:
    for _ in range(2):
        result = sandbox.run("run", "--with", "proctor-tool", mode, "--", "proctor-tool", "a", "")
        assert (result.returncode, result.stderr) == (0, "")
        prefix, *words = result.stdout.rstrip("\n").split(" ")
        assert words == ["a", ""]
        assert prefix.startswith(str(sandbox.cache / "temporary"))
        sandbox.wait_for_all_processes()
        assert sandbox.leftovers() == []
    assert len(sandbox.cache_entries("environments")) == 1


@MODES
def test_the_exit_status_is_that_of_the_command(sandbox: Sandbox, mode: str) -> None:
    assert sandbox.run("run", "--with", "proctor-tool", mode, "sh", "-c", "exit 7").returncode == 7
    assert sandbox.run("run", "--with", "proctor-tool", mode, "sh", "-c", "kill -TERM $$").returncode == -signal.SIGTERM
    assert sandbox.run("run", "--with", "proctor-tool", mode, "nowhere").returncode == 127
    sandbox.wait_for_all_processes()
    assert sandbox.leftovers() == []


def test_a_command_in_exec_mode_sees_no_trace_of_the_launcher(sandbox: Sandbox) -> None:
    script = (
        "import os; print(os.getpid(), os.getppid(), sorted(os.listdir('/proc/self/fd')),"
        "repr(open(f'/proc/self/task/{os.getpid()}/children').read()),"
        "[line for line in open('/proc/self/status') if line.startswith(('SigBlk', 'SigPnd', 'ShdPnd', 'SigIgn'))])"
    )
    bare = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=sandbox.work)
    launched = sandbox.start("run", "--with", "proctor-tool", "--exec", "python", "-c", script)
    assert bare.stdout and launched.stdout
    without, behind = bare.stdout.read(), launched.stdout.read()
    assert without.replace(str(bare.pid), "PID", 1) == behind.replace(str(launched.pid), "PID", 1)
    bare.wait()
    launched.communicate()
    sandbox.wait_for_all_processes()


def test_the_command_gets_no_child_and_no_pending_sigchld(sandbox: Sandbox) -> None:
    """The caller is a subreaper with SIGCHLD blocked and replaces itself with the launcher."""
    caller = (
        "import ctypes, os, signal, sys\n"
        "ctypes.CDLL(None).prctl(36, 1)\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])\n"
        "os.execv(sys.argv[1], sys.argv[1:])\n"
    )
    script = (
        "import os, signal; print(signal.sigpending(), open(f'/proc/self/task/{os.getpid()}/children').read().split(),"
        "signal.pthread_sigmask(signal.SIG_BLOCK, []))"
    )
    words = [sys.executable, "-c", caller, *LAUNCHER]
    words += ["run", "--with", "proctor-tool", "--exec", "python", "-c", script]
    result = subprocess.run(
        words, env=sandbox.environment, cwd=sandbox.work, capture_output=True, text=True, check=False
    )
    assert result.stdout == "set() [] {<Signals.SIGCHLD: 17>}\n"
    sandbox.wait_for_all_processes()


@MODES
def test_closed_standard_descriptors_stay_closed(sandbox: Sandbox, mode: str) -> None:
    shell = ["sh", "-c", '"$@" <&- >&- 2>&-; echo $?', "sh", *LAUNCHER, "run", "--with", "proctor-tool", mode]
    command = [sys.executable, "-c", "import os; os.write(2, b'x')"]
    result = subprocess.run(
        [*shell, *command], env=sandbox.environment, cwd=sandbox.work, capture_output=True, text=True, check=False
    )
    assert result.stdout == "1\n"  # EBADF, as without the launcher
    sandbox.wait_for_all_processes()
    assert sandbox.leftovers() == []


@MODES
def test_the_environment_stays_complete_during_a_graceful_shutdown(sandbox: Sandbox, mode: str) -> None:
    command = (
        "import signal, sys, os\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])\n"
        "print('ready', flush=True); signal.sigwait([signal.SIGTERM])\n"
        "from proctor_tool import late\n"
        "print(late.WORD, os.path.exists(sys.prefix + '/pyvenv.cfg'))\n"
    )
    launcher = sandbox.start("run", "--with", "proctor-tool", mode, "python", "-c", command)
    assert launcher.stdout
    assert launcher.stdout.readline() == "ready\n"
    launcher.send_signal(signal.SIGTERM)
    assert launcher.stdout.read() == "late True\n"
    launcher.communicate()
    sandbox.wait_for_all_processes()
    assert sandbox.leftovers() == []


def test_the_environment_of_a_killed_launcher_stays_until_the_command_has_ended(sandbox: Sandbox) -> None:
    command = (
        "import os, signal\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])\n"
        "print(os.getpid(), flush=True); signal.sigwait([signal.SIGTERM]); input()\n"
        "from proctor_tool import late\n"
        "print(late.WORD)\n"
    )
    launcher = sandbox.start("run", "--with", "proctor-tool", "--supervise", "python", "-c", command)
    assert launcher.stdout and launcher.stdin
    pid = int(launcher.stdout.readline())
    launcher.kill()
    launcher.wait()
    assert sandbox.run("cache", "prune").stdout.endswith("1 in use\n")
    launcher.stdin.write("\n")
    launcher.stdin.flush()
    assert launcher.stdout.read() == "late\n"
    wait_for_exit(pid)
    launcher.communicate()
    sandbox.wait_for_all_processes()
    assert sandbox.leftovers() == []


@MODES
def test_sigterm_to_all_processes_does_not_end_the_janitor(sandbox: Sandbox, mode: str) -> None:
    launcher = sandbox.start("run", "--with", "proctor-tool", mode, *READS)
    assert launcher.stdout
    launcher.stdout.readline()
    for pid in sandbox.processes():
        with contextlib.suppress(ProcessLookupError):  # the command got the signal first, and the launcher has ended
            os.kill(pid, signal.SIGTERM)
    assert launcher.wait() == -signal.SIGTERM
    sandbox.wait_for_all_processes()
    assert sandbox.leftovers() == []
    launcher.communicate()


def test_the_next_run_removes_what_sigkill_to_all_processes_leaves(sandbox: Sandbox) -> None:
    launcher = sandbox.start("run", "--with", "proctor-tool", *READS)
    assert launcher.stdout
    launcher.stdout.readline()
    for pid in sandbox.processes():
        os.kill(pid, signal.SIGKILL)
    launcher.communicate()
    sandbox.wait_for_all_processes()
    assert len(sandbox.leftovers()) == 1
    assert sandbox.run("run", "--with", "proctor-tool", "true").returncode == 0
    sandbox.wait_for_all_processes()
    assert sandbox.leftovers() == []


def test_the_janitor_keeps_no_pipe_of_the_caller_open(sandbox: Sandbox) -> None:
    launcher = sandbox.start("run", "--with", "proctor-tool", "--exec", "sh", "-c", "exec >&- 2>&-; exec sleep 60")
    assert launcher.stdout
    assert select.select([launcher.stdout], [], [], 20)[0]
    assert launcher.stdout.read() == ""
    launcher.kill()
    launcher.communicate()
    sandbox.wait_for_all_processes()


def test_systemd_variables_set_the_directories(sandbox: Sandbox) -> None:
    runtime, cache = sandbox.top / "runtime", sandbox.top / "service-cache"
    more = {"RUNTIME_DIRECTORY": f"{runtime}:/other", "CACHE_DIRECTORY": str(cache)}
    result = sandbox.run("run", "--with", "proctor-tool", "proctor-tool", variables=more)
    assert result.stdout.startswith(f"{runtime}/proctor-reference-launcher/temporary/"), result.stderr
    assert sandbox.run("cache", "dir", variables=more).stdout == f"{cache}/proctor-reference-launcher\n"
    assert not sandbox.cache.exists()


def test_isolated_excludes_the_packages_of_the_project(sandbox: Sandbox) -> None:
    site = f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
    (sandbox.work / ".venv" / site).mkdir(parents=True)
    (sandbox.work / ".venv" / "pyvenv.cfg").write_text("")
    (sandbox.work / ".venv" / site / "ours.py").write_text("")
    command = ["python", "-c", "import ours, proctor_tool"]
    assert sandbox.run("run", "--with", "proctor-tool", *command).returncode == 0
    assert sandbox.run("run", "--with", "proctor-tool", "--isolated", *command).returncode == 1


@MODES
def test_prune_keeps_the_environment_of_a_running_tool(sandbox: Sandbox, mode: str) -> None:
    tool = sandbox.start("tool", "run", "proctor-tool", mode, "--", "late")
    assert tool.stdout
    assert tool.stdout.readline().startswith(str(sandbox.cache / "environments"))
    assert sandbox.run("cache", "prune").stdout == "0 removed, 0 left over from killed runs removed, 1 in use\n"
    output, _ = tool.communicate("\n")
    assert output == "late\n"
    sandbox.wait_for_all_processes()
    assert sandbox.run("cache", "prune").stdout.startswith("1 removed")
    assert sandbox.cache_entries("environments") == sandbox.leftovers() == []


def test_a_tool_is_found_by_version_and_by_program_name(sandbox: Sandbox) -> None:
    write_wheel(sandbox.wheels, "other", "2.0", {"other.py": "def main(): print('other')\n"}, "other:main")
    assert sandbox.run("tool", "run", "proctor-tool==1.0", "x").stdout.endswith(" x\n")
    assert sandbox.run("tool", "run", "--from", "other", "other").stdout == "other\n"
    missing = sandbox.run("tool", "run", "--from", "other", "another")
    assert missing.returncode == 127
    assert "no program 'another' in this distribution; it has: other" in missing.stderr


@pytest.mark.parametrize(
    "name",
    ["with blank", "with\nnewline", "quote'\"$`\\N", "long" * 40],
    ids=["blank", "newline", "quotes", "long"],
)
def test_a_path_may_contain_any_character_and_be_long(tmp_path: Path, name: str) -> None:
    sandbox = Sandbox(tmp_path / name)
    sandbox.environment["PIP_FIND_LINKS"] = str(tmp_path / "wheels")  # without a blank: pip splits at blanks
    sandbox.wheels.rename(tmp_path / "wheels")
    for _ in range(2):
        result = sandbox.run("run", "--with", "proctor-tool", "--", "proctor-tool", "x")
        assert (result.returncode, result.stderr) == (0, "")
    result = sandbox.run("tool", "run", "proctor-tool", "x")
    assert (result.returncode, result.stderr) == (0, "")
    sandbox.wait_for_all_processes()
    assert sandbox.leftovers() == []


def test_a_path_that_is_not_utf8_is_rejected(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path / os.fsdecode(b"\xff"))
    result = sandbox.run("run", "--with", "proctor-tool", "--", "proctor-tool")
    assert result.returncode == 125
    assert "is not UTF-8, which pip does not support" in result.stderr
    sandbox.wait_for_all_processes()
    assert sandbox.leftovers() == []


@pytest.mark.parametrize("words", [("tool", "run"), ("run", "--with", "proctor-tool"), ("sync",)])
def test_without_pip_ensurepip_makes_one_in_the_named_cache(sandbox: Sandbox, words: tuple[str, ...]) -> None:
    bare, named = sandbox.top / "bare", sandbox.top / "named"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", bare], check=True)
    tool = [] if words == ("sync",) else ["proctor-tool", "x"]
    result = subprocess.run(
        [LAUNCHER[0], f"--interpreter={bare}/bin/python", *words, f"--cache-dir={named}", *tool],
        env=sandbox.environment,
        cwd=sandbox.project(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert len(os.listdir(named / "environments")) == (1 if words == ("sync",) else 2)
    sandbox.wait_for_all_processes()
    assert not sandbox.cache.exists()
    assert sandbox.leftovers() == []


def test_a_shebang_for_any_path_works_for_kernel_shell_and_python(tmp_path: Path) -> None:
    plain, odd = scripts.shebang("/usr/bin/python"), scripts.shebang("/with blank/bin/python")
    assert plain == b"#!/usr/bin/python\n"
    assert scripts.shebang("/" + "x" * 200) == odd
    script = tmp_path / "script"
    script.write_bytes(odd + b"import sys; print(sys.argv[1])\n")
    script.chmod(0o700)
    (tmp_path / "python").symlink_to(sys.executable)
    (tmp_path / "link").symlink_to("script")
    for words in ([tmp_path / "script"], [tmp_path / "link"], [sys.executable, "-W", "error", tmp_path / "script"]):
        assert subprocess.run([*words, "a b"], capture_output=True, check=True).stdout == b"a b\n"
    assert scripts.relocated(odd + b"body", "/old", "/new") == b"#!/new/bin/python\nbody"
    assert scripts.relocated(b"#!/old/bin/python3 -E\nbody", "/old", "/new") == b"#!/new/bin/python\nbody"
    assert scripts.relocated(b"#!/bin/sh\nbody", "/old", "/new") is None
