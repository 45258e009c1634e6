"""The journal entry: accounts by what says most, sums that are exact, and both sides equal."""

from decimal import Decimal
from typing import Any

import pytest

from batch_credits.errors import UsageError
from batch_credits.model import BatchRecord, CallKind, Money, Outcome, ReportRow
from batch_credits.pack.accounts import COLUMNS, Journal, accounts_of


def batch(kind: CallKind = CallKind.ADD) -> BatchRecord:
    return BatchRecord(1, "ab" * 32, "acme", "f.csv", "", (), {}, "{}", "2026-01-31T10:00:00.000Z", 0, {}, kind)


def row(money: Money, **changes: Any) -> ReportRow:
    said = {"credit_type": "general", "finished_at": "2026-01-31T23:59:59.999Z"} | changes
    return ReportRow(2, (), said.pop("outcome", Outcome.CREDITED), money=money, **said)


def lines(
    *rows: ReportRow, stated: dict[str, int] | None = None, kind: CallKind = CallKind.ADD
) -> list[dict[str, str]]:
    journal = Journal(batch(kind), stated or {}, {"": "1"}, {"": "2"})
    for each in rows:
        journal.add(each)
    return [dict(zip(COLUMNS, line, strict=True)) for line in journal.lines()]


def test_what_says_more_goes_first() -> None:
    chosen = accounts_of("--debit-account", ["1", "USD=2", "loyalty_credits=3", "loyalty_credits/usd=4"])
    journal = Journal(batch(), {}, chosen, {})
    for kind in ("loyalty_credits", "general"):
        for currency in ("USD", "EUR"):
            journal.add(row(Money(100, None, currency), credit_type=kind))
    found = {(line[5], line[7]): line[2] for line in journal.lines() if line[3]}
    assert found == {
        ("USD", "loyalty_credits"): "4", ("EUR", "loyalty_credits"): "3",
        ("USD", "general"): "2", ("EUR", "general"): "1",
    }  # fmt: skip


@pytest.mark.parametrize(
    "text", ["", " ", "USD=", "=1", "USDX=1", "general/=1", "/USD=1", "x/USD=1", "1\n2", "1" * 101]
)
def test_what_names_no_account_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="names no account"):
        accounts_of("--debit-account", [text])


def test_two_for_the_same_are_refused() -> None:
    with pytest.raises(UsageError, match="two accounts for USD"):
        accounts_of("--debit-account", ["USD=1", "usd=2"])


def test_days_currencies_and_types_are_entries_of_their_own() -> None:
    found = lines(
        row(Money(150, None, "USD")), row(Money(250, None, "USD")), row(Money(1, None, "EUR")),
        row(Money(5, None, "USD"), finished_at="2026-02-01T00:00:00.000Z"),
        row(Money(9, None, "USD"), outcome=Outcome.FAILED),
        row(Money(9, None, "USD"), outcome=Outcome.ALREADY_CREDITED),
    )  # fmt: skip
    assert [(line["date"], line["currency"], line["debit"], line["credit"], line["rows"]) for line in found] == [
        ("2026-01-31", "EUR", "0.01", "", "1"), ("2026-01-31", "EUR", "", "0.01", "1"),
        ("2026-01-31", "USD", "4.00", "", "2"), ("2026-01-31", "USD", "", "4.00", "2"),
        ("2026-02-01", "USD", "0.05", "", "1"), ("2026-02-01", "USD", "", "0.05", "1"),
    ]  # fmt: skip


def test_decimals_are_exact_and_join_minor_units() -> None:
    tiny = "0.000000000000000000000000000000001"
    [debit, _] = lines(row(Money(100, None, "USD")), row(Money(None, tiny, "USD")))
    assert Decimal(debit["debit"]) == Decimal("1.000000000000000000000000000000001")


def test_a_currency_whose_decimals_nobody_stated_stays_in_minor_units() -> None:
    pesos = row(Money(7, None, "CLP"))
    assert {each["unit"] for each in lines(pesos)} == {"minor"}
    assert {each["unit"] for each in lines(pesos, stated={"CLP": 0})} == {"major"}
    both = lines(row(Money(7, None, None)), row(Money(None, "1.5", None)))
    assert [(each["currency"], each["debit"], each["unit"]) for each in both if each["debit"]] == [
        ("site currency", "7", "minor"), ("site currency", "1.5", "major")
    ]  # fmt: skip


def test_a_reversal_is_booked_the_other_way_round() -> None:
    debit, credit = lines(row(Money(100, None, "USD")), kind=CallKind.DEDUCT)
    assert (debit["account"], debit["debit"], credit["account"], credit["credit"]) == ("2", "1.00", "1", "1.00")
