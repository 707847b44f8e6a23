"""Headless Chromium over its DevTools pipe: how our pages are tested, timed and photographed. Needs no other library.

    with HeadlessChromium() as browser:
        page = browser.open("file:///tmp/view/index.html", width=360, height=800, dark=True)
        page.wait_until("document.documentElement.dataset.ready === 'true'")
        page.screenshot("page.png")

The browser gets an empty profile and goes nowhere but where it is sent; what a page asks for and complains of is kept.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",  # Chromium's own needs rights that a container does not give
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--disable-sync",
    "--hide-scrollbars",
    "--no-default-browser-check",
    "--no-first-run",
    "--remote-debugging-pipe",
)
TIMEOUT_SECONDS = 60.0
_LAUNCH = "import os,sys;os.dup2(int(sys.argv[1]),3);os.dup2(int(sys.argv[2]),4);os.execv(sys.argv[3],sys.argv[3:])"
_FIRST_FREE = 16  # descriptors below are left to the launch: 3 and 4 are what Chromium reads and writes

KEYS = {"ArrowDown": 40, "ArrowUp": 38, "Enter": 13, "Escape": 27, "Tab": 9, "Home": 36, "End": 35}


class BrowserError(RuntimeError):
    """The browser ended, did not answer in time, or refused a command."""


def find_chromium() -> str | None:
    """The path of an installed Chromium; None where there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class HeadlessChromium:
    """A browser process; a context manager that ends it and removes its profile."""

    def __init__(self, executable: str | None = None) -> None:
        found = executable or find_chromium()
        if found is None:
            raise BrowserError(f"no Chromium is installed: looked for {', '.join(NAMES)}")
        self.executable = found
        self.pages: dict[str, Page] = {}  # by DevTools session
        self._buffer = bytearray()
        self._commands = 0

    def __enter__(self) -> HeadlessChromium:
        self._profile = tempfile.TemporaryDirectory(prefix="longstride-chromium-", ignore_cleanup_errors=True)
        to_browser, from_browser = _pipe(), _pipe()
        command = [self.executable, *FLAGS, f"--user-data-dir={self._profile.name}", "about:blank"]
        launch = [sys.executable, "-c", _LAUNCH, str(to_browser[0]), str(from_browser[1]), *command]
        self._process = subprocess.Popen(
            launch,
            pass_fds=(to_browser[0], from_browser[1]),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(to_browser[0])
        os.close(from_browser[1])
        self._write, self._read = to_browser[1], from_browser[0]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.command("Browser.close")
        except (BrowserError, OSError):
            self._process.kill()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._write)
        os.close(self._read)
        self._profile.cleanup()

    def open(self, url: str, *, width: int = 1440, height: int = 900, dark: bool = False) -> Page:
        """A new tab of this size (CSS pixels) and preferred theme, with `url` loaded. Raises BrowserError."""
        target = self.command("Target.createTarget", {"url": "about:blank"})["targetId"]
        session = self.command("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        page = self.pages[session] = Page(self, session, target)
        for domain in ("Page", "Runtime", "Log", "Network"):
            page.command(f"{domain}.enable")
        page.resize(width, height)
        theme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        page.command("Emulation.setEmulatedMedia", {"features": [theme]})
        if error := page.command("Page.navigate", {"url": url}).get("errorText"):
            raise BrowserError(f"{url}: {error}")
        page.wait_until("document.readyState === 'complete' && location.protocol !== 'about:'")
        return page

    def command(self, method: str, parameters: Mapping[str, Any] | None = None, session: str | None = None) -> Any:
        """Send one DevTools command and wait for its result. Raises BrowserError."""
        self._commands += 1
        message: dict[str, Any] = {"id": self._commands, "method": method, "params": dict(parameters or {})}
        if session is not None:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._write, data) :]
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while True:
            answer = self._receive(deadline, method)
            if answer.get("id") == message["id"]:
                if "error" in answer:
                    raise BrowserError(f"{method}: {answer['error'].get('message')}")
                return answer["result"]
            page = self.pages.get(answer.get("sessionId", ""))
            if page is not None and "method" in answer:
                page.on_event(answer["method"], answer["params"])

    def _receive(self, deadline: float, method: str) -> dict[str, Any]:
        while (end := self._buffer.find(b"\0")) < 0:
            ready, _, _ = select.select([self._read], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise BrowserError(f"{method}: no answer in {TIMEOUT_SECONDS:g} s")
            read = os.read(self._read, 1 << 20)
            if not read:
                raise BrowserError(f"{method}: {self.executable} has ended")
            self._buffer += read
        message = json.loads(self._buffer[:end])
        del self._buffer[: end + 1]
        return message


class Page:
    """A tab. `requests` are the addresses that it asked for, `problems` its errors, warnings and refused requests."""

    def __init__(self, browser: HeadlessChromium, session: str, target: str) -> None:
        self.browser, self.session, self.target = browser, session, target
        self.requests: list[str] = []
        self.problems: list[str] = []

    def command(self, method: str, parameters: Mapping[str, Any] | None = None) -> Any:
        return self.browser.command(method, parameters, self.session)

    def on_event(self, method: str, parameters: Mapping[str, Any]) -> None:
        """Keep what an event tells."""
        if method == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            details = parameters["exceptionDetails"]
            self.problems.append(details.get("exception", {}).get("description") or details["text"])
        elif method == "Log.entryAdded":
            self.problems.append(parameters["entry"]["text"])
        elif method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning", "assert"):
            self.problems.append(" ".join(str(each.get("value", each)) for each in parameters["args"]))

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, awaited where it is a promise. Raises BrowserError where it throws."""
        parameters = {"expression": expression, "returnByValue": True, "awaitPromise": True}
        answer = self.command("Runtime.evaluate", parameters)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise BrowserError(f"{expression}: {details.get('exception', {}).get('description', details['text'])}")
        return answer["result"].get("value")

    def wait_until(self, expression: str, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        """Wait until an expression is true. Raises BrowserError where it never is."""
        deadline = time.monotonic() + timeout_seconds
        while not self.evaluate(f"Boolean({expression})"):
            if time.monotonic() > deadline:
                raise BrowserError(f"not true after {timeout_seconds:g} s: {expression}; {self.problems}")
            time.sleep(0.02)

    def press(self, key: str) -> None:
        """Press and release a key: a name of KEYS or one character."""
        named = key in KEYS
        code = KEYS[key] if named else ord(key.upper())
        down: dict[str, Any] = {"type": "keyDown", "key": key, "windowsVirtualKeyCode": code}
        text = "\r" if key == "Enter" else "" if named else key
        if text:
            down["text"] = text
        self.command("Input.dispatchKeyEvent", down)
        self.command("Input.dispatchKeyEvent", {"type": "keyUp", "key": key, "windowsVirtualKeyCode": code})

    def write(self, text: str) -> None:
        """Put text into what has the focus."""
        self.command("Input.insertText", {"text": text})

    def resize(self, width: int, height: int) -> None:
        """Set the size of the view, in CSS pixels."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.command("Emulation.setDeviceMetricsOverride", size)

    def screenshot(self, path: str | Path, scale: float = 1.0) -> Path:
        """Write what is in view as PNG; scale: picture pixels to a CSS pixel."""
        size = self.evaluate("({width: innerWidth, height: innerHeight})")
        clip = {"x": 0, "y": 0, **size, "scale": scale}
        picture = self.command("Page.captureScreenshot", {"format": "png", "clip": clip})
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(picture["data"]))
        return path

    def close(self) -> None:
        self.browser.command("Target.closeTarget", {"targetId": self.target})
        self.browser.pages.pop(self.session, None)


def _pipe() -> tuple[int, int]:
    """A pipe whose ends are no descriptors that the launch overwrites."""
    import fcntl

    ends = os.pipe()
    moved = tuple(fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, _FIRST_FREE) for each in ends)
    for each in ends:
        os.close(each)
    return moved[0], moved[1]
