"""What comes into the ledger from outside a run: a person's word on a row in review, and Chargebee's own list."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from batch_credits.errors import UsageError
from batch_credits.ledger.journal import now_ms
from batch_credits.model import CallKind, Money, Outcome, RequestState

SAYS = " says: "  # stands between the user and the word in the reason of such a finding


@dataclass(frozen=True, slots=True)
class ForeignCredit:
    """A credit that Chargebee lists, as the ledger takes it over: its identity, its money and its id."""

    credit_id: str
    customer_id: str
    reference: str
    money: Money
    credit_type: str


def resolve(
    connection: sqlite3.Connection, batch_id: int, row_number: int, credit_id: str | None, user: str
) -> RequestState:
    """Settle a row in review on a person's word: credited under this id, or (None) not credited and owed again.

    Returns the state that follows.

    Raises:
        UsageError: there is no such row, it is not in review, or the id belongs to another row.
    """
    found = connection.execute(
        "SELECT r.request_id, r.site_id, r.state, r.kind FROM row w LEFT JOIN credit_request r USING (request_id)"
        " WHERE w.batch_id = ? AND w.row_number = ?",
        (batch_id, row_number),
    ).fetchone()
    if found is None:
        raise UsageError(f"The batch has no row {row_number}.", hint="Rows are numbered as a spreadsheet shows them.")
    request_id, site_id, state, kind = found
    if state != RequestState.REVIEW:
        words = "rejected" if state is None else state.replace("_", " ")
        raise UsageError(f"Row {row_number} is {words}, not in review: there is nothing to resolve.")
    done = CallKind(kind).name_of(Outcome.CREDITED)
    if credit_id is None:
        return _owe_again(connection, request_id, user, f"not {done}")
    _refuse_attributed(connection, site_id, credit_id)
    connection.execute(
        "UPDATE credit_request SET state = 'credited', credit_id = ?, open_attempts = 0, error = NULL, finished_at = ?"
        " WHERE request_id = ?",
        (credit_id, now_ms(), request_id),
    )
    _note(connection, request_id, RequestState.CREDITED, f"{user}{SAYS}{done} as {credit_id}")
    return RequestState.CREDITED


def _owe_again(connection: sqlite3.Connection, request_id: int, user: str, word: str) -> RequestState:
    """A spoiled key would only repeat its useless answer; any other still guards against a late request of ours."""
    connection.execute(
        "UPDATE credit_request SET state = 'pending', open_attempts = 0, generation = generation + key_spoiled,"
        " key_spoiled = 0, error = NULL, finished_at = NULL WHERE request_id = ?",
        (request_id,),
    )
    _note(connection, request_id, RequestState.PENDING, f"{user}{SAYS}{word}")
    return RequestState.PENDING


def _refuse_attributed(connection: sqlite3.Connection, site_id: int, credit_id: str) -> None:
    other = connection.execute(
        "SELECT b.key, r.row_number FROM credit_request r JOIN batch b USING (batch_id)"
        " WHERE r.site_id = ? AND r.credit_id = ?",
        (site_id, credit_id),
    ).fetchone()
    if other is not None:
        raise UsageError(
            f"Credit {credit_id} already belongs to row {other[1]} of batch {other[0][:8]}.",
            hint="One credit settles one row: look again at Chargebee.",
        )


def _note(connection: sqlite3.Connection, request_id: int, state: RequestState, reason: str) -> None:
    connection.execute(
        "INSERT INTO finding (request_id, run_id, state, reason, at) VALUES (?, NULL, ?, ?, ?)",
        (request_id, state.value, reason, now_ms()),
    )


def take_over(
    connection: sqlite3.Connection, site_id: int, batch_id: int, first_row: int, credits: Sequence[ForeignCredit]
) -> int:
    """Add credits that Chargebee lists and the ledger does not know, as rows of `batch_id`. Returns how many.

    They are of the batch's kind.

    An identity that the ledger knows is left alone, whatever its state: a run or a look settles it.
    """
    chunk = orjson.dumps(
        [
            [
                c.customer_id,
                c.reference,
                c.money.amount_minor if c.money.amount_in_decimal is None else None,
                c.money.amount_in_decimal,
                c.money.currency_code,
                c.credit_type,
                c.credit_id,
                first_row + index,
            ]
            for index, c in enumerate(credits)
        ]
    ).decode()
    added = connection.execute(
        _TAKE_OVER, {"chunk": chunk, "site": site_id, "batch": batch_id, "now": now_ms()}
    ).fetchall()
    connection.executemany(
        "INSERT INTO identity SELECT site_id, customer_id, reference, request_id FROM credit_request"
        " WHERE request_id = ?",
        added,
    )
    connection.executemany(
        "INSERT INTO row (batch_id, row_number, cells, request_id)"
        " SELECT batch_id, row_number, json_array(customer_id, coalesce(CAST(amount_minor AS TEXT), ''),"
        " coalesce(amount_in_decimal, ''), coalesce(currency_code, ''), credit_type, reference), request_id"
        " FROM credit_request WHERE request_id = ?",
        added,
    )
    return len(added)


_TAKE_OVER = """
INSERT INTO credit_request (site_id, kind, customer_id, reference, amount_minor, amount_in_decimal, currency_code,
                            credit_type, body, batch_id, row_number, state, credit_id, finished_at)
SELECT :site, kind, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, '', batch_id,
       value ->> 7, 'credited', value ->> 6, :now
FROM json_each(:chunk) c CROSS JOIN batch WHERE batch_id = :batch AND NOT EXISTS (
    SELECT 1 FROM identity WHERE site_id = :site AND customer_id = value ->> 0 AND reference = value ->> 1)
GROUP BY value ->> 0, value ->> 1 HAVING min(c.key) IS NOT NULL ORDER BY c.key
RETURNING request_id
"""
TAKEN_OVER_HEADERS = ("customer_id", "amount", "amount_in_decimal", "currency_code", "credit_type", "reference")
