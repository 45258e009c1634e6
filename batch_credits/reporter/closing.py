"""How a payout closed: every row of its first file with how it ended, and whether the money ties out.

A row is settled by whichever file of the payout credited it. `ended` decides that for one row, and is pure; `Closing`
counts while the rows stream by, and holds what it counted against the ledger's own count of the credits.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from decimal import localcontext
from pathlib import Path
from typing import NamedTuple

from batch_credits.ledger import MendingRow
from batch_credits.model import (
    DECIMAL_DIGITS,
    LOOKS_LIKE_TOTAL,
    BatchRecord,
    ControlTotal,
    Ending,
    Money,
    Outcome,
    ReportRow,
    RunRecord,
    sum_totals,
)
from batch_credits.model.currencies import SITE_CURRENCY
from batch_credits.reporter.tally import totals_read

MAX_ROWS_SHOWN = 200  # of those that are open, or credited twice; closing.csv has all
_CREDITED = (Outcome.CREDITED, Outcome.ALREADY_CREDITED)
_ENDINGS = {
    Outcome.PENDING: Ending.PENDING,
    Outcome.IN_DOUBT: Ending.IN_DOUBT,
    Outcome.REVIEW: Ending.REVIEW,
    Outcome.FAILED: Ending.FAILED,
    Outcome.REJECTED: Ending.REJECTED,
}
# Which of several rows for one says how it ended: what is paid, what may be, what was, what is not.
_FIRST = (Ending.CREDITED, Ending.IN_DOUBT, Ending.REVIEW, Ending.PENDING, Ending.REVERSED)
_MAY_BE = (Ending.IN_DOUBT, Ending.REVIEW, Ending.PENDING)

Totals = dict[Ending, dict[str, ControlTotal]]


class Place(NamedTuple):
    """A row of one of the payout's files, and what became of it there."""

    batch_id: int
    row: ReportRow

    @property
    def ending(self) -> Ending:
        """How it ended, as far as this file goes."""
        if self.row.outcome in _CREDITED:
            return Ending.CREDITED if self.row.reversed_by is None else Ending.REVERSED
        return _ENDINGS[self.row.outcome]


@dataclass(frozen=True, slots=True)
class Ended:
    """A row of the first file, how it ended, and where that was settled. `again` are other credits that it has: it was
    paid more than once. `may_be` are rows that may still credit it once more."""

    own: ReportRow
    ending: Ending
    settled: Place
    again: tuple[Place, ...] = ()
    credits: tuple[Place, ...] = ()  # every credit that it ever had, each once
    may_be: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class PayoutFile:
    """A file of a payout. `is_mended`: a later one mends rows of it. `run` is its newest."""

    batch: BatchRecord
    is_mended: bool
    run: RunRecord | None = None


@dataclass(frozen=True, slots=True)
class Payout:
    """The files of a payout, the first one first. `credited` is what the ledger counts for their rows, each credit
    once."""

    files: Sequence[PayoutFile]
    credited: Mapping[str, ControlTotal]

    @property
    def first(self) -> BatchRecord:
        """The file with which it began."""
        return self.files[0].batch

    @property
    def mended(self) -> Set[int]:
        """The batches of which a later file mends rows."""
        return {file.batch.batch_id for file in self.files if file.is_mended}


@dataclass(slots=True)
class Closing:
    """What became of a payout. `rows_of` counts by file the rows that are of the payout; `changed` are the rows that
    were paid, or are owed, with other money than the first file says, and `change` what that makes, by currency."""

    payout: Payout
    live: bool
    paths: tuple[Path, ...] = ()  # of its files, once they are written
    counts: Counter[Ending] = field(default_factory=Counter)
    totals: Totals = field(default_factory=dict)
    unread: Counter[Ending] = field(default_factory=Counter)
    rows_of: Counter[int] = field(default_factory=Counter)
    own: dict[str, ControlTotal] = field(default_factory=dict)
    own_unread: int = 0  # rows of the first file whose amount nobody could read there
    credits: dict[str, ControlTotal] = field(default_factory=dict)
    changed: int = 0
    again: int = 0
    may_be_again: int = 0  # rows that are credited, and may be once more
    rows_again: int = 0  # rows that are one of both
    open_in: Counter[tuple[Ending, int]] = field(default_factory=Counter)  # by the file in which it is to be mended
    shown: dict[Ending, list[Ended]] = field(default_factory=dict)
    shown_again: list[Ended] = field(default_factory=list)

    def add(self, ended: Ended) -> None:
        """Count a row."""
        money, ending = ended.settled.row.money, ended.ending
        self.counts[ending] += 1
        if money is not None:
            _add(self.totals.setdefault(ending, {}), money)
        elif ended.settled.row.is_unread:
            self.unread[ending] += 1
        self.own_unread += ended.own.is_unread
        if ended.own.money is not None:
            _add(self.own, ended.own.money)
        self.changed += money is not None and (ended.own.money is None or not money.same_as(ended.own.money))
        for each in ended.credits:
            if each.row.money is not None:
                _add(self.credits, each.row.money)
        if not ending.is_settled:
            self.open_in[ending, ended.settled.batch_id] += 1
            self._show(self.shown.setdefault(ending, []), ended)
        if ended.again:
            self.again += 1
        self.may_be_again += bool(ended.may_be)
        if ended.again or ended.may_be:
            self.rows_again += 1
            self._show(self.shown_again, ended)

    def _show(self, rows: list[Ended], ended: Ended) -> None:
        if len(rows) < MAX_ROWS_SHOWN:
            rows.append(ended)

    @property
    def rows(self) -> int:
        """How many rows the first file has."""
        return self.payout.first.rows_read

    @property
    def open_rows(self) -> int:
        """How many of them are neither credited nor reversed, nor a total of others."""
        return sum(rows for ending, rows in self.counts.items() if not ending.is_settled)

    @property
    def is_closed(self) -> bool:
        """Whether every row is credited once and cannot be again, or was and is reversed, or is a total of others; and
        all ties out."""
        return not (self.open_rows or self.again or self.may_be_again or self.differences)

    @property
    def change(self) -> dict[str, ControlTotal]:
        """By how much the endings' money differs from that of the first file, as far as it could be read there. The
        counts are by how many amounts there are more."""
        ends = sum_totals(self.totals.values())
        change = {}
        with localcontext(prec=DECIMAL_DIGITS):
            for currency in sorted(ends.keys() | self.own.keys()):
                after, before = ends.get(currency, ControlTotal()), self.own.get(currency, ControlTotal())
                if after != before:
                    change[currency] = ControlTotal(
                        after.count - before.count,
                        after.amount_minor - before.amount_minor,
                        after.amount_in_decimal - before.amount_in_decimal,
                    )
        return change

    @property
    def differences(self) -> tuple[str, ...]:
        """What does not tie out, a sentence each."""
        found = []
        if (ended := sum(self.counts.values())) != self.rows:
            found.append(f"{self.rows:,} rows were read, but {ended:,} have an ending.")
        found += _unequal(totals_read(self.payout.first), self.own, "were read from the first file", "its rows hold")
        by_ledger = {currency or SITE_CURRENCY: total for currency, total in self.payout.credited.items()}
        found += _unequal(by_ledger, self.credits, "the ledger counts as credited", "the rows above hold")
        return tuple(found)


