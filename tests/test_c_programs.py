"""The C programs: clean under strict warnings, and the witness under the sanitizers as well."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

import hatch_build
from proctor.harness.runner.start import wheel
from proctor.harness.runner.start.places import usual_interpreter
from tests.built_for_tests import first_lines, python_script
from tests.conftest import ROOT
from tests.witness_at_work import WITHIN, playing, said

SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


@pytest.mark.parametrize("source", [*hatch_build.PROGRAMS.values(), *hatch_build.REFERENCE.values()])
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_compiles_without_a_warning(compiler: str, source: str, tmp_path: Path) -> None:
    if not shutil.which(compiler):
        pytest.skip(f"{compiler} is not installed here")
    flags = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-D_DEFAULT_SOURCE"]
    words = [compiler, *flags, "-o", str(tmp_path / "program"), str(ROOT / source)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def sanitized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a witness that the sanitizers watch."""
    program = tmp_path_factory.mktemp("sanitized") / "witness"
    source = ROOT / hatch_build.PROGRAMS["witness"]
    command = [*hatch_build.compiler(), "-std=gnu11", "-g", "-O1", *SANITIZERS, "-o", str(program), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        pytest.skip(f"this compiler has no sanitizers: {done.stderr.strip().splitlines()[-1]}")
    return program


def test_arguments_and_environment_byte_for_byte(sanitized: Path, tmp_path: Path) -> None:
    args = [b"", b"a b", b"\n\"'\\", b"\xff\xfe", b"-x", b"x" * 131_000]
    with playing(sanitized, tmp_path, args=args) as play:
        assert [bytes.fromhex(word) for word in play.witness.hello["args"]] == args
        play.witness.order("exit 3")
        assert play.end() == 3


def test_signals_are_counted_with_their_sender(sanitized: Path, tmp_path: Path) -> None:
    numbers = [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGHUP, signal.SIGRTMIN, signal.SIGRTMAX]
    with playing(sanitized, tmp_path) as play:
        for number in numbers:
            play.process.send_signal(number)
            message = play.witness.next("signal")
            assert (message["signal"], message["sender"]) == (number, os.getpid())
        play.witness.order("exit 0")
        assert play.end() == 0


def test_dispositions(sanitized: Path, tmp_path: Path) -> None:
    with playing(sanitized, tmp_path) as play:
        for order in ("ignore 15", "ignore 0", "default 0", "inherit 0", "catch 0", "catch 10", "catch 9"):
            assert play.witness.do(order)["error"] == 0
        play.process.send_signal(signal.SIGUSR1)
        assert play.witness.next("signal")["signal"] == signal.SIGUSR1
        play.witness.do(f"exit-on {signal.SIGTERM:d} 7")
        play.process.send_signal(signal.SIGTERM)
        assert play.witness.next("signal")["signal"] == signal.SIGTERM
        assert play.end() == 7


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV, signal.SIGRTMAX])
def test_dies_of_a_signal(sanitized: Path, tmp_path: Path, number: int) -> None:
    with playing(sanitized, tmp_path) as play:
        play.witness.order(f"die {number:d}")
        assert play.end() == -number


def test_signal_that_ends_nobody(sanitized: Path, tmp_path: Path) -> None:
    with playing(sanitized, tmp_path) as play:
        assert play.witness.do(f"die {signal.SIGCHLD:d}")["error"] != 0
        play.witness.order("exit 0")
        assert play.end() == 0


