"""What an answer proves: the provider's error table, and everything that is not in it."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import product
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_credits.chargebee import verdicts
from batch_credits.chargebee.answers import Answer, error_of
from batch_credits.chargebee.lists import customer_is_deleted, listed_credits
from batch_credits.chargebee.verdicts import verdict_of
from batch_credits.errors import KeyRefused, RunStopped, SiteBlocked
from batch_credits.model import PlannedCredit
from batch_credits.protocol import Blocked, Credited, ForAnother, NoAnswer, Refused, Throttled, Unavailable, Verdict
from tests.each import each
from tests.unit.chargebee.shown import CREDIT, DECIMAL, ITEM, ONE, REPLAYED, SILENT, added, error


def verdict(
    status: int, body: bytes = b"", headers: Mapping[str, str] | None = None, credit: PlannedCredit = CREDIT
) -> Verdict:
    return verdict_of(credit, Answer(status, headers or {}, body))


# -- The error table ----------------------------------------------------------------------------------------

REFUSED = {
    (400, "param_wrong_value"),
    (400, "invalid_request"),
    (400, "duplicate_entry"),
    (400, "resource_limit_exhausted"),
    (400, "resource_limit_exceeded"),
    (400, "configuration_incompatible"),
    (400, "payment_processing_failed"),
    (400, "payment_method_not_present"),
    (400, "payment_gateway_currency_incompatible"),
    (404, "resource_not_found"),
    (409, "invalid_state_for_request"),
}
STOPS = {
    (401, "api_authentication_failed"),
    (401, "basic_authentication_failed"),
    (403, "api_authorization_failed"),
    (403, "request_blocked"),
    (404, "site_not_found"),
    (405, "http_method_not_supported"),
}
THROTTLED = {(429, "api_request_limit_exceeded"), (429, "lock_timeout")}
UNAVAILABLE = {(503, "site_read_only_mode"), (503, "site_not_ready")}
DOUBTFUL = {
    (422, "unable_to_process_request"),
    (429, "third_party_api_request_limit_exceeded"),
    (500, "internal_error"),
    (503, "internal_temporary_error"),
    (503, "db_connection_failure"),
}
CODES = sorted({code for _status, code in REFUSED | STOPS | THROTTLED | UNAVAILABLE | DOUBTFUL})
UNKNOWN_CODES = [
    "",
    "no_such_code",
    "PARAM_WRONG_VALUE",
    " param_wrong_value",
    "param_wrong_value\n",
    "param_wrong_value_2",
    "payment_",
    "payment_1",
    "resource_not_found.",
]


def expected(status: int, code: str) -> type[Verdict]:
    if 300 <= status < 400 or status in (401, 403, 405) or (status, code) == (404, "site_not_found"):
        return Blocked
    for kind, rows in ((Refused, REFUSED), (Throttled, THROTTLED), (Unavailable, UNAVAILABLE)):
        if (status, code) in rows:
            return kind
    return NoAnswer


@each("status, code", sorted(REFUSED))
def test_a_no_of_the_table_refuses_the_row(status: int, code: str) -> None:
    assert verdict(status, error(code, param="amount")) == Refused(
        code, "what Chargebee said", status, "amount", about_state=status == 409
    )


@each("status, code", sorted(STOPS))
def test_a_refused_caller_stops_the_run(status: int, code: str) -> None:
    found = verdict(status, error(code))
    assert isinstance(found, Blocked)
    assert type(found.error) is (KeyRefused if status == 401 else SiteBlocked)
    assert found.is_proof
    assert found.http_status == status
    assert "what Chargebee said" in found.error.message and found.error.hint


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 401, 403, 404, 405])
@each(
    "body",
    [
        b"",
        b"<html>log in</html>",
        b'{"error": "forbidden"}',
        b'{"message": "no", "type": "x"}',
        b'{"message": "no", "api_error_code": "request_blocked"}',
        b'{"type": "x", "api_error_code": "api_authentication_failed"}',
        b'{"message": "no", "type": "x", "api_error_code": "site_not_found"}',
        b'{"message": "no", "type": "x", "api_error_code": "internal_error"}',
    ],
)
def test_a_strangers_no_stops_the_run_and_proves_nothing(status: int, body: bytes) -> None:
    found = verdict(status, body)
    if status == 404 and b"site_not_found" in body:
        assert isinstance(found, Blocked) and found.is_proof
    elif status == 404:
        assert isinstance(found, NoAnswer)
    else:
        assert isinstance(found, Blocked)
        assert not found.is_proof


@each("code", CODES)
def test_a_blocking_status_proves_something_with_its_own_codes_alone(code: str) -> None:
    for status in [*range(300, 400), 401, 403, 404, 405]:
        found = verdict(status, error(code))
        if isinstance(found, Blocked):
            assert found.is_proof is ((status, code) in STOPS), status
            assert found.http_status == status


SPOILT: list[Any] = [..., None, "", 7, ["x"], {}, True]


def spoilt(code: str, name: str, value: Any) -> bytes:
    """An error of Chargebee's in which one of its words is another thing; `...`: is left out."""
    document = {key: text for key, text in orjson.loads(error(code)).items() if key != name}
    return orjson.dumps(document if value is ... else document | {name: value})


