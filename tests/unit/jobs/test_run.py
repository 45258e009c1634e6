"""What a run counts from, and how it ends where the ledger is busy."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from batch_credits.errors import JournalFailed, LedgerBusy, UsageError
from batch_credits.jobs import run
from batch_credits.jobs.run import Orders, as_it_begins
from batch_credits.ledger import Ledger
from batch_credits.model import NewBatch, Outcome, RequestState
from batch_credits.planning.plan import Counted, Plan, plan_of
from batch_credits.process.signals import Signals
from batch_credits.progress.observers import SilentProgress
from batch_credits.sending.processes import Spares
from batch_credits.settings import ControlLimits, RunSettings, SiteSettings
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


def test_what_writes_the_reports_is_loaded_beside_the_sending(
    book: Book, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Later than the first row, which need not wait for it, and not at the end of a long run: there may be a newer
    program by then."""
    seen: list[Any] = []

    class Clocked:
        def __init__(self, seconds: float, act: Any, given: list[str]) -> None:
            seen.append((seconds, given))
            self.act, self.given = act, given

        def start(self) -> None:
            seen.append("starts")

        def cancel(self) -> None:
            seen.append("is over")

    def ends(*given: Any, **named: Any) -> Any:
        seen.append("sends")
        raise LedgerBusy("others")

    monkeypatch.setattr(run, "Timer", Clocked)
    monkeypatch.setattr(run, "_begun", ends)
    batch = book.plan(book.row(2))
    orders = Orders(ControlLimits(), SiteSettings("acme-test", "http://127.0.0.1:1", "k"), RunSettings(), tmp_path)
    with pytest.raises(LedgerBusy):
        asyncio.run(
            run.carry_out(
                book.ledger, planned(book, batch, 1), orders, "payout.csv", SilentProgress(), Signals(),
                Spares([], "k", ()),
            )
        )  # fmt: skip
    assert seen == [(run.LOAD_SECONDS, ["batch_credits.jobs.report"]), "starts", "sends", "is over"]


def test_what_is_in_doubt_is_owed_and_no_news(book: Book) -> None:
    batch = book.plan(book.row(2), book.row(3, "c-2"))
    book.settle(batch, RequestState.IN_DOUBT)
    plan = planned(book, batch, 2)
    assert as_it_begins(book.ledger, plan) is plan


@pytest.mark.parametrize(("when", "error"), [("_begun", LedgerBusy), ("start_progress", JournalFailed)])
def test_only_a_run_that_did_not_begin_is_told_that_others_are_busy(
    book: Book, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, when: str, error: type[Exception]
) -> None:
    """Who hears that believes that nothing was sent; on a server, a lock may be kept for long at any time."""

    def busy(*given: Any, **named: Any) -> Any:
        raise LedgerBusy("A colleague admits a large file.")

    plan = planned(book, book.plan(book.row(2)), 1)
    orders = Orders(ControlLimits(), SiteSettings("acme-test", "https://here.example", "key"), RunSettings(), tmp_path)
    monkeypatch.setattr(run, when, busy)
    with pytest.raises(error, match="A colleague admits"):
        spares = Spares([], "key", ())
        asyncio.run(run.carry_out(book.ledger, plan, orders, "payout.csv", SilentProgress(), Signals(), spares))


@pytest.mark.of_sqlite
def test_what_another_ledger_took_on_meanwhile_is_not_owed(book: Book, tmp_path: Path) -> None:
    """While a person thought, another run of the same user may have begun to pay the site from another ledger."""
    batch = book.begin()
    book.stage(batch, book.row(2))
    plan = replace(planned(book, batch, 1), is_new=True)
    with Ledger.open(tmp_path / "sites" / "acme-test" / "ledger.sqlite3") as other:
        other.sites.note_address("acme-test", "https://here.example")
        begun = NewBatch("ab" * 32, "acme-test", "payout.csv", "", ("a",), {"amount": 0}, "{}")
        other.admission.admit(other.admission.begin(begun))
    orders = Orders(ControlLimits(), SiteSettings("acme-test", "https://here.example", "key"), RunSettings(), tmp_path)
    with pytest.raises(UsageError, match="Two ledgers know site acme-test"):
        spares = Spares([], "key", ())
        asyncio.run(run.carry_out(book.ledger, plan, orders, "payout.csv", SilentProgress(), Signals(), spares))
    assert book.ledger.batches.all() == [] and book.sql("SELECT count(*) FROM batch") == [(0,)]


def test_what_cannot_be_loaded_ahead_is_left_for_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread's error would be shown as a traceback amid all that a person reads."""

    def no_handle_is_left(name: str) -> None:
        raise OSError(24, "Too many open files", name)

    monkeypatch.setattr(run, "import_module", no_handle_is_left)
    run.load_ahead("batch_credits.jobs.report")
