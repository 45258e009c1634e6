"""The two tables: every row with what became of it, and the rows that a person can mend.

Both are UTF-8, lines ending in a line feed. results.csv has no byte order mark, since a script that reads UTF-8 would
find it glued to the first header; failed.csv, which people open in Excel, has one.

failed.csv is a file to pay, and needs no option, whatever its source needed: fields stand under their own names,
amounts are plain numbers beside their unit, and what options filled in is in the cells. The loader knows it by its
column `credit_batch`.
"""

import csv
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

from batch_credits.model import (
    AMOUNT_UNIT,
    BATCH_COLUMN,
    RECOGNISED,
    RESULT_COLUMNS,
    BatchRecord,
    CallKind,
    Outcome,
    ReportRow,
    bare,
)
from batch_credits.model.currencies import documented_exponent, exponent_of
from batch_credits.reporter.amounts import balances_of, stated_exponents
from batch_credits.text.formula import MAY_BE_ESCAPED, escape_formula

# A field that an option of the first run filled in, and the name of that option.
_FIELD_OPTIONS = (
    ("currency_code", "currency"),
    ("description", "description"),
    ("credit_type", "credit_type"),
    (AMOUNT_UNIT, "amount_unit"),
    ("reference", "reference"),
)
_ALWAYS = ("currency_code", AMOUNT_UNIT, "reference")  # columns to mend, or that say what the others mean
_AMOUNTS = ("amount", "amount_in_decimal")
_AT_ERROR = RESULT_COLUMNS.index("credit_error")
_NUMBER = re.compile(r"\s*[0-9]+(?:\.[0-9]+)?\s*")
# Where the amount is refused, but not for how it is written: to write it otherwise would pay what is none to pay.
_WELL_WRITTEN = {"amount_not_positive", "looks_like_total", "currency_contradicts"}
BYTE_ORDER_MARK = "\ufeff"
_MAY_BE_ESCAPED = re.compile(f",{MAY_BE_ESCAPED}")  # in a line that begins with a comma, too
_NOT_THEIRS = {bare(name) for name in (*RECOGNISED, *RESULT_COLUMNS, BATCH_COLUMN)}

RowWriter = Callable[[ReportRow], None]


def results_writer(stream: TextIO, batch: BatchRecord) -> RowWriter:
    """Write the header of results.csv; the function returned writes a row of it."""
    write = csv_writer(stream)
    write((*batch.headers, *RESULT_COLUMNS))
    width, kind, balance = len(batch.headers), batch.kind, balances_of(batch)

    def write_row(row: ReportRow) -> None:
        write((*fit(row.cells, width), *result_cells(row, kind, balance(row))))

    return write_row


def failed_writer(stream: TextIO, batch: BatchRecord) -> RowWriter:
    """Write the header of failed.csv; the function returned writes a row of it.

    Without any row the file holds its header alone, so that a script always finds it. That of a reversal is no file
    to pay: it has the source's own cells, and `reverse --rows` finds its rows by their numbers.
    """
    stream.write(BYTE_ORDER_MARK)
    if batch.kind is CallKind.DEDUCT:
        return results_writer(stream, batch)
    write = csv_writer(stream)
    columns = failed_columns(batch)
    write((*columns.headers, *RESULT_COLUMNS, BATCH_COLUMN))
    balance = balances_of(batch)

    def write_row(row: ReportRow) -> None:
        write(columns.line(row, batch, balance(row)))

    return write_row


def result_cells(row: ReportRow, kind: CallKind, balance: str) -> tuple[str, ...]:
    """Our columns of a row, in the order of `RESULT_COLUMNS`; its closing `balance` in the unit of its amount."""
    number, _, outcome, reference, _, _, credit_id, code, param, error, status, attempts, _, finished_at, *_ = row
    return (
        str(number),
        kind.name_of(outcome),
        credit_id or "",
        reference or "",
        code or "",
        param or "",
        error or "",
        "" if status is None else str(status),
        str(attempts),
        balance,
        finished_at or "",
    )


