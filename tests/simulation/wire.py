"""The Transport of one process: draws what becomes of each request on its way, and checks what leaves.

A request that left is the site's: it is processed when it is due, whether its process still lives or not.
"""

import asyncio
import json
import re
from collections.abc import Mapping
from email.utils import formatdate
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

import aiohttp
import orjson
from aiohttp.client_reqrep import ConnectionKey

from batch_credits.chargebee.answers import Answer
from tests.simulation.answers import error
from tests.simulation.site import Ticket

if TYPE_CHECKING:
    from tests.simulation.process import Process

_HTML = b"<html><body>Bad gateway</body></html>"
_CIRCLE = "circle"
_ENTITY = "chargebee-business-entity-id"
_CHANGES = re.compile("chargebee-(event|business|request-origin)-")  # headers that change what a call does
_GET_ERRORS = ((500, "internal_error"), (503, "site_not_ready"), (400, "invalid_request"))
_INSIDE = {  # faults that happen inside the site
    "error_before": "error_before",
    "error_after": "error_after",
    "throttled": "throttled",
    "lock_timeout": "lock_timeout",
    "read_only": "read_only",
    "odd_422": "odd_422",
    "refused_once": "refused_once",
    "blocked": "blocked",
}


class ProcessDied(ConnectionError):
    """The process that would go on here is dead; whatever it still does has no effect."""


