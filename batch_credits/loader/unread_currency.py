"""A column of currency codes that nothing reads.

A header in a language that nobody here knows would let --currency, or the site's own currency, pay 1,000 JPY as 1,000
EUR.
"""

from collections.abc import Mapping
from pathlib import Path

from batch_credits.errors import UnclearFile
from batch_credits.loader.money import currency_code
from batch_credits.loader.table import Table
from batch_credits.loader.wording import EDGE_BLANKS, shown
from batch_credits.model import in_one_line
from batch_credits.settings import InputOptions

WORDS = {"ALL", "TOP", "TRY", "CUP", "MOP"}  # codes too, but in a column that has no other code they are words


def are_currencies(texts: set[str]) -> bool:
    """Whether these can be nothing but currency codes, and there is one."""
    return bool(texts - WORDS) and all(text.isupper() and currency_code(text) == text for text in texts)


def reads_currency(table: Table, options: InputOptions) -> bool:
    """Whether a column is read for the currency, or was said to be none."""
    return "currency_code" in table.matched.columns or "currency_code" in dict(options.header_map)


def refuse_unread_currency(path: Path, table: Table, options: InputOptions, unread: Mapping[int, set[str]]) -> None:
    """Refuse a file of which a column that is no field says other currencies than its rows would be paid in. `unread`
    are the texts of such columns, by their places.

    Raises:
        UnclearFile: it does.
    """
    stated = (options.currency or "").strip(EDGE_BLANKS).upper()
    for column, texts in unread.items():
        if are_currencies(texts) and (others := sorted(texts - {stated})):
            header = table.matched.headers[column]
            raise UnclearFile(
                f"{path.name}: nobody reads the column {shown(header)}, which says {others[0]}, so its rows would be "
                f"paid in {stated or 'whatever the currency of the site is'}. If it is no currency, say --map "
                "currency_code= .",
                hint="If it is theirs, say so:",
                remedies=[(("--map", f"currency_code={in_one_line(header)}"),)],
            )