@pytest.mark.parametrize(("status", "code"), sorted(REFUSED | THROTTLED | UNAVAILABLE))
@each("name, value", product(["message", "type", "api_error_code"], SPOILT))
def test_a_no_without_all_of_chargebees_words_proves_nothing(status: int, code: str, name: str, value: Any) -> None:
    for headers in ({}, REPLAYED):
        found = verdict(status, spoilt(code, name, value), headers)
        assert isinstance(found, NoAnswer)
        assert found.error_code == (None if name == "api_error_code" else code)
        assert found.http_status == status
        assert found.spoils_key is (headers == REPLAYED)


@pytest.mark.parametrize(("status", "code"), sorted(STOPS))
@each("name, value", product(["message", "type", "api_error_code"], SPOILT))
def test_a_stop_without_all_of_chargebees_words_may_hide_a_credit(
    status: int, code: str, name: str, value: Any
) -> None:
    found = verdict(status, spoilt(code, name, value))
    if (status, name) == (404, "api_error_code"):
        assert isinstance(found, NoAnswer)
    else:
        assert isinstance(found, Blocked)
        assert not found.is_proof
        assert type(found.error) is (KeyRefused if status == 401 else SiteBlocked)


@pytest.mark.parametrize(("status", "code"), sorted(THROTTLED))
def test_too_many_requests_wait(status: int, code: str) -> None:
    assert verdict(status, error(code), {"retry-after": "7"}) == Throttled(
        code, "what Chargebee said", 7.0, one_customer=code == "lock_timeout"
    )


@pytest.mark.parametrize(("status", "code"), sorted(UNAVAILABLE))
def test_a_site_that_takes_nothing_waits_too(status: int, code: str) -> None:
    assert verdict(status, error(code), {"retry-after": "7"}) == Unavailable(code, "what Chargebee said", 7.0)


@each("status, code", sorted(DOUBTFUL))
def test_what_may_have_been_applied_proves_nothing(status: int, code: str) -> None:
    assert verdict(status, error(code)) == NoAnswer(
        "what Chargebee said", status, code, spoils_key=status == 422
    )


@each("code", CODES + UNKNOWN_CODES)
def test_a_code_proves_something_under_its_own_status_alone(code: str) -> None:
    for status in [*range(100, 200), *range(300, 600)]:
        assert type(verdict(status, error(code))) is expected(status, code), status


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>502 Bad Gateway</body></html>",
        b"null",
        b"[]",
        b'"text"',
        b"17",
        b"{}",
        b'{"api_error_code": null}',
        b'{"api_error_code": ["param_wrong_value"]}',
        b'{"api_error_code": "param_wrong_value", "message": NaN}',
        b'{"api_error_code": "param_wrong_value"',
        '{"api_error_code": "param_wrong_value"}'.encode("utf-16"),
        b'\xef\xbb\xbf{"api_error_code": "param_wrong_value"}',
        b'{"api_error_code": "param_wrong_value", "message": "\xff"}',
        b'{"api_error_code": "param_wrong_value", "message": "\\ud800"}',
    ],
    ids=repr,
)
def test_a_status_without_chargebees_code_proves_nothing(body: bytes) -> None:
    for status in range(100, 600):
        found = verdict(status, body)
        assert type(found) is (Blocked if expected(status, "") is Blocked else NoAnswer), status