def test_reads_to_a_count_to_a_line_and_to_the_end(sanitized: Path, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    data = bytes(range(256)) * 1200
    try:
        with playing(sanitized, tmp_path, stdin=reading) as play:
            play.witness.order("read-line")
            os.write(writing, b"a line\n")
            assert play.witness.next("done")["count"] == 7
            play.witness.order(f"read {len(data)}")
            for at in range(0, len(data), 4096):
                os.write(writing, data[at : at + 4096])
            answer = play.witness.next("done")
            assert (answer["count"], answer["crc"]) == (len(data), zlib.crc32(data))
            play.witness.order("read 10")
            os.close(writing)
            writing = -1
            os.close(reading)
            reading = -1
            assert play.witness.next("done")["count"] == 0
            play.witness.order("exit 0")
            assert play.end() == 0
    finally:
        for fd in (reading, writing):
            if fd >= 0:
                os.close(fd)


def test_writes_what_it_says(sanitized: Path, tmp_path: Path) -> None:
    with playing(sanitized, tmp_path) as play:
        answer = play.witness.do("write 1048577 1")
        assert answer["count"] == 1_048_577
        assert zlib.crc32(play.output.read_bytes()) == answer["crc"]
        assert play.witness.do("say hello")["count"] == 6
        assert play.output.read_bytes().endswith(b"hello\n")
        play.witness.order("exit 0")
        assert play.end() == 0


@pytest.mark.parametrize("flags", ["c", "cn", "cs", "osn"])
def test_spawns_another(sanitized: Path, tmp_path: Path, flags: str) -> None:
    with playing(sanitized, tmp_path) as play:
        play.witness.order(f"spawn other {flags}")
        other = play.next_witness()
        assert play.witness.next("done")["count"] > 0
        assert other.hello["name"] == "other"
        if "o" in flags:
            assert other.hello["ppid"] != play.process.pid
        other.order("exit 5")
        if "o" not in flags:
            assert play.witness.do("reap")["count"] == other.hello["pid"]
        play.witness.order("exit 0")
        assert play.end() == 0


def test_children_of_its_own_are_no_news(sanitized: Path, tmp_path: Path) -> None:
    with playing(sanitized, tmp_path) as play:
        for flags in ("c", "osn", "c"):
            play.witness.order(f"spawn other {flags}")
            other = play.next_witness()
            play.witness.next("done")
            other.order("exit 0")
        for _ in range(2):
            assert play.witness.do("reap")["error"] == 0
        # the kernel delivers the lowest first: when this has come nothing of the children is pending any more
        play.process.send_signal(signal.SIGRTMAX)
        assert play.witness.next("signal")["signal"] == signal.SIGRTMAX
        play.process.send_signal(signal.SIGCHLD)
        message = play.witness.next("signal")
        assert (message["signal"], message["sender"]) == (signal.SIGCHLD, os.getpid())
        play.witness.order("exit 0")
        assert play.end() == 0


def test_child_that_it_never_made_is_told(sanitized: Path, tmp_path: Path) -> None:
    program = tmp_path / "leaves-a-child"
    program.write_text(f'#!/bin/sh\nexec 3<&0\nread line <&3 &\nexec 3<&- {sanitized} "$@"\n')
    program.chmod(0o755)
    theirs, ours = os.pipe()
    try:
        with playing(program, tmp_path, stdin=theirs) as play:
            os.write(ours, b"\n")  # the child ends
            message = play.witness.next("signal")
            assert (message["signal"], message["code"] > 0) == (signal.SIGCHLD, True)
            assert play.witness.do("reap")["count"] == message["sender"] != play.process.pid
            play.witness.order("exit 0")
            assert play.end() == 0
    finally:
        os.close(theirs)
        os.close(ours)


def test_ignored_children_stay_ignored(sanitized: Path, tmp_path: Path) -> None:
    # no shell can do it: they take SIGCHLD for themselves
    text = "import os, signal, sys\nsignal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
    text += f"os.execv({str(sanitized)!r}, sys.argv)\n"
    program = python_script(tmp_path / "ignores", text, "-ISB")
    with playing(program, tmp_path) as play:
        assert signal.SIGCHLD in play.witness.hello["ignored"]
        play.witness.order("spawn other c")
        other = play.next_witness()
        play.witness.next("done")
        other.order("exit 0")
        assert play.witness.do("reap")["error"] == errno.ECHILD  # the kernel has reaped it
        play.process.send_signal(signal.SIGCHLD)
        play.process.send_signal(signal.SIGTERM)
        assert play.witness.next("signal")["signal"] == signal.SIGTERM
        play.witness.order("exit 0")
        assert play.end() == 0


def test_terminal(sanitized: Path, tmp_path: Path) -> None:
    ours, theirs = os.openpty()
    try:
        with playing(sanitized, tmp_path, stdin=theirs) as play:
            assert play.witness.do("raw")["error"] == 0
            play.witness.order("look")
            assert play.witness.next("look")["terminal"]["isatty"][0]
            play.witness.order("read 1")
            os.write(ours, b"\x03")
            assert play.witness.next("done")["crc"] == zlib.crc32(b"\x03")
            play.witness.order("exit 0")
            assert play.end() == 0
    finally:
        os.close(ours)
        os.close(theirs)


def test_closes_descriptors_and_survives_nonsense(sanitized: Path, tmp_path: Path) -> None:
    with playing(sanitized, tmp_path) as play:
        assert play.witness.do("no-such-order " + "x" * 2000)["order"] == "unknown"
        assert play.witness.do("")["order"] == "unknown"
        assert play.witness.do("spawn " + "n" * 100)["order"] == "unknown"
        assert play.witness.do("close 77")["error"] != 0
        for fd in (0, 1):
            assert play.witness.do(f"close {fd}")["error"] == 0
        assert play.witness.do("write 10 1")["error"] != 0
        assert play.witness.do("raw")["error"] != 0
        play.witness.order("look")
        assert not any(play.witness.next("look")["terminal"]["isatty"][:2])
        play.witness.order("exit 0")
        assert play.end() == 0


def test_many_orders_in_one_write_and_one_order_in_many(sanitized: Path, tmp_path: Path) -> None:
    with playing(sanitized, tmp_path) as play:
        play.witness.order("\n".join(["ignore 10"] * 200))
        assert all(play.witness.next("done")["order"] == "ignore" for _ in range(200))
        for character in "exit 4":
            play.witness._end.sendall(character.encode())
        play.witness.order("")
        assert play.end() == 4


def test_ends_when_the_runner_has_gone(sanitized: Path, tmp_path: Path) -> None:
    with playing(sanitized, tmp_path) as play:
        play.witness.close()
        assert play.end() == 113


def test_nobody_listens(sanitized: Path, tmp_path: Path) -> None:
    for path in (tmp_path / "nobody", tmp_path / ("x" * 200)):
        done = subprocess.run([sanitized, path], capture_output=True, timeout=WITHIN, check=False)
        assert done.returncode == 112
        assert done.stderr.startswith(b"witness: ")
    assert subprocess.run([sanitized], capture_output=True, timeout=WITHIN, check=False).returncode == 64


# -- about the environment, and to the service manager


@pytest.mark.parametrize("order", ["import proctor_late", "whole", "where", "link bystander", "import " + "x" * 4000])
def test_bare_command_has_no_environment_in_which_anything_could_be_amiss(
    sanitized: Path, tmp_path: Path, order: str
) -> None:
    with playing(sanitized, tmp_path) as play:
        answer = play.witness.do(order)
        assert (answer["order"], answer["count"], answer["error"], answer["text"]) == (
            order.split(maxsplit=1)[0],
            0,
            0,
            "",
        )
        assert play.witness.do("whole " + "y" * 8000)["order"] == "whole"
        play.witness.order("exit 0")
        assert play.end() == 0


@contextlib.contextmanager
def service_manager(path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        manager.settimeout(WITHIN)
        manager.bind(str(path))
        yield manager


def sender_of(manager: socket.socket) -> tuple[bytes, int]:
    """Return a message and the pid that the kernel says it comes from."""
    data, ancillary, _, _ = manager.recvmsg(4096, socket.CMSG_SPACE(12))
    return data, struct.unpack("3i", ancillary[0][2][:12])[0]


def test_tells_the_service_manager(sanitized: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "n"))
    with service_manager(tmp_path / "n") as manager, playing(sanitized, tmp_path) as play:
        for _ in range(2):
            assert play.witness.do("notify")["error"] == 0
            assert sender_of(manager) == (b"READY=1\nMAINPID=%d\n" % play.process.pid, play.process.pid)
        play.witness.order("spawn other c")
        other = play.next_witness()
        assert play.witness.next("done")["order"] == "spawn"
        assert other.do("notify")["error"] == 0
        assert sender_of(manager)[1] == other.hello["pid"]
        descriptors = os.listdir(f"/proc/{play.process.pid}/fd")
        assert len(descriptors) == 4, descriptors
        other.order("exit 0")
        play.witness.order("exit 0")
        assert play.end() == 0


@pytest.mark.parametrize(
    ("where", "error"),
    [("", errno.ENOENT), ("nobody", errno.ENOENT), ("x" * 200, errno.ENAMETOOLONG), (None, errno.ENOENT)],
)
def test_no_service_manager(
    sanitized: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str | None, error: int
) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    if where is not None:
        monkeypatch.setenv("NOTIFY_SOCKET", where and str(tmp_path / where))
    with playing(sanitized, tmp_path) as play:
        answer = play.witness.do("notify")["error"]
        assert answer == error or (where == "" and answer in (errno.ECONNREFUSED, errno.EINVAL))
        play.witness.order("exit 0")
        assert play.end() == 0


# -- the same in a Python process


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the witness as a library, with all that a compiler can say against it."""
    made = tmp_path_factory.mktemp("library") / "witness.so"
    source, where = hatch_build.LIBRARIES["witness.so"]
    flags = [*hatch_build.FLAGS, "-Werror", "-shared", "-fPIC", where, "-o", str(made)]
    done = subprocess.run([*hatch_build.compiler(), *flags, ROOT / source], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return made


@pytest.fixture
def tool(library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the program of an environment that has the tool, as an installer would have made it."""
    monkeypatch.setattr(wheel, "LIBRARY", library)
    environment = tmp_path / "environment"
    subprocess.run([usual_interpreter(), "-m", "venv", "--without-pip", environment], check=True)
    site = next(environment.glob("lib/python*/site-packages"))
    with zipfile.ZipFile(wheel.build(tmp_path / "wheels")) as archive:
        archive.extractall(site)
    program = environment / "bin" / wheel.NAME
    program.write_text(first_lines(python=f"{environment}/bin/python") + "from proctor_tool import main\nmain()\n")
    program.chmod(0o755)
    return program


def test_tool_is_a_witness(tool: Path, tmp_path: Path) -> None:
    with playing(tool, tmp_path, args=[b"a b", b"", b"\xff"]) as play:
        hello = play.witness.hello
        assert (hello["name"], hello["pid"]) == ("command", play.process.pid)
        assert [bytes.fromhex(word) for word in hello["args"]] == [b"a b", b"", b"\xff"]
        assert hello["blocked"] == []
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE, signal.SIGRTMAX):
            play.process.send_signal(number)
            message = play.witness.next("signal")
            assert (message["signal"], message["sender"]) == (number, os.getpid())
        play.witness.order("exit 3")
        assert play.end() == 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_tool_dies_as_a_command_does_that_catches_nothing(tool: Path, tmp_path: Path, number: int) -> None:
    with playing(tool, tmp_path) as play:
        assert play.witness.do("inherit 0")["error"] == 0
        play.process.send_signal(number)
        assert play.end() == -number


