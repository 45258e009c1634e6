"""Straight onto aiohttp's connections, which are kept: for runs without a limit, where nothing else holds them back.

Connections, name look-up, TLS and the parser are aiohttp's; its session is not used. A session builds some forty
objects for a request, which are two thirds of what a request costs, for things that are not wanted here. So a request
is written as the bytes that it is, at once, and its answer taken from aiohttp's parser. (`protocol` of a connection is
not in aiohttp's documentation, hence the versions in `choice.py`; every word of it is held by tests.)

On a connection that is used again, an answer that comes once too often passes for that of the next request, and a
refusal would be believed. So a refusal counts once its connection is quiet, which is not used again then; and a
question, whose answers name no question, gets a connection of its own. Credits are told apart by what is in them.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

from batch_credits.chargebee.answers import Answer
from batch_credits.chargebee.deadlines import Deadlines
from batch_credits.chargebee.failures import AnsweredTwice
from batch_credits.chargebee.transport.seam import (
    Method,
    connect_seconds,
    connector_to,
    headers_of_every_request,
    refuse_what_ends_early,
    whole,
)
from batch_credits.settings import RunSettings, SiteSettings

# How long nothing more may come after a refusal, before it is believed: as long as the slowest credit took until now,
# since the true answer may still be on its way. A site that is quick at all answers within the first, and a slow answer
# is seldom as slow as the second: it only bounds how long a refused row holds its place among the calls in flight.
QUIET_SECONDS = 0.5
LONGEST_QUIET_SECONDS = 5.0


class DirectTransport:
    """Exchanges with one site. Build it in a running event loop."""

    def __init__(
        self,
        connector: aiohttp.TCPConnector,
        one_each: aiohttp.TCPConnector,
        site: SiteSettings,
        settings: RunSettings,
    ) -> None:
        url = URL(site.base_url)
        self._loop = asyncio.get_running_loop()
        self._connector, self._one_each = connector, one_each
        self._to_site = aiohttp.ClientRequest("GET", url, loop=self._loop)  # says where to connect to
        self._connect_timeout = aiohttp.ClientTimeout(total=None, sock_connect=connect_seconds(settings))
        self._deadlines = Deadlines(settings.timeout_seconds)
        self._max_answer_bytes = settings.max_answer_bytes
        self._slowest_seconds = QUIET_SECONDS
        always = {"Host": url.host_port_subcomponent, **headers_of_every_request(site)}
        self._always = "".join([f"{name}: {value}\r\n" for name, value in always.items()])

    async def send(self, method: Method, path: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """As the seam says."""
        request = self._bytes_of(method, path, headers, body)
        call = asyncio.current_task(self._loop)
        assert call is not None
        begun = self._deadlines.begin(call)
        try:
            connection = await self._connect(self._connector if method == "POST" else self._one_each)
            try:
                protocol, transport = connection.protocol, connection.transport
                assert protocol is not None and transport is not None
                is_new = protocol._parser is None
                protocol.set_response_params(read_until_eof=True, auto_decompress=False)
                transport.write(request)
                message, content = await protocol.read()
                while message.code < 200 and message.code != 101:  # news of an answer that is still to come
                    message, content = await protocol.read()
                body_read = await whole(content, message.headers, self._max_answer_bytes)
                answer = Answer(message.code, message.headers, body_read)
                spoilt = protocol.exception()
                if len(protocol) or (spoilt is not None and isinstance(spoilt, HttpProcessingError)):
                    raise AnsweredTwice
                if 200 <= message.code < 300:
                    took = self._loop.time() - begun
                    if took > self._slowest_seconds:
                        self._slowest_seconds = took
                else:
                    protocol.force_close()
                    if not is_new:  # else nobody was answered there before, so the first answer is this request's
                        self._deadlines.end(call)  # it came in time
                        await _stays_quiet(transport, self._slowest_seconds, may_end=message.should_close)
            except BaseException:
                connection.close()
                raise
            connection.release()
            return answer
        except asyncio.CancelledError:
            if self._deadlines.ended(call):
                raise TimeoutError from None
            raise
        finally:
            self._deadlines.end(call)

    async def _connect(self, connector: aiohttp.TCPConnector) -> "aiohttp.connector.Connection":
        """A connection on which nothing waits: an answer that came unasked would pass for that of the next request."""
        while True:
            try:
                connection = await connector.connect(self._to_site, traces=[], timeout=self._connect_timeout)
            except TimeoutError as late:
                raise aiohttp.ConnectionTimeoutError("no connection in time") from late
            assert connection.protocol is not None
            if not len(connection.protocol):
                return connection
            connection.close()

    def _bytes_of(self, method: Method, path: str, headers: Mapping[str, str], body: bytes | None) -> bytes:
        refuse_what_ends_early(path, headers)
        own = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        length = "" if body is None else f"Content-Length: {len(body)}\r\n"
        return f"{method} {path} HTTP/1.1\r\n{self._always}{own}{length}\r\n".encode() + (body or b"")

    def close(self) -> None:
        """No call is under way any more."""
        self._deadlines.close()


async def _stays_quiet(transport: asyncio.Transport, seconds: float, *, may_end: bool) -> None:
    """Wait for so long, bounded, whether anything more comes on a connection, were it a single byte.

    Raises:
        AnsweredTwice: something came.
        aiohttp.ServerDisconnectedError: it ended unannounced, so what came may have been meant for the request before.
    """
    ear = _Ear()
    if not transport.is_closing():
        transport.set_protocol(ear)
        await asyncio.wait((ear.heard,), timeout=min(seconds, LONGEST_QUIET_SECONDS))
    if ear.heard.done() and ear.heard.result():
        raise AnsweredTwice
    if transport.is_closing() and not may_end:
        raise aiohttp.ServerDisconnectedError


class _Ear(asyncio.Protocol):
    """Hears whether anything comes, or the end: `heard` then has a result."""

    def __init__(self) -> None:
        self.heard: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        """Something came."""
        if not self.heard.done():
            self.heard.set_result(True)

    def connection_lost(self, error: Exception | None) -> None:
        """Nothing more can come."""
        if not self.heard.done():
            self.heard.set_result(False)


@asynccontextmanager
async def direct_transport(site: SiteSettings, settings: RunSettings) -> AsyncIterator[DirectTransport]:
    """The way to the site of a run, closed at the end."""
    connector, one_each = (connector_to(site, settings, keeps=keeps) for keeps in (True, False))
    async with connector, one_each:
        transport = DirectTransport(connector, one_each, site, settings)
        try:
            yield transport
        finally:
            transport.close()
