"""The tests' own door."""

import orjson
import pytest

from batch_credits.sandbox import FaultPlan, SandboxSettings
from batch_credits.sandbox.api import Api
from batch_credits.sandbox.control import control


def make_api() -> Api:
    return Api(SandboxSettings(), lambda: 0.0)


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


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "settings", b"", 400),
        ("POST", "settings", b"[]", 400),
        ("POST", "settings", b'{"read_only":"yes"}', 400),
        ("POST", "settings", b'{"fault":""}', 400),
        ("POST", "settings", b'{"faults":"lost=1"}', 400),
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
        "balances": {},
        "requests": {},
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
    }
