"""Several workers for one batch: which run they send for, whether they may go on, and who they are.

A batch is sent under its newest run, whoever began it: the last person's word counts. What stops one worker for good
stops them all, and is in the run's record, so that no other begins before a person runs again. So it is of a run with a
pilot until that is agreed to: nobody else sends for it, whatever becomes of its own process meanwhile.
"""

import platform
from collections.abc import Sequence
from operator import itemgetter
from typing import NamedTuple

import orjson

from batch_credits.ledger.database import Database, Row
from batch_credits.ledger.workers import Worker, worker_of
from batch_credits.process.alive import is_there

# Of a run whose pilot is not agreed to: an error's name, message and hint, which programs before it take for a halt.
PILOT_WAITS = '["PilotNotAgreed", "its pilot was not agreed to", "Run the file again."]'


class Newest(NamedTuple):
    """The newest run over a batch: how it was set, whether it is over, and why nobody may go on (an error's name,
    message and hint), if so."""

    run_id: int
    settings: str
    is_over: bool
    halted: tuple[str, str, str] | None


class Life(NamedTuple):
    """A worker as it lives: `shards` are those that it holds, `lease_left_ms` is the rest of its lease, `told` is what
    it says of its sending, as JSON; `batch` is the key of what it sends, "" for nothing."""

    worker_id: int
    host: str
    pid: int
    user: str
    started_at: int
    site: str
    batch: str
    shards: int
    lease_left_ms: int
    told: str


class Teams:
    """The desk for workers that share a batch."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def site_of(self, batch_id: int) -> int:
        """The number of a batch's site."""
        return int(self._db.value("site_of_batch", batch=batch_id))

    def newest(self, batch_id: int) -> Newest | None:
        """The newest run over a batch, but for one whose pilot waits to be agreed to."""
        return self._db.first("newest_run", _newest, batch=batch_id, pilot_waits=PILOT_WAITS)

    def agree_to_pilot(self, run_id: int) -> None:
        """A run's pilot is agreed to: from here on whoever is free may send for it."""
        with self._db.transaction():
            self._db.change("agree_to_pilot", run=run_id, pilot_waits=PILOT_WAITS)

    def halt(self, batch_id: int, why: Sequence[str]) -> None:
        """Let nobody go on with a batch before a person runs it again. `why`: an error's name, message and hint. What
        was said first stays."""
        with self._db.transaction():
            said = orjson.dumps([*why]).decode()
            self._db.all("lock_runs", tuple, batch=batch_id)
            self._db.change("halt_runs", batch=batch_id, why=said, pilot_waits=PILOT_WAITS)

    def open_runs(self, batch_id: int) -> list[int]:
        """The runs over a batch that have not ended."""
        return self._db.all("open_runs", itemgetter(0), batch=batch_id)

    def unfinished(self, site_id: int) -> list[int]:
        """The batches of a site whose newest run has not ended, and was not halted."""
        return self._db.all("unfinished_batches", itemgetter(0), site=site_id, pilot_waits=PILOT_WAITS)

    def owed_elsewhere(self, batch_id: int) -> list[int]:
        """The batches that answer for unsettled requests of this batch's rows."""
        return self._db.all("owed_elsewhere", itemgetter(0), batch=batch_id)

    def workers(self, batch_id: int) -> list[Worker]:
        """The lives that send or have sent for any run over a batch, in the order in which they began."""
        return self._db.all("workers_of_batch", worker_of, batch=batch_id)

    def lives(self) -> list[Life]:
        """Who has the ledger open and has not ended, as far as is known, in the order in which they began. The lease of
        one is over that used a file on this machine and is gone: nobody else can say that of a process."""
        lives, here = self._db.all("lives", Life._make), platform.node()
        if self._db.is_shared:
            return lives
        gone = {life.worker_id for life in lives if life.host == here and not is_there(life.pid)}
        return [
            life._replace(lease_left_ms=min(0, life.lease_left_ms)) if life.worker_id in gone else life
            for life in lives
        ]


def _newest(row: Row) -> Newest:
    run_id, settings, is_over, halted = row
    return Newest(run_id, settings, bool(is_over), None if halted is None else tuple(orjson.loads(halted)))
