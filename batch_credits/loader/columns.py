"""Which column of a file is which field.

Headers match without regard to case, blanks, underscores and hyphens. A header that only comes near a field is
named and refused: ignoring `ammount` or `currency` would pay by defaults that nobody meant.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from batch_credits.errors import InputError, UnclearFile
from batch_credits.loader.reports import (
    AS_IT_SAYS,
    is_failed_csv,
    is_own,
    mended_columns,
    own_columns,
    refuse_other_reports,
)
from batch_credits.loader.wording import EDGE_BLANKS, is_blank, listed, shown
from batch_credits.model import AMOUNT_UNIT, RECOGNISED, bare, in_one_line
from batch_credits.settings import InputOptions
from batch_credits.text.formula import unescape_formula

DELIMITERS = (",", ";", "\t", "|")
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
_ORDINARY = {"preference", "preferences", "prescription", "amountnet"}  # near by spelling only


_FIELD_OF = {bare(field): field for field in RECOGNISED}


@dataclass(frozen=True, slots=True)
class MatchedHeaders:
    """A header line, understood.

    `kept` are the positions, in the file, of the columns that are the source's own; `headers` their headers and
    `columns` field -> place among them. `own` are the headers of the columns that we added to a failed.csv, which are
    dropped; empty for any other file. `beside` are the positions of those of them that say which batch and which row a
    row mends, if both are there.
    """

    headers: tuple[str, ...]
    kept: tuple[int, ...]
    columns: dict[str, int]
    own: tuple[str, ...]
    beside: tuple[int, ...] = ()

    @property
    def is_failed_csv(self) -> bool:
        """Whether the file says itself how it is read."""
        return bool(self.own)


@dataclass(frozen=True, slots=True)
class HeaderMatcher:
    """Finds and understands the header line of one file."""

    path: Path
    options: InputOptions

    def recognised(self, headers: Sequence[str]) -> int:
        """How many headers are fields or our own: the measure by which a header line and a delimiter are told."""
        mapped = {bare(header) for _, header in self.options.header_map}
        known = _FIELD_OF.keys() | mapped
        return sum(bare(header) in known or is_own(header) for header in headers if header)

    def match(self, headers: Sequence[str], following: Iterable[tuple[int, Sequence[str]]]) -> MatchedHeaders:
        """Understand the header line: the one stated, or the first that is not blank; `following` are those after it,
        numbered.

        Raises:
            InputError: it is no header line of credits, or not an unambiguous one.
        """
        refuse_other_reports(self.path, headers)
        if is_failed_csv(headers):
            return self._match_failed_csv(headers)
        if not self.fits(headers):
            self._refuse_title(headers, following)
        return MatchedHeaders(tuple(headers), tuple(range(len(headers))), match_columns(headers, self.options), ())

    def _match_failed_csv(self, headers: Sequence[str]) -> MatchedHeaders:
        own = own_columns(headers)
        kept = tuple(index for index in range(len(headers)) if index not in own)
        names = tuple(unescape_formula(headers[index]) for index in kept)
        columns = match_columns(names, AS_IT_SAYS)
        return MatchedHeaders(names, kept, columns, tuple(headers[index] for index in own), mended_columns(headers))

    def fits(self, headers: Sequence[str]) -> bool:
        """Whether somebody is credited something there: no other line of a file has the headers of both."""
        known = _FIELD_OF | {bare(header): field for field, header in self.options.header_map}
        found = {known.get(bare(header)) for header in headers if header}
        return "customer_id" in found and not found.isdisjoint(("amount", "amount_in_decimal"))

    def is_one_cell(self, headers: Sequence[str]) -> bool:
        """Whether a whole header line stands in its first cell, with nothing behind it."""
        filled = [header for header in headers if header.strip(EDGE_BLANKS)]
        return len(filled) == 1 and any(self.fits(filled[0].split(delimiter)) for delimiter in DELIMITERS)

    def _refuse_title(self, headers: Sequence[str], following: Iterable[tuple[int, Sequence[str]]]) -> None:
        is_known = self.recognised(headers) > 0
        for row, cells in islice(following, TITLE_ROWS):
            if self.fits(cells) or (not is_known and self.recognised(cells) > 1):
                raise UnclearFile(
                    f"{self.path.name}: the headers seem to be in row {row}, below a title.",
                    hint="If they are, say so:",
                    remedies=[(("--header-row", str(row)),)],
                )
        if is_blank(headers):
            raise UnclearFile(
                f"{self.path.name}: row {self.options.header_row} is blank, and no row of headers.",
                hint="Give the number that a spreadsheet shows beside them.",
            )


def is_header_again(cells: Sequence[str], headers: Sequence[str]) -> bool:
    """Whether a row below the headers is a header line itself: exports put one table below another."""
    known = _FIELD_OF.keys() | {bare(header) for header in headers}
    found = {name for cell in cells if cell and (name := bare(cell)) in known}
    return len(found) > 1


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
            which = "" if options.failed_csv else f", or say which is meant: --map {field}=HEADER"
            raise UnclearFile(
                f"Columns {shown(headers[columns[field]])} and {shown(header)} are both {field}.",
                hint=f"Rename or remove one{which}.",
            )
        columns[field] = index
    if options.failed_csv:
        _refuse_lost(headers, columns)
    else:
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
        if not found:
            raise InputError(
                f"--map {field}={wanted}: the file has no column of that name.",
                hint=f"Its headers are {listed(list(headers))}.",
            )
        if len(found) > 1:
            raise InputError(
                f"{len(found)} columns are called {shown(headers[found[0]])}, so by that name nobody can say which is"
                f" the {field}.",
                hint="Give each a header of its own in the file.",
            )
        if found[0] in columns.values() or field in columns:
            raise InputError(f"--map {field}={wanted}: a field or column is mapped twice.", hint="Map each once.")
        columns[field] = found[0]
    return columns


def _refuse_lost(headers: Sequence[str], columns: dict[str, int]) -> None:
    """Refuse a failed.csv without a column that it was written with: an option must not stand for it."""
    amounts = ("amount", "amount_in_decimal")
    lost = [field for field in ("customer_id", "description", "reference", AMOUNT_UNIT) if field not in columns]
    if not any(field in columns for field in amounts):
        lost.append(" or ".join(amounts))
    if lost:
        raise InputError(
            f"This failed.csv has lost its column {' and its column '.join(lost)}. The headers found are "
            f"{listed(list(headers))}.",
            hint="Put it back, or write the file again with batch-credits report BATCH: mend cells, and leave the "
            "headers as they are.",
        )


def _refuse_missing(headers: Sequence[str], columns: dict[str, int], options: InputOptions) -> None:
    missing = []
    if "customer_id" not in columns:
        missing.append("customer_id")
    if "amount" not in columns and "amount_in_decimal" not in columns:
        missing.append("amount")
    if missing:
        raise UnclearFile(
            f"No column {' and no column '.join(missing)}. The headers found are {listed(list(headers))}.",
            hint=f"Rename the column, or pass --map {missing[0]}=HEADER; if titles stand above the headers, "
            "pass --header-row N.",
        )
    for field, default in (("description", options.description), ("reference", options.reference)):
        if field not in columns and not default:
            raise UnclearFile(
                f"No column {field}. The headers found are {listed(list(headers))}.",
                hint=f"Pass --{field} TEXT for all rows, or name the column: --map {field}=HEADER.",
            )


def _refuse_near(headers: Sequence[str], columns: dict[str, int], settled: set[str]) -> None:
    taken = set(columns.values())
    for index, header in enumerate(headers):
        if index in taken:
            continue
        for field in RECOGNISED:
            if field not in settled and is_near(bare(header), field, matched=field in columns):
                meant = [header, headers[columns[field]]] if field in columns else [header]
                meant += [""] if field not in columns and field != "customer_id" else []
                raise UnclearFile(
                    f"Column {shown(header)} comes near {field}, but is not it.",
                    hint=f"Rename it to {field} or to something else, or say which is meant: "
                    f"--map {field}=HEADER (--map {field}= if none is).",
                    remedies=[(("--map", f"{field}={in_one_line(name)}"),) for name in meant],
                )


def is_near(header: str, field: str, *, matched: bool) -> bool:
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
