"""What a ledger to look into borrows of one that cannot be attached, since it lies on a server.

SQLite attaches the real ledger, and copies what is about the staged file. Of one on a server the same is copied twice:
first all that it knows of the file's customers, into an empty ledger of SQLite's that is attached in its place, and
from there what the file meets. So the rules by which a row meets what is known are written once.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from operator import itemgetter
from typing import Any

import orjson

from batch_credits.ledger import numbering
from batch_credits.ledger.database import Database, Row

_PAGE = 5_000

_BATCH = (
    "batch_id", "key", "site_id", "kind", "reverses", "file_name", "file_sha256", "headers", "columns", "options",
    "admitted", "created_at", "rows_read", "totals",
)  # fmt: skip
_REQUEST = (
    "request_id", "site_id", "kind", "customer_id", "reference", "amount_minor", "amount_in_decimal", "currency_code",
    "credit_type", "body", "generation", "batch_id", "row_number", "current", "state", "look_first", "open_attempts",
    "attempts", "credit_id",
)  # fmt: skip


class Lending:
    """Copies what a ledger knows into the empty one that is attached to a scratch ledger as `known`. `elsewhere` is
    only asked."""

    def __init__(self, elsewhere: Database, scratch: Database, site: str) -> None:
        """Copy all sites and batches, which are few."""
        self._from = elsewhere
        self._db = scratch
        sites = elsewhere.all("lent_sites", tuple)
        self._site_id: int = next((site_id for site_id, name, *_ in sites if name == site), 0)
        with scratch.transaction():
            self._store("known.site", ("site_id", "name", "address", "recent"), sites)
            self._store("known.batch", _BATCH, elsewhere.all("lent_batches", tuple))

    def copy(self, batch_id: int) -> None:
        """Within a transaction: copy all that is known of the customers of a staged batch, whose forms are noted, and
        of the rows that it mends."""
        self._db.change("begin_wanting")
        name = "customers_of_groups" if numbering.is_numbering(self._db) else "customers_of_file"
        for page in _pages(self._db.stream(name, itemgetter(0), batch=batch_id)):
            forms = self._from.all("lent_forms", tuple, site=self._site_id, customers=_json(page))
            self._store("known.respelt", ("site_id", "customer_form", "reference_form", "request_id"), forms)
            self._want([*self._of_customers(page), *(form[3] for form in forms)])
        self._copy_wanted()
        self._copy_mended(batch_id)
        self._db.change("forget_wanted")

    def _copy_mended(self, batch_id: int) -> None:
        mended = self._from.all("lent_mended", tuple, site=self._site_id)
        self._store("known.mended", ("batch_id", "row_number", "of_batch", "of_row"), mended)
        places = self._db.all("places_mended", tuple, batch=batch_id)
        if not places:
            return
        for page in _pages(self._db.all("all_wanted", itemgetter(0))):
            self._keep(self._from.all("lent_rows_of", tuple, requests=_json(page)))
        for page in _pages(places):
            rows = self._from.all("lent_rows", tuple, places=_json(page))
            self._keep(rows)
            self._want([row[3] for row in rows if row[3] is not None])
        self._copy_wanted()
        for page in _pages(self._db.all("customers_of_rows", itemgetter(0))):
            self._want(self._of_customers(page))
        self._copy_wanted()

    def _of_customers(self, customers: Sequence[str]) -> list[int]:
        return self._from.all("lent_of_customers", itemgetter(0), site=self._site_id, customers=_json(customers))

    def _want(self, request_ids: Sequence[int]) -> None:
        self._db.change("want", requests=_json(request_ids))

    def _copy_wanted(self) -> None:
        after = 0
        while page := self._db.all("wanted", itemgetter(0), after=after, limit=_PAGE):
            found = self._from.all("lent_requests", tuple, requests=_json(page))
            self._store("known.credit_request", _REQUEST, [row[:-1] for row in found])
            names = ("site_id", "customer_id", "reference", "request_id")
            self._store("known.identity", names, [(row[1], row[3], row[4], row[0]) for row in found if row[-1]])
            after = page[-1]

    def _keep(self, rows: Sequence[Row]) -> None:
        self._db.change("keep_rows", rows=_json(rows))

    def _store(self, table: str, names: Sequence[str], rows: Sequence[Row]) -> None:
        if rows:
            self._db.insert_columns(table, dict(zip(names, zip(*rows, strict=True), strict=True)))


def _json(values: Sequence[Any]) -> str:
    return orjson.dumps([*values]).decode()


def _pages(values: Iterable[Any]) -> Iterator[list[Any]]:
    ahead = iter(values)
    while page := [*islice(ahead, _PAGE)]:
        yield page
