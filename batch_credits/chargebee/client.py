"""The calls this program makes to Chargebee: nothing followed, nothing assumed.

Every call passes the gate that it is given (the site's limits), so there is no way around them. A POST is sent at most
once per call.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Protocol, TypeVar
from urllib.parse import quote, urlencode

import orjson

from batch_credits.call import ENTITY_HEADER, call_of, headers_of
from batch_credits.chargebee.answers import Answer, error_of, retry_after_seconds
from batch_credits.chargebee.bodies import has_amount
from batch_credits.chargebee.failures import failure_of
from batch_credits.chargebee.first_answer import FirstAnswer
from batch_credits.chargebee.lists import (
    ListedCredit,
    ListedCustomer,
    customer_is_deleted,
    listed_credits,
    listed_customers,
)
from batch_credits.chargebee.pages import Pages
from batch_credits.chargebee.site_clock import SiteClock
from batch_credits.chargebee.transport.seam import Method, Transport
from batch_credits.chargebee.verdicts import stop_for, verdict_of
from batch_credits.errors import AmountMissing, BatchCreditsError
from batch_credits.model import CallKind, OpenAttempt, PlannedCredit
from batch_credits.process import clock
from batch_credits.protocol import Blocked, Credited, NotSent, Verdict
from batch_credits.settings import RunSettings
from batch_credits.text.quoted import quoted

T = TypeVar("T")

_API = "/api/v2"
_POST_PATHS = {kind: f"{_API}/promotional_credits/{kind}" for kind in CallKind}
CUSTOMERS_A_CALL = 100
FEW_ATTEMPTS = 4  # of a question without whose answer all would be lost that was learned before
_FIRST_PAUSE_SECONDS = 1.0  # before the second attempt
_OWN_SAYING = (404, 429, 503)  # by which Chargebee itself says that something is not there, or to wait


class GateClosed(Exception):
    """The run is stopping: no further request may leave."""


class Gate(Protocol):
    """What keeps the site's limits: every request enters before its bytes leave, and leaves after its answer."""

    async def enter(self, method: Method) -> None:
        """Wait until the site's limits allow one more request.

        Raises:
            GateClosed: the run is stopping.
        """

    def leave(self, method: Method) -> None:
        """The request was answered, or given up."""

    def pause(self, seconds: float) -> None:
        """The site told us to wait: let nobody through for so long."""

    def throttled(self, seconds: float) -> None:
        """The site refused a request for its limit: the same, and use less of it from now on."""


class LookFailed(Exception):
    """A question to Chargebee got no useful answer. It says nothing about the money; ask again."""


async def asked_again(
    ask: Callable[[], Awaitable[T]], attempts: int, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
) -> T:
    """The answer to a question that is asked so often, until there is one, after pauses that grow.

    Raises:
        LookFailed: there was none.
        RunStopped: the key or the site refuses us.
    """
    for tries in range(attempts - 1):
        try:
            return await ask()
        except LookFailed:
            await sleep(_FIRST_PAUSE_SECONDS * 2**tries)
    return await ask()


