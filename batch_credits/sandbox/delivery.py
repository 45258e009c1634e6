"""Puts an answer on the wire, whole or spoiled; what a caller sees of a fault is decided here and nowhere else."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from batch_credits.sandbox.errors import Answer
from batch_credits.sandbox.faults import Delivery

_HTML = ("Content-Type", "text/html;charset=utf-8")
BAD_GATEWAY = Answer(502, b"<html><body><h1>502 Bad Gateway</h1></body></html>\n", (_HTML,))
GATEWAY_TIMEOUT = Answer(504, b"<html><body><h1>504 Gateway Time-out</h1></body></html>\n", (_HTML,))


async def deliver(
    request: web.BaseRequest, answer: Answer, delivery: Delivery, hang: Callable[[], Awaitable[None]]
) -> web.StreamResponse | None:
    """The response that delivers the answer this way; None: close the connection without one. `hang` waits."""
    match delivery:
        case Delivery.WHOLE:
            return whole(answer)
        case Delivery.BAD_GATEWAY:
            return whole(BAD_GATEWAY)
        case Delivery.GARBLED:
            return whole(Answer(answer.status, b'{"customer":{"id":\x00' + answer.body[::-1], answer.headers))
        case Delivery.TRUNCATED:
            return await _cut(request, answer)
        case Delivery.SILENT:
            await hang()
            return whole(GATEWAY_TIMEOUT)
        case Delivery.CLOSED | Delivery.LATE:
            return None


def whole(answer: Answer) -> web.Response:
    """The answer as it is."""
    return web.Response(status=answer.status, body=answer.body, headers=answer.headers)


def close_without_answer(request: web.BaseRequest) -> web.Response:
    """Close the connection now; the response returned finds it closed and is dropped."""
    if request.transport is not None:
        request.transport.close()
    return web.Response()


async def _cut(request: web.BaseRequest, answer: Answer) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    response.content_length = len(answer.body)
    try:
        await response.prepare(request)
        await response.write(answer.body[: len(answer.body) // 2])
    except ConnectionError:
        pass  # the caller has gone already: then all of it is cut
    if request.transport is not None:
        request.transport.close()
    return response
