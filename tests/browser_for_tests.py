"""A real browser for tests: Debian's Chromium, by Selenium. To be imported only where there is Selenium."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = (
    "--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1400,900", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-extensions",
)  # fmt: skip
PATIENCE = 10.0
"""Seconds to wait for what is to come."""


def start(profile: Path) -> webdriver.Chrome:
    """Start it, with a profile in an empty directory."""
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM or ""
    for flag in [*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]:  # which root may not have
        options.add_argument(flag)
    options.add_argument(f"--user-data-dir={profile}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    options.unhandled_prompt_behavior = "ignore"  # an alert that somebody's script has shown is to be seen
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=DRIVER))
    driver.get("about:blank")  # the page that it begins with asks for much, and would go on asking
    return driver


class Browser:
    """A browser with one report in it."""

    def __init__(self, driver: Any, pages: dict[str, str], downloads: Path) -> None:
        self.driver, self._pages, self.downloads = driver, pages, downloads

    def open(self, page: str, address: str = "", width: int = 1400, dark: bool = False) -> None:
        """Open a page anew, at an address within it."""
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self.media("", "dark" if dark else "light")
        self.driver.get("about:blank")
        self.driver.get(f"{self._pages[page]}{'#' if address else ''}{address}")
        if address:
            self.until(lambda: self.run("return document.documentElement.dataset.at") == address)

    def go(self, address: str) -> None:
        """Go to an address within the page that is open."""
        self.run("location.hash = arguments[0]", address)
        self.until(lambda: self.run("return document.documentElement.dataset.at") == address)

    def media(self, kind: str, scheme: str = "light") -> None:
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.cdp("Emulation.setEmulatedMedia", media=kind, features=[feature])

    def cdp(self, command: str, **words: Any) -> Any:
        return self.driver.execute_cdp_cmd(command, words)

    def run(self, code: str, *words: object) -> Any:
        return self.driver.execute_script(code, *words)

    def find(self, selector: str) -> WebElement:
        found: WebElement = self.driver.find_element(By.CSS_SELECTOR, selector)
        return found

    def shows(self, selector: str) -> bool:
        return any(element.is_displayed() for element in self.driver.find_elements(By.CSS_SELECTOR, selector))

    def text(self, selector: str) -> str:
        """Return what is to be read in an element, with single blanks."""
        return " ".join(self.find(selector).text.split())

    def until(self, come: Callable[[], object]) -> None:
        WebDriverWait(self.driver, PATIENCE, poll_frequency=0.02).until(lambda _: come())

    def keys(self, *keys: str) -> None:
        """Press keys, one after the other, wherever the focus is."""
        chain = ActionChains(self.driver, duration=0)
        for key in keys:
            chain.send_keys(key)
        chain.perform()

    def focused(self) -> str:
        return str(self.run("return document.activeElement.getAttribute('href') || document.activeElement.textContent"))

    def point_at(self, element: WebElement) -> None:
        ActionChains(self.driver, duration=0).move_to_element(element).perform()

    def troubles(self) -> list[str]:
        """Return what the console has had to say since it was asked last."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self) -> list[str]:
        """Return what was asked for since this was asked last, but for the pages themselves."""
        asked = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                asked.append(message["params"]["request"]["url"])
        known = ("about:blank", "data:", "blob:", *self._pages.values())
        return [url for url in asked if not url.startswith(known)]
