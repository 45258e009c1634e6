"""What the columns say that no field is read from, where the rows must not be paid without it."""

from pathlib import Path

from batch_credits.loader.table import CHUNK_ROWS, Table
from batch_credits.loader.unread_currency import are_currencies, reads_currency, refuse_unread_currency
from batch_credits.loader.unread_sides import may_be_sides, refuse_both_sides
from batch_credits.loader.wording import EDGE_BLANKS
from batch_credits.settings import InputOptions


def refuse_unread(path: Path, table: Table, options: InputOptions) -> None:
    """Refuse a file of which a column that is no field says other currencies, or both sides of an account.

    The file is read for it as far as there is such a column: of nearly every file not beyond its first rows.

    Raises:
        UnclearFile: it says other currencies than its rows would be paid in.
        InputError: it says that some amounts were given, and some taken.
    """
    has_currency, fields = reads_currency(table, options), table.matched.columns.values()
    seen: dict[int, set[str]] = {column: set() for column in range(len(table.matched.headers)) if column not in fields}
    for chunk in table.chunks(CHUNK_ROWS) if seen else ():
        for column, texts in list(seen.items()):
            texts |= {text for cells in chunk.rows if (text := cells[column].strip(EDGE_BLANKS))}
            if not may_be_sides(texts) and (has_currency or not are_currencies(texts)):
                del seen[column]
        if not seen:
            return
    if not has_currency:
        refuse_unread_currency(path, table, options, seen)
    refuse_both_sides(path, table, seen)
