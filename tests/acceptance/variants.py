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
WORKBOOKS = (".xlsx", ".xls", ".xlsb", ".ods")
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

Outcome = int | str  # what is paid, or the code of why nothing is: "?" for any


def together(name: str, rows: Sequence[tuple[tuple[Cell, ...], Outcome]], **more: Any) -> Variant:
    """One file of many rows, each with what becomes of it."""
    paid = {str(cells[0]): outcome for cells, outcome in rows if isinstance(outcome, int)}
    rejected = {at: outcome for at, (_, outcome) in enumerate(rows, 2) if isinstance(outcome, str)}
    return Variant(name, [cells for cells, _ in rows], paid, rejected, **more)


def by_locale(name: str, rows: Sequence[tuple[str | None, tuple[Cell, ...], Outcome]], **more: Any) -> list[Variant]:
    """A file for each of their locales."""
    return [
        together(
            f"{name} {locale or ''}".strip(),
            [(cells, outcome) for of, cells, outcome in rows if of == locale],
            options={**MAJOR, "locale": locale},
            **more,
        )
        for locale in dict.fromkeys(locale for locale, _, _ in rows)
    ]


EVERY = (".csv", ".xlsx", ".ods")

# -- Characters that nobody sees ----------------------------------------------------------------------------

_UNSEEN = (
    "\u200c", "\u200d", "\u2060", "\ufeff", "\u061c", "\u202e", "\u2066", "\u00ad", "\u034f", "\u115f", "\u1160",
    "\uffa0", "\u2800", "\ufe00", "\ufe0e", "\U000e0100", "\U000e0041", "\u180e", "\u2063", "\U0001bca0", "\u0600",
    "\u06dd", "\u070f", "\U000110bd",
)  # fmt: skip
UNSEEN = [
    together(
        "unseen in ids",
        [(row(f"kunde{letter}7"), "control_character") for letter in _UNSEEN],
        said=["place 6", *(f"U+{ord(letter):04X}" for letter in _UNSEEN)],
        formats=(".csv", ".tsv", *WORKBOOKS),
    ),
    together(
        "unseen in references",
        [(row(f"c-{at}", reference=f"R{letter}-2026"), "control_character") for at, letter in enumerate(_UNSEEN)],
        said=["place 2", *(f"U+{ord(letter):04X}" for letter in _UNSEEN)],
        formats=(".txt", ".xlsx", ".ods"),
    ),
]

# -- Ids that are no longer what somebody wrote -------------------------------------------------------------

