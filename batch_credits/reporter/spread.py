"""How the amounts of a batch are spread: counted while its rows stream by, and drawn as a histogram.

Amounts are counted by their first two digits, so that the count stays small whatever the batch; the bounds of a
histogram's bins are never finer than that, so every amount is in its right bin.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from heapq import heappush, heappushpop
from itertools import pairwise
from typing import NamedTuple

from batch_credits.model import ReportRow

LARGEST_SHOWN = 5  # rows of each currency
MAX_BINS = 16
FEWEST_ROWS, FEWEST_BINS = 20, 2  # below which a histogram says no more than the smallest and the largest amount
MAX_DISTINCT = 10_000  # amounts that are counted one by one, which few payouts have
_FAR = 12  # an amount this many times the median makes equal bins useless: most rows would share one
_STEPS = (1, 2, 5)


class Bin(NamedTuple):
    """Rows whose amount is at least `low` and less than `high`."""

    low: Decimal
    high: Decimal
    rows: int


class Unit(NamedTuple):
    """What amounts are counted in: minor units of a currency, or decimals of its major unit."""

    currency: str
    in_decimal: bool


class _Lead(NamedTuple):
    """The first two digits of an amount, and the power of ten by which they count."""

    digits: int  # 10 to 99
    power: int

    @property
    def low(self) -> Decimal:
        return Decimal(self.digits).scaleb(self.power)

    @property
    def high(self) -> Decimal:
        return Decimal(self.digits + 1).scaleb(self.power)


@dataclass(slots=True)
class Spread:
    """The amounts of one unit: how many begin alike, and the rows with the largest. `whole` units know no fractions."""

    whole: bool
    rows: int = 0  # amounts that were counted
    _leads: Counter[tuple[str, int]] = field(default_factory=Counter)  # (first digits, digits before the point)
    _counted: Counter[Decimal | int] = field(default_factory=Counter)  # amounts that are not yet among the leads
    _largest: list[tuple[Decimal | int, int, ReportRow]] = field(default_factory=list)  # a heap, smallest first
    _smallest: Decimal | int | None = None

    def add(self, amounts: Sequence[Decimal | int], rows: Sequence[ReportRow]) -> None:
        """Count the amounts of some rows; one of zero is none."""
        if not all(amounts):
            rows = [row for row, amount in zip(rows, amounts, strict=True) if amount]
            amounts = [amount for amount in amounts if amount]
        self.rows += len(rows)
        self._counted.update(amounts)
        if len(self._counted) > MAX_DISTINCT:
            self._count_leads()
        smallest = min(amounts)
        if self._smallest is None or smallest < self._smallest:
            self._smallest = smallest
        if len(self._largest) < LARGEST_SHOWN or max(amounts) >= self._largest[0][0]:
            for amount, row in zip(amounts, rows, strict=True):
                self._keep_largest(amount, row)

    def _count_leads(self) -> None:
        for amount, rows in self._counted.items():
            if isinstance(amount, int):
                text = str(amount)
                self._leads[text[:2], len(text)] += rows
            else:
                power = amount.adjusted()
                first = amount.scaleb(1 - power).to_integral_value(ROUND_FLOOR)
                self._leads[str(int(first)), power + 1] += rows
        self._counted.clear()

    def _keep_largest(self, amount: Decimal | int, row: ReportRow) -> None:
        if len(self._largest) < LARGEST_SHOWN:
            heappush(self._largest, (amount, -row.row_number, row))
        elif amount >= self._largest[0][0]:
            heappushpop(self._largest, (amount, -row.row_number, row))  # of equal ones the first of the file stays

    @property
    def bounds(self) -> tuple[Decimal | int, Decimal | int] | None:
        """The smallest and the largest amount; None of no amounts."""
        return None if self._smallest is None else (self._smallest, max(entry[0] for entry in self._largest))

    @property
    def says_something(self) -> bool:
        """Whether there are enough amounts, and different enough, that their spread is worth a picture."""
        return self.rows >= FEWEST_ROWS and sum(part.rows > 0 for part in self.histogram()) >= FEWEST_BINS

    @property
    def largest(self) -> list[ReportRow]:
        """The rows with the largest amounts, largest first."""
        return [row for _, _, row in sorted(self._largest, key=lambda entry: entry[:2], reverse=True)]

    def histogram(self) -> list[Bin]:
        """Bins of equal width from the smallest to the largest amount; where a few are far above, growing ones."""
        self._count_leads()
        leads = ((_Lead(int(digits.ljust(2, "0")), length - 2), rows) for (digits, length), rows in self._leads.items())
        counted = sorted(leads, key=lambda item: item[0].low)
        if not counted:
            return []
        lowest, highest = counted[0][0], counted[-1][0]
        if highest.low > _FAR * _median(counted):
            edges = _growing_edges(lowest.low, highest.high)
        else:
            edges = _even_edges(lowest.low, highest.high, max(0, highest.power) if self.whole else highest.power)
        bins, place = [], 0
        for low, high in pairwise(edges):
            rows = 0
            while place < len(counted) and counted[place][0].low < high:
                rows += counted[place][1]
                place += 1
            bins.append(Bin(low, high, rows))
        return bins


def _median(counted: list[tuple[_Lead, int]]) -> Decimal:
    half = sum(rows for _, rows in counted) / 2
    passed = 0
    for lead, rows in counted:
        passed += rows
        if passed >= half:
            return lead.low
    raise ValueError("no amounts have no median")


def _even_edges(lowest: Decimal, end: Decimal, power: int) -> list[Decimal]:
    """The bounds of bins of equal width, ascending, one more than there are bins; no width is below 10 ** power."""
    while True:
        for step in _STEPS:
            width = Decimal(step).scaleb(power)
            first, last = int(lowest // width), int((end / width).to_integral_value(ROUND_CEILING))
            if last - first <= MAX_BINS:
                return [width * number for number in range(first, last + 1)]
        power += 1


def _growing_edges(lowest: Decimal, end: Decimal) -> list[Decimal]:
    """1, 2, 5, 10, 20, 50 ... ; powers of ten alone if those are too many."""
    edges = _edges_around(lowest, end, _STEPS)
    return edges if len(edges) <= MAX_BINS + 1 else _edges_around(lowest, end, (1,))


def _edges_around(lowest: Decimal, end: Decimal, steps: tuple[int, ...]) -> list[Decimal]:
    """From the last edge that is not above the lowest amount to the first one that no amount reaches."""
    powers = range(lowest.adjusted(), end.adjusted() + 2)
    edges = [Decimal(step).scaleb(power) for power in powers for step in steps]
    first = max(place for place, edge in enumerate(edges) if edge <= lowest)
    last = min(place for place, edge in enumerate(edges) if edge >= end)
    return edges[first : last + 1]