@given(st.integers(100, 599), st.binary(max_size=200), st.dictionaries(st.text(max_size=9), st.text(max_size=9)))
def test_no_answer_whatever_breaks_the_classifier(status: int, body: bytes, headers: dict[str, str]) -> None:
    assert isinstance(verdict(status, body, headers), Verdict)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*ITEM, "list", "message"]), inner),
    max_leaves=12,
)


@given(st.integers(100, 599), JSON, st.sampled_from(["promotional_credit", "api_error_code", "customer", "list"]))
def test_no_json_whatever_breaks_a_reader_or_is_taken_for_our_credit(status: int, inner: Any, name: str) -> None:
    for document in (inner, {name: inner}, {"list": [{name: inner}]}):
        answer = Answer(status, {}, orjson.dumps(document))
        assert not isinstance(verdict_of(CREDIT, answer), Credited)
        error_of(answer)
        for reader in (listed_credits, customer_is_deleted):
            try:
                reader(answer)
            except ValueError as unreadable:
                assert str(unreadable)


@given(st.integers(400, 599), JSON, JSON, JSON)
def test_an_error_of_any_shape_says_something(status: int, code: Any, message: Any, param: Any) -> None:
    answer = Answer(status, {}, orjson.dumps({"api_error_code": code, "message": message, "param": param}))
    found = error_of(answer)
    assert found.code == (code if isinstance(code, str) else "")
    assert found.message
    assert not found.is_chargebees
    assert isinstance(verdict_of(CREDIT, answer), Verdict)


# -- Proof of a credit --------------------------------------------------------------------------------------


def test_a_whole_answer_about_our_credit_is_proof() -> None:
    assert verdict(200, added()) == Credited("cr-9", "2000", 200)
    assert verdict(201, added()) == Credited("cr-9", "2000", 201)


def test_a_replayed_credit_is_proof_too() -> None:
    assert verdict(200, added(), REPLAYED) == Credited("cr-9", "2000", 200, replayed=True)


def test_only_a_2xx_is_proof() -> None:
    for status in [*range(100, 200), *range(300, 600)]:
        assert not isinstance(verdict(status, added()), Credited), status


def test_an_answer_cut_anywhere_is_no_proof() -> None:
    whole = added()
    for length in range(len(whole)):
        found = verdict(200, whole[:length])
        assert type(found) is NoAnswer, length
        assert not found.spoils_key
    assert isinstance(verdict(200, whole), Credited)


def test_an_answer_with_something_behind_it_is_no_proof() -> None:
    assert isinstance(verdict(200, added() + b"}"), NoAnswer)
    assert isinstance(verdict(200, added() + added()), NoAnswer)
    assert isinstance(verdict(200, added() + b"\r\n"), Credited)


@pytest.mark.parametrize(
    "change",
    [
        {"customer_id": "C-1"},
        {"customer_id": "c-1 "},
        {"customer_id": "\u00a0c-1"},
        {"reference": "Q3"},
        {"reference": " q3"},
        {"reference": "q3\u2003\t"},
        {"customer_id": "C-1", "reference": "Q3"},
    ],
    ids=repr,
)
def test_an_answer_about_our_credit_in_another_form_of_its_texts_is_proof(change: dict[str, Any]) -> None:
    assert verdict(200, added(**change)) == Credited("cr-9", "2000", 200)


PRAEMIE = replace(CREDIT, customer_id="K\u00e4ufer-1", reference="Pr\u00e4mie  Stra\u00dfe Q3")


