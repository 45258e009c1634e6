"""Whose credit a row is: every identity stands for one request, and a batch's identities are settled all at once.

A row is staged with a request of its own. When all are there, each takes its identity, in sorted order, so that no
set of all rows is ever held in memory. Where another request has the identity, the row is the same credit again, a
failed one to be tried anew, or rejected.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple
from unicodedata import normalize

from batch_credits.ledger.database import Database, Row
from batch_credits.ledger.rejections import rejected_json
from batch_credits.model import CallKind, Money, Outcome, Problem, RequestState
from batch_credits.text.quoted import quoted

_PAGE = 1_000


class Meeting(NamedTuple):
    """A staged request (the first seven) that found its identity taken, and what it found."""

    request_id: int
    row_number: int
    customer_id: str
    reference: str
    kind: str
    credit_type: str
    money: Money
    known_id: int
    known_kind: str
    known_type: str
    known_money: Money
    known_reference: str  # the same, perhaps in other capitals
    state: str
    generation: int
    file_name: str
    known_row: int
    row_in_batch: int | None  # which row of the staged batch has the identity already

    @property
    def is_told_alike(self) -> bool:
        """Whether both name a currency, or none, and say their amounts in the same unit. What a site lists names what a
        file may leave to the site."""
        one, other = self.money, self.known_money
        return (one.currency_code is None, one.amount_minor is None) == (
            other.currency_code is None,
            other.amount_minor is None,
        )

    @property
    def is_same_money(self) -> bool:
        """Whether both ask for the same credit."""
        return self.known_money.same_as(self.money) and self.known_type == self.credit_type


def settle(database: Database, batch_id: int) -> int:
    """Give the staged requests their identities; returns how many found theirs taken.

    Of several rows with one identity the first has it. A rejected row keeps nothing but its reasons.
    """
    most = database.value("most_staged", batch=batch_id)
    if not most or database.change("take_identities", batch=batch_id) == most:
        return 0
    met = 0
    judged = _judged(database.stream("meetings", _meeting, batch=batch_id))
    while page := list(islice(judged, _PAGE)):
        _store(database, batch_id, page)
        met += len(page)
    return met


def _meeting(row: Row) -> Meeting:
    values: list[Any] = [*row[:6], Money(*row[6:9]), *row[9:12], Money(*row[12:15]), *row[15:]]
    return Meeting(*values)


def _judged(meetings: Iterator[Meeting]) -> Iterator[tuple[Meeting, Problem | None]]:
    """Each with what is wrong with it. Those of one identity come one after the other, in the order of the file."""
    known_id, first = None, None
    for meeting in meetings:
        if meeting.known_id != known_id:
            known_id, first = meeting.known_id, meeting.row_in_batch
        problem = _problem(meeting, first)
        if problem is None:
            first = meeting.row_number
        yield meeting, problem


def resembling(customer_id: str, reference: str, other_customer: str, other: str, known_in: str) -> Problem:
    """What is wrong with a row whose texts are another's in another spelling. `known_in`: "row 2 of payout.csv"."""
    whose = "" if other_customer == customer_id else f" of customer {quoted(other_customer)}"
    # They look the same: an accent may be a character of its own.
    parts = " (in one of them letters are put together from parts)" if _composed(reference) == _composed(other) else ""
    return Problem(
        "reference",
        "reference_resembles",
        f"Reference {quoted(reference)} of customer {quoted(customer_id)} is {quoted(other)}{whose} ({known_in}) "
        f"in another spelling{parts}, and both would be paid. If it is the same credit, write it as there; if it is "
        "another one, give it a reference that differs in more than capitals, blanks and the like.",
    )


def _composed(text: str) -> str:
    return normalize("NFC", text)


def _problem(met: Meeting, first: int | None) -> Problem | None:
    if met.reference != met.known_reference:
        known_in = f"row {met.known_row} of {met.file_name}"
        return resembling(met.customer_id, met.reference, met.customer_id, met.known_reference, known_in)
    if first is not None:
        return Problem(
            "reference",
            "duplicate",
            f"Customer {quoted(met.customer_id)} already has reference {quoted(met.reference)} in row {first}; "
            "give this row another reference, or number such rows with --number-duplicates.",
        )
    if met.known_kind != met.kind:
        other, this = (_KIND_WORDS[CallKind(each)] for each in (met.known_kind, met.kind))
        return Problem(
            "reference",
            "conflict",
            f"Reference {quoted(met.reference)} of customer {quoted(met.customer_id)} is that of {other} (row "
            f"{met.known_row} of {met.file_name}), so it cannot be that of {this}. Nothing is sent for it.",
        )
    if met.state != RequestState.FAILED and not met.is_same_money:
        done = CallKind(met.kind).name_of(Outcome.CREDITED)
        what = done if met.state == RequestState.CREDITED else "planned"
        same = "" if met.is_told_alike else "If it is the same credit, write its currency and amount as there. "
        return Problem(
            "amount",
            "conflict",
            f"Reference {quoted(met.reference)} of customer {quoted(met.customer_id)} is already {what} with "
            f"{met.known_money}, {met.known_type} (row {met.known_row} of {met.file_name}); this row says "
            f"{met.money}, {met.credit_type}. {same}If it is another credit, give it another reference.",
        )
    return None


def _store(database: Database, batch_id: int, page: list[tuple[Meeting, Problem | None]]) -> None:
    """A failed identity is planned anew under the next generation, which takes effect at `admit`; the rest share."""
    proposed = [met for met, problem in page if problem is None and met.state == RequestState.FAILED]
    needless = {met.request_id for met, _ in page} - {met.request_id for met in proposed}
    database.change_each(
        "propose", [{"generation": met.generation + 1, "request": met.request_id} for met in proposed]
    )
    database.change_each(
        "share",
        [
            {
                "request": met.known_id if problem is None else None,
                "rejected": None if problem is None else rejected_json((problem,), met.reference, met.money),
                "batch": batch_id,
                "row": met.row_number,
            }
            for met, problem in page
            if met.request_id in needless
        ],
    )
    database.change_each("forget_request", [{"request": each} for each in needless])


_KIND_WORDS = {CallKind.ADD: "a credit", CallKind.DEDUCT: "the reversal of a credit"}
