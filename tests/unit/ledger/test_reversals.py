"""A row whose credit was deducted again says so, in whatever batch it is, and only once that is proven."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_credits.ledger import ForeignCredit
from batch_credits.ledger.reversals import undone_batches
from batch_credits.model import CallKind, ControlTotal, Money, Outcome, RequestState
from batch_credits.model.undone import Undone
from batch_credits.reporter.tally import Tally
from tests.examples import examples

REVERSAL = "reversal of q3"


def key_of(book: Any, batch: int) -> str:
    return str(book.ledger.batches.staged(batch).key)


def paid(book: Any, *rows: Any, **batch_is: Any) -> int:
    batch = book.plan(*(rows or (book.row(2), book.row(3, "c-2"))), **batch_is)
    book.settle(batch, RequestState.CREDITED)
    return int(batch)


def reversal(book: Any, batch: int, *rows: Any, state: RequestState = RequestState.CREDITED, **learned: Any) -> int:
    """A reversal of the batch, of which this was learned."""
    rows = rows or (book.row(2, reference=REVERSAL),)
    made = book.plan(*rows, kind=CallKind.DEDUCT, reverses=key_of(book, batch))
    book.settle(made, state, **learned)
    return int(made)


def learned(book: Any, site: str = "acme-test", **changes: Any) -> int:
    """A reversal that was learned from Chargebee's list."""
    fields = {
        "credit_id": "dr-1",
        "customer_id": "c-1",
        "reference": REVERSAL,
        "money": Money(100, None, "USD"),
        "credit_type": "general",
    }
    batch = book.begin(site=site, file_name="Reversals at Chargebee", kind=CallKind.DEDUCT)
    assert book.ledger.requests.take_over(site, batch, 2, [ForeignCredit(**(fields | changes))]) == 1
    book.ledger.admission.admit(batch)
    return int(batch)


def test_a_row_says_who_reversed_it_and_as_what(book: Any) -> None:
    batch = paid(book)
    made = reversal(book, batch, credit_id="dr-9")
    first, second = book.ledger.reports.rows(batch)
    assert (first.outcome, first.credit_id) == (Outcome.CREDITED, "cr-1")
    assert (first.error_code, first.error_param) == ("reversed", None)
    assert first.error == f"reversed by {key_of(book, made)[:8]} (deducted as dr-9)"
    assert first.reversed_by == key_of(book, made)
    assert (second.error_code, second.error, second.reversed_by) == (None, None, None)
    [deducted] = book.ledger.reports.rows(made)
    assert (deducted.outcome, deducted.error_code, deducted.reversed_by) == (Outcome.CREDITED, None, None)
    assert book.ledger.totals.undone(batch) == Undone({key_of(book, made): {"USD": ControlTotal(1, 100)}})
    assert book.ledger.totals.undone(made) == Undone()
    assert list(book.ledger.totals.undone_by_batch()) == [batch]


def test_another_file_with_the_identity_says_so_too(book: Any) -> None:
    made = reversal(book, paid(book))
    other = paid(book, book.row(7), book.row(8, "c-9"))
    found = {row.row_number: (row.outcome, row.reversed_by) for row in book.ledger.reports.rows(other)}
    assert found == {7: (Outcome.ALREADY_CREDITED, key_of(book, made)), 8: (Outcome.CREDITED, None)}
    assert book.ledger.totals.undone(other).rows == 1


@pytest.mark.parametrize("state", [s for s in RequestState if s is not RequestState.CREDITED])
def test_a_deduction_that_is_not_proven_has_undone_nothing(book: Any, state: RequestState) -> None:
    batch = paid(book)
    reversal(book, batch, state=state)
    assert {row.reversed_by for row in book.ledger.reports.rows(batch)} == {None}
    assert book.ledger.totals.undone(batch) == Undone()


@pytest.mark.parametrize("state", [s for s in RequestState if s is not RequestState.CREDITED])
def test_a_row_without_a_credit_is_not_reversed_whatever_was_deducted(book: Any, state: RequestState) -> None:
    """As after a deduction by hand under that reference, learned from the list."""
    batch = book.plan(book.row(2), book.row(3, "c-2"))
    book.settle(batch, state)
    learned(book)
    assert {row.reversed_by for row in book.ledger.reports.rows(batch)} == {None}
    assert book.ledger.totals.undone(batch) == Undone()


def test_a_reversal_that_the_list_told_of(book: Any) -> None:
    batch = paid(book)
    made = learned(book)
    assert [row.reversed_by for row in book.ledger.reports.rows(batch)] == [key_of(book, made), None]
    assert book.ledger.totals.undone(batch).rows == 1


