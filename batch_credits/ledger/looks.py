"""What the looks ask the ledger: whose is what Chargebee lists, what can witness, and for which business entity a row
was sent. Nothing here writes.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import orjson

from batch_credits.model import CallKind

ENTITY = """'$."chargebee-business-entity-id"'"""
_OF_ENTITY = f"(r.call ->> {ENTITY}) IS (:call ->> {ENTITY})"
_CLOCK_MARGIN_MS = 60_000  # that the clocks of a site's servers may differ


@dataclass(frozen=True, slots=True)
class KnownCredit:
    """A credit that Chargebee proved to us: a witness for others."""

    credit_id: str
    customer_id: str


class Attribution(NamedTuple):
    """A request that has one of Chargebee's ids, and whose it is. Not credited: an answer named it, without proof."""

    credit_id: str
    request_id: int
    customer_id: str
    reference: str
    is_credited: bool


class OtherRequest(NamedTuple):
    """A request that stands for an identity, and whether its credit is proven: then it has that id."""

    request_id: int
    customer_id: str
    reference: str
    is_credited: bool
    credit_id: str | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """A place in the history: what has higher numbers came later. No clock can move it."""

    attempt_id: int
    finding_id: int


def open_entities(connection: sqlite3.Connection, batch_id: int, *, is_new: bool) -> list[str | None]:
    """The business entities for which rows of the batch were sent that are not settled, each once; whichever batch
    answers for them now. They are sent for it again, and looked for among its credits.

    Of what a new batch brought nothing was sent, and it may be a million rows.
    """
    found = connection.execute(
        f"SELECT DISTINCT call ->> {ENTITY} FROM credit_request INDEXED BY credit_request_unsettled"
        " WHERE batch_id IN (SELECT batch_id FROM batch WHERE batch_id <> :batch OR NOT :is_new)"
        " AND state IN ('in_flight', 'in_doubt', 'review', 'pending') AND state NOT IN ('credited')"
        " AND call IS NOT NULL AND EXISTS"
        " (SELECT 1 FROM row w WHERE w.request_id = credit_request.request_id AND w.batch_id = :batch) ORDER BY 1",
        {"batch": batch_id, "is_new": is_new},
    )
    return [row[0] for row in found]


def listed_entities(connection: sqlite3.Connection, batch_id: int) -> list[str | None]:
    """The business entities for which the batch's rows were sent, each once; None: for no certain one."""
    found = connection.execute(
        f"SELECT DISTINCT r.call ->> {ENTITY} FROM row w JOIN credit_request r USING (request_id)"
        " WHERE w.batch_id = ? AND r.call IS NOT NULL ORDER BY 1",
        (batch_id,),
    )
    return [row[0] for row in found]


def moment(connection: sqlite3.Connection) -> Moment:
    """Now, in the history."""
    row = connection.execute(
        "SELECT (SELECT coalesce(max(attempt_id), 0) FROM attempt), (SELECT coalesce(max(finding_id), 0) FROM finding)"
    ).fetchone()
    return Moment(*row)


def witnesses(
    connection: sqlite3.Connection, site_id: int, kind: CallKind, since: Moment, limit: int, call: str
) -> list[KnownCredit]:
    """Credits (or deductions) that Chargebee proved to us, whose showing in its list says most about another's absence.

    They are of the same kind and of the business entity of `call`, since a list of decrements never shows an increment,
    and that of one entity perhaps none of another, however complete it is.

    A credit sent and answered after a moment is younger than anything sent before it, so the oldest of those says
    all; being the oldest it also shows first. Where there is none yet, the one whose own answer came last; a
    credit that was found by a look, or that a replay told of, may be much older than its proof.
    """
    if kind is CallKind.DEDUCT and connection.execute(_HAS_NO_DEDUCTION, (site_id,)).fetchone()[0]:
        return []  # said by an index, where the others would walk back through the whole history
    where = {
        "finding": since.finding_id, "attempt": since.attempt_id, "site": site_id, "kind": kind, "limit": limit,
        "call": call,
    }  # fmt: skip
    found = connection.execute(_SENT_SINCE, where).fetchall()
    by_answer = _PROVEN_LAST.format(reason="AND f.reason IS NULL")
    for statement in (by_answer, _PROVEN_LAST.format(reason=""), _TAKEN_OVER_LAST):
        if not found:
            found = connection.execute(statement, where).fetchall()
    return [KnownCredit(*row) for row in found]


