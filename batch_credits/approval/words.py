"""What an order says, in sentences."""

from typing import Any

from batch_credits.approval.order import Order, Sealed, Sum, moment_of
from batch_credits.model.amounts import Exponents, minor_in_words
from batch_credits.model.currencies import documented_exponent
from batch_credits.settings import names_live_money
from batch_credits.text.counted import rows


def totals_of(order: Order) -> dict[str, str]:
    """Its money by currency, as people read it; what came in decimal stands beside it."""
    stated = dict(order.input_options.currency_exponents)
    return {currency: _total(currency, total, stated) for currency, total in sorted(order.totals.items())}


def _total(currency: str, total: Sum, stated: Exponents) -> str:
    words = [minor_in_words(total.amount, currency, stated)] if total.amount or total.amount_in_decimal == "0" else []
    words += [] if total.amount_in_decimal == "0" else [f"{total.amount_in_decimal} {currency}"]
    return " + ".join(words)


def facts_of(order: Order) -> tuple[str, ...]:
    """Who made it, when and for where, and how its file is read."""
    limits = [f"{name.replace('_', ' ')}: {_in_words(value)}" for name, value in order.limits.items() if value]
    options = [f"{name.replace('_', ' ')}: {_in_words(value)}" for name, value in order.options.items()]
    money = "real money" if names_live_money(order.site) else "no real money"
    return (
        f"Made by {order.maker} on {moment_in_words(order.made)}, good until {moment_in_words(order.expires)}.",
        f"For site {order.site}, at {order.address}: {money}.",
        *([f"For business entity {order.business_entity}."] if order.business_entity else []),
        f"{rows(order.rows)} in the file, {order.owed:,} to be credited.",
        f"Batch {order.batch[:8]}, SHA-256 of the file {order.file_sha256[:16]}...",
        *([f"Read with {', '.join(options)}."] if options else []),
        *(
            f"That {currency} has {digits} decimals is the word of {order.maker}:"
            f" {order.totals[currency].amount:,} minor units are sent, and limits count these."
            for currency, digits in order.input_options.currency_exponents
            if currency in order.totals and documented_exponent(currency) is None
        ),
        *([f"Held against {', '.join(limits)}."] if limits else []),
    )


def given_in_words(sealed: Sealed) -> tuple[str, ...]:
    """Who approved it, and when."""
    return tuple(f"{each.approver}, {moment_in_words(each.at)}" for each in sealed.approvals)


def moment_in_words(text: str) -> str:
    """A time as people write it, to the minute; what is none as it is."""
    try:
        return f"{moment_of(text):%Y-%m-%d %H:%M} UTC"
    except ValueError:
        return text


def _in_words(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(map(_in_words, value))
    return str(value)
