"""`batch-credits work`: be one of a team's workers."""

from collections import Counter
from dataclasses import dataclass, replace

import click

from batch_credits.cli.metering import metered
from batch_credits.cli.options.ending import EndChoice, outage_option, work_ending_options
from batch_credits.cli.options.metrics import MetricsChoice, metrics_options
from batch_credits.cli.options.notices import NoticeChoice, Notified, notice_options, notified
from batch_credits.cli.options.places import ledger_option, refuse_file
from batch_credits.cli.options.sending import PaceChoice, own_pace_options
from batch_credits.cli.options.site import SiteChoice, site_options
from batch_credits.cli.profiles import profile_option
from batch_credits.cli.setting import chosen_as, option
from batch_credits.cli.telling.speech import say
from batch_credits.errors import PersonNeeded
from batch_credits.ledger import Ledger
from batch_credits.metrics.meter import Meter
from batch_credits.metrics.reading import Traffic
from batch_credits.model import Outcome
from batch_credits.model.address import Place
from batch_credits.notices.telling import Notices
from batch_credits.process.event_loop import run_in_loop
from batch_credits.reporter.tally import exit_code
from batch_credits.text.counted import rows

_TOLD = (Outcome.CREDITED, Outcome.ALREADY_CREDITED, Outcome.FAILED, Outcome.REVIEW)


@dataclass(frozen=True, slots=True)
class WorkChoice:
    """What the operator chose of a worker."""

    until_idle: bool
    pace: PaceChoice
    max_outage_seconds: float
    end: EndChoice
    site: SiteChoice
    ledger: Place | None
    notices: NoticeChoice
    metrics: MetricsChoice
    quiet: bool


@click.command(cls=Notified)
@option("--until-idle", is_flag=True, help="End when nothing is owed any more.")
@own_pace_options
@outage_option
@work_ending_options
@profile_option
@site_options
@ledger_option
@metrics_options
@notice_options
@option("--quiet", "-q", is_flag=True, help="Say only what needs a person.")
@chosen_as(WorkChoice, "chosen")
def work(chosen: WorkChoice) -> int:
    """Send what the team's ledger owes the site's customers, together with others on any host, until stopped.

    \b
    batch-credits work --ledger postgresql://pay@db.example/credits
    batch-credits work --ledger postgresql://pay@db.example/credits --until-idle

    The key, the pace, the timeout and how long an outage is waited for are this worker's own. All else of how a batch
    is sent is as its run was told. Ctrl-C or SIGTERM lets the answers on their way come in, for the grace, and gives
    the rest to the others; so does a deadline that comes near.
    """
    with notified(chosen.notices, "work", site=chosen.site.site) as notices:
        return metered(chosen.metrics, chosen.site, chosen.ledger, lambda meter: _work(chosen, notices, meter))


def _work(chosen: WorkChoice, notices: Notices, meter: Meter) -> int:
    from batch_credits.jobs.work import Worked, WorkOrders  # with the extra alone
    from batch_credits.jobs.work import work as work_for
    from batch_credits.sending.told import AllTold

    where, quiet = refuse_file(chosen.ledger, "work"), chosen.quiet
    at, settings = chosen.site.settings(), chosen.pace.settings(chosen.site.site)
    settings = replace(settings, max_outage_seconds=chosen.max_outage_seconds)
    signals = chosen.end.signals(settings.timeout_seconds)
    click.get_current_context().with_resource(signals.taken())
    notices.heed(signals)
    notices.at(at)

    def begun() -> None:
        notices.started()
        if not quiet:
            where_to = f"Working for {at.site} ({at.base_url})."
            say(f"{where_to} Ctrl-C ends it, and leaves the rest to others.", err=True)

    def watch(told: AllTold) -> None:
        outcomes, throttled, (requests, retries) = told.so_far()
        meter.worked({each: outcomes[each] for each in _TOLD}, Traffic(requests, throttled, retries))

    async def main() -> Worked:
        with Ledger.open(where) as opened:
            orders = WorkOrders(at, settings, chosen.until_idle, chosen.site.same_site)
            return await work_for(opened, orders, signals, begun, watch)

    done = run_in_loop(main())
    if not quiet:
        say(_in_words(done.outcomes))
    if done.stopped is not None:
        say(f"Stopped: {done.stopped.message}", err=True)
        if done.stopped.hint:
            say(done.stopped.hint, err=True)
    counts = Counter({outcome: done.outcomes[outcome] for outcome in (Outcome.FAILED, Outcome.REVIEW)})
    code = exit_code(counts, done.stopped is not None, True, isinstance(done.stopped, PersonNeeded))
    notices.worked(done.outcomes, done.stopped, code)
    return code


def _in_words(outcomes: Counter[Outcome]) -> str:
    told = [f"{rows(outcomes[each])} {each.value.replace('_', ' ')}" for each in _TOLD if outcomes[each]]
    return f"This worker: {', '.join(told)}." if told else "This worker found nothing to send."