def attributed(connection: sqlite3.Connection, site_id: int, credit_ids: Sequence[str]) -> list[Attribution]:
    """Which requests have these Chargebee ids."""
    found = connection.execute(
        "SELECT credit_id, request_id, customer_id, reference, state = 'credited' FROM credit_request"
        " WHERE site_id = ? AND credit_id IN (SELECT value FROM json_each(?))",
        (site_id, orjson.dumps(list(credit_ids)).decode()),
    )
    return [Attribution(of, by, who, what, bool(credited)) for of, by, who, what, credited in found]


def requests_of(connection: sqlite3.Connection, site_id: int, customer_ids: Sequence[str]) -> list[OtherRequest]:
    """The requests that stand for identities of these customers."""
    found = connection.execute(
        "SELECT i.request_id, i.customer_id, i.reference, r.state = 'credited', r.credit_id"
        " FROM identity i CROSS JOIN credit_request r ON r.request_id = i.request_id"
        " WHERE i.site_id = ? AND i.customer_id IN (SELECT value FROM json_each(?))",
        (site_id, orjson.dumps(list(customer_ids)).decode()),
    )
    return [OtherRequest(request, who, what, bool(credited), of) for request, who, what, credited, of in found]


def first_sent_ms(connection: sqlite3.Connection, request_id: int) -> int | None:
    """When the request was first sent, by the site's clock in milliseconds since 1970, or earlier.

    None where its run never learned what time it was at the site.
    """
    row = connection.execute(
        "SELECT r.site_began_ms FROM attempt a JOIN run r USING (run_id) WHERE a.request_id = ?"
        " ORDER BY a.attempt_id LIMIT 1",
        (request_id,),
    ).fetchone()
    return None if row is None or row[0] is None else row[0] - _CLOCK_MARGIN_MS


# A request has one call under way, so an answer of its own belongs to its last attempt.
_SENT_SINCE = f"""
SELECT r.credit_id, r.customer_id FROM finding f JOIN credit_request r USING (request_id)
WHERE f.finding_id > :finding AND f.state = 'credited' AND f.reason IS NULL
  AND f.request_id IN (SELECT request_id FROM attempt WHERE attempt_id > :attempt)
  AND r.site_id = :site AND r.state = 'credited' AND r.kind = :kind AND {_OF_ENTITY}
ORDER BY f.finding_id LIMIT :limit
"""

# Backwards through the history: CROSS JOIN keeps SQLite from walking the whole site instead.
_PROVEN_LAST = f"""
SELECT r.credit_id, r.customer_id FROM finding f CROSS JOIN credit_request r ON r.request_id = f.request_id
WHERE f.state = 'credited' {{reason}} AND r.site_id = :site AND r.state = 'credited' AND r.kind = :kind AND {_OF_ENTITY}
ORDER BY f.finding_id DESC LIMIT :limit
"""

# What `reconcile --since` took over was proved by the list alone, and has no findings.
_TAKEN_OVER_LAST = f"""
SELECT r.credit_id, r.customer_id FROM credit_request r
WHERE r.site_id = :site AND r.state = 'credited' AND r.kind = :kind AND {_OF_ENTITY}
ORDER BY r.request_id DESC LIMIT :limit
"""

_HAS_NO_DEDUCTION = """
SELECT NOT EXISTS (SELECT 1 FROM credit_request WHERE kind = 'deduct' AND site_id = ? AND state = 'credited')
"""