class Chargebee:
    """Add, list and customer calls of one site, with what their answers prove.

    What a question is asked about may have been sent by a run with other options: `call` is then the frozen call of
    it, since a list may be that of one business entity alone (UNKNOWN). None: that of this run.
    """

    def __init__(self, transport: Transport, gate: Gate, settings: RunSettings) -> None:
        self._transport = transport
        self._gate = gate
        self._own_call = call_of(settings)
        self._headers_of: dict[str, dict[str, str]] = {}
        self._key_window_seconds = settings.key_window_seconds
        self._default_pause, self._longest_pause = settings.backoff_seconds, settings.max_retry_after_seconds
        self.site_clock = SiteClock()
        self.first_answer = FirstAnswer()
        self.requests = 0
        self.throttled = 0  # questions that were told to wait; a credit's attempts are the pool's to count

    async def send_credit(self, attempt: OpenAttempt) -> Verdict:
        """Send the attempt's frozen call once, and say what came of it. Never raises for what a site does."""
        credit = attempt.credit
        if credit.kind is CallKind.DEDUCT and not has_amount(credit.body):
            return Blocked(_no_amount(credit), is_proof=True)
        frozen = self._post_headers(credit.call or self._own_call)
        headers = {**frozen, "chargebee-idempotency-key": attempt.idempotency_key}
        path = _POST_PATHS[credit.kind]
        try:
            await self._gate.enter("POST")
        except GateClosed:
            return NotSent("the run stopped before it was sent")
        try:
            now = clock.boottime()
            if credit.open_attempts <= 1:
                credit.first_sent = now
            if not self.key_is_remembered(credit, now):
                return NotSent("it waited so long to be sent again that its idempotency key may be forgotten")
            self.requests += 1
            if not self.first_answer.has_come:
                self.first_answer.is_asked_for()
            answer = await self._transport.send("POST", path, headers, credit.body)
        except Exception as error:
            failure = failure_of(error)
            self.first_answer.follow(failure)
            return failure
        finally:
            self._gate.leave("POST")
        verdict = verdict_of(credit, answer)
        if not self.first_answer.has_come:
            self.first_answer.follow(verdict)
        if not self.site_clock.is_known and isinstance(verdict, Credited):
            self.site_clock.note(answer.headers)
        return verdict

    def key_is_remembered(self, credit: PlannedCredit, now: float) -> bool:
        """Whether this process made the first open attempt, and Chargebee still knows its key, by `clock.boottime`.

        Asked again when bytes are about to leave: a pause, the site's limit or a machine that slept may have held them
        back for long.
        """
        first = credit.first_sent
        return first is not None and now - first < self._key_window_seconds

    def _post_headers(self, call: str) -> dict[str, str]:
        headers = self._headers_of.get(call)
        if headers is None:
            headers = {"Content-Type": "application/x-www-form-urlencoded", **headers_of(call)}
            self._headers_of[call] = headers
        return headers

    def _get_headers(self, call: str | None) -> dict[str, str]:
        entity = self._post_headers(call or self._own_call).get(ENTITY_HEADER)
        return {} if entity is None else {ENTITY_HEADER: entity}

    async def credits_of(self, customer_id: str, kind: CallKind, call: str | None = None) -> list[ListedCredit]:
        """Every credit (or every deduction) that the list shows for the customer, all pages.

        Some may bear another id: a site may keep ids in another form, or not heed the filter (UNKNOWN).

        Raises:
            LookFailed: a page was missing or unreadable, so the look says nothing.
            RunStopped: the key or the site refuses us.
        """
        return [
            credit
            async for credit in self._listed({"customer_id[is]": customer_id, "type[is]": kind.listed_type}, call)
            if credit.kind == kind.listed_type
        ]

    def credits_since(
        self, unix_seconds: int, kind: CallKind, call: str | None = None
    ) -> AsyncIterator[ListedCredit]:
        """Every credit (or every deduction) that the list shows from this moment on (the site's clock), page by page.
        There may be thousands of pages, so each is asked for again where it is not answered.

        Raises, while it is read:
            LookFailed: a page was missing or unreadable.
            RunStopped: the key or the site refuses us.
        """
        filters = {"created_at[after]": str(max(0, unix_seconds)), "type[is]": kind.listed_type}
        listed = self._listed(filters, call, FEW_ATTEMPTS)
        return (credit async for credit in listed if credit.kind == kind.listed_type)  # the filter may not be heeded

    async def credit(self, credit_id: str, call: str | None = None) -> ListedCredit | None:
        """The credit, or the deduction, of this id, if the list shows it.

        Raises:
            LookFailed: the list did not answer.
            RunStopped: the key or the site refuses us.
        """
        listed = [c async for c in self._listed({"id[is]": credit_id}, call) if c.credit_id == credit_id]
        return listed[0] if listed else None

    async def shows(self, credit_id: str, kind: CallKind, call: str | None = None) -> bool:
        """Whether the list of this kind shows the credit of this id.

        Raises:
            LookFailed: the list did not answer.
            RunStopped: the key or the site refuses us.
        """
        listed = [c async for c in self._listed({"id[is]": credit_id, "type[is]": kind.listed_type}, call)]
        return any(credit.credit_id == credit_id for credit in listed)

    async def lists_anything(self, kind: CallKind | None = None, call: str | None = None) -> bool:
        """Whether the list shows any credit at all, of this kind if one is named.

        Raises:
            LookFailed: the list did not answer.
            RunStopped: the key or the site refuses us.
        """
        filters = {"limit": "1"} if kind is None else {"limit": "1", "type[is]": kind.listed_type}
        answer = await self._get(f"{_API}/promotional_credits", filters, call)
        return bool(self._page(answer)[0])

    async def answers(self) -> bool:
        """Whether the site answers a harmless question: the breaker's probe.

        Raises:
            RunStopped: the key or the site refuses us.
        """
        try:
            await self.lists_anything()
        except LookFailed:
            return False
        return True

    async def is_deleted(self, customer_id: str, call: str | None = None) -> bool:
        """Whether Chargebee says that this customer is deleted.

        Raises:
            LookFailed: it did not say.
            RunStopped: the key or the site refuses us.
        """
        answer = await self._get(f"{_API}/customers/{quote(customer_id, safe='')}", {}, call)
        try:
            return customer_is_deleted(answer)
        except ValueError as error:
            raise LookFailed(str(error)) from None

    async def customers(self, customer_ids: Sequence[str]) -> list[ListedCustomer]:
        """Those of these customers that exist, deleted ones too, asked for in one call (at most 100, the API's page).

        Raises:
            LookFailed: the list did not answer.
            RunStopped: the key or the site refuses us.
        """
        asked = orjson.dumps(list(customer_ids)).decode()
        answer = await self._get(
            f"{_API}/customers", {"id[in]": asked, "limit": str(CUSTOMERS_A_CALL), "include_deleted": "true"}
        )
        try:
            found, next_offset = listed_customers(answer)
        except ValueError as error:
            raise LookFailed(str(error)) from None
        if next_offset is not None:
            raise LookFailed("the list of customers has more pages than were asked for")
        self.first_answer.came()
        wanted = set(customer_ids)
        return [customer for customer in found if customer.customer_id in wanted]

    async def _listed(
        self, filters: Mapping[str, str], call: str | None, attempts: int = 1
    ) -> AsyncIterator[ListedCredit]:
        query = {"limit": "100", **filters}
        pages = Pages()

        async def page() -> tuple[list[ListedCredit], str | None]:
            return self._page(await self._get(f"{_API}/promotional_credits", query, call))

        while True:
            credits, next_offset = await asked_again(page, attempts)
            for credit in credits:
                yield credit
            if next_offset is None:
                return
            if no_way_on := pages.no_way_on((credit.credit_id for credit in credits), next_offset):
                raise LookFailed(no_way_on)
            query["offset"] = next_offset

    def _page(self, answer: Answer) -> tuple[list[ListedCredit], str | None]:
        try:
            page = listed_credits(answer)
        except ValueError as error:
            raise LookFailed(str(error)) from None
        self.site_clock.note(answer.headers)
        self.first_answer.came()
        return page

    async def _get(self, path: str, query: Mapping[str, str], call: str | None = None) -> Answer:
        target = f"{path}?{urlencode(query)}" if query else path
        try:
            await self._gate.enter("GET")
        except GateClosed:
            raise LookFailed("the run is stopping") from None
        try:
            self.requests += 1
            self.first_answer.is_asked_for()
            answer = await self._transport.send("GET", target, self._get_headers(call), None)
        except BatchCreditsError:  # a signal's, raised wherever it comes: no failure of the call, which is asked again
            raise
        except Exception as error:
            failure = failure_of(error)
            self.first_answer.follow(failure)
            if isinstance(failure, Blocked):
                raise failure.error from error
            raise LookFailed(failure.reason) from error
        finally:
            self._gate.leave("GET")
        if answer.status == 200:
            return answer
        said = error_of(answer)
        stop = stop_for(answer.status, said)
        if stop is not None:
            raise stop
        if said.is_chargebees and answer.status in _OWN_SAYING:
            self.first_answer.came()
        else:
            self.first_answer.did_not_come(said.message)
        if answer.status == 429:
            self.throttled += 1
            told = retry_after_seconds(answer.headers)
            wait = self._default_pause if told is None else min(told, self._longest_pause)
            is_the_limit = said.code == "api_request_limit_exceeded"  # counted for questions and credits alike
            (self._gate.throttled if is_the_limit else self._gate.pause)(wait)
        return answer


def _no_amount(credit: PlannedCredit) -> AmountMissing:
    return AmountMissing(
        f"The ledger's deduction from customer {quoted(credit.customer_id)} names no amount, and would take "
        "everything.",
        hint="The ledger was changed by something else: bring back a whole copy, then run with --verify-first.",
    )
