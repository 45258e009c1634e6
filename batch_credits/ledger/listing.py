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
from batch_credits.model.identity import folded


@dataclass(frozen=True, slots=True)
class Difference:
    """An identity of the batch about which the ledger and Chargebee do not say the same."""

    row_number: int
    customer_id: str
    reference: str
    reason: str


@dataclass(frozen=True, slots=True)
class Unrecorded:
    """A request that the ledger does not call credited, and what is listed for it: ids that settle it, and others.

    `is_in_review`: a person is to look already.
    """

    request_id: int
    is_in_review: bool
    same: tuple[str, ...]
    other: tuple[str, ...]


def begin_listing(connection: sqlite3.Connection, batch_id: int) -> None:
    """Start a fresh listing for a batch. The site may keep the ids of its customers in another form."""
    connection.create_function("same_decimal", 2, _same_decimal, deterministic=True)
    connection.create_function("folded", 1, folded, deterministic=True)
    connection.execute("DROP TABLE IF EXISTS temp.listed")
    connection.execute(
        "CREATE TEMP TABLE listed (credit_id TEXT PRIMARY KEY, request_id INTEGER, amount_minor INTEGER,"
        " amount_in_decimal TEXT, currency_code TEXT, credit_type TEXT)"
    )
    connection.execute("CREATE INDEX temp.listed_request ON listed (request_id)")
    connection.execute("DROP TABLE IF EXISTS temp.customer")
    connection.execute("CREATE TEMP TABLE customer (form TEXT, customer_id TEXT)")
    connection.execute(
        "INSERT INTO temp.customer SELECT folded(customer_id), customer_id FROM (SELECT DISTINCT r.customer_id"
        " FROM row w JOIN credit_request r USING (request_id) WHERE w.batch_id = ?)",
        (batch_id,),
    )
    connection.execute("CREATE INDEX temp.customer_form ON customer (form)")


def _same_decimal(one: str | None, other: str | None) -> bool:
    """SQLite knows no exact decimals, so 1.5 and 1.50 are compared here."""
    try:
        return one is not None and other is not None and Decimal(one) == Decimal(other)
    except InvalidOperation:
        return False


def add_listed(connection: sqlite3.Connection, site_id: int, credits: Sequence[ForeignCredit]) -> None:
    """Add a page of the list, as far as it is about requests that the ledger knows. A page that comes twice changes
    nothing.

    A credit belongs to the request of its very texts; else to the one of its customer that is credited by its id; else
    to the one whose customer and reference agree in another form.
    """
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
    """Requests of the batch that the ledger does not call credited, and for which Chargebee lists anything."""
    found = connection.execute(
        f"SELECT r.request_id, r.state = 'review', json_group_array(l.credit_id) FILTER (WHERE {_IS_CERTAIN}),"
        f" json_group_array(l.credit_id) FILTER (WHERE NOT {_IS_CERTAIN})"
        " FROM row w JOIN credit_request r USING (request_id) JOIN temp.listed l ON l.request_id = r.request_id"
        " WHERE w.batch_id = ? AND r.state <> 'credited' AND r.current = 1 GROUP BY r.request_id",
        (batch_id,),
    )
    return [
        Unrecorded(request_id, bool(review), tuple(orjson.loads(same)), tuple(orjson.loads(other)))
        for request_id, review, same, other in found
    ]


def listed_totals(connection: sqlite3.Connection, batch_id: int) -> dict[str, ControlTotal]:
    """Count and sum per currency of what Chargebee lists under the batch's identities, whatever the ledger says.

    What is listed for a row that names no currency is in the site's.
    """
    found = connection.execute(
        "SELECT CASE WHEN r.currency_code IS NULL THEN '' ELSE coalesce(l.currency_code, '') END,"
        " CASE WHEN r.amount_in_decimal IS NULL THEN l.amount_minor END,"
        " CASE WHEN r.amount_in_decimal IS NOT NULL THEN l.amount_in_decimal END"
        " FROM row w JOIN credit_request r USING (request_id)"
        " JOIN temp.listed l ON l.request_id = r.request_id WHERE w.batch_id = ?",
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

# The same money, and no answer named the credit for another row that is not settled.
_IS_CERTAIN = f"""coalesce({_IS_SAME} AND NOT EXISTS (SELECT 1 FROM credit_request o WHERE o.site_id = r.site_id
    AND o.credit_id = l.credit_id AND o.request_id <> r.request_id AND o.state <> 'credited'), 0)"""

_DIFFERENCES = f"""
SELECT w.row_number, r.customer_id, r.reference, r.kind, r.state, r.credit_id,
       coalesce(sum(l.credit_id = r.credit_id), 0), coalesce(sum({_IS_SAME}), 0),
       coalesce(sum(l.credit_id IS NOT NULL AND NOT coalesce({_IS_SAME}, 0)), 0), group_concat(l.credit_id, ', ')
FROM row w JOIN credit_request r USING (request_id)
LEFT JOIN temp.listed l ON l.request_id = r.request_id
WHERE w.batch_id = ?
GROUP BY w.row_number ORDER BY w.row_number
"""

_ADD_LISTED = """
INSERT INTO temp.listed
SELECT credit_id, request_id, amount_minor, amount_in_decimal, currency_code, credit_type
FROM (SELECT value ->> 0 AS credit_id, value ->> 3 AS amount_minor, value ->> 4 AS amount_in_decimal,
             value ->> 5 AS currency_code, value ->> 6 AS credit_type,
             coalesce((SELECT i.request_id FROM identity i
                       WHERE i.site_id = :site AND i.customer_id = value ->> 1 AND i.reference = value ->> 2),
                      (SELECT r.request_id FROM credit_request r
                       WHERE r.site_id = :site AND r.credit_id = value ->> 0 AND r.state = 'credited'
                         AND folded(r.customer_id) = folded(value ->> 1)),
                      (SELECT i.request_id FROM temp.customer c CROSS JOIN identity i
                       WHERE c.form = folded(value ->> 1) AND i.site_id = :site AND i.customer_id = c.customer_id
                         AND folded(i.reference) = folded(value ->> 2))) AS request_id
      FROM json_each(:chunk))
WHERE request_id IS NOT NULL
ON CONFLICT (credit_id) DO NOTHING
"""
