"""Numbered duplicates: `q3`, `q3 #2`, `q3 #3` ..., and whether the numbers still say what was paid under them.

With --number-duplicates the rows of one customer and one reference are a group, numbered in the order of the file. A
number belongs to what was paid under it, and an edit above a row moves its number: then the row would be paid again
under a new one. So of a group of which the ledger knows a number (one that is owed, paid, in doubt or in review; what
failed was not paid, unless a list showed it since) a new number is paid only while every known number is still a
readable row of the file that asks for the same credit, and no row above it is one that cannot be read and may belong to
the group. Whatever was paid of the group is then in the file, once, beside the new rows. Else the new numbers are
rejected as `numbering_moved`. So they are where a row of the group is known in another spelling, whose numbers may say
anything.

A row whose customer cannot be read may belong to any group of its reference, one whose reference cannot be read to any
group of its customer; neither has a number.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby, islice
from typing import Any, NamedTuple

import orjson

from batch_credits.ledger.database import Database, Row
from batch_credits.ledger.rejections import reject, rejected_json
from batch_credits.model import CallKind, LoadedRow, Money, Problem
from batch_credits.text.quoted import quoted

_PAGE = 1_000
_ANY = ""  # stands for the customer, or the reference, that a row does not tell


def numbered(reference: str, number: int) -> str:
    """The reference of a group's row: its own for the first, `reference #2` and so on for the others."""
    return reference if number < 2 else f"{reference} #{number}"


def number_rows(database: Database, batch_id: int, rows: Sequence[LoadedRow]) -> list[int]:
    """The number of each row in its group, 0 where the group cannot be told; rows come in the order of the file.

    Rejected rows have numbers too: a number, once given, must not move when a row above it is mended.
    """
    database.change("begin_numbered")
    database.change("begin_unplaced")
    return [_number(database, batch_id, row) for row in rows]


def _number(database: Database, batch_id: int, row: LoadedRow) -> int:
    blamed = {problem.field for problem in row.problems}
    customer_id = _ANY if "customer_id" in blamed or row.customer_id is None else row.customer_id
    reference = _ANY if "reference" in blamed or row.reference is None else row.reference
    if _ANY in (customer_id, reference):
        database.change(
            "add_unplaced", batch=batch_id, customer=customer_id, reference=reference, row=row.row_number
        )
        return 0
    request = row.request
    money = Money(None, None, None) if request is None else request.money
    number: int = database.value(
        "add_numbered",
        batch=batch_id,
        customer=customer_id,
        reference=reference,
        row=row.row_number,
        credit_type=None if request is None else request.credit_type,
        amount_minor=money.amount_minor,
        amount_in_decimal=money.amount_in_decimal,
        currency_code=money.currency_code,
    )
    return number


def is_numbering(database: Database) -> bool:
    """Whether the rows of a batch that is being staged are numbered."""
    return bool(database.value("is_numbering"))


def was_numbered(database: Database, batch_id: int) -> bool:
    """Whether any batch of the site before this one may have numbered references."""
    return bool(database.value("was_numbered", batch=batch_id))


def forget(database: Database) -> None:
    """Forget the numbers of a batch whose staging is over, or given up."""
    database.change("forget_numbered")
    database.change("forget_unplaced")


class Moved(NamedTuple):
    """A row that is not paid for what is known of its group. `reference`: what is left of its own, "" for nothing,
    since under a number that may be another's it would be paid as soon as it came in a file without this check."""

    row_number: int
    reference: str
    problem: Problem


def reject_moved(database: Database, batch_id: int) -> int:
    """Reject the rows of a staged batch that may have been paid under another number; returns how many.

    A file that is read without numbering is held against what was numbered, too: there the option was forgotten.
    """
    site_id, kind, is_numbered, names_its_own = database.one("how_read", tuple, batch=batch_id)
    if kind != CallKind.ADD or names_its_own or not database.value("knows_any", site=site_id):
        return 0
    if is_numbered:
        moved = _moved(database, batch_id, site_id)
    elif was_numbered(database, batch_id):
        moved = database.stream("forgotten", _forgotten, batch=batch_id, site=site_id)
    else:
        return 0
    count = 0
    while page := list(islice(moved, _PAGE)):
        for each in page:
            _reject(database, batch_id, each)
        count += len(page)
    return count


def reject_respelt(database: Database, batch_id: int) -> int:
    """Reject the new rows of every group of which a row is known, or is another row, in another spelling; returns how
    many. Called once those rows are rejected, since their numbers are nobody's here: any of them may have moved."""
    if not is_numbering(database):
        return 0
    site_id = database.value("site_of_batch", batch=batch_id)
    found = database.all("beside_respelt", tuple, batch=batch_id)
    for row_number, request_id, customer_id, reference, group, number, respelt_row, respelt in found:
        texts = {"customer": customer_id, "reference": reference}
        database.change("give_up_identity", site=site_id, request=request_id, **texts)
        problem = _problem(
            f"The rows of customer {quoted(customer_id)} with reference {quoted(group)} are numbered, and row "
            f"{respelt_row}, number {respelt} of them, is known in another spelling. So this row, number {number} now, "
            "may be credited already under another number of that spelling. Write customer and reference as there and "
            "run the file again, or give this row a reference of its own."
        )
        _reject(database, batch_id, Moved(row_number, "", problem))
    return len(found)


