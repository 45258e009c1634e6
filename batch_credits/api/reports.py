"""The reports that a run wrote, read back row by row."""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batch_credits.errors import InputError
from batch_credits.model import RESULT_COLUMNS
from batch_credits.text.formula import unescape_formula

_OWN = len(RESULT_COLUMNS)


@dataclass(frozen=True, slots=True)
class ReportedRow:
    """A row of results.csv. `cells` are the source's own, by their headers; what is not known is an empty text."""

    row: int
    outcome: str
    credit_id: str
    reference: str
    error_code: str
    error: str
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Report:
    """The reports of a batch. `summary` is the content of summary.json."""

    directory: Path
    summary: Mapping[str, Any]

    def rows(self) -> Iterator[ReportedRow]:
        """Every row of the file in its order, one in memory at a time.

        Raises:
            InputError: results.csv is not there, or is not one of ours.
        """
        path = self.directory / "results.csv"
        try:
            with path.open(encoding="utf-8", newline="") as stream:
                lines = csv.reader(stream)
                headers = tuple(map(unescape_formula, next(lines, ())))
                if headers[-_OWN:] != tuple(RESULT_COLUMNS):
                    raise InputError(f"{path} is no results.csv: its last columns are not those of a report.")
                for line in lines:
                    yield _reported(headers[:-_OWN], line)
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise InputError(f"{path} cannot be read: {error}.") from None


def read_report(directory: str | Path) -> Report:
    """The reports that a run wrote to this directory (`RunResult.reports`).

    Raises:
        InputError: there are none.
    """
    path = Path(directory) / "summary.json"
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {error}.") from None
    return Report(Path(directory), summary)


def _reported(headers: tuple[str, ...], line: list[str]) -> ReportedRow:
    own, ours = line[:-_OWN], dict(zip(RESULT_COLUMNS, map(unescape_formula, line[-_OWN:]), strict=True))
    return ReportedRow(
        row=int(ours["credit_row"]),
        outcome=ours["credit_outcome"],
        credit_id=ours["credit_id"],
        reference=ours["credit_reference"],
        error_code=ours["credit_error_code"],
        error=ours["credit_error"],
        cells=dict(zip(headers, map(unescape_formula, own), strict=True)),
    )
