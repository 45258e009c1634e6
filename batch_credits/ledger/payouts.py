"""Payouts: a file, and what was mended from it. The link is what each row of a failed.csv says that it mends.

Nothing hangs on it for the identities of credits, but one thing: a row that mends what is paid under another identity
is not paid again.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from operator import itemgetter
from typing import NamedTuple

import orjson

from batch_credits.errors import LEFT_OUT, LedgerError, UsageError
from batch_credits.ledger.database import Database, Row
from batch_credits.ledger.rejections import reject, rejected_json
from batch_credits.ledger.reports import report_row
from batch_credits.ledger.reversals import PREFIX, undone_batches
from batch_credits.ledger.totals import Totals, summed
from batch_credits.model import ControlTotal, Mend, Mending, Money, Outcome, Parent, Problem, ReportRow, RequestState
from batch_credits.model.undone import Undone
from batch_credits.text.counted import rows as rows_in_words
from batch_credits.text.quoted import quoted


class MendingRow(NamedTuple):
    """A row that mends a row of a payout's first file, itself or through others: what became of it, in which batch, and
    the row of which batch it names."""

    first_row: int
    batch_id: int
    mends_batch: int
    mends_row: int
    row: ReportRow


class Payouts:
    """The desk for what belongs together. Nothing here writes."""

    def __init__(self, database: Database, totals: Totals) -> None:
        self._db = database
        self._totals = totals

    def parents(self, batch_id: int) -> list[Parent]:
        """The batches whose rows a batch says to mend, those of the most rows first."""
        return [self._parent(*row) for row in self._db.all("parents", tuple, batch=batch_id)]

    def _parent(
        self, key: str, rows: int, there: int, again: int, batch_id: int | None, file_name: str | None, site: str | None
    ) -> Parent:
        undone = Undone() if batch_id is None else self._totals.undone(batch_id)
        return Parent(key, rows, there, again, file_name, site, undone.rows, undone.batches if undone.rows else "")

    def mending(self, batch_id: int) -> Mending:
        """What a batch has to do with others."""
        return Mending(self.parents(batch_id), self.mends(batch_id), lambda: self._mended_rows(batch_id))

    def mends(self, batch_id: int) -> list[Mend]:
        """The files that mend rows of a batch, in the order in which they came, and what became of those rows there."""
        mends: dict[int, Mend] = {}
        for file, key, file_name, outcome, rows in self._db.all("mends_counted", tuple, batch=batch_id):
            mend = mends.setdefault(file, Mend(key, file_name))
            mend.rows += rows
            mend.counts[Outcome(outcome)] = rows
        if any(self._totals.undone(file).rows for file in mends):
            for each in self.mending_rows(batch_id, whole=False):
                if each.row.reversed_by is not None:
                    mends[each.batch_id].reversed_by[each.row.reversed_by] += 1
        return [mends[file] for file in sorted(mends)]

    def mending_rows(self, batch_id: int, *, whole: bool) -> Iterator[MendingRow]:
        """The rows that mend rows of a batch, by the row of the batch; with `whole` also those that mend these, and so
        on. Streamed."""
        files = self.files(batch_id) if whole else [batch_id]
        undone = [*{held for each in files for held in undone_batches(self._db, each)}]
        return self._db.stream(
            "mending_rows",
            lambda row: MendingRow(row[0], row[1], row[2], row[3], report_row(row[4:])),
            batch=batch_id,
            whole=whole,
            undone=orjson.dumps(undone).decode(),
            prefix=PREFIX,
        )

    def _mended_rows(self, batch_id: int) -> Iterator[int]:
        return self._db.stream("mended_rows", itemgetter(0), batch=batch_id)

    def first_files(self, batch_id: int) -> list[int]:
        """The batches with which the payouts began that a batch belongs to, itself if it mends none that is known;
        several where rows of several files were put together."""
        first, seen = [], set()
        ahead = [batch_id]
        while ahead:
            batch = ahead.pop()
            if batch in seen:
                continue
            seen.add(batch)
            above = self._db.all("known_parents", itemgetter(0), batch=batch)
            ahead += above
            if not above:
                first.append(batch)
        return sorted(first)

    def owed_though_mended(self, batch_id: int) -> dict[int, Problem]:
        """The requests of a batch's payouts that are owed, or in doubt, though what they mend, or what mends it, was
        found to be paid since they were admitted; each with what is wrong with it."""
        files = dict.fromkeys(file for first in self.first_files(batch_id) for file in self.files(first))
        found = [row for file in files for row in _found(self._db, "owed_though_mended", file)]
        return {request_id: _mended_before(*stands) for request_id, *stands in reversed(found)}

    def refuse_paid_since(self, batch_id: int, key: str) -> None:
        """Refuse to go on with an admitted batch of which a row would be sent though it is told of above: until a
        reconcile has closed it.

        Raises:
            UsageError: there is one.
        """
        found = _found(self._db, "owed_though_mended", batch_id)
        if not found:
            return
        _, state, credit_id, reference, at, file_name, other, mends = found[0]
        count = len({row[0] for row in found})
        which = "it" if count == 1 else "the first of them"
        what = f"what {which} mends" if mends else f"what mends {which}"
        raise UsageError(
            f"Going on would pay {rows_in_words(count)} twice: {what} {_stands(state, credit_id)}, under "
            f"reference {quoted(reference)} (row {at} of {file_name}, batch {other[:8]}).",
            hint=f"Nothing was sent. `batch-credits reconcile {key[:8]}` closes such rows; run again after it.",
        )

    def refuse_retry(self, batch_id: int) -> None:
        """The same as the function below, before anybody is asked."""
        refuse_retry(self._db, batch_id)

    def is_mended(self, batch_id: int) -> bool:
        """Whether a later file mends any of its rows."""
        return next(self._mended_rows(batch_id), None) is not None

    def one_moment(self) -> AbstractContextManager[None]:
        """What is asked within is asked of one moment, whoever writes meanwhile."""
        return self._db.transaction(writes=False)

    def files(self, batch_id: int) -> list[int]:
        """A batch, and all that were mended from it, in the order in which they came."""
        return [batch_id, *self._db.all("files_of_payout", itemgetter(0), batch=batch_id)]

    def credited(self, batch_id: int) -> dict[str, ControlTotal]:
        """What the rows of a batch are credited with, and those that mend them, each credit once."""
        return dict(self._db.all("credited_in_payout", _credited, batch=batch_id))


def settle(database: Database, batch_id: int) -> int:
    """Reject the staged rows that mend what another file, or a row further up, has paid, or may pay yet, under another
    identity. Returns how many."""
    if not database.value("mends_any", batch=batch_id):
        return 0
    taken = _reject(database, batch_id, _found(database, "mended_before", batch_id))
    return taken + _reject(database, batch_id, _found(database, "mended_at_once", batch_id))


def _reject(database: Database, batch_id: int, found: list[Row]) -> int:
    for row_number, request_id, site_id, customer_id, reference, *rest in found:
        money, stands = Money(*rest[:3]), rest[3:]
        why = rejected_json((_mended_before(*stands),), reference, money)
        database.change("give_up_identity", site=site_id, customer=customer_id, reference=reference, request=request_id)
        reject(database, batch_id, row_number, request_id, why)
    return len(found)


def refuse_what_changed(database: Database, batch_id: int) -> None:
    """Refuse to owe a staged batch of which a row mends what another file has paid, or may, since it was settled.

    Raises:
        LedgerError: there is one: both would be paid.
    """
    if database.value("mends_any", batch=batch_id) and _found(database, "mended_before", batch_id):
        raise LedgerError(
            "What a row of this file mends was taken up by another file meanwhile, so it would be paid twice.",
            hint="Nothing was sent. Run again: the file is held against what is known now.",
        )


def refuse_retry(database: Database, batch_id: int) -> None:
    """Refuse to try the failed rows of a batch again where one is paid, or may be, under another identity.

    Raises:
        UsageError: there is one, with the way to pay the others.
    """
    found = _found(database, "mended_elsewhere", batch_id)
    if not found:
        return
    row_number, own_file, state, credit_id, reference, at, file_name, key = found[0]
    more = f" And so {'is 1 more row' if len(found) == 2 else f'are {len(found) - 1:,} more rows'}." * (len(found) > 1)
    raise UsageError(
        f"Row {row_number} of {own_file} failed, and is mended since: it {_stands(state, credit_id)}, under reference "
        f"{quoted(reference)} (row {at} of {file_name}, batch {key[:8]}). With --retry-failed it would be paid twice."
        f"{more}",
        hint="Nothing was sent. Run without --retry-failed; the failed rows that nobody mended are in the failed.csv "
        "that `batch-credits report` writes: run that.",
        remedies=[(("--retry-failed", LEFT_OUT),)],
    )


def _found(database: Database, name: str, batch_id: int) -> list[Row]:
    return database.all(name, tuple, batch=batch_id, prefix=PREFIX)


def _stands(state: str, credit_id: str | None) -> str:
    is_paid = state == RequestState.CREDITED
    return f"is credited as {credit_id}" if is_paid else "is not settled yet, and may be credited"


def _mended_before(
    state: str, credit_id: str | None, reference: str, row_number: int, file_name: str, key: str, mends: int
) -> Problem:
    """`mends`: the row says itself what it mends; else another row mends it."""
    what, otherwise = "What this row mends", "empty its credit_batch and credit_row"
    if not mends:
        what, otherwise = "This row was mended, and what mends it", "give it another reference"
    return Problem(
        "reference",
        "mended_before",
        f"{what} {_stands(state, credit_id)}, under reference {quoted(reference)} (row {row_number} of {file_name}, "
        f"batch {key[:8]}), so it would be paid twice. Take the row out. If it is meant as another credit, "
        f"{otherwise}.",
    )


def _credited(row: Row) -> tuple[str, ControlTotal]:
    currency, count, decimals, *halves = row
    total = ControlTotal(count, summed(*halves))
    for text in orjson.loads(decimals):  # SQLite cannot sum them exactly
        total.add_decimal(text)
    return currency, total
