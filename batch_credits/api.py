"""For programs: what `batch-credits` does, to be called from a notebook or from a scheduler's task.

    site = site_settings("acme-test", None, key)
    checked = check_file("payout.csv", site=site, ledger=ledger)
    result = run_file("payout.csv", site=site, ledger=ledger, reports=reports, confirm=lambda checked: ...)
    for row in read_report(result.reports).rows(): ...

These names come from `batch_credits` itself, which imports them when they are asked for. What decides about money has
no default: the ledger, since another one pays again what this one knows, and whoever says yes.
"""

import asyncio
import csv
import json
import re
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from batch_credits.errors import BatchCreditsError, ControlError, InputError, NotConfirmed, RunStopped, UsageError
from batch_credits.jobs.check import staged_apart, what_does_not_hold
from batch_credits.jobs.run import Orders, RunRequest, run_batch
from batch_credits.ledger import Ledger
from batch_credits.loader import Source, open_source
from batch_credits.model import RESULT_COLUMNS, ControlTotal, Outcome
from batch_credits.planning.plan import Plan
from batch_credits.process.event_loop import run_in_loop
from batch_credits.process.signals import Signals
from batch_credits.progress.observers import SilentProgress
from batch_credits.reporter import Summary
from batch_credits.settings import (
    DEFAULT_INPUT,
    MAX_ORIGIN_LETTERS,
    ControlLimits,
    InputOptions,
    RunSettings,
    SiteSettings,
    site_settings,
)
from batch_credits.text.formula import unescape_formula

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
_HEADER = re.compile(r"[!-~](?:[ -~]*[!-~])?")
_OWN = len(RESULT_COLUMNS)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """A file as a run would see it. Amounts are minor units, by currency.

    `counts` are rows by outcome: `pending` ones would be sent. `problems` say why rows are rejected, the first of them
    each by its row. `refusal` is the limit or control total that does not hold; a run would end with it.
    """

    file: Path
    batch: str
    rows: int
    counts: Mapping[str, int]
    totals: Mapping[str, int]
    to_credit: Mapping[str, int]
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


@dataclass(frozen=True, slots=True)
class ReportedRow:
    """A row of results.csv. `cells` are the source's own, by their headers; what is not known is an empty text."""

    row: int
    outcome: str
    credit_id: str
    reference: str
    error_code: str
    error: str
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Report:
    """The reports of a batch. `summary` is the content of summary.json."""

    directory: Path
    summary: Mapping[str, Any]

    def rows(self) -> Iterator[ReportedRow]:
        """Every row of the file in its order, one in memory at a time.

        Raises:
            InputError: results.csv is not there, or is not one of ours.
        """
        path = self.directory / "results.csv"
        try:
            with path.open(encoding="utf-8", newline="") as stream:
                lines = csv.reader(stream)
                headers = tuple(map(unescape_formula, next(lines, ())))
                if headers[-_OWN:] != tuple(RESULT_COLUMNS):
                    raise InputError(f"{path} is no results.csv: its last columns are not those of a report.")
                for line in lines:
                    yield _reported(headers[:-_OWN], line)
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise InputError(f"{path} cannot be read: {error}.") from None


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
    source = open_source(Path(path), _sensible(options))
    with staged_apart(source, site, Path(ledger or "")) as (scratch, plan):
        problems = tuple(
            f"row {row.row_number}: {problem.field}: {problem.message}"
            for row in islice(scratch.reports.problems(plan.batch_id), MAX_PROBLEMS)
            for problem in row.problems
        )
        return _checked(source, plan, problems, what_does_not_hold(plan, limits, options))


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
) -> RunResult:
    """Credit every row of a file that is still owed, and write the reports. Running again resumes.

    `confirm` is shown what is about to be sent, and nothing is sent unless it says True. `ledger` must be the file that
    whoever else pays for this site uses; `batch-credits run` shows its name.

    In a program's main thread SIGINT and SIGTERM are taken while it runs: the first lets answers come in and ends the
    run with `stopped`, the second ends at once. Where an event loop runs already, as in a notebook, it runs in a
    thread, and an interrupt of the kernel means the same.

    Raises:
        InputError, ControlError, UsageError, NotConfirmed, LedgerError: nothing was sent.
        RunStopped, ReportsNotWritten: it was; the ledger has it all, and running again carries on.
    """
    _refuse_senseless(settings)
    source = open_source(Path(path), _sensible(options))
    signals = Signals()
    said = f"{confirm.__module__}.{getattr(confirm, '__qualname__', type(confirm).__qualname__)} said yes"

    def agree(plan: Plan) -> None:
        if confirm(_checked(source, plan, (), None)) is not True:
            raise NotConfirmed("Nothing was sent: confirm did not say True.")
        if signals.arrived:
            raise NotConfirmed("Interrupted: nothing was sent.")

    async def main() -> tuple[Summary, RunStopped | None]:
        orders = Orders(limits, site, settings, Path(reports), confirmation=said)
        with Ledger.open(Path(ledger)) as opened:
            request = RunRequest(source, options, orders)
            return await run_batch(opened, request, confirm=agree, progress=SilentProgress(), signals=signals)

    summary, stopped = _run(main, signals)
    counts = {outcome.value: summary.counts[outcome] for outcome in Outcome}
    directory = summary.paths.directory
    return RunResult(summary.batch.key, counts, summary.exit_code, summary.in_balance, stopped, directory)


