"""Admitting a batch: rows are staged as they are read, and become owed only when the person has said yes.

Until `admit`, nothing of the batch can be sent and `discard` removes it without a trace; what a dead process
left staged is discarded at the next start. Identity is settled here, by the ledger's unique index, so no set
of all rows is ever held in memory.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import orjson

from batch_credits.model import ControlTotal, LoadedRow, Money, Problem, RequestState


@dataclass(frozen=True, slots=True)
class StagedRow:
    """A loaded row and the frozen body of its request (None if it is rejected)."""

    row: LoadedRow
    body: bytes | None


@dataclass(frozen=True, slots=True)
class _Existing:
    """What the ledger already holds for an identity."""

    request_id: int
    money: Money
    credit_type: str
    state: str
    generation: int
    file_name: str
    row_number: int
    row_in_batch: int | None

    def is_same_money(self, row: LoadedRow) -> bool:
        assert row.request is not None
        return self.money.same_as(row.request.money) and self.credit_type == row.request.credit_type


class Admission:
    """The staging of one batch. Every call is one transaction of the caller's connection."""

    def __init__(self, connection: sqlite3.Connection, site_id: int, batch_id: int) -> None:
        self._db = connection
        self._site_id = site_id
        self._batch_id = batch_id

    def occurrences(self, rows: Sequence[LoadedRow]) -> list[int]:
        """How often each row's identity has come up in this batch so far, itself included; 0 if unreadable.

        Rejected rows count too: a number, once given, must not move when a row above it is mended.
        """
        self._db.execute(
            "CREATE TEMP TABLE IF NOT EXISTS occurrence ("
            "batch_id INTEGER, customer_id TEXT, reference TEXT, count INTEGER,"
            "PRIMARY KEY (batch_id, customer_id, reference)) WITHOUT ROWID"
        )
        counts = []
        for row in rows:
            if row.customer_id is None or row.reference is None:
                counts.append(0)
                continue
            found = self._db.execute(
                "INSERT INTO occurrence VALUES (?, ?, ?, 1)"
                " ON CONFLICT DO UPDATE SET count = count + 1 RETURNING count",
                (self._batch_id, row.customer_id, row.reference),
            ).fetchone()
            counts.append(found[0])
        return counts

    def stage(self, staged: Sequence[StagedRow]) -> list[LoadedRow]:
        """Store rows, in order. Returns them, with those rejected that repeat or contradict an identity."""
        existing = self._plan_new(staged)
        taken: dict[int, int] = {}  # request -> row, within this chunk
        result, rows, proposals = [], [], []
        for item in staged:
            row, request_id = item.row, None
            if row.request is not None:
                known = existing[row.request.customer_id, row.request.reference]
                request_id = known.request_id
                problem = self._problem(row, known, taken)
                if problem is not None:
                    row = _reject(row, problem)
                    request_id = None
                else:
                    taken[request_id] = row.row_number
                    if known.state == RequestState.FAILED:
                        request_id = None
                        proposals.append((item, known))
            result.append(row)
            if request_id is not None or row.request is None:
                rows.append([row.row_number, list(row.cells), request_id, _rejected_json(row)])
        self._insert_rows(rows)
        for item, known in proposals:
            self._propose(item, known)
        return result

    def _plan_new(self, staged: Sequence[StagedRow]) -> dict[tuple[str, str], _Existing]:
        """Insert a request for each identity not known yet, then fetch what is known of all of them."""
        planned = []
        for item in staged:
            request = item.row.request
            if request is not None:
                assert item.body is not None
                planned.append(
                    [
                        request.customer_id,
                        request.reference,
                        request.amount,
                        request.amount_in_decimal,
                        request.currency_code,
                        request.credit_type,
                        item.body.decode("ascii"),
                        item.row.row_number,
                    ]
                )
        if not planned:
            return {}
        chunk = orjson.dumps(planned).decode()
        self._db.execute(_INSERT_REQUESTS, {"chunk": chunk, "site": self._site_id, "batch": self._batch_id})
        found = self._db.execute(_SELECT_EXISTING, {"chunk": chunk, "site": self._site_id, "batch": self._batch_id})
        return {
            (customer_id, reference): _Existing(request_id, Money(minor, decimal, currency), *rest)
            for customer_id, reference, request_id, minor, decimal, currency, *rest in found
        }

    def _problem(self, row: LoadedRow, known: _Existing, taken: dict[int, int]) -> Problem | None:
        assert row.request is not None
        first = known.row_in_batch or taken.get(known.request_id)
        if first is not None and first != row.row_number:
            return Problem(
                "reference",
                "duplicate",
                f"Customer {row.request.customer_id!r} already has reference {row.request.reference!r} in row {first}; "
                "give this row another reference, or number such rows with --number-duplicates.",
            )
        if known.state != RequestState.FAILED and not known.is_same_money(row):
            what = "credited" if known.state == RequestState.CREDITED else "planned"
            return Problem(
                "amount",
                "conflict",
                f"Reference {row.request.reference!r} of customer {row.request.customer_id!r} is already {what} with "
                f"{known.money}, {known.credit_type} (row {known.row_number} of {known.file_name}); this row says "
                f"{row.request.money}, {row.request.credit_type}. If it is another credit, give it another reference.",
            )
        return None

    def _insert_rows(self, rows: list[list[object]]) -> None:
        if rows:
            self._db.execute(_INSERT_ROWS, {"chunk": orjson.dumps(rows).decode(), "batch": self._batch_id})

    def _propose(self, item: StagedRow, known: _Existing) -> None:
        """Plan a failed identity anew, under the next generation; it takes effect at `admit`."""
        row, request = item.row, item.row.request
        assert request is not None and item.body is not None
        request_id = self._db.execute(
            "INSERT INTO credit_request (site_id, customer_id, reference, amount_minor, amount_in_decimal,"
            " currency_code, credit_type, body, generation, batch_id, row_number, current)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0) RETURNING request_id",
            (
                self._site_id,
                request.customer_id,
                request.reference,
                request.amount,
                request.amount_in_decimal,
                request.currency_code,
                request.credit_type,
                item.body.decode("ascii"),
                known.generation + 1,
                self._batch_id,
                row.row_number,
            ),
        ).fetchone()[0]
        self._insert_rows([[row.row_number, list(row.cells), request_id, None]])

    def finish(self, rows_read: int, totals: dict[str, ControlTotal]) -> None:
        """Store what the loader counted, to tie the reports out against."""
        encoded = orjson.dumps({c: [t.count, t.amount_minor, str(t.amount_in_decimal)] for c, t in totals.items()})
        self._db.execute(
            "UPDATE batch SET rows_read = ?, totals = ? WHERE batch_id = ?",
            (rows_read, encoded.decode(), self._batch_id),
        )

    def admit(self) -> None:
        """Make the batch owed. Proposals replace the failed requests they are about, and older rows follow them
        where the money is the same."""
        proposals = self._db.execute(
            "SELECT new.request_id, old.request_id, new.amount_minor IS old.amount_minor"
            " AND new.amount_in_decimal IS old.amount_in_decimal AND new.currency_code IS old.currency_code"
            " AND new.credit_type = old.credit_type"
            " FROM credit_request new JOIN credit_request old ON old.site_id = new.site_id"
            " AND old.customer_id = new.customer_id AND old.reference = new.reference AND old.current = 1"
            " WHERE new.batch_id = ? AND new.state = 'pending' AND new.current = 0",
            (self._batch_id,),
        ).fetchall()
        for new, old, is_same_money in proposals:
            self._db.execute("UPDATE credit_request SET current = 0 WHERE request_id = ?", (old,))
            self._db.execute("UPDATE credit_request SET current = 1 WHERE request_id = ?", (new,))
            if is_same_money:
                self._db.execute("UPDATE row SET request_id = ? WHERE request_id = ?", (new, old))
        self._db.execute("UPDATE batch SET admitted = 1 WHERE batch_id = ?", (self._batch_id,))


