"""The manual: what it shows is what comes, and what it has is in its contents."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest

from proctor.conformance.spec import CHAPTERS, requirements
from proctor.harness import execute as door
from proctor.harness.strict import convert
from proctor.harness.target import Target
from tests.conftest import ROOT

DOCS = ROOT / "docs"
BLOCK = re.compile(
    r"(?P<by_hand><!-- by hand.*?-->\n)?```(?P<kind>\w+)(?: title=\"(?P<title>.+?)\")?\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
NOT_THE_SAME_TWICE = ((r"-[0-9a-f]{8}\.json", "-HASH.json"), (r"\d+", "N"), (r" +", " "))


class Command(NamedTuple):
    """A command that a page shows, and the lines that it says come of it."""

    line: str
    shown: list[str]


def blocks(page: str) -> list[re.Match[str]]:
    return list(BLOCK.finditer((DOCS / page).read_text(encoding="utf-8")))


def commands(text: str) -> list[Command]:
    """Return what a block of a console shows; "..." stands for lines, or the rest of one, that are left out."""
    found: list[Command] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append(Command(line[2:], []))
        elif line != "...":
            found[-1].shown.append(line)
    return found


def plain(line: str, here: Path) -> str:
    line = line.replace(str(here), "/tmp/tutorial").strip()
    for pattern, word in NOT_THE_SAME_TWICE:
        line = re.sub(pattern, word, line)
    return line


def run(command: Command, here: Path) -> None:
    """Run a command as the page says; what it shows has to come, in that order."""
    path = f"{here / 'bin'}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", command.line], cwd=here, env={**os.environ, "PATH": path}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False,
    )  # fmt: skip
    printed = [plain(line, here) for line in done.stdout.splitlines()]
    rest = iter(printed)
    for line in command.shown:
        wanted = plain(line.removesuffix("..."), here)
        found = any(one.startswith(wanted) if line.endswith("...") else one == wanted for one in rest)
        assert found, f"$ {command.line}\nthe page shows, but there did not come: {line}\n{done.stdout}"


@pytest.mark.skipif(os.path.realpath("/bin/sh") != shutil.which("dash"), reason="of what it says /bin/sh is dash")
def test_the_tutorial_shows_what_comes(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    proctor = tmp_path / "bin" / "proctor"
    sources, python = shlex.quote(str(ROOT)), shlex.quote(sys.executable)
    proctor.write_text(f'#!/bin/sh\nPYTHONPATH={sources} exec {python} -P -m proctor "$@"\n')
    proctor.chmod(0o755)
    ran = 0
    for block in blocks("tutorial.md"):
        if block["title"]:
            path = tmp_path / block["title"]
            path.write_text(block["text"])
            path.chmod(0o755 if block["text"].startswith("#!") else 0o644)
        elif block["kind"] == "console" and not block["by_hand"]:
            for command in commands(block["text"]):
                run(command, tmp_path)
                ran += 1
    assert ran > 5


@pytest.mark.skipif(not shutil.which("tini"), reason="needs tini: apt-get install tini")
def test_the_scenario_of_the_manual_is_played_as_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    texts = {block["kind"]: block["text"] for block in reversed(blocks("write-a-scenario.md"))}
    code, said = texts["python"], texts["text"]
    exec(code, {})
    door.stop()
    printed = [plain(line, ROOT) for line in capsys.readouterr().out.splitlines()]
    for line in said.splitlines():
        wanted = plain(line.removesuffix("..."), ROOT)
        assert any(one.startswith(wanted) for one in printed), (line, printed)


def test_the_check_of_the_manual_works() -> None:
    names: dict[str, object] = {}
    for block in blocks("write-a-check.md"):
        if block["kind"] == "python":
            exec(block["text"], names)
    assert "ends_after_the_command" in names


def test_the_target_of_the_manual_is_one() -> None:
    parts = [block["text"] for block in blocks("write-a-target.md") if block["kind"] == "toml"]
    tables = [part for part in parts if part.startswith("[")]
    data = tomllib.loads("\n".join([*(part for part in parts if part not in tables), *tables]))
    target = convert({"name": "my-launcher", **data}, Target, "the manual")
    assert set(target.deviations) <= requirements().keys()


def test_every_page_is_in_the_contents() -> None:
    listed = set(re.findall(r"([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE))
    made = {"commands.md", "requirements/index.md", *(f"requirements/{chapter}.md" for chapter in CHAPTERS)}
    assert listed == made | {path.name for path in DOCS.glob("*.md")}
