"""What the reports, the status and the looks ask the ledger. Nothing here writes."""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson

from batch_credits.errors import UnknownBatch
from batch_credits.ledger.admission import decoded_totals
from batch_credits.ledger.reversals import (
    NO_REVERSAL,
    REVERSAL,
    read_reversal,
    reversal_parameters,
    undone_batches,
)
from batch_credits.model import (
    REVERSED,
    BatchRecord,
    CallKind,
    LoadedRow,
    Money,
    Outcome,
    Problem,
    ReportRow,
    RequestState,
    RunRecord,
)

# A request is this batch's own credit if the batch answered for it when it was settled.
OUTCOME = """CASE
    WHEN w.request_id IS NULL THEN 'rejected'
    WHEN r.state = 'credited' AND r.batch_id <> w.batch_id THEN 'already_credited'
    WHEN r.state = 'credited' AND r.attempts = 0 THEN 'already_credited'
    WHEN r.state = 'in_flight' THEN 'in_doubt'
    ELSE r.state END"""

_OUTCOMES = {outcome.value: outcome for outcome in Outcome}  # a third of the time of an enum's call

# A sum of amounts as two halves: a thousand of the largest amounts are more than SQLite's integers hold.
MINOR_SUM = "coalesce(sum(r.amount_minor >> 27), 0), coalesce(sum(r.amount_minor & 134217727), 0)"

_BATCH = """SELECT b.batch_id, b.key, s.name, b.file_name, b.file_sha256, b.headers, b.columns, b.options, b.created_at,
    b.rows_read, b.totals, b.kind, b.reverses FROM batch b JOIN site s USING (site_id)"""


@dataclass(frozen=True, slots=True)
class ProblemGroup:
    """Rows rejected for the same reason: field, code, how many, and the first of them with its sentence."""

    field: str
    code: str
    rows: int
    first_row: int
    message: str


def iso_time(milliseconds: int | None) -> str | None:
    """UTC, ISO 8601, to the millisecond."""
    if milliseconds is None:
        return None
    seconds, rest = divmod(milliseconds, 1000)
    return f"{_iso_second(seconds)}.{rest:03d}Z"


