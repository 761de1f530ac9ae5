"""The npm package of the tool, installed without a network, and the tool in a Node process."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import tarfile
import zlib
from pathlib import Path

import pytest

import hatch_build
from proctor.harness.runner.observe import command
from proctor.harness.runner.start import npm_project, spawn, tarball
from proctor.harness.runner.start.spawn import TOOL
from tests.conftest import ROOT
from tests.witness_at_work import playing, said

needs_node = pytest.mark.skipif(not shutil.which("node"), reason="Node is not installed here")
needs_npm = pytest.mark.skipif(not shutil.which("npm"), reason="npm is not installed here")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the tarball, in a directory that was made for it."""
    return tarball.build(tmp_path_factory.mktemp("tarball") / "deep" / "packages")


@pytest.fixture
def tool(built: Path, tmp_path: Path) -> Path:
    """Return the program of a node_modules that has the tool, as npm makes it."""
    modules = tmp_path / "project" / "node_modules"
    with tarfile.open(built) as archive:
        archive.extractall(modules, filter="data")
    (modules / "package").rename(modules / TOOL)
    program = modules / ".bin" / TOOL
    program.parent.mkdir()
    program.symlink_to(f"../{TOOL}/{TOOL}")
    return program


def package_of(tool: Path) -> Path:
    return tool.parent.parent / TOOL


def test_the_same_each_time(built: Path, tmp_path: Path) -> None:
    """Lock files have its checksum."""
    assert tarball.build(tmp_path).read_bytes() == built.read_bytes()
    assert [path.name for path in built.parent.iterdir()] == ["proctor-tool-1.0.0.tgz"]


def test_what_is_in_it(built: Path) -> None:
    with tarfile.open(built) as archive:
        files = {entry.name: archive.extractfile(entry) for entry in archive}
        data = {name.removeprefix("package/"): file.read() for name, file in files.items() if file}
        assert archive.getmember(f"package/{TOOL}").mode == 0o755
    *lines, last = data["contents"].decode().splitlines(keepends=True)
    packed = {name: crc for crc, name in (line.split() for line in lines)}
    assert packed == {name: str(zlib.crc32(text)) for name, text in data.items() if name != "contents"}
    assert last == f"{zlib.crc32(''.join(lines).encode())} contents\n"
    assert data["witness.node"] == spawn.ADD_ON.read_bytes()
    assert set(data) == {"package.json", TOOL, "proctor_tool.js", "proctor_late.js", "witness.node", "contents"}


def test_add_on_compiles_without_a_warning_and_without_headers_of_node(tmp_path: Path) -> None:
    source, where = hatch_build.LIBRARIES["witness.node"]
    flags = [*hatch_build.FLAGS, "-Werror", "-shared", "-fPIC", where, "-H", "-o", str(tmp_path / "witness.node")]
    words = [*hatch_build.compiler(), *flags, str(ROOT / source)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "stdio.h" in done.stderr
    assert "node" not in {part for line in done.stderr.splitlines() for part in line.split("/")}


@needs_npm
@pytest.mark.timeout(180)
def test_npm_installs_it_without_a_network(built: Path, tmp_path: Path) -> None:
    (tmp_path / "package.json").write_bytes(tarball.manifest(name="x", version="1.0.0", private=True))
    words = ["npm", "install", "--offline", "--no-audit", "--no-fund", "--no-update-notifier", str(built)]
    environment = os.environ | {"HOME": str(tmp_path)}
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    program = tmp_path / "node_modules" / ".bin" / TOOL
    with playing(program, tmp_path) as play:
        assert play.witness.do("whole")["count"] == 0
        play.witness.order("exit 4")
        assert play.end() == 4


@needs_node
def test_tool_is_a_witness(tool: Path, tmp_path: Path) -> None:
    with playing(tool, tmp_path, args=[b"a b", b"", b"\xff"]) as play:
        hello = play.witness.hello
        assert (hello["name"], hello["pid"]) == ("command", play.process.pid)
        assert [bytes.fromhex(word) for word in hello["args"]] == [b"a b", b"", b"\xff"]
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE, signal.SIGUSR1, signal.SIGRTMAX):
            play.process.send_signal(number)
            message = play.witness.next("signal")
            assert (message["signal"], message["sender"]) == (number, os.getpid())
        play.witness.order("exit 3")
        assert play.end() == 3


