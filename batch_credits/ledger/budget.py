"""One budget for a site, whoever shares the ledger: who may use how many slots of its limit, and until when.

    budget.begin(site, terms)              this life begins to share, and has none yet
    budget.turn(site, terms, keeps)        this life keeps so many, and asks for what it may have
    budget.end(site, terms, waits)         it has none any more; what it used lately is back a little later

Under the lock of the site's row, by the ledger's own clock, no more slots are given than the limit has. A slot is given
anew once the site no longer counts what its last holder did with it:

- a life gives back only what has been free for a whole window, so the next one may use it at once;
- of one that ends in order the rest is back slot by slot, each a window after its answer;
- of one that is not heard of any more all are back after its lease (until then it may send: a dead man's timer kills
  it at the end), and then the timeout (in which what it sent last may arrive) and the window (for which it counts).

So two arrivals by one slot are a window apart, whoever has it. What a life says that it keeps is what it has from then
on: an answer of the ledger's that got lost, and a question that is asked again, do no harm.

`fair` says how many it should have: one sender has all but a reserve for those who only ask, since one saturates every
limit that Chargebee documents. A file has one writer at a time, and `slots.py` instead, which is more exact.
"""

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

from batch_credits.errors import LeaseLost
from batch_credits.ledger.database import Database
from batch_credits.ledger.sites import known_site_id, site_id_of
from batch_credits.ledger.workers import Workers

PARTS = 20  # of a budget, of which those who only ask have one while others send


@dataclass(frozen=True, slots=True)
class Terms:
    """How a life uses a site's limit: what it was told of it, how long after the end of this life the site may count
    what it sent, and whether it only asks."""

    budget: int
    linger_seconds: float
    only_asks: bool


class Grant(NamedTuple):
    """How many slots a life has, and how many it should have: what is beyond it gives back once it is free."""

    slots: int
    fair: int


class _Held(NamedTuple):
    """What a life has (`back_at` is 0), or has left behind."""

    worker_id: int
    slots: int
    budget: int
    only_asks: bool
    back_at: int
    back_in_ms: int
    lives: bool


class _Standing(NamedTuple):
    """How many slots a life has, or None, how many it should have, and how many nobody has but perhaps this one."""

    has: int | None
    fair: int
    free: int


