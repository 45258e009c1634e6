"""The plan: what a file asks for, staged and held against the operator's limits before anything is owed."""

import gc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from batch_credits.errors import ControlError, InputError, UsageError
from batch_credits.ledger import Ledger
from batch_credits.model import LoadedRow, Money, Outcome, Problem
from batch_credits.model.credit_requests import CreditRequest
from batch_credits.model.loaded import LoadedRows, add_rows
from batch_credits.planning.controls import check_controls
from batch_credits.planning.plan import Plan, stage
from batch_credits.settings import DEFAULT_INPUT, ControlLimits, InputOptions

SITE = "acme-test"


def row(number: int, customer: str = "c-1", reference: str = "q3", **fields: Any) -> LoadedRow:
    money = {} if "amount_in_decimal" in fields else {"amount": 100}
    known = {"customer_id": customer, "reference": reference, "description": "Loyalty", "currency_code": "USD"}
    request = CreditRequest(**(known | money | fields))
    return LoadedRow(number, (customer,), request, (), customer, reference, request.money)


def bad_row(number: int, customer: str | None = None, reference: str | None = None) -> LoadedRow:
    return LoadedRow(number, ("",), None, (Problem("amount", "missing", "No amount."),), customer, reference)


class File:
    """A source of these rows, two at a time; it breaks after them if told to."""

    def __init__(self, *rows: LoadedRow, options: InputOptions = DEFAULT_INPUT, breaks: bool = False) -> None:
        self.path = Path("payout.csv")
        self.file_sha256 = "ab" * 32
        self.headers = ("customer_id",)
        self.columns = {"customer_id": 0}
        self.options = options
        self._rows = rows
        self._breaks = breaks

        self.totals = SimpleNamespace(read={}, found=[], unequal=[])

    def chunks(self) -> Iterator[LoadedRows]:
        for at in range(0, len(self._rows), 2):
            rows = LoadedRows.of(self._rows[at : at + 2])
            add_rows(self.totals.read, rows)
            yield rows
        if self._breaks:
            raise InputError("the file changed")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "ledger.sqlite3") as opened:
        yield opened


def staged(ledger: Ledger, *rows: LoadedRow, **options: Any) -> Plan:
    return stage(ledger, File(*rows, options=InputOptions(**options)), SITE)  # type: ignore[arg-type]


def references(ledger: Ledger, plan: Plan) -> list[str | None]:
    return [found.reference for found in ledger.reports.rows(plan.batch_id)]


def test_a_plan_counts_what_the_file_asks(ledger: Ledger) -> None:
    plan = staged(ledger, row(2), row(3, "c-2", amount=50), bad_row(4), row(5, "c-3", currency_code="EUR"))
    assert (plan.rows, plan.is_new, plan.owed) == (4, True, 3)
    assert {currency: total.amount_minor for currency, total in plan.totals.items()} == {"USD": 150, "EUR": 100}
    assert plan.count(Outcome.REJECTED) == 1
    assert plan.largest == {"USD": 100, "EUR": 100}
    assert ledger.batches.all() == []  # nothing is owed yet


def test_rows_whose_amount_nobody_could_read_are_counted_and_those_that_are_none_to_credit_are_not(
    ledger: Ledger,
) -> None:
    negative = bad_row(3)._replace(problems=(Problem("amount", "amount_not_positive", "It is negative."),))
    readable = bad_row(5)._replace(money=Money(7, None, "USD"))
    rows = (row(2), negative, bad_row(4), readable)
    plan = staged(ledger, *rows)
    assert (plan.rows, plan.unread) == (4, 1)
    ledger.admission.admit(plan.batch_id)
    assert staged(ledger, *rows).unread == 1, "also of a batch that is known"


def test_the_same_content_read_the_same_way_is_the_same_batch(ledger: Ledger) -> None:
    first = staged(ledger, row(2))
    ledger.admission.admit(first.batch_id)
    again = staged(ledger, row(2))
    assert (again.batch_id, again.is_new, again.owed) == (first.batch_id, False, 1)
    other = staged(ledger, row(2), currency="USD")
    assert other.is_new


def test_a_plan_counted_while_it_was_staged_is_the_one_that_the_ledger_tells(ledger: Ledger) -> None:
    rows = [row(2), row(3, "c-2", amount=50), bad_row(4), row(5, "c-3", currency_code="EUR", amount=31)]
    first = staged(ledger, *rows)
    ledger.admission.admit(first.batch_id)
    again = staged(ledger, *rows)
    in_order = {code: sorted(buckets) for code, buckets in first.spread.items()}
    assert {code: sorted(buckets) for code, buckets in again.spread.items()} == in_order
    assert replace(again, spread={}) == replace(first, is_new=False, spread={})


