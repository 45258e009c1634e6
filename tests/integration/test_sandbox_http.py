"""The sandbox over real connections: what a caller sees of it, and that it stops when told to."""

import asyncio
import os
import signal
import socket
import time
from base64 import b64encode
from typing import Any

import aiohttp
import pytest

from batch_credits.sandbox import FaultPlan, Sandbox, SandboxSettings, serve
from tests.each import each
from tests.integration.sandbox_caller import ADD, CREDITS, DEDUCT, FORM, Caller, with_sandbox


def test_add_list_retrieve_deduct() -> None:
    async def work(caller: Caller) -> None:
        added = await caller.add("k")
        credit = added.document["promotional_credit"]
        assert (added.status, credit["amount"], credit["closing_balance"]) == (200, 1000, 1000)
        assert added.headers["Content-Type"].startswith("application/json")
        replay = await caller.add("k")
        assert replay.body == added.body
        assert replay.headers["chargebee-idempotency-replayed"] == "true"
        listed = await caller.call("GET", CREDITS, params={"customer_id[is]": "c-1", "limit": "100"})
        assert listed.document == {"list": [{"promotional_credit": credit}]}
        retrieved = await caller.call("GET", f"{CREDITS}/{credit['id']}")
        assert retrieved.document == {"promotional_credit": credit}
        deducted = await caller.call("POST", DEDUCT, data={**FORM, "amount": "1"})
        assert deducted.document["promotional_credit"]["closing_balance"] == 999
        customers = await caller.call("GET", "/api/v2/customers", params={"id[in]": '["c-1","missing-1"]'})
        assert [item["customer"]["id"] for item in customers.document["list"]] == ["c-1"]

    truth = with_sandbox(work)
    assert truth["balances"] == {"c-1": {"USD": 999}}
    assert truth["requests"] == {"POST": 3, "GET": 3}
    assert truth["statuses"] == {"200": 6}
    assert (truth["posts"], truth["replayed"], truth["peak_window"]) == (3, 1, 6)
    assert truth["payloads_by_reference"] == {"c-1": {"q3": 2}}


@each(
    "header, expected_key, status",
    [
        ("Basic " + b64encode(b"key:").decode(), None, 200),
        ("basic " + b64encode(b"key:").decode(), "key", 200),
        ("Basic " + b64encode(b"other:").decode(), "key", 401),
        ("Basic " + b64encode(b":").decode(), None, 401),
        ("Basic " + b64encode(b"key:password").decode(), None, 401),
        ("Basic " + b64encode(b"key").decode(), None, 401),
        ("Bearer " + b64encode(b"key:").decode(), None, 401),
        ("Basic !", None, 401),
        ("", None, 401),
    ],
)
def test_login(header: str, expected_key: str | None, status: int) -> None:
    async def work(caller: Caller) -> None:
        headers = {"Authorization": header}
        for _ in range(2):
            reply = await caller.call("GET", CREDITS, headers=headers)
            assert reply.status == status
        if status == 401:
            assert reply.code == "api_authentication_failed"

    with_sandbox(work, api_key=expected_key)


@each(
    "method, path, options, status, code",
    [
        ("GET", "/nowhere", {}, 404, "resource_not_found"),
        ("POST", "/nowhere", {}, 404, "resource_not_found"),
        ("GET", ADD, {}, 405, "http_method_not_supported"),
        ("POST", CREDITS, {}, 405, "http_method_not_supported"),
        ("PUT", ADD, {}, 405, "http_method_not_supported"),
        ("DELETE", f"{CREDITS}/x", {}, 405, "http_method_not_supported"),
        ("POST", ADD, {"json": FORM}, 400, "invalid_request"),
        ("POST", ADD, {"data": {**FORM, "amount": "0"}}, 400, "param_wrong_value"),
        ("POST", ADD, {"data": {**FORM, "customer_id": "missing-1"}}, 404, "resource_not_found"),
        ("POST", ADD, {"data": FORM, "headers": {"chargebee-idempotency-key": "k" * 101}}, 400, "param_wrong_value"),
        ("POST", ADD, {"data": FORM, "headers": {"chargebee-event-email": "off"}}, 400, "param_wrong_value"),
        ("POST", ADD, {"data": FORM, "headers": {"chargebee-business-entity-id": "b" * 51}}, 400, "param_wrong_value"),
        ("GET", CREDITS, {"params": {"reference[is]": "q3"}}, 400, "param_wrong_value"),
    ],
)
def test_refusals(method: str, path: str, options: dict[str, Any], status: int, code: str) -> None:
    async def work(caller: Caller) -> None:
        reply = await caller.call(method, path, **options)
        assert (reply.status, reply.code) == (status, code)
        assert reply.document["http_status_code"] == status

    assert with_sandbox(work)["credits"] == []


