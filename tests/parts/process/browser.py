"""A real Chromium without a window, driven by Debian's chromedriver over its HTTP protocol (W3C WebDriver).

No package is needed for it. The browser has a folder of its own, makes no connection of its own accord, and is ended
by its driver; what is left of both is ended by pid.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from tests.parts.programs import require

_WAIT_S = 20.0
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the name that the protocol gives to a reference
_ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage", "--hide-scrollbars",
)  # fmt: skip
TAB, ENTER = "\ue004", "\ue007"


class Browser:
    """One browser with one window."""

    def __init__(self, driver: str, chromium: str, folder: Path) -> None:
        self._driver = subprocess.Popen([driver, "--port=0"], stdout=subprocess.PIPE, text=True)
        assert self._driver.stdout
        said = next(line for line in self._driver.stdout if "successfully" in line)
        port = re.findall(r"port (\d+)", said)[0]
        self._url = f"http://127.0.0.1:{port}"
        self._http = requests.Session()
        options = {"binary": chromium, "args": [*_ARGUMENTS, f"--user-data-dir={folder}"]}
        logs = {"browser": "ALL", "performance": "ALL"}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": logs}
        session = self._send("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self._session = f"/session/{session['sessionId']}"

    def close(self) -> None:
        """End the browser and its driver."""
        left = psutil.Process(self._driver.pid).children(recursive=True)
        try:
            self._http.delete(f"{self._url}{self._session}", timeout=_WAIT_S)
        finally:
            self._http.close()
            self._driver.terminate()
            self._driver.wait(_WAIT_S)
            if self._driver.stdout:
                self._driver.stdout.close()
            for process in psutil.wait_procs(left, timeout=5)[1]:
                process.kill()

    def get(self, url: str) -> None:
        """Open the page, and return when it is loaded."""
        self._ask("POST", "/url", {"url": url})

    def run(self, script: str, *arguments: Any) -> Any:
        """What a function with this body returns."""
        return self._ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def until(self, script: str, *arguments: Any) -> Any:
        """What the script returns as soon as that is true."""
        until = time.monotonic() + _WAIT_S
        while not (found := self.run(script, *arguments)):
            assert time.monotonic() < until, f"never true: {script}"
        return found

    def press(self, key: str) -> None:
        """Press a key where the focus is."""
        actions = [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
        self._ask("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def click(self, selector: str) -> None:
        """Click on the first element of this CSS selector."""
        found = self._ask("POST", "/element", {"using": "css selector", "value": selector})
        self._ask("POST", f"/element/{found[_ELEMENT]}/click", {})

    def type(self, selector: str, text: str) -> None:
        """Write into the first field of this CSS selector."""
        found = self._ask("POST", "/element", {"using": "css selector", "value": selector})
        self._ask("POST", f"/element/{found[_ELEMENT]}/value", {"text": text})

    def show(self, *, theme: str = "light", width: int = 1200, height: int = 900) -> None:
        """The theme that the reader prefers, and the size of the window."""
        # a page that still scrolls smoothly is not where a click expects it
        features = {"prefers-color-scheme": theme, "prefers-reduced-motion": "reduce"}
        named = [{"name": name, "value": value} for name, value in features.items()]
        self.devtools("Emulation.setEmulatedMedia", features=named)
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.devtools("Emulation.setDeviceMetricsOverride", **size)

    def scripts(self, *, on: bool) -> None:
        """Whether pages may run scripts."""
        self.devtools("Emulation.setScriptExecutionDisabled", value=not on)

    def devtools(self, command: str, **parameters: Any) -> Any:
        """A command of the DevTools protocol."""
        return self._ask("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def picture(self) -> bytes:
        """The window as PNG."""
        return base64.b64decode(self._ask("GET", "/screenshot"))

    def console(self) -> list[str]:
        """What the console has shown since the last call."""
        return [entry["message"] for entry in self._ask("POST", "/se/log", {"type": "browser"})]

    def requested(self) -> list[str]:
        """The URLs that were asked for since the last call."""
        entries = [
            json.loads(one["message"])["message"] for one in self._ask("POST", "/se/log", {"type": "performance"})
        ]
        sent = [one["params"]["request"]["url"] for one in entries if one["method"] == "Network.requestWillBeSent"]
        return [url for url in sent if not url.startswith(("data:", "blob:"))]

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        return self._send(method, self._session + path, body)

    def _send(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        answer = self._http.request(method, self._url + path, json=body, timeout=_WAIT_S).json()["value"]
        assert not (isinstance(answer, dict) and "error" in answer), f"{path}: {answer.get('message')}"
        return answer


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One for the tests of a module: each opens pages of its own."""
    driver, chromium = require("chromedriver", "chromium-driver"), require("chromium", "chromium")
    folder = tmp_path_factory.mktemp("chromium")
    running = Browser(driver, chromium, folder)
    try:
        yield running
    finally:
        running.close()
        shutil.rmtree(folder, ignore_errors=True)
