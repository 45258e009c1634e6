"""How batches stand, in words and as JSON: for `status`, once or for as long as they are sent.

Every time is UTC and says so; in JSON it is ISO 8601 with a Z.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from batch_credits.cli.telling.totals_json import totals_json
from batch_credits.model import CallKind, Outcome
from batch_credits.text.counted import rows
from batch_credits.text.visible import visible
from batch_credits.views.batches import BatchView
from batch_credits.views.workers import WorkerView

ZONE = "UTC"


def moment(iso: str) -> str:
    """`2026-11-28 01:02:03 UTC`, of what the ledger says."""
    return f"{iso[:10]} {iso[11:19]} {ZONE}"


def batch_lines(batch: BatchView) -> list[str]:
    """A batch, how its rows stand, and where its reports are."""
    file = visible(batch.file_name)
    lines = [f"{batch.key[:8]}  {moment(batch.created_at)}  {file}  site {batch.site}  {rows(batch.rows)}"]
    if batch.reverses is not None:
        lines.append(f"  reverses batch {batch.reverses[:8]}")
    if batch.is_on and batch.run is not None:
        how = "is being sent" if batch.workers else "waits for a worker"
        lines.append(f"  {how} since {moment(batch.run.started_at)}{_by(batch)}")
    elif batch.stopped:
        lines.append(f"  last run stopped{_ended(batch)}: {visible(batch.stopped)}")
    elif batch.run is not None and batch.run.ended_at is None:
        begun = f"begun {moment(batch.run.started_at)}{_by(batch)}"
        lines.append(f"  last run did not end, and nobody sends for it: {begun}")
    lines += outcome_lines(batch)
    for by in batch.undone.by:
        for total in by.totals:
            amounts = " and ".join(total.words)
            lines.append(f"  {'of them reversed':<17} {total.rows:>9,}  {amounts}, by {by.key[:8]}")
    lines += [f"  {visible(sentence)}" for sentence in batch.kin]
    if not batch.stopped and _ended(batch):
        lines.append(f"  last run ended{_ended(batch)}")
    if batch.reports is not None:
        lines.append(f"  reports in {visible(str(batch.reports.directory))}")
    return lines


def outcome_lines(batch: BatchView) -> list[str]:
    """Rows and amounts by outcome, those left out that have no rows."""
    lines = []
    for outcome, totals in batch.outcomes.items():
        for total in totals:
            amount, *more = total.words if outcome is not Outcome.REJECTED else [""]
            lines.append(f"  {batch.kind.name_of(outcome):<17} {total.rows:>9,}  {amount}".rstrip())
            lines += [f"{'':<31}{other}" for other in more]  # of the same rows, which are counted once
        if outcome is Outcome.PENDING and batch.on_their_way:
            lines.append(f"  {'of them on the way':<17} {batch.on_their_way:>8,}")
    return lines


def worker_lines(worker: WorkerView) -> list[str]:
    """A process, and what it holds."""
    who = f"worker  {visible(worker.host)}  process {worker.pid}  {visible(worker.user)}  since {moment(worker.since)}"
    if not worker.shards:
        return [f"{who}  stands by"]
    about = f"batch {worker.batch[:8]}" if worker.batch else "questions"
    is_lost = worker.lease_seconds <= 0
    lease = "lease over: lost, others take over" if is_lost else f"lease {worker.lease_seconds:.0f} s"
    lines = [f"{who}  {about}", f"  holds {worker.shards} of 64 shards of {worker.site or 'a site'}, {lease}"]
    if worker.settled:
        settled = f"{rows(worker.settled)} settled, {worker.credited:,} credited"
        lines.append(f"  {settled}, {worker.rows_per_minute:,} a minute")
    if worker.waits_for:
        lines.append(f"  waits for {visible(worker.waits_for)}")
    return lines


def restored_line(restored: tuple[str, str]) -> str:
    """Why the ledger may have forgotten what was paid, and when that was noticed."""
    return f"The ledger may have forgotten what was paid: {restored[0]} (noticed {moment(restored[1])})."


def batch_json(
    batch: BatchView, restored: tuple[str, str] | None, others: Sequence[WorkerView] = ()
) -> dict[str, Any]:
    """`on_their_way` of the pending rows are sent or written down to be sent next, by workers that live. `others` are
    the ledger's processes that send for no batch. `ledger_restored`: why the ledger may have forgotten what was paid,
    and when that was noticed; null: it has not."""
    name_of = batch.kind.name_of
    return {
        "batch": batch.key,
        "kind": batch.kind.value,
        "created_at": batch.created_at,
        "file": batch.file_name,
        "site": batch.site,
        "rows": batch.rows,
        "reverses": batch.reverses,
        "is_on": batch.is_on,
        "run": None if batch.run is None else asdict(batch.run),
        "stopped": batch.stopped,
        "counts": {name_of(each): sum(total.rows for total in totals) for each, totals in batch.outcomes.items()},
        "totals": {name_of(each): totals_json(totals) for each, totals in batch.summed.items()},
        "reversed": totals_json(batch.undone.totals),
        "reversed_by": {by.key: {"rows": by.rows, "totals": totals_json(by.totals)} for by in batch.undone.by},
        "kin": list(batch.kin),
        "reports": batch.reports
        and {"directory": str(batch.reports.directory), "files": list(batch.reports.files)},
        "on_their_way": batch.on_their_way,
        "workers": [asdict(worker) for worker in batch.workers],
        "other_workers": [asdict(worker) for worker in others],
        "ledger_restored": restored and {"why": restored[0], "noticed": restored[1]},
    }


def change_line(batch: BatchView, now: str) -> str:
    """How a batch stands now, on one line: for a log."""
    done = batch.rows - open_rows(batch)
    percent = f" ({100 * done // batch.rows} %)" if batch.rows else ""
    counts = [
        f"{sum(total.rows for total in totals):,} {batch.kind.name_of(outcome).replace('_', ' ')}"
        for outcome, totals in batch.outcomes.items()
    ]
    money = [words for total in batch.outcomes.get(Outcome.CREDITED, ()) for words in total.words]
    verb = "credited" if batch.kind is CallKind.ADD else "deducted"
    paid = f"; {' and '.join(money)} {verb}" if money else ""
    return (
        f"{moment(now)}  {batch.key[:8]}  {visible(batch.file_name)}: {done:,} of {rows(batch.rows)} done{percent}:"
        f" {', '.join(counts)}{paid}; {_state(batch)}"
    )


def open_rows(batch: BatchView) -> int:
    """How many rows are not settled: pending or in doubt."""
    return sum(
        total.rows for outcome in (Outcome.PENDING, Outcome.IN_DOUBT) for total in batch.outcomes.get(outcome, ())
    )


def _state(batch: BatchView) -> str:
    waits = next((f"waits for {visible(each.waits_for)}" for each in batch.workers if each.waits_for), "")
    if batch.is_on:
        return waits or ("is being sent" if batch.workers else "waits for a worker")
    if batch.stopped:
        return f"stopped: {visible(batch.stopped)}"
    return "ended" if batch.run is None or batch.run.ended_at else "nobody sends it any more"


def _by(batch: BatchView) -> str:
    return "" if batch.run is None else f", by {visible(batch.run.user)}"


def _ended(batch: BatchView) -> str:
    return "" if batch.run is None or batch.run.ended_at is None else f" {moment(batch.run.ended_at)}"
