"""Which column of a file is which field.

Headers match without regard to case, blanks, underscores and hyphens. A header that only comes near a field is
named and refused: ignoring `ammount` or `currency` would pay by defaults that nobody meant.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from batch_credits.errors import InputError
from batch_credits.formula import unescape_formula
from batch_credits.loader.wording import EDGE_BLANKS, listed, shown
from batch_credits.model import FIELDS, RESULT_COLUMNS
from batch_credits.settings import InputOptions

AMOUNT_UNIT = "amount_unit"  # a row's own unit; our failed.csv has it, to mean the same under any options
RECOGNISED = (*FIELDS, AMOUNT_UNIT)
TITLE_ROWS = 20  # how far below a title the header line is looked for

# Headers that people give these fields. Never taken as the field: named, so that the person decides.
_SYNONYMS = {
    "customer_id": {"customer", "cust", "custid", "clientid", "customerno", "customernr", "customernumber",
                    "customercode", "customerkey", "idcustomer"},
    "amount": {"amt", "amnt"},
    "amount_in_decimal": {"amountdecimal", "decimalamount", "amountindecimals"},
    "currency_code": {"currency", "curr", "cur", "ccy", "currencyiso", "isocurrency", "currencyid"},
    "description": {"desc", "descr", "descripton"},
    "credit_type": {"typeofcredit", "promotype"},
    "reference": {"ref", "refno", "refid"},
    "amount_unit": {"amountunits", "unitofamount"},
}  # fmt: skip
_SUFFIXES = {"s", "no", "nr", "num", "number", "id", "code", "key", "text", "value", "cents", "minor", "major",
             "usd", "eur", "gbp", "jpy", "2"}  # fmt: skip
_ORDINARY = {"preference", "preferences", "prescription"}  # near by spelling only


def bare(header: str) -> str:
    """A header as it is compared: no case, blanks, underscores or hyphens."""
    return re.sub(r"[\s_\-]+", "", header).casefold()


_FIELD_OF = {bare(field): field for field in RECOGNISED}


@dataclass(frozen=True, slots=True)
class MatchedHeaders:
    """A header line, understood.

    `kept` are the positions, in the file, of the columns that are the source's own; `headers` their headers and
    `columns` field -> place among them. `own` are the headers of our reports' columns, which are dropped.
    """

    headers: tuple[str, ...]
    kept: tuple[int, ...]
    columns: dict[str, int]
    own: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HeaderMatcher:
    """Finds and understands the header line of one file."""

    file_name: str
    options: InputOptions

    def recognised(self, headers: Sequence[str]) -> int:
        """How many headers are fields: the measure by which a header line and a delimiter are told."""
        mapped = {bare(header) for _, header in self.options.header_map}
        return sum(bare(header) in _FIELD_OF or bare(header) in mapped for header in headers if header)

    def match(self, headers: Sequence[str], following: Iterable[tuple[int, Sequence[str]]]) -> MatchedHeaders:
        """Understand the first line of the file that is not blank; `following` are the numbered ones after it.

        Raises:
            InputError: it is no header line of credits, or not an unambiguous one.
        """
        if not self.recognised(headers):
            self._refuse_title(following)
        kept = tuple(index for index, header in enumerate(headers) if header not in RESULT_COLUMNS)
        own = tuple(header for header in headers if header in RESULT_COLUMNS)
        names = tuple(headers[index] for index in kept)
        if own:
            names = tuple(map(unescape_formula, names))
        return MatchedHeaders(names, kept, match_columns(names, self.options), own)

    def _refuse_title(self, following: Iterable[tuple[int, Sequence[str]]]) -> None:
        for row, cells in islice(following, TITLE_ROWS):
            if self.recognised(cells) > 1:
                raise InputError(
                    f"{self.file_name}: the headers seem to be in row {row}, below a title.",
                    hint="Delete the lines above them.",
                )


def match_columns(headers: Sequence[str], options: InputOptions) -> dict[str, int]:
    """Field -> index of its column.

    Raises:
        InputError: a needed column is missing, a field has two columns, or a header is nearly a field.
    """
    columns = _mapped(headers, options)
    settled = {field for field, _ in options.header_map}
    taken = set(columns.values())
    for index, header in enumerate(headers):
        field = _FIELD_OF.get(bare(header))
        if field is None or field in settled or index in taken:
            continue
        if field in columns:
            raise InputError(
                f"Columns {shown(headers[columns[field]])} and {shown(header)} are both {field}.",
                hint=f"Rename or remove one, or say which is meant: --map {field}=HEADER.",
            )
        columns[field] = index
    _refuse_near(headers, columns, settled)
    _refuse_missing(headers, columns, options)
    return columns


def _mapped(headers: Sequence[str], options: InputOptions) -> dict[str, int]:
    columns: dict[str, int] = {}
    for field, wanted in options.header_map:
        if field not in RECOGNISED:
            raise InputError(f"--map names {shown(field)}, which is no field.", hint=f"Fields: {listed(RECOGNISED)}.")
        if not wanted:
            continue  # `--map reference=`: no column of this file is the reference
        exact = [i for i, header in enumerate(headers) if header.strip(EDGE_BLANKS) == wanted.strip(EDGE_BLANKS)]
        found = exact or [i for i, header in enumerate(headers) if bare(header) == bare(wanted)]
        if len(found) != 1:
            several = "more than one column" if found else "no column"
            raise InputError(
                f"--map {field}={wanted}: the file has {several} of that name.",
                hint=f"Its headers are {listed(list(headers))}.",
            )
        if found[0] in columns.values() or field in columns:
            raise InputError(f"--map {field}={wanted}: a field or column is mapped twice.", hint="Map each once.")
        columns[field] = found[0]
    return columns


def _refuse_missing(headers: Sequence[str], columns: dict[str, int], options: InputOptions) -> None:
    missing = []
    if "customer_id" not in columns:
        missing.append("customer_id")
    if "amount" not in columns and "amount_in_decimal" not in columns:
        missing.append("amount")
    if missing:
        raise InputError(
            f"No column {' and no column '.join(missing)}. The headers found are {listed(list(headers))}.",
            hint=f"The first line must hold the headers. Rename the column, or pass --map {missing[0]}=HEADER.",
        )
    for field, default in (("description", options.description), ("reference", options.reference)):
        if field not in columns and not default:
            raise InputError(
                f"No column {field}. The headers found are {listed(list(headers))}.",
                hint=f"Pass --{field} TEXT for all rows, or name the column: --map {field}=HEADER.",
            )


def _refuse_near(headers: Sequence[str], columns: dict[str, int], settled: set[str]) -> None:
    taken = set(columns.values())
    for index, header in enumerate(headers):
        if index in taken:
            continue
        for field in RECOGNISED:
            if field not in settled and _is_near(bare(header), field, matched=field in columns):
                raise InputError(
                    f"Column {shown(header)} comes near {field}, but is not it.",
                    hint=f"Rename it to {field} or to something else, or say which is meant: "
                    f"--map {field}=HEADER (--map {field}= if none is).",
                )


def _is_near(header: str, field: str, *, matched: bool) -> bool:
    """Whether a header may be a misspelt or differently named field.

    Once the field has its column only a misspelling counts: `customer` beside `customer_id` is a name.
    """
    target = bare(field)
    if not header or header in _ORDINARY or header in _FIELD_OF:
        return False
    misspelt = _distance(header, target) <= (1 if len(target) < 8 else 2)
    contained = header.startswith(target) or target.startswith(header)
    if matched:
        return misspelt and not contained
    suffixed = header.startswith(target) and header.removeprefix(target) in _SUFFIXES
    synonym = header in _SYNONYMS[field] or any(
        len(word) >= 8 and _distance(header, word) == 1 for word in _SYNONYMS[field]
    )
    return misspelt or suffixed or synonym


def _distance(left: str, right: str) -> int:
    """Edits between two words; swapping two neighbours is one edit."""
    if abs(len(left) - len(right)) > 2:
        return 3
    before: list[int] = []
    above = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        row = [i]
        for j, b in enumerate(right, 1):
            best = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                best = min(best, before[j - 2] + 1)
            row.append(best)
        before, above = above, row
    return above[-1]
