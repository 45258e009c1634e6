"""Numbered duplicates: `q3`, `q3 #2`, `q3 #3` ..., and whether the numbers still say what was paid under them.

With --number-duplicates the rows of one customer and one reference are a group, numbered in the order of the file. A
number belongs to what was paid under it, and an edit above a row moves its number: then the row would be paid again
under a new one. So of a group of which the ledger knows a number (one that is owed, paid, in doubt or in review; what
failed was not paid) a new number is paid only while every known number is still a readable row of the file that asks
for the same credit, and no row above it is one that cannot be read and may belong to the group. Whatever was paid of
the group is then in the file, once, beside the new rows. Else the new numbers are rejected as `numbering_moved`.

A row whose customer cannot be read may belong to any group of its reference, one whose reference cannot be read to any
group of its customer; neither has a number.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import groupby, islice
from typing import Any, NamedTuple

import orjson

from batch_credits.ledger.identities import rejected_json
from batch_credits.model import CallKind, LoadedRow, Money, Problem

_PAGE = 1_000
_ANY = ""  # stands for the customer, or the reference, that a row does not tell


def numbered(reference: str, number: int) -> str:
    """The reference of a group's row: its own for the first, `reference #2` and so on for the others."""
    return reference if number < 2 else f"{reference} #{number}"


def number_rows(connection: sqlite3.Connection, batch_id: int, rows: Sequence[LoadedRow]) -> list[int]:
    """The number of each row in its group, 0 where the group cannot be told; rows come in the order of the file.

    Rejected rows have numbers too: a number, once given, must not move when a row above it is mended.
    """
    for table in _TABLES:
        connection.execute(table)
    return [_number(connection, batch_id, row) for row in rows]


def _number(connection: sqlite3.Connection, batch_id: int, row: LoadedRow) -> int:
    blamed = {problem.field for problem in row.problems}
    customer_id = _ANY if "customer_id" in blamed or row.customer_id is None else row.customer_id
    reference = _ANY if "reference" in blamed or row.reference is None else row.reference
    if _ANY in (customer_id, reference):
        connection.execute(_ADD_UNPLACED, (batch_id, customer_id, reference, row.row_number))
        return 0
    request = row.request
    asked = (None,) * 4 if request is None else (request.credit_type, *request.money)
    added = connection.execute(_ADD_NUMBERED, (batch_id, customer_id, reference, row.row_number, *asked))
    return int(added.fetchone()[0])


def is_numbering(connection: sqlite3.Connection) -> bool:
    """Whether the rows of a batch that is being staged are numbered."""
    return connection.execute("SELECT 1 FROM sqlite_temp_master WHERE name = 'numbered'").fetchone() is not None


def was_numbered(connection: sqlite3.Connection, batch_id: int) -> bool:
    """Whether any batch of the site before this one may have numbered references."""
    return bool(connection.execute(_WAS_NUMBERED, {"batch": batch_id}).fetchone()[0])


def forget(connection: sqlite3.Connection) -> None:
    """Forget the numbers of a batch whose staging is over, or given up."""
    connection.execute("DROP TABLE IF EXISTS temp.numbered")
    connection.execute("DROP TABLE IF EXISTS temp.unplaced")


class Moved(NamedTuple):
    """A row that is not paid for what is known of its group. `reference`: what is left of its own, "" for nothing,
    since under a number that may be another's it would be paid as soon as it came in a file without this check."""

    row_number: int
    reference: str
    problem: Problem


def reject_moved(connection: sqlite3.Connection, batch_id: int) -> int:
    """Reject the rows of a staged batch that may have been paid under another number; returns how many.

    A file that is read without numbering is held against what was numbered, too: there the option was forgotten.
    """
    site_id, kind, is_numbered, names_its_own = connection.execute(_HOW_READ, (batch_id,)).fetchone()
    values = {"batch": batch_id, "site": site_id}
    if kind != CallKind.ADD or names_its_own or not connection.execute(_KNOWS_ANY, values).fetchone()[0]:
        return 0
    if is_numbered:
        moved = _moved(connection, values)
    elif was_numbered(connection, batch_id):
        moved = _forgotten(connection, values)
    else:
        return 0
    count = 0
    while page := list(islice(moved, _PAGE)):
        for each in page:
            _reject(connection, batch_id, each)
        count += len(page)
    return count


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
            return f"row {self.row_number} has {self.reference!r} ({self.known_in}) now and cannot be read"
        is_same = (self.known_kind, self.known_type) == (CallKind.ADD, self.credit_type)
        if is_same and self.known_money.same_as(self.money):
            return None
        return (
            f"row {self.row_number} has {self.reference!r} now and says {self.money}, {self.credit_type}, but what is "
            f"known as {self.reference!r} is {self.known_money}, {self.known_type} ({self.known_in})"
        )


