"""Answers that go straight to the connection."""

import asyncio
from typing import Any, cast

import pytest
from aiohttp import web

from batch_credits.sandbox.delivery import Repeated


class Connection:
    """What a transport is to an answer."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.closing = False

    def is_closing(self) -> bool:
        return self.closing

    def write(self, text: bytes) -> None:
        self.written.append(text)


class Request:
    def __init__(self, connection: Connection | None) -> None:
        self.transport = connection


def send(connection: Connection | None, late_seconds: float, *, closes: bool = False) -> None:
    async def run() -> None:
        answer = web.Response(status=404, body=b"{}", headers={"Date": "today", "Content-Type": "text/plain"})
        await Repeated(cast(Any, Request(connection)), answer, late_seconds).write_eof()
        if connection is not None:
            connection.closing = closes
        await asyncio.sleep(3 * late_seconds)

    asyncio.run(run())


ANSWER = b"HTTP/1.1 404 Not Found\r\nDate: today\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}"


@pytest.mark.parametrize(
    ("late_seconds", "closes", "pieces"),
    [(0.0, False, [ANSWER + ANSWER]), (0.01, False, [ANSWER, ANSWER]), (0.01, True, [ANSWER])],
    ids=["at once, in one piece", "late", "late, and the caller has gone"],
)
def test_what_is_written(late_seconds: float, closes: bool, pieces: list[bytes]) -> None:
    connection = Connection()
    send(connection, late_seconds, closes=closes)

    assert connection.written == pieces


def test_a_connection_that_is_gone_gets_nothing() -> None:
    send(None, 0.0)
