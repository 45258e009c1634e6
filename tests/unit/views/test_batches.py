"""The batches that a ledger knows."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from batch_credits.errors import UnknownBatch
from batch_credits.model import CallKind, Outcome, RequestState
from batch_credits.planning.reversal import select, stage_reversal
from batch_credits.settings import (
    ControlLimits,
    InputOptions,
    RunSettings,
    SiteSettings,
    for_the_record,
    recorded_reports,
)
from batch_credits.views.batches import Wanted, batches_view, chosen_view, on_now
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
    assert [(total.rows, total.words) for total in first.asked] == [(1, ("1.00 EUR",)), (1, ("1.00 USD",))]
    assert list(second.outcomes) == [Outcome.PENDING]
    assert [view.key for view in batches_view(book.ledger, second.key)] == [second.key]


def test_a_currency_whose_decimals_somebody_stated_is_told_in_them(book: Book) -> None:
    batch = book.plan(book.row(2, currency_code="VND"))
    options = InputOptions(currency_exponents=(("VND", 0),))
    assert isinstance(book.path, Path)
    with closing(sqlite3.connect(book.path)) as ledger, ledger:
        ledger.execute("UPDATE batch SET options = ? WHERE batch_id = ?", (options.as_json(), batch))
    [view] = batches_view(book.ledger)
    assert [total.words for totals in (view.asked, *view.outcomes.values()) for total in totals] == [("100 VND",)] * 2


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


def test_a_batch_is_on_from_its_run_s_claim_to_its_end(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = book.plan(book.row(2)), book.plan(book.row(2, "c-2"), file_name="second.csv")
    assert on_now(book.ledger) == set()
    run = book.ledger.runs.start(first)
    assert on_now(book.ledger) == {first}
    assert [view.is_on for view in batches_view(book.ledger)] == [True, False]
    with monkeypatch.context() as patch:
        patch.setattr("batch_credits.ledger.teams.is_there", lambda pid: False)
        assert on_now(book.ledger) == set(), "it was killed"
    book.ledger.runs.end(run, requests=3, throttled=1, retries=2, stopped=None)
    book.ledger.workers.end()
    assert on_now(book.ledger) == set()
    [view] = batches_view(book.ledger, book.ledger.batches.staged(first).key)
    assert view.run is not None and view.run.ended_at is not None
    assert (view.run.requests, view.run.throttled, view.run.retries) == (3, 1, 2)
    [other] = batches_view(book.ledger, book.ledger.batches.staged(second).key)
    assert (other.run, other.reports) == (None, None)


def test_which_are_wanted(book: Book) -> None:
    paid = book.plan(book.row(2), file_name="Paid.csv")
    book.settle(paid, RequestState.CREDITED)
    book.plan(book.row(2, "c-2"), file_name="owed.csv")
    book.plan(book.row(2, "c-3"), site="other", file_name="other.csv")

    def files(**wanted: Any) -> list[str]:
        return [view.file_name for view in chosen_view(book.ledger, Wanted(**wanted))]

    assert files() == ["Paid.csv", "owed.csv", "other.csv"]
    assert files(only_last=True) == ["other.csv"]
    assert files(site="acme-test", only_last=True) == ["owed.csv"]
    assert files(outcomes=frozenset([Outcome.CREDITED]), only_last=True) == ["Paid.csv"]
    assert files(outcomes=frozenset([Outcome.PENDING])) == ["owed.csv", "other.csv"]
    assert files(outcomes=frozenset([Outcome.REVIEW]), only_last=True) == []
    assert files(file="PA") == ["Paid.csv"]
    assert files(since="2999-01-01") == []


def test_reports_are_found_where_the_run_wrote_them(book: Book, tmp_path: Path) -> None:
    batch = book.plan(book.row(2))
    site, folder = SiteSettings("acme-test", "https://acme-test.chargebee.com", ""), tmp_path / "reports"
    record = for_the_record(RunSettings(), ControlLimits(), site, "--yes", places={"reports": folder})
    assert recorded_reports(record) == folder and recorded_reports("{}") is None
    book.ledger.runs.start(batch, settings_json=record)
    [view] = batches_view(book.ledger)
    assert view.reports is None, "none are there yet"
    directory = folder / f"another name-{view.key[:8]}"
    directory.mkdir(parents=True)
    (directory / "results.csv").touch()
    [view] = batches_view(book.ledger)
    assert view.reports is not None
    assert (view.reports.directory, view.reports.files) == (directory, ("results.csv",))