def read_report(directory: str | Path) -> Report:
    """The reports that a run wrote to this directory (`RunResult.reports`).

    Raises:
        InputError: there are none.
    """
    path = Path(directory) / "summary.json"
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {error}.") from None
    return Report(Path(directory), summary)


@contextmanager
def local_sandbox() -> Iterator[SiteSettings]:
    """A Chargebee inside this process, for trying things out: every customer exists whose id does not begin with
    `missing`. It forgets when the block ends, so a ledger that was used with it is to be thrown away."""
    from batch_credits.sandbox import Sandbox, SandboxSettings

    listening: Future[tuple[str, Callable[[], object]]] = Future()

    async def serve() -> None:
        over, loop = asyncio.Event(), asyncio.get_running_loop()
        try:
            async with Sandbox(SandboxSettings(port=0)) as sandbox:
                listening.set_result((sandbox.base_url, lambda: loop.call_soon_threadsafe(over.set)))
                await over.wait()
        except OSError as error:
            listening.set_exception(error)

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="sandbox", daemon=True)
    thread.start()
    base_url, stop = listening.result()
    try:
        yield SiteSettings("sandbox", base_url, "sandbox", is_in_process=True)
    finally:
        stop()
        thread.join()


def _run(main: Callable[[], Coroutine[Any, Any, T]], signals: Signals) -> T:
    """Run to the end, wherever we were called."""
    if not _in_a_loop():
        is_main = threading.current_thread() is threading.main_thread()
        with signals.taken() if is_main else nullcontext():
            return run_in_loop(main())
    with ThreadPoolExecutor(1, thread_name_prefix="batch-credits") as thread:
        running = thread.submit(lambda: run_in_loop(main()))
        while True:
            try:
                return running.result()
            except KeyboardInterrupt:
                with suppress(BatchCreditsError):  # said to us, and meant for the thread, which looks for it
                    signals.arrive()


def _in_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _checked(source: Source, plan: Plan, problems: tuple[str, ...], refusal: ControlError | None) -> CheckedFile:
    return CheckedFile(
        file=source.path,
        batch=plan.key,
        rows=plan.rows,
        counts={outcome.value: plan.count(outcome) for outcome in Outcome},
        totals=_minor_units(plan.totals),
        to_credit=_minor_units(plan.by_outcome.get(Outcome.PENDING, {})),
        warnings=(*source.notes, *plan.warnings),
        problems=problems,
        refusal=refusal,
    )


def _minor_units(totals: Mapping[str, ControlTotal]) -> dict[str, int]:
    return {currency: total.amount_minor for currency, total in sorted(totals.items())}


def _reported(headers: tuple[str, ...], line: list[str]) -> ReportedRow:
    own, ours = line[:-_OWN], dict(zip(RESULT_COLUMNS, map(unescape_formula, line[-_OWN:]), strict=True))
    return ReportedRow(
        row=int(ours["credit_row"]),
        outcome=ours["credit_outcome"],
        credit_id=ours["credit_id"],
        reference=ours["credit_reference"],
        error_code=ours["credit_error_code"],
        error=ours["credit_error"],
        cells=dict(zip(headers, map(unescape_formula, own), strict=True)),
    )


def _sensible(options: InputOptions) -> InputOptions:
    """The options, unless one cannot be meant: the command line refuses the same in its own words."""
    if options.failed_csv:
        raise UsageError("failed_csv is not for callers: a failed.csv says itself what it is.")
    if options.amount_unit not in ("minor", "major"):
        raise UsageError(f"amount_unit is {options.amount_unit!r}; it must be minor or major.")
    for name in ("header_map", "currency_exponents"):
        keys = [key.lower() for key, _ in getattr(options, name)]
        if len(keys) != len(set(keys)):
            raise UsageError(f"{name} gives one name twice, and nobody can tell which is meant.")
    return options


def _refuse_senseless(settings: RunSettings) -> None:
    """The same of how to send.

    Raises:
        UsageError: a setting is out of bounds, or no header can carry it.
    """
    bounds = {
        "share": 0 < settings.share <= 1,
        "rate_per_minute": settings.rate_per_minute >= 0,
        "concurrency": 1 <= settings.concurrency <= 1000,
        "processes": settings.processes == 1,  # more start this program again, and it is not ours
        "timeout_seconds": 0 < settings.timeout_seconds <= 3600,
        "quarantine_seconds": 0 <= settings.quarantine_seconds <= 86_400,
        "pilot": 0 <= settings.pilot <= 1000,
        "silence": set(settings.silence) <= {"email", "webhook", "actions"},
    }
    for name, at_most in (("business_entity_id", 50), ("origin_device", MAX_ORIGIN_LETTERS), ("origin_ip", 50)):
        text = getattr(settings, name)
        bounds[name] = text is None or (len(text) <= at_most and _HEADER.fullmatch(text) is not None)
    user = settings.origin_user
    bounds["origin_user"] = user is None or (user.isprintable() and "@" in user and len(user) <= MAX_ORIGIN_LETTERS)
    for name, holds in bounds.items():
        if not holds:
            raise UsageError(f"RunSettings.{name} is {getattr(settings, name)!r}, which a run cannot have.")
