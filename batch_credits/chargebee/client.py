"""The calls this program makes to Chargebee: nothing followed, nothing assumed.

Every call passes the gate that it is given (the site's limits), so there is no way around them. A POST is sent at most
once per call.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol
from urllib.parse import quote, urlencode

import orjson

from batch_credits.chargebee.failures import failure_of
from batch_credits.chargebee.transport import Method, Transport
from batch_credits.chargebee.wire import (
    Answer,
    ListedCredit,
    ListedCustomer,
    customer_is_deleted,
    error_of,
    has_amount,
    listed_credits,
    listed_customers,
    retry_after_seconds,
    verdict_of,
)
from batch_credits.errors import AmountMissing
from batch_credits.model import CallKind, OpenAttempt, PlannedCredit
from batch_credits.protocol import Blocked, NotSent, Verdict, stop_for_status
from batch_credits.settings import RunSettings

_API = "/api/v2"
_POST_PATHS = {kind: f"{_API}/promotional_credits/{kind}" for kind in CallKind}
CUSTOMERS_A_CALL = 100
_MAX_PAGES = 100_000  # of 100 credits: beyond it, an offset that never ends is more likely


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


class Chargebee:
    """Add, list and customer calls of one site, with what their answers prove."""

    def __init__(self, transport: Transport, gate: Gate, settings: RunSettings) -> None:
        self._transport = transport
        self._gate = gate
        self._post_headers = {"Content-Type": "application/x-www-form-urlencoded"}
        for kind in settings.silence:
            self._post_headers[f"chargebee-event-{kind}"] = "all-disabled"
        self._get_headers: dict[str, str] = {}
        if settings.business_entity_id:
            self._post_headers["chargebee-business-entity-id"] = settings.business_entity_id
            self._get_headers["chargebee-business-entity-id"] = settings.business_entity_id
        self._key_window_seconds = settings.key_window_seconds
        self._default_pause, self._longest_pause = settings.backoff_seconds, settings.max_retry_after_seconds
        self.requests = 0
        self.throttled = 0  # questions that were told to wait; a credit's attempts are the pool's to count

    async def send_credit(self, attempt: OpenAttempt) -> Verdict:
        """Send the attempt's frozen bytes once, and say what came of it. Never raises for what a site does."""
        if attempt.credit.kind is CallKind.DEDUCT and not has_amount(attempt.credit.body):
            return Blocked(_no_amount(attempt.credit))
        headers = {**self._post_headers, "chargebee-idempotency-key": attempt.idempotency_key}
        path = _POST_PATHS[attempt.credit.kind]
        try:
            await self._gate.enter("POST")
        except GateClosed:
            return NotSent("the run stopped before it was sent")
        try:
            if not self._is_guarded(attempt.credit):
                return NotSent("it waited so long to be sent again that its idempotency key may be forgotten")
            self.requests += 1
            answer = await self._transport.send("POST", path, headers, attempt.credit.body)
        except Exception as error:
            return failure_of(error)
        finally:
            self._gate.leave("POST")
        return verdict_of(attempt.credit, answer)

    def _is_guarded(self, credit: PlannedCredit) -> bool:
        """Whether no earlier attempt can be applied beside this one, or its key is still remembered.

        Asked when the bytes are about to leave: a pause or the site's limit may have held them back for long.
        """
        if credit.open_attempts <= 1:
            return True
        first = credit.first_sent
        return first is not None and asyncio.get_running_loop().time() - first < self._key_window_seconds

    async def credits_of(self, customer_id: str, kind: CallKind) -> list[ListedCredit]:
        """Every credit of the customer (or every deduction) that the list shows: all pages.

        Raises:
            LookFailed: a page was missing or unreadable, so the look says nothing.
            RunStopped: the key or the site refuses us.
        """
        return [
            credit
            async for credit in self._listed({"customer_id[is]": customer_id, "type[is]": kind.listed_type})
            if credit.customer_id == customer_id and credit.kind == kind.listed_type
        ]

    def credits_since(self, unix_seconds: int, kind: CallKind) -> AsyncIterator[ListedCredit]:
        """Every credit (or every deduction) that the list shows from this moment on (the site's clock), page by page.

        Raises, while it is read:
            LookFailed: a page was missing or unreadable.
            RunStopped: the key or the site refuses us.
        """
        return self._listed({"created_at[after]": str(max(0, unix_seconds)), "type[is]": kind.listed_type})

    async def shows(self, credit_id: str, kind: CallKind) -> bool:
        """Whether the list of this kind shows the credit of this id.

        Raises:
            LookFailed: the list did not answer.
            RunStopped: the key or the site refuses us.
        """
        listed = [c async for c in self._listed({"id[is]": credit_id, "type[is]": kind.listed_type})]
        return any(credit.credit_id == credit_id for credit in listed)

    async def lists_anything(self, kind: CallKind | None = None) -> bool:
        """Whether the list shows any credit at all, of this kind if one is named.

        Raises:
            LookFailed: the list did not answer.
            RunStopped: the key or the site refuses us.
        """
        filters = {"limit": "1"} if kind is None else {"limit": "1", "type[is]": kind.listed_type}
        answer = await self._get(f"{_API}/promotional_credits", filters)
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

    async def is_deleted(self, customer_id: str) -> bool:
        """Whether Chargebee says that this customer is deleted.

        Raises:
            LookFailed: it did not say.
            RunStopped: the key or the site refuses us.
        """
        answer = await self._get(f"{_API}/customers/{quote(customer_id, safe='')}", {})
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
        wanted = set(customer_ids)
        return [customer for customer in found if customer.customer_id in wanted]

    async def _listed(self, filters: Mapping[str, str]) -> AsyncIterator[ListedCredit]:
        query = {"limit": "100", **filters}
        for _page in range(_MAX_PAGES):
            credits, next_offset = self._page(await self._get(f"{_API}/promotional_credits", query))
            for credit in credits:
                yield credit
            if next_offset is None:
                return
            if next_offset == query.get("offset"):
                raise LookFailed("the list repeats itself")
            query["offset"] = next_offset
        raise LookFailed("the list does not end")

    @staticmethod
    def _page(answer: Answer) -> tuple[list[ListedCredit], str | None]:
        try:
            return listed_credits(answer)
        except ValueError as error:
            raise LookFailed(str(error)) from None

    async def _get(self, path: str, query: Mapping[str, str]) -> Answer:
        target = f"{path}?{urlencode(query)}" if query else path
        try:
            await self._gate.enter("GET")
        except GateClosed:
            raise LookFailed("the run is stopping") from None
        try:
            self.requests += 1
            answer = await self._transport.send("GET", target, self._get_headers, None)
        except Exception as error:
            failure = failure_of(error)
            if isinstance(failure, Blocked):
                raise failure.error from error
            raise LookFailed(failure.reason) from error
        finally:
            self._gate.leave("GET")
        code, message = error_of(answer)
        stop = stop_for_status(answer.status, code, message)
        if stop is not None:
            raise stop
        if answer.status == 429:
            self.throttled += 1
            told = retry_after_seconds(answer.headers)
            wait = self._default_pause if told is None else min(told, self._longest_pause)
            is_the_limit = code == "api_request_limit_exceeded"  # which a site counts for questions and credits alike
            (self._gate.throttled if is_the_limit else self._gate.pause)(wait)
        return answer


def _no_amount(credit: PlannedCredit) -> AmountMissing:
    return AmountMissing(
        f"The ledger's deduction from customer {credit.customer_id!r} names no amount, and would take everything.",
        hint="The ledger was changed by something else: bring back a whole copy, then run with --verify-first.",
    )