def close(closing: Closing, rows: Iterable[ReportRow], mending: Iterable[MendingRow]) -> Iterator[Ended]:
    """Every row of the first file with how it ended, in its order, counted in `closing`.

    `rows` are those of the first file, `mending` those that mend them, both by the row of the first file.
    """
    first_id, mended = closing.payout.first.batch_id, closing.payout.mended
    ahead = iter(mending)
    following = next(ahead, None)
    for own in rows:
        family: list[MendingRow] = []
        while following is not None and following.first_row == own.row_number:
            family.append(following)
            following = next(ahead, None)
        closing.rows_of.update([first_id, *(each.batch_id for each in family)])
        row = ended(first_id, own, family, mended)
        closing.add(row)
        yield row


def ended(first_id: int, own: ReportRow, family: Sequence[MendingRow], mended: Set[int]) -> Ended:
    """How a row of the first file ended. `family` are the rows that mend it, and those that mend these; `mended` the
    batches of which any row is mended."""
    places = [Place(first_id, own), *(Place(each.batch_id, each.row) for each in family)]
    credits = _each_once(place for place in places if place.row.outcome in _CREDITED)
    for ending in _FIRST:
        found = [place for place in places if place.ending is ending]
        if found:
            settled = min(found, key=lambda place: place.row.outcome is Outcome.ALREADY_CREDITED)
            if ending is not Ending.CREDITED:
                return Ended(own, ending, settled, (), tuple(credits))
            may_be = tuple(place for place in places if place.ending in _MAY_BE)
            return Ended(own, ending, settled, tuple(_each_once([settled, *found])[1:]), tuple(credits), may_be)
    parents = {(each.mends_batch, each.mends_row) for each in family}
    leaf = [place for place in places if (place.batch_id, place.row.row_number) not in parents][-1]
    if leaf.row.error_code == LOOKS_LIKE_TOTAL:
        return Ended(own, Ending.TOTAL, leaf, (), tuple(credits))
    is_left_out = leaf.batch_id in mended
    return Ended(own, Ending.LEFT_OUT if is_left_out else leaf.ending, leaf, (), tuple(credits))


def _each_once(places: Iterable[Place]) -> list[Place]:
    """One place for each credit, the first: a mended row may share the credit of the row that it mends. (Two sandboxes
    may give two credits one id.)"""
    found: dict[tuple[str | None, str | None], Place] = {}
    for place in places:
        found.setdefault((place.row.credit_id, place.row.reference), place)
    return [*found.values()]


def _add(totals: dict[str, ControlTotal], money: Money) -> None:
    totals.setdefault(money.currency_code or SITE_CURRENCY, ControlTotal()).add(money)


def _unequal(
    one: Mapping[str, ControlTotal], other: Mapping[str, ControlTotal], of_one: str, of_other: str
) -> Iterator[str]:
    for currency in sorted(one.keys() | other.keys()):
        before, after = one.get(currency, ControlTotal()), other.get(currency, ControlTotal())
        if before != after:
            yield f"{currency}: {_in_words(before)} {of_one}, but {of_other} {_in_words(after)}."


def _in_words(total: ControlTotal) -> str:
    amounts = f"{total.count:,} amounts with {total.amount_minor:,} minor units"
    return amounts + (f" and {total.amount_in_decimal:f} in decimal" if total.amount_in_decimal else "")
