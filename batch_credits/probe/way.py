"""The calls of a probe: each is on disk before it is on the wire, and passes the gate of the site's limits.

A reply says what it proves about money by the same table as a run's answers, and keeps what a run does not look at.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from batch_credits.call import headers_of
from batch_credits.chargebee.answers import Answer, document_of, error_of
from batch_credits.chargebee.bodies import has_amount
from batch_credits.chargebee.client import Chargebee, Gate, LookFailed
from batch_credits.chargebee.failures import failure_of
from batch_credits.chargebee.transport.choice import http_transport
from batch_credits.chargebee.transport.seam import Transport
from batch_credits.chargebee.verdicts import is_replayed, verdict_of_error
from batch_credits.errors import Outage
from batch_credits.gate.session import Session, session_at
from batch_credits.ledger import CallState, Ledger, ProbeCall, Probes
from batch_credits.model import CallKind
from batch_credits.process import clock
from batch_credits.protocol import Blocked, NotSent, Refused, Throttled, Unavailable, Verdict
from batch_credits.settings import RunSettings, SiteSettings

T = TypeVar("T")
Sleep = Callable[[float], Awaitable[None]]
_PATHS = {kind: f"/api/v2/promotional_credits/{kind}" for kind in CallKind}
_TRIES = 6  # of a call that was told to wait, and of a question
_OF_A_USED_KEY = (400, 409, 422)  # by which a key that was used for something else is refused, or may be
_WAIT_SECONDS = 2.0  # where a site says nothing of how long


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of one call. `credit` is what the answer shows of a credit, `credit_id` its id; `verdict` what is
    proved otherwise, `is_own`: in Chargebee's own words; `trouble` says why there is no credit."""

    status: int | None
    credit_id: str | None = None
    credit: dict[str, Any] | None = None
    is_replay: bool = False
    is_own: bool = True
    verdict: Verdict | None = None
    code: str = ""
    trouble: str = ""

    def did_nothing(self, *, is_key_used: bool = False) -> bool:
        """Whether it is proved that this very call did nothing; `is_key_used`: another call had its key before, so
        Chargebee's own refusal may be about that, and is as good a proof."""
        match self.verdict:
            case Refused() | NotSent():
                return True
            case Throttled() | Unavailable():
                return is_key_used or not self.verdict.replayed
            case Blocked(_, is_proof):
                return is_proof
            case _:
                return is_key_used and self.is_own and self.status in _OF_A_USED_KEY

    @property
    def waits(self) -> float | None:
        """For how many seconds to wait before the same call; None: it is not worth another try."""
        match self.verdict:
            case Throttled() | Unavailable() if self.verdict.replayed is False:
                return self.verdict.retry_after_seconds or _WAIT_SECONDS
            case NotSent():
                return _WAIT_SECONDS
            case _:
                return None


class Way:
    """To one site, for a probe that holds it. `desk` journals; `tell` says to a person what is waited for."""

    def __init__(
        self, transport: Transport, gate: Gate, chargebee: Chargebee, desk: Probes, tell: Callable[[str], None],
        sleep: Sleep,
    ) -> None:  # fmt: skip
        self.chargebee = chargebee
        self.desk = desk
        self.tell = tell
        self.sleep = sleep
        self.begun = clock.boottime()
        self._transport = transport
        self._gate = gate

    async def send(self, probe_id: int, call: ProbeCall, *, is_key_used: bool = False) -> Reply:
        """Journal a call, send it, and record what came of it; it is sent again where it is proved that it did nothing,
        and the site said to wait. `is_key_used`: another call of the probe had its key.

        Raises:
            RunStopped: the key or the site refuses us.
        """
        self.desk.send(probe_id, call)
        return await self.send_known(probe_id, call, is_key_used=is_key_used)

    async def send_known(
        self, probe_id: int, call: ProbeCall, *, is_key_used: bool = False, may_wait: bool = True
    ) -> Reply:
        """The same, of a call that is in the journal already."""
        assert call.kind is CallKind.ADD or has_amount(call.body), "it would take the whole balance"
        reply = await self._exchange(call)
        for _ in range(_TRIES - 1 if may_wait else 0):
            if reply.waits is None:
                break
            await self.sleep(reply.waits)
            self.desk.stay()
            reply = await self._exchange(call)
        if isinstance(reply.verdict, Blocked):
            if reply.did_nothing():
                self.desk.settle(probe_id, call.number, CallState.NOT_APPLIED, None, reply.trouble)
            raise reply.verdict.error
        self._record(probe_id, call, reply, is_key_used=is_key_used)
        return reply

    def _record(self, probe_id: int, call: ProbeCall, reply: Reply, *, is_key_used: bool) -> None:
        """What is not proved stays open."""
        if reply.credit_id is None:
            if reply.did_nothing(is_key_used=is_key_used):
                self.desk.settle(probe_id, call.number, CallState.NOT_APPLIED, None, reply.trouble)
            return
        others = {each.credit_id for each in self.desk.calls(probe_id)}
        if reply.credit_id in others:  # what another call under the key has made: so this one made nothing
            why = "it was answered with another's credit"
            self.desk.settle(probe_id, call.number, CallState.NOT_APPLIED, None, why)
        else:
            self.desk.settle(probe_id, call.number, CallState.APPLIED, reply.credit_id)

    async def _exchange(self, call: ProbeCall) -> Reply:
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            **headers_of(call.call),
            "chargebee-idempotency-key": call.key,
        }
        await self._gate.enter("POST")
        try:
            answer = await self._transport.send("POST", _PATHS[call.kind], headers, call.body)
        except Exception as error:
            failure = failure_of(error)
            return Reply(None, verdict=failure, trouble=failure.error.message if isinstance(failure, Blocked)
                         else failure.reason)  # fmt: skip
        finally:
            self._gate.leave("POST")
        reply = _reply_of(answer)
        if isinstance(reply.verdict, Throttled) and reply.code == "api_request_limit_exceeded":
            self._gate.throttled(reply.waits or _WAIT_SECONDS)
        return reply

    async def ask(self, question: Callable[[], Awaitable[T]]) -> T:
        """See `asked`."""
        return await asked(question, self.sleep)


