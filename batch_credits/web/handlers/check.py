"""A file as a run would see it; and the number that sends it."""

import asyncio
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from batch_credits.approval.judging import approvers_needed
from batch_credits.approval.order import read_order
from batch_credits.approval.policy import read_policy
from batch_credits.approval.words import moment_in_words
from batch_credits.errors import UsageError
from batch_credits.explanations import explained
from batch_credits.model import CallKind
from batch_credits.text.counted import rows
from batch_credits.views.check import ROWS_SHOWN
from batch_credits.views.listed import pages_of
from batch_credits.web.desk.checks import (
    MOMENT_SECONDS,
    Checked,
    must_be_approved,
    order_of,
    refuse_others,
    why_left_to_maker,
)
from batch_credits.web.desk.children import Handed
from batch_credits.web.desk.desk import Desk, desk_of
from batch_credits.web.desk.tables import ROWS_A_PAGE
from batch_credits.web.desk.uploads import Upload
from batch_credits.web.door.downloads import attachment
from batch_credits.web.door.forms import read_fields
from batch_credits.web.door.identity import actor_of
from batch_credits.web.door.refusals import Refused
from batch_credits.web.handlers.answers import (
    UNPROCESSABLE,
    amounts_of,
    go_to,
    page_number,
    show,
    stated_in,
    whole_number,
)
from batch_credits.web.handlers.columns import remembered_answers, show_columns
from batch_credits.web.handlers.plain_words import plain_words
from batch_credits.web.handlers.typed import (
    as_checked,
    changed_since,
    is_typed,
    not_typed,
    owed_of,
    totals_to_type,
    typed_totals,
)
from batch_credits.web.handlers.wording import outcome_figures
from batch_credits.web.pages import (
    Alert,
    CheckPage,
    Download,
    Figure,
    LeftOutPage,
    ProblemGroup,
    ProblemRow,
    SendForm,
    SubmitForm,
)

LOOK_AGAIN_SECONDS = 2
START_SECONDS = 0.3  # for a run to say what it will do, or that it will not


async def upload(request: web.Request) -> web.Response:
    """The page of an upload: its columns where they are not certain, what was found, or where it is being sent."""
    desk = desk_of(request)
    one = desk.uploads.find(request.match_info["id"])
    checked = desk.checks.found(one)
    if checked is None:
        await desk.checks.wait(one, MOMENT_SECONDS)
        checked = desk.checks.known(one)
    if checked is None or remembered_answers(desk, one, checked):
        page = CheckPage(one.upload_id, one.file_name, is_checking=True)
        return show(request, page, refresh_seconds=LOOK_AGAIN_SECONDS)
    if checked.error is not None:
        if checked.asks:
            refuse_others(one, actor_of(request))
            return show_columns(request, one, checked)
        return show(request, _refused(one, checked.error))
    key = checked.content["batch"]
    if await desk.has_begun(key):
        return go_to(f"/batches/{key}")
    if desk.orders.open(key) is not None:
        return go_to(f"/orders/{key}")
    alert = rejected(desk, key) or expired(desk, key) or last_refusal(desk, key)
    return show(request, check_page(desk, one, checked, actor_of(request)), alert=alert)


def rejected(desk: Desk, key: str) -> Alert | None:
    """Why another person turned its order down."""
    rejection = desk.orders.rejection(key)
    if rejection is None:
        return None
    said = f"{rejection.by} rejected this order: {rejection.reason}"
    return Alert(said, "Nothing of it was sent. You may submit it anew.")


def expired(desk: Desk, key: str) -> Alert | None:
    """That nobody approved its order in time."""
    submitted = desk.orders.waiting(key)
    if submitted is None:
        return None
    moment = moment_in_words(submitted.sealed.order.expires)
    return Alert(f"Its order expired at {moment}.", "Nothing of it was sent. You may submit it anew.")


def last_refusal(desk: Desk, key: str) -> Alert | None:
    """Why nothing was sent the last time that somebody said so."""
    job = desk.jobs.latest(key)
    error = None if job is None else job.told().error
    return None if error is None else Alert(plain_words(error["message"]), plain_words(error["hint"]))


def _refused(one: Upload, error: Mapping[str, Any]) -> CheckPage:
    alert = Alert(plain_words(error["message"]), plain_words(error.get("hint", "")))
    return CheckPage(one.upload_id, one.file_name, is_checking=False, refusal=alert)