_SPOILED = (
    "4.5E+10", "9,87654E+14", "1E+15", "7.0", "100.00", "4711,0", "31.12.2025 00:00", "12/31/2025 12:00:00 AM",
    "2025-12-31T00:00:00", "2026-04-05 13:30:00.000", "FALSE", "False", "WAHR", "FAUX", "NULL", "none", "nan", "NaT",
    "n/a", "N.A.", "#N/A", "#REF!", "#VALUE!", "(leer)", "(vide)", "undefined", "<NA>", "\u041b\u041e\u0416\u042c",
    "m\ufffdller-3", "\ufffd", "1.23E15", "4.00E+00", "2,0E+3", "01.03.2026 00:00:00", "2026-03-01 00:00:00+00:00",
    "3/1/2026 0:00", "2026/03/01 00:00", "2026-03-01 00:00", "1-Mar-2026 00:00", "Mar 1, 2026 12:00 AM", "#DIV/0!",
    "#NV", "#WERT!", "#BEZUG!", "#NAME?", "#N/D", "#VALEUR!", "#\u00a1REF!", "#DIV/0", "#NULL!", "#ZAHL!",
    "#\u00dcBERLAUF!", "#SPILL!", "#CALC!", "#GETTING_DATA", "VERDADERO", "WAAR", "PRAWDA",
    "\u0418\u0421\u0422\u0418\u041d\u0410", "Null", "(null)", "nil", "[null]", "(en blanco)",
    "(\u043f\u0443\u0441\u0442\u043e)", "(blanks)", "(vazio)", "(\u7a7a\u767d)", "(sin datos)", "(none)", "N/a", "n.a",
    "NA", "#NA", "#NULL", "-nan", "+inf", "inf", "-inf", "<NULL>", "[object Object]", "1.0", "0.0", "123,0",
    "1234567890.0", "1.234.567,0", "1,234.0", "123.00", "1.0E+3", "5e+20", "9.99999E+20", "########", "#####",
    "2026-03-01T00:00:00.000Z", "44256.0", "TRUE", "true", "NaN", "-", "--", "(blank)", "(Blank)", "(empty)",
    "1'234.0", "12 345.00", "1\u202f234,0", "20260301 00:00:00", "2026\u5e743\u67081\u65e5 0:00:00",
    "Sun Mar 01 2026 00:00:00 GMT+0100 (CET)", "Sun, 01 Mar 2026 00:00:00 GMT", "#\u041d/\u0414", "#HI\u00c1NYZIK",
    "#\u00c9RT\u00c9K", "#YOK", "#NB", "#N/DISP", "#\u00bfNOMBRE?", "#ERROR", "#N/A N/A", "Err:502", "1.#QNAN",
    "-1.#IND", "Infinity", "(vides)", "(Leerzellen)", "\uff08\u7a7a\u767d\uff09", "(n/a)", "(not set)", "[none]",
    "{null}", "???", "\u2026", "...", "[]",
)  # fmt: skip
_INTACT = (
    "nullify-1", "true-north", "nan-3", "na-12", "E15", "1E5x", "10.0.1", "falsetto", "2026-03", "007", "0",
    "12345678901234560", "n-a", "blank-1", "infinity-8", "Err-502", "#502", "?x", "unknown", "12:30", "A=1", "20260301",
)  # fmt: skip
SPOILED = [
    together("spoiled ids", [(row(text), "?") for text in _SPOILED], formats=(".csv", ".tsv", *WORKBOOKS)),
    together(
        "spoiled references",
        [(row(f"c-{at}", reference=text), "?") for at, text in enumerate(_SPOILED)],
        formats=EVERY,
    ),
    together(
        "intact ids", [(row(text, f"{at}.03"), 100 * at + 3) for at, text in enumerate(_INTACT, 2)], formats=EVERY
    ),
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
        "rounded ids as formulas, and one that is none",
        [*(row(f'="987654321012{n:03}0"', f"{n}.00") for n in range(100, 111)), row("NaN")],
        {},
        {**dict.fromkeys(range(2, 13), "number_damaged"), 13: "placeholder"},
        said=["rounded"],
        formats=(".csv", ".tsv"),
    ),
    Variant(
        "ids with zeros before them",
        [row(f"000000012345{n:03}0", f"{n}.00") for n in range(100, 111)],
        {f"000000012345{n:03}0": n * 100 for n in range(100, 111)},
        formats=(".csv", ".xlsx"),
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
    ("3.50\u2212", "USD", None), ("3.50\u2013", "USD", None), ("\u207b3.50", "USD", None), ("( 12 )", "USD", None),
    ("-0.01", "USD", None), ("\u25b21000", "JPY", None), ("-\u00a51000", "JPY", None),
    ("(1.234,50 \u20ac)", "EUR", "de_DE"), ("1.234,50- \u20ac", "EUR", "de_DE"), ("\u20ac 12,00-", "EUR", "de_DE"),
    ("-1'234.00", "CHF", "de_CH"), ("- 1\u202f234,50", "EUR", "fr_FR"), ("1 234,50- z\u0142", "PLN", "pl_PL"),
    ("\u221212,00 kr", "SEK", "sv_SE"), ("(1,23,456.00)", "INR", "en_IN"), ("R$ -1.234,50", "BRL", "pt_BR"),
    ("minus 12,00", "EUR", "de_DE"), ("12.00 CR", "USD", None), ("\u200e-12.00", "ILS", None),
    ("\u2212\u200f12.00", "ILS", None), ("\uff0812.00\uff09", "USD", None), ("-$1,234.50", "USD", "en_US"),
    ("($1,234.50)", "USD", "en_US"), ("-.50", "USD", None), ("-12", "USD", None), ("--12.00", "USD", None),
    ("moins 12,00", "EUR", "fr_FR"), ("12.00DR", "USD", None), ("CR 12.00", "USD", None), ("12.00 Cr.", "USD", None),
    ("(12.00)-", "USD", None), ("12.00 neg", "USD", None), ("-\u20ac12", "EUR", None),
    ("\u20ac\u221212.00", "EUR", None), ("\u279612", "USD", None), ("USD(12.00)", "USD", None),
    ("(\u20ac12.00)", "EUR", None), ("12.00 (CR)", "USD", None), ("-kr 100", "SEK", None),
    ("kr -100,00", "NOK", "nb_NO"), ("(\u20b9500)", "INR", None), ("-Rs. 500", "INR", None),
    ("CHF -1'234.50", "CHF", "de_CH"), ("CHF-12.00", "CHF", None), ("-12.00CHF", "CHF", None),
    ("USD-12.00", "USD", None), ("12.00USD-", "USD", None), ("12.00-CHF", "CHF", None), ("- $ 5.00", "USD", None),
    ("$ (5.00)", "USD", None), ("($ 5.00)", "USD", None), ("( $5.00 )", "USD", None), ("$-1,234.50", "USD", "en_US"),
    ("(1 234,50)", "EUR", "fr_FR"), ("\u22121 234,50 kr", "SEK", "sv_SE"), ("-1.234,50 kr.", "DKK", "da_DK"),
    ("\u22125", "USD", None), ("\u20125.00", "USD", None), ("5.00\u2212", "USD", None), ("5.00\u2014", "USD", None),
    ("5,00- \u20ac", "EUR", "de_DE"), ("- \u20ac5,00", "EUR", "nl_NL"), ("\u20ac -5,00", "EUR", "nl_NL"),
    ("\u20ac 5,00 -", "EUR", "nl_NL"), ("-R$ 5,00", "BRL", "pt_BR"), ("R$ (5,00)", "BRL", "pt_BR"),
    ("-5,00 z\u0142", "PLN", "pl_PL"), ("-5 000 Ft", "HUF", "hu_HU"), ("-1.234,56 TL", "TRY", "tr_TR"),
    ("\u25b31000", "JPY", None), ("\u25b2\u00a51,000", "JPY", "en_US"), ("\u00a5\u25b21000", "JPY", None),
    ("-1000\u5186", "JPY", None), ("\u25bc500", "KRW", None), ("-\uffe5500", "JPY", None), ("<5.00>", "USD", None),
    ("{5.00}", "USD", None), ("(-5.00)", "USD", None), ("-(5.00)", "USD", None), ("negative 5.00", "USD", None),
    ("5.00 minus", "USD", None), ("menos 5,00", "EUR", "es_ES"), ("minus 5,00", "SEK", "sv_SE"),
    ("\u043c\u0438\u043d\u0443\u0441 5,00", "RUB", "ru_RU"), ("-5,00 \u20bd", "RUB", "ru_RU"),
    ("\u20aa-5.00", "ILS", None), ("-5.00\u20aa", "ILS", None), ("\u200e-\u200e5.00", "ILS", None),
    ("\u061c-5.00", "AED", None), ("\u2212\u200f5", "ILS", None), ("5.00 DB", "USD", None), ("-5.00 EUR", "EUR", None),
    ("EUR \u22125,00", "EUR", "fi_FI"), ("\u22125,00 \u20ac", "EUR", "fi_FI"), ("-$.75", "USD", None),
    ("($.75)", "USD", None), ("-5.", "USD", None), ("(5.)", "USD", None), ("-0", "USD", None), ("-0.00", "USD", None),
    ("(0.00)", "USD", None), ("0", "USD", None), ("0.00", "USD", None), ("-1e3", "USD", None), ("(1,234)", "USD", None),
    ("-1,234.50", "USD", None), ("(1.234,50)", "EUR", None), ("\u2014", "USD", None), ("-", "USD", None),
    ("$ -", "USD", None), ("--", "USD", None), ("\u2212$1,234.50", "USD", None), ("-USD1,234.50", "USD", None),
    ("-1 234", "USD", None), ("5 CR", "USD", None), ("-\uff15", "USD", None),
    ("\u301012.00\u3011", "CNY", None), ("\u301412\u3015", "JPY", None), ("\uff3b12\uff3d", "JPY", None),
    ("\ufe5912\ufe5a", "CNY", None), ("\u300a12\u300b", "CNY", None), ("(12.00", "USD", None), ("12.00)", "USD", None),
    ("($12.00", "USD", None), ("-(12.00", "USD", None), ("US($12.00)", "USD", None), ("\u204312.00", "USD", None),
    ("\u30fc1000", "JPY", None), ("\u25001000", "JPY", None), ("\u229612", "USD", None),
    ("\u00f7 12,00", "DKK", "da_DK"), ("\u205212", "EUR", None), ("'-12.00", "USD", None), ("-12.00 *", "USD", None),
    ("12.00 D", "USD", None), ("12.00 C", "USD", None), ("12,00 S", "EUR", "de_DE"), ("12,00 \u20ac H", "EUR", "de_DE"),
    ("12,00 Soll", "EUR", "de_DE"), ("Debit 12.00", "USD", None), ("12.00 credit", "USD", None),
    ("12,00 Debe", "EUR", "es_ES"), ("n\u00e9gatif 12,00", "EUR", "fr_FR"), ("negativ 12,00", "EUR", "de_DE"),
    ("m\u00ednus 12,00", "CZK", "cs_CZ"), ("\u03c0\u03bb\u03b7\u03bd 12,00", "EUR", "el_GR"),
    ("\u05de\u05d9\u05e0\u05d5\u05e1 12", "ILS", None), ("\u0633\u0627\u0644\u0628 12", "SAR", None),
    ("\u0e25\u0e1a 12", "THB", None), ("-100,-", "NOK", "nb_NO"), ("-1 234,50:-", "SEK", "sv_SE"),
    ("-Fr. 5.\u2013", "CHF", "de_CH"), ("-5.-", "CHF", None),
    ("\u2212\uff11\uff12.\uff10\uff10", "USD", None), ("./. 12,00", "EUR", "de_DE"),
    ("./.12,00 \u20ac", "EUR", "de_DE"), ("12,00 ./.", "EUR", "de_DE"), ("abzgl. 12,00", "EUR", "de_DE"),
    ("12,00 Kredit", "SEK", "sv_SE"), ("./. 12.00", "EUR", None),
]  # fmt: skip
_NEGATIVE_CENTS = ("-1200", "(1200)", "1200-", "\u22121200", "$(1200)", "-1200 USD", "-0", "USD 1200-", "1200 CR")
NEGATIVES = by_locale(
    "negative",
    [
        (locale, row(f"c-{at}", text, currency), "amount_not_positive")
        for at, (text, currency, locale) in enumerate(_NEGATIVES)
    ],
    formats=EVERY,
    unsaid=["alone", "digits only"],
)
NEGATIVES.append(
    together(
        "negative cents",
        [(row(f"c-{at}", text), "amount_not_positive") for at, text in enumerate(_NEGATIVE_CENTS)],
        formats=(".csv", ".xlsx"),
        options={"amount_unit": "minor"},
        unsaid=["alone", "digits only"],
    )
)

