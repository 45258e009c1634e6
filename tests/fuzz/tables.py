"""Tables that hide something, made whole: hidden rows and columns, number formats, merged cells, totals, second
headers, titles and cells that are none. What is spoiled byte by byte would seldom come to be one of them."""

import csv
import io
import random
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.unit.loader.workbook.written import WRITERS, Cell, Sheet, Styled

HEADERS = ("customer_id", "amount", "currency_code", "reference", "description", "note")
DELIMITERS = {".csv": ",", ".tsv": "\t", ".txt": ";"}
IDS = ("c-1", "c-2", "00123", "421", "TRUE", "1.2E+12", "12.0", "null", "a\u200bb", "a\u00a0b", "caf\u00e9",
       "cafe\u0301", "Total", "Summe", "\u5408\u8a08", "c-1 Total", "", '="007"', "6011000000000010", "=1+1",
       "x" * 60)  # fmt: skip
AMOUNTS = ("5", "5.00", "1,234.50", "1.234,50", "1 234,50", "1'234.50", "$5.00", "5,00 \u20ac", "(5.00)", "5.00-",
           "-.5", "5 USD", "0", "", "-", "1e3", "NaN", "\uff15", "9" * 45, "10.00", "15.00", "20.00")  # fmt: skip
CURRENCIES = ("USD", "USD", "EUR", "JPY", "CLP", "XAU", "usd", "", "$")
REFERENCES = ("q3", "Q3", "q\u00a03", "2026-09-30", "#N/A", "(blank)", "", "q3\ufe0f")
DESCRIPTIONS = ("thanks", "Total", "Subtotal c-1", "a\nb", "", "#REF!", "d" * 300)
CODES = ("0", "00000", '"K-"000', "#,##0", "0.00", "0%", "#,##0,", '"$"#,##0.00', "0.00 [$\u20ac-407]", "yyyy-mm-dd",
         "[<10]0;00", ";;;", "0.00E+00", "@")  # fmt: skip


def made(chance: random.Random, folder: Path) -> Path:
    """A table in one of the kinds of files."""
    suffix = chance.choice((*DELIMITERS, *WRITERS))
    path = folder / f"made{suffix}"
    rows = _rows(chance, with_formats=suffix in WRITERS)
    if suffix in WRITERS:
        WRITERS[suffix](path, rows, **_hiding(chance, len(rows)), others=_others(chance))
        return path
    stream = io.StringIO()
    table = csv.writer(stream, delimiter=DELIMITERS[suffix], quoting=csv.QUOTE_ALL if chance.random() < 0.3 else 0)
    table.writerows(rows)
    end = chance.choice(("", "", "\x1a", "(3 rows affected)\n"))
    path.write_bytes((stream.getvalue() + end).encode(chance.choice(("utf-8", "utf-8", "utf-8-sig", "utf-16"))))
    return path


def _rows(chance: random.Random, *, with_formats: bool) -> list[Sequence[Cell]]:
    headers = list(HEADERS)
    if chance.random() < 0.1:
        chance.shuffle(headers)
    rows: list[Sequence[Cell]] = [_row(chance) for _ in range(chance.randint(1, 14))]
    if with_formats:
        rows = [[_formatted(chance, cell) for cell in cells] for cells in rows]
    for likelihood, place, extra in (
        (0.2, len(rows), ("", chance.choice(AMOUNTS), "", "", "Total", "")),
        (0.1, chance.randint(0, len(rows)), ("", "5.00", "USD", "", "Subtotal", "")),
        (0.1, chance.randint(0, len(rows)), ("",) * len(HEADERS)),
        (0.05, chance.randint(0, len(rows)), headers),
    ):
        if chance.random() < likelihood:
            rows.insert(place, extra)
    titles: list[Sequence[Cell]] = [("Payout", "", "", "", "", "")] if chance.random() < 0.05 else []
    return [*titles, headers, *rows]


def _row(chance: random.Random) -> list[Cell]:
    columns = (IDS, AMOUNTS, CURRENCIES, REFERENCES, DESCRIPTIONS, ("", "n"))
    return [texts[0] if chance.random() < 0.5 else chance.choice(texts) for texts in columns]


def _formatted(chance: random.Random, cell: Cell) -> Cell:
    if chance.random() < 0.7:
        return cell
    number = chance.choice((5.0, 421.0, 1234567.0, 9.99, 0.5, 46295.0, -5.0, 1e15, 0.0, 1e-7))
    code = chance.choice(CODES)
    shown = chance.choice((f"{number:g}", f"{number:,.2f}", "00421", "$5.00", "x"))  # as OpenDocument tells it
    make: Callable[[], Cell] = chance.choice((lambda: number, lambda: Styled(number, code, shown)))
    return make()


def _hiding(chance: random.Random, rows: int) -> dict[str, object]:
    places, columns = range(rows), range(len(HEADERS))

    def some(of: range, likelihood: float) -> frozenset[int]:
        return frozenset(chance.sample(of, min(2, len(of)))) if chance.random() < likelihood else frozenset()

    top, left = chance.choice(places), chance.choice(columns)
    merged = [(top, min(top + 2, rows), left, left)] if chance.random() < 0.05 else []
    return {
        "hidden": some(places, 0.2), "flat": some(places, 0.1), "hidden_columns": some(columns, 0.1),
        "flat_columns": some(columns, 0.05), "merged": merged, "state": chance.choice(("visible",) * 8 + ("hidden",)),
    }  # fmt: skip


def _others(chance: random.Random) -> list[Sheet]:
    """A sheet that is seen, at least, since no workbook is without one."""
    state = chance.choice(("visible", "visible", "hidden", "very hidden"))
    beside = [Sheet("Other", [HEADERS, _row(chance)], state)] if chance.random() < 0.3 else []
    return [Sheet("Notes", [("please read",)]), *beside]