@pytest.mark.parametrize(
    ("credit", "changes", "is_reversed"),
    [
        ({"amount_in_decimal": "1.5"}, {"money": Money(None, "1.50", "USD")}, True),
        ({"amount_in_decimal": "1.5"}, {"money": Money(None, "1.51", "USD")}, False),
        ({"currency_code": None}, {"money": Money(100, None, "EUR")}, True),
        ({}, {"money": Money(100, None, "EUR")}, False),
        ({}, {"money": Money(50, None, "USD")}, False),
        ({}, {"credit_type": "loyalty_credits"}, False),
        ({}, {"customer_id": "c-9"}, False),
        ({}, {"reference": "reversal of q4"}, False),
        ({}, {"reference": "q3"}, False),
        ({}, {"site": "other-test"}, False),
    ],
)
def test_only_a_deduction_of_its_own_money_undoes_a_credit(
    book: Any, credit: dict[str, Any], changes: dict[str, Any], is_reversed: bool
) -> None:
    batch = paid(book, book.row(2, **credit), file_name="payout.csv")
    if changes.get("reference") == "q3":
        changes = {**changes, "customer_id": "c-2"}
    learned(book, **changes)
    [row] = book.ledger.reports.rows(batch)
    assert (row.reversed_by is not None) is is_reversed
    assert book.ledger.totals.undone(batch).rows == int(is_reversed)


def test_a_credit_by_the_name_of_a_reversal_undoes_nothing(book: Any) -> None:
    batch = paid(book)
    paid(book, book.row(2, reference=REVERSAL))
    reversal(book, batch, book.row(3, "c-2", REVERSAL))  # so that the rows are asked about at all
    assert [row.reversed_by is not None for row in book.ledger.reports.rows(batch)] == [False, True]
    assert book.ledger.totals.undone(batch).rows == 1


def test_whose_rows_are_asked_about(book: Any) -> None:
    first, second = paid(book), paid(book, book.row(2, "c-5"))
    elsewhere = paid(book, site="other-test")
    assert undone_batches(book.ledger._db, first) == []
    reversal(book, second, book.row(2, "c-5", REVERSAL))
    assert undone_batches(book.ledger._db, first) == [second]
    learned(book)
    assert undone_batches(book.ledger._db, first) == [first, second]
    assert undone_batches(book.ledger._db, elsewhere) == []


@pytest.mark.of_sqlite
def test_a_site_without_reversals_is_asked_once_and_not_for_each_row(book: Any) -> None:
    batch = paid(book)
    said: list[str] = []
    book.ledger._db._connection.set_trace_callback(said.append)
    assert len(list(book.ledger.reports.rows(batch))) == 2
    assert not [statement for statement in said if "identity" in statement]


@pytest.mark.of_sqlite
def test_a_row_finds_its_reversal_by_an_index(book: Any) -> None:
    batch = paid(book)
    reversal(book, batch)
    said: list[str] = []
    book.ledger._db._connection.set_trace_callback(said.append)
    list(book.ledger.reports.rows(batch))
    book.ledger.totals.undone(batch)
    book.ledger._db._connection.set_trace_callback(None)
    asked = [statement for statement in said if "identity" in statement]
    assert len(asked) == 2
    for statement in asked:
        steps = [step[3].split() for step in book.ledger._db._connection.execute(f"EXPLAIN QUERY PLAN {statement}")]
        assert {table for verb, table, *_ in steps if verb == "SEARCH"} >= {"w", "r", "i", "d"}
        assert not {table for verb, table, *_ in steps if verb == "SCAN"} & {"w", "r", "i", "d"}


moneys = st.sampled_from([{"amount": 100}, {"amount_in_decimal": "1.50"}, {"amount": 7, "currency_code": None}])
states = st.sampled_from([RequestState.CREDITED, RequestState.FAILED, RequestState.IN_DOUBT, None])
contents = st.lists(st.tuples(moneys, states, states, st.booleans()), min_size=1, max_size=8)


@given(contents)
@settings(max_examples=examples(40), deadline=None)
def test_all_ways_of_counting_agree(book: Any, content: list[Any]) -> None:
    """As the rows are streamed, by the deductions of one batch, and by those of all."""
    site = f"site-{len(book.ledger.batches.all())}"
    rows = [book.row(number, f"c-{number}", **money) for number, (money, *_) in enumerate(content, 2)]
    batch = book.plan(*rows, site=site)
    learn(book, batch, [state for _, state, _, _ in content])
    undoing = [
        book.row(number, f"c-{number}", REVERSAL, **money)
        for number, (money, state, _, is_undone) in enumerate(content, 2)
        if state is RequestState.CREDITED and is_undone
    ]
    if undoing:
        made = book.plan(*undoing, site=site, kind=CallKind.DEDUCT, reverses=key_of(book, batch))
        learn(book, made, [outcome for _, s, outcome, is_undone in content if s is RequestState.CREDITED and is_undone])
    other = book.plan(*rows, site=site)
    expected = sum(c[1] is RequestState.CREDITED and c[2] is RequestState.CREDITED and c[3] for c in content)
    for each in (batch, other):
        tally = Tally()
        for row in book.ledger.reports.rows(each):
            tally.add([row])
        counted = book.ledger.totals.undone(each)
        streamed = {
            key: {"" if code == "site currency" else code: total for code, total in by_currency.items()}
            for key, by_currency in tally.undone.by_batch.items()
        }
        assert streamed == counted.by_batch
        assert book.ledger.totals.undone_by_batch().get(each, Undone()) == counted
        assert counted.rows == expected


def learn(book: Any, batch: int, states: list[RequestState | None]) -> None:
    run = book.ledger.runs.start(batch)
    for credit, state in zip(book.owed(batch), states, strict=True):
        if state is not None:
            book.send(run, credit)
            book.learn(run, credit, state)
