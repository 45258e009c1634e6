"""The translation of foreign errors is whole: every error that a call can end with says something about the money."""

import errno
import inspect
import socket
import ssl
from typing import Any
from unittest.mock import MagicMock

import aiohttp
import pytest
from aiohttp import client_exceptions
from aiohttp.client_reqrep import ConnectionKey

from batch_credits.chargebee.failures import AnsweredTwice, AnswerTooLarge, failure_of
from batch_credits.errors import SiteBlocked
from batch_credits.protocol import Blocked, NoAnswer, NotSent

FOREIGN = sorted(
    {
        item
        for module in (client_exceptions, aiohttp.http_exceptions, aiohttp.streams)
        for _name, item in inspect.getmembers(module, inspect.isclass)
        if issubclass(item, Exception)
    },
    key=lambda kind: kind.__qualname__,
)
KEY = ConnectionKey("acme.chargebee.com", 443, True, True, None, None, None)
# Failures before there was a connection. Whoever adds one here says: no byte of the request had left.
NOT_SENT = {
    aiohttp.ClientConnectorError,
    aiohttp.ClientConnectorDNSError,
    aiohttp.ClientProxyConnectionError,
    aiohttp.ClientSSLError,
    client_exceptions.UnixClientConnectorError,
    aiohttp.ConnectionTimeoutError,
}
BLOCKED = {aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorSSLError}


def made(kind: type[Exception]) -> Exception:
    """An error of this class, whatever its constructor wants."""
    reason = OSError(errno.ECONNREFUSED, "Connection refused")
    arguments: tuple[tuple[Any, ...], ...] = (
        (KEY, reason),
        ("/path", KEY, reason),
        (KEY, ssl.SSLCertVerificationError("self-signed")),
        (MagicMock(), ()),
        (b"", b"", "host", 443),
        ("what",),
        (),
        (404, "what"),
        (1, "what", b""),
    )
    for values in arguments:
        try:
            error = kind(*values)
            str(error)
            return error
        except Exception:
            continue
    raise AssertionError(f"no way to make a {kind.__qualname__}: add its arguments")


@pytest.mark.parametrize("kind", FOREIGN, ids=lambda kind: kind.__qualname__)
def test_every_error_of_the_client_is_translated(kind: type[Exception]) -> None:
    wanted = NotSent if kind in NOT_SENT else Blocked if kind in BLOCKED else NoAnswer
    found = failure_of(made(kind))
    assert type(found) is wanted
    if isinstance(found, Blocked):
        assert isinstance(found.error, SiteBlocked)
        assert found.error.hint
    else:
        assert found.reason


def test_the_list_of_errors_is_not_empty_by_accident() -> None:
    assert set(FOREIGN) >= NOT_SENT | BLOCKED
    assert len(FOREIGN) > 25


@pytest.mark.parametrize(
    "error",
    [
        TimeoutError(),
        aiohttp.SocketTimeoutError("read"),
        aiohttp.ServerTimeoutError("total"),
    ],
    ids=repr,
)
def test_no_answer_in_time_proves_nothing(error: Exception) -> None:
    assert failure_of(error) == NoAnswer("no answer in time")


@pytest.mark.parametrize(
    "error",
    [
        ConnectionResetError(errno.ECONNRESET, "reset"),
        BrokenPipeError(errno.EPIPE, "pipe"),
        ConnectionAbortedError(errno.ECONNABORTED, "aborted"),
        ConnectionRefusedError(errno.ECONNREFUSED, "refused"),  # bare: who knows when
        aiohttp.ServerDisconnectedError(),
        aiohttp.ClientOSError(errno.ECONNRESET, "reset"),
        aiohttp.ClientPayloadError("cut"),
    ],
    ids=repr,
)
def test_a_connection_that_broke_proves_nothing(error: Exception) -> None:
    assert failure_of(error) == NoAnswer("the connection broke before the answer was whole")


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EIO, "I/O error"),
        OSError(errno.EMFILE, "too many open files"),
        OSError(errno.ENETUNREACH, "unreachable"),
        socket.gaierror(socket.EAI_NONAME, "unknown"),
        ssl.SSLError("bad record mac"),
        ssl.SSLCertVerificationError("self-signed"),
        ssl.SSLEOFError("eof"),
        ssl.SSLZeroReturnError("closed"),
        ValueError("a bug"),
        AssertionError(),
        RuntimeError("Session is closed"),
        MemoryError(),
        RecursionError(),
    ],
    ids=repr,
)
def test_whatever_else_happens_proves_nothing(error: Exception) -> None:
    assert failure_of(error) == NoAnswer(f"the call failed: {type(error).__name__}")


def test_an_answer_without_end_proves_nothing() -> None:
    assert failure_of(AnswerTooLarge()) == NoAnswer("the answer was larger than any of Chargebee's")


def test_two_answers_prove_nothing() -> None:
    assert failure_of(AnsweredTwice()) == NoAnswer("more than one answer came for one request")


def test_a_refused_connection_says_why() -> None:
    refused = aiohttp.ClientConnectorError(KEY, OSError(errno.ECONNREFUSED, "Connection refused"))
    assert failure_of(refused) == NotSent("no connection with acme.chargebee.com:443: Connection refused")
    unnamed = aiohttp.ClientConnectorError(KEY, OSError("odd"))
    assert failure_of(unnamed) == NotSent("no connection with acme.chargebee.com:443: odd")


def test_a_certificate_that_does_not_verify_says_why() -> None:
    failed = aiohttp.ClientConnectorCertificateError(KEY, ssl.SSLCertVerificationError("self-signed"))
    found = failure_of(failed)
    assert isinstance(found, Blocked)
    assert found.error.message.startswith("The certificate of acme.chargebee.com does not verify: ")
