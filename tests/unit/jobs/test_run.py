"""What a run counts from."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from batch_credits.jobs.run import as_it_begins
from batch_credits.model import Outcome, RequestState
from batch_credits.planning.plan import Counted, Plan, plan_of
from tests.unit.ledger.conftest import Book


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    made = Book(tmp_path / "ledger.sqlite3")
    yield made
    made.close()


def planned(book: Book, batch: int, rows: int) -> Plan:
    key = book.ledger.batches.staged(batch).key
    return plan_of(book.ledger, Counted(batch, key, rows, {}, is_new=False))


def test_what_colleagues_settled_while_a_person_thought_is_counted(book: Book) -> None:
    batch = book.plan(book.row(2), book.row(3, "c-2"), book.bad_row(4))
    plan = planned(book, batch, 3)
    assert as_it_begins(book.ledger, plan) is plan
    book.settle(batch, RequestState.CREDITED)
    now = as_it_begins(book.ledger, plan)
    assert {outcome: now.count(outcome) for outcome in Outcome if now.count(outcome)} == {
        Outcome.CREDITED: 2, Outcome.REJECTED: 1
    }  # fmt: skip


def test_what_is_in_doubt_is_owed_and_no_news(book: Book) -> None:
    batch = book.plan(book.row(2), book.row(3, "c-2"))
    book.settle(batch, RequestState.IN_DOUBT)
    plan = planned(book, batch, 2)
    assert as_it_begins(book.ledger, plan) is plan
