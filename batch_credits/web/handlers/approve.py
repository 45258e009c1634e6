"""An order that waits for another person: what it says, their passkey's word, and what follows from it."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from aiohttp import web

from batch_credits.approval.giving import may_approve, with_approval
from batch_credits.approval.judging import approvers_needed, refuse_expired, refuse_unapproved, who_approved
from batch_credits.approval.order import Sealed, read_order
from batch_credits.approval.policy import Approver, Policy, read_policy
from batch_credits.approval.words import facts_of, given_in_words
from batch_credits.errors import NotConfirmed, UsageError
from batch_credits.model import CallKind
from batch_credits.model.identity import same_text
from batch_credits.model.requests import STILL_OWED
from batch_credits.text.counted import rows as count_of
from batch_credits.web.approval_pages import ApprovePage
from batch_credits.web.desk.checks import MOMENT_SECONDS, Checked, order_of, refuse_others
from batch_credits.web.desk.children import Handed
from batch_credits.web.desk.desk import Desk, desk_of
from batch_credits.web.desk.orders import Submitted
from batch_credits.web.door.downloads import attachment
from batch_credits.web.door.forms import read_fields
from batch_credits.web.door.identity import actor_of
from batch_credits.web.door.refusals import Refused
from batch_credits.web.handlers.answers import UNPROCESSABLE, amounts_in, go_to, show
from batch_credits.web.handlers.check import begin_run, check_page, known_before, largest_in, last_refusal
from batch_credits.web.handlers.plain_words import plain_words
from batch_credits.web.handlers.run import key_of
from batch_credits.web.handlers.typed import SHOWN_LETTERS, changed_since
from batch_credits.web.pages import Alert, Download
from batch_credits.web.signing_form import ANSWER, approve_form, figures_of

MAX_REASON_LETTERS = 200
EARLIER_SHOWN = 5  # batches, the newest first


async def submit(request: web.Request) -> web.Response:
    """Let others decide about a file that was checked. Nothing is sent."""
    desk = desk_of(request)
    await read_fields(request, lambda _: False)
    one = desk.uploads.find(request.match_info["id"])
    refuse_others(one, actor_of(request))
    if not _is_good(order_of(one)):
        await desk.checks.look(one)
    checked, made = desk.checks.known(one), order_of(one)
    if checked is None or checked.error is not None or checked.content.get("refusal") or made is None:
        return go_to(f"/uploads/{one.upload_id}")
    key = checked.content["batch"]
    if await desk.has_begun(key):
        return go_to(f"/batches/{key}")
    page = check_page(desk, one, checked, actor_of(request))
    if page.submit is None:
        return go_to(f"/uploads/{one.upload_id}")
    if (alert := changed_since(request, page.submit.href)) is not None:
        return show(request, page, alert=alert, status=UNPROCESSABLE)
    if desk.orders.open(key) is None:
        desk.orders.submit(key, one.upload_id, made)
        desk.checks.begin(one)  # anew, for those who decide
    return go_to(f"/orders/{key}")


def _is_good(made: Path | None) -> bool:
    """Whether the order that a check made can be carried out still. Of a check of before one had to be approved there
    is none."""
    try:
        sealed = read_order(made)
        if sealed is not None:
            refuse_expired(sealed.order)
    except (NotConfirmed, UsageError):
        return False
    return sealed is not None


async def order(request: web.Request) -> web.Response:
    """The page of an order."""
    desk, key = desk_of(request), key_of(request)
    if await _is_over(desk, key):
        return go_to(f"/batches/{key}")
    submitted = _waiting(desk, key)
    page = await _page(desk, submitted, actor_of(request))
    alert = last_refusal(desk, key)
    return show(request, page, alert=alert, refresh_seconds=2 if page.is_checking else 0)


async def approve(request: web.Request) -> web.Response:
    """Take a passkey's word for an order; with the last that was missing, its run begins."""
    desk, key, actor = desk_of(request), key_of(request), actor_of(request)
    fields = await read_fields(request, ANSWER.__contains__)
    if await _is_over(desk, key):
        return go_to(f"/batches/{key}")
    submitted = _waiting(desk, key)
    try:
        policy = read_policy()
        approver = may_approve(submitted.sealed, policy, actor)
        sealed = with_approval(submitted.sealed, approver, fields.get("at", ""), fields.get("answer", ""))
    except (NotConfirmed, UsageError) as refusal:
        page = await _page(desk, submitted, actor)
        return show(request, page, alert=Alert(refusal.message, refusal.hint), status=UNPROCESSABLE)
    sealed = desk.orders.keep(submitted, sealed)
    try:
        refuse_unapproved(sealed, policy)
    except NotConfirmed:  # of another person, who is missing still
        return go_to(f"/orders/{key}")
    return await _begin(desk, submitted)