def test_tool_in_a_whole_environment(tool: Path, tmp_path: Path) -> None:
    environment = tool.parent.parent
    before = {path for path in environment.rglob("*") if "__pycache__" not in path.parts}
    with playing(tool, tmp_path) as play:
        assert said(play.witness.do("where")) == str(environment)
        for _ in range(2):
            answer = play.witness.do("whole")
            assert (answer["count"], answer["error"], answer["text"]) == (0, 0, "")
            assert play.witness.do("import proctor_late")["error"] == 0
        (environment / "more").touch()
        compiled = next(environment.glob("lib/python*/site-packages")) / "__pycache__"
        compiled.mkdir(exist_ok=True)
        (compiled / "x.pyc").touch()
        assert play.witness.do("whole")["count"] == 0
        (compiled / "x.pyc").unlink()
        assert play.witness.do("whole")["count"] == 0
        play.witness.order("exit 0")
        assert play.end() == 0
    assert {path for path in environment.rglob("*") if "__pycache__" not in path.parts} == before | {
        environment / "more"
    }


def test_tool_sees_what_is_missing_or_changed(tool: Path, tmp_path: Path) -> None:
    late = next(tool.parent.parent.glob("lib/python*/site-packages/proctor_late.py"))
    whole = late.read_text()
    with playing(tool, tmp_path) as play:
        assert play.witness.do("import proctor_late")["error"] == 0
        late.unlink()
        answer = play.witness.do("whole")
        assert (answer["count"], said(answer)) == (1, str(late))
        answer = play.witness.do("import proctor_late")  # though it has it already
        assert (answer["error"], "proctor_late" in said(answer)) == (errno.ENOENT, True)
        late.write_text(whole + "# more")
        assert play.witness.do("whole")["count"] == 1
        late.write_text(whole)
        assert play.witness.do("whole")["count"] == 0
        assert play.witness.do("import proctor_late")["error"] == 0
        (tool.parent / "python").rename(tool.parent / "python-aside")
        assert play.witness.do("whole")["count"] == 1
        play.witness.order("exit 0")
        assert play.end() == 0


