"""The HTML report in a real browser: its contents, its use, and that nothing hostile runs in it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from proctor.conformance.cli.report import script_of
from proctor.reports.html.page import html
from tests.documents_for_tests import documents, hostile

pytest.importorskip("selenium", reason="needs selenium: pip install selenium")
from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.common.by import By

from tests.browser_for_tests import CHROMIUM, DRIVER, Browser, start

pytestmark = [
    pytest.mark.skipif(not CHROMIUM or not DRIVER, reason="needs chromium: apt-get install chromium chromium-driver"),
    pytest.mark.timeout(120),
]
SHOWN = """
    const rows = [...document.querySelectorAll("#matrix tr[data-route]")];
    return rows.filter(row => row.offsetParent).map(row => row.dataset.route);
"""
HEADS = """
    const names = [...document.querySelectorAll("#matrix thead .name")];
    return names.filter(name => name.offsetParent).map(name => name.textContent);
"""
GROUND = """
    const [red, green, blue] = getComputedStyle(document.documentElement).backgroundColor.match(/\\d+/g).map(Number);
    return red + green + blue;
"""
PATIENCE = 60
"""Seconds for npm, which takes one if its registry answers."""
OPEN_AND_LOOK = """
    const [address, done] = arguments;
    const all = (selector) => [...document.querySelectorAll("#page " + selector)];
    new MutationObserver((_, seen) => {
        if (!document.querySelector("#page h1")) return;
        seen.disconnect();
        setTimeout(() => done([
            all("script, img, iframe, object, style[onload]").length,
            all("*").filter(one => [...one.attributes].some(name => name.name.startsWith("on"))).length,
            all("a").filter(link => link.protocol === "javascript:").length,
        ]));
    }).observe(document.getElementById("page"), {childList: true});
    location.hash = address;
