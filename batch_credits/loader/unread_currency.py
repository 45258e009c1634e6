"""A column of currency codes that nothing reads.

A header in a language that nobody here knows would let --currency, or the site's own currency, pay 1,000 JPY as 1,000
EUR.
"""

from pathlib import Path

from batch_credits.errors import UnclearFile
from batch_credits.loader.money import currency_code
from batch_credits.loader.table import Table
from batch_credits.loader.unread_columns import texts_of_unread
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
    for column, texts in texts_of_unread(table, are_currencies).items():
        if others := sorted(texts - {stated}):
            header = table.matched.headers[column]
            raise UnclearFile(
                f"{path.name}: nobody reads the column {shown(header)}, which says {others[0]}, so its rows would be "
                f"paid in {stated or 'whatever the currency of the site is'}. If it is no currency, say --map "
                "currency_code= .",
                hint="If it is theirs, say so:",
                remedies=[(("--map", f"currency_code={in_one_line(header)}"),)],
            )
