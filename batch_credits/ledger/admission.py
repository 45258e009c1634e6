"""Admitting a batch: rows are staged as they are read, and become owed only when the person has said yes.

Until `admit`, nothing of the batch can be sent and `discard` removes it without a trace. It belongs to the process that
stages it: nobody else adds to it or admits it, and what a process left staged that has ended is discarded at the next
start. Where others use the ledger too a process says that it lives while it stages; what one has staged of which
nothing was heard for long is discarded, and to admit it after that is refused.
"""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import NamedTuple

import orjson

from batch_credits.errors import LedgerBusy, LedgerError
from batch_credits.ledger import identities, learned, numbering, payouts, spellings
from batch_credits.ledger.database import Database, Row
from batch_credits.ledger.keeping import stay_here
from batch_credits.ledger.rejections import rejected_json
from batch_credits.ledger.sites import site_id_of
from batch_credits.ledger.totals import encoded_totals
from batch_credits.ledger.workers import Workers
from batch_credits.model import ControlTotal, LoadedRow, NewBatch, RequestState
from batch_credits.model.loaded import LoadedRows

LEFT_BEHIND_SECONDS = 3600.0  # since the end of its lease: until then a person may be thinking


_BOTH = 2  # the request that is replaced, and the one in its place
_MANY = 5_000  # rows that are worth it to be counted


class StagedRow(NamedTuple):
    """A loaded row and the frozen body of its request (None if it is rejected)."""

    row: LoadedRow
    body: bytes | None


