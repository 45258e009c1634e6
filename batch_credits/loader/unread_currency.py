"""A column of currency codes that nothing reads, beside an option that says in which currency all rows are.

A header in a language that nobody here knows would let --currency pay 1,000 JPY as 1,000 EUR.
"""

from pathlib import Path

from batch_credits.errors import InputError
from batch_credits.loader.money import currency_code
from batch_credits.loader.table import CHUNK_ROWS, Table
from batch_credits.loader.wording import EDGE_BLANKS, shown
from batch_credits.model import in_one_line
from batch_credits.settings import InputOptions

_WORDS = {"ALL", "TOP", "TRY", "CUP", "MOP"}  # codes too, but in a column that has no other code they are words


def are_currencies(texts: set[str]) -> bool:
    """Whether these can be nothing but currency codes, and there is one."""
    return bool(texts - _WORDS) and all(text.isupper() and currency_code(text) == text for text in texts)


def refuse_unread_currency(path: Path, table: Table, options: InputOptions) -> None:
    """Refuse a file of which a column that is no field says other currencies than --currency.

    Raises:
        InputError: it does.
    """
    stated = (options.currency or "").strip(EDGE_BLANKS).upper()
    if not stated or "currency_code" in table.matched.columns or "currency_code" in dict(options.header_map):
        return
    fields = table.matched.columns.values()
    seen: dict[int, set[str]] = {column: set() for column in range(len(table.matched.headers)) if column not in fields}
    for chunk in table.chunks(CHUNK_ROWS):
        for column, texts in list(seen.items()):
            texts |= {text for cells in chunk.rows if (text := cells[column].strip(EDGE_BLANKS))}
            if texts and not are_currencies(texts | {stated}):
                del seen[column]
        if not seen:
            return
    for column, texts in seen.items():
        if are_currencies(texts) and (others := sorted(texts - {stated})):
            header = table.matched.headers[column]
            raise InputError(
                f"{path.name}: the column {shown(header)} says {others[0]}, and --currency {stated}: nobody reads that "
                "column, so its rows would be paid in another currency.",
                hint="Say whether it is the currency of the rows, or of something else:",
                remedies=[(("--map", f"currency_code={in_one_line(header)}"),), (("--map", "currency_code="),)],
            )
