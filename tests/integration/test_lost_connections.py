"""A ledger in PostgreSQL whose connection is lost: at each statement of a commit of the journal, before it arrives, or
after, or so that it arrives late. What was sent for is in the ledger once, or the process is told that it is not.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import psycopg
import pytest

from batch_credits.errors import LedgerError
from batch_credits.ledger.engines.postgres import database
from batch_credits.model import PlannedCredit, RequestState
from batch_credits.model.address import Address
from tests.servers.postgres import Server
from tests.servers.proxy import Loss, Proxy
from tests.unit.ledger.conftest import Book

# What a commit that opens an attempt says, in its order.
STEPS = ("BEGIN", "FOR NO KEY UPDATE", "INSERT INTO entry", "UPDATE standing", "COMMIT")


@pytest.fixture
def proxy(postgres: Server) -> Iterator[Proxy]:
    with Proxy(postgres.port) as between:
        yield between


@pytest.fixture
def book(proxy: Proxy, postgres_url: str) -> Iterator[Book]:
    through = f"postgresql://postgres@127.0.0.1:{proxy.port}/{postgres_url.rpartition('/')[2]}"
    opened = Book(cast(Path, Address.read(through)))
    cast(Any, opened.ledger)._db._connection.prepare_threshold = None  # what is prepared is said by a number
    try:
        yield opened
    finally:
        opened.close()


@pytest.fixture
def owed(book: Book) -> tuple[int, PlannedCredit]:
    """A run, and a credit that it may send."""
    batch = book.plan(book.row(2), book.row(3, "c-2"))
    run = book.ledger.runs.start(batch)
    return run, book.owed(batch)[0]


def asked(url: str, statement: str) -> list[Any]:
    with psycopg.connect(url, options="-c search_path=batch_credits") as connection:
        return connection.execute(statement.encode()).fetchall()


@pytest.mark.parametrize("loss", [Loss.BEFORE, Loss.AFTER, Loss.LATE])
@pytest.mark.parametrize("word", STEPS)
def test_an_attempt_is_in_the_ledger_once_wherever_its_connection_was_lost(
    book: Book, owed: tuple[int, PlannedCredit], proxy: Proxy, postgres_url: str, word: str, loss: Loss
) -> None:
    run, credit = owed
    proxy.lose(word, loss)
    book.send(run, credit)
    assert proxy.lost == 1
    assert asked(postgres_url, "SELECT request_id FROM attempt") == [(credit.request_id,)]
    assert asked(postgres_url, "SELECT count(*) FROM entry") == [(1,)]
    assert asked(postgres_url, "SELECT state, attempts, open_attempts FROM standing ORDER BY 1") == [
        ("in_flight", 1, 1),
        ("pending", 0, 0),
    ]


@pytest.mark.parametrize("loss", [Loss.BEFORE, Loss.AFTER, Loss.LATE])
def test_it_may_be_lost_again_while_that_is_found_out(
    book: Book, owed: tuple[int, PlannedCredit], proxy: Proxy, postgres_url: str, loss: Loss
) -> None:
    run, credit = owed
    proxy.lose("COMMIT", loss, times=3)
    book.send(run, credit)
    assert proxy.lost == 3
    assert asked(postgres_url, "SELECT request_id FROM attempt") == [(credit.request_id,)]


@pytest.mark.parametrize("loss", [Loss.BEFORE, Loss.AFTER])
def test_what_was_learned_is_recorded_once(
    book: Book, owed: tuple[int, PlannedCredit], proxy: Proxy, postgres_url: str, loss: Loss
) -> None:
    run, credit = owed
    book.send(run, credit)
    proxy.lose("COMMIT", loss)
    book.learn(run, credit, RequestState.CREDITED)
    assert proxy.lost == 1
    assert asked(postgres_url, "SELECT request_id, state FROM finding") == [(credit.request_id, "credited")]


def test_nothing_may_be_sent_where_a_server_is_away_for_good(
    book: Book, owed: tuple[int, PlannedCredit], proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cast(Any, book.ledger)._db, "_patience", 1.0)
    monkeypatch.setattr(database, "PATIENCE_SECONDS", 1.0)
    run, credit = owed
    proxy.is_refusing = True
    proxy.cut()
    with pytest.raises(LedgerError, match="cannot be reached any more"):
        book.send(run, credit)
    assert credit.attempts == 0
    with pytest.raises(LedgerError, match="cannot be reached any more"):
        book.ledger.claims.unsettled(1)
    proxy.is_refusing = False
    cast(Any, book.ledger)._db._not_before = 0.0
    assert book.ledger.claims.unsettled(1)[RequestState.PENDING] == 2


def test_what_only_asks_is_asked_again(book: Book, owed: tuple[int, PlannedCredit], postgres: Server) -> None:
    postgres.tell("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'batch-credits'")
    assert book.ledger.claims.unsettled(1)[RequestState.PENDING] == 2


def test_a_backend_that_is_ended_within_a_transaction_leaves_nothing(
    book: Book, owed: tuple[int, PlannedCredit], postgres: Server, postgres_url: str
) -> None:
    ledger = book.ledger
    with pytest.raises(LedgerError), ledger._db.transaction():
        ledger._db.change("tell", worker=ledger.workers.me(), told='{"a":1}')
        postgres.tell("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'batch-credits'")
        ledger._db.change("tell", worker=ledger.workers.me(), told='{"b":1}')
    assert asked(postgres_url, "SELECT count(*) FROM worker WHERE told <> '{}'") == [(0,)]


def test_a_transaction_in_which_something_failed_is_never_taken_for_done(
    book: Book, owed: tuple[int, PlannedCredit], postgres_url: str
) -> None:
    """PostgreSQL answers COMMIT to such a one with a word only: that it was rolled back."""
    ledger = book.ledger
    with pytest.raises(LedgerError, match="rolled back"), ledger._db.transaction():
        ledger._db.change("tell", worker=ledger.workers.me(), told='{"a":1}')
        with pytest.raises(LedgerError):
            ledger._db.value("begin_entry", worker=-1, at=0, number=1, attempts=0, findings=0)
    assert asked(postgres_url, "SELECT count(*) FROM worker WHERE told <> '{}'") == [(0,)]
