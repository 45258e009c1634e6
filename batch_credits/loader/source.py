"""A source file that is accepted as a whole, and its rows in chunks."""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import repeat
from pathlib import Path

from batch_credits.errors import LEFT_OUT, InputError
from batch_credits.loader.columns import HeaderMatcher, is_header_again
from batch_credits.loader.csv.scan import csv_headers, scan_csv
from batch_credits.loader.csv.table import CsvTable
from batch_credits.loader.csv.text import GZIP_SUFFIX
from batch_credits.loader.header_currency import refuse_other_currency
from batch_credits.loader.hidden_rows import hidden_notes
from batch_credits.loader.money import currency_code
from batch_credits.loader.number_format import number_format
from batch_credits.loader.private_copy import private_copy
from batch_credits.loader.reports import (
    AS_IT_SAYS,
    is_failed_csv,
    mended_by,
    not_applied,
    refuse_other_reports,
    unsaid_note,
)
from batch_credits.loader.rows import RowReader
from batch_credits.loader.spoiled import FEWEST_ROUNDED, may_be_rounded, rounded, spoiled
from batch_credits.loader.table import CHUNK_ROWS, Chunk, Table, full_notes
from batch_credits.loader.total_words import says_total
from batch_credits.loader.totals import FileTotals
from batch_credits.loader.unread_columns import refuse_unread
from batch_credits.loader.wording import EDGE_BLANKS, shown
from batch_credits.loader.written import unwrapped
from batch_credits.model import LoadedRow, Mended, Problem
from batch_credits.model.currencies import MAX_EXPONENT, documented_exponent
from batch_credits.model.loaded import LoadedRows
from batch_credits.settings import InputOptions
from batch_credits.text.formula import unescape_formula

CSV_SUFFIXES = (".csv", ".tsv", ".tab", ".txt")
EXCEL_SUFFIXES = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")
_UNSAID_NAMED = 5
_LOCALE_NOTE = "with --locale {} ({}) amounts with separators can be read"


