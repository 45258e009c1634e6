"""`batch-credits work`: be one of a team's workers."""

from collections import Counter
from dataclasses import replace

import click

from batch_credits.cli.options.ending import EndChoice, outage_option, work_ending_options
from batch_credits.cli.options.places import ledger_option, refuse_file
from batch_credits.cli.options.sections import Sectioned
from batch_credits.cli.options.sending import PaceChoice, own_pace_options
from batch_credits.cli.options.site import SiteChoice, site_options
from batch_credits.cli.profiles import profile_option
from batch_credits.cli.setting import option
from batch_credits.cli.telling.speech import say
from batch_credits.errors import PersonNeeded
from batch_credits.ledger import Ledger
from batch_credits.model import Outcome
from batch_credits.model.address import Place
from batch_credits.process.event_loop import run_in_loop
from batch_credits.reporter import exit_code
from batch_credits.reporter.words import rows

_TOLD = (Outcome.CREDITED, Outcome.ALREADY_CREDITED, Outcome.FAILED, Outcome.REVIEW)


@click.command(cls=Sectioned)
@option("--until-idle", is_flag=True, help="End when nothing is owed any more.")
@own_pace_options
@outage_option
@work_ending_options
@profile_option
@site_options
@ledger_option
@option("--quiet", "-q", is_flag=True, help="Say only what needs a person.")
def work(
    until_idle: bool, pace: PaceChoice, max_outage_seconds: float, end: EndChoice, site: SiteChoice,
    ledger: Place | None, quiet: bool,
) -> int:  # fmt: skip
    """Send what the team's ledger owes the site's customers, together with others on any host, until stopped.

    \b
    batch-credits work --ledger postgresql://pay@db.example/credits
    batch-credits work --ledger postgresql://pay@db.example/credits --until-idle

    The key, the pace, the timeout and how long an outage is waited for are this worker's own. All else of how a batch
    is sent is as its run was told. Ctrl-C or SIGTERM lets the answers on their way come in, for the grace, and gives
    the rest to the others; so does a deadline that comes near.
    """
    from batch_credits.jobs.work import Worked, WorkOrders  # with the extra alone
    from batch_credits.jobs.work import work as work_for

    where = refuse_file(ledger, "work")
    at, settings = site.settings(), replace(pace.settings(site.site), max_outage_seconds=max_outage_seconds)
    signals = end.signals(settings.timeout_seconds)
    click.get_current_context().with_resource(signals.taken())

    def begun() -> None:
        if not quiet:
            where_to = f"Working for {at.site} ({at.base_url})."
            say(f"{where_to} Ctrl-C ends it, and leaves the rest to others.", err=True)

    async def main() -> Worked:
        with Ledger.open(where) as opened:
            return await work_for(opened, WorkOrders(at, settings, until_idle, site.same_site), signals, begun)

    done = run_in_loop(main())
    if not quiet:
        say(_in_words(done.outcomes))
    if done.stopped is not None:
        say(f"Stopped: {done.stopped.message}", err=True)
        if done.stopped.hint:
            say(done.stopped.hint, err=True)
    counts = Counter({outcome: done.outcomes[outcome] for outcome in (Outcome.FAILED, Outcome.REVIEW)})
    return exit_code(counts, done.stopped is not None, True, isinstance(done.stopped, PersonNeeded))


def _in_words(outcomes: Counter[Outcome]) -> str:
    told = [f"{rows(outcomes[each])} {each.value.replace('_', ' ')}" for each in _TOLD if outcomes[each]]
    return f"This worker: {', '.join(told)}." if told else "This worker found nothing to send."
