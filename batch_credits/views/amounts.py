"""Totals by currency, and what of them was deducted again: as numbers, and in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from batch_credits.model import ControlTotal
from batch_credits.model.amounts import Exponents, total_in_words
from batch_credits.model.currencies import SITE_CURRENCY
from batch_credits.model.undone import Undone


@dataclass(frozen=True, slots=True)
class Total:
    """What rows of one currency sum up to: in minor units, and beside that those that came in decimal (0: none did).

    `words` are the amounts as people read them: usually one, two where both kinds came.
    """

    currency: str
    rows: int
    amount_minor: int
    amount_in_decimal: Decimal
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UndoneBy:
    """What one batch deducted again; `key` is its id."""

    key: str
    rows: int
    totals: tuple[Total, ...]


@dataclass(frozen=True, slots=True)
class UndoneView:
    """What was credited, and deducted again. `batches` names in words who did; "" where nobody did."""

    rows: int
    totals: tuple[Total, ...]
    by: tuple[UndoneBy, ...]
    batches: str


def total_of(total: ControlTotal, currency: str, stated: Exponents) -> Total:
    """One total; a `currency` of "" is one that no row names."""
    name = currency or SITE_CURRENCY
    words = tuple(total_in_words(total, name, stated))
    return Total(name, total.count, total.amount_minor, total.amount_in_decimal, words)


def totals_of(totals: Mapping[str, ControlTotal], stated: Exponents) -> tuple[Total, ...]:
    """All totals, by currency."""
    return tuple(total_of(total, currency, stated) for currency, total in sorted(totals.items()))


def undone_view(undone: Undone, stated: Exponents) -> UndoneView:
    """What was deducted again, batch by batch."""
    by = tuple(UndoneBy(key, undone.rows_by(key), totals_of(of, stated)) for key, of in undone.by_batch.items())
    return UndoneView(undone.rows, totals_of(undone.totals, stated), by, undone.batches if by else "")