class Source:
    """A source file that is accepted as a whole: its headers, and its rows one chunk after another.

    `headers` are the source's own, untouched and without the columns of our reports; `columns` says which of
    them is which field; `notes` is what a person should know about how the file was read. `options` are those that go
    for it: of a failed.csv none, whatever was `given`. `totals` are those of the rows that `chunks` has handed out, and
    once it is through also the control totals that stand in the file.
    """

    def __init__(self, path: Path, table: Table, given: InputOptions) -> None:
        matched = table.matched
        self.path = path
        self.file_sha256 = table.file_sha256
        self.headers = matched.headers
        self.columns = matched.columns
        self.notes = table.notes
        self.options = AS_IT_SAYS if matched.is_failed_csv else given
        self.notes += hidden_notes(path, table, self.options) + full_notes(table.last_row[0])
        self._table = table
        self._stated: dict[str, set[int]] | None = None  # the decimals that the rows state; None: not read yet
        self.totals = FileTotals(RowReader(self.columns, self.options))
        if matched.is_failed_csv:
            self.notes += (f"a failed.csv: its columns {shown(matched.own[0])}, ... say which rows it mends, and why",)
            if unused := not_applied(given):
                self.notes += (f"a failed.csv says itself how it is read: {', '.join(unused)} not applied",)

    def chunks(self, size: int = CHUNK_ROWS) -> Iterator[LoadedRows]:
        """The rows, about `size` at a time: a few may come with the next. Each call reads them again from the start.

        Raises:
            InputError: the file is no longer the one that was opened. Only with the last row is it certain that all of
                them are those of `file_sha256`.
        """
        reader = RowReader(self.columns, self.options)
        self._unsaid: list[int] = []  # rows of a failed.csv that do not say what they mend: the first of them
        self._more_unsaid = 0
        self.totals = FileTotals(reader)
        self._rounded = self._rounded_columns()
        rows: LoadedRows | None = None
        for following in self._read(reader, size):
            if rows is not None and len(settled := self.totals.settle(rows, following)):
                yield settled
            rows = following
        if rows is not None and len(settled := self.totals.settle(rows, None)):
            yield settled
        self.totals.finish()
        self._stated = reader.stated
        if self._unsaid and (note := unsaid_note(self._unsaid, self._more_unsaid)) not in self.notes:
            self.notes += (note,)
        if (locale := reader.locales.found()) is not None:
            note = _LOCALE_NOTE.format(locale, number_format(locale).example)
            self.notes += () if note in self.notes else (note,)

    def as_read(self, given: InputOptions) -> InputOptions:
        """The given options, as far as amounts are held against limits and shown with them: what the rows of a
        failed.csv state of their currencies' decimals goes before what was set, which may be of another source. Where
        they contradict each other, nothing is known of them.
        """
        if not self.options.failed_csv:
            return given
        if self._stated is None and given.currency_exponents:  # the ledger knew the file, so nobody had to read it
            for _ in self.chunks():
                pass
        stated = self._stated or {}
        kept = [(currency, digits) for currency, digits in given.currency_exponents if currency not in stated]
        kept += [(currency, min(digits)) for currency, digits in sorted(stated.items()) if len(digits) == 1]
        return replace(given, failed_csv=True, currency_exponents=tuple(kept))

    def _read(self, reader: RowReader, size: int) -> Iterator[LoadedRows]:
        chunks = self._table.chunks(size)
        while True:
            with collector_paused():
                try:
                    chunk = next(chunks, None)
                except OSError as error:
                    raise _unreadable(self.path, error) from None
                rows = None if chunk is None else reader.read(self._mended(chunk))
                if chunk is not None and rows is not None and self.options.failed_csv:
                    rows = replace(rows, mends=self._mends(chunk))
            if rows is None:
                return
            self._refuse_second_header(rows.rejected)
            if len(rows):
                yield rows

    def _mends(self, chunk: Chunk) -> dict[int, Mended]:
        """By row number, which row of an earlier batch the rows say that they mend."""
        said = map(mended_by, chunk.beside) if chunk.beside else repeat(None, len(chunk.numbers))
        mends = {}
        for number, mended in zip(chunk.numbers, said, strict=True):
            if mended is not None:
                mends[number] = mended
            elif len(self._unsaid) < _UNSAID_NAMED:
                self._unsaid.append(number)
            else:
                self._more_unsaid += 1
        return mends

    def _refuse_second_header(self, rejected: Sequence[LoadedRow]) -> None:
        """Refuse a file with two tables: in the second the columns may be others. Headers are no amounts, so such a row
        is a rejected one."""
        for row in rejected:
            if row.money is None and is_header_again(row.cells, self.headers):
                raise InputError(
                    f"{self.path.name}, row {row.row_number}: these are headers again, so another table begins there, "
                    "whose columns may stand in another order.",
                    hint="Give each table a file of its own; or delete the row, if its columns are the same.",
                )

    def _mended(self, chunk: Chunk) -> Chunk:
        """The chunk without the reporter's guard against formulas, if it wrote the table."""
        if self.options.failed_csv:
            chunk.rows = [tuple(map(unescape_formula, cells)) for cells in chunk.rows]
        for column in self._rounded:
            for index, cells in enumerate(chunk.rows):
                if may_be_rounded([text := unwrapped(cells[column].strip(EDGE_BLANKS))]):
                    chunk.flaws.setdefault(index, {})[column] = rounded(text)
        return chunk

    def _rounded_columns(self) -> list[int]:
        """The columns of ids and references in which all are numbers that a spreadsheet has rounded. The file is read
        for it only where its last row looks so."""
        last = self._table.last_row[1]
        columns = [self.columns[field] for field in ("customer_id", "reference") if field in self.columns]
        return [c for c in columns if _may_be_id(last[c]) is not False and self._are_all_rounded(c)]

    def _are_all_rounded(self, column: int) -> bool:
        seen: set[str] = set()
        try:
            for chunk in self._table.chunks(FEWEST_ROUNDED):
                texts = {unwrapped(cells[column].strip(EDGE_BLANKS)) for cells in chunk.rows}
                ids = {text for text in texts if _may_be_id(text) is not None}
                if not ids:
                    continue
                if not may_be_rounded(ids):
                    return False
                seen |= ids
        except OSError as error:
            raise _unreadable(self.path, error) from None
        return len(seen) >= FEWEST_ROUNDED


def _may_be_id(text: str) -> bool | None:
    """Whether a last id speaks for the column to be rounded; None where it is none: blank, spoiled, or the word of a
    total."""
    plain = unwrapped(text.strip(EDGE_BLANKS))
    return None if not plain or says_total(plain) or spoiled(plain) is not None else may_be_rounded([plain])


