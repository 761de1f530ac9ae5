"""A real launcher that prints 50 MB of hostile output: its reports are small and harmless."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from proctor.conformance.cli.report import FORMATS
from tests.conftest import Run
from tests.documents_for_tests import HOSTILE_BYTES

SMALL = 1_000_000
CONTROL = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]")
"""Control characters and marks of writing direction, except tabs and line ends."""
LAUNCHER = f"""#!/usr/bin/env -S python3 -I -S
import os, sys
some = {HOSTILE_BYTES!r} * (50_000_000 // {len(HOSTILE_BYTES)})
os.set_blocking(1, True)
sys.stdout.buffer.write(some)
sys.stdout.buffer.flush()
sys.stderr.buffer.write({HOSTILE_BYTES!r})
os.spawnv(os.P_WAIT, sys.argv[1], sys.argv[1:])
"""
NAME = "<svg onload=window.owned=1>\x1b[31m"


@pytest.fixture
def results(proctor: Run, tmp_path: Path) -> Path:
    """Return the results of a launcher with hostile output that exits with 0 for every status."""
    launcher = tmp_path / NAME
    launcher.write_text(LAUNCHER, encoding="utf-8")
    launcher.chmod(0o755)
    path = tmp_path / "results.json"
    done = proctor("check", str(launcher), "-k", "EXIT-1 and 42 or TTY-3 and bash", "--results", str(path))
    assert done.returncode == 1, done.stdout + done.stderr
    assert not CONTROL.search((done.stdout + done.stderr).encode())
    assert 0 < path.stat().st_size < SMALL
    return path


def test_every_report_is_harmless(proctor: Run, results: Path, tmp_path: Path) -> None:
    made = {kind: tmp_path / f"report.{kind}" for kind in FORMATS}
    for kind, path in made.items():
        done = proctor("report", str(results), "--format", kind, "-o", str(path))
        assert done.returncode == 0, (kind, done.stderr)
        assert 0 < path.stat().st_size < SMALL, kind
        assert not CONTROL.search(path.read_bytes()), kind
    assert ElementTree.parse(made["junit"]).getroot().get("failures") != "0"
    assert json.loads(made["perfetto"].read_text())["traceEvents"]
    assert all(json.loads(line) for line in made["asciicast"].read_text().splitlines())
    _, *events = map(json.loads, made["asciicast"].read_text().splitlines())
    played = "".join(text for _, _, text in events)
    assert "window.owned" in played and "\x1b]" not in played and "\x1bP" not in played
    assert "<svg" not in made["badge"].read_text().partition("<svg")[2]


def test_the_page_runs_nothing_in_a_browser(proctor: Run, results: Path, tmp_path: Path) -> None:
    pytest.importorskip("selenium", reason="needs selenium: pip install selenium")
    from tests.browser_for_tests import CHROMIUM, DRIVER, Browser, start

    if not CHROMIUM or not DRIVER:  # CI installs them
        pytest.skip("needs chromium: apt-get install chromium chromium-driver")
    page = tmp_path / "report.html"
    assert proctor("report", str(results), "--format", "html", "-o", str(page)).returncode == 0
    driver = start(tmp_path / "profile")
    try:
        browser = Browser(driver, {"page": page.as_uri()}, tmp_path)
        browser.troubles(), browser.requests()  # discard those of the start page
        browser.open("page")
        link = "#matrix td[data-mark=fail] a"
        browser.go(str(browser.find(link).get_attribute("hash"))[1:])
        browser.until(lambda: browser.shows(".screen"))
        assert "window.owned" in browser.text(".screen")
        assert browser.run("return window.owned") is None
        assert browser.troubles() == [] and browser.requests() == []
    finally:
        driver.quit()
