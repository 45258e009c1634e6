"""Which row of a glance holds the headers, and which column is which field: by names first, then by what is below."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from batch_credits.loader.columns import TITLE_ROWS, is_near
from batch_credits.loader.currency_marks import is_mark
from batch_credits.loader.money import AMOUNT_UNITS, currency_code, is_plain
from batch_credits.loader.suggestions.glance import Glance, first_rows
from batch_credits.loader.suggestions.names import CERTAIN, named
from batch_credits.loader.table import NumberedRow, Row
from batch_credits.loader.terms import read_credit_type
from batch_credits.loader.unread_currency import are_currencies
from batch_credits.loader.wording import EDGE_BLANKS
from batch_credits.loader.written import taken_apart
from batch_credits.model import AMOUNT_UNIT, RECOGNISED, Problem, bare

_ROWS_JUDGED = 50  # below the headers
_EXACT = 3  # the field's own name; then come certain and likely ones
_NEEDED = ("customer_id", "amount")
_FIELD_OF = {bare(name): name for name in RECOGNISED}


@dataclass(frozen=True, slots=True)
class Found:
    """A header row, and the columns that seem to be fields.

    `columns` are field -> place; `by_value` are the fields that only their values tell. `doubtful` are fields that
    several columns may be. `below` are rows below the headers.
    """

    row: int
    headers: Row
    columns: dict[str, int]
    below: tuple[NumberedRow, ...]
    by_value: frozenset[str] = frozenset()
    doubtful: dict[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """Whether somebody is credited something there."""
        return "customer_id" in self.columns and not self.columns.keys().isdisjoint(("amount", "amount_in_decimal"))

    def values(self, name: str) -> list[str]:
        """What stands below the header of a field, as far as it was looked at."""
        return _column(self.below, self.columns[name])


def find_headers(glance: Glance, stated_row: int | None, stated: dict[str, str]) -> Found | None:
    """The header row of a table: the one stated, or that of the first rows whose names say most. `stated` are fields
    with the headers that the options name. None where no row can be one."""
    rows = first_rows(glance, TITLE_ROWS + 1 + _ROWS_JUDGED)
    best: Found | None = None
    best_score = 0
    for index, (number, cells) in enumerate(rows[: TITLE_ROWS + 1]):
        if stated_row is not None and number != stated_row:
            continue
        below = tuple(rows[index + 1 : index + 1 + _ROWS_JUDGED])
        found = _by_names(number, cells, below, stated)
        names = found.columns.keys() | found.doubtful.keys()
        if stated_row is None and not names >= set(_NEEDED) and any(map(_is_amount, cells)):
            continue  # a row of values, in which a word such as Bonus may be a description
        score = sum(4 if name in _NEEDED else 1 for name in names)
        if score > best_score:
            best, best_score = found, score
    if best is None and stated_row is None:
        best = _by_shape(rows, stated)
    return None if best is None else _with_values(best)


def _by_names(number: int, headers: Row, below: tuple[NumberedRow, ...], stated: dict[str, str]) -> Found:
    """The columns of a row as their headers name them; of several that name one field the one that says it best."""
    candidates: dict[str, list[tuple[int, int]]] = {}
    for place, header in enumerate(headers):
        for name, sureness in _meanings(header, stated):
            if _may_hold(name, _column(below, place)):
                candidates.setdefault(name, []).append((sureness, place))
    columns: dict[str, int] = {}
    doubtful: dict[str, tuple[int, ...]] = {}
    for name, found in candidates.items():
        best = max(sureness for sureness, _ in found)
        places = tuple(place for sureness, place in found if sureness == best)
        if len(places) == 1:
            columns[name] = places[0]
        else:
            doubtful[name] = places
    if "amount_in_decimal" in columns and "amount" in columns and headers[columns["amount"]] not in stated.values():
        doubtful.pop("amount", None)
    return Found(number, headers, columns, below, doubtful=doubtful)


def _meanings(header: str, stated: dict[str, str]) -> list[tuple[str, int]]:
    """The fields that a header may be, and how surely; what the options say goes before all."""
    plain = bare(header)
    if not plain:
        return []
    said = [(name, _EXACT + 1) for name, wanted in stated.items() if wanted and bare(wanted) == plain]
    if said:
        return said
    if (own := _FIELD_OF.get(plain)) is not None:
        return [] if own in stated else [(own, _EXACT)]
    found = [(name, CERTAIN) for name in RECOGNISED if name not in stated and is_near(plain, name, matched=False)]
    if (by_name := named(header)) is not None and by_name[0] not in stated and not found:
        found = [by_name]
    return found


def _may_hold(name: str, values: Sequence[str]) -> bool:
    """Whether what stands below a header can be values of a field; of what is not there nothing is known."""
    if not values:
        return True
    if name in ("amount", "amount_in_decimal"):
        return any(map(_is_amount, values))
    if name == "currency_code":
        return not isinstance(currency_code(values[0]), Problem) or is_mark(values[0])
    if name == AMOUNT_UNIT:
        return values[0].casefold() in AMOUNT_UNITS
    if name == "credit_type":
        return not isinstance(read_credit_type(values[0]), Problem)
    return name != "customer_id" or not all(" " in value for value in values)  # those are people's names


def _by_shape(rows: Sequence[NumberedRow], stated: dict[str, str]) -> Found | None:
    """The first row of words above a row with an amount: headers in words that nobody here knows."""
    for index, (number, cells) in enumerate(rows[:-1]):
        below = tuple(rows[index + 1 : index + 1 + _ROWS_JUDGED])
        filled = [cell for cell in cells if cell.strip(EDGE_BLANKS)]
        if len(filled) > 1 and not any(map(_is_amount, filled)) and any(map(_is_amount, below[0][1])):
            return Found(number, cells, {}, below)
    return None


def _with_values(found: Found) -> Found:
    """The columns with those that only their values tell: that of currencies, the one of amounts, and the first of ids
    beside it."""
    free = [
        place
        for place in range(len(found.headers))
        if place not in found.columns.values() and found.headers[place].strip(EDGE_BLANKS)
    ]
    columns, doubtful, by_value = dict(found.columns), dict(found.doubtful), set()
    currencies = [place for place in free if are_currencies(set(_column(found.below, place)))]
    if "currency_code" not in columns and "currency_code" not in doubtful and currencies:
        if len(currencies) > 1:
            doubtful["currency_code"] = tuple(currencies)
        else:
            columns["currency_code"] = currencies[0]
            by_value.add("currency_code")
    has_amount = not columns.keys().isdisjoint(("amount", "amount_in_decimal")) or "amount" in doubtful
    ids = [place for place in free if _are_ids(_column(found.below, place))]
    if "customer_id" not in columns and "customer_id" not in doubtful and ids:
        columns["customer_id"] = ids[0]
        by_value.add("customer_id")
        free.remove(ids[0])
    amounts = [place for place in free if _are_amounts(_column(found.below, place))]
    if not has_amount and len(amounts) == 1:
        columns["amount"] = amounts[0]
        by_value.add("amount")
    elif not has_amount and amounts:
        doubtful["amount"] = tuple(amounts)
    return Found(found.row, found.headers, columns, found.below, frozenset(by_value), doubtful)


def _are_ids(values: Sequence[str]) -> bool:
    """Whether these can be ids: single words, each with a digit, hardly one twice, and no amounts."""
    words = [value for value in values if " " not in value and any(map(str.isdigit, value))]
    return (
        len(words) == len(values) > 0
        and len(set(values)) * 2 > len(values)
        and not any("." in value or "," in value for value in values)
        and not all(_is_amount(value) and len(value) < 3 for value in values)
    )


def _are_amounts(values: Sequence[str]) -> bool:
    return bool(values) and all(map(_is_amount, values))


def _is_amount(value: str) -> bool:
    if is_plain(value):
        return True
    parts = taken_apart(value)
    return parts is not None and all(map(is_mark, parts.marks))


def _column(rows: Sequence[NumberedRow], place: int) -> list[str]:
    texts = (cells[place].strip(EDGE_BLANKS) for _, cells in rows if place < len(cells))
    return [text for text in texts if text]


