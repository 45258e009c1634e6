"""One pass over a CSV file before anything is believed: is it a table, whole, and the same to every reader?

The csv module reads strictly here, while pandas, which forgives, reads the rows later. Whatever the two
would read differently (an unclosed quote, text after a closing quote, ragged rows) is refused, so they agree.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from batch_credits.errors import InputError
from batch_credits.loader.columns import DELIMITERS, HeaderMatcher, MatchedHeaders
from batch_credits.loader.csv.delimiter import refuse_undivided, sniffed, split
from batch_credits.loader.csv.ragged import MAX_COLUMNS, quoted_as_one, refuse_ragged
from batch_credits.loader.csv.text import (
    MAX_LINE_CHARACTERS,
    MAX_RECORD_CHARACTERS,
    HashingReader,
    as_text,
    buffered,
    choose_encoding,
    encoding_of,
    not_a_text_line,
    open_text,
    undecodable,
)
from batch_credits.loader.reports import NOT_UTF_8_HINT, is_failed_csv, refuse_other_reports
from batch_credits.loader.wording import EDGE_BLANKS, is_blank, shown
from batch_credits.settings import DEFAULT_INPUT, InputOptions

_BLANKS_BEFORE_QUOTES = tuple(f'{blank}"' for blank in EDGE_BLANKS if blank not in "\r\n")
MAX_CELL_CHARACTERS = 131_072
_BLOCK_CHARACTERS = 65_536
_OTHER_QUOTES = {"'": "'", "`": "`", "\u2018": "\u2019", "\u201c": "\u201d", "\u201e": "\u201c", "\u00ab": "\u00bb"}
# What Excel reads as "these are the delimiters" and does not show: its row 1 is the line below.
_SEPARATOR_LINE = re.compile(r'\ufeff?"?sep=(?P<delimiter>[^"\r\n])"?[,;\t|]*[\r\n]*', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CsvShape:
    """What the scan found: enough to read the rows without looking again."""

    path: Path
    encoding: str
    delimiter: str
    width: int  # cells in a row
    matched: MatchedHeaders
    header_row: int  # the line a spreadsheet shows
    header_lines: int  # lines of text up to and with the header
    rows: int  # not counting blank ones
    blank_rows: int  # between rows, not after them
    last_row: tuple[int, tuple[str, ...]]
    file_sha256: str


def scan_csv(path: Path, options: InputOptions) -> CsvShape:
    """Read the whole file once and say what shape it has. A wrong header is named before a wrong row.

    Raises:
        InputError: this is no table of credits, or not a whole one.
    """
    matcher = HeaderMatcher(path, options)
    delimiter = options.delimiter
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n\0'):
        raise InputError(
            f"{shown(delimiter)} cannot be a delimiter.",
            hint="Give one character, e.g. --delimiter ';'.",
            remedies=[(("--delimiter", "CHAR"),)],
        )
    with HashingReader(path.open("rb", buffering=0)) as raw:  # one reading for all: what is judged is what is hashed
        table = buffered(path, raw)
        encoding = encoding_of(path, table.peek(8)[:8], options.encoding)
        try:
            text = as_text(table, encoding)
            stated, start = separator_line(text.read(_BLOCK_CHARACTERS))
            delimiter = delimiter or stated or sniffed(start, matcher)
            records = _Records(text, path, delimiter, start=start, lines_before=int(stated is not None))
            return _scan(path, raw, encoding, delimiter, records, matcher)
        except UnicodeDecodeError:
            headers = csv_headers(path)
            refuse_other_reports(path, headers)
            error = undecodable(path, encoding)
            if is_failed_csv(headers):
                error.hint = NOT_UTF_8_HINT
            raise error from None


def csv_headers(path: Path) -> list[str]:
    """The header line as the file itself tells how to read it, split where it has most columns that are known; empty
    if it cannot be told."""
    try:
        encoding = choose_encoding(path, None)
        with open_text(path, encoding, errors="replace") as text:
            _, sample = separator_line(text.read(_BLOCK_CHARACTERS))
        matcher = HeaderMatcher(path, DEFAULT_INPUT)
        records = [_first_of(sample.removeprefix("\ufeff"), delimiter) for delimiter in DELIMITERS]
    except (InputError, csv.Error):
        return []
    return max(records, key=matcher.recognised)


def _first_of(sample: str, delimiter: str) -> list[str]:
    return next((cells for cells in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter) if any(cells)), [])


def separator_line(sample: str) -> tuple[str | None, str]:
    """The delimiter that a first line `sep=;` states, if there is one; and what follows it."""
    found = _SEPARATOR_LINE.match(sample.split("\n", 1)[0].split("\r", 1)[0])
    if found is None:
        return None, sample
    return found["delimiter"], sample[found.end() :].removeprefix("\r").removeprefix("\n")


def _scan(
    path: Path, raw: HashingReader, encoding: str, delimiter: str, records: "_Records", matcher: HeaderMatcher
) -> CsvShape:
    header_row, headers = _header_record(records, path, matcher.options.header_row)
    headers[0] = headers[0].removeprefix("\ufeff")  # a byte order mark, where the stated encoding keeps it
    header_lines = records.line
    refuse_undivided(header_row, headers, delimiter, matcher)
    if matcher.is_one_cell(headers):
        raise quoted_as_one(path, f"row {header_row}")
    _refuse_blank_before_quote(path, header_row, records, headers)
    matched = matcher.match(headers, enumerate(records, header_row + 1))
    width, rows, blank_rows, blanks_since, last = len(headers), 0, 0, 0, (header_row, headers)
    row, first = header_row, matched.kept[0]
    if first == 0:
        records.pass_over(width)
    for cells in records:
        if records.may_have_blanks:
            _refuse_blank_before_quote(path, row + records.passed + 1, records, cells)
        if records.passed:
            row += records.passed
            rows += records.passed
            blank_rows += blanks_since
            records.passed = blanks_since = 0
        row += 1
        if records.is_quoted and _is_one_text(cells, delimiter):
            raise quoted_as_one(path, f"row {row}")
        if len(cells) != width:
            refuse_ragged(path, row, records.line, cells, headers, delimiter)
        is_filled = len(cells) > first and cells[first].strip(EDGE_BLANKS)  # nearly always, and quickest
        if not is_filled and (is_blank(cells) or is_blank([cells[index] for index in matched.kept])):
            blanks_since += 1
            continue
        rows += 1
        blank_rows += blanks_since
        blanks_since = 0
        last = (row, cells)
    _refuse_end(path, rows, last)
    return CsvShape(
        path=path,
        encoding=encoding,
        delimiter=delimiter,
        width=width,
        matched=matched,
        header_row=header_row,
        header_lines=header_lines,
        rows=rows,
        blank_rows=blank_rows,
        last_row=(last[0], tuple(last[1][index] for index in matched.kept)),
        file_sha256=raw.hexdigest(),
    )


def _refuse_end(path: Path, rows: int, last: tuple[int, list[str]]) -> None:
    """Refuse what shows at the end of a file: there are no rows, or the last one is in quotes of another kind."""
    if not rows:
        raise InputError(f"{path.name} has headers but no rows.", hint="Check the export.")
    if quote := _quote_around(last[1]):
        raise quoted_as_one(path, f"row {last[0]}", quote)


class _Records:
    """The csv module's records, with its complaints turned into ours and a bound on each record.

    `start` was read from the text already. `passed` counts those that were passed over just before the last one, if the
    caller wants that.
    """

    def __init__(
        self, text: io.TextIOBase, path: Path, delimiter: str, *, start: str = "", lines_before: int = 0
    ) -> None:
        self._path = path
        self._read_already = start
        self._size = 0
        self._before = lines_before
        self._start = 1
        self._delimiter = delimiter
        self._width: int | None = None
        self._raw = ""  # the last line, where there are quotes
        self.passed = 0
        self.is_quoted = False  # whether there are quotes near the last record,
        self.may_have_blanks = False  # and blanks before some of them
        self._reader = csv.reader(self._lines(text), delimiter=delimiter, strict=True)

    @property
    def line(self) -> int:
        """Lines of text read so far."""
        return self._before + self._reader.line_num

    def pass_over(self, width: int) -> None:
        """From now on count whole rows of so many cells, the first of them filled, where they come in numbers."""
        self._width = width

    def _lines(self, text: io.TextIOBase) -> Iterator[str]:
        """The lines with their ends, none too long and none with a NUL."""
        while block := self._read_already or text.read(_BLOCK_CHARACTERS):
            self._read_already = ""
            block += text.readline(MAX_LINE_CHARACTERS)
            lines = io.StringIO(block, newline="")
            is_plain = not self._size and '"' not in block and "\0" not in block
            self.is_quoted = '"' in block
            if is_plain and len(block) < MAX_CELL_CHARACTERS:
                yield from self._passing_over(list(lines))  # each is a record, and none is too long
            else:
                self.may_have_blanks = any(map(block.__contains__, _BLANKS_BEFORE_QUOTES))
                yield from map(self._checked, lines)

    def _passing_over(self, lines: list[str]) -> list[str]:
        """Of lines that are all whole rows, the last one alone: a third of the time that reading them would take."""
        if self._width is None or {line.count(self._delimiter) for line in lines} != {self._width - 1}:
            return lines
        if {line[0] for line in lines} & {*EDGE_BLANKS, self._delimiter}:
            return lines  # one may be blank
        self.passed += len(lines) - 1
        self._before += len(lines) - 1
        return lines[-1:]

    def has_blank_before_quote(self, cell: str) -> bool:
        """Whether a cell of the last record begins so in the file: there the quote opens nothing."""
        start = cell[: len(cell) - len(cell.lstrip(EDGE_BLANKS)) + 1]
        return start[-1:] == '"' != start and (self._raw.startswith(start) or self._delimiter + start in self._raw)

    def _checked(self, line: str) -> str:
        self._raw = line
        self._size += len(line)
        if self._size > MAX_RECORD_CHARACTERS:
            raise self._unclosed()
        if "\0" in line or len(line) >= MAX_LINE_CHARACTERS:
            raise not_a_text_line(self._path, self.line + 1, line)
        return line

    def _unclosed(self) -> InputError:
        return InputError(
            f'{self._path.name}, line {self._start}: a quote (") is opened there and not closed where the cell ends, '
            "so the rows after it would be swallowed.",
            hint="Close it, or write it twice if it belongs to the text.",
        )

    def __iter__(self) -> Iterator[list[str]]:
        limit = csv.field_size_limit(MAX_CELL_CHARACTERS)
        try:
            self._start, self._size = self.line + 1, 0
            for record in self._reader:
                yield record
                self._start, self._size = self._before + self._reader.line_num + 1, 0
        except csv.Error as error:
            raise self._translated(str(error)) from None
        finally:
            csv.field_size_limit(limit)

    def _translated(self, reason: str) -> InputError:
        name, line = self._path.name, self.line
        if "field larger" in reason and line == self._start:
            return InputError(
                f"{name}, line {line}: a cell longer than {MAX_CELL_CHARACTERS:,} characters.", hint="Shorten it."
            )
        if "unexpected end" in reason or "field larger" in reason:
            return self._unclosed()
        if "expected after" in reason:
            opened = "" if line == self._start else f" in the row that begins in line {self._start}"
            return InputError(
                f'{name}, line {line}: text follows a closing quote ("){opened}.',
                hint='A quote may be missing before it; inside a quoted cell a quote is written twice ("").',
            )
        return InputError(f"{name}, line {line}: {reason}.", hint="Check the line.")


def _header_record(records: _Records, path: Path, stated: int | None) -> tuple[int, list[str]]:
    """The record that is stated, or the first that is not blank. Each is a row, as a spreadsheet counts."""
    row = 0
    for row, cells in enumerate(records, 1):
        if row == stated or (stated is None and not is_blank(cells)):
            if len(cells) > MAX_COLUMNS:
                raise InputError(f"{path.name} has more than {MAX_COLUMNS:,} columns.", hint="Check the export.")
            return row, cells or [""]
    if stated is not None:
        said = f"{path.name} ends with row {row}: there is no row {stated}."
        raise InputError(said, hint="Correct --header-row.", remedies=[(("--header-row", "N"),)])
    raise InputError(f"{path.name} holds nothing but blank lines.", hint="Check the export.")


def _refuse_blank_before_quote(path: Path, row: int, records: _Records, cells: list[str]) -> None:
    for cell in cells:
        if records.has_blank_before_quote(cell):
            raise InputError(
                f'{path.name}, row {row}: a blank before the quote (") in {shown(cell)}, so the quotes are part of the '
                "text, and a delimiter within them divides it.",
                hint="Export it without blanks after the delimiters, or take them out before quotes.",
            )


def _is_one_text(cells: list[str], delimiter: str) -> bool:
    """Whether a row is one cell in which all its cells are, with nothing behind it."""
    text = next(iter(cells), "")
    return delimiter in text and not any(cells[1:]) and len(split(text, delimiter)) >= max(3, len(cells))


def _quote_around(cells: Sequence[str]) -> str:
    """The sign with which a whole row is in quotes that are none in a CSV file; empty if it is in none."""
    first, last = cells[0].strip(EDGE_BLANKS), cells[-1].strip(EDGE_BLANKS)
    closing = _OTHER_QUOTES.get(first[:1], "")
    is_around = closing and len(cells) > 1 and closing not in first[1:] and last.endswith(closing) and last != closing
    return first[0] if is_around else ""
