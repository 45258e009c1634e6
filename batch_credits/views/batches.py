"""The batches that a ledger knows, also while another process runs one."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from batch_credits.ledger import Ledger
from batch_credits.model import BatchRecord, CallKind, Outcome, RunRecord
from batch_credits.model.money import sum_totals
from batch_credits.model.undone import Undone
from batch_credits.reporter.amounts import stated_exponents
from batch_credits.reporter.files import ReportPaths, report_directory
from batch_credits.reporter.mending import mending_in_words
from batch_credits.settings import recorded_reports
from batch_credits.views.amounts import Total, UndoneView, totals_of, undone_view
from batch_credits.views.workers import WorkerView, workers_view

UNFINISHED = (Outcome.IN_DOUBT, Outcome.REVIEW, Outcome.PENDING)  # of rows that are not settled


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which batches: those whose id begins so; of this site; admitted or run since, UTC, ISO 8601; of whose file names
    this is a part, whatever its capitals; with rows of any of these outcomes. `only_last`: the newest of these."""

    prefix: str | None = None
    site: str | None = None
    since: str = ""
    file: str = ""
    outcomes: frozenset[Outcome] = frozenset()
    only_last: bool = False


@dataclass(frozen=True, slots=True)
class RunView:
    """The newest run over a batch. Times are UTC, ISO 8601. While `ended_at` is None it goes on, or it was killed;
    requests, throttled and retries are counted when it ends. `hosts` are those from which it sent."""

    started_at: str
    ended_at: str | None
    version: str
    user: str
    hosts: tuple[str, ...]
    requests: int
    throttled: int
    retries: int


@dataclass(frozen=True, slots=True)
class ReportsView:
    """Where the newest run wrote its reports, and which of them are there, seen from this host."""

    directory: Path
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BatchView:
    """A batch as it stands. `reverses` is the id of the batch whose credits it deducts, `stopped` why its last run
    ended early; `created_at` is UTC, ISO 8601. `outcomes` are those that have rows, `asked` all but the rejected
    together. `workers` send it now; what they have on their way, `on_their_way` rows that are sent or written down to
    be sent next, is pending: only of a sender that is lost it is in doubt. `kin` says, a sentence each, whose rows it
    mends, and what became of its own that later files mend. `is_on`: its newest run has not ended, and somebody sends
    for it, or, on a ledger that a team shares, somebody may at any time. `reports` is None where this host has none of
    its newest run."""

    key: str
    kind: CallKind
    created_at: str
    file_name: str
    site: str
    rows: int
    reverses: str | None
    stopped: str | None
    outcomes: Mapping[Outcome, tuple[Total, ...]]
    asked: tuple[Total, ...]
    undone: UndoneView
    kin: tuple[str, ...]
    on_their_way: int = 0
    workers: tuple[WorkerView, ...] = ()
    is_on: bool = False
    run: RunView | None = None
    reports: ReportsView | None = None

    @property
    def summed(self) -> Mapping[Outcome, tuple[Total, ...]]:
        """The outcomes whose money is summed: of the rejected rows the ledger knows only how many they are, and to say
        that they come to nothing would be false."""
        return {outcome: totals for outcome, totals in self.outcomes.items() if outcome is not Outcome.REJECTED}


def batches_view(ledger: Ledger, prefix: str | None = None) -> Iterator[BatchView]:
    """All batches, or the one whose id begins so, each as it stands when it is asked for.

    Raises:
        UnknownBatch: there is none, or more than one.
    """
    return views_of(ledger, records_of(ledger, Wanted(prefix)))


def chosen_view(ledger: Ledger, wanted: Wanted) -> Iterator[BatchView]:
    """The batches that are wanted, oldest first, each as it stands when it is asked for.

    Raises:
        UnknownBatch: there is none whose id begins so, or more than one.
    """
    records = records_of(ledger, wanted)
    if not wanted.outcomes:
        return views_of(ledger, records[-1:] if wanted.only_last else records)
    found = (view for view in views_of(ledger, records[::-1]) if wanted.outcomes & view.outcomes.keys())
    newest_first = [view for view, _ in zip(found, range(1), strict=False)] if wanted.only_last else list(found)
    return iter(newest_first[::-1])