class Admission:
    """The desk for what is to be owed."""

    def __init__(
        self, database: Database, workers: Workers, borrow: Callable[[int], None] | None = None
    ) -> None:
        """`borrow`: copies what another ledger knows about a staged batch, before its identities are settled."""
        self._db = database
        self._workers = workers
        self._borrow = borrow

    def begin(self, batch: NewBatch) -> int:
        """Start staging a batch; nothing of it is owed before `admit`. Returns its id.

        Until staging is finished or discarded, commits do not wait for the disk: what a power cut takes of it would
        be discarded anyhow, and the first commit after it makes all of it durable.

        Raises:
            LedgerBusy: another process stages this very batch.
        """
        worker = self._workers.me()
        self._db.wait_for_the_disk(always=False)
        with self._db.transaction():
            self._discard_left_behind(batch.key)
            batch_id: int | None = self._db.first(
                "begin_batch",
                itemgetter(0),
                key=batch.key,
                site=site_id_of(self._db, batch.site),
                file_name=batch.file_name,
                file_sha256=batch.file_sha256,
                headers=orjson.dumps([*batch.headers]).decode(),
                columns=orjson.dumps(batch.columns).decode(),
                options=batch.options_json,
                now=self._db.now(),
                kind=batch.kind,
                reverses=batch.reverses,
                worker=worker,
            )
            if batch_id is None:  # somebody was first, just now
                raise _in_other_hands()
            return batch_id

    def _discard_left_behind(self, key: str) -> None:
        """Make room for a batch that a process stages of which nothing is heard: it is refused when it comes back."""
        found = self._db.first("staged_as", tuple, key=key)
        if found is None:
            return
        batch_id, lives = found
        if lives:
            raise _in_other_hands()
        self._discard(batch_id)

    def number(self, batch_id: int, rows: Sequence[LoadedRow]) -> list[int]:
        """The number of each row among those of the batch with its customer and reference; 0 if unreadable."""
        with self._db.transaction():
            return numbering.number_rows(self._db, batch_id, rows)

    def stage(self, batch_id: int, rows: Sequence[StagedRow]) -> None:
        """Store rows of a batch that is being staged; what they repeat or contradict shows at its end."""
        bodies = [row.body.decode("ascii") for row in rows if row.body is not None]
        self.stage_columns(batch_id, LoadedRows.of([item.row for item in rows]), bodies)

    def stage_columns(self, batch_id: int, rows: LoadedRows, bodies: Sequence[str]) -> None:
        """The same for rows by columns, each with a request of its own and its frozen body if it is not rejected."""
        self._workers.me()
        with self._db.transaction():
            requests, count = rows.requests, len(rows.requests)
            # Asked anew each time: others may have staged rows meanwhile.
            staged = {"batch": batch_id, "worker": self._workers.stage(), "count": count}
            found = self._db.first("where_to_stage", tuple, **staged)
            if found is None:
                raise _left_behind()
            site_id, kind, first_id = found
            ids = range(first_id, first_id + count)
            self._db.insert_columns(
                "credit_request",
                {
                    "request_id": ids,
                    "site_id": [site_id] * count,
                    "batch_id": [batch_id] * count,
                    "kind": [kind] * count,
                    "customer_id": requests.customer_id,
                    "reference": requests.reference,
                    "amount_minor": requests.amount,
                    "amount_in_decimal": requests.amount_in_decimal,
                    "currency_code": requests.currency_code,
                    "credit_type": requests.credit_type,
                    "body": bodies,
                    "row_number": rows.row_numbers,
                },
            )
            self._insert_rows(batch_id, rows.row_numbers, rows.cells, ids, [None] * count)
            spellings.note(self._db, first_id, requests.customer_id, requests.reference)
            rejected = rows.rejected
            reasons = [rejected_json(row.problems, row.reference, row.money, row.restated) for row in rejected]
            numbers, cells = [row.row_number for row in rejected], [row.cells for row in rejected]
            self._insert_rows(batch_id, numbers, cells, [None] * len(rejected), reasons)
            if rows.mends:
                self._insert_mended(batch_id, rows)

    def _insert_mended(self, batch_id: int, rows: LoadedRows) -> None:
        numbers = [*rows.row_numbers, *(row.row_number for row in rows.rejected)]
        mends = [(number, *rows.mends[number]) for number in numbers if number in rows.mends]
        if mends:
            row_numbers, keys, of_rows = zip(*mends, strict=True)
            columns: dict[str, Sequence[object]] = {
                "batch_id": [batch_id] * len(mends), "row_number": row_numbers, "of_batch": keys, "of_row": of_rows
            }  # fmt: skip
            self._db.insert_columns("mended", columns)

    def _insert_rows(
        self,
        batch_id: int,
        row_numbers: Sequence[int],
        cells: Sequence[tuple[str, ...]],
        ids: Sequence[int | None],
        rejected: Sequence[str | None],
    ) -> None:
        columns: dict[str, Sequence[object]] = {
            "batch_id": [batch_id] * len(row_numbers),
            "row_number": row_numbers,
            "cells": [*map(bytes.decode, map(orjson.dumps, cells))],
            "request_id": ids,
            "rejected": rejected,
        }
        self._db.insert_columns("row", columns)

    def finish(self, batch_id: int, rows_read: int, totals: dict[str, ControlTotal]) -> int:
        """Reject rows that repeat or contradict an identity, whose number has moved, or that mend what is paid; store
        what the loader counted, to tie the reports out against.

        From here on every commit is durable again. Returns how many rows have an identity that was taken, by another
        row or by what the ledger knew, or may have been paid under another number; the requests of all others are new.
        """
        worker = self._workers.me()
        self._db.wait_for_the_disk(always=True)
        with self._db.transaction():
            be_alone(self._db, batch_id)
            if self._borrow is not None:
                self._borrow(batch_id)
            taken = numbering.reject_moved(self._db, batch_id)
            taken += identities.settle(self._db, batch_id)
            taken += spellings.settle(self._db, batch_id)
            taken += learned.settle(self._db, batch_id)
            taken += numbering.reject_respelt(self._db, batch_id)
            numbering.forget(self._db)
            taken += payouts.settle(self._db, batch_id)
            spellings.keep(self._db)
            self._mine(
                "finish_staging", batch_id, worker, rows_read=rows_read, totals=encoded_totals(totals)
            )
        if rows_read >= _MANY:
            self._db.change("count_anew")
        return taken

    def admit(self, batch_id: int, guard: Callable[[], None] | None = None) -> None:
        """Make a staged batch owed. Proposals replace the failed requests they are about, and older rows follow them
        where the money is the same. `guard` looks once more what is admitted, while nobody else can admit anything of
        the site, and raises to admit nothing.

        Raises:
            LedgerError: one of those was replaced meanwhile, or what a row mends was paid, by another batch that is
                owed: both would be paid. Or the ledger was copied to another place, from which it is paid on.
        """
        worker = self._workers.me()
        with self._db.transaction():
            stay_here(self._db)
            be_alone(self._db, batch_id)
            if guard is not None:
                guard()
            payouts.refuse_what_changed(self._db, batch_id)
            for new, old, state, is_same_money in self._db.all("proposals", tuple, batch=batch_id):
                # Also one that whoever sends or reconciles has just settled, though it was failed when it was read.
                if state != RequestState.FAILED or self._db.change("replace_request", new=new, old=old) != _BOTH:
                    raise taken_up()
                self._db.change("replace_identity", new=new, old=old)
                if is_same_money:
                    self._db.change("replace_in_rows", new=new, old=old)
            self._mine("admit", batch_id, worker)

    def _mine(self, name: str, batch_id: int, worker: int, **values: object) -> None:
        """Change a batch that this process stages.

        Raises:
            LedgerError: it is not there any more, or not this process's.
        """
        if self._db.change(name, batch=batch_id, worker=worker, **values) != 1:
            raise _left_behind()

    def discard(self, batch_id: int) -> None:
        """Forget a staged batch, of which nothing was owed."""
        self._db.wait_for_the_disk(always=True)
        with self._db.transaction():
            self._discard(batch_id)

    def discard_leftovers(self) -> None:
        """Forget what processes left staged that have ended."""
        with self._db.transaction():
            for batch_id in self._db.all("staged_batches", itemgetter(0), grace=round(LEFT_BEHIND_SECONDS * 1000)):
                self._discard(batch_id)

    def _discard(self, batch_id: int) -> None:
        """Remove it without a trace. Only what was never owed can go: the schema refuses the rest. A request that a row
        of another batch has met meanwhile, and shares, is that batch's from here on.
        """
        be_alone(self._db, batch_id)
        numbering.forget(self._db)
        spellings.forget(self._db)
        if self._db.value("may_share", batch=batch_id):
            self._db.change("hand_over", batch=batch_id)
        self._db.change("discard_respelt", batch=batch_id)
        self._db.change_each("give_up_identity", self._db.stream("identities_of_batch", _identity, batch=batch_id))
        for name in ("discard_requests", "discard_rows", "discard_mended", "discard_batch"):
            self._db.change(name, batch=batch_id)


def be_alone(database: Database, batch_id: int) -> None:
    """Settle what a site owes alone, from here to the end of the caller's transaction: whoever makes anything owed
    looks first at what is, and two at once would not see each other."""
    database.first("be_alone", tuple, batch=batch_id)  # a batch that is gone is told of by who needs it


def taken_up() -> LedgerError:
    """What is raised where a failed row would be paid that another batch pays, or that turned out to be paid."""
    return LedgerError(
        "A failed row was settled, or taken up by another batch meanwhile.",
        hint="Nothing was sent. Run again: what is asked for is held against what is known now.",
    )


def _in_other_hands() -> LedgerBusy:
    return LedgerBusy(
        "Another process is reading this very file, to pay it.",
        hint="Wait until it has finished: two at once could pay twice.",
    )


def _left_behind() -> LedgerError:
    return LedgerError(
        "What this process staged is not there any more: another one took it for left behind.",
        hint="Nothing of it was sent. Run again: the file is held against what is known now.",
    )


def _identity(row: Row) -> dict[str, object]:
    return dict(zip(("site", "customer", "reference", "request"), row, strict=True))