def test_silenced_events_are_counted() -> None:
    async def work(caller: Caller) -> None:
        headers = {"chargebee-event-email": "all-disabled", "chargebee-event-webhook": "all-disabled"}
        assert (await caller.call("POST", ADD, data=FORM, headers=headers)).status == 200

    assert with_sandbox(work)["silenced"] == {"email": 1, "webhook": 1}


def test_each_key_is_one_call_with_one_body_and_the_headers_that_change_it() -> None:
    async def work(caller: Caller) -> None:
        async def ask(key: str, path: str = ADD, amount: str = "1000", **headers: str) -> None:
            named = {f"Chargebee-{name.replace('_', '-')}": text for name, text in headers.items()}
            named["chargebee-idempotency-key"] = key
            await caller.call("POST", path, data={**FORM, "amount": amount}, headers=named)

        for _ in range(2):
            await ask("same", event_email="all-disabled", business_entity_id="be", request_origin_user="a@b.c")
        await ask("other headers", event_email="all-disabled")
        await ask("other headers", event_webhook="all-disabled")
        await ask("other headers", business_entity_id="be")
        await ask("other headers", request_origin_ip="::1")
        for address in ("::1", "::2"):
            await ask("other origin", request_origin_ip=address)
        await ask("other body")
        await ask("other body", amount="2")
        await ask("other path")
        await ask("other path", path=DEDUCT)
        await caller.call("POST", ADD, data=FORM, headers={"User-Agent": "1", "chargebee-idempotency-key": "agent"})
        await caller.call("POST", ADD, data=FORM, headers={"User-Agent": "2", "chargebee-idempotency-key": "agent"})
        await caller.add()

    assert with_sandbox(work)["calls_by_key"] == {
        "same": 1,
        "other headers": 4,
        "other origin": 2,
        "other body": 2,
        "other path": 2,
        "agent": 1,
    }


def test_credits_that_were_there_before_and_keys_that_are_forgotten() -> None:
    async def work(caller: Caller) -> None:
        [old] = caller.sandbox.seed_credits({"customer_id": "c-1", "amount": 5, "reference": "q2", "created_at": 100})
        await caller.add("k")
        caller.sandbox.forget_keys()
        assert "chargebee-idempotency-replayed" not in (await caller.add("k")).headers
        more = {"credits": [{"customer_id": "c-2", "amount": 6}]}
        seeded = await caller.call("POST", "/_sandbox/credits", json=more)
        listed = await caller.call("GET", CREDITS)
        ids = [item["promotional_credit"]["id"] for item in listed.document["list"]]
        assert [ids[0], ids[3]] == [seeded.document["ids"][0], old]
        with pytest.raises(ValueError, match="Credit 1: customer_id : missing not found"):
            caller.sandbox.seed_credits({"customer_id": "missing", "amount": 5})

    truth = with_sandbox(work)
    assert [credit["amount"] for credit in truth["credits"]] == [5, 1000, 1000, 6]


def test_lists_over_http_are_those_of_the_business_entity_in_the_header() -> None:
    async def work(caller: Caller) -> None:
        for entity in ("a", "b"):
            headers = {"chargebee-business-entity-id": entity}
            await caller.call("POST", ADD, data={**FORM, "reference": entity}, headers=headers)
            listed = await caller.call("GET", CREDITS, headers=headers)
            assert [item["promotional_credit"]["reference"] for item in listed.document["list"]] == [entity]
        assert (await caller.call("GET", CREDITS)).document == {"list": []}

    with_sandbox(work, faults="entity_scoped=1")


def test_two_calls_at_once_on_one_customer() -> None:
    async def work(caller: Caller) -> None:
        replies = await asyncio.gather(*(caller.add(f"k{n}", reference=f"r{n}") for n in range(3)))
        assert sorted(reply.status for reply in replies) == [200, 429, 429]
        others = await asyncio.gather(*(caller.add(f"o{n}", customer_id=f"o-{n}") for n in range(3)))
        assert [reply.status for reply in others] == [200, 200, 200]

    truth = with_sandbox(work, faults="latency_ms=20")
    assert len(truth["credits"]) == 4
    assert (truth["max_calls_per_customer"], truth["max_in_flight"]) == (3, 3)


def test_a_caller_who_gives_up_does_not_stop_the_site() -> None:
    async def work(caller: Caller) -> None:
        with pytest.raises(TimeoutError):
            await caller.call("POST", ADD, data=FORM, timeout=aiohttp.ClientTimeout(total=0.02))
        await asyncio.sleep(0.1)
        assert len(caller.sandbox.truth()["credits"]) == 1

    with_sandbox(work, faults="latency_ms=60")


