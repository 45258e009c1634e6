"""How handlers answer: a page in its frame, or the address of the next one."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from aiohttp import web

from batch_credits.model import ControlTotal
from batch_credits.model.amounts import Exponents, total_in_words
from batch_credits.views.amounts import Total
from batch_credits.web.desk.desk import desk_of
from batch_credits.web.door.identity import actor_of
from batch_credits.web.door.refusals import Refused
from batch_credits.web.door.sessions import form_token_of
from batch_credits.web.pages import Alert, Amount, Frame, Page
from batch_credits.web.rendering import render

MAX_DIGITS = 15
UNPROCESSABLE = 422  # a form that says something else than the page did


def show(
    request: web.Request,
    page: Page,
    *,
    alert: Alert | None = None,
    status: int = 200,
    waiting: int = 0,
    refresh_seconds: int = 0,
) -> web.Response:
    """A page in its frame."""
    site = desk_of(request).settings.site
    frame = Frame(
        site=site.name,
        is_live=site.is_live,
        actor=actor_of(request),
        token=form_token_of(request),
        waiting=waiting,
        alert=alert,
        refresh_seconds=refresh_seconds,
    )
    return web.Response(text=render(page, frame), content_type="text/html", charset="utf-8", status=status)


def go_to(address: str) -> web.Response:
    """The page that a person sees after an act, so that loading it again does nothing again."""
    return web.Response(status=303, headers={"Location": address})


def page_number(request: web.Request) -> int:
    """Which page of a list.

    Raises:
        Refused: it is no number.
    """
    number = whole_number(request.query.get("page", "1"))
    if not number:
        raise Refused(400, "The page of a list is a number from 1 on.")
    return number


def whole_number(text: str) -> int | None:
    """The number that plain digits are; None: they are none, or more than any number here has."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS else None


def number_typed(text: str) -> int | None:
    """The number that a person typed: digits, as they are shown or without commas; None: it is none.

    A comma that groups no thousands is none that was copied: `1,2` may be a slip, and is not taken for 12.
    """
    typed = text.strip()
    number = whole_number(typed.replace(",", ""))
    return number if number is not None and ("," not in typed or typed == f"{number:,}") else None


def amounts_of(totals: Mapping[str, Any], stated: Exponents) -> tuple[Amount, ...]:
    """Totals by currency as documents have them, minor units, with the words that commands have for them; those in
    decimal have words alone."""
    found = []
    for currency, said in totals.items():
        total = {"amount": said} if isinstance(said, int) else said
        minor, decimal = total.get("amount", 0), Decimal(total.get("amount_in_decimal") or 0)
        words = total_in_words(ControlTotal(1, minor, decimal), currency, stated)
        found.append(Amount(currency, minor, " + ".join(words)))
    return tuple(found)


def stated_in(found: Mapping[str, Any]) -> Exponents:
    """The decimals of currencies that were stated when a check read a file; one of an earlier version does not say."""
    stated: Exponents = found.get("currency_exponents", {})
    return stated


def amounts_in(totals: Iterable[Total]) -> tuple[Amount, ...]:
    """Totals as the ledger's views have them."""
    return tuple(Amount(total.currency, total.amount_minor, " + ".join(total.words)) for total in totals)
