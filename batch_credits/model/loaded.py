"""What the loader hands to the ledger: many rows as columns, and the rejected ones.

A value for each row would take longer to make than all that is done with it, a million times over.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import merge
from operator import attrgetter
from typing import TYPE_CHECKING, Self

from batch_credits.model import ControlTotal, LoadedRow, Mended

if TYPE_CHECKING:  # who reads the ledger need not load what validates rows
    from batch_credits.model.credit_requests import RequestColumns


@dataclass(frozen=True, slots=True)
class LoadedRows:
    """Data lines that follow each other: the credit requests, as columns of equal length, and the rejected rows.

    `mends` says by row number which row of an earlier batch a row mends; rows beyond these may be in it.

    A walk over them gives every line as a `LoadedRow`, in the order of the file.
    """

    row_numbers: Sequence[int]
    cells: Sequence[tuple[str, ...]]
    requests: "RequestColumns"
    rejected: Sequence[LoadedRow]
    mends: Mapping[int, Mended] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Sequence[LoadedRow]) -> Self:
        """The same rows, by columns."""
        from batch_credits.model.credit_requests import RequestColumns

        valid = [row for row in rows if row.request is not None]
        requests = [row.request for row in valid if row.request is not None]
        return cls(
            [row.row_number for row in valid],
            [row.cells for row in valid],
            RequestColumns.of(requests),
            [row for row in rows if row.request is None],
        )

    def __len__(self) -> int:
        return len(self.row_numbers) + len(self.rejected)

    def __iter__(self) -> Iterator[LoadedRow]:
        valid = (
            LoadedRow(number, cells, request, (), request.customer_id, request.reference, request.money)
            for number, cells, request in zip(self.row_numbers, self.cells, self.requests.requests(), strict=True)
        )
        return merge(valid, self.rejected, key=attrgetter("row_number"))

    def plain_total(self) -> int | None:
        """What all amounts add up to, if all rows are valid, of one currency, and in minor units; None if not, or if
        there are no rows. Asked of every chunk, so quickly.
        """
        codes, requests = self.requests.currency_code, self.requests
        if self.rejected or not codes or codes.count(codes[0]) != len(codes) or any(requests.amount_in_decimal):
            return None
        try:
            return sum(requests.amount)  # type: ignore[arg-type]
        except TypeError:  # one is None
            return None

    def split(self, row_number: int) -> "tuple[LoadedRows, LoadedRows]":
        """The rows above this one, and those from it on."""
        at = bisect_left(self.row_numbers, row_number)
        rejected_at = bisect_left(self.rejected, row_number, key=attrgetter("row_number"))
        return self.part(slice(at), slice(rejected_at)), self.part(slice(at, None), slice(rejected_at, None))

    def part(self, valid: slice, rejected: slice) -> "LoadedRows":
        """Some of the valid rows, and some of the rejected ones."""
        return LoadedRows(
            self.row_numbers[valid],
            self.cells[valid],
            self.requests.part(valid),
            self.rejected[rejected],
            self._mends_of(self.row_numbers[valid], self.rejected[rejected]) if self.mends else self.mends,
        )

    def _mends_of(self, valid: Sequence[int], rejected: Sequence[LoadedRow]) -> dict[int, Mended]:
        numbers = {*valid, *(row.row_number for row in rejected)}
        return {number: mended for number, mended in self.mends.items() if number in numbers}

    def followed_by(self, others: "LoadedRows") -> "LoadedRows":
        """These rows, and the others, which stand below them."""
        return LoadedRows(
            [*self.row_numbers, *others.row_numbers],
            [*self.cells, *others.cells],
            self.requests.followed_by(others.requests),
            [*self.rejected, *others.rejected],
            {**self.mends, **others.mends} if self.mends else others.mends,
        )


def add_rows(totals: dict[str, ControlTotal], rows: LoadedRows) -> None:
    """Count the amounts of these rows, by currency ("" where none is named); of rejected rows, what could be read."""
    codes = rows.requests.currency_code
    if (plain_total := rows.plain_total()) is not None:
        total = totals.setdefault(codes[0] or "", ControlTotal())
        total.count += len(codes)
        total.amount_minor += plain_total
        return
    amounts: defaultdict[str | None, list[int | None]] = defaultdict(list)
    for code, amount in zip(codes, rows.requests.amount, strict=True):
        amounts[code].append(amount)
    for code, of_code in amounts.items():
        total = totals.setdefault(code or "", ControlTotal())
        total.count += len(of_code)
        total.amount_minor += sum(filter(None, of_code))
    for code, text in zip(codes, rows.requests.amount_in_decimal, strict=True):
        if text is not None:
            totals[code or ""].add_decimal(text)
    for row in rows.rejected:
        if row.money is not None:
            totals.setdefault(row.money.currency_code or "", ControlTotal()).add(row.money)