def _member(row: tuple[Any, ...]) -> Member:
    values: list[Any] = [*row[:5], Money(*row[5:8]), bool(row[8]), *row[9:11], Money(*row[11:14]), row[14]]
    return Member(*values)


def _moved(connection: sqlite3.Connection, values: dict[str, Any]) -> Iterator[Moved]:
    has_unplaced = connection.execute(_HAS_UNPLACED, values).fetchone()[0]
    members = map(_member, connection.execute(_MEMBERS, values))
    for (customer_id, group), of_group in groupby(members, key=lambda member: (member.customer_id, member.group)):
        rows = [*of_group]
        new = [row for row in rows if row.is_new]
        if not new:
            continue
        about = values | {"customer": customer_id, "group": group, "numbers": len(rows)}
        gone = connection.execute(_FIRST_GONE, about).fetchone() if rows[0].has_others else None
        if gone is None and len(new) == len(rows):
            continue  # nothing of the group is known
        why = next(filter(None, (row.contradiction() for row in rows)), None)
        if why is None and gone is not None:
            why = f"{gone[0]!r} ({gone[1]}) has no row in this file any more"
        if why is not None:
            yield from (Moved(row.row_number, "", _contradicted(row, why)) for row in new)
            continue
        unread = [row.row_number for row in rows if row.credit_type is None]
        if has_unplaced:
            unread += [found[0] for found in connection.execute(_FIRST_UNPLACED, about) if found[0] is not None]
        for row in new:
            if unread and row.credit_type is not None and row.row_number > min(unread):
                yield Moved(row.row_number, row.reference, _uncertain(row, min(unread)))


def _contradicted(row: Member, why: str) -> Problem:
    return _problem(
        f"The rows of customer {row.customer_id!r} with reference {row.group!r} are numbered, and the numbers have "
        f"moved: {why}. So this row, number {row.number} now, may be credited already under another number. "
        "If it is not, give it a reference of its own."
    )


def _uncertain(row: Member, unread: int) -> Problem:
    return _problem(
        f"The rows of customer {row.customer_id!r} with reference {row.group!r} are numbered, and row {unread} above, "
        f"which cannot be read, may be one of them: then this row is not number {row.number}. "
        f"Mend row {unread} and run the file again, or give this row a reference of its own."
    )


def _problem(message: str) -> Problem:
    return Problem("reference", "numbering_moved", message)


# -- A file that is not, though an earlier one was ----------------------------------------------------------


def _forgotten(connection: sqlite3.Connection, values: dict[str, Any]) -> Iterator[Moved]:
    for row_number, customer_id, reference, known, known_in in connection.execute(_FORGOTTEN, values):
        problem = _problem(
            f"The rows of customer {customer_id!r} with reference {reference!r} were numbered before: {known!r} is "
            f"{known_in}. Without numbers this row may be credited a second time: run the file with "
            "--number-duplicates, as before, or give this row a reference of its own."
        )
        yield Moved(row_number, "", problem)


def _reject(connection: sqlite3.Connection, batch_id: int, moved: Moved) -> None:
    request_id, rejected, *money = connection.execute(_STANDS, (batch_id, moved.row_number)).fetchone()
    if rejected is None:
        why = rejected_json((moved.problem,), moved.reference, Money(*money))
    else:
        known = orjson.loads(rejected)
        known["problems"].append([moved.problem.field, moved.problem.code, moved.problem.message])
        why = orjson.dumps(known | {"reference": moved.reference}).decode()
    connection.execute(
        "UPDATE row SET request_id = NULL, rejected = ? WHERE batch_id = ? AND row_number = ?",
        (why, batch_id, moved.row_number),
    )
    connection.execute("DELETE FROM credit_request WHERE request_id = ?", (request_id,))


_TABLES = (
    "CREATE TEMP TABLE IF NOT EXISTS numbered (batch_id INTEGER, customer_id TEXT, reference TEXT, number INTEGER,"
    " row_number INTEGER, credit_type TEXT, amount_minor INTEGER, amount_in_decimal TEXT, currency_code TEXT,"
    " PRIMARY KEY (batch_id, customer_id, reference, number)) WITHOUT ROWID",
    "CREATE TEMP TABLE IF NOT EXISTS unplaced (batch_id INTEGER, customer_id TEXT, reference TEXT, row_number INTEGER,"
    " PRIMARY KEY (batch_id, customer_id, reference)) WITHOUT ROWID",
)

