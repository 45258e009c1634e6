"""Settles doubt by asking Chargebee.

A credit in doubt was sent, and nothing proves what came of it. The settler looks at once, since most such
credits show in a second; if nothing shows, it waits for the quarantine to end, since the request may still be
on its way, and looks again beside a witness. What to make of a look is `protocol.after_look`'s to say.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol, assert_never

from batch_credits.chargebee.client import Chargebee, LookFailed
from batch_credits.errors import RunStopped
from batch_credits.ledger import KnownCredit, Moment
from batch_credits.ledger.group_commit import InThread, Journal
from batch_credits.model import Outcome, PlannedCredit, RequestState
from batch_credits.model.identity import other_forms
from batch_credits.process import clock
from batch_credits.progress.observers import Progress
from batch_credits.protocol import (
    Decision,
    DoubtFacts,
    FoundNothing,
    Look,
    LookAgain,
    RaiseAlarm,
    ReleaseAbsent,
    ResendSameKey,
    SendToReview,
    SettleCredited,
    Witness,
    after_look,
)
from batch_credits.reconciler.looks import Memory, what_is_known, what_was_found
from batch_credits.reconciler.lost import LostHolders
from batch_credits.reconciler.nearby import Lists
from batch_credits.settings import RunSettings

_WITNESSES = 3


class Pool(Protocol):
    """Who gets the credits back."""

    def release(self, credit: PlannedCredit) -> None:
        """It may be sent."""

    def settled(self, credit: PlannedCredit) -> None:
        """It is settled, or left for the next run or a person."""

    def stop(self, error: RunStopped | None) -> None:
        """Send nothing more."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """One look, and what stood beside it."""

    look: Look
    witness: Witness


class DoubtSettler:
    """Settles the doubts of one run. Build it in a running event loop; `hold` each credit in doubt."""

    def __init__(
        self,
        *,
        chargebee: Chargebee,
        journal: Journal,
        memory: Memory,
        site: str,
        settings: RunSettings,
        observer: Progress,
        in_thread: InThread,
    ) -> None:
        self._chargebee = chargebee
        self._journal = journal
        self._memory = memory
        self._site = site
        self._settings = settings
        self._observer = observer
        self._in_thread = in_thread
        self._loop = asyncio.get_running_loop()
        self._started = self._loop.time()
        self._tasks: set[asyncio.Task[None]] = set()
        self._looking = asyncio.Semaphore(max(1, settings.concurrency // 2))
        self._said_waiting = False
        self._lost = LostHolders(memory.moment, in_thread, settings.quarantine_seconds)
        self._lists = Lists(chargebee, self._loop.time)
        self._next_look_at: dict[int, float] = {}  # of credits that wait for one
        self.failure: BaseException | None = None

    def hold(self, credit: PlannedCredit, pool: Pool) -> None:
        """Settle this credit's doubt, and give it back to the pool."""
        self._lost.note(credit)
        task = self._loop.create_task(self._settle(credit, pool))
        self._tasks.add(task)
        task.add_done_callback(partial(self._ended, pool))

    def seconds_to_look(self) -> float:
        """Until the next of the credits that are held is looked at."""
        return max(0.0, min(self._next_look_at.values(), default=0.0) - self._loop.time())

    async def close(self) -> None:
        """End every wait; what is not settled stays in doubt for the next run."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._lost.close()

    def _ended(self, pool: Pool, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self.failure = task.exception()
            pool.stop(None)

    async def _settle(self, credit: PlannedCredit, pool: Pool) -> None:
        try:
            step = await self._look_until_decided(credit)
        except RunStopped as stop:
            pool.stop(stop)
            step = None
        finally:
            self._next_look_at.pop(credit.request_id, None)
        if step is None:
            pool.settled(credit)
        else:
            self._carry_out(credit, step, pool)

    async def _look_until_decided(self, credit: PlannedCredit) -> Decision | None:
        """Look early and often, then when the quarantine is over. None: undecided, left in doubt."""
        settings = self._settings
        waits = list(settings.early_look_seconds)
        looks_left, failures, failed_in_a_row = settings.max_looks, 0, 0
        over_since: Moment | None = None
        lacked_witness = lacked_younger = False
        while True:
            quarantined = self._quarantine_left(credit)
            if waits and (quarantined > 0 or not settings.wait):
                wait = min(waits.pop(0), quarantined) if settings.wait else waits.pop(0)
            elif not settings.wait:
                return None
            elif quarantined > 0:
                self._say_waiting(quarantined)
                wait = quarantined
            elif lacked_younger:
                wait = min(settings.look_again_seconds, self._lost.seconds_alone(credit))
            elif failed_in_a_row:  # no look at all, so the list need not be given time
                wait = min(settings.look_again_seconds, float(1 << failed_in_a_row))
            else:
                wait = settings.look_again_seconds if looks_left < settings.max_looks else 0.0
            self._next_look_at[credit.request_id] = self._loop.time() + wait
            await asyncio.sleep(wait)
            is_over = self._quarantine_left(credit) <= 0
            if is_over and over_since is None:
                over_since = await self._in_thread(self._memory.moment)
            try:
                async with self._looking:
                    seen = await self._look(credit, over_since)
            except LookFailed as error:
                failures += 1
                failed_in_a_row += 1
                if failures > settings.max_looks + len(settings.early_look_seconds):
                    self._observer.note(f"Chargebee does not say what became of {credit.customer_id}: {error}.")
                    return None
                continue
            if lacked_witness and seen.witness is Witness.NOT_SHOWN:
                looks_left = settings.max_looks  # the first witness came up only now: the list gets time to show it
            lacked_witness = seen.witness is Witness.NONE_EXISTS
            lacked_younger = seen.witness is Witness.TOO_OLD
            looks_left -= is_over and not lacked_younger
            failed_in_a_row = 0
            step = after_look(credit, seen.look, seen.witness, self._facts(credit, is_over, looks_left))
            if not isinstance(step, LookAgain):
                return step

    def _facts(self, credit: PlannedCredit, is_over: bool, looks_left: int) -> DoubtFacts:
        remembered = self._chargebee.key_is_remembered(credit, clock.boottime())
        return DoubtFacts(quarantine_over=is_over, key_remembered=remembered, looks_left=looks_left)

    def _quarantine_left(self, credit: PlannedCredit) -> float:
        """Seconds until absence may count: from our own last send, or our own start if another process sent it; or what
        a lost worker's doubt waits for."""
        over_at = self._lost.over_at(credit)
        if over_at is not None:
            return over_at - self._loop.time()
        since = self._started if credit.last_sent is None else credit.last_sent
        return since + self._settings.quarantine_seconds - self._loop.time()

    def _say_waiting(self, seconds: float) -> None:
        if not self._said_waiting:
            self._said_waiting = True
            wait = max(round(seconds), 1)
            self._observer.note(
                f"Some rows were sent and may be on their way; waiting {wait} s until their absence can be believed."
                " Other rows go on meanwhile. (Ctrl-C is safe: running again settles them.)"
            )

    # -- Looking -------------------------------------------------------------------------------------------

    async def _look(self, credit: PlannedCredit, over_since: Moment | None) -> _Seen:
        """`over_since`: when the quarantine was found to be over; None while it is not."""
        other_ids = other_forms(credit.customer_id)
        look = await self._ask(credit, other_ids if credit.open_attempts == 0 else ())
        # Only an absence that could be believed now is worth the questions that make it believable.
        is_open = credit.open_attempts > 0 and credit.credit_id is None
        if not isinstance(look, FoundNothing) or over_since is None or not is_open:
            return _Seen(look, Witness.NOT_SHOWN)
        if await self._chargebee.is_deleted(credit.customer_id, credit.call):
            return _Seen(FoundNothing(customer_deleted=True), Witness.NOT_SHOWN)
        witness = await self._witness(credit, over_since)
        if witness is Witness.SHOWN:
            # The list may have caught up between the two questions, so the look must come after its witness.
            look = await self._ask(credit, other_ids)
        return _Seen(look, witness)

    async def _ask(self, credit: PlannedCredit, other_ids: Sequence[str] = ()) -> Look:
        """Look for the credit, under other forms of its customer's id too: its list may know the stored form alone."""
        listed = await self._lists.of(credit, other_ids)
        own, elsewhere = listed.own, listed.elsewhere
        if not own and not elsewhere:
            return FoundNothing()
        known = await self._in_thread(lambda: what_is_known(self._memory, self._site, credit, [*own, *elsewhere]))
        return what_was_found(credit, own, elsewhere, known)

    async def _witness(self, credit: PlannedCredit, over_since: Moment) -> Witness:
        """Ask for one that we know to exist, of the same kind: a list that shows it shows every older one."""
        kind, call, memory = credit.kind, credit.call or "{}", self._memory
        if self._lost.seconds_alone(credit):
            known = await self._sent_since(credit, (over_since, self._lost.since(credit)))
            if not known:
                return Witness.TOO_OLD
        else:
            known = await self._in_thread(lambda: memory.witnesses(self._site, kind, over_since, _WITNESSES, call))
        for witness in known:
            if await self._chargebee.shows(witness.credit_id, kind, call):
                return Witness.SHOWN
            if not await self._chargebee.is_deleted(witness.customer_id, call):
                return Witness.NOT_SHOWN  # it exists, so the list lags; another would prove less
        if known:
            return Witness.NOT_SHOWN
        return Witness.SHOWN if await self._chargebee.lists_anything(kind, call) else Witness.NONE_EXISTS

    async def _sent_since(self, credit: PlannedCredit, moments: Sequence[Moment | None]) -> list[KnownCredit]:
        """What was sent and answered since the first of these moments after which anything was."""
        kind, call = credit.kind, credit.call or "{}"

        def ask() -> list[KnownCredit]:
            found = (
                self._memory.sent_since(self._site, kind, since, _WITNESSES, call)
                for since in moments
                if since is not None
            )
            return next(filter(None, found), [])

        return await self._in_thread(ask)

    # -- What follows ----------------------------------------------------------------------------------------

    def _carry_out(self, credit: PlannedCredit, step: Decision, pool: Pool) -> None:
        was_in_doubt = credit.state is RequestState.IN_DOUBT  # else it is looked at before its first send
        match step:
            case SettleCredited():
                self._journal.record(credit, step.finding(credit))
                outcome = Outcome.CREDITED if credit.attempts else Outcome.ALREADY_CREDITED
                self._observer.credited(credit.money)
                self._observer.settled(outcome, was_in_doubt=was_in_doubt)
                pool.settled(credit)
            case ReleaseAbsent():
                if was_in_doubt:
                    self._journal.record(credit, step.finding(credit))
                    self._observer.settled(Outcome.PENDING, was_in_doubt=True)
                pool.release(credit)
            case ResendSameKey():
                self._observer.settled(Outcome.PENDING, was_in_doubt=True)
                pool.release(credit)
            case SendToReview() | RaiseAlarm():
                self._journal.record(credit, step.finding(credit))
                self._observer.settled(Outcome.REVIEW, was_in_doubt=was_in_doubt)
                pool.settled(credit)
                if isinstance(step, RaiseAlarm):
                    pool.stop(step.alarm(credit))
            case _:
                assert_never(step)
