"""`batch-credits check`: look before you pay."""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import click

from batch_credits import __version__
from batch_credits.approval.order import Asked, order_for
from batch_credits.approval.policy import read_policy
from batch_credits.approval.words import moment_in_words
from batch_credits.cli.options.handed import handed_option
from batch_credits.cli.options.input import LimitChoice, input_options
from batch_credits.cli.options.order import order_to_make_option, write_order
from batch_credits.cli.options.places import ledger_option, ledger_path, ledger_paths, reports_option
from batch_credits.cli.options.sections import Sectioned
from batch_credits.cli.options.sending import PaceChoice, pace_options
from batch_credits.cli.options.site import SiteChoice, site_options
from batch_credits.cli.origins import origins
from batch_credits.cli.profiles import profile_option
from batch_credits.cli.setting import option
from batch_credits.cli.telling.check_json import check_json, refused_json
from batch_credits.cli.telling.check_words import check_in_words, next_commands
from batch_credits.cli.telling.given import words_with
from batch_credits.cli.telling.picture import painted
from batch_credits.cli.telling.speech import exit_code_of, say
from batch_credits.cli.telling.suggesting import offer_profile, open_or_ask
from batch_credits.cli.values import MAX_COUNT
from batch_credits.errors import BatchCreditsError, Remedy, UsageError
from batch_credits.jobs.check import staged_apart, suggestions_for, what_does_not_hold
from batch_credits.ledger import Ledger
from batch_credits.loader.source import Source
from batch_credits.loader.suggestions.seen import columns_seen
from batch_credits.model.address import Place
from batch_credits.model.currencies import documented_exponent
from batch_credits.planning.plan import Plan
from batch_credits.process.user import user_name
from batch_credits.reporter.rejected import write_rejected
from batch_credits.settings import ControlLimits, InputOptions, SiteSettings
from batch_credits.text.counted import rows
from batch_credits.views.check import ROWS_SHOWN, CheckView, OrderMade, customers_view, file_view, problems_view
from batch_credits.views.listed import listed_rows
from batch_credits.views.plan import plan_view
from batch_credits.views.terms import differences_of, pace_of, site_view


