"""A ledger to look into only: thrown away afterwards, it sees what the real one holds without taking its lock.

`check` stages a file here. The real ledger is attached read-only, and what it knows of the rows' identities is
copied over just before they are settled: so a row meets the same rules as in a run, also while a run is on. In the
place of one on a server an empty one is attached, into which what is about the file is copied first: see `lending`.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from batch_credits.ledger import numbering, spellings
from batch_credits.ledger.database import Database, Row, T
from batch_credits.ledger.engines.sqlite import store
from batch_credits.ledger.engines.sqlite.database import SqliteDatabase, translated
from batch_credits.ledger.lending import Lending
from batch_credits.ledger.reversals import PREFIX
from batch_credits.ledger.sites import site_id_of
from batch_credits.ledger.statements import statements


class Lender:
    """Copies what the real ledger knows of one site, which has this number there."""

    def __init__(self, database: Database, site_id: int, lending: Lending | None) -> None:
        """`lending`: copies into the attached ledger what one on a server knows."""
        self._db = database
        self._site_id = site_id
        self._lending = lending

    def lend_batches(self, site: str) -> None:
        """Copy the site's batches."""
        with self._db.transaction():
            self._db.change("borrow_batches", site=site_id_of(self._db, site), known=self._site_id)

    def lend_requests(self, batch_id: int) -> None:
        """Copy what there is of the identities that a staged batch has, of those that they may have been numbered as,
        of their other spellings, and of their reversals, and let it stand for these.
        """
        spellings.begin(self._db)
        if self._lending is not None:
            self._lending.copy(batch_id)
        self._db.change("begin_finding")
        for name in self._ways_to_find(batch_id):
            self._db.change(name, known=self._site_id, batch=batch_id, prefix=PREFIX)
        self._db.change("borrow_requests", batch=batch_id)
        self._db.change("borrow_identities", batch=batch_id)
        self._db.change("borrow_forms", known=self._site_id, batch=batch_id)
        self._db.change("forget_found")

    def _ways_to_find(self, batch_id: int) -> list[str]:
        if numbering.is_numbering(self._db):
            by_texts = ["find_by_groups", "find_numbers_of_groups"]
        elif numbering.was_numbered(self._db, batch_id):
            by_texts = ["find_by_texts", "find_numbers_of_texts"]
        else:
            by_texts = ["find_by_texts"]
        return [*by_texts, "find_respelt", "find_by_forms", "find_respelt_by_forms", "find_reversals"]


class ScratchDatabase(SqliteDatabase):
    """A ledger to look into. What is asked of the real one alone, and it lies on a server, is asked there."""

    def __init__(self, connection: sqlite3.Connection, path: Path, known: Path | Database | None) -> None:
        overriding = None if known is None else statements("known")
        super().__init__(connection, path, overriding=overriding, is_kept=False)
        self._server = known if isinstance(known, Database) else None

    def close(self) -> None:
        """Close both."""
        super().close()
        if self._server is not None:
            self._server.close()

    def first(self, name: str, read: Callable[[Row], T], /, **values: Any) -> T | None:
        """See `Database`."""
        return self._of(name).first(name, read, **values)

    def one(self, name: str, read: Callable[[Row], T], /, **values: Any) -> T:
        """See `Database`."""
        return self._of(name).one(name, read, **values)

    def stream(self, name: str, read: Callable[[Row], T], /, **values: Any) -> Iterator[T]:
        """See `Database`."""
        if name == "earlier_amounts" and self._server is not None:
            values["batch"] = 0  # the batch that is looked into has no number there
        return self._of(name).stream(name, read, **values)

    def _of(self, name: str) -> Database | Any:
        return super() if self._server is None or name not in _OF_THE_SITE else self._server


_OF_THE_SITE = ("noted_slots", "attempts_since", "earlier_amounts", "learned")


def connect(path: Path, site: str, known: Path | Database | None) -> tuple[Database, Lender | None]:
    """Create a ledger at `path` that is never made durable, and attach the real one as `known` if there is one: its
    file, or what one on a server knows, which is closed with this one.

    Returns it with the real one's batches of the site, and what lends it more, if the real one knows the site.
    """
    if isinstance(known, Path):
        store.connect_for_reading(known).close()  # refuses what is no ledger of ours
    with translated(path):
        connection = sqlite3.connect(path.as_uri(), uri=True, isolation_level=None, check_same_thread=False)
        try:
            store.prepare(connection, path, created=True)
            connection.execute("PRAGMA journal_mode = MEMORY")
            connection.execute("PRAGMA synchronous = OFF")
            if isinstance(known, Path):
                connection.execute("ATTACH ? AS known", (f"{known.resolve().as_uri()}?mode=ro",))
            elif known is not None:
                _attach_empty(connection, path.with_name(path.name + "-known"))
            database = ScratchDatabase(connection, path, known)
            lending = Lending(known, database, site) if isinstance(known, Database) else None
            found = None
            if known is not None:
                found = connection.execute("SELECT site_id FROM known.site WHERE name = ?", (site,)).fetchone()
            if found is None and lending is None:
                return database, None
            lender = Lender(database, 0 if found is None else found[0], lending)
            lender.lend_batches(site)
            return database, lender
        except BaseException:
            connection.close()
            if isinstance(known, Database):
                known.close()
            raise


def _attach_empty(connection: sqlite3.Connection, path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        store.prepare(other, path, created=True)
        other.execute("PRAGMA journal_mode = OFF")
    connection.execute("ATTACH ? AS known", (path.resolve().as_uri(),))
    connection.execute("PRAGMA known.synchronous = OFF")