def discard(connection: sqlite3.Connection, batch_ids: Iterable[int]) -> None:
    """Remove staged batches without a trace. Only what was never owed can go: the schema refuses the rest."""
    for batch_id in batch_ids:
        connection.execute(
            "DELETE FROM credit_request WHERE batch_id = ?1"
            " AND request_id IN (SELECT request_id FROM row WHERE batch_id = ?1 AND request_id IS NOT NULL)",
            (batch_id,),
        )
        connection.execute("DELETE FROM row WHERE batch_id = ?", (batch_id,))
        connection.execute("DELETE FROM batch WHERE batch_id = ?", (batch_id,))


def decoded_totals(text: str) -> dict[str, ControlTotal]:
    """The totals that `finish` stored."""
    return {c: ControlTotal(count, minor, Decimal(dec)) for c, (count, minor, dec) in orjson.loads(text).items()}


def _reject(row: LoadedRow, problem: Problem) -> LoadedRow:
    return LoadedRow(
        row.row_number, row.cells, None, (*row.problems, problem), row.customer_id, row.reference, row.money
    )


def _rejected_json(row: LoadedRow) -> str | None:
    if row.request is not None:
        return None
    money = row.money
    encoded = orjson.dumps(
        {
            "problems": [[p.field, p.code, p.message] for p in row.problems],
            "reference": row.reference,
            "money": money and [money.amount_minor, money.amount_in_decimal, money.currency_code],
        }
    )
    return encoded.decode()


_INSERT_REQUESTS = """
INSERT INTO credit_request (site_id, customer_id, reference, amount_minor, amount_in_decimal, currency_code,
                            credit_type, body, batch_id, row_number)
SELECT :site, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, :batch,
       value ->> 7
FROM json_each(:chunk) WHERE true
ON CONFLICT (site_id, customer_id, reference) WHERE current = 1 DO NOTHING
"""

# CROSS JOIN keeps the order: SQLite does not know how short the JSON is, and would walk the whole site for each row.
_SELECT_EXISTING = """
SELECT r.customer_id, r.reference, r.request_id, r.amount_minor, r.amount_in_decimal, r.currency_code,
       r.credit_type, r.state, r.generation, b.file_name, r.row_number,
       coalesce(
         (SELECT min(w.row_number) FROM row w WHERE w.request_id = r.request_id AND w.batch_id = :batch),
         (SELECT p.row_number FROM credit_request p WHERE p.batch_id = :batch AND p.customer_id = r.customer_id
           AND p.reference = r.reference AND p.current = 0))
FROM json_each(:chunk) c
CROSS JOIN credit_request r ON r.site_id = :site AND r.customer_id = c.value ->> 0 AND r.reference = c.value ->> 1
 AND r.current = 1
JOIN batch b ON b.batch_id = r.batch_id
"""

_INSERT_ROWS = """
INSERT INTO row (batch_id, row_number, cells, request_id, rejected)
SELECT :batch, value ->> 0, value -> 1, value ->> 2, value ->> 3 FROM json_each(:chunk)
"""
