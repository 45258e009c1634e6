"""`batch-credits reconcile`: ask Chargebee."""

import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click

from batch_credits.addresses import of_another_site
from batch_credits.call import for_entity
from batch_credits.cli.metering import metered
from batch_credits.cli.options.metrics import MetricsChoice, metrics_options
from batch_credits.cli.options.notices import NoticeChoice, Notified, notice_options, notified
from batch_credits.cli.options.places import (
    ledger_of_batch,
    ledger_option,
    ledger_path,
    open_ledger,
    reports_option,
    site_of_batch,
    wait_option,
    when_free,
)
from batch_credits.cli.options.sending import AskingChoice, asking_options
from batch_credits.cli.options.site import SiteChoice, site_options
from batch_credits.cli.profiles import profile_option
from batch_credits.cli.setting import chosen_as, option
from batch_credits.cli.telling.speech import EXIT_PERSON_MUST_LOOK, say
from batch_credits.cli.values import BatchId
from batch_credits.errors import Interrupted, UsageError
from batch_credits.jobs.reconcile import rebuild, reconcile_batch
from batch_credits.jobs.report import report_batch
from batch_credits.ledger import Ledger
from batch_credits.metrics.meter import Meter
from batch_credits.model import BatchRecord, CallKind, ControlTotal, Outcome
from batch_credits.model.address import Place
from batch_credits.model.amounts import total_in_words
from batch_credits.model.currencies import SITE_CURRENCY
from batch_credits.notices.telling import Notices
from batch_credits.process.event_loop import run_in_loop
from batch_credits.process.signals import Signals
from batch_credits.progress.bar import progress_for
from batch_credits.reconciler.tie_out import TieOut
from batch_credits.reporter.summary import Summary
from batch_credits.reporter.tally import exit_code
from batch_credits.settings import RunSettings, SiteSettings
from batch_credits.text.visible import visible

_LEFT = (Outcome.PENDING, Outcome.IN_DOUBT, Outcome.REVIEW, Outcome.FAILED, Outcome.REJECTED)


@dataclass(frozen=True, slots=True)
class ReconcileChoice:
    """What the operator chose of a look at Chargebee."""

    batch: str | None
    since: datetime | None
    whole: bool
    asking: AskingChoice
    site: SiteChoice
    reports: Path
    ledger: Place | None
    wait_for_ledger: float | None
    no_progress: bool
    notices: NoticeChoice
    metrics: MetricsChoice


@click.command(cls=Notified)
@click.argument("batch", required=False, type=BatchId())
@option("--since", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE",
        help="First learn every credit that Chargebee lists since this day (UTC): for a lost ledger.")
@option("--whole", is_flag=True, help="Look at all credits of the customers, however old; else from a day before the"
        " batch was first sent.")
@asking_options
@profile_option
@site_options
@reports_option
@ledger_option
@wait_option
@notice_options
@option("--no-progress", is_flag=True, help="Show no progress.")
@metrics_options
@chosen_as(ReconcileChoice, "chosen")
def reconcile(chosen: ReconcileChoice) -> int:
    """Ask Chargebee what exists: settle what is in doubt or review, then tie out file = ledger = Chargebee.

    Without BATCH, every batch of the site. Nothing is sent but questions.

    \b
    batch-credits reconcile 3f9a2b1c
    batch-credits reconcile --since 2026-10-01
    """  # fmt: skip
    with notified(chosen.notices, "reconcile", site=chosen.site.site) as notices:
        return metered(chosen.metrics, chosen.site, chosen.ledger, lambda meter: _reconcile(chosen, notices, meter))


def _reconcile(chosen: ReconcileChoice, notices: Notices, meter: Meter) -> int:
    site, since = chosen.site, chosen.since
    settings = chosen.asking.settings(site.site)
    where = site.settings() if chosen.batch is None else site_of_batch(site, chosen.ledger, chosen.batch)
    notices.at(where)
    shown = progress_for(sys.stderr, budget_per_minute=settings.budget_per_minute, silent=chosen.no_progress)
    progress = meter.watching(shown)
    codes, found = [0], list[tuple[Summary, bool]]()
    batch, ledger = chosen.batch, chosen.ledger
    place = ledger_path(ledger, where) if batch is None else ledger_of_batch(ledger, batch, where)
    signals = Signals()
    context = click.get_current_context()
    context.with_resource(signals.taken())  # until the last word is said
    context.with_resource(signals.doing(_end))
    notices.heed(signals)
    with open_ledger(place, chosen.wait_for_ledger, progress.note) as opened:
        if batch is not None:
            batch_of_site(opened, batch, where)  # first: it says more than that the addresses differ
        opened.sites.check_address(where.site, where.address, is_same_site=site.same_site)
        notices.started()
        if since is not None:
            since = since.replace(tzinfo=UTC)
            _learn_all(opened, where, since, settings)

        def ask(record: BatchRecord) -> TieOut:
            return run_in_loop(reconcile_batch(opened, record, where, settings, progress, whole=chosen.whole))

        for record in _batches(opened, batch, where, since):
            try:
                result = when_free(partial(ask, record), chosen.wait_for_ledger, progress.note)
            except Interrupted:
                with signals.doing(signals.finish_first):  # what was settled until now
                    report_batch(opened, record, chosen.reports, live=where.is_live)
                raise
            finally:
                progress.close()
            with signals.doing(signals.finish_first):
                summary = report_batch(opened, record, chosen.reports, live=where.is_live)
            say("\n".join([*_lines(record, result), *_left(record, summary)]))
            codes.append(_code_of(summary, ties_out=result.ties_out))
            found.append((summary, result.ties_out))
        meter.summarised([summary for summary, _ in found], all(ties_out for _, ties_out in found))
        is_all = chosen.batch is None and chosen.whole and since is not None and max(codes) < EXIT_PERSON_MUST_LOOK
        entity = settings.business_entity_id
        if is_all and since and opened.keeping.learned(where.site, since, ties_out=True, business_entity_id=entity):
            say(_known_again(where.site, entity))
    notices.reconciled(found, max(codes))
    return max(codes)


