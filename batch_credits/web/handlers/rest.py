"""What is left of a batch once nobody sends it: what it is sent from, if that is here, and the form that sends it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from batch_credits.model import CallKind
from batch_credits.model.amounts import Exponents
from batch_credits.reporter.amounts import stated_exponents
from batch_credits.text.counted import rows as count_of
from batch_credits.web.desk.books import Known
from batch_credits.web.desk.desk import Desk
from batch_credits.web.desk.undos import Undo
from batch_credits.web.desk.uploads import Upload
from batch_credits.web.handlers.answers import amounts_of
from batch_credits.web.handlers.typed import as_shown, totals_to_type
from batch_credits.web.pages import Amount, SendForm


@dataclass(frozen=True, slots=True)
class Rest:
    """What a batch owes still, `owed` as a run is told it, and where it comes from: the file of credits, or what was
    chosen to be taken back. `send` is None where that is not here."""

    owed: dict[str, Any]
    upload: Upload | None = None
    undo: Undo | None = None
    send: SendForm | None = None


def rest_of(desk: Desk, known: Known, summary: Mapping[str, Any]) -> Rest | None:
    """The rows that are owed, or, where none is, those in doubt, which a run settles; None: nothing is left."""
    counts, record, stated = summary["counts"], known.record, stated_exponents(known.record)
    number = counts.get("pending", 0) or counts.get("in_doubt", 0)
    if not number:
        return None
    is_deduction, owed = record.kind is CallKind.DEDUCT, owed_of(summary, stated)
    upload = None if is_deduction else _upload_of(desk, record.key)
    undo = _undo_of(desk, known) if is_deduction else None
    if upload is None and undo is None:
        return Rest(owed)
    site = desk.settings.site
    form = SendForm(
        action="reverse" if is_deduction else "send",
        href=f"/batches/{record.key}/send{as_shown(owed)}",
        number=number,
        amounts=totals_of(summary, stated)["pending" if counts.get("pending") else "in_doubt"],
        site=site.name,
        is_live=site.is_live,
        totals_to_type=totals_to_type(desk, owed["totals"], stated),
        is_deduction=is_deduction,
    )
    return Rest(owed, upload, undo, form)


def step_of(known: Known, rest: Rest) -> str:
    """What to do about it, in sentences."""
    is_deduction, said = known.record.kind is CallKind.DEDUCT, list[str]()
    if pending := rest.owed["rows"]:
        said.append(f"{count_of(pending)} not {'taken back' if is_deduction else 'sent'} yet.")
    if known.view.is_on:
        said.append("Whoever works for the site goes on with it, now or later.")
    if rest.send is not None:
        said.append(f"You can {'take back' if is_deduction else 'send'} the rest below.")
    elif is_deduction:
        said.append("Whoever began to take them back can run that again.")
    else:
        said.append("Upload the same file again to send the rest here, or have whoever ran it run it again.")
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
