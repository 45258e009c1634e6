"""Admitting a batch: rows are staged as they are read, and become owed only when the person has said yes.

Until `admit`, nothing of the batch can be sent and `discard` removes it without a trace; what a dead process
left staged is discarded at the next start. Identity is settled here, by the ledger's unique index, so no set
of all rows is ever held in memory.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain, count
from typing import NamedTuple

import orjson

from batch_credits.model import CallKind, ControlTotal, LoadedRow, Money, Problem, RequestState

ROWS_A_STATEMENT = 100  # half the time of one JSON text a chunk, which SQLite parses again for every value


class StagedRow(NamedTuple):
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
    kind: str

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
        first_id, kind = self._next_id(), self._kind()
        planned = [item for item in staged if item.row.request is not None]
        ids = count(first_id)
        values = [(next(ids), self._site_id, self._batch_id, kind, *_request_values(item)) for item in planned]
        inserted = sum(self._insert(_INSERT_REQUESTS, part, _ON_CONFLICT) for part in _parts(values))
        if inserted == len(planned):  # nothing is known of any of them, and none repeats another: nearly every chunk
            self._insert_new(staged, first_id)
            return [item.row for item in staged]
        return self._stage_known(staged, self._existing(planned), kind)

    def _insert(self, into: str, rows: Sequence[tuple[object, ...]], ending: str = "") -> int:
        """Insert many rows by one statement, whose text is the same for every full part; how many went in."""
        places = "(" + ",".join("?" * len(rows[0])) + ")"
        statement = f"{into} VALUES {','.join([places] * len(rows))} {ending}"
        return self._db.execute(statement, [*chain.from_iterable(rows)]).rowcount

    def _kind(self) -> str:
        row = self._db.execute("SELECT kind FROM batch WHERE batch_id = ?", (self._batch_id,)).fetchone()
        return str(row[0])

    def _next_id(self) -> int:
        return int(self._db.execute("SELECT coalesce(max(request_id), 0) + 1 FROM credit_request").fetchone()[0])

    def _insert_new(self, staged: Sequence[StagedRow], first_id: int) -> None:
        """Insert rows whose requests were all new, so have the ids from the first one on."""
        ids = count(first_id)
        self._insert_rows([(row, None if row.request is None else next(ids)) for row, _ in staged])

    def _stage_known(
        self, staged: Sequence[StagedRow], existing: Mapping[tuple[str, str], _Existing], kind: str
    ) -> list[LoadedRow]:
        """The same for a chunk in which something is known, or repeats."""
        taken: dict[int, int] = {}  # request -> row, within this chunk
        result, rows, proposals = [], [], []
        for item in staged:
            row, request_id = item.row, None
            if row.request is not None:
                known = existing[row.request.customer_id, row.request.reference]
                request_id = known.request_id
                problem = self._problem(row, known, taken, kind)
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
                rows.append((row, request_id))
        self._insert_rows(rows)
        for item, known in proposals:
            self._propose(item, known)
        return result

    def _existing(self, planned: Iterable[StagedRow]) -> dict[tuple[str, str], _Existing]:
        """What is known of all identities of a chunk, those that it brought included."""
        chunk = orjson.dumps([_request_values(item)[:2] for item in planned]).decode()
        found = self._db.execute(_SELECT_EXISTING, {"chunk": chunk, "site": self._site_id, "batch": self._batch_id})
        return {
            (customer_id, reference): _Existing(request_id, Money(minor, decimal, currency), *rest)
            for customer_id, reference, request_id, minor, decimal, currency, *rest in found
        }

    def _problem(self, row: LoadedRow, known: _Existing, taken: dict[int, int], kind: str) -> Problem | None:
        assert row.request is not None
        first = known.row_in_batch or taken.get(known.request_id)
        if first is not None and first != row.row_number:
            return Problem(
                "reference",
                "duplicate",
                f"Customer {row.request.customer_id!r} already has reference {row.request.reference!r} in row {first}; "
                "give this row another reference, or number such rows with --number-duplicates.",
            )
        if known.kind != kind:
            other, this = (_KIND_WORDS[CallKind(each)] for each in (known.kind, kind))
            return Problem(
                "reference",
                "conflict",
                f"Reference {row.request.reference!r} of customer {row.request.customer_id!r} is that of {other} (row "
                f"{known.row_number} of {known.file_name}), so it cannot be that of {this}. Nothing is sent for it.",
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

    def _insert_rows(self, rows: Iterable[tuple[LoadedRow, int | None]]) -> None:
        values: list[tuple[object, ...]] = [
            (self._batch_id, row.row_number, orjson.dumps(row.cells).decode(), request_id, _rejected_json(row))
            for row, request_id in rows
        ]
        for part in _parts(values):
            self._insert(_INSERT_ROWS, part)

    def _propose(self, item: StagedRow, known: _Existing) -> None:
        """Plan a failed identity anew, under the next generation; it takes effect at `admit`."""
        row, request = item.row, item.row.request
        assert request is not None and item.body is not None
        request_id = self._db.execute(
            "INSERT INTO credit_request (site_id, kind, customer_id, reference, amount_minor, amount_in_decimal,"
            " currency_code, credit_type, body, generation, batch_id, row_number, current)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0) RETURNING request_id",
            (
                self._site_id,
                known.kind,
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
        self._insert_rows([(row, request_id)])

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


def _parts(values: list[tuple[object, ...]]) -> Iterator[list[tuple[object, ...]]]:
    return (values[at : at + ROWS_A_STATEMENT] for at in range(0, len(values), ROWS_A_STATEMENT))


def _request_values(item: StagedRow) -> tuple[object, ...]:
    """A request as it is inserted, its identity first."""
    request, body = item.row.request, item.body
    assert request is not None
    assert body is not None
    return (
        request.customer_id,
        request.reference,
        request.amount,
        request.amount_in_decimal,
        request.currency_code,
        request.credit_type,
        body.decode("ascii"),
        item.row.row_number,
    )


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


_KIND_WORDS = {CallKind.ADD: "a credit", CallKind.DEDUCT: "the reversal of a credit"}

_INSERT_REQUESTS = """
INSERT INTO credit_request (request_id, site_id, batch_id, kind, customer_id, reference, amount_minor,
                            amount_in_decimal, currency_code, credit_type, body, row_number)
"""
_ON_CONFLICT = "ON CONFLICT (site_id, customer_id, reference) WHERE current = 1 DO NOTHING"
_INSERT_ROWS = "INSERT INTO row (batch_id, row_number, cells, request_id, rejected)"

# CROSS JOIN keeps the order: SQLite does not know how short the JSON is, and would walk the whole site for each row.
_SELECT_EXISTING = """
SELECT r.customer_id, r.reference, r.request_id, r.amount_minor, r.amount_in_decimal, r.currency_code,
       r.credit_type, r.state, r.generation, b.file_name, r.row_number,
       coalesce(
         (SELECT min(w.row_number) FROM row w WHERE w.request_id = r.request_id AND w.batch_id = :batch),
         (SELECT p.row_number FROM credit_request p WHERE p.batch_id = :batch AND p.customer_id = r.customer_id
           AND p.reference = r.reference AND p.current = 0)), r.kind
FROM json_each(:chunk) c
CROSS JOIN credit_request r ON r.site_id = :site AND r.customer_id = c.value ->> 0 AND r.reference = c.value ->> 1
 AND r.current = 1
JOIN batch b ON b.batch_id = r.batch_id
"""
