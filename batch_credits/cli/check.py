"""`batch-credits check`: look before you pay."""

import tempfile
from pathlib import Path
from typing import Any

import click

from batch_credits.cli.options import input_options, input_settings, ledger_option, ledger_path, option
from batch_credits.cli.picture import plan_lines
from batch_credits.errors import LedgerBusy
from batch_credits.ledger import Ledger
from batch_credits.loader import Source, open_source
from batch_credits.plan import check_controls, stage
from batch_credits.settings import ControlLimits, InputOptions


@click.command(short_help="Load and validate a file; send nothing.")
@click.argument("file", type=click.Path(path_type=Path))
@input_options
@option("--site", envvar="CHARGEBEE_SITE", metavar="NAME", help="Say what the ledger already has for this site.")
@ledger_option
def check(file: Path, site: str | None, ledger: Path | None, **chosen: Any) -> int:
    """Load and validate FILE and send nothing: totals, every problem of every row, fingerprint.

    \b
    batch-credits check payout.csv --reference loyalty-2026-q3
    batch-credits check payout.xlsx --sheet Q3 --amount-unit major --expect-total USD=12500.00
    """
    options, limits = input_settings(chosen)
    source = open_source(file, options)
    path = ledger_path(ledger)
    if path.exists() and site:
        try:
            with Ledger.open(path) as opened:
                return _check(opened, source, site, options, limits)
        except LedgerBusy:
            click.echo("The ledger is in use, so what it already has is not shown.", err=True)
    with tempfile.TemporaryDirectory(prefix="batch-credits-") as folder, Ledger.open(Path(folder) / "check") as opened:
        return _check(opened, source, site or "", options, limits)


def _check(ledger: Ledger, source: Source, site: str, options: InputOptions, limits: ControlLimits) -> int:
    plan = stage(ledger, source, site, options)
    try:
        click.echo(f"File       {source.path}")
        click.echo(f"Print      sha256 {source.file_sha256}")
        for note in source.notes:
            click.echo(f"Note       {note}")
        for line in plan_lines(plan, dict(options.currency_exponents)):
            click.echo(line)
        for row in ledger.problems(plan.batch_id):
            for problem in row.problems:
                click.echo(f"row {row.row_number}: {problem.field}: {problem.message} [{problem.code}]")
        check_controls(plan, limits, options)
    finally:
        if plan.is_new:
            ledger.discard(plan.batch_id)
    return 1 if plan.problems else 0