def test_a_file_that_breaks_leaves_no_trace(ledger: Ledger) -> None:
    with pytest.raises(InputError):
        stage(ledger, File(row(2), breaks=True), SITE)  # type: ignore[arg-type]
    assert staged(ledger, row(2)).is_new


@pytest.mark.parametrize("breaks", [False, True])
def test_no_cycles_are_searched_for_between_chunks_and_again_afterwards(ledger: Ledger, breaks: bool) -> None:
    searches: list[bool] = []

    class Watched(File):
        def chunks(self) -> Iterator[LoadedRows]:
            for rows in super().chunks():
                searches.append(gc.isenabled())
                yield rows

    assert gc.isenabled()
    try:
        stage(ledger, Watched(*map(row, range(2, 8)), breaks=breaks), SITE)  # type: ignore[arg-type]
    except InputError:
        assert breaks
    assert (searches, gc.isenabled()) == ([False] * 3, True)


def test_duplicates_are_numbered_across_chunks_and_rejected_rows_keep_their_number(ledger: Ledger) -> None:
    rows = [row(2), bad_row(3, "c-1", "q3"), row(4), row(5, "c-2"), row(6)]
    plan = staged(ledger, *rows, number_duplicates=True)
    assert references(ledger, plan) == ["q3", "q3 #2", "q3 #3", "q3", "q3 #4"]
    assert plan.count(Outcome.REJECTED) == 1


def test_the_body_bears_the_number(ledger: Ledger) -> None:
    plan = staged(ledger, row(2), row(3), number_duplicates=True)
    ledger.admission.admit(plan.batch_id)
    bodies = [ledger.requests.planned(number).body for number in (1, 2)]
    assert bodies[0].endswith(b"&reference=q3")
    assert bodies[1].endswith(b"&reference=q3+%232")


def test_a_number_that_makes_the_reference_too_long(ledger: Ledger) -> None:
    long = "r" * 498
    plan = staged(ledger, row(2, reference=long), row(3, reference=long), number_duplicates=True)
    assert plan.count(Outcome.REJECTED) == 1
    assert "501" in plan.problems[0].message


def test_without_numbering_duplicates_are_rejected(ledger: Ledger) -> None:
    plan = staged(ledger, row(2), row(3))
    assert plan.problems[0].code == "duplicate"


# -- Controls -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        (ControlLimits(strict=True), "--strict"),
        (ControlLimits(expect_rows=3), "--expect-rows says 3, and the file has 4"),
        (ControlLimits(expect_total=(("USD", "2.51"),)), "--expect-total says USD 2.51"),
        (ControlLimits(expect_total=(("EUR", "1.00"),)), "--expect-total says EUR 1.00"),
        (ControlLimits(max_total=(("USD", "2.49"),)), "--max-total allows USD 2.49"),
        (ControlLimits(max_amount=(("USD", "1.49"),)), "--max-amount allows USD 1.49"),
    ],
)
def test_a_limit_that_does_not_hold(ledger: Ledger, limits: ControlLimits, says: str) -> None:
    plan = staged(ledger, row(2), row(3, "c-2", amount=150), bad_row(4), bad_row(5))
    with pytest.raises(ControlError) as caught:
        check_controls(plan, limits, InputOptions())
    assert says in caught.value.message


def test_limits_that_hold(ledger: Ledger) -> None:
    plan = staged(ledger, row(2), row(3, "c-2", amount=150))
    limits = ControlLimits(
        strict=True,
        expect_rows=2,
        expect_total=(("USD", "2.50"),),
        max_amount=(("USD", "1.50"),),
        max_total=(("USD", "2.50"),),
    )
    check_controls(plan, limits, InputOptions())


def test_every_limit_that_does_not_hold_is_named_at_once(ledger: Ledger) -> None:
    plan = staged(ledger, row(2))
    limits = ControlLimits(expect_rows=9, max_amount=(("USD", "0.50"),), max_total=(("USD", "0.50"),))
    with pytest.raises(ControlError, match=r"--expect-rows.*--max-total.*--max-amount"):
        check_controls(plan, limits, InputOptions())


@pytest.mark.parametrize("text", ["", "1.005", "1e3", "NaN", "-1", "1,000", "\u0661"])
def test_a_limit_that_is_no_amount(ledger: Ledger, text: str) -> None:
    plan = staged(ledger, row(2))
    with pytest.raises(UsageError, match="--max-total"):
        check_controls(plan, ControlLimits(max_total=(("USD", text),)), InputOptions())


def test_a_limit_that_cannot_be_checked_does_not_look_as_if_it_held(ledger: Ledger) -> None:
    plan = staged(ledger, row(2, amount_in_decimal="1000000.5"))
    for name in ("expect_total", "max_total", "max_amount"):
        with pytest.raises(UsageError, match="in decimal"):
            check_controls(plan, replace(ControlLimits(), **{name: (("USD", "1.00"),)}), InputOptions())  # type: ignore[arg-type]
