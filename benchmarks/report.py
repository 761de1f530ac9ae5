"""Is the HTML report made and opened fast enough for many launchers?

usage: python -m benchmarks.report [RESULTS] [--launchers N] [--requirements N] [--keep PATH]

Copies the documents in RESULTS (written by `proctor check --results`; default: checks timeout first) until there are 30
launchers with 70 requirements and 5,000 executions each, so verdicts, failures and histories are those of real
launchers. Prints a table. The exit status is 1 if a requirement is missed.
"""

from __future__ import annotations

import argparse
import copy
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.table import HEAD, TableRow, median

ROOT = Path(__file__).resolve().parent.parent
EXECUTIONS = 5000
SECONDS, MEGABYTES, SIZE, OPENS = 5.0, 500, 10.0, 1.0
"""Limits: seconds and megabytes to make the report, megabytes of the file, seconds to open it."""
REPETITIONS = 5
LOADED = """
const [page] = performance.getEntriesByType("navigation");
const paint = performance.getEntriesByName("first-contentful-paint")[0];
return [page.loadEventEnd, paint ? paint.startTime : 0];
"""
OPENED = """
const [address, done] = arguments, begun = performance.now();
new MutationObserver(() => requestAnimationFrame(() => done(performance.now() - begun)))
  .observe(document.getElementById("page"), {childList: true});
location.hash = address;
"""


def main() -> None:
    """Run as a program."""
    parser = argparse.ArgumentParser(description="is the HTML report made and opened fast enough?")
    parser.add_argument("results", nargs="?", type=Path, metavar="RESULTS")
    parser.add_argument("--launchers", type=int, default=30, metavar="N")
    parser.add_argument("--requirements", type=int, default=70, metavar="N")
    parser.add_argument("--keep", type=Path, metavar="PATH", help="keep the page here")
    arguments = parser.parse_args()
    os.chdir(ROOT)
    with tempfile.TemporaryDirectory() as directory:
        results, page = Path(directory) / "many.json", Path(directory) / "many.html"
        documents = json.loads((arguments.results or check_launcher(Path(directory))).read_text(encoding="utf-8"))
        many = multiply(
            documents if isinstance(documents, list) else [documents], arguments.launchers, arguments.requirements
        )
        results.write_text(json.dumps(many), encoding="utf-8")
        failures = sum(len(one.get("failures", [])) for one in many)
        print(f"{len(many)} launchers, {len(many[0]['requirements'])} requirements, {failures} failures")
        print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores\n{HEAD}")
        rows = [*make_page(results, page), *open_page(page)]
        print("\n".join(map(str, rows)))
        if arguments.keep:
            shutil.copyfile(page, arguments.keep)
    sys.exit(1 if any(row.met is False for row in rows) else 0)


def check_launcher(directory: Path) -> Path:
    """Check a launcher with many failures; return the path of the results."""
    path = directory / "one.json"
    command = [sys.executable, "-m", "proctor", "check", "timeout", "--results", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not path.exists():
        sys.exit(f"{' '.join(command)} wrote no results: {done.stderr}")
    return path


def multiply(documents: list[dict[str, Any]], launchers: int, requirements: int) -> list[dict[str, Any]]:
    """Return this many documents with this many requirements each. Additional ones are copies under another id."""
    many = []
    for n, document in zip(range(launchers), itertools.cycle(documents), strict=False):
        one = copy.deepcopy(document)
        one["target"]["name"] += f"-{n // len(documents) + 1}" if n >= len(documents) else ""
        one["executions"] = EXECUTIONS
        names = [name for name, row in one["requirements"].items() if row["verdict"] != "not built"]
        for k in range(requirements - len(one["requirements"])):
            name, more = names[k % len(names)], f"MORE-{k + 1}"
            one["requirements"][more] = one["requirements"][name]
            one["spec"]["requirements"][more] = one["spec"]["requirements"][name] | {"chapter": "more"}
            known = one.setdefault("failures", [])
            known += [failure | {"requirement": more} for failure in known if failure["requirement"] == name]
        many.append(one)
    return many


def make_page(results: Path, page: Path) -> Iterator[TableRow]:
    """Make the page; yield the time, the memory and the size."""
    command = [
        sys.executable,
        "-m",
        "proctor.conformance.cli.main",
        "report",
        str(results),
        "--format",
        "html",
        "-o",
        str(page),
    ]
    begun = time.monotonic()
    _, status, usage = os.wait4(subprocess.Popen(command).pid, 0)
    seconds = time.monotonic() - begun
    if status:
        sys.exit(f"{' '.join(command)} ended with status {os.waitstatus_to_exitcode(status)}")
    cpu, peak = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
    size = page.stat().st_size / 1e6
    yield TableRow("made in", f"{seconds:.2f} s, {cpu:.2f} s of CPU", f"{SECONDS:g} s", seconds <= SECONDS)
    yield TableRow("memory at its peak", f"{peak:.0f} MB", f"{MEGABYTES} MB", peak <= MEGABYTES)
    yield TableRow(
        "size", f"{size:.2f} MB ({results.stat().st_size / 1e6:.1f} MB of results)", f"{SIZE:g} MB", size <= SIZE
    )


def open_page(page: Path) -> Iterator[TableRow]:
    """Open the page and one of its failures in Chromium; yield the times."""
    try:
        from selenium import webdriver
    except ImportError:
        yield TableRow("opened in Chromium in", "not measured: selenium is not installed")
        return
    if not shutil.which("chromium") or not shutil.which("chromedriver"):
        yield TableRow("opened in Chromium in", "not measured: chromium or chromedriver is not installed")
        return
    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1400,900"):
        options.add_argument(argument)
    service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
    browser = webdriver.Chrome(options=options, service=service)
    try:
        loads, paints, pages = [], [], []
        for _ in range(REPETITIONS):
            browser.get("about:blank")
            browser.get(page.as_uri())
            load, paint = browser.execute_script(LOADED)
            address = browser.execute_script(
                "return document.querySelector('template[data-packed]').id.replace('page:', '')"
            )
            loads.append(load / 1000)
            paints.append(paint / 1000)
            pages.append(browser.execute_async_script(OPENED, address) / 1000)
    finally:
        browser.quit()
    seconds = median(loads)
    yield TableRow(
        "opened in Chromium in", f"{seconds:.2f} s (median of {REPETITIONS})", f"{OPENS:g} s", seconds <= OPENS
    )
    yield TableRow("first painted after", f"{median(paints):.2f} s")
    yield TableRow("a failure opened in", f"{median(pages):.2f} s", f"{OPENS:g} s", median(pages) <= OPENS)


if __name__ == "__main__":
    main()
