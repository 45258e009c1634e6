"""Rows of text become credit requests, or all the reasons why they are not.

Plain functions read what pydantic would read too kindly (money, codes, invisible characters), then pydantic
validates a whole chunk as one model. Both go column by column: that is what makes a million rows a matter of seconds.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import compress, repeat
from operator import itemgetter
from typing import Any

from pydantic import ValidationError

from batch_credits.loader.locales import FOREIGN, LocaleFinder
from batch_credits.loader.money import is_plain
from batch_credits.loader.number_format import number_format
from batch_credits.loader.sums import Sum
from batch_credits.loader.table import Chunk, Flaw, Flaws
from batch_credits.loader.terms import TERM_FIELDS, Terms, read_money, read_terms, read_total
from batch_credits.loader.texts import TEXT_FIELDS, suspect_texts, text_problems, total_by_words
from batch_credits.loader.total_words import says_total
from batch_credits.loader.wording import EDGE_BLANKS, shown
from batch_credits.loader.workbook.cells import FRACTION
from batch_credits.loader.written import taken_apart, unwrapped
from batch_credits.model import AMOUNT_UNIT, LOOKS_LIKE_TOTAL, RECOGNISED, LoadedRow, Money, Problem
from batch_credits.model.credit_requests import RequestColumns
from batch_credits.model.loaded import LoadedRows
from batch_credits.settings import InputOptions

_REMEMBERED_TERMS = 10_000  # distinct combinations of currency, type and unit texts: an honest file has a few
_REMEMBERED_AMOUNTS = 10_000  # distinct texts of amounts for each of them: many rows are paid alike
_NO_MONEY = Money(None, None, None)
UNBELIEVED = "? "  # before a text in failed.csv that must not be read as what it looks like
_PLACEHOLDER = "-"  # where a value is complained of already, so that pydantic still judges the others
AMOUNTS = ("amount", "amount_in_decimal")
_MONEY_FIELDS = {*AMOUNTS, "currency_code", AMOUNT_UNIT}
_ORDER = {field: place for place, field in enumerate(RECOGNISED)}


class RowReader:
    """Reads rows of one source: knows where its fields are, and what stands for a missing cell."""

    def __init__(self, columns: Mapping[str, int], options: InputOptions) -> None:
        self._options = options
        self._columns = columns
        self._field_at = {index: field for field, index in columns.items()}
        self._exponents = dict(options.currency_exponents)
        self._written = None if options.locale is None else number_format(options.locale)
        # A number of a workbook has no separators of any language: where texts have, it may not stand among them.
        self._no_fraction = {"customer_id", "reference"} | (set() if self._written is None else {*AMOUNTS})
        self.locales = LocaleFinder()
        self._known_terms: dict[tuple[str, ...], Terms] = {}
        self.stated: dict[str, set[int]] = {}  # decimals of currencies, as rows of a failed.csv state them

    def read(self, chunk: Chunk) -> LoadedRows:
        """The rows of a chunk: the credit requests, and the rejected ones with all their problems."""
        terms, distinct_terms = self._terms(chunk)
        moneys = self._moneys(chunk, terms, distinct_terms)
        readings = Readings(*self._texts(chunk), terms, distinct_terms, moneys)
        rejected: dict[int, Rejection] = {}
        for index in readings.suspects() | chunk.flaws.keys():
            rejection = Rejection(readings, index, self._by_field(chunk.flaws.get(index, {})))
            if rejection.problems:
                rejection.restated = self._restated(chunk.rows[index], rejection)
                rejected[index] = rejection
        requests = _validated(readings, rejected)
        if not rejected:
            return LoadedRows(chunk.numbers, chunk.rows, requests, [])
        is_valid = [index not in rejected for index in range(len(chunk.rows))]
        return LoadedRows(
            [*compress(chunk.numbers, is_valid)],
            [*compress(chunk.rows, is_valid)],
            requests.chosen(is_valid),
            [rejected[index].as_row(chunk.numbers[index], chunk.rows[index]) for index in sorted(rejected)],
        )

    @property
    def is_of_failed_csv(self) -> bool:
        """Whether the rows were judged before, and come again mended."""
        return self._options.failed_csv

    def text_of(self, cells: tuple[str, ...], field: str) -> str:
        """The cell of a field, without blanks around; empty if the source has no such column."""
        index = self._columns.get(field)
        return "" if index is None else cells[index].strip(EDGE_BLANKS)

    def sum_in(self, cells: tuple[str, ...], currency: str | None) -> Sum | None:
        """The amount of a row as one of a sum, which may be nothing or less; None where it cannot be read. `currency`
        stands for one that the row does not name."""
        _, *others = (self.text_of(cells, field) for field in TERM_FIELDS)
        terms = read_terms((self._without_total(cells, "currency_code") or currency or "", *others), self._options)
        amount, decimal = (self._without_total(cells, field) or self.text_of(cells, field) for field in AMOUNTS)
        return read_total(amount, decimal, terms, self._exponents, self._written)

    def has_only_an_amount(self, cells: tuple[str, ...]) -> bool:
        """Whether a row has nothing but an amount, and perhaps a currency: it may be a total without a word."""
        *amounts, currency = (bool(self.text_of(cells, field)) for field in (*AMOUNTS, "currency_code"))
        return any(amounts) and sum(amounts) + currency == sum(map(bool, map(str.strip, cells)))

    def currency_of(self, cells: tuple[str, ...]) -> str:
        """The currency that a row names, or that the options name for it; "" for none."""
        currency = read_terms((self._without_total(cells, "currency_code"), "", ""), self._options).currency
        return currency if isinstance(currency, str) else ""

    def _without_total(self, cells: tuple[str, ...], field: str) -> str:
        """The cell of a field without a word for a total: in a row that is one, it may stand anywhere."""
        text = self.text_of(cells, field)
        return " ".join(word for word in text.split() if not says_total(word)) if says_total(text) else text

    def _column(self, chunk: Chunk, field: str) -> Iterable[str]:
        """The cells of a field; empty ones if the source has no such column."""
        index = self._columns.get(field)
        return repeat("", len(chunk.rows)) if index is None else map(itemgetter(index), chunk.rows)

    def _texts(self, chunk: Chunk) -> tuple[list[str], list[str], list[str]]:
        default_reference = (self._options.reference or "").strip(EDGE_BLANKS)
        default_description = self._options.description or ""
        ids, references, descriptions = (
            [text.strip(EDGE_BLANKS) for text in self._column(chunk, "customer_id")],
            [text.strip(EDGE_BLANKS) or default_reference for text in self._column(chunk, "reference")],
            [
                text if text and not text.isspace() else default_description
                for text in self._column(chunk, "description")
            ],
        )
        return tuple(  # type: ignore[return-value]
            [*map(unwrapped, texts)] if "=" in "".join(texts) else texts for texts in (ids, references, descriptions)
        )

    def _terms(self, chunk: Chunk) -> tuple[list[Terms], list[Terms]]:
        """The terms of each row, and each of those once."""
        columns = [[*self._column(chunk, field)] for field in TERM_FIELDS]
        if all(len({*cells}) == 1 for cells in columns):  # nearly always, and quicker than row by row
            (terms,) = distinct_terms = self._read_terms({tuple(cells[0] for cells in columns)})
            return [terms] * len(chunk.rows), distinct_terms
        texts = [*zip(*columns, strict=True)]
        distinct = [*set(texts)]
        distinct_terms = self._read_terms(distinct)
        terms_of = dict(zip(distinct, distinct_terms, strict=True))
        return [terms_of[key] for key in texts], distinct_terms

    def _read_terms(self, keys: Collection[tuple[str, ...]]) -> list[Terms]:
        known = self._known_terms
        for key in keys:
            if key not in known:
                known[key] = read_terms(key, self._options)
                self._note_stated(known[key])
        terms = [known[key] for key in keys]
        if len(known) > _REMEMBERED_TERMS:
            known.clear()
        return terms

    def _note_stated(self, terms: Terms) -> None:
        if terms.digits is not None and isinstance(terms.currency, str):
            self.stated.setdefault(terms.currency, set()).add(terms.digits)

    def _moneys(self, chunk: Chunk, terms: list[Terms], distinct_terms: list[Terms]) -> list[Money | Problem | None]:
        amounts, decimals = self._column(chunk, "amount"), [*self._column(chunk, "amount_in_decimal")]
        moneys: list[Money | Problem | None]
        if len(distinct_terms) == 1 and not any(decimals):
            moneys = [*map(terms[0].moneys.get, amounts)]
        else:
            texts = zip(amounts, decimals, terms, strict=True)
            moneys = [None if decimal else row_terms.moneys.get(amount) for amount, decimal, row_terms in texts]
        if not all(moneys):  # texts that were not read before
            texts = zip(self._column(chunk, "amount"), decimals, terms, strict=True)
            moneys = [self._money(*text) if money is None else money for text, money in zip(texts, moneys, strict=True)]
        return moneys

    def _money(self, amount: str, decimal: str, terms: Terms) -> Money | Problem | None:
        money = read_money(amount, decimal, terms, self._exponents, self._written)
        if not isinstance(money, Money):
            is_foreign = money is not None and money.code in FOREIGN
            self.locales.rejected(decimal or amount, terms, self._exponents, is_foreign=is_foreign)
        elif self._written is not None:
            self.locales.met(decimal or amount, terms, self._exponents)
        elif "." in amount or "." in decimal:
            self.locales.has_points = True
        if isinstance(money, Money) and not decimal and len(terms.moneys) < _REMEMBERED_AMOUNTS:
            terms.moneys[amount] = money
        return money

    def _restated(self, cells: tuple[str, ...], rejection: "Rejection") -> dict[str, str]:
        """What failed.csv says in place of cells that would mean something else there, or would be believed.

        That is a number in a language's way, a text that is none in this language but would be one there, and a cell
        that cannot be trusted: in a CSV file it is a text like any other.
        """
        texts = {field: cells[index].strip(EDGE_BLANKS) for field, index in self._columns.items()}
        restated = {}
        for field in texts.keys() & AMOUNTS:
            text = texts[field]
            parts = taken_apart(text)
            digits = parts.digits if parts else text
            if self._written is not None and digits and not self._written.refuses(digits):
                plain = self._written.plain(digits)
                restated[field] = parts.with_digits(plain) if parts else plain
            elif self._written is not None and is_plain(digits):
                restated[field] = UNBELIEVED + text
        for field in rejection.flawed:
            restated[field] = "" if field in TEXT_FIELDS else (UNBELIEVED + texts[field]).strip()
        return restated

    def _by_field(self, flaws: Flaws) -> dict[str, Flaw]:
        """The flaws that count: a column that is only carried may hold anything, and an amount a fraction."""
        by_field = {self._field_at[index]: flaw for index, flaw in flaws.items() if index in self._field_at}
        if not self.locales.has_numbers:
            found = {field for field, flaw in by_field.items() if flaw.code == FRACTION}
            self.locales.has_numbers = not found.isdisjoint(AMOUNTS)
        return {field: flaw for field, flaw in by_field.items() if flaw.code != FRACTION or field in self._no_fraction}


@dataclass(frozen=True, slots=True)
class Readings:
    """What was read of the rows of a chunk, a list for each thing."""

    customer_ids: list[str]
    references: list[str]
    descriptions: list[str]
    terms: list[Terms]
    distinct_terms: list[Terms]
    moneys: list[Money | Problem | None]

    def draft(self, rejected: "Mapping[int, Rejection]") -> dict[str, list[Any]]:
        """The columns that pydantic is to judge; of rejected rows only what is not complained of already."""
        moneys = [money if type(money) is Money else _NO_MONEY for money in self.moneys]
        amounts, decimals, currencies = map(list, zip(*moneys, strict=True)) if moneys else ([], [], [])
        texts = {"customer_id": self.customer_ids, "reference": self.references, "description": self.descriptions}
        if rejected:
            texts = {field: [*column] for field, column in texts.items()}
        for index, rejection in rejected.items():
            for field in rejection.blamed & texts.keys():
                texts[field][index] = _PLACEHOLDER
        return {
            **texts,
            "amount": amounts,
            "amount_in_decimal": decimals,
            "currency_code": currencies,
            "credit_type": [terms.credit_type for terms in self.terms],
        }

    def suspects(self) -> set[int]:
        """The rows to look at one by one."""
        found: set[int] = set()
        if {*map(type, self.moneys)} != {Money}:
            found |= {index for index, money in enumerate(self.moneys) if type(money) is not Money}
        if any(terms.problems for terms in self.distinct_terms):
            found |= {index for index, terms in enumerate(self.terms) if terms.problems}
        columns = (self.customer_ids, self.references, self.descriptions)
        return found.union(*map(suspect_texts, TEXT_FIELDS, columns))


class Rejection:
    """The problems of one row, while they are being gathered. Without any the row was a false suspect."""

    def __init__(self, readings: Readings, index: int, flaws: Mapping[str, Flaw]) -> None:
        texts = (readings.customer_ids[index], readings.references[index], readings.descriptions[index])
        self._texts = dict(zip(TEXT_FIELDS, texts, strict=True))
        self._flaws = flaws
        self.restated: Mapping[str, str] = {}
        money = readings.moneys[index]
        found = list(readings.terms[index].problems)
        for field, text in self._texts.items():
            found += text_problems(field, text, options_count=not readings.terms[index].is_of_failed_csv)
        if isinstance(money, Problem):
            found.append(money)
        if not flaws and (total := total_by_words(texts[0], texts[2])) is not None:
            found, money = [total], None  # nobody is to mend the rest of it
        self._money = money if isinstance(money, Money) and not _MONEY_FIELDS & flaws.keys() else None
        # What is said of a flawed cell replaces what was read out of its text.
        self.problems = [problem for problem in found if problem.field not in flaws]
        self.problems += [Problem(field, flaw.code, flaw.message) for field, flaw in flaws.items()]

    @property
    def blamed(self) -> set[str]:
        """The fields with a problem; of a total all, since nobody is to mend the rest of it."""
        if any(problem.code == LOOKS_LIKE_TOTAL for problem in self.problems):
            return {*TEXT_FIELDS}
        return {problem.field for problem in self.problems}

    @property
    def flawed(self) -> Iterable[str]:
        """The fields whose cells cannot be trusted."""
        return self._flaws.keys()

    def as_row(self, number: int, cells: tuple[str, ...]) -> LoadedRow:
        """The row with all its problems, in the order of the fields, and what could be read of it."""
        problems = tuple(sorted(self.problems, key=lambda problem: _ORDER[problem.field]))
        who, what = self._readable("customer_id"), self._readable("reference")
        return LoadedRow(number, cells, None, problems, who, what, self._money, tuple(self.restated.items()))

    def _readable(self, field: str) -> str | None:
        return None if field in self._flaws else self._texts[field] or None


def _validated(readings: Readings, rejected: dict[int, Rejection]) -> RequestColumns:
    """The requests of a chunk; what stands for a rejected row means nothing. pydantic may reject more of them now."""
    try:
        return RequestColumns(**readings.draft(rejected))
    except ValidationError as error:
        for details in error.errors(include_url=False):
            field, index = str(details["loc"][0]), int(details["loc"][1])
            if index not in rejected:
                rejected[index] = Rejection(readings, index, {})
            rejected[index].problems.append(_problem_of(field, details))
    return RequestColumns(**readings.draft(rejected))


def _problem_of(field: str, details: Mapping[str, Any]) -> Problem:
    """One complaint of pydantic's as one of ours."""
    value = str(details["input"])
    if details["type"] == "string_too_long":
        most = details["ctx"]["max_length"]
        return Problem(
            field,
            "too_long",
            f"The {field} {shown(value)} has {len(value)} characters and Chargebee takes {most}: shorten it.",
        )
    return Problem(field, "invalid", f"The {field} {shown(value)} is not valid ({details['msg']}): correct it.")
