"""Count and sums of a batch by outcome and currency ("" where none is known), from the ledger's states.

Of ten million rows that takes a while, and nearly all of them are settled for good: a credited or rejected row never
changes again. So blocks of rows that are all final are sealed, with their totals, when a run ends.
"""

import sqlite3
from decimal import Decimal, localcontext

import orjson

from batch_credits.ledger.admission import decoded_totals, encoded_totals
from batch_credits.ledger.queries import MINOR_SUM, OUTCOME, summed
from batch_credits.ledger.reversals import KEY, UNDOES, reversal_parameters
from batch_credits.model import DECIMAL_DIGITS, ControlTotal, Outcome, sum_totals
from batch_credits.model.undone import Undone

Totals = dict[Outcome, dict[str, ControlTotal]]

BLOCK_ROWS = 10_000
_END = 2**62  # no row has this number
_FINAL = {Outcome.CREDITED, Outcome.ALREADY_CREDITED, Outcome.REJECTED}


def counted_totals(
    connection: sqlite3.Connection, batch_id: int, first: int = 0, end: int = _END, only: str = ""
) -> Totals:
    """Those of the rows from the first number to before the end, counted one by one. `only`: a condition more."""
    totals: Totals = {}
    has_decimals = False
    counted, decimal = _COUNTED.format(only), _DECIMALS.format(only)
    for outcome, currency, count, decimals, *halves in connection.execute(counted, (batch_id, first, end)):
        totals.setdefault(Outcome(outcome), {})[currency] = ControlTotal(count, summed(*halves))
        has_decimals = has_decimals or decimals > 0
    if has_decimals:  # SQLite cannot sum them exactly
        with localcontext(prec=DECIMAL_DIGITS):
            for outcome, currency, text in connection.execute(decimal, (batch_id, first, end)):
                totals[Outcome(outcome)][currency].amount_in_decimal += Decimal(text)
    return totals


def failed_totals(connection: sqlite3.Connection, batch_id: int) -> dict[str, ControlTotal]:
    """Those of the failed rows that may be tried again: no other file brought their credit with other money since."""
    only = "AND r.state = 'failed' AND r.current = 1"
    return counted_totals(connection, batch_id, only=only).get(Outcome.FAILED, {})


def known_totals(connection: sqlite3.Connection, batch_id: int) -> Totals:
    """The same, of which only the rows outside of sealed blocks are counted."""
    parts, first = [], 0
    for block, sealed in connection.execute(_SEALED, (batch_id,)):
        if block * BLOCK_ROWS > first:
            parts.append(counted_totals(connection, batch_id, first, block * BLOCK_ROWS))
        parts.append({Outcome(outcome): decoded_totals(text) for outcome, text in orjson.loads(sealed).items()})
        first = (block + 1) * BLOCK_ROWS
    parts.append(counted_totals(connection, batch_id, first))
    outcomes = {outcome for part in parts for outcome in part}
    return {outcome: sum_totals(part.get(outcome, {}) for part in parts) for outcome in outcomes}


def undone(connection: sqlite3.Connection, batch_id: int | None = None) -> dict[int, Undone]:
    """What was deducted again of each batch's credits, or of one batch's; without batches of which nothing was.

    It goes by the deductions, which are few beside the rows.
    """
    batches: dict[int, Undone] = {}
    found = connection.execute(_UNDONE, {**reversal_parameters(connection, []), "batch": batch_id})
    for batch, key, currency, count, decimals, *halves in found:
        total = ControlTotal(count, summed(*halves))
        for text in orjson.loads(decimals):  # SQLite cannot sum them exactly
            total.add_decimal(text)
        batches.setdefault(batch, Undone()).by_batch.setdefault(key, {})[currency] = total
    return batches


def seal(connection: sqlite3.Connection, batch_id: int) -> None:
    """Seal the blocks of an admitted batch that are final now."""
    last = connection.execute("SELECT max(row_number) FROM row WHERE batch_id = ?", (batch_id,)).fetchone()[0] or 0
    sealed = {block for block, _ in connection.execute(_SEALED, (batch_id,))}
    for block in set(range(last // BLOCK_ROWS + 1)) - sealed:
        totals = counted_totals(connection, batch_id, block * BLOCK_ROWS, (block + 1) * BLOCK_ROWS)
        if totals.keys() <= _FINAL:
            encoded = {outcome.value: encoded_totals(by_currency) for outcome, by_currency in totals.items()}
            values = (batch_id, block, orjson.dumps(encoded).decode())
            connection.execute("INSERT INTO sealed VALUES (?, ?, ?)", values)


_SEALED = "SELECT block, totals FROM sealed WHERE batch_id = ? ORDER BY block"

_COUNTED = f"""
SELECT {OUTCOME}, coalesce(r.currency_code, ''), count(*), count(r.amount_in_decimal), {MINOR_SUM}
FROM row w LEFT JOIN credit_request r ON r.request_id = w.request_id
WHERE w.batch_id = ? AND w.row_number >= ? AND w.row_number < ? {{}} GROUP BY 1, 2
"""

_DECIMALS = f"""
SELECT {OUTCOME}, coalesce(r.currency_code, ''), r.amount_in_decimal
FROM row w JOIN credit_request r ON r.request_id = w.request_id
WHERE w.batch_id = ? AND w.row_number >= ? AND w.row_number < ? AND r.amount_in_decimal IS NOT NULL {{}}
"""

_UNDONE = f"""
SELECT w.batch_id, {KEY}, coalesce(r.currency_code, ''), count(*),
       json_group_array(r.amount_in_decimal) FILTER (WHERE r.amount_in_decimal IS NOT NULL), {MINOR_SUM}
FROM credit_request d INDEXED BY credit_request_deduct
CROSS JOIN identity i ON i.site_id = d.site_id AND i.customer_id = d.customer_id
  AND i.reference = substr(d.reference, length(:prefix) + 1) AND d.reference = :prefix || i.reference
CROSS JOIN credit_request r ON r.request_id = i.request_id
CROSS JOIN row w ON w.request_id = r.request_id
CROSS JOIN batch b ON b.batch_id = d.batch_id
WHERE d.site_id IN (SELECT site_id FROM site) AND {UNDOES} AND (:batch IS NULL OR w.batch_id = :batch)
GROUP BY 1, 2, 3
"""
