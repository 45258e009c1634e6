"""`batch-credits check`: look before you pay."""

from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import click

from batch_credits.cli.options import (
    LimitChoice,
    PaceChoice,
    SiteChoice,
    input_options,
    ledger_option,
    ledger_path,
    pace_options,
    reports_option,
    site_options,
)
from batch_credits.cli.origins import origins
from batch_credits.cli.setting import option
from batch_credits.cli.telling.check_json import check_json
from batch_credits.cli.telling.picture import Line, origin_lines, pace_line, plan_lines, rows, shown, site_line
from batch_credits.cli.telling.speech import say
from batch_credits.errors import ControlError
from batch_credits.jobs.check import staged_apart, what_does_not_hold
from batch_credits.ledger import Ledger
from batch_credits.loader import Source, open_source
from batch_credits.model import Outcome
from batch_credits.planning.customers import Preflight, look_up_customers
from batch_credits.planning.plan import Plan
from batch_credits.process.event_loop import run_in_loop
from batch_credits.reporter import write_rejected
from batch_credits.settings import InputOptions, Origin, RunSettings, SiteSettings

PROBLEMS_SHOWN = 100  # rows whose problems are shown one by one; rejected.csv has them all


@dataclass(frozen=True, slots=True)
class Checked:
    """Everything that a check has found. `refusal` is the limit or control total that does not hold."""

    source: Source
    plan: Plan
    site: SiteSettings | None
    pace: RunSettings
    rejected_csv: Path | None
    customers: Preflight | None
    refusal: ControlError | None
    origins: tuple[Origin, ...] = ()

    @property
    def exit_code(self) -> int:
        """What the process says to scripts."""
        if self.refusal is not None:
            return 2
        return 1 if self.plan.count(Outcome.REJECTED) or self.plan.undone.rows else 0


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@option("--json", "as_json", is_flag=True, help="Say it as one JSON document.")
@option("--online", is_flag=True, help="Ask Chargebee whether the customers exist, a hundred a call.")
@input_options
@pace_options
@site_options
@reports_option
@ledger_option
def check(
    file: Path, as_json: bool, online: bool, options: InputOptions, limits: LimitChoice, pace: PaceChoice,
    site: SiteChoice, reports: Path, ledger: Path | None,
) -> int:  # fmt: skip
    """Load and validate FILE and send nothing: totals, every problem of every row, fingerprint.

    With a site named, it also says what the ledger already has. Rejected rows are written to rejected.csv.

    \b
    batch-credits check payout.csv --reference loyalty-2026-q3
    batch-credits check payout.csv --online
    batch-credits check payout.xlsx --sheet Q3 --amount-unit major --expect-total USD=12500.00
    """
    bounds, settings = limits.settings(), pace.settings(site.site)
    where = site.settings() if online else site.settings_if_named()
    not_typed = origins(click.get_current_context())
    known = ledger_path(ledger)
    source = open_source(file, options)
    with staged_apart(source, where, known, is_same_site=site.same_site) as (scratch, plan):
        batch = scratch.batches.staged(plan.batch_id)
        rejected = write_rejected(batch, lambda: scratch.reports.rejected_rows(plan.batch_id), reports)
        asked = None
        if online and where is not None:
            asked = run_in_loop(look_up_customers(scratch, plan.batch_id, where, settings))
        refusal = what_does_not_hold(plan, bounds, options)
        found = Checked(source, plan, where, settings, rejected, asked, refusal, not_typed)
        say(check_json(found) if as_json else shown(_lines(found, scratch, known, options)))
    if found.refusal is not None:
        raise found.refusal
    return found.exit_code


def _customer_lines(customers: Preflight | None) -> list[Line]:
    if customers is None:
        return []
    said = [f"{rows(count)}: customer {code.replace('_', ' ')}" for code, count in sorted(customers.counts.items())]
    lines = [("Customers", f"{customers.customers:,} asked for, {'; '.join(said) or 'nothing to say of them'}")]
    return lines + [_row_line(f.row_number, f"customer_id: {f.message}") for f in customers.findings[:PROBLEMS_SHOWN]]


def _lines(found: Checked, scratch: Ledger, known: Path, options: InputOptions) -> list[Line]:
    plan = found.plan
    lines = [("File", str(found.source.path)), ("Print", f"sha256 {found.source.file_sha256}")]
    lines += [("Note", note) for note in found.source.notes]
    lines += plan_lines(plan, dict(options.currency_exponents))
    lines += origin_lines(found.origins)
    if found.site is not None:
        lines += [("Ledger", f"{known}{'' if known.exists() else ', which is not there yet'}"), site_line(found.site)]
    lines.append(pace_line(plan.owed, found.pace))
    lines += _customer_lines(found.customers)
    for row in islice(scratch.reports.problems(plan.batch_id), PROBLEMS_SHOWN):
        lines += [_row_line(row.row_number, f"{p.field}: {p.message} [{p.code}]") for p in row.problems]
    if found.rejected_csv is not None:
        lines.append(("Rejected", f"{rows(plan.count(Outcome.REJECTED))}, all their problems in {found.rejected_csv}"))
    return lines


def _row_line(number: int, text: str) -> Line:
    return f"row {number}:", text
