"""The tests' own door."""

import orjson

from batch_credits.sandbox import FaultPlan, SandboxSettings
from batch_credits.sandbox.api import Api
from batch_credits.sandbox.control import control
from batch_credits.sandbox.errors import Answer
from tests.each import each

NOW = 1_800_000_000


def make_api() -> Api:
    return Api(SandboxSettings(), lambda: float(NOW))


def test_settings_change() -> None:
    api = make_api()
    body = orjson.dumps({"faults": "html=0.5", "read_only": True, "store_errors": True, "keys_ignored": True})

    assert control(api, "POST", "/_sandbox/settings", body).status == 200
    assert api.faults == FaultPlan.parse("html=0.5")
    assert (api.read_only, api.store_errors, api.keys.ignored) == (True, True, True)
    assert control(api, "POST", "/_sandbox/settings", b'{"read_only":false}').status == 200
    assert (api.read_only, api.store_errors) == (False, True)


def test_customers_change() -> None:
    api = make_api()
    body = b'{"deleted":["a","b"],"restored":["b"],"preferred_currency":{"c":"EUR"}}'

    assert control(api, "POST", "/_sandbox/customers", body).status == 200
    assert [api.site.customer(each)["customer"]["deleted"] for each in "abc"] == [True, False, False]
    assert api.site.customer("c")["customer"]["preferred_currency_code"] == "EUR"


def test_keys_are_forgotten_once() -> None:
    api = make_api()
    remembered = api.keys.begin("k", ("add", b""))
    api.keys.finish(remembered, Answer(200, b"{}"))

    assert control(api, "POST", "/_sandbox/settings", b'{"forget_keys":false}').status == 200
    assert api.keys.begin("k", ("add", b"")).answer is not None
    assert control(api, "POST", "/_sandbox/settings", b'{"forget_keys":true}').status == 200
    assert api.keys.begin("k", ("add", b"")).answer is None


def test_the_clock_moves_on_and_all_that_it_measures() -> None:
    api = make_api()
    api.keys.finish(api.keys.begin("k", ("add", b"")), Answer(200, b"{}"))
    api.limits.enter()

    for seconds, replayed in ((59, True), (1740.5, True), (0.5, False)):
        body = orjson.dumps({"advance_seconds": seconds})
        assert control(api, "POST", "/_sandbox/settings", body).status == 200
        assert (api.keys.begin("k", ("add", b"")).answer is not None) is replayed
        api.limits.enter()
    assert api.limits.peak_window == 2
    assert api.clock() == NOW + 1800


def test_credits_of_another_ledger_can_be_there_before() -> None:
    api = make_api()
    document = {
        "credits": [
            {"customer_id": "c-1", "amount": 500, "currency_code": "EUR", "reference": "Q3 ", "created_at": 1_000_000,
             "description": "by hand", "credit_type": "loyalty_credits", "business_entity_id": "be-1"},
            {"customer_id": "c-1", "amount": 200, "currency_code": "EUR", "type": "decrement"},
        ]
    }  # fmt: skip
    answer = control(api, "POST", "/_sandbox/credits", orjson.dumps(document))

    first, second = api.truth()["credits"]
    assert orjson.loads(answer.body) == {"done": True, "ids": [first["id"], second["id"]]}
    assert first == {
        "id": first["id"],
        "customer_id": "c-1",
        "type": "increment",
        "amount": 500,
        "currency_code": "EUR",
        "reference": "Q3 ",
        "description": "by hand",
        "credit_type": "loyalty_credits",
        "closing_balance": 500,
        "created_at": 1_000_000,
        "business_entity_id": "be-1",
        "done_by": "sandbox",
        "object": "promotional_credit",
    }
    assert (second["type"], second["closing_balance"], second["created_at"]) == ("decrement", 300, NOW)
    assert "reference" not in second
    assert "business_entity_id" not in second
    listed = orjson.loads(api.get("/api/v2/promotional_credits", b"customer_id[is]=c-1").body)
    assert [item["promotional_credit"] for item in listed["list"]] == [second, first]
    assert api.truth()["posts"] == 0


def test_the_credits_before_a_wrong_one_are_there_and_it_is_named() -> None:
    api = make_api()
    body = b'{"credits":[{"customer_id":"a","amount":1},{"customer_id":"b","amount":0}]}'
    answer = control(api, "POST", "/_sandbox/credits", body)

    assert orjson.loads(answer.body)["message"].startswith("Credit 2: amount : must be a whole number")
    assert [credit["customer_id"] for credit in api.truth()["credits"]] == ["a"]


@each(
    "method, path, body, status",
    [
        ("POST", "settings", b"", 400),
        ("POST", "settings", b"[]", 400),
        ("POST", "settings", b'{"read_only":"yes"}', 400),
        ("POST", "settings", b'{"fault":""}', 400),
        ("POST", "settings", b'{"faults":"lost=1"}', 400),
        ("POST", "settings", b'{"advance_seconds":-1}', 400),
        ("POST", "settings", b'{"advance_seconds":true}', 400),
        ("POST", "settings", b'{"advance_seconds":"1"}', 400),
        ("POST", "settings", b'{"forget_keys":1}', 400),
        ("POST", "credits", b"[]", 400),
        ("POST", "credits", b'{"credits":[1]}', 400),
        ("POST", "credits", b'{"credits":[{"customer_id":"c"}]}', 400),
        ("POST", "credits", b'{"credits":[{"amount":1}]}', 400),
        ("POST", "credits", b'{"credits":[{"customer_id":"c","amount":"1"}]}', 400),
        ("POST", "credits", b'{"credits":[{"customer_id":"c","amount":true}]}', 400),
        ("POST", "credits", b'{"credits":[{"customer_id":"c","amount":1,"type":"credit"}]}', 400),
        ("POST", "credits", b'{"credits":[{"customer_id":"c","amount":1,"created_at":"now"}]}', 400),
        ("POST", "credits", b'{"credits":[{"customer_id":"c","amount":1,"type":"decrement"}]}', 400),
        ("POST", "credits", b'{"credits":[{"customer_id":"missing","amount":1}]}', 400),
        ("POST", "credits", b'{"credits":[{"customer_id":"c","amount":1,"currency":"USD"}]}', 400),
        ("GET", "credits", b"", 404),
        ("POST", "customers", b'{"deleted":"a"}', 400),
        ("POST", "customers", b'{"deleted":[1]}', 400),
        ("POST", "customers", b'{"preferred_currency":{"a":[]}}', 400),
        ("GET", "settings", b"", 404),
        ("POST", "truth", b"", 404),
    ],
)
def test_what_is_refused(method: str, path: str, body: bytes, status: int) -> None:
    answer = control(make_api(), method, f"/_sandbox/{path}", body)

    assert answer.status == status
    assert orjson.loads(answer.body)["message"]


def test_the_truth_of_a_new_site() -> None:
    assert orjson.loads(control(make_api(), "GET", "/_sandbox/truth", b"").body) == {
        "credits": [],
        "as_sent": {},
        "balances": {},
        "requests": {},
        "questions": {},
        "statuses": {},
        "posts": 0,
        "replayed": 0,
        "throttled": 0,
        "faults": {},
        "silenced": {},
        "max_calls_per_customer": 0,
        "max_in_flight": 0,
        "peak_window": 0,
        "first_arrival": None,
        "last_arrival": None,
        "payloads_by_reference": {},
        "calls_by_key": {},
    }