@each(
    "customer, reference",
    [
        ("K\u00e4ufer-1", "Pr\u00e4mie  Stra\u00dfe Q3"),
        ("Ka\u0308ufer-1", "Pra\u0308mie  Stra\u00dfe Q3"),
        ("k\u00e4ufer-1", "pr\u00e4mie  stra\u00dfe q3"),
        ("K\u00c4UFER-1", "PR\u00c4MIE  STRASSE Q3"),
        ("K\u00e4ufer-1", "Pr\u00e4mie Stra\u00dfe Q3"),
        ("K\u00e4ufer-1", "Pr\u00e4mie\u00a0\u00a0Stra\u00dfe\u2003Q3"),
        (" K\u00e4ufer-1\t", " Pr\u00e4mie  Stra\u00dfe Q3\n"),
        ("ka\u0308ufer-1", "pra\u0308mie strasse q3"),
    ],
)
def test_a_site_may_keep_texts_in_any_of_their_forms(customer: str, reference: str) -> None:
    body = added(customer_id=customer, reference=reference)
    assert verdict(200, body, credit=PRAEMIE) == Credited("cr-9", "2000", 200)
    assert verdict(201, body, REPLAYED, PRAEMIE) == Credited("cr-9", "2000", 201, replayed=True)


@each(
    "customer, reference",
    [
        ("K?ufer-1", "Pr\u00e4mie  Stra\u00dfe Q3"),
        ("K\u00e4ufer-1", "Pr?mie  Stra?e Q3"),
        ("Kaufer-1", "Pr\u00e4mie  Stra\u00dfe Q3"),
        ("K\u00e4ufer-1", "Pramie  Strasse Q3"),
        ("K\u00e4ufer-1", "Pr\u00e4mie  Stra\u00dfe"),
        ("K\u00e4ufer-1", "Pr\u00e4mieStra\u00dfeQ3"),
        ("K\u00e4ufer-1", ""),
        ("K\u00e4ufer-2", "Pr\u00e4mie  Stra\u00dfe Q3"),
    ],
)
def test_a_text_that_lost_something_is_anothers_for_all_that_is_known(customer: str, reference: str) -> None:
    body = added(customer_id=customer, reference=reference)
    for status, headers in ((200, {}), (201, REPLAYED)):
        found = verdict(status, body, headers, PRAEMIE)
        assert isinstance(found, ForAnother)
        assert (found.credit_id, found.http_status) == ("cr-9", status)
        assert repr(customer) in found.reason and repr(reference) in found.reason


@pytest.mark.parametrize(
    "change",
    [
        {"customer_id": "c-2"},
        {"reference": "q4"},
        {"reference": "q"},
        {"reference": None},
        {"reference": 3},
        {"type": "decrement"},
        {"amount": 1251},
        {"amount": -1250},
        {"amount": None, "amount_in_decimal": "12.50"},
        {"currency_code": "EUR"},
        {"currency_code": "usd"},
        {"currency_code": None},
        {"currency_code": 840},
        {"credit_type": "loyalty_credits"},
    ],
    ids=repr,
)
@pytest.mark.parametrize("headers", [{}, REPLAYED], ids=["first", "replayed"])
def test_a_whole_answer_about_anything_else_names_anothers_credit(
    change: dict[str, Any], headers: dict[str, str]
) -> None:
    found = verdict(200, added(**change), headers)
    assert isinstance(found, ForAnother)
    assert (found.credit_id, found.http_status) == ("cr-9", 200)
    assert "cr-9" in found.reason


@pytest.mark.parametrize(
    "change",
    [
        {"customer_id": None},
        {"type": None},
        {"type": ["increment"]},
        {"amount": 1250.0},
        {"amount": "1250"},
        {"amount": True},
        {"amount": None},
        {"amount": [1250]},
        {"amount_in_decimal": 12.5},
    ],
    ids=repr,
)
def test_an_answer_that_is_not_whole_proves_nothing_but_that_there_is_a_credit(change: dict[str, Any]) -> None:
    found = verdict(200, added(**change))
    assert isinstance(found, NoAnswer)
    assert found.credit_id == "cr-9"


