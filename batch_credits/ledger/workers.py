"""Who writes: the lives of processes with this ledger, their leases, and the shards that they hold.

    workers.me()            this process's life: it begins with the first thing that belongs to it
    claims.claim(...)       it holds shards of a site: nobody else sends to their customers
    workers.fence()         within every commit: it holds them still
    workers.end(...)        it holds nothing any more

A life has one lease, whatever it holds. A claim takes only what is free: of nobody, of a worker that has ended, or
whose lease is over. That one is *lost*: nobody knows what it still does, so what its shards' doubt has to wait for is
noted with them. A lease that ran out and was not taken is its owner's still where all are on one machine, since they
share a file: a claim bumps the epoch, so while the epochs are the same nobody has acted in its place, and a machine
that slept goes on where it stopped. Where hosts share the ledger it is over when it is over, and a dead man's timer
sees to it: it kills the process at the lease's end, counted from before the lease was asked for.

Whose time it is that a lease is measured by is the database's matter: the statements ask for `lease_now_ms()`, and no
worker says what time it is. A file's clock begins anew when the machine does, but nobody lives through that: whoever
gets its lock knows that every life before is over, and ends them all.
"""

import os
import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from batch_credits.errors import LeaseLost, LedgerBusy, LedgerError
from batch_credits.ledger.database import Database, Row
from batch_credits.process import clock
from batch_credits.process.user import user_name

if TYPE_CHECKING:  # of a ledger that hosts share alone
    from batch_credits.process.deadman import DeadMan

LEASE_SECONDS = 60.0
TIMEOUT_SECONDS = 80.0
RENEWALS = 3  # within one lease: two may be late


@dataclass(frozen=True, slots=True)
class Part:
    """One of `of` even shares of a site's shards, the `number`th from 0."""

    number: int = 0
    of: int = 1


class Worker(NamedTuple):
    """A life, as others see it. `told`: what it says of its sending, as JSON."""

    worker_id: int
    pid: int
    has_ended: bool
    told: str


class _Held(NamedTuple):
    """What this life holds. Epochs only ever rise, so an equal sum says that each is the same."""

    site_id: int
    shards: int
    epochs: int


