import random
from decimal import Decimal
from typing import Any

import pytest

from batch_credits.model import ControlTotal, Money, Outcome
from batch_credits.model.currencies import SITE_CURRENCY
from batch_credits.reporter.tally import (
    MAX_REASONS,
    MAX_ROWS_FOR_CERTAIN,
    MAX_ROWS_SHOWN,
    Tally,
    differences,
    exit_code,
)
from tests.each import each
from tests.unit.reporter.conftest import make_batch, make_row, totals_of


@each(
    "outcomes, stopped, in_balance, expected",
    [
        ((), False, True, 0),
        ((Outcome.CREDITED, Outcome.ALREADY_CREDITED), False, True, 0),
        ((Outcome.CREDITED, Outcome.FAILED), False, True, 1),
        ((Outcome.REJECTED,), False, True, 1),
        ((Outcome.REJECTED, Outcome.IN_DOUBT), False, True, 3),
        ((Outcome.REVIEW,), False, True, 3),
        ((Outcome.CREDITED,), False, False, 3),
        ((Outcome.FAILED,), False, False, 3),
        ((Outcome.PENDING,), False, True, 4),
        ((Outcome.PENDING, Outcome.REVIEW), False, False, 4),
        ((Outcome.CREDITED,), True, True, 4),
        ((Outcome.REVIEW,), True, False, 4),
    ],
)
def test_exit_code(outcomes: tuple[Outcome, ...], stopped: bool, in_balance: bool, expected: int) -> None:
    counts = {outcome: outcomes.count(outcome) for outcome in Outcome}
    assert exit_code(counts, stopped, in_balance) == expected


@pytest.mark.parametrize("outcomes", [(), (Outcome.CREDITED,), (Outcome.PENDING,), (Outcome.FAILED, Outcome.REVIEW)])
@pytest.mark.parametrize(("stopped", "in_balance"), [(False, True), (True, True), (True, False)])
def test_where_a_person_must_look_first_running_again_is_not_advised(
    outcomes: tuple[Outcome, ...], stopped: bool, in_balance: bool
) -> None:
    counts = {outcome: outcomes.count(outcome) for outcome in Outcome}
    assert exit_code(counts, stopped, in_balance, needs_person=True) == 3


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [(Outcome.CREDITED, 1), (Outcome.FAILED, 1), (Outcome.REVIEW, 3), (Outcome.PENDING, 4)],
)
def test_what_was_reversed_is_not_paid(outcome: Outcome, expected: int) -> None:
    counts = dict.fromkeys(Outcome, 0) | {outcome: 1}
    assert exit_code(counts, stopped=False, in_balance=True, reversed_rows=1) == expected
    assert exit_code(counts, stopped=False, in_balance=True, needs_person=True, reversed_rows=1) == 3


def test_what_was_reversed_is_counted_beside_its_outcome() -> None:
    tally = Tally()
    for row in (make_row(2), make_row(3, reversed_by="ab" * 32), make_row(4, Outcome.FAILED)):
        tally.add([row])
    assert tally.counts[Outcome.CREDITED] == 2
    assert tally.undone.by_batch == {"ab" * 32: {"USD": ControlTotal(1, 1250)}}


def test_every_outcome_is_counted_with_its_money() -> None:
    tally = Tally()
    for number, outcome in enumerate(Outcome):
        tally.add([make_row(number, outcome, money=Money(10**number, None, "USD"))])
    assert set(tally.counts.values()) == {1}
    assert [tally.totals[outcome]["USD"].amount_minor for outcome in Outcome] == [10**n for n in range(7)]


def test_rows_without_money_or_currency() -> None:
    tally = Tally()
    tally.add([make_row(2, Outcome.REJECTED, money=None)])
    tally.add([make_row(3, Outcome.REJECTED, money=Money(5, None, None))])
    assert tally.counts[Outcome.REJECTED] == 2
    assert tally.totals[Outcome.REJECTED] == {SITE_CURRENCY: ControlTotal(1, 5)}


def test_in_balance_also_without_a_currency() -> None:
    rows = [make_row(2), make_row(3, Outcome.FAILED, money=Money(7, None, None)), make_row(4, money=None)]
    tally = Tally()
    for row in rows:
        tally.add([row])
    assert differences(make_batch(rows_read=3, totals=totals_of(rows)), tally) == ()


