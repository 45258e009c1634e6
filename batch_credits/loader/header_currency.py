"""The currency that the header of the amounts names: `Amount (USD)`.

Reports convert amounts, and keep the customer's own currency in a column beside them. Read as that, 12.50 USD would be
paid as 12.50 EUR.
"""

from collections.abc import Iterator
from pathlib import Path

from batch_credits.errors import InputError, UnclearFile
from batch_credits.loader.currency_marks import agrees
from batch_credits.loader.money import currency_code
from batch_credits.loader.table import CHUNK_ROWS, Table
from batch_credits.loader.unread_currency import WORDS
from batch_credits.loader.wording import EDGE_BLANKS, shown
from batch_credits.model import bare
from batch_credits.settings import InputOptions


def refuse_other_currency(path: Path, table: Table, options: InputOptions) -> None:
    """Refuse a file whose amounts have a header that names another currency than a row would be paid in. The file is
    read for it only if there is such a header, and a column of currencies.

    Raises:
        InputError: it does.
        UnclearFile: no row would name a currency.
    """
    for field in ("amount", "amount_in_decimal"):
        place = table.matched.columns.get(field)
        if place is None or bare(header := table.matched.headers[place]) == bare(field):
            continue
        mark = _named(header)
        for row, currency in _paid_in(table, options) if mark else ():
            if not currency:
                raise UnclearFile(
                    f"{path.name}: the header {shown(header)} says {mark}, and row {row} names no currency, so it would"
                    " be paid in whatever the currency of the site is.",
                    hint="If it is theirs, say so:",
                    remedies=[(("--currency", mark if isinstance(currency_code(mark), str) else "CURRENCY"),)],
                )
            if not isinstance(currency_code(currency), str) or agrees((mark, currency), currency):
                continue  # of what is no currency its row says so; and with `$` and CAD it is that dollar
            raise InputError(
                f"{path.name}: the header {shown(header)} says {mark}, and row {row} would be paid in {currency}.",
                hint="Name the column that is in the currency of its row with --map, or correct the currency; if the "
                "header is wrong, rename it in the file.",
            )


def _named(header: str) -> str:
    """The currency in a header; "" for none, or a code that is more likely a word."""
    from batch_credits.loader.suggestions.names import currency_named  # here, for hardly any file has such a header

    mark = currency_named(header) or ""
    is_word = mark in WORDS or (mark.isalpha() and not isinstance(currency_code(mark), str))
    return "" if is_word else mark.upper()


def _paid_in(table: Table, options: InputOptions) -> Iterator[tuple[int, str]]:
    """Each currency that rows would be paid in, with the first of these rows; "" if none of the rows can name one."""
    stated = (options.currency or "").strip(EDGE_BLANKS).upper()
    place, customer = (table.matched.columns.get(field) for field in ("currency_code", "customer_id"))
    assert customer is not None, "a file without it is refused"
    seen = set() if place is None else {""}
    for chunk in table.chunks(CHUNK_ROWS):
        for number, cells in zip(chunk.numbers, chunk.rows, strict=True):
            currency = stated if place is None else cells[place].strip(EDGE_BLANKS).upper() or stated
            if currency not in seen and cells[customer].strip(EDGE_BLANKS):  # else it is a total, perhaps
                seen.add(currency)
                yield number, currency
        if place is None:
            return
