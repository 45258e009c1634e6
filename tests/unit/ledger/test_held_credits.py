"""What of a batch can be undone."""

from typing import Any

import pytest

from batch_credits.call import call_for
from batch_credits.ledger import Standing
from batch_credits.model import RequestState


@pytest.fixture
def mixed(book: Any) -> int:
    """A batch with a row of every standing."""
    book.settle(book.plan(book.row(2, "c-3")), RequestState.CREDITED)
    batch: int = book.plan(*(book.row(number, f"c-{number}") for number in range(2, 7)), book.bad_row(7))
    run = book.ledger.runs.start(batch)
    first, found, failed, _never_sent = book.owed(batch)
    for credit in (first, failed):
        book.send(run, credit, call=call_for("emea"))
    book.learn(run, first, RequestState.CREDITED)
    book.learn(run, failed, RequestState.FAILED)
    book.learn(run, found, RequestState.CREDITED)
    return batch


def test_where_each_row_stands(book: Any, mixed: int) -> None:
    assert list(book.ledger.held_credits.standings(mixed)) == [
        (2, Standing.CREDITED, call_for("emea")),
        (3, Standing.ELSEWHERE, None),
        (4, Standing.BEFORE, None),
        (5, Standing.NEVER, None),
        (6, Standing.UNSETTLED, None),
        (7, Standing.NEVER, None),
    ]


def test_what_a_batch_holds_comes_by_pages(book: Any, mixed: int) -> None:
    held = book.ledger.held_credits.page(mixed, 0, 10)
    assert [(each.row_number, each.standing) for each in held] == [(2, Standing.CREDITED), (4, Standing.BEFORE)]
    assert book.ledger.held_credits.page(mixed, 0, 1) == held[:1]
    assert book.ledger.held_credits.page(mixed, 2, 10) == held[1:]
    first = held[0]
    assert (first.customer_id, first.reference, first.money.amount_minor) == ("c-2", "q3", 100)
    assert (first.cells[0], first.credit_id) == ("c-2", "cr-2")
    assert b"amount=100" in first.body


def test_rows_by_number_tell_whose_credit_they_have(book: Any, mixed: int) -> None:
    rows = book.ledger.held_credits.rows_by_number(mixed, [4, 3, 5, 6, 7, 2, 99])
    standings = {number: held and held.standing for number, (_, held) in rows.items()}
    assert standings == {
        2: Standing.CREDITED, 3: Standing.ELSEWHERE, 4: Standing.BEFORE, 5: None, 6: None, 7: None,
    }  # fmt: skip
    assert rows[6][0][0] == "c-6"


def test_the_business_entities_that_were_credited_are_those_of_the_runs_that_sent(book: Any) -> None:
    batch = book.plan(book.row(2), book.row(3, "c-2"), book.row(4, "c-3"))
    run = book.ledger.runs.start(batch)
    first, second, third = book.owed(batch)
    book.send(run, first, call=call_for("emea"))
    book.learn(run, first, RequestState.CREDITED)
    book.send(run, second, call=call_for("apac"))
    book.learn(run, second, RequestState.FAILED)
    assert book.ledger.held_credits.entities(batch) == ["emea"]
    assert book.ledger.listing.entities(batch) == ["apac", "emea"]
    book.send(run, third, call=call_for(None))
    book.learn(run, third, RequestState.CREDITED)
    assert book.ledger.held_credits.entities(batch) == [None, "emea"]
