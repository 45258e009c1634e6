"""What looks wrong though it is valid: one row against its file, a file against earlier ones."""

import random

import pytest

from batch_credits.ledger import Bucket, LargeAmount
from batch_credits.planning.plausibility import far_from, far_rows, median, unusual_batch
from tests.each import each


def in_words(amount: int, currency: str) -> str:
    return f"{amount} {currency}"


@each(
    "amounts, middle",
    [([5], 5), ([1, 2, 3], 2), ([1, 2], 1), ([7, 7, 7, 9_000], 7), ([3, 1, 2, 1_000_000, 900], 3)],
)
def test_the_median_is_the_middle_whatever_the_largest_is(amounts: list[int], middle: int) -> None:
    assert median([Bucket(amount, 1) for amount in amounts]) == middle


@pytest.mark.parametrize(
    ("amounts", "far"),
    [
        pytest.param([1_000] * 9, None, id="too few to tell"),
        pytest.param([1_000] * 10, 20_000, id="all alike: the factor alone"),
        pytest.param([900, 1_000, 1_100] * 10, 20_000, id="close together"),
    ],
)
def test_from_where_on_an_amount_stands_out(amounts: list[int], far: int | None) -> None:
    assert far_from([Bucket(amount, 1) for amount in amounts]) == far


@each("seed", range(5))
def test_a_wide_spread_raises_no_alarm_and_a_hundredfold_does(seed: int) -> None:
    chance = random.Random(seed)
    buckets = [Bucket(max(1, round(chance.lognormvariate(8, 0.8))), 1) for _ in range(2_000)]
    bound = far_from(buckets)
    assert bound is not None
    assert sum(bucket.amount >= bound for bucket in buckets) <= 2
    assert median(buckets) * 100 >= bound


def test_far_rows_are_named_and_those_not_shown_are_counted() -> None:
    spread = {"USD": [Bucket(1_000, 50), Bucket(500_000, 3)], "EUR": [Bucket(700, 20)], "": [Bucket(1, 2)]}
    largest = [LargeAmount(7, "USD", 500_000), LargeAmount(9, "USD", 500_000), LargeAmount(3, "EUR", 700)]
    assert far_rows(spread, largest, in_words) == [
        "row 7: 500000 USD is 500 times the median of the file, 1000 USD",
        "row 9: 500000 USD is 500 times the median of the file, 1000 USD",
        "1 more of USD that are far above that median",
    ]


@pytest.mark.parametrize(
    ("now", "then", "earlier", "said"),
    [
        (100_000, 1_000, 5, "about 100 times larger"),
        (10, 1_000, 5, "about 100 times smaller"),
        (29_000, 1_000, 500, None),
        (100_000, 1_000, 4, None),
    ],
)
def test_a_batch_of_another_size_than_earlier_ones(now: int, then: int, earlier: int, said: str | None) -> None:
    sentences = unusual_batch({"USD": [Bucket(now, 1)]}, {"USD": [Bucket(then, earlier)]}, in_words)
    assert len(sentences) == (said is not None)
    assert said is None or said in sentences[0]
    assert unusual_batch({"EUR": [Bucket(now, 1)]}, {"USD": [Bucket(then, earlier)]}, in_words) == []
