"""What the ledger says, asked in a thread: the server goes on answering meanwhile."""

import asyncio
from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass
from typing import TypeVar

from batch_credits.errors import BatchCreditsError
from batch_credits.ledger import Ledger, Standing
from batch_credits.model import BatchRecord, Mending, RunRecord
from batch_credits.model.address import Place
from batch_credits.model.amounts import money_in_words
from batch_credits.model.orders import order_numbers, orders_of, people_behind
from batch_credits.reporter.amounts import stated_exponents
from batch_credits.views.batches import BatchView, batches_view
from batch_credits.views.workers import WorkerView
from batch_credits.web.door.refusals import Refused

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Known:
    """A batch as the ledger has it. `senders` are the processes that send it now, whoever started them, `behind`
    whoever had it paid."""

    record: BatchRecord
    view: BatchView
    run: RunRecord | None
    mending: Mending
    senders: tuple[WorkerView, ...]
    behind: frozenset[str]
    order: str  # the newest that a run of it carried out, as the file's text; "" none
    order_numbers: frozenset[str]  # of all that its runs began


class Books:
    """Reads the ledger, which may be another's at the moment; it is opened for each question."""

    def __init__(self, ledger: Place) -> None:
        self._ledger = ledger

    async def batches(self) -> list[tuple[BatchView, bool]]:
        """All batches, oldest first, each with whether somebody sends it."""
        return await self._ask(_batches) or []

    async def batch(self, key: str) -> Known | None:
        """One batch; None where the ledger has none of this id."""
        return await self._ask(lambda ledger: _known(ledger, key))

    async def amounts(self, batch: BatchRecord, rows: Iterable[int]) -> dict[int, str]:
        """How much rows of a batch ask for, in words, by their numbers."""

        def asked(ledger: Ledger) -> dict[int, str]:
            moneys = {row: ledger.reports.money(batch.batch_id, row) for row in rows}
            stated = stated_exponents(batch)
            return {row: "" if money is None else money_in_words(money, stated) for row, money in moneys.items()}

        return await self._ask(asked) or {}

    async def credited_elsewhere(self, batch: BatchRecord) -> Set[int]:
        """The rows of a batch whose credits another batch holds: only with that one are they taken back."""

        def asked(ledger: Ledger) -> set[int]:
            standings = ledger.held_credits.standings(batch.batch_id)
            return {row for row, standing, _ in standings if standing is Standing.ELSEWHERE}

        return await self._ask(asked) or set()

    async def _ask(self, question: Callable[[Ledger], Answer]) -> Answer | None:
        """The answer; None where there is no ledger yet.

        Raises:
            Refused: the ledger cannot be read.
        """

        def asked() -> Answer | None:
            if not Ledger.is_at(self._ledger):
                return None
            with Ledger.open_for_reading(self._ledger) as ledger:
                return question(ledger)

        try:
            return await asyncio.to_thread(asked)
        except BatchCreditsError as error:
            raise Refused(503, error.message, error.hint) from None


def _batches(ledger: Ledger) -> list[tuple[BatchView, bool]]:
    return [(view, bool(_living(view))) for view in batches_view(ledger)]


def _known(ledger: Ledger, key: str) -> Known | None:
    record = ledger.batches.find(key)
    if record is None or record.key != key:
        return None
    [view] = batches_view(ledger, key)
    mending = ledger.payouts.mending(record.batch_id)
    runs = ledger.runs.every(record.batch_id)
    orders, last = orders_of(runs), runs[-1] if runs else None
    newest, numbers = orders[-1] if orders else "", order_numbers(run.settings_json for run in runs)
    return Known(record, view, last, mending, _living(view), people_behind(runs), newest, numbers)


def _living(batch: BatchView) -> tuple[WorkerView, ...]:
    return tuple(worker for worker in batch.workers if worker.lease_seconds > 0)
