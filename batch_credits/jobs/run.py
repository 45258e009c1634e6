"""START HERE: load a file, issue its credits, report what became of every row.

    plan = stage(ledger, source, ...)      the file, validated and staged in the ledger; nothing is owed yet
    confirm(plan)                          a person, or --yes
    ledger.admit(plan.batch_id)            now it is owed
    issue(...)                             the worker pool sends, the settler asks, the ledger remembers
    write_reports(...)                     from the ledger alone

Whatever happens after `admit`, short of the ledger's failing, the reports are written; running again carries on.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING

from batch_credits.approval.order import Sealed
from batch_credits.chargebee.transport.choice import http_transport
from batch_credits.errors import AnsweredForAnother, JournalFailed, LedgerBusy, LedgerError, RunStopped
from batch_credits.jobs.approved import for_the_record as order_for_the_record
from batch_credits.jobs.approved import hold_to_order
from batch_credits.ledger import Ledger
from batch_credits.ledger.keeping import what_mends
from batch_credits.loader.source import Source
from batch_credits.model import BatchRecord, Outcome, RequestState, sum_totals
from batch_credits.planning.controls import check_controls
from batch_credits.planning.earlier_reports import refuse_what_another_ledger_paid
from batch_credits.planning.plan import Plan, stage, with_failed_owed, with_parting_told
from batch_credits.planning.repeats import refuse_repeat
from batch_credits.process.signals import Signals
from batch_credits.progress.observers import Progress, SilentProgress
from batch_credits.progress.pace import BatchMoney
from batch_credits.reporter.amounts import stated_exponents
from batch_credits.reporter.files import refuse_unwritable
from batch_credits.sending.context import RunContext
from batch_credits.sending.issued import Issued
from batch_credits.sending.pilot import Agree, agrees
from batch_credits.sending.processes import Process, Processes, Spares
from batch_credits.sending.session import issue, start_progress
from batch_credits.settings import (
    ControlLimits,
    InputOptions,
    Origin,
    RunSettings,
    SiteSettings,
    for_the_record,
    with_order,
)

if TYPE_CHECKING:  # the first row need not wait for what writes the reports
    from batch_credits.reporter.summary import Summary

COLLEAGUE_SECONDS = 1.0  # between looks whether somebody else is through with the same file
# Of sending, before what writes the reports is loaded beside it: the first row need not wait for that, nor the end of a
# long run find a newer program in its place.
LOAD_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Orders:
    """How a plan is to be carried out, and what it is held against before."""

    limits: ControlLimits
    site: SiteSettings
    settings: RunSettings
    reports: Path
    is_same_site: bool = False  # the operator says so, though the address changed
    confirmation: str = ""  # how a person said yes, for the record
    origins: tuple[Origin, ...] = ()  # of settings that nobody typed, for the record
    xlsx: bool = False  # write the tables as workbooks, too
    agree: Agree = agrees  # shown the pilot, and asked whether to go on
    refuse_repeat: bool = False  # a content that came before, or whose reference is another's, is not paid
    source: Path | None = None  # the file, for the record
    order: Sealed | None = None  # that it carries out, with who approved it
    needed_at_the_end: tuple[str, ...] = ()  # modules of the caller's, to be loaded beside what writes the reports


@dataclass(frozen=True, slots=True)
class RunRequest:
    """Everything that a run is about."""

    source: Source
    input_options: InputOptions
    orders: Orders


async def run_batch(
    ledger: Ledger, request: RunRequest, *, confirm: Callable[[Plan], None], progress: Progress, signals: Signals
) -> "tuple[Summary, RunStopped | None]":
    """Credit every row still owed, and write the reports. Returns the summary, and why the run stopped early.

    `confirm` is called with the plan, and raises `NotConfirmed` to send nothing. The caller takes `signals`, since
    they can come before and after this, too.

    Raises:
        InputError, ControlError, UsageError, NotConfirmed, LedgerError: nothing was sent.
        JournalFailed: the ledger failed while the run went on; nothing was sent after that.
        ReportsNotWritten: the run is over, and the ledger has it all.
        Interrupted: told to end at once while the reports were written; the ledger has it all.
    """
    path, orders = request.source.path, replace(request.orders, source=request.source.path)

    def ask(plan: Plan) -> None:
        refuse_unwritable(path.name, plan.key, orders.reports)
        confirm(plan)

    async with spares_for(ledger, orders) as spares:
        plan = await _plan(ledger, request, ask, progress)
        return await carry_out(ledger, plan, orders, path.name, progress, signals, spares)


def spares_for(ledger: Ledger, orders: Orders) -> AbstractAsyncContextManager[Spares]:
    """The processes that shall send, where several do: they start while the file is read."""
    if ledger.is_shared or orders.settings.processes == 1:
        return Spares.waiting(0, orders.site.api_key, ())
    return Spares.waiting(orders.settings.processes, orders.site.api_key, ledger.lock_descriptors())


async def carry_out(
    ledger: Ledger,
    plan: Plan,
    orders: Orders,
    name: str,
    progress: Progress,
    signals: Signals,
    spares: Spares,
) -> "tuple[Summary, RunStopped | None]":
    """Send what an agreed plan owes, and write the reports under this name.

    Returns the summary, and why the sending stopped early. Raises what `run_batch` does once sending has begun.
    """
    orders = replace(orders, limits=replace(orders.limits, of_file=tuple(plan.of_file)))
    orders = _looking_first(ledger, orders, progress)
    signals.sending_begins()
    batch = _admitted(ledger, plan, orders)
    run_id: int | None = None
    loading = Timer(LOAD_SECONDS, load_ahead, ["batch_credits.jobs.report", *orders.needed_at_the_end])
    loading.daemon = True
    if orders.settings.budget:  # without a limit nothing is idle, and the rows would wait for Python's lock
        loading.start()
    try:
        run_id = _begun(ledger, batch, orders, lease_seconds=_lease_of_alone(ledger, orders.settings))
        start_progress(ledger, batch.batch_id, progress, _money_of(as_it_begins(ledger, plan), batch))
        run = RunContext(ledger, batch, run_id, orders.settings, progress)
        issued = await _issue_and_note(run, orders, signals, spares)
    except LedgerError as error:
        if run_id is None and isinstance(error, LedgerBusy):  # somebody else sends: the run did not begin
            raise
        raise JournalFailed(error.message, hint=error.hint) from error
    finally:
        loading.cancel()
        progress.close()
    ledger.seal_beside()
    from batch_credits.jobs.report import report_batch  # here, for the first row need not wait for it

    # The same content may have come under another name before; the reports bear the name that was run now.
    named = replace(batch, file_name=name)
    summary = report_batch(ledger, named, orders.reports, live=orders.site.is_live, xlsx=orders.xlsx)
    return summary, issued.stopped


def load_ahead(*names: str) -> None:
    """Load modules. Where that fails now (no file handle is left), it is tried again when they are needed:
    a thread's error would only be shown, as a traceback amid all else."""
    with suppress(Exception):
        for name in names:
            import_module(name)


