"""Control totals that somebody else made: a small CSV or JSON file beside the credits.

    currency,rows,total                 {"rows": 212,
    USD,200,6511.00                      "totals": {"USD": {"rows": 200, "total": "6511.00"}, "EUR": "90.10"}}
    EUR,12,90.10

Totals are in major units, as a ledger or an invoice shows them. Every currency of the credits must be named.
"""

import csv
import io
import json
from pathlib import Path
from typing import Any

from batch_credits.errors import Remedy, UsageError
from batch_credits.loader.wording import EDGE_BLANKS, shown
from batch_credits.model import bare
from batch_credits.settings import ControlFile, ControlLine

MAX_CONTROL_BYTES = 1_048_576
_ANOTHER: list[Remedy] = [(("--control", "FILE"),)]
_HINT = 'CSV with the columns currency, total and rows, or JSON: {"rows": 2, "totals": {"USD": "6511.00"}}.'


def read_control_file(path: Path) -> ControlFile:
    """Read control totals.

    Raises:
        UsageError: the file cannot be read, or says nothing, or something that is not understood.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_CONTROL_BYTES + 1)
        text = content.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The control totals cannot be read from {path}: {error}.", remedies=_ANOTHER) from None
    if len(content) > MAX_CONTROL_BYTES:
        raise UsageError(f"{path} is too large for control totals.", hint=_HINT, remedies=_ANOTHER)
    try:
        found = _from_json(text) if text.lstrip().startswith("{") else _from_csv(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path.name} holds no control totals: {error}.", hint=_HINT, remedies=_ANOTHER) from None
    if found.rows is None and not found.lines:
        raise UsageError(f"{path.name} holds no control totals.", hint=_HINT, remedies=_ANOTHER)
    return found


def _from_json(text: str) -> ControlFile:
    document = json.loads(text, parse_float=str, parse_int=str, object_pairs_hook=_unrepeated)
    unknown = set(document) - {"rows", "totals"}
    if unknown:
        raise ValueError(f"{shown(min(unknown))} is not known")
    totals = document.get("totals", {})
    if not isinstance(totals, dict):
        raise ValueError("totals is no object")
    return ControlFile(
        _count(document.get("rows")),
        tuple(_line(currency, value) for currency, value in totals.items()),
    )


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is given twice")
    return found


def _line(currency: str, value: Any) -> ControlLine:
    if isinstance(value, dict):
        if set(value) - {"rows", "total"}:
            raise ValueError(f"{currency} has more than rows and total")
        return ControlLine(_currency(currency), _count(value.get("rows")), _total(value.get("total")))
    return ControlLine(_currency(currency), None, _total(value))


def _from_csv(text: str) -> ControlFile:
    delimiter = ";" if ";" in text.partition("\n")[0] else ","
    try:
        records = [record for record in csv.reader(io.StringIO(text), delimiter=delimiter, strict=True) if any(record)]
    except csv.Error as error:
        raise ValueError(str(error)) from None
    if not records:
        raise ValueError("it is empty")
    names = [{"currencycode": "currency", "amount": "total"}.get(bare(name), bare(name)) for name in records[0]]
    if sorted(names) not in (["currency", "rows", "total"], ["currency", "total"], ["currency", "rows"]):
        raise ValueError(f"its headers are {', '.join(map(shown, records[0]))}")
    rows: int | None = None
    lines: list[ControlLine] = []
    for record in records[1:]:
        if len(record) != len(names):
            raise ValueError("a line has more or fewer cells than the header")
        cells = dict(zip(names, (cell.strip(EDGE_BLANKS) for cell in record), strict=True))
        if cells["currency"]:
            lines.append(
                ControlLine(_currency(cells["currency"]), _count(cells.get("rows")), _total(cells.get("total")))
            )
        elif rows is not None or cells.get("total") or not cells.get("rows"):
            raise ValueError("a line names no currency; only one may, for the rows of the whole file")
        else:
            rows = _count(cells["rows"])
    if len({line.currency for line in lines}) != len(lines):
        raise ValueError("a currency is named twice")
    return ControlFile(rows, tuple(lines))


def _currency(text: str) -> str:
    code = text.strip(EDGE_BLANKS).upper()
    if not (len(code) == 3 and code.isascii() and code.isalpha()):
        raise ValueError(f"{shown(text)} is no currency code")
    return code


def _count(value: Any) -> int | None:
    if value is None or value == "":
        return None
    if not (isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 12):
        raise ValueError(f"{shown(str(value))} is no number of rows")
    return int(value)


def _total(value: Any) -> str | None:
    """The text of a total; whether it is an amount is checked where its currency's decimals are known."""
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise ValueError(f"{shown(str(value))} is no total")
    return value
