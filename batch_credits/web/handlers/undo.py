"""Credits to take back: which, what that would deduct, and the number that does it."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from batch_credits.model import CallKind
from batch_credits.reporter.amounts import stated_exponents
from batch_credits.web.desk.books import Known
from batch_credits.web.desk.children import Handed
from batch_credits.web.desk.desk import Desk, desk_of
from batch_credits.web.desk.tables import customer_of, page_of
from batch_credits.web.desk.undos import Undo
from batch_credits.web.door.forms import read_fields
from batch_credits.web.door.identity import actor_of
from batch_credits.web.door.refusals import Refused
from batch_credits.web.handlers.answers import (
    UNPROCESSABLE,
    amounts_of,
    go_to,
    page_number,
    show,
    whole_number,
)
from batch_credits.web.handlers.result import why_left_to_another
from batch_credits.web.handlers.run import is_sent, key_of
from batch_credits.web.handlers.typed import is_typed, not_typed, totals_to_type, typed_totals
from batch_credits.web.handlers.wording import outcome_figures
from batch_credits.web.pages import Alert, SendForm, UndoCheckPage, UndoPage, UndoRow

ASK_SECONDS = 3.0  # waited for what would be deducted, before a page says that it is looked up
_CREDITED = ("credited", "already_credited")
_REVERSED = "reversed"


async def choose(request: web.Request) -> web.Response:
    """The credited rows, to tick or to take all."""
    known = await _settled(request)
    return show(request, await _choices(request, known))


async def _settled(request: web.Request) -> Known:
    """The batch, which nobody sends now.

    Raises:
        Refused: there is none, or it is being sent.
    """
    desk, key = desk_of(request), key_of(request)
    known = await desk.books.batch(key)
    if known is None or known.record.kind is CallKind.DEDUCT:
        raise Refused(404, "There is no such batch of credits.", "Look for it in the list of batches.")
    if is_sent(desk, key, known):
        raise Refused(409, "This batch is being sent.", "Wait until it ends, or stop it; then take credits back.")
    if why := why_left_to_another(known, actor_of(request), "reverse"):
        raise Refused(403, why, "Ask a colleague to do it.")
    return known


async def _choices(request: web.Request, known: Known) -> UndoPage:
    desk, record = desk_of(request), known.record
    result = await desk.results.of(known)
    text = request.query.get("text", "").strip()
    elsewhere = await desk.books.credited_elsewhere(record)

    def is_meant(ours: Mapping[str, str], cells: Sequence[str]) -> bool:
        if ours["credit_outcome"] not in _CREDITED or ours["credit_error_code"] == _REVERSED:
            return False
        if int(ours["credit_row"]) in elsewhere:
            return False
        return not text or text == ours["credit_row"] or text.casefold() in customer_of(record, cells).casefold()

    found = await asyncio.to_thread(page_of, result.folder / "results.csv", page_number(request), is_meant)
    shown = {int((ours := found.table.shown(cells))["credit_row"]): (ours, cells) for _, cells in found.rows}
    amounts = await desk.books.amounts(record, shown)
    rows = []
    for number, (ours, cells) in shown.items():
        customer = customer_of(record, cells)
        rows.append(UndoRow(number, customer, amounts[number], ours["credit_reference"], is_chosen=False))
    return UndoPage(
        key=record.key,
        file_name=result.summary["file"],
        choose_href=f"/batches/{record.key}/undo",
        text=text,
        rows=tuple(rows),
        page=found.page,
        pages=found.pages,
        in_all=found.in_all,
    )


async def chosen(request: web.Request) -> web.Response:
    """Ask what would be deducted of what was ticked."""
    desk, known = desk_of(request), await _settled(request)
    fields = await read_fields(request, lambda name: name == "all" or name.startswith("row:"))
    numbers = [whole_number(name.removeprefix("row:")) for name in fields if name != "all"]
    if None in numbers:
        raise Refused(400, "The form names a row that is no number.", "Load the page again.")
    if "all" not in fields and not numbers:
        alert = Alert("No credit was chosen.", "Tick those to take back, or take all of them.")
        return show(request, await _choices(request, known), alert=alert, status=UNPROCESSABLE)
    rows = None if "all" in fields else sorted(number for number in numbers if number is not None)
    undo = desk.undos.begin(known.record.key, rows, actor_of(request))
    await desk.undos.wait(undo, ASK_SECONDS)
    return go_to(f"/batches/{known.record.key}/undo/{undo.undo_id}")


async def look(request: web.Request) -> web.Response:
    """What would be deducted, before anything is."""
    desk, known = desk_of(request), await _settled(request)
    undo = desk.undos.find(known.record.key, request.match_info["id"])
    is_known = await desk.undos.wait(undo, 0)
    page = _undo_page(desk, known, undo, is_known=is_known)
    return show(request, page, refresh_seconds=2 if page.is_checking else 0)


def _undo_page(desk: Desk, known: Known, undo: Undo, *, is_known: bool) -> UndoCheckPage:
    record, plan, error = known.record, undo.told().plan, undo.told().error
    if plan is None:
        refusal = None if error is None else Alert(error["message"], error["hint"])
        is_checking = refusal is None and not is_known
        if refusal is None and is_known:
            refusal = Alert("What would be taken back cannot be told.", "Choose the credits again.")
        return UndoCheckPage(record.key, record.file_name, is_checking=is_checking, refusal=refusal)
    stated = stated_exponents(record)
    amounts, number, site = amounts_of(plan["to_deduct"], stated), plan["counts"]["pending"], desk.settings.site
    send = SendForm(
        action="reverse",
        href=f"/batches/{record.key}/undo/{undo.undo_id}/reverse",
        number=number,
        amounts=amounts,
        site=site.name,
        is_live=site.is_live,
        totals_to_type=totals_to_type(desk, plan["to_deduct"], stated),
        is_deduction=True,
    )
    short = plan["balances_short"]
    who = "1 customer has" if short == 1 else f"{short:,} customers have"
    warnings = [f"{who} spent it already: the balance does not cover it."] if short else []
    return UndoCheckPage(
        key=record.key,
        file_name=record.file_name,
        is_checking=False,
        figures=outcome_figures(CallKind.DEDUCT, plan["counts"], {"pending": amounts}, is_before=True),
        left_out=tuple(plan["warnings"]),
        warnings=tuple(warnings),
        send=send if number else None,
        refusal=None if number else Alert("There is nothing to take back.", "It was taken back before, or never paid."),
    )


async def reverse(request: web.Request) -> web.Response:
    """Deduct what was looked at, once somebody typed how many deductions that are."""
    desk, known, actor = desk_of(request), await _settled(request), actor_of(request)
    fields = await read_fields(request, is_typed)
    undo = desk.undos.find(known.record.key, request.match_info["id"])
    page = _undo_page(desk, known, undo, is_known=True)
    plan: dict[str, Any] | None = undo.told().plan
    if page.send is None or plan is None:
        return go_to(f"/batches/{known.record.key}/undo/{undo.undo_id}")
    if (alert := not_typed(page.send, fields)) is not None:
        return show(request, page, alert=alert, status=UNPROCESSABLE)
    key = plan["batch"]
    owed = {"batch": key, "rows": plan["counts"]["pending"], "totals": plan["to_deduct"]}
    await begin_reversal(desk, key, known.record.file_name, undo, Handed(actor, owed, typed_totals(fields)))
    return go_to(f"/batches/{key}")


async def begin_reversal(desk: Desk, key: str, file_name: str, undo: Undo, handed: Handed) -> None:
    """Start to take back what was chosen of a batch, as the batch `key`, if nobody is at it."""
    await desk.jobs.begin(
        key,
        lambda into, lock: desk.children.reverse(undo.batch, undo.words(), handed, into, lock),
        handed.actor,
        file_name,
        undo_id=undo.undo_id,
    )
