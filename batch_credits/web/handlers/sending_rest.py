"""The rest of a batch: sent once somebody typed how many credits, or deductions, that are; or others are asked."""

from aiohttp import web

from batch_credits.web.desk.books import Known
from batch_credits.web.desk.checks import order_of, refuse_others
from batch_credits.web.desk.children import Handed
from batch_credits.web.desk.desk import Desk, desk_of
from batch_credits.web.desk.uploads import Upload
from batch_credits.web.door.forms import read_fields
from batch_credits.web.door.identity import actor_of
from batch_credits.web.handlers.answers import UNPROCESSABLE, go_to
from batch_credits.web.handlers.check import begin_run
from batch_credits.web.handlers.plain_words import plain_words
from batch_credits.web.handlers.rest import Rest, rest_of
from batch_credits.web.handlers.result import result_page
from batch_credits.web.handlers.run import is_sent, key_of
from batch_credits.web.handlers.typed import changed_since, is_typed, not_typed, typed_totals
from batch_credits.web.handlers.undo import begin_reversal
from batch_credits.web.pages import Alert

CHECK_SECONDS = 60.0  # waited for a large file to be read once more


async def send(request: web.Request) -> web.Response:
    """Send the rest of a batch."""
    desk, key, actor = desk_of(request), key_of(request), actor_of(request)
    fields = await read_fields(request, is_typed)
    known = await desk.books.batch(key)
    if known is None or is_sent(desk, key, known):
        return go_to(f"/batches/{key}")
    rest = rest_of(desk, known, (await desk.results.of(known)).summary, actor)
    if rest is None or rest.send is None:
        return go_to(f"/batches/{key}")
    if (alert := changed_since(request, rest.send.href) or not_typed(rest.send, fields)) is not None:
        return await result_page(request, known, alert, UNPROCESSABLE)
    await _begin(desk, known, rest, Handed(actor, rest.owed, typed_totals(fields)))
    return go_to(f"/batches/{key}")


async def submit(request: web.Request) -> web.Response:
    """Let others decide about the rest: of a batch that began before anybody had to, or whose order holds no more."""
    desk, key, actor = desk_of(request), key_of(request), actor_of(request)
    await read_fields(request, lambda _: False)
    known = await desk.books.batch(key)
    if known is None or is_sent(desk, key, known):
        return go_to(f"/batches/{key}")
    rest = rest_of(desk, known, (await desk.results.of(known)).summary, actor)
    if rest is None or rest.submit is None or rest.upload is None:
        return go_to(f"/batches/{key}")
    refuse_others(rest.upload, actor)
    alert = changed_since(request, rest.submit.href) or await _submitted(desk, key, rest.upload, rest.owed["rows"])
    if alert is not None:
        return await result_page(request, known, alert, UNPROCESSABLE)
    return go_to(f"/orders/{key}")


async def _submitted(desk: Desk, key: str, upload: Upload, rows: int) -> Alert | None:
    """Have the file checked as it is now, and its order wait for others; what is in the way of that, else None."""
    desk.checks.begin(upload)
    await desk.checks.wait(upload, CHECK_SECONDS)
    checked, made = desk.checks.known(upload), order_of(upload)
    if checked is None:
        return Alert("The file is still being read.", "Send it for approval in a moment.")
    why = checked.content.get("refusal") if checked.error is None else checked.error["message"]
    if why:
        return Alert(plain_words(why))
    if made is None or checked.content["batch"] != key or checked.content["counts"].get("pending", 0) != rows:
        return Alert("What is left changed since this page was shown.", "Look at it as it is now.")
    desk.orders.submit(key, upload.upload_id, made)
    return None


async def _begin(desk: Desk, known: Known, rest: Rest, handed: Handed) -> None:
    if rest.upload is not None:
        await begin_run(desk, known.record.key, rest.upload, handed, rest.order)
    elif (undo := rest.undo) is not None:
        await begin_reversal(desk, known.record.key, known.record.file_name, undo, handed)
