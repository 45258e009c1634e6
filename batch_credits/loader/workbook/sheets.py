"""Which sheet of a workbook is read: the one that is named, else the only visible one that has the columns.

Nobody sees a hidden sheet, so none is ever taken by itself; and of two that fit nobody but a person can choose.
"""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from batch_credits.errors import InputError, Remedy, UnclearFile
from batch_credits.loader.columns import TITLE_ROWS, HeaderMatcher
from batch_credits.loader.reports import own_columns
from batch_credits.loader.table import NumberedRow, Row
from batch_credits.loader.wording import is_blank, listed, shown
from batch_credits.loader.workbook.calamine import calamine_translated, open_workbook
from batch_credits.loader.workbook.cells import text_of
from batch_credits.loader.workbook.kinds import EXCEL_KINDS
from batch_credits.loader.workbook.marks import SheetMarks

COMMANDS_SHOWN = 5  # one for each sheet that may be meant


class OpenSheet(NamedTuple):
    """A sheet's values, what its inside tells beside them, and what a person should know of the choice."""

    values: Any
    marks: SheetMarks
    notes: tuple[str, ...]


def open_sheet(path: Path, wanted: str | None, matcher: HeaderMatcher) -> OpenSheet:
    """The sheet that is `wanted`, or the one that fits.

    Raises:
        InputError: there is no such sheet, or none or more than one that fits; or it cannot be read.
    """
    with calamine_translated(path), open_workbook(path) as workbook:
        book = _Book(path, workbook, matcher)
        name = book.chosen() if wanted is None else book.named(wanted)
        if name not in book.names:
            raise InputError(
                f"{path.name} has no sheet {shown(name)}.",
                hint=f"Its sheets are {listed(book.names)}.",
                remedies=_by_name(book.visible),
            )
        values, marks = book.opened(name)
    notes = []
    if len(book.names) > 1:
        notes.append(f"sheet {shown(name)} of {len(book.names)}")
    if name not in book.visible:
        notes.append(f"sheet {shown(name)} is hidden")
    return OpenSheet(values, marks, tuple(notes))


def workbook_headers(path: Path, wanted: str | None) -> Row:
    """The header line of a table of ours in a workbook: in the sheet that is `wanted`, or else in any visible one.

    Empty if there is none.

    Raises:
        InputError: it is no workbook, or cannot be read.
    """
    EXCEL_KINDS[path.suffix.lower()].check(path)
    with calamine_translated(path), open_workbook(path) as workbook:
        book = _Book(path, workbook, None)
        names = [named] if (named := book.named(wanted or "")) in book.names else book.visible or book.names
        return next(filter(own_columns, map(book.first_line, names)), ())


class VisibleSheet(NamedTuple):
    """The rows of a sheet as texts, without a judgement on any cell, each time it is called; and whether a column (from
    0) has a number with decimals, that is no text."""

    rows: Callable[[], Iterator[NumberedRow]]
    has_fractions: Callable[[int], bool]


def visible_sheets(path: Path, wanted: str | None) -> dict[str, VisibleSheet]:
    """Each visible sheet, or the `wanted` one alone.

    Raises:
        InputError: it is no workbook, or cannot be read.
    """
    EXCEL_KINDS[path.suffix.lower()].check(path)
    with calamine_translated(path), open_workbook(path) as workbook:
        book = _Book(path, workbook, None)
        names = [name for name in book.names if name == book.named(wanted)] if wanted is not None else book.visible
        opened = {name: book.opened(name)[0] for name in names}
    return {
        name: VisibleSheet(partial(_numbered, values), partial(_has_fractions, values))
        for name, values in opened.items()
    }


def _numbered(sheet: Any) -> Iterator[NumberedRow]:
    pad = ("",) * (sheet.start or (0, 0))[1]
    return ((number, (*pad, *_texts(values))) for number, values in enumerate(rows_of(sheet), 1))


def _has_fractions(sheet: Any, column: int) -> bool:
    place = column - (sheet.start or (0, 0))[1]
    cells = (row[place] for row in rows_of(sheet) if 0 <= place < len(row))
    return any(isinstance(cell, float) and not cell.is_integer() for cell in cells)


def rows_of(sheet: Any) -> Iterator[list[Any]]:
    """The rows of values, from the first that a spreadsheet shows.

    Raises:
        InputError: a number is too large for the kind of value that its format makes of it.
    """
    if sheet.start is None:  # of an empty sheet older calamine panics when asked for rows
        return
    try:
        yield from sheet.iter_rows()
    except BaseException as error:
        if not _is_too_large(error):
            raise
        raise InputError(
            f"Sheet {shown(sheet.name)}, row {_first_too_large(sheet)}: a number is too large for the time as which it "
            "is formatted.",
            hint="Give the cell another format, such as General, and save the file again.",
        ) from None


def _is_too_large(error: BaseException) -> bool:
    return isinstance(error, OverflowError) or type(error).__name__ == "PanicException"  # Rust's, of no other kind