_ADD_NUMBERED = """
INSERT INTO temp.numbered
SELECT ?1, ?2, ?3, coalesce(max(number), 0) + 1, ?4, ?5, ?6, ?7, ?8 FROM temp.numbered
WHERE batch_id = ?1 AND customer_id = ?2 AND reference = ?3
RETURNING number
"""
_ADD_UNPLACED = "INSERT INTO temp.unplaced VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"  # the first is what counts

_HOW_READ = """
SELECT site_id, kind, options ->> '$.number_duplicates', options ->> '$.failed_csv' FROM batch WHERE batch_id = ?
"""
_KNOWS_ANY = "SELECT EXISTS (SELECT 1 FROM identity WHERE site_id = :site)"  # those of this batch are not taken yet
_HAS_UNPLACED = "SELECT EXISTS (SELECT 1 FROM temp.unplaced WHERE batch_id = :batch)"

# `q3 #2`, `q3 #17` of a group `q3`; a colon comes next after the digits.
IS_NUMBERED = """i.reference > {group} || ' #' AND i.reference < {group} || ' #:'
    AND substr(i.reference, length({group}) + 3) NOT GLOB '*[^0-9]*'"""
_IS_NUMBER_OF = IS_NUMBERED + " AND CAST(substr(i.reference, length({group}) + 3) AS INTEGER) > {number}"
_KNOWN_IN = "'row ' || r.row_number || ' of ' || b.file_name"

_MEMBERS = f"""
SELECT n.customer_id, n.reference, n.number, n.row_number, n.credit_type,
       n.amount_minor, n.amount_in_decimal, n.currency_code,
       n.number = 1 AND EXISTS (SELECT 1 FROM identity i WHERE i.site_id = :site AND i.customer_id = n.customer_id
           AND {IS_NUMBERED.format(group="n.reference")}),
       r.kind, r.credit_type, r.amount_minor, r.amount_in_decimal, r.currency_code, {_KNOWN_IN}
FROM temp.numbered n
LEFT JOIN identity i ON i.site_id = :site AND i.customer_id = n.customer_id
    AND i.reference = CASE n.number WHEN 1 THEN n.reference ELSE n.reference || ' #' || n.number END
LEFT JOIN credit_request r ON r.request_id = i.request_id AND r.state <> 'failed'
LEFT JOIN batch b ON b.batch_id = r.batch_id
WHERE n.batch_id = :batch ORDER BY n.customer_id, n.reference, n.number
"""

_FIRST_GONE = f"""
SELECT i.reference, {_KNOWN_IN} FROM identity i JOIN credit_request r USING (request_id)
JOIN batch b ON b.batch_id = r.batch_id
WHERE i.site_id = :site AND i.customer_id = :customer AND r.state <> 'failed'
  AND {_IS_NUMBER_OF.format(group=":group", number=":numbers")} LIMIT 1
"""

_FIRST_UNPLACED = """
SELECT min(row_number) FROM temp.unplaced
WHERE batch_id = :batch AND customer_id IN ('', :customer) AND reference IN ('', :group)
"""

# A batch that was numbered, or one that names its references itself and so may go on with those of such a batch.
_NUMBERS = "(b.options ->> '$.number_duplicates' OR b.options ->> '$.failed_csv')"
_WAS_NUMBERED = f"""
SELECT EXISTS (SELECT 1 FROM batch b WHERE b.site_id = (SELECT site_id FROM batch WHERE batch_id = :batch)
               AND b.batch_id <> :batch AND {_NUMBERS})
"""

_FORGOTTEN = f"""
SELECT s.row_number, s.customer_id, s.reference, min(i.reference), {_KNOWN_IN}
FROM credit_request s
CROSS JOIN identity i ON i.site_id = :site AND i.customer_id = s.customer_id
    AND {_IS_NUMBER_OF.format(group="s.reference", number=1)}
CROSS JOIN credit_request r ON r.request_id = i.request_id AND r.state <> 'failed'
CROSS JOIN batch b ON b.batch_id = r.batch_id AND {_NUMBERS}
WHERE s.batch_id = :batch AND s.state = 'pending' AND s.state NOT IN ('credited') AND NOT EXISTS (
    SELECT 1 FROM identity e JOIN credit_request k USING (request_id) WHERE e.site_id = :site
    AND e.customer_id = s.customer_id AND e.reference = s.reference AND k.state <> 'failed')
GROUP BY s.request_id
"""

_STANDS = """
SELECT w.request_id, w.rejected, r.amount_minor, r.amount_in_decimal, r.currency_code
FROM row w LEFT JOIN credit_request r USING (request_id) WHERE w.batch_id = ? AND w.row_number = ?
"""
