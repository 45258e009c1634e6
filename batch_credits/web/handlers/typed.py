"""What a person types to send something: how many credits, and totals where these must be typed, too."""

import json
from collections.abc import Mapping
from decimal import Decimal
from hashlib import sha256
from typing import Any

from aiohttp import web

from batch_credits.errors import UsageError
from batch_credits.model import ControlTotal
from batch_credits.model.amounts import Exponents, is_amount_of
from batch_credits.planning.controls import above_bounds
from batch_credits.settings import InputOptions
from batch_credits.web.desk.desk import Desk
from batch_credits.web.door.refusals import Refused
from batch_credits.web.handlers.answers import amounts_of, number_typed
from batch_credits.web.pages import Alert, Choice, SendForm

SHOWN_LETTERS = 16  # of the hash of what a page shows
TOTAL = "total:"  # begins the name of a field for a total


def totals_to_type(desk: Desk, owed: Mapping[str, Mapping[str, Any]], stated: Exponents) -> tuple[Choice, ...]:
    """The fields for totals that must be typed, and what to type: on a live site, above the bounds that are set.

    Raises:
        Refused: a bound is no amount of its currency; a run would be refused, too.
    """
    if not desk.settings.site.is_live:
        return ()
    totals = {
        currency: ControlTotal(total["rows"], total["amount"], Decimal(total.get("amount_in_decimal", 0)))
        for currency, total in owed.items()
    }
    options = InputOptions(currency_exponents=tuple(stated.items()))
    try:
        above = above_bounds(totals, desk.settings.confirm_total, options)
    except UsageError as error:
        raise Refused(503, error.message, "Whoever runs the server can correct it.") from None
    words = {amount.currency: amount.words for amount in amounts_of(owed, stated)}
    return tuple(Choice(f"{TOTAL}{currency}", words[currency]) for currency in above)


def typed_totals(fields: Mapping[str, str]) -> dict[str, str]:
    """The totals that a person typed, by currency."""
    return {name.removeprefix(TOTAL): value for name, value in fields.items() if name.startswith(TOTAL)}


def not_typed(form: SendForm, fields: Mapping[str, str]) -> Alert | None:
    """What was not typed as the form asks for; None: all was."""
    what = "deduction" if form.is_deduction else "credit"
    if number_typed(fields.get("confirm", "")) != form.number:
        many = f"{form.number:,} {what}{'' if form.number == 1 else 's'}"
        said = f"Nothing was sent: type {form.number} to send {many}."
        return Alert(said, f"The number is how many {what}s would be sent.", "confirm")
    for total in form.totals_to_type:
        words = total.label.split(" + ")
        if not all(is_amount_of(fields.get(total.value, "").strip() or "-", each) for each in words):
            return Alert(f"Nothing was sent: type the total, {total.label}.", "So much would be sent.", total.value)
    return None


def owed_of(found: Mapping[str, Any]) -> dict[str, Any]:
    """What a person agrees to by typing the number, as the run is told it."""
    pending = found["totals_by_outcome"].get("pending", {})
    return {"batch": found["batch"], "rows": found["counts"]["pending"], "totals": pending}


def as_shown(owed: Mapping[str, Any]) -> str:
    """What ends the address of a form: a hash of what its page shows would be sent. In another tab the file may be read
    in another way meanwhile: as many credits, of a hundred times the amount."""
    return f"?of={sha256(json.dumps(owed, sort_keys=True).encode()).hexdigest()[:SHOWN_LETTERS]}"


def as_checked(found: Mapping[str, Any]) -> str:
    """The same of what a check found."""
    return as_shown(owed_of(found))


def changed_since(request: web.Request, href: str) -> Alert | None:
    """That a form is of a page that showed something else; None: it is of this one."""
    if request.path_qs == href:
        return None
    return Alert(
        "Nothing was sent: what would be sent changed since this page was shown.", "Look at it as it is now.", "confirm"
    )


def is_typed(name: str) -> bool:
    """Whether a field is one that a person types to send something."""
    return name == "confirm" or name.startswith(TOTAL)