@contextmanager
def collector_paused() -> Iterator[None]:
    """No search for reference cycles while thousands of small objects are made, none of which is in one.

    It would take a third of the time. Of chunks that are handed out, whoever takes them may pause it for longer.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def opened(path: Path, options: InputOptions) -> Source:
    """Read a file as far as it takes to trust it as a whole; its rows are judged as they are read.

    Raises:
        InputError: the file, or what the options say of it, is refused.
    """
    try:
        _check_path(path)
        table = _open_table(path, _for_its_text(path, options))
        source = Source(path, table, options)
        if not source.options.failed_csv:
            _check_options(options)
            refuse_unread(path, table, options)
            refuse_other_currency(path, table, options)
    except OSError as error:
        raise _unreadable(path, error) from None
    return source


def _for_its_text(path: Path, options: InputOptions) -> InputOptions:
    """The options without those that say how a source's text is read, if the file shows without them that it is a
    failed.csv: with them it might look like something else.

    Raises:
        InputError: it shows to be another report.
    """
    if options.as_written() == options:
        return options
    if _is_workbook(path):
        from batch_credits.loader.workbook.sheets import workbook_headers  # here, for most files are none

        headers: Sequence[str] = workbook_headers(path, options.sheet)
    else:
        headers = csv_headers(path)
    refuse_other_reports(path, headers)
    return options.as_written() if is_failed_csv(headers) else options


def _open_table(path: Path, options: InputOptions) -> Table:
    if _is_workbook(path):
        from batch_credits.loader.workbook.table import ExcelTable  # here, for most files are none

        with private_copy(path) as copy:
            return ExcelTable(copy, options.sheet, HeaderMatcher(path, options))
    if options.sheet is not None:
        raise InputError(
            f"{path.name} has no sheets.", hint="--sheet is for Excel files.", remedies=[(("--sheet", LEFT_OUT),)]
        )
    if options.hidden_rows is not None:
        raise InputError(
            f"{path.name} has no hidden rows.",
            hint="--hidden-rows is for Excel files.",
            remedies=[(("--hidden-rows", LEFT_OUT),)],
        )
    return CsvTable(scan_csv(path, options))


def _unreadable(path: Path, error: OSError) -> InputError:
    return InputError(f"{path} cannot be read: {error.strerror or error}.", hint="Check its name and its permissions.")


def _is_workbook(path: Path) -> bool:
    return path.suffix.lower() in EXCEL_SUFFIXES


def _check_path(path: Path) -> None:
    if not path.name.isprintable() and any("\ud800" <= character <= "\udfff" for character in path.name):
        raise InputError(f"The name of {shown(path.name)} is no text.", hint="Rename the file.")
    if not path.exists():
        raise InputError(f"There is no file {path}.", hint="Check the name and the folder.")
    if not path.is_file():
        raise InputError(f"{path} is not a file.", hint="Name a CSV or Excel file.")
    suffix = path.suffix.lower()
    if suffix == GZIP_SUFFIX and path.with_suffix("").suffix.lower() in CSV_SUFFIXES:
        return
    if suffix not in (*CSV_SUFFIXES, *EXCEL_SUFFIXES):
        known = (*CSV_SUFFIXES, CSV_SUFFIXES[0] + GZIP_SUFFIX, *EXCEL_SUFFIXES)
        raise InputError(
            f"{path.name} has the suffix {shown(path.suffix)}, which is not known.",
            hint=f"Known are {', '.join(known)}: save it as one of them.",
        )


def _check_options(options: InputOptions) -> None:
    """Refuse defaults that no row could use, so that the fault is named once and not in every row."""
    for name, text in (("reference", options.reference), ("description", options.description)):
        if text is not None and not text.strip(EDGE_BLANKS):
            raise InputError(f"--{name} is blank.", hint="Give it a text, or leave it out.")
    (row,) = RowReader({}, options).read(Chunk([0], [()]))  # a row that has nothing but the options
    for problem in row.problems:
        if problem.code not in ("missing", "no_amount"):
            option = {"currency_code": "currency"}.get(problem.field, problem.field).replace("_", "-")
            open_value = (f"--{option}", option.upper())
            raise InputError(problem.message, hint=f"It was given as --{option}.", remedies=[(open_value,)])
    stated = [currency for currency, _ in options.currency_exponents]
    for currency in stated:
        if stated.count(currency) > 1:
            raise InputError(f"--currency-exponent is given twice for {currency}.", hint="Give it once.")
    for currency, digits in options.currency_exponents:
        documented = documented_exponent(currency)
        if documented is not None and documented != digits:
            raise InputError(
                f"--currency-exponent {currency}={digits} contradicts Chargebee, which documents {documented}.",
                hint="Leave it out.",
            )
        if isinstance(currency_code(currency), Problem) or not 0 <= digits <= MAX_EXPONENT:
            raise InputError(f"--currency-exponent {currency}={digits} cannot be right.", hint="For example CLP=0.")