def _first_too_large(sheet: Any) -> int:
    row = 1
    try:
        for _ in sheet.iter_rows():
            row += 1
    except BaseException as error:
        if not _is_too_large(error):
            raise
    return row


def _texts(values: list[Any]) -> Row:
    return tuple(text_of(value)[0] for value in values)


class _Book:
    """The sheets of a workbook. Each is opened once, and only if it must be."""

    def __init__(self, path: Path, workbook: Any, matcher: HeaderMatcher | None) -> None:
        self._path = path
        self._workbook = workbook
        self._matcher = matcher
        self._opened: dict[str, tuple[Any, SheetMarks]] = {}
        self.names = [str(name) for name in workbook.sheet_names]
        tables = [each for each in workbook.sheets_metadata if str(each.typ).endswith(".WorkSheet")]
        self.visible = [str(each.name) for each in tables if str(each.visible).endswith(".Visible")]
        self._hidden = [str(each.name) for each in tables if each.name not in self.visible]

    def opened(self, name: str) -> tuple[Any, SheetMarks]:
        """A sheet's values and marks."""
        if name not in self._opened:
            marks = EXCEL_KINDS[self._path.suffix.lower()].marks  # first, since it refuses what would fill the memory
            self._opened[name] = marks(self._path, name), self._workbook.get_sheet_by_name(name)
        found, values = self._opened[name]
        return values, found

    def named(self, wanted: str) -> str:
        """The sheet of a name: spreadsheets ask for no capitals, and have no two names that differ in them alone."""
        alike = [name for name in self.names if name.casefold() == wanted.strip().casefold()]
        return wanted if wanted in self.names or len(alike) != 1 else alike[0]

    def first_line(self, name: str) -> Row:
        """The first line of a sheet that is filled."""
        return next((cells for cells in map(_texts, self._rows(name)) if not is_blank(cells)), ())

    def chosen(self) -> str:
        """The only visible sheet that fits; where none does, the one to say so of."""
        if len(self.visible) == 1 and not self._hidden:
            return self.visible[0]
        fitting = [name for name in self.visible if self._fits(name)]
        fitting = fitting or [name for name in self.visible if self._fits_below_a_title(name)]
        if len(fitting) > 1:
            raise InputError(
                f"{self._path.name}: {len(fitting)} sheets can be meant: {listed(fitting)}.",
                hint="Name one of them with --sheet.",
                remedies=_by_name(fitting),
            )
        if fitting:
            return fitting[0]
        if found := [name for name in self._hidden if self._fits(name) or self._fits_below_a_title(name)]:
            raise InputError(
                f"{self._path.name}: no visible sheet has the columns customer_id and amount, but hidden ones are not "
                f"taken by themselves: {listed(found)}.",
                hint="If it is meant, name it with --sheet.",
                remedies=_by_name(found),
            )
        return self._nearest()

    def _nearest(self) -> str:
        """The only visible sheet, or the one with most of the headers: what it lacks is said where it is read."""
        if len(self.visible) == 1:
            return self.visible[0]
        recognised = {name: self._recognised(name) for name in self.visible}
        best = max(recognised.values(), default=0)
        nearest = [name for name, count in recognised.items() if count == best > 0]
        if len(nearest) != 1:
            raise UnclearFile(
                f"{self._path.name}: no visible sheet has the columns customer_id and amount. Its sheets are "
                f"{listed(self.names)}.",
                hint="Name the one that is meant with --sheet.",
            )
        return nearest[0]

    def _header(self, name: str) -> Row:
        """The line of a sheet that is stated to hold the headers, or the first that is filled."""
        assert self._matcher is not None, "only a sheet's own headers are asked for without one"
        stated = self._matcher.options.header_row
        if stated is not None:
            return next(islice(map(_texts, self._rows(name)), stated - 1, None), ())
        return self.first_line(name)

    def _rows(self, name: str) -> Iterator[list[Any]]:
        """Those of a sheet that can be read; whether it can is of interest only if it is taken."""
        try:
            values, _ = self.opened(name)
        except InputError:
            return iter(())
        return rows_of(values)

    def _fits(self, name: str) -> bool:
        """Whether a sheet has the columns, and a row below them."""
        assert self._matcher is not None, "as above"
        header = self._header(name)
        if not self._matcher.fits(header):
            return False
        filled = (cells for cells in map(_texts, self._rows(name)) if not is_blank(cells))
        return any(cells != header for cells in filled)

    def _fits_below_a_title(self, name: str) -> bool:
        assert self._matcher is not None, "as above"
        return any(map(self._matcher.fits, map(_texts, islice(self._rows(name), TITLE_ROWS + 1))))

    def _recognised(self, name: str) -> int:
        assert self._matcher is not None, "as above"
        return self._matcher.recognised(self._header(name))


def _by_name(sheets: list[str]) -> list[Remedy]:
    return [(("--sheet", name),) for name in sheets[:COMMANDS_SHOWN]]
