"""A peek at the batches of a ledger, for whoever presses a key and waits: which ids there are, of which files.

`ledger/` opens a ledger as whoever pays must, and takes a third of a second to load. Nothing is decided by what is seen
here, so it is read as it lies there: nothing is locked, checked, created or brought up to date.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

MOST = 200  # batches, the newest: no list of more is read by anybody
_BUSY_SECONDS = 0.2
_SCHEMES = ("postgresql:", "postgres:")
_BATCHES = """
SELECT b.key, b.file_name, s.name, b.created_at FROM {schema}batch b JOIN {schema}site s USING (site_id)
WHERE b.admitted = 1 AND substr(b.key, 1, length({prefix})) = {prefix} ORDER BY b.batch_id DESC LIMIT {most}
"""


class SeenBatch(NamedTuple):
    """A batch that the ledger holds; `created_ms` are milliseconds since 1970 UTC."""

    key: str
    file_name: str
    site: str
    created_ms: int


def batches_at(ledger: str, prefix: str) -> list[SeenBatch]:
    """The newest batches of a ledger whose ids begin so, newest first. `ledger`: a file's path or a database's
    address.

    Raises:
        Exception: it cannot be looked at, for whatever reason.
    """
    rows = _in_database(ledger, prefix) if ledger.lower().startswith(_SCHEMES) else _in_file(Path(ledger), prefix)
    return [SeenBatch(*row) for row in rows]


def _in_file(path: Path, prefix: str) -> Iterator[tuple[str, str, str, int]]:
    path = path.expanduser().resolve()
    if not path.is_file():  # a pipe would be waited for
        return
    address = f"{path.as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, timeout=_BUSY_SECONDS)) as connection:
        statement = _BATCHES.format(schema="", prefix=":prefix", most=MOST)
        yield from connection.execute(statement, {"prefix": prefix})


def _in_database(address: str, prefix: str) -> Iterator[tuple[str, str, str, int]]:
    import psycopg  # with the extra alone

    with psycopg.connect(
        address, connect_timeout=2, client_encoding="utf8", options="-c default_transaction_read_only=on"
    ) as connection:
        statement = _BATCHES.format(schema="batch_credits.", prefix="%(prefix)s::text", most=MOST)
        yield from connection.execute(statement.encode(), {"prefix": prefix})