# -- Symbols and codes in amounts ---------------------------------------------------------------------------

_SYMBOLS: list[tuple[str, str, str | None, int]] = [
    ("US$ 12.00", "USD", None, 1200), ("12.00 $", "USD", None, 1200), ("$12", "USD", None, 1200),
    ("C$12.00", "CAD", None, 1200), ("CA$12.00", "CAD", None, 1200), ("A$12.00", "AUD", None, 1200),
    ("HK$12.00", "HKD", None, 1200), ("\u20ac 12.00", "EUR", None, 1200), ("12,00 \u20ac", "EUR", "de_DE", 1200),
    ("EUR 1.234,50", "EUR", "de_DE", 123450), ("CHF 1'234.50", "CHF", "de_CH", 123450),
    ("Fr. 12.00", "CHF", None, 1200), ("1\u00a0234,50 \u20ac", "EUR", "fr_FR", 123450),
    ("1\u202f234,50\u00a0\u20ac", "EUR", "fr_FR", 123450), ("R$ 1.234,50", "BRL", "pt_BR", 123450),
    ("100,00 kr", "SEK", "sv_SE", 10000), ("kr 100,00", "NOK", "nb_NO", 10000), ("12,00 z\u0142", "PLN", "pl_PL", 1200),
    ("\u20b91,23,456.50", "INR", "en_IN", 12345650), ("\u00a51000", "CNY", None, 100000),
    ("\u00a51000", "JPY", None, 1000), ("\uffe51000", "JPY", None, 1000), ("1000\u5186", "JPY", None, 1000),
    ("\u20a9500", "KRW", None, 500), ("\u00a35", "GBP", None, 500), ("5.00GBP", "GBP", None, 500),
    ("usd 5.00", "USD", None, 500), ("EUR5.00", "EUR", None, 500), ("\u20ba5.00", "TRY", None, 500),
    ("5,00 K\u010d", "CZK", "cs_CZ", 500), ("5.00 \u20aa", "ILS", None, 500), ("NZ$5.00", "NZD", None, 500),
    ("S$5.00", "SGD", None, 500), ("1 234,50 K\u010d", "CZK", "cs_CZ", 123450),
    ("1.234,50 kr.", "DKK", "da_DK", 123450), ("\u20ac 1.234,50", "EUR", "nl_NL", 123450),
    ("\u20b1500", "PHP", None, 50000), ("\u0e3f500", "THB", None, 50000), ("\u20a65.00", "NGN", None, 500),
    ("5,00 \u20b4", "UAH", "uk_UA", 500), ("5,00 \u20bd", "RUB", "ru_RU", 500), ("500 Ft", "HUF", None, 50000),
    ("RM5.00", "MYR", None, 500), ("Rp 50.000", "IDR", "id_ID", 5000000), ("R 5.00", "ZAR", None, 500),
    ("MX$5.00", "MXN", None, 500), ("S/ 5.00", "PEN", None, 500), ("AED 5.00", "AED", None, 500),
    ("\uffe15.00", "GBP", None, 500), ("\uff045.00", "USD", None, 500), ("\u20ac\u00a05.00", "EUR", None, 500),
    ("5.00\u00a0USD", "USD", None, 500), ("\u00a0$5.00\u00a0", "USD", None, 500), ("USD5", "USD", None, 500),
    ("$5.00 USD", "USD", None, 500), ("US$5.00", "USD", None, 500), ("USD $5.00", "USD", None, 500),
    ("\u20ac5.00 EUR", "EUR", None, 500), ("A$ 5.00", "AUD", None, 500), ("AU$5.00", "AUD", None, 500),
    ("NT$5.00", "TWD", None, 500), ("$5.00 AUD", "AUD", None, 500), ("$5.00CAD", "CAD", None, 500),
    ("CAD $5.00", "CAD", None, 500), ("Fr 5.00", "CHF", None, 500), ("SFr. 5.00", "CHF", None, 500),
    ("CHF 5.00", "CHF", None, 500), ("5.00 CHF", "CHF", None, 500), ("5,00 TL", "TRY", "tr_TR", 500),
    ("\u20ba5,00", "TRY", "tr_TR", 500), ("5 kr", "SEK", None, 500), ("5 SEK", "SEK", None, 500),
    ("\u20b9 500", "INR", None, 50000), ("Rs 500", "INR", None, 50000), ("Rs.500", "INR", None, 50000),
    ("INR 500", "INR", None, 50000), ("5 \u5143", "CNY", None, 500), ("RMB 5", "CNY", None, 500),
    ("CN\u00a55", "CNY", None, 500), ("JP\u00a5500", "JPY", None, 500), ("500\u5186", "JPY", None, 500),
    ("500\uc6d0", "KRW", None, 500), ("Lei 5.00", "RON", None, 500), ("5,00 lei", "RON", "ro_RO", 500),
    ("5 \u00a3", "GBP", None, 500), ("GBP \u00a35.00", "GBP", None, 500), ("eur 5", "EUR", None, 500),
    ("Euro 5.00", "EUR", None, 500), ("5.00 euros", "EUR", None, 500), ("EGP 5.00", "EGP", None, 500),
    ("E\u00a35.00", "EGP", None, 500), ("\u062f.\u0625 5.00", "AED", None, 500),
    ("5.00 \u0631.\u0633", "SAR", None, 500), ("SR 5.00", "SAR", None, 500), ("KSh 5.00", "KES", None, 500),
    ("GH\u20b55.00", "GHS", None, 500), ("$ 5.00 MXN", "MXN", None, 500), ("AR$ 5.00", "ARS", None, 500),
    ("COP$ 5.00", "COP", None, 500), ("B/. 5.00", "PAB", None, 500), ("Bs 5.00", "BOB", None, 500),
    ("Q5.00", "GTQ", None, 500), ("L 5.00", "HNL", None, 500), ("\u20a1500", "CRC", None, 50000),
    ("J$5.00", "JMD", None, 500), ("TT$5.00", "TTD", None, 500), ("5 zl", "PLN", None, 500),
    ("PLN 5", "PLN", None, 500), ("5.00 KM", "BAM", None, 500), ("5.00 din.", "RSD", None, 500),
    ("5.00 \u0434\u0435\u043d", "MKD", None, 500), ("\u0434\u0435\u043d. 5.00", "MKD", None, 500),
    ("\u20bc5.00", "AZN", None, 500), ("\u20be5.00", "GEL", None, 500), ("\u058f500", "AMD", None, 50000),
    ("\u20b8500", "KZT", None, 50000), ("$1234.5", "USD", None, 123450), ("$1234", "USD", None, 123400),
    ("$0.50", "USD", None, 50),
    ("$CA 5.00", "CAD", None, 500), ("1 234,50 $US", "USD", "fr_CA", 123450), ("$U 5,00", "UYU", "es_UY", 500),
    ("NIS 5.00", "ILS", None, 500), ("5.00 \u05e9\"\u05d7", "ILS", None, 500),
    ("5.00 \u0e1a\u0e32\u0e17", "THB", None, 500), ("Dhs. 5.00", "AED", None, 500), ("5.00 \u5143", "TWD", None, 500),
    ("5\u30e6\u30fc\u30ed", "EUR", None, 500), ("1\u2009234,50 \u20ac", "EUR", "fr_FR", 123450),
    ("1\u2007234,50", "EUR", "fr_FR", 123450),
]  # fmt: skip
_CONTRADICTIONS: list[tuple[str, str, str | None]] = [
    ("\u00a35.00", "EUR", None), ("\u20ac5", "USD", None), ("$5.00", "CAD", None), ("$5.00", "AUD", None),
    ("C$5.00", "USD", None), ("\u00a5500", "USD", None), ("5.00 USD", "EUR", None), ("CHF 5.00", "EUR", None),
    ("A$5.00", "USD", None), ("US$5.00", "AUD", None), ("5,00 \u20ac", "CHF", "de_DE"), ("kr 5,00", "EUR", "nb_NO"),
    ("\u20b95.00", "USD", None), ("R$5.00", "USD", None), ("EUR 5.00", "GBP", None), ("\u00a35.00", "EGP", None),
    ("z\u01425.00", "EUR", None), ("HK$5.00", "USD", None), ("$5.00", "MXN", None), ("$5.00", "NZD", None),
    ("$5.00", "GBP", None), ("\u20ac5.00", "GBP", None), ("\u00a35.00", "USD", None), ("\u00a5500", "KRW", None),
    ("kr 5", "USD", None), ("5.00 CHF", "USD", None), ("R$5.00", "EUR", None), ("CAD 5.00", "USD", None),
    ("$5.00 CAD", "USD", None), ("USD 5.00", "CAD", None), ("AUD$5.00", "USD", None), ("US$5.00", "CAD", None),
    ("\u20b95", "USD", None), ("5,00 \u20ac", "USD", "de_DE"), ("\u20ac 5", "CHF", None), ("GBP5.00", "EUR", None),
    ("500\u5186", "USD", None), ("\u51435", "JPY", None), ("\u00a35.00", "LBP", None), ("S$5.00", "USD", None),
    ("\u20a9500", "JPY", None), ("z\u0142 5", "CZK", None), ("CHF5", "EUR", None), ("Fr 5.00", "EUR", None),
    ("\u20bf5.00", "USD", None),
]  # fmt: skip
SYMBOLS = by_locale(
    "symbol",
    [
        (locale, row(f"c-{at}", text, currency), amount)
        for at, (text, currency, locale, amount) in enumerate(_SYMBOLS)
    ],
    formats=EVERY,
)
SYMBOLS += by_locale(
    "contradiction",
    [
        (locale, row(f"c-{at}", text, currency), "currency_contradicts")
        for at, (text, currency, locale) in enumerate(_CONTRADICTIONS)
    ],
    formats=(".csv", ".xls", ".xlsb"),
)

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
    "\u0e23\u0e27\u0e21\u0e17\u0e31\u0e49\u0e07\u0e2b\u0e21\u0e14", "Total g\u00e9n\u00e9ral", "Total Geral",
    "Eindtotaal", "Suma ko\u0144cowa", "Celkov\u00fd sou\u010det", "V\u00e9g\u00f6sszeg",
    "\u0393\u03b5\u03bd\u03b9\u03ba\u03cc \u0386\u03b8\u03c1\u03bf\u03b9\u03c3\u03bc\u03b1",
    "\u05e1\u05db\u05d5\u05dd \u05db\u05d5\u05dc\u05dc",
    "\u0627\u0644\u0625\u062c\u0645\u0627\u0644\u064a \u0627\u0644\u0643\u0644\u064a", "\u7dcf\u8a08", "\u7e3d\u8a08",
    "\ucd1d\ud569\uacc4", "\u0e1c\u0e25\u0e23\u0e27\u0e21\u0e17\u0e31\u0e49\u0e07\u0e2b\u0e21\u0e14",
    "T\u1ed5ng cu\u1ed1i", "Total Keseluruhan", "Kaikki yhteens\u00e4", "Totalsumma", "Hovedtotal", "Totalsum",
    "\u041e\u0431\u0449\u0438\u0439 \u0438\u0442\u043e\u0433", "\u041e\u0431\u0449 \u0441\u0431\u043e\u0440",
    "\u041a\u0440\u0430\u0439\u043d\u0430 \u0441\u0443\u043c\u0430", "Ukupni zbroj",
    "\u0423\u043a\u0443\u043f\u043d\u0430 \u0441\u0443\u043c\u0430", "Celkov\u00fd s\u00fa\u010det", "Skupna vsota",
    "\u0417\u0430\u0433\u0430\u043b\u044c\u043d\u0438\u0439 \u043f\u0456\u0434\u0441\u0443\u043c\u043e\u043a",
    "\u00dcldkokkuv\u00f5te", "Gala summa", "Bendroji suma", "Sveukupno",
    "\u0412\u0441\u0435\u0433\u043e \u043f\u043e \u0441\u0447\u0435\u0442\u0443", "Suma total", "Totaux", "Somme",
    "Total TTC", "Net total", "Totals:", "Total.", "TOTAL GENERAL", "Sum:", "SUBTOTAL:", "Sub-totals", "Sous total",
    "Zwischentotal", "Gesamt:", "Gesamtwert", "Summe EUR", "Total EUR", "USD Total", "July total", "Total July",
    "2026 Total", "Total 2026", "Celkem za \u010dervenec",
    "\u0418\u0442\u043e\u0433\u043e \u0437\u0430 \u0438\u044e\u043b\u044c",
    "\u0418\u0442\u043e\u0433\u043e \u043f\u043e \u043a\u043b\u0438\u0435\u043d\u0442\u0443", "\u5c0f\u8a08\uff1a",
    "\u5408\u8a08\uff087\u6708\uff09", "7\u6708\u8a08", "Total cust-1:", "cust-1 - Total", "cust-1: Subtotal",
    "Subtotal - cust-1", "Overall total", "Grand-Total", "GRANDTOTAL", "Jumlah Besar", "Suma parcial",
    "Subtotal parcial", "Totale parziale", "Total partiel", "Teilsumme", "Delsumma", "Delsum", "V\u00e4lisumma",
    "Mezisou\u010det", "Suma cz\u0119\u015bciowa", "Ara Toplam",
    "\u041f\u0440\u043e\u043c\u0435\u0436\u0443\u0442\u043e\u0447\u043d\u044b\u0439 \u0438\u0442\u043e\u0433",
    "\u041f\u0440\u043e\u043c\u0435\u0436\u0443\u0442\u043e\u0447\u043d\u044b\u0435 \u0438\u0442\u043e\u0433\u0438",
    "\u041f\u0440\u043e\u043c\u0456\u0436\u043d\u0438\u0439 \u043f\u0456\u0434\u0441\u0443\u043c\u043e\u043a",
    "R\u00e9sz\u00f6sszeg", "\u039c\u03b5\u03c1\u03b9\u03ba\u03cc \u03c3\u03cd\u03bd\u03bf\u03bb\u03bf",
    "\u05e1\u05db\u05d5\u05dd \u05d1\u05d9\u05e0\u05d9\u05d9\u05dd",
    "\u0627\u0644\u0645\u062c\u0645\u0648\u0639 \u0627\u0644\u0641\u0631\u0639\u064a", "\ubd80\ubd84\ud569",
    "\u0e22\u0e2d\u0e14\u0e23\u0e27\u0e21\u0e22\u0e48\u0e2d\u0e22", "T\u1ed5ng ph\u1ee5", "Medzis\u00fa\u010det",
    "Delna vsota", "Me\u0111uzbroj", "Yhteens\u00e4:", "Samtals", "Alls", "Kokku", "Kop\u0101:", "I\u0161 viso", "Viso",
    "Gesamtbetrag", "Endsumme", "Rechnungssumme", "Total \u00e0 payer", "Valor total", "Importo totale", "Totaalbedrag",
    "Kwota razem", "Celkov\u00e1 \u010d\u00e1stka", "\u00d6sszesen:", "Toplam Tutar",
    "\u041e\u0431\u0449\u0430\u044f \u0441\u0443\u043c\u043c\u0430",
    "\u0417\u0430\u0433\u0430\u043b\u044c\u043d\u0430 \u0441\u0443\u043c\u0430",
    "\u0421\u0443\u043c\u0430 \u0440\u0430\u0437\u043e\u043c", "\u041e\u0431\u0449\u043e", "Ukupan iznos",
    "Totalbel\u00f8b", "Totalbelopp", "Totalt bel\u00f8p", "Loppusumma", "\u5408\u8a08\u91d1\u984d",
    "\u603b\u91d1\u989d", "\u7e3d\u91d1\u984d", "\ucd1d\uc561",
    "\u0e08\u0e33\u0e19\u0e27\u0e19\u0e40\u0e07\u0e34\u0e19\u0e23\u0e27\u0e21", "T\u1ed5ng ti\u1ec1n", "Total Amaun",
    "\u03a3", "\u2211", "Summe aller Zeilen", "Summe der Gutschriften", "Total of all customers",
    "Total for all customers", "Total number", "Total rows: 2", "Count: 2 Total", "** Total **", "--- Total ---",
    "[Total]", "<Total>", '"Total"', "Total,", "Total;", "/Total/", "Total/", "=SUM", "Sum Total", "Total sum",
    "Control total", "Kontrollsumme", "Total de control", "Pr\u00fcfsumme", "Batch total", "File total", "Hash total",
    "Trailer total", "Column total", "\u00dcbertrag", "Report total", "Gesamtsumme USD",
    "T O T A L", "\ud569 \uacc4", "Grand_Total", "sub_total", "S/Total", "Ges.-Summe", "Zw.-Summe", "Tilsammen",
    "Til sammen", "Totalbel\u00f8p", "Totalresultat", "Yht.", "Pavisam", "\u0417\u0430\u0433\u0430\u043b\u043e\u043c",
    "\u0421\u0432\u0435\u0433\u0430", "\u0411\u0430\u0440\u043b\u044b\u0493\u044b",
    "\u041d\u0438\u0439\u0442 \u0434\u04af\u043d", "\u03a3\u03cd\u03bd\u03bf\u03bb\u03b1",
    "\u03a5\u03a0\u039f\u03a3\u03a5\u039d\u039f\u039b\u039f", "c-1 Toplam\u0131", "Yek\u00fbn", "C\u0259mi",
    "\u0538\u0576\u0564\u0561\u0574\u0565\u0576\u0568", "\u0627\u0644\u062c\u0645\u0644\u0629",
    "\u0679\u0648\u0679\u0644", "\u05e1\u05d9\u05db\u05d5\u05dd", "\u05e1\u05d4''\u05db", "\u090f\u0915\u0942\u0923",
    "\u09b8\u09b0\u09cd\u09ac\u09ae\u09cb\u099f",
    "\u0c15\u0c38\u0c4d\u0c1f\u0c2e\u0c30\u0c4d \u0c2e\u0c4a\u0c24\u0c4d\u0c24\u0c02", "\u0c92\u0c9f\u0ccd\u0c9f\u0cc1",
    "\u0d06\u0d15\u0d46", "2026\u5e74\u5ea6\u8a08", "\u6c42\u548c", "\u0e22\u0e2d\u0e14\u0e23\u0e27\u0e21",
    "\u0e23\u0e27\u0e21\u0e22\u0e48\u0e2d\u0e22", "Groottotaal", "Jml", "Carried forward",
)  # fmt: skip
_NAMES = (
    "total-energies", "summa-corp", "sumup", "totalcare", "subtotal7", "gesamtschule-1", "totals-inc", "toplamex",
    "total-gas", "TotalEnergies", "Total_Care", "Sumitomo", "sum-41", "summe1", "Totaro", "totem", "Tot-7",
    "gesamt-gmbh", "Kolja", "alls-well", "Toplamaci", "razem-pl-3", "Suma-4", "Somme-12", "\u5408\u7530",
    "\u8a08\u753b\u5de5\u696d", "\u7dcf\u52d9\u90e8", "Summit", "Cumulus", "Total1", "subtotal_2", "c-total", "x-total",
    "kokku-1", "\u5c71\u7530\u8a2d\u8a08", "\u8a2d\u8a08", "\u4f50\u85e4\u4f1a\u8a08", "\u7d71\u8a08\u6570\u7406",
    "\u8a08\u6e2c\u5668\u8ca9\u58f2", "\u6642\u8a08\u5e97", "\u4e0a\u6d77\u8bbe\u8ba1",
    "\u0e23\u0e27\u0e21\u0e43\u0e08", "total_gas", "grand_totals_inc", "\u7530\u4e2d\u8a08", "S T Dupont", "fr/total",
)  # fmt: skip
TOTALS = [  # the rows are no sums: the word alone decides
    together(
        "totals by their words",
        [
            (row("c-1", "11.50"), 1150),
            (row("cust-1", "8.25"), 825),
            *((row(text, f"{at}.07"), "looks_like_total") for at, text in enumerate(_TOTALS, 2)),
            (row("c-3", "0.50"), 50),
        ],
        formats=(".csv", ".txt", ".xlsm", *WORKBOOKS),
    ),
    together("names", [(row(text, f"{at}.07"), 100 * at + 7) for at, text in enumerate(_NAMES, 2)], formats=EVERY),
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
    Variant("the word stands with the amount", [*_TWO, ("", "Total: $19.75", "", "", "")], _TWO_PAID,
            control_totals=[(4, "USD", 1975)], formats=(".csv", ".xlsx", ".ods")),
    Variant("the word stands with a wrong amount", [*_TWO, ("", "19.85 total", "", "", "")],
            refused=("19.75", "19.85")),
    Variant("a total that is the text of a formula", [*_TWO, ("", "=SUM(B2:B3)", "", "", "Total")], _TWO_PAID,
            {4: "amount_not_a_number"}, formats=(".csv", ".xlsx")),
    Variant("the word stands in place of the currency", [*_TWO, ("", "19.75", "Summe", "", "")], _TWO_PAID,
            control_totals=[(4, "USD", 1975)], formats=(".csv", ".tsv", ".xls")),
    Variant("in place of the currency, and wrong", [*_TWO, ("", "19.85", "Summe", "", "")], refused=("19.75", "19.85")),
    Variant("the word names the currency", [*_TWO, row("c-3", "5.00", "EUR"), ("", "19.75", "", "", "Total USD"),
            ("", "5.00", "", "", "Total EUR")], {**_TWO_PAID, "c-3": 500},
            control_totals=[(5, "USD", 1975), (6, "EUR", 500)], formats=(".csv", ".xlsx")),
    Variant("the word names another currency", [*_TWO, row("c-3", "5.00", "EUR"), ("", "19.75", "", "", "Total EUR"),
            ("", "5.00", "", "", "Total USD")], refused=("19.75 EUR", "5.00 USD")),
    Variant("a sum and nothing else", [*_TWO, ("", "19.75", "", "", "")], _TWO_PAID, control_totals=[(4, "USD", 1975)],
            formats=(".csv", ".txt", ".xlsx", ".ods")),
    Variant("a sum and its currency", [*_TWO, ("", "19.75", "USD", "", ""), row("c-3", "4.00")],
            {**_TWO_PAID, "c-3": 400}, control_totals=[(4, "USD", 1975)]),
    Variant("an amount and nothing else", [*_TWO, ("", "19.70", "USD", "", "")], _TWO_PAID, {4: "missing"},
            formats=(".csv", ".xls")),
    Variant("the amount of one row and nothing else", [*_TWO[:1], ("", "11.50", "USD", "", "")], {"c-1": 1150},
            {3: "missing"}),
    Variant("a total that says no amount", [*_TWO, ("", "", "", "", "Total: 2")], _TWO_PAID, {4: "no_amount"},
            formats=(".csv", ".xlsx")),
    Variant("a sum above the total by its word", [*_TWO, row("x-9", "19.75"), row("Total", "19.75")], _TWO_PAID,
            {4: "looks_like_total", 5: "looks_like_total"}, formats=(".csv", ".xlsx")),
    Variant("a row that is the sum of others, in a total", [row("c-1", "5"), row("c-2", "5"), row("c-3", "10"),
            ("", "20", "", "", "Total")], {"c-1": 500, "c-2": 500, "c-3": 1000}, control_totals=[(5, "USD", 2000)],
            formats=(".csv", ".xlsx")),
    Variant("a row that is the sum of others, above a total", [row("c-1", "5"), row("c-2", "5"), row("c-3", "10"),
            row("", "", "", "", ""), row("Total", "20")], {"c-1": 500, "c-2": 500, "c-3": 1000},
            {6: "looks_like_total"}, formats=(".csv", ".ods")),
    Variant("sums of two currencies, of one row in one", [*_TWO, row("c-3", "5.00", "EUR"), row("x-8", "19.75"),
            row("x-9", "5.00", "EUR")], {**_TWO_PAID, "c-3": 500}, {5: "looks_like_total", 6: "looks_like_total"}),
    Variant("the same in the other order", [*_TWO, row("c-3", "5.00", "EUR"), row("x-8", "5.00", "EUR"),
            row("x-9", "19.75")], {**_TWO_PAID, "c-3": 500}, {5: "looks_like_total", 6: "looks_like_total"}),
    Variant("single rows of two currencies repeated", [row("c-1", "11.50"), row("c-2", "5.00", "EUR"),
            row("c-3", "11.50"), row("c-4", "5.00", "EUR")], {"c-1": 1150, "c-2": 500, "c-3": 1150, "c-4": 500}),
    Variant("the description says it", [*_TWO, row("c-9", "3.75", description="Subtotal")], _TWO_PAID,
            {4: "looks_like_total"}, formats=(".csv", ".xlsx")),
    Variant("a description with such a word", [*_TWO, row("c-9", "3.75", description="Total care bonus")],
            {**_TWO_PAID, "c-9": 375}),
]  # fmt: skip

