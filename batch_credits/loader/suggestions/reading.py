"""START: all that a file needs to be read, found at once, so that a person is not refused six times."""

import codecs
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from batch_credits.errors import InputError, Suggestion
from batch_credits.loader.csv.text import checked_encoding, choose_encoding, open_bytes, undecodable
from batch_credits.loader.money import currency_code
from batch_credits.loader.number_format import number_format
from batch_credits.loader.suggestions.encodings import Candidate, candidates
from batch_credits.loader.suggestions.glance import Glance, first_rows, glances
from batch_credits.loader.suggestions.headers import Found, find_headers
from batch_credits.loader.suggestions.numbers import number_suggestions
from batch_credits.loader.wording import listed, shown
from batch_credits.loader.workbook.kinds import EXCEL_KINDS
from batch_credits.model import Problem, bare, in_one_line
from batch_credits.settings import InputOptions

EXAMPLES = 2  # values that are shown of a column
_BLOCK_BYTES = 262_144
_MEANINGS = {
    "customer_id": "the customer id",
    "amount": "the amount",
    "amount_in_decimal": "the amount in decimal",
    "currency_code": "the currency",
    "description": "the description",
    "credit_type": "the credit type",
    "reference": "the reference",
    "amount_unit": "the unit of the amounts",
}


def suggest(path: Path, options: InputOptions) -> tuple[Suggestion, ...]:
    """The options that a file seems to need beside those that are given, in the order in which a reader meets what they
    are for. Empty where none would help: the file is no table of credits, or cannot be opened."""
    try:
        encoding, tables = tables_of(path, options)
        said = [] if encoding is None else [encoding]
        return (*said, *_of_tables(tables, options))
    except (InputError, OSError, UnicodeError):
        return ()


def tables_of(path: Path, options: InputOptions) -> tuple[Suggestion | None, list[tuple[Glance, Found]]]:
    """The encoding that the file seems to need, if another than is stated, and its tables that have headers.

    Raises:
        InputError, OSError, UnicodeError: it cannot be looked at.
    """
    encoding = _encoding(path, options)
    stated = encoding.value if encoding is not None else options.encoding
    found = [
        (glance, headers)
        for glance in glances(path, options, stated)
        if (headers := find_headers(glance, options.header_row, dict(options.header_map))) is not None
    ]
    return encoding, found


def _of_tables(tables: list[tuple[Glance, Found]], options: InputOptions) -> Iterator[Suggestion]:
    complete = [(glance, found) for glance, found in tables if found.is_complete]
    if len(complete) > 1 and len({found.headers for _, found in complete}) > 1:
        names = listed([glance.sheet or "" for glance, _ in complete])
        yield Suggestion("--sheet", "SHEET", f"several sheets may be meant: {names}", is_open=True)
        return
    if len(complete) > 1:
        names = listed([glance.sheet or "" for glance, _ in complete])
        yield Suggestion("--sheet", "SHEET", f"several sheets have the same columns: {names}", is_open=True)
    for glance, found in complete[:1] or tables[:1]:
        yield from _of_table(glance, found, options)


def _of_table(glance: Glance, found: Found, options: InputOptions) -> Iterator[Suggestion]:
    first = first_rows(glance, 1)
    if options.header_row is None and first and found.row != first[0][0]:
        said = f"the headers seem to stand in row {found.row}: {listed(found.headers, 6)}"
        yield Suggestion("--header-row", str(found.row), said)
    yield from _mapping(found, options)
    if found.is_complete:
        yield from number_suggestions(glance, found, options)
    if "reference" not in found.columns and not options.reference:
        said = "no column is the reference; a name for this payout, the same each time the file is run"
        yield Suggestion("--reference", "REFERENCE", said, is_open=True)
    if "description" not in found.columns and not options.description:
        said = "no column is the description; what customers read beside the credit"
        yield Suggestion("--description", "DESCRIPTION", said, is_open=True)


def _mapping(found: Found, options: InputOptions) -> Iterator[Suggestion]:
    stated = {name for name, _ in options.header_map}
    for name, meaning in _MEANINGS.items():
        if name in stated:
            continue
        if name in found.doubtful:
            headers = [found.headers[place] for place in found.doubtful[name]]
            said = f"{listed(headers)} may each be {meaning}"
            if len({bare(header) for header in headers}) < len(headers):
                said += "; where two have one name, give each a header of its own in the file"
            yield Suggestion("--map", f"{name}=HEADER", said, is_open=True)
        elif name in found.columns:
            header = found.headers[found.columns[name]]
            if bare(header) != bare(name):
                yield Suggestion("--map", f"{name}={in_one_line(header)}", _why(found, name, meaning))
        elif name == "customer_id" or (name == "amount" and "amount_in_decimal" not in found.columns):
            said = f"no column seems to be {meaning}; the headers are {listed(found.headers)}"
            yield Suggestion("--map", f"{name}=HEADER", said, is_open=True)


def _why(found: Found, name: str, meaning: str) -> str:
    header = shown(found.headers[found.columns[name]])
    examples = listed(list(dict.fromkeys(found.values(name)))[:EXAMPLES])
    by = "by what stands in it, " if name in found.by_value else ""
    said = f"column {header} seems to be {meaning}"
    return f"{said}: {by}{examples}" if examples else said


def _encoding(path: Path, options: InputOptions) -> Suggestion | None:
    """The likeliest encoding of a text that cannot be read in the one that is stated, or in UTF-8.

    Raises:
        InputError: there is no likely one, or the file is no text.
    """
    if path.suffix.lower() in EXCEL_KINDS:
        return None
    encoding = choose_encoding(path, options.encoding)
    if _is_readable(path, encoding):
        return None
    found = candidates(path)
    if not found:
        raise undecodable(path, encoding)
    likeliest, *others = found
    said = f"read so ({likeliest.used_for}) the file says {listed(likeliest.words)}"
    if others:
        said += f"; {', '.join(map(_reading, others))}"
    return Suggestion("--encoding", likeliest.encoding, said)


def _reading(candidate: Candidate) -> str:
    return f"in {candidate.encoding} ({candidate.used_for}) {listed(candidate.words)}"


def _is_readable(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    with open_bytes(path) as file:
        try:
            for block in iter(partial(file.read, _BLOCK_BYTES), b""):
                if "\0" in decoder.decode(block or b""):
                    return False
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def check_value(option: str, text: str) -> None:
    """Judge a value that a person gives for a suggested option, as far as it can be judged alone.

    Raises:
        InputError: it cannot be right.
    """
    if option == "--encoding":
        checked_encoding(text)
    elif option == "--locale":
        number_format(text)
    elif option == "--currency" and isinstance(problem := currency_code(text), Problem):
        raise InputError(problem.message)


def with_options(options: InputOptions, remedy: Iterable[tuple[str, str]]) -> InputOptions:
    """The options with those of a remedy in place of what they replace."""
    for option, text in remedy:
        if option == "--map":
            name, _, header = text.partition("=")
            kept = tuple(pair for pair in options.header_map if pair[0] != name)
            options = replace(options, header_map=(*kept, (name, header)))
        elif option == "--header-row":
            options = replace(options, header_row=int(text))
        else:
            field: dict[str, Any] = {option.removeprefix("--").replace("-", "_"): text}
            options = replace(options, **field)
    return options
