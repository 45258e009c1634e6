"""The HTTP transports against a server that misbehaves, byte by byte: what each proves, what neither ever does.

Both pass the same tests. Where one keeps its connections and the other does not, the test says so.
"""

import asyncio
import gzip
import socket
import ssl
import tracemalloc
import zlib
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest

from batch_credits import __version__
from batch_credits.chargebee.client import Chargebee, LookFailed
from batch_credits.chargebee.transport import choice
from batch_credits.chargebee.transport.choice import http_transport
from batch_credits.chargebee.transport.seam import Method, Transport
from batch_credits.errors import SiteBlocked
from batch_credits.model import CallKind, Money, OpenAttempt, PlannedCredit
from batch_credits.protocol import Blocked, Credited, NoAnswer, NotSent, Refused, Verdict
from batch_credits.settings import RunSettings, SiteSettings

CERTIFICATE = Path(__file__).parent / "data" / "self_signed.pem"
KEY = "test_secret-key"
SETTINGS = RunSettings(timeout_seconds=5.0)
BODY = b"customer_id=c-1&amount=100"
CREDIT = PlannedCredit(1, "c-1", "q3", Money(100, None, "USD"), "general", BODY, open_attempts=1)
ATTEMPT = OpenAttempt(CREDIT, "bc-key")
OK = orjson.dumps(
    {
        "promotional_credit": {
            "id": "cr-1",
            "customer_id": "c-1",
            "type": "increment",
            "amount": 100,
            "currency_code": "USD",
            "reference": "q3",
        }
    }
)


