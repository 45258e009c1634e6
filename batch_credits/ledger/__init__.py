"""The ledger: the program's only memory, and the place where its stages meet.

`Ledger` is synchronous: its desks, each a group of verbs, share one `Database`. `Journal` is the asynchronous front of
`claims`, in which many coroutines share a commit.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import TYPE_CHECKING, Self, cast

from batch_credits.errors import LedgerError
from batch_credits.ledger.admission import Admission, StagedRow
from batch_credits.ledger.batches import Batches
from batch_credits.ledger.budget import Budget, Grant, Terms
from batch_credits.ledger.chain import Chain
from batch_credits.ledger.claims import Claims
from batch_credits.ledger.copying import copy_whole
from batch_credits.ledger.database import Database
from batch_credits.ledger.engines import store_of_postgres
from batch_credits.ledger.engines.sqlite import scratch, store
from batch_credits.ledger.engines.sqlite.lock import Lock, holder_of
from batch_credits.ledger.held_credits import HeldCredit, HeldCredits, Standing
from batch_credits.ledger.keeping import Harm, Keeping, copied_from
from batch_credits.ledger.listing import Difference, Listing, Unrecorded
from batch_credits.ledger.looks import Attribution, KnownCredit, Looks, Moment, OtherRequest
from batch_credits.ledger.numbering import numbered
from batch_credits.ledger.packs import Call, Kin, PackRecord, Packs
from batch_credits.ledger.payouts import MendingRow, Payouts
from batch_credits.ledger.probes import CallState, OpenProbe, ProbeCall, Probes, in_doubt, standing
from batch_credits.ledger.profiles import Bucket, CustomerRow, LargeAmount, NewRows, OwedByCustomer, Profile, Profiles
from batch_credits.ledger.reports import ProblemGroup, Reports
from batch_credits.ledger.requests import ForeignCredit, Holder, Requests, RowInReview
from batch_credits.ledger.runs import History, Runs
from batch_credits.ledger.shelf import Shelf, default_root, shelf_of
from batch_credits.ledger.sites import Sites
from batch_credits.ledger.slots import Slots
from batch_credits.ledger.teams import Life, Newest, Teams
from batch_credits.ledger.totals import Totals
from batch_credits.ledger.unbroken import Chained
from batch_credits.ledger.workers import LEASE_SECONDS, Part, Worker, Workers
from batch_credits.model.address import Address, Place
from batch_credits.model.site_facts import SiteFacts

if TYPE_CHECKING:
    from batch_credits.process.deadman import DeadMan

__all__ = [
    "LEASE_SECONDS",
    "Admission",
    "Attribution",
    "Batches",
    "Bucket",
    "Budget",
    "Call",
    "CallState",
    "Chain",
    "Chained",
    "Claims",
    "CustomerRow",
    "Difference",
    "ForeignCredit",
    "Grant",
    "Harm",
    "HeldCredit",
    "HeldCredits",
    "History",
    "Holder",
    "Keeping",
    "Kin",
    "KnownCredit",
    "LargeAmount",
    "Ledger",
    "Life",
    "Listing",
    "Looks",
    "MendingRow",
    "Moment",
    "NewRows",
    "Newest",
    "OpenProbe",
    "OtherRequest",
    "OwedByCustomer",
    "PackRecord",
    "Packs",
    "Part",
    "Payouts",
    "ProbeCall",
    "Probes",
    "ProblemGroup",
    "Profile",
    "Profiles",
    "Reports",
    "Requests",
    "RowInReview",
    "Runs",
    "Shelf",
    "Sites",
    "Slots",
    "StagedRow",
    "Standing",
    "Teams",
    "Terms",
    "Totals",
    "Unrecorded",
    "Worker",
    "Workers",
    "default_root",
    "in_doubt",
    "numbered",
    "shelf_of",
    "standing",
]

WAIT_BESIDE_SECONDS = 60.0  # for the others' commits


def dead_man() -> "DeadMan":
    """Who kills this process at its lease's end. It is imported here, since who has a file needs none."""
    from batch_credits.process import deadman

    return deadman.dead_man()