@each(
    "rows_read, totals, sentence",
    [
        (2, {"USD": ControlTotal(1, 1250)}, "2 rows were read, but 1 have an outcome."),
        (1, {"USD": ControlTotal(1, 1251)}, "USD: 1 amounts with 1251 minor units were read"),
        (1, {"USD": ControlTotal(2, 1250)}, "USD: 2 amounts with 1250 minor units were read"),
        (1, {"USD": ControlTotal(1, 1250), "EUR": ControlTotal(1, 1)}, "EUR: 1 amounts with 1 minor units were read"),
        (1, {}, "USD: 0 amounts with 0 minor units were read"),
        (1, {"USD": ControlTotal(1, 1250, Decimal("0.1"))}, "and 0.1 in decimal were read"),
    ],
)
def test_whatever_differs_is_said(rows_read: int, totals: dict[str, ControlTotal], sentence: str) -> None:
    tally = Tally()
    tally.add([make_row(2)])
    (said,) = differences(make_batch(rows_read=rows_read, totals=totals), tally)
    assert sentence in said


def test_totals_are_kept_by_currency_and_credit_type_and_add_up() -> None:
    tally = Tally()
    tally.add([make_row(2, credit_type="general")])
    tally.add([make_row(3, credit_type="general")])
    tally.add([make_row(4, credit_type="loyalty_credits", money=Money(7, None, "EUR"))])
    tally.add([make_row(5, Outcome.REJECTED)])
    assert tally.by_type == {
        (Outcome.CREDITED, "USD", "general"): ControlTotal(2, 2500),
        (Outcome.CREDITED, "EUR", "loyalty_credits"): ControlTotal(1, 7),
        (Outcome.REJECTED, "USD", ""): ControlTotal(1, 1250),
    }
    assert tally.totals[Outcome.CREDITED] == {"USD": ControlTotal(2, 2500), "EUR": ControlTotal(1, 7)}
    assert [(unit, spread.rows) for unit, spread in tally.spread.items()] == [(("USD", False), 2), (("EUR", False), 1)]


def counted(tally: Tally) -> list[Any]:
    spread = {
        unit: (each.rows, each.bounds, each.largest, each.histogram(), each.says_something)
        for unit, each in tally.spread.items()
    }
    by_name = [tally.counts, list(tally.by_type.items()), tally.unread, list(tally.references), tally.undone.by_batch]
    return [*by_name, tally.totals, tally.reason_groups, spread]


@each("seed", range(20))
def test_rows_that_are_counted_together_are_counted_as_each_by_itself(seed: int) -> None:
    chance = random.Random(seed)
    moneys = [None, *(Money(amount, None, code) for amount in (0, 7, 95, 1250) for code in ("USD", "EUR", None))]
    moneys += [Money(None, text, code) for text in ("0.00", "1.5", "1.50", "0.125", "99") for code in ("USD", "JPY")]
    rows = [
        make_row(
            number, chance.choice([*Outcome]), credit_type=chance.choice([None, "general"]),
            money=chance.choice([*moneys, Money(chance.randint(1, 10**6), None, "USD")]),
            reference=chance.choice([None, "", "q3", f"q3-{number}"]),
            reversed_by=chance.choice([None, None, "ab" * 32]), is_unread=chance.random() < 0.2,
            error_code=f"code {chance.randint(1, 120)}",
        )
        for number in range(2, 1_000)
    ]  # fmt: skip
    together, alone = Tally(), Tally()
    for row in rows:
        alone.add([row])
    while rows:
        some = chance.choice([1, 7, 300])
        together.add(rows[:some])
        del rows[:some]
    assert counted(together) == counted(alone)


def test_rows_kept_for_the_page_are_few_whatever_the_batch() -> None:
    tally = Tally()
    for number in range(20_000):
        outcome = (Outcome.FAILED, Outcome.REVIEW, Outcome.REJECTED)[number % 3]
        tally.add([make_row(number, outcome, error_code=f"code {number % 150}")])
    kept = sum(len(rows) for rows in tally._kept.values())
    assert kept <= MAX_ROWS_FOR_CERTAIN * (MAX_REASONS + 3) + 3 * MAX_ROWS_SHOWN
    assert sum(group.rows for group in tally.reason_groups) == 20_000
    assert sum(len(group.shown) for group in tally.reason_groups) == MAX_ROWS_SHOWN


def test_reasons_from_outside_cannot_fill_the_memory() -> None:
    tally = Tally()
    for number in range(MAX_REASONS + 50):
        tally.add([make_row(number, Outcome.FAILED, error_code=f"code {number}")])
    assert len(tally.reasons) == MAX_REASONS + 1
    assert tally.reasons[(Outcome.FAILED, "other")] == 50