@click.command(cls=Sectioned)
@click.argument("file", type=click.Path(path_type=Path))
@option("--json", "as_json", is_flag=True, help="Say it as one JSON document.")
@option(
    "--rows-page", type=click.IntRange(1, MAX_COUNT), metavar="N",
    help="With --json, list the rows of page N too, a thousand a page, in the order of the file.",
)
@option(
    "--problem-rows", type=click.IntRange(1, MAX_COUNT), default=ROWS_SHOWN, metavar="N", show_default=True,
    help="With --json, list so many rows of each kind of problem.",
)
@option("--online", is_flag=True, help="Ask Chargebee whether the customers exist, a hundred a call.")
@input_options
@pace_options
@profile_option
@site_options
@reports_option
@ledger_option
@order_to_make_option
@handed_option
def check(
    file: Path, as_json: bool, rows_page: int | None, problem_rows: int, online: bool, options: InputOptions,
    limits: LimitChoice, pace: PaceChoice, site: SiteChoice, reports: Path, ledger: Place | None, order: Path | None,
    handed: object,
) -> int:  # fmt: skip
    """Load and validate FILE and send nothing: totals, every problem of every row, fingerprint.

    With a site named, it also says what the ledger already has. Rejected rows are written to rejected.csv.

    \b
    batch-credits check payout.csv --reference loyalty-2026-q3
    batch-credits check payout.csv --online
    batch-credits check payout.xlsx --sheet Q3 --amount-unit major --expect-total USD=12500.00
    """
    if rows_page is not None and not as_json:
        raise UsageError("--rows-page is for --json.", hint="Add it:", remedies=[(("--json", ""),)])
    asked = _Asked(file, as_json, rows_page, problem_rows, online, options, limits, pace, site, reports, ledger, order)
    try:
        found, taken = _checked(asked)
    except BatchCreditsError as error:
        if as_json:
            say(refused_json(file, error, columns_seen(file, options), exit_code_of(error)))
        raise
    if not as_json and found.refusal is None:
        for command in next_commands(words_with(click.get_current_context().find_root().obj, taken), found):
            say(command)
    offer_profile(taken)
    if found.refusal is not None:
        raise found.refusal
    return found.exit_code


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the operator chose."""

    file: Path
    as_json: bool
    rows_page: int | None
    problem_rows: int
    online: bool
    options: InputOptions
    limits: LimitChoice
    pace: PaceChoice
    site: SiteChoice
    reports: Path
    ledger: Place | None
    order: Path | None


def _checked(asked: _Asked) -> tuple[CheckView, Remedy]:
    """Look, and say what was found. Returns that, and the options that a person said yes to meanwhile."""
    bounds, settings = asked.limits.settings(), asked.pace.settings(asked.site.site)
    where = asked.site.settings() if asked.online else asked.site.settings_if_named()
    ledger = ledger_paths(asked.ledger)[0] if where is None else ledger_path(asked.ledger, where)
    not_typed = origins(click.get_current_context())
    source, options, taken = open_or_ask(asked.file, asked.options, may_ask=not asked.as_json)
    with staged_apart(source, where, ledger, is_same_site=asked.site.same_site) as (scratch, plan):
        batch, read = scratch.batches.staged(plan.batch_id), source.as_read(options)
        rejected = write_rejected(batch, lambda: scratch.reports.rejected_rows(plan.batch_id), asked.reports)
        seen = None
        if asked.online and where is not None:
            from batch_credits.planning.customers import look_up_customers  # here, for few checks ask anybody
            from batch_credits.process.event_loop import run_in_loop

            tell = _tell_nobody if asked.as_json else partial(say, err=True)
            seen = run_in_loop(look_up_customers(scratch, plan.batch_id, where, settings, tell))
        found = CheckView(
            file=file_view(source),
            plan=plan_view(plan, dict(read.currency_exponents)),
            site=site_view(where) if where is not None else None,
            ledger=ledger,
            ledger_is_there=Ledger.is_at(ledger),
            pace=pace_of(plan.owed, settings),
            problems=problems_view(scratch, batch, plan.problems, asked.problem_rows),
            rejected_csv=rejected,
            customers=customers_view(seen) if seen is not None else None,
            refusal=what_does_not_hold(plan, bounds, read),
            origins=not_typed,
            suggestions=suggestions_for(source, options, plan),
            listed=None if asked.rows_page is None else listed_rows(scratch, batch, asked.rows_page),
            differences=_differences(ledger, where) if asked.online else (),
            exponents={name: n for name, n in read.currency_exponents if documented_exponent(name) is None},
        )
        if asked.order is not None and found.refusal is None and not (asked.as_json and not plan.owed):
            order = _sealed(asked.order, source, plan, where, bounds, settings.business_entity_id)
            found = replace(found, order=order)
        say(check_json(found) if asked.as_json else check_in_words(found), paint=None if asked.as_json else painted)
        if asked.as_json and found.order is not None:
            say(f"Order      {found.order.path}: {found.order.what}", err=True)
    return found, taken


def _sealed(
    path: Path, source: Source, plan: Plan, where: SiteSettings | None, bounds: ControlLimits, entity: str | None
) -> OrderMade:
    """Make an order of what the file asks for, for a business entity of the site.

    Raises:
        UsageError: no site is named, nothing is owed, or it cannot be written.
    """
    if where is None:
        raise UsageError("An order is for one site.", hint="Name it.", remedies=[(("--site", "SITE"),)])
    if not plan.owed:
        raise UsageError("There is nothing to order: the file asks for nothing that is still owed.")
    read = source.path.name, source.file_sha256, source.options
    wanted = Asked(plan.key, *read, bounds, plan.rows, plan.owed_totals, entity)
    order = order_for(where, wanted, user_name(), __version__, days=read_policy().days)
    write_order(path, order)
    return OrderMade(path, f"{rows(order.owed)}, made by {order.maker}, good until {moment_in_words(order.expires)}")


def _differences(ledger: Place, site: SiteSettings | None) -> tuple[str, ...]:
    """What a probe of the site measured that is not as it is assumed."""
    if site is None or not Ledger.is_at(ledger):
        return ()
    with Ledger.open_for_reading(ledger) as known:
        return differences_of(known, site.site)


def _tell_nobody(text: str) -> None:
    """A program reads what was found; nobody waits before it."""
