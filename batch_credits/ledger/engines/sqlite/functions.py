"""What SQLite is taught: to compare money exactly, since it knows no decimals, and the time by which leases are
measured."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from batch_credits.model import Money
from batch_credits.process import clock


def _same_decimal(one: str | None, other: str | None) -> bool:
    """1.5 and 1.50 are one."""
    try:
        return one is not None and other is not None and Decimal(one) == Decimal(other)
    except InvalidOperation:
        return False


def _same_money(
    minor: int | None, decimal: str | None, currency: str | None,
    other_minor: int | None, other_decimal: str | None, other_currency: str | None,
) -> bool:  # fmt: skip
    """Whether a deduction took what a credit gave, as far as the credit names it: a list names every currency."""
    taken = Money(other_minor, other_decimal, other_currency if currency is not None else None)
    return Money(minor, decimal, currency).same_as(taken)


def lease_now_ms() -> int:
    """The time by which leases are measured, in milliseconds, asked anew each time: a clock that goes on while the
    machine sleeps, and that nobody sets. All who share a file are on one machine. Where hosts share a ledger it is the
    database's own, under the same name: no worker's clock says whose a shard is."""
    return int(clock.boottime() * 1000)


# By name, with the count of their arguments; the same arguments always give the same answer.
FUNCTIONS: dict[str, tuple[int, Callable[..., Any]]] = {
    "same_decimal": (2, _same_decimal),
    "same_money": (6, _same_money),
}