def check_page(desk: Desk, one: Upload, checked: Checked, actor: str) -> CheckPage:
    """What a check found, as values, for whoever looks."""
    found, why_not = checked.content, why_left_to_maker(one, actor)
    refusal = found.get("refusal")
    files = () if checked.rejected_csv is None else (_left_out_csv(one),)
    form = None if refusal else _send_form(desk, one, found)
    needs_others = form is not None and must_be_approved()
    return CheckPage(
        upload=one.upload_id,
        file_name=one.file_name,
        is_checking=False,
        figures=_figures(found),
        problems=tuple(_group(one, number, group) for number, group in enumerate(found["problems"])),
        before=tuple(known_before(found)),
        notes=tuple(map(plain_words, found["notes"])),
        warnings=tuple(map(plain_words, found["warnings"])),
        largest=largest_in(found),
        downloads=files,
        send=None if needs_others else form,
        submit=_submit_form(one, form, found, why_not) if needs_others and form is not None else None,
        refusal=Alert(plain_words(refusal)) if refusal else None,
        columns_href="" if one.mends or why_not else f"/uploads/{one.upload_id}/columns",
    )


def largest_in(found: Mapping[str, Any]) -> tuple[str, ...]:
    """The largest amounts of a file, a sentence each."""
    amounts = [(row["row"], amounts_of({row["currency"]: row["amount"]}, stated_in(found))) for row in found["largest"]]
    return tuple(f"row {row}: {amount.words}" for row, (amount,) in amounts)


def _submit_form(one: Upload, form: SendForm, found: Mapping[str, Any], why_not: str) -> SubmitForm:
    others = 1
    try:
        sealed, policy = read_order(order_of(one)), read_policy()
        if sealed is not None:
            others = approvers_needed(sealed.order, policy)
    except UsageError as error:  # nothing would be sent either
        why_not = why_not or error.message
    href = f"/uploads/{one.upload_id}/submit{as_checked(found)}"
    return SubmitForm(href, form.number, form.amounts, form.site, form.is_live, others, why_not)


def _left_out_csv(one: Upload) -> Download:
    return Download("rejected.csv", f"/uploads/{one.upload_id}/files/rejected.csv", "the rows left out, to mend")


def _figures(found: Mapping[str, Any]) -> tuple[Figure, ...]:
    """Rows and money of the file, what of it can be paid, and how it stands."""
    stated = stated_in(found)
    totals = amounts_of(found["totals"], stated)
    unread = bool(found["unreadable_amounts"])
    by_outcome = {name: amounts_of(of, stated) for name, of in found["totals_by_outcome"].items()}
    return (
        Figure("rows", "Rows in the file", found["rows"], totals, at_least=unread),
        Figure("accepted", "Without mistakes", found["accepted"]),
        *outcome_figures(CallKind.ADD, found["counts"], by_outcome, is_before=True),
    )


def _group(one: Upload, number: int, group: Mapping[str, Any]) -> ProblemGroup:
    return ProblemGroup(
        reason=_reason_of(group),
        field=group["field"],
        rows=group["rows"],
        first=_rows_of(group)[:ROWS_SHOWN],
        href=f"/uploads/{one.upload_id}/left-out/{number}",
    )


def _reason_of(group: Mapping[str, Any]) -> str:
    """Why rows are left out: what is said of each of them, or what goes for all of them where that differs, since it
    names what stands in the row."""
    message, first = group["message"], group["first"]
    is_of_all = len(first) == group["rows"] or "'" not in message
    if is_of_all and all(row["message"] == message for row in first):
        return plain_words(message)
    said = explained(group["code"])
    return plain_words(said[0].happened if said else message)


def _rows_of(group: Mapping[str, Any]) -> tuple[ProblemRow, ...]:
    return tuple(ProblemRow(row["row"], row["value"], plain_words(row["message"])) for row in group["first"])


def known_before(found: Mapping[str, Any]) -> list[str]:
    """What is known of the rows already, a sentence each."""
    said = []
    if before := found["counts"].get("already_credited", 0) + found["counts"].get("credited", 0):
        was = "was" if before == 1 else "were"
        said.append(f"{before:,} of {rows(found['rows'])} {was} credited before, and not sent again.")
    if undone := found["reversed"]["count"]:
        was = "was" if undone == 1 else "were"
        said.append(f"{undone:,} of these credits {was} taken back, and not paid again under the same reference.")
    for mended in found["mends"]:
        of = mended["file"] or f"batch {mended['batch'][:8]}"
        mend = "mends a row" if mended["rows"] == 1 else "mend rows"
        said.append(f"{rows(mended['rows'])} {mend} of {of}.")
    return said


