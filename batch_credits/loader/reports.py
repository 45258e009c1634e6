"""Our own tables among the files that are given to be paid.

failed.csv is made for that. It says of itself all that its rows mean: fields under their own names, amounts as plain
numbers, their unit in a column, defaults in the cells, every cell guarded against formulas. So no option that says how
to read a source goes for it, wherever the option comes from. All our other tables are refused: results.csv has the
source's cells without the options that they were read with, and would pay 13.00 as 0.13.

A table is ours if it has at least three of the columns that we add, however their headers are spelt; it is a failed.csv
if `credit_batch` is one of them. So a column of a person's own that is named like one of ours stays what it is.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from batch_credits.errors import InputError
from batch_credits.loader.wording import EDGE_BLANKS
from batch_credits.model import BATCH_COLUMN, RESULT_COLUMNS, Mended, bare
from batch_credits.settings import DEFAULT_INPUT, InputOptions
from batch_credits.text.formula import unescape_formula

MIN_OWN_COLUMNS = 3
AS_IT_SAYS = InputOptions(failed_csv=True)
NOT_UTF_8_HINT = "Save it as UTF-8: in Excel as CSV UTF-8. --encoding is not for a failed.csv."

_OWN = {bare(name) for name in (*RESULT_COLUMNS, BATCH_COLUMN)}
_BATCH, _ROW = bare(BATCH_COLUMN), bare("credit_row")
_KEY = re.compile(r"[0-9a-f]{64}")
_ROW_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_FLAGS = {"header_map": "map", "currency_exponents": "currency-exponent"}  # where the option has another name
_SHOWN = 4  # of our columns, in a refusal
_DIRECTORY = re.compile(r".*-([0-9a-f]{8})")  # of a batch's reports


def is_own(header: str) -> bool:
    """Whether a header is that of a column that we add."""
    return bare(header) in _OWN


def own_columns(headers: Sequence[str]) -> tuple[int, ...]:
    """The places of the columns that we added; none if the table is not ours."""
    own = tuple(index for index, header in enumerate(headers) if is_own(header))
    return own if len({bare(headers[index]) for index in own}) >= MIN_OWN_COLUMNS else ()


def is_failed_csv(headers: Sequence[str]) -> bool:
    """Whether these are the headers of a failed.csv, or of rejected.csv, which is one before a run."""
    return any(bare(headers[index]) == _BATCH for index in own_columns(headers))


def mended_columns(headers: Sequence[str]) -> tuple[int, ...]:
    """Where a failed.csv says which batch and which row each row mends; nowhere, if a person took one of them out, or
    gave the file two of one."""
    found = [[index for index, header in enumerate(headers) if bare(header) == name] for name in (_BATCH, _ROW)]
    return tuple(places[0] for places in found) if all(len(places) == 1 for places in found) else ()


def mended_by(beside: Sequence[str]) -> Mended | None:
    """The row that a row says that it mends, by its cells of those columns; None where they do not say it: of a row
    that a person added, or changed there."""
    key, row = (unescape_formula(text).strip(EDGE_BLANKS) for text in beside)
    if not _KEY.fullmatch(key.lower()) or not _ROW_NUMBER.fullmatch(row):
        return None
    return Mended(key.lower(), int(row))


def unsaid_note(rows: Sequence[int], more: int) -> str:
    """What to say of rows that do not say which row they mend: the first of them by number, and how many `more`."""
    if len(rows) + more == 1:
        return (
            f"row {rows[0]} does not say which row it mends ({BATCH_COLUMN} and credit_row), so it belongs to no "
            "payout: it is paid for itself"
        )
    named = ", ".join(map(str, rows)) + (f" and {more:,} more" if more else "")
    return (
        f"{len(rows) + more:,} rows do not say which row they mend ({BATCH_COLUMN} and credit_row), so they belong to "
        f"no payout: they are paid for themselves (rows {named})"
    )


def refuse_other_reports(path: Path, headers: Sequence[str]) -> None:
    """Refuse a table of ours that is no failed.csv.

    Raises:
        InputError: it is one, with the way to the file that can be run.
    """
    own = own_columns(headers)
    if not own or is_failed_csv(headers):
        return
    names = ", ".join(headers[index] for index in own[:_SHOWN])
    raise InputError(
        f"{path.name} is a report, or was made of one (it has the columns {names}, ...), and no file to pay: it does "
        "not say how its amounts are meant.",
        hint=_way_on(path),
    )


def _way_on(path: Path) -> str:
    failed = path.with_name("failed.csv")
    if path.name != failed.name and failed.is_file():
        return f"To pay what is left, mend {failed} and run that. If this is no report, rename these columns."
    found = _DIRECTORY.fullmatch(path.resolve().parent.name)
    batch = found[1] if found else "BATCH"
    listed = "" if found else " (batch-credits status lists the batches)"
    again = f"batch-credits report {batch}{listed}"
    if path.name == failed.name:
        return (
            f"An earlier version wrote it, or a reversal, whose failed.csv is for reverse --rows. Of a payout write it "
            f"again with {again}, and mend that: it has a column {BATCH_COLUMN}, which has to stay."
        )
    return (
        f"To pay what is left, mend the batch's failed.csv, which {again} writes, and run that. "
        "If this is no report, rename these columns."
    )


def not_applied(options: InputOptions) -> list[str]:
    """The options that say how to read a source and were set, though they do not go for this one; as they are typed."""
    chosen = (name for name, value in vars(options).items() if value != getattr(DEFAULT_INPUT, name))
    return [f"--{_FLAGS.get(name, name).replace('_', '-')}" for name in chosen]
