"""An order that waits for another person: what it says, their passkey's word, and what follows from it."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from batch_credits.approval.judging import approvers_needed, refuse_approver, refuse_unapproved
from batch_credits.approval.order import Approval, Sealed, Sum, iso, moment_of
from batch_credits.approval.policy import Approver, Policy, read_policy
from batch_credits.approval.signing import NotSigned, check_approval, signing_options
from batch_credits.errors import NotConfirmed, UsageError
from batch_credits.model import CallKind, Outcome
from batch_credits.web.approval_pages import ApproveForm, ApprovePage
from batch_credits.web.desk.checks import MOMENT_SECONDS, Checked, order_of
from batch_credits.web.desk.children import Handed
from batch_credits.web.desk.desk import Desk, desk_of
from batch_credits.web.desk.orders import Submitted
from batch_credits.web.door.downloads import attachment
from batch_credits.web.door.forms import read_fields
from batch_credits.web.door.identity import actor_of
from batch_credits.web.door.refusals import Refused
from batch_credits.web.handlers.answers import UNPROCESSABLE, amounts_of, go_to, show, summed
from batch_credits.web.handlers.check import begin_run, known_before, last_refusal, owed_of
from batch_credits.web.handlers.plain_words import plain_words
from batch_credits.web.handlers.run import key_of
from batch_credits.web.pages import Alert, Download, Figure

MAX_REASON_LETTERS = 200
EARLIER_SHOWN = 5  # batches, the newest first
SIGN_MINUTES = timedelta(minutes=10)  # for which a page that was shown can be signed
_ANSWER = frozenset(["answer", "at"])
_SIGNED = frozenset(["credential", "authenticator_data", "client_data", "signature"])


async def submit(request: web.Request) -> web.Response:
    """Let others decide about a file that was checked. Nothing is sent."""
    desk = desk_of(request)
    await read_fields(request, lambda _: False)
    one = desk.uploads.find(request.match_info["id"])
    checked, made = desk.checks.known(one), order_of(one)
    if checked is None or checked.error is not None or checked.content.get("refusal") or made is None:
        return go_to(f"/uploads/{one.upload_id}")
    key = checked.content["batch"]
    if desk.jobs.is_running(key) or await desk.books.batch(key) is not None:
        return go_to(f"/batches/{key}")
    if desk.orders.waiting(key) is None:
        desk.orders.submit(key, one.upload_id, made)
        desk.checks.begin(one)  # anew, for those who decide
    return go_to(f"/orders/{key}")


async def order(request: web.Request) -> web.Response:
    """The page of an order."""
    desk, key = desk_of(request), key_of(request)
    if desk.jobs.is_running(key) or await desk.books.batch(key) is not None:
        return go_to(f"/batches/{key}")
    submitted = _waiting(desk, key)
    page = await _page(desk, submitted, actor_of(request))
    alert = last_refusal(desk, key)
    return show(request, page, alert=alert, refresh_seconds=2 if page.is_checking else 0)


async def approve(request: web.Request) -> web.Response:
    """Take a passkey's word for an order; with the last that was missing, its run begins."""
    desk, key, actor = desk_of(request), key_of(request), actor_of(request)
    fields = await read_fields(request, _ANSWER.__contains__)
    if desk.jobs.is_running(key) or await desk.books.batch(key) is not None:
        return go_to(f"/batches/{key}")
    submitted = _waiting(desk, key)
    try:
        policy = read_policy()
        approver = may_approve(submitted.sealed, policy, actor)
        sealed = _with_approval(submitted.sealed, approver, fields)
    except (NotConfirmed, UsageError) as refusal:
        page = await _page(desk, submitted, actor)
        return show(request, page, alert=Alert(refusal.message, refusal.hint), status=UNPROCESSABLE)
    desk.orders.keep(submitted, sealed)
    try:
        refuse_unapproved(sealed, policy)
    except NotConfirmed:  # of another person, who is missing still
        return go_to(f"/orders/{key}")
    one, checked = desk.uploads.find(submitted.upload_id), await _checked(desk, submitted)
    owed = None if checked is None or checked.error is not None else owed_of(checked.content)
    await begin_run(desk, key, one, Handed(sealed.order.maker, owed))
    return go_to(f"/batches/{key}")


