"""What Chargebee lists, held beside what the ledger says, so that both can be tied out without being in memory.

The listing lies in a temporary table of the connection: it is evidence for one comparison, not memory.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

import orjson

from batch_credits.ledger.resolution import ForeignCredit
from batch_credits.model import CallKind, ControlTotal, Money


@dataclass(frozen=True, slots=True)
class Difference:
    """An identity of the batch about which the ledger and Chargebee do not say the same."""

    row_number: int
    customer_id: str
    reference: str
    reason: str


@dataclass(frozen=True, slots=True)
class Unrecorded:
    """A request that the ledger does not call credited, and for which Chargebee lists exactly one credit."""

    request_id: int
    credit_id: str


def begin_listing(connection: sqlite3.Connection) -> None:
    """Start a fresh listing."""
    connection.create_function("same_decimal", 2, _same_decimal, deterministic=True)
    connection.execute("DROP TABLE IF EXISTS temp.listed")
    connection.execute(
        "CREATE TEMP TABLE listed (credit_id TEXT PRIMARY KEY, customer_id TEXT, reference TEXT, amount_minor INTEGER,"
        " amount_in_decimal TEXT, currency_code TEXT, credit_type TEXT)"
    )
    connection.execute("CREATE INDEX temp.listed_identity ON listed (customer_id, reference)")


def _same_decimal(one: str | None, other: str | None) -> bool:
    """SQLite knows no exact decimals, so 1.5 and 1.50 are compared here."""
    try:
        return one is not None and other is not None and Decimal(one) == Decimal(other)
    except InvalidOperation:
        return False


def add_listed(connection: sqlite3.Connection, site_id: int, credits: Sequence[ForeignCredit]) -> None:
    """Add a page of the list, as far as it is about identities that the ledger knows. A page that comes twice
    changes nothing."""
    chunk = orjson.dumps(
        [
            [
                c.credit_id,
                c.customer_id,
                c.reference,
                c.money.amount_minor,
                c.money.amount_in_decimal,
                c.money.currency_code,
                c.credit_type,
            ]
            for c in credits
        ]
    ).decode()
    connection.execute(_ADD_LISTED, {"chunk": chunk, "site": site_id})


def customers_of(connection: sqlite3.Connection, batch_id: int, *, only_unlisted: bool) -> list[str]:
    """The batch's customers; or only those with a credited request that the listing does not show."""
    missing = (
        " AND r.state = 'credited' AND NOT EXISTS (SELECT 1 FROM temp.listed l WHERE l.credit_id = r.credit_id)"
        if only_unlisted
        else ""
    )
    found = connection.execute(
        "SELECT DISTINCT r.customer_id FROM row w JOIN credit_request r USING (request_id)"
        " WHERE w.batch_id = ?" + missing,
        (batch_id,),
    )
    return [row[0] for row in found]


def first_attempt_ms(connection: sqlite3.Connection, batch_id: int) -> int | None:
    """When the first attempt of any of the batch's requests was journaled, by our wall clock."""
    row = connection.execute(
        "SELECT min(a.at) FROM attempt a WHERE a.request_id IN"
        " (SELECT request_id FROM row WHERE batch_id = ? AND request_id IS NOT NULL)",
        (batch_id,),
    ).fetchone()
    return None if row is None else row[0]


def unrecorded(connection: sqlite3.Connection, batch_id: int) -> list[Unrecorded]:
    """Unsettled requests for which exactly one credit with their money is listed, which no other request has."""
    found = connection.execute(
        f"SELECT r.request_id, min(l.credit_id) {_SAME} WHERE w.batch_id = ?"
        " AND r.state IN ('pending', 'in_doubt', 'review') AND NOT EXISTS"
        " (SELECT 1 FROM credit_request o WHERE o.site_id = r.site_id AND o.credit_id = l.credit_id)"
        " GROUP BY r.request_id HAVING count(*) = 1",
        (batch_id,),
    )
    return [Unrecorded(*row) for row in found]