async def detach_batch(
    ledger: Ledger, request: RunRequest, *, confirm: Callable[[Plan], None], progress: Progress, signals: Signals
) -> BatchRecord:
    """Admit what a file asks for, and leave the sending to the workers of the site. Returns the batch.

    Raises:
        InputError, ControlError, UsageError, NotConfirmed, LedgerError: nothing was sent.
    """
    from batch_credits.sending.team import Team, enqueue  # with the extra alone

    orders = replace(request.orders, source=request.source.path)
    plan = await _plan(ledger, request, confirm, progress)
    orders = replace(orders, limits=replace(orders.limits, of_file=tuple(plan.of_file)))
    orders = _looking_first(ledger, orders, progress)
    signals.sending_begins()
    batch = _admitted(ledger, plan, orders)
    run_id = _begun(ledger, batch, orders, lease_seconds=None)
    run = RunContext(ledger, batch, run_id, orders.settings, SilentProgress())
    await enqueue(Team(run, ledger.path, orders.site))
    return batch


def _admitted(ledger: Ledger, plan: Plan, orders: Orders) -> BatchRecord:
    """Now it is owed; but first this ledger takes the site on, which no other may have done meanwhile."""
    try:
        ledger.sites.note_address(orders.site.site, orders.site.address)
    except BaseException:
        if plan.is_new:
            ledger.admission.discard(plan.batch_id)
        raise
    if plan.is_new:
        # Asked again where nobody else can admit anything meanwhile.
        guard = partial(refuse_repeat, ledger, plan.batch_id) if orders.refuse_repeat else None
        ledger.admission.admit(plan.batch_id, guard)
    return ledger.batches.one(plan.key)


def _begun(ledger: Ledger, batch: BatchRecord, orders: Orders, *, lease_seconds: float | None) -> int:
    """The number of a run that begins."""
    settings = orders.settings
    record = for_the_record(
        settings, orders.limits, orders.site, orders.confirmation, origins=orders.origins, ledger=ledger.path,
        places={"reports": orders.reports, "source": orders.source},
    )  # fmt: skip
    return ledger.runs.start(
        batch.batch_id,
        retry_failed=settings.retry_failed,
        settings_json=with_order(record, order_for_the_record(orders.order, orders.site)),
        lease_seconds=lease_seconds,
        timeout_seconds=settings.timeout_seconds,
        has_pilot=settings.pilot > 0,
    )


async def _plan(
    ledger: Ledger, request: RunRequest, confirm: Callable[[Plan], None], progress: Progress
) -> Plan:
    orders = request.orders
    check_address(ledger, orders)
    plan = None
    while plan is None:
        try:
            plan = stage(ledger, request.source, orders.site.site)
        except LedgerBusy as busy:  # a colleague has just this file in hand: once it is admitted, this run joins theirs
            if not ledger.is_shared:
                raise
            progress.note(f"{busy.message} Waiting for that.")
            await asyncio.sleep(COLLEAGUE_SECONDS)
    return agreed(ledger, plan, orders, request.source.as_read(request.input_options), confirm)