async def reject(request: web.Request) -> web.Response:
    """Turn an order down, for a reason that its maker is told."""
    desk, key, actor = desk_of(request), key_of(request), actor_of(request)
    fields = await read_fields(request, "reason".__eq__)
    submitted = _waiting(desk, key)
    reason = fields.get("reason", "").strip()
    if not reason or len(reason) > MAX_REASON_LETTERS or not reason.isprintable():
        alert = Alert("Say in a few words why.", "Whoever made the order is told.", "reason")
        return show(request, await _page(desk, submitted, actor), alert=alert, status=UNPROCESSABLE)
    if not _may_reject(submitted.sealed, actor):
        raise Refused(403, "Only an approver, or whoever made it, turns an order down.")
    desk.orders.reject(key, actor, reason)
    return go_to(f"/uploads/{submitted.upload_id}")


async def order_json(request: web.Request) -> web.StreamResponse:
    """The order with its approvals, as it stands."""
    submitted = _waiting(desk_of(request), key_of(request))
    return await attachment(request, submitted.path, "order.json")


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
    page = ApprovePage(name, order.maker, order.expires, is_checking=checked is None)
    if checked is None:
        return page
    found, changed = checked.content, _changed(checked, submitted.sealed)
    policy, why_not, approver = None, changed, None
    try:
        policy = read_policy()
        approver = may_approve(submitted.sealed, policy, actor)
    except (NotConfirmed, UsageError) as refusal:
        why_not = why_not or refusal.message
    given = [f"{each.approver}, {each.at}" for each in submitted.sealed.approvals]
    needed = 1 if policy is None else approvers_needed(order, policy)
    before = await _earlier(desk)
    warnings: tuple[str, ...] = ()
    if checked.error is None:
        warnings, before = tuple(map(plain_words, found["warnings"])), (*known_before(found), *before)
    return replace(
        page,
        figures=(Figure("pending", "To be credited", order.owed, _amounts(order.totals)),),
        facts=_facts(submitted.sealed),
        largest=_largest(checked),
        warnings=warnings,
        before=before,
        given=tuple(given),
        missing=max(0, needed - len(given)),
        why_not=why_not,
        form=None if why_not or approver is None else _form(submitted, approver),
        reject_href=f"/orders/{submitted.key}/reject" if _may_reject(submitted.sealed, actor) else "",
        downloads=(Download("order.json", f"/orders/{submitted.key}/files/order.json", "the order, as it is sealed"),),
    )


def _facts(sealed: Sealed) -> tuple[str, ...]:
    order = sealed.order
    limits = [f"{name.replace('_', ' ')}: {_in_words(value)}" for name, value in order.limits.items() if value]
    options = [f"{name.replace('_', ' ')}: {_in_words(value)}" for name, value in order.options.items()]
    return (
        f"Made by {order.maker} at {order.made}, good until {order.expires}.",
        f"For site {order.site}, at {order.address}.",
        f"{order.rows:,} rows in the file, {order.owed:,} of them to be credited.",
        f"Batch {order.batch[:8]}, SHA-256 of the file {order.file_sha256[:16]}...",
        *([f"Read with {', '.join(options)}."] if options else []),
        *([f"Held against {', '.join(limits)}."] if limits else []),
    )


