"""Whose credit a row is: every identity stands for one request, and a batch's identities are settled all at once.

A row is staged with a request of its own. When all are there, each takes its identity, in sorted order, so that no
set of all rows is ever held in memory. Where another request has the identity, the row is the same credit again, a
failed one to be tried anew, or rejected.
"""

import sqlite3
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple

import orjson

from batch_credits.model import CallKind, Money, Outcome, Problem, RequestState

_PAGE = 1_000


class Meeting(NamedTuple):
    """A staged request (the first seven) that found its identity taken, and what it found."""

    request_id: int
    row_number: int
    customer_id: str
    reference: str
    kind: str
    credit_type: str
    money: Money
    known_id: int
    known_kind: str
    known_type: str
    known_money: Money
    known_reference: str  # the same, perhaps in other capitals
    state: str
    generation: int
    file_name: str
    known_row: int
    row_in_batch: int | None  # which row of the staged batch has the identity already

    @property
    def is_same_money(self) -> bool:
        """Whether both ask for the same credit."""
        return self.known_money.same_as(self.money) and self.known_type == self.credit_type


def settle(connection: sqlite3.Connection, batch_id: int) -> int:
    """Give the staged requests their identities; returns how many found theirs taken.

    Of several rows with one identity the first has it. A rejected row keeps nothing but its reasons.
    """
    first, last = (connection.execute(_END.format(way), {"batch": batch_id}).fetchone() for way in ("ASC", "DESC"))
    if first is None or connection.execute(_TAKE, {"batch": batch_id}).rowcount == last[0] - first[0] + 1:
        return 0
    met = 0
    meetings = map(_meeting, connection.execute(_MEETINGS, {"batch": batch_id}))
    judged = _judged(meetings)
    while page := list(islice(judged, _PAGE)):
        _store(connection, batch_id, page)
        met += len(page)
    return met


def rejected_json(
    problems: tuple[Problem, ...],
    reference: str | None,
    money: Money | None,
    restated: tuple[tuple[str, str], ...] | None = None,
) -> str:
    """What the ledger keeps of a rejected row beside its cells; `restated` of one that the loader rejected."""
    reasons = [[p.field, p.code, p.message] for p in problems]
    kept = {"problems": reasons, "reference": reference, "money": money and [*money]}
    return orjson.dumps(kept if restated is None else kept | {"restated": restated}).decode()


def _meeting(row: tuple[Any, ...]) -> Meeting:
    values: list[Any] = [*row[:6], Money(*row[6:9]), *row[9:12], Money(*row[12:15]), *row[15:]]
    return Meeting(*values)


def _judged(meetings: Iterator[Meeting]) -> Iterator[tuple[Meeting, Problem | None]]:
    """Each with what is wrong with it. Those of one identity come one after the other, in the order of the file."""
    known_id, first = None, None
    for meeting in meetings:
        if meeting.known_id != known_id:
            known_id, first = meeting.known_id, meeting.row_in_batch
        problem = _problem(meeting, first)
        if problem is None:
            first = meeting.row_number
        yield meeting, problem


def resembling(customer_id: str, reference: str, other_customer: str, other: str, known_in: str) -> Problem:
    """What is wrong with a row whose texts are another's in another spelling. `known_in`: "row 2 of payout.csv"."""
    whose = "" if other_customer == customer_id else f" of customer {other_customer!r}"
    return Problem(
        "reference",
        "reference_resembles",
        f"Reference {reference!r} of customer {customer_id!r} is {other!r}{whose} ({known_in}) in another spelling, "
        "and both would be paid. If it is the same credit, write it as there; if it is another one, give it a "
        "reference that differs in more than capitals, blanks and the like.",
    )


