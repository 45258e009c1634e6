"""`batch-credits run`: the main job."""

import asyncio
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from batch_credits.cli.options import (
    asking_options,
    chosen_site,
    input_options,
    input_settings,
    ledger_option,
    ledger_path,
    option,
    reports_option,
    sending_options,
    settings_for_sending,
    site_options,
)
from batch_credits.cli.picture import pace_line, plan_lines, site_line
from batch_credits.cli.speech import say
from batch_credits.errors import NotConfirmed, RunStopped
from batch_credits.ledger import Ledger
from batch_credits.loader import open_source
from batch_credits.plan import Plan
from batch_credits.progress import progress_for
from batch_credits.reporter import Summary, summary_text
from batch_credits.run import RunRequest, run_batch
from batch_credits.settings import TEST_SITE_RATE_PER_MINUTE, SiteSettings
from batch_credits.signals import Signals

T = TypeVar("T")


@click.command(short_help="Credit every row still owed; run again to resume.")
@click.argument("file", type=click.Path(path_type=Path))
@option("--yes", "-y", is_flag=True, help="Ask no question.")
@option("--sandbox", is_flag=True, help="Run against a local Chargebee started inside this process.")
@asking_options
@sending_options
@input_options
@site_options
@reports_option
@ledger_option
@option("--no-progress", is_flag=True, help="Show no progress.")
@option("--log-format", type=click.Choice(["text", "json"]), default="text", show_default=True,
        help="Progress as lines for people, or one JSON event a line.")
@option("--verbose", "-v", is_flag=True, help="Say more.")
@option("--quiet", "-q", is_flag=True, help="Say only what needs a person.")
def run(file: Path, ledger: Path | None, reports: Path, **chosen: Any) -> int:  # fmt: skip
    """Credit every row of FILE that is still owed, and write the reports. Running again resumes.

    \b
    batch-credits run payout.csv --reference loyalty-2026-q3
    batch-credits run sample_data/loyalty_payout.csv --sandbox --yes
    """
    options, limits = input_settings(chosen)
    in_sandbox: bool = chosen.pop("sandbox")
    settings = settings_for_sending(chosen, default_rate=0 if in_sandbox else TEST_SITE_RATE_PER_MINUTE)
    quiet, verbose = chosen.pop("quiet"), chosen.pop("verbose")
    site: SiteSettings | None = None if in_sandbox else chosen_site(chosen)
    signals = Signals()
    click.get_current_context().with_resource(signals.taken())  # until the last word is said
    source = open_source(file, options)
    progress = progress_for(
        sys.stderr,
        budget_per_minute=settings.budget_per_minute,
        json_lines=chosen["log_format"] == "json",
        silent=chosen["no_progress"] or quiet or sys.stderr is None,
    )
    path = ledger_path(ledger)

    async def main() -> tuple[Summary, RunStopped | None]:
        async with AsyncExitStack() as stack:
            where = await stack.enter_async_context(_local_site()) if site is None else site

            def confirm(plan: Plan) -> None:
                lines = [f"File       {file}", *[f"Note       {note}" for note in source.notes]]
                lines += plan_lines(plan, dict(options.currency_exponents))
                lines += [site_line(where), pace_line(plan.owed, settings)]
                if verbose:
                    lines += [f"Ledger     {path}", f"Batch      {plan.key}"]
                if quiet and chosen["yes"]:
                    lines = [f"Look at    {warning}" for warning in plan.warnings]
                if lines:
                    say("\n".join(lines), err=True)
                _ask(plan, yes=chosen["yes"])

            said_yes = "--yes" if chosen["yes"] else "asked at the terminal"
            request = RunRequest(source, options, limits, where, settings, reports, chosen["same_site"], said_yes)
            with Ledger.open(path) as opened:
                return await run_batch(opened, request, confirm=confirm, progress=progress, signals=signals)

    summary, stopped = run_in_loop(main())
    if not quiet or summary.exit_code:
        say(summary_text(summary))
    if stopped is not None and stopped.hint:
        say(stopped.hint, err=True)
    return summary.exit_code


@asynccontextmanager
async def _local_site() -> AsyncIterator[SiteSettings]:
    """A sandbox inside this process. Its name is always the same, so that the ledger knows what it paid there."""
    from batch_credits.sandbox import Sandbox, SandboxSettings

    async with Sandbox(SandboxSettings(port=0)) as sandbox:
        yield SiteSettings("sandbox", sandbox.base_url, "sandbox")


def _ask(plan: Plan, *, yes: bool) -> None:
    if yes or plan.owed == 0:
        return
    if sys.stdin is None or not sys.stdin.isatty():
        raise NotConfirmed(
            "Nothing was sent: there is no terminal to ask, and --yes was not given.",
            hint="Look at the totals above; if they are right, run again with --yes.",
        )
    if not click.confirm(f"Credit {plan.owed:,} rows?", default=False, err=True):
        raise NotConfirmed("Nothing was sent.")


def run_in_loop(main: Coroutine[Any, Any, T]) -> T:
    """Run in uvloop where it exists: it makes a run about a third faster."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(main)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)
