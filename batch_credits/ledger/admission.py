"""Admitting a batch: rows are staged as they are read, and become owed only when the person has said yes.

Until `admit`, nothing of the batch can be sent and `discard` removes it without a trace; what a dead process
left staged is discarded at the next start.
"""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import chain
from typing import NamedTuple

import orjson

from batch_credits.ledger import identities, numbering, spellings
from batch_credits.ledger.identities import rejected_json
from batch_credits.model import ControlTotal, LoadedRow
from batch_credits.model.loaded import LoadedRows

ROWS_A_STATEMENT = 5_000  # SQLite stores as many without asking for Python's lock in between


class StagedRow(NamedTuple):
    """A loaded row and the frozen body of its request (None if it is rejected)."""

    row: LoadedRow
    body: bytes | None


class Admission:
    """The staging of one batch. Every call is one transaction of the caller's connection."""

    def __init__(self, connection: sqlite3.Connection, batch_id: int) -> None:
        self._db = connection
        self._batch_id = batch_id

    def number(self, rows: Sequence[LoadedRow]) -> list[int]:
        """The number of each row among those of this batch with its customer and reference; 0 if unreadable."""
        return numbering.number_rows(self._db, self._batch_id, rows)

    def stage(self, rows: LoadedRows, bodies: Sequence[str]) -> None:
        """Store rows, each with a request of its own and its frozen body if it is not rejected."""
        site_id, kind, first_id = self._db.execute(_WHERE_TO, (self._batch_id,)).fetchone()
        requests, count = rows.requests, len(rows.requests)
        ids = range(first_id, first_id + count)
        _insert(
            self._db,
            "credit_request",
            {
                "request_id": ids,
                "site_id": [site_id] * count,
                "batch_id": [self._batch_id] * count,
                "kind": [kind] * count,
                "customer_id": requests.customer_id,
                "reference": requests.reference,
                "amount_minor": requests.amount,
                "amount_in_decimal": requests.amount_in_decimal,
                "currency_code": requests.currency_code,
                "credit_type": requests.credit_type,
                "body": bodies,
                "row_number": rows.row_numbers,
            },
        )
        self._insert_rows(rows.row_numbers, rows.cells, ids, [None] * count)
        spellings.note(self._db, first_id, requests.customer_id, requests.reference)
        rejected = rows.rejected
        reasons = [rejected_json(row.problems, row.reference, row.money, row.restated) for row in rejected]
        cells = [row.cells for row in rejected]
        self._insert_rows([row.row_number for row in rejected], cells, [None] * len(rejected), reasons)

    def _insert_rows(
        self,
        row_numbers: Sequence[int],
        cells: Sequence[tuple[str, ...]],
        ids: Sequence[int | None],
        rejected: Sequence[str | None],
    ) -> None:
        columns: dict[str, Sequence[object]] = {
            "batch_id": [self._batch_id] * len(row_numbers),
            "row_number": row_numbers,
            "cells": [*map(bytes.decode, map(orjson.dumps, cells))],
            "request_id": ids,
            "rejected": rejected,
        }
        _insert(self._db, "row", columns)

    def finish(self, rows_read: int, totals: dict[str, ControlTotal]) -> int:
        """Settle all identities, and store what the loader counted, to tie the reports out against.

        Returns how many identities were taken, or may have been paid under another number.
        """
        taken = numbering.reject_moved(self._db, self._batch_id)
        numbering.forget(self._db)
        taken += identities.settle(self._db, self._batch_id)
        taken += spellings.settle(self._db, self._batch_id)
        self._db.execute(
            "UPDATE batch SET rows_read = ?, totals = ? WHERE batch_id = ?",
            (rows_read, encoded_totals(totals), self._batch_id),
        )
        return taken

    def admit(self) -> None:
        """Make the batch owed. Proposals replace the failed requests they are about, and older rows follow them
        where the money is the same."""
        proposals = self._db.execute(
            "SELECT new.request_id, old.request_id, new.amount_minor IS old.amount_minor"
            " AND new.amount_in_decimal IS old.amount_in_decimal AND new.currency_code IS old.currency_code"
            " AND new.credit_type = old.credit_type"
            " FROM credit_request new JOIN identity i ON i.site_id = new.site_id"
            " AND i.customer_id = new.customer_id AND i.reference = new.reference"
            " JOIN credit_request old ON old.request_id = i.request_id"
            " WHERE new.batch_id = ? AND new.state = 'pending' AND new.current = 0",
            (self._batch_id,),
        ).fetchall()
        for new, old, is_same_money in proposals:
            self._db.execute(_REPLACE, (new, old))
            self._db.execute(
                "UPDATE credit_request SET current = (request_id = ?1) WHERE request_id IN (?1, ?2)", (new, old)
            )
            if is_same_money:
                self._db.execute("UPDATE row SET request_id = ? WHERE request_id = ?", (new, old))
        self._db.execute("UPDATE batch SET admitted = 1 WHERE batch_id = ?", (self._batch_id,))


