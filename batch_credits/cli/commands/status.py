"""`batch-credits status`: what the ledger knows, also while another process runs a batch."""

from pathlib import Path

import click

from batch_credits.cli.options import ledger_option, ledger_path
from batch_credits.cli.telling.picture import rows
from batch_credits.cli.telling.speech import say
from batch_credits.cli.values import BatchId
from batch_credits.ledger import Ledger
from batch_credits.model import BatchRecord, Outcome
from batch_credits.model.undone import Undone
from batch_credits.reporter import SITE_CURRENCY, total_in_words
from batch_credits.text.visible import visible


@click.command()
@click.argument("batch", required=False, type=BatchId(fewest=1))
@ledger_option
def status(batch: str | None, ledger: Path | None) -> int:
    """Batches in the ledger: when, from which file, counts and totals by outcome.

    \b
    batch-credits status
    batch-credits status 3f9a2b1c
    """
    with Ledger.open_for_reading(ledger_path(ledger)) as opened:
        batches = opened.batches.all() if batch is None else [opened.batches.one(batch)]
        totals = opened.totals
        undone = totals.undone_by_batch() if batch is None else {r.batch_id: totals.undone(r.batch_id) for r in batches}
        for record in batches:
            say("\n".join(_status_lines(opened, record, undone.get(record.batch_id, Undone()))))
        if not batches:
            say("The ledger holds no batch.")
    return 0


def _status_lines(ledger: Ledger, batch: BatchRecord, undone: Undone) -> list[str]:
    file = visible(batch.file_name)
    lines = [f"{batch.key[:8]}  {batch.created_at}  {file}  site {batch.site}  {rows(batch.rows_read)}"]
    if batch.reverses is not None:
        lines.append(f"  reverses batch {batch.reverses[:8]}")
    last = ledger.runs.last(batch.batch_id)
    if last is not None and last.stopped:
        lines.append(f"  last run stopped: {visible(last.stopped)}")
    totals = ledger.totals.known(batch.batch_id)
    for outcome in Outcome:
        for currency, total in sorted(totals.get(outcome, {}).items()):
            words = total_in_words(total, currency or SITE_CURRENCY, {}) if outcome is not Outcome.REJECTED else [""]
            for amount in words:
                lines.append(f"  {batch.kind.name_of(outcome):<17} {total.count:>9,}  {amount}".rstrip())
    for key, by_currency in undone.by_batch.items():
        for currency, total in sorted(by_currency.items()):
            amounts = " and ".join(total_in_words(total, currency or SITE_CURRENCY, {}))
            lines.append(f"  {'of them reversed':<17} {total.count:>9,}  {amounts}, by {key[:8]}")
    return lines
