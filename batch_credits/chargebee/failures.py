"""Foreign errors, translated in one place to what they say about the money.

The question is always: may a byte of the request have left? Only where aiohttp failed before it had a
connection is the answer no.
"""

import asyncio
import errno
import os
import ssl

import aiohttp

from batch_credits.errors import SiteBlocked
from batch_credits.protocol import Blocked, NoAnswer, NotSent


def failure_of(error: BaseException) -> NotSent | Blocked | NoAnswer:
    """What this failure of a call proves. The most specific class wins, so the order is the meaning."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return Blocked(_no_tls(f"The certificate of {error.host} does not verify", error.certificate_error), True)
        case aiohttp.ClientConnectorSSLError():
            return Blocked(_no_tls(f"{error.host} does not speak TLS as it should", error.os_error), True)
        case aiohttp.ClientConnectorDNSError():
            return NotSent(f"the name {error.host} cannot be resolved")
        case aiohttp.ClientConnectorError():
            return NotSent(f"no connection with {error.host}:{error.port}: {_sentence(error.os_error)}")
        case aiohttp.ConnectionTimeoutError():
            return NotSent("no connection in time")
        case aiohttp.ServerTimeoutError() | asyncio.TimeoutError():
            return NoAnswer("no answer in time")
        case aiohttp.ClientConnectionError() | aiohttp.ClientPayloadError() | ConnectionError():
            return NoAnswer("the connection broke before the answer was whole")
        case AnswerTooLarge():
            return NoAnswer("the answer was larger than any of Chargebee's")
        case AnsweredTwice():
            return NoAnswer("more than one answer came for one request")
        case _:
            return NoAnswer(f"the call failed: {type(error).__name__}")


class AnswerTooLarge(Exception):
    """The answer exceeded the bound on its size."""


class AnsweredTwice(Exception):
    """More came on the connection than the one answer that was asked for."""


def _no_tls(what: str, error: BaseException) -> SiteBlocked:
    return SiteBlocked(
        f"{what}: {_sentence(error)}.",
        hint="Check the address (--site, --base-url); a proxy that opens TLS, or a wrong clock, may be in between.",
    )


def _sentence(error: BaseException) -> str:
    """The system's own words: those of the event loops differ, and name an address that is said already."""
    number = getattr(error, "errno", None)
    if isinstance(error, ssl.SSLError):
        why = getattr(error, "verify_message", None) or getattr(error, "reason", None)
        return str(why or error)
    if isinstance(number, int) and number in errno.errorcode:
        return os.strerror(number)
    return str(error) or type(error).__name__
