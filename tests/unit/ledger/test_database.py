"""One connection: all or nothing, one thread at a time, and every error of SQLite's is the ledger's."""

import re
import threading
from pathlib import Path
from typing import Any

import pytest

import batch_credits.ledger
from batch_credits.errors import LedgerError
from batch_credits.ledger import Ledger
from batch_credits.ledger.database import Database

pytestmark = pytest.mark.of_sqlite


@pytest.fixture
def database(book: Any) -> Database:
    found: Database = book.ledger._db
    return found


def test_no_desk_knows_the_driver() -> None:
    folder = Path(batch_credits.ledger.__file__).parent
    names = re.compile(r"sqlite3\b(?<!ledger\.sqlite3)")  # which is what the file is called
    knowing = {path.stem for path in folder.rglob("*.py") if names.search(path.read_text())}
    assert knowing == {"database", "glance", "migrations", "scratch", "store"}


def sites(database: Database) -> list[str]:
    return sorted(row[0] for row in database._connection.execute("SELECT name FROM site"))


def test_a_transaction_is_all_or_nothing(database: Database) -> None:
    with database.transaction():
        database.change("add_site", site="a")
    with pytest.raises(ZeroDivisionError), database.transaction():
        database.change("add_site", site="b")
        raise ZeroDivisionError
    assert sites(database) == ["a"]


def test_what_only_asks_is_told_of_one_moment(book: Any) -> None:
    with Ledger.open_for_reading(book.path) as other:
        with other._db.transaction(writes=False):
            assert sites(other._db) == []
            with book.ledger._db.transaction():
                book.ledger._db.change("add_site", site="a")
            assert sites(other._db) == []
        assert sites(other._db) == ["a"]


def test_a_transaction_within_another_is_a_part_of_it(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.transaction():
        with database.transaction():
            database.change("add_site", site="a")
        assert database._connection.in_transaction
        raise ZeroDivisionError
    with pytest.raises(ZeroDivisionError), database.transaction():
        database.change("add_site", site="b")
        with database.transaction():
            raise ZeroDivisionError
    assert sites(database) == []
    with database.transaction(), database.transaction():
        database.change("add_site", site="c")
    assert sites(database) == ["c"]
    assert not database._connection.in_transaction


def test_another_thread_is_never_a_part_of_a_transaction(database: Database) -> None:
    """It would take for durable what may be undone."""
    raised: list[BaseException] = []

    def other() -> None:
        try:
            with database.transaction():
                database.change("add_site", site="b")
        except LedgerError as error:
            raised.append(error)

    with database.transaction():
        database.change("add_site", site="a")
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        database.change("add_site", site="c")
    assert "within a transaction" in str(raised[0])
    assert sites(database) == ["a", "c"]


def test_what_is_not_there(database: Database) -> None:
    assert database.first("site_id", tuple, site="a") is None
    assert database.all("site_id", tuple, site="a") == []
    for ask in (database.value, lambda name, **values: database.one(name, tuple, **values)):
        with pytest.raises(LedgerError, match="'site_id' found nothing"):
            ask("site_id", site="a")


def test_a_value_that_nobody_wrote_is_a_harmed_ledger(database: Database) -> None:
    with database.transaction():
        database.change("add_site", site="a")

    def read(row: tuple[Any, ...]) -> None:
        raise ValueError("'x' is not a valid Outcome")

    for ask in (database.first, database.one, database.all):
        with pytest.raises(LedgerError, match="is not a valid Outcome") as raised:
            ask("site_id", read, site="a")
        assert "never delete the ledger" in raised.value.hint


def test_a_value_that_is_not_named_is_an_error(database: Database) -> None:
    with pytest.raises(LedgerError), database.transaction():
        database.change("add_site")
    with pytest.raises(LedgerError):
        database.change_each("add_site", [{}])


@pytest.mark.parametrize("verb", ["first", "one", "all"])
def test_a_name_that_is_no_statements_is_a_mistake_of_the_program(database: Database, verb: str) -> None:
    with pytest.raises(KeyError):
        getattr(database, verb)("no_such_statement", tuple)


def test_rows_by_columns_are_stored_whatever_their_number(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("batch_credits.ledger.engines.sqlite.database.ROWS_A_STATEMENT", 3)
    names = [f"s{number}" for number in range(10)]
    with database.transaction():
        database.insert_columns("site", {"site_id": range(10), "name": names, "address": ["same"] * 10})
        database.insert_columns("site", {"name": [], "address": []})
    found = database._connection.execute("SELECT site_id, name, address FROM site ORDER BY site_id").fetchall()
    assert found == [(number, f"s{number}", "same") for number in range(10)]


def test_a_database_brings_what_the_statements_need(tmp_path: Path) -> None:
    """Functions, and views, which are the connection's own: nothing of them is written."""
    with Ledger.open(tmp_path / "ledger") as ledger:
        ask = ledger._db._connection.execute
        decimals = ask("SELECT same_decimal('1.5', '1.50'), same_decimal('x', '1'), same_decimal(NULL, '1')")
        assert decimals.fetchone() == (1, 0, 0)
        assert ask("SELECT count(*) FROM row_outcome").fetchone() == (0,)
        assert ask("SELECT count(*) FROM main.sqlite_schema WHERE type = 'view'").fetchone() == (0,)
