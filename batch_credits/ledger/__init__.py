"""The ledger: the program's only memory, and the place where its stages meet.

`Ledger` is synchronous and holds one SQLite connection; `Journal` is its asynchronous front, in which many
coroutines share a commit.
"""

import getpass
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import orjson

from batch_credits import __version__
from batch_credits.errors import UsageError
from batch_credits.ledger import (
    admission,
    history,
    journal,
    listing,
    looks,
    profile,
    queries,
    recent,
    resolution,
    reversible,
    scratch,
    store,
    totals,
)
from batch_credits.ledger.admission import StagedRow
from batch_credits.ledger.group_commit import InThread, Journal
from batch_credits.ledger.history import History
from batch_credits.ledger.listing import Difference, Unrecorded
from batch_credits.ledger.lock import Lock
from batch_credits.ledger.looks import Attribution, KnownCredit, Moment, OtherRequest
from batch_credits.ledger.numbering import numbered
from batch_credits.ledger.profile import Bucket, CustomerRow, LargeAmount, NewRows, OwedByCustomer, Profile
from batch_credits.ledger.queries import ProblemGroup
from batch_credits.ledger.resolution import ForeignCredit, Holder, RowInReview
from batch_credits.ledger.reversible import HeldCredit, Standing
from batch_credits.model import (
    BatchRecord,
    CallKind,
    ControlTotal,
    Finding,
    LoadedRow,
    Outcome,
    PlannedCredit,
    ReportRow,
    RequestState,
    RunRecord,
)
from batch_credits.model.loaded import LoadedRows
from batch_credits.model.undone import Undone
from batch_credits.settings import InputOptions

__all__ = [
    "Attribution",
    "Bucket",
    "CustomerRow",
    "Difference",
    "ForeignCredit",
    "HeldCredit",
    "History",
    "Holder",
    "InThread",
    "Journal",
    "KnownCredit",
    "LargeAmount",
    "Ledger",
    "Moment",
    "NewRows",
    "OtherRequest",
    "OwedByCustomer",
    "ProblemGroup",
    "Profile",
    "RowInReview",
    "StagedRow",
    "Standing",
    "Unrecorded",
    "numbered",
]


SHARD_WAIT_SECONDS = 60.0  # for the others' commits