def test_tool_sees_what_has_its_size_and_not_its_contents(tool: Path, tmp_path: Path) -> None:
    environment = tool.parent.parent
    size, script = tool.stat().st_size, tool.read_bytes()
    note = environment / "last-used"
    note.write_text("1")
    with playing(tool, tmp_path) as play:
        note.write_text("2")  # is the launcher's own
        os.truncate(tool, 0)
        os.truncate(tool, size)
        answer = play.witness.do("whole")
        assert (answer["count"], said(answer)) == (1, str(tool))
        tool.write_bytes(script)  # at another time, but the same
        os.mkfifo(environment / "pipe")
        assert play.witness.do("whole")["count"] == 0
        link = environment / "bin" / "python"
        where = os.readlink(link)
        link.unlink()
        link.symlink_to(f"{where[:-1]}-")
        assert said(play.witness.do("whole")) == str(link)
        play.witness.order("exit 0")
        assert play.end() == 0


@pytest.mark.parametrize(
    ("name", "harm"),
    [
        ("proctor_late.py", "more"),
        ("proctor_late.py", "emptied"),
        ("proctor_late.py", "gone"),
        ("proctor_tool/__init__.py", "more"),
        ("proctor_tool/contents", "more"),
        ("proctor_tool/contents", "emptied"),
        ("proctor_tool/contents", "gone"),
    ],
)
def test_tool_sees_what_was_wrong_from_its_start(tool: Path, tmp_path: Path, name: str, harm: str) -> None:
    path = next(tool.parent.parent.glob("lib/python*/site-packages")) / name
    match harm:
        case "more":
            path.write_text(path.read_text() + "# more\n")
        case "emptied":
            os.truncate(path, 0)
        case "gone":
            path.unlink()
    with playing(tool, tmp_path) as play:
        answer = play.witness.do("whole")
        assert (answer["count"], said(answer)) == (1, str(path))
        play.witness.order("exit 0")
        assert play.end() == 0