class Wire:
    """Between one process and the site."""

    def __init__(self, process: "Process") -> None:
        self._process = process
        self._world = process.world
        self._plan = process.world.schedule.site
        self._chance = process.world.chance
        self._busy: set[str] = set()
        self.arrivals: list[float] = []
        self.in_flight = {"GET": 0, "POST": 0}

    async def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """One exchange, as far as it goes."""
        self._process.point(f"before {method}")
        self.in_flight[method] += 1
        limit = self._process.settings.concurrency
        self._world.judge.expect(self.in_flight[method] <= limit, "limiter", f"more than {limit} {method} at once")
        try:
            if method == "POST":
                assert body is not None
                return await self._post(path.rsplit("/", 1)[1], headers, body)
            return await self._get(path, headers.get(_ENTITY))
        finally:
            self.in_flight[method] -= 1

    # -- Adding ------------------------------------------------------------------------------------------

    async def _post(self, operation: str, headers: Mapping[str, str], body: bytes) -> Answer:
        world = self._world
        key = headers["chargebee-idempotency-key"]
        call = json.dumps({name: headers[name] for name in sorted(headers) if _CHANGES.match(name)})
        customer_id = world.judge.leaves(operation, key, body, call)
        world.judge.expect(customer_id not in self._busy, "two at once", f"two calls at once on {customer_id}")
        self._busy.add(customer_id)
        try:
            fault = self._draw(self._plan.post_rate, self._plan.post_faults)
            if world.is_read_only():
                fault = "read_only"
            if world.is_out():
                fault = self._chance.choice(("not_sent", "not_sent", "lost_before", "garbled_before"))
            if world.tracing:
                world.trace(f"POST {operation} {customer_id} key {key[-64:-58]} fault {fault}")
            ticket = Ticket(key, body, self._stumble(fault), operation, call, headers.get(_ENTITY))
            answer = await self._exchange(ticket, fault)
            self._process.point("after the answer", later=True)
            if world.tracing:
                world.trace(f"POST {customer_id} answered {answer.status} {dict(answer.headers)} {answer.body[:70]!r}")
            return answer
        except Exception as failure:
            if world.tracing:
                world.trace(f"POST {customer_id} got {type(failure).__name__}")
            raise
        finally:
            self._busy.discard(customer_id)

    async def _exchange(self, ticket: Ticket, fault: str | None) -> Answer:
        if fault == "not_sent":
            await self._not_sent()
        if fault == "lost_before":
            await self._lost()
        if fault == "garbled_before":
            await self._pause()
            return self._garbage(None)
        if fault == "proxy_before":
            await self._pause()
            return self._of_a_proxy()
        arrival, answered = self._times(fault)
        due = arrival
        if fault == "late":
            ticket.holds_key = self._chance.random() < 0.5
            sent = self._world.now
            due = self._chance.uniform(arrival, max(arrival, sent + self._plan.max_late))
        self.arrivals.append(arrival)
        self._world.site.submit(due, arrival, ticket)
        self._process.point("after the send", later=True)
        if fault in ("late", "lost_after"):
            await self._lost(arrival)
        await asyncio.sleep(answered - self._world.now)
        self._world.site.advance(self._world.now)
        assert ticket.answer is not None
        if fault == "proxy_after":
            return self._of_a_proxy()
        return self._garbage(ticket.answer) if fault == "garbled_after" else self._dated(ticket.answer)

    def _stumble(self, fault: str | None) -> str | None:
        if fault == "third_party":
            return self._chance.choice(("third_party", "third_party_after"))
        return _INSIDE.get(fault or "")

    def _times(self, fault: str | None) -> tuple[float, float]:
        """When the request arrives and when its answer does, both before the client gives up."""
        now, timeout = self._world.now, self._process.settings.timeout_seconds
        if fault == "slow":
            arrival = now + self._chance.uniform(0.1, timeout * 0.6)
            return arrival, self._chance.uniform(arrival, now + timeout * 0.95)
        if not self._plan.jittery:
            return now + 0.05, now + 0.1
        arrival = now + self._chance.uniform(0.01, 0.4)
        return arrival, arrival + self._chance.uniform(0.01, 0.4)

    # -- Asking ------------------------------------------------------------------------------------------

    async def _get(self, target: str, entity: str | None) -> Answer:
        world = self._world
        fault = self._draw(self._plan.get_rate, self._plan.get_faults)
        if world.is_out():
            fault = self._chance.choice(("not_sent", "lost", "error"))
        if world.tracing:
            world.trace(f"GET {unquote(target)[8:]} fault {fault}")
        if fault == "not_sent":
            await self._not_sent()
        if fault == "lost":
            await self._lost()
        arrival, answered = self._times(fault)
        self.arrivals.append(arrival)
        await asyncio.sleep(arrival - world.now)
        answer = self._answer_get(target, entity, fault)
        await asyncio.sleep(answered - world.now)
        self._process.point("after a GET")
        return answer

    def _answer_get(self, target: str, entity: str | None, fault: str | None) -> Answer:
        site, now = self._world.site, self._world.now
        site.advance(now)
        if fault == "error":
            return error(*self._chance.choice(_GET_ERRORS))
        if fault == "throttled":
            return error(429, "api_request_limit_exceeded", {"retry-after": "3"})
        parts = urlsplit(target)
        if "/customers/" in parts.path:
            answer = site.customer(unquote(parts.path.rsplit("/", 1)[1]), now)
        else:
            filters = dict(parse_qsl(parts.query))
            turn = filters["offset"].removeprefix(_CIRCLE) if filters.get("offset", "").startswith(_CIRCLE) else None
            if turn is not None:  # who is in a circle never gets out of it
                del filters["offset"]
            answer = self._bent(site.list_credits(filters, entity, now), filters, fault, turn)
        return self._garbage(answer, is_list=True) if fault == "garbled" else self._dated(answer)

    def _bent(self, answer: Answer, filters: dict[str, str], fault: str | None, turn: str | None) -> Answer:
        """A page that shows its entries twice, whose next page is the same again, or whose pages go in a circle."""
        if fault == "page_repeats":
            document = orjson.loads(answer.body)
            document["list"] *= 2
            return Answer(200, {}, orjson.dumps(document))
        if fault == "page_loops" and "offset" in filters:
            document = orjson.loads(answer.body)
            document["next_offset"] = filters["offset"]
            return Answer(200, {}, orjson.dumps(document))
        if fault == "page_circles" or turn is not None:
            document = orjson.loads(answer.body)
            document["next_offset"] = f"{_CIRCLE}{(int(turn or 0) + 1) % 3}"
            return Answer(200, {}, orjson.dumps(document))
        return answer

    def _dated(self, answer: Answer) -> Answer:
        """The answer with the site's own clock in it, where it says so."""
        if not self._plan.is_dated:
            return answer
        date = formatdate(self._world.site.clock(self._world.now), usegmt=True)
        return Answer(answer.status, {**answer.headers, "date": date}, answer.body)

    def _of_a_proxy(self) -> Answer:
        """Somebody on the way answers in the site's place, dated by a clock of its own."""
        chance = self._chance
        code = chance.choice(("api_authorization_failed", "request_blocked", "site_not_found", "forbidden"))
        body = chance.choice(
            (
                _HTML,
                b"",
                b'{"error":"forbidden"}',
                b'{"message":"no","type":"blocked"}',
                b'{"message":"no","api_error_code":"%b"}' % code.encode(),
                b'{"message":"","type":"x","api_error_code":"api_request_limit_exceeded"}',
            )
        )
        date = formatdate(chance.uniform(0, 4e9), usegmt=True)
        status = chance.choice((301, 302, 307, 400, 401, 403, 404, 405, 409, 429, 503))
        return Answer(status, {"location": "https://login.example/", "date": date, "retry-after": "1"}, body)

    # -- On the way --------------------------------------------------------------------------------------

    def _draw(self, rate: float, faults: tuple[str, ...]) -> str | None:
        if self._world.site.is_healed or self._chance.random() >= rate:
            return None
        return self._chance.choice(faults)

    async def _pause(self) -> None:
        await asyncio.sleep(self._chance.uniform(0.01, 0.5))

    async def _not_sent(self) -> None:
        await self._pause()
        key = ConnectionKey("site", 443, True, True, None, None, None)
        raise self._chance.choice(
            (
                aiohttp.ClientConnectorError(key, ConnectionRefusedError(111, "Connection refused")),
                aiohttp.ClientConnectorDNSError(key, OSError(-2, "Name or service not known")),
                aiohttp.ConnectionTimeoutError(),
            )
        )

    async def _lost(self, arrival: float = 0.0) -> None:
        """The client waits in vain, or its connection breaks before, but not before its request arrived."""
        if self._chance.random() < 0.6:
            await asyncio.sleep(self._process.settings.timeout_seconds)
            raise self._chance.choice((TimeoutError(), aiohttp.ServerTimeoutError()))
        await asyncio.sleep(max(0.0, arrival - self._world.now) + self._chance.uniform(0.01, 0.5))
        raise self._chance.choice((aiohttp.ServerDisconnectedError(), aiohttp.ClientPayloadError(), ConnectionError()))

    def _garbage(self, answer: Answer | None, *, is_list: bool = False) -> Answer:
        """What proxies and bad networks make of an answer."""
        kinds: list[Answer] = [
            Answer(502, {}, _HTML),
            Answer(504, {}, b""),
            Answer(200, {}, _HTML),
            Answer(200, {}, b""),
            Answer(500, {}, b"{}"),
            Answer(200, {}, b'{"list": 3}' if is_list else b'{"customer": {}, "promotional_credit": {"id": "pc1"}}'),
            Answer(404, {}, b"<html>not found</html>"),
        ]
        if answer is not None:
            cut = self._chance.randrange(len(answer.body))
            kinds += [Answer(answer.status, answer.headers, answer.body[:cut])] * 3
            kinds.append(Answer(200, {}, answer.body.replace(b'"amount":100', b'"amount":NaN')[:-1]))
            if not is_list:
                kinds.append(Answer(200, {}, answer.body.replace(b'"customer_id":"c', b'"customer_id":"x')))
                kinds.append(Answer(200, {}, b'{"list":[%b]}' % answer.body))
        return self._chance.choice(kinds)
