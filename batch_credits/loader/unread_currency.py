"""A column of currency codes that nothing reads.

A header in a language that nobody here knows would let --currency, or the site's own currency, pay 1,000 JPY as 1,000
EUR.
"""

from pathlib import Path

from batch_credits.errors import UnclearFile
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
    """Refuse a file of which a column that is no field says other currencies than its rows would be paid in.

    Raises:
        UnclearFile: it does.
    """
    if "currency_code" in table.matched.columns or "currency_code" in dict(options.header_map):
        return
    stated = (options.currency or "").strip(EDGE_BLANKS).upper()
    fields = table.matched.columns.values()
    seen: dict[int, set[str]] = {column: set() for column in range(len(table.matched.headers)) if column not in fields}
    for chunk in table.chunks(CHUNK_ROWS) if seen else ():
        for column, texts in list(seen.items()):
            texts |= {text for cells in chunk.rows if (text := cells[column].strip(EDGE_BLANKS))}
            if not are_currencies(texts):
                del seen[column]
        if not seen:
            return  # with the first rows, of nearly every file
    for column, texts in seen.items():
        if others := sorted(texts - {stated}):
            header = table.matched.headers[column]
            raise UnclearFile(
                f"{path.name}: nobody reads the column {shown(header)}, which says {others[0]}, so its rows would be "
                f"paid in {stated or 'whatever the currency of the site is'}. If it is no currency, say --map "
                "currency_code= .",
                hint="If it is theirs, say so:",
                remedies=[(("--map", f"currency_code={in_one_line(header)}"),)],
            )
