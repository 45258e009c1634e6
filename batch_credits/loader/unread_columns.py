"""What the columns say that no field is read from."""

from collections.abc import Callable

from batch_credits.loader.table import CHUNK_ROWS, Table
from batch_credits.loader.wording import EDGE_BLANKS


def texts_of_unread(table: Table, may_be: Callable[[set[str]], bool]) -> dict[int, set[str]]:
    """The texts of each unread column of which all `may_be` what is looked for, by its place; blank ones left out.

    The file is read for it as far as there is such a column: of nearly every file not beyond its first rows.
    """
    fields = table.matched.columns.values()
    seen: dict[int, set[str]] = {column: set() for column in range(len(table.matched.headers)) if column not in fields}
    for chunk in table.chunks(CHUNK_ROWS) if seen else ():
        for column, texts in list(seen.items()):
            texts |= {text for cells in chunk.rows if (text := cells[column].strip(EDGE_BLANKS))}
            if not may_be(texts):
                del seen[column]
        if not seen:
            break
    return seen