@pytest.mark.parametrize("text", ["def half(", "x = '\\0", "raise KeyError", "raise SystemError()", "1 / 0"])
def test_tool_sees_a_module_that_is_half_there(tool: Path, tmp_path: Path, text: str) -> None:
    late = next(tool.parent.parent.glob("lib/python*/site-packages/proctor_late.py"))
    late.write_text(text)
    with playing(tool, tmp_path) as play:
        answer = play.witness.do("import proctor_late")
        assert answer["error"] != 0
        assert said(answer)
        play.witness.order("exit 0")
        assert play.end() == 0


def test_tool_outlives_its_environment(tool: Path, tmp_path: Path) -> None:
    with playing(tool, tmp_path) as play:
        shutil.rmtree(tool.parent.parent)
        assert play.witness.do("whole")["count"] > 5
        assert play.witness.do("import proctor_late")["error"] != 0
        assert play.witness.do("link bystander")["error"] == errno.ENOENT
        assert play.witness.do("notify")["order"] == "notify"
        play.witness.order("exit 0")
        assert play.end() == 0


def test_tool_makes_a_link(tool: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with playing(tool, tmp_path) as play:
        assert play.witness.do("link bystander")["error"] == 0
        assert os.readlink(tool.parent.parent / "proctor-link") == str(tmp_path / "bystander")
        assert play.witness.do("whole")["count"] == 0
        assert play.witness.do("link bystander")["error"] == errno.EEXIST
        play.witness.order("exit 0")
        assert play.end() == 0


def test_tool_without_a_virtual_environment(library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a launcher has it that gives its command a PYTHONPATH. The system's own directory is not to be touched."""
    monkeypatch.setattr(wheel, "LIBRARY", library)
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel.build(tmp_path / "wheels")) as archive:
        archive.extractall(site)
    program = python_script(tmp_path / "tool", "from proctor_tool import main\nmain()\n")
    monkeypatch.setenv("PYTHONPATH", str(site))
    with playing(program, tmp_path) as play:
        assert said(play.witness.do("where")) == str(site)
        assert play.witness.do("link bystander")["error"] == 0
        assert (site / "proctor-link").is_symlink()
        assert not os.path.lexists(os.path.join(sys.base_prefix, "proctor-link"))
        (site / "proctor_tool" / "witness.so").unlink()
        assert play.witness.do("whole")["count"] == 1
        play.witness.order("exit 0")
        assert play.end() == 0


@pytest.mark.parametrize("harm", ["gone", "cut"])
def test_tool_in_an_archive(tool: Path, tmp_path: Path, harm: str) -> None:
    """What the command could use at its start it can use to its end: PyInstaller, say, makes no file of a module."""
    late = next(tool.parent.parent.glob("lib/python*/site-packages/proctor_late.py"))
    with zipfile.ZipFile(tmp_path / "app.pyz", "w") as archive:
        archive.write(late, late.name)
    (late.parent / "archive.pth").write_text(f"{tmp_path}/app.pyz\n")
    late.unlink()
    with playing(tool, tmp_path) as play:
        for _ in range(2):
            assert play.witness.do("whole")["count"] == 0
            assert play.witness.do("import proctor_late")["error"] == 0
        if harm == "gone":
            (tmp_path / "app.pyz").unlink()
        else:
            os.truncate(tmp_path / "app.pyz", 30)
        assert play.witness.do("whole")["count"] == 2  # the archive, and what was in it
        assert play.witness.do("import proctor_late")["error"] != 0
        play.witness.order("exit 0")
        assert play.end() == 0


def test_tool_in_an_archive_that_never_had_the_module(tool: Path, tmp_path: Path) -> None:
    late = next(tool.parent.parent.glob("lib/python*/site-packages/proctor_late.py"))
    late.unlink()
    with zipfile.ZipFile(tmp_path / "app.pyz", "w") as archive:
        archive.writestr(late.name, "")
    (late.parent / "archive.pth").write_text(f"{tmp_path}/app.pyz\n")
    with playing(tool, tmp_path) as play:
        answer = play.witness.do("whole")
        assert (answer["count"], said(answer)) == (1, str(late))
        play.witness.order("exit 0")
        assert play.end() == 0


def test_tool_survives_nonsense(tool: Path, tmp_path: Path) -> None:
    with playing(tool, tmp_path) as play:
        for order in ("import", "link", "import .", "import a..b", "import " + "x" * 4000, "import é"):
            assert play.witness.do(order)["error"] != 0, order
        play.witness._end.sendall(b"import \xff\n")
        assert play.witness.next("done")["error"] != 0
        assert play.witness.do("whole and more")["error"] == 0
        assert play.witness.do("no-such-order")["order"] == "unknown"
        play.witness.order("exit 4")
        assert play.end() == 4
