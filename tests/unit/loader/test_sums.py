from decimal import Decimal

from batch_credits.loader.sums import NOTHING, Running, Sum


def test_sums_add_and_subtract_in_both_units() -> None:
    both = Sum(5, Decimal("0.1")).plus(Sum(7, Decimal("0.2")))
    assert both == Sum(12, Decimal("0.3"))
    assert both.less(Sum(12, Decimal("0.3"))) == NOTHING


def running(*amounts: int) -> Running:
    made = Running()
    for amount in amounts:
        made.add(1, Sum(amount))
    return made


def test_a_total_is_of_all_rows_or_of_the_newest_blocks() -> None:
    made = running(5, 6)
    made.begin_block()  # the next block begins behind 11
    made.add(1, Sum(4))
    made.begin_block()
    made.add(2, Sum(3))
    assert [made.rows_of(Sum(total)) for total in (18, 7, 3)] == [5, 3, 2]
    assert [made.rows_of(Sum(total)) for total in (11, 6, 19)] == [None, None, None]


def test_nothing_is_the_total_of_no_rows() -> None:
    assert Running().rows_of(NOTHING) == 0
    assert running(5).rows_of(Sum(4)) is None


def test_a_customers_amount_is_a_sum_only_of_enough_rows() -> None:
    assert running(5, 6).is_sum(Sum(11), 2)
    assert not running(5).is_sum(Sum(5), 2)
    assert not running(5, 6).is_sum(Sum(12), 2)


def test_a_customers_amount_may_be_the_sum_of_the_newest_block_alone() -> None:
    made = running(5, 6)
    made.begin_block()
    made.add(1, Sum(3))
    assert not made.is_sum(Sum(3), 2)  # of one row
    made.add(1, Sum(4))
    assert made.is_sum(Sum(7), 2) and made.is_sum(Sum(18), 2)
    assert not made.is_sum(Sum(13), 2)  # 6 + 3 + 4, across a boundary


def test_rows_can_be_taken_away_again() -> None:
    made = running(5, 6)
    made.add(-1, NOTHING.less(Sum(6)))
    assert (made.rows, made.sum) == (1, Sum(5))
