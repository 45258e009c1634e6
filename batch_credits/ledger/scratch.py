"""A ledger to look into only: thrown away afterwards, it sees what the real one holds without taking its lock.

`check` stages a file here. The real ledger is attached read-only, and what it knows of a row's identity is
copied over just before the row is staged: so the row meets the same rules as in a run, also while a run is on.
"""

import sqlite3
from collections.abc import Iterable
from pathlib import Path

import orjson

from batch_credits.ledger import store
from batch_credits.model import LoadedRow

KNOWN = "known"  # the name under which the real ledger is attached


def connect(path: Path, known: Path | None) -> sqlite3.Connection:
    """Create a ledger at `path` that is never made durable, and attach the real one if there is one."""
    if known is not None:
        store.connect_for_reading(known).close()  # refuses what is no ledger of ours
    with store.translated(path):
        connection = sqlite3.connect(path.as_uri(), uri=True, isolation_level=None, check_same_thread=False)
        try:
            store.prepare(connection, path, created=True)
            connection.execute("PRAGMA journal_mode = MEMORY")
            connection.execute("PRAGMA synchronous = OFF")
            if known is not None:
                connection.execute(f"ATTACH ? AS {KNOWN}", (f"{known.resolve().as_uri()}?mode=ro",))
        except BaseException:
            connection.close()
            raise
    return connection


def known_site(connection: sqlite3.Connection, site: str) -> int | None:
    """The number that the real ledger gave the site."""
    row = connection.execute(f"SELECT site_id FROM {KNOWN}.site WHERE name = ?", (site,)).fetchone()
    return None if row is None else int(row[0])


def borrow_batches(connection: sqlite3.Connection, known_site_id: int, site_id: int) -> None:
    """Copy the site's batches, under keys that no file has: their names are what messages need."""
    connection.execute(_BORROW_BATCHES, (site_id, known_site_id))


def borrow_requests(
    connection: sqlite3.Connection, known_site_id: int, site_id: int, rows: Iterable[LoadedRow]
) -> None:
    """Copy what the real ledger holds of these rows' identities."""
    identities = [[row.request.customer_id, row.request.reference] for row in rows if row.request is not None]
    chunk = orjson.dumps(identities).decode()
    connection.execute(_BORROW_REQUESTS, {"site": site_id, "known": known_site_id, "chunk": chunk})


_BORROW_BATCHES = f"""
INSERT INTO main.batch (batch_id, key, site_id, file_name, file_sha256, headers, columns, options, admitted, created_at,
                        rows_read, totals, kind)
SELECT batch_id, 'known ' || key, ?, file_name, file_sha256, headers, columns, options, 1, created_at,
       rows_read, totals, kind
FROM {KNOWN}.batch WHERE site_id = ? AND admitted = 1
"""

_COLUMNS = """kind, customer_id, reference, amount_minor, amount_in_decimal, currency_code, credit_type, body,
    generation, batch_id, row_number, current, state, open_attempts, attempts, credit_id"""

_BORROW_REQUESTS = f"""
INSERT INTO main.credit_request (site_id, {_COLUMNS})
SELECT :site, {", ".join("r." + column.strip() for column in _COLUMNS.split(","))}
FROM json_each(:chunk) c
CROSS JOIN {KNOWN}.credit_request r ON r.site_id = :known AND r.customer_id = c.value ->> 0
 AND r.reference = c.value ->> 1 AND r.current = 1
JOIN {KNOWN}.batch b ON b.batch_id = r.batch_id
WHERE b.admitted = 1
ON CONFLICT (site_id, customer_id, reference) WHERE current = 1 DO NOTHING
"""
