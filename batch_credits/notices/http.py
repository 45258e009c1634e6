"""Posting a notice: one request on a connection of its own, verified TLS, no redirect, no proxy, no cookie.

By the standard library and in a thread: a run's event loop and its connections have nothing to do with it.
"""

import base64
import http.client
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager

from batch_credits.notices.bodies import Form, body_of
from batch_credits.notices.notice import Notice
from batch_credits.notices.signature import BadKey, keys_in, signed_headers
from batch_credits.notices.targets import Webhook
from batch_credits.notices.undelivered import Undelivered

_LATER = (408, 425, 429)  # of the refusals, those that say nothing about the next try


def post(webhook: Webhook, notice: Notice, seconds: float) -> None:
    """Post it, waiting so long at most for each step of the connection.

    Raises:
        Undelivered: it is not known to have arrived.
    """
    body = body_of(notice, webhook.form)
    headers = _headers(webhook, notice, body)
    with _connected(webhook, seconds) as connection:
        connection.request("POST", webhook.path, body, headers)
        status = connection.getresponse().status
    _refuse(status)


def reach(webhook: Webhook, seconds: float) -> None:
    """See that somebody is there, and who they say they are; nothing is asked.

    Raises:
        Undelivered: nobody is, or another.
    """
    with _connected(webhook, seconds):
        pass


@contextmanager
def _connected(webhook: Webhook, seconds: float) -> Iterator[http.client.HTTPConnection]:
    try:
        connection = (
            http.client.HTTPSConnection(
                webhook.host, webhook.port, timeout=seconds, context=ssl.create_default_context()
            )
            if webhook.is_tls
            else http.client.HTTPConnection(webhook.host, webhook.port, timeout=seconds)
        )
        try:
            connection.connect()
            yield connection
        finally:
            connection.close()
    except ssl.SSLCertVerificationError as error:
        raise Undelivered(f"its certificate is not accepted: {error.verify_message}", is_final=True) from None
    except http.client.HTTPException:  # whose text may quote what came
        raise Undelivered("it does not answer as a web server does") from None
    except (OSError, ValueError) as error:
        raise Undelivered(why_no_connection(error)) from None


def _headers(webhook: Webhook, notice: Notice, body: bytes) -> dict[str, str]:
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": f"batch-credits/{notice.subject.version}",
        "Connection": "close",
    }
    if webhook.authorization is not None:
        token = base64.b64encode(webhook.authorization.encode()).decode()
        headers["Authorization"] = f"Basic {token}"
    if webhook.form is Form.STANDARD:
        try:
            keys = [] if webhook.key_file is None else keys_in(webhook.key_file)
        except BadKey as error:
            raise Undelivered(str(error), is_final=True) from None
        headers |= signed_headers(notice.id, int(time.time()), body, keys)
    return headers


def _refuse(status: int) -> None:
    if 200 <= status < 300:
        return
    if 300 <= status < 400:
        raise Undelivered(f"it redirects ({status}), which is not followed", is_final=True)
    is_final = 400 <= status < 500 and status not in _LATER
    raise Undelivered(f"it answered {status}", is_final=is_final)


def why_no_connection(error: Exception) -> str:
    """What is wrong with a connection, without any word of the other side's."""
    match error:
        case TimeoutError():
            return "it did not answer in time"
        case socket.gaierror():
            return "its name is not known"
        case ssl.SSLError():
            return "TLS failed"
        case OSError(strerror=str(said)):
            return said
        case _:
            return "the connection failed"
