"""Rows that are totals of others, found while a file is read.

A row that has no customer and says that it is a total is a control total: it is held against the rows above it, and
never paid. A row that has a customer and stands where a total would, and is exactly the sum of the rows above, is
rejected; what else looks like a total does so by its words, and `rows` has rejected it. All sums are of what the file
says, also of rows that are rejected for other reasons.
"""

import re
from collections import deque
from collections.abc import Iterator, Mapping
from decimal import Decimal, localcontext
from heapq import merge
from itertools import compress
from operator import attrgetter
from typing import NamedTuple

from batch_credits.loader.rows import AMOUNTS, UNBELIEVED, RowReader
from batch_credits.loader.sums import NOTHING, Running, Sum
from batch_credits.loader.total_words import says_only_total, says_total
from batch_credits.loader.wording import shown
from batch_credits.loader.workbook.cells import UNKNOWN_VALUES
from batch_credits.model import (
    DECIMAL_DIGITS,
    LOOKS_LIKE_TOTAL,
    ControlTotal,
    FileTotal,
    LoadedRow,
    Problem,
    UnequalTotal,
)
from batch_credits.model.loaded import LoadedRows, add_rows

FEWEST_ROWS = 2  # that a customer's amount must be the sum of to be taken for a total
NOTE_CELLS = 2  # filled ones that a note below a table has at most
_ANY_CURRENCY = "USD"  # to see whether an amount can be read at all, where the currency is not known as yet
_WORD = re.compile(r"\w+")
LOOKED_BACK = 10  # rows above an end, among which each currency may have a total


class _Line(NamedTuple):
    """A row on its way through: its place among the valid ones of its chunk, or (-1) as it was rejected."""

    number: int
    place: int
    rejected: LoadedRow | None
    currency: str = ""
    amount: Sum | None = None


class _Pending(NamedTuple):
    """A control total that no rows above it make, and what there was above it."""

    row: LoadedRow
    above: Mapping[str, tuple[Sum, int]]


