"""A column that says of each row on which side of the account it stands, and that nothing reads.

Ledgers and banks export amounts without a sign and the side beside them. All of them would be paid, those too that were
taken from the customer.
"""

from collections.abc import Mapping
from pathlib import Path

from batch_credits.errors import InputError
from batch_credits.loader.table import CHUNK_ROWS, Table
from batch_credits.loader.wording import EDGE_BLANKS, shown
from batch_credits.model.identity import folded

_WORDS = [
    {"debit", "credit"}, {"débit", "crédit"}, {"soll", "haben"}, {"debe", "haber"}, {"dare", "avere"},
    {"debet", "kredit"}, {"debet", "credit"}, {"débito", "crédito"}, {"winien", "ma"}, {"дебет", "кредит"},
    {"borç", "alacak"}, {"dr", "cr"}, {"dr.", "cr."}, {"dbit", "crdt"}, {"+", "-"}, {"wn", "ma"}, {"md", "d"},
    {"má dáti", "dal"}, {"tartozik", "követel"}, {"χρέωση", "πίστωση"}, {"χρεωση", "πιστωση"}, {"借方", "貸方"},
    {"借方", "贷方"}, {"借", "貸"}, {"借", "贷"}, {"차변", "대변"}, {"חובה", "זכות"}, {"مدين", "دائن"}, {"nợ", "có"},
    # What banks call them.
    {"deposit", "withdrawal"}, {"gutschrift", "lastschrift"}, {"af", "bij"}, {"cargo", "abono"},
    {"addebito", "accredito"}, {"uznanie", "obciążenie"}, {"приход", "расход"}, {"入金", "出金"}, {"입금", "출금"},
]  # fmt: skip
_LETTERS = [{"s", "h"}, {"d", "c"}, {"d", "h"}, {"d", "a"}, {"d", "k"}, {"b", "a"}]  # sides under such a header alone
_OF_HEADERS = {word for pair in _WORDS for word in pair if len(word) > 2} | {
    *("s/h", "d/c", "c/d", "d/h", "d/a", "d/k", "b/a", "dr/cr", "cr/dr", "drcr", "crdr", "shk"),
}
_MOST = 8  # spellings of two words in one column; more are no sides, and need not be folded


def refuse_both_sides(path: Path, table: Table, unread: Mapping[int, set[str]]) -> None:
    """Refuse a file of which a column that is no field says that some amounts were given, and some taken. `unread` are
    the texts of such columns, by their places.

    Raises:
        InputError: it does.
    """
    for column, texts in unread.items():
        sides, header = _sides(texts), table.matched.headers[column]
        named = any(word in folded(header) for word in _OF_HEADERS)
        if sides in _WORDS or (named and sides in _LETTERS):
            (row, one), (other_row, other) = _first_of_each(table, column, sides)
            raise InputError(
                f"{path.name}: nobody reads the column {shown(header)}, which says {shown(one)} in row {row} and "
                f"{shown(other)} in row {other_row}, so what was taken would be paid like what was given.",
                hint="Keep only the rows that are to be credited. If the column says something else, leave it out.",
            )


def _first_of_each(table: Table, column: int, sides: set[str]) -> list[tuple[int, str]]:
    """The first row of each side, and what it says, in the order of the file."""
    found: dict[str, tuple[int, str]] = {}
    for chunk in table.chunks(CHUNK_ROWS):
        for number, cells in zip(chunk.numbers, chunk.rows, strict=True):
            text = cells[column].strip(EDGE_BLANKS)
            if (side := folded(text)) in sides:
                found.setdefault(side, (number, text))
        if len(found) == len(sides):
            break
    return [*found.values()]


def may_be_sides(texts: set[str]) -> bool:
    """Whether a column of these, and perhaps of more below, may say sides."""
    return 0 < len(texts) <= _MOST and any(_sides(texts) <= pair for pair in _WORDS + _LETTERS)


def _sides(texts: set[str]) -> set[str]:
    return set(map(folded, texts))
