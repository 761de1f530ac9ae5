"""run --with and tool run: the environment is there as long as the command is, and then gone."""

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

from tests.reference.conftest import LAUNCHER, Place, await_end, write_wheel

MODES = pytest.mark.parametrize("mode", ["--exec", "--supervise"])


@MODES
def test_the_command_finds_its_package_and_nothing_is_left(place: Place, mode: str) -> None:
    for _ in range(2):
        done = place.run("run", "--with", "proctor-tool", mode, "--", "proctor-tool", "a", "")
        assert (done.returncode, done.stderr) == (0, "")
        prefix, *words = done.stdout.rstrip("\n").split(" ")
        assert words == ["a", ""]
        assert prefix.startswith(str(place.cache / "temporary"))
        place.await_quiet()
        assert place.leftovers() == []
    assert len(place.names("environments")) == 1


@MODES
def test_the_status_is_the_commands(place: Place, mode: str) -> None:
    assert place.run("run", "--with", "proctor-tool", mode, "sh", "-c", "exit 7").returncode == 7
    assert place.run("run", "--with", "proctor-tool", mode, "sh", "-c", "kill -TERM $$").returncode == -signal.SIGTERM
    assert place.run("run", "--with", "proctor-tool", mode, "nowhere").returncode == 127
    place.await_quiet()
    assert place.leftovers() == []


def test_exec_mode_leaves_nothing_that_the_command_can_see(place: Place) -> None:
    look = (
        "import os; print(os.getpid(), os.getppid(), sorted(os.listdir('/proc/self/fd')),"
        "repr(open(f'/proc/self/task/{os.getpid()}/children').read()),"
        "[line for line in open('/proc/self/status') if line.startswith(('SigBlk', 'SigPnd', 'ShdPnd', 'SigIgn'))])"
    )
    bare = subprocess.Popen([sys.executable, "-c", look], stdout=subprocess.PIPE, text=True, cwd=place.work)
    seen = place.start("run", "--with", "proctor-tool", "--exec", "python", "-c", look)
    assert bare.stdout and seen.stdout
    expected, actual = bare.stdout.read(), seen.stdout.read()
    assert expected.replace(str(bare.pid), "PID", 1) == actual.replace(str(seen.pid), "PID", 1)
    bare.wait()
    seen.communicate()
    place.await_quiet()


def test_the_callers_children_and_pending_signals_stay_as_they_are(place: Place) -> None:
    """Started by exec from a process that has a child and is a subreaper with SIGCHLD blocked."""
    script = (
        "import ctypes, os, signal, sys\n"
        "ctypes.CDLL(None).prctl(36, 1)\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])\n"
        "os.execv(sys.argv[1], sys.argv[1:])\n"
    )
    look = (
        "import os, signal; print(signal.sigpending(), open(f'/proc/self/task/{os.getpid()}/children').read().split(),"
        "signal.pthread_sigmask(signal.SIG_BLOCK, []))"
    )
    words = [sys.executable, "-c", script, *LAUNCHER]
    words += ["run", "--with", "proctor-tool", "--exec", "python", "-c", look]
    done = subprocess.run(words, env=place.environment, cwd=place.work, capture_output=True, text=True, check=False)
    assert done.stdout == "set() [] {<Signals.SIGCHLD: 17>}\n"
    place.await_quiet()


@MODES
def test_closed_standard_descriptors_are_no_pipes_of_ours(place: Place, mode: str) -> None:
    shell = ["sh", "-c", '"$@" <&- >&- 2>&-; echo $?', "sh", *LAUNCHER, "run", "--with", "proctor-tool", mode]
    command = [sys.executable, "-c", "import os; os.write(2, b'x')"]
    done = subprocess.run(
        [*shell, *command], env=place.environment, cwd=place.work, capture_output=True, text=True, check=False
    )
    assert done.stdout == "1\n"  # EBADF, as without us
    place.await_quiet()
    assert place.leftovers() == []


