"""Closing a payout: the page that says of every row of its first file how it ended, whichever of its files settled
it."""

from pathlib import Path

from batch_credits.ledger import Ledger
from batch_credits.model import BatchRecord, CallKind
from batch_credits.reporter.closing import Closing, Payout, PayoutFile
from batch_credits.reporter.closing_files import write_closing
from batch_credits.reporter.record import site_is_live


def close_payouts(
    ledger: Ledger, batch: BatchRecord, reports: Path, *, live: bool | None = None
) -> tuple[Closing, ...]:
    """Write the closing page of each payout of several files that a batch belongs to; a reversal belongs to that of the
    batch that it reverses. `live` says whether the site's credits are real, as for `write_reports`.

    Raises:
        ReportsNotWritten: the disk refused.
    """
    if batch.kind is CallKind.DEDUCT:
        reversed_batch = ledger.batches.find(batch.reverses) if batch.reverses is not None else None
        return () if reversed_batch is None else close_payouts(ledger, reversed_batch, reports, live=live)
    closings = []
    for first in ledger.payouts.first_files(batch.batch_id):
        with ledger.payouts.one_moment():
            files = [_file(ledger, batch_id) for batch_id in ledger.payouts.files(first)]
            if len(files) == 1:
                continue
            payout = Payout(files, ledger.payouts.credited(first))
            is_live = site_is_live(batch.site, ledger.runs.history(first)) if live is None else live
            rows, mending = ledger.reports.rows(first), ledger.payouts.mending_rows(first, whole=True)
            closings.append(write_closing(payout, rows, mending, reports, live=is_live))
    return tuple(closings)


def _file(ledger: Ledger, batch_id: int) -> PayoutFile:
    return PayoutFile(
        ledger.batches.staged(batch_id), ledger.payouts.is_mended(batch_id), ledger.runs.last(batch_id)
    )