async def asked(question: Callable[[], Awaitable[T]], sleep: Sleep) -> T:
    """The answer to a question, asked again a few times where none came.

    Raises:
        Outage: none came.
        RunStopped: the key or the site refuses us.
    """
    for attempt in range(1, _TRIES + 1):
        try:
            return await question()
        except LookFailed as error:
            if attempt == _TRIES:
                raise Outage(
                    f"Chargebee did not answer a question: {error}.",
                    hint="Run the same command again in a while: it takes back what is left first.",
                ) from error
        await sleep(min(2.0 ** (attempt - 2), 8.0))
    raise AssertionError("the last try returns or raises")


async def ask_before(
    ledger: Ledger, site: SiteSettings, settings: RunSettings, question: Callable[[Chargebee], Awaitable[T]],
    sleep: Sleep,
) -> T:  # fmt: skip
    """The answer to a question, of a process that holds nothing after it: a person may think about it for long.

    Raises:
        Outage: none came.
        RunStopped: the key or the site refuses us.
    """
    async with session_at(site, ledger.slots, settings, _at_once) as session:
        answer = await asked(lambda: question(session.chargebee), sleep)
    ledger.workers.end()
    return answer


def _reply_of(answer: Answer) -> Reply:
    is_replay = is_replayed(answer)
    if 200 <= answer.status < 300:
        document = document_of(answer.body)
        credit = document.get("promotional_credit") if isinstance(document, dict) else None
        credit_id = credit.get("id") if isinstance(credit, dict) else None
        if isinstance(credit_id, str) and credit_id:
            return Reply(answer.status, credit_id, credit, is_replay)
        return Reply(answer.status, is_replay=is_replay, trouble="the answer was not whole")
    error = error_of(answer)
    return Reply(
        answer.status, is_replay=is_replay, is_own=error.is_chargebees, verdict=verdict_of_error(answer),
        code=error.code, trouble=error.message,
    )  # fmt: skip


@asynccontextmanager
async def way_to(
    ledger: Ledger, site: SiteSettings, settings: RunSettings, tell: Callable[[str], None], sleep: Sleep
) -> AsyncIterator[Way]:
    """The way to a site for one probe, which holds it for as long as the block goes on.

    Raises:
        LedgerBusy: somebody else sends to the site.
        LeaseLost: somebody else may send there now.
    """
    async with http_transport(site, settings) as transport:
        session = Session(transport, ledger.slots, site.site, settings, _at_once, journaled=lambda: 2)
        ledger.probes.hold(site.site, settings.lease_seconds, settings.timeout_seconds)
        staying: asyncio.Task[None] | None = None
        try:
            await session.begin()
            staying = asyncio.get_running_loop().create_task(_stay(ledger.probes, settings.lease_seconds / 6))
            yield Way(transport, session.limiter, session.chargebee, ledger.probes, tell, sleep)
        finally:
            if staying is not None:
                staying.cancel()
                await asyncio.gather(staying, return_exceptions=True)
            await session.end()


async def _stay(desk: Probes, seconds: float) -> None:
    """Keep what is held. Where that fails the next word to the journal says so, before anything else is sent."""
    while True:
        await asyncio.sleep(seconds)
        desk.stay()


async def _at_once(work: Callable[[], T]) -> T:
    """One thing goes on at a time, so the ledger needs no thread."""
    return work()