def listed_totals(connection: sqlite3.Connection, batch_id: int) -> dict[str, ControlTotal]:
    """Count and sum per currency of what Chargebee lists under the batch's identities, whatever the ledger says."""
    found = connection.execute(
        "SELECT coalesce(r.currency_code, ''), CASE WHEN r.amount_in_decimal IS NULL THEN l.amount_minor END,"
        " CASE WHEN r.amount_in_decimal IS NOT NULL THEN l.amount_in_decimal END"
        " FROM row w JOIN credit_request r USING (request_id)"
        " JOIN temp.listed l ON l.customer_id = r.customer_id AND l.reference = r.reference WHERE w.batch_id = ?",
        (batch_id,),
    )
    totals: dict[str, ControlTotal] = {}
    for currency, minor, in_decimal in found:
        totals.setdefault(currency, ControlTotal()).add(Money(minor, in_decimal, currency))
    return totals


def differences(connection: sqlite3.Connection, batch_id: int) -> Iterator[Difference]:
    """Every identity about which the ledger and the listing differ, in the order of the file."""
    found = connection.execute(_DIFFERENCES, (batch_id,))
    for row_number, customer_id, reference, kind, state, credit_id, is_listed, same, other, ids in found:
        reason = _reason(CallKind(kind), state, credit_id, bool(is_listed), same, other, ids)
        if reason is not None:
            yield Difference(row_number, customer_id, reference, reason)


def _reason(
    kind: CallKind, state: str, credit_id: str | None, is_listed: bool, same: int, other: int, ids: str | None
) -> str | None:
    things, done = ("credits", "credited") if kind is CallKind.ADD else ("deductions", "deducted")
    if same + other > 1:
        return f"Chargebee lists {same + other} {things} under this reference: {ids}"
    if other:
        return f"Chargebee lists {ids} under this reference, with other money"
    if state == "credited":
        if is_listed:
            return None
        if same:
            return f"the ledger says {credit_id}, Chargebee lists {ids}"
        return f"the ledger says {done} as {credit_id}, Chargebee does not list it"
    if same:
        return f"the ledger says {state.replace('_', ' ')}, Chargebee lists {ids}"
    if state in ("in_doubt", "in_flight", "review"):
        return f"the ledger says {state.replace('_', ' ')}, and Chargebee lists nothing"
    return None


_IS_SAME = """(l.currency_code IS r.currency_code OR r.currency_code IS NULL)
    AND (l.credit_type = r.credit_type)
    AND CASE WHEN r.amount_in_decimal IS NULL THEN l.amount_minor = r.amount_minor
        ELSE same_decimal(l.amount_in_decimal, r.amount_in_decimal) END"""

_SAME = f"""FROM row w JOIN credit_request r USING (request_id)
    JOIN temp.listed l ON l.customer_id = r.customer_id AND l.reference = r.reference AND {_IS_SAME}"""

_DIFFERENCES = f"""
SELECT w.row_number, r.customer_id, r.reference, r.kind, r.state, r.credit_id,
       coalesce(sum(l.credit_id = r.credit_id), 0), coalesce(sum({_IS_SAME}), 0),
       coalesce(sum(l.credit_id IS NOT NULL AND NOT coalesce({_IS_SAME}, 0)), 0), group_concat(l.credit_id, ', ')
FROM row w JOIN credit_request r USING (request_id)
LEFT JOIN temp.listed l ON l.customer_id = r.customer_id AND l.reference = r.reference
WHERE w.batch_id = ?
GROUP BY w.row_number ORDER BY w.row_number
"""

_ADD_LISTED = """
INSERT INTO temp.listed
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6
FROM json_each(:chunk) c
WHERE EXISTS (SELECT 1 FROM identity i WHERE i.site_id = :site AND i.customer_id = c.value ->> 1
              AND i.reference = c.value ->> 2)
ON CONFLICT (credit_id) DO NOTHING
"""
