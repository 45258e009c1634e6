"""Which address is whose. Static files, the login and the answer for a watchdog are the door's own."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Route:
    """One address and who answers there."""

    method: str
    path: str
    handler: Handler


def routes() -> list[Route]:
    """All addresses behind the login."""
    from batch_credits.web.handlers import (
        approve,
        batches,
        check,
        columns,
        new,
        repair,
        result,
        run,
        sending_rest,
        undo,
    )

    return [
        Route("GET", "/", batches.batches),
        Route("GET", "/new", new.new),
        Route("GET", "/templates/{name}", new.template),
        Route("POST", "/uploads", new.upload),
        Route("GET", "/uploads/{id}", check.upload),
        Route("GET", "/uploads/{id}/columns", columns.again),
        Route("POST", "/uploads/{id}/columns", columns.columns),
        Route("GET", "/uploads/{id}/left-out/{n}", check.left_out),
        Route("GET", "/uploads/{id}/files/rejected.csv", check.rejected_csv),
        Route("POST", "/uploads/{id}/send", check.send),
        Route("POST", "/uploads/{id}/submit", approve.submit),
        Route("GET", "/orders/{key}", approve.order),
        Route("POST", "/orders/{key}/approve", approve.approve),
        Route("POST", "/orders/{key}/begin", approve.begin),
        Route("POST", "/orders/{key}/reject", approve.reject),
        Route("GET", "/orders/{key}/files/order.json", approve.order_json),
        Route("GET", "/batches/{key}", run.batch),
        Route("GET", "/batches/{key}/events", run.events),
        Route("POST", "/batches/{key}/stop", run.stop),
        Route("POST", "/batches/{key}/pilot", run.pilot),
        Route("POST", "/batches/{key}/send", sending_rest.send),
        Route("POST", "/batches/{key}/submit", sending_rest.submit),
        Route("GET", "/batches/{key}/files/{name}", result.file),
        Route("POST", "/batches/{key}/mend", repair.mend),
        Route("POST", "/batches/{key}/resolve", repair.resolve),
        Route("GET", "/batches/{key}/undo", undo.choose),
        Route("POST", "/batches/{key}/undo", undo.chosen),
        Route("GET", "/batches/{key}/undo/{id}", undo.look),
        Route("POST", "/batches/{key}/undo/{id}/reverse", undo.reverse),
    ]
