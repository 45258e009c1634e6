"""Foreign errors, translated in one place to what they say about the money.

The question is always: may a byte of the request have left? Only where aiohttp failed before it had a
connection is the answer no.
"""

import asyncio

import aiohttp

from batch_credits.errors import SiteBlocked
from batch_credits.protocol import Blocked, NoAnswer, NotSent


def failure_of(error: BaseException) -> NotSent | Blocked | NoAnswer:
    """What this failure of a call proves. The most specific class wins, so the order is the meaning."""
    match error:
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
            return Blocked(
                SiteBlocked(
                    f"The site's certificate does not verify: {_sentence(error)}.",
                    hint="Check CHARGEBEE_BASE_URL; a proxy that opens TLS, or a wrong clock, may be in between.",
                ),
                is_proof=True,
            )
        case aiohttp.ClientConnectorDNSError():
            return NotSent("the site's name could not be resolved")
        case aiohttp.ClientConnectorError():
            return NotSent(f"no connection: {_sentence(error)}")
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


def _sentence(error: BaseException) -> str:
    os_error = getattr(error, "os_error", None)
    return str(getattr(os_error, "strerror", None) or os_error or type(error).__name__)