class FileTotals:
    """The totals in one file. `read` is what its rows add up to, `found` are the control totals with which they agree.

    `unequal` are those with which they do not; that is known after `finish`, since a total may also stand above.
    """

    def __init__(self, reader: RowReader) -> None:
        self.read: dict[str, ControlTotal] = {}
        self.found: list[FileTotal] = []
        self.unequal: list[UnequalTotal] = []
        self._reader = reader
        self._running: dict[str, Running] = {}
        self._recent: deque[_Line] = deque(maxlen=LOOKED_BACK)  # the last of a block that goes on: counted already
        self._held: LoadedRows | None = None  # these rows: whether one is a total shows at the block's end, below them
        self._unread = 0  # rows whose amounts are in no sum
        self._pending: list[_Pending] = []

    def settle(self, rows: LoadedRows, following: LoadedRows | None) -> LoadedRows:
        """The rows of a chunk without control totals, and with totals rejected, after those that were held back of the
        chunk before; some of its own may be held back. `following` is the next chunk.
        """
        after = None if following is None else next(_lines(following))
        with localcontext(prec=DECIMAL_DIGITS):
            if self._is_plain(rows, after):
                self._count_all(rows)
                rows = self._with_held(rows)
            else:
                rows = self._walk(self._with_held(rows), after)
        if self._recent and following is not None and not _goes_on(self._recent[-1].number, following):
            rows, self._held = rows.split(self._recent[0].number)
        add_rows(self.read, rows)
        return rows

    def finish(self) -> None:
        """Hold what no rows above it made against the whole file."""
        for row, above in self._pending:
            sums = self._sums_in(row)
            for currency, amount in sums.items():
                running = self._running.get(currency, Running())
                if running.rows and running.sum == amount:
                    self.found.append(_held(row, currency, amount, running.rows))
                    break
            else:
                self.unequal.append(self._unequal(row, sums, above))
        self.found.sort()

    def _is_plain(self, rows: LoadedRows, after: _Line | None) -> bool:
        """Whether nothing in a chunk is a total, nor marks where one may stand: asked of every chunk, so quickly."""
        if after is None or (after.rejected is not None and _ends_what_is_above(after.rejected)):
            return False
        numbers = [*rows.row_numbers[:1], *(row.row_number for row in rows.rejected[:1])]
        if after.number - min(numbers) != len(rows):
            return False  # a blank line is among them, or below
        return not any(
            _ends_what_is_above(row) or self._is_control_total(row, rows) or self._reader.has_only_an_amount(row.cells)
            for row in rows.rejected
        )

    def _with_held(self, rows: LoadedRows) -> LoadedRows:
        held, self._held = self._held, None
        return rows if held is None else held.followed_by(rows)

    def _count_all(self, rows: LoadedRows) -> None:
        if (plain_total := rows.plain_total()) is not None:
            self._of(rows.requests.currency_code[0] or "").add(len(rows), Sum(plain_total))
            self._recent.extend(_lines(rows.part(slice(-LOOKED_BACK, None), slice(0))))
            return
        for line in _lines(rows):
            self._remember(self._count(line))

    def _walk(self, rows: LoadedRows, after: _Line | None) -> LoadedRows:
        """Row by row, since something is among them."""
        gone: dict[int, LoadedRow | None] = {}  # by number: rows that are totals, and as what they are reported
        held = {line.number: line for line in self._recent}
        self._recent.clear()
        for line, following in _with_following(rows, after):
            if line.number in held:
                self._recent.append(held[line.number]._replace(place=line.place))
                continue
            row = line.rejected
            if row is not None and (self._is_control_total(row, rows) or self._is_bare_sum(row)):
                self._compare(row)
                gone[line.number] = None
                continue
            self._remember(self._count(line))
            if _ends_block(line, following):
                gone |= self._totals_among(rows, following)
                self._recent.clear()
        return _without(rows, gone) if gone else rows

    def _count(self, line: _Line) -> _Line:
        """Add a row to the sums. Returns it with its amount, if it has one that belongs there."""
        row = line.rejected
        if row is not None and _says_total(row):
            self._begin_blocks()
            return line
        if row is not None:
            amount, currency = self._reader.sum_in(row.cells, None), self._reader.currency_of(row.cells)
            if amount is None:
                self._unread += not _is_note(row)
                return line
            line = line._replace(amount=amount, currency=currency)
        assert line.amount is not None, "a valid row has one"
        self._of(line.currency).add(1, line.amount)
        return line

    def _remember(self, line: _Line) -> None:
        """It may be a total, if its block ends soon."""
        if line.amount is not None and (line.rejected is None or line.rejected.customer_id):
            self._recent.append(line)
        else:
            self._recent.clear()

    def _totals_among(self, rows: LoadedRows, below: _Line | None) -> dict[int, LoadedRow | None]:
        """The last row of a block if it is the sum of those above, the one above it of another currency if that is,
        and so on. One that repeats a single row is a total only beside one that adds up several; and none is where a
        total `below` says another sum, since it counts that row too.
        """
        row = None if below is None else below.rejected
        said = self._sums_in(row) if row is not None and any(map(says_total, row.cells)) else {}
        sums: dict[str, _Line] = {}
        is_certain = False
        while self._recent and not self._reader.is_of_failed_csv:
            line = self._recent.pop()
            own, above, amount = self._of(line.currency), self._above(line.currency), line.amount or NOTHING
            own.add(-1, NOTHING.less(amount))
            is_sum = amount > NOTHING and above.is_sum(amount, 1) and said.get(line.currency, amount) == amount
            if line.currency in sums or not is_sum:
                own.add(1, amount)
                break
            is_certain = is_certain or above.is_sum(amount, FEWEST_ROWS)
            sums[line.currency] = line
        if not is_certain:
            for line in sums.values():
                self._of(line.currency).add(1, line.amount or NOTHING)
            sums.clear()
        self._begin_blocks()
        return {line.number: self._as_total(line, rows) for line in sums.values()}

    def _above(self, currency: str) -> Running:
        """The rows that one of a currency may be the total of. One that names none, where all others name the same, is
        of theirs."""
        named = [running for code, running in self._running.items() if code and running.rows]
        return named[0] if not currency and self._of("").rows <= 1 and len(named) == 1 else self._of(currency)

    def _as_total(self, line: _Line, rows: LoadedRows) -> LoadedRow:
        row = line.rejected or _one_row(rows, line.place)
        field = "amount" if self._reader.text_of(row.cells, "amount") else "amount_in_decimal"
        text = self._reader.text_of(row.cells, field)
        message = (
            f"The amount {shown(text)} is exactly the sum of the rows above, and stands where a total would: take the "
            "row out. If it is a customer's credit, put it further up; in failed.csv take the question mark away."
        )
        problems = (Problem(field, LOOKS_LIKE_TOTAL, message), *row.problems)
        restated = dict(row.restated) | {field: UNBELIEVED + text}
        return row._replace(request=None, problems=problems, money=None, restated=tuple(restated.items()))

    def _is_control_total(self, row: LoadedRow, rows: LoadedRows) -> bool:
        """Whether it has no customer, an amount, and a word for a total where no credit says the same. One that has a
        reference like a credit must say nothing but that it is a total: else its customer is what is missing."""
        if not any(problem.field == "customer_id" and problem.code == "missing" for problem in row.problems):
            return False
        said = [cell for cell in row.cells if cell and says_total(cell)]
        reference = self._reader.text_of(row.cells, "reference")
        if reference and not says_total(reference):
            said = [cell for cell in said if says_only_total(cell, "")]
        requests = rows.requests
        return (
            bool(said)
            and not any(cell in requests.description or cell in requests.reference for cell in said)
            and any(self._reader.text_of(row.cells, field) for field in AMOUNTS)
            and not any(problem.field in AMOUNTS and problem.code in UNKNOWN_VALUES for problem in row.problems)
            and (self._reader.sum_in(row.cells, _ANY_CURRENCY) is not None or bool(self._sums_in(row)))
        )

    def _is_bare_sum(self, row: LoadedRow) -> bool:
        """Whether a row has nothing but an amount, the sum of several rows above. Else its customer is missing."""
        return self._reader.has_only_an_amount(row.cells) and any(
            (self._running.get(code, Running()).rows_of(amount) or 0) >= FEWEST_ROWS
            for code, amount in self._sums_in(row).items()
        )

    def _sums_in(self, row: LoadedRow) -> dict[str, Sum]:
        """What the amount of a total is, by the currency that it may be in: its own, or any that the file has."""
        words = {word for cell in row.cells for word in _WORD.findall(cell)}  # `Total USD`
        known = [code for code in self._running if code in words]
        own = self._reader.currency_of(row.cells) or (known[0] if len(known) == 1 else "")
        currencies = [own] if own else [*self._running, ""]
        sums = {currency: self._reader.sum_in(row.cells, currency or None) for currency in currencies}
        return {currency: amount for currency, amount in sums.items() if amount is not None}

    def _compare(self, row: LoadedRow) -> None:
        above = {currency: (running.sum, running.rows) for currency, running in self._running.items()}
        for currency, amount in self._sums_in(row).items():
            if rows := self._running.get(currency, Running()).rows_of(amount):
                self.found.append(_held(row, currency, amount, rows))
                break
        else:
            self._pending.append(_Pending(row, above))
        self._begin_blocks()

    def _unequal(self, row: LoadedRow, sums: Mapping[str, Sum], above: Mapping[str, tuple[Sum, int]]) -> UnequalTotal:
        """Each figure beside what the rows say: those above, or all where there are none above."""
        counted = {currency: (running.sum, running.rows) for currency, running in self._running.items()}
        there = {currency: found for currency, found in above.items() if found[1]} or counted
        pairs = []
        for currency, amount in sums.items():
            total, rows = there.get(currency, (NOTHING, 0))
            if rows or len(sums) == 1:
                read = ControlTotal(rows, total.minor, total.in_decimal)
                pairs.append((_held(row, currency, amount, rows), read))
        return UnequalTotal(row.row_number, tuple(pairs), self._unread)

    def _of(self, currency: str) -> Running:
        return self._running.setdefault(currency, Running())

    def _begin_blocks(self) -> None:
        for running in self._running.values():
            running.begin_block()