"""
"""Opens an address; returns the numbers of elements that run code or load something."""


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Return the browser, shared by this file."""
    made = start(tmp_path_factory.mktemp("chromium"))
    yield made
    made.quit()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the URLs of the reports."""
    directory = tmp_path_factory.mktemp("reports")
    found = {}
    for name, results in {"plain": documents(), "hostile": hostile()}.items():
        path = directory / f"{name}.html"
        path.write_text(html(results, script_of), encoding="utf-8")
        found[name] = path.as_uri()
    return found


@pytest.fixture
def browser(driver: Any, pages: dict[str, str], tmp_path: Path) -> Iterator[Browser]:
    """Return the browser; afterwards, assert that the console is empty and that nothing was requested."""
    made = Browser(driver, pages, tmp_path)
    made.cdp("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    made.troubles(), made.requests()
    yield made
    assert made.troubles() == []
    assert made.requests() == []


# -- the matrix


def test_the_filter_shows_matching_requirements(browser: Browser) -> None:
    browser.open("plain")
    every = browser.run(SHOWN)
    assert {"EXIT-1", "TTY-1", "TREE-1"} <= set(every)
    assert "TREE-6" not in every, "it applies to no launcher"
    browser.find("[name=mark][value=na] + span").click()
    assert browser.run(SHOWN) == ["TREE-6"]
    browser.find("[name=mark][value=na] + span").click()
    browser.find("[name=unevaluated]").click()
    every = browser.run(SHOWN)
    assert "TREE-6" in every
    browser.find("[name=text]").send_keys("ctrl-c one")
    assert browser.run(SHOWN) == ["TTY-1"]
    assert browser.text("#shown") == f"Shown: 1 of {len(every)}."
    browser.find("[name=text]").clear()
    browser.find("[name=text]").send_keys("no such words")
    assert browser.run(SHOWN) == [] and browser.shows("#nothing")
    browser.find("#all").click()
    every.remove("TREE-6")
    browser.until(lambda: browser.run(SHOWN) == every)
    browser.find("[name=mark][value=fail] + span").click()
    assert browser.run(SHOWN) == ["TTY-1", "TTY-2"]
    assert browser.find("tr[data-route=TTY-1] td[data-mark=pass]").get_attribute("class") == "dim"
    browser.find("[name=mark][value=should] + span").click()
    assert browser.run(SHOWN) == ["EXIT-4", "TTY-1", "TTY-2"]
    menus = dict(
        zip(("level", "chapter", "launcher"), browser.driver.find_elements(By.TAG_NAME, "summary"), strict=True)
    )
    menus["level"].click()
    browser.find("[name=level][value=SHOULD]").click()
    assert browser.run(SHOWN) == ["EXIT-4"]
    menus["launcher"].click()  # this closes the other menu
    assert not browser.shows("[name=level]")
    browser.find("[name=launcher][value='0']").click()
    assert browser.run(HEADS) == ["sound"] and browser.run(SHOWN) == []
    browser.keys(Keys.ESCAPE)
    assert not browser.shows("[name=launcher]")
    browser.find("[type=reset]").click()
    browser.until(lambda: browser.run(SHOWN) == every)
    menus["chapter"].click()
    browser.find("[name=chapter][value='3']").click()
    assert {name.partition("-")[0] for name in browser.run(SHOWN)} == {"TREE"}


def test_columns_are_sorted_by_name_and_by_failures(browser: Browser) -> None:
    browser.open("plain")
    assert browser.run(HEADS) == ["sound", "double", "another"]
    orders = {
        "name": ["another", "double", "sound"], "most": ["double", "another", "sound"],
        "fewest": ["sound", "another", "double"], "given": ["sound", "double", "another"],
    }  # fmt: skip
    for order, names in orders.items():
        browser.find(f"[name=order] [value={order}]").click()
        assert browser.run(HEADS) == names
        marks = browser.run("return [...document.querySelectorAll('[data-route=TTY-1] td a')].map(e => e.hash)")
        assert marks == [f"#TTY-1/{name}" for name in names]


def test_heads_stay_visible(browser: Browser) -> None:
    browser.open("plain", width=360)
    places = """
        const scroller = document.querySelector(".scroller"), box = scroller.getBoundingClientRect();
        scroller.scrollTo(40, 300);
        const [head, row] = ["#matrix thead .launcher", "[data-route=TTY-1] th"].map(
            one => document.querySelector(one).getBoundingClientRect());
        return [scroller.scrollTop, head.top - box.top, row.left - box.left];
    """
    scrolled, head, row = browser.run(places)
    assert scrolled == 300
    assert abs(head) <= 2 and abs(row) <= 2


def test_screen_reader_text_causes_no_scrolling(browser: Browser) -> None:
    browser.open("plain", width=1500)
    sizes = """
        const page = document.documentElement, scroller = document.querySelector(".scroller");
        return [page.scrollHeight - innerHeight, scroller.scrollWidth - scroller.clientWidth];
    """
    assert browser.run(sizes) == [0, 0]


# -- addresses


def test_a_link_leads_to_a_row_or_a_cell(browser: Browser) -> None:
    browser.open("plain", "TTY-1")
    assert browser.text("#page h1 .id") == "TTY-1"
    assert "astral-sh/uv#" in browser.text(".about") and "Ctrl-C" in browser.text(".about")
    assert browser.text(".strip").startswith("✗ 1 MUST failed double ✓")
    browser.open("plain", "TTY-1/double")
    assert browser.text("#page h1").startswith("double") and browser.driver.title == "TTY-1: double · Proctor"
    assert "twice, from kernel, launcher" in browser.text("dd.actual")
    browser.open("plain", "TTY-1/sound")  # it has no page of its own
    assert browser.text("tr.here").startswith("sound") and browser.focused() == "#launcher/sound"
    browser.open("plain", "launcher/double")
    assert "2 MUST failed" in browser.text(".lead") and "34 of 40" in browser.text(".groups")
    browser.open("plain", "coverage")
    assert "5,000" in browser.text("#page table") and "macOS is not tested" in browser.text(".limits")
    browser.run("location.hash = 'NO-1'")
    browser.until(lambda: browser.shows("#matrix"))
    assert (
        browser.run("return document.getElementById('announcement').textContent") == "There is no NO-1 in this report."
    )


def test_back_restores_position_and_focus(browser: Browser) -> None:
    browser.open("plain")
    browser.run("document.querySelector('.scroller').scrollTo(0, 200)")
    browser.find("[data-route=TTY-1] td[data-mark=fail] a").click()
    browser.until(lambda: browser.shows("#page h1"))
    assert browser.run("return document.activeElement.tagName") == "H1"
    top = browser.run("return history.length")
    browser.driver.back()
    browser.until(lambda: browser.shows("#matrix"))
    assert browser.focused() == "#TTY-1/double" and browser.run("return history.length") == top
    assert browser.run("return document.querySelector('.scroller').scrollTop") == 200


# -- by keyboard


def test_keyboard_navigation(browser: Browser) -> None:
    browser.open("plain")
    browser.keys(Keys.TAB)
    assert browser.focused() == "#content"
    outline = browser.run("return getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    for _ in range(40):
        browser.keys(Keys.TAB)
        if browser.focused().startswith("#EXIT"):
            break
    assert browser.focused() == "#EXIT-1"
    browser.keys(Keys.ARROW_DOWN, Keys.ARROW_RIGHT)
    assert browser.focused() == "#EXIT-2/sound"
    browser.keys(Keys.ARROW_UP, Keys.ARROW_UP)
    assert browser.focused() == "#launcher/sound"
    browser.keys(Keys.END, Keys.ARROW_DOWN, Keys.HOME)
    assert browser.focused() == "#EXIT-1"
    browser.keys(Keys.TAB)  # the matrix is one tab stop
    assert not browser.focused().startswith("#EXIT")
    browser.run("document.querySelector('[data-route=TTY-1] th a').focus()")
    browser.keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ENTER)
    browser.until(lambda: browser.shows("#page h1"))
    assert browser.text("#page h1").startswith("double")
    browser.keys(Keys.ESCAPE)
    browser.until(lambda: browser.shows("#matrix"))
    assert browser.focused() == "#TTY-1/double"


# -- light, dark, print


def test_the_colour_theme_follows_the_system_until_it_is_chosen(browser: Browser) -> None:
    browser.open("plain", dark=True)
    assert browser.run(GROUND) < 150
    browser.find("[name=theme][value=light] + span").click()
    assert browser.run(GROUND) > 600
    browser.open("plain", dark=True)
    assert browser.run(GROUND) > 600, "the choice is saved"
    browser.find("[name=theme][value='']").send_keys(Keys.SPACE)
    assert browser.run(GROUND) < 150
    browser.media("", "light")
    assert browser.run(GROUND) > 600
    browser.find("[name=theme][value=dark] + span").click()
    browser.media("print")
    assert browser.run(GROUND) == 765, "paper is white"
    assert not browser.shows(".controls") and not browser.shows(".theme")
    assert browser.run("return getComputedStyle(document.querySelector('.scroller')).overflow") == "visible"
    browser.run("localStorage.clear()")


# -- a failure


def test_marks_of_a_timeline_have_tooltips(browser: Browser) -> None:
    browser.open("plain", "TTY-1/double")
    mark = browser.find(".drawing [data-event='5'][tabindex] circle")
    browser.point_at(mark)
    assert "SIGINT" in browser.text("#tip")
    assert browser.find("tr[data-event='5']").get_attribute("class") == "cited highlighted"
    browser.keys(Keys.ESCAPE)
    assert not browser.shows("#tip") and browser.shows("#page")
    browser.run("document.querySelector('.drawing [tabindex=\"0\"]').focus()")
    first = browser.text("#tip")
    browser.keys(Keys.ARROW_RIGHT)
    assert browser.text("#tip") not in ("", first)
    stops = browser.run(
        "return document.querySelector('.drawing').querySelectorAll('[data-event][tabindex=\"0\"]').length"
    )
    assert stops == 1
    browser.keys(Keys.END)
    browser.point_at(browser.find("tr[data-event='3']"))
    assert "highlighted" in (browser.find(".drawing [data-event='3']").get_attribute("class") or "")


def test_a_timeline_can_be_zoomed_and_dragged(browser: Browser) -> None:
    browser.open("plain", "TTY-1/double")
    width = "return document.querySelector('.drawing svg').getBoundingClientRect().width"
    before = browser.run(width)
    for _ in range(3):
        browser.find("[data-zoom=in]").click()
    assert browser.run(width) > 2 * before
    drawing = browser.find(".drawing")
    assert "pannable" in (drawing.get_attribute("class") or "")
    left = browser.run("return document.querySelector('.drawing').scrollLeft")
    chain = ActionChains(browser.driver, duration=0).move_to_element_with_offset(drawing, 100, 10)
    chain.click_and_hold().move_by_offset(-60, 0).release().perform()
    assert browser.run("return document.querySelector('.drawing').scrollLeft") == pytest.approx(left + 60, abs=2)
    browser.run("arguments[0].focus()", drawing)
    browser.keys("-", "-", "-", "-", "-", "-", "-", "-")
    assert browser.run(width) <= browser.run("return arguments[0].clientWidth", drawing)


def test_a_failure_page_is_complete(browser: Browser) -> None:
    browser.open("plain", "TTY-1/double")
    assert "Wait until all processes are idle. Press ctrl-c. Wait" in browser.text(".steps")
    assert browser.text("dl.violation dd").startswith("the command receives SIGINT once")
    assert "Reproduced in 3 of 3 replays." in browser.text(".about")
    titles = [one.text for one in browser.driver.find_elements(By.CSS_SELECTOR, ".runs h2")]
    assert titles == ["WITH THE LAUNCHER", "THE COMMAND ALONE"]
    assert "^C" in browser.text(".screen")
    browser.cdp("Browser.grantPermissions", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
    browser.find("[data-copy]").click()
    browser.until(lambda: browser.text("[data-copy]") == "Copied")
    copied = browser.driver.execute_async_script("navigator.clipboard.readText().then(arguments[0])")
    assert copied == "pytest conformance/ --target=double -k TTY-1"


def test_script_and_case_can_be_downloaded(browser: Browser) -> None:
    kept = documents()[1].failures[0].case_file or {}
    browser.open("plain", "TTY-1/double")
    for button in browser.driver.find_elements(By.CSS_SELECTOR, "[data-download]"):
        button.click()
    script, file = (browser.downloads / f"double-tty-1.{kind}" for kind in ("py", "json"))
    browser.until(lambda: script.exists() and file.exists())
    assert script.read_text(encoding="utf-8") == script_of(kept)
    assert json.loads(file.read_text(encoding="utf-8")) == json.loads(json.dumps(kept))
    browser.open("plain", "TTY-2/double")
    assert not browser.shows("[data-download]")
    assert "do not contain the case" in browser.text(".about")


# -- explored schedules


def test_a_map_shows_points_and_outcomes(browser: Browser) -> None:
    browser.open("plain", "SIG-6/sound")
    lanes = browser.run("return [...document.querySelectorAll('#page .lanes th')].map(one => one.textContent)")
    assert lanes == ["launcher", "child1"]
    bars = "#page .lanes rect:not(.unvisited)"
    boxes = browser.run(f"return [...document.querySelectorAll('{bars}')].map(one => one.getBoundingClientRect())")
    first, between, last, birth = boxes
    assert first["width"] > 10 * between["width"] and birth["height"] > first["height"]
    assert first["x"] < birth["x"] < between["x"] < last["x"]
    assert "lost; reaches the command 1 point" in browser.text("#page .outcomes")
    assert not browser.shows("#page .map .list")
    browser.find("#page .map summary").click()
    assert "launcher wait4#1 entry .. wait4#9 exit" in browser.text("#page .map .list")
    browser.open("plain", "launcher/sound")
    browser.find("#page .list a[href='#SIG-6/sound']").click()
    browser.until(lambda: browser.shows("#page .map"))


# -- accessibility and window sizes

ADDRESSES = ["matrix", "TTY-1", "TTY-1/double", "SIG-6", "SIG-6/sound", "launcher/double", "coverage"]


@pytest.mark.parametrize("width", [360, 2000])
def test_nothing_is_wider_than_the_window(browser: Browser, width: int) -> None:
    browser.open("plain", width=width)
    for menu in browser.driver.find_elements(By.CSS_SELECTOR, ".menu"):
        menu.find_element(By.TAG_NAME, "summary").click()
        box = menu.find_element(By.TAG_NAME, "fieldset").rect
        assert box["x"] >= 0 and box["x"] + box["width"] <= width
    for address in ADDRESSES:
        browser.go(address)
        assert browser.run("return document.documentElement.scrollWidth") <= width, address


@pytest.fixture(scope="module")
def axe(request: pytest.FixtureRequest) -> str:
    """Return axe-core's code: the file that PROCTOR_AXE names, or what npm installs into pytest's cache."""
    if named := os.environ.get("PROCTOR_AXE"):
        return Path(named).read_text(encoding="utf-8")
    cache: pytest.Cache | None = getattr(request.config, "cache", None)
    kept = cache.mkdir("axe") if cache else pytest.skip("no cache to install axe-core in; name it by PROCTOR_AXE")
    code = kept / "node_modules" / "axe-core" / "axe.min.js"
    if not code.exists():
        npm = shutil.which("npm")
        if not npm:
            pytest.skip("needs npm, or PROCTOR_AXE=PATH/axe.min.js: apt-get install npm")
        words = [npm, "install", "--prefix", str(kept), "--ignore-scripts", "--no-audit", "--no-fund", "axe-core@4"]
        words += ["--fetch-retries=0", f"--fetch-timeout={PATIENCE // 2 * 1000}"]
        try:
            done = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE, check=False)
        except subprocess.TimeoutExpired:  # a registry that does not answer says nothing about the page
            pytest.skip(f"npm has not installed axe-core within {PATIENCE} s; name it by PROCTOR_AXE")
        if done.returncode:
            pytest.skip(f"npm cannot install axe-core here: {done.stderr.strip()[-200:]}")
    return str(code.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("dark", "addresses"), [(False, ADDRESSES), (True, ["matrix", "TTY-1/double"])])
def test_axe_finds_nothing(browser: Browser, axe: str, dark: bool, addresses: list[str]) -> None:
    browser.open("plain", width=360 if dark else 1400, dark=dark)
    browser.run(axe)
    for address in addresses:
        browser.go(address)
        found = browser.driver.execute_async_script("const [done] = arguments; axe.run().then(r => done(r.violations))")
        told = [(one["id"], [node["html"][:200] for node in one["nodes"][:3]]) for one in found]
        assert told == [], address


# -- hostile text


def test_nothing_hostile_runs(browser: Browser) -> None:
    browser.open("hostile")
    own = browser.run("return document.scripts.length")
    addresses = browser.run("return [...document.querySelectorAll('template[id^=\"page:\"]')].map(t => t.id.slice(5))")
    assert len(addresses) > 60
    for address in addresses:
        assert browser.driver.execute_async_script(OPEN_AND_LOOK, address) == [0, 0, 0], address
    assert browser.run("return window.owned") is None
    assert browser.run("return document.scripts.length") == own
    assert "<script>window.owned=1</script>" in browser.text("#page")
    browser.run("location.hash = arguments[0]", next(one for one in addresses if one.startswith("TTY-1/")))
    browser.until(lambda: browser.shows(".screen"))
    assert "ESC]0;ownedBEL" in browser.text(".screen") and "\\xff\\xfe" in browser.text(".screen")
    marks = browser.driver.find_elements(By.CSS_SELECTOR, ".drawing [data-event][tabindex]")
    for mark in marks[:4]:
        browser.point_at(mark)
    assert browser.run("return window.owned") is None