async def begin(request: web.Request) -> web.Response:
    """Pay an order that enough people have approved: its run did not begin then, or was refused."""
    desk, key, actor = desk_of(request), key_of(request), actor_of(request)
    await read_fields(request, lambda _: False)
    if await _is_over(desk, key):
        return go_to(f"/batches/{key}")
    submitted = _waiting(desk, key)
    if not has_a_say(submitted.sealed, actor):
        raise Refused(403, "Only an approver, or whoever made it, has an order paid.")
    try:
        refuse_unapproved(submitted.sealed, read_policy())
    except (NotConfirmed, UsageError) as refusal:
        page = await _page(desk, submitted, actor)
        return show(request, page, alert=Alert(refusal.message, refusal.hint), status=UNPROCESSABLE)
    return await _begin(desk, submitted)


async def _begin(desk: Desk, submitted: Submitted) -> web.Response:
    """Start the run of an order, for its maker, who agreed to what it says."""
    order = submitted.sealed.order
    totals = {currency: asdict(total) for currency, total in order.totals.items()}
    owed = {"batch": order.batch, "rows": order.owed, "totals": totals}
    one, content = desk.uploads.find(submitted.upload_id), submitted.path.read_text(encoding="ascii")
    await begin_run(desk, submitted.key, one, Handed(order.maker, owed), content)
    return go_to(f"/batches/{submitted.key}")


async def reject(request: web.Request) -> web.Response:
    """Turn an order down, for a reason that its maker is told."""
    desk, key, actor = desk_of(request), key_of(request), actor_of(request)
    fields = await read_fields(request, "reason".__eq__)
    submitted = _waiting(desk, key)
    reason = fields.get("reason", "").strip()
    if not reason or len(reason) > MAX_REASON_LETTERS or not reason.isprintable():
        alert = Alert("Say in a few words why.", "Whoever made the order is told.", "reason")
        return show(request, await _page(desk, submitted, actor), alert=alert, status=UNPROCESSABLE)
    if not has_a_say(submitted.sealed, actor):
        raise Refused(403, "Only an approver, or whoever made it, turns an order down.")
    if request.path_qs != _reject_href(submitted):
        raise Refused(409, "Another order waits by now than the one that this page showed.", "Look at it first.")
    if await _is_over(desk, key):
        raise Refused(409, "This order is being paid already, or was paid.", "See in the list of batches how it went.")
    desk.orders.reject(key, actor, reason)
    return go_to(f"/uploads/{submitted.upload_id}")


def _reject_href(submitted: Submitted) -> str:
    """Where this very order is turned down: the next one of its batch may be what was asked for."""
    return f"/orders/{submitted.key}/reject?of={submitted.number[:SHOWN_LETTERS]}"


async def order_json(request: web.Request) -> web.StreamResponse:
    """The order with its approvals, as it stands."""
    submitted = _waiting(desk_of(request), key_of(request))
    return await attachment(request, submitted.path, "order.json")


async def _is_over(desk: Desk, key: str) -> bool:
    """Whether there is nothing to decide any more: the batch is being sent, or its order was carried out. One of what
    is left of a batch waits, whatever was sent of it before."""
    known, submitted = await desk.books.batch(key), desk.orders.waiting(key)
    if desk.jobs.is_running(key):  # asked last: it may have begun meanwhile
        return True
    if known is None:
        return False
    return bool(known.senders) or submitted is None or submitted.number in known.order_numbers


def _waiting(desk: Desk, key: str) -> Submitted:
    submitted = desk.orders.waiting(key)
    if submitted is None:
        raise Refused(404, "There is no order of this batch to approve.", "Look for it in the list of batches.")
    return submitted


async def _checked(desk: Desk, submitted: Submitted) -> Checked | None:
    one = desk.uploads.find(submitted.upload_id)
    if desk.checks.found(one) is None:
        await desk.checks.wait(one, MOMENT_SECONDS)
    return desk.checks.known(one)