def _problem(met: Meeting, first: int | None) -> Problem | None:
    if met.reference != met.known_reference:
        known_in = f"row {met.known_row} of {met.file_name}"
        return resembling(met.customer_id, met.reference, met.customer_id, met.known_reference, known_in)
    if first is not None:
        return Problem(
            "reference",
            "duplicate",
            f"Customer {met.customer_id!r} already has reference {met.reference!r} in row {first}; "
            "give this row another reference, or number such rows with --number-duplicates.",
        )
    if met.known_kind != met.kind:
        other, this = (_KIND_WORDS[CallKind(each)] for each in (met.known_kind, met.kind))
        return Problem(
            "reference",
            "conflict",
            f"Reference {met.reference!r} of customer {met.customer_id!r} is that of {other} (row "
            f"{met.known_row} of {met.file_name}), so it cannot be that of {this}. Nothing is sent for it.",
        )
    if met.state != RequestState.FAILED and not met.is_same_money:
        done = CallKind(met.kind).name_of(Outcome.CREDITED)
        what = done if met.state == RequestState.CREDITED else "planned"
        return Problem(
            "amount",
            "conflict",
            f"Reference {met.reference!r} of customer {met.customer_id!r} is already {what} with "
            f"{met.known_money}, {met.known_type} (row {met.known_row} of {met.file_name}); this row says "
            f"{met.money}, {met.credit_type}. If it is another credit, give it another reference.",
        )
    return None


def _store(connection: sqlite3.Connection, batch_id: int, page: list[tuple[Meeting, Problem | None]]) -> None:
    """A failed identity is planned anew under the next generation, which takes effect at `admit`; the rest share."""
    proposed = [met for met, problem in page if problem is None and met.state == RequestState.FAILED]
    needless = {met.request_id for met, _ in page} - {met.request_id for met in proposed}
    connection.executemany(
        "UPDATE credit_request SET current = 0, generation = ? WHERE request_id = ?",
        [(met.generation + 1, met.request_id) for met in proposed],
    )
    connection.executemany(
        "UPDATE row SET request_id = ?, rejected = ? WHERE batch_id = ? AND row_number = ?",
        [
            (met.known_id, None, batch_id, met.row_number)
            if problem is None
            else (None, rejected_json((problem,), met.reference, met.money), batch_id, met.row_number)
            for met, problem in page
            if met.request_id in needless
        ],
    )
    connection.executemany("DELETE FROM credit_request WHERE request_id = ?", [(each,) for each in needless])


_KIND_WORDS = {CallKind.ADD: "a credit", CallKind.DEDUCT: "the reversal of a credit"}

# The requests that a batch brought and has not proposed. Those that were sent are none of a staged batch's.
_STAGED = """FROM credit_request INDEXED BY credit_request_unsettled
WHERE batch_id = :batch AND state = 'pending' AND state NOT IN ('credited') AND current = 1"""

# Their ids follow each other, so the first and the last tell how many they are.
_END = f"SELECT request_id {_STAGED} ORDER BY request_id {{}} LIMIT 1"

# A batch has one site, so this is the order of the identities; SQLite sorts by a text quicker than by a number and it.
_TAKE = f"""
INSERT INTO identity SELECT site_id, customer_id, reference, request_id {_STAGED}
ORDER BY customer_id, reference COLLATE NOCASE, request_id ON CONFLICT DO NOTHING
"""

# Sorted within, so that the identities are looked up in their own order; the LIMIT keeps SQLite from leaving it out.
_MEETINGS = f"""
SELECT r.request_id, r.row_number, r.customer_id, r.reference, r.kind, r.credit_type,
       r.amount_minor, r.amount_in_decimal, r.currency_code, o.request_id, o.kind, o.credit_type,
       o.amount_minor, o.amount_in_decimal, o.currency_code, o.reference, o.state, o.generation, b.file_name,
       o.row_number,
       coalesce(
         (SELECT min(w.row_number) FROM row w WHERE w.request_id = o.request_id AND w.batch_id = :batch),
         (SELECT p.row_number FROM credit_request p WHERE p.batch_id = :batch AND p.customer_id = o.customer_id
           AND p.reference = o.reference AND p.current = 0))
FROM (SELECT request_id, site_id, customer_id, reference {_STAGED}
      ORDER BY customer_id, reference COLLATE NOCASE LIMIT -1) s
CROSS JOIN identity i ON i.site_id = s.site_id AND i.customer_id = s.customer_id AND i.reference = s.reference
 AND i.request_id <> s.request_id
CROSS JOIN credit_request r ON r.request_id = s.request_id
CROSS JOIN credit_request o ON o.request_id = i.request_id
CROSS JOIN batch b ON b.batch_id = o.batch_id
ORDER BY i.request_id, r.row_number
"""
