"""Rows of a sheet that nobody sees: hidden by hand, or by a filter that somebody forgot.

Whether they are meant only a person can say. Until somebody does, a sheet that has some is refused with their sum.
"""

from collections.abc import Sequence
from pathlib import Path

from batch_credits.errors import InputError
from batch_credits.loader.rows import RowReader
from batch_credits.loader.table import CHUNK_ROWS, Table
from batch_credits.model import ControlTotal
from batch_credits.model.amounts import totals_in_words
from batch_credits.model.loaded import add_rows
from batch_credits.settings import InputOptions

RANGES_SHOWN = 10


def hidden_notes(path: Path, table: Table, options: InputOptions) -> tuple[str, ...]:
    """What a person should know of the hidden rows that are paid, or left out.

    Raises:
        InputError: there are some, and nobody has said what is meant.
    """
    if not table.hidden_rows:
        return ()
    where, what = _rows(table.hidden_rows), _sum(table, options)
    is_one = len(table.hidden_rows) == 1
    if options.hidden_rows == "pay":
        return (f"{where}, hidden in the sheet, {'is' if is_one else 'are'} read like the others: {what}",)
    if options.hidden_rows == "skip":
        return (f"{where}, hidden in the sheet, {'is' if is_one else 'are'} left out: {what}",)
    message = f"{path.name}: {where} {'is' if is_one else 'are'} hidden or filtered out, with {what}."
    if options.failed_csv:
        raise InputError(message, hint="Show the rows that are meant, and delete the others.")
    raise InputError(
        message,
        hint="Show or delete them; or say what is meant with --hidden-rows: pay reads them like the others, skip "
        "leaves them out.",
        remedies=[(("--hidden-rows", "pay"),), (("--hidden-rows", "skip"),)],
    )


def _sum(table: Table, options: InputOptions) -> str:
    """What the amounts of the hidden rows come to, by currency."""
    reader = RowReader(table.matched.columns, options)
    totals: dict[str, ControlTotal] = {}
    unread = 0
    for chunk in table.hidden_chunks(CHUNK_ROWS):
        rows = reader.read(chunk)
        add_rows(totals, rows)
        unread += sum(row.money is None for row in rows.rejected)
    words = totals_in_words(totals, dict(options.currency_exponents))
    if unread:
        words.append(f"{'1 amount' if unread == 1 else f'{unread:,} amounts'} that cannot be read")
    return " and ".join(words)


def _rows(numbers: Sequence[int]) -> str:
    """`row 3`, `rows 3, 5 to 9 and 12`."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    words = [str(first) if first == last else f"{first} to {last}" for first, last in ranges[:RANGES_SHOWN]]
    if (more := len(ranges) - RANGES_SHOWN) > 0:
        words.append(f"{more:,} more")
    listed = " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]
    return f"row {listed}" if len(numbers) == 1 else f"rows {listed}"