def _code_of(summary: Summary, *, ties_out: bool) -> int:
    """How the last run ended is of no matter any more: what counts is what stands now."""
    code = exit_code(summary.counts, stopped=False, in_balance=summary.in_balance, reversed_rows=summary.undone.rows)
    return code if ties_out else max(EXIT_PERSON_MUST_LOOK, code)


def _learn_all(ledger: Ledger, site: SiteSettings, since: datetime, settings: RunSettings) -> None:
    """What the site lists since then; until the ledger knows it, it counts as one that has forgotten it."""
    ledger.sites.note_address(site.site, site.address)
    entity = settings.business_entity_id
    was_known = ledger.keeping.why_unproven(site.site, entity) is None
    ledger.keeping.begin_learning(site.site, since)
    kinds = ((CallKind.ADD, "credit", "credits"), (CallKind.DEDUCT, "reversal of a credit", "reversals of credits"))
    for kind, one, many in kinds:
        taken = run_in_loop(rebuild(ledger, kind, since, site, settings))
        if taken or kind is CallKind.ADD:
            what = one if taken == 1 else many
            say(f"Learned {taken:,} {what}, listed since {since.date()}, that the ledger did not know.")
    learned = ledger.keeping.learned(site.site, since, ties_out=False, business_entity_id=entity)
    if learned and not was_known:
        say(_known_again(site.site, entity))


def _end() -> None:
    """What a signal does while Chargebee is asked: nothing is on its way that could be lost."""
    raise Interrupted(
        "Interrupted: only questions were asked, and what was settled until now stays so.",
        hint="Run the same command again to carry on.",
    )


def batch_of_site(ledger: Ledger, prefix: str, site: SiteSettings) -> BatchRecord:
    """The batch whose id begins so.

    Raises:
        UsageError: it belongs to another site than the one that would be asked.
        UnknownBatch: there is none, or more than one.
    """
    batch = ledger.batches.one(prefix)
    if batch.site != site.site:
        raise of_another_site(batch.key, batch.site, site.site)
    return batch


def _batches(ledger: Ledger, prefix: str | None, site: SiteSettings, since: datetime | None) -> list[BatchRecord]:
    if prefix is not None:
        return [batch_of_site(ledger, prefix, site)]
    batches = [batch for batch in ledger.batches.all() if batch.site == site.site]
    if not batches and since is None:
        hint = "`batch-credits status` lists those of others."
        raise UsageError(f"The ledger holds no batch of site {site.site}.", hint=hint, instead=[("status",)])
    return batches


def _lines(batch: BatchRecord, result: TieOut) -> list[str]:
    lines = [f"{batch.key[:8]}  {visible(batch.file_name)}  site {batch.site}"]
    is_payout = batch.kind is CallKind.ADD
    for line in result.lines:
        currency = line.currency or SITE_CURRENCY
        for label, total in (
            ("file asks" if is_payout else "to deduct", line.asked),
            ("not credited" if is_payout else "not deducted", line.not_credited),
            ("ledger says", line.ledger),
            ("Chargebee has", line.chargebee),
        ):
            lines.append(f"  {label:<14} {_words(total, currency)}")
    for difference in result.differences:
        lines.append(f"  ! row {difference.row_number}, customer {visible(difference.customer_id)}, "
                     f"reference {visible(difference.reference)}: {visible(difference.reason)}.")  # fmt: skip
    if not result.ties_out:
        lines.append("  DOES NOT TIE OUT: a person must look.")
    lines.append(f"  {'Ties out. ' if result.ties_out else ''}{_seen(result)}".rstrip())
    return lines


def _left(batch: BatchRecord, summary: Summary) -> list[str]:
    """Why it ends with another code than 0, though all may tie out."""
    counts = [(summary.counts[each], each.value.replace("_", " ")) for each in _LEFT]
    counts.append((summary.undone.rows, "deducted again"))
    left = ", ".join(f"{count:,} {what}" for count, what in counts if count)
    return [f"  Not all is {batch.kind.name_of(Outcome.CREDITED)}: {left}."] if left else []


def _known_again(site: str, entity: str | None) -> str:
    whose = f" {for_entity(entity)}" if entity else ""
    return f"All that {site} lists{whose} is known again: rows are sent without being looked up first."


def _seen(result: TieOut) -> str:
    """What a tie-out does not speak of."""
    if result.since is None:
        return ""
    return f"Nothing older than {_moment(result.since)} UTC was looked at: --whole looks at all."


def _moment(unix_seconds: int) -> str:
    return datetime.fromtimestamp(unix_seconds, UTC).isoformat(" ", "minutes").removesuffix("+00:00")


def _words(total: ControlTotal, currency: str) -> str:
    return f"{total.count:>9,}  " + " and ".join(total_in_words(total, currency, {}))
