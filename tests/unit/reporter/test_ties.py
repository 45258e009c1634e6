from decimal import Decimal

import pytest

from batch_credits.model import CallKind, ControlTotal, Money, Outcome
from batch_credits.reporter.record import ControlLineShown
from batch_credits.reporter.ties import MAX_CURRENCIES, tie_groups
from tests.unit.reporter.conftest import Report, make_row


def expected(currency: str = "USD", rows: int | None = None, amount: str = "") -> ControlLineShown:
    return ControlLineShown(currency, "--control", rows, amount, "maria, today")


def test_what_was_read_and_what_became_of_it_stand_beside_what_was_expected(report: Report) -> None:
    rows = [make_row(2), make_row(3, Outcome.FAILED), make_row(4, Outcome.REJECTED, money=None)]
    groups = tie_groups(report(rows), [expected("", 3), expected("USD", 2, "25.00")], {})
    assert [group.title for group in groups] == ["All rows", "USD"]
    assert [(line.label, line.rows, line.amounts, line.verdict) for line in groups[1].lines] == [
        ("Read from the file", "2", ["25.00 USD"], ""),
        ("Sum of the outcomes", "2", ["25.00 USD"], "agrees"),
        ("Expected (--control)", "2", ["25.00"], "agrees; agreed to by maria, today"),
    ]
    assert [(line.rows, line.amounts) for line in groups[0].lines] == [("3", [])] * 3


def test_what_does_not_tie_out_is_said(report: Report) -> None:
    summary = report([make_row(2)], rows_read=2, totals={"USD": ControlTotal(1, 1251)})
    groups = tie_groups(summary, [], {})
    assert [line.verdict for group in groups for line in group.lines] == ["", "does not agree"] * 2


@pytest.mark.parametrize(
    ("line", "holds"),
    [
        (expected(rows=2), True),
        (expected(rows=3), False),
        (expected(amount="25"), True),
        (expected(amount="25.0"), True),
        (expected(amount="25.01"), False),
        (expected(amount="25.00", rows=1), False),
        (expected(amount="25,00"), True),  # the run compared it, by rules of its own
        (expected("EUR", amount="0"), True),
        (expected("EUR", amount="1"), False),
    ],
)
def test_a_control_total_is_held_against_the_file_again(report: Report, line: ControlLineShown, holds: bool) -> None:
    groups = tie_groups(report([make_row(2), make_row(3)]), [line], {})
    [found] = [each for group in groups for each in group.lines if each.label.startswith("Expected")]
    assert found.agrees is holds
    assert found.verdict.startswith("agrees" if holds else "does not agree")


def test_amounts_in_decimal_and_unknown_decimals_are_not_guessed(report: Report) -> None:
    rows = [make_row(2, money=Money(None, "0.005", "USD")), make_row(3, money=Money(5, None, "CLP"))]
    groups = {group.title: group for group in tie_groups(report(rows), [expected("CLP", 1, "5")], {})}
    assert groups["USD"].lines[0].amounts == ["0.005 USD"]
    assert groups["CLP"].lines[2].agrees
    assert not tie_groups(report(rows), [expected("CLP", 1, "5")], {"CLP": 2})[1].lines[2].agrees


def test_many_currencies_are_bounded(report: Report) -> None:
    totals = {f"X{chr(65 + n // 26)}{chr(65 + n % 26)}": ControlTotal(n, n, Decimal()) for n in range(200)}
    groups = tie_groups(report([], totals=totals), [], {})
    assert len(groups) == MAX_CURRENCIES + 1
    assert [group.title for group in groups[1:]] == sorted(totals)[-MAX_CURRENCIES:]


def test_a_reversal_has_no_file_but_what_it_is_to_deduct(report: Report) -> None:
    [rows, _] = tie_groups(report([make_row(2)], kind=CallKind.DEDUCT, reverses="ef56" * 16), [], {})
    assert rows.lines[0].label == "To be deducted"