@MODES
def test_the_environment_is_whole_through_a_graceful_shutdown(place: Place, mode: str) -> None:
    command = (
        "import signal, sys, os\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])\n"
        "print('ready', flush=True); signal.sigwait([signal.SIGTERM])\n"
        "from proctor_tool import late\n"
        "print(late.WORD, os.path.exists(sys.prefix + '/pyvenv.cfg'))\n"
    )
    launcher = place.start("run", "--with", "proctor-tool", mode, "python", "-c", command)
    assert launcher.stdout
    assert launcher.stdout.readline() == "ready\n"
    launcher.send_signal(signal.SIGTERM)
    assert launcher.stdout.read() == "late True\n"
    launcher.communicate()
    place.await_quiet()
    assert place.leftovers() == []


def test_a_killed_launcher_leaves_the_environment_until_its_command_has_ended(place: Place) -> None:
    command = (
        "import os, signal\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])\n"
        "print(os.getpid(), flush=True); signal.sigwait([signal.SIGTERM]); input()\n"
        "from proctor_tool import late\n"
        "print(late.WORD)\n"
    )
    launcher = place.start("run", "--with", "proctor-tool", "--supervise", "python", "-c", command)
    assert launcher.stdout and launcher.stdin
    pid = int(launcher.stdout.readline())
    launcher.kill()
    launcher.wait()
    assert place.run("cache", "prune").stdout.endswith("1 in use\n")
    launcher.stdin.write("\n")
    launcher.stdin.flush()
    assert launcher.stdout.read() == "late\n"
    await_end(pid)
    launcher.communicate()
    place.await_quiet()
    assert place.leftovers() == []


@MODES
def test_a_term_to_all_processes_does_not_end_the_janitor(place: Place, mode: str) -> None:
    launcher = place.start("run", "--with", "proctor-tool", mode, "sh", "-c", "echo ready; exec sleep 60")
    assert launcher.stdout
    launcher.stdout.readline()
    for pid in place.janitors():
        with contextlib.suppress(ProcessLookupError):  # the command was first, and its launcher has ended
            os.kill(pid, signal.SIGTERM)
    assert launcher.wait() == -signal.SIGTERM
    place.await_quiet()
    assert place.leftovers() == []
    launcher.communicate()


def test_what_a_sigkill_to_everybody_leaves_is_collected_by_the_next_run(place: Place) -> None:
    launcher = place.start("run", "--with", "proctor-tool", "sh", "-c", "echo ready; exec sleep 60")
    assert launcher.stdout
    launcher.stdout.readline()
    for pid in place.janitors():
        os.kill(pid, signal.SIGKILL)
    launcher.communicate()
    place.await_quiet()
    assert len(place.leftovers()) == 1
    assert place.run("run", "--with", "proctor-tool", "true").returncode == 0
    place.await_quiet()
    assert place.leftovers() == []


def test_the_readers_of_the_callers_pipe_see_its_end(place: Place) -> None:
    launcher = place.start("run", "--with", "proctor-tool", "--exec", "sh", "-c", "exec >&- 2>&-; exec sleep 60")
    assert launcher.stdout
    assert select.select([launcher.stdout], [], [], 20)[0]
    assert launcher.stdout.read() == ""
    launcher.kill()
    launcher.communicate()
    place.await_quiet()


def test_systemd_says_where(place: Place) -> None:
    runtime, cache = place.top / "runtime", place.top / "service-cache"
    more = {"RUNTIME_DIRECTORY": f"{runtime}:/other", "CACHE_DIRECTORY": str(cache)}
    done = place.run("run", "--with", "proctor-tool", "proctor-tool", variables=more)
    assert done.stdout.startswith(f"{runtime}/proctor-reference-launcher/temporary/"), done.stderr
    assert place.run("cache", "dir", variables=more).stdout == f"{cache}/proctor-reference-launcher\n"
    assert not place.cache.exists()


def test_isolated_leaves_the_projects_packages_out(place: Place) -> None:
    site = f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
    (place.work / ".venv" / site).mkdir(parents=True)
    (place.work / ".venv" / "pyvenv.cfg").write_text("")
    (place.work / ".venv" / site / "ours.py").write_text("")
    command = ["python", "-c", "import ours, proctor_tool"]
    assert place.run("run", "--with", "proctor-tool", *command).returncode == 0
    assert place.run("run", "--with", "proctor-tool", "--isolated", *command).returncode == 1


