"""`batch-credits run`: the main job."""

import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from batch_credits.cli.options import (
    chosen_site,
    input_options,
    input_settings,
    ledger_path,
    output_options,
    pilot_option,
    sending_options,
    settings_for_sending,
    site_options,
)
from batch_credits.cli.origins import origins, source_of_ledger
from batch_credits.cli.setting import option
from batch_credits.cli.telling.asking import refuse_without_terminal
from batch_credits.cli.telling.before import Before, Memory
from batch_credits.cli.telling.events import Events
from batch_credits.cli.telling.speech import exit_code_of
from batch_credits.cli.telling.words import Words
from batch_credits.errors import BatchCreditsError, Interrupted, NotConfirmed, RunStopped
from batch_credits.event_loop import run_in_loop
from batch_credits.ledger import Ledger
from batch_credits.loader import open_source
from batch_credits.pilot import PilotReport
from batch_credits.plan import Plan
from batch_credits.progress_bar import progress_for
from batch_credits.reporter import Summary
from batch_credits.run import Orders, RunRequest, run_batch
from batch_credits.settings import TEST_SITE_RATE_PER_MINUTE, SiteSettings
from batch_credits.signals import Signals

T = TypeVar("T")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@option("--yes", "-y", is_flag=True, help="Ask no question.")
@option("--sandbox", is_flag=True, help="Run against a local Chargebee started inside this process.")
@sending_options
@pilot_option
@input_options
@site_options
@output_options
@option("--verbose", "-v", is_flag=True, help="Say more.")
@option("--quiet", "-q", is_flag=True, help="Say only what needs a person.")
def run(file: Path, ledger: Path | None, reports: Path, **chosen: Any) -> int:  # fmt: skip
    """Credit every row of FILE that is still owed, and write the reports. Running again resumes.

    \b
    batch-credits run payout.csv --reference loyalty-2026-q3
    batch-credits run payout.csv --reference loyalty-2026-q3 --pilot 5
    batch-credits run sample_data/loyalty_payout.csv --sandbox --yes

    With --pilot N the first N rows still owed are credited, and each is read back from Chargebee's list. The others are
    sent only if amount, currency and reference all agree, and at a terminal only after another yes; with --yes they are
    sent if all agree. A row that Chargebee refused does not agree. If the pilot does not agree, the exit code is 4.

    With --log-format json, stderr has one JSON object a line. Each has `event` and `at` (UTC): plan, progress_started,
    progress, note, pilot, progress_ended, summary (the fields of summary.json), or error (message, hint, exit_code).
    """
    as_json = chosen.pop("log_format") == "json"
    if not as_json:
        return _run(file, ledger, reports, chosen)
    try:
        return _run(file, ledger, reports, chosen, as_json=True)
    except BatchCreditsError as error:
        code = exit_code_of(error)
        Events(quiet=chosen["quiet"], asks=False).error(error, code)
        return code


def _run(file: Path, ledger: Path | None, reports: Path, chosen: dict[str, Any], *, as_json: bool = False) -> int:
    yes, quiet, verbose = (chosen[name] for name in ("yes", "quiet", "verbose"))
    options, limits = input_settings(chosen)
    in_sandbox: bool = chosen.pop("sandbox")
    settings = settings_for_sending(chosen, default_rate=0 if in_sandbox else TEST_SITE_RATE_PER_MINUTE)
    site: SiteSettings | None = None if in_sandbox else chosen_site(chosen)
    signals = Signals()
    context = click.get_current_context()
    context.with_resource(signals.taken())  # until the last word is said
    source = open_source(file, options)
    teller = Events(quiet=quiet, asks=not yes) if as_json else Words(quiet=quiet, verbose=verbose, asks=not yes)
    progress = progress_for(
        sys.stderr,
        budget_per_minute=settings.budget_per_minute,
        json_lines=as_json,
        silent=chosen["no_progress"] or quiet or sys.stderr is None,
    )
    not_typed, ledger_source = origins(context), source_of_ledger(context)

    async def main() -> tuple[Summary, RunStopped | None]:
        async with AsyncExitStack() as stack:
            where = await stack.enter_async_context(_local_site()) if site is None else site
            opened = stack.enter_context(Ledger.open(ledger_path(ledger)))
            memory = Memory.of(opened, where.site, ledger_source)

            def confirm(plan: Plan) -> None:
                before = Before(source, plan, where, settings, dict(options.currency_exponents), memory, not_typed)
                teller.before(before)
                if plan.owed and not yes:
                    refuse_without_terminal()
                    if not teller.ask_before(before):
                        raise NotConfirmed("Nothing was sent.")

            def agree(report: PilotReport) -> bool:
                teller.pilot(report)
                return not report.disagreeing and (yes or not report.rows_left or _yes_after(teller, report, signals))

            said_yes = "--yes" if yes else "asked at the terminal"
            orders = Orders(
                limits, where, settings, reports, chosen["same_site"], said_yes, not_typed, chosen["xlsx"], agree
            )
            request = RunRequest(source, options, orders)
            return await run_batch(opened, request, confirm=confirm, progress=progress, signals=signals)

    summary, stopped = run_in_loop(main())
    teller.after(summary, stopped)
    return summary.exit_code


@asynccontextmanager
async def _local_site() -> AsyncIterator[SiteSettings]:
    """A sandbox inside this process. Its name is always the same, so that the ledger knows what it paid there."""
    from batch_credits.sandbox import Sandbox, SandboxSettings

    async with Sandbox(SandboxSettings(port=0)) as sandbox:
        yield SiteSettings("sandbox", sandbox.base_url, "sandbox", is_in_process=True)


def _yes_after(teller: Words | Events, report: PilotReport, signals: Signals) -> bool:
    """Ask about the rest. While a person thinks nothing is on its way, so a signal may end the question at once."""
    with signals.doing(_interrupt):
        try:
            return teller.ask_after_pilot(report)
        except click.Abort:  # the end of the input
            return False


def _interrupt() -> None:
    raise Interrupted("interrupted at the question after the pilot")
