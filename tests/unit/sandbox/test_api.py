"""A write in its two halves: keys, locks, faults and what is remembered of them."""

from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from batch_credits.sandbox import FaultPlan, SandboxSettings
from batch_credits.sandbox.api import Api, Opened, Write
from batch_credits.sandbox.errors import Answer, internal_error
from batch_credits.sandbox.fields import read_form
from batch_credits.sandbox.keys import REPLAYED
from tests.each import each


def make_api(**settings: Any) -> Api:
    return Api(SandboxSettings(**settings), lambda: 1_800_000_000.0)


def write(customer_id: str = "c-1", key: str | None = "k", **fields: str) -> Write:
    body = urlencode({"customer_id": customer_id, "amount": "100", "description": "x", **fields}).encode()
    return Write("add", read_form(body), body, key)


def send(api: Api, request: Write) -> Answer:
    opened = api.open(request)
    return opened if isinstance(opened, Answer) else api.settle(opened)


def code(answer: Answer) -> str:
    return str(orjson.loads(answer.body)["api_error_code"])


def credit_count(api: Api) -> int:
    return len(api.truth()["credits"])


def test_a_replay_changes_nothing() -> None:
    api = make_api()
    first, second = send(api, write()), send(api, write())

    assert (first.status, second.status) == (200, 200)
    assert first.body == second.body
    assert REPLAYED in second.headers
    assert REPLAYED not in first.headers
    assert credit_count(api) == 1
    assert api.truth()["replayed"] == 1


def test_a_key_used_for_other_money_is_refused() -> None:
    api = make_api()
    send(api, write())

    assert code(send(api, write(amount="200"))) == "unable_to_process_request"
    assert credit_count(api) == 1


def test_keys_ignored_means_a_double_credit() -> None:
    api = make_api(keys_ignored=True)
    send(api, write())
    send(api, write())

    assert credit_count(api) == 2


def test_one_customer_one_call() -> None:
    api = make_api()
    opened = api.open(write())
    assert isinstance(opened, Opened)

    busy = api.open(write(key="other", reference="other"))
    assert isinstance(busy, Answer)
    assert (busy.status, code(busy)) == (429, "lock_timeout")
    assert isinstance(api.open(write("c-2", key="c-2")), Opened)
    same_key = api.open(write())
    assert isinstance(same_key, Answer)
    assert same_key.status == 409

    assert api.settle(opened).status == 200
    assert send(api, write(key="other", reference="other")).status == 200


def test_an_abandoned_write_leaves_no_trace() -> None:
    api = make_api()
    opened = api.open(write())
    assert isinstance(opened, Opened)
    api.abandon(opened)

    assert credit_count(api) == 0
    assert send(api, write()).status == 200


def test_a_late_write_passes_the_lock_and_the_key_still_guards() -> None:
    api = make_api()
    opened = api.open(write())
    late = api.open(write(key="late", reference="late"), lock=False)
    assert isinstance(opened, Opened)
    assert isinstance(late, Opened)
    api.settle(late)
    api.settle(opened)

    assert credit_count(api) == 2
    assert isinstance(api.open(write(key="late", reference="late"), lock=False), Answer)


@pytest.mark.parametrize(
    ("store_errors", "second_status", "credits"),
    [(False, 200, 2), (True, 500, 1)],
    ids=["released: the hostile case", "stored"],
)
def test_a_failure_after_applying(store_errors: bool, second_status: int, credits: int) -> None:
    api = make_api(store_errors=store_errors)
    opened = api.open(write())
    assert isinstance(opened, Opened)
    assert api.settle(opened, internal_error()).status == 500
    assert credit_count(api) == 1

    assert send(api, write()).status == second_status
    assert credit_count(api) == credits


@pytest.mark.parametrize("store_errors", [False, True])
def test_a_failure_before_applying(store_errors: bool) -> None:
    api = make_api(store_errors=store_errors)
    assert api.fail(write(), internal_error()).status == 500

    second = send(api, write())
    assert second.status == (500 if store_errors else 200)
    assert (REPLAYED in second.headers) is store_errors


