"""Which character separates the columns of a CSV file: told by its header line, wherever that stands."""

import csv
import io
import re
from collections.abc import Iterator
from itertools import islice

from batch_credits.errors import InputError
from batch_credits.loader.columns import DELIMITERS, TITLE_ROWS, HeaderMatcher
from batch_credits.loader.wording import EDGE_BLANKS, shown

_DELIMITER_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}

_OPENING = re.compile(r'(?:^|[,;\t|])"')
_WITHIN_HEADERS = "_-.'\" \u00a0"
_LONGEST_HEADER = 10_000  # of more characters no line is one whose quotes close


def sniffed(sample: str, matcher: HeaderMatcher) -> str:
    """The delimiter of the header line: the only one in it, or the only one that yields the most fields."""
    header = _header_line(_whole_lines(io.StringIO(sample.removeprefix("\ufeff"), newline="")), matcher)
    present = [delimiter for delimiter in DELIMITERS if delimiter in header]
    if len(present) < 2:
        return present[0] if present else ","
    counts = {delimiter: matcher.recognised(split(header, delimiter)) for delimiter in present}
    best = max(counts.values())
    winners = [delimiter for delimiter, count in counts.items() if count == best]
    if len(winners) > 1:
        names = " and by ".join(_DELIMITER_NAMES[delimiter] for delimiter in winners)
        raise InputError(
            f"{matcher.path.name}: the header line {shown(header.strip())} can be split by {names}.",
            hint="Say which separates the columns with --delimiter:",
            remedies=[(("--delimiter", delimiter),) for delimiter in winners],
        )
    return winners[0]


def refuse_undivided(row: int, headers: list[str], delimiter: str, matcher: HeaderMatcher) -> None:
    """Refuse headers that stand in one cell, since another sign divides them than the one stated or found.

    Raises:
        InputError: they do, with the sign.
    """
    first, *others = headers
    if any(others):
        return
    for sign in dict.fromkeys((*DELIMITERS, *first)):
        may_divide = sign in DELIMITERS or (sign.isprintable() and not sign.isalnum() and sign not in _WITHIN_HEADERS)
        if may_divide and sign != delimiter and matcher.fits(split(first, sign)):
            raise InputError(
                f"{matcher.path.name}, row {row}: the headers are divided by {_name(sign)}, not by {_name(delimiter)}.",
                hint=f"The columns seem to be divided by {_name(sign)}; if they are, say so:",
                remedies=[(("--delimiter", sign),)],
            )


def _name(delimiter: str) -> str:
    return _DELIMITER_NAMES.get(delimiter, shown(delimiter))


def _whole_lines(lines: Iterator[str]) -> Iterator[str]:
    """The lines, with those in one that are of one row: a header in quotes may have a line break."""
    whole = ""
    for line in lines:
        whole += line
        if whole.count('"') % 2 == 0 or not _OPENING.search(whole) or len(whole) > _LONGEST_HEADER:
            yield whole
            whole = ""
    yield whole


def _header_line(lines: Iterator[str], matcher: HeaderMatcher) -> str:
    """The line that is stated; or the first that is filled, unless it is a title with the headers below it."""
    if matcher.options.header_row is not None:
        return next(islice(lines, matcher.options.header_row - 1, None), "")
    filled = (line for line in lines if line.strip(EDGE_BLANKS + ",;|"))
    first = next(filled, "")
    near = (line for line in (first, *islice(filled, TITLE_ROWS)) if _can_be_headers(line, matcher))
    return next(near, first)


def _can_be_headers(line: str, matcher: HeaderMatcher) -> bool:
    return any(matcher.fits(split(line, delimiter)) for delimiter in DELIMITERS if delimiter in line)


def split(line: str, delimiter: str) -> list[str]:
    """The cells of a line; none if it cannot be split."""
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []
