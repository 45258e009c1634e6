"""START of stage 1: open a file, and hand out its rows in chunks."""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from batch_credits.errors import InputError
from batch_credits.formula import unescape_formula
from batch_credits.loader.columns import match_columns, own_columns, recognised_count
from batch_credits.loader.csv_scan import scan_csv
from batch_credits.loader.money import MAX_EXPONENT, currency_code, documented_digits
from batch_credits.loader.rows import RowReader
from batch_credits.loader.table import Chunk, CsvTable, Table
from batch_credits.loader.terms import read_credit_type
from batch_credits.loader.wording import EDGE_BLANKS, first_invisible, listed, shown
from batch_credits.model import LoadedRow, Problem
from batch_credits.settings import InputOptions

CHUNK_ROWS = 5_000
CSV_SUFFIXES = (".csv", ".tsv", ".tab", ".txt")
EXCEL_SUFFIXES = (".xlsx",)


class Source:
    """A source file that is accepted as a whole: its headers, and its rows one chunk after another.

    `headers` are the source's own, untouched and without the columns of our reports; `columns` says which of
    them is which field; `notes` is what a person should know about how the file was read.
    """

    def __init__(self, path: Path, table: Table, options: InputOptions) -> None:
        own = own_columns(table.headers)
        self._kept = [index for index in range(len(table.headers)) if index not in own]
        self._is_report = bool(own)
        self._table = table
        self._options = options
        self.path = path
        self.file_sha256 = table.file_sha256
        self.headers = _kept_headers(table.headers)
        self.columns = match_columns(self.headers, options)
        self.notes = table.notes
        if own:
            self.notes += (f"columns of an earlier report not carried: {listed(_names(table.headers, own))}",)

    def chunks(self, size: int = CHUNK_ROWS) -> Iterator[list[LoadedRow]]:
        """The rows, at most `size` at a time. Each call reads the file again from its start.

        Raises:
            InputError: the file is no longer the one that was opened.
        """
        reader = RowReader(self.columns, self._options)
        chunks = self._table.chunks(self._kept, size)
        while True:
            with _collector_paused():
                chunk = next(chunks, None)
                if chunk is None:
                    return
                rows = reader.read(_unescaped(chunk) if self._is_report else chunk)
            yield rows


@contextmanager
def _collector_paused() -> Iterator[None]:
    """No search for reference cycles while thousands of small objects are made, none of which is in one.

    It would take a third of the time. The pause ends before a chunk is handed out.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def open_source(path: Path, options: InputOptions) -> Source:
    """Read a file as far as it takes to trust it as a whole; its rows are judged as they are read.

    Raises:
        InputError: the file, or what the options say of it, is refused.
    """
    _check_options(options)
    _check_path(path)
    try:
        return Source(path, _open_table(path, options), options)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.", hint="Check its permissions.") from None


def _open_table(path: Path, options: InputOptions) -> Table:
    if options.sheet is not None:
        raise InputError(f"{path.name} has no sheets.", hint="--sheet is for Excel files.")

    def accept_headers(headers: Sequence[str]) -> Sequence[int]:
        match_columns(_kept_headers(headers), options)
        own = own_columns(headers)
        return [index for index in range(len(headers)) if index not in own]

    def count(headers: Sequence[str]) -> int:
        return recognised_count(headers, options)

    return CsvTable(scan_csv(path, options.encoding, options.delimiter, count, accept_headers))


def _kept_headers(headers: Sequence[str]) -> tuple[str, ...]:
    own = own_columns(headers)
    if not own:
        return tuple(headers)
    return tuple(unescape_formula(header) for index, header in enumerate(headers) if index not in own)


def _names(headers: Sequence[str], indexes: Sequence[int] | frozenset[int]) -> list[str]:
    return [headers[index] for index in sorted(indexes)]


def _unescaped(chunk: Chunk) -> Chunk:
    """Undo the reporter's guard against formulas. Only for a table that the reporter wrote."""
    rows = [tuple(map(unescape_formula, cells)) for cells in chunk.rows]
    return Chunk(chunk.numbers, rows, chunk.flaws)


def _check_path(path: Path) -> None:
    if not path.exists():
        raise InputError(f"There is no file {path}.", hint="Check the name and the folder.")
    if not path.is_file():
        raise InputError(f"{path} is not a file.", hint="Name a CSV or Excel file.")
    if path.suffix.lower() not in (*CSV_SUFFIXES, *EXCEL_SUFFIXES):
        raise InputError(
            f"{path.name} has the suffix {shown(path.suffix)}, which is not known.",
            hint=f"Known are {', '.join((*CSV_SUFFIXES, *EXCEL_SUFFIXES))}: save it as one of them.",
        )


def _check_options(options: InputOptions) -> None:
    """Refuse defaults that no row could use, so that the fault is named once and not in every row."""
    found: list[Problem] = []
    if options.currency is not None and isinstance(code := currency_code(options.currency), Problem):
        found.append(code)
    if options.credit_type is not None and isinstance(kind := read_credit_type(options.credit_type), Problem):
        found.append(kind)
    for problem in found:
        raise InputError(problem.message, hint=f"It was given as --{problem.field.removesuffix('_code')}.")
    for name, text in (("reference", options.reference), ("description", options.description)):
        if text is not None and (not text.strip(EDGE_BLANKS) or first_invisible(text) is not None):
            raise InputError(f"--{name} {shown(text)} is blank or holds an invisible character.", hint="Type it again.")
    for currency, digits in options.currency_exponents:
        documented = documented_digits(currency)
        if digits < 0 or digits > MAX_EXPONENT or documented not in (None, digits):
            raise InputError(
                f"--currency-exponent {currency}={digits} cannot be right: Chargebee documents "
                f"{'0 to 4' if documented is None else documented}.",
                hint="Leave it out, or correct it.",
            )
