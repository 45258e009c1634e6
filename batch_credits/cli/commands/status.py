"""`batch-credits status`: what the ledger knows, also while another process runs a batch."""


import click

from batch_credits.cli.options.places import ledger_option, ledger_path
from batch_credits.cli.profiles import profile_option
from batch_credits.cli.telling.speech import say
from batch_credits.cli.values import BatchId
from batch_credits.ledger import Ledger
from batch_credits.model import Outcome
from batch_credits.model.address import Place
from batch_credits.reporter.words import rows
from batch_credits.text.visible import visible
from batch_credits.views.batches import BatchView, batches_view


@click.command()
@click.argument("batch", required=False, type=BatchId(fewest=1))
@profile_option
@ledger_option
def status(batch: str | None, ledger: Place | None) -> int:
    """Batches in the ledger: when, from which file, counts and totals by outcome.

    \b
    batch-credits status
    batch-credits status 3f9a2b1c
    """
    with Ledger.open_for_reading(ledger_path(ledger)) as opened:
        is_empty = True
        for known in batches_view(opened, batch):
            say("\n".join(_lines(known)))
            is_empty = False
        if is_empty:
            say("The ledger holds no batch.")
        if (restored := opened.keeping.restored()) is not None:
            say(f"The ledger may have forgotten what was paid: {restored[0]} (noticed {restored[1]}).")
    return 0


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
    for by in batch.undone.by:
        for total in by.totals:
            amounts = " and ".join(total.words)
            lines.append(f"  {'of them reversed':<17} {total.rows:>9,}  {amounts}, by {by.key[:8]}")
    lines += [f"  {visible(sentence)}" for sentence in batch.kin]
    return lines
