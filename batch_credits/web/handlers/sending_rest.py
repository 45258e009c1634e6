"""The rest of a batch, sent once somebody typed how many credits, or deductions, that are."""

from aiohttp import web

from batch_credits.web.desk.books import Known
from batch_credits.web.desk.children import Handed
from batch_credits.web.desk.desk import Desk, desk_of
from batch_credits.web.door.forms import read_fields
from batch_credits.web.door.identity import actor_of
from batch_credits.web.handlers.answers import UNPROCESSABLE, go_to
from batch_credits.web.handlers.check import begin_run
from batch_credits.web.handlers.rest import Rest, rest_of
from batch_credits.web.handlers.result import result_page
from batch_credits.web.handlers.run import is_sent, key_of
from batch_credits.web.handlers.typed import changed_since, is_typed, not_typed, typed_totals
from batch_credits.web.handlers.undo import begin_reversal


async def send(request: web.Request) -> web.Response:
    """Send the rest of a batch."""
    desk, key, actor = desk_of(request), key_of(request), actor_of(request)
    fields = await read_fields(request, is_typed)
    known = await desk.books.batch(key)
    if known is None or is_sent(desk, key, known):
        return go_to(f"/batches/{key}")
    rest = rest_of(desk, known, (await desk.results.of(known)).summary)
    if rest is None or rest.send is None:
        return go_to(f"/batches/{key}")
    if (alert := changed_since(request, rest.send.href) or not_typed(rest.send, fields)) is not None:
        return await result_page(request, known, alert, UNPROCESSABLE)
    await _begin(desk, known, rest, Handed(actor, rest.owed, typed_totals(fields)))
    return go_to(f"/batches/{key}")


async def _begin(desk: Desk, known: Known, rest: Rest, handed: Handed) -> None:
    if rest.upload is not None:
        await begin_run(desk, known.record.key, rest.upload, handed, known.order)
    elif (undo := rest.undo) is not None:
        await begin_reversal(desk, known.record.key, known.record.file_name, undo, handed)