class Ledger:
    """Who is owed what, what was sent, and what was learned."""

    def __init__(self, connection: sqlite3.Connection, path: Path, lock: Lock | None = None) -> None:
        self._db = connection
        self._lock = lock
        self._is_scratch = False
        self._shard = 0, 1  # which of how many processes this is
        self._known_site: int | None = None  # of a scratch ledger: the site's number in the real one
        self.path = path

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the ledger for this process alone, creating it if there is none.

        Raises:
            LedgerBusy: another process holds it.
            LedgerError: it cannot be opened or trusted.
        """
        path = Path(os.path.realpath(path))  # a link is no second ledger: both names share one lock
        lock = store.hold(path)
        try:
            ledger = cls(store.connect(path), path, lock)
        except BaseException:
            lock.close()
            raise
        try:
            ledger._discard_leftovers()
        except BaseException:
            ledger.close()
            raise
        return ledger

    @classmethod
    def open_for_reading(cls, path: Path) -> Self:
        """Open the ledger read-only, also while another process runs a batch."""
        return cls(store.connect_for_reading(path), path)

    @classmethod
    def open_shard(cls, path: Path, shard: int, shards: int) -> Self:
        """Open the ledger for one of several processes that share a run, and see the rows of its customers alone.

        Raises:
            LedgerError: it cannot be opened or trusted.
        """
        ledger = cls(store.connect(path, wait_seconds=SHARD_WAIT_SECONDS), path)
        ledger._shard = shard, shards
        return ledger

    @classmethod
    def open_scratch(cls, path: Path, site: str, known: Path | None) -> Self:
        """Create a ledger to stage a file in and throw away, which sees what the one at `known` holds of the site.

        Raises:
            LedgerError: `known` is not a ledger, or cannot be read.
        """
        ledger = cls(scratch.connect(path, known), path)
        ledger._is_scratch = True
        if known is not None:
            with ledger._transaction() as db:
                ledger._known_site = scratch.known_site(db, site)
                if ledger._known_site is not None:
                    scratch.borrow_batches(db, ledger._known_site, ledger._site_id(site))
        return ledger

    def lock_descriptors(self) -> tuple[int, ...]:
        """The open files that keep other runs out: a process that inherits them keeps them out, too."""
        assert self._lock is not None
        return self._lock.descriptors

    def close(self) -> None:
        """Close the file and give the ledger free."""
        self._db.close()
        if self._lock is not None:
            self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with store.translated(self.path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    # -- Admission ------------------------------------------------------------------------------------

    def _discard_leftovers(self) -> None:
        with self._transaction() as db:
            staged = [row[0] for row in db.execute("SELECT batch_id FROM batch WHERE admitted = 0")]
            admission.discard(db, staged)

    def find_batch(self, key: str) -> BatchRecord | None:
        """The admitted batch with this key, if there is one."""
        with store.translated(self.path):
            found = queries.batches(self._db, key)
        return found[0] if found else None

    def check_address(self, site: str, address: str, *, is_same_site: bool = False) -> None:
        """Refuse to take one Chargebee for another, or for two: what is paid in a sandbox is not paid on the site, and
        what is paid to a site under one name is paid again under another. A site that the ledger knows may move
        (`is_same_site`: the operator says so); a name that it does not know has no place at a known address.

        Raises:
            UsageError: the ledger knows the site at another address, or another site at this address.
        """
        with store.translated(self.path):
            row = self._db.execute("SELECT address FROM site WHERE name = ?", (site,)).fetchone()
            others = self._db.execute("SELECT name FROM site WHERE address = ? AND name <> ?", (address, site))
            other = others.fetchone()
        known = row[0] if row else None
        if known == address or (known is not None and is_same_site):
            return
        if known is not None:
            raise UsageError(
                f"The ledger knows site {site} at {known}, and this run would call it at {address}.",
                hint="If that is another Chargebee, such as a sandbox, name another --ledger or another CHARGEBEE_SITE;"
                " if it is the same, say --same-site.",
            )
        if other is not None:
            raise UsageError(
                f"The ledger knows {address} as site {other[0]}, and this run would take it for site {site}.",
                hint=f"Set CHARGEBEE_SITE={other[0]}: under another name all would be paid again."
                " If it is another site behind the same address, such as another sandbox, name another --ledger.",
            )

    def check_entity(self, batch_id: int, entity: str | None, *, is_new: bool = False) -> None:
        """Refuse another business entity than that for which the batch's rows were sent and are not settled.

        Each row is looked for, and sent again, for its own; so where there are several any of them will do.
        `is_new`: the batch was staged by this process.

        Raises:
            UsageError: rows of the batch are not settled that were sent for another one, from whatever file.
        """
        with store.translated(self.path):
            entities = looks.open_entities(self._db, batch_id, is_new=is_new)
        if entities and entity not in entities:
            name = entities[0]
            what = "without a business entity" if name is None else f"for business entity {name}"
            option = "without --business-entity" if name is None else f"with --business-entity {name}"
            raise UsageError(
                f"Rows of this batch were sent {what}, and are not settled.",
                hint=f"Run {option} until they are settled: elsewhere they are not found, and would be paid again.",
            )

    def note_address(self, site: str, address: str) -> None:
        """Remember where the site is called."""
        with self._transaction() as db:
            db.execute("UPDATE site SET address = ? WHERE site_id = ?", (address, self._site_id(site)))

    def begin_batch(
        self,
        *,
        key: str,
        site: str,
        file_name: str,
        file_sha256: str,
        headers: Sequence[str],
        columns: dict[str, int],
        options: InputOptions,
        kind: CallKind = CallKind.ADD,
        reverses: str | None = None,
    ) -> int:
        """Start staging a batch; nothing of it is owed before `admit`. Returns its id.

        `reverses` is the key of the batch whose credits it deducts.

        Until staging is finished or discarded, commits do not wait for the disk: what a power cut takes of it would
        be discarded anyhow, and the first commit after it makes all of it durable.
        """
        self._wait_for_the_disk("NORMAL")
        with self._transaction() as db:
            row = db.execute(
                "INSERT INTO batch (key, site_id, file_name, file_sha256, headers, columns, options, admitted,"
                " created_at, kind, reverses) VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?) RETURNING batch_id",
                (
                    key,
                    self._site_id(site),
                    file_name,
                    file_sha256,
                    orjson.dumps(list(headers)).decode(),
                    orjson.dumps(columns).decode(),
                    options.as_json(),
                    journal.now_ms(),
                    kind,
                    reverses,
                ),
            ).fetchone()
        return int(row[0])

    def _wait_for_the_disk(self, synchronous: str) -> None:
        if not self._is_scratch:
            with store.translated(self.path):
                self._db.execute(f"PRAGMA synchronous = {synchronous}")
                self._db.execute(f"PRAGMA wal_autocheckpoint = {store.LOG_PAGES[synchronous]}")

    def _site_id(self, site: str) -> int:
        self._db.execute("INSERT INTO site (name) VALUES (?) ON CONFLICT DO NOTHING", (site,))
        return int(self._db.execute("SELECT site_id FROM site WHERE name = ?", (site,)).fetchone()[0])

    def number(self, batch_id: int, rows: Sequence[LoadedRow]) -> list[int]:
        """The number of each row among those of the batch with its customer and reference; 0 if unreadable."""
        with self._transaction() as db:
            return admission.Admission(db, batch_id).number(rows)

    def stage(self, batch_id: int, rows: Sequence[StagedRow]) -> None:
        """Store rows of a batch that is being staged; what they repeat or contradict shows at its end."""
        bodies = [row.body.decode("ascii") for row in rows if row.body is not None]
        self.stage_columns(batch_id, LoadedRows.of([item.row for item in rows]), bodies)

    def stage_columns(self, batch_id: int, rows: LoadedRows, bodies: Sequence[str]) -> None:
        """The same for rows by columns, and the bodies of their requests."""
        with self._transaction() as db:
            admission.Admission(db, batch_id).stage(rows, bodies)

    def finish_staging(self, batch_id: int, rows_read: int, totals: dict[str, ControlTotal]) -> int:
        """Reject rows that repeat or contradict an identity, or whose number has moved; store what the loader counted.

        From here on every commit is durable again. Returns how many rows have an identity that was taken: by another
        row, or by what the ledger knew; the requests of all others are new.
        """
        self._wait_for_the_disk("FULL")
        with self._transaction() as db:
            if self._known_site is not None:
                scratch.borrow_requests(db, self._known_site, batch_id)
            return admission.Admission(db, batch_id).finish(rows_read, totals)

    def admit(self, batch_id: int) -> None:
        """Make a staged batch owed."""
        with self._transaction() as db:
            admission.Admission(db, batch_id).admit()

    def discard(self, batch_id: int) -> None:
        """Forget a staged batch, of which nothing was owed."""
        self._wait_for_the_disk("FULL")
        with self._transaction() as db:
            admission.discard(db, [batch_id])

    # -- Runs -----------------------------------------------------------------------------------------

    def start_run(self, batch_id: int, *, retry_failed: bool = False, settings_json: str = "{}") -> int:
        """Begin a run: adopt the batch's unsettled requests, turn what a dead process left in flight to doubt.

        `settings_json` says for the record how the run was set, and what was agreed to.
        """
        with self._transaction() as db:
            journal.adopt(db, batch_id)
            if retry_failed:
                journal.reopen_failed(db, batch_id)
            row = db.execute(
                "INSERT INTO run (batch_id, started_at, version, user, settings) VALUES (?, ?, ?, ?, ?)"
                " RETURNING run_id",
                (batch_id, journal.now_ms(), __version__, _user(), settings_json),
            ).fetchone()
        return int(row[0])

    def end_run(
        self,
        run_id: int,
        *,
        requests: int,
        throttled: int,
        retries: int,
        stopped: str | None,
        needs_person: bool = False,
    ) -> None:
        """Note how a run ended. `stopped` says why it did early; `needs_person`: a person must look before another."""
        with self._transaction() as db:
            db.execute(
                "UPDATE run SET ended_at = ?, requests = ?, throttled = ?, retries = ?, stopped = ?, needs_person = ?"
                " WHERE run_id = ?",
                (journal.now_ms(), requests, throttled, retries, stopped, needs_person, run_id),
            )
            totals.seal(db, db.execute("SELECT batch_id FROM run WHERE run_id = ?", (run_id,)).fetchone()[0])

    def note_slots(self, site: str, ages: Sequence[tuple[float, int]], under_way: int) -> None:
        """Remember the requests answered within the last minute, as (seconds ago, how many), and those under way."""
        with self._transaction() as db:
            recent.note(db, self._site_id(site), ages, under_way)

    def taken_slots(self, site: str, timeout_seconds: float) -> list[tuple[float, int]]:
        """The requests of earlier runs that the site may still count, as (seconds until it does not, how many)."""
        with self._transaction() as db:
            if self._known_site is not None:  # those of the real ledger
                return recent.still_counted(db, self._known_site, timeout_seconds, scratch.KNOWN)
            return recent.still_counted(db, self._site_id(site), timeout_seconds)

    def note_site_clock(self, run_id: int, began_ms: int) -> None:
        """Remember when the run began by the site's clock (milliseconds since 1970); the earliest figure counts."""
        with self._transaction() as db:
            db.execute(
                "UPDATE run SET site_began_ms = min(coalesce(site_began_ms, ?1), ?1) WHERE run_id = ?2",
                (began_ms, run_id),
            )

    def planned_page(self, batch_id: int, state: RequestState, after: int, limit: int) -> list[PlannedCredit]:
        """The batch's requests in this state (not credited), by ascending id, after the given one."""
        with store.translated(self.path):
            return journal.planned_page(self._db, batch_id, state, after, limit, self._shard)

    def first_owed(self, batch_id: int, most: int) -> list[PlannedCredit]:
        """The first requests of the batch that are pending, in the order of the file."""
        with store.translated(self.path):
            return journal.first_owed(self._db, batch_id, most)

    def commit(
        self,
        run_id: int | None,
        findings: Sequence[Finding],
        openings: Sequence[PlannedCredit],
        call: str = "{}",
    ) -> None:
        """Record what was learned and open new attempts, in one durable transaction. `call`: see `open_attempts`.

        Raises:
            LedgerError: nothing of it is durable, so nothing of it may be sent.
        """
        with self._transaction() as db:
            if findings:
                journal.record(db, run_id, findings)
            if openings:
                assert run_id is not None, "only a run sends"
                journal.open_attempts(db, run_id, openings, call)

    def moment(self) -> Moment:
        """Now, as a place in the history."""
        with store.translated(self.path):
            return looks.moment(self._db)

    def witnesses(self, site: str, kind: CallKind, since: Moment, limit: int, call: str) -> list[KnownCredit]:
        """Credits, or deductions, proved to us whose showing in the list says most about what was sent before then."""
        with store.translated(self.path):
            row = self._db.execute("SELECT site_id FROM site WHERE name = ?", (site,)).fetchone()
            return looks.witnesses(self._db, row[0], kind, since, limit, call) if row else []

    def attributed(self, site: str, credit_ids: Sequence[str]) -> list[Attribution]:
        """Which requests of this site have these Chargebee ids."""
        with store.translated(self.path):
            row = self._db.execute("SELECT site_id FROM site WHERE name = ?", (site,)).fetchone()
            return looks.attributed(self._db, row[0], credit_ids) if row else []

    def requests_of(self, site: str, customer_ids: Sequence[str]) -> list[OtherRequest]:
        """The requests that stand for identities of these customers of the site."""
        with store.translated(self.path):
            row = self._db.execute("SELECT site_id FROM site WHERE name = ?", (site,)).fetchone()
            return looks.requests_of(self._db, row[0], customer_ids) if row else []

    def first_sent_ms(self, request_id: int) -> int | None:
        """When the request was first sent, by the site's clock, or earlier; None where that is not known."""
        with store.translated(self.path):
            return looks.first_sent_ms(self._db, request_id)

    # -- Reconciling ----------------------------------------------------------------------------------

    def listed_entities(self, batch_id: int) -> list[str | None]:
        """The business entities for which the batch's rows were sent, each once."""
        with store.translated(self.path):
            return looks.listed_entities(self._db, batch_id)

    def adopt(self, batch_id: int) -> None:
        """Make the batch answer for its rows' unsettled requests; what a dead process left in flight is in doubt."""
        with self._transaction() as db:
            journal.adopt(db, batch_id)

    def planned(self, request_id: int) -> PlannedCredit:
        """One request."""
        with store.translated(self.path):
            return journal.planned(self._db, request_id)

    def in_review(self, batch_id: int, row_number: int) -> RowInReview:
        """A row that waits for a person's word.

        Raises:
            UsageError: there is no such row, or it is not in review.
        """
        with store.translated(self.path):
            return resolution.in_review(self._db, batch_id, row_number)

    def other_holders(self, credit: PlannedCredit, credit_id: str) -> list[Holder]:
        """The other requests of its site that have this id of Chargebee's."""
        with store.translated(self.path):
            return resolution.other_holders(self._db, credit.request_id, credit_id)

    def settle_credited(self, credit: PlannedCredit, closing_balance: str | None, remark: str) -> None:
        """Settle a row in review on this user's word: it is credited as `credit.credit_id`."""
        with self._transaction() as db:
            resolution.settle_credited(db, credit, closing_balance, _user(), remark)

    def owe_again(self, credit: PlannedCredit, remark: str) -> None:
        """Owe a row in review again, on this user's word that it is not credited; it is looked at before it is sent."""
        with self._transaction() as db:
            resolution.owe_again(db, credit, _user(), remark)

    def begin_listing(self, batch_id: int) -> None:
        """Start a fresh listing of what Chargebee says about a batch."""
        with self._transaction() as db:
            listing.begin_listing(db, batch_id)

    def add_listed(self, site: str, credits: Sequence[ForeignCredit]) -> None:
        """Add listed credits, as far as the ledger knows their identities."""
        with self._transaction() as db:
            listing.add_listed(db, self._site_id(site), credits)

    def customers_of(self, batch_id: int, *, only_unlisted: bool) -> list[str]:
        """The batch's customers; or only those with a credited request that the listing does not show."""
        with store.translated(self.path):
            return listing.customers_of(self._db, batch_id, only_unlisted=only_unlisted)

    def first_attempt_ms(self, batch_id: int) -> int | None:
        """When the first attempt of the batch's requests was journaled: milliseconds since 1970 UTC."""
        with store.translated(self.path):
            return listing.first_attempt_ms(self._db, batch_id)

    def unrecorded(self, batch_id: int) -> list[Unrecorded]:
        """Requests that the ledger does not call credited, and for which the listing shows anything."""
        with store.translated(self.path):
            return listing.unrecorded(self._db, batch_id)

    def listed_totals(self, batch_id: int) -> dict[str, ControlTotal]:
        """Count and sum per currency of what the listing shows under the batch's identities."""
        with store.translated(self.path):
            return listing.listed_totals(self._db, batch_id)

    def differences(self, batch_id: int) -> Iterator[Difference]:
        """Every identity about which the ledger and the listing differ."""
        with store.translated(self.path):
            yield from listing.differences(self._db, batch_id)

    def take_over(self, site: str, batch_id: int, first_row: int, credits: Sequence[ForeignCredit]) -> int:
        """Add credits that Chargebee lists and the ledger does not know, to a batch made for them."""
        with self._transaction() as db:
            return resolution.take_over(db, self._site_id(site), batch_id, first_row, credits)

    # -- Reversals ------------------------------------------------------------------------------------

    def standings(self, batch_id: int) -> Iterator[tuple[int, Standing]]:
        """Every row of the batch by its number, and how it stands if the batch is to be reversed; streamed."""
        with store.translated(self.path):
            yield from reversible.standings(self._db, batch_id)

    def rows_by_number(
        self, batch_id: int, row_numbers: Sequence[int]
    ) -> dict[int, tuple[tuple[str, ...], HeldCredit | None]]:
        """The source's own cells of these rows, and the credit that each has, if any, whichever batch holds it."""
        with store.translated(self.path):
            return reversible.rows_by_number(self._db, batch_id, row_numbers)

    def held_credits(self, batch_id: int, after: int, limit: int) -> list[HeldCredit]:
        """The credits that the batch holds, by row number, after the given one."""
        with store.translated(self.path):
            return reversible.held_credits(self._db, batch_id, after, limit)

    def business_entities(self, batch_id: int) -> list[str | None]:
        """The business entities for which the batch's credits were sent, each once; None: for no certain one."""
        with store.translated(self.path):
            return reversible.business_entities(self._db, batch_id)

    def owed_by_customer(self, batch_id: int, *, with_failed: bool) -> Iterator[OwedByCustomer]:
        """What a run would send, summed by customer and currency, those of one customer behind each other; streamed."""
        with store.translated(self.path):
            yield from profile.owed_by_customer(self._db, batch_id, with_failed=with_failed)

    # -- Reports --------------------------------------------------------------------------------------

    def batches(self) -> list[BatchRecord]:
        """Every admitted batch, oldest first."""
        with store.translated(self.path):
            return queries.batches(self._db)

    def batch(self, prefix: str) -> BatchRecord:
        """The admitted batch whose id begins with `prefix`.

        Raises:
            UnknownBatch: there is none, or more than one.
        """
        with store.translated(self.path):
            return queries.one_batch(self._db, prefix)

    def last_run(self, batch_id: int) -> RunRecord | None:
        """The newest run over the batch."""
        with store.translated(self.path):
            return queries.last_run(self._db, batch_id)

    def history(self, batch_id: int) -> History:
        """The batch's runs, what they recorded over time, and what persons said."""
        with store.translated(self.path):
            return history.history(self._db, batch_id)

    def report_rows(self, batch_id: int, request_ids: Sequence[int] | None = None) -> Iterator[ReportRow]:
        """What became of every source row, or of those of these requests, in the order of the file; streamed."""
        with store.translated(self.path):
            yield from queries.report_rows(self._db, batch_id, request_ids)

    def profile(self, batch_id: int) -> Profile:
        """The batch's totals from every side, and how its amounts are spread."""
        with store.translated(self.path):
            return profile.profile(self._db, batch_id)

    def largest_rows(self, batch_id: int, currency: str, most: int) -> list[LargeAmount]:
        """The largest amounts of one currency ("": of rows that name none), largest first."""
        with store.translated(self.path):
            return profile.largest_rows(self._db, batch_id, currency, most)

    def customer_rows(self, batch_id: int) -> Iterator[CustomerRow]:
        """Every row that may be credited, those of one customer behind each other; streamed."""
        with store.translated(self.path):
            yield from profile.customer_rows(self._db, batch_id)

    def earlier_amounts(self, site: str, batch_id: int) -> dict[str, list[Bucket]]:
        """How the amounts are spread that other batches of the site were credited, by currency."""
        with store.translated(self.path):
            if self._known_site is not None:
                return profile.earlier_amounts(self._db, self._known_site, -1, scratch.KNOWN)
            row = self._db.execute("SELECT site_id FROM site WHERE name = ?", (site,)).fetchone()
            return profile.earlier_amounts(self._db, row[0], batch_id) if row else {}

    def problem_groups(self, batch_id: int) -> list[ProblemGroup]:
        """The batch's rejected rows, grouped by what is wrong with them, most frequent first."""
        with store.translated(self.path):
            return queries.problem_groups(self._db, batch_id)

    def problems(self, batch_id: int) -> Iterator[LoadedRow]:
        """The batch's rejected rows with all their reasons, in the order of the file."""
        with store.translated(self.path):
            yield from queries.problems(self._db, batch_id)

    def rejected_rows(self, batch_id: int) -> Iterator[ReportRow]:
        """The batch's rejected rows as the reports show them, in the order of the file; streamed."""
        with store.translated(self.path):
            yield from queries.rejected_rows(self._db, batch_id)

    def staged_batch(self, batch_id: int) -> BatchRecord:
        """A batch that this ledger holds, admitted or not."""
        with store.translated(self.path):
            return queries.staged_batch(self._db, batch_id)

    def unsettled(self, batch_id: int) -> dict[RequestState, int]:
        """How many requests that the batch answers for are in each state, the credited ones not counted; at once."""
        with store.translated(self.path):
            return queries.unsettled(self._db, batch_id)

    def outcome_totals(self, batch_id: int) -> dict[Outcome, dict[str, ControlTotal]]:
        """Count and sums by outcome and currency, rejected rows' money left out."""
        with store.translated(self.path):
            return totals.counted_totals(self._db, batch_id)

    def undone(self, batch_id: int) -> Undone:
        """What was deducted again of the batch's credits."""
        with store.translated(self.path):
            return totals.undone(self._db, batch_id).get(batch_id, Undone())

    def undone_by_batch(self) -> dict[int, Undone]:
        """The same of all batches, those left out of which nothing was."""
        with store.translated(self.path):
            return totals.undone(self._db)

    def failed_totals(self, batch_id: int) -> dict[str, ControlTotal]:
        """Count and sums of the failed rows that may be tried again, by currency."""
        with store.translated(self.path):
            return totals.failed_totals(self._db, batch_id)

    def known_totals(self, batch_id: int) -> dict[Outcome, dict[str, ControlTotal]]:
        """The same without counting again what was final when a run ended: at once, for looking and not for proof."""
        with store.translated(self.path):
            return totals.known_totals(self._db, batch_id)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no such user in this container
        return f"uid {os.getuid()}"
