"""`batch-credits report`: a batch's reports once more, and its payout's closing page, also while another process runs
it."""

from pathlib import Path

import click

from batch_credits.cli.options.places import ledger_of_batch, ledger_option, reports_option, xlsx_option
from batch_credits.cli.profiles import profile_option
from batch_credits.cli.setting import option
from batch_credits.cli.telling.given import given
from batch_credits.cli.telling.report_json import report_json
from batch_credits.cli.telling.result_words import result_in_words
from batch_credits.cli.telling.screen import width
from batch_credits.cli.telling.speech import say
from batch_credits.cli.values import BatchId
from batch_credits.jobs.report import report_batch
from batch_credits.ledger import Ledger
from batch_credits.model.address import Place
from batch_credits.views.result import result_view


@click.command()
@click.argument("batch", type=BatchId())
@reports_option
@xlsx_option
@option("--json", "as_json", is_flag=True, help="Say it as JSON: summary.json, and what else the text says.")
@profile_option
@ledger_option
def report(batch: str, reports: Path, xlsx: bool, as_json: bool, ledger: Place | None) -> int:
    """Write the reports of BATCH again, from the ledger; and, where BATCH belongs to a payout of several files, its
    closing page: closing.html and closing.csv, beside the reports of the payout's first file.

    A payout is a file and what was mended from it (failed.csv, and failed.csv of that). BATCH is the id of any of them.

    \b
    batch-credits report 3f9a2b1c --xlsx
    """
    with Ledger.open_for_reading(ledger_of_batch(ledger, batch)) as opened:
        record = opened.batches.one(batch)
        summary = report_batch(opened, record, reports, xlsx=xlsx)
    result = result_view(summary, given)
    say(report_json(summary, result) if as_json else result_in_words(result, width()))
    return summary.exit_code
