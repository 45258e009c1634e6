"""The journal: attempts durable before their bytes leave, answers durable before their rows count as settled.

These are synchronous verbs on one connection. `group_commit.Journal` lets many coroutines share a commit.
"""

import sqlite3
import time
from collections.abc import Sequence
from operator import itemgetter
from typing import Any

import orjson

from batch_credits.model import CallKind, Finding, Money, PlannedCredit, RequestState

# The columns of a PlannedCredit, in the order `_planned` takes them.
_PLANNED = (
    "request_id, customer_id, reference, amount_minor, amount_in_decimal, currency_code, credit_type, body, generation,"
    " key_spoiled, open_attempts, attempts, state, kind, call, credit_id, look_first"
)

_STATES = {state.value: state for state in RequestState}  # a third of the time of an enum's call
_KINDS = {kind.value: kind for kind in CallKind}

# Which shard a customer belongs to, by its id's end, where ids that count up differ.
_SHARD = "({}) % ?".format(" + ".join(f"coalesce(unicode(substr(customer_id, -{n}, 1)), 0)" for n in (1, 2, 3)))

# Batch by batch, so that the index finds the few among millions.
_IN_FLIGHT = "batch_id IN (SELECT batch_id FROM batch) AND state = 'in_flight' AND state NOT IN ('credited')"

# Asked of the unsettled requests, which are few: to walk over the rows of the batch would take as long as it is.
_HAS_ROW = "EXISTS (SELECT 1 FROM row w WHERE w.request_id = credit_request.request_id AND w.batch_id = :batch)"


def now_ms() -> int:
    """Wall-clock milliseconds, for people to read; no decision is made by it."""
    return time.time_ns() // 1_000_000


def adopt(connection: sqlite3.Connection, batch_id: int) -> None:
    """Make this batch answer for every unsettled request of its rows, whichever batch planned it.

    What a dead process left in flight is in doubt from here on, in every batch.
    """
    connection.execute(
        "INSERT INTO finding (request_id, run_id, state, reason, at)"
        " SELECT request_id, NULL, 'in_doubt', 'the process that sent it ended without recording an answer', ?"
        f" FROM credit_request WHERE {_IN_FLIGHT}",
        (now_ms(),),
    )
    connection.execute(f"UPDATE credit_request SET state = 'in_doubt' WHERE {_IN_FLIGHT}")
    connection.execute(
        "UPDATE credit_request SET batch_id = :batch"
        " WHERE batch_id IN (SELECT batch_id FROM batch WHERE batch_id <> :batch) AND state NOT IN ('credited')"
        f" AND state IN ('pending', 'in_doubt', 'review') AND current = 1 AND {_HAS_ROW}",
        {"batch": batch_id},
    )


def reopen_failed(connection: sqlite3.Connection, batch_id: int) -> int:
    """Make the batch's failed rows owed again, under the next generation. Returns how many."""
    cursor = connection.execute(
        "UPDATE credit_request SET state = 'pending', generation = generation + 1, batch_id = :batch, key_spoiled = 0,"
        " call = NULL, error_code = NULL, error_param = NULL, error = NULL, http_status = NULL, finished_at = NULL"
        " WHERE batch_id IN (SELECT batch_id FROM batch) AND state NOT IN ('credited')"
        f" AND state = 'failed' AND current = 1 AND {_HAS_ROW}",
        {"batch": batch_id},
    )
    return cursor.rowcount


def planned_page(
    connection: sqlite3.Connection,
    batch_id: int,
    state: RequestState,
    after: int,
    limit: int,
    shard: tuple[int, int] = (0, 1),
) -> list[PlannedCredit]:
    """The batch's requests in this state, by ascending id, after the given one; of one shard's customers.

    They come as one text: row by row, each would wait for Python's lock, which the requests under way hold.
    """
    [page] = connection.execute(
        f"SELECT json_group_array(json_array({_PLANNED})) FROM ("
        f"SELECT {_PLANNED} FROM credit_request INDEXED BY credit_request_unsettled"
        " WHERE batch_id = ? AND state = ? AND request_id > ? AND current = 1 AND state NOT IN ('credited')"
        f" AND {_SHARD} = ? ORDER BY request_id LIMIT ?)",
        (batch_id, state.value, after, shard[1], shard[0], limit),
    ).fetchone()
    return [_planned(row) for row in sorted(orjson.loads(page), key=itemgetter(0))]


