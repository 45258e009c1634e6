"""The two tables: every row with what became of it, and the rows that a person can mend.

Both are plain UTF-8 without a byte order mark, lines ending in a line feed. Excel would like the mark, but a
script that reads UTF-8 would find it glued to the first header, and lose the customer ids; people have
summary.html, and Excel's own import asks for the encoding.
"""

import csv
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TextIO

from batch_credits.formula import escape_formula
from batch_credits.model import RESULT_COLUMNS, BatchRecord, CallKind, ReportRow

# A field that an option of the first run filled in, and the name of that option: failed.csv carries the
# value in its cells, so that it needs none of the options.
_FIELD_OPTIONS = (
    ("currency_code", "currency"),
    ("description", "description"),
    ("credit_type", "credit_type"),
    ("amount_unit", "amount_unit"),
    ("reference", "reference"),
)

RowWriter = Callable[[ReportRow], None]


def results_writer(stream: TextIO, batch: BatchRecord) -> RowWriter:
    """Write the header of results.csv; the function returned writes a row of it."""
    write = _csv_writer(stream)
    write((*batch.headers, *RESULT_COLUMNS))
    width = len(batch.headers)

    def write_row(row: ReportRow) -> None:
        write((*fit(row.cells, width), *result_cells(row, batch.kind)))

    return write_row


def failed_writer(stream: TextIO, batch: BatchRecord) -> RowWriter:
    """Write the header of failed.csv; the function returned writes a row of it.

    Without any row the file holds its header alone, so that a script always finds it. That of a reversal is no file
    to pay: it has the source's own cells, and `reverse --rows` finds its rows by their numbers.
    """
    if batch.kind is CallKind.DEDUCT:
        return results_writer(stream, batch)
    write = _csv_writer(stream)
    columns = failed_columns(batch)
    write((*columns.headers, *RESULT_COLUMNS))

    def write_row(row: ReportRow) -> None:
        write((*columns.cells(row), *result_cells(row, batch.kind)))

    return write_row


def result_cells(row: ReportRow, kind: CallKind) -> tuple[str, ...]:
    """Our columns of a row, in the order of `RESULT_COLUMNS`."""
    return (
        str(row.row_number),
        kind.name_of(row.outcome),
        row.credit_id or "",
        row.reference or "",
        row.error_code or "",
        row.error_param or "",
        row.error or "",
        "" if row.http_status is None else str(row.http_status),
        str(row.attempts),
        row.closing_balance or "",
        row.finished_at or "",
    )


@dataclass(frozen=True, slots=True)
class FailedColumns:
    """How failed.csv differs from its source: fields under their own names, and defaults in their cells."""

    headers: tuple[str, ...]
    source_width: int
    reference: int
    defaults: tuple[tuple[int, str], ...]  # (index of the column, text for its empty cells)

    def cells(self, row: ReportRow) -> list[str]:
        """The source's cells of a row, with everything in them that its credit depends on."""
        cells = fit(row.cells, self.source_width)
        cells += [""] * (len(self.headers) - self.source_width)
        for index, text in self.defaults:
            if not cells[index].strip():
                cells[index] = text
        if row.reference is not None:  # as it counted: trimmed, perhaps numbered
            cells[self.reference] = row.reference
        return cells


def failed_columns(batch: BatchRecord) -> FailedColumns:
    """Lay out failed.csv so that it can be run without the options of its source.

    A reference column is there in any case: it is the identity, and the place to mend a missing one.
    """
    options: dict[str, Any] = json.loads(batch.options_json)
    columns = dict(batch.columns)
    headers = _renamed(batch, {field for field, _ in options.get("header_map", ())})
    defaults = []
    for field, option in _FIELD_OPTIONS:
        text = options.get(option)
        if field not in columns and (text is not None or field == "reference"):
            columns[field] = len(headers)
            headers.append(field)
        if text is not None:
            defaults.append((columns[field], str(text)))
    return FailedColumns(tuple(headers), len(batch.headers), columns["reference"], tuple(defaults))


def _renamed(batch: BatchRecord, mapped: set[str]) -> list[str]:
    """Headers under which the file reads the same without --map.

    The option also said of the other columns that they are no fields, however near their names come.
    """
    headers = list(batch.headers)
    if not mapped:
        return headers
    fields = {index: field for field, index in batch.columns.items()}
    for index, header in enumerate(headers):
        if index not in fields:
            headers[index] = f"source: {header}"
        elif fields[index] in mapped:
            headers[index] = fields[index]
    return headers


def fit(cells: tuple[str, ...], width: int) -> list[str]:
    """As many cells as there are headers. A ragged row keeps all its text, and shifts no column of ours."""
    if len(cells) <= width:
        return [*cells, *[""] * (width - len(cells))]
    return [*cells[: width - 1], ",".join(cells[width - 1 :])] if width else []


class _LineFeedEnds:
    """Ends lines with a line feed, although csv thinks they end with CR LF.

    Told the truth, csv of Python 3.11 leaves a carriage return inside a cell unquoted, and the row falls in two.
    """

    def __init__(self, stream: TextIO) -> None:
        self._write = stream.write

    def write(self, line: str) -> int:
        """Pass one line on."""
        return self._write(line[:-2] + "\n")


def _csv_writer(stream: TextIO) -> Callable[[Iterable[str]], None]:
    """A function that writes one escaped line."""
    writerow = csv.writer(_LineFeedEnds(stream), lineterminator="\r\n").writerow

    def write(cells: Iterable[str]) -> None:
        writerow([escape_formula(cell) for cell in cells])

    return write
