"""Who has a ledger open, what they hold of which site, and how fast they send."""

from dataclasses import dataclass

from batch_credits.ledger import Ledger, Life
from batch_credits.ledger.times import iso_time
from batch_credits.model import Outcome


@dataclass(frozen=True, slots=True)
class WorkerView:
    """A process. `since` is UTC, ISO 8601; `batch` is the id of what it sends now, None: it stands by. Of the site it
    holds so many of 64 shards, for so many seconds if it says nothing more; less than none: it is lost, and what it
    holds is about to be others'. `rows_per_minute` is how fast rows were settled while it held them."""

    host: str
    pid: int
    user: str
    since: str
    site: str | None
    batch: str | None
    shards: int
    lease_seconds: float
    settled: int
    credited: int
    rows_per_minute: int
    waits_for: str


def workers_view(ledger: Ledger) -> list[WorkerView]:
    """The processes that use the ledger, as far as is known. One that ended without a word is left out, once its lease
    is over and it holds nothing."""
    processes: dict[tuple[str, int], Life] = {}
    for life in ledger.teams.lives():
        here = (life.host, life.pid)
        if (life.shards or life.lease_left_ms > 0) and not (here in processes and processes[here].shards):
            processes[here] = life
    return [_view(life) for life in processes.values()]


def _view(life: Life) -> WorkerView:
    from batch_credits.sending.told import Told  # who asks for a batch that nobody sends is told without it

    told = Told.read(life.told)
    settled = sum(rows for (outcome, _), rows in told.settled.items() if outcome is not Outcome.IN_DOUBT)
    credited = sum(rows for (outcome, _), rows in told.settled.items() if outcome is Outcome.CREDITED)
    return WorkerView(
        host=life.host,
        pid=life.pid,
        user=life.user,
        since=iso_time(life.started_at) or "",
        site=life.site or None,
        batch=life.batch or None,
        shards=life.shards,
        lease_seconds=life.lease_left_ms / 1000,
        settled=settled,
        credited=credited,
        rows_per_minute=round(settled * 60 / told.seconds) if told.seconds else 0,
        waits_for=told.waits_for[0],
    )