@pytest.mark.parametrize("change", [{"id": None}, {"id": ""}, {"id": 9}], ids=repr)
def test_an_answer_without_an_id_names_nothing(change: dict[str, Any]) -> None:
    found = verdict(200, added(**change))
    assert isinstance(found, NoAnswer)
    assert found.credit_id is None


def test_a_cut_answer_names_the_credit_whose_id_is_still_in_it() -> None:
    whole = added()
    end = whole.index(b'"cr-9"') + len(b'"cr-9"')
    for length in range(len(whole)):
        found = verdict(200, whole[:length])
        assert isinstance(found, NoAnswer)
        assert found.credit_id == ("cr-9" if length >= end else None), length


@pytest.mark.parametrize(
    "body",
    [
        added().replace(b'"amount":1250', b'"amount":NaN'),
        added().replace(b'"reference":"q3"', b'"reference":"q3\xff"'),
        b"\xef\xbb\xbf" + added(),
        b"<html>" + added() + b"</html>",
        added() + b"}",
        b'{"promotional_credit" :\r\n { "customer_id": "c-1", "id" : "cr-9",',
    ],
    ids=lambda body: repr(body[:40]),
)
def test_a_garbled_answer_names_the_credit_that_is_still_to_be_read_in_it(body: bytes) -> None:
    found = verdict(200, body)
    assert isinstance(found, NoAnswer)
    assert found.credit_id == "cr-9"


BARE = orjson.dumps(ITEM)
WITHOUT_ITS_KIND = orjson.dumps({name: value for name, value in ITEM.items() if name != "object"})


@pytest.mark.parametrize(
    "body",
    [
        b"[" + added() + b"]",
        b'{"list":[' + added() + b"]}",
        b'{"list":[{"promotional_credit":{"id":9}},' + added() + b"]}",
        b'{"result":{"status":"ok","content":' + added() + b"}}",
        b'{"promotional_credit":' + added() + b"}",
        b'{"promotional_credit":[' + added() + b"]}",
        b'{"promotional_credit":[{"id":"cr-9"}]}',
        b'{"promotional_credits":[' + BARE + b"]}",
        BARE,
        WITHOUT_ITS_KIND,
        b"[" + BARE + b"]",
        b'{"event":{"content":{"credit":' + WITHOUT_ITS_KIND + b"}}}",
        b'{"object":"promotional_credit","id":"cr-9"}',
        orjson.dumps({"statusCode": 200, "body": added().decode()}),
        orjson.dumps({"statusCode": 200, "body": added().decode()})[:-60],
        b'{"promotional_credit":{"id":"cr-9","amount":1250},"promotional_credit":null}',
        b"[" * 900 + added() + b"]" * 900,
    ],
    ids=lambda body: repr(body[:60]),
)
@pytest.mark.parametrize("headers", [{}, REPLAYED], ids=["first", "replayed"])
def test_a_credit_in_any_other_wrapping_is_named_and_proves_no_more(body: bytes, headers: dict[str, str]) -> None:
    for status in (200, 201, 202):
        found = verdict(status, body, headers)
        assert isinstance(found, NoAnswer)
        assert (found.credit_id, found.http_status, found.spoils_key) == ("cr-9", status, bool(headers))
        assert found.reason.startswith("the answer was not whole: ")
    assert getattr(verdict(400, body, headers), "credit_id", None) is None


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {},
        {"list": []},
        {"id": "cr-9"},
        {"customer": {"id": "c-1", "promotional_credits": 2000}},
        {"object": "customer", "id": "c-1"},
        {"object": "invoice", "id": "i-1", "customer_id": "c-1"},
        {"object": "promotional_credit", "id": 9, "customer_id": "c-1"},
        {"object": "promotional_credit", "id": "", "customer_id": "c-1"},
        {"promotional_credit": ["cr-9"]},
        {"promotional_credit": "cr-9"},
        {"promotional_credit": {"credit": {"id": "cr-9"}}},
        {"promotional_credits": [{"id": "cr-9"}]},
        {"message": 'no "promotional_credit": {} here, "id": "cr-9"'},
    ],
    ids=repr,
)
def test_an_id_of_anything_else_is_no_credits(document: Any) -> None:
    found = verdict(200, orjson.dumps(document))
    assert isinstance(found, NoAnswer)
    assert found.credit_id is None


