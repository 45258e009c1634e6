"""A ledger to look into only: thrown away afterwards, it sees what the real one holds without taking its lock.

`check` stages a file here. The real ledger is attached read-only, and what it knows of the rows' identities is
copied over just before they are settled: so a row meets the same rules as in a run, also while a run is on.
"""

import sqlite3
from pathlib import Path

from batch_credits.ledger import numbering, spellings, store
from batch_credits.model import reversal_reference

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


def borrow_requests(connection: sqlite3.Connection, known_site_id: int, batch_id: int) -> None:
    """Copy what the real ledger holds of the identities that a staged batch has, of those that they may have been
    numbered as, of their other spellings, and of their reversals, and let them stand for these."""
    spellings.begin(connection)
    is_numbering = numbering.is_numbering(connection)
    numbers = is_numbering or numbering.was_numbered(connection, batch_id)
    values = {"known": known_site_id, "batch": batch_id, "numbers": numbers, "reversal": reversal_reference("")}
    groups = _GROUPS if is_numbering else _REFERENCES
    connection.execute(_BORROW_REQUESTS.format(groups=groups), values)
    connection.execute(_BORROW_IDENTITIES, values)
    connection.execute(_BORROW_FORMS, values)


_BORROW_BATCHES = f"""
INSERT INTO main.batch (batch_id, key, site_id, file_name, file_sha256, headers, columns, options, admitted, created_at,
                        rows_read, totals, kind)
SELECT batch_id, 'known ' || key, ?, file_name, file_sha256, headers, columns, options, 1, created_at,
       rows_read, totals, kind
FROM {KNOWN}.batch WHERE site_id = ? AND admitted = 1
"""

_COLUMNS = """kind, customer_id, reference, amount_minor, amount_in_decimal, currency_code, credit_type, body,
    generation, batch_id, row_number, current, state, open_attempts, attempts, credit_id"""

# Whose numbers matter: of a file that is numbered also those of rejected rows.
_REFERENCES = "SELECT DISTINCT customer_id, reference FROM main.credit_request WHERE batch_id = :batch"
_GROUPS = "SELECT DISTINCT customer_id, reference FROM temp.numbered WHERE batch_id = :batch"

_BORROW_REQUESTS = f"""
INSERT INTO main.credit_request (site_id, {_COLUMNS})
SELECT (SELECT site_id FROM main.batch WHERE batch_id = :batch),
       {", ".join("r." + column.strip() for column in _COLUMNS.split(","))}
FROM (SELECT i.request_id FROM ({{groups}} ORDER BY customer_id, reference LIMIT -1) s
      CROSS JOIN {KNOWN}.identity i ON i.site_id = :known AND i.customer_id = s.customer_id
       AND i.reference = s.reference
      UNION
      SELECT i.request_id FROM ({{groups}} ORDER BY customer_id, reference LIMIT -1) s
      CROSS JOIN {KNOWN}.identity i ON i.site_id = :known AND i.customer_id = s.customer_id
       AND {numbering.IS_NUMBERED.format(group="s.reference")}
      WHERE :numbers
      UNION
      SELECT k.request_id FROM ({_REFERENCES} ORDER BY customer_id, reference LIMIT -1) s
      CROSS JOIN {KNOWN}.respelt k ON k.site_id = :known AND k.customer_form = s.customer_id
       AND k.reference_form = s.reference
      WHERE EXISTS (SELECT 1 FROM {KNOWN}.respelt)
      UNION
      SELECT i.request_id FROM temp.form f
      CROSS JOIN {KNOWN}.identity i ON i.site_id = :known AND i.customer_id = f.customer_form
       AND i.reference = f.reference_form
      UNION
      SELECT k.request_id FROM temp.form f
      CROSS JOIN {KNOWN}.respelt k ON k.site_id = :known AND k.customer_form = f.customer_form
       AND k.reference_form = f.reference_form
      UNION
      SELECT i.request_id FROM ({_REFERENCES} ORDER BY customer_id, reference LIMIT -1) s
      CROSS JOIN {KNOWN}.identity i ON i.site_id = :known AND i.customer_id = s.customer_id
       AND i.reference = :reversal || s.reference
      WHERE EXISTS (SELECT 1 FROM {KNOWN}.credit_request d
                    WHERE d.site_id = :known AND d.kind = 'deduct' AND d.state = 'credited')) found
CROSS JOIN {KNOWN}.credit_request r ON r.request_id = found.request_id
CROSS JOIN {KNOWN}.batch b ON b.batch_id = r.batch_id AND b.admitted = 1
"""

# A scratch ledger begins empty: whatever another batch has in it was borrowed.
_BORROW_IDENTITIES = """
INSERT INTO main.identity
SELECT site_id, customer_id, reference, request_id FROM main.credit_request WHERE batch_id <> :batch
"""
_BORROW_FORMS = f"""
INSERT INTO main.respelt
SELECT i.site_id, k.customer_form, k.reference_form, i.request_id
FROM {KNOWN}.respelt k CROSS JOIN {KNOWN}.credit_request r ON r.request_id = k.request_id
CROSS JOIN main.identity i ON i.site_id = (SELECT site_id FROM main.batch WHERE batch_id = :batch)
    AND i.customer_id = r.customer_id AND i.reference = r.reference
WHERE k.site_id = :known
"""
