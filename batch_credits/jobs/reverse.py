"""Undoing a batch, as one paragraph: what it credited is staged as deductions, looked at, agreed to, sent, reported.

    selection = select(ledger, batch, rows)     the credits that the batch holds, or those of them that a file names
    plan = stage_reversal(ledger, selection)    a batch of its own, of deductions; nothing is owed yet
    look_up_balances(...)                       for whom the balance no longer covers it
    agreed(...), carry_out(...)                 as every run: controls, the question, the pool, the reports

It is a run like any other: the same ledger, protocol and reports, and running it again is the only repair there is.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from batch_credits.addresses import of_another_site
from batch_credits.errors import Outage, RunStopped, UsageError
from batch_credits.jobs.approved import refuse_own
from batch_credits.jobs.run import Orders, agreed, carry_out, check_address, spares_for
from batch_credits.ledger import Ledger
from batch_credits.model import BatchRecord, Outcome
from batch_credits.planning.customers import Balances, look_up_balances
from batch_credits.planning.plan import Plan
from batch_credits.planning.reversal import Selection, business_entity_of, select, stage_reversal
from batch_credits.process.signals import Signals
from batch_credits.progress.observers import Progress
from batch_credits.reporter.files import refuse_unwritable
from batch_credits.reporter.summary import Summary
from batch_credits.settings import InputOptions


@dataclass(frozen=True, slots=True)
class ReverseRequest:
    """Which batch is to be undone, which of its rows (None: all that it credited), and how."""

    batch: BatchRecord
    rows_file: Path | None
    orders: Orders


@dataclass(frozen=True, slots=True)
class Picture:
    """What a person sees before saying yes. `balances` is None where nothing is owed, or Chargebee did not answer."""

    plan: Plan
    selection: Selection
    balances: Balances | None
    business_entity_id: str | None = None


async def reverse_batch(
    ledger: Ledger,
    request: ReverseRequest,
    *,
    confirm: Callable[[Picture], None],
    progress: Progress,
    signals: Signals,
) -> tuple[Summary, RunStopped | None]:
    """Deduct what a batch credited, each credit once, and write the reports.

    `confirm` is called with the picture, and raises `NotConfirmed` to send nothing. Returns the summary, and why the
    sending stopped early.

    Raises:
        UsageError, InputError, ControlError, NotConfirmed, LedgerError: nothing was sent.
        RunStopped: before the question: the key or the site refuses us, and nothing was sent.
        JournalFailed, ReportsNotWritten, Interrupted: as of a run.
    """
    batch, orders = request.batch, request.orders
    if batch.site != orders.site.site:
        raise of_another_site(batch.key, batch.site, orders.site.site)
    check_address(ledger, orders)
    refuse_own(ledger, batch, "reverse")
    selection = select(ledger, batch, request.rows_file)
    _refuse_nothing(selection)
    orders = _for_its_entity(ledger, orders, selection)
    plan = stage_reversal(ledger, selection)
    try:
        balances = None
        if plan.owed or (orders.settings.retry_failed and plan.count(Outcome.FAILED)):
            with suppress(Outage):  # a wrong credit is urgent to undo, and the balances are only a warning
                balances = await _balances(ledger, plan, orders, signals)
    except BaseException:
        if plan.is_new:
            ledger.admission.discard(plan.batch_id)
        raise
    picture = Picture(plan, selection, balances, orders.settings.business_entity_id)
    options = InputOptions.from_json(batch.options_json)
    name = f"reversal of {batch.file_name}"

    def ask(plan: Plan) -> None:
        refuse_unwritable(name, plan.key, orders.reports)
        confirm(replace(picture, plan=plan))

    plan = agreed(ledger, plan, orders, options, ask)
    async with spares_for(ledger, orders) as spares:
        return await carry_out(ledger, plan, orders, name, progress, signals, spares)


def _refuse_nothing(selection: Selection) -> None:
    if not selection.rows:
        key = selection.batch.key[:8]
        raise UsageError(
            f"There is nothing to reverse: batch {key} credited none of these rows.",
            hint=" ".join(selection.left_out()),
            instead=[("status", key)],
        )


async def _balances(ledger: Ledger, plan: Plan, orders: Orders, signals: Signals) -> Balances:
    """Ask for the balances; a signal ends it, and the reversal with it.

    A signal's own exception would be lost in the loop, which runs the handler between its callbacks.
    """
    loop = asyncio.get_running_loop()
    asking = loop.create_task(look_up_balances(ledger, plan.batch_id, orders.site, orders.settings))

    def stop() -> None:
        loop.call_soon_threadsafe(asking.cancel)

    with signals.doing(stop):
        try:
            return await asking
        except asyncio.CancelledError:
            if signals.arrived:
                signals.refuse()
            raise


def _for_its_entity(ledger: Ledger, orders: Orders, selection: Selection) -> Orders:
    """The orders, for the business entity that was credited."""
    entity = business_entity_of(ledger, selection, orders.settings.business_entity_id)
    return replace(orders, settings=replace(orders.settings, business_entity_id=entity))
