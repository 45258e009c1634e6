"""Count and sums of a batch by outcome and currency ("" where none is known), from the ledger's states.

Of ten million rows that takes a while, and nearly all of them are settled for good: a credited or rejected row never
changes again. So blocks of rows that are all final are sealed, with their totals, when a run ends.
"""

from collections.abc import Collection, Mapping
from decimal import Decimal, localcontext

import orjson

from batch_credits.ledger.database import Database, Row
from batch_credits.ledger.reversals import PREFIX
from batch_credits.model import DECIMAL_DIGITS, ControlTotal, Money, Outcome, sum_totals
from batch_credits.model.undone import Undone

ByOutcome = dict[Outcome, dict[str, ControlTotal]]

BLOCK_ROWS = 10_000
_END = 2**62  # no row has this number
_FINAL = {Outcome.CREDITED, Outcome.ALREADY_CREDITED, Outcome.REJECTED}


class Totals:
    """The desk for sums."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def counted(self, batch_id: int, first: int = 0, end: int = _END) -> ByOutcome:
        """Count and sums by outcome and currency, rejected rows' money left out: of the rows from the first number to
        before the end, counted one by one.
        """
        totals: ByOutcome = {}
        where = {"batch": batch_id, "first": first, "end": end}
        found = self._db.all("counted", lambda row: (Outcome(row[0]), *_total(row[1:])), **where)
        for outcome, currency, total, _ in found:
            totals.setdefault(outcome, {})[currency] = total
        if any(decimals for *_, decimals in found):  # SQLite cannot sum them exactly
            for outcome, currency, text in self._db.stream("decimals", tuple, **where):
                totals[Outcome(outcome)][currency].add_decimal(text)
        return totals

    def failed(self, batch_id: int) -> dict[str, ControlTotal]:
        """Count and sums by currency of the failed rows that may be tried again: no other file brought their credit
        with other money since.
        """
        found = self._db.all("failed", _total, batch=batch_id)
        totals = {currency: total for currency, total, _ in found}
        if any(decimals for *_, decimals in found):
            for currency, text in self._db.stream("failed_decimals", tuple, batch=batch_id):
                totals[currency].add_decimal(text)
        return totals

    def known(self, batch_id: int) -> ByOutcome:
        """The same as `counted`, without counting again what was final when a run ended: at once, for looking and not
        for proof.
        """
        parts, first = [], 0
        for block, sealed in self._db.all("sealed", _sealed, batch=batch_id):
            if block * BLOCK_ROWS > first:
                parts.append(self.counted(batch_id, first, block * BLOCK_ROWS))
            parts.append(sealed)
            first = (block + 1) * BLOCK_ROWS
        parts.append(self.counted(batch_id, first))
        outcomes = {outcome for part in parts for outcome in part}
        return {outcome: sum_totals(part.get(outcome, {}) for part in parts) for outcome in outcomes}

    def standing(self, batch_id: int, senders: Collection[int]) -> tuple[ByOutcome, int]:
        """The same as `known` while these workers live: what they have sent and is not answered is pending, and not in
        doubt, since its answers come. And how many rows that are."""
        with self._db.transaction(writes=False):
            totals = self.known(batch_id)
            found = self._db.all("on_their_way", tuple, batch=batch_id) if senders else []
        sent: dict[str, ControlTotal] = {}
        for worker, currency, minor, decimal in found:
            if worker in senders:
                sent.setdefault(currency, ControlTotal()).add(Money(minor, decimal, currency or None))
        if not sent:
            return totals, 0
        doubt = dict(totals[Outcome.IN_DOUBT])
        for currency, total in sent.items():
            doubt[currency] = _less(doubt[currency], total)
        moved = {
            Outcome.IN_DOUBT: {currency: total for currency, total in doubt.items() if total.count},
            Outcome.PENDING: sum_totals([totals.get(Outcome.PENDING, {}), sent]),
        }
        return totals | moved, sum(total.count for total in sent.values())

    def seal(self, batch_id: int) -> None:
        """Seal the blocks of an admitted batch that are final now."""
        with self._db.transaction():
            last = self._db.value("last_row", batch=batch_id) or 0
            sealed = {block for block, _ in self._db.all("sealed", tuple, batch=batch_id)}
            for block in set(range(last // BLOCK_ROWS + 1)) - sealed:
                totals = self.counted(batch_id, block * BLOCK_ROWS, (block + 1) * BLOCK_ROWS)
                if totals.keys() <= _FINAL:
                    encoded = {outcome.value: encoded_totals(by_currency) for outcome, by_currency in totals.items()}
                    self._db.change("seal", batch=batch_id, block=block, totals=orjson.dumps(encoded).decode())

    def undone(self, batch_id: int) -> Undone:
        """What was deducted again of the batch's credits."""
        return self._undone(batch_id).get(batch_id, Undone())

    def undone_by_batch(self) -> dict[int, Undone]:
        """The same of all batches, those left out of which nothing was."""
        return self._undone(None)

    def _undone(self, batch_id: int | None) -> dict[int, Undone]:
        batches: dict[int, Undone] = {}
        for batch, key, currency, total in self._db.all("undone", _undone, prefix=PREFIX, batch=batch_id):
            batches.setdefault(batch, Undone()).by_batch.setdefault(key, {})[currency] = total
        return batches


def encoded_totals(totals: Mapping[str, ControlTotal]) -> str:
    """Totals as the ledger stores them."""
    return orjson.dumps({c: [t.count, t.amount_minor, str(t.amount_in_decimal)] for c, t in totals.items()}).decode()


def decoded_totals(text: str) -> dict[str, ControlTotal]:
    """The same, read back."""
    return {c: ControlTotal(count, minor, Decimal(dec)) for c, (count, minor, dec) in orjson.loads(text).items()}


def _less(total: ControlTotal, part: ControlTotal) -> ControlTotal:
    """What is left of a total without a part of it."""
    with localcontext(prec=DECIMAL_DIGITS):
        decimal = total.amount_in_decimal - part.amount_in_decimal
    return ControlTotal(total.count - part.count, total.amount_minor - part.amount_minor, decimal)


def summed(high: int, low: int) -> int:
    """A sum that the statements give as two halves."""
    return (high << 27) + low


def _total(row: Row) -> tuple[str, ControlTotal, int]:
    """A currency, its total but for the amounts in decimal, and how many those are."""
    currency, count, decimals, *halves = row
    return currency, ControlTotal(count, summed(*halves)), decimals


def _undone(row: Row) -> tuple[int, str, str, ControlTotal]:
    batch, key, currency, count, decimals, *halves = row
    total = ControlTotal(count, summed(*halves))
    for text in orjson.loads(decimals):  # SQLite cannot sum them exactly
        total.add_decimal(text)
    return batch, key, currency, total


def _sealed(row: Row) -> tuple[int, ByOutcome]:
    block, sealed = row
    return block, {Outcome(outcome): decoded_totals(text) for outcome, text in orjson.loads(sealed).items()}
