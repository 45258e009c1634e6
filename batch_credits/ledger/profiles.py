"""What a batch looks like as a whole: its totals from every side, and how its amounts are spread.

One walk over its rows answers all of it. Amounts are grouped by their first two digits, so that the answer
stays small whatever the batch, and a median is right to a few per cent, which is enough to see a factor of 20.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from typing import Any, NamedTuple

from batch_credits.ledger.database import Database, Row
from batch_credits.ledger.totals import summed
from batch_credits.model import DECIMAL_DIGITS, ControlTotal, Outcome
from batch_credits.model.loaded import LoadedRows

DISTINCT_AMOUNTS = 50_000  # counted by themselves before they are put into buckets
EARLIER_CREDITS = 100_000  # how many of the newest credits of a site say what is usual there


class Bucket(NamedTuple):
    """Amounts that begin alike: how many, and their mean in minor units."""

    amount: int
    rows: int


@dataclass(frozen=True, slots=True)
class LargeAmount:
    """One of the largest amounts of a batch."""

    row_number: int
    currency: str
    amount_minor: int


class CustomerRow(NamedTuple):
    """Whom a row is for, and in which currency if it names one."""

    customer_id: str
    row_number: int
    currency: str | None


class OwedByCustomer(NamedTuple):
    """What is to be sent for one customer in one currency: rows and minor units, and rows in decimal beside them."""

    customer_id: str
    row_number: int  # the first
    currency: str | None
    rows: int
    amount_minor: int
    rows_in_decimal: int


@dataclass(slots=True)
class Profile:
    """A batch from every side. Rejected rows count only as an outcome. Currency "" is one that no row names.

    `spread` holds, by currency, the amounts as buckets in no order; `largest` the largest amount. `largest_rows` says
    whose it is, and the next ones, of rows counted as they were staged; of others `largest_rows()` does.
    """

    by_outcome: dict[Outcome, dict[str, ControlTotal]] = field(default_factory=dict)
    by_type: dict[tuple[str, str], ControlTotal] = field(default_factory=dict)  # (currency, credit type)
    spread: dict[str, list[Bucket]] = field(default_factory=dict)
    largest: dict[str, int] = field(default_factory=dict)
    largest_rows: dict[str, list[LargeAmount]] = field(default_factory=dict)


class NewRows:
    """Counts rows as they are staged: a tenth of the time of `profile`, which says the same where all are new."""

    def __init__(self, largest: int) -> None:
        self._most = largest
        self._seen = Profile()
        self._counts: Counter[tuple[str | None, str, int | None, str | None]] = Counter()
        self._buckets: dict[tuple[str, int, str], ControlTotal] = {}

    def add(self, rows: LoadedRows) -> None:
        """Count some more."""
        columns = rows.requests
        self._counts.update(
            zip(columns.currency_code, columns.credit_type, columns.amount, columns.amount_in_decimal, strict=True)
        )
        self._add_largest(rows)
        if rows.rejected:
            _add(self._seen.by_outcome.setdefault(Outcome.REJECTED, {}), "", len(rows.rejected), 0)
        if len(self._counts) > DISTINCT_AMOUNTS:
            self._fold()

    def _add_largest(self, rows: LoadedRows) -> None:
        known = self._seen.largest_rows
        least = {code or None: each[-1].amount_minor for code, each in known.items() if len(each) == self._most}
        columns = zip(rows.row_numbers, rows.requests.currency_code, rows.requests.amount, strict=True)
        candidates = [
            LargeAmount(number, code or "", amount)
            for number, code, amount in columns
            if amount is not None and amount > least.get(code, 0)
        ]
        for row in sorted(candidates, key=lambda row: (-row.amount_minor, row.row_number)):
            of_code = known.setdefault(row.currency, [])
            if len(of_code) < self._most or row.amount_minor > of_code[-1].amount_minor:
                of_code.append(row)
                of_code.sort(key=lambda row: (-row.amount_minor, row.row_number))
                del of_code[self._most :]

    def profile(self) -> Profile:
        """The profile of them all. Called once."""
        self._fold()
        for (currency, _, _), total in self._buckets.items():
            bucket = Bucket(total.amount_minor // total.count, total.count)
            self._seen.spread.setdefault(currency, []).append(bucket)
        return self._seen

    def _fold(self) -> None:
        """Amounts as buckets, so that this stays small whatever the batch."""
        for (code, credit_type, amount, in_decimal), count in self._counts.items():
            currency = code or ""
            totals = (
                _add(self._seen.by_outcome.setdefault(Outcome.PENDING, {}), currency, count, (amount or 0) * count),
                _add(self._seen.by_type, (currency, credit_type), count, (amount or 0) * count),
            )
            if amount is None:
                with localcontext(prec=DECIMAL_DIGITS):
                    for total in totals:
                        total.amount_in_decimal += Decimal(in_decimal or 0) * count
                continue
            digits = str(amount)
            _add(self._buckets, (currency, len(digits), digits[:2]), count, amount * count)
            self._seen.largest[currency] = max(amount, self._seen.largest.get(currency, 0))
        self._counts.clear()


class Profiles:
    """The desk for a batch as a whole."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def of(self, batch_id: int) -> Profile:
        """The batch from every side: its rows are looked at once; twice where some are in decimal, which SQLite cannot
        sum exactly.
        """
        seen = Profile()
        has_decimals = False
        for outcome, currency, credit_type, digits, count, largest, minor in self._db.all(
            "amount_groups", _group, batch=batch_id
        ):
            _add(seen.by_outcome.setdefault(outcome, {}), currency, count, minor)
            if credit_type is None:
                continue  # rejected
            _add(seen.by_type, (currency, credit_type), count, minor)
            if digits is None:
                has_decimals = True
                continue
            seen.spread.setdefault(currency, []).append(Bucket(minor // count, count))
            seen.largest[currency] = max(largest, seen.largest.get(currency, 0))
        if has_decimals:
            self._add_decimals(batch_id, seen)
        return seen

    def _add_decimals(self, batch_id: int, seen: Profile) -> None:
        with localcontext(prec=DECIMAL_DIGITS):
            for outcome, currency, credit_type, amount in self._db.stream("decimal_amounts", _decimal, batch=batch_id):
                seen.by_outcome[outcome][currency].amount_in_decimal += amount
                seen.by_type[currency, credit_type].amount_in_decimal += amount

    def largest_rows(self, batch_id: int, currency: str, most: int) -> list[LargeAmount]:
        """The largest amounts of one currency ("": of rows that name none), largest first."""
        return self._db.all("largest_rows", lambda row: LargeAmount(*row), batch=batch_id, currency=currency, most=most)

    def customer_rows(self, batch_id: int) -> Iterator[CustomerRow]:
        """Every row that may be credited, those of one customer behind each other; streamed."""
        return self._db.stream("customer_rows", CustomerRow._make, batch=batch_id)

    def owed_by_customer(self, batch_id: int, *, with_failed: bool) -> Iterator[OwedByCustomer]:
        """What a run would send, summed by customer and currency, those of one customer behind each other; streamed."""
        return self._db.stream("owed_by_customer", _owed, batch=batch_id, with_failed=with_failed)

    def earlier_amounts(self, site: str, batch_id: int) -> dict[str, list[Bucket]]:
        """The amounts that other batches of the site were credited, the newest of them, by currency."""
        spread: dict[str, list[Bucket]] = {}
        found = self._db.all("earlier_amounts", _bucket, site=site, batch=batch_id, most=EARLIER_CREDITS)
        for currency, bucket in found:
            spread.setdefault(currency, []).append(bucket)
        return spread


def _add(totals: dict[Any, ControlTotal], key: object, count: int, minor: int) -> ControlTotal:
    total = totals.setdefault(key, ControlTotal())
    total.count += count
    total.amount_minor += minor
    return total


def _group(row: Row) -> tuple[Outcome, str, str | None, int | None, int, int, int]:
    outcome, currency, credit_type, digits, _, count, largest, *halves = row
    return Outcome(outcome), currency, credit_type, digits, count, largest, summed(*halves)


def _decimal(row: Row) -> tuple[Outcome, str, str, Decimal]:
    outcome, currency, credit_type, text = row
    return Outcome(outcome), currency, credit_type, Decimal(text)


def _owed(row: Row) -> OwedByCustomer:
    customer_id, first_row, currency, rows, high, low, decimals = row
    return OwedByCustomer(customer_id, first_row, currency, rows, summed(high, low), decimals)


def _bucket(row: Row) -> tuple[str, Bucket]:
    currency, _, _, count, *halves = row
    return currency, Bucket(summed(*halves) // count, count)
