"""What a transport is, and what both of ours have in common: the headers of every request, what none may hold, and the
bound on an answer."""

import re
import socket
import ssl
import zlib
from base64 import b64encode
from collections.abc import Mapping
from typing import Literal, Protocol

import aiohttp

from batch_credits import __version__
from batch_credits.chargebee.answers import Answer
from batch_credits.chargebee.failures import AnswerTooLarge
from batch_credits.settings import RunSettings, SiteSettings

Method = Literal["GET", "POST"]
DNS_SECONDS = 300  # for which a site's address is remembered
_CONNECT_SECONDS = 30.0  # at most
_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32  # whichever its first bytes say that it is
_GIVES_UP: int | None = getattr(socket, "TCP_USER_TIMEOUT", None)  # Linux has it
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")  # what no header may hold


class Transport(Protocol):
    """One HTTP exchange. The seam where tests put a site of their own."""

    async def send(self, method: Method, path: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """Send one request, once, and read the whole answer, at most `max_answer_bytes` of it.

        Raises:
            TimeoutError: it took too long.
            AnswerTooLarge: there is more to read.
            AnsweredTwice: more came than one answer, so none of it may be this request's.
            ValueError: a header or the path has characters that would end it; nothing was sent.
            Exception: whatever else went wrong; `failures.failure_of` says what it proves. None is an answer.
        """


def headers_of_every_request(site: SiteSettings) -> dict[str, str]:
    """What each request has beside its own headers; the host is not among them."""
    login = b64encode(f"{site.api_key}:".encode()).decode()
    return {
        "Authorization": f"Basic {login}",
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": f"batch-credits/{__version__}",
    }


def refuse_what_ends_early(path: str, headers: Mapping[str, str]) -> None:
    """Raise what keeps a request from being more than one.

    Raises:
        ValueError: a header or the path has characters that would end it.
    """
    texts = "".join((*headers, *headers.values()))
    # Whatever is printable holds no control: to ask for that first takes half the time.
    if not path.isprintable() or " " in path or (not texts.isprintable() and _CONTROLS.search(texts)):
        raise ValueError("a path or a header would end before its end")


def connector_to(site: SiteSettings, settings: RunSettings, *, keeps: bool) -> aiohttp.TCPConnector:
    """Makes the connections of a run; `keeps` them for the next request, or not. The gate bounds the calls in flight.

    What this machine has taken of a request and cannot deliver it forgets after the time in which a request is on its
    way at most, also once this process has given up, or is dead: whoever takes over waits for no longer.
    """
    milliseconds = round(settings.timeout_seconds * 1000)

    def made(address: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, protocol, *_ = address
        one = socket.socket(family, kind, protocol)
        if _GIVES_UP is not None:
            one.setsockopt(socket.IPPROTO_TCP, _GIVES_UP, milliseconds)
        return one

    tls = verified_tls(site)
    return aiohttp.TCPConnector(limit=0, ssl=tls, ttl_dns_cache=DNS_SECONDS, force_close=not keeps, socket_factory=made)


def verified_tls(site: SiteSettings) -> ssl.SSLContext | bool:
    """How to connect: with a certificate that verifies, or without TLS where the site's address has none."""
    return ssl.create_default_context() if site.base_url.startswith("https") else False


def connect_seconds(settings: RunSettings) -> float:
    """How long a connection may take: a part of the whole call's time."""
    return min(_CONNECT_SECONDS, settings.timeout_seconds)


async def whole(content: aiohttp.StreamReader, headers: Mapping[str, str], max_bytes: int) -> bytes:
    """All of an answer's content, unpacked where it is packed though nobody asked for that.

    Raises:
        AnswerTooLarge: it is more than that; the rest was not read, nor unpacked.
        aiohttp.ClientPayloadError: it is packed, and not whole.
    """
    chunks: list[bytes] = []
    room = max_bytes + 1
    while not content.at_eof():
        chunks.append(await content.read(room))
        room -= len(chunks[-1])
        if room <= 0:
            raise AnswerTooLarge
    packed = b"".join(chunks)
    encoding = headers.get("content-encoding")
    return _unpacked(packed, max_bytes) if encoding and encoding.lower() in ("gzip", "deflate") else packed


def _unpacked(packed: bytes, max_bytes: int) -> bytes:
    """By hand, since how much aiohttp unpacks at most differs from version to version."""
    unpacking = zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        plain = unpacking.decompress(packed, max_bytes + 1)
    except zlib.error as error:
        raise aiohttp.ClientPayloadError("the answer cannot be unpacked") from error
    if len(plain) > max_bytes:
        raise AnswerTooLarge
    if not unpacking.eof or unpacking.unused_data:
        raise aiohttp.ClientPayloadError("the answer cannot be unpacked to its end")
    return plain