# -- A file that is numbered --------------------------------------------------------------------------------


class Member(NamedTuple):
    """A row of a group, and what the ledger knows under its number, if it is anything that was not refused."""

    customer_id: str
    group: str
    number: int
    row_number: int
    credit_type: str | None  # None: the row is rejected
    money: Money
    has_others: bool  # of number 1: there may be numbers beyond those of the file
    known_kind: str | None  # None: the number is new
    known_type: str
    known_money: Money
    known_in: str  # "row 2 of payout.csv"

    @property
    def is_new(self) -> bool:
        """Whether nothing was paid, nor is owed, under its number."""
        return self.known_kind is None

    @property
    def reference(self) -> str:
        """With its number."""
        return numbered(self.group, self.number)

    def contradiction(self) -> str | None:
        """How the row contradicts what is known under its number, in a clause."""
        if self.known_kind is None:
            return None
        if self.credit_type is None:
            return f"row {self.row_number} has {quoted(self.reference)} ({self.known_in}) now and cannot be read"
        is_same = (self.known_kind, self.known_type) == (CallKind.ADD, self.credit_type)
        if is_same and self.known_money.same_as(self.money):
            return None
        return (
            f"row {self.row_number} has {quoted(self.reference)} now and says {self.money}, {self.credit_type}, but "
            f"what is known as {quoted(self.reference)} is {self.known_money}, {self.known_type} ({self.known_in})"
        )


def _member(row: Row) -> Member:
    values: list[Any] = [*row[:5], Money(*row[5:8]), bool(row[8]), *row[9:11], Money(*row[11:14]), row[14]]
    return Member(*values)


def _moved(database: Database, batch_id: int, site_id: int) -> Iterator[Moved]:
    has_unplaced = database.value("has_unplaced", batch=batch_id)
    members = database.stream("members", _member, batch=batch_id, site=site_id)
    for (customer_id, group), of_group in groupby(members, key=lambda member: (member.customer_id, member.group)):
        rows = [*of_group]
        new = [row for row in rows if row.is_new]
        if not new:
            continue
        about = {"customer": customer_id, "group": group}
        gone = None
        if rows[0].has_others:
            gone = database.first("first_gone", tuple, site=site_id, numbers=len(rows), **about)
        if gone is None and len(new) == len(rows):
            continue  # nothing of the group is known
        why = next(filter(None, (row.contradiction() for row in rows)), None)
        if why is None and gone is not None:
            why = f"{quoted(gone[0])} ({gone[1]}) has no row in this file any more"
        if why is not None:
            yield from (Moved(row.row_number, "", _contradicted(row, why)) for row in new)
            continue
        unread = [row.row_number for row in rows if row.credit_type is None]
        if has_unplaced and (unplaced := database.value("first_unplaced", batch=batch_id, **about)) is not None:
            unread.append(unplaced)
        for row in new:
            if unread and row.credit_type is not None and row.row_number > min(unread):
                yield Moved(row.row_number, row.reference, _uncertain(row, min(unread)))


def _contradicted(row: Member, why: str) -> Problem:
    return _problem(
        f"The rows of customer {quoted(row.customer_id)} with reference {quoted(row.group)} are numbered, and the "
        f"numbers have moved: {why}. So this row, number {row.number} now, may be credited already under another "
        "number. If it is not, give it a reference of its own."
    )


def _uncertain(row: Member, unread: int) -> Problem:
    return _problem(
        f"The rows of customer {quoted(row.customer_id)} with reference {quoted(row.group)} are numbered, and row "
        f"{unread} above, which cannot be read, may be one of them: then this row is not number {row.number}. "
        f"Mend row {unread} and run the file again, or give this row a reference of its own."
    )


def _problem(message: str) -> Problem:
    return Problem("reference", "numbering_moved", message)


# -- A file that is not, though an earlier one was ----------------------------------------------------------


def _forgotten(row: Row) -> Moved:
    row_number, customer_id, reference, known, known_in = row
    problem = _problem(
        f"The rows of customer {quoted(customer_id)} with reference {quoted(reference)} were numbered before: "
        f"{quoted(known)} is {known_in}. Without numbers this row may be credited a second time: run the file with "
        "--number-duplicates, as before, or give this row a reference of its own."
    )
    return Moved(row_number, "", problem)


def _reject(database: Database, batch_id: int, moved: Moved) -> None:
    request_id, rejected, *money = database.one("staged_row", tuple, batch=batch_id, row=moved.row_number)
    if rejected is None:
        why = rejected_json((moved.problem,), moved.reference, Money(*money))
    else:
        known = orjson.loads(rejected)
        known["problems"].append([moved.problem.field, moved.problem.code, moved.problem.message])
        why = orjson.dumps(known | {"reference": moved.reference}).decode()
    reject(database, batch_id, moved.row_number, request_id, why)
