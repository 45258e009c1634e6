"""What the operator has on paper: files of rows, and what they mean when a person reads them.

Nothing here is the product's: its own CSV, its own fold of texts, its own money (whole minor units).
"""

import csv
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.operator import promises

OURS = (
    "credit_row", "credit_outcome", "credit_id", "credit_reference", "credit_error_code", "credit_error_param",
    "credit_error", "credit_http_status", "credit_attempts", "credit_closing_balance", "credit_finished_at",
)  # fmt: skip
SELF_SAYING = "credit_batch"  # the column by which a failed.csv says that it needs no option
HEADERS = ("customer_id", "amount", "currency_code", "description", "reference", "note")
DECIMALS = {"USD": 2, "EUR": 2, "JPY": 0}
_WHOLE = re.compile(r"[0-9]+", re.ASCII)
_MAJOR = re.compile(r"([0-9]+)(?:\.([0-9]+))?", re.ASCII)
_NUMBER_OF_A_DUPLICATE = re.compile(r" #[0-9]+$", re.ASCII)


def folded(text: str, *, case: bool = True) -> str:
    """One form of a text: NFC, blanks of any kind as one plain one, none at the edges, and, if `case`, lower case."""
    if not promises.RESEMBLING_REFERENCES_ARE_ONE:
        return text.strip()
    text = " ".join(unicodedata.normalize("NFC", text).split())
    return unicodedata.normalize("NFC", text.casefold()) if case else text


@dataclass(frozen=True, slots=True)
class Money:
    """So many minor units of a currency."""

    minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one row asks for: to whom, under which name (without the number of a duplicate), how much."""

    customer: str
    reference: str
    money: Money

    @classmethod
    def of(cls, customer: str, reference: str, money: Money) -> "Meaning":
        """The meaning of these texts, however they are spelt."""
        return cls(folded(customer, case=False), folded(_NUMBER_OF_A_DUPLICATE.sub("", reference)), money)


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file is read, by the options that are in force."""

    unit: str = "minor"
    reference: str = ""
    numbered: bool = False

    def money(self, row: dict[str, str]) -> Money | None:
        """The row's money, if a person can tell it."""
        unit = row.get("amount_unit", "").strip().lower() or self.unit  # a failed.csv says it in each row
        text, currency = row.get("amount", "").strip(), row.get("currency_code", "").strip().upper()
        if currency not in DECIMALS:
            return None
        if unit == "minor":
            return Money(int(text), currency) if _WHOLE.fullmatch(text) else None
        match = _MAJOR.fullmatch(text)
        places = DECIMALS[currency]
        if match is None or len(fraction := match[2] or "") > places:
            return None
        return Money(int(match[1] + fraction.ljust(places, "0")), currency)

    def name(self, row: dict[str, str]) -> str:
        """The row's reference."""
        return row.get("reference", "").strip() or self.reference

    def meaning(self, row: dict[str, str]) -> Meaning | None:
        """What a row asks for; None: it cannot be told."""
        money, customer, name = self.money(row), row.get("customer_id", "").strip(), self.name(row)
        if money is None or money.minor == 0 or not customer or not name:
            return None
        return Meaning.of(customer, name, money)


@dataclass
class Sheet:
    """A file on disk as the operator knows it, and the options that go with it."""

    path: Path
    reading: Reading
    headers: list[str] = field(default_factory=lambda: list(HEADERS))
    rows: list[list[str]] = field(default_factory=list)

    def write(self) -> None:
        """Put it on disk, as Python's csv does."""
        with self.path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream)
            writer.writerow(self.headers)
            writer.writerows(self.rows)

    def records(self) -> list[dict[str, str]]:
        """Its rows by header; of two columns of one name the first."""
        return [record(self.headers, row) for row in self.rows]

    def meanings(self, reading: Reading) -> list[Meaning]:
        """What its rows ask for if it is read so, as far as one can tell."""
        return [meaning for row in self.records() if (meaning := reading.meaning(row)) is not None]


def record(headers: Sequence[str], row: Iterable[str]) -> dict[str, str]:
    """A row by header; of two columns of one name the first."""
    found: dict[str, str] = {}
    for header, cell in zip(headers, row, strict=True):
        found.setdefault(header, cell)
    return found


def read_table(path: Path) -> tuple[list[str], list[list[str]]]:
    """Headers and rows of a CSV file, with or without a byte order mark."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        table = list(csv.reader(stream))
    return table[0], table[1:]