def test_a_failure_does_not_overwrite_a_stored_answer() -> None:
    api = make_api(store_errors=True)
    send(api, write())

    assert api.fail(write(), internal_error()).status == 500
    assert send(api, write()).status == 200


@pytest.mark.parametrize("store_errors", [False, True])
def test_a_refusal_is_remembered_only_if_errors_are(store_errors: bool) -> None:
    api = make_api(store_errors=store_errors)
    api.site.delete_customers(["c-1"])
    assert send(api, write()).status == 404
    api.site.restore_customers(["c-1"])

    assert send(api, write()).status == (404 if store_errors else 200)


def test_read_only_mode_refuses_writes_and_not_reads() -> None:
    api = make_api()
    api.read_only = True

    refused = send(api, write())
    assert (refused.status, code(refused)) == (503, "site_read_only_mode")
    assert api.get("/api/v2/promotional_credits", b"").status == 200


@each(
    "path, status",
    [
        ("/api/v2/promotional_credits", 200),
        ("/api/v2/promotional_credits/nothing", 404),
        ("/api/v2/promotional_credits/add", 405),
        ("/api/v2/promotional_credits/", 404),
        ("/api/v2/customers", 200),
        ("/api/v2/customers/caf%C3%A9%2F1", 200),
        ("/api/v2/customers/missing-1", 404),
        ("/api/v2/customers/a/b", 404),
        ("/api/v1/customers", 404),
        ("/\udce9", 404),
        ("/", 404),
    ],
)
def test_paths(path: str, status: int) -> None:
    assert make_api().get(path, b"").status == status


def test_tries_are_counted_by_what_is_asked_for() -> None:
    api = make_api(faults=FaultPlan.parse("html=1,list_error=1,faulty_tries=1"))

    hits = [
        api.fault_of_write(each) is not None for each in (write(), write(key="n"), write("c-2"), write(reference="r"))
    ]
    assert hits == [True, False, True, True]
    assert [api.fault_of_read(each) is not None for each in ("/a", "/a", "/b")] == [True, False, True]


def test_a_proxys_body_is_drawn_for_each_try() -> None:
    def bodies(seed: int) -> list[bytes]:
        api = make_api(faults=FaultPlan.parse("proxy_403_after=1"), seed=seed)
        drawn = []
        for _ in range(40):
            assert api.fault_of_write(write()) is not None
            drawn.append(api.proxy_answer(write(), 403).body)
        return drawn

    assert len(set(bodies(1))) == 5
    assert bodies(1) == bodies(1)
    assert bodies(1) != bodies(2)


@pytest.mark.parametrize(
    ("faults", "repeats"),
    [
        ("repeat_answer=1", ["repeat_answer"] * 3),
        ("repeat_late=1", ["repeat_late"] * 3),
        ("repeat_refusal=1", [None, "repeat_refusal", None]),
        ("repeat_late=1,faulty_tries=1", ["repeat_late", None, None]),
    ],
)
def test_which_answers_come_again(faults: str, repeats: list[str | None]) -> None:
    api = make_api(faults=FaultPlan.parse(faults))

    assert [api.repeat_of("POST /x", status) for status in (200, 404, 500)] == repeats
    assert sum(api.truth()["faults"].values()) == sum(name is not None for name in repeats)


def test_the_calls_of_a_key_are_counted() -> None:
    api = make_api()
    mine = ("add", b"amount=1", ())
    for key, call in (
        ("one", mine),
        ("one", mine),
        ("three", mine),
        ("three", ("deduct", b"amount=1", ())),
        ("three", ("add", b"amount=1", (("chargebee-event-email", "all-disabled"),))),
        ("three", mine),
    ):
        api.tally.call_seen(key, call)

    assert api.truth()["calls_by_key"] == {"one": 1, "three": 3}


def test_an_error_body_has_what_the_provider_sends() -> None:
    answer = send(make_api(), write(amount="0"))

    assert answer.status == 400
    assert orjson.loads(answer.body) == {
        "message": "amount : must be a whole number from 1 to 9007199254740991",
        "type": "invalid_request",
        "api_error_code": "param_wrong_value",
        "param": "amount",
        "error_code": "param_wrong_value",
        "error_msg": "amount : must be a whole number from 1 to 9007199254740991",
        "http_status_code": 400,
    }
