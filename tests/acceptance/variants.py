"""Files of the kinds in `cases`, with other values, in other formats, languages and placements.

They were written from what has to become of each kind, not from the program. A table is written in the formats named;
what is paid is by customer, in minor units.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.unit.loader.workbook.written import WRITERS, Cell, Sheet, Styled

HEADERS = ("customer_id", "amount", "currency_code", "reference", "description")
TEXTS = (".csv", ".tsv", ".txt")
WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")
_DELIMITERS = {".csv": ",", ".tsv": "\t", ".txt": ";"}


@dataclass(frozen=True)
class Variant:
    """A table with what has to become of it. `refused` are words of the refusal of the whole file; `said` are words of
    the messages of its rejected rows, or of what is noted of the file."""

    name: str
    rows: Sequence[Sequence[Cell]]
    paid: Mapping[str, int] = field(default_factory=dict)
    rejected: Mapping[int, str] = field(default_factory=dict)
    refused: Sequence[str] = ()
    said: Sequence[str] = ()
    unsaid: Sequence[str] = ()
    control_totals: Sequence[tuple[int, str, int]] = ()
    formats: Sequence[str] = (".csv",)
    options: Mapping[str, Any] = field(default_factory=dict)
    book: Mapping[str, Any] = field(default_factory=dict)
    text: str | None = None
    headers: Sequence[str] | None = HEADERS

    def write(self, folder: Path, suffix: str) -> Path:
        """The file in one of its formats."""
        path = folder / f"payout{suffix}"
        rows = [*([self.headers] if self.headers else []), *self.rows]
        if self.text is not None:
            path.write_bytes(self.text.encode())
        elif suffix in TEXTS:
            stream = io.StringIO()
            csv.writer(stream, delimiter=_DELIMITERS[suffix]).writerows(rows)
            path.write_bytes(stream.getvalue().encode())
        else:
            WRITERS[suffix](path, rows, **self.book)
        return path


def row(customer: Cell = "c-1", amount: Cell = "11.50", currency: Cell = "USD", reference: Cell = "q4",
        description: Cell = "bonus") -> tuple[Cell, ...]:  # fmt: skip
    """A row that is paid, but for what is given."""
    return customer, amount, currency, reference, description


GOOD = row("good-1", "3.07")
PAID = {"good-1": 307}
MAJOR = {"amount_unit": "major"}

# -- Characters that nobody sees ----------------------------------------------------------------------------

_UNSEEN = (
    "\u200c", "\u200d", "\u2060", "\ufeff", "\u061c", "\u202e", "\u2066", "\u00ad", "\u034f", "\u115f", "\u1160",
    "\uffa0", "\u2800", "\ufe00", "\ufe0e", "\U000e0100", "\U000e0041", "\u180e", "\u2063", "\U0001bca0", "\u0600",
    "\u06dd", "\u070f", "\U000110bd",
)  # fmt: skip
UNSEEN = [
    Variant(
        f"unseen U+{ord(letter):04X}",
        [GOOD, row(f"kunde{letter}7"), row("c-2", reference=f"R{letter}-2026")],
        PAID,
        {3: "control_character", 4: "control_character"},
        said=[f"U+{ord(letter):04X}", "place 6", "place 2"],
        formats=[(".csv", ".ods"), (".tsv", ".xlsx"), (".txt", ".xls"), (".csv", ".xlsb")][place % 4],
    )
    for place, letter in enumerate(_UNSEEN)
]

# -- Ids that are no longer what somebody wrote -------------------------------------------------------------

_SPOILED = (
    "4.5E+10", "9,87654E+14", "1E+15", "7.0", "100.00", "4711,0", "31.12.2025 00:00", "12/31/2025 12:00:00 AM",
    "2025-12-31T00:00:00", "2026-04-05 13:30:00.000", "FALSE", "False", "WAHR", "FAUX", "NULL", "none", "nan", "NaT",
    "n/a", "N.A.", "#N/A", "#REF!", "#VALUE!", "(leer)", "(vide)", "undefined", "<NA>", "\u041b\u041e\u0416\u042c",
    "m\ufffdller-3", "\ufffd",
)  # fmt: skip
_INTACT = (
    "nullify-1", "true-north", "nan-3", "none", "na-12", "E15", "1E5x", "10.0.1", "falsetto", "2026-03", "007",
    "0", "12345678901234560", "n-a", "blank-1",
)  # fmt: skip
SPOILED = [
    Variant(f"spoiled {text}", [GOOD, row(text)], PAID, dict.fromkeys([3], "?"), formats=formats)
    for text, formats in zip(_SPOILED, [(".csv",), (".tsv", ".xlsx"), (".ods",), (".txt", ".xls")] * 8, strict=False)
]
SPOILED += [
    Variant(f"spoiled reference {text}", [GOOD, row("c-2", reference=text)], PAID, {3: "?"})
    for text in ("1.2E+12", "15.0", "2026-09-30 00:00:00", "TRUE", "null", "(blank)", "q3\ufffd", "#NAME?")
]
SPOILED += [
    Variant(f"intact {text}", [GOOD, row(text)], {**PAID, text: 1150}, formats=(".csv", ".xlsx"))
    for text in _INTACT
    if text != "none"
]
SPOILED += [
    Variant('unwrapped ="0815"', [row('="0815"', reference='="00001"')], {"0815": 1150}, formats=(".csv", ".txt")),
    Variant(
        "rounded references",
        [row(f"c-{n}", reference=f"60110000000{n:04}0") for n in range(1, 13)],
        {},
        dict.fromkeys(range(2, 14), "number_damaged"),
        said=["rounded"],
        formats=(".csv", ".xlsx", ".ods"),
    ),
    Variant(
        "rounded ids of 18 digits",
        [row(f"9876543210123{n:03}00", f"{n}.00") for n in range(100, 111)],
        {},
        dict.fromkeys(range(2, 13), "number_damaged"),
        said=["rounded"],
        formats=(".tsv", ".xls"),
    ),
    Variant(
        "nine long ids",
        [row(f"987654321012{n:03}0", f"{n}.00") for n in range(100, 109)],
        {f"987654321012{n:03}0": n * 100 for n in range(100, 109)},
        formats=(".csv", ".ods"),
    ),
    Variant(
        "one that does not end in 0",
        [*(row(f"987654321012{n:03}0", f"{n}.25") for n in range(100, 111)), row("9876543210123457", "5.00")],
        {**{f"987654321012{n:03}0": n * 100 + 25 for n in range(100, 111)}, "9876543210123457": 500},
    ),
    Variant(
        "the intact one stands first",
        [row("9876543210123457", "5.00"), *(row(f"987654321012{n:03}0", f"{n}.25") for n in range(100, 111))],
        {**{f"987654321012{n:03}0": n * 100 + 25 for n in range(100, 111)}, "9876543210123457": 500},
        formats=(".csv", ".xlsx"),
    ),
]

# -- Less than nothing --------------------------------------------------------------------------------------

_NEGATIVES: list[tuple[str, str, str | None]] = [
    ("(12.00)", "USD", None), ("($12.00)", "USD", None), ("$(12.00)", "USD", None), ("(12.00) USD", "USD", None),
    ("USD (12.00)", "USD", None), ("(USD 12.00)", "USD", None), ("-USD 12.00", "USD", None),
    ("USD -12.00", "USD", None), ("12.00- USD", "USD", None), ("12.00 -USD", "USD", None), ("[12.00]", "USD", None),
    ("-\u00a33.50", "GBP", None), ("\u00a3-3.50", "GBP", None), ("3.50\u00a3-", "GBP", None),
    ("\u20103.50", "USD", None), ("\u20113.50", "USD", None), ("\u20123.50", "USD", None), ("\u20133.50", "USD", None),
    ("\u20143.50", "USD", None), ("\ufe633.50", "USD", None), ("\uff0d3.50", "USD", None), ("\u22123.50", "USD", None),
    ("3.50\u2212", "USD", None), ("3.50\u2013", "USD", None), ("\u207b3.50", "USD", None),
    ("( 12 )", "USD", None), ("-0.01", "USD", None), ("\u25b21000", "JPY", None), ("-\u00a51000", "JPY", None),
    ("(1.234,50 \u20ac)", "EUR", "de_DE"), ("1.234,50- \u20ac", "EUR", "de_DE"), ("\u20ac 12,00-", "EUR", "de_DE"),
    ("-1'234.00", "CHF", "de_CH"), ("- 1\u202f234,50", "EUR", "fr_FR"), ("1 234,50- z\u0142", "PLN", "pl_PL"),
    ("\u221212,00 kr", "SEK", "sv_SE"), ("(1,23,456.00)", "INR", "en_IN"), ("R$ -1.234,50", "BRL", "pt_BR"),
    ("minus 12,00", "EUR", "de_DE"), ("12.00 CR", "USD", None), ("\u200e-12.00", "ILS", None),
    ("\u2212\u200f12.00", "ILS", None), ("\uff0812.00\uff09", "USD", None), ("-$1,234.50", "USD", "en_US"),
    ("($1,234.50)", "USD", "en_US"), ("-.50", "USD", None), ("-12", "USD", None), ("--12.00", "USD", None),
    ("moins 12,00", "EUR", "fr_FR"), ("12.00DR", "USD", None),
]  # fmt: skip
NEGATIVES = [
    Variant(
        f"negative {text}",
        [row("good-1", "3.00" if locale is None else "3"), row("c-2", text, currency)],
        {"good-1": 300},
        {3: "amount_not_positive"},
        unsaid=["alone", "digits only"],
        formats=[(".csv",), (".tsv",), (".txt", ".ods"), (".xlsx",), (".xls",)][place % 5],
        options={**MAJOR, "locale": locale},
    )
    for place, (text, currency, locale) in enumerate(_NEGATIVES)
]
NEGATIVES += [
    Variant(f"negative cents {text}", [row("good-1", "307"), row("c-2", text)], PAID, {3: "amount_not_positive"},
            unsaid=["alone"], options={"amount_unit": "minor"})
    for text in ("-1200", "(1200)", "1200-", "\u22121200", "$(1200)", "-1200 USD")
]  # fmt: skip

# -- Symbols and codes in amounts ---------------------------------------------------------------------------

_SYMBOLS: list[tuple[str, str, str | None, int]] = [
    ("US$ 12.00", "USD", None, 1200), ("12.00 $", "USD", None, 1200), ("$12", "USD", None, 1200),
    ("C$12.00", "CAD", None, 1200), ("CA$12.00", "CAD", None, 1200), ("A$12.00", "AUD", None, 1200),
    ("HK$12.00", "HKD", None, 1200), ("\u20ac 12.00", "EUR", None, 1200), ("12,00 \u20ac", "EUR", "de_DE", 1200),
    ("EUR 1.234,50", "EUR", "de_DE", 123450), ("CHF 1'234.50", "CHF", "de_CH", 123450),
    ("Fr. 12.00", "CHF", None, 1200), ("1\u00a0234,50 \u20ac", "EUR", "fr_FR", 123450),
    ("1\u202f234,50\u00a0\u20ac", "EUR", "fr_FR", 123450), ("R$ 1.234,50", "BRL", "pt_BR", 123450),
    ("100,00 kr", "SEK", "sv_SE", 10000), ("kr 100,00", "NOK", "nb_NO", 10000),
    ("12,00 z\u0142", "PLN", "pl_PL", 1200), ("\u20b91,23,456.50", "INR", "en_IN", 12345650),
    ("\u00a51000", "CNY", None, 100000), ("\u00a51000", "JPY", None, 1000),
    ("\uffe51000", "JPY", None, 1000), ("1000\u5186", "JPY", None, 1000), ("\u20a9500", "KRW", None, 500),
    ("\u00a35", "GBP", None, 500), ("5.00GBP", "GBP", None, 500), ("usd 5.00", "USD", None, 500),
    ("EUR5.00", "EUR", None, 500), ("\u20ba5.00", "TRY", None, 500), ("5,00 K\u010d", "CZK", "cs_CZ", 500),
    ("5.00 \u20aa", "ILS", None, 500), ("NZ$5.00", "NZD", None, 500), ("S$5.00", "SGD", None, 500),
]  # fmt: skip
_CONTRADICTIONS: list[tuple[str, str, str | None]] = [
    ("\u00a35.00", "EUR", None), ("\u20ac5", "USD", None), ("$5.00", "CAD", None), ("$5.00", "AUD", None),
    ("C$5.00", "USD", None), ("\u00a5500", "USD", None), ("5.00 USD", "EUR", None), ("CHF 5.00", "EUR", None),
    ("A$5.00", "USD", None), ("US$5.00", "AUD", None), ("5,00 \u20ac", "CHF", "de_DE"), ("kr 5,00", "EUR", "nb_NO"),
    ("\u20b95.00", "USD", None), ("R$5.00", "USD", None), ("EUR 5.00", "GBP", None), ("\u00a35.00", "EGP", None),
    ("z\u01425.00", "EUR", None), ("HK$5.00", "USD", None),
]  # fmt: skip
SYMBOLS = [
    Variant(
        f"symbol {text} of {currency}",
        [row("c-2", text, currency)],
        {"c-2": amount},
        formats=[(".csv",), (".tsv", ".ods"), (".txt",), (".xlsx",), (".xls", ".csv")][place % 5],
        options={**MAJOR, "locale": locale},
    )
    for place, (text, currency, locale, amount) in enumerate(_SYMBOLS)
]
SYMBOLS += [
    Variant(
        f"contradiction {text} of {currency}",
        [row("good-1", "3" if locale else "3.00"), row("c-2", text, currency)],
        {"good-1": 300},
        {3: "currency_contradicts"},
        formats=[(".csv",), (".xlsb",), (".ods",)][place % 3],
        options={**MAJOR, "locale": locale},
    )
    for place, (text, currency, locale) in enumerate(_CONTRADICTIONS)
]

# -- Totals -------------------------------------------------------------------------------------------------

_TOTALS = (
    "Gesamt", "Summe:", "Gesamtsumme", "Zwischensumme", "Grand Total", "TOTAL G\u00c9N\u00c9RAL", "Sous-total",
    "Subtotal", "Sub Total", "Totale", "Totale complessivo", "Suma", "Total general", "\u0418\u0442\u043e\u0433\u043e",
    "\u0412\u0441\u0435\u0433\u043e:", "\u5408\u8a08", "\u5c0f\u8a08", "\u603b\u8ba1", "\u5408\u8ba1", "Razem",
    "\u00d6sszesen", "Toplam", "Genel Toplam", "Totaal", "Subtotaal", "Yhteens\u00e4", "I alt", "Sum",
    "\u03a3\u03cd\u03bd\u03bf\u03bb\u03bf", '\u05e1\u05d4"\u05db', "\u0627\u0644\u0645\u062c\u0645\u0648\u0639",
    "c-1 Total", "Total c-1", "Total for c-1", "Total: c-1", "Summa", "Celkem", "Ukupno", "\u0e23\u0e27\u0e21",
    "\ud569\uacc4", "T\u1ed5ng c\u1ed9ng", "Jumlah", "Kop\u0101", "Total (2 rows)", "*** TOTAL ***", "TOTAL -",
    "Sum total", "Sum of c-1", "Total geral", "Importe total", "Montant total", "Total amount", "Gesamtergebnis",
    "Suma ca\u0142kowita", "Spolu", "\u00dcberschrift Summe", "Page total", "Running total",
    "\u0e23\u0e27\u0e21\u0e17\u0e31\u0e49\u0e07\u0e2b\u0e21\u0e14",
)  # fmt: skip
_NAMES = ("total-energies", "summa-corp", "sumup", "totalcare", "subtotal7", "gesamtschule-1", "totals-inc", "toplamex")
TOTALS = [
    Variant(
        f"total {text}",
        [row("c-1", "11.50"), row("c-2", "8.25"), row(text, "3.75")],  # no sum: the word alone decides
        {"c-1": 1150, "c-2": 825},
        {4: "looks_like_total"},
        formats=[(".csv",), (".tsv",), (".xlsx",), (".ods",), (".txt",), (".xls",)][place % 6],
    )
    for place, text in enumerate(_TOTALS)
]
TOTALS += [
    Variant(f"name {text}", [row("c-1"), row(text, "3.75")], {"c-1": 1150, text: 375}, formats=(".csv", ".ods"))
    for text in _NAMES
]
_TWO = [row("c-1", "11.50"), row("c-2", "8.25")]
_TWO_PAID = {"c-1": 1150, "c-2": 825}
TOTALS += [
    Variant("sum at the end", [*_TWO, row("x-9", "19.75")], _TWO_PAID, {4: "looks_like_total"},
            formats=(".csv", ".xlsx", ".xls", ".ods", ".xlsb")),
    Variant("sum before a blank row", [*_TWO, row("x-9", "19.75"), ("", "", "", "", ""), row("c-3", "4.00")],
            {**_TWO_PAID, "c-3": 400}, {4: "looks_like_total"}, formats=(".csv", ".xlsx", ".ods")),
    Variant("sum with more rows below", [*_TWO, row("x-9", "19.75"), row("c-3", "4.00")],
            {**_TWO_PAID, "x-9": 1975, "c-3": 400}, formats=(".csv", ".xls")),
    Variant("one row is no sum", [row("c-1", "11.50"), row("c-2", "11.50")], {"c-1": 1150, "c-2": 1150}),
    Variant("sum of cents", [row("c-1", "1150"), row("c-2", "825"), row("x-9", "1975")], _TWO_PAID,
            {4: "looks_like_total"}, options={"amount_unit": "minor"}),
    Variant("sum of one currency", [*_TWO, row("c-3", "5.00", "EUR"), row("x-9", "19.75")],
            {**_TWO_PAID, "c-3": 500}, {5: "looks_like_total"}, formats=(".csv", ".xlsx")),
    Variant("sum of no currency", [*_TWO, row("c-3", "5.00", "EUR"), row("x-9", "24.75")],
            {**_TWO_PAID, "c-3": 500, "x-9": 2475}),
    Variant("control total", [*_TWO, ("", "19.75", "", "", "Total")], _TWO_PAID, control_totals=[(4, "USD", 1975)],
            formats=(".csv", ".tsv", ".xlsx", ".xls", ".ods", ".xlsb")),
    Variant("control total in a German file", [row("c-1", "1.011,50", "EUR"), row("c-2", "8,25", "EUR"),
            ("", "1.019,75 \u20ac", "", "Summe", "")], {"c-1": 101150, "c-2": 825}, control_totals=[(4, "EUR", 101975)],
            formats=(".txt", ".csv"), options={**MAJOR, "locale": "de_DE"}),
    Variant("control total by its currency", [*_TWO, row("c-3", "5.00", "EUR"), ("", "5.00", "EUR", "", "Sum"),
            ("", "19.75", "USD", "", "Sum")], {**_TWO_PAID, "c-3": 500},
            control_totals=[(5, "EUR", 500), (6, "USD", 1975)], formats=(".csv", ".ods")),
    Variant("wrong control total", [*_TWO, ("", "19.85", "USD", "", "Totals")], refused=("19.75", "19.85"),
            formats=(".csv", ".txt", ".xlsx", ".ods")),
    Variant("wrong control total of one currency", [*_TWO, row("c-3", "5.00", "EUR"), ("", "19.75", "USD", "", "Total"),
            ("", "6.00", "EUR", "", "Total")], refused=("6.00", "5.00"), formats=(".csv", ".xls")),
    Variant("control total in a column that is only carried", [(*row("c-1", "11.50"), "a"), (*row("c-2", "8.25"), "b"),
            ("", "19.75", "", "", "", "\u0418\u0442\u043e\u0433\u043e")], _TWO_PAID, control_totals=[(4, "USD", 1975)],
            headers=(*HEADERS, "note"), formats=(".csv", ".xlsx")),
    Variant("control total of numbers", [row("c-1", 11.5), row("c-2", 8.25), (None, 19.75, None, None, "Gesamt")],
            _TWO_PAID, control_totals=[(4, "USD", 1975)], formats=WORKBOOKS),
    Variant("subtotals", [row("c-1", "11.50"), ("", "11.50", "", "", "Subtotal"), row("c-2", "8.25"),
            ("", "8.25", "", "", "Subtotal"), ("", "19.75", "", "", "Grand total")], _TWO_PAID,
            control_totals=[(3, "USD", 1150), (5, "USD", 825), (6, "USD", 1975)], formats=(".csv", ".xlsx")),
    Variant("a row without customer and without a word", [*_TWO, ("", "19.75", "USD", "q4", "bonus")], _TWO_PAID,
            {4: "missing"}, formats=(".csv", ".ods")),
    Variant("the description says it", [*_TWO, row("c-9", "3.75", description="Subtotal")], _TWO_PAID,
            {4: "looks_like_total"}, formats=(".csv", ".xlsx")),
    Variant("a description with such a word", [*_TWO, row("c-9", "3.75", description="Total care bonus")],
            {**_TWO_PAID, "c-9": 375}),
]  # fmt: skip

# -- Number formats -----------------------------------------------------------------------------------------


def shown(value: float | str, code: str, text: str, kind: str = "float") -> Styled:
    """A cell with a format, and what it shows."""
    return Styled(value, code, text, kind)


def _id(name: str, cell: Styled, paid: str | None, *said: str) -> Variant:
    if paid is None:
        return Variant(f"id {name}", [GOOD, row(cell)], PAID, {3: "shown_otherwise"}, said=said, formats=WORKBOOKS)
    return Variant(f"id {name}", [GOOD, row(cell)], {**PAID, paid: 1150}, formats=WORKBOOKS)


def _amount(name: str, cell: Styled, paid: int | str, currency: str = "USD", unit: str = "major",
            *said: str) -> Variant:  # fmt: skip
    """`paid` is an amount, or the code of what is wrong."""
    good = row("good-1", 3.07 if unit == "major" else 307.0, currency)
    options = {"amount_unit": unit}
    if isinstance(paid, str):
        return Variant(f"amount {name}", [good, row("c-2", cell, currency)], PAID, {3: paid}, said=said,
                       formats=WORKBOOKS, options=options)  # fmt: skip
    return Variant(f"amount {name}", [good, row("c-2", cell, currency)], {**PAID, "c-2": paid}, formats=WORKBOOKS,
                   options=options)  # fmt: skip


FORMATS = [
    _id("of zeros", shown(77, "00000", "00077"), "00077"),
    _id("of six zeros", shown(123456, "000000", "123456"), "123456"),
    _id("with a literal before", shown(42, '"K-"0000', "K-0042"), "K-0042"),
    _id("with a literal behind", shown(42, '000"-DE"', "042-DE"), "042-DE"),
    _id("of parts", shown(123456789, "000-00-0000", "123-45-6789"), "123-45-6789"),
    _id("grouped", shown(1234567, "#,##0", "1,234,567"), None, "1,234,567", "1234567"),
    _id("with decimals", shown(4711, "0.00", "4711.00"), None, "4711.00", "4711"),
    _id("short", shown(123000, "0.00E+00", "1.23E+05"), None, "123000"),
    _id("in percent", shown(12, "0%", "1200%"), None, "1200%", "12"),
    _id("in thousands", shown(5000, "#,##0,", "5"), None, "5000"),
    Variant("reference of a date", [row(reference=shown("2026-09-30", "yyyy-mm-dd", "2026-09-30", "date"))],
            {"c-1": 1150}, formats=WORKBOOKS),
    Variant("reference of a German date", [row(reference=shown("2026-09-30", "dd.mm.yyyy", "30.09.2026", "date"))],
            {"c-1": 1150}, formats=WORKBOOKS),
    Variant("customer of a date", [GOOD, row(shown("2026-03-01", "yyyy-mm-dd", "2026-03-01", "date"))], PAID,
            {3: "turned_into_date"}, formats=WORKBOOKS),
    Variant("reference with zeros", [row(reference=shown(9, "0000", "0009"))], {"c-1": 1150}, formats=WORKBOOKS),
    _amount("of two decimals", shown(1234.5, "0.00", "1234.50"), 123450),
    _amount("grouped", shown(1234.5, "#,##0.00", "1,234.50"), 123450),
    _amount("in dollars", shown(1234.5, '"$"#,##0.00', "$1,234.50"), 123450),
    _amount("with a code", shown(12.5, '0.00" USD"', "12.50 USD"), 1250),
    _amount("rounded", shown(9.99, "0", "10"), "shown_otherwise", "USD", "major", "9.99", "10"),
    _amount("in thousands", shown(5000, "#,##0,", "5"), "shown_otherwise", "USD", "major", "5000"),
    _amount("in percent", shown(0.5, "0%", "50%"), "shown_otherwise", "USD", "major", "50%"),
    _amount("in euros", shown(12.5, "0.00 [$\u20ac-407]", "12.50 \u20ac"), "currency_contradicts"),
    _amount("in pounds", shown(12.5, "[$\u00a3-809]0.00", "\u00a312.50"), "currency_contradicts"),
    _amount("of decimals in cents", shown(1250, "0.00", "1250.00"), "amount_has_decimals", "USD", "minor"),
    _amount("grouped cents", shown(1250, "#,##0", "1,250"), 1250, "USD", "minor"),
    _amount("hidden", shown(12, '"paid"', "paid"), "shown_otherwise"),
    _amount("yen", shown(1250, '"\u00a5"#,##0', "\u00a51,250"), 1250, "JPY"),
]  # fmt: skip
FORMATS[-1] = Variant("amount yen", [row("c-2", shown(1250, '"\u00a5"#,##0', "\u00a51,250"), "JPY")], {"c-2": 1250},
                      formats=WORKBOOKS)  # fmt: skip

# -- Rows, columns and sheets that are not seen; merged cells -----------------------------------------------

_THREE = [row("c-1", "11.50"), row("c-2", "8.25"), row("c-3", "4.00")]
_HIDDEN = {"hidden": frozenset({2})}
_FLAT = {"flat": frozenset({1, 3})}
_BLANK = [row("c-1", "11.50"), ("", "", "", "", ""), row("c-3", "4.00")]
_TABLE = [HEADERS, row("old-1", "99.00")]
HIDDEN = [
    Variant("hidden row", _THREE, refused=("row 3", "8.25", "hidden"), formats=WORKBOOKS, book=_HIDDEN),
    Variant("hidden row paid", _THREE, {"c-1": 1150, "c-2": 825, "c-3": 400}, formats=WORKBOOKS, book=_HIDDEN,
            options={**MAJOR, "hidden_rows": "pay"}),
    Variant("hidden row left out", _THREE, {"c-1": 1150, "c-3": 400}, formats=WORKBOOKS, book=_HIDDEN,
            options={**MAJOR, "hidden_rows": "skip"}, said=["8.25"]),
    Variant("rows of no height", _THREE, refused=("rows 2 and 4", "15.50"), formats=WORKBOOKS, book=_FLAT),
    Variant("rows of no height left out", _THREE, {"c-2": 825}, formats=WORKBOOKS, book=_FLAT,
            options={**MAJOR, "hidden_rows": "skip"}),
    Variant("all rows hidden", _THREE, refused=("rows 2 to 4", "23.75"), formats=WORKBOOKS,
            book={"hidden": frozenset({1, 2, 3})}),
    Variant("hidden blank row", _BLANK, {"c-1": 1150, "c-3": 400}, formats=WORKBOOKS, book=_HIDDEN),
    Variant("hidden row of a title", [("Q4 bonus", "", "", "", ""), HEADERS, *_THREE[:2]], _TWO_PAID,
            formats=WORKBOOKS, headers=None, book={"hidden": frozenset({0})}, options={**MAJOR, "header_row": 2}),
    Variant("hidden amounts", _THREE, refused=("amount", "hidden", "(B)"), formats=WORKBOOKS,
            book={"hidden_columns": frozenset({1})}),
    Variant("amounts of no width", _THREE, refused=("amount", "hidden", "(B)"), formats=WORKBOOKS,
            book={"flat_columns": frozenset({1})}),
    Variant("hidden amounts that are meant", _TWO, _TWO_PAID, formats=WORKBOOKS,
            book={"hidden_columns": frozenset({1})}, options={**MAJOR, "header_map": (("amount", "amount"),)}),
    Variant("hidden currency", _TWO, _TWO_PAID, said=["currency_code (C)"], formats=WORKBOOKS,
            book={"hidden_columns": frozenset({2})}),
    *(
        Variant(f"{state} sheet first", _TWO, _TWO_PAID, said=["'Now'"], formats=WORKBOOKS,
                book={"sheet": "Now", "others": [Sheet("Old", _TABLE, state)]})
        for state in ("hidden", "very hidden")
    ),
    *(
        Variant(f"only a {state} sheet fits", [("a note", "", "", "", "")], refused=("Old", "hidden"),
                formats=WORKBOOKS, headers=None,
                book={"sheet": "Now", "others": [Sheet("Old", _TABLE, state)]})
        for state in ("hidden", "very hidden")
    ),
    Variant("hidden sheet by its name", _TWO, {"old-1": 9900}, formats=WORKBOOKS,
            book={"sheet": "Now", "others": [Sheet("Old", _TABLE, "hidden")]}, options={**MAJOR, "sheet": "Old"}),
    Variant("two sheets fit", _TWO, refused=("May", "June", "--sheet"), formats=WORKBOOKS,
            book={"sheet": "May", "others": [Sheet("June", _TABLE)]}),
    Variant("a sheet of notes beside", _TWO, _TWO_PAID, said=["'Daten'"], formats=WORKBOOKS,
            book={"sheet": "Daten", "others": [Sheet("Hinweise", [("bitte lesen",)])]}),
    Variant("merged currency", [row("c-1", currency="EUR"), row("c-2", currency=None), row("c-3", currency=None)],
            refused=("merged", "C2:C4"), formats=WORKBOOKS, book={"merged": [(1, 3, 2, 2)]}),
    Variant("merged customers", [row("c-1"), row(None, "2.00")], refused=("merged", "A2:A3"), formats=WORKBOOKS,
            book={"merged": [(1, 2, 0, 0)]}),
    Variant("merged across", [row("c-1", "11.50", "USD", "q4", None)], refused=("merged", "D2:E2"), formats=WORKBOOKS,
            book={"merged": [(1, 1, 3, 4)]}),
    Variant("merged title", [("Q4 bonus", None, None, None, None), HEADERS, *_TWO], _TWO_PAID, headers=None,
            formats=WORKBOOKS, book={"merged": [(0, 0, 0, 4)]}, options={**MAJOR, "header_row": 2}),
    Variant("merged beside the fields", [(*row("c-1", "11.50"), "a"), (*row("c-2", "8.25"), None)], _TWO_PAID,
            headers=(*HEADERS, "note"), formats=WORKBOOKS, book={"merged": [(1, 2, 5, 5)]}),
]  # fmt: skip

# -- Titles, second headers, lines of text ------------------------------------------------------------------

_HEAD = ",".join(HEADERS)
LINES = [
    Variant("title", [("Bonus Q4", "", "", "", ""), HEADERS, *_TWO], refused=("row 2", "--header-row"), headers=None,
            formats=(".csv", ".tsv", *WORKBOOKS)),
    Variant("two titles and a blank line", [("Bonus Q4", "", "", "", ""), ("by Ann", "", "", "", ""),
            ("", "", "", "", ""), HEADERS, *_TWO], refused=("row 4",), headers=None, formats=(".csv", ".txt", ".ods")),
    Variant("below a title, said", [("Bonus Q4", "", "", "", ""), ("", "", "", "", ""), HEADERS, *_TWO], _TWO_PAID,
            headers=None, formats=(".csv", ".tsv", *WORKBOOKS), options={**MAJOR, "header_row": 3}),
    Variant("a title of one cell", (), _TWO_PAID, text=f"Bonus Q4\n\n{_HEAD}\nc-1,11.50,USD,q4,d\nc-2,8.25,USD,q4,d\n",
            options={**MAJOR, "header_row": 3}),
    Variant("a title of one cell, not said", (), refused=("row 3", "--header-row"),
            text=f"Bonus Q4\n\n{_HEAD}\nc-1,11.50,USD,q4,d\n"),
    Variant("headers again", [*_TWO, HEADERS, row("c-3", "4.00")], refused=("row 4", "headers"),
            formats=(".csv", ".tsv", *WORKBOOKS)),
    Variant("headers again in another order", [*_TWO, ("amount", "customer_id", "currency_code", "description",
            "reference"), ("4.00", "c-3", "USD", "d", "q4")], refused=("row 4", "headers"), formats=(".csv", ".xlsx")),
    Variant("line break in a description", [GOOD, row("c-2", description="first\nsecond")], PAID,
            {3: "control_character"}, said=["line break"], unsaid=["invisible"], formats=(".csv", ".tsv", ".xlsx",
            ".xls")),
    Variant("line break in an id", [GOOD, row("c\n-2")], PAID, {3: "control_character"}, said=["line break"],
            unsaid=["invisible"], formats=(".csv", ".txt", ".xlsx")),
    Variant("CRLF in a reference", [GOOD, row("c-2", reference="q4\r\n1")], PAID, {3: "control_character"},
            said=["line break"], unsaid=["invisible"]),
    Variant("line separator in a description", [GOOD, row("c-2", description="a\u2028b")], PAID,
            {3: "control_character"}, said=["line break"], unsaid=["invisible"]),
    Variant("rows in quotes by semicolons", (), refused=("whole row", "quotes"), unsaid=["cut off"], formats=(".txt",),
            text=f'{_HEAD.replace(",", ";")}\n"c-1;11.50;USD;q4;d"\n'),
    Variant("rows in quotes by tabs", (), refused=("whole row", "quotes"), unsaid=["cut off"], formats=(".tsv",),
            text=_HEAD.replace(",", "\t") + '\n"c-1\t11.50\tUSD\tq4\td"\n'),
    Variant("the last row in quotes", (), refused=("whole row", "quotes", "row 3"), unsaid=["cut off"],
            text=f'{_HEAD}\nc-1,11.50,USD,q4,d\n"c-2,8.25,USD,q4,d"\n'),
    Variant("all lines in quotes", (), refused=("whole row", "quotes"), unsaid=["cut off"],
            text=f'"{_HEAD}"\n"c-1,11.50,USD,q4,d"\n'),
    Variant("rows in quotes with quotes", (), refused=("whole row", "quotes"), unsaid=["cut off"],
            text=f'{_HEAD}\n"c-1,11.50,USD,q4,""d, e"""\n'),
    Variant("a blank before a quote by semicolons", (), refused=("blank before", "quote"), formats=(".txt",),
            text=f'{_HEAD.replace(",", ";")}\nc-1; "11.50";USD;q4;d\n'),
    Variant("a tab before a quote", (), refused=("blank before", "quote"),
            text=f'{_HEAD}\nc-1,11.50,USD,q4,\t"d, e"\n'),
    Variant("blanks before the quotes of headers", (), refused=("blank before", "quote"),
            text='customer_id, "amount", currency_code, reference, description\nc-1,11.50,USD,q4,d\n'),
    Variant("Ctrl-Z on a line", (), refused=("Ctrl-Z", "row 3"), text=f"{_HEAD}\nc-1,11.50,USD,q4,d\n\x1a"),
    Variant("Ctrl-Z and an end of line", (), refused=("Ctrl-Z", "row 3"),
            text=f"{_HEAD}\r\nc-1,11.50,USD,q4,d\r\n\x1a\r\n"),
    Variant("several Ctrl-Z", (), refused=("Ctrl-Z", "row 3"), text=f"{_HEAD}\nc-1,11.50,USD,q4,d\n\x1a\x1a\x1a\x1a"),
    Variant("Ctrl-Z behind the last row", (), PAID, {3: "control_character"}, said=["Ctrl-Z"],
            text=f"{_HEAD}\ngood-1,3.07,USD,q4,d\nc-1,11.50,USD,q4,d\x1a"),
    Variant("a note below", (), refused=("row 3", "1 row affected"), unsaid=["1 cells"],
            text=f"{_HEAD}\nc-1,11.50,USD,q4,d\n(1 row affected)\n"),
    Variant("an amount with a blank that is none", [GOOD, row("c-2", "1\u00a0234,50")], PAID,
            {3: "amount_has_separators"}, said=["no-break space"], unsaid=["xa0", "\\x"], formats=(".csv", ".xlsx")),
    Variant("a quote within a text", [GOOD, row("c-2", "it's")], PAID, {3: "amount_not_a_number"},
            said=["it's"], unsaid=["\\"]),
]  # fmt: skip

GROUPS = {
    "unseen": UNSEEN, "spoiled": SPOILED, "negatives": NEGATIVES, "symbols": SYMBOLS, "totals": TOTALS,
    "formats": FORMATS, "hidden": HIDDEN, "lines": LINES,
}  # fmt: skip
VARIANTS = [variant for group in GROUPS.values() for variant in group]
