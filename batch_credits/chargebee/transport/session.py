"""By aiohttp's session, as it is documented: any version serves. Each request has a connection of its own.

A session does not show what else comes on a connection, so no answer can be told from one that came once too often for
the request before. On a connection where nothing was asked before, there is none before. Each request asks the peer to
close after its answer. Of one that says that it does, an answer with anything behind it is none. Of one that does not,
the first of two answers to a request is taken: what comes behind it is not seen here, where the direct way would.

aiohttp sends a question (no credit) a second time by itself if its connection broke; there was a slot for one, so
whatever would open a second connection for one request is stopped here.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import SimpleNamespace

import aiohttp
from yarl import URL

from batch_credits.chargebee.answers import Answer
from batch_credits.chargebee.transport.seam import (
    Method,
    connect_seconds,
    connector_to,
    headers_of_every_request,
    refuse_what_ends_early,
    whole,
)
from batch_credits.settings import RunSettings, SiteSettings


class SessionTransport:
    """Exchanges with one site. `session` must be that of `session_transport`: its connections are used once."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str, max_answer_bytes: int) -> None:
        self._session = session
        self._base_url = base_url
        self._max_answer_bytes = max_answer_bytes

    async def send(self, method: Method, path: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """As the seam says."""
        refuse_what_ends_early(path, headers)
        url = URL(self._base_url + path, encoded=True)
        connections = SimpleNamespace(count=0)
        async with self._session.request(
            method, url, headers=headers, data=body, allow_redirects=False, trace_request_ctx=connections
        ) as response:
            content = await whole(response.content, response.headers, self._max_answer_bytes)
            return Answer(response.status, response.headers, content)


async def _one_connection(_session: aiohttp.ClientSession, context: SimpleNamespace, _: object) -> None:
    """Let a request have its connection, and no other after it."""
    connections = context.trace_request_ctx
    connections.count += 1
    if connections.count > 1:
        raise aiohttp.ServerDisconnectedError  # as the first one was


@asynccontextmanager
async def session_transport(site: SiteSettings, settings: RunSettings) -> AsyncIterator[SessionTransport]:
    """The way to the site of a run, closed at the end."""
    trace = aiohttp.TraceConfig()
    trace.on_connection_create_start.append(_one_connection)
    async with aiohttp.ClientSession(
        connector=connector_to(site, settings, keeps=False),
        headers={**headers_of_every_request(site), "Connection": "close"},
        timeout=aiohttp.ClientTimeout(total=settings.timeout_seconds, sock_connect=connect_seconds(settings)),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
        trace_configs=[trace],
    ) as session:
        yield SessionTransport(session, site.base_url, settings.max_answer_bytes)