class Workers:
    """The desk for whoever has the ledger open. Its lease is as long as the last claim said."""

    def __init__(self, database: Database, dead_man: "DeadMan | None" = None) -> None:
        """`dead_man`: who kills this process at its lease's end, where hosts share the ledger."""
        self._db = database
        self._dead_man = dead_man
        self._me: int | None = None
        self._held: _Held | None = None
        self._lease_ms = round(LEASE_SECONDS * 1000)
        self._kept_until: float | None = None  # by this machine's clock, once the transaction is durable

    def me(self) -> int:
        """The number of this process's life. No other ever has it: so it is durable before anything refers to it."""
        if self._me is None:
            assert not self._db.is_writing, "what is rolled back would leave its number to another"
            with self._db.transaction():
                me: int = self._db.value(
                    "begin_life",
                    host=platform.node(),
                    pid=os.getpid(),
                    user=user_name(),
                    now=self._db.now(),
                    lease=self._lease_ms,
                )
            self._me = me
        return self._me

    @property
    def lease_seconds(self) -> float:
        """How long a lease of this life goes on from each renewal."""
        return self._lease_ms / 1000

    def anew(self) -> int:
        """This process's life, which holds nothing: another one than it had, if that did."""
        if self._held is not None:
            self.end()
        return self.me()

    def hold(
        self, site_id: int, run_id: int | None, part: Part, lease_seconds: float, timeout_seconds: float
    ) -> int:
        """Within a transaction: hold a part of a site's shards, for a run, or only to ask. Returns this life's number.

        `timeout_seconds`: how long a request of this life may be on its way; whoever may have to wait for it knows.
        After the transaction: `kept`.

        Raises:
            LedgerBusy: somebody else holds some of them.
        """
        assert self._held is None, "a life claims once"
        self._lease_ms = round(lease_seconds * 1000)
        me, asked = self.me(), clock.boottime()
        self._db.change(
            "begin_to_send", worker=me, run=run_id, lease=self._lease_ms, timeout=round(timeout_seconds * 1000)
        )
        self._db.change("make_shards", site=site_id)
        self._db.all("lock_owners", tuple, site=site_id)
        about = {"site": site_id, "number": part.number, "of": part.of}
        taken = self._db.change("take_shards", worker=me, **about)
        if taken != self._db.value("shards_of_part", **about):
            raise LedgerBusy(
                "Another process sends to some customers of this site, or asks for them.",
                hint="Wait until it has finished: two at once could pay twice.",
            )
        shards, epochs, _left = self._db.one("held", tuple, worker=me, site=site_id)
        self._held = _Held(site_id, shards, epochs)
        self._kept_until = asked + lease_seconds
        return me

    def fence(self) -> int:
        """Within a transaction: that this life holds what it claimed. Its lease is renewed where a part of it is gone.

        Returns this life's number. After the transaction: `kept`.

        Raises:
            LeaseLost: it does not, so nothing of it may be recorded, and nothing more sent.
        """
        if self._me is None or self._held is None:
            raise _lost("nothing was claimed")
        site_id, *held = self._held
        self._kept_until, asked = None, clock.boottime()  # what a transaction renewed that failed is not kept
        self._db.first("lock_life", tuple, worker=self._me)
        shards, epochs, left_ms = self._db.one("held", tuple, worker=self._me, site=site_id)
        if [shards, epochs] != held:
            raise _lost("another process has claimed its customers")
        if left_ms <= 0 and self._db.is_shared:
            raise _lost("its lease is over")
        if self._is_due(left_ms):
            self._db.change("renew_lease", worker=self._me)
            self._kept_until = asked + self._lease_ms / 1000
        return self._me

    def kept(self) -> None:
        """What was held or renewed is durable: the dead man waits until its end. (What was renewed and is not durable
        leaves him as he was.)"""
        if self._kept_until is not None and self._dead_man is not None:
            self._dead_man.arm(self._kept_until)
        self._kept_until = None

    def stage(self) -> int:
        """Within a transaction: this process's life goes on while it stages, and nobody takes what it stages for left
        behind. Returns its number."""
        me = self.me()
        if self._is_due(self._db.value("lease_left", worker=me)):
            self._db.change("renew_lease", worker=me)
        return me

    def live_on(self) -> None:
        """Say that this process's life goes on, where it holds nothing and sends nothing."""
        self.me()
        with self._db.transaction():
            self.stage()

    def _is_due(self, left_ms: int) -> bool:
        return left_ms <= self._lease_ms * (RENEWALS - 1) // RENEWALS

    def go_on(self) -> int:
        """Within a transaction: this process's life goes on, whatever it holds. Returns its number. After it: `kept`.

        Raises:
            LeaseLost: its lease is over, so what it had may be another's.
        """
        me, asked = self.me(), clock.boottime()
        self._kept_until = None
        if not self._db.change("renew_in_time", worker=me, lease=self._lease_ms):
            raise _lost("its lease is over")
        self._kept_until = asked + self._lease_ms / 1000
        return me

    def wake(self) -> int:
        """Within a transaction: the same, and if it holds nothing, however long nothing was heard of it. (A person may
        have thought for long.)"""
        if self._held is not None:
            return self.go_on()
        me = self.me()
        self._db.change("renew_lease", worker=me)
        return me

    def rest(self) -> None:
        """Nothing is sent or asked any more, if nothing is held: it may take as long as it likes."""
        if self._held is None and self._dead_man is not None:
            self._dead_man.disarm()

    def tell(self, worker_id: int, told: str) -> None:
        """Say how the sending of a life goes, for whoever watches it."""
        with self._db.transaction():
            self._db.change("tell", worker=worker_id, told=told)

    def end(self, told: str | None = None) -> None:
        """Give everything back, in order; say at last how it went. Nothing is sent any more, also where that cannot be
        said."""
        if self._me is None:
            return
        me, self._me, self._held = self._me, None, None
        if self._dead_man is not None:  # first: a ledger that is lost is waited for, and nothing is sent meanwhile
            self._dead_man.disarm()
        with self._db.transaction():
            self._db.first("lock_life", tuple, worker=me)
            self._db.change("give_back", worker=me)
            self._db.change("end_life", worker=me, now=self._db.now(), told=told)

    def end_all(self) -> None:
        """Every life before this one is over. Only who holds the ledger's lock knows that."""
        with self._db.transaction():
            self._db.change("end_lives", now=self._db.now())

    def of_run(self, run_id: int) -> list[Worker]:
        """The lives that send for a run, in the order in which they began."""
        return self._db.all("workers_of_run", worker_of, run=run_id)


def _lost(why: str) -> LedgerError:
    return LeaseLost(
        f"This process may not send any more: {why}.",
        hint="Nothing more was sent or recorded. Run again to carry on; what was on its way is looked up first.",
    )


def worker_of(row: Row) -> Worker:
    """Of a row of `workers_of_run`, or of a statement that gives the same."""
    worker_id, pid, ended_at, told = row
    return Worker(worker_id, pid, ended_at is not None, told)
