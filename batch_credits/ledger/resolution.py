"""What comes into the ledger from outside a run: a person's word on a row in review, and Chargebee's own list."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import orjson

from batch_credits.errors import UsageError
from batch_credits.ledger import spellings
from batch_credits.ledger.journal import now_ms, planned, record
from batch_credits.model import CallKind, Finding, Learned, Money, Outcome, PlannedCredit, RequestState

SAYS = " says: "  # stands between the user and the word in the reason of such a finding


@dataclass(frozen=True, slots=True)
class ForeignCredit:
    """A credit that Chargebee lists, as the ledger takes it over: its identity, its money and its id."""

    credit_id: str
    customer_id: str
    reference: str
    money: Money
    credit_type: str


@dataclass(frozen=True, slots=True)
class RowInReview:
    """A row that waits for a person's word, and the sentence that says why."""

    row_number: int
    credit: PlannedCredit
    reason: str


class Holder(NamedTuple):
    """A request that has one of Chargebee's ids: whose it is, and where it stands in the ledger."""

    batch_key: str
    row_number: int
    customer_id: str
    reference: str
    is_credited: bool


def in_review(connection: sqlite3.Connection, batch_id: int, row_number: int) -> RowInReview:
    """A row of the batch that is in review.

    Raises:
        UsageError: there is no such row, or it is not in review.
    """
    found = connection.execute(
        "SELECT r.request_id, r.state, r.error FROM row w LEFT JOIN credit_request r USING (request_id)"
        " WHERE w.batch_id = ? AND w.row_number = ?",
        (batch_id, row_number),
    ).fetchone()
    if found is None:
        raise UsageError(f"The batch has no row {row_number}.", hint="Rows are numbered as a spreadsheet shows them.")
    request_id, state, reason = found
    if state != RequestState.REVIEW:
        words = "rejected" if state is None else state.replace("_", " ")
        raise UsageError(f"Row {row_number} is {words}, not in review: there is nothing to resolve.")
    return RowInReview(row_number, planned(connection, request_id), reason or "")


def other_holders(connection: sqlite3.Connection, request_id: int, credit_id: str) -> list[Holder]:
    """The other requests of the same site that have this id of Chargebee's."""
    found = connection.execute(
        "SELECT b.key, r.row_number, r.customer_id, r.reference, r.state = 'credited'"
        " FROM credit_request r JOIN batch b USING (batch_id)"
        " WHERE r.site_id = (SELECT site_id FROM credit_request WHERE request_id = ?1) AND r.credit_id = ?2"
        " AND r.request_id <> ?1 ORDER BY r.request_id",
        (request_id, credit_id),
    )
    return [
        Holder(key, row_number, customer_id, reference, bool(is_credited))
        for key, row_number, customer_id, reference, is_credited in found
    ]


def settle_credited(
    connection: sqlite3.Connection, credit: PlannedCredit, closing_balance: str | None, user: str, remark: str
) -> None:
    """Settle a request in review on a person's word: it is credited as `credit.credit_id`. `remark`: what else to
    remember of it."""
    done = CallKind(credit.kind).name_of(Outcome.CREDITED)
    word = f"{user}{SAYS}{done} as {credit.credit_id}{remark}"
    learned = Learned(word, closing_balance=closing_balance)
    finding = Finding.about(credit, RequestState.CREDITED, learned, open_attempts=0)
    record(connection, None, [finding])


def owe_again(connection: sqlite3.Connection, credit: PlannedCredit, user: str, remark: str) -> None:
    """A person says that a request in review is not credited: it is owed, and looked at before it is sent.

    A spoiled key would only repeat its useless answer; any other still guards against a late request of ours.

    Raises:
        UsageError: another row has its reference in another spelling, as only a ledger of an early version has it.
    """
    if connection.execute(_STANDS, (credit.request_id,)).fetchone() is None:
        raise UsageError(
            f"Another row has reference {credit.reference!r} of customer {credit.customer_id!r} in another spelling, so"
            " this one is never sent.",
            hint="If it is another credit, pay it in another file, under another reference.",
        )
    finding = Finding.about(
        credit,
        RequestState.PENDING,
        Learned(f"{user}{SAYS}not {CallKind(credit.kind).name_of(Outcome.CREDITED)}{remark}"),
        open_attempts=0,
        key_spoiled=False,
        next_generation=credit.key_spoiled,
    )
    record(connection, None, [finding])
    connection.execute(
        "UPDATE credit_request SET look_first = 1, error = NULL WHERE request_id = ?", (credit.request_id,)
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
        [(request_id,) for request_id, *_texts in added],
    )
    for each in added:
        spellings.note_known(connection, *each)
    connection.executemany(
        "INSERT INTO row (batch_id, row_number, cells, request_id)"
        " SELECT batch_id, row_number, json_array(customer_id, coalesce(CAST(amount_minor AS TEXT), ''),"
        " coalesce(amount_in_decimal, ''), coalesce(currency_code, ''), credit_type, reference), request_id"
        " FROM credit_request WHERE request_id = ?",
        [(request_id,) for request_id, *_texts in added],
    )
    return len(added)


_STANDS = """
SELECT 1 FROM credit_request r JOIN identity i USING (request_id, site_id, customer_id, reference)
WHERE r.request_id = ?
"""

_TAKE_OVER = """
INSERT INTO credit_request (site_id, kind, customer_id, reference, amount_minor, amount_in_decimal, currency_code,
                            credit_type, body, batch_id, row_number, state, credit_id, finished_at)
SELECT :site, kind, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, '', batch_id,
       value ->> 7, 'credited', value ->> 6, :now
FROM json_each(:chunk) c CROSS JOIN batch WHERE batch_id = :batch AND NOT EXISTS (
    SELECT 1 FROM identity WHERE site_id = :site AND customer_id = value ->> 0 AND reference = value ->> 1)
GROUP BY value ->> 0, value ->> 1 COLLATE NOCASE HAVING min(c.key) IS NOT NULL ORDER BY c.key
RETURNING request_id, customer_id, reference
"""
TAKEN_OVER_HEADERS = ("customer_id", "amount", "amount_in_decimal", "currency_code", "credit_type", "reference")
