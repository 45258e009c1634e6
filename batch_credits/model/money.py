"""Money: integers of minor units, or the exact decimal text of a site with multi-decimal pricing. Never a float."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from typing import NamedTuple

DECIMAL_DIGITS = 100  # an amount in decimal has 33 characters; the usual 28 digits would round a sum of them


class Money(NamedTuple):
    """An amount as Chargebee takes it: exactly one of the two amounts, and the currency if known.

    `amount_minor` counts minor units; `amount_in_decimal` is the exact decimal text in major units.
    """

    amount_minor: int | None
    amount_in_decimal: str | None
    currency_code: str | None

    def same_as(self, other: "Money") -> bool:
        """Whether both are the same money; 1.5 and 1.50 are."""
        return self._comparable() == other._comparable()

    def _comparable(self) -> tuple[int | None, Decimal | None, str | None]:
        decimal = None if self.amount_in_decimal is None else Decimal(self.amount_in_decimal)
        return self.amount_minor, decimal, self.currency_code

    def __str__(self) -> str:
        currency = self.currency_code or "the site's currency"
        if self.amount_in_decimal is not None:
            return f"{self.amount_in_decimal} {currency}"
        return f"{self.amount_minor} minor units of {currency}"


@dataclass(slots=True)
class ControlTotal:
    """Count and sum of one currency. `amount_in_decimal` sums major units of rows that used that field."""

    count: int = 0
    amount_minor: int = 0
    amount_in_decimal: Decimal = field(default_factory=Decimal)

    def add(self, money: Money) -> None:
        """Count one more amount, exactly."""
        self.count += 1
        if money.amount_minor is not None:
            self.amount_minor += money.amount_minor
        if money.amount_in_decimal is not None:
            self.add_decimal(money.amount_in_decimal)

    def add_minor(self, amounts: Sequence[int]) -> None:
        """Count so many more amounts, in minor units."""
        self.count += len(amounts)
        self.amount_minor += sum(amounts)

    def add_decimal(self, text: str) -> None:
        """Add an amount of a row that is counted."""
        with localcontext(prec=DECIMAL_DIGITS):
            self.amount_in_decimal += Decimal(text)

    def less(self, part: "ControlTotal") -> "ControlTotal":
        """What remains without a part of it, exactly."""
        with localcontext(prec=DECIMAL_DIGITS):
            decimals = self.amount_in_decimal - part.amount_in_decimal
        return ControlTotal(self.count - part.count, self.amount_minor - part.amount_minor, decimals)


def sum_totals(parts: Iterable[Mapping[str, ControlTotal]]) -> dict[str, ControlTotal]:
    """Several totals by currency as one, exactly."""
    summed: dict[str, ControlTotal] = {}
    with localcontext(prec=DECIMAL_DIGITS):
        for part in parts:
            for currency, total in part.items():
                into = summed.setdefault(currency, ControlTotal())
                into.count += total.count
                into.amount_minor += total.amount_minor
                into.amount_in_decimal += total.amount_in_decimal
    return summed