def _in_words(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(map(_in_words, value))
    return str(value)


def _largest(checked: Checked) -> tuple[str, ...]:
    if checked.error is not None:
        return ()
    amounts = [(row["row"], amounts_of({row["currency"]: row["amount"]}, {})) for row in checked.content["largest"]]
    return tuple(f"row {row}: {amount.words}" for row, (amount,) in amounts)


async def _earlier(desk: Desk) -> tuple[str, ...]:
    """What the last batches came to, a sentence each: an order that is far from them is seen."""
    views = [view for view, _ in await desk.books.batches() if view.kind is CallKind.ADD][-EARLIER_SHOWN:]
    said = []
    for view in reversed(views):
        asked = (of for outcome, of in view.outcomes.items() if outcome is not Outcome.REJECTED)
        words = " + ".join(amount.words for amount in summed(asked)) or "nothing"
        said.append(f"{view.file_name}, {view.created_at[:10]}: {view.rows:,} rows, {words}.")
    return tuple(said)


def _amounts(totals: dict[str, Sum]) -> Any:
    return amounts_of(
        {
            currency: {"amount": total.amount}
            | ({} if total.amount_in_decimal == "0" else {"amount_in_decimal": total.amount_in_decimal})
            for currency, total in totals.items()
        },
        {},
    )


def _changed(checked: Checked, sealed: Sealed) -> str:
    """How the file that is there differs from what was ordered; "" if it does not."""
    if checked.error is not None:
        return "The file cannot be read any more as it was when it was ordered."
    found = checked.content
    owed = found["totals_by_outcome"].get("pending", {})
    sums = {currency: (total["rows"], total.get("amount", 0)) for currency, total in owed.items() if total["rows"]}
    ordered = {currency: (total.rows, total.amount) for currency, total in sealed.order.totals.items()}
    if found["batch"] != sealed.order.batch or sums != ordered:
        return "What would be paid is not what was ordered any more. It has to be submitted anew."
    return ""


def may_approve(sealed: Sealed, policy: Policy, actor: str) -> Approver:
    """Whoever looks, as an approver of this order.

    Raises:
        NotConfirmed: they are none; the text says why.
    """
    order = sealed.order
    if datetime.now(UTC) > moment_of(order.expires):
        raise NotConfirmed(f"This order expired at {order.expires}.", hint="It has to be submitted anew.")
    approver = next((each for each in policy.approvers.values() if each.is_called(actor)), None)
    if actor.strip().casefold() == order.maker.strip().casefold():
        raise NotConfirmed("You made this order, and nobody approves their own.")
    if approver is None:
        raise NotConfirmed(f"{actor} is no approver here.", hint="The administrator says who is.")
    refuse_approver(order, approver)
    if any(each.approver == approver.name for each in sealed.approvals):
        raise NotConfirmed("You have approved this order. Another person is to approve it, too.")
    return approver


def known_policy() -> Policy | None:
    """What the administrator says; None: it cannot be relied on, and nobody approves anything."""
    try:
        return read_policy()
    except UsageError:
        return None


def _may_reject(sealed: Sealed, actor: str) -> bool:
    """Whether it is theirs to turn it down: its maker, or any approver."""
    if actor == sealed.order.maker:
        return True
    try:
        return any(each.is_called(actor) for each in read_policy().approvers.values())
    except UsageError:
        return False


def _form(submitted: Submitted, approver: Approver) -> ApproveForm:
    at = iso(datetime.now(UTC))
    options = signing_options(submitted.sealed.challenge(approver.name, at), approver.passkey)
    return ApproveForm(f"/orders/{submitted.key}/approve", json.dumps(options), at)


def _with_approval(sealed: Sealed, approver: Approver, fields: dict[str, str]) -> Sealed:
    """The order with the approval that a form brings.

    Raises:
        NotConfirmed: it brings none that is good.
    """
    try:
        at = moment_of(fields.get("at", ""))
        answer = json.loads(fields.get("answer", ""))
        if not isinstance(answer, dict) or answer.keys() != _SIGNED:
            raise ValueError
        approval = Approval(approver.name, iso(at), **answer)
    except (ValueError, RecursionError):
        raise NotConfirmed("Nothing was approved: the form holds no answer of a passkey.", hint="Try again.") from None
    now = datetime.now(UTC)
    if not now - SIGN_MINUTES <= at <= now:
        raise NotConfirmed("Nothing was approved: the page is too old.", hint="It is shown anew now; look again.")
    try:
        check_approval(sealed, approval, approver.passkey)
    except NotSigned as why:
        raise NotConfirmed(f"Nothing was approved: {why}.", hint="Load the page again, and try once more.") from None
    return replace(sealed, approvals=(*sealed.approvals, approval))