# -- Number formats -----------------------------------------------------------------------------------------


def shown(value: float | str, code: str, text: str, kind: str = "float") -> Styled:
    """A cell with a format, and what it shows."""
    return Styled(value, code, text, kind)


_IDS = [
    (shown(77, "00000", "00077"), "00077"),
    (shown(123456, "000000", "123456"), "123456"),
    (shown(42, '"K-"0000', "K-0042"), "K-0042"),
    (shown(42, '000"-DE"', "042-DE"), "042-DE"),
    (shown(123456789, "000-00-0000", "123-45-6789"), "123-45-6789"),
]
_UNLIKE_IDS = [
    shown(1234567, "#,##0", "1,234,567"),
    shown(4711, "0.00", "4711.00"),
    shown(123000, "0.00E+00", "1.23E+05"),
    shown(12, "0%", "1200%"),
    shown(5000, "#,##0,", "5"),
    shown(421, '"$"0', "$421"),
    shown(422, "[$\u20ac-407]0", "\u20ac422"),
]
_AMOUNTS: list[tuple[Styled, str, Outcome]] = [
    (shown(1234.5, "0.00", "1234.50"), "USD", 123450),
    (shown(1234.5, "#,##0.00", "1,234.50"), "USD", 123450),
    (shown(1234.5, '"$"#,##0.00', "$1,234.50"), "USD", 123450),
    (shown(12.5, '0.00" USD"', "12.50 USD"), "USD", 1250),
    (shown(1250, '"\u00a5"#,##0', "\u00a51,250"), "JPY", 1250),
    (shown(12.5, "[$$-en-US]#,##0.00", "$12.50"), "USD", 1250),
    (shown(1234567.5, r"[>=100000]##\,##\,##0.00;##,##0.00", "12,34,567.50"), "INR", 123456750),
    (shown(1234567.5, r"#\ ##0.00", "1234 567.50"), "USD", 123456750),
    (shown(1250, r"0\ 00", "12 50"), "USD", "shown_otherwise"),
    (shown(1250, r"0\,00", "12,50"), "USD", "shown_otherwise"),
    (shown(1250, "0'00", "12'50"), "USD", "shown_otherwise"),
    (shown(1250, r"0\.00", "12.50"), "USD", "shown_otherwise"),
    (shown(9.99, "0", "10"), "USD", "shown_otherwise"),
    (shown(5000, "#,##0,", "5"), "USD", "shown_otherwise"),
    (shown(0.5, "0%", "50%"), "USD", "shown_otherwise"),
    (shown(12, '"paid"', "paid"), "USD", "shown_otherwise"),
    (shown(12.5, "0.00 [$\u20ac-407]", "12.50 \u20ac"), "USD", "currency_contradicts"),
    (shown(12.5, "[$\u00a3-809]0.00", "\u00a312.50"), "USD", "currency_contradicts"),
]
_CENTS: list[tuple[Styled, Outcome]] = [
    (shown(1250, "0.00", "1250.00"), "amount_has_decimals"),
    (shown(1250, "#,##0", "1,250"), 1250),
    (shown(1250, "0000", "1250"), 1250),
    (shown(1250, '"$"0', "$1250"), "amount_has_decimals"),
]
FORMATS = [
    Variant("ids as they show", [row(cell) for cell, _ in _IDS], dict.fromkeys([text for _, text in _IDS], 1150),
            formats=WORKBOOKS),
    together("ids that show something else", [(row(cell), "shown_otherwise") for cell in _UNLIKE_IDS],
             said=["1,234,567", "1234567", "4711.00", "123000", "1200%", "5000"], formats=WORKBOOKS),
    Variant("references of dates", [row("c-1", reference=shown("2026-09-30", "yyyy-mm-dd", "2026-09-30", "date")),
            row("c-2", reference=shown("2026-09-30", "dd.mm.yyyy", "30.09.2026", "date")),
            row("c-3", reference=shown(9, "0000", "0009")),
            row("c-4", reference=shown("2026-09-30", "[$-en-US]mmmm d, yyyy;@", "September 30, 2026", "date")),
            row("c-5", reference=shown("2026-09-30", "[$-fr-FR]dd/mm/yyyy", "30/09/2026", "date"))],
            dict.fromkeys(["c-1", "c-2", "c-3", "c-4", "c-5"], 1150), formats=WORKBOOKS),
    Variant("a date in letters of another language", [GOOD, row("c-2", reference=shown("2026-09-30", "TT.mm.JJJJ",
            "30.09.2026", "date"))], PAID, {3: "turned_into_date"}, formats=(".xlsx", ".xls", ".xlsb")),
    Variant("customer of a date", [GOOD, row(shown("2026-03-01", "yyyy-mm-dd", "2026-03-01", "date"))], PAID,
            {3: "turned_into_date"}, formats=WORKBOOKS),
    together("amounts", [(row(f"c-{at}", cell, currency), outcome) for at, (cell, currency, outcome)
             in enumerate(_AMOUNTS)], said=["9.99", "10", "50%"], formats=WORKBOOKS),
    together("cents", [(row(f"c-{at}", cell), outcome) for at, (cell, outcome) in enumerate(_CENTS)],
             options={"amount_unit": "minor"}, formats=WORKBOOKS),
]  # fmt: skip