@needs_node
def test_each_signal_is_reported_once_though_node_has_threads(tool: Path, tmp_path: Path) -> None:
    """They arrive while the main thread reports others, so the kernel would choose another thread that blocks none."""
    numbers = [signal.SIGRTMIN + n for n in range(30)] * 20
    with playing(tool, tmp_path) as play:
        assert len(os.listdir(f"/proc/{play.process.pid}/task")) > 1
        for number in numbers:
            os.kill(play.process.pid, number)
        messages = [play.witness.next("signal") for _ in numbers]
        assert sorted(message["signal"] for message in messages) == sorted(numbers)
        assert {message["sender"] for message in messages} == {os.getpid()}
        play.witness.order("exit 0")
        assert play.end() == 0


@needs_node
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_tool_dies_as_a_command_does_that_catches_nothing(tool: Path, tmp_path: Path, number: int) -> None:
    with playing(tool, tmp_path) as play:
        assert play.witness.do("inherit 0")["error"] == 0
        play.process.send_signal(number)
        assert play.end() == -number


@needs_node
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_tool_dies_of_a_signal_when_it_is_told(tool: Path, tmp_path: Path, number: int) -> None:
    with playing(tool, tmp_path) as play:
        play.witness.order(f"die {int(number)}")
        assert play.end() == -number


@needs_node
def test_tool_in_a_whole_environment(tool: Path, tmp_path: Path) -> None:
    modules = tool.parent.parent
    with playing(tool, tmp_path) as play:
        assert said(play.witness.do("where")) == str(modules)
        for _ in range(2):
            answer = play.witness.do("whole")
            assert (answer["count"], answer["error"], said(answer)) == (0, 0, "")
            assert play.witness.do("import proctor_late")["error"] == 0
        (modules / "more").touch()
        assert play.witness.do("whole")["count"] == 0
        play.witness.order("exit 0")
        assert play.end() == 0


@needs_node
def test_tool_sees_what_is_missing_or_changed(tool: Path, tmp_path: Path) -> None:
    late = package_of(tool) / "proctor_late.js"
    whole = late.read_text()
    with playing(tool, tmp_path) as play:
        assert play.witness.do("import proctor_late")["error"] == 0
        late.unlink()
        answer = play.witness.do("whole")
        assert (answer["count"], said(answer)) == (1, str(late))
        answer = play.witness.do("import proctor_late")  # though it has it already
        assert (answer["error"], "proctor_late" in said(answer)) == (errno.ENOENT, True)
        late.write_text("")
        os.truncate(late, len(whole))
        assert play.witness.do("whole")["count"] == 1
        late.write_text(whole)
        assert play.witness.do("whole")["count"] == 0
        tool.unlink()
        assert said(play.witness.do("whole")) == str(tool)
        play.witness.order("exit 0")
        assert play.end() == 0


@needs_node
@pytest.mark.parametrize("name", ["package.json", "proctor_late.js", "proctor_tool.js", "contents"])
def test_tool_sees_what_was_wrong_from_its_start(tool: Path, tmp_path: Path, name: str) -> None:
    path = package_of(tool) / name
    path.write_text(path.read_text() + "\n")
    with playing(tool, tmp_path) as play:
        answer = play.witness.do("whole")
        assert (answer["count"], said(answer)) == (1, str(path))
        play.witness.order("exit 0")
        assert play.end() == 0


@needs_node
@pytest.mark.parametrize("text", ["", "function half(", "throw new Error()", "null.x"])
def test_tool_sees_a_module_that_is_half_there(tool: Path, tmp_path: Path, text: str) -> None:
    (package_of(tool) / "proctor_late.js").write_text(text)
    with playing(tool, tmp_path) as play:
        answer = play.witness.do("import proctor_late")
        assert answer["error"] != 0
        assert said(answer)
        play.witness.order("exit 0")
        assert play.end() == 0


@needs_node
def test_tool_outlives_its_environment(tool: Path, tmp_path: Path) -> None:
    with playing(tool, tmp_path) as play:
        shutil.rmtree(tool.parent.parent)
        assert play.witness.do("whole")["count"] > 5
        assert play.witness.do("import proctor_late")["error"] != 0
        assert play.witness.do("link bystander")["error"] == errno.ENOENT
        play.witness.order("exit 0")
        assert play.end() == 0