def _held(row: LoadedRow, currency: str, amount: Sum, rows: int) -> FileTotal:
    return FileTotal(row.row_number, currency, amount.minor, str(amount.in_decimal), rows)


def _lines(rows: LoadedRows) -> Iterator[_Line]:
    """All rows of a chunk in the order of the file, without making much of each."""
    requests = rows.requests
    valid = (
        _Line(number, place, None, currency or "", Sum(minor or 0, Decimal(in_decimal or 0)))
        for place, (number, currency, minor, in_decimal) in enumerate(
            zip(rows.row_numbers, requests.currency_code, requests.amount, requests.amount_in_decimal, strict=True)
        )
    )
    return merge(valid, (_Line(row.row_number, -1, row) for row in rows.rejected), key=attrgetter("number"))


def _with_following(rows: LoadedRows, after: _Line | None) -> Iterator[tuple[_Line, _Line | None]]:
    lines = _lines(rows)
    line = next(lines)
    for following in lines:
        yield line, following
        line = following
    yield line, after


def _ends_block(line: _Line, following: _Line | None) -> bool:
    """Whether a total may stand here: below are a blank line, a note, another total, or nothing."""
    if following is None or following.number - line.number != 1:
        return True
    return following.rejected is not None and _ends_what_is_above(following.rejected)


