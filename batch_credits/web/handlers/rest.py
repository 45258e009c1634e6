"""What is left of a batch once nobody sends it: what it is sent from, if that is here, and the form that sends it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from batch_credits.approval.judging import is_approved
from batch_credits.approval.order import Sealed
from batch_credits.approval.policy import read_policy
from batch_credits.errors import UsageError
from batch_credits.model import CallKind
from batch_credits.model.amounts import Exponents
from batch_credits.reporter.amounts import stated_exponents
from batch_credits.text.counted import rows as count_of
from batch_credits.web.approval_pages import SubmitForm
from batch_credits.web.desk.books import Known
from batch_credits.web.desk.checks import must_be_approved, why_left_to_maker
from batch_credits.web.desk.desk import Desk
from batch_credits.web.desk.undos import Undo
from batch_credits.web.desk.uploads import Upload
from batch_credits.web.handlers.answers import amounts_of
from batch_credits.web.handlers.typed import as_shown, totals_to_type
from batch_credits.web.pages import Amount, SendForm


@dataclass(frozen=True, slots=True)
class Rest:
    """What a batch owes still, `owed` as a run is told it, and where it comes from: the file of credits, or what was
    chosen to be taken back. Where that is here, `send` sends it, by `order` if there is one; or, where others must say
    yes to it first, `submit` asks them, or they were asked at `order_href`."""

    owed: dict[str, Any]
    upload: Upload | None = None
    undo: Undo | None = None
    order: str = ""
    send: SendForm | None = None
    submit: SubmitForm | None = None
    order_href: str = ""


def rest_of(desk: Desk, known: Known, summary: Mapping[str, Any], actor: str) -> Rest | None:
    """The rows that are owed, or, where none is, those in doubt, which a run settles; None: nothing is left."""
    counts, record, stated = summary["counts"], known.record, stated_exponents(known.record)
    if not (counts.get("pending") or counts.get("in_doubt")):
        return None
    rest = Rest(owed_of(summary, stated))
    if record.kind is CallKind.DEDUCT:
        rest = replace(rest, undo=_undo_of(desk, known))
        return rest if rest.undo is None else replace(rest, send=_send_form(desk, known, summary, rest))
    is_good = _is_approved(known)
    if must_be_approved() and not is_good and desk.order_of_rest(known) is not None:
        return replace(rest, order_href=f"/orders/{record.key}")
    upload = _upload_of(desk, record.key)
    if upload is None:
        return rest
    rest = replace(rest, upload=upload, order=known.order if is_good else "")
    form = _send_form(desk, known, summary, rest)
    if is_good or not must_be_approved():
        return replace(rest, send=form)
    why_not, href = why_left_to_maker(upload, actor), form.href.replace("/send?", "/submit?")
    return replace(rest, submit=SubmitForm(href, form.number, form.amounts, form.site, form.is_live, 0, why_not))


def _is_approved(known: Known) -> bool:
    """Whether an order of the batch began, and holds still: what is left of it goes on by that."""
    if not known.order:
        return False
    try:
        return is_approved(Sealed.read(known.order.encode("ascii"), "the order"), read_policy())
    except (UsageError, UnicodeError):
        return False


def _send_form(desk: Desk, known: Known, summary: Mapping[str, Any], rest: Rest) -> SendForm:
    counts, stated, site = summary["counts"], stated_exponents(known.record), desk.settings.site
    is_deduction = known.record.kind is CallKind.DEDUCT
    return SendForm(
        action="reverse" if is_deduction else "send",
        href=f"/batches/{known.record.key}/send{as_shown(rest.owed)}",
        number=counts.get("pending", 0) or counts.get("in_doubt", 0),
        amounts=totals_of(summary, stated)["pending" if counts.get("pending") else "in_doubt"],
        site=site.name,
        is_live=site.is_live,
        totals_to_type=totals_to_type(desk, rest.owed["totals"], stated),
        is_deduction=is_deduction,
    )


def step_of(known: Known, rest: Rest) -> str:
    """What to do about it, in sentences."""
    is_deduction, said = known.record.kind is CallKind.DEDUCT, list[str]()
    if pending := rest.owed["rows"]:
        said.append(f"{count_of(pending)} not {'taken back' if is_deduction else 'sent'} yet.")
    if known.view.is_on:
        said.append("Whoever works for the site goes on with it, now or later.")
    if rest.send is not None:
        said.append(f"You can {'take back' if is_deduction else 'send'} the rest below.")
    elif rest.submit is not None:
        said.append("Here another person must approve the rest.")
    elif rest.order_href:
        said.append("The rest waits for approval.")
    elif is_deduction:
        said.append("Whoever began to take them back can run that again.")
    else:
        # Read in another way, or under another reference, it would be another batch.
        said.append("To send the rest here, upload the same file again with the same reference and answers;")
        said.append("or have whoever ran it run it again.")
    return " ".join(said)


def _upload_of(desk: Desk, key: str) -> Upload | None:
    """The file of a batch, which may have begun elsewhere: the newest upload that a check found to be it, or the one of
    its last run here; None: it is not here."""
    for upload in sorted(desk.uploads.all(), key=lambda upload: upload.at, reverse=True):
        checked = desk.checks.known(upload)
        if checked is not None and checked.error is None and checked.content["batch"] == key:
            return upload
    job = desk.jobs.latest(key)
    return None if job is None else desk.uploads.known(job.upload_id)


def _undo_of(desk: Desk, known: Known) -> Undo | None:
    """What was chosen to be taken back, where that began here."""
    job = desk.jobs.latest(known.record.key)
    return None if job is None else desk.undos.known(known.record.reverses or "", job.undo_id)


def totals_of(summary: Mapping[str, Any], stated: Exponents) -> dict[str, tuple[Amount, ...]]:
    """The totals of a summary by outcome; of those in decimal, the words."""
    decimals = summary.get("totals_in_decimal", {})
    return {name: _with_decimals(totals, decimals.get(name, {}), stated) for name, totals in summary["totals"].items()}


def _with_decimals(minor: Mapping[str, int], decimal: Mapping[str, str], stated: Exponents) -> tuple[Amount, ...]:
    both: dict[str, dict[str, Any]] = {currency: {"amount": amount} for currency, amount in minor.items()}
    for currency, text in decimal.items():
        both.setdefault(currency, {})["amount_in_decimal"] = text
    return amounts_of(both, stated)


def owed_of(summary: Mapping[str, Any], stated: Exponents) -> dict[str, Any]:
    """What a person agrees to by typing how many credits are left, as the run is told it."""
    minor, decimal = summary["totals"]["pending"], summary.get("totals_in_decimal", {}).get("pending", {})
    totals = {}
    for amount in totals_of(summary, stated)["pending"]:
        said = {"rows": 1, "amount": minor.get(amount.currency, 0)}
        totals[amount.currency] = said | (
            {"amount_in_decimal": decimal[amount.currency]} if amount.currency in decimal else {}
        )
    return {"batch": summary["batch"], "rows": summary["counts"]["pending"], "totals": totals}
