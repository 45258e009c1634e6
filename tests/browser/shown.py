"""A server of the sample pages, with the headers of the real one; and of a page that goes on as a test says."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from batch_credits.web.door.headers import add_headers
from batch_credits.web.pages import Frame, Page
from batch_credits.web.rendering import render, script, stylesheet
from tests.unit.web.samples import PAGES, TEST, frame_of

_LOOK_SECONDS = 0.02
_START_SECONDS = 30


@dataclass
class Shown:
    """What the server shows at /now, the states that its run has told, and the forms that came in.

    `state` None: the stream of events ends. A test changes them; each event is sent once.
    """

    address: str = ""
    page: Page = PAGES["run"]
    frame: Frame = TEST
    state: dict[str, Any] | None = None
    is_there: bool = True
    loads: int = 0
    refused: int = 0
    forms: list[list[tuple[str, str]]] = field(default_factory=list)

    async def now(self, _request: web.Request) -> web.Response:
        """The page of this moment."""
        self.loads += 1
        return _html(render(self.page, self.frame))

    async def events(self, request: web.Request) -> web.StreamResponse:
        """The states, as they come."""
        if not self.is_there:
            self.refused += 1
            raise web.HTTPForbidden
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        sent = None
        while self.state is not None and self.is_there:
            if self.state != sent:
                sent = dict(self.state)
                await response.write(f"event: state\ndata: {json.dumps(sent)}\n\n".encode())
            await asyncio.sleep(_LOOK_SECONDS)
        return response

    async def posted(self, request: web.Request) -> web.Response:
        """Take a form, slowly enough for a second press of its button."""
        self.forms.append([(name, str(value)) for name, value in (await request.post()).items()])
        await asyncio.sleep(0.5)
        raise web.HTTPSeeOther("/now")


@contextmanager
def shown() -> Iterator[Shown]:
    """The server, on a port of its own, in a thread that ends with the block."""
    site, over, is_up = Shown(), threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_serve(site, is_up, over)))
    thread.start()
    try:
        assert is_up.wait(_START_SECONDS)
        yield site
    finally:
        over.set()
        thread.join()


async def _serve(site: Shown, is_up: threading.Event, over: threading.Event) -> None:
    app = web.Application()
    app.on_response_prepare.append(add_headers)
    app.router.add_get("/now", site.now)
    app.router.add_get("/samples/{name}", _sample)
    app.router.add_get("/static/style.css", _style)
    app.router.add_get("/static/{name:live.js|passkey.js}", _script)
    app.router.add_get("/batches/00/events", site.events)
    app.router.add_post("/{anywhere:.*}", site.posted)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0, handler_cancellation=True)
    await runner.setup()
    try:
        listener = web.TCPSite(runner, "127.0.0.1", 0)
        await listener.start()
        site.address = f"http://localhost:{runner.addresses[0][1]}"
        is_up.set()
        while not over.is_set():
            await asyncio.sleep(_LOOK_SECONDS)
    finally:
        site.state = None
        await runner.cleanup()


async def _sample(request: web.Request) -> web.Response:
    name = request.match_info["name"]
    return _html(render(PAGES[name], frame_of(name)))


async def _style(_request: web.Request) -> web.Response:
    return web.Response(body=stylesheet(), content_type="text/css", charset="utf-8")


async def _script(request: web.Request) -> web.Response:
    return web.Response(body=script(request.match_info["name"]), content_type="text/javascript", charset="utf-8")


def _html(text: str) -> web.Response:
    return web.Response(text=text, content_type="text/html", charset="utf-8")
