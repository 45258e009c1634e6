"""The batches that a ledger knows, also while another process runs one."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from batch_credits.ledger import Ledger
from batch_credits.model import BatchRecord, CallKind, Outcome
from batch_credits.model.undone import Undone
from batch_credits.reporter.mending import mending_in_words
from batch_credits.views.amounts import Total, UndoneView, totals_of, undone_view
from batch_credits.views.workers import WorkerView, workers_view


@dataclass(frozen=True, slots=True)
class BatchView:
    """A batch as it stands. `reverses` is the id of the batch whose credits it deducts, `stopped` why its last run
    ended early; `created_at` is UTC, ISO 8601. `outcomes` are those that have rows. `workers` send it now; what they
    have on their way, `on_their_way` rows that are sent or written down to be sent next, is pending: only of a sender
    that is lost it is in doubt. `kin` says, a sentence each, whose rows it mends, and what became of its own that later
    files mend."""

    key: str
    kind: CallKind
    created_at: str
    file_name: str
    site: str
    rows: int
    reverses: str | None
    stopped: str | None
    outcomes: Mapping[Outcome, tuple[Total, ...]]
    undone: UndoneView
    kin: tuple[str, ...]
    on_their_way: int = 0
    workers: tuple[WorkerView, ...] = ()


def batches_view(ledger: Ledger, prefix: str | None = None) -> Iterator[BatchView]:
    """All batches, or the one whose id begins so, each as it stands when it is asked for.

    Raises:
        UnknownBatch: there is none, or more than one.
    """
    workers = workers_view(ledger)
    senders = {life.worker_id for life in ledger.teams.lives() if life.lease_left_ms > 0}
    if prefix is not None:
        record = ledger.batches.one(prefix)
        yield _batch_view(ledger, record, ledger.totals.undone(record.batch_id), workers, senders)
        return
    undone = ledger.totals.undone_by_batch()
    for record in ledger.batches.all():
        yield _batch_view(ledger, record, undone.get(record.batch_id, Undone()), workers, senders)


def _batch_view(
    ledger: Ledger, batch: BatchRecord, undone: Undone, workers: list[WorkerView], senders: Collection[int]
) -> BatchView:
    last = ledger.runs.last(batch.batch_id)
    ours = tuple(worker for worker in workers if worker.batch == batch.key)
    totals, on_their_way = ledger.totals.standing(batch.batch_id, senders)
    return BatchView(
        key=batch.key,
        kind=batch.kind,
        created_at=batch.created_at,
        file_name=batch.file_name,
        site=batch.site,
        rows=batch.rows_read,
        reverses=batch.reverses,
        stopped=None if last is None else last.stopped,
        outcomes={outcome: totals_of(totals[outcome], {}) for outcome in Outcome if totals.get(outcome)},
        undone=undone_view(undone, {}),
        kin=tuple(mending_in_words(ledger.payouts.mending(batch.batch_id))) if batch.kind is CallKind.ADD else (),
        on_their_way=on_their_way,
        workers=ours,
    )
