"""A run as its options say: what is read, where it is sent, who is asked and who is told. See `commands/run.py`.

Apart from the command, since it loads all that reads and sends: help, and a completion of its options, do without.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import click

from batch_credits.addresses import SANDBOX_SITE
from batch_credits.approval.order import options_of, read_order
from batch_credits.cli.commands.run import RunChoice
from batch_credits.cli.options.places import ledger_path, open_ledger, refuse_file
from batch_credits.cli.origins import origins, source_of_ledger, stated_by_the_user
from batch_credits.cli.telling.asking import require_consent, said_yes_of
from batch_credits.cli.telling.words import Words
from batch_credits.errors import LEFT_OUT, Interrupted, RunStopped, UsageError
from batch_credits.jobs.run import Orders, RunRequest, detach_batch, run_batch
from batch_credits.loader.opening import open_source
from batch_credits.metrics.meter import Meter
from batch_credits.model import BatchRecord
from batch_credits.notices.telling import Notices
from batch_credits.planning.controls import totals_to_type
from batch_credits.planning.plan import Plan
from batch_credits.process.event_loop import run_in_loop
from batch_credits.process.signals import Signals
from batch_credits.progress.bar import progress_for
from batch_credits.progress.observers import Progress
from batch_credits.sending.pilot import PilotReport
from batch_credits.settings import TEST_SITE_RATE_PER_MINUTE, RunSettings, SiteSettings
from batch_credits.views.question import question_of_run
from batch_credits.views.terms import Terms, differences_of, memory_of, site_view

if TYPE_CHECKING:  # of events, a pilot and the end few runs have any, or not yet as they begin
    from batch_credits.cli.telling.events import Events
    from batch_credits.reporter.summary import Summary
    from batch_credits.views.pilot import PilotView

    Done = tuple[Summary, RunStopped | None] | BatchRecord  # what a run came to; or what it left to others

AT_THE_END = ("batch_credits.cli.telling.result_words", "batch_credits.views.result")  # loaded while it sends


def run_chosen(chosen: RunChoice, notices: Notices, meter: Meter, *, as_json: bool) -> int:
    """Run what was chosen, and say how it goes and went. Returns the exit code."""
    yes, output, sealed = chosen.yes, chosen.output, read_order(chosen.order)
    options = options_of(sealed, chosen.options)
    limits, rate = chosen.limits.settings(), 0 if chosen.sandbox else TEST_SITE_RATE_PER_MINUTE
    settings = chosen.sending.settings(chosen.site.site, default_rate=rate)
    _check_detach(chosen)
    site = None if chosen.sandbox else chosen.site.settings()
    signals = chosen.end.signals(settings.timeout_seconds)
    context = click.get_current_context()
    context.with_resource(signals.taken())  # until the last word is said
    notices.heed(signals)
    source = open_source(chosen.file, options)
    teller = _teller(chosen, as_json=as_json)
    progress = meter.watching(_progress(chosen, settings, as_json=as_json))
    not_typed, ledger_source = origins(context), source_of_ledger(context)

    async def main() -> "Done":
        async with AsyncExitStack() as stack:
            where = await stack.enter_async_context(_local_site()) if site is None else site
            notices.at(where)
            place = ledger_path(output.ledger, where)
            opened = stack.enter_context(open_ledger(place, output.wait_for_ledger, progress.note))
            memory, said = memory_of(opened, where.site, ledger_source), origins(context, every=chosen.verbose)
            terms = Terms(site_view(where), settings, memory, said, differences_of(opened, where.site))

            def confirm(plan: Plan) -> None:
                bounds = chosen.confirm_total if where.is_live and sealed is None else ()
                read = source.as_read(options)
                to_type = totals_to_type(plan, bounds, stated_by_the_user(context, limits), read)
                question = question_of_run(source, plan, dict(read.currency_exponents), terms, to_type)
                teller.before(question)
                require_consent(teller, question, yes=yes, handed=chosen.handed)
                notices.started(plan)

            agree = partial(_agrees, teller, signals, chosen)
            said_yes, same_site = said_yes_of(yes=yes, handed=chosen.handed), chosen.site.same_site
            orders = Orders(limits, where, settings, output.reports, same_site, said_yes, not_typed, output.xlsx, agree)
            orders = replace(orders, refuse_repeat=chosen.refuse_repeat, order=sealed, needed_at_the_end=AT_THE_END)
            request = RunRequest(source, options, orders)
            act = detach_batch if chosen.detach else run_batch
            return await act(opened, request, confirm=confirm, progress=progress, signals=signals)

    done = run_in_loop(main())
    if not isinstance(done, BatchRecord):
        meter.sent(done[0])
    return _said(teller, notices, done)


def _teller(chosen: RunChoice, *, as_json: bool) -> "Words | Events":
    if not as_json:
        return Words(quiet=chosen.quiet, verbose=chosen.verbose, asks=not chosen.yes)
    from batch_credits.cli.telling.events import Events

    return Events(quiet=chosen.quiet, asks=not chosen.yes)


def _progress(chosen: RunChoice, settings: RunSettings, *, as_json: bool) -> Progress:
    return progress_for(
        sys.stderr,
        budget_per_minute=settings.budget_per_minute,
        json_lines=as_json,
        line_seconds=chosen.output.progress_every,
        silent=chosen.output.no_progress or chosen.quiet or sys.stderr is None,
    )


def _said(teller: "Words | Events", notices: Notices, done: "Done") -> int:
    """Say how it ended. Returns the exit code."""
    if isinstance(done, BatchRecord):
        teller.detached(done)
        notices.detached(done)
        return 0
    summary, stopped = done
    teller.after(summary, stopped)
    notices.ended(summary, stopped)
    return summary.exit_code


def _check_detach(chosen: RunChoice) -> None:
    """Refuse to leave to workers what they cannot do.

    Raises:
        UsageError: there are no workers, or they have no site to call, or nobody would judge the pilot.
    """
    if not chosen.detach:
        return
    refuse_file(chosen.output.ledger, "--detach")
    given = (
        ("--sandbox", chosen.sandbox), ("--pilot", chosen.sending.pilot), ("--deadline", chosen.end.deadline),
    )  # fmt: skip
    for flag, is_given in given:
        if is_given:
            raise UsageError(
                f"--detach and {flag} do not go together.",
                hint="Leave one of them out.",
                remedies=[((flag, LEFT_OUT),), (("--detach", LEFT_OUT),)],
            )


@asynccontextmanager
async def _local_site() -> AsyncIterator[SiteSettings]:
    """A sandbox inside this process. Its name is always the same, so that the ledger knows what it paid there."""
    from batch_credits.sandbox import Sandbox, SandboxSettings

    async with Sandbox(SandboxSettings(port=0)) as sandbox:
        yield SiteSettings(SANDBOX_SITE, sandbox.base_url, "sandbox", is_in_process=True)


def _agrees(teller: "Words | Events", signals: Signals, chosen: RunChoice, report: PilotReport) -> bool:
    """Show the pilot. Returns whether the rows that are left may be sent."""
    from batch_credits.views.pilot import pilot_view

    pilot = pilot_view(report)
    teller.pilot(pilot)
    return not pilot.disagreeing and (not pilot.rows_left or _goes_on(teller, pilot, signals, chosen))


def _goes_on(teller: "Words | Events", pilot: "PilotView", signals: Signals, chosen: RunChoice) -> bool:
    """Whether the rest is sent: a person says so now, on the page or here, or said yes to all before. While they think
    nothing is on its way, so a signal may end the question at once."""
    handed = chosen.handed
    with signals.doing(_interrupt):
        if handed is not None and handed.answer is not None:
            return handed.goes_on(handed.answer)
        try:
            return chosen.yes or teller.ask_after_pilot(pilot)
        except click.Abort:  # the end of the input
            return False


def _interrupt() -> None:
    raise Interrupted("interrupted at the question after the pilot")
