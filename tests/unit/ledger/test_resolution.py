"""A person's word on a row in review, and what is taken over from Chargebee's list."""

from typing import Any

import pytest

from batch_credits.errors import UsageError
from batch_credits.ledger import ForeignCredit
from batch_credits.model import CallKind, Money, RequestState


def foreign(number: int, **changes: Any) -> ForeignCredit:
    fields: dict[str, Any] = {
        "credit_id": f"cr-{number}",
        "customer_id": f"c-{number}",
        "reference": "q3",
        "money": Money(100, None, "USD"),
        "credit_type": "general",
    }
    return ForeignCredit(**(fields | changes))


@pytest.fixture
def reviewed(book: Any) -> int:
    """A batch whose one row is in review."""
    batch = book.plan(book.row(2))
    book.settle(batch, RequestState.REVIEW, reason="nobody knows")
    return int(batch)


def test_a_person_says_credited(book: Any, reviewed: int) -> None:
    assert book.ledger.resolve(reviewed, 2, "cr-9") is RequestState.CREDITED
    [row] = book.ledger.report_rows(reviewed)
    assert (row.outcome.value, row.credit_id, row.error) == ("credited", "cr-9", None)
    [(reason,)] = book.sql("SELECT reason FROM finding WHERE state = 'credited'")
    assert "says: credited as cr-9" in reason


@pytest.mark.parametrize("spoiled", [False, True])
def test_a_person_says_not_credited(book: Any, spoiled: bool) -> None:
    batch = book.plan(book.row(2))
    run = book.ledger.start_run(batch)
    [credit] = book.owed(batch)
    book.send(run, credit)
    credit.key_spoiled = spoiled
    book.learn(run, credit, RequestState.REVIEW)
    assert book.ledger.resolve(batch, 2, None) is RequestState.PENDING
    [owed] = book.owed(batch)
    assert (owed.generation, owed.key_spoiled, owed.open_attempts) == (int(spoiled), False, 0)


def test_only_a_row_in_review_is_resolved(book: Any, reviewed: int) -> None:
    batch = book.plan(book.row(2, "c-2"), book.bad_row(3))
    with pytest.raises(UsageError, match="Row 2 is pending, not in review"):
        book.ledger.resolve(batch, 2, "cr-9")
    with pytest.raises(UsageError, match="Row 3 is rejected"):
        book.ledger.resolve(batch, 3, None)
    with pytest.raises(UsageError, match="no row 4"):
        book.ledger.resolve(batch, 4, None)
    assert len(book.owed(batch)) == 1


def test_one_credit_settles_one_row(book: Any, reviewed: int) -> None:
    book.settle(book.plan(book.row(7, "c-2")), RequestState.CREDITED, credit_id="cr-9")
    with pytest.raises(UsageError, match="already belongs to row 7"):
        book.ledger.resolve(reviewed, 2, "cr-9")
    assert len(book.owed(reviewed, RequestState.REVIEW)) == 1


def test_what_chargebee_lists_is_taken_over_once(book: Any) -> None:
    batch = book.begin(file_name="Chargebee")
    decimal = foreign(2, money=Money(150, "1.50", None), credit_type="loyalty_credits")
    assert book.ledger.take_over("acme-test", batch, 2, [foreign(1), decimal, foreign(1)]) == 2
    assert book.ledger.take_over("acme-test", batch, 5, [foreign(1), foreign(3)]) == 1
    book.ledger.admit(batch)
    rows = list(book.ledger.report_rows(batch))
    assert [row.outcome.value for row in rows] == ["already_credited"] * 3
    assert [row.credit_id for row in rows] == ["cr-1", "cr-2", "cr-3"]
    assert rows[0].cells == ("c-1", "100", "", "USD", "general", "q3")
    assert rows[1].cells == ("c-2", "", "1.50", "", "loyalty_credits", "q3")


def test_what_the_ledger_knows_is_left_alone(book: Any) -> None:
    known = book.plan(book.row(2))
    batch = book.begin(file_name="Chargebee")
    assert book.ledger.take_over("acme-test", batch, 2, [foreign(1)]) == 0
    assert len(book.owed(known)) == 1


def test_what_was_taken_over_is_not_credited_again(book: Any) -> None:
    batch = book.begin(file_name="Chargebee")
    book.ledger.take_over("acme-test", batch, 2, [foreign(1)])
    book.ledger.admit(batch)
    later = book.plan(book.row(2), book.row(3, "c-2"))
    assert [credit.customer_id for credit in book.owed(later)] == ["c-2"]


def test_a_reversal_that_was_taken_over_is_not_deducted_again(book: Any) -> None:
    batch = book.begin(file_name="Reversals at Chargebee", kind=CallKind.DEDUCT)
    book.ledger.take_over("acme-test", batch, 2, [foreign(1, reference="reversal of q3")])
    book.ledger.admit(batch)
    later = book.plan(book.row(2, reference="reversal of q3"), book.row(3, "c-2"), kind=CallKind.DEDUCT)
    assert [credit.customer_id for credit in book.owed(later)] == ["c-2"]


def test_a_take_over_that_is_given_up_leaves_no_trace(book: Any) -> None:
    batch = book.begin(file_name="Chargebee")
    book.ledger.take_over("acme-test", batch, 2, [foreign(1)])
    book.ledger.discard(batch)
    assert book.sql("SELECT * FROM credit_request") == []