@needs_node
def test_tool_makes_a_link(tool: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with playing(tool, tmp_path) as play:
        assert play.witness.do("link bystander")["error"] == 0
        assert os.readlink(tool.parent.parent / "proctor-link") == str(tmp_path / "bystander")
        assert play.witness.do("link bystander")["error"] == errno.EEXIST
        play.witness.order("exit 0")
        assert play.end() == 0


@needs_node
def test_tool_through_a_link_to_a_store(tool: Path, tmp_path: Path) -> None:
    """As pnpm has it: the files are elsewhere, and the environment only has links. Both belong to it."""
    store = tmp_path / "store" / "links" / "node_modules" / TOOL
    store.parent.mkdir(parents=True)
    package_of(tool).rename(store)
    package_of(tool).symlink_to(store)
    with playing(tool, tmp_path) as play:
        assert said(play.witness.do("where")) == str(tool.parent.parent)
        (store / "proctor_late.js").unlink()
        assert said(play.witness.do("whole")) == str(store / "proctor_late.js")
        package_of(tool).unlink()
        assert play.witness.do("whole")["count"] == 2
        play.witness.order("exit 0")
        assert play.end() == 0


@needs_node
def test_environment_of_yarn_is_the_directory_with_its_cache(tool: Path, tmp_path: Path) -> None:
    """With Plug'n'Play the package is in .yarn, and .pnp.cjs says where."""
    top = tmp_path / "dlx-1"
    package = top / ".yarn" / "unplugged" / "proctor-tool-file-1" / "node_modules" / TOOL
    package.parent.mkdir(parents=True)
    package_of(tool).rename(package)
    (top / ".pnp.cjs").write_text("1")
    with playing(package / TOOL, tmp_path) as play:
        assert said(play.witness.do("where")) == str(top)
        (top / ".pnp.cjs").write_text("2")
        assert said(play.witness.do("whole")) == str(top / ".pnp.cjs")
        play.witness.order("exit 0")
        assert play.end() == 0


@needs_node
@pytest.mark.parametrize("module", ["proctor_project", "proctor_project_2"])
def test_tool_requires_a_package_of_the_project(
    tool: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    package = tool.parent.parent / "proctor_project"
    package.mkdir()
    (package / "index.js").write_bytes(npm_project.MODULE.read_bytes())
    monkeypatch.chdir(tool.parent.parent.parent)
    with playing(tool, tmp_path) as play:
        assert (play.witness.do(f"import {module}")["error"] == 0) == (module == "proctor_project")
        (package / "index.js").write_text("")
        assert play.witness.do("import proctor_project")["error"] == errno.ENODATA
        play.witness.order("exit 0")
        assert play.end() == 0


@needs_node
@pytest.mark.parametrize("shim", [False, True], ids=["link", "shim"])
def test_the_tool_is_the_command_as_soon_as_its_program_is_executed(tool: Path, tmp_path: Path, shim: bool) -> None:
    """npm makes a link to the program of a package, pnpm a script of shell that executes node."""
    if shim:
        tool.unlink()
        tool.write_text(f'#!/bin/sh\nexec node "{package_of(tool)}/{TOOL}" "$@"\n')
        tool.chmod(0o755)
    with playing(tool, tmp_path) as play:
        assert command.is_witness(play.process.pid)
        assert command.has_witness_library(play.process.pid)
        play.witness.order("exit 0")
        assert play.end() == 0


@needs_node
def test_another_program_of_node_is_not_the_command(tmp_path: Path) -> None:
    """Not even if it has the name of the tool: a launcher, perhaps, that makes the tool's environment first."""
    program = tmp_path / TOOL
    program.write_text("#!/usr/bin/env node\nconsole.log('ready');\nprocess.stdin.resume();\n")
    program.chmod(0o755)
    with subprocess.Popen([program, "s"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout and process.stdin
        assert process.stdout.readline() == b"ready\n"
        assert not command.is_witness(process.pid)
        assert not command.has_witness_library(process.pid)
        process.stdin.close()
