"""Rows of text become credit requests, or all the reasons why they are not.

Two passes over each chunk: plain functions read what pydantic would read too kindly (money, codes, invisible
characters), then pydantic validates the whole chunk as one list, which is what makes it fast.
"""

from collections.abc import Mapping
from operator import itemgetter
from typing import Any

from pydantic import TypeAdapter, ValidationError

from batch_credits.loader.columns import RECOGNISED
from batch_credits.loader.table import Chunk, Flaws
from batch_credits.loader.terms import TERM_FIELDS, Terms, read_terms
from batch_credits.loader.wording import EDGE_BLANKS, first_invisible, shown
from batch_credits.model import CreditRequest, LoadedRow, Money, Problem
from batch_credits.settings import InputOptions

_REQUESTS = TypeAdapter(list[CreditRequest])
_REMEMBERED_TERMS = 20_000  # distinct money texts kept: a payout has few, a migration many
_PLACEHOLDER = "-"  # where a value is complained of already, so that pydantic still judges the others
_TEXTS = ("customer_id", "reference", "description")

# The fields of one row for pydantic: the model's names, and values that were read but not yet judged.
Draft = dict[str, Any]


class RowReader:
    """Reads rows of one source: knows where its fields are, and what stands for a missing cell."""

    def __init__(self, columns: Mapping[str, int], width: int, options: InputOptions) -> None:
        self._options = options
        self._field_at = {index: field for field, index in columns.items()}
        self._reference = (options.reference or "").strip(EDGE_BLANKS)
        self._description = options.description or ""
        self._exponents = dict(options.currency_exponents)
        # A field without a column reads the empty cell that is put behind each row.
        index = {field: columns.get(field, width) for field in RECOGNISED}
        self._texts_of = itemgetter(*(index[field] for field in _TEXTS))
        self._terms_of = itemgetter(*(index[field] for field in TERM_FIELDS))
        self._known: dict[tuple[str, ...], Terms] = {}

    def read(self, chunk: Chunk) -> list[LoadedRow]:
        """The rows of a chunk, each with its request or all its problems."""
        drafts: list[Draft] = []
        moneys: list[Money | None] = []
        rejected: dict[int, Rejection] = {}
        for index, cells in enumerate(chunk.rows):
            draft, terms = self._draft((*cells, ""))
            drafts.append(draft)
            moneys.append(terms.money)
            if index in chunk.flaws or terms.problems or not _is_sound(draft):
                flaws = self._by_field(chunk.flaws.get(index, {}))
                if flaws or terms.problems or not _is_sound(draft):
                    rejected[index] = Rejection(draft, terms, flaws)
                    drafts[index] = rejected[index].rest_of_draft()
        requests = _validated(drafts, moneys, rejected)
        return [
            LoadedRow(number, cells, request, (), request.customer_id, request.reference, money)
            if request is not None
            else rejected[index].as_row(number, cells)
            for index, (number, cells, request, money) in enumerate(
                zip(chunk.numbers, chunk.rows, requests, moneys, strict=True)
            )
        ]

    def _draft(self, cells: tuple[str, ...]) -> tuple[Draft, Terms]:
        customer_id, reference, description = self._texts_of(cells)
        if not description or description.isspace():
            description = self._description
        draft: Draft = {
            "customer_id": customer_id.strip(EDGE_BLANKS),
            "reference": reference.strip(EDGE_BLANKS) or self._reference,
            "description": description,
        }
        terms = self._terms(self._terms_of(cells))
        draft.update(terms.draft)
        return draft, terms

    def _terms(self, cells: tuple[str, ...]) -> Terms:
        known = self._known.get(cells)
        if known is None:
            if len(self._known) >= _REMEMBERED_TERMS:
                self._known.clear()
            known = self._known[cells] = read_terms(cells, self._options, self._exponents)
        return known

    def _by_field(self, flaws: Flaws) -> dict[str, tuple[str, str]]:
        """The flaws in cells that are fields: a column that is only carried may hold anything."""
        return {self._field_at[index]: flaw for index, flaw in flaws.items() if index in self._field_at}


class Rejection:
    """A row that will not be sent, while its problems are still being gathered."""

    def __init__(self, draft: Draft, terms: Terms, flaws: Mapping[str, tuple[str, str]]) -> None:
        self._draft = draft
        self._flaws = flaws
        money_is_flawed = any(field in flaws for field in TERM_FIELDS)
        self._money = None if money_is_flawed else terms.money
        self.problems = [Problem(field, *flaw) for field, flaw in flaws.items()]
        for field in _TEXTS:
            if field not in flaws:
                self.problems += _text_problems(field, draft[field])
        self.problems += [problem for problem in terms.problems if problem.field not in flaws]

    def rest_of_draft(self) -> Draft:
        """What is left for pydantic to judge."""
        blamed = {problem.field for problem in self.problems}
        return {field: _PLACEHOLDER if field in blamed else self._draft[field] for field in _TEXTS}

    def as_row(self, number: int, cells: tuple[str, ...]) -> LoadedRow:
        """The row with all its problems, in the order of the columns, and what could be read of it."""
        order = {field: place for place, field in enumerate(RECOGNISED)}
        problems = sorted(self.problems, key=lambda problem: order[problem.field])
        customer_id = None if "customer_id" in self._flaws else self._draft["customer_id"] or None
        reference = None if "reference" in self._flaws else self._draft["reference"] or None
        return LoadedRow(number, cells, None, tuple(problems), customer_id, reference, self._money)


def _is_sound(draft: Draft) -> bool:
    customer_id, reference, description = draft["customer_id"], draft["reference"], draft["description"]
    if not customer_id or not reference or not description:
        return False
    return first_invisible(customer_id + reference + description) is None


def _text_problems(field: str, text: str) -> list[Problem]:
    if not text:
        option = "" if field == "customer_id" else f", or pass --{field} for all rows without one"
        return [Problem(field, "missing", f"The {field} is empty: fill it{option}.")]
    place = first_invisible(text)
    if place is None:
        return []
    what = f"U+{ord(text[place]):04X}"
    return [
        Problem(
            field,
            "control_character",
            f"The {field} {shown(text)} holds the invisible character {what} at place {place + 1}: type it again.",
        )
    ]


def _validated(
    drafts: list[Draft], moneys: list[Money | None], rejected: dict[int, Rejection]
) -> list[CreditRequest | None]:
    """The requests of a chunk; None for the rejected rows, among them those that pydantic rejects now."""
    requests: list[CreditRequest | None]
    refused: set[int] = set()
    try:
        requests = [*_REQUESTS.validate_python(drafts)]
    except ValidationError as error:
        for details in error.errors(include_url=False):
            index, field = int(details["loc"][0]), str(details["loc"][1])
            if index not in rejected:
                rejected[index] = Rejection(drafts[index], Terms(moneys[index], {}, ()), {})
            rejected[index].problems.append(_problem_of(field, details))
            refused.add(index)
        rest = iter(_REQUESTS.validate_python([d for index, d in enumerate(drafts) if index not in refused]))
        requests = [None if index in refused else next(rest) for index in range(len(drafts))]
    for index in rejected:
        requests[index] = None
    return requests


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