@dataclass(frozen=True, slots=True)
class FailedColumns:
    """How failed.csv differs from its source: fields under their own names, and in their cells all that a row means.

    `columns` are the places of the fields, `defaults` texts for their empty cells, `stated` the decimals of currencies
    for which Chargebee documents none. `has_locale`: the source writes amounts in a language's way.
    """

    headers: tuple[str, ...]
    source_width: int
    columns: Mapping[str, int]
    defaults: Mapping[str, str]
    stated: Mapping[str, int]
    has_locale: bool

    def line(self, row: ReportRow, batch: BatchRecord, balance: str) -> list[str]:
        """All cells of a row: the source's, our own with its closing `balance`, and its batch."""
        cells, ours = self.cells(row), [*result_cells(row, batch.kind, balance)]
        ours[_AT_ERROR] += self.how_to_mend(row, cells)
        return [*cells, *ours, batch.key]

    def cells(self, row: ReportRow) -> list[str]:
        """The source's cells of a row, with everything in them that its credit depends on."""
        cells = [*fit(row.cells, self.source_width)]
        cells += [""] * (len(self.headers) - self.source_width)
        for field, text in self.defaults.items():
            if not cells[self.columns[field]].strip():
                cells[self.columns[field]] = text
        for field, text in self._doubted(row, cells) if row.restated is None else row.restated:
            cells[self.columns[field]] = text
        self._write_unit(row, cells)
        self._write_amount(row, cells)
        if row.reference is not None:  # as it counted: trimmed, perhaps numbered; "" if it must not count
            cells[self.columns["reference"]] = row.reference
        return cells

    def _doubted(self, row: ReportRow, cells: list[str]) -> list[tuple[str, str]]:
        """The amounts that version 0.1 could not read and did not restate: here they would be read as other numbers."""
        if not self.has_locale or row.money is not None:
            return []
        texts = [(field, cells[self.columns[field]]) for field in _AMOUNTS if field in self.columns]
        return [(field, f"? {text}") for field, text in texts if _NUMBER.fullmatch(text)]

    def _write_unit(self, row: ReportRow, cells: list[str]) -> None:
        """Major units of a currency whose decimals are not documented say how many it has."""
        at = self.columns[AMOUNT_UNIT]
        currency = self._currency(cells)
        is_undocumented = documented_exponent(currency) is None
        if cells[at].strip().casefold() == "major" and is_undocumented and currency in self.stated:
            cells[at] = f"major:{self.stated[currency]}"

    def _write_amount(self, row: ReportRow, cells: list[str]) -> None:
        """An amount that was read, as a plain number; what could not be read stays as it was written."""
        if row.money is None:
            return
        if row.money.amount_in_decimal is not None:
            cells[self.columns["amount_in_decimal"]] = row.money.amount_in_decimal
        elif row.money.amount_minor is not None:
            unit, _, digits = cells[self.columns[AMOUNT_UNIT]].strip().casefold().partition(":")
            known = exponent_of(self._currency(cells), {})
            exponent = (int(digits or 0) if known is None else known) if unit == "major" else 0
            whole, decimals = divmod(row.money.amount_minor, 10**exponent)
            text = f"{whole}.{decimals:0{exponent}d}" if exponent else str(whole)
            cells[self.columns["amount"]] = text

    def _currency(self, cells: list[str]) -> str:
        """What the row will be paid in: what it was read in stands in its cell, or was filled in from the option."""
        return cells[self.columns["currency_code"]].strip().upper()

    def how_to_mend(self, row: ReportRow, cells: list[str]) -> str:
        """What to add to the reasons of a row: they may speak of the source and its options, and none goes for this."""
        said = ""
        if row.outcome is Outcome.REJECTED and row.money is None and row.error_code not in _WELL_WRITTEN:
            is_minor = cells[self.columns[AMOUNT_UNIT]].strip().casefold() == "minor"
            how = "digits alone, in minor units (cents)" if is_minor else "digits, and a dot before decimals (1234.50)"
            said = f" In this file write the amount with {how}."
        return said + (" No option goes for this file: mend its cells." if " --" in (row.error or "") else "")


def failed_columns(batch: BatchRecord) -> FailedColumns:
    """Lay out failed.csv so that it can be run without the options of its source."""
    options: dict[str, Any] = json.loads(batch.options_json)
    columns = dict(batch.columns)
    headers = _renamed(batch)
    defaults = {} if options.get("failed_csv") else {AMOUNT_UNIT: "minor"}
    for field, option in _FIELD_OPTIONS:
        text = options.get(option)
        if field not in columns and (text is not None or field in _ALWAYS):
            columns[field] = len(headers)
            headers.append(field)
        if text is not None:
            defaults[field] = str(text)
    stated, has_locale = stated_exponents(batch), "locale" in options
    return FailedColumns(tuple(headers), len(batch.headers), columns, defaults, stated, has_locale)


def _renamed(batch: BatchRecord) -> list[str]:
    """The source's headers: the fields by their own names, and no other column by the name of one, or of ours."""
    fields = {index: field for field, index in batch.columns.items()}
    return [
        fields.get(index) or (f"source: {header}" if bare(header) in _NOT_THEIRS else header)
        for index, header in enumerate(batch.headers)
    ]


def fit(cells: tuple[str, ...], width: int) -> Sequence[str]:
    """As many cells as there are headers. A ragged row keeps all its text, and shifts no column of ours."""
    if len(cells) == width:
        return cells
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


def csv_writer(stream: TextIO) -> Callable[[Sequence[str]], None]:
    """A function that writes one escaped line."""
    write_text, may_be_escaped = stream.write, _MAY_BE_ESCAPED.search
    writerow = csv.writer(_LineFeedEnds(stream), lineterminator="\r\n").writerow

    def write(cells: Sequence[str]) -> None:
        line = ",".join(cells)
        # Most lines need neither quotes nor anything escaped, which is asked of all their cells at once.
        if (
            line.count(",") == len(cells) - 1 > 0
            and '"' not in line
            and "\n" not in line
            and "\r" not in line
            and not may_be_escaped(f",{line}")
        ):
            write_text(f"{line}\n")
        else:
            writerow([escape_formula(cell) for cell in cells])

    return write