@MODES
def test_a_tool_runs_from_the_cache_and_keeps_its_late_import(place: Place, mode: str) -> None:
    tool = place.start("tool", "run", "proctor-tool", mode, "--", "late")
    assert tool.stdout
    assert tool.stdout.readline().startswith(str(place.cache / "environments"))
    assert place.run("cache", "prune").stdout == "0 removed, 0 left over from killed runs removed, 1 in use\n"
    out, _ = tool.communicate("\n")
    assert out == "late\n"
    place.await_quiet()
    assert place.run("cache", "prune").stdout.startswith("1 removed")
    assert place.names("environments") == place.leftovers() == []


def test_a_tool_by_version_and_by_another_name(place: Place) -> None:
    write_wheel(place.wheels, "other", "2.0", {"other.py": "def main(): print('other')\n"}, "other:main")
    assert place.run("tool", "run", "proctor-tool==1.0", "x").stdout.endswith(" x\n")
    assert place.run("tool", "run", "--from", "other", "other").stdout == "other\n"
    missing = place.run("tool", "run", "--from", "other", "another")
    assert missing.returncode == 127
    assert "no program 'another' in this distribution; it has: other" in missing.stderr


@pytest.mark.parametrize(
    "name",
    ["with blank", "with\nnewline", "quote'\"$`\\N", "long" * 40],
    ids=["blank", "newline", "quotes", "long"],
)
def test_paths_of_every_kind(tmp_path: Path, name: str) -> None:
    place = Place(tmp_path / name)
    place.environment["PIP_FIND_LINKS"] = str(tmp_path / "wheels")  # split at blanks by pip
    place.wheels.rename(tmp_path / "wheels")
    for _ in range(2):
        done = place.run("run", "--with", "proctor-tool", "--", "proctor-tool", "x")
        assert (done.returncode, done.stderr) == (0, "")
    done = place.run("tool", "run", "proctor-tool", "x")
    assert (done.returncode, done.stderr) == (0, "")
    place.await_quiet()
    assert place.leftovers() == []


def test_a_path_that_pip_cannot_take_is_said_to_be_one(tmp_path: Path) -> None:
    place = Place(tmp_path / os.fsdecode(b"\xff"))
    done = place.run("run", "--with", "proctor-tool", "--", "proctor-tool")
    assert done.returncode == 125
    assert "is not UTF-8, which pip does not support" in done.stderr
    place.await_quiet()
    assert place.leftovers() == []


@pytest.mark.parametrize("words", [("tool", "run"), ("run", "--with", "proctor-tool"), ("sync",)])
def test_where_there_is_no_pip_ensurepip_makes_one_in_the_cache_that_was_named(
    place: Place, words: tuple[str, ...]
) -> None:
    bare, named = place.top / "bare", place.top / "named"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", bare], check=True)
    tool = [] if words == ("sync",) else ["proctor-tool", "x"]
    done = subprocess.run(
        [str(bare / "bin" / "python"), *LAUNCHER[1:], *words, f"--cache-dir={named}", *tool],
        env=place.environment,
        cwd=place.project(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(os.listdir(named / "environments")) == (1 if words == ("sync",) else 2)
    place.await_quiet()
    assert not place.cache.exists()
    assert place.leftovers() == []


def test_a_head_of_any_length_is_valid_for_shell_and_python(tmp_path: Path) -> None:
    plain, odd = scripts.head("/usr/bin/python"), scripts.head("/with blank/bin/python")
    assert plain == b"#!/usr/bin/python\n"
    assert scripts.head("/" + "x" * 200) == odd
    script = tmp_path / "script"
    script.write_bytes(odd + b"import sys; print(sys.argv[1])\n")
    script.chmod(0o700)
    (tmp_path / "python").symlink_to(sys.executable)
    (tmp_path / "link").symlink_to("script")
    for words in ([tmp_path / "script"], [tmp_path / "link"], [sys.executable, "-W", "error", tmp_path / "script"]):
        assert subprocess.run([*words, "a b"], capture_output=True, check=True).stdout == b"a b\n"
    assert scripts.moved(odd + b"body", "/old", "/new") == b"#!/new/bin/python\nbody"
    assert scripts.moved(b"#!/old/bin/python3 -E\nbody", "/old", "/new") == b"#!/new/bin/python\nbody"
    assert scripts.moved(b"#!/bin/sh\nbody", "/old", "/new") is None
