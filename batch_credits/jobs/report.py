"""Writing the reports of a batch again, from the ledger alone; and the closing page of its payout."""

from dataclasses import replace
from pathlib import Path

from batch_credits.jobs.closing import close_payouts
from batch_credits.ledger import Ledger
from batch_credits.model import BatchRecord
from batch_credits.reporter.summary import Summary
from batch_credits.reporter.writing import write_reports


def report_batch(
    ledger: Ledger, batch: BatchRecord, reports: Path, *, live: bool | None = None, xlsx: bool = False
) -> Summary:
    """Write the reports of a batch from the ledger, at any time, and the closing page of a payout of several files.

    Raises:
        ReportsNotWritten: the disk refused.
    """
    batch_id = batch.batch_id
    history, mending = ledger.runs.history(batch_id), ledger.payouts.mending(batch_id)
    summary = write_reports(
        batch, history, lambda: ledger.reports.rows(batch_id), reports, live=live, xlsx=xlsx, mending=mending
    )
    return replace(summary, closings=close_payouts(ledger, batch, reports, live=live))