def records_of(ledger: Ledger, wanted: Wanted) -> list[BatchRecord]:
    """The same as records, as far as these tell: their outcomes are not looked at, nor which is the last.

    Raises:
        UnknownBatch: there is none whose id begins so, or more than one.
    """
    records = ledger.batches.all() if wanted.prefix is None else [ledger.batches.one(wanted.prefix)]
    return [
        record
        for record in records
        if wanted.site in (None, record.site)
        and wanted.file.casefold() in record.file_name.casefold()
        and (record.created_at >= wanted.since or _run_since(ledger, record, wanted.since))
    ]


def views_of(ledger: Ledger, records: Collection[BatchRecord]) -> Iterator[BatchView]:
    """These batches, each as it stands when it is asked for."""
    workers = workers_view(ledger)
    senders = {life.worker_id for life in ledger.teams.lives() if life.lease_left_ms > 0}
    alone = ledger.totals.undone_by_batch() if len(records) > 1 else None
    on = on_now(ledger)
    for record in records:
        undone = ledger.totals.undone(record.batch_id) if alone is None else alone.get(record.batch_id, Undone())
        yield _batch_view(ledger, record, undone, workers, senders, is_on=record.batch_id in on)


def on_now(ledger: Ledger) -> set[int]:
    """The batches whose newest run goes on: somebody sends for it; or, on a ledger that a team shares, it has not
    ended, and any worker may take it up. A run that was killed on a file is none: nobody goes on with it by itself."""
    sent_for = {life.batch for life in ledger.teams.lives() if life.batch and life.lease_left_ms > 0}
    if not ledger.is_shared and not sent_for:
        return set()
    records = ledger.batches.all()
    sites = (ledger.sites.number(name) for name in {record.site for record in records})
    open_ones = {batch for site in sites if site is not None for batch in ledger.teams.unfinished(site)}
    keys = {record.batch_id: record.key for record in records}
    return {batch for batch in open_ones if ledger.is_shared or keys.get(batch) in sent_for}


def _run_since(ledger: Ledger, batch: BatchRecord, since: str) -> bool:
    last = ledger.runs.last(batch.batch_id)
    return last is not None and last.started_at >= since


def _batch_view(
    ledger: Ledger,
    batch: BatchRecord,
    undone: Undone,
    workers: list[WorkerView],
    senders: Collection[int],
    *,
    is_on: bool,
) -> BatchView:
    last = ledger.runs.last(batch.batch_id)
    ours = tuple(worker for worker in workers if worker.batch == batch.key)
    totals, on_their_way = ledger.totals.standing(batch.batch_id, senders)
    stated = stated_exponents(batch)
    return BatchView(
        key=batch.key,
        kind=batch.kind,
        created_at=batch.created_at,
        file_name=batch.file_name,
        site=batch.site,
        rows=batch.rows_read,
        reverses=batch.reverses,
        stopped=None if last is None else last.stopped,
        outcomes={outcome: totals_of(totals[outcome], stated) for outcome in Outcome if totals.get(outcome)},
        asked=totals_of(sum_totals(of for outcome, of in totals.items() if outcome is not Outcome.REJECTED), stated),
        undone=undone_view(undone, stated),
        kin=tuple(mending_in_words(ledger.payouts.mending(batch.batch_id))) if batch.kind is CallKind.ADD else (),
        on_their_way=on_their_way,
        workers=ours,
        is_on=is_on,
        run=None if last is None else _run_view(last),
        reports=None if last is None else _reports_view(batch, last),
    )


def _run_view(run: RunRecord) -> RunView:
    return RunView(
        run.started_at, run.ended_at, run.version, run.user, run.hosts, run.requests, run.throttled, run.retries
    )


def _reports_view(batch: BatchRecord, run: RunRecord) -> ReportsView | None:
    """Where its run said that it writes them. The same content may have been run under another name: then the directory
    is called otherwise, and known by the batch's id."""
    folder = recorded_reports(run.settings_json)
    if folder is None:
        return None
    usual = report_directory(batch, folder)
    with suppress(OSError):  # it is not for us to read
        for directory in (usual, *sorted(folder.glob(f"*-{batch.key[:8]}"))):
            written = [path.name for path in ReportPaths.within(directory).written if path.exists()]
            if written:
                return ReportsView(directory, tuple(written))
    return None
