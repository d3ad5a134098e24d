"""A real Chromium, driven over its DevTools protocol: what a page measures, asks for, complains of.

The protocol goes through a pipe, one JSON message after the other: no port, and no request of ours
among those that a test counts.
"""

import base64
import json
import os
import select
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal

_TIMEOUT: Final = 60  # seconds until an answer that does not come is an error
_FLAGS: Final = (
    "--headless",
    "--no-sandbox",  # pages are our own, and root may not have one
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)


def chromium() -> str:
    """The browser's program: $CHROMIUM, or Debian's on PATH. Raises LookupError."""
    wanted = os.environ.get("CHROMIUM")
    names = (wanted,) if wanted else ("chromium", "chromium-browser")
    for name in names:
        found = shutil.which(name)
        if found:
            return found
    raise LookupError(
        f"no browser ({' or '.join(names)}): install Debian's chromium, as .ci/run does, "
        "or name one in $CHROMIUM"
    )


class Browser:
    """One process, in which pages are opened one after the other; a context manager that ends it."""

    def __init__(self, profile: Path) -> None:
        read, commands = os.pipe()
        events, write = os.pipe()
        # The browser reads commands at descriptor 3 and writes at 4.
        shell = f'exec "$0" "$@" 3<&{read} 4>&{write}'
        self._process = subprocess.Popen(
            ["bash", "-c", shell, chromium(), *_FLAGS, f"--user-data-dir={profile}"],
            pass_fds=(read, write),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,  # it looks for a desktop and misses it
        )
        os.close(read)
        os.close(write)
        self._commands, self._events = commands, events
        self._buffer = b""
        self._calls = 0
        self._closed: set[str] = set()

    def __enter__(self) -> "Browser":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.wait()
        os.close(self._commands)
        os.close(self._events)

    def open(
        self,
        path: Path,
        *,
        width: int = 1280,
        scheme: Literal["light", "dark"] = "light",
        media: Literal["screen", "print"] = "screen",
    ) -> "Page":
        """A page of so many CSS pixels, loaded; the one before is closed."""
        for target in self.call("Target.getTargets")["targetInfos"]:
            if target["type"] == "page" and target["targetId"] not in self._closed:
                self._closed.add(target["targetId"])  # it is told of until it has gone
                self.call("Target.closeTarget", targetId=target["targetId"])
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        return Page(self, session, path.resolve().as_uri(), width, scheme, media)

    def call(self, method: str, session: str | None = None, **arguments: Any) -> Mapping[str, Any]:
        """What the browser answers. Raises RuntimeError for an error of the protocol."""
        answer, _ = self.call_until(method, session, None, arguments)
        return answer

    def call_until(
        self,
        method: str,
        session: str | None,
        event: str | None,
        arguments: Mapping[str, Any],
    ) -> tuple[Mapping[str, Any], list[Mapping[str, Any]]]:
        """The answer, and the session's events up to it and to `event`, if one is named."""
        self._calls += 1
        call = {"id": self._calls, "method": method, "params": arguments}
        if session is not None:
            call["sessionId"] = session
        os.write(self._commands, json.dumps(call).encode() + b"\0")
        answer: Mapping[str, Any] | None = None
        seen: list[Mapping[str, Any]] = []
        awaited = event is not None
        while answer is None or awaited:
            message = self._receive()
            if message.get("id") == self._calls:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']['message']}")
                answer = message["result"]
            elif message.get("sessionId") == session:
                seen.append(message)
                awaited = awaited and message["method"] != event
        return answer, seen

    def _receive(self) -> Any:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._events], [], [], _TIMEOUT)
            part = os.read(self._events, 1 << 20) if ready else b""
            if not part:
                raise RuntimeError("the browser does not answer" if not ready else "it has ended")
            self._buffer += part
        message, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(message)


class Page:
    """A page that is open. `requests` are the addresses it asked for, `complaints` what the browser
    wrote to the console, its refusals and the page's exceptions among them.
    """

    def __init__(
        self, browser: Browser, session: str, url: str, width: int, scheme: str, media: str
    ) -> None:
        self._browser, self._session = browser, session
        self.requests: list[str] = []
        self.complaints: list[str] = []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=False,
        )
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self._call("Emulation.setEmulatedMedia", media=media, features=features)
        self._call("Page.navigate", until="Page.loadEventFired", url=url)

    def evaluate(self, expression: str) -> Any:
        """The value of JavaScript in the page, as JSON. Raises RuntimeError if it throws."""
        found = self._call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in found:
            raise RuntimeError(found["exceptionDetails"]["exception"]["description"])
        return found["result"].get("value")

    def click(self, x: float, y: float) -> None:
        """Press and release the mouse's left button, in pixels from the top left."""
        for kind in ("mousePressed", "mouseReleased"):
            self._call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def pdf(self) -> bytes:
        """The page on paper, as its own style sheet wants it."""
        printed = self._call("Page.printToPDF", preferCSSPageSize=True, printBackground=True)
        return base64.b64decode(printed["data"])

    def screenshot(self) -> bytes:
        """The whole page as PNG."""
        shot = self._call("Page.captureScreenshot", captureBeyondViewport=True)
        return base64.b64decode(shot["data"])

    def _call(self, method: str, until: str | None = None, **arguments: Any) -> Mapping[str, Any]:
        answer, events = self._browser.call_until(method, self._session, until, arguments)
        for event in events:
            self._note(event["method"], event["params"])
        return answer

    def _note(self, event: str, about: Mapping[str, Any]) -> None:
        if event == "Network.requestWillBeSent":
            self.requests.append(about["request"]["url"])
        elif event == "Log.entryAdded":
            self.complaints.append(about["entry"]["text"])
        elif event == "Runtime.consoleAPICalled":
            self.complaints.append(" ".join(str(each.get("value")) for each in about["args"]))
        elif event == "Runtime.exceptionThrown":
            self.complaints.append(about["exceptionDetails"]["text"])
