"""The batches that a ledger knows, also while another process runs one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from batch_credits.ledger import Ledger
from batch_credits.model import BatchRecord, CallKind, Outcome
from batch_credits.model.undone import Undone
from batch_credits.reporter.mending import mending_in_words
from batch_credits.views.amounts import Total, UndoneView, totals_of, undone_view


@dataclass(frozen=True, slots=True)
class BatchView:
    """A batch as it stands. `reverses` is the id of the batch whose credits it deducts, `stopped` why its last run
    ended early; `created_at` is UTC, ISO 8601. `outcomes` are those that have rows. `kin` says, a sentence each, whose
    rows it mends, and what became of its own that later files mend."""

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


def batches_view(ledger: Ledger, prefix: str | None = None) -> Iterator[BatchView]:
    """All batches, or the one whose id begins so, each as it stands when it is asked for.

    Raises:
        UnknownBatch: there is none, or more than one.
    """
    if prefix is not None:
        record = ledger.batches.one(prefix)
        yield _batch_view(ledger, record, ledger.totals.undone(record.batch_id))
        return
    undone = ledger.totals.undone_by_batch()
    for record in ledger.batches.all():
        yield _batch_view(ledger, record, undone.get(record.batch_id, Undone()))


def _batch_view(ledger: Ledger, batch: BatchRecord, undone: Undone) -> BatchView:
    last = ledger.runs.last(batch.batch_id)
    totals = ledger.totals.known(batch.batch_id)
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
    )
