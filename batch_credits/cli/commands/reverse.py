"""`batch-credits reverse`: undo what a batch credited."""

import sys
from dataclasses import dataclass
from pathlib import Path

import click

from batch_credits.cli.metering import metered
from batch_credits.cli.options.ending import EndChoice, ending_options
from batch_credits.cli.options.handed import Handed, handed_option
from batch_credits.cli.options.input import LimitChoice, confirm_option, limit_options
from batch_credits.cli.options.metrics import MetricsChoice, metrics_options
from batch_credits.cli.options.notices import NoticeChoice, Notified, notice_options, notified
from batch_credits.cli.options.places import OutputChoice, ledger_of_batch, open_ledger, output_options, site_of_batch
from batch_credits.cli.options.sending import SendingChoice, sending_options
from batch_credits.cli.options.site import SiteChoice, site_options
from batch_credits.cli.origins import origins, source_of_ledger, stated_by_the_user
from batch_credits.cli.profiles import profile_option
from batch_credits.cli.setting import chosen_as, option
from batch_credits.cli.telling.asking import require_consent, said_yes_of
from batch_credits.cli.telling.events import Events
from batch_credits.cli.telling.speech import exit_code_of
from batch_credits.cli.telling.words import Words
from batch_credits.cli.values import BatchId
from batch_credits.errors import BatchCreditsError
from batch_credits.jobs.reverse import Picture, ReverseRequest, reverse_batch
from batch_credits.jobs.run import Orders
from batch_credits.metrics.meter import Meter
from batch_credits.model import CallKind
from batch_credits.notices.telling import Notices
from batch_credits.planning.controls import totals_to_type
from batch_credits.process.event_loop import run_in_loop
from batch_credits.progress.bar import progress_for
from batch_credits.settings import InputOptions
from batch_credits.views.question import question_of_reversal
from batch_credits.views.terms import Terms, differences_of, memory_of, site_view


@dataclass(frozen=True, slots=True)
class ReverseChoice:
    """What the operator chose of a reversal."""

    batch: str
    rows_file: Path | None
    yes: bool
    confirm_total: tuple[tuple[str, str], ...]
    quiet: bool
    sending: SendingChoice
    end: EndChoice
    limits: LimitChoice
    site: SiteChoice
    output: OutputChoice
    notices: NoticeChoice
    metrics: MetricsChoice
    handed: Handed | None


@click.command(cls=Notified)
@click.argument("batch", type=BatchId())
@option("--rows", "rows_file", type=click.Path(path_type=Path), metavar="FILE",
        help="Only the rows that this CSV file names: a cut of the batch's results.csv, with its column credit_row.")
@option("--yes", "-y", is_flag=True, help="Ask no question.")
@sending_options
@ending_options
@limit_options
@profile_option
@confirm_option
@site_options
@output_options
@metrics_options
@notice_options
@option("--quiet", "-q", is_flag=True, help="Say only what needs a person.")
@handed_option
@chosen_as(ReverseChoice, "chosen")
def reverse(chosen: ReverseChoice) -> int:
    """Deduct what BATCH credited, or the part of it that a file names, and write the reports.

    Each row deducts its own credit's amount under the reference "reversal of REFERENCE", so nothing is deducted twice,
    and running again resumes. What is pending or in doubt in BATCH is not reversed.

    \b
    batch-credits reverse 3f9a2b1c
    batch-credits reverse 3f9a2b1c --rows wrong_ones.csv --max-total USD=500
    """  # fmt: skip
    if chosen.output.log_format != "json":
        return _notified_reverse(chosen)
    try:
        return _notified_reverse(chosen, as_json=True)
    except BatchCreditsError as error:
        code = exit_code_of(error)
        Events(quiet=chosen.quiet, asks=False).error(error, code)
        return code


def _notified_reverse(chosen: ReverseChoice, *, as_json: bool = False) -> int:
    is_attended = chosen.handed is not None
    with notified(
        chosen.notices, "reverse", site=chosen.site.site, is_attended=is_attended, as_json=as_json
    ) as notices:

        def act(meter: Meter) -> int:
            return _reverse(chosen, notices, meter, as_json=as_json)

        return metered(chosen.metrics, chosen.site, chosen.output.ledger, act)


def _reverse(chosen: ReverseChoice, notices: Notices, meter: Meter, *, as_json: bool) -> int:
    yes, quiet, output = chosen.yes, chosen.quiet, chosen.output
    limits, settings = chosen.limits.settings(), chosen.sending.settings(chosen.site.site)
    site = site_of_batch(chosen.site, output.ledger, chosen.batch)
    ledger = ledger_of_batch(output.ledger, chosen.batch, site)
    signals = chosen.end.signals(settings.timeout_seconds)
    context = click.get_current_context()
    context.with_resource(signals.taken())  # until the last word is said
    notices.heed(signals)
    teller = Events(quiet=quiet, asks=not yes) if as_json else Words(quiet=quiet, verbose=False, asks=not yes)
    progress = progress_for(
        sys.stderr,
        budget_per_minute=settings.budget_per_minute,
        kind=CallKind.DEDUCT,
        json_lines=as_json,
        line_seconds=output.progress_every,
        silent=output.no_progress or quiet or sys.stderr is None,
    )
    progress = meter.watching(progress, CallKind.DEDUCT)
    said_yes = said_yes_of(yes=yes, handed=chosen.handed)
    not_typed = origins(context)
    orders = Orders(limits, site, settings, output.reports, chosen.site.same_site, said_yes, not_typed, output.xlsx)
    with open_ledger(ledger, output.wait_for_ledger, progress.note) as opened:
        record = opened.batches.one(chosen.batch)
        notices.at(site, record.file_name)
        memory = memory_of(opened, site.site, source_of_ledger(context))
        terms = Terms(site_view(site), settings, memory, not_typed, differences_of(opened, site.site))

        def confirm(picture: Picture) -> None:
            bounds = chosen.confirm_total if site.is_live else ()
            stated = stated_by_the_user(context, limits)
            to_type = totals_to_type(picture.plan, bounds, stated, InputOptions.from_json(record.options_json))
            question = question_of_reversal(record, picture, terms, to_type)
            teller.before(question)
            require_consent(teller, question, yes=yes, handed=chosen.handed)
            notices.started(picture.plan)

        request = ReverseRequest(record, chosen.rows_file, orders)
        summary, stopped = run_in_loop(
            reverse_batch(opened, request, confirm=confirm, progress=progress, signals=signals)
        )
    meter.sent(summary)
    teller.after(summary, stopped)
    notices.ended(summary, stopped)
    return summary.exit_code
