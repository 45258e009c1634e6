"""`batch-credits resolve`: a person's word where Chargebee's list cannot tell, held against Chargebee."""

from functools import partial

import click

from batch_credits.cli.commands.reconcile import batch_of_site
from batch_credits.cli.options.handed import handed_option
from batch_credits.cli.options.places import (
    ledger_of_batch,
    ledger_option,
    open_ledger,
    site_of_batch,
    wait_option,
    when_free,
)
from batch_credits.cli.options.sections import Sectioned
from batch_credits.cli.options.sending import PaceChoice, pace_options
from batch_credits.cli.options.site import SiteChoice, site_options
from batch_credits.cli.profiles import profile_option
from batch_credits.cli.telling.speech import say
from batch_credits.cli.values import MAX_COUNT, BatchId
from batch_credits.errors import LEFT_OUT, UsageError
from batch_credits.jobs.resolve import say_credited, say_not_credited
from batch_credits.ledger import Ledger
from batch_credits.model import BatchRecord, Outcome
from batch_credits.model.address import Place
from batch_credits.process.event_loop import run_in_loop
from batch_credits.settings import RunSettings, SiteSettings
from batch_credits.text.quoted import quoted
from batch_credits.text.visible import visible

MAX_REASON_LETTERS = 500


@click.command(cls=Sectioned)
@click.argument("batch", type=BatchId())
@click.option("--row", "row_number", type=click.IntRange(1, MAX_COUNT), metavar="N", required=True,
              help="The row, as a spreadsheet shows.")
@click.option("--credited", metavar="CREDIT_ID", help="It is credited (of a reversal: deducted): Chargebee's id.")
@click.option("--not-credited", is_flag=True, help="It is not credited (or deducted): the next run sends it again.")
@click.option("--reason", metavar="TEXT", default="", help="How that is known, for the record.")
@handed_option
@pace_options
@profile_option
@site_options
@ledger_option
@wait_option
def resolve(
    batch: str, row_number: int, credited: str | None, not_credited: bool, reason: str, handed: object,
    pace: PaceChoice, site: SiteChoice, ledger: Place | None, wait_for_ledger: float | None,
) -> int:  # fmt: skip
    """Settle a row in review, after looking it up at Chargebee; recorded with who and when.

    Chargebee is asked, so the site and its key are needed, as for a run. The credit of CREDIT_ID must be the row's:
    customer, amount, currency, type and reference, and no other row may have it. A reference that the site keeps in
    another form is taken only for an id that the row's answer, or the reason for its review, names.

    --not-credited is refused where Chargebee lists the row's credit. Else the row is owed again, and Chargebee is asked
    for it once more before it is sent; where it was sent before, after the quarantine, since it may be on its way.

    \b
    batch-credits resolve 3f9a2b1c --row 17 --credited AzZjQ3UjBq1nC2Yt
    batch-credits resolve 3f9a2b1c --row 18 --not-credited
    """
    if (credited is None) != not_credited:
        raise UsageError(
            "Say either --credited CREDIT_ID or --not-credited.",
            remedies=[
                (("--not-credited", LEFT_OUT), ("--credited", credited or "CREDIT_ID")),
                (("--credited", LEFT_OUT), ("--not-credited", "")),
            ],
        )
    if credited is not None and not credited.strip():
        raise UsageError(
            "--credited needs Chargebee's id of the credit.", remedies=[(("--credited", "CREDIT_ID"),)]
        )
    if len(reason) > MAX_REASON_LETTERS or visible(reason) != reason:
        raise UsageError(
            f"--reason takes one line of at most {MAX_REASON_LETTERS} letters.", remedies=[(("--reason", "TEXT"),)]
        )
    settings = pace.settings(site.site)
    where = site_of_batch(site, ledger, batch)
    with open_ledger(ledger_of_batch(ledger, batch, where), wait_for_ledger, partial(say, err=True)) as opened:
        record = batch_of_site(opened, batch, where)  # first: it says more than that the addresses differ
        opened.sites.check_address(where.site, where.address, is_same_site=site.same_site)

        def settle() -> str:
            if credited is None:
                return _not_credited(opened, record, row_number, reason.strip(), where, settings)
            return _credited(opened, record, row_number, credited.strip(), reason.strip(), where, settings)

        say(when_free(settle, wait_for_ledger, partial(say, err=True)))
    return 0


def _credited(ledger: Ledger, batch: BatchRecord, row_number: int, credit_id: str, reason: str, site: SiteSettings,
              settings: RunSettings) -> str:  # fmt: skip
    listed = run_in_loop(say_credited(ledger, batch, row_number, credit_id, site, settings, reason))
    done = batch.kind.name_of(Outcome.CREDITED)
    where = f"Chargebee lists it under reference {quoted(listed.reference or '')}"
    return f"Row {row_number} is {done} as {visible(credit_id)}: {where}."


def _not_credited(ledger: Ledger, batch: BatchRecord, row_number: int, reason: str, site: SiteSettings,
                  settings: RunSettings) -> str:  # fmt: skip
    silence = run_in_loop(say_not_credited(ledger, batch, row_number, site, settings, reason))
    said = (
        "Chargebee lists nothing for it now"
        if silence is None
        else f"Chargebee did not answer whether it lists it ({silence})"
    )
    file = visible(batch.file_name)
    return f"Row {row_number} is owed again: {said}, and is asked once more before the next run of {file} sends it."
