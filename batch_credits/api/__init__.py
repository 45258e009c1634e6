"""For programs: what `batch-credits` does, to be called from a notebook or from a scheduler's task.

    site = site_settings("acme-test", None, key)
    checked = check_file("payout.csv", site=site, ledger=ledger)
    result = run_file("payout.csv", site=site, ledger=ledger, reports=reports, confirm=lambda checked: ...)
    for row in read_report(result.reports).rows(): ...

These names come from `batch_credits` itself, which imports them when they are asked for. What decides about money has
no default: the ledger, since another one pays again what this one knows, and whoever says yes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from batch_credits.api.anywhere import run_anywhere
from batch_credits.api.bounds import refuse_senseless, sensible
from batch_credits.api.reports import Report, ReportedRow, read_report
from batch_credits.api.trial import local_sandbox
from batch_credits.approval.order import options_of, read_order
from batch_credits.errors import BatchCreditsError, ControlError, NotConfirmed, RunStopped, UsageError
from batch_credits.jobs.check import staged_apart, what_does_not_hold
from batch_credits.jobs.run import Orders, RunRequest, run_batch
from batch_credits.ledger import Ledger
from batch_credits.loader.opening import open_source
from batch_credits.loader.source import Source
from batch_credits.model import ControlTotal, Outcome
from batch_credits.model.address import Place, place
from batch_credits.planning.plan import Plan
from batch_credits.process.signals import Signals
from batch_credits.progress.observers import SilentProgress
from batch_credits.reporter.summary import Summary
from batch_credits.settings import (
    DEFAULT_INPUT,
    ControlLimits,
    InputOptions,
    RunSettings,
    SiteSettings,
    site_settings,
)

__all__ = [
    "BatchCreditsError",
    "CheckedFile",
    "ControlLimits",
    "InputOptions",
    "Report",
    "ReportedRow",
    "RunResult",
    "RunSettings",
    "SiteSettings",
    "check_file",
    "local_sandbox",
    "read_report",
    "run_file",
    "site_settings",
]

MAX_PROBLEMS = 1_000  # of rejected rows that a check keeps; all are counted
_NO_LIMITS = ControlLimits()
_USUAL = RunSettings()


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """A file as a run would see it. Amounts are minor units, by currency.

    `totals` are of the rows whose amounts can be read; `unreadable_amounts` counts the others.
    `counts` are rows by outcome: `pending` ones would be sent. `problems` say why rows are rejected, the first of them
    each by its row. `refusal` is the limit or control total that does not hold; a run would end with it.
    """

    file: Path
    batch: str
    rows: int
    counts: Mapping[str, int]
    totals: Mapping[str, int]
    to_credit: Mapping[str, int]
    unreadable_amounts: int
    warnings: tuple[str, ...]
    problems: tuple[str, ...]
    refusal: ControlError | None

    @property
    def owed(self) -> int:
        """How many rows a run would send or settle."""
        return self.counts[Outcome.PENDING] + self.counts[Outcome.IN_DOUBT]


@dataclass(frozen=True, slots=True)
class RunResult:
    """What became of a file. `stopped` says why the run ended before all was sent, if it did; running again carries on.

    `exit_code` is that of the command: 0 every row is credited, now or before; 1 some were rejected or failed; 3 a
    person must look; 4 stopped.
    """

    batch: str
    counts: Mapping[str, int]
    exit_code: int
    in_balance: bool
    stopped: RunStopped | None
    reports: Path


def check_file(
    path: str | Path,
    *,
    site: SiteSettings | None = None,
    ledger: str | Path | None = None,
    options: InputOptions = DEFAULT_INPUT,
    limits: ControlLimits = _NO_LIMITS,
) -> CheckedFile:
    """Load and validate a file, and send nothing. With `site` and `ledger`, rows that were paid before count as such.

    Raises:
        InputError: the file cannot be read, or is refused as a whole.
        UsageError: an option or a limit makes no sense, or the ledger knows the site at another address.
        LedgerError: the ledger cannot be read.
    """
    if (site is None) != (ledger is None):
        raise UsageError("check_file needs both site and ledger, or neither: what was paid is known by both.")
    source = open_source(Path(path), sensible(options))
    with staged_apart(source, site, _place(ledger or "")) as (scratch, plan):
        problems = tuple(
            f"row {row.row_number}: {problem.field}: {problem.message}"
            for row in islice(scratch.reports.problems(plan.batch_id), MAX_PROBLEMS)
            for problem in row.problems
        )
        return _checked(source, plan, problems, what_does_not_hold(plan, limits, source.as_read(options)))


def run_file(
    path: str | Path,
    *,
    site: SiteSettings,
    ledger: str | Path,
    reports: str | Path,
    confirm: Callable[[CheckedFile], bool],
    options: InputOptions = DEFAULT_INPUT,
    limits: ControlLimits = _NO_LIMITS,
    settings: RunSettings = _USUAL,
    order: str | Path | None = None,
) -> RunResult:
    """Credit every row of a file that is still owed, and write the reports. Running again resumes.

    `order` is a file that other people approved; where the administrator asks for that, nothing is paid without one.
    It says how the file is read, where `options` say nothing.

    `confirm` is shown what is about to be sent, and nothing is sent unless it says True. `ledger` must be the file that
    whoever else pays for this site uses; `batch-credits run` shows its name.

    In a program's main thread SIGINT and SIGTERM are taken while it runs: the first lets answers come in and ends the
    run with `stopped`, the second ends at once. Where an event loop runs already, as in a notebook, it runs in a
    thread, and an interrupt of the kernel means the same. So does what another handler of a signal raises, such as a
    scheduler's time limit: it is raised once the run has ended in order.

    Raises:
        InputError, ControlError, UsageError, NotConfirmed, LedgerError: nothing was sent.
        RunStopped, ReportsNotWritten: it was; the ledger has it all, and running again carries on.
    """
    refuse_senseless(settings, site)
    sealed = read_order(None if order is None else Path(order))
    options, signals = options_of(sealed, options), Signals()
    source = open_source(Path(path), sensible(options))
    said = f"{confirm.__module__}.{getattr(confirm, '__qualname__', type(confirm).__qualname__)} said yes"

    def agree(plan: Plan) -> None:
        if confirm(_checked(source, plan, (), None)) is not True:
            raise NotConfirmed("Nothing was sent: confirm did not say True.")
        if signals.arrived:
            raise NotConfirmed("Interrupted: nothing was sent.")

    async def main() -> tuple[Summary, RunStopped | None]:
        orders = Orders(limits, site, settings, Path(reports), confirmation=said, order=sealed)
        with Ledger.open(_place(ledger)) as opened:
            request = RunRequest(source, options, orders)
            return await run_batch(opened, request, confirm=agree, progress=SilentProgress(), signals=signals)

    return _result(*run_anywhere(main, signals))


def _result(summary: Summary, stopped: RunStopped | None) -> RunResult:
    counts = {outcome.value: summary.counts[outcome] for outcome in Outcome}
    directory = summary.paths.directory
    return RunResult(summary.batch.key, counts, summary.exit_code, summary.in_balance, stopped, directory)


def _place(ledger: str | Path) -> Place:
    return place(ledger) if isinstance(ledger, str) else ledger


def _checked(source: Source, plan: Plan, problems: tuple[str, ...], refusal: ControlError | None) -> CheckedFile:
    return CheckedFile(
        file=source.path,
        batch=plan.key,
        rows=plan.rows,
        counts={outcome.value: plan.count(outcome) for outcome in Outcome},
        totals=_minor_units(plan.totals),
        to_credit=_minor_units(plan.by_outcome.get(Outcome.PENDING, {})),
        unreadable_amounts=plan.unread,
        warnings=(*source.notes, *plan.warnings),
        problems=problems,
        refusal=refusal,
    )


def _minor_units(totals: Mapping[str, ControlTotal]) -> dict[str, int]:
    return {currency: total.amount_minor for currency, total in sorted(totals.items())}