def _send_form(desk: Desk, one: Upload, found: Mapping[str, Any]) -> SendForm | None:
    """What can be sent: the rows that are owed, or, where none is, those in doubt, which a run settles."""
    counts, minutes = found["counts"], found["minutes_at_least"]
    number = counts.get("pending", 0) or counts.get("in_doubt", 0)
    if not number:
        return None
    site = desk.settings.site
    owed = found["totals_by_outcome"].get("pending" if counts.get("pending") else "in_doubt", {})
    return SendForm(
        action="send",
        href=f"/uploads/{one.upload_id}/send{as_checked(found)}",
        number=number,
        amounts=amounts_of(owed, stated_in(found)),
        site=site.name,
        is_live=site.is_live,
        how_long=f"It takes {minutes:,} minute{'s' * (minutes != 1)} or more." if minutes else "",
        totals_to_type=totals_to_type(desk, owed, stated_in(found)),
    )


async def send(request: web.Request) -> web.Response:
    """Send what the check found, once somebody typed how many credits that are."""
    desk, actor = desk_of(request), actor_of(request)
    fields = await read_fields(request, is_typed)
    one = desk.uploads.find(request.match_info["id"])
    checked = desk.checks.known(one)
    if checked is None or checked.error is not None:
        return go_to(f"/uploads/{one.upload_id}")
    page, key = check_page(desk, one, checked, actor), checked.content["batch"]
    if page.submit is not None:
        raise Refused(403, "Here another person must approve what is sent.", "Submit it for approval.")
    if page.send is None or await desk.has_begun(key):
        return go_to(f"/batches/{key}")
    if desk.orders.open(key) is not None:
        return go_to(f"/orders/{key}")
    if (alert := changed_since(request, page.send.href) or not_typed(page.send, fields)) is not None:
        return show(request, page, alert=alert, status=UNPROCESSABLE)
    await begin_run(desk, key, one, Handed(actor, owed_of(checked.content), typed_totals(fields)))
    return go_to(f"/batches/{key}")


async def begin_run(desk: Desk, key: str, one: Upload, handed: Handed, order: str = "") -> None:
    """Start the run of a batch, if none is on, by an order where there is one, and wait a moment for what it says
    first."""
    child = await desk.jobs.begin(
        key,
        lambda into, lock: desk.children.run(one.source, one.words(), handed, into, lock, order),
        handed.actor,
        one.file_name,
        one.upload_id,
    )
    if child is None:
        return
    ended = asyncio.create_task(_look_again(desk, one, await_child=child.ended()))
    desk.background.add(ended)
    ended.add_done_callback(desk.background.discard)
    await asyncio.wait([ended], timeout=START_SECONDS)


async def _look_again(desk: Desk, one: Upload, await_child: Any) -> None:
    """Where a run was refused, what was found of its file is out of date."""
    if await await_child == 2:
        desk.checks.begin(one)


async def left_out(request: web.Request) -> web.Response:
    """The rows that are left out for one reason: all of them, or the first of many."""
    desk = desk_of(request)
    one = desk.uploads.find(request.match_info["id"])
    checked = desk.checks.known(one)
    number = whole_number(request.match_info["n"])
    groups = [] if checked is None or checked.error else checked.content["problems"]
    if checked is None or checked.rejected_csv is None or number is None or number >= len(groups):
        raise Refused(404, "There is no such list of rows.", "Look at the check of the file again.")
    group, shown = groups[number], page_number(request)
    rows, first = _rows_of(group), (shown - 1) * ROWS_A_PAGE
    page = LeftOutPage(
        one.upload_id,
        one.file_name,
        _reason_of(group),
        group["field"],
        rows[first : first + ROWS_A_PAGE],
        shown,
        pages_of(len(rows), ROWS_A_PAGE),
        group["rows"] - len(rows),
        _left_out_csv(one),
    )
    return show(request, page)


async def rejected_csv(request: web.Request) -> web.StreamResponse:
    """The table of the rows that are left out."""
    desk = desk_of(request)
    checked = desk.checks.known(desk.uploads.find(request.match_info["id"]))
    if checked is None or checked.rejected_csv is None:
        raise Refused(404, "No row of this file is left out.")
    return await attachment(request, checked.rejected_csv, "rejected.csv")