@pytest.fixture(autouse=True, params=["session", "direct"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each test is one of both transports."""
    way: str = request.param
    if way == "direct" and choice._version() not in choice.TESTED_VERSIONS:
        pytest.skip("no run has it with this aiohttp")
    monkeypatch.setattr(choice, "is_direct", lambda settings: way == "direct")
    return way


def answer(status: str = "200 OK", body: bytes = OK, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Server:
    """A listener that reads whole requests, and does with each connection what the test says."""

    def __init__(self, *behaviours: Callable[["Server", asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]):
        self._behaviours = list(behaviours)
        self.requests: list[bytes] = []
        self.connections = 0
        self.port = 0

    async def read(self, reader: asyncio.StreamReader) -> bytes:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            (int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
        )
        whole = head + await reader.readexactly(length)
        self.requests.append(whole)
        return whole

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behaviour = self._behaviours[min(self.connections, len(self._behaviours) - 1)]
        self.connections += 1
        try:
            await behaviour(self, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    @asynccontextmanager
    async def running(self, tls: bool = False) -> AsyncIterator["Server"]:
        context = None
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATE)
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=context)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            await server.wait_closed()


def says(*pieces: bytes, pause: float = 0.0) -> Any:
    """Reads a request, writes these pieces, and closes."""

    async def behave(server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await server.read(reader)
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)

    return behave


def keeps_saying(*answers: bytes) -> Any:
    """Answers one request after another on the same connection, then closes it."""

    async def behave(server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for one in answers:
            await server.read(reader)
            writer.write(one)
            await writer.drain()

    return behave


async def closes_at_once(server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def resets_after_reading(server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await server.read(reader)
    writer.transport.abort()


async def never_answers(server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await server.read(reader)
    await reader.read()


class Open:
    """A gate that is always open, and remembers how long it was told to close."""

    inside = 0

    def __init__(self) -> None:
        self.pauses: list[float] = []
        self.throttles: list[float] = []

    async def enter(self, method: Method) -> None:
        self.inside += 1

    def leave(self, method: Method) -> None:
        self.inside -= 1

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def throttled(self, seconds: float) -> None:
        self.throttles.append(seconds)


Caller = Callable[[Chargebee, Transport], Awaitable[Any]]


def call(server: Server, work: Caller, *, tls: bool = False, settings: RunSettings = SETTINGS) -> Any:
    """What `work` returns, from a client of this server."""

    async def main() -> Any:
        async with server.running(tls) as running:
            scheme = "https" if tls else "http"
            site = SiteSettings("acme-test", f"{scheme}://127.0.0.1:{running.port}", KEY)
            async with http_transport(site, settings) as transport:
                gate = Open()
                try:
                    return await work(Chargebee(transport, gate, settings), transport)
                finally:
                    assert gate.inside == 0

    return asyncio.run(asyncio.wait_for(main(), 20))


async def add(chargebee: Chargebee, transport: Transport) -> Verdict:
    return await chargebee.send_credit(ATTEMPT)


async def ask(chargebee: Chargebee, transport: Transport) -> bool:
    return await chargebee.lists_anything()


# -- What leaves --------------------------------------------------------------------------------------------


def test_a_call_is_these_bytes_and_nothing_else(way: str) -> None:
    server = Server(says(answer()))
    assert call(server, add) == Credited("cr-1", None, 200)
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    first, *headers = head.decode().split("\r\n")
    assert first == "POST /api/v2/promotional_credits/add HTTP/1.1"
    expected = [
        f"Host: 127.0.0.1:{server.port}",
        f"Authorization: Basic {b64encode(f'{KEY}:'.encode()).decode()}",
        "Accept: application/json",
        "Accept-Encoding: identity",
        f"User-Agent: batch-credits/{__version__}",
        "Content-Type: application/x-www-form-urlencoded",
        "chargebee-idempotency-key: bc-key",
        f"Content-Length: {len(CREDIT.body)}",
    ]
    assert sorted(headers) == sorted([*expected, *(["Connection: close"] if way == "session" else [])])
    assert body == CREDIT.body


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="only Linux has it")
def test_what_is_not_delivered_is_forgotten_after_the_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the kernel would deliver it when the network is back, though the process that sent it is dead."""
    said: list[tuple[Any, ...]] = []

    class Watched(socket.socket):
        def setsockopt(self, *given: Any) -> None:
            said.append(given)
            super().setsockopt(*given)

    monkeypatch.setattr(socket, "socket", Watched)
    assert isinstance(call(Server(keeps_saying(answer())), add), Credited)
    assert (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SETTINGS.timeout_seconds * 1000) in said


def test_a_question_has_no_body() -> None:
    server = Server(says(answer(body=b'{"list": []}')))
    call(server, ask)
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert body == b"" and b"content-" not in head.lower()


def test_silence_and_business_entity_are_headers() -> None:
    server = Server(says(answer()), says(answer(body=b'{"list": []}')))
    settings = replace(SETTINGS, silence=("email", "webhook"), business_entity_id="be-1")

    async def both(chargebee: Chargebee, transport: Transport) -> None:
        await chargebee.send_credit(ATTEMPT)
        await chargebee.lists_anything()

    call(server, both, settings=settings)
    post, get = (request.lower().split(b"\r\n") for request in server.requests)
    for header in (b"chargebee-event-email: all-disabled", b"chargebee-event-webhook: all-disabled"):
        assert header in post
        assert header not in get
    assert b"chargebee-business-entity-id: be-1" in post
    assert b"chargebee-business-entity-id: be-1" in get


@pytest.mark.parametrize("entity", ["be-1\u200b", "be\u00a01", "b\u00e9"])
def test_a_header_that_is_only_odd_is_sent_so_that_the_site_can_refuse_it(entity: str) -> None:
    """As pasted from a web page. Doubt about what was never sent could not be settled: a look has that header too."""
    server = Server(says(answer()))
    assert call(server, add, settings=replace(SETTINGS, business_entity_id=entity)) == Credited("cr-1", None, 200)
    assert f"\r\nchargebee-business-entity-id: {entity}\r\n".encode() in server.requests[0]


@pytest.mark.parametrize("entity", ["be-1\r\nX-More: 1", "be\n1", "be\x001", "be-1\r\n\r\nGET / HTTP/1.1"])
def test_a_header_that_would_end_before_its_end_is_not_sent(entity: str) -> None:
    server = Server(says(answer()))
    assert not isinstance(call(server, add, settings=replace(SETTINGS, business_entity_id=entity)), Credited)
    assert server.connections == 0


def test_a_path_that_would_end_before_its_end_is_not_sent() -> None:
    async def ask_wrongly(chargebee: Chargebee, transport: Transport) -> None:
        for path in ("/a b", "/a\r\n", "/a\n"):
            with pytest.raises(ValueError, match="path"):
                await transport.send("GET", path, {}, None)

    server = Server(says(answer()))
    call(server, ask_wrongly)
    assert server.connections == 0


def test_a_customer_id_is_escaped_in_path_and_query() -> None:
    server = Server(keeps_saying(answer("404 Not Found", b'{"api_error_code": "resource_not_found"}')), says())

    async def deleted(chargebee: Chargebee, transport: Transport) -> bool:
        return await chargebee.is_deleted("a/../b?c#d e%2F\u00fc&")

    assert call(server, deleted) is False
    assert server.requests[0].startswith(b"GET /api/v2/customers/a%2F..%2Fb%3Fc%23d%20e%252F%C3%BC%26 HTTP/1.1")

    server = Server(says(answer(body=b'{"list": []}')))

    async def listed(chargebee: Chargebee, transport: Transport) -> Any:
        return await chargebee.credits_of("a&limit=1+ \u00fc", CallKind.ADD)

    assert call(server, listed) == []
    assert b"&customer_id%5Bis%5D=a%26limit%3D1%2B+%C3%BC&" in server.requests[0]


def test_the_environments_proxy_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert isinstance(call(Server(says(answer())), add), Credited)


def test_cookies_are_not_kept() -> None:
    server = Server(keeps_saying(*[answer("200 OK", OK, "Set-Cookie: session=1; Path=/")] * 2))

    async def twice(chargebee: Chargebee, transport: Transport) -> None:
        await chargebee.send_credit(ATTEMPT)
        await chargebee.send_credit(ATTEMPT)

    call(server, twice)
    assert len(server.requests) == 2
    assert b"cookie" not in server.requests[1].lower()


def test_a_connection_is_used_again_or_never(way: str) -> None:
    server = Server(keeps_saying(answer(), answer(), answer()))

    async def thrice(chargebee: Chargebee, transport: Transport) -> list[Verdict]:
        return [await chargebee.send_credit(ATTEMPT) for _ in range(3)]

    assert call(server, thrice) == [Credited("cr-1", None, 200)] * 3
    assert server.connections == (1 if way == "direct" else 3)


# -- What comes back ----------------------------------------------------------------------------------------


def test_a_refused_connection_sent_nothing() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        site = SiteSettings("acme-test", f"http://127.0.0.1:{taken.getsockname()[1]}", KEY)

        async def main() -> Verdict:
            async with http_transport(site, SETTINGS) as transport:
                return await Chargebee(transport, Open(), SETTINGS).send_credit(ATTEMPT)

        found = asyncio.run(main())
    assert isinstance(found, NotSent)
    assert "no connection" in found.reason


def test_a_name_that_does_not_resolve_sent_nothing() -> None:
    async def main() -> Verdict:
        site = SiteSettings("acme-test", "http://no-such-host.invalid", KEY)
        async with http_transport(site, SETTINGS) as transport:
            return await Chargebee(transport, Open(), SETTINGS).send_credit(ATTEMPT)

    assert asyncio.run(main()) == NotSent("the name no-such-host.invalid cannot be resolved")


WHOLE = answer()
CUTS = [0, 1, 8, 12, 17, 30, WHOLE.index(b"\r\n\r\n") + 4, len(WHOLE) - 20, len(WHOLE) - 1]


@pytest.mark.parametrize("cut", CUTS)
def test_an_answer_that_breaks_off_proves_nothing(cut: int) -> None:
    server = Server(says(WHOLE[:cut]))
    assert isinstance(call(server, add), NoAnswer)
    assert len(server.requests) == 1


@pytest.mark.parametrize("behaviour", [closes_at_once, resets_after_reading])
def test_a_server_that_goes_away_proves_nothing(behaviour: Any) -> None:
    server = Server(behaviour)
    assert isinstance(call(server, add), NoAnswer)
    assert server.connections == 1


def test_a_server_that_never_answers_proves_nothing() -> None:
    server = Server(never_answers)
    assert call(server, add, settings=replace(SETTINGS, timeout_seconds=0.2)) == NoAnswer("no answer in time")
    assert len(server.requests) == 1


def test_an_answer_that_trickles_in_ends_at_the_time_out() -> None:
    server = Server(says(*[bytes([byte]) for byte in WHOLE], pause=0.05))
    found = call(server, add, settings=replace(SETTINGS, timeout_seconds=0.3))
    assert found == NoAnswer("no answer in time")


@pytest.mark.parametrize(
    "garbage",
    [
        b"\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 99999 OK\r\n\r\n",
        b"HTTP/9.9\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n" + OK,
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 500\r\n\r\n" + OK,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" + OK,
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01" + b"\x00" * 50,
    ],
    ids=lambda garbage: repr(garbage[:24]),
)
def test_garbage_proves_nothing(garbage: bytes) -> None:
    assert isinstance(call(Server(says(garbage)), add), NoAnswer)


def test_news_of_an_answer_is_not_the_answer() -> None:
    server = Server(says(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", answer()))
    assert call(server, add) == Credited("cr-1", None, 200)


def test_an_answer_in_chunks_is_read_whole() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunks = [b"%x\r\n%b\r\n" % (len(part), part) for part in (OK[:7], OK[7:40], OK[40:])]
    server = Server(says(head, *chunks, b"0\r\n\r\n", pause=0.01))
    assert call(server, add) == Credited("cr-1", None, 200)
    assert isinstance(call(Server(says(head, *chunks)), add), NoAnswer)


def test_an_answer_without_a_length_ends_with_the_connection() -> None:
    """Whether it is whole, the JSON says."""
    head = b"HTTP/1.1 200 OK\r\n\r\n"
    assert isinstance(call(Server(says(head + OK)), add), Credited)
    assert isinstance(call(Server(says(head + OK[:-1])), add), NoAnswer)


def test_a_refusal_arrives_whole() -> None:
    body = b'{"api_error_code": "param_wrong_value", "message": "no", "type": "invalid_request", "param": "amount"}'
    server = Server(says(answer("400 Bad Request", body, "Chargebee-Idempotency-Replayed: true")))
    assert call(server, add) == Refused("param_wrong_value", "no", 400, "amount", replayed=True)


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_a_redirect_is_not_followed_and_the_key_goes_nowhere_else(status: str) -> None:
    async def main() -> tuple[Verdict, int]:
        elsewhere = Server(says(answer()))
        async with elsewhere.running():
            location = f"Location: http://localhost:{elsewhere.port}/api/v2/promotional_credits/add"
            server = Server(says(answer(status, b"", location)))
            async with server.running():
                site = SiteSettings("acme-test", f"http://127.0.0.1:{server.port}", KEY)
                async with http_transport(site, SETTINGS) as transport:
                    chargebee = Chargebee(transport, Open(), SETTINGS)
                    found = await chargebee.send_credit(ATTEMPT)
                    with pytest.raises(SiteBlocked, match="redirect"):
                        await chargebee.lists_anything()
                    return found, elsewhere.connections

    found, connections = asyncio.run(main())
    assert isinstance(found, Blocked)
    assert "redirect" in found.error.message
    assert connections == 0


# -- Bounds -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [4096, 4097, 1_000_000])
@pytest.mark.parametrize("has_length", [True, False])
def test_an_answer_beyond_the_bound_is_not_read(size: int, has_length: bool) -> None:
    body = OK + b" " * (size - len(OK))
    whole = answer(body=body) if has_length else b"HTTP/1.1 200 OK\r\n\r\n" + body
    found = call(Server(says(whole)), add, settings=replace(SETTINGS, max_answer_bytes=4096))
    assert isinstance(found, Credited if size <= 4096 else NoAnswer)


@cache
def bomb() -> bytes:
    """A hundred million zeros, packed. It takes half a second to make."""
    return gzip.compress(b"\0" * 100_000_000)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
def test_an_answer_that_was_not_asked_to_be_packed_takes_no_memory(encoding: str) -> None:
    server = Server(says(answer("200 OK", bomb(), f"Content-Encoding: {encoding}")))
    tracemalloc.start()
    try:
        found = call(server, add)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert isinstance(found, NoAnswer)
    assert peak < 20_000_000


@pytest.mark.parametrize(
    ("encoding", "pack"), [("gzip", gzip.compress), ("GZIP", gzip.compress), ("deflate", zlib.compress)]
)
def test_an_answer_that_was_packed_unasked_is_read_if_it_is_whole(
    encoding: str, pack: Callable[[bytes], bytes]
) -> None:
    packed, header = pack(OK), f"Content-Encoding: {encoding}"
    assert call(Server(says(answer("200 OK", packed, header))), add) == Credited("cr-1", None, 200)
    for broken in (packed[:-1], packed[:-12], packed + b"!", packed + packed, OK, b""):
        found = call(Server(says(answer("200 OK", broken, header))), add)
        assert found == NoAnswer("the connection broke before the answer was whole")


@pytest.mark.parametrize("size", [4096, 4097, 1_000_000])
def test_a_packed_answer_beyond_the_bound_is_not_unpacked(size: int) -> None:
    packed = gzip.compress(OK + b" " * (size - len(OK)))
    server = Server(says(answer("200 OK", packed, "Content-Encoding: gzip")))
    found = call(server, add, settings=replace(SETTINGS, max_answer_bytes=4096))
    assert isinstance(found, Credited if size <= 4096 else NoAnswer)


def test_we_ask_for_unpacked_answers() -> None:
    server = Server(says(answer()))
    call(server, add)
    assert b"\r\naccept-encoding: identity\r\n" in server.requests[0].lower()


# -- TLS ----------------------------------------------------------------------------------------------------


def test_a_certificate_that_nobody_signed_stops_the_run() -> None:
    server = Server(says(answer()))
    found = call(server, add, tls=True)
    assert isinstance(found, Blocked)
    assert "does not verify" in found.error.message
    assert server.requests == []
    with pytest.raises(SiteBlocked, match="certificate"):
        call(Server(says(answer())), ask, tls=True)


def test_over_tls_a_call_is_the_same(monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    def trusting() -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.load_verify_locations(CERTIFICATE)
        return context

    monkeypatch.setattr(ssl, "create_default_context", trusting)
    credited, none = keeps_saying(answer(), answer()), says(answer(body=b'{"list": []}'))
    server = Server(*([credited, none] if way == "direct" else [credited, credited, none]))

    async def thrice(chargebee: Chargebee, transport: Transport) -> list[Verdict]:
        found = [await chargebee.send_credit(ATTEMPT) for _ in range(2)]
        assert not await chargebee.lists_anything()
        return found

    assert call(server, thrice, tls=True) == [Credited("cr-1", None, 200)] * 2
    assert server.connections == (2 if way == "direct" else 3)


def test_a_server_that_speaks_no_tls_gets_nothing() -> None:
    async def main() -> Verdict:
        async def hears(server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            server.requests.append(await reader.read(4096))
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        async with Server(hears).running() as server:
            site = SiteSettings("acme-test", f"https://127.0.0.1:{server.port}", KEY)
            async with http_transport(site, SETTINGS) as transport:
                found = await Chargebee(transport, Open(), SETTINGS).send_credit(ATTEMPT)
            assert b"c-1" not in b"".join(server.requests)
            return found

    assert isinstance(asyncio.run(main()), Blocked)


# -- Never twice --------------------------------------------------------------------------------------------


async def goes_stale(server: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await server.read(reader)
    writer.write(answer())
    await server.read(reader)
    writer.transport.abort()


def test_a_post_on_a_connection_that_went_stale_is_sent_once(way: str) -> None:
    server = Server(goes_stale, says(answer()))

    async def twice(chargebee: Chargebee, transport: Transport) -> list[Verdict]:
        return [await chargebee.send_credit(ATTEMPT) for _ in range(2)]

    first, second = call(server, twice)
    assert isinstance(first, Credited)
    assert isinstance(second, NoAnswer if way == "direct" else Credited)
    assert len(server.requests) == 2
    assert server.connections == (1 if way == "direct" else 2)


@pytest.mark.parametrize("work", ["add", "ask"])
@pytest.mark.parametrize("behaviour", [closes_at_once, resets_after_reading], ids=lambda behaves: behaves.__name__)
def test_nothing_is_sent_again_by_itself_where_the_connection_broke(behaviour: Any, work: str) -> None:
    """A second request would have no slot of the site's limit. (aiohttp's session repeats a question by itself.)"""
    server = Server(behaviour, says(answer(body=b'{"list": []}')))
    if work == "add":
        assert isinstance(call(server, add), NoAnswer)
    else:
        with pytest.raises(LookFailed, match="the connection broke before the answer was whole"):
            call(server, ask)
    assert server.connections == 1


def test_a_question_never_goes_where_something_was_answered_before(way: str) -> None:
    """An answer names no question: an empty list meant for another customer would say that nothing is there."""
    credits = keeps_saying(answer(), answer())
    server = Server(credits, says(page("a")), says(page()), *([] if way == "direct" else [credits]))

    async def each(chargebee: Chargebee, transport: Transport) -> list[Any]:
        found: list[Any] = [await chargebee.send_credit(ATTEMPT)]
        found += [await look(chargebee, transport) for _ in range(2)]
        return [*found, await chargebee.send_credit(ATTEMPT)]

    credited = Credited("cr-1", None, 200)
    assert call(server, each) == [credited, ["a"], [], credited]
    assert server.connections == (3 if way == "direct" else 4)


@pytest.mark.parametrize("status", ["401 Unauthorized", "407 Proxy", "408 Timeout", "425 Early", "503 Unavailable"])
def test_no_status_makes_the_client_send_again(status: str) -> None:
    server = Server(keeps_saying(answer(status, b"", "Retry-After: 0", 'WWW-Authenticate: Basic realm="x"')))
    call(server, add)
    assert len(server.requests) == 1


# -- Looks --------------------------------------------------------------------------------------------------


def page(*ids: str, next_offset: str | None = None) -> bytes:
    entries = [
        {
            "promotional_credit": {
                "id": name,
                "customer_id": "c-1",
                "type": "increment",
                "amount": 100,
                "currency_code": "USD",
                "reference": "q3",
            }
        }
        for name in ids
    ]
    return answer(body=orjson.dumps({"list": entries, **({"next_offset": next_offset} if next_offset else {})}))


async def look(chargebee: Chargebee, transport: Transport) -> list[str]:
    return [credit.credit_id for credit in await chargebee.credits_of("c-1", CallKind.ADD)]


def test_a_look_reads_every_page() -> None:
    server = Server(says(page("a", "b", next_offset='["1"]')), says(page(next_offset='["2"]')), says(page("c")))
    assert call(server, look) == ["a", "b", "c"]
    assert b"offset=%5B%222%22%5D" in server.requests[2]


@pytest.mark.parametrize(
    "second",
    [
        page("b", next_offset="1"),
        page("b")[:-10],
        answer("500 Error", b""),
        answer("429 Wait", b'{"api_error_code": "api_request_limit_exceeded", "message": "wait"}'),
        answer(body=b"<html>"),
    ],
    ids=lambda raw: repr(raw[:40]),
)
def test_a_look_with_a_page_missing_says_nothing(second: bytes) -> None:
    with pytest.raises(LookFailed):
        call(Server(says(page("a", next_offset="1")), says(second)), look)


def test_a_look_at_a_list_that_circles_ends_where_it_began() -> None:
    circle = [page(name, next_offset=offset) for name, offset in (("a", "1"), ("b", "2"), ("c", "3"), ("b", "1"))]
    server = Server(*map(says, circle))
    with pytest.raises(LookFailed, match="repeats itself"):
        call(server, look)
    assert len(server.requests) == 4


def test_a_look_at_a_list_that_only_goes_on_ends() -> None:
    server = Server(*[says(page("a", next_offset=str(number))) for number in range(200)])
    with pytest.raises(LookFailed, match="does not end"):
        call(server, look)
    assert len(server.requests) < 100


def test_a_look_at_a_server_that_is_away_says_nothing() -> None:
    with pytest.raises(LookFailed):
        call(Server(closes_at_once), look)


@pytest.mark.parametrize(
    ("told", "pause"), [("", 1.0), ("Retry-After: 7\r\n", 7.0), ("Retry-After: 999999\r\n", 300.0)]
)
def test_a_question_over_the_limit_slows_everybody_down(told: str, pause: float) -> None:
    assert pauses_after(told, "api_request_limit_exceeded") == ([], [pause], 1)


@pytest.mark.parametrize("code", ["lock_timeout", "third_party_api_request_limit_exceeded", ""])
def test_a_question_refused_for_other_reasons_only_holds_everybody_back(code: str) -> None:
    assert pauses_after("Retry-After: 7\r\n", code) == ([7.0], [], 1)


def pauses_after(told: str, code: str) -> tuple[list[float], list[float], int]:
    """How long the gate was told to close, and to close and give less, by a question that got this 429."""
    refusal = b'{"api_error_code": "%s", "message": "wait"}' % code.encode()
    head = f"HTTP/1.1 429 Wait\r\n{told}Content-Length: {len(refusal)}\r\nConnection: close\r\n\r\n"

    async def asked(chargebee: Chargebee, transport: Transport) -> Any:
        with pytest.raises(LookFailed):
            await chargebee.lists_anything()
        gate = chargebee._gate
        return gate.pauses, gate.throttles, chargebee.throttled  # type: ignore[attr-defined]

    return call(Server(says(head.encode() + refusal)), asked)