def first_owed(connection: sqlite3.Connection, batch_id: int, most: int) -> list[PlannedCredit]:
    """The first requests that are pending, in the order of the file, which ids need not follow.

    CROSS JOIN keeps SQLite walking the rows in that order, so that it may end at the last one wanted.
    """
    columns = ", ".join(f"r.{name.strip()}" for name in _PLANNED.split(","))
    rows = connection.execute(
        f"SELECT {columns} FROM row w CROSS JOIN credit_request r ON r.request_id = w.request_id"
        " WHERE w.batch_id = ? AND r.batch_id = w.batch_id AND r.state = 'pending' AND r.current = 1"
        " ORDER BY w.row_number LIMIT ?",
        (batch_id, most),
    )
    return [_planned(row) for row in rows]


def planned(connection: sqlite3.Connection, request_id: int) -> PlannedCredit:
    """One request."""
    row = connection.execute(
        f"SELECT {_PLANNED} FROM credit_request WHERE request_id = ?",
        (request_id,),
    ).fetchone()
    return _planned(row)


def _planned(row: Sequence[Any]) -> PlannedCredit:
    request_id, customer, reference, minor, decimal, currency, credit_type, body, generation, *progress = row
    spoiled, open_attempts, attempts, state, kind, call, credit_id, look_first = progress
    return PlannedCredit(
        request_id=request_id,
        customer_id=customer,
        reference=reference,
        money=Money(minor, decimal, currency),
        credit_type=credit_type,
        body=body.encode("ascii"),
        generation=generation,
        key_spoiled=bool(spoiled),
        open_attempts=open_attempts,
        attempts=attempts,
        state=_STATES[state],
        kind=_KINDS[kind],
        call=call,
        credit_id=credit_id,
        look_first=bool(look_first),
    )


def open_attempts(connection: sqlite3.Connection, run_id: int, credits: Sequence[PlannedCredit], call: str) -> None:
    """Write one more attempt for each request; they may be sent once the transaction is committed.

    The first attempt of a generation freezes `call`: later ones repeat what was frozen.

    Raises:
        sqlite3.IntegrityError: a request is not in a state that may be sent (the ledger was changed meanwhile).
    """
    chunk = orjson.dumps([[c.request_id, c.generation, c.open_attempts + 1, c.attempts + 1] for c in credits]).decode()
    cursor = connection.execute(_OPEN_REQUESTS, {"chunk": chunk, "call": call})
    if cursor.rowcount != len(credits):
        raise sqlite3.IntegrityError(f"{len(credits) - cursor.rowcount} requests may not be sent any more")
    connection.execute(_OPEN_ATTEMPTS, (run_id, now_ms(), chunk))


def record(connection: sqlite3.Connection, run_id: int | None, findings: Sequence[Finding]) -> None:
    """Write what was learned, and the state that follows, for each request."""
    at = now_ms()
    chunk = orjson.dumps([[*finding] for finding in findings]).decode()
    newest = {finding.request_id: finding for finding in findings}
    if len(newest) == len(findings):
        newest_chunk = chunk
    else:  # UPDATE FROM takes any one of several rows about the same request
        newest_chunk = orjson.dumps([[*finding] for finding in newest.values()]).decode()
    connection.execute(_RECORD_REQUESTS, {"chunk": newest_chunk, "at": at})
    connection.execute(_RECORD_FINDINGS, (run_id, at, chunk))


_OPEN_REQUESTS = """
UPDATE credit_request
SET state = 'in_flight', open_attempts = c.value ->> 2, attempts = c.value ->> 3, call = coalesce(call, :call),
    look_first = 0
FROM json_each(:chunk) c
WHERE request_id = c.value ->> 0 AND generation = c.value ->> 1 AND state IN ('pending', 'in_doubt') AND current = 1
"""

_OPEN_ATTEMPTS = """
INSERT INTO attempt (request_id, run_id, generation, at)
SELECT value ->> 0, ?1, value ->> 1, ?2 FROM json_each(?3)
"""

# The places of a finding's fields are those in `Finding`.
_RECORD_REQUESTS = """
UPDATE credit_request
SET state = c.value ->> 1, generation = c.value ->> 2, call = CASE generation WHEN c.value ->> 2 THEN call END,
    key_spoiled = c.value ->> 3, open_attempts = c.value ->> 4, http_status = c.value ->> 6, error_code = c.value ->> 7,
    error_param = c.value ->> 8, credit_id = c.value ->> 9, closing_balance = c.value ->> 10,
    error = CASE c.value ->> 1 WHEN 'credited' THEN NULL ELSE c.value ->> 5 END,
    finished_at = CASE WHEN c.value ->> 1 IN ('credited', 'failed', 'review') THEN :at END
FROM json_each(:chunk) c
WHERE request_id = c.value ->> 0
"""

_RECORD_FINDINGS = """
INSERT INTO finding (run_id, at, request_id, state, reason, http_status)
SELECT ?1, ?2, value ->> 0, value ->> 1, value ->> 5, value ->> 6 FROM json_each(?3)
"""