async def _page(desk: Desk, submitted: Submitted, actor: str) -> ApprovePage:
    """What somebody sees of an order."""
    order, name = submitted.sealed.order, desk.uploads.find(submitted.upload_id).file_name
    checked = await _checked(desk, submitted)
    is_rest = await desk.books.batch(submitted.key) is not None
    page = ApprovePage(name, order.maker, order.expires, is_checking=checked is None, is_rest=is_rest)
    if checked is None:
        return page
    href = f"/orders/{submitted.key}"
    found, changed = checked.content, _changed(checked, submitted.sealed)
    missing, approver, why_not = _standing(submitted.sealed, actor)
    why_not = changed or why_not
    may_say = has_a_say(submitted.sealed, actor)
    before = await _earlier(desk)
    warnings: tuple[str, ...] = ()
    if checked.error is None:
        warnings, before = tuple(map(plain_words, found["warnings"])), (*known_before(found), *before)
    return replace(
        page,
        figures=figures_of(order),
        facts=facts_of(order),
        largest=() if checked.error is not None else largest_in(found),
        warnings=warnings,
        before=before,
        given=given_in_words(submitted.sealed),
        missing=missing,
        why_not=why_not,
        form=None if why_not or approver is None else approve_form(f"{href}/approve", submitted.sealed, approver),
        reject_href=_reject_href(submitted) if may_say else "",
        begin_href="" if missing or why_not else f"{href}/begin",
        downloads=(Download("order.json", f"{href}/files/order.json", "the order, as it is sealed"),),
    )


def _standing(sealed: Sealed, actor: str) -> tuple[int, Approver | None, str]:
    """How many approvals are missing; whoever looks, if they may give one; and why they can do nothing, "" if they can:
    approve it, or have it paid if none is missing."""
    missing = 1
    try:
        policy = read_policy()
        missing = approvers_needed(sealed.order, policy)
        missing = max(0, missing - len(who_approved(sealed, policy)))
    except NotConfirmed as bad:
        return missing, None, f"{bad.message} Reject it, and have it submitted anew."
    except UsageError as unknown:
        return missing, None, unknown.message
    try:
        if missing:
            return missing, may_approve(sealed, policy, actor), ""
        refuse_expired(sealed.order)
    except NotConfirmed as refusal:
        return missing, None, refusal.message
    return 0, None, "" if has_a_say(sealed, actor) else "Whoever made it, or an approver, has it sent."


async def _earlier(desk: Desk) -> tuple[str, ...]:
    """What the last batches came to, a sentence each: an order that is far from them is seen."""
    views = [view for view, _ in await desk.books.batches() if view.kind is CallKind.ADD][-EARLIER_SHOWN:]
    said = []
    for view in reversed(views):
        words = " + ".join(amount.words for amount in amounts_in(view.asked)) or "nothing"
        said.append(f"{view.file_name}, {view.created_at[:10]} UTC: {count_of(view.rows)}, {words}.")
    return tuple(said)


def _changed(checked: Checked, sealed: Sealed) -> str:
    """How the file that is there differs from what was ordered; "" if it does not."""
    if checked.error is not None:
        return "The file cannot be read any more as it was when it was ordered."
    found = checked.content
    ordered = {
        currency: (total.rows, total.amount, Decimal(total.amount_in_decimal))
        for currency, total in sealed.order.totals.items()
    }
    if found["batch"] != sealed.order.batch or _owed_in(found) != ordered:
        return "What would be paid is not what was ordered any more. It has to be submitted anew."
    return ""


def _owed_in(found: Mapping[str, Any]) -> dict[str, tuple[int, int, Decimal]]:
    """What a run would send or settle, as an order counts it: rows, minor units, and what came in decimal."""
    sums: dict[str, tuple[int, int, Decimal]] = {}
    for outcome in STILL_OWED:
        for currency, total in found["totals_by_outcome"].get(outcome.value, {}).items():
            rows, amount, in_decimal = sums.get(currency, (0, 0, Decimal(0)))
            more = Decimal(total.get("amount_in_decimal") or 0)
            sums[currency] = (rows + total["rows"], amount + total.get("amount", 0), in_decimal + more)
    return {currency: each for currency, each in sums.items() if each[0]}


def known_policy() -> Policy | None:
    """What the administrator says; None: it cannot be relied on, and nobody approves anything."""
    try:
        return read_policy()
    except UsageError:
        return None


def has_a_say(sealed: Sealed, actor: str) -> bool:
    """Whether it is theirs to turn it down, or to have it paid once it is approved: its maker, or any approver."""
    if same_text(actor, sealed.order.maker):
        return True
    try:
        return any(each.is_called(actor) for each in read_policy().approvers.values())
    except UsageError:
        return False
