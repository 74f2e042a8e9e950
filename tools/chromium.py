"""A headless Chromium driven over its DevTools protocol; only the browser itself is needed."""

import base64
import contextlib
import itertools
import json
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import websocket

from tools.environment import SetupError

NAMES = ("chromium", "chromium-browser", "google-chrome")
START_SECONDS = 30
ANSWER_SECONDS = 120
KEYS = {"Enter": 13, "Escape": 27}
SWITCHES = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--hide-scrollbars",
    "--no-first-run",
    "--disable-dev-shm-usage",
    "--remote-debugging-port=0",
    "--remote-allow-origins=*",
)


class BrowserError(RuntimeError):
    """A script failed inside the page."""


class Page:
    """One tab: go somewhere, run JavaScript there, take a picture."""

    def __init__(self, address: str) -> None:
        self._socket = websocket.create_connection(address, timeout=ANSWER_SECONDS)
        self._numbers = itertools.count(1)
        self.call("Page.enable", {})

    def call(self, method: str, parameters: dict) -> dict:
        """One DevTools command and its answer; events in between are dropped."""
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get("id") == number:
                if "error" in answer:
                    raise BrowserError(f"{method}: {answer['error']['message']}")
                return answer["result"]

    def open(self, url: str) -> None:
        """Go to a page; `wait_for` tells when it is ready."""
        self.call("Page.navigate", {"url": url})

    def evaluate(self, script: str) -> object:
        """The value of a JavaScript expression, awaited if it is a promise."""
        asked = {"expression": script, "awaitPromise": True, "returnByValue": True}
        answer = self.call("Runtime.evaluate", asked)
        if "exceptionDetails" in answer:
            details = answer["exceptionDetails"]
            raise BrowserError(details.get("exception", {}).get("description", details["text"]))
        return answer["result"].get("value")

    def wait_for(self, condition: str, seconds: float) -> None:
        """Until a JavaScript expression is true."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with contextlib.suppress(BrowserError):
                if self.evaluate(f"Boolean({condition})"):
                    return
            time.sleep(0.3)
        raise BrowserError(f"Not true within {seconds:g} seconds: {condition}")

    def write(self, text: str) -> None:
        """Into what has the focus."""
        self.call("Input.insertText", {"text": text})

    def press(self, key: str) -> None:
        """One of the keys that `KEYS` names."""
        pressed = {"key": key, "code": key, "windowsVirtualKeyCode": KEYS[key]}
        self.call("Input.dispatchKeyEvent", {"type": "keyDown", **pressed})
        self.call("Input.dispatchKeyEvent", {"type": "keyUp", **pressed})

    def picture(self, path: Path) -> None:
        """Save what is seen as PNG."""
        answer = self.call("Page.captureScreenshot", {"format": "png"})
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(answer["data"]))


def find() -> str:
    """The browser on this machine."""
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return found
    raise SetupError(
        f"No browser was found (looked for {', '.join(NAMES)}); on Debian and Ubuntu install one "
        "with: sudo apt install chromium"
    )


@contextlib.contextmanager
def running(size: tuple[int, int]) -> Iterator[Page]:
    """A tab in a browser with a fresh profile, for as long as the `with` block lasts."""
    width, height = size
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        line = [find(), *SWITCHES, f"--user-data-dir={profile}"]
        line += [f"--window-size={width},{height}", "about:blank"]
        process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield Page(_first_tab(Path(profile) / "DevToolsActivePort"))
        finally:
            process.terminate()
            process.wait()


def _first_tab(port_file: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if port_file.exists() and port_file.read_text(encoding="utf-8").strip():
            port = int(port_file.read_text(encoding="utf-8").splitlines()[0])
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=10) as answer:
                tabs = [tab for tab in json.load(answer) if tab["type"] == "page"]
            if tabs:
                return tabs[0]["webSocketDebuggerUrl"]
        time.sleep(0.2)
    raise SetupError(f"The browser did not start within {START_SECONDS} seconds.")