def test_the_rate_limit_counts_what_it_refuses() -> None:
    now = 1_800_000_000.0

    async def work(caller: Caller) -> None:
        nonlocal now
        assert (await caller.add("a")).status == 200
        assert (await caller.call("GET", CREDITS)).status == 200
        refused = await caller.add("b", reference="b")
        assert (refused.status, refused.code) == (429, "api_request_limit_exceeded")
        assert refused.headers["Retry-After"] == "60"
        now += 60
        assert (await caller.add("b", reference="b")).status == 200
        truth = await caller.call("GET", "/_sandbox/truth")
        assert truth.document["requests"] == {"POST": 3, "GET": 1}

    truth = with_sandbox(work, clock=lambda: now, rate_per_minute=2)
    assert (truth["throttled"], truth["peak_window"]) == (1, 3)


def test_the_concurrency_limit() -> None:
    async def work(caller: Caller) -> None:
        replies = await asyncio.gather(*(caller.add(f"k{n}", customer_id=f"c-{n}") for n in range(5)))
        assert sorted(reply.status for reply in replies) == [200, 200, 429, 429, 429]

    assert with_sandbox(work, concurrency=2, faults="latency_ms=30")["max_in_flight"] >= 3


def test_a_fault_plan_is_replayed_whatever_the_order() -> None:
    def outcomes(order: list[int]) -> dict[int, int]:
        seen: dict[int, int] = {}

        async def work(caller: Caller) -> None:
            async def one(number: int) -> None:
                seen[number] = (await caller.add(f"k{number}", customer_id=f"c-{number}")).status

            await asyncio.gather(*(one(number) for number in order))

        with_sandbox(work, faults="error_before=0.3,html=0.3", seed=11)
        return seen

    forwards = outcomes(list(range(40)))
    assert forwards == outcomes(list(reversed(range(40))))
    assert set(forwards.values()) == {200, 500, 502}


def test_control_over_http() -> None:
    async def work(caller: Caller) -> None:
        post = "POST", "/_sandbox/customers"
        assert (await caller.call(*post, json={"deleted": ["c-1"]})).status == 200
        assert (await caller.add("k")).status == 404
        assert (await caller.call(*post, json={"restored": ["c-1"]})).status == 200
        caller.sandbox.set_read_only(True)
        assert (await caller.add("k")).code == "site_read_only_mode"
        settings = {"read_only": False, "faults": "html=1"}
        assert (await caller.call("POST", "/_sandbox/settings", json=settings)).status == 200
        assert (await caller.add("k")).status == 502

    assert with_sandbox(work)["credits"] == []


def test_it_stops_quickly_while_calls_hang() -> None:
    async def run() -> float:
        async with aiohttp.ClientSession() as session:
            async with Sandbox(SandboxSettings(port=0, faults=FaultPlan.parse("hang=1"))) as sandbox:
                caller = Caller(session, sandbox)
                hanging = [asyncio.create_task(caller.add(customer_id=f"c-{n}")) for n in range(5)]
                await asyncio.sleep(0.05)
                sandbox.set_faults(FaultPlan.parse("late=0.5,latency_ms=60000,late_seconds=60"))
                slow = [asyncio.create_task(caller.add(customer_id=f"c-{n}")) for n in range(5)]
                await asyncio.sleep(0.05)
                started = time.monotonic()
            took = time.monotonic() - started
            await asyncio.gather(*hanging, *slow, return_exceptions=True)
        assert sandbox.truth()["credits"] == []
        return took

    assert asyncio.run(run()) < 30  # of the sixty that the calls would take


def test_a_port_in_use_is_an_oserror() -> None:
    async def run() -> None:
        async with Sandbox(SandboxSettings(port=0)) as first:
            port = int(first.base_url.rpartition(":")[2])
            with pytest.raises(OSError, match="in use"):
                await serve(SandboxSettings(port=port), lambda url: pytest.fail(f"listens on {url}"))

    asyncio.run(run())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_until_a_signal(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    listening: list[str] = []

    def on_listening(url: str) -> None:
        host, port = url.removeprefix("http://").split(":")
        socket.create_connection((host, int(port)), timeout=1).close()
        listening.append(url)
        asyncio.get_running_loop().call_soon(os.kill, os.getpid(), number)

    asyncio.run(serve(SandboxSettings(port=0), on_listening))

    assert len(listening) == 1
    assert signal.getsignal(number) == before


def test_serve_until_cancelled() -> None:
    async def run() -> None:
        listening = asyncio.Event()
        task = asyncio.create_task(serve(SandboxSettings(port=0), lambda url: listening.set()))
        await listening.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