# -- Rows, columns and sheets that are not seen; merged cells -----------------------------------------------

_THREE = [row("c-1", "11.50"), row("c-2", "8.25"), row("c-3", "4.00")]
_HIDDEN = {"hidden": frozenset({2})}
_FLAT = {"flat": frozenset({1, 3})}
_BLANK = [row("c-1", "11.50"), ("", "", "", "", ""), row("c-3", "4.00")]
_TABLE = [HEADERS, row("old-1", "99.00")]
HIDDEN = [
    Variant("hidden row", _THREE, refused=("row 3", "8.25", "hidden"), formats=(*WORKBOOKS, ".xlsm"), book=_HIDDEN),
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
    Variant("all lines in quotes before delimiters", (), refused=("row 1", "whole row", "quotes"),
            text=f'"{_HEAD}",,,,\n"c-1,11.50,USD,q4,d",,,,\n'),
    Variant("rows in quotes of a text", (), refused=("whole row", "quotes (')"),
            text=f"{_HEAD}\n'c-1,11.50,USD,q4,d'\n"),
    Variant("rows in quotes of a page", (), refused=("whole row", "quotes (\u201c)"),
            text=f"{_HEAD}\n\u201cc-1,11.50,USD,q4,d\u201d\n"),
    Variant("one cell in quotes", (), {"c-1": 1150}, text=f"{_HEAD}\nc-1,11.50,USD,q4,'d'\n"),
    Variant("a name that begins with an apostrophe", (), {"'s-hage": 1150}, text=f"{_HEAD}\n's-hage,11.50,USD,q4,d\n"),
    Variant("lines of a text in one column", [("c-1;11.50;USD;q4;d",)], refused=("row 1", "whole row", "one cell"),
            headers=(";".join(HEADERS),), formats=WORKBOOKS),
    Variant("rows of a text in one column", [("c-1,11.50,USD,q4,d",), ("c-2,8.25,USD,q4,d",)],
            refused=("row 3", "whole row", "one cell"), formats=WORKBOOKS),
    Variant("a note with commas", [GOOD, ("Exported by Ann, Q4, for finance, on Monday, in Bonn", "", "", "", "")],
            PAID, {3: "no_amount"}, formats=WORKBOOKS),
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

# -- The language of a file ---------------------------------------------------------------------------------

LANGUAGES = [
    Variant("a negative amount in the same language", [row("c-1", "24,35", "EUR"), row("c-2", "1.234,50-", "EUR")],
            rejected={2: "amount_has_separators", 3: "amount_not_positive"}, said=["--locale de_DE"], formats=EVERY),
    Variant("no amount among others", [row("c-1", "1'234.50", "CHF"), row("c-2", "n.a.", "CHF"),
            row("c-3", "5.-", "CHF")], rejected={2: "amount_has_separators", 3: "?", 4: "?"}, said=["--locale de_CH"],
            unsaid=["de_DE"]),
    Variant("a negative amount in another language", [row("c-1", "24,35", "EUR"), row("c-2", "-7.50", "EUR")],
            rejected={2: "amount_has_separators", 3: "amount_not_positive"}, unsaid=["every amount"]),
    Variant("two languages, one of them said", [row("c-1", "1.234,50", "EUR"), row("c-2", "1234.5", "EUR")],
            {"c-1": 123450}, {3: "not_of_locale"}, unsaid=["every amount"], options={**MAJOR, "locale": "de_DE"}),
    Variant("another language than is said", [row("c-1", "1234.50", "EUR"), row("c-2", "7", "EUR")],
            {"c-2": 700}, {2: "not_of_locale"}, said=["--locale en_US"], options={**MAJOR, "locale": "de_DE"}),
    Variant("only a negative amount", [row("c-1", "5.00", "EUR"), row("c-2", "(1,234.50)", "EUR")],
            {"c-1": 500}, {3: "amount_not_positive"}, unsaid=["every amount"]),
    Variant("a language that is said", [row("c-1", "1.234,50", "EUR"), row("c-2", "-1.234,50", "EUR")],
            {"c-1": 123450}, {3: "amount_not_positive"}, unsaid=["every amount"], options={**MAJOR, "locale": "de_DE"}),
]  # fmt: skip

GROUPS = {
    "unseen": UNSEEN, "spoiled": SPOILED, "negatives": NEGATIVES, "symbols": SYMBOLS, "totals": TOTALS,
    "formats": FORMATS, "hidden": HIDDEN, "lines": LINES, "languages": LANGUAGES,
}  # fmt: skip
VARIANTS = [variant for group in GROUPS.values() for variant in group]
