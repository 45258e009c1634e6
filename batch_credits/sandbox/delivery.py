"""Puts an answer on the wire, whole or spoiled; what a caller sees of a fault is decided here and nowhere else."""

import asyncio
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from typing import Any

from aiohttp import web

from batch_credits.sandbox.errors import Answer
from batch_credits.sandbox.faults import Delivery
from batch_credits.sandbox.proxies import HTML_TYPE

BAD_GATEWAY = Answer(502, b"<html><body><h1>502 Bad Gateway</h1></body></html>\n", (HTML_TYPE,))
GATEWAY_TIMEOUT = Answer(504, b"<html><body><h1>504 Gateway Time-out</h1></body></html>\n", (HTML_TYPE,))


async def deliver(
    request: web.BaseRequest, answer: Answer, delivery: Delivery, hang: Callable[[], Awaitable[None]]
) -> web.StreamResponse | None:
    """The response that delivers the answer this way; None: close the connection without one. `hang` waits."""
    match delivery:
        case Delivery.WHOLE:
            return whole(answer)
        case Delivery.BAD_GATEWAY:
            return whole(BAD_GATEWAY)
        case Delivery.GARBLED:
            return whole(Answer(answer.status, b'{"customer":{"id":\x00' + answer.body[::-1], answer.headers))
        case Delivery.TRUNCATED:
            return _Cut(request, answer)
        case Delivery.SILENT:
            await hang()
            return whole(GATEWAY_TIMEOUT)
        case Delivery.CLOSED | Delivery.LATE:
            return None


def whole(answer: Answer) -> web.Response:
    """The answer as it is."""
    return web.Response(status=answer.status, body=answer.body, headers=answer.headers)


def close_without_answer(request: web.BaseRequest) -> web.Response:
    """Close the connection now; the response returned finds it closed and is dropped."""
    if request.transport is not None:
        request.transport.close()
    return web.Response()


class _Cut(web.StreamResponse):
    """Promises the whole body, sends half of it and closes the connection."""

    def __init__(self, request: web.BaseRequest, answer: Answer) -> None:
        super().__init__(status=answer.status, headers=answer.headers)
        self.content_length = len(answer.body)
        self._half = answer.body[: len(answer.body) // 2]
        self._connection = request.transport

    async def write_eof(self, data: bytes = b"") -> None:
        """Send what there is of the body."""
        try:
            await self.write(self._half)
        except ConnectionError:
            pass  # the caller has gone already: then all of it is cut
        if self._connection is not None:
            self._connection.close()


class Repeated(web.Response):
    """An answer that comes twice on a connection that stays open: at once, or `late_seconds` later.

    It goes straight to the connection, since no server library would send one answer twice; two at once go in one
    piece, so that whoever reads the first has the second too.
    """

    def __init__(self, request: web.BaseRequest, response: web.Response, late_seconds: float) -> None:
        super().__init__(status=response.status)
        self._connection = request.transport
        self._copy = _on_the_wire(response)
        self._late_seconds = late_seconds

    @property
    def keep_alive(self) -> bool:
        """Whether more may come on this connection: yes."""
        return True

    async def prepare(self, request: web.BaseRequest) -> None:
        """Nothing: there is nothing to send before the whole."""

    async def write_eof(self, data: Any = b"") -> None:
        """Send it, and have it sent again."""
        if not self._late_seconds:
            self._write(2 * self._copy)
            return
        self._write(self._copy)
        asyncio.get_running_loop().call_later(self._late_seconds, self._write, self._copy)

    def _write(self, text: bytes) -> None:
        if self._connection is not None and not self._connection.is_closing():
            self._connection.write(text)


def _on_the_wire(response: web.Response) -> bytes:
    body = response.body if isinstance(response.body, bytes) else b""
    headers = response.headers.copy()
    headers["Content-Length"] = str(len(body))
    headers.setdefault("Date", formatdate(usegmt=True))
    lines = [f"HTTP/1.1 {response.status} {response.reason}", *(f"{name}: {text}" for name, text in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body
