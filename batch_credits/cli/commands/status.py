"""`batch-credits status`: what the ledger knows, also while another process runs a batch."""

import json
from dataclasses import asdict
from typing import Any

import click

from batch_credits.cli.options.places import ledger_of_batch, ledger_option, ledger_paths
from batch_credits.cli.profiles import profile_option
from batch_credits.cli.setting import option
from batch_credits.cli.telling.speech import say
from batch_credits.cli.telling.totals_json import totals_json
from batch_credits.cli.values import BatchId
from batch_credits.errors import LedgerError
from batch_credits.ledger import Ledger
from batch_credits.model import Outcome
from batch_credits.model.address import Place
from batch_credits.reporter.words import rows
from batch_credits.text.visible import visible
from batch_credits.views.batches import BatchView, batches_view
from batch_credits.views.workers import WorkerView, workers_view


@click.command()
@click.argument("batch", required=False, type=BatchId(fewest=1))
@option("--json", "as_json", is_flag=True, help="Print a JSON list of the batches.")
@profile_option
@ledger_option
def status(batch: str | None, as_json: bool, ledger: Place | None) -> int:
    """Batches in the ledger: when, from which file, counts and totals by outcome. And who works on them now.

    Without --ledger, those of all sites that have a ledger in the user's data directory.

    \b
    batch-credits status
    batch-credits status 3f9a2b1c
    """
    places = ledger_paths(ledger) if batch is None else [ledger_of_batch(ledger, batch)]
    unread: list[LedgerError] = []
    documents: list[dict[str, Any]] = []
    for place in places:
        try:
            with Ledger.open_for_reading(place) as opened:
                if as_json:
                    documents += _documents(opened, batch)
                else:
                    _say(opened, batch, f"Ledger {place}" if len(places) > 1 else "")
        except LedgerError as error:
            if len(places) == 1:
                raise
            unread.append(error)
    if as_json:
        say(json.dumps(documents, ensure_ascii=False))
    if unread:  # what could be read is shown nevertheless
        raise unread[0]
    return 0


def _documents(ledger: Ledger, batch: str | None) -> list[dict[str, Any]]:
    restored = ledger.keeping.restored()
    return [{**_batch_json(known, restored), "ledger": str(ledger.path)} for known in batches_view(ledger, batch)]


def _say(ledger: Ledger, batch: str | None, heading: str) -> None:
    if heading:
        say(heading)
    is_empty = True
    for known in batches_view(ledger, batch):
        say("\n".join(_lines(known)))
        is_empty = False
    if is_empty:
        say("The ledger holds no batch.")
    for worker in workers_view(ledger):
        say("\n".join(_worker_lines(worker)))
    if (restored := ledger.keeping.restored()) is not None:
        say(f"The ledger may have forgotten what was paid: {restored[0]} (noticed {restored[1]}).")


def _lines(batch: BatchView) -> list[str]:
    file = visible(batch.file_name)
    lines = [f"{batch.key[:8]}  {batch.created_at}  {file}  site {batch.site}  {rows(batch.rows)}"]
    if batch.reverses is not None:
        lines.append(f"  reverses batch {batch.reverses[:8]}")
    if batch.stopped:
        lines.append(f"  last run stopped: {visible(batch.stopped)}")
    for outcome, totals in batch.outcomes.items():
        for total in totals:
            for amount in total.words if outcome is not Outcome.REJECTED else [""]:
                lines.append(f"  {batch.kind.name_of(outcome):<17} {total.rows:>9,}  {amount}".rstrip())
        if outcome is Outcome.PENDING and batch.on_their_way:
            lines.append(f"  {'of them on the way':<17} {batch.on_their_way:>8,}")
    for by in batch.undone.by:
        for total in by.totals:
            amounts = " and ".join(total.words)
            lines.append(f"  {'of them reversed':<17} {total.rows:>9,}  {amounts}, by {by.key[:8]}")
    lines += [f"  {visible(sentence)}" for sentence in batch.kin]
    return lines


def _worker_lines(worker: WorkerView) -> list[str]:
    who = f"worker  {visible(worker.host)}  process {worker.pid}  {visible(worker.user)}  since {worker.since}"
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


def _batch_json(batch: BatchView, restored: tuple[str, str] | None) -> dict[str, Any]:
    """`on_their_way` of the pending rows are sent or written down to be sent next, by workers that live.
    `ledger_restored`: why the ledger may have forgotten what was paid, and when that was noticed; null: it has not."""
    named = {batch.kind.name_of(outcome): totals for outcome, totals in batch.outcomes.items()}
    return {
        "batch": batch.key,
        "kind": batch.kind.value,
        "created_at": batch.created_at,
        "file": batch.file_name,
        "site": batch.site,
        "rows": batch.rows,
        "reverses": batch.reverses,
        "stopped": batch.stopped,
        "counts": {name: sum(total.rows for total in totals) for name, totals in named.items()},
        "totals": {name: totals_json(totals) for name, totals in named.items()},
        "reversed": totals_json(batch.undone.totals),
        "kin": list(batch.kin),
        "on_their_way": batch.on_their_way,
        "workers": [asdict(worker) for worker in batch.workers],
        "ledger_restored": restored and {"why": restored[0], "noticed": restored[1]},
    }
