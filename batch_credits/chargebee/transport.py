"""HTTP as this program speaks it: keep-alive, verified TLS, bounded in time and size; no redirect, proxy or cookie.

Connections, name look-up, TLS and the parser are aiohttp's; its session is not used. A session builds some forty
objects for a request, which are two thirds of what a request costs, for things that are not wanted here. So a request
is written as the bytes that it is, at once, and its answer taken from aiohttp's parser. (`protocol` of a connection is
not in aiohttp's documentation. Hence the upper bound in pyproject.toml; every word of it is held by tests.)
"""

import asyncio
import re
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Literal, Protocol

import aiohttp
from yarl import URL

from batch_credits import __version__
from batch_credits.chargebee.answers import Answer
from batch_credits.chargebee.deadlines import Deadlines
from batch_credits.chargebee.failures import AnswerTooLarge
from batch_credits.settings import RunSettings, SiteSettings

Method = Literal["GET", "POST"]
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")  # what no header may hold


class Transport(Protocol):
    """One HTTP exchange. The seam where tests put a site of their own."""

    async def send(self, method: Method, path: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """Send one request and read the whole answer; any exception means that there is none."""


class HttpTransport:
    """Exchanges with one site. Build it in a running event loop."""

    def __init__(self, connector: aiohttp.TCPConnector, site: SiteSettings, settings: RunSettings) -> None:
        url = URL(site.base_url)
        login = b64encode(f"{site.api_key}:".encode()).decode()
        self._connector = connector
        self._to_site = aiohttp.ClientRequest("GET", url, loop=asyncio.get_running_loop())  # says where to connect to
        self._connect_timeout = aiohttp.ClientTimeout(total=None, sock_connect=min(30.0, settings.timeout_seconds))
        self._deadlines = Deadlines(settings.timeout_seconds)
        self._max_answer_bytes = settings.max_answer_bytes
        self._always = (
            f"Host: {url.host_port_subcomponent}\r\n"
            f"Authorization: Basic {login}\r\n"
            "Accept: application/json\r\n"
            "Accept-Encoding: identity\r\n"
            f"User-Agent: batch-credits/{__version__}\r\n"
        )

    async def send(self, method: Method, path: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """Send one request and read the whole answer, at most `max_answer_bytes` of it.

        Raises:
            TimeoutError: it took too long.
            AnswerTooLarge: there is more to read.
            ValueError: a header or the path has characters that would end it; nothing was sent.
            aiohttp.ClientError, aiohttp.http_exceptions.HttpProcessingError, OSError: whatever else went wrong.
        """
        request = self._bytes_of(method, path, headers, body)
        call = asyncio.current_task()
        assert call is not None
        self._deadlines.begin(call)
        try:
            try:
                return await self._exchange(request)
            except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as broken:
                if method == "POST" or isinstance(broken, aiohttp.ClientConnectorError):
                    raise
                return await self._exchange(request)  # its connection went stale; a question may be asked twice
        except asyncio.CancelledError:
            if self._deadlines.ended(call):
                raise TimeoutError from None
            raise
        finally:
            self._deadlines.end(call)

    async def _exchange(self, request: bytes) -> Answer:
        connection = await self._connect()
        try:
            protocol, transport = connection.protocol, connection.transport
            assert protocol is not None and transport is not None
            protocol.set_response_params(read_until_eof=True)
            transport.write(request)
            message, content = await protocol.read()
            while message.code < 200 and message.code != 101:  # news of an answer that is still to come
                message, content = await protocol.read()
            answer = Answer(message.code, message.headers, await self._whole(content))
        except BaseException:
            connection.close()
            raise
        connection.release()
        return answer

    async def _connect(self) -> aiohttp.connector.Connection:
        """A connection on which nothing waits: an answer that came unasked would pass for that of the next request."""
        while True:
            try:
                connection = await self._connector.connect(self._to_site, traces=[], timeout=self._connect_timeout)
            except TimeoutError as late:
                raise aiohttp.ConnectionTimeoutError("no connection in time") from late
            assert connection.protocol is not None
            if not len(connection.protocol):
                return connection
            connection.close()

    async def _whole(self, content: aiohttp.StreamReader) -> bytes:
        chunks: list[bytes] = []
        room = self._max_answer_bytes + 1
        while not content.at_eof():
            chunks.append(await content.read(room))
            room -= len(chunks[-1])
            if room <= 0:
                raise AnswerTooLarge
        return b"".join(chunks)

    def _bytes_of(self, method: Method, path: str, headers: Mapping[str, str], body: bytes | None) -> bytes:
        if not path.isprintable() or " " in path or _CONTROLS.search("".join((*headers, *headers.values()))):
            raise ValueError("a path or a header would end before its end")
        own = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        length = "" if body is None else f"Content-Length: {len(body)}\r\n"
        return f"{method} {path} HTTP/1.1\r\n{self._always}{own}{length}\r\n".encode() + (body or b"")

    def close(self) -> None:
        """No call is under way any more."""
        self._deadlines.close()


@asynccontextmanager
async def http_transport(site: SiteSettings, settings: RunSettings) -> AsyncIterator[HttpTransport]:
    """The one way to the site of a run, closed at the end."""
    connector = aiohttp.TCPConnector(
        limit=0,  # the gate bounds the calls in flight
        ssl=ssl.create_default_context() if site.base_url.startswith("https") else False,
        ttl_dns_cache=300,
    )
    async with connector:
        transport = HttpTransport(connector, site, settings)
        try:
            yield transport
        finally:
            transport.close()
