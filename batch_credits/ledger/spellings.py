"""Two spellings of one credit: identities whose texts agree after Unicode NFC, folding of blanks and, of the reference,
of case. They are two credits at Chargebee, so only the first is ever admitted.

The table `identity` itself tells capitals of ASCII apart from nothing (its collation), which costs nothing. All other
spellings are rare: the form of a text that is not its own form is kept beside, in `respelt`.
"""

import sqlite3
from collections.abc import Sequence

from batch_credits.ledger.identities import rejected_json, resembling
from batch_credits.model import Money
from batch_credits.model.identity import folded, folded_id

_TO_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def note(connection: sqlite3.Connection, first_id: int, customer_ids: Sequence[str], references: Sequence[str]) -> None:
    """Note the forms of staged requests, as far as they are not plainly the texts themselves."""
    if _is_plain(customer_ids) and _is_plain(references):
        return
    forms = [
        (request_id, *form)
        for request_id, customer_id, reference in zip(
            range(first_id, first_id + len(references)), customer_ids, references, strict=True
        )
        if (form := _form(customer_id, reference)) is not None
    ]
    begin(connection)
    connection.executemany("INSERT INTO temp.form VALUES (?, ?, ?)", forms)


def begin(connection: sqlite3.Connection) -> None:
    """Be ready to note the forms of a batch that is being staged."""
    connection.execute(
        "CREATE TEMP TABLE IF NOT EXISTS form"
        " (request_id INTEGER PRIMARY KEY, customer_form TEXT, reference_form TEXT COLLATE NOCASE)"
    )


def note_known(connection: sqlite3.Connection, request_id: int, customer_id: str, reference: str) -> None:
    """Note the form of a request that stands for an identity."""
    if (form := _form(customer_id, reference)) is not None:
        connection.execute(
            "INSERT INTO respelt SELECT site_id, ?, ?, request_id FROM credit_request WHERE request_id = ?",
            (*form, request_id),
        )


def settle(connection: sqlite3.Connection, batch_id: int) -> int:
    """Reject the rows of a staged batch that are another row in another spelling, and keep the forms of those that
    stand. Returns how many were rejected."""
    begin(connection)
    values = {"batch": batch_id}
    found = connection.execute(_RESEMBLING, values).fetchall() if _has_any(connection, values) else []
    for request_id, row_number, *texts, minor, in_decimal, currency in found:
        why = rejected_json((resembling(*texts),), texts[1], Money(minor, in_decimal, currency))
        connection.execute(
            "UPDATE row SET request_id = NULL, rejected = ? WHERE batch_id = ? AND row_number = ?",
            (why, batch_id, row_number),
        )
        connection.execute(_GIVE_UP, (request_id,))
        connection.execute("DELETE FROM credit_request WHERE request_id = ?", (request_id,))
    connection.execute(_KEEP)
    forget(connection)
    return len(found)


def _has_any(connection: sqlite3.Connection, values: dict[str, int]) -> bool:
    return bool(connection.execute(_HAS_ANY, values).fetchone()[0])


def forget(connection: sqlite3.Connection) -> None:
    """Forget the forms of a batch whose staging is over, or given up."""
    connection.execute("DROP TABLE IF EXISTS temp.form")


def upgrade(connection: sqlite3.Connection) -> None:
    """Fill the table of a ledger that had none."""
    for row in connection.execute("SELECT request_id, customer_id, reference FROM identity").fetchall():
        note_known(connection, *row)


def _form(customer_id: str, reference: str) -> tuple[str, str] | None:
    """The form of a row's texts, if it is not found by themselves in whatever case of ASCII."""
    form = folded_id(customer_id), folded(reference)
    return None if form == (customer_id, reference.translate(_TO_LOWER)) else form


def _is_plain(texts: Sequence[str]) -> bool:
    """Whether all are their own forms but for capitals: said for a whole column at once, as nearly all are."""
    joined = f"|{'|'.join(texts)}|"
    return joined.isascii() and not any(blanks in joined for blanks in ("  ", "| ", " |"))


_SITE = "(SELECT site_id FROM batch WHERE batch_id = :batch)"
_HAS_ANY = f"""
SELECT EXISTS (SELECT 1 FROM temp.form) OR EXISTS (SELECT 1 FROM respelt WHERE site_id = {_SITE})
"""

# Whoever is called by one of these forms: by its own form, or by its texts. The first one in the file stands.
_RESEMBLING = f"""
WITH formed AS (
    SELECT customer_form, reference_form, request_id FROM temp.form
    UNION SELECT customer_form, reference_form, request_id FROM respelt WHERE site_id = {_SITE}),
called AS MATERIALIZED (
    SELECT * FROM formed
    UNION SELECT f.customer_form, f.reference_form, i.request_id FROM formed f CROSS JOIN identity i
          ON i.site_id = {_SITE} AND i.customer_id = f.customer_form AND i.reference = f.reference_form)
SELECT r.request_id, r.row_number, r.customer_id, r.reference, o.customer_id, o.reference,
       'row ' || o.row_number || ' of ' || b.file_name, r.amount_minor, r.amount_in_decimal, r.currency_code
FROM called c CROSS JOIN credit_request r ON r.request_id = c.request_id AND r.batch_id = :batch AND r.attempts = 0
CROSS JOIN called d ON d.customer_form = c.customer_form AND d.reference_form = c.reference_form
CROSS JOIN credit_request o ON o.request_id = d.request_id AND o.request_id <> r.request_id
    AND (o.customer_id <> r.customer_id OR o.reference <> r.reference)
    AND (o.batch_id <> :batch OR o.row_number < r.row_number)
CROSS JOIN batch b ON b.batch_id = o.batch_id
GROUP BY r.request_id ORDER BY r.row_number
"""

_GIVE_UP = """
DELETE FROM identity WHERE (site_id, customer_id, reference, request_id) =
    (SELECT site_id, customer_id, reference, request_id FROM credit_request WHERE request_id = ?)
"""

_KEEP = """
INSERT INTO respelt SELECT r.site_id, f.customer_form, f.reference_form, f.request_id
FROM temp.form f CROSS JOIN credit_request r ON r.request_id = f.request_id
"""