def _looking_first(ledger: Ledger, orders: Orders, progress: Progress) -> Orders:
    """The orders; with --verify-first where the ledger may have forgotten what was paid."""
    why = ledger.keeping.why_unproven(orders.site.site, orders.settings.business_entity_id)
    if why is None:
        return orders
    progress.note(
        f"The ledger may have forgotten what was paid: {why}. So every row is looked up at Chargebee before it is sent,"
        f" until {what_mends(why)}."
    )
    return replace(orders, settings=replace(orders.settings, verify_first=True))


def check_address(ledger: Ledger, orders: Orders) -> None:
    """Refuse to take one Chargebee for another.

    Raises:
        UsageError: the ledger knows the site at another address, or the address by another name.
    """
    ledger.sites.check_address(orders.site.site, orders.site.address, is_same_site=orders.is_same_site)


def agreed(
    ledger: Ledger, plan: Plan, orders: Orders, options: InputOptions, confirm: Callable[[Plan], None]
) -> Plan:
    """The plan that holds against every limit, and to which somebody said yes; else it is forgotten.

    Raises:
        ControlError, UsageError, NotConfirmed: nothing was sent.
    """
    try:
        ledger.claims.check_entity(plan.batch_id, orders.settings.business_entity_id, is_new=plan.is_new)
        if not plan.is_new:
            ledger.payouts.refuse_paid_since(plan.batch_id, plan.key)
        if orders.settings.retry_failed:
            ledger.payouts.refuse_retry(plan.batch_id)
            plan = with_failed_owed(ledger, plan)
        plan = with_parting_told(ledger, plan, orders.settings.business_entity_id)
        if not (orders.settings.verify_first or orders.site.is_in_process):
            refuse_what_another_ledger_paid(plan, orders.reports, ledger.path)
        if orders.refuse_repeat and plan.is_new:
            refuse_repeat(ledger, plan.batch_id)
        check_controls(plan, orders.limits, options)
        hold_to_order(ledger, plan, orders.order, orders.site, orders.settings.business_entity_id)
        confirm(plan)
    except BaseException:
        if plan.is_new:
            ledger.admission.discard(plan.batch_id)
        raise
    return plan


def as_it_begins(ledger: Ledger, plan: Plan) -> Plan:
    """The plan, with what colleagues have settled since it was made: a person may have thought about it for long."""
    states = ledger.claims.unsettled(plan.batch_id)
    owed = states[RequestState.PENDING] + states[RequestState.IN_DOUBT] + states[RequestState.IN_FLIGHT]
    return plan if owed == plan.owed else replace(plan, by_outcome=ledger.totals.known(plan.batch_id))


def _money_of(plan: Plan, batch: BatchRecord) -> BatchMoney:
    """What the batch asks for and what of it is credited, for whoever watches."""
    credited = (Outcome.CREDITED, Outcome.ALREADY_CREDITED)
    return BatchMoney(
        sum_totals(totals for outcome, totals in plan.by_outcome.items() if outcome is not Outcome.REJECTED),
        sum_totals(plan.by_outcome.get(outcome, {}) for outcome in credited),
        stated_exponents(batch),
        {outcome: plan.count(outcome) for outcome in Outcome if outcome not in (Outcome.PENDING, Outcome.IN_DOUBT)},
    )


def _lease_of_alone(ledger: Ledger, settings: RunSettings) -> float | None:
    """For how long what this process claims for its run is its own; None: others claim for it."""
    return settings.lease_seconds if settings.processes == 1 and not ledger.is_shared else None


async def _issue_and_note(run: RunContext, orders: Orders, signals: Signals, spares: Spares) -> Issued:
    ledger, run_id, settings, site = run.ledger, run.run_id, orders.settings, orders.site
    if ledger.is_shared:
        from batch_credits.sending.team import Team, issue_in_team  # with the extra alone

        issued = await issue_in_team(Team(run, ledger.path, site, orders.is_same_site), signals, orders.agree)
    elif settings.processes > 1:

        def spawn(number: int) -> asyncio.Future[Process]:
            return asyncio.ensure_future(spares.told((ledger.path, run_id, number)))

        async with Processes.started(ledger.workers, run_id, settings, run.progress, spawn) as processes:
            issued = await processes.issue(signals)
    else:
        async with http_transport(site, settings) as transport:
            issued = await issue(run, transport, signals, orders.agree)
    ledger.runs.end(
        run_id,
        requests=issued.requests,
        throttled=issued.counts.throttled,
        retries=issued.counts.retries,
        stopped=issued.stopped.message if issued.stopped else None,
        needs_person=isinstance(issued.stopped, AnsweredForAnother),
    )
    ledger.workers.end()
    return issued
