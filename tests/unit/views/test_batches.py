"""The batches that a ledger knows."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from batch_credits.errors import UnknownBatch
from batch_credits.model import CallKind, Outcome, RequestState
from batch_credits.planning.reversal import select, stage_reversal
from batch_credits.views.batches import batches_view
from tests.unit.ledger.conftest import Book


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    made = Book(tmp_path / "ledger.sqlite3")
    yield made
    made.close()


def test_each_batch_with_its_outcomes(book: Book) -> None:
    batch = book.plan(book.row(2), book.row(3, "c-2", currency_code="EUR"), book.bad_row(4))
    book.settle(batch, RequestState.CREDITED)
    book.plan(book.row(2, "c-9"), site="other", file_name="second.csv")
    views = {view.file_name: view for view in batches_view(book.ledger)}
    first, second = views["payout.csv"], views["second.csv"]
    assert (first.site, first.rows, first.reverses, first.stopped, first.undone.rows) == ("acme-test", 3, None, None, 0)
    assert list(first.outcomes) == [Outcome.CREDITED, Outcome.REJECTED]
    assert [(total.currency, total.rows, total.words) for total in first.outcomes[Outcome.CREDITED]] == [
        ("EUR", 1, ("1.00 EUR",)),
        ("USD", 1, ("1.00 USD",)),
    ]
    assert list(second.outcomes) == [Outcome.PENDING]
    assert [view.key for view in batches_view(book.ledger, second.key)] == [second.key]


def test_what_was_reversed_is_said_at_both(book: Book) -> None:
    batch = book.plan(book.row(2))
    book.settle(batch, RequestState.CREDITED)
    record = book.ledger.batches.staged(batch)
    plan = stage_reversal(book.ledger, select(book.ledger, record, None))
    book.ledger.admission.admit(plan.batch_id)
    book.settle(plan.batch_id, RequestState.CREDITED)
    [paid] = batches_view(book.ledger, record.key)
    [undoing] = batches_view(book.ledger, plan.key)
    assert (paid.kind, paid.undone.rows, [by.key for by in paid.undone.by]) == (CallKind.ADD, 1, [plan.key])
    assert (undoing.kind, undoing.reverses, undoing.undone.rows) == (CallKind.DEDUCT, record.key, 0)


def test_why_the_last_run_ended_early(book: Book) -> None:
    batch = book.plan(book.row(2))
    run = book.ledger.runs.start(batch)
    book.ledger.runs.end(run, requests=1, throttled=0, retries=0, stopped="the site is gone")
    [view] = batches_view(book.ledger)
    assert view.stopped == "the site is gone"


def test_an_unknown_batch_and_an_empty_ledger(book: Book) -> None:
    assert list(batches_view(book.ledger)) == []
    with pytest.raises(UnknownBatch):
        list(batches_view(book.ledger, "12345678"))


def test_what_is_on_its_way_is_pending_while_its_sender_lives(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = book.plan(book.row(2), book.row(3, "c-2"), book.row(4, "c-3"))
    run = book.ledger.runs.start(batch)
    book.send(run, *book.owed(batch)[:2])
    [view] = batches_view(book.ledger)
    assert ([*view.outcomes], view.on_their_way, len(view.workers)) == ([Outcome.PENDING], 2, 1)
    assert view.outcomes[Outcome.PENDING][0].rows == 3
    monkeypatch.setattr("batch_credits.ledger.teams.is_there", lambda pid: False)
    [view] = batches_view(book.ledger)
    assert (view.on_their_way, view.workers[0].lease_seconds) == (0, 0)
    assert {outcome: totals[0].rows for outcome, totals in view.outcomes.items()} == {
        Outcome.PENDING: 1, Outcome.IN_DOUBT: 2
    }  # fmt: skip
