"""A real browser at a phone's size: Chromium, driven over the WebDriver protocol by its own driver.

Nothing between the test and the driver but HTTP and JSON (https://www.w3.org/TR/webdriver2/), so that no
further package is needed for a handful of calls.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.waiting import wait_until

PHONE = {"width": 390, "height": 844, "pixelRatio": 2.0}
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the protocol's name for a reference to an element


class Browser:
    """One window of a browser. `find` takes a CSS selector."""

    def __init__(self, driver: str, profile: Path) -> None:
        self._driver = driver
        options = {
            "args": [
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                f"--user-data-dir={profile}",
            ],
            "mobileEmulation": {"deviceMetrics": PHONE},
        }
        wanted = {
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL"},
        }
        made = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self._session = f"/session/{made['sessionId']}"
        # A click answers before the next page stands; whoever looks for an element then waits for it.
        self._ask("POST", f"{self._session}/timeouts", {"implicit": 10_000})

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._driver + path, data=data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.read().decode()[:400]}") from None

    def open(self, url: str) -> None:
        self._ask("POST", f"{self._session}/url", {"url": url})

    @property
    def url(self) -> str:
        found: str = self._ask("GET", f"{self._session}/url")
        return found

    def find(self, selector: str) -> str:
        """The reference of the first element; the protocol's error where there is none."""
        using = {"using": "css selector", "value": selector}
        found: str = self._ask("POST", f"{self._session}/element", using)[ELEMENT]
        return found

    def text(self, selector: str = "body") -> str:
        """What a person sees of it: rendered text, hidden parts left out."""
        seen: str = self._ask("GET", f"{self._session}/element/{self.find(selector)}/text")
        return seen

    def box(self, selector: str) -> dict[str, float]:
        """Where it stands: x, y, width and height in pixels of the page."""
        found: dict[str, float] = self._ask("GET", f"{self._session}/element/{self.find(selector)}/rect")
        return found

    def type(self, selector: str, text: str) -> None:
        """Type into a field; a file field takes a path."""
        self._ask("POST", f"{self._session}/element/{self.find(selector)}/value", {"text": text})

    def click(self, selector: str) -> None:
        self._ask("POST", f"{self._session}/element/{self.find(selector)}/click", {})

    def run(self, script: str) -> Any:
        """What a script of the driver (not of the page) returns."""
        return self._ask("POST", f"{self._session}/execute/sync", {"script": script, "args": []})

    def complaints(self) -> list[str]:
        """What stood in the console: broken policies, missing files, errors."""
        return [
            entry["message"] for entry in self._ask("POST", f"{self._session}/se/log", {"type": "browser"})
        ]

    def picture(self) -> bytes:
        return base64.b64decode(self._ask("GET", f"{self._session}/screenshot"))

    def close(self) -> None:
        self._ask("DELETE", self._session)


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    """A phone's browser without a past."""
    program = shutil.which("chromedriver")
    assert program is not None, "chromedriver is missing (Debian: chromium-driver)"
    said = tmp_path / "chromedriver.log"
    with said.open("wb") as log:
        process = subprocess.Popen(
            [program, "--port=0"],
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "HOME": str(tmp_path)},
        )
    try:
        port = wait_until(lambda: re.search(r"started successfully on port (\d+)", said.read_text()))
        window = Browser(f"http://127.0.0.1:{port[1]}", tmp_path / "profile")
        try:
            yield window
        finally:
            window.close()
    finally:
        process.terminate()
        process.wait(30)
