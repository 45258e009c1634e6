"""What a caller of the sandbox sees of each fault, over real connections."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any
from urllib.parse import urlencode

import aiohttp
import orjson
import pytest

from batch_credits.sandbox import FaultPlan
from batch_credits.sandbox.faults import FAULT_NAMES, PROXY_FAULTS
from tests.each import each
from tests.integration.sandbox_caller import ADD, CREDITS, FORM, LOGIN, Caller, with_sandbox

ANSWERED = [
    ("error_before", 500, "internal_error", 0),
    ("error_after", 500, "internal_error", 1),
    ("unavailable_before", 503, "internal_temporary_error", 0),
    ("unavailable_after", 503, "internal_temporary_error", 1),
    ("throttled", 429, "api_request_limit_exceeded", 0),
    ("throttled_bare", 429, "api_request_limit_exceeded", 0),
    ("lock_timeout", 429, "lock_timeout", 0),
    ("read_only", 503, "site_read_only_mode", 0),
]


@each("fault, status, code, credits", ANSWERED)
def test_faults_with_an_error_for_an_answer(fault: str, status: int, code: str, credits: int) -> None:
    async def work(caller: Caller) -> None:
        reply = await caller.add("k")
        assert (reply.status, reply.code) == (status, code)
        assert reply.headers.get("Retry-After") == ("1" if fault == "throttled" else None)

    truth = with_sandbox(work, faults=f"{fault}=1")
    assert len(truth["credits"]) == credits
    assert truth["faults"] == {fault: 1}
    assert truth["throttled"] == (status == 429)


@pytest.mark.parametrize(("fault", "credits"), [("html", 0), ("html_after", 1)])
def test_faults_with_a_page(fault: str, credits: int) -> None:
    async def work(caller: Caller) -> None:
        reply = await caller.add("k")
        assert (reply.status, reply.headers["Content-Type"]) == (502, "text/html;charset=utf-8")

    assert len(with_sandbox(work, faults=f"{fault}=1")["credits"]) == credits


REFUSED = [
    ("refused_401", 401, "api_authentication_failed"),
    ("refused_403", 403, "api_authorization_failed"),
    ("refused_405", 405, "http_method_not_supported"),
    ("refused_site_not_found", 404, "site_not_found"),
]


@pytest.mark.parametrize(("fault", "status", "code"), REFUSED)
def test_refusals_of_the_caller_are_in_the_sites_own_json(fault: str, status: int, code: str) -> None:
    async def work(caller: Caller) -> None:
        reply = await caller.add("k")
        assert (reply.status, reply.code, reply.document["http_status_code"]) == (status, code, status)
        assert {"message", "type"} < set(reply.document)

    truth = with_sandbox(work, faults=f"{fault}=1")
    assert truth["credits"] == []
    assert truth["faults"] == {fault: 1}


@each("fault", PROXY_FAULTS)
def test_a_proxy_answers_before_or_after_the_site_has_applied(fault: str) -> None:
    _, status, when = fault.split("_")
    bodies: set[bytes] = set()

    async def work(caller: Caller) -> None:
        for number in range(20):
            reply = await caller.add(f"k{number}", reference=f"r{number}")
            assert reply.status == int(status)
            assert reply.headers.get("Location") == ("/login" if status == "302" else None)
            bodies.add(reply.body)
        caller.sandbox.set_faults(FaultPlan())
        again = await caller.add("k0", reference="r0")
        assert again.status == 200
        assert ("chargebee-idempotency-replayed" in again.headers) is (when == "after")

    truth = with_sandbox(work, faults=f"{fault}=1")
    assert len(truth["credits"]) == (20 if when == "after" else 1)
    assert len(bodies) == 5
    assert truth["faults"] == {fault: 20}


@pytest.mark.parametrize(
    ("fault", "error", "credits"),
    [
        ("lost_before", aiohttp.ServerDisconnectedError, 0),
        ("lost_after", aiohttp.ServerDisconnectedError, 1),
        ("truncated", aiohttp.ClientPayloadError, 1),
    ],
)
@pytest.mark.parametrize("latency_ms", [0, 5])
def test_faults_that_break_the_connection(fault: str, error: type[Exception], credits: int, latency_ms: int) -> None:
    async def work(caller: Caller) -> None:
        with pytest.raises(error):
            await caller.add("k")
        caller.sandbox.set_faults(FaultPlan())
        again = await caller.add("k")  # the site had finished, so the key remembers
        assert ("chargebee-idempotency-replayed" in again.headers) is bool(credits)

    truth = with_sandbox(work, faults=f"{fault}=1,latency_ms={latency_ms}")
    assert len(truth["credits"]) == 1
    assert truth["statuses"] == ({"200": 2} if fault == "truncated" else {"none": 1, "200": 1})


def test_a_garbled_answer() -> None:
    async def work(caller: Caller) -> None:
        reply = await caller.add("k")
        assert reply.status == 200
        with pytest.raises(orjson.JSONDecodeError):
            orjson.loads(reply.body)

    assert len(with_sandbox(work, faults="garbled=1")["credits"]) == 1


@pytest.mark.parametrize(("fault", "credits"), [("hang", 0), ("hang_after", 1)])
def test_a_hanging_call_ends_with_its_connection(fault: str, credits: int) -> None:
    async def work(caller: Caller) -> None:
        with pytest.raises(TimeoutError):
            await caller.call("POST", ADD, data=FORM, timeout=aiohttp.ClientTimeout(total=0.05))
        caller.sandbox.set_faults(FaultPlan())
        await caller.add("other", reference="other")

    truth = with_sandbox(work, faults=f"{fault}=1")
    assert len(truth["credits"]) == credits + 1
    assert truth["statuses"] == {"none": 1, "200": 1}
    assert truth["max_calls_per_customer"] == 1


def test_a_hang_ends_with_a_gateway_timeout() -> None:
    async def work(caller: Caller) -> None:
        assert (await caller.add("k")).status == 504

    assert with_sandbox(work, faults="hang=1,hang_seconds=0.02")["credits"] == []


def test_a_late_request_is_applied_after_the_connection_is_gone() -> None:
    async def work(caller: Caller) -> None:
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await caller.add("k")
        assert caller.sandbox.truth()["credits"] == []
        await asyncio.sleep(0.06)
        assert len(caller.sandbox.truth()["credits"]) == 1

    with_sandbox(work, faults="late=1,late_seconds=0.03")


@pytest.mark.parametrize(
    ("fault", "status"), [("list_error", 500), ("list_throttled", 429), ("list_garbled", 200), ("list_lost", None)]
)
def test_read_faults_spare_writes(fault: str, status: int | None) -> None:
    async def work(caller: Caller) -> None:
        assert (await caller.add("k")).status == 200
        if status is None:
            with pytest.raises(aiohttp.ServerDisconnectedError):
                # aiohttp repeats a GET whose kept connection was closed: so every try must fail
                await caller.call("GET", CREDITS)
        else:
            assert (await caller.call("GET", CREDITS)).status == status

    assert with_sandbox(work, faults=f"{fault}=1")["faults"][fault] >= 1


class Wire:
    """One connection that stays open, and every byte that comes on it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def ask(self, customer_id: str) -> None:
        body = urlencode({**FORM, "customer_id": customer_id})
        lines = [f"POST {ADD} HTTP/1.1", "Host: x", f"Authorization: {LOGIN['Authorization']}"]
        lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
        self.writer.write("\r\n".join([*lines, "", body]).encode())

    def look(self, customer_id: str) -> None:
        query = f"customer_id%5Bis%5D={customer_id}"
        self.writer.write(f"GET {CREDITS}?{query} HTTP/1.1\r\nHost: x\r\n".encode())
        self.writer.write(f"Authorization: {LOGIN['Authorization']}\r\n\r\n".encode())

    async def answer(self) -> bytes:
        """The next answer, whole."""
        head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 5)
        [length] = [line[16:] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length: ")]
        return head + await self.reader.readexactly(int(length))

    async def is_quiet(self) -> bool:
        """Whether nothing more comes for a while, though the connection is open."""
        try:
            await asyncio.wait_for(self.reader.read(1), 0.1)
        except TimeoutError:
            return True
        return False


def with_wire(work: Callable[[Wire], Awaitable[None]], faults: str) -> dict[str, Any]:
    async def on_a_connection(caller: Caller) -> None:
        host, port = caller.sandbox.base_url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        try:
            await work(Wire(reader, writer))
        finally:
            writer.close()
            await writer.wait_closed()

    return with_sandbox(on_a_connection, faults=faults)


def test_an_answer_comes_twice_in_one_piece() -> None:
    async def work(wire: Wire) -> None:
        for ask in (partial(wire.ask, "c-1"), partial(wire.ask, "c-2"), partial(wire.look, "c-2")):
            ask()  # each on the same connection: it stays open and usable
            both = await asyncio.wait_for(wire.reader.read(100_000), 5)
            first, second = both[: len(both) // 2], both[len(both) // 2 :]
            assert first == second
            assert first.startswith(b"HTTP/1.1 200 OK\r\n")
            assert b"\r\nDate: " in first
            assert first.count(b"HTTP/1.1 ") == 1
        assert await wire.is_quiet()

    truth = with_wire(work, "repeat_answer=1")
    assert len(truth["credits"]) == 2
    assert truth["statuses"] == {"200": 3}
    assert truth["faults"] == {"repeat_answer": 3}


def test_the_second_copy_comes_when_the_next_request_is_under_way() -> None:
    async def work(wire: Wire) -> None:
        wire.ask("c-1")
        first = await wire.answer()
        wire.ask("c-2")
        second = await wire.answer()
        assert b"c-1" in first
        assert b"c-2" in second
        started = time.monotonic()
        assert await wire.answer() == first
        assert await wire.answer() == second
        assert time.monotonic() - started > 0.05
        assert await wire.is_quiet()

    assert with_wire(work, "repeat_late=1,repeat_late_ms=80")["faults"] == {"repeat_late": 2}


def test_refusals_alone_come_twice() -> None:
    async def work(wire: Wire) -> None:
        wire.ask("c-1")
        assert b" 200 OK" in await wire.answer()
        wire.ask("missing-1")
        refused = await wire.answer()
        assert refused.startswith(b"HTTP/1.1 404 Not Found\r\n")
        assert await wire.answer() == refused
        wire.ask("c-2")
        assert b" 200 OK" in await wire.answer()
        assert await wire.is_quiet()

    assert with_wire(work, "repeat_refusal=1")["faults"] == {"repeat_refusal": 1}


def test_a_caller_who_is_gone_gets_no_second_copy() -> None:
    async def work(wire: Wire) -> None:
        wire.ask("c-1")
        await wire.answer()
        wire.writer.close()
        await asyncio.sleep(0.05)

    assert with_wire(work, "repeat_late=1,repeat_late_ms=20")["faults"] == {"repeat_late": 1}


@pytest.mark.parametrize(("faults", "offset"), [("", 0), ("clock_offset_seconds=-90000", -90000), ("truncated=1", 0)])
def test_every_answer_has_a_date_by_the_sites_clock(faults: str, offset: int) -> None:
    async def work(caller: Caller) -> None:
        async with caller.session.post(caller.sandbox.base_url + ADD, data=FORM, headers=LOGIN) as answer:
            date = parsedate_to_datetime(answer.headers["Date"]).timestamp()
        refused = await caller.call("GET", "/nowhere")
        assert abs(date - time.time() - offset) < 5
        assert abs(parsedate_to_datetime(refused.headers["Date"]).timestamp() - time.time() - offset) < 5

    [credit] = with_sandbox(work, faults=faults)["credits"]
    assert abs(credit["created_at"] - time.time() - offset) < 5


@pytest.mark.parametrize(("skipped", "offset"), [(0, 0), (60, 0), (60, 3600)])
def test_a_clock_that_was_handed_in_and_moved_on_shows_in_every_answer(skipped: int, offset: int) -> None:
    async def work(caller: Caller) -> None:
        caller.sandbox.advance(skipped)
        for reply in (await caller.add("k"), await caller.call("GET", CREDITS)):
            date = parsedate_to_datetime(reply.headers["Date"]).timestamp()
            assert date == 1_800_000_000 + skipped + offset

    truth = with_sandbox(work, clock=lambda: 1_800_000_000.0, faults=f"clock_offset_seconds={offset}")
    assert truth["credits"][0]["created_at"] == 1_800_000_000 + skipped + offset
    assert truth["last_arrival"] == 1_800_000_000 + skipped


OF_TWO_AT_ONCE = ("key_waits", "key_doubles")  # one of which has to last a moment


@each("name", FAULT_NAMES)
def test_every_name_does_something(name: str) -> None:
    async def work(caller: Caller) -> None:
        texts = {"customer_id": "Cafe\u0301 \u00c9", "reference": "Q3\u00a0 " + "\u00e9" * 30}
        steps = [
            ("POST", ADD, {"data": {**FORM, **texts}, "headers": {"chargebee-idempotency-key": "k"}}),
            ("POST", ADD, {"data": {**FORM, **texts}, "headers": {"chargebee-idempotency-key": "k"}}),
            ("POST", ADD, {"data": {**FORM, "customer_id": "missing-1"}}),
            ("GET", CREDITS, {"params": {"customer_id[is]": texts["customer_id"]}}),
        ]
        if name in OF_TWO_AT_ONCE:
            await asyncio.gather(*(attempt(caller, step) for step in steps[:2]))
        for step in steps:
            await attempt(caller, step)

    async def attempt(caller: Caller, step: tuple[str, str, dict[str, Any]]) -> None:
        with contextlib.suppress(aiohttp.ClientError, aiohttp.http_exceptions.HttpProcessingError):
            await caller.call(step[0], step[1], **step[2])

    faults = f"{name}=1,hang_seconds=0.01,late_seconds=0,repeat_late_ms=1,latency_ms=20"
    assert with_sandbox(work, faults=faults)["faults"].keys() == {name}