@given(st.lists(st.sampled_from(["list", "result", "id", "customer", None]), min_size=1, max_size=6))
def test_however_deep_a_credit_stands_it_is_named(ways: list[str | None]) -> None:
    document: Any = {"promotional_credit": ITEM}
    for way in ways:
        document = [document] if way is None else {way: document, "object": "list"}
    found = verdict(200, orjson.dumps(document))
    assert isinstance(found, NoAnswer)
    assert found.credit_id == "cr-9"


def test_a_garbled_answer_of_an_error_names_nothing() -> None:
    for status in [*range(100, 200), *range(400, 600)]:
        found = verdict(status, added()[:-1])
        assert getattr(found, "credit_id", None) is None, status


@pytest.mark.parametrize(
    "body",
    [
        b'{"promotional_credit":{"id":""',
        b'{"promotional_credit":{"id":"' + b"9" * 151 + b'"',
        b'{"promotional_credit":{"id":"cr 9"',
        b'{"promotional_credit":{"id":9',
        b'{"promotional_credit":{"id":"cr-',
        b'{"promotional_credits":{"id":"cr-9"',
        b'{"promotional_credit":{},"x":{"id":"cr-9"',
    ],
    ids=repr,
)
def test_what_is_no_whole_id_of_a_credit_is_not_taken_for_one(body: bytes) -> None:
    found = verdict(200, body)
    assert isinstance(found, NoAnswer)
    assert found.credit_id is None


def test_the_id_of_the_customer_is_none_of_the_credits() -> None:
    found = verdict(200, b'{"customer":{"id":"c-1"},"promotional_credit":{"customer_id":"c-1","amo')
    assert isinstance(found, NoAnswer)
    assert found.credit_id is None


@given(
    st.dictionaries(st.sampled_from([*ITEM, "amount_in_decimal"]), JSON | st.sampled_from([True, 1, 1.0, "1.5"])),
    st.sets(st.sampled_from([*ITEM])),
    st.sampled_from([CREDIT, DECIMAL, SILENT, ONE]),
)
def test_the_usual_answer_is_read_like_any_other(change: dict[str, Any], without: set[str], credit: Any) -> None:
    item = {name: value for name, value in {**ITEM, **change}.items() if name not in without}
    answer = Answer(200, {}, orjson.dumps({"promotional_credit": item}))
    read = verdict_of(credit, answer)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verdicts, "_usual_proof", lambda *_: None)
        assert verdict_of(credit, answer) == read


def test_true_is_not_one() -> None:
    assert isinstance(verdict(200, added(amount=True), credit=ONE), NoAnswer)
    assert isinstance(verdict(200, added(amount=1.0), credit=ONE), NoAnswer)
    assert isinstance(verdict(200, added(amount=1), credit=ONE), Credited)


def test_unknown_fields_and_a_missing_type_or_balance_do_no_harm() -> None:
    assert verdict(200, added(credit_type=None, closing_balance=None, new_field={"a": [1]})) == Credited(
        "cr-9", None, 200
    )


@pytest.mark.parametrize("balance", [1.5, True, [1], {}], ids=repr)
def test_a_balance_that_is_none_is_left_out(balance: object) -> None:
    assert verdict(200, added(closing_balance=balance)) == Credited("cr-9", None, 200)


def test_a_request_that_names_no_currency_takes_the_sites() -> None:
    assert isinstance(verdict(200, added(currency_code="EUR"), credit=SILENT), Credited)


@pytest.mark.parametrize("text", ["1.5", "1.50", "01.5", "1.500000000000000000000000000000"])
def test_equal_decimals_are_the_same_money(text: str) -> None:
    assert isinstance(verdict(200, added(amount=None, amount_in_decimal=text), credit=DECIMAL), Credited)


