"""Rows of a batch's reports, a page at a time: read from the tables on disk, as a person would in a spreadsheet.

Our own columns stand behind the file's; where a column of the file bears the name of one of ours, ours is the last.
"""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from batch_credits.model import RESULT_COLUMNS, BatchRecord
from batch_credits.reporter.tables import BYTE_ORDER_MARK
from batch_credits.text.formula import unescape_formula
from batch_credits.views.listed import pages_of

ROWS_A_PAGE = 50
OUR_FIRST_COLUMN = RESULT_COLUMNS[0]

Cells = Sequence[str]


@dataclass(frozen=True, slots=True)
class Table:
    """The headers of a report; `own` are how many of them are the file's."""

    headers: tuple[str, ...]
    own: int

    def ours(self, cells: Cells) -> dict[str, str]:
        """Our columns of a row, by name."""
        return dict(zip(self.headers[self.own :], cells[self.own :], strict=False))

    def shown(self, cells: Cells) -> dict[str, str]:
        """The same to be shown: without what keeps a spreadsheet from running them."""
        return {name: unescape_formula(text) for name, text in self.ours(cells).items()}


@dataclass(frozen=True, slots=True)
class Slice:
    """A page of the rows that were asked for, each with its place in the table."""

    table: Table
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    page: int
    in_all: int

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return pages_of(self.in_all, ROWS_A_PAGE)


def read_rows(path: Path) -> Iterator[list[str]]:
    """The rows of a report, the headers first."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        yield from csv.reader(stream)


def table_of(headers: Cells) -> Table:
    """Which columns are whose."""
    names = tuple(headers)
    own = len(names) - 1 - names[::-1].index(OUR_FIRST_COLUMN)
    return Table(names, own)


Wanted = Callable[[Mapping[str, str], Cells], bool]


def page_of(path: Path, page: int, wanted: Wanted = lambda ours, cells: True) -> Slice:
    """A page of the rows that are wanted, judged by our columns and by all cells. Every row is read once."""
    rows = read_rows(path)
    table = table_of(next(rows))
    first, in_all, found = (page - 1) * ROWS_A_PAGE, 0, []
    for index, cells in enumerate(rows):
        if wanted(table.ours(cells), cells):
            if first <= in_all < first + ROWS_A_PAGE:
                found.append((index, tuple(cells)))
            in_all += 1
    return Slice(table, tuple(found), page, in_all)


def customer_of(batch: BatchRecord, cells: Cells) -> str:
    """Whose row it is, as the file has it."""
    place = batch.columns.get("customer_id")
    return "" if place is None or place >= len(cells) else unescape_formula(cells[place]).strip()


def write_mended(source: Path, into: Path, changed: Mapping[int, Mapping[int, str]]) -> None:
    """Write the rows that are named, with the cells that were changed, as a file of the same kind. Cells that were not
    changed are written as they are: whatever needed it is escaped already."""
    rows = read_rows(source)
    headers = next(rows)
    with into.open("x", encoding="utf-8", newline="") as stream:
        stream.write(BYTE_ORDER_MARK)
        write = csv.writer(stream, lineterminator="\n").writerow
        write(headers)
        for index, cells in enumerate(rows):
            if index in changed:
                write([changed[index].get(place, cell) for place, cell in enumerate(cells)])


def write_chosen(into: Path, rows: Sequence[int]) -> None:
    """Write a table that names rows of a batch, as `reverse --rows` reads it."""
    with into.open("x", encoding="utf-8", newline="") as stream:
        write = csv.writer(stream, lineterminator="\n").writerow
        write([OUR_FIRST_COLUMN])
        for row in rows:
            write([row])
