import random
from decimal import Decimal
from itertools import pairwise
from typing import Any

from batch_credits.reporter.spread import LARGEST_SHOWN, MAX_BINS, MAX_DISTINCT, Spread
from tests.each import each
from tests.unit.reporter.conftest import make_row


def spread_of(amounts: list[Any], whole: bool = True) -> Spread:
    spread = Spread(whole)
    for number, amount in enumerate(amounts, 2):
        spread.add([amount], [make_row(number)])
    return spread


def bins_of(amounts: list[Any], whole: bool = True) -> list[tuple[str, str, int]]:
    return [(f"{b.low:f}", f"{b.high:f}", b.rows) for b in spread_of(amounts, whole).histogram()]


def test_no_amounts_have_no_bins() -> None:
    assert bins_of([]) == []


@each(
    "amounts, expected",
    [
        ([5], [("5", "6", 1)]),
        ([1], [("1", "2", 1)]),
        ([1250, 1250], [("1200", "1300", 2)]),
        ([7, 12, 13], [("7", "8", 1), ("8", "9", 0), ("9", "10", 0), ("10", "11", 0), ("11", "12", 0),
                       ("12", "13", 1), ("13", "14", 1)]),
        ([10, 20, 5000], [("10", "20", 1), ("20", "50", 1), ("50", "100", 0), ("100", "200", 0), ("200", "500", 0),
                          ("500", "1000", 0), ("1000", "2000", 0), ("2000", "5000", 0), ("5000", "10000", 1)]),
        ([1, 2**53 - 1], [(str(10**n), str(10 ** (n + 1)), int(n in (0, 15))) for n in range(16)]),
    ],
)  # fmt: skip
def test_bins(amounts: list[int], expected: list[tuple[str, str, int]]) -> None:
    assert bins_of(amounts) == expected


def test_decimals_may_be_as_small_and_as_large_as_they_are() -> None:
    assert bins_of([Decimal("0.125"), Decimal("0.12")], whole=False) == [("0.12", "0.13", 2)]
    huge = Decimal("9" * 33)
    assert sum(rows for *_, rows in bins_of([huge, Decimal("0.000000000000000000000000000001")], whole=False)) == 2


@each("seed", range(30))
def test_every_amount_is_in_its_bin_and_no_row_is_lost(seed: int) -> None:
    chance = random.Random(seed)
    most = 10 ** chance.randint(0, 12)
    amounts = [chance.randint(1, most) for _ in range(chance.randint(1, 300))]
    bins = spread_of(amounts).histogram()
    assert 1 <= len(bins) <= MAX_BINS
    assert [b.rows for b in bins] == [sum(b.low <= amount < b.high for amount in amounts) for b in bins]
    assert sum(b.rows for b in bins) == len(amounts)
    assert all(one.high == other.low for one, other in pairwise(bins))


def test_the_largest_are_named_the_first_row_first_among_equals() -> None:
    amounts = [5, 90, 90, 3, 90, 1, 100, 2, 90, 90]
    assert [row.row_number for row in spread_of(amounts).largest] == [8, 3, 4, 6, 10]
    assert len(spread_of(amounts).largest) == LARGEST_SHOWN
    assert [row.row_number for row in spread_of([1, 2]).largest] == [3, 2]


def test_amounts_that_all_differ_are_counted_without_keeping_them() -> None:
    spread = Spread(whole=True)
    for first in range(1, 3 * MAX_DISTINCT, 500):
        spread.add([*range(first, first + 500)], [make_row(number) for number in range(first, first + 500)])
        assert len(spread._counted) <= MAX_DISTINCT
    assert spread.rows == sum(part.rows for part in spread.histogram()) == 3 * MAX_DISTINCT
    assert spread.bounds == (1, 3 * MAX_DISTINCT)