class Ledger:
    """Who is owed what, what was sent, and what was learned: a file, and the desks over it."""

    def __init__(
        self,
        database: Database,
        lock: Lock | None = None,
        *,
        borrow: Callable[[int], None] | None = None,
        named: Path | None = None,
        only_reads: bool = False,
    ) -> None:
        """`borrow`: see `Admission`; `named`: see `Sites`. One that `only_reads` has no lease, and must not put off
        another's end by closing.
        """
        self._db = database
        self._lock = lock
        self._seals = False  # what was done is sealed in the end: this process has the ledger for itself, or opened it
        self._sealing: Thread | None = None
        self.path = database.path
        self.sites = Sites(database, named)
        self.batches = Batches(database)
        self.workers = Workers(database, dead_man() if database.is_shared and not only_reads else None)
        self.admission = Admission(database, self.workers, borrow)
        self.profiles = Profiles(database)
        self.claims = Claims(database, self.workers)
        self.slots: Slots | Budget = Budget(database, self.workers) if database.is_shared else Slots(database)
        self.looks = Looks(database)
        self.requests = Requests(database)
        self.listing = Listing(database)
        self.held_credits = HeldCredits(database)
        self.reports = Reports(database)
        self.totals = Totals(database)
        self.teams = Teams(database)
        self.payouts = Payouts(database, self.totals)
        self.chain = Chain(database)
        self.runs = Runs(database, self.claims, self.totals, self.chain)
        self.keeping = Keeping(database)
        self.packs = Packs(database)
        self.probes = Probes(database, self.workers)

    @classmethod
    def open(cls, place: Place, *, is_reopened: bool = False) -> Self:
        """Open the ledger, creating it if there is none: a file for this process alone, a database beside others.

        `is_reopened`: it goes on here, though it was copied to another place: a person said so.

        Raises:
            LedgerBusy: another process holds the file.
            LedgerError: it cannot be opened or trusted, or was copied to another place.
        """
        if isinstance(place, Address):
            ledger = cls(store_of_postgres().connect(place))
        else:
            path = Path(os.path.realpath(place))  # a link is no second ledger: both names share one lock
            lock = store.hold(path)
            try:
                ledger = cls(store.connect(path), lock, named=Path(place))
            except BaseException:
                lock.close()
                raise
        try:
            if is_reopened:
                ledger.keeping.reopen()
            ledger.begin()
            ledger.seal()  # what a process has left that was killed
            ledger._seals = True
        except BaseException:
            ledger.close()
            raise
        return ledger

    @staticmethod
    def is_at(place: Place) -> bool:
        """Whether there is a ledger.

        Raises:
            LedgerError: its database cannot be reached.
        """
        if isinstance(place, Address):
            return store_of_postgres().version_at(place) is not None
        return place.exists()

    @staticmethod
    def version_at(place: Place) -> int | None:
        """Of which version the ledger is; None if there is none.

        Raises:
            LedgerError: it is none of this program's, or cannot be reached.
        """
        if isinstance(place, Address):
            return cast(int | None, store_of_postgres().version_at(place))
        return store.version_at(place)

    @staticmethod
    def holder_at(path: Path) -> str | None:
        """Who uses the ledger's file, which this process has not open: a process's number, or "somebody"; None: nobody.

        Raises:
            OSError: it cannot be opened.
        """
        return holder_of(path)

    @classmethod
    def open_for_reading(cls, place: Place) -> Self:
        """Open the ledger read-only, also while another process runs a batch."""
        if isinstance(place, Address):
            return cls(store_of_postgres().connect_for_reading(place), only_reads=True)
        return cls(store.connect_for_reading(place))

    @classmethod
    def open_beside(cls, place: Place) -> Self:
        """Open the ledger beside others that write it: for a process of a run, whose own process has its lock.

        Raises:
            LedgerError: it cannot be opened or trusted.
        """
        if isinstance(place, Address):
            return cls(store_of_postgres().connect(place))
        return cls(store.connect(place, wait_seconds=WAIT_BESIDE_SECONDS))

    @classmethod
    def open_scratch(cls, path: Path, site: str, known: Place | None) -> Self:
        """Create a ledger to stage a file in and throw away, which sees what the one at `known` holds of the site.

        Raises:
            LedgerError: `known` is not a ledger, or cannot be read.
        """
        seen = store_of_postgres().connect_for_reading(known) if isinstance(known, Address) else known
        database, lender = scratch.connect(path, site, seen)
        return cls(database, borrow=None if lender is None else lender.lend_requests)

    def begin(self) -> None:
        """Clear away what lives before this one have left: all of them, where this process has the ledger's lock and so
        knows that they are over; else those that have ended, or whose lease is over.

        Raises:
            LedgerError: this ledger was copied to another place.
        """
        self.keeping.refuse_moved()
        if not self._db.is_shared:
            self.workers.end_all()
        self.admission.discard_leftovers()

    def seal(self) -> str | None:
        """Seal what was done: as far as it can be now, since whoever opens the ledger next does the same. Returns the
        digest of the newest link of the chain."""
        with suppress(LedgerError):
            link = self.chain.seal()
            return None if link is None else link.digest
        return None

    def seal_beside(self) -> None:
        """Seal what was done by a thread and a connection of its own: `close` waits for that, and seals the rest."""

        def seal() -> None:
            with suppress(LedgerError), Ledger.open_beside(self.path) as ledger:
                ledger.seal()

        if self._seals and not self._db.is_shared:  # a server would be asked by one after the other
            self._sealing = Thread(target=seal, name="sealing", daemon=True)
            self._sealing.start()

    def copy_to(self, target: "Ledger") -> dict[str, int]:
        """Copy all of it to an empty ledger, and mark this one as moved. Returns how many rows each table has.

        Raises:
            LedgerBusy: somebody uses one of them.
            UsageError: the other holds something.
            LedgerError: one of them failed.
        """
        self.chain.seal()
        copied = copy_whole(self._db, target._db)
        self._seals = False  # from here nothing is paid any more
        target.chain.note(copied_from(self.path))
        return copied

    def site_facts(self, site: str) -> SiteFacts | None:
        """What a probe learned of a site; or, for a live one, of the test site beside it, which a probe may ask."""
        return self.probes.facts(site) or self.probes.facts(f"{site}-test")

    @property
    def is_shared(self) -> bool:
        """Whether workers of several hosts may use it."""
        return self._db.is_shared

    def lock_descriptors(self) -> tuple[int, ...]:
        """The open files that keep other runs out: a process that inherits them keeps them out, too."""
        assert self._lock is not None
        return self._lock.descriptors

    def close(self) -> None:
        """End this process's life in the ledger, close the file and give it free."""
        with suppress(LedgerError):  # it says so elsewhere, about what matters more; the next start ends it, too
            self.workers.end()
        if self._sealing is not None:
            self._sealing.join()
        if self._seals:
            self.seal()
        self._db.close()
        if self._lock is not None:
            self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
