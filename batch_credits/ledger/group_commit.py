"""The journal's asynchronous front: many coroutines, few commits.

A disk sync costs as much as dozens of requests. So attempts that are about to be sent, and answers that have
come, gather while the previous commit is under way, and go to disk together in the next one. Answers alone
wait up to `flush` seconds for company; an attempt never waits for more than the commit before it.

A commit that fails ends the journal: every caller, present and future, gets the error, so nothing is sent
that is not on disk. Every commit keeps what this process has claimed; so where there is nothing to commit for a
while, nothing is committed.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, Self, TypeVar

from batch_credits.ledger.workers import LEASE_SECONDS, RENEWALS
from batch_credits.model import Finding, OpenAttempt, PlannedCredit, RequestState, idempotency_key
from batch_credits.settings import RunSettings

T = TypeVar("T")


class InThread(Protocol):
    """Runs a blocking call elsewhere, one at a time (the ledger's thread); a simulation runs it on the spot."""

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]:
        """The result of `work`, to be awaited."""


class CommitsGroups(Protocol):
    """What the journal needs of a ledger."""

    def commit(
        self, run_id: int | None, findings: Sequence[Finding], openings: Sequence[PlannedCredit], call: str
    ) -> None:
        """Make all of it durable in one transaction, and keep what was claimed, or raise. `call` is frozen for what was
        not sent yet.
        """


@dataclass(frozen=True)
class Rhythm:
    """Seconds: how long answers alone wait for company, and how long nothing is committed before what was claimed is
    kept by a commit of nothing."""

    flush: float
    keep: float = LEASE_SECONDS / RENEWALS

    @classmethod
    def of(cls, settings: RunSettings) -> Self:
        """As a run is set."""
        return cls(settings.flush_seconds, settings.lease_seconds / RENEWALS)


class Journal:
    """Opens attempts and records findings for one run, whose options make this `call` of what was not sent yet.

    `on_failure` is called at once when a commit fails.
    """

    def __init__(
        self,
        claims: CommitsGroups,
        run_id: int | None,
        site: str,
        *,
        in_thread: InThread,
        rhythm: Rhythm,
        call: str = "{}",
        on_failure: Callable[[], None] = lambda: None,
    ) -> None:
        self._claims = claims
        self._run_id = run_id
        self._site = site
        self._in_thread = in_thread
        self._rhythm = rhythm
        self._call = call
        self._findings: list[Finding] = []
        self._openings: list[PlannedCredit] = []
        self._committed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._committing: asyncio.Future[None] | None = None
        self._work = asyncio.Event()
        self._urgent = asyncio.Event()
        self._writer = asyncio.get_running_loop().create_task(self._write())
        self._on_failure = on_failure
        self.failure: BaseException | None = None
        self.commits = 0

    async def open_attempts(self, credits: Sequence[PlannedCredit]) -> list[OpenAttempt]:
        """Make one more attempt for each request durable; only its result permits to send.

        Raises:
            LedgerError: it is not on disk, so nothing may be sent.
        """
        self._check()
        self._openings.extend(credits)
        committed = self._committed
        self._work.set()
        self._urgent.set()
        await asyncio.shield(committed)
        for credit in credits:
            if credit.call is None or not credit.attempts:  # before the first it said only where to look
                credit.call = self._call
            credit.open_attempts += 1
            credit.attempts += 1
            credit.state = RequestState.IN_FLIGHT
        return [OpenAttempt(credit, idempotency_key(self._site, credit)) for credit in credits]

    def record(self, credit: PlannedCredit, finding: Finding) -> None:
        """Note what was learned of a credit, and let it follow; it becomes durable with the next commit.

        No await: nothing can come between.
        """
        credit.follow(finding)
        self._findings.append(finding)
        self._work.set()

    async def flush(self) -> None:
        """Return once all that was recorded so far is durable.

        Raises:
            LedgerError: it is not.
        """
        self._check()
        if self._findings or self._openings:
            self._urgent.set()
            await asyncio.shield(self._committed)
        elif self._committing is not None:
            await asyncio.shield(self._committing)

    async def close(self) -> None:
        """Make everything durable, and end the writer.

        Raises:
            LedgerError: something that was recorded is not durable.
        """
        try:
            await self.flush()
        finally:
            self._writer.cancel()
            await asyncio.gather(self._writer, return_exceptions=True)
            self._committed.cancel()

    def _check(self) -> None:
        if self.failure is not None:
            raise self.failure

    async def _write(self) -> None:
        while True:
            idle = asyncio.get_running_loop().call_later(self._rhythm.keep, self._work.set)
            try:
                await self._work.wait()
            finally:
                idle.cancel()
            if self._findings or self._openings:
                await _wait_at_most(self._rhythm.flush, self._urgent)
            await self._commit()
            if self.failure is not None:
                return

    async def _commit(self) -> None:
        findings, self._findings = self._findings, []
        openings, self._openings = self._openings, []
        committed, self._committed = self._committed, asyncio.get_running_loop().create_future()
        self._committing = committed
        self._work.clear()
        self._urgent.clear()
        try:
            await self._in_thread(lambda: self._claims.commit(self._run_id, findings, openings, self._call))
        except BaseException as error:
            self.failure = error
            for waited_for in (committed, self._committed):  # who came meanwhile waits for a commit that never comes
                waited_for.set_exception(error)
                waited_for.exception()  # a commit of answers alone has nobody waiting
            self._on_failure()
            if not isinstance(error, Exception):
                raise
        else:
            self.commits += bool(findings or openings)
            committed.set_result(None)
        finally:
            self._committing = None


async def _wait_at_most(seconds: float, event: asyncio.Event) -> None:
    if not event.is_set():
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            pass
