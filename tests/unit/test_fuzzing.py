"""The fuzz tests can fail: each planted fault is found, in what a command does and in what it prints."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.conftest import ROOT
from tests.documents_for_tests import documents
from tests.fuzzing import planted, properties
from tests.fuzzing.player import Player, player


@pytest.fixture(scope="module")
def play(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Player]:
    directory = tmp_path_factory.mktemp("planted")
    results = directory / "results.json"
    results.write_bytes(msgspec.json.encode(documents()))
    case = ROOT / "docs" / "findings" / "tini-tty-3.json"
    with player(directory, case, results, planted.__name__) as made:
        yield made


@pytest.mark.parametrize("fault", planted.FAULTS)
def test_a_fault_is_found(fault: str, play: Player) -> None:
    outcome = play.run([fault], {"file.json": b"{}"}, seconds=1)
    assert re.search(planted.FAULTS[fault], properties.of_run(outcome, (0, 2), ("file.json",))), outcome
    assert not Path(planted.OUTSIDE).exists()


def test_nothing_is_found_where_nothing_is_wrong(play: Player) -> None:
    outcome = play.run(["report", "file.json"], {"file.json": b"{}"})
    assert (properties.of_run(outcome, (2,), ("file.json",)), outcome.reply.status) == ("", 2)


@pytest.mark.parametrize(
    ("words", "name", "status"),
    [
        (["export", "FILE"], "docs/findings/tini-tty-3.json", 0),
        (["replay", "FILE"], "docs/findings/tini-tty-3.json", 2),
        (["targets", "show", "FILE"], "targets/timeout.toml", 0),
    ],
)
def test_a_fresh_interpreter_does_no_harm(words: list[str], name: str, status: int, tmp_path: Path) -> None:
    """Where nothing is imported yet: an import may do more than to read."""
    file = Path(name).name
    with player(tmp_path) as fresh:
        words = [file if word == "FILE" else word for word in words]
        outcome = fresh.run(words, {file: (ROOT / name).read_bytes()})
    assert (properties.of_run(outcome, (status,), (file,)), outcome.reply.status) == ("", status)


def test_what_was_asked_for_is_no_fault(play: Player) -> None:
    toml = {"env.toml": b'command = ["/usr/bin/env"]\n'}
    outcome = play.run(["explore", "env.toml"], toml, starts=True)
    assert properties.of_run(outcome, (), ()) == ""
    assert "guardian" in outcome.reply.started


@pytest.mark.parametrize(
    ("judge", "harmful"),
    [
        (properties.of_python, b"x = '\n"),
        (properties.of_python, b"'''\n'''\nOWNED()"),
        (properties.of_python, b"x.OWNED"),
        (properties.of_python, b"FILES = {'a/../../x': ''}"),
        (properties.of_xml, b"<a><b></a>"),
        (properties.of_xml, b"<a><owned-tag/></a>"),
        (properties.of_xml, b"<a onload='x'/>"),
        (properties.of_html, b"<script>'</script><owned-tag>'</script>"),
        (properties.of_html, b"<img onerror=x>"),
        (properties.of_html, b"<a href=' JavaScript:x'>"),
        (properties.of_markdown, b"a <owned-tag>"),
        (properties.of_markdown, b"a\n\n<owned-tag>\n"),
        (properties.of_markdown, b"[a](b)"),
        (properties.of_markdown, b"![a](b)"),
        (properties.of_markdown, b"- a\n\n  # OWNED"),
        (properties.of_markdown, b"a\n==="),
        (properties.of_markdown, b"| a |\n|---|\n| b | c |"),
        (properties.of_json, b"[NaN"),
        (properties.of_recording, b'[0, "o", "\\u001b]0;x"]'),
    ],
)
def test_harmful_text_is_found(judge: properties.Property, harmful: bytes) -> None:
    assert judge(harmful)


@pytest.mark.parametrize(
    ("judge", "harmless"),
    [
        (properties.of_python, b"'''\\nOWNED()'''\nFILES = {'a/b': ''}"),
        (properties.of_xml, b"<a b='&lt;owned-tag/>'/>"),
        (properties.of_html, b"<script>'<owned-tag>'</script>&lt;owned-tag onerror=x>"),
        (
            properties.of_markdown,
            b"# a\n\n- `<owned-tag>` \\# OWNED\n\n<details>\n\n| a |\n|---|\n| b |\n\n</details>\n",
        ),
        (properties.of_json, b"[]"),
        (properties.of_recording, b'[0, "o", "\\u001b[31m"]'),
    ],
)
def test_harmless_text_is_not_found(judge: properties.Property, harmless: bytes) -> None:
    assert not judge(harmless)