def _goes_on(last: int, following: LoadedRows) -> bool:
    """Whether a block goes on so far below its row `last` that no row up to there can be a total at its end. Nearly
    always, and then no chunk is cut, which takes copies of all its columns.
    """
    numbers = following.row_numbers
    return not following.rejected and numbers[LOOKED_BACK - 1 : LOOKED_BACK] == [last + LOOKED_BACK]


def _says_total(row: LoadedRow) -> bool:
    return any(problem.code == LOOKS_LIKE_TOTAL for problem in row.problems)


def _ends_what_is_above(row: LoadedRow) -> bool:
    """Whether the row above it is the last of its block: below are a total, or what somebody wrote there."""
    return _says_total(row) or _is_note(row)


def _is_note(row: LoadedRow) -> bool:
    """Whether a row is something that somebody wrote below the table: a cell or two, and no money."""
    return row.money is None and sum(map(bool, map(str.strip, row.cells))) <= NOTE_CELLS


def _one_row(rows: LoadedRows, place: int) -> LoadedRow:
    requests = rows.requests
    who, what = requests.customer_id[place], requests.reference[place]
    return LoadedRow(rows.row_numbers[place], rows.cells[place], None, (), who, what)


def _without(rows: LoadedRows, gone: Mapping[int, LoadedRow | None]) -> LoadedRows:
    """The rows without those that are totals, but with what is reported of them."""
    is_kept = [number not in gone for number in rows.row_numbers]
    rejected = [row for row in rows.rejected if row.row_number not in gone]
    rejected += [row for row in gone.values() if row is not None]
    return LoadedRows(
        [*compress(rows.row_numbers, is_kept)],
        [*compress(rows.cells, is_kept)],
        rows.requests.chosen(is_kept),
        sorted(rejected, key=attrgetter("row_number")),
        rows.mends,
    )
