"""How a run stands, in words: a few short texts for each of the things that a person asks."""

import math
from collections.abc import Iterator

from batch_credits.model import ControlTotal, Outcome
from batch_credits.model.amounts import Exponents, minor_in_digits, minor_in_words
from batch_credits.model.currencies import SITE_CURRENCY, exponent_of
from batch_credits.progress.pace import RunTally

CURRENCIES_NAMED = 3  # more are counted
ABOUT_SECONDS_BELOW = 100  # from there on minutes are enough
STEP_SECONDS = 10  # to which seconds left are rounded up; the last are by half of it


def batch_in_words(tally: RunTally) -> list[str]:
    """Of the whole batch, this run and those before: `120/300 rows`, `40 %`, `1,234.50 of 3,086.25 USD`."""
    money = list(_money(tally))
    more = len(money) - CURRENCIES_NAMED
    if more > 0:
        money[CURRENCIES_NAMED:] = [f"{more} more {'currency' if more == 1 else 'currencies'}"]
    return [f"{tally.done:,}/{tally.total:,} rows", f"{tally.percent} %", *money]


def run_in_words(tally: RunTally) -> list[str]:
    """Of this run: `118 credited`, `0 failed`, ...; what is rare is named only if there is some."""
    credited = tally.counts[Outcome.CREDITED]
    already = tally.counts[Outcome.ALREADY_CREDITED]
    review = tally.counts[Outcome.REVIEW]
    failed = tally.counts[Outcome.FAILED] + tally.counts[Outcome.REJECTED]
    words = [
        f"{credited:,} {tally.kind.name_of(Outcome.CREDITED)}",
        f"{failed:,} failed",
        f"{tally.in_doubt:,} in doubt",
    ]
    before = tally.kind.name_of(Outcome.ALREADY_CREDITED).replace("_", " ")
    rare = ((already, before), (review, "to review"), (tally.throttled, "throttled"))
    words += [f"{number:,} {word}" for number, word in rare if number]
    return words + ([f"slowed to {tally.slowed_to:,} a minute"] if tally.is_slowed else [])


def pace_in_words(tally: RunTally, pace: float) -> str:
    """`118 of 120 a minute`; who is slowed by others reads elsewhere to how many."""
    limit = f" of {tally.budget_per_minute:,}" if tally.budget_per_minute and not tally.is_slowed else ""
    return f"{pace:,.0f}{limit} a minute"


def waiting_in_words(tally: RunTally) -> str:
    """`the last minute's 120 requests are used: 58 s`; "" where nothing is waited for."""
    waiting = tally.waiting
    if waiting is None:
        return ""
    return waiting.what if waiting.seconds is None else f"{waiting.what}: {span_in_words(math.ceil(waiting.seconds))}"


def left_in_words(seconds: float | None) -> str:
    """`about 40 s left`, `about 2 h 5 min left`; "" where nobody knows, and at the end."""
    if not seconds:
        return ""
    if seconds < ABOUT_SECONDS_BELOW:
        step = STEP_SECONDS if seconds > STEP_SECONDS else STEP_SECONDS // 2
        return f"about {math.ceil(seconds / step) * step} s left"
    hours, minutes = divmod(math.ceil(seconds / 60), 60)
    return f"about {hours} h {minutes} min left" if hours else f"about {minutes} min left"


def span_in_words(seconds: float) -> str:
    """`2 min 31 s`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _money(tally: RunTally) -> Iterator[str]:
    credited = tally.credited
    for currency, asked in sorted(tally.money.asked.items()):
        yield from _part(credited.get(currency, ControlTotal()), asked, currency or SITE_CURRENCY, tally.money.stated)


def _part(credited: ControlTotal, asked: ControlTotal, currency: str, stated: Exponents) -> Iterator[str]:
    """How much of what was asked for: `1.00 of 2.00 USD`, once for each kind of amount that there is."""
    if asked.amount_minor or not asked.amount_in_decimal:
        is_known = exponent_of(currency, stated) is not None
        done = minor_in_digits(credited.amount_minor, currency, stated) if is_known else f"{credited.amount_minor:,}"
        yield f"{done} of {minor_in_words(asked.amount_minor, currency, stated)}"
    if asked.amount_in_decimal:
        yield f"{credited.amount_in_decimal:,f} of {asked.amount_in_decimal:,f} {currency}"
