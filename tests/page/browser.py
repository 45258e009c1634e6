"""A Chromium without a window, told what to do over its debugging protocol: what people's browsers do with a page."""

import asyncio
import base64
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_START_SECONDS = 60
_ANSWER_BYTES = 256 * 1024 * 1024  # a picture of a long page
A4_INCHES = (8.27, 11.69)


class Browser:
    """One tab."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._last = 0

    async def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command, and wait for its answer; events that come in between are passed over."""
        self._last += 1
        await self._socket.send_json({"id": self._last, "method": method, "params": parameters})
        while True:
            answer = await self._socket.receive_json()
            if answer.get("id") == self._last:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result

    async def open(self, page: Path, *, width: int = 1280, height: int = 900, scheme: str = "light") -> None:
        """Show a page in a window of this size."""
        await self.command(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        await self.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        await self.command("Page.enable")
        await self.command("Page.navigate", url=page.resolve().as_uri())
        while await self.evaluate("document.readyState") != "complete":
            await asyncio.sleep(0.02)

    async def evaluate(self, script: str) -> Any:
        """What a script in the page comes to."""
        answer = await self.command("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def picture(self, to: Path) -> None:
        """The whole page as PNG."""
        answer = await self.command("Page.captureScreenshot", captureBeyondViewport=True)
        to.write_bytes(base64.b64decode(answer["data"]))

    async def paper(self, to: Path) -> None:
        """The page as it is printed, as PDF."""
        width, height = A4_INCHES
        answer = await self.command("Page.printToPDF", paperWidth=width, paperHeight=height, preferCSSPageSize=True)
        to.write_bytes(base64.b64decode(answer["data"]))


@asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    """Start a browser with a profile of its own, and end it."""
    assert CHROMIUM is not None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars",
            "--remote-debugging-port=0", f"--user-data-dir={profile}", "about:blank",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            port = await asyncio.wait_for(_port(Path(profile) / "DevToolsActivePort"), _START_SECONDS)
            async with aiohttp.ClientSession() as session:
                async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                    [tab] = [tab for tab in await answer.json() if tab["type"] == "page"]
                async with session.ws_connect(tab["webSocketDebuggerUrl"], max_msg_size=_ANSWER_BYTES) as socket:
                    yield Browser(socket)
        finally:
            process.terminate()
            await process.wait()


async def _port(file: Path) -> int:
    """The port, which the browser writes to a file once it listens."""
    while not file.exists() or not file.read_text().strip():
        await asyncio.sleep(0.05)
    return int(file.read_text().split()[0])
