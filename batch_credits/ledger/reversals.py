"""What of a batch was undone: its credits that a reversal has deducted again. Nothing here writes.

A deduction undoes the credit of the same customer and money whose reference its own follows from, wherever the ledger
learned of it: from `reverse`, or from Chargebee's list. Only one that is proven counts; what is pending, failed or in
doubt has undone nothing.
"""

import sqlite3

import orjson

from batch_credits.model import Money, reversal_reference

NO_REVERSAL = "NULL"  # stands in the place of REVERSAL where no row of a batch can have any


def undone_batches(connection: sqlite3.Connection, batch_id: int) -> list[int]:
    """The batches of the same site whose credits may have been deducted: those that a reversal names, and all of them
    once deductions were learned from Chargebee's list, which does not say what they undo.

    Most sites have none, and a report asks once instead of for each of a million rows.
    """
    found = connection.execute(_UNDONE_BATCHES, (batch_id,))
    return [row[0] for row in found]


def reversal_parameters(connection: sqlite3.Connection, undone: list[int]) -> dict[str, str]:
    """What a statement with REVERSAL needs, beside a function of the connection."""
    connection.create_function("same_money", 6, _is_same_money, deterministic=True)
    return {"undone": orjson.dumps(undone).decode(), "prefix": reversal_reference("")}


def read_reversal(text: str) -> tuple[str, str]:
    """What REVERSAL gives: the key of the batch that deducted, and Chargebee's id of the deduction."""
    key, credit_id = orjson.loads(text)
    return key, credit_id


def _is_same_money(
    minor: int | None, decimal: str | None, currency: str | None,
    other_minor: int | None, other_decimal: str | None, other_currency: str | None,
) -> bool:  # fmt: skip
    """Whether a deduction took what a credit gave, as far as the credit names it: a list names every currency."""
    taken = Money(other_minor, other_decimal, other_currency if currency is not None else None)
    return Money(minor, decimal, currency).same_as(taken)


# Whether the deduction `d` undoes the credit `r`, given that their identities belong together.
UNDOES = """d.kind = 'deduct' AND d.state = 'credited' AND r.kind = 'add' AND r.state = 'credited'
    AND d.credit_type = r.credit_type AND same_money(r.amount_minor, r.amount_in_decimal, r.currency_code,
        d.amount_minor, d.amount_in_decimal, d.currency_code)"""

# The key of the batch `b` that deducted: one that was borrowed for a look has more in front.
KEY = "substr(b.key, -64)"

# Of a row's request `r`: what undid it, or NULL.
REVERSAL = f"""CASE WHEN r.batch_id IN (SELECT value FROM json_each(:undone)) THEN (
    SELECT json_array({KEY}, d.credit_id) FROM identity i
    CROSS JOIN credit_request d ON d.request_id = i.request_id CROSS JOIN batch b ON b.batch_id = d.batch_id
    WHERE i.site_id = r.site_id AND i.customer_id = r.customer_id AND i.reference = :prefix || r.reference
      AND {UNDOES}) END"""

_UNDONE_BATCHES = """
SELECT u.batch_id FROM batch u WHERE u.site_id = (SELECT site_id FROM batch WHERE batch_id = ?1) AND u.kind = 'add'
  AND (u.key IN (SELECT reverses FROM batch WHERE reverses IS NOT NULL)
       OR EXISTS (SELECT 1 FROM batch d WHERE d.site_id = u.site_id AND d.kind = 'deduct' AND d.reverses IS NULL))
"""
