"""What is read from the socket of witnesses: reports, and the credentials of the process that has connected."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from proctor.harness.errors import HarnessError
from proctor.harness.history import PeerRefused, WhyRefused
from proctor.harness.runner.observe.listeners import Listeners
from proctor.harness.runner.observe.peers import (
    MOST_NOTED,
    MOST_REFUSED,
    Peer,
    Refusals,
    read_credentials,
    why_refused,
)
from proctor.harness.runner.observe.witness_reports import (
    Greeting,
    JoinReport,
    MilestoneReport,
    OrderReport,
    Report,
    SignalReport,
    ViewReport,
    parse,
)
from proctor.harness.runner.recorder import Recorder
from tests.unit.histories import TERMINAL

STRANGER = 4242
HELLO: dict[str, Any] = {
    "type": "hello", "name": "command", "at": 5, "cwd": "2f", "args": ["ff"], "environ": ["413d42"],
    **dict.fromkeys(("pid", "ppid", "pgid", "sid", "uid", "gid", "umask", "nice"), 1),
    **dict.fromkeys(("groups", "blocked", "ignored", "fds", "limits"), ()),
    "terminal": TERMINAL,
}  # fmt: skip


def line(**values: object) -> bytes:
    return msgspec.json.encode(values)


def test_a_hello_says_what_the_witness_was_started_with() -> None:
    report = parse(line(**HELLO))
    assert isinstance(report, Greeting)
    assert (report.name, report.inherited.cwd, report.inherited.args) == ("command", b"/", (b"\xff",))


@pytest.mark.parametrize(
    ("text", "report"),
    [
        (b'{"type":"join","name":"backend"}', JoinReport("backend")),
        (b'{"type":"milestone","name":"saved"}', MilestoneReport("saved")),
        (b'{"type":"signal","at":5,"signal":15,"code":0,"sender":9,"value":0}', SignalReport(5, 15, 0, 9)),
        (b'{"type":"done","at":5,"order":"exit","count":3,"crc":0,"error":0}', OrderReport("exit", 3, 0, 0)),
        (
            b'{"type":"done","at":5,"order":"where","count":0,"crc":0,"error":0,"text":"41ff"}',
            OrderReport("where", 0, 0, 0, "A\\xff"),
        ),
        (line(type="look", at=5, pid=3, pgid=1, sid=2, terminal=TERMINAL), ViewReport(1, 2, TERMINAL)),
    ],
)
def test_reports_are_read(text: bytes, report: Report) -> None:
    assert parse(text) == report


@pytest.mark.parametrize(
    "text",
    [
        b"", b"garbage", b"\xff\x00{]", b"[1]", b"1", b"null", b'"hello"', b"{}", b'{"type":"hello"}', b'{"type":7}',
        b'{"type":["hello"]}', b"[" * 100_000, b'{"type":' * 100_000, b'{"type":"done","at":1e999}',
        b'{"type":"signal","at":5,"signal":"x","code":0,"sender":9}',
        b'{"type":"signal","at":5,"signal":123456789012345678901234567890,"code":0,"sender":9}',
        b'{"type":"signal","at":99999999999999999999999,"signal":15,"code":0,"sender":9}',
        b'{"type":"done","at":5,"order":[],"count":3,"crc":0,"error":0}',
        b'{"type":"done","at":5,"order":"exit","count":0,"crc":0,"error":0,"text":"4"}',
        line(**HELLO | {"cwd": "x"}), line(**HELLO | {"args": "ff"}), line(**HELLO | {"environ": [1]}),
        line(**HELLO | {"name": 7}), line(**HELLO | {"unknown": 1}), line(**HELLO | {"terminal": None}),
        line(**HELLO).replace(b'"pid":1', b'"pid":123456789012345678901234567890'),
        line(**HELLO | {"attributes": {"x": 1}}), line(**HELLO | {"attributes": []}),
    ],
)  # fmt: skip
def test_what_no_witness_sends_is_no_report(text: bytes) -> None:
    assert parse(text) is None


def test_credentials_are_those_of_a_struct_ucred() -> None:
    assert read_credentials(struct.pack("=iII", 7, 65534, 65534)) == Peer(7, 65534)


def test_a_descendant_is_served_and_all_others_are_not() -> None:
    """The process above, and PID 1, are no descendants; nor is one outside of the PID namespace, which shows as 0."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert why_refused(Peer(child.pid, STRANGER)) is None
        child.communicate(b"\n")
    for pid in (0, -1, os.getppid(), 1):
        assert why_refused(Peer(pid, os.geteuid())) == "outside"


@pytest.mark.parametrize(("uid", "why"), [(os.geteuid(), None), (0, None), (STRANGER, "unknown")])
def test_one_that_has_been_reaped_is_believed_if_it_could_trace_us(uid: int, why: WhyRefused | None) -> None:
    with subprocess.Popen(["true"]) as child:
        child.wait()
    assert why_refused(Peer(child.pid, uid)) == why


@pytest.mark.parametrize("mode", [0o777, 0o731])
def test_no_socket_is_made_where_others_may_put_theirs(tmp_path: Path, mode: int) -> None:
    tmp_path.chmod(mode)
    with pytest.raises(HarnessError, match=r"is not a directory that only this user may write"):
        Listeners().at(f"{tmp_path}/s")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_no_socket_is_made_in_the_directory_of_another_user(tmp_path: Path) -> None:
    os.chown(tmp_path, STRANGER, STRANGER)
    with pytest.raises(HarnessError, match=rf"user {STRANGER}\), so another process could answer for the command"):
        Listeners().at(f"{tmp_path}/s")


def test_the_first_refusals_are_recorded_and_too_many_are_an_error() -> None:
    recorder = Recorder()
    refusals = Refusals(recorder)
    for _ in range(MOST_REFUSED):
        refusals.note(Peer(0, STRANGER), "outside")
        refusals.note(Peer(os.getpid(), 0), "silent")  # the launcher's own
    noted = [PeerRefused(0, STRANGER, "outside"), PeerRefused(os.getpid(), 0, "silent")]
    assert [event.fact for event in recorder.events] == noted * (MOST_NOTED // 2)
    with pytest.raises(HarnessError, match=r"more than 1000 connections .* This says nothing about the launcher"):
        refusals.note(Peer(0, STRANGER), "outside")
