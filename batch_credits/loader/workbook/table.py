"""A sheet of a workbook as chunks of rows."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

from batch_credits.errors import InputError
from batch_credits.loader.columns import DELIMITERS, HeaderMatcher
from batch_credits.loader.reports import AS_IT_SAYS
from batch_credits.loader.table import Chunk, Flaw, Flaws, NumberedRow, Row, blank_notes
from batch_credits.loader.wording import is_blank, shown
from batch_credits.loader.workbook.cells import broken, gap, text_of, truth, zeros_lost
from batch_credits.loader.workbook.kinds import EXCEL_KINDS
from batch_credits.loader.workbook.marks import Look, Looks
from batch_credits.loader.workbook.sheets import open_sheet, rows_of
from batch_credits.loader.workbook.shown import AMOUNTS, TEXTS, amount_as_shown, terms_of, text_as_shown
from batch_credits.model import in_one_line
from batch_credits.settings import InputOptions
from batch_credits.text.spreadsheet import column_letters

FEWEST_PARTS = 3  # of a cell that is a whole row: an id, an amount, and more


class ExcelTable:
    """One sheet of a workbook. A sheet can only be opened whole, but its rows are made one chunk at a time.

    It is read more than once, so the file must be one that nobody else writes: see private_copy.py.
    """

    def __init__(self, path: Path, sheet: str | None, matcher: HeaderMatcher) -> None:
        self._path = path
        EXCEL_KINDS[path.suffix.lower()].check(path)
        with path.open("rb") as file:
            self.file_sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        self._sheet, self._marks, sheet_notes = open_sheet(path, sheet, matcher)
        self._pad = [""] * (self._sheet.start or (0, 0))[1]  # columns to the left in which no cell is filled
        self._looks: list[tuple[int, str, Looks]] = []  # none before the columns are known
        self._valueless: list[int] = []  # rows behind all values, with formulas of fields that were never calculated
        self._zero_led: dict[int, int] = {}  # columns of ids, and how many digits those with leading zeros have
        self._header_row, headers = self._header(matcher.options.header_row)
        if matcher.is_one_cell(headers):
            raise _in_one_cell(path, self._header_row)
        following = ((number, self._texts(number, values)[0]) for number, values in self._rows_after_header())
        self.matched = matcher.match(headers, following)
        self._keep: Callable[[Row], Row] = itemgetter(*self.matched.kept)
        self._valueless = self._rows_without_values()
        self._refuse_merged()
        column_notes = self._hidden_columns(matcher.options)
        self._options = AS_IT_SAYS if self.matched.is_failed_csv else matcher.options
        self._looks = self._looks_at_fields()
        self._skips_hidden = not self.matched.is_failed_csv and matcher.options.hidden_rows == "skip"
        self.hidden_rows: tuple[int, ...] = ()
        self.last_row, blank_rows = self._last_row()
        self.notes = (*sheet_notes, *column_notes, *blank_notes(blank_rows))

    def chunks(self, size: int) -> Iterator[Chunk]:
        """The rows, as exact texts or with their flaws; those that are hidden only if they are read like the others."""
        hidden = self._marks.hidden
        rows = self._rows_after_header()
        if hidden and self._skips_hidden:
            rows = (row for row in rows if row[0] - 1 not in hidden)
        return self._chunks(rows, size)

    def hidden_chunks(self, size: int) -> Iterator[Chunk]:
        """The hidden rows alone."""
        return self._chunks((row for row in self._rows_after_header() if row[0] - 1 in self._marks.hidden), size)

    def _chunks(self, rows: Iterator[tuple[int, list[Any]]], size: int) -> Iterator[Chunk]:
        chunk = Chunk()
        for number, values in rows:
            texts, flaws = self._texts(number, values)
            cells = self._keep(texts)
            if is_blank(cells) and not flaws:
                continue
            if flaws:
                places = {index: place for place, index in enumerate(self.matched.kept)}
                chunk.flaws[len(chunk.rows)] = {places[i]: flaw for i, flaw in flaws.items() if i in places}
            chunk.numbers.append(number)
            chunk.rows.append(cells)
            if self.matched.beside:
                chunk.beside.append(tuple(texts[index] for index in self.matched.beside))
            if len(chunk.rows) == size:
                yield chunk
                chunk = Chunk()
        if chunk.rows:
            yield chunk

    def _header(self, stated: int | None) -> NumberedRow:
        """The row that is stated, or the first that is not blank."""
        number = 0
        for number, values in enumerate(rows_of(self._sheet), 1):
            cells, _ = self._texts(number, values)
            if number == stated or (stated is None and not is_blank(cells)):
                return number, cells
        if stated is not None:
            raise InputError(
                f"{self._path.name}: sheet {shown(self._sheet.name)} ends with row {number}, so there is no row "
                f"{stated}.",
                hint="Correct --header-row.",
                remedies=[(("--header-row", "N"),)],
            )
        raise InputError(f"{self._path.name}: sheet {shown(self._sheet.name)} is empty.", hint="Name another: --sheet.")

    def _rows_after_header(self) -> Iterator[tuple[int, list[Any]]]:
        for number, values in enumerate(rows_of(self._sheet), 1):
            if number > self._header_row:
                yield number, values
        yield from ((number, [""] * self._sheet.width) for number in self._valueless)

    def _rows_without_values(self) -> list[int]:
        """The reader of values ends where they end, and a formula that was never calculated is none: rows of these
        alone would be lost. Only those count that stand in a field: others are formulas drawn down too far.
        """
        end, fields = self._sheet.end[0], {self.matched.kept[place] for place in self.matched.columns.values()}
        return sorted(row + 1 for row, cells in self._marks.broken.items() if row > end and fields & cells.keys())

    def _id_columns(self) -> list[int]:
        """Where the ids stand: in them a leading zero is no mere spelling."""
        columns = self.matched.columns
        return [self.matched.kept[columns[field]] for field in ("customer_id", "reference") if field in columns]

    def _last_row(self) -> tuple[NumberedRow, int]:
        """The last row, and how many blank ones lie before it. What is hidden is found on the way."""
        last, blank, blank_since = None, 0, 0
        hidden = []
        zero_led = dict.fromkeys(self._id_columns(), 0)
        for number, values in self._rows_after_header():
            cells, flaws = self._texts(number, values)
            for column, digits in zero_led.items():
                cell = cells[column]
                if cell[:1] == "0" and len(cell) > max(1, digits) and cell.isdigit():
                    zero_led[column] = len(cell)
            if not flaws and is_blank(self._keep(cells)):
                blank_since += 1
                continue
            if number - 1 in self._marks.hidden:
                hidden.append(number)
                if self._skips_hidden:
                    continue
            last, blank, blank_since = (number, self._keep(cells)), blank + blank_since, 0
        self.hidden_rows = tuple(hidden)
        if last is None:
            raise InputError(f"{self._path.name} has headers but no rows.", hint="Check the export, or name a --sheet.")
        if _is_in_one_cell(last[1]):
            raise _in_one_cell(self._path, last[0])
        self._zero_led = {column: digits for column, digits in zero_led.items() if digits}
        return last, blank

    def _texts(self, number: int, values: list[Any]) -> tuple[Row, Flaws]:
        cells: list[str] = [*self._pad]
        flaws: Flaws = {}
        for value in values:
            if type(value) is str:
                # A ledger keeps no NUL; that a character was lost is found further on, where the cell is a field.
                text, flaw = value.replace("\0", "\ufffd") if "\0" in value else value, None
            else:
                text, flaw = text_of(value)
            if flaw is not None:
                flaws[len(cells)] = flaw
            cells.append(text)
        for column, field, looks in self._looks:
            look = looks.at(number - 1)
            if look is not None and column < len(cells):
                cells[column], flaw = self._as_shown(field, values[column - len(self._pad)], column, cells, flaws, look)
                if flaw is None:
                    flaws.pop(column, None)
                else:
                    flaws[column] = flaw
        for column, digits in self._zero_led.items():
            value = values[column - len(self._pad)]
            if type(value) not in (int, float) or column in flaws or len(cells[column]) >= digits:
                continue
            if cells[column] == text_of(value)[0]:  # not as a format shows it
                flaws[column] = zeros_lost(cells[column], digits)
        self._mark(number - 1, cells, flaws)
        return tuple(cells), flaws

    def _looks_at_fields(self) -> list[tuple[int, str, Looks]]:
        """The columns of fields in which something may be shown that is not stored."""
        return [
            (column, field, self._marks.looks[column])
            for field, place in self.matched.columns.items()
            if (column := self.matched.kept[place]) in self._marks.looks and field in (*TEXTS, *AMOUNTS)
        ]

    def _as_shown(
        self, field: str, value: object, column: int, cells: Sequence[str], flaws: Flaws, look: Look
    ) -> tuple[str, Flaw | None]:
        read = cells[column], flaws.get(column)
        if field in TEXTS:
            return text_as_shown(field, value, read, look)
        currency, unit = terms_of(self.matched.columns, [cells[index] for index in self.matched.kept], self._options)
        return read[0], amount_as_shown(value, read, look, (currency, unit if field == "amount" else "major"))

    def _refuse_merged(self) -> None:
        """Refuse merged cells that touch a field: only the first of them is seen, and only it has a value."""
        fields = {self.matched.kept[place]: field for field, place in self.matched.columns.items()}
        for merged in self._marks.merged:
            if merged.last_row < self._header_row - 1:
                continue  # a title
            for column in range(merged.first_column, merged.last_column + 1):
                if column in fields:
                    raise InputError(
                        f"{self._path.name}: the cells {merged.name} are merged, in the column {fields[column]}: "
                        "nobody can tell which rows their value is for, or what they hide.",
                        hint="Unmerge them, and fill each row.",
                    )

    def _hidden_columns(self, given: InputOptions) -> tuple[str, ...]:
        """What a person should know of columns that nobody sees.

        Raises:
            InputError: the amounts are in one, and nobody has said that it is meant.
        """
        fields = {self.matched.kept[place]: field for field, place in self.matched.columns.items()}
        hidden = {column: field for column, field in sorted(fields.items()) if self._marks.hides_column(column)}
        for column, field in hidden.items():
            if field in AMOUNTS and field not in dict(given.header_map) and not self.matched.is_failed_csv:
                header, letters = self.matched.headers[self.matched.columns[field]], column_letters(column)
                raise InputError(
                    f"{self._path.name}: the column {shown(header)} ({letters}) is hidden in the sheet, so nobody sees "
                    "what would be paid.",
                    hint="Show it; or if it is meant, say so:",
                    remedies=[(("--map", f"{field}={in_one_line(header)}"),)],
                )
        listed = [f"{field} ({column_letters(column)})" for column, field in hidden.items()]
        if not listed:
            return ()
        which = f"column {listed[0]}" if len(listed) == 1 else f"columns {', '.join(listed[:-1])} and {listed[-1]}"
        return (f"{which}, hidden in the sheet, read like the others",)

    def _mark(self, row: int, cells: list[str], flaws: Flaws) -> None:
        """Put in what the values do not tell. A row may end before a marked cell in a file that was tampered with."""
        marks, end = self._marks, len(cells)
        for column in marks.truths.get(row, ()):
            if column < end:
                cells[column], flaws[column] = truth(cells[column])
        for column in marks.gaps.get(row, ()):
            if column < end:
                flaws[column] = gap(cells[column])
        for column, error in marks.broken.get(row, {}).items():
            if column < end:
                cells[column], flaws[column] = broken(error)


def _is_in_one_cell(cells: Row) -> bool:
    """Whether all cells of a row are in its first. A note with commas begins with more than a word."""
    first, *others = cells
    parts = max((first.split(delimiter) for delimiter in DELIMITERS), key=len)
    return is_blank(others) and len(parts) >= max(FEWEST_PARTS, len(cells)) and " " not in parts[0].strip()


def _in_one_cell(path: Path, row: int) -> InputError:
    return InputError(
        f"{path.name}: row {row} has a whole row of a text file in one cell.",
        hint="Let the spreadsheet split it into columns (Data, Text to Columns), or give the text file itself.",
    )