def discard(connection: sqlite3.Connection, batch_ids: Iterable[int]) -> None:
    """Remove staged batches without a trace. Only what was never owed can go: the schema refuses the rest."""
    numbering.forget(connection)
    spellings.forget(connection)
    for batch_id in batch_ids:
        connection.execute(
            "DELETE FROM respelt WHERE request_id IN (SELECT r.request_id " + _OF_BATCH + ")", (batch_id,)
        )
        connection.executemany(_DISCARD_IDENTITY, connection.execute(_IDENTITIES, (batch_id,)))
        connection.execute(
            "DELETE FROM credit_request WHERE request_id IN (SELECT r.request_id " + _OF_BATCH + ")", (batch_id,)
        )
        connection.execute("DELETE FROM row WHERE batch_id = ?", (batch_id,))
        connection.execute("DELETE FROM batch WHERE batch_id = ?", (batch_id,))


def encoded_totals(totals: Mapping[str, ControlTotal]) -> str:
    """Totals as the ledger stores them."""
    return orjson.dumps({c: [t.count, t.amount_minor, str(t.amount_in_decimal)] for c, t in totals.items()}).decode()


def decoded_totals(text: str) -> dict[str, ControlTotal]:
    """The same, read back."""
    return {c: ControlTotal(count, minor, Decimal(dec)) for c, (count, minor, dec) in orjson.loads(text).items()}


def _insert(connection: sqlite3.Connection, table: str, columns: Mapping[str, Sequence[object]]) -> None:
    """Insert rows given as columns. What all of a column say alike is bound once: binding takes longer than storing."""
    count = len(next(iter(columns.values())))
    step = min(ROWS_A_STATEMENT, connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER) // len(columns))
    for at in range(0, count, step):
        part = {name: values[at : at + step] for name, values in columns.items()}
        rows = min(step, count - at)
        alike = {
            name: values[0]
            for name, values in part.items()
            if values[0] == values[-1] and values.count(values[0]) == rows
        }
        places = [*(f"?{number}" for number in range(1, len(alike) + 1)), *"?" * (len(part) - len(alike))]
        names = [*alike, *(name for name in part if name not in alike)]
        statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES " + ",".join([f"({','.join(places)})"] * rows)
        varying = zip(*(part[name] for name in names[len(alike) :]), strict=True)
        connection.execute(statement, [*alike.values(), *chain.from_iterable(varying)])


# The site and the kind of a batch, and the id of the next request.
_WHERE_TO = """
SELECT site_id, kind, (SELECT coalesce(max(request_id), 0) + 1 FROM credit_request) FROM batch WHERE batch_id = ?
"""

_REPLACE = """
UPDATE identity SET request_id = ?1
WHERE (site_id, customer_id, reference) = (SELECT site_id, customer_id, reference FROM credit_request
                                           WHERE request_id = ?2)
"""

# The requests that a batch brought: its rows share others that batches before it brought.
_OF_BATCH = "FROM row w JOIN credit_request r USING (request_id) WHERE w.batch_id = ?1 AND r.batch_id = ?1"

_IDENTITIES = f"""
SELECT r.site_id, r.customer_id, r.reference, r.request_id {_OF_BATCH} ORDER BY r.site_id, r.customer_id, r.reference
"""
_DISCARD_IDENTITY = "DELETE FROM identity WHERE site_id = ? AND customer_id = ? AND reference = ? AND request_id = ?"