class Budget:
    """The desk for a site's limit where processes share it."""

    def __init__(self, database: Database, workers: Workers) -> None:
        self._db = database
        self._workers = workers

    def begin(self, site: str, terms: Terms) -> None:
        """Have no slots yet. What this life had before and could not give back is back as if it had died now.

        Raises:
            LeaseLost: this life holds shards, and its lease is over.
        """
        self._workers.me()
        with self._db.transaction():
            me = self._workers.wake()
            site_id = self._site_id(site)
            self._db.change("hold_site", site=site_id)
            for row in self._held(site_id):
                if (row.worker_id, row.back_at) == (me, 0):
                    self._leave(site_id, me, terms, [(terms.linger_seconds, row.slots)])

    def turn(self, site: str, terms: Terms, keeps: int) -> Grant:
        """Keep so many slots, give back what this life had more, and take what it should have and is there. Its lease
        goes on. Where nothing changes, nobody waits for anybody.

        Raises:
            LeaseLost: this life may be taken for dead, and what it keeps be another's.
        """
        self._workers.me()
        with self._db.transaction():
            me = self._workers.go_on()
            site_id = self._site_id(site)
            has, should, _free = _standing(self._held(site_id), me, terms)
            grant = Grant(keeps, should)
            if not has == should == keeps:
                grant = self._change(site_id, me, terms, keeps)
        self._workers.kept()
        return grant

    def _change(self, site_id: int, me: int, terms: Terms, keeps: int) -> Grant:
        self._db.change("hold_site", site=site_id)
        rows = self._held(site_id)  # as they are now that nobody else may change them
        for row in rows:
            if row.back_in_ms <= 0:
                self._db.change("give_slots_back", site=site_id, worker=row.worker_id, back_at=row.back_at)
        has, should, free = _standing(rows, me, terms)
        if keeps > (has or 0):
            raise LeaseLost(
                "This process may not send any more: its part of the site's limit is another's.",
                hint="Nothing more was sent. Run again to carry on.",
            )
        slots = keeps + max(0, min(should, free) - keeps)
        self._db.change("set_slots", **_row(site_id, me, terms, slots))
        return Grant(slots, should)

    def end(self, site: str, terms: Terms, waits: Sequence[tuple[float, int]]) -> None:
        """Have no slots any more. `waits`: what the site may count still, as (seconds until it does not, how many)."""
        try:
            self._end(site, terms, waits)
        finally:
            self._workers.rest()

    def _end(self, site: str, terms: Terms, waits: Sequence[tuple[float, int]]) -> None:
        me = self._workers.me()
        with self._db.transaction():
            site_id = self._site_id(site)
            self._db.change("hold_site", site=site_id)
            self._leave(site_id, me, terms, waits)

    def _leave(self, site_id: int, me: int, terms: Terms, waits: Sequence[tuple[float, int]]) -> None:
        self._db.change("give_slots_back", site=site_id, worker=me, back_at=0)
        for seconds, slots in waits:
            row = _row(site_id, me, terms, slots)
            self._db.change("leave_slots", wait=_milliseconds(seconds), **row)

    def _site_id(self, site: str) -> int:
        return known_site_id(self._db, site) or site_id_of(self._db, site)

    def _held(self, site_id: int) -> list[_Held]:
        return self._db.all("slots_of_site", lambda row: _Held(*row), site=site_id)


def _standing(rows: Sequence[_Held], me: int, terms: Terms) -> _Standing:
    others = [row for row in rows if (row.worker_id, row.back_at) != (me, 0) and row.back_in_ms > 0]
    mine = [row.slots for row in rows if (row.worker_id, row.back_at) == (me, 0)]
    kinds: tuple[list[int], list[int]] = ([], [])  # who sends, and who asks only
    for row in others:
        if row.lives:
            kinds[row.only_asks].append(row.worker_id)
    insort(kinds[terms.only_asks], me)
    lowest = min([terms.budget, *(row.budget for row in others)])
    free = lowest - sum(row.slots for row in others)
    return _Standing(mine[0] if mine else None, fair(lowest, *kinds, me), free)


def _row(site_id: int, me: int, terms: Terms, slots: int) -> dict[str, int]:
    return {
        "site": site_id,
        "worker": me,
        "slots": slots,
        "budget": terms.budget,
        "only_asks": int(terms.only_asks),
        "linger": _milliseconds(terms.linger_seconds),
    }


def _milliseconds(seconds: float) -> int:
    """No less than these, from whatever moment within the millisecond that the ledger's clock shows."""
    return ceil(seconds * 1000) + 1


def fair(budget: int, senders: Sequence[int], askers: Sequence[int], me: int) -> int:
    """How many slots of a budget one of these should have; the budget is the lowest that anybody was told.

    Those who send share what those who ask leave them, and the other way round, evenly. While both are there, who asks
    has a twentieth, or a slot each; while nobody asks, one slot is free for whoever comes, so that the first question
    need not wait until a sender's slot is back. Of a budget where one is more than a twentieth none is.
    """
    if me in senders:
        reserve = _reserve(budget, askers) if askers else min(1, budget // PARTS)
        return _even_part(budget - reserve, senders, me)
    return _even_part(_reserve(budget, askers) if senders else budget, askers, me)


def _reserve(budget: int, askers: Sequence[int]) -> int:
    return min(budget // 2, max(len(askers), budget // PARTS))


def _even_part(slots: int, workers: Sequence[int], me: int) -> int:
    each, rest = divmod(slots, len(workers))
    return each + (workers.index(me) < rest)