@each("text", ["1.51", "-1.5", "", "NaN", "sNaN", "Infinity", "1,5", "one", "1e9999999999", "15"])
def test_other_decimals_are_not(text: str) -> None:
    assert isinstance(verdict(200, added(amount=None, amount_in_decimal=text), credit=DECIMAL), ForAnother)
    assert isinstance(verdict(200, added(amount=1, amount_in_decimal=text), credit=DECIMAL), ForAnother)


def test_minor_units_prove_nothing_about_a_decimal_amount() -> None:
    assert isinstance(verdict(200, added(amount=150), credit=DECIMAL), ForAnother)


@pytest.mark.parametrize(
    "body",
    [
        added().replace(b'"amount":1250', b'"amount":NaN'),
        added().replace(b'"amount":1250', b'"amount":Infinity'),
        added().replace(b'"amount":1250', b'"amount":1250.0'),
        added().replace(b'"amount":1250', b'"amount":1.25e3'),
        added().replace(b'"amount":1250', b'"amount":01250'),
        added().replace(b'"amount":1250', b'"amount":' + b"9" * 5000),
        added().replace(b'"amount":1250', b'"amount":18446744073709552866'),
        added().replace(b'"reference":"q3"', b'"reference":"q3\\u0000"'),
        added().replace(b'"reference":"q3"', b'"reference":"q3\xff"'),
        added().decode().encode("utf-16"),
        added().decode().encode("utf-16-le"),
        b"\xef\xbb\xbf" + added(),
        b"\x1f\x8b\x08\x00" + added(),
        b"[" + added() + b"]",
        b'{"promotional_credit": [' + added() + b"]}",
        b'{"list": [' + added() + b"]}",
        b'{"promotional_credit": null}',
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b"[" * 100_000,
        b"<html>" + added() + b"</html>",
        b"",
    ],
    ids=lambda body: repr(body[:40]),
)
def test_hostile_answers_are_no_proof(body: bytes) -> None:
    assert isinstance(verdict(200, body), NoAnswer | ForAnother)


def test_of_a_key_that_comes_twice_only_the_last_counts() -> None:
    """So an answer never proves one credit by the customer of one value and the amount of another."""
    ours, other = b'"customer_id":"c-1"', b'"customer_id":"c-2"'
    assert isinstance(verdict(200, added().replace(ours, ours + b"," + other)), ForAnother)
    assert isinstance(verdict(200, added().replace(ours, other + b"," + ours)), Credited)
    whole = added()[:-1] + b',"promotional_credit":{"id":"cr-9"}}'
    assert isinstance(verdict(200, whole), NoAnswer)


# -- Replays ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["true", "True", "TRUE", " true "])
def test_the_replayed_header_in_any_spelling(value: str) -> None:
    found = verdict(400, error("param_wrong_value"), {"chargebee-idempotency-replayed": value})
    assert isinstance(found, Refused)
    assert found.replayed


@each("value", ["", "false", "1", "yes", "true, false"])
def test_what_does_not_say_replayed_is_not(value: str) -> None:
    found = verdict(400, error("param_wrong_value"), {"chargebee-idempotency-replayed": value})
    assert isinstance(found, Refused)
    assert not found.replayed


def test_a_replay_without_proof_spoils_the_key() -> None:
    for status, body in [(500, error("internal_error")), (502, b"<html>"), (200, b""), (200, added(amount=True))]:
        found = verdict(status, body, REPLAYED)
        assert isinstance(found, NoAnswer)
        assert found.spoils_key
        again = verdict(status, body)
        assert isinstance(again, NoAnswer)
        assert not again.spoils_key


def test_replayed_throttling_is_marked() -> None:
    for status, code in (429, "lock_timeout"), (503, "site_not_ready"):
        found = verdict(status, error(code), REPLAYED)
        assert isinstance(found, Throttled | Unavailable)
        assert found.replayed


def test_a_stop_of_the_table_is_a_run_that_stopped() -> None:
    found = verdict(302, b"")
    assert isinstance(found, Blocked)
    assert isinstance(found.error, RunStopped)