@lru_cache(maxsize=1_000)
def _iso_second(seconds: int) -> str:
    """Many rows are settled within one second."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").removesuffix("+00:00")


def batches(connection: sqlite3.Connection, prefix: str = "") -> list[BatchRecord]:
    """The admitted batches whose key begins with `prefix`, oldest first."""
    found = connection.execute(
        f"{_BATCH} WHERE b.admitted = 1 AND substr(b.key, 1, length(?1)) = ?1 ORDER BY b.batch_id", (prefix,)
    )
    return [_batch_record(row) for row in found]


def staged_batch(connection: sqlite3.Connection, batch_id: int) -> BatchRecord:
    """A batch that is here, admitted or not."""
    return _batch_record(connection.execute(f"{_BATCH} WHERE b.batch_id = ?", (batch_id,)).fetchone())


def one_batch(connection: sqlite3.Connection, prefix: str) -> BatchRecord:
    """The one admitted batch whose key begins with `prefix`.

    Raises:
        UnknownBatch: there is none, or more than one.
    """
    found = batches(connection, prefix.strip().lower())
    if len(found) == 1:
        return found[0]
    if not found:
        raise UnknownBatch(f"The ledger holds no batch {prefix!r}.", hint="`batch-credits status` lists them.")
    keys = ", ".join(batch.key[:12] for batch in found[:5])
    raise UnknownBatch(f"{len(found)} batches begin with {prefix!r}: {keys}.", hint="Give more of the id.")


def _batch_record(row: tuple[Any, ...]) -> BatchRecord:
    batch_id, key, site, file_name, sha256, headers, columns, options, created_at, rows_read, totals, *rest = row
    kind, reverses = rest
    return BatchRecord(
        batch_id=batch_id,
        key=key,
        site=site,
        file_name=file_name,
        file_sha256=sha256,
        headers=tuple(orjson.loads(headers)),
        columns=orjson.loads(columns),
        options_json=options,
        created_at=iso_time(created_at) or "",
        rows_read=rows_read,
        totals=decoded_totals(totals),
        kind=CallKind(kind),
        reverses=reverses,
    )


def last_run(connection: sqlite3.Connection, batch_id: int) -> RunRecord | None:
    """The newest run over the batch, or None."""
    row = connection.execute(
        "SELECT run_id, started_at, ended_at, version, user, requests, throttled, retries, stopped, settings,"
        " needs_person FROM run"
        " WHERE batch_id = ? ORDER BY run_id DESC LIMIT 1",
        (batch_id,),
    ).fetchone()
    if row is None:
        return None
    run_id, started_at, ended_at, *rest = row
    return RunRecord(run_id, iso_time(started_at) or "", iso_time(ended_at), *rest)


def report_rows(
    connection: sqlite3.Connection, batch_id: int, request_ids: Sequence[int] | None = None
) -> Iterator[ReportRow]:
    """What became of every source row, or of those of these requests, in the order of the file; streamed."""
    only = "" if request_ids is None else "AND w.request_id IN (SELECT value FROM json_each(:requests))"
    undone = undone_batches(connection, batch_id)
    parameters = reversal_parameters(connection, undone) if undone else {}
    cursor = connection.execute(
        f"SELECT w.row_number, w.cells, {OUTCOME}, w.rejected, {REVERSAL if undone else NO_REVERSAL}, r.reference,"
        " r.amount_minor, r.amount_in_decimal, r.currency_code, r.credit_type, r.credit_id, r.error_code,"
        " r.error_param, r.error, r.http_status, r.attempts, r.closing_balance, r.finished_at"
        " FROM row w LEFT JOIN credit_request r ON r.request_id = w.request_id"
        f" WHERE w.batch_id = :batch {only} ORDER BY w.row_number",
        {**parameters, "batch": batch_id, "requests": orjson.dumps(list(request_ids or ())).decode()},
    )
    for row_number, cells, outcome, rejected, reversal, *rest in cursor:
        if rejected is not None:
            yield _rejected_row(row_number, cells, rejected)
            continue
        reference, minor, decimal, currency, kind, credit_id, code, param, error, status, tried, balance, at = rest
        row = ReportRow(
            row_number=row_number,
            cells=tuple(orjson.loads(cells)),
            outcome=_OUTCOMES[outcome],
            reference=reference,
            money=Money(minor, decimal, currency),
            credit_type=kind,
            credit_id=credit_id,
            error_code=code,
            error_param=param,
            error=error,
            http_status=status,
            attempts=tried,
            closing_balance=balance,
            finished_at=iso_time(at),
        )
        yield row if reversal is None else _reversed_row(row, *read_reversal(reversal))


def _reversed_row(row: ReportRow, key: str, credit_id: str) -> ReportRow:
    """What the row became in its own batch, and that it was undone since."""
    sentence = f"reversed by {key[:8]} (deducted as {credit_id})"
    return row._replace(error_code=REVERSED, error=sentence, reversed_by=key)


def _rejected_row(row_number: int, cells: str, rejected: str) -> ReportRow:
    why = orjson.loads(rejected)
    problems = why["problems"]
    return ReportRow(
        row_number=row_number,
        cells=tuple(orjson.loads(cells)),
        outcome=Outcome.REJECTED,
        reference=why["reference"],
        money=Money(*why["money"]) if why["money"] else None,
        error_code=problems[0][1],
        error_param=problems[0][0],
        error=" ".join(message for _field, _code, message in problems),
        restated=tuple((field, text) for field, text in why["restated"]) if "restated" in why else None,
    )


def unsettled(connection: sqlite3.Connection, batch_id: int) -> dict[RequestState, int]:
    """How many requests that the batch answers for are in each state; the credited ones are not counted."""
    found = connection.execute(
        "SELECT state, count(*) FROM credit_request INDEXED BY credit_request_unsettled"
        " WHERE batch_id = ? AND state NOT IN ('credited') GROUP BY state",
        (batch_id,),
    )
    counts = dict.fromkeys(RequestState, 0)
    return counts | {RequestState(state): count for state, count in found}


def summed(high: int, low: int) -> int:
    """The sum that `MINOR_SUM` gave as two halves."""
    return (high << 27) + low


def problem_groups(connection: sqlite3.Connection, batch_id: int) -> list[ProblemGroup]:
    """Rejected rows by field and code, most frequent first. `min` picks the row that the message is taken from."""
    found = connection.execute(
        "SELECT p.value ->> 0, p.value ->> 1, count(*), min(w.row_number), p.value ->> 2"
        " FROM row w, json_each(w.rejected, '$.problems') p WHERE w.batch_id = ? AND w.rejected IS NOT NULL"
        " GROUP BY 1, 2 ORDER BY 3 DESC, 4",
        (batch_id,),
    )
    return [ProblemGroup(*row) for row in found]


def problems(connection: sqlite3.Connection, batch_id: int) -> Iterator[LoadedRow]:
    """Rejected rows with all their reasons, in the order of the file."""
    found = connection.execute(
        "SELECT row_number, cells, rejected FROM row WHERE batch_id = ? AND rejected IS NOT NULL ORDER BY row_number",
        (batch_id,),
    )
    for row_number, cells, rejected in found:
        why = orjson.loads(rejected)
        reasons = tuple(Problem(*reason) for reason in why["problems"])
        yield LoadedRow(row_number, tuple(orjson.loads(cells)), None, reasons, reference=why["reference"])


def rejected_rows(connection: sqlite3.Connection, batch_id: int) -> Iterator[ReportRow]:
    """Rejected rows as the reports show them, in the order of the file; streamed."""
    found = connection.execute(
        "SELECT row_number, cells, rejected FROM row WHERE batch_id = ? AND rejected IS NOT NULL ORDER BY row_number",
        (batch_id,),
    )
    for row in found:
        yield _rejected_row(*row)
