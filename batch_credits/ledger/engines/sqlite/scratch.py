"""A ledger to look into only: thrown away afterwards, it sees what the real one holds without taking its lock.

`check` stages a file here. The real ledger is attached read-only, and what it knows of the rows' identities is
copied over just before they are settled: so a row meets the same rules as in a run, also while a run is on.
"""

import sqlite3
from pathlib import Path

from batch_credits.ledger import numbering, spellings
from batch_credits.ledger.database import Database
from batch_credits.ledger.engines.sqlite import store
from batch_credits.ledger.engines.sqlite.database import SqliteDatabase, translated
from batch_credits.ledger.reversals import PREFIX
from batch_credits.ledger.sites import site_id_of
from batch_credits.ledger.statements import statements


class Lender:
    """Copies what the real ledger knows of one site, which has this number there."""

    def __init__(self, database: Database, site_id: int) -> None:
        self._db = database
        self._site_id = site_id

    def lend_batches(self, site: str) -> None:
        """Copy the site's batches."""
        with self._db.transaction():
            self._db.change("borrow_batches", site=site_id_of(self._db, site), known=self._site_id)

    def lend_requests(self, batch_id: int) -> None:
        """Copy what there is of the identities that a staged batch has, of those that they may have been numbered as,
        of their other spellings, and of their reversals, and let it stand for these.
        """
        spellings.begin(self._db)
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


def connect(path: Path, site: str, known: Path | None) -> tuple[Database, Lender | None]:
    """Create a ledger at `path` that is never made durable, and attach the real one as `known` if there is one.

    Returns it with the real one's batches of the site, and what lends it more, if the real one knows the site.
    """
    if known is not None:
        store.connect_for_reading(known).close()  # refuses what is no ledger of ours
    with translated(path):
        connection = sqlite3.connect(path.as_uri(), uri=True, isolation_level=None, check_same_thread=False)
        try:
            store.prepare(connection, path, created=True)
            connection.execute("PRAGMA journal_mode = MEMORY")
            connection.execute("PRAGMA synchronous = OFF")
            found = None
            if known is not None:
                connection.execute("ATTACH ? AS known", (f"{known.resolve().as_uri()}?mode=ro",))
                found = connection.execute("SELECT site_id FROM known.site WHERE name = ?", (site,)).fetchone()
            overriding = None if known is None else statements("known")
            database = SqliteDatabase(connection, path, overriding=overriding, is_kept=False)
            if found is None:
                return database, None
            lender = Lender(database, found[0])
            lender.lend_batches(site)
            return database, lender
        except BaseException:
            connection.close()
            raise
